"""Frames of pandas, Polars and Arrow, by what they have in common."""

import numpy as np


def is_frame(X):
    """Whether X has columns with a dtype for each.

    Parameters
    ----------
    X : object
        What the user gave.

    Returns
    -------
    bool
        True for frames of pandas and Polars and for tables of Arrow.
    """
    return hasattr(X, "columns") and len(getattr(X, "shape", ())) == 2


def labels_of(frame):
    """The names of the columns.

    Parameters
    ----------
    frame : DataFrame
        A frame.

    Returns
    -------
    list
        Usually of str.
    """
    return list(getattr(frame, "column_names", frame.columns))  # Arrow, others


def columns_of(frame):
    """The columns one by one.

    Parameters
    ----------
    frame : DataFrame
        A frame.

    Returns
    -------
    iterator of Series
        Each with a ``dtype`` or ``type`` and ``to_numpy``.
    """
    if hasattr(frame, "iloc"):  # pandas
        return (frame.iloc[:, i] for i in range(frame.shape[1]))
    if hasattr(frame, "itercolumns"):  # Arrow
        return frame.itercolumns()
    return frame.iter_columns()  # Polars


def as_matrix(frame):
    """The whole frame as an array if all columns hold numbers of NumPy.

    Parameters
    ----------
    frame : DataFrame
        A frame.

    Returns
    -------
    ndarray of shape (n_rows, n_columns) or None
        float64; None if the columns have to be looked at one by one.
    """
    if not hasattr(frame, "iloc"):
        return None
    if all(isinstance(d, np.dtype) and d.kind in "iuf" for d in frame.dtypes):
        return frame.to_numpy(np.float64)
    return None


def dtype_name(series):
    """What the library calls the dtype of a column.

    Parameters
    ----------
    series : Series
        A column.

    Returns
    -------
    str
        In lower case.
    """
    return str(getattr(series, "dtype", getattr(series, "type", ""))).lower()


def values_of(series):
    """The values of a column that is not of pandas' ``category`` dtype.

    Parameters
    ----------
    series : Series or Index
        A column.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of a dtype for numbers (gaps are NaN) or booleans, or else of objects.
    """
    if dtype_name(series).startswith("dictionary") and hasattr(series, "to_pylist"):
        # Arrow's own to_numpy fills the gaps with the last category
        return np.array(series.to_pylist(), dtype=object)
    dtype = getattr(series, "dtype", None)
    if getattr(dtype, "kind", "O") in "iuf" and not isinstance(dtype, np.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.asarray(series.to_numpy())
    # rows of a nested column stay together
    return values if values.ndim == 1 else np.fromiter(values, dtype=object)
