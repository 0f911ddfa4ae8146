"""Many image files as one array."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from joblib import cpu_count

from skdl._images._decode import COLOR_MODES, decode_image

MAX_THREADS = 8
BLOCK = 16  # files at most that a thread reads at a time


def read_images(paths, size, color_mode="rgb", crop_or_pad=None):
    """Read image files and bring them to one size.

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

    Returns
    -------
    ndarray of shape (n_files, height, width, n_channels)
        Of uint8, in the order of the paths.

    Raises
    ------
    ImageReadError
        Of the first file, in the order of the paths, that cannot be read.
    ImportError
        If Pillow is missing.
    """
    images = np.empty((len(paths), *size, len(COLOR_MODES[color_mode])), np.uint8)
    n_threads = min(cpu_count(), MAX_THREADS)
    block = min(BLOCK, max(1, math.ceil(len(paths) / n_threads)))

    def read(start):
        for i in range(start, min(start + block, len(paths))):
            images[i] = decode_image(paths[i], size, color_mode, crop_or_pad)

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
