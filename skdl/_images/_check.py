"""X of an estimator for images: arrays, flat rows or paths, checked."""

import math

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_array

from skdl._images._paths import check_paths, looks_like_paths
from skdl._images._shapes import shape_of_arrays, shape_of_files, shape_of_rows, told
from skdl._validation import DATES, check_inputs, remedies

DTYPES = (np.float64, np.float32, np.uint8)  # kept; others become float64


def check_images(
    estimator,
    X,
    *,
    reset,
    image_shape=None,
    image_size=None,
    color_mode="rgb",
    name="X",
):
    """Check X, and give images their channel axis.

    Parameters
    ----------
    estimator : BaseEstimator
        If `reset`, it gets ``image_shape_``, ``n_features_in_`` (the number of values
        of an image), and ``feature_names_in_`` from a frame with names of text.
    X : array-like, sparse matrix or DataFrame
        Images of shape (n, height, width) or (n, height, width, channels), flat rows of
        shape (n, n_features), or n paths.
    reset : bool
        True in ``fit``.
    image_shape : tuple of int or None, default=None
        The parameter of the estimator, read only if `reset`.
    image_size : tuple of int, int or None, default=None
        Likewise: height and width to which files are brought.
    color_mode : {"rgb", "grayscale", "rgba"}, default="rgb"
        Likewise, of files.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray of shape (n, height, width, channels) or (n,)
        float64, float32 or uint8; or paths, which are not read yet.

    Raises
    ------
    ValueError
        For shapes that do not fit, NaN, infinity, and text that is no path.
    """
    if looks_like_paths(X):
        X = check_paths(X, name)
        if reset:
            _remember(estimator, shape_of_files(image_size, color_mode))
        return X
    if not hasattr(X, "ndim") or X.ndim == 1:
        X = _as_array(X, name)
    _refuse_text_and_dates(X, name)
    if X.ndim <= 2:
        X = check_inputs(estimator, X, reset=reset, name=name, dtypes=DTYPES)
        if reset:
            estimator.image_shape_ = shape_of_rows(X.shape[1], image_shape)
        X = X.toarray() if sp.issparse(X) else X
        return X.reshape(-1, *estimator.image_shape_)
    X = _check_arrays(estimator, X, name)
    if reset:
        _remember(estimator, shape_of_arrays(X.shape, image_shape))
    shape = estimator.image_shape_
    if X.shape[1:] not in {shape, shape[:2] if shape[2] == 1 else shape}:
        raise ValueError(
            f"{name} has images of shape {told(X.shape[1:])}, but "
            f"{type(estimator).__name__} was fitted to images of shape {told(shape)}. "
            "Give images of that shape; ImageLoader and skimage.transform.resize "
            "change sizes."
        )
    return X.reshape(-1, *shape)


def _remember(estimator, shape):
    """The shape of images which have no columns with names."""
    estimator.image_shape_ = shape
    estimator.n_features_in_ = math.prod(shape)
    vars(estimator).pop("feature_names_in_", None)


def _as_array(X, name):
    """Lists as an array; a column of arrays, such as a series, as images."""
    try:
        X = np.asarray(X)
        return np.asarray(list(X)) if X.ndim == 1 and X.dtype == object else X
    except ValueError:
        raise ValueError(
            f"The images in {name} differ in shape, or are no images. Bring them to "
            "one shape first; ImageLoader does so for files."
        ) from None


def _refuse_text_and_dates(X, name):
    kind = getattr(getattr(X, "dtype", None), "kind", None)  # frames have no dtype
    if kind in ("m", "M"):
        raise ValueError(f"{name} holds dates or times. {DATES}")
    if kind in ("U", "S"):
        raise ValueError(
            f"{name} holds text, for example {X.ravel()[:1].tolist()}. Give images as "
            "numbers, or one column with their paths, str or pathlib.Path."
        )


def _check_arrays(estimator, X, name):
    with remedies(name):
        X = check_array(
            X,
            allow_nd=True,
            dtype=list(DTYPES),
            ensure_all_finite=False,
            estimator=estimator,
            input_name=name,
        )
    if X.dtype == np.uint8:
        return X
    with np.errstate(all="ignore"):
        if np.isfinite(X.sum()):  # quick; may overflow for finite values
            return X
    for test, what in [(np.isnan, "NaN"), (np.isinf, "infinity")]:
        if test(X).any():
            place = np.argwhere(test(X))[0].tolist()
            raise ValueError(
                f"Input {name} contains {what}, first in image {place[0]} at row "
                f"{place[1]}, column {place[2]}. Replace such values, for example by "
                "np.nan_to_num, or leave such images out."
            )
    return X
