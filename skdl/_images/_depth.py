"""Image files whose channels have more than eight bits: all that is in them.

What is white in such files is not known: ten bits of a microscope, or metres, stand in
sixteen or more. So their numbers are left as they are, and only transparency takes the
largest number of sixteen bits for white.
"""

import sys

import numpy as np

from skdl._images._open import load_pixels, open_image
from skdl._images._pillow import pillow
from skdl.exceptions import ImageReadError

BYTES = "uint8"
# what images of each dtype hold, in words
HELD = {
    BYTES: "8 bits for each channel",
    "float32": "more than 8 bits for each channel",
    "float64": "integers of 32 bits",
}
WHITE = 65535.0
LUMA = 0.299, 0.587, 0.114  # how bright red, green and blue look (ITU-R BT.601)

# formats whose 16 bits some versions of Pillow hold as 32
SIXTEEN_BITS = {"PNG", "PPM", "JPEG2000"}
# Pillow's ways to take one byte of two: that of the upper ones -> of the lower ones
LOWER = {"16B": "16L", "16L": "16B"}
LOWER["16N"] = LOWER["16L" if sys.byteorder == "little" else "16B"]
# tags of TIFF, and values of them
BITS_PER_SAMPLE, PLANAR_CONFIGURATION, SAMPLE_FORMAT = 258, 284, 339
SEPARATE, UNSIGNED = 2, 1


def dtype_of_image(image):
    """The dtype of the numbers that are read of an image.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Opened, but not loaded.

    Returns
    -------
    str
        "uint8"; "float32", which holds 16 bits and floats; or "float64" for integers of
        32 bits.
    """
    if image.mode == "I" and image.format not in SIXTEEN_BITS:
        return "float64"
    if image.mode[:2] in ("I", "I;", "F"):
        return "float32"
    if _raw_mode_of_rest(image) or _has_separate_planes(image):
        return "float32"
    return BYTES


def dtype_of_file(path):
    """The same for a file, of which only the header is read.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    str
        See `dtype_of_image`.

    Raises
    ------
    ImageReadError
        If it is no image.
    """
    with open_image(path) as image:
        return dtype_of_image(image)


def load_numbers(image, path):
    """Decode an image with all its bits.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        As `open_image` yields it; it is loaded.
    path : str
        Its file.

    Returns
    -------
    ndarray of shape (height, width, n)
        float64: grey, grey and opacity, colours, or colours and opacity.

    Raises
    ------
    ImageReadError
        If the file is broken, has NaN or infinity, or cannot be read with all bits.
    """
    rest = _raw_mode_of_rest(image)
    if _has_separate_planes(image):
        raise ImageReadError(
            path,
            "its 16 bits stand in separate planes, one for each channel, which Pillow "
            "does not read",
            "Save it with the channels of each pixel side by side.",
        )
    load_pixels(image, path)
    values = np.asarray(image)
    if rest == "RGBA":  # two bytes of grey, two of opacity
        pairs = _load_as(rest, path).astype(np.float64)
        values = 256 * pairs[..., ::2] + pairs[..., 1::2]
    elif rest:
        values = 256.0 * values + _load_as(rest, path)
    elif values.dtype == np.int32 and _tag(image, SAMPLE_FORMAT) == UNSIGNED:
        values = values.view(np.uint32)  # Pillow knows signed ones only
    values = values.reshape(image.height, image.width, -1).astype(np.float64)
    if image.mode == "RGBX":  # of Pillow 10: the fourth channel is no opacity
        values = values[..., :3]
    if not np.isfinite(values).all():
        raise ImageReadError(
            path,
            "its pixels hold NaN or infinity",
            "Replace such values and save it again, or leave it out.",
        )
    clear = image.info.get("transparency")  # a colour
    if clear is not None and values.shape[2] in (1, 3):
        opaque = (values != np.array(clear)).any(axis=2, keepdims=True)
        values = np.concatenate([values, WHITE * opaque], axis=2)
    return values


def pixels_of_numbers(values, mode, dtype, bring, *, fits):
    """Numbers of an image, brought to a size and to the channels of a mode.

    Parameters
    ----------
    values : ndarray of shape (height, width, n)
        From `load_numbers`.
    mode : {"L", "RGB", "RGBA"}
        Pillow's mode, which has one letter for each channel.
    dtype : str
        From `dtype_of_image`.
    bring : callable
        From an image of Pillow, of floats in one channel, to one of the size.
    fits : bool
        Whether it leaves the size as it is.

    Returns
    -------
    ndarray of shape (new height, new width, n_channels)
        Of `dtype`.
    """
    transparent = values.shape[2] % 2 == 0
    colours = values[..., :-1] if transparent else values
    if mode == "L" and colours.shape[2] == 3:
        colours = colours @ np.array(LUMA)[:, None]
    elif mode != "L" and colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    if not transparent:
        colours = _brought(colours, bring, dtype)
        opacity = np.ones_like(colours[..., :1])
    elif mode == "RGBA" and fits:  # it needs no product, and is not rounded by one
        colours = _brought(colours, bring, dtype)
        opacity = _brought(values[..., -1:] / WHITE, bring, dtype)
    else:
        opacity = values[..., -1:] / WHITE
        colours = _brought(colours * opacity, bring, dtype)
        opacity = _brought(opacity, bring, dtype)
        if mode == "RGBA":
            colours = colours / np.where(opacity > 0, opacity, 1.0)
        else:
            colours = colours + WHITE * (1 - opacity)
    channels = [colours, WHITE * opacity][: 1 + (mode == "RGBA")]
    return np.concatenate(channels, axis=2).astype(dtype)


def _brought(values, bring, dtype):
    """Every channel, as Pillow brings images of float32 to a size."""
    if dtype == "float64":  # float32 holds their differences, in two parts if need be
        first = values[0, 0]
        upper = np.round((values - first) / 65536)
        lower = values - first - 65536 * upper
        upper, lower = (_brought(part, bring, "float32") for part in (upper, lower))
        return first + 65536 * upper + lower
    channels = np.moveaxis(values.astype(np.float32), 2, 0)
    images = [bring(pillow().fromarray(np.ascontiguousarray(c))) for c in channels]
    return np.stack([np.asarray(image) for image in images], axis=2).astype(np.float64)


def _raw_mode(tile):
    """How Pillow unpacks a part of an image."""
    args = tile[3]
    return str(args[0] if isinstance(args, tuple) and args else args)


def _raw_mode_of_rest(image):
    """How to unpack what Pillow leaves out of colours of 16 bits; "" if it cannot."""
    raw_mode = _raw_mode(image.tile[0]) if image.tile else ""
    if raw_mode == "LA;16B":
        return "RGBA"
    channels, _, depth = raw_mode.partition(";")
    if channels not in ("RGB", "RGBX", "RGBA") or depth not in LOWER:
        return ""
    return f"{channels};{LOWER[depth]}"


def _has_separate_planes(image):
    """Whether a TIFF has one plane of 16 bits after the other."""
    is_separate = _tag(image, PLANAR_CONFIGURATION) == SEPARATE
    return is_separate and _tag(image, BITS_PER_SAMPLE) == 16


def _load_as(raw_mode, path):
    """The bytes of an image, unpacked in another way."""
    with open_image(path) as image:
        image.tile = [_with_raw_mode(tile, raw_mode) for tile in image.tile]
        load_pixels(image, path)
        return np.asarray(image)


def _with_raw_mode(tile, raw_mode):
    args = (raw_mode, *tile[3][1:]) if isinstance(tile[3], tuple) else raw_mode
    if hasattr(tile, "_replace"):
        return tile._replace(args=args)
    return (*tile[:3], args)  # of Pillow 10


def _tag(image, number):
    """The value of a tag of TIFF, the first one if there are several; else None."""
    tags = getattr(image, "tag_v2", None)
    value = tags and tags.get(number, 1)  # which is the default of all of them
    return value[0] if isinstance(value, tuple) else value
