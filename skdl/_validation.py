"""Checks of X, y and weights, and their messages; private scikit-learn lives here."""

import numbers
from collections import Counter
from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.metrics._scorer import _MultimetricScorer as MultimetricScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import (
    _fit_and_score as fit_and_score,
)
from sklearn.model_selection._validation import (
    _insert_error_scores as insert_error_scores,
)
from sklearn.model_selection._validation import (
    _warn_or_raise_about_fit_failures as warn_or_raise_about_fit_failures,
)
from sklearn.utils import Tags, TargetTags, get_tags
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_method_params,
    _check_sample_weight,
    _num_samples,
    check_array,
    indexable,
    validate_data,
)

__all__ = [
    "BaseComposition",
    "BaseSearchCV",
    "HasMethods",
    "Interval",
    "MultimetricScorer",
    "Options",
    "StrOptions",
    "check_inputs",
    "check_network_inputs",
    "check_network_targets",
    "check_one_or_per_layer",
    "check_same_length",
    "check_weights",
    "first_place",
    "fit_and_score",
    "fit_params_of_rows",
    "indexable_rows",
    "insert_error_scores",
    "names_of_inputs",
    "non_negative",
    "plain_weights",
    "refuse_repeated_names",
    "remedies",
    "rows_of",
    "scorer_takes_weights",
    "tags_of",
    "validate_parameter_constraints",
    "validate_params",
    "warn_or_raise_about_fit_failures",
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


def tags_of(estimator):
    """The tags of an estimator; for one without any, those that promise nothing.

    Parameters
    ----------
    estimator : estimator
        Of scikit-learn, or with the same methods.

    Returns
    -------
    sklearn.utils.Tags
        Its ``estimator_type`` is None if the estimator has no tags.
    """
    if hasattr(estimator, "__sklearn_tags__"):
        return get_tags(estimator)
    return Tags(estimator_type=None, target_tags=TargetTags(required=True))


def scorer_takes_weights(scorer):
    """Whether a scorer's metric takes ``sample_weight``.

    Parameters
    ----------
    scorer : callable
        Made by ``check_scoring`` or ``make_scorer``, or a function.

    Returns
    -------
    bool
        False for functions that are not made by scikit-learn.
    """
    return hasattr(scorer, "_accept_sample_weight") and scorer._accept_sample_weight()


def names_of_inputs(estimator, input_features, *, generate):
    """Names of the columns of X, for ``get_feature_names_out``.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    input_features : array-like of str or None
        What the user gave.
    generate : bool
        Whether columns without names are called x0, x1, ...

    Returns
    -------
    ndarray of str or None
        The names.
    """
    return _check_feature_names_in(estimator, input_features, generate_names=generate)


def indexable_rows(X, y, name):
    """X and y such that rows can be taken from them, and of one length.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Rows; also lists, and what only a pipeline's first step understands.
    y : array-like of shape (n_samples, ...)
        Targets.
    name : str
        Whose ``fit`` it is, for the message.

    Returns
    -------
    tuple
        X and y.

    Raises
    ------
    ValueError
        If y is missing or has another length.
    """
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None. Give one "
            "target for each row of X."
        )
    n_rows, n_targets = _num_samples(X), _num_samples(y)
    if n_rows != n_targets:
        raise ValueError(
            f"X has {n_rows} rows, but y has {n_targets}. Give one target for each row."
        )
    return tuple(indexable(X, y))


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
    if not hasattr(estimator, "__sklearn_tags__"):
        estimator = BaseEstimator()  # no tags: X is a table
    return _safe_split(estimator, X, y, rows, train)


def fit_params_of_rows(X, params, rows=None):
    """Arguments of ``fit`` for some rows; those without a value for each row stay.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        All rows.
    params : dict or None
        Arguments by name.
    rows : ndarray of int, default=None
        Which; all of them if None.

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


NUMBERS = (np.float64, np.float32)  # dtypes that X may keep; others become the first


def check_inputs(estimator, X, *, reset, name="X", dtypes=NUMBERS):
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
    dtypes : sequence of dtype, default=(float64, float32)
        Which X may keep; any other becomes the first.

    Returns
    -------
    ndarray or csr_matrix
        Of one of the dtypes.

    Raises
    ------
    ValueError
        For text, NaN, infinity, wrong shapes, wrong names.
    """
    refuse_repeated_names(X, name)
    _refuse_columns(X, name)
    with remedies(name):
        X = validate_data(
            estimator,
            X,
            accept_sparse="csr",
            dtype=list(dtypes),
            reset=reset,
            ensure_all_finite=False,
        )
    _refuse_gaps(estimator, X, name)
    return X


def check_network_inputs(estimator, X, *, reset):
    """Check X for a network that takes numbers of any dtype in any number of axes.

    Parameters
    ----------
    estimator : BaseEstimator
        As for `check_inputs`.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, ...)
        What the user gave; two axes or more.
    reset : bool
        True in ``fit``.

    Returns
    -------
    ndarray or csr_matrix
        Of its own dtype; text that holds numbers becomes float64.

    Raises
    ------
    ValueError
        For text, NaN, infinity, wrong shapes, wrong names.
    """
    refuse_repeated_names(X, "X")
    _refuse_columns(X, "X")
    with remedies("X"):
        X = validate_data(
            estimator,
            X,
            accept_sparse="csr",
            dtype="numeric",
            reset=reset,
            allow_nd=True,
            ensure_all_finite=False,
        )
        if X.dtype.kind == "O":  # a list with None in it
            X = X.astype(np.float64)
    _refuse_gaps(estimator, X, "X")
    return X


def check_network_targets(estimator, y, *, numeric):
    """Check y for a network whose encoder decides what it means.

    Parameters
    ----------
    estimator : BaseEstimator
        Named in messages.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        What the user gave.
    numeric : bool
        Whether text is an error.

    Returns
    -------
    ndarray
        Of its own dtype.

    Raises
    ------
    ValueError
        For NaN, infinity, wrong shapes.
    """
    if np.asarray(y).dtype.kind == "O":
        if numeric:
            y = np.asarray(y, np.float64)
        elif any(value is None for value in np.ravel(np.asarray(y))):
            raise ValueError("y contains None. Leave such rows out, or name the label.")
    return check_array(
        y,
        ensure_2d=False,
        dtype="numeric" if numeric else None,
        input_name="y",
        estimator=estimator,
    )


def plain_weights(sample_weight, X, *, dtype):
    """Row weights as they are, in a new array.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or float
        What the user gave.
    X : array of shape (n_samples, ...)
        The rows.
    dtype : dtype
        Of the result.

    Returns
    -------
    ndarray of shape (n_samples,)
        One weight for each row.

    Raises
    ------
    ValueError
        For NaN, infinity and wrong lengths.
    """
    return _check_sample_weight(
        sample_weight, X, dtype=dtype, copy=True, allow_all_zero_weights=True
    )


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


def refuse_repeated_names(X, argument):
    """Name the first column of a frame whose name occurs again.

    Parameters
    ----------
    X : object
        What the user gave.
    argument : str
        The argument's name, for the message.

    Raises
    ------
    ValueError
        If there is one, which scikit-learn would refuse with fewer words.
    """
    labels = getattr(X, "column_names", getattr(X, "columns", ()))  # Arrow, others
    for label, n_times in Counter(labels).items():
        if n_times > 1:
            times = "twice" if n_times == 2 else f"{n_times} times"
            raise ValueError(
                f"Column {label!r} of {argument} occurs {times}, but names must "
                "differ. Rename one of them, or drop it."
            )


def _refuse_columns(X, argument):
    """Name the first column of a data frame that holds text, dates or times."""
    if getattr(getattr(X, "dtype", None), "kind", "O") in "mM":
        raise ValueError(f"{argument} holds dates or times. {DATES}")
    if not hasattr(X, "iloc") or X.ndim != 2:  # pandas alone keeps text as objects
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
        place = first_place(test, X)
        if place is None:
            continue
        row, column, *further = place
        names = getattr(estimator, "feature_names_in_", None)
        column = column if names is None else repr(names[column])
        where = f"at {list(place)}" if further else f"row {row}, column {column}"
        raise ValueError(
            f"Input {argument} contains {name} ({where}). {remedy} in a Pipeline "
            f"before {type(estimator).__name__}."
        )


def first_place(test, X):
    """Where the first value stands that a test finds.

    Parameters
    ----------
    test : callable
        From an array to a boolean array, such as ``np.isinf``.
    X : ndarray or csr_matrix of shape (n_rows, n_columns)
        Values; those that a sparse matrix does not store are not tested.

    Returns
    -------
    tuple of int or None
        Row and column; None if there is no such value.
    """
    found = test(X.data if sp.issparse(X) else X)
    if not found.any():
        return None
    if not sp.issparse(X):
        return tuple(np.argwhere(found)[0].tolist())
    place = np.flatnonzero(found)[0]
    row = np.searchsorted(X.indptr, place, side="right") - 1
    return int(row), int(X.indices[place])


@contextmanager
def remedies(name):
    """Say in scikit-learn's messages which argument it is, then what to do.

    Parameters
    ----------
    name : str
        The argument's name.
    """
    try:
        yield
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
