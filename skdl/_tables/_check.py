"""X of an estimator for tables, checked as scikit-learn does."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_array, validate_data

from skdl._tables._columns import TableColumns
from skdl._tables._frames import is_frame
from skdl._validation import refuse_repeated_names, remedies

DENSE_BYTES = 2**28  # of sparse rows made dense; more of them should stay sparse


def check_table(estimator, X, *, reset, categorical_features="from_dtype", name="X"):
    """Check X, and code its categories.

    Parameters
    ----------
    estimator : BaseEstimator
        If `reset`, it gets ``n_features_in_``, ``feature_names_in_`` (from a frame with
        names of text) and ``_columns``, the `TableColumns` that later calls use.
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        What the user gave.
    reset : bool
        True in ``fit``.
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Which columns are categorical, see `TableColumns.fit`; read only if `reset`.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        float64, see `TableColumns.transform`. May be X itself.

    Raises
    ------
    ValueError
        For wrong shapes or names, dates, infinity, complex numbers, columns that mix
        text with numbers, and sparse rows that take too much memory when dense.
    TypeError
        For values that are neither text nor numbers.
    """
    X = _checked(estimator, X, reset, name)
    if not reset:
        return estimator._columns.transform(X, name)
    estimator._columns, codes = TableColumns.fit_transform(
        X, categorical_features, name=name
    )
    return codes


def _checked(estimator, X, reset, name):
    """A frame as it is, anything else as a dense array of whatever dtype."""
    with remedies(name):
        if is_frame(X):
            refuse_repeated_names(X, name)
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            # takes no memory, and is refused if it has no rows or columns
            check_array(np.broadcast_to(0.0, X.shape), estimator=estimator)
            if hasattr(X, "sparse"):  # pandas: all columns are sparse
                _refuse_too_many(X, reset, name)
            return X
        checked = validate_data(
            estimator,
            X,
            accept_sparse="csr",
            dtype=None,
            reset=reset,
            ensure_all_finite=False,
        )
    if sp.issparse(checked):
        _refuse_too_many(checked, reset, name)
        return checked.toarray()
    if checked.dtype.kind in "US" and isinstance(X, list | tuple):
        return np.array(X, dtype=object)  # numbers beside text are still numbers
    return np.asarray(checked)


def _refuse_too_many(X, reset, name):
    n_bytes = 8 * X.shape[0] * X.shape[1]
    if n_bytes <= DENSE_BYTES:
        return
    remedy = (
        "Use DenseClassifier or DenseRegressor, which stream sparse rows, or reduce "
        "the columns first, for example with TruncatedSVD."
        if reset
        else "Give fewer rows at a time."
    )
    raise ValueError(
        f"{name} is sparse, and would take {n_bytes / 2**30:.3g} GiB when dense; "
        f"tables may take {DENSE_BYTES / 2**30:.3g} GiB. {remedy}"
    )
