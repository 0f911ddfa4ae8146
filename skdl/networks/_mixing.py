"""Mixtures of each image with the one before it in its batch."""

import keras
import numpy as np
from keras import ops

from skdl.networks._image_operations import draw


def mix(X, seeds, names):
    """Mix each image with the one before it in the batch.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images; the first is mixed with the last.
    seeds : keras.random.SeedGenerator
        What chance comes from.
    names : sequence of str
        Of ``MIXES``. If there are two, each image is mixed in one way or the other,
        with equal chance.

    Returns
    -------
    X : tensor of the same shape
        Mixtures.
    share : tensor of shape (batch,)
        Of each image itself in its mixture.

    References
    ----------
    Zhang, H., Cissé, M., Dauphin, Y. N., & Lopez-Paz, D. (2018). mixup: Beyond
    empirical risk minimization. ICLR.

    Yun, S., Han, D., Oh, S. J., Chun, S., Choe, J., & Yoo, Y. (2019). CutMix:
    Regularization strategy to train strong classifiers with localizable features. ICCV.
    """
    kept, share = MIXES[names[0]](X, seeds)
    if len(names) == 2:
        other_kept, other_share = MIXES[names[1]](X, seeds)
        other = draw(X, seeds) < 0.5
        kept = ops.where(other[:, None, None], other_kept, kept)
        share = ops.where(other, other_share, share)
    _, height, width, n_channels = X.shape
    # channels within columns: short last axes are slow
    rows = ops.reshape(X, (-1, height, width * n_channels))
    rows = kept * rows + (1 - kept) * ops.roll(rows, 1, axis=0)
    return ops.reshape(rows, (-1, height, width, n_channels)), share


def mixup(X, seeds):
    """Sums of two images, whose shares have the distribution Beta(0.2, 0.2).

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.

    Returns
    -------
    kept : tensor of shape (batch, 1, 1)
        The weight of the image itself.
    share : tensor of shape (batch,)
        The same.
    """
    shape = (ops.shape(X)[0],)
    share = keras.random.beta(shape, 0.2, 0.2, dtype=X.dtype, seed=seeds)
    return share[:, None, None], share


def cutmix(X, seeds):
    """A box out of the other image.

    It has the image's proportions, an area between none and all of it with equal
    chance, and its centre anywhere; what is beyond the border is cut off.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.

    Returns
    -------
    kept : tensor of shape (batch, height, width * channels)
        0 within the box, 1 elsewhere.
    share : tensor of shape (batch,)
        The share of pixels that are not in the box.
    """
    _, height, width, n_channels = X.shape
    side = ops.sqrt(draw(X, seeds))
    rows = _interval(height, side, draw(X, seeds))
    columns = _interval(width, side, draw(X, seeds))
    rows, columns = ops.cast(rows, X.dtype), ops.cast(columns, X.dtype)
    n_pixels = ops.sum(rows, axis=1) * ops.sum(columns, axis=1)
    columns = ops.repeat(columns, n_channels, axis=1)
    kept = 1 - rows[:, :, None] * columns[:, None, :]
    return kept, 1 - n_pixels / (height * width)


def _interval(size, length, centre):
    """Which of a line's pixels are in an interval, given in shares of the line."""
    begin = ops.floor(centre * size) - ops.floor(length * size / 2)
    end = begin + ops.floor(length * size)
    pixels = np.arange(size, dtype="float32")
    return (begin[:, None] <= pixels) & (pixels < end[:, None])


MIXES = {"cutmix": cutmix, "mixup": mixup}
