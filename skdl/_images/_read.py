"""Many image files as one array."""

import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from joblib import cpu_count

from skdl._images._decode import COLOR_MODES, decode_image
from skdl._images._depth import BYTES, HELD, dtype_of_file
from skdl.exceptions import ImageReadError

MAX_THREADS = 8
BLOCK = 16  # files at most that a thread reads at a time


def read_images(paths, size, color_mode="rgb", crop_or_pad=None, dtype=None):
    """Read image files and bring them to one size.

    They have one dtype, as an 8-bit image and one of 16 bits have no common scale.
    Threads share the work, because Pillow decodes and resizes without Python's lock.

    Parameters
    ----------
    paths : sequence of str or os.PathLike
        The files.
    size : tuple of int
        Height and width of the result.
    color_mode : {"rgb", "grayscale", "rgba"}, default="rgb"
        See `decode_image`.
    crop_or_pad : {"crop", "pad"} or None, default=None
        See `decode_image`.
    dtype : str or None, default=None
        That of all images, see `decode_image`; None takes that of the first.

    Returns
    -------
    ndarray of shape (n_files, height, width, n_channels)
        Of this dtype, in the order of the paths; of uint8 if there are none.

    Raises
    ------
    ImageReadError
        Of the first file, in the order of the paths, that cannot be read, or has
        another dtype.
    ImportError
        If Pillow is missing.
    """
    like = "earlier ones"
    if dtype is None and len(paths):
        dtype, like = dtype_of_file(os.fsdecode(paths[0])), repr(os.fspath(paths[0]))
    shape = len(paths), *size, len(COLOR_MODES[color_mode])
    images = np.empty(shape, dtype or BYTES)
    n_threads = min(cpu_count(), MAX_THREADS)
    block = min(BLOCK, max(1, math.ceil(len(paths) / n_threads)))

    def read(start):
        for i in range(start, min(start + block, len(paths))):
            image = decode_image(paths[i], size, color_mode, crop_or_pad)
            if image.dtype != images.dtype:
                raise _of_another_dtype(paths[i], image.dtype, images.dtype, like)
            images[i] = image

    starts = range(0, len(paths), block)
    n_threads = min(n_threads, len(starts))
    if n_threads < 2:
        for start in starts:
            read(start)
        return images
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(read, starts):  # in order, and cancels the rest at an error
            pass
    return images


def _of_another_dtype(path, dtype, expected, like):
    return ImageReadError(
        os.fsdecode(path),
        f"it holds {HELD[dtype.name]}, but {like} {HELD[expected.name]}, and nothing "
        "says which numbers are equally bright",
        "Save all images with the same number of bits, or leave it out.",
    )
