"""RandAugment: each image goes through two of fourteen operations."""

import functools
import math

import keras
import numpy as np
from keras import ops

from skdl.networks._image_operations import (
    brightened,
    by_choice,
    contrasted,
    draw,
    moved,
    same,
    saturated,
    turned,
)

N_OPERATIONS = 2  # one after the other
STRENGTH = 9 / 30  # of what is the most in the paper
BLEND = 0.9 * STRENGTH  # of brightness, contrast, saturation and sharpness, about 1
BITS = 8 - round(4 * STRENGTH)  # that posterize leaves
THRESHOLD = 1 - STRENGTH  # that solarize inverts from
ANGLE = math.radians(30 * STRENGTH)
SHEAR = 0.3 * STRENGTH
SHIFT = 150 / 331 * STRENGTH  # of height or width


def rand_augment(X, seeds, value_range=None):
    """Apply two operations to each image, drawn from fourteen (Cubuk et al. 2020).

    Their strength is 9 of 30; what has a direction goes either way.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.
    value_range : tuple of float or None, default=None
        Black and white; None takes the lowest and the highest value of the batch.

    Returns
    -------
    tensor of the same shape
        Images.

    References
    ----------
    Cubuk, E. D., Zoph, B., Shlens, J., & Le, Q. V. (2020). RandAugment: practical
    automated data augmentation with a reduced search space. NeurIPS.
    """
    if value_range is None:
        low, high = ops.min(X, initial=np.inf), ops.max(X, initial=-np.inf)
    else:
        low, high = (ops.cast(value, X.dtype) for value in value_range)
    extent = ops.where(high > low, high - low, ops.ones_like(low))
    X = (X - low) / extent
    fill = ops.cast(ops.clip(-low / extent, 0, 1), "float32")  # what was zero
    moves = [functools.partial(move, fill=fill) for move in MOVES]
    operations = [*TONES, *moves]
    for _ in range(N_OPERATIONS):
        shape = (ops.shape(X)[0],)
        choice = keras.random.randint(shape, 0, len(operations), seed=seeds)
        sign = ops.where(draw(X, seeds) < 0.5, -1.0, 1.0)
        X = by_choice(X, choice, operations, sign)
    return X * extent + low


# -- operations on values in [0, 1], each of images and a sign for each image -------
# There may be no images: extremes have an initial value, which Keras asks for then.


def auto_contrast(X, sign):
    """Each channel of each image stretched to [0, 1]."""
    low = ops.min(X, axis=(1, 2), keepdims=True, initial=1.0)
    extent = ops.max(X, axis=(1, 2), keepdims=True, initial=0.0) - low
    flat = extent <= 0
    low, extent = ops.where(flat, 0.0, low), ops.where(flat, 1.0, extent)
    return (X - low) / extent


def equalize(X, sign):
    """Each channel of each image with all of its 256 levels about as frequent."""
    _, height, width, n_channels = X.shape
    channels = ops.transpose(X, (0, 3, 1, 2))
    values = ops.reshape(channels, (-1, height * width))  # (batch * channels, pixels)
    levels = ops.cast(ops.round(255 * values), "int32")
    counts = ops.bincount(levels, minlength=256)
    below = ops.cast(ops.cumsum(counts, axis=1) - counts, X.dtype)  # pixels below each
    highest = ops.max(levels, axis=1, keepdims=True, initial=0)
    most = ops.take_along_axis(below, highest, axis=1)
    equal = ops.take_along_axis(below, levels, axis=1) / ops.maximum(most, 1)
    values = ops.where(most > 0, equal, values)  # as they are if there is one level
    channels = ops.reshape(values, (-1, n_channels, height, width))
    return ops.transpose(channels, (0, 2, 3, 1))


def posterize(X, sign):
    """Fewer levels: the lowest bits of 8 are set to zero."""
    step = 2 ** (8 - BITS)
    return ops.floor(ops.round(255 * X) / step) * (step / 255)


def solarize(X, sign):
    """Bright pixels inverted."""
    return ops.where(X >= THRESHOLD, 1 - X, X)


def brightness(X, sign):
    """Brighter or darker."""
    return ops.clip(brightened(X, 1 + BLEND * sign), 0, 1)


def contrast(X, sign):
    """More or less contrast."""
    return ops.clip(contrasted(X, 1 + BLEND * sign), 0, 1)


def saturation(X, sign):
    """Stronger or weaker colours, if there are three channels."""
    return ops.clip(saturated(X, 1 + BLEND * sign), 0, 1)


def sharpness(X, sign):
    """Sharper or smoother, but for the outermost pixels."""
    _, height, width, _ = X.shape
    if min(height, width) < 3:
        return X
    centre = X[:, 1:-1, 1:-1]
    sums = X[:, :-2] + X[:, 1:-1] + X[:, 2:]
    sums = sums[:, :, :-2] + sums[:, :, 1:-1] + sums[:, :, 2:]
    details = centre - (sums + 4 * centre) / 13  # a smooth image has weights 1 and 5
    details *= ops.cast(BLEND * sign, X.dtype)[:, None, None, None]
    return ops.clip(X + ops.pad(details, [(0, 0), (1, 1), (1, 1), (0, 0)]), 0, 1)


def rotate(X, sign, fill):
    """Turned about the centre."""
    return turned(X, ANGLE * sign, fill=fill)


def shear_x(X, sign, fill):
    """Rows shifted by a share of their distance from the centre."""
    return moved(X, xy=SHEAR * sign, fill=fill)


def shear_y(X, sign, fill):
    """Columns shifted by a share of their distance from the centre."""
    return moved(X, yx=SHEAR * sign, fill=fill)


def translate_x(X, sign, fill):
    """Shifted left or right by whole pixels."""
    return moved(X, dx=round(SHIFT * X.shape[2]) * sign, fill=fill)


def translate_y(X, sign, fill):
    """Shifted up or down by whole pixels."""
    return moved(X, dy=round(SHIFT * X.shape[1]) * sign, fill=fill)


TONES = (
    same,
    auto_contrast,
    equalize,
    posterize,
    solarize,
    brightness,
    contrast,
    saturation,
    sharpness,
)
MOVES = rotate, shear_x, shear_y, translate_x, translate_y
