"""One image file as an array."""

import os

import numpy as np

from skdl._images._depth import (
    BYTES,
    dtype_of_image,
    load_numbers,
    pixels_of_numbers,
)
from skdl._images._open import load_pixels, open_image
from skdl._images._pillow import pillow
from skdl.exceptions import ImageReadError

# parameter -> Pillow's mode, which has one letter for each channel
COLOR_MODES = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}

ORIENTATION = 0x0112  # the tag of EXIF
# its value -> the transposition of Pillow that brings the image upright
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
SWAPPED = {"TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"}  # height with width
NOTES = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


def decode_image(path, size, color_mode="rgb", crop_or_pad=None):
    """Read an image file and bring it to a size.

    It is turned upright if its EXIF says so. Colour profiles are not applied; animated
    images give their first frame. Images with more than eight bits for a channel keep
    their numbers, whatever the largest of them is.

    Parameters
    ----------
    path : str or os.PathLike
        The file, of any format that Pillow reads; ``~`` is not expanded.
    size : tuple of int
        Height and width of the result.
    color_mode : {"rgb", "grayscale", "rgba"}, default="rgb"
        Channels of the result. For the first two, what is transparent is laid on white.
    crop_or_pad : {"crop", "pad"} or None, default=None
        How an image of another aspect ratio is brought to the size: its middle is cut
        out, or it gets a black margin (transparent for "rgba"), or it is stretched.

    Returns
    -------
    ndarray of shape (height, width, n_channels)
        Of uint8 from 0 to 255; of float32 for images with 16 bits or floats, of float64
        for those with integers of 32 bits.

    Raises
    ------
    ImageReadError
        If the file cannot be read, or has NaN or infinity.
    ImportError
        If Pillow is missing.
    """
    path = os.fsdecode(path)
    mode = COLOR_MODES[color_mode]
    with open_image(path) as image:
        dtype = dtype_of_image(image)
        box = values = None
        if dtype == BYTES:
            box = _draft(image, size, mode, crop_or_pad)
            load_pixels(image, path)
        else:
            values = load_numbers(image, path)
        turn = _turn(image)  # of a PNG known only now
    target = size[::-1] if turn in SWAPPED else size

    def bring(layer):
        layer = _resized(layer, box, target, crop_or_pad)
        return layer if turn is None else layer.transpose(pillow().Transpose[turn])

    if values is not None:
        fits = (image.height, image.width) == target
        pixels = pixels_of_numbers(values, mode, dtype, bring, fits=fits)
    else:
        image = bring(_in_mode(image, mode, path))
        if image.mode == "RGBa":
            image = _on_white(image).convert(mode)
        pixels = np.array(image).reshape(image.height, image.width, len(mode))
    return pixels if pixels.shape[:2] == size else _padded(pixels, size)


def _turn(image):
    """The transposition that brings an image upright, or None."""
    if not any(note in image.info for note in NOTES) or image.format == "TIFF":
        return None  # a TIFF is turned when it is loaded
    try:
        return TURNS.get(image.getexif().get(ORIENTATION))
    except Exception:  # as plugins do; a broken note spoils no pixels
        return None


def _draft(image, size, mode, crop_or_pad):
    """Have a large JPEG decoded smaller, at least twice as large as needed.

    Returns
    -------
    tuple of float or None
        Width and height of what was photographed within the image to be decoded; None
        if that is all of it.
    """
    if image.format not in ("JPEG", "MPO"):
        return None
    if _turn(image) in SWAPPED:
        size = size[::-1]
    extent, (width, height) = _fitted(image.size, size, crop_or_pad)
    ratio = min((extent[2] - extent[0]) / width, (extent[3] - extent[1]) / height)
    divisor = next((d for d in (8, 4, 2) if ratio >= 2 * d), 1)
    if divisor == 1 and mode != "L":
        return None
    # the grey of a JPEG is one of its channels, which is then the only one decoded
    drafted = image.draft(mode, (image.width // divisor, image.height // divisor))
    return drafted and drafted[1][2:]


def _fitted(extent, size, crop_or_pad):
    """What is taken of an image, and to which size it is brought.

    Parameters
    ----------
    extent : tuple of float
        Width and height of the image.
    size : tuple of int
        Height and width of the result.
    crop_or_pad : {"crop", "pad"} or None
        See `decode_image`.

    Returns
    -------
    box : tuple of float
        Left, top, right and bottom, within the image.
    target : tuple of int
        Width and height.
    """
    width, height = extent
    box, target = (0, 0, width, height), size[::-1]
    if crop_or_pad is None or width * target[1] == height * target[0]:
        return box, target
    scales = target[0] / width, target[1] / height
    if crop_or_pad == "pad":
        scale = min(scales)
        return box, (max(1, round(width * scale)), max(1, round(height * scale)))
    scale = max(scales)
    left = max(0, width - target[0] / scale) / 2  # rounding must not make it negative
    top = max(0, height - target[1] / scale) / 2
    return (left, top, width - left, height - top), target


def _resized(image, extent, size, crop_or_pad):
    box, target = _fitted(extent or image.size, size, crop_or_pad)
    if target == image.size and box == (0, 0, *target):
        return image
    return image.resize(target, pillow().Resampling.BILINEAR, box=box)


def _padded(pixels, size):
    """Pixels in the middle of zeros."""
    height, width, n_channels = pixels.shape
    result = np.zeros((*size, n_channels), pixels.dtype)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    result[top : top + height, left : left + width] = pixels
    return result


def _in_mode(image, mode, path):
    """A loaded image in one of our modes, or in RGBa if it is to be laid on white.

    RGBa has colours multiplied by opacity, which can be resized, and laid on white when
    they are few.
    """
    try:
        if image.mode == "LAB":  # becomes RGB only
            image = image.convert("RGB")
        if _is_transparent(image):
            image = image if image.mode == "RGBA" else image.convert("RGBA")
            mode = mode if mode == "RGBA" else "RGBa"
        return image if image.mode == mode else image.convert(mode)
    except ValueError as error:  # modes that plugins may make
        raise ImageReadError(
            path,
            f"Pillow cannot convert its colours ({image.mode}) to {mode}",
            "Save it as RGB.",
        ) from error


def _on_white(image):
    """An image in RGBa, laid on white: RGB."""
    values = np.asarray(image).astype(np.uint16)
    values = values[..., :3] + 255 - values[..., 3:]
    return pillow().fromarray(np.minimum(values, 255).astype(np.uint8))


def _is_transparent(image):
    palette = getattr(image.palette, "mode", "") if image.mode == "P" else ""
    return (image.mode + palette)[-1] in "Aa" or "transparency" in image.info
