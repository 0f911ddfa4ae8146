"""Images as the network takes them, and what it has to know to scale them."""

import math
from dataclasses import dataclass

import numpy as np

from skdl._images._depth import BYTES, dtype_of_file
from skdl._images._read import read_images
from skdl._images._shapes import CHANNELS
from skdl._inputs import refuse_overflow, row_blocks
from skdl._remarks import remark

SAMPLE = 500  # files at most that are read for mean and variance
FEW = 16  # files at most that are read for the range of their numbers
BLOCK_BYTES = 2**23  # of float64 that are summed up at a time
UINT8_MAX = 255
RESOLUTION = 1e-4  # of a standard deviation, which casts and differences are to keep
MODES = {channels: mode for mode, channels in CHANNELS.items()}


@dataclass(eq=False)
class ImageInputs:
    """The way from checked images or paths to what the network is given.

    Images stay as they are: the network's first layer scales them, with one mean and
    one variance for each channel. Only where a channel's mean is so far from 0 that the
    network's dtype would lose its differences, the mean is subtracted before the cast.

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
        Values of the training images; 0 and 255 of files with 8 bits.
    of_bytes : bool
        Whether these were uint8.
    file_dtype : str or None
        That of all files, see `read_images`; None where training images were numbers
        in arrays, after which files may be of any.
    shift : ndarray of shape (n_channels,)
        What is subtracted in float64 before the cast to `dtype`, mostly 0.
    """

    shape: tuple
    dtype: str
    color_mode: str
    mean: np.ndarray
    variance: np.ndarray
    lowest_and_highest: tuple
    of_bytes: bool
    file_dtype: str | None
    shift: np.ndarray

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
        if X.ndim > 1:  # files that are given later are to be like these
            color_mode = MODES.get(shape[2], color_mode)
            file_dtype = BYTES if X.dtype == np.uint8 else None
        else:
            file_dtype = dtype_of_file(X[0])
        of_bytes = file_dtype == BYTES
        largest = UINT8_MAX if of_bytes else 1
        mean, variance = np.zeros(shape[-1]), np.full(shape[-1], largest**2)
        inputs = cls(
            shape,
            dtype,
            color_mode,
            mean,
            variance,
            lowest_and_highest=(0, UINT8_MAX),
            of_bytes=of_bytes,
            file_dtype=file_dtype,
            shift=np.zeros(shape[-1]),
        )
        inputs.lowest_and_highest = inputs._range(X)
        if scaling is not None:
            inputs._fit_moments(X, weight)
        return inputs

    def _fit_moments(self, X, weight):
        if X.ndim == 1 and len(X) > SAMPLE:
            some = np.linspace(0, len(X) - 1, SAMPLE).astype(int)
            X, weight = X[some], weight[some]
        step = max(1, BLOCK_BYTES // (8 * math.prod(self.shape)))
        blocks = [slice(start, start + step) for start in range(0, len(X), step)]
        images = (self._read(X[rows]) for rows in blocks)
        shares = (weight[rows] / weight.sum() for rows in blocks)
        self.mean, self.variance = _moments(images, shares)
        _check_variance(X, self.variance, self.dtype)
        if not self.of_bytes:
            self.shift = _shift(self.mean, self.variance, np.finfo(self.dtype))

    def dtype_of(self, X):
        """The dtype that `transform` gives these images: "uint8", or the network's."""
        are_bytes = (self.file_dtype if X.ndim == 1 else X.dtype.name) == BYTES
        return BYTES if are_bytes and not self.shift.any() else self.dtype

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
        X = self._read(X)
        shifted = self.shift.any()
        if not shifted and X.dtype.name in (BYTES, self.dtype):
            return X
        result = np.empty(X.shape, self.dtype)
        with np.errstate(over="ignore"):
            for rows in row_blocks(X, BLOCK_BYTES):
                block = X[rows]
                if shifted:
                    block = np.subtract(block, self.shift, dtype=np.float64)
                result[rows] = block
        refuse_overflow(result, X)
        return result

    def _read(self, X):
        """Images in files as arrays; arrays as they are."""
        if X.ndim > 1:
            return X
        if CHANNELS[self.color_mode] != self.shape[2]:
            raise ValueError(
                f"color_mode={self.color_mode!r} reads files with "
                f"{CHANNELS[self.color_mode]} channels, but training images had "
                f"{self.shape[2]}. Set color_mode before fit, or give arrays."
            )
        return read_images(X, self.shape[:2], self.color_mode, dtype=self.file_dtype)

    def _range(self, X):
        """The lowest and the highest value; of files, what may be, or is in a few."""
        if X.ndim == 1:
            if (self.file_dtype or dtype_of_file(X[0])) == BYTES:
                return 0, UINT8_MAX
            X = self._read(X[:FEW])
        return X.min(), X.max()

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
        if not len(X) or (X.ndim == 1 and self.file_dtype not in (None, BYTES)):
            return False  # files are like those of training
        (low, high), (before_low, before_high) = self._range(X), self.lowest_and_highest
        if min(low, before_low) < 0:
            return False
        if before_high > 2 and 0 < high <= 1 and X.dtype != np.uint8:
            remedy = "Multiply by 255, or give them as in training."
        elif 0 < before_high <= 1 and high > 2:
            remedy = "Divide by 255 here, or nowhere."
            if high > UINT8_MAX:
                remedy = "Give them as in training."
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
            "input_scaling/moving_mean": self.mean - self.shift,
            "input_scaling/moving_variance": self.variance,
        }

    def layers(self):
        """Layers of Keras before the network, which scales images itself."""
        if not self.shift.any():
            return []
        from keras import layers

        return [
            layers.Rescaling(
                1.0,
                offset=(-self.shift).tolist(),
                dtype=self.dtype,
                name="input_shift",
            )
        ]


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


def _shift(mean, variance, limits):
    """The mean of channels that are too far from 0 for a dtype, elsewhere 0.

    Rounded to that dtype, so that a model of Keras can subtract the same.
    """
    lost = abs(mean) * limits.eps / np.sqrt(variance)
    rounded = np.clip(mean, limits.min, limits.max).astype(limits.dtype)
    return np.where(lost > RESOLUTION, rounded, 0.0).astype(np.float64)


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
