"""Validation rows of the estimators around a user's Keras model."""

import numpy as np
import scipy.sparse as sp

from skdl._scales import remark_on_scale, some_rows


def encoded(estimator, X, y, sample_weight):
    """Validation rows as the model takes them.

    Parameters
    ----------
    estimator : BaseWrapper
        With fitted encoders.
    X, y, sample_weight : array-like
        As for ``fit``; the weights may be None.

    Returns
    -------
    tuple
        X and y, and the weights if there are any.
    """
    X, y = estimator._validate_data(X, estimator._in_form(y))
    if sample_weight is not None:
        X, y, sample_weight = estimator._validate_sample_weight(X, y, sample_weight)
    y = estimator.target_encoder_.transform(y)
    X = estimator.feature_encoder_.transform(X)
    return (X, y) if sample_weight is None else (X, y, sample_weight)


def plain(estimator, given):
    """Validation rows given in Keras's way, as arrays; text is encoded.

    Parameters
    ----------
    estimator : BaseWrapper
        With fitted encoders.
    given : object
        The argument `validation_data` of ``Model.fit``.

    Returns
    -------
    object
        A tuple of arrays, or what was given where it is no such thing.

    Raises
    ------
    ValueError
        If lengths differ.
    """
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        return given
    if any(isinstance(part, (dict, tuple)) for part in given):
        return given  # several inputs or outputs
    X, y, *weight = given
    if not sp.issparse(y) and np.asarray(y).dtype.kind in "OUS":
        return encoded(estimator, X, y, *(weight or [None]))
    parts = [part if sp.issparse(part) else np.asarray(part) for part in given]
    for name, part in zip(("y", "weights"), parts[1:], strict=False):
        if part.ndim and part.shape[0] != parts[0].shape[0]:
            raise ValueError(
                f"validation_data has {parts[0].shape[0]} rows in X and "
                f"{part.shape[0]} {name}. Give one for each row."
            )
    return tuple(parts)


def remark_on_scales(given, X, y):
    """Warn of validation rows on another scale; the last axis has the columns.

    Parameters
    ----------
    given : object
        From `encoded` or `plain`.
    X, y : array
        The training rows.
    """
    if not isinstance(given, tuple):
        return
    for name, part, like in zip(("X_val", "y_val"), given, (X, y), strict=False):
        alike = _is_numbers(part) and _is_numbers(like)
        if alike and part.shape[1:] == like.shape[1:]:
            remark_on_scale(name, *map(_columns_of, (part, like)))


def _is_numbers(part):
    return getattr(part, "ndim", 0) > 0 and np.dtype(part.dtype).kind == "f"


def _columns_of(part):
    n_columns = part.shape[-1] if part.ndim > 1 else 1
    if not sp.issparse(part):
        part = part.reshape(-1, n_columns)
    return some_rows(part)


def why_not_with(given, X, y):
    """Why the engine does not judge by some validation rows.

    Parameters
    ----------
    given : object
        From `encoded` or `plain`.
    X, y : array
        The training rows.

    Returns
    -------
    str or None
        Part of a sentence; None if it does.
    """
    if not isinstance(given, tuple):
        return "validation_data is no tuple of arrays"
    for part, like in zip(given, (X, y), strict=False):
        if sp.issparse(part) != sp.issparse(like) and sp.issparse(like):
            return "validation_data is dense and X is sparse"
        if part.shape[1:] != like.shape[1:]:
            return "validation_data has rows of another shape"
        if not np.can_cast(part.dtype, like.dtype, "same_kind"):
            return f"validation_data is of dtype {part.dtype}, and not {like.dtype}"
    return None


def as_training_rows(given, rows):
    """Validation rows of the dtypes of training rows.

    Parameters
    ----------
    given : tuple of array
        For which `why_not_with` is None.
    rows : tuple of array
        X, y and weights to train on.

    Returns
    -------
    tuple
        X, y and weights or None.
    """
    X, y, *weight = given
    if sp.issparse(X) and not sp.issparse(rows[0]):
        X = X.toarray()
    X, y = (part.astype(of.dtype) for part, of in zip((X, y), rows, strict=False))
    return X, y, (weight[0] if weight else None)


def stand_in(X):
    """An array with the shape and dtype of sparse rows, which holds nothing.

    Parameters
    ----------
    X : sparse matrix
        Any.

    Returns
    -------
    ndarray
        Of zeros, which take no memory.
    """
    return np.broadcast_to(np.zeros((), X.dtype), X.shape)


def last_rows_apart(rows, share):
    """The last rows for validation, as in ``Model.fit``.

    Parameters
    ----------
    rows : tuple
        X, y and weights or None.
    share : float
        Of rows, below one.

    Returns
    -------
    tuple of tuple
        Rows to train on, and rows to judge by.

    Raises
    ------
    ValueError
        If one of them is empty.
    """
    n_rows = rows[0].shape[0]
    first = int(np.floor(n_rows * (1.0 - share)))
    if not 0 < first < n_rows:
        raise ValueError(
            f"validation_split={share!r} leaves {first} of {n_rows} rows to train on "
            f"and {n_rows - first} to validate with. Give more rows or another share."
        )
    parts = [
        [None if a is None else a[part] for a in rows]
        for part in (slice(None, first), slice(first, None))
    ]
    return tuple(parts[0]), tuple(parts[1])
