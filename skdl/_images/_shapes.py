"""The shape of an image, from what the user says and from what X shows."""

import math
from numbers import Integral

from skdl._images._decode import COLOR_MODES
from skdl._images._size import check_size

CHANNELS = {name: len(mode) for name, mode in COLOR_MODES.items()}
STRIP = 64  # columns below which rows that are no square images are strips


def shape_of_rows(n_features, image_shape=None):
    """The shape of images that are given as flat rows.

    Parameters
    ----------
    n_features : int
        Columns of X.
    image_shape : tuple of int, int or None, default=None
        What the user says.

    Returns
    -------
    tuple of int
        ``(height, width, channels)``: what the user says; else a grey square; else, for
        short rows, a strip of height 1.

    Raises
    ------
    ValueError
        If the user's shape has another number of values, or is needed.
    """
    if image_shape is not None:
        shape = check_shape(image_shape)
        if math.prod(shape) != n_features:
            raise ValueError(
                f"image_shape={image_shape!r} needs {math.prod(shape)} features; X "
                f"has {n_features}. Reshape X or change image_shape."
            )
        return shape
    side = math.isqrt(n_features)
    if side**2 == n_features:
        return side, side, 1
    if n_features < STRIP:
        return 1, n_features, 1
    colour = math.isqrt(n_features // 3)
    guess = "(height, width, channels)"
    if 3 * colour**2 == n_features:
        guess = str((colour, colour, 3))
    raise ValueError(
        f"image_shape=None, but X has rows of {n_features} features, which are no "
        f"square images. Set image_shape, for example to {guess}, or give X of shape "
        "(n, height, width, channels)."
    )


def shape_of_arrays(shape, image_shape=None):
    """The shape of images that are given as such.

    Parameters
    ----------
    shape : tuple of int
        Of X.
    image_shape : tuple of int, int or None, default=None
        What the user says.

    Returns
    -------
    tuple of int
        ``(height, width, channels)``, with one channel if X has no axis for it.

    Raises
    ------
    ValueError
        If X is no array of images, has channels first, or has not the user's shape.
    """
    if len(shape) not in (3, 4):
        raise ValueError(
            f"X has shape {told(shape)}. Give images of shape (n, height, width) or (n,"
            " height, width, channels), or flat rows of shape (n, n_features)."
        )
    if 0 in shape[1:]:
        raise ValueError(
            f"X has shape {told(shape)}: its images have no values. Give images of at "
            "least one row, column and channel."
        )
    found = (*shape[1:], 1)[:3]
    if image_shape is not None:
        if check_shape(image_shape) != found:
            raise ValueError(
                f"image_shape={image_shape!r}, but the images in X have shape "
                f"{told(shape[1:])}. Reshape X or change image_shape."
            )
        return found
    first, *sides = shape[1:]
    if len(sides) == 2 and first in CHANNELS.values() and 4 < sides[0] == sides[1]:
        raise ValueError(
            f"X has shape {told(shape)}, which looks like channels first; images are "
            "(n, height, width, channels). Use np.moveaxis(X, 1, -1), or set "
            f"image_shape={tuple(shape[1:])} if they are so."
        )
    return found


def shape_of_files(image_size, color_mode, image_shape=None):
    """The shape of images that are read from files.

    Parameters
    ----------
    image_size : tuple of int, int or None
        Height and width.
    color_mode : {"rgb", "grayscale", "rgba"}
        Which says how many channels there are.
    image_shape : tuple of int, int or None, default=None
        What the user says, which files do not need.

    Returns
    -------
    tuple of int
        ``(height, width, channels)``.

    Raises
    ------
    ValueError
        If the size is missing or no size, or `image_shape` contradicts it.
    """
    if image_size is None:
        raise ValueError(
            "image_size=None, but X holds paths. Set the size to which images are "
            "brought, for example image_size=(128, 128)."
        )
    shape = *check_size(image_size, "image_size"), CHANNELS[color_mode]
    if image_shape is not None:
        wanted = check_shape(image_shape)
        n_told = len(image_shape) if isinstance(image_shape, tuple | list) else 2
        if wanted[:n_told] != shape[:n_told]:
            raise ValueError(
                f"image_shape={image_shape!r}, but image_size={image_size!r} and "
                f"color_mode={color_mode!r} make images of shape {told(shape)} of "
                "files. Leave image_shape at None, which is for arrays, or change one "
                "of them."
            )
    return shape


def told(shape):
    """A shape as it is printed, without the types of its numbers."""
    return str(tuple(map(int, shape)))


def check_shape(image_shape):
    """The shape of an image, as a parameter.

    Parameters
    ----------
    image_shape : tuple of int or int
        What the user gave: height, width and perhaps channels, or one number for height
        and width.

    Returns
    -------
    tuple of int
        ``(height, width, channels)``, with one channel if it is not told.

    Raises
    ------
    ValueError
        If these are no positive integers.
    """
    numbers = [image_shape] * 2 if isinstance(image_shape, Integral) else image_shape
    if not (_whole(numbers, 2) or _whole(numbers, 3)):
        raise ValueError(
            f"image_shape={image_shape!r} must be whole numbers of at least 1: "
            "(height, width) or (height, width, channels), for example (8, 8, 1), or "
            "8 for (8, 8)."
        )
    return (*map(int, numbers), 1)[:3]


def _whole(numbers, n):
    return (
        isinstance(numbers, tuple | list)
        and len(numbers) == n
        and all(
            isinstance(k, Integral) and not isinstance(k, bool) and k >= 1
            for k in numbers
        )
    )
