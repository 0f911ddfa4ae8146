"""Rows of X as images that matplotlib can draw."""

import math

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from skdl._images import check_paths, check_size, looks_like_paths, read_images
from skdl._images._check import as_images, refuse_one_image
from skdl._images._shapes import shape_of_arrays, shape_of_rows
from skdl._splits import last_step
from skdl._validation import rows_of

FILE_SIZE = 128, 128  # at which files are read if nobody says another size
LUMA = 0.299, 0.587, 0.114  # how bright red, green and blue look (ITU-R BT.601)


def fitted_images(estimator):
    """What an estimator knows of images, in words of `images_of_rows`.

    Parameters
    ----------
    estimator : estimator
        Any fitted estimator, pipeline or search.

    Returns
    -------
    dict
        ``fitted_shape`` and ``color_mode``, as far as they are known.
    """
    last = last_step(getattr(last_step(estimator), "best_estimator_", estimator))
    return {
        "fitted_shape": getattr(last, "image_shape_", None),
        "color_mode": getattr(last, "color_mode", "rgb"),
    }


def refuse_one(estimator, X):
    """Tell a single image from an array of them, before its rows are taken for images.

    Parameters
    ----------
    estimator : estimator
        Any fitted estimator, pipeline or search.
    X : object
        What the user gave.

    Raises
    ------
    ValueError
        If X has the shape of one image that the estimator was fitted to.
    """
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        return  # what its first step takes is not known
    shape = fitted_images(estimator)["fitted_shape"]
    if shape is not None:
        refuse_one_image(X, shape)


def images_of_rows(
    X, rows, *, image_shape=None, image_size=None, fitted_shape=None, color_mode="rgb"
):
    """Some rows of X as images; of files, only these are read.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame
        Images, flat rows or paths.
    rows : ndarray of int
        Which.
    image_shape : tuple of int, int or None, default=None
        Of an image in a flat row.
    image_size : tuple of int, int or None, default=None
        Height and width at which files are read.
    fitted_shape : tuple of int or None, default=None
        What takes the place of either where it fits.
    color_mode : {"rgb", "grayscale", "rgba"}, default="rgb"
        Of files.

    Returns
    -------
    ndarray of shape (n, height, width, channels)
        The values in X.

    Raises
    ------
    ValueError
        If rows of X are no images.
    """
    if looks_like_paths(X):
        paths = check_paths(X)[rows]
        if image_size is None and fitted_shape is not None:
            return read_images(paths, fitted_shape[:2], color_mode)
        size = FILE_SIZE if image_size is None else check_size(image_size, "image_size")
        return read_images(paths, size, color_mode, "pad")
    X, _ = rows_of(BaseEstimator(), X, None, rows)
    X = as_images(X)
    X = X.toarray() if sp.issparse(X) else np.asarray(X)
    if X.ndim != 2:
        return X.reshape(-1, *shape_of_arrays(X.shape, image_shape))
    if image_shape is None and fitted_shape is not None:
        fits = math.prod(fitted_shape) == X.shape[1]
        image_shape = fitted_shape if fits else None
    return X.reshape(-1, *shape_of_rows(X.shape[1], image_shape))


def drawable(images):
    """Images of any range and number of channels as matplotlib draws them.

    Black is 0 and white is 255 for uint8. For other values they are the smallest and
    the largest of all the images, in all channels.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Numbers; NaN is drawn black.

    Returns
    -------
    ndarray of shape (n, height, width) or (n, height, width, 3 or 4)
        From 0 to 1: grey for one channel, colours for three, colours and opacity for
        four; for other numbers of channels their mean, grey.
    """
    low, high = 0.0, 255.0
    if images.dtype != np.uint8:
        images = images.astype(np.float64)
        finite = images[np.isfinite(images)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    span = high - low if high > low else 1.0
    scaled = np.nan_to_num((images - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    return scaled if scaled.shape[3] in (3, 4) else scaled.mean(axis=3)


def in_grey(images):
    """Drawable images without their colours.

    Parameters
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, 3 or 4)
        From `drawable`.

    Returns
    -------
    ndarray of shape (n, height, width)
        From 0 to 1; what is transparent is laid on white.
    """
    if images.ndim == 3:
        return images
    grey = images[..., :3] @ np.array(LUMA)
    if images.shape[3] == 4:
        opacity = images[..., 3]
        grey = opacity * grey + 1 - opacity
    return grey
