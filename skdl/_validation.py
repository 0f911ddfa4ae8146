"""Checks of X, y and weights, and their messages; private scikit-learn lives here."""

import numbers

import numpy as np
import scipy.sparse as sp
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import (
    _check_method_params,
    _check_sample_weight,
    validate_data,
)

__all__ = [
    "Interval",
    "StrOptions",
    "check_inputs",
    "check_one_or_per_layer",
    "check_same_length",
    "check_weights",
    "fit_params_of_rows",
    "non_negative",
    "rows_of",
]


DATES = "Turn dates and times into numbers first, for example days since a date."
# part of scikit-learn's message -> what to do about it
REMEDIES = {
    "could not convert string": "Encode text columns of X first, for example with "
    "OneHotEncoder in a ColumnTransformer, or drop them.",
    "features, but": "Pass the columns that fit saw.",
    "while a minimum of": "Give at least one row and one column.",
}


def non_negative(kind=numbers.Real):
    """A constraint for `_parameter_constraints`: numbers from zero."""
    return Interval(kind, 0, None, closed="left")


def rows_of(estimator, X, y, rows, train=None):
    """Some rows of X and y, as scikit-learn's cross-validation takes them.

    Parameters
    ----------
    estimator : BaseEstimator
        Its tags say whether X is a matrix of kernels or distances.
    X, y : array-like of shape (n_samples, ...)
        All rows, all targets; y may be None.
    rows : ndarray of int
        Which.
    train : ndarray of int, default=None
        The training rows, which are the columns of a matrix of kernels.

    Returns
    -------
    tuple
        X and y of these rows.
    """
    return _safe_split(estimator, X, y, rows, train)


def fit_params_of_rows(X, params, rows):
    """Arguments of ``fit`` for some rows; those without a value for each row stay.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        All rows.
    params : dict or None
        Arguments by name.
    rows : ndarray of int
        Which.

    Returns
    -------
    dict
        A new one.
    """
    return _check_method_params(X, params=params or {}, indices=rows)


def check_one_or_per_layer(name, value, *, below=np.inf):
    """Check a number or a sequence of numbers in [0, below).

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    value : float or sequence of float
        What the user gave.
    below : float, default=inf
        The end of the allowed range, itself not allowed.

    Raises
    ------
    ValueError
        If a value is no number or out of range.
    """
    values = value if isinstance(value, (tuple, list)) else [value]
    for v in values:
        if not isinstance(v, numbers.Real) or not 0 <= v < below:
            upper = "" if below == np.inf else f" and below {below}"
            raise ValueError(
                f"{name}={value!r} must be a number of at least 0{upper}, or one such "
                "number for each hidden layer."
            )


def check_inputs(estimator, X, *, reset, name="X"):
    """Check X as scikit-learn does, and say where it is wrong.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets ``n_features_in_`` and ``feature_names_in_`` if `reset`.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        What the user gave.
    reset : bool
        True in ``fit``.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray or csr_matrix
        Of float64 or float32.

    Raises
    ------
    ValueError
        For text, NaN, infinity, wrong shapes, wrong names.
    """
    _refuse_columns(X, name)
    try:
        X = validate_data(
            estimator,
            X,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            reset=reset,
            ensure_all_finite=False,
        )
    except ValueError as error:
        text = " ".join(str(error).split())
        if name != "X" and text.startswith("X "):
            text = name + text[1:]
        for part, remedy in REMEDIES.items():
            if part in text:
                raise ValueError(f"{text.rstrip('.')}. {remedy}") from None
        raise
    except TypeError as error:
        if "datetime" not in str(error):
            raise
        raise ValueError(f"{name} holds dates. {DATES}") from None
    _refuse_gaps(estimator, X, name)
    return X


def check_same_length(X, y, names=("X", "y")):
    """One target for each row.

    Parameters
    ----------
    X, y : array of shape (n_samples, ...)
        Checked rows and targets.
    names : tuple of str, default=("X", "y")
        The arguments' names, for the message.

    Raises
    ------
    ValueError
        If their lengths differ.
    """
    if X.shape[0] != y.shape[0]:
        raise ValueError(
            f"{names[0]} has {X.shape[0]} rows, but {names[1]} has {y.shape[0]}. Give "
            "one target for each row."
        )


def check_weights(sample_weight, X, name="sample_weight"):
    """Row weights as float64, ones where there are none.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
        What the user gave.
    X : array of shape (n_samples, ...)
        The rows.
    name : str, default="sample_weight"
        The parameter's name, for the message.

    Returns
    -------
    ndarray of shape (n_samples,)
        A new array.

    Raises
    ------
    ValueError
        For NaN, negative weights, wrong lengths, or if all are zero.
    """
    try:
        weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True, copy=True
        )
    except ValueError as error:
        raise ValueError(
            f"{name} is wrong: {error} Give one finite weight of at least 0 for each "
            f"of the {X.shape[0]} rows."
        ) from None
    if not weight.any():
        raise ValueError(
            f"{name} is zero for all {len(weight)} rows. Give at least one row a "
            "positive weight."
        )
    # Only ratios count, and sums must not overflow; a power of two rounds nothing.
    return np.ldexp(weight, -np.frexp(weight.max())[1])


def _refuse_columns(X, argument):
    """Name the first column of a data frame that holds text, dates or times."""
    if getattr(getattr(X, "dtype", None), "kind", "O") in "mM":
        raise ValueError(f"{argument} holds dates or times. {DATES}")
    if not hasattr(X, "iloc"):  # pandas alone keeps text in columns of objects
        return
    for i, (name, dtype) in enumerate(zip(X.columns, X.dtypes, strict=True)):
        kind = getattr(dtype, "kind", "O")
        if kind in "mM":
            raise ValueError(
                f"Column {name!r} of {argument} holds dates or times. {DATES}"
            )
        if kind not in "OUS":
            continue
        first = next((v for v in X.iloc[:, i] if isinstance(v, str)), None)
        if first is not None:
            raise ValueError(
                f"Column {name!r} of {argument} holds text, for example {first!r}. "
                "Encode it first, for example with OneHotEncoder in a "
                "ColumnTransformer, or drop it."
            )


def _refuse_gaps(estimator, X, argument):
    """Refuse NaN and infinity, saying where."""
    values = X.data if sp.issparse(X) else X
    # a sum is finite only if all are, and is quick; it may overflow for finite values
    with np.errstate(all="ignore"):
        if np.isfinite(values.sum()):
            return
    for test, name, remedy in [
        (np.isnan, "NaN", "Fill the gaps, for example with SimpleImputer,"),
        (np.isinf, "infinity", "Replace such values"),
    ]:
        bad = test(values)
        if not bad.any():
            continue
        if sp.issparse(X):
            where = np.flatnonzero(bad)[0]
            row = np.searchsorted(X.indptr, where, side="right") - 1
            column = X.indices[where]
        else:
            row, column = np.argwhere(bad)[0]
        names = getattr(estimator, "feature_names_in_", None)
        column = column if names is None else repr(names[column])
        raise ValueError(
            f"Input {argument} contains {name} (row {row}, column {column}). {remedy} "
            f"in a Pipeline before {type(estimator).__name__}."
        )
