"""Images as the network takes them, and what it has to know to scale them."""

import math
from dataclasses import dataclass

import numpy as np

from skdl._images._read import read_images
from skdl._images._shapes import CHANNELS
from skdl._inputs import refuse_overflow
from skdl._remarks import remark

SAMPLE = 500  # files at most that are read for mean and variance
BLOCK_BYTES = 2**23  # of float64 that are summed up at a time
UINT8_MAX = 255
MODES = {channels: mode for mode, channels in CHANNELS.items()}


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
    lowest_and_highest : tuple of float
        Values of the training images; 0 and 255 of files.
    of_bytes : bool
        Whether these were uint8.
    """

    shape: tuple
    dtype: str
    color_mode: str
    mean: np.ndarray
    variance: np.ndarray
    lowest_and_highest: tuple
    of_bytes: bool

    @classmethod
    def fit(cls, X, weight, shape, *, scaling, color_mode, dtype):
        """Learn mean and variance of every channel.

        Parameters
        ----------
        X : ndarray of shape (n_images, height, width, channels) or (n_images,)
            Training images, or paths, of which up to 500 are read, evenly spaced.
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
        if X.ndim > 1:  # files that are given later are to be like these
            color_mode = MODES.get(shape[2], color_mode)
        largest = UINT8_MAX if of_bytes else 1
        mean, variance = np.zeros(shape[-1]), np.full(shape[-1], largest**2)
        inputs = cls(shape, dtype, color_mode, mean, variance, _range(X), of_bytes)
        if scaling is not None:
            inputs._fit_moments(X, weight)
        return inputs

    def _fit_moments(self, X, weight):
        if X.ndim == 1 and len(X) > SAMPLE:
            some = np.linspace(0, len(X) - 1, SAMPLE).astype(int)
            X, weight = X[some], weight[some]
        step = max(1, BLOCK_BYTES // (8 * math.prod(self.shape)))
        blocks = [slice(start, start + step) for start in range(0, len(X), step)]
        images = (
            self.transform(X[rows]) if X.ndim == 1 else X[rows] for rows in blocks
        )
        shares = (weight[rows] / weight.sum() for rows in blocks)
        self.mean, self.variance = _moments(images, shares)
        _check_variance(X, self.variance, self.dtype)

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
            return read_images(X, self.shape[:2], self.color_mode)
        if X.dtype.name in ("uint8", self.dtype):
            return X
        with np.errstate(over="ignore"):
            result = X.astype(self.dtype)
        refuse_overflow(result, X)
        return result

    @property
    def value_range(self):
        """Black and white, where they are known: of uint8."""
        return (0.0, float(UINT8_MAX)) if self.of_bytes else None

    def warn_about_range(self, X, name):
        """Warn where one of training and present images ends at 1, and one far above.

        Parameters
        ----------
        X : ndarray
            Checked images or paths.
        name : str
            The argument's name, for the message.

        Returns
        -------
        bool
            Whether there was something to say.
        """
        if not len(X):
            return False
        (low, high), (before_low, before_high) = _range(X), self.lowest_and_highest
        if min(low, before_low) < 0:
            return False
        if before_high > 2 and 0 < high <= 1 and not _is_bytes(X):
            remedy = "Multiply by 255, or give them as in training."
        elif 0 < before_high <= 1 and high > 2:
            remedy = "Divide by 255 here, or nowhere."
        else:
            return False
        text = (
            f"{name} has values up to {high:.3g}, but training images had values up to "
            f"{before_high:.3g}. {remedy}"
        )
        remark(UserWarning(text))
        return True

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


def _range(X):
    """The lowest and the highest value; of files, what there may be."""
    return (0, UINT8_MAX) if X.ndim == 1 else (X.min(), X.max())


def _moments(blocks, shares):
    """Weighted mean and variance of every channel; 1 in place of no variance."""
    first, sums, squares = None, 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for block, share in zip(blocks, shares, strict=True):
            block = block.reshape(len(block), -1, block.shape[-1]).astype(np.float64)
            if first is None:  # less this, a constant channel is exactly 0
                first = block[0, 0].copy()
            block -= first
            sums = sums + share @ block.mean(axis=1)
            squares += share @ (np.einsum("npc,npc->nc", block, block) / block.shape[1])
        variance = np.maximum(squares - sums**2, 0.0)
    # what is left of a difference of nearly equal numbers is rounding
    variance[variance < 1e-14 * squares] = 0.0
    variance[np.isnan(variance)] = np.inf  # of values too large to be summed up
    return first + sums, np.where(variance == 0, 1.0, variance)


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
