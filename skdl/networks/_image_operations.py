"""Random changes of images, each drawn for every image by itself."""

import math

import keras
import numpy as np
from keras import ops

SHIFT = 1 / 8  # of height and width: 4 of 32 pixels (He et al. 2016)
ANGLE = math.radians(15)
ZOOM = 0.15
COLOR = 0.2
LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue (Rec. 601)


def flip(X, seeds):
    """Mirror about half of the images, left to right.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    mirrored = draw(X, seeds) < 0.5
    return by_choice(X, ops.cast(mirrored, "int32"), [same, _mirror])


def crop(X, seeds):
    """Shift images by whole pixels, up to an eighth of their height and width.

    The same as zeros put around an image, out of which its size is cut anywhere.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    dy, dx = (
        keras.random.randint((ops.shape(X)[0],), -most, most + 1, seed=seeds)
        for most in (int(size * SHIFT + 0.5) for size in X.shape[1:3])
    )
    return moved(X, dx=dx, dy=dy, interpolation="nearest")


def rotate(X, seeds):
    """Turn images about their centre, by up to 15 degrees either way.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    return turned(X, draw(X, seeds, -ANGLE, ANGLE))


def zoom(X, seeds):
    """Show up to 15 % more or less of the height and width of images.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    part = draw(X, seeds, 1 - ZOOM, 1 + ZOOM)
    return moved(X, xx=part, yy=part)


def color(X, seeds, value_range=None):
    """Change brightness, contrast and, of three channels, saturation by up to 20 %.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.
    value_range : tuple of float or None, default=None
        Black and white, which values do not leave. None takes the lowest value of the
        batch for black, and has no limits.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    factors = [draw(X, seeds, 1 - COLOR, 1 + COLOR) for _ in range(3)]
    black = ops.min(X, initial=np.inf) if value_range is None else value_range[0]
    X = brightened(X, factors[0], black=black)
    X = contrasted(X, factors[1])
    X = saturated(X, factors[2])
    return X if value_range is None else ops.clip(X, *value_range)


# -- what they are made of ---------------------------------------------------------


def draw(X, seeds, low=0.0, high=1.0):
    """One number for each image, every one between two as likely as the others.

    Parameters
    ----------
    X : tensor of shape (batch, ...)
        Images.
    seeds : keras.random.SeedGenerator
        What chance comes from.
    low, high : float
        Lower and upper limit.

    Returns
    -------
    tensor of shape (batch,)
        float32.
    """
    shape = (ops.shape(X)[0],)
    return keras.random.uniform(shape, low, high, dtype="float32", seed=seeds)


def by_choice(X, choice, functions, *others):
    """Apply to each image one of several functions, which the others are spared.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    choice : tensor of shape (batch,)
        Position of the function in `functions`.
    functions : sequence of callable
        Of images (any number, also none) and of the same rows of `others`.
    *others : tensor of shape (batch, ...)
        Further arguments.

    Returns
    -------
    tensor of the same shape as X
        Images.
    """
    # Groups of a size that is known only when it runs: XLA would refuse, but to apply
    # every function to every image takes many times as long.
    order = ops.argsort(choice)
    columns = [ops.take(values, order, axis=0) for values in (X, *others)]
    parts, begin = [], 0
    for k, function in enumerate(functions):
        end = begin + ops.sum(ops.cast(choice == k, "int32"))
        parts.append(function(*(values[begin:end] for values in columns)))
        begin = end
    return ops.take(ops.concatenate(parts), ops.argsort(order), axis=0)


def same(X, *_):
    """The images as they are."""
    return X


def _mirror(X):
    return ops.flip(X, axis=2)


def moved(
    X,
    xx=1.0,
    xy=0.0,
    yx=0.0,
    yy=1.0,
    dx=0.0,
    dy=0.0,
    *,
    interpolation="bilinear",
    fill=0.0,
):
    """Affine maps of images.

    The pixel (x, y) from the centre shows what was at (xx x + xy y + dx, yx x + yy y +
    dy) from the centre, in pixels.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    xx, xy, yx, yy, dx, dy : float or tensor of shape (batch,)
        The map.
    interpolation : {"bilinear", "nearest"}, default="bilinear"
        Between pixels.
    fill : float or scalar tensor, default=0.0
        The value outside images. Zero is black in pixels as they are stored, and the
        mean of standardised ones.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    _, height, width, _ = X.shape
    x, y = (width - 1) / 2, (height - 1) / 2
    rows = (xx, xy, dx), (yx, yy, dy)
    rows = [[ops.cast(value, "float32") for value in row] for row in rows]
    numbers = []
    for centre, (a, b, c) in zip((x, y), rows, strict=True):
        numbers += [a, b, centre - a * x - b * y + c]
    numbers += [ops.cast(0.0, "float32")] * 2  # no perspective
    one = (ops.shape(X)[0],)
    return ops.image.affine_transform(
        X,
        ops.stack([ops.broadcast_to(number, one) for number in numbers], axis=1),
        interpolation=interpolation,
        fill_mode="constant",
        fill_value=fill,
        data_format="channels_last",
    )


def turned(X, angle, **options):
    """Images turned about their centre.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    angle : tensor of shape (batch,)
        In radians, counterclockwise.
    **options : dict
        Of `moved`.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return moved(X, cosine, -sine, sine, cosine, **options)


def brightened(X, factor, black=0.0):
    """Images brighter or darker, by a factor for the distance from black.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    factor : tensor of shape (batch,)
        0 is black, 1 the image.
    black : float or scalar tensor, default=0.0
        The value of black.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    return black + _per_image(factor, X) * (X - black)


def contrasted(X, factor):
    """Images of more or less contrast.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images.
    factor : tensor of shape (batch,)
        For the distance from the mean of the image in grey, or of the channel where
        there are not three. 1 is the image.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    mean = ops.mean(X, axis=(1, 2), keepdims=True)
    if X.shape[-1] == 3:
        mean = ops.matmul(mean, ops.cast(LUMA[:, None], X.dtype))
    factor = _per_image(factor, X)
    return factor * X + (1 - factor) * mean


def saturated(X, factor):
    """Images of stronger or weaker colours.

    Parameters
    ----------
    X : tensor of shape (batch, height, width, channels)
        Images; those which have not three channels remain as they are.
    factor : tensor of shape (batch,)
        0 is grey, 1 the image.

    Returns
    -------
    tensor of the same shape
        Images.
    """
    _, height, width, n_channels = X.shape
    if n_channels != 3:
        return X
    grey = np.repeat(LUMA[:, None], 3, axis=1)
    factor = ops.cast(factor, X.dtype)[:, None, None]
    matrix = factor * ops.cast(np.eye(3), X.dtype)
    matrix += (1 - factor) * ops.cast(grey, X.dtype)  # (batch, 3, 3)
    pixels = ops.matmul(ops.reshape(X, (-1, height * width, 3)), matrix)
    return ops.reshape(pixels, (-1, height, width, 3))


def _per_image(values, X):
    return ops.cast(values, X.dtype)[:, None, None, None]
