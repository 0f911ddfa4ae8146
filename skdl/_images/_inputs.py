"""Images as the network takes them, and what it has to know to scale them."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from skdl._images._read import read_images
from skdl._images._shapes import CHANNELS

SAMPLE = 1000  # files at most that are read for mean and variance
SAMPLE_BYTES = 2**25  # which they may take
BLOCK_BYTES = 2**23  # of float64 that are summed up at a time
UINT8_MAX = 255


@dataclass(eq=False)
class ImageInputs:
    """The way from checked images or paths to what the network is given.

    Images stay as they are: the network's first layer scales them, with one mean and
    one variance for each channel.

    Parameters
    ----------
    shape : tuple of int
        Of one image, ``(height, width, channels)``.
    dtype : str
        The network's dtype.
    color_mode : str
        In which files are read.
    mean, variance : ndarray of shape (n_channels,)
        Of the training images.
    of_bytes : bool
        Whether these were uint8.
    up_to_one : bool
        Whether these were floats from 0 to 1.
    """

    shape: tuple
    dtype: str
    color_mode: str
    mean: np.ndarray
    variance: np.ndarray
    of_bytes: bool
    up_to_one: bool

    @classmethod
    def fit(cls, X, weight, shape, *, scaling, color_mode, dtype):
        """Learn mean and variance of every channel.

        Parameters
        ----------
        X : ndarray of shape (n_images, height, width, channels) or (n_images,)
            Training images, or paths, of which up to 1000 are read, evenly spaced.
        weight : ndarray of shape (n_images,)
            Row weights.
        shape : tuple of int
            Of one image.
        scaling : {"standard", None}
            None learns nothing: 0 to 255 of uint8 become 0 to 1.
        color_mode : str
            In which files are read.
        dtype : str
            The network's dtype.

        Returns
        -------
        ImageInputs
            Ready to transform.

        Raises
        ------
        ValueError
            If the dtype cannot hold a channel's variance.
        """
        of_bytes = _is_bytes(X)
        up_to_one = not of_bytes and X.min() >= 0 and X.max() <= 1
        largest = UINT8_MAX if of_bytes else 1
        mean, variance = np.zeros(shape[-1]), np.full(shape[-1], largest**2)
        if scaling is not None:
            if X.ndim == 1:
                n = min(len(X), SAMPLE, max(1, SAMPLE_BYTES // math.prod(shape)))
                some = np.linspace(0, len(X) - 1, n).astype(int)
                X, weight = read_images(X[some], shape[:2], color_mode), weight[some]
            mean, variance = _moments(X, weight / weight.sum())
            _check_variance(X, variance, dtype)
        return cls(shape, dtype, color_mode, mean, variance, of_bytes, up_to_one)

    def dtype_of(self, X):
        """The dtype that `transform` gives these images: "uint8", or the network's."""
        return "uint8" if _is_bytes(X) else self.dtype

    def transform(self, X):
        """Images with numbers that the network can take.

        Parameters
        ----------
        X : ndarray of shape (n_images, height, width, channels) or (n_images,)
            Checked images, or paths, which are read.

        Returns
        -------
        ndarray of shape (n_images, height, width, channels)
            uint8, or of the network's dtype; X itself where that is what it has.

        Raises
        ------
        ImageReadError
            If a file cannot be read.
        ValueError
            If a value is too large for the dtype, or if files have other channels.
        """
        if X.ndim == 1:
            if CHANNELS[self.color_mode] != self.shape[2]:
                raise ValueError(
                    f"color_mode={self.color_mode!r} reads files with "
                    f"{CHANNELS[self.color_mode]} channels, but training images had "
                    f"{self.shape[2]}. Set color_mode before fit, or give arrays."
                )
            X = read_images(X, self.shape[:2], self.color_mode)
        self._warn_about_range(X)
        if X.dtype.name in ("uint8", self.dtype):
            return X
        with np.errstate(over="ignore"):
            result = X.astype(self.dtype)
        if not np.isfinite(result).all():
            place = np.argwhere(~np.isfinite(result))[0].tolist()
            raise ValueError(
                f"X{place}={X[tuple(place)]:.3g} is too large for {self.dtype}. "
                "Rescale X, or use dtype='float64'."
            )
        return result

    def _warn_about_range(self, X):
        if self.of_bytes == _is_bytes(X) or not X.size:
            return
        largest = X.max()
        if self.of_bytes and 0 < largest <= 1 and X.min() >= 0:
            seen, remedy = "uint8, from 0 to 255", "Give uint8, or multiply by 255."
        elif self.up_to_one and largest > 1:
            seen, remedy = "floats from 0 to 1", "Divide by 255 here, or nowhere."
        else:
            return
        warnings.warn(
            f"X has {X.dtype} up to {largest:.3g}, but training images were {seen}. "
            f"{remedy}",
            UserWarning,
            stacklevel=2,
        )

    def state(self):
        """What the network's first layer has to know, see `Layout.fresh`."""
        return {
            "input_scaling/moving_mean": self.mean,
            "input_scaling/moving_variance": self.variance,
        }

    def layers(self):
        """Layers of Keras before the network: none, it scales images itself."""
        return []


def _is_bytes(X):
    """Whether images are uint8, as those in files are."""
    return X.ndim == 1 or X.dtype == np.uint8


def _moments(X, share):
    """Weighted mean and variance of every channel; 1 in place of no variance."""
    first = X[0, 0, 0].astype(np.float64)  # less this, a constant channel is exactly 0
    step = max(1, BLOCK_BYTES // (8 * math.prod(X.shape[1:])))
    blocks = [slice(start, start + step) for start in range(0, len(X), step)]

    def mean_of(function):
        sums = [
            share[rows] @ function(X[rows].astype(np.float64)).mean(axis=(1, 2))
            for rows in blocks
        ]
        return np.sum(sums, axis=0)

    with np.errstate(over="ignore", invalid="ignore"):
        mean = first + mean_of(lambda block: block - first)
        variance = mean_of(lambda block: (block - mean) ** 2)
    variance[np.isnan(variance)] = np.inf  # of values too large to be summed up
    return mean, np.where(variance == 0, 1.0, variance)


def _check_variance(X, variance, dtype):
    limits = np.finfo(dtype)
    wrong = ~((limits.tiny < variance) & (variance < limits.max))
    if wrong.any():
        k = int(np.argmax(wrong))
        if not np.isfinite(variance[k]):
            raise ValueError(
                f"Channel {k} of X has values too large to standardise (up to "
                f"{abs(X[..., k]).max():.3g}). Rescale X, for example to values from 0 "
                "to 1."
            )
        raise ValueError(
            f"Channel {k} of X has a standard deviation of {variance[k] ** 0.5:.3g}, "
            f"the square of which is not within the range of {dtype}. Rescale X, for "
            "example to values from 0 to 1."
        )
