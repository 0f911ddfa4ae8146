"""X of an estimator for images: arrays, flat rows or paths, checked."""

import math
import reprlib

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_array

from skdl._images._paths import DECODE, check_paths, column_of_paths, looks_like_paths
from skdl._images._shapes import (
    check_shape,
    shape_of_arrays,
    shape_of_files,
    shape_of_rows,
    told,
)
from skdl._images._size import check_size
from skdl._validation import DATES, check_inputs, refuse_repeated_names, remedies

# kept; others become float64, or float32 if it holds all their values
DTYPES = (np.float64, np.float32, np.uint8)
SMALL = {"bool", "int8", "int16", "uint16", "float16"}
FORMS = (
    "Give an array of shape (n, height, width) or (n, height, width, channels), flat "
    "rows of shape (n, n_features), or one column of paths."
)


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
    image_shape : tuple of int, int or None, default=None
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
    if reset and image_size is not None:
        check_size(image_size, "image_size")
    if reset and image_shape is not None:
        check_shape(image_shape)
    if looks_like_paths(X) or isinstance(X, bytes):
        X = check_paths(X, name)
        if reset:
            shape = shape_of_files(image_size, color_mode, image_shape)
            _remember(estimator, shape)
        return X
    _refuse_columns_beside_paths(X, name)
    X = as_images(X, name)
    _refuse_other_values(X, name)
    if not reset:
        refuse_one_image(X, estimator.image_shape_, name)
    if X.ndim <= 2:
        dtypes = _dtypes(X)
        X = check_inputs(estimator, X, reset=reset, name=name, dtypes=dtypes)
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


def as_images(X, name="X"):
    """Lists as an array; a column of arrays, such as a series, as images.

    Parameters
    ----------
    X : object
        What the user gave, no paths.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray, DataFrame or sparse matrix
        X itself, if it is no list and no such column.

    Raises
    ------
    ValueError
        If it has no rows, or these differ in shape.
    """
    if hasattr(X, "ndim") and X.ndim != 1 and not _is_column_of_arrays(X):
        array = X
    else:
        try:
            array = np.asarray(X)
            if array.dtype == object and (array.ndim == 1 or _is_column_of_arrays(X)):
                array = np.asarray(list(array.ravel()))
        except ValueError:
            raise ValueError(
                f"The images in {name} differ in shape, or are no images. Bring them "
                "to one shape first; ImageLoader does so for files."
            ) from None
    if array.ndim == 0:
        is_plain = X is None or np.isscalar(X) or hasattr(X, "ndim")
        what = reprlib.repr(X) if is_plain else f"of type {type(X).__name__}"
        raise ValueError(f"{name} is {what}, but images are expected. {FORMS}")
    has_no_columns = hasattr(array, "dtypes") and array.shape[1] == 0
    if has_no_columns or (array.shape[0] == 0 and array.ndim != 2):
        raise ValueError(
            f"{name} is empty, with shape {told(array.shape)}, but at least one image "
            f"is expected. {FORMS}"
        )
    if array.ndim == 1 and array.dtype == object:
        what = reprlib.repr(array[0])
        raise ValueError(f"{name} holds {what} where an image is expected. {FORMS}")
    return array


def refuse_one_image(X, image_shape, name="X"):
    """Tell a single image from an array of them.

    Parameters
    ----------
    X : object
        What the user gave.
    image_shape : tuple of int
        What was fitted, ``(height, width, channels)``.
    name : str, default="X"
        The argument's name, for the message.

    Raises
    ------
    ValueError
        If X has the shape of one image, and not that of several or of flat rows.
    """
    shape = tuple(getattr(X, "shape", ()))
    several = shape[1:] in (image_shape, image_shape[: 2 + (image_shape[2] > 1)])
    several = several or shape[1:] == (math.prod(image_shape),)
    if shape in (image_shape, image_shape[:2]) and not several:
        raise ValueError(
            f"{name} is one image of shape {told(shape)}, but several are expected. "
            f"Give an array of images: {name}[np.newaxis]."
        )


def _is_column_of_arrays(X):
    """Whether X is a frame or an array of objects with one column, of arrays."""
    if len(getattr(X, "shape", ())) != 2 or X.shape[1] != 1 or sp.issparse(X):
        return False
    values = np.asarray(X).ravel()
    return values.dtype == object and len(values) > 0 and np.ndim(values[0]) > 0


def _refuse_columns_beside_paths(X, name):
    refuse_repeated_names(X, name)
    label = column_of_paths(X)
    if label is not None:
        raise ValueError(
            f"{name} has columns beside {label!r}, which holds paths. Choose the "
            f"column of paths: {name}[[{label!r}]]."
        )


def _refuse_other_values(X, name):
    """Refuse complex numbers, and of arrays text and dates."""
    dtypes = X.dtypes if hasattr(X, "dtypes") else [getattr(X, "dtype", None)]
    kinds = {getattr(dtype, "kind", None) for dtype in dtypes}
    if "c" in kinds:
        raise ValueError(
            f"Complex data not supported: {name} has complex numbers. Give real ones, "
            f"for example np.abs({name})."
        )
    if hasattr(X, "dtypes"):
        return  # check_inputs names the column
    if kinds & {"m", "M"}:
        raise ValueError(f"{name} holds dates or times. {DATES}")
    if kinds & {"U", "S"}:
        remedy = f" {DECODE}" if "S" in kinds else ""
        raise ValueError(
            f"{name} holds text, for example {X.ravel()[:1].tolist()}. Give images as "
            f"numbers, or one column with their paths, str or pathlib.Path.{remedy}"
        )


def _dtypes(X):
    """Those that X may keep; any other becomes the first."""
    dtypes = set(X.dtypes if hasattr(X, "dtypes") else [getattr(X, "dtype", None)])
    # frames may have others than NumPy's
    if not all(isinstance(d, np.dtype) and d.kind in "biuf" for d in dtypes):
        return DTYPES
    small = dtypes and np.result_type(*dtypes).name in SMALL
    return (np.float32, np.float64, np.uint8) if small else DTYPES


def _check_arrays(estimator, X, name):
    with remedies(name):
        X = check_array(
            X,
            allow_nd=True,
            dtype=list(_dtypes(X)),
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
