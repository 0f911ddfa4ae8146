"""Numbers of a user's series: text, gaps and unknown columns are refused."""

import numpy as np
import scipy.sparse as sp

from skdl._series._index import told
from skdl._validation import refuse_repeated_names

GAPS = "Fill the gaps, for example with interpolate()."


def has_labels(values):
    """Whether it is a Series or a DataFrame of pandas.

    Parameters
    ----------
    values : object
        What the user gave.

    Returns
    -------
    bool
        False for arrays and lists.
    """
    return hasattr(values, "iloc") and hasattr(values, "index")


def as_numbers(values, argument):
    """float64 numbers with one or two axes.

    Parameters
    ----------
    values : array-like, Series or DataFrame
        What the user gave.
    argument : str
        The argument's name, for the message.

    Returns
    -------
    ndarray
        May be the user's own.

    Raises
    ------
    ValueError
        For text, dates, complex numbers, and other numbers of axes.
    """
    if sp.issparse(values):
        values = values.toarray()
    if has_labels(values):
        refuse_repeated_names(values, argument)
        array = _of_frame(values)
    else:
        try:
            array = np.asarray(values)
        except ValueError:
            raise ValueError(
                f"{argument} has rows of different length. Give one number for each "
                "step and column; several series come as a list of arrays or a dict."
            ) from None
    first = None
    if array.dtype.kind in "OUS":
        first = next((v for v in array.flat if isinstance(v, (str, bytes))), None)
    if first is not None or array.dtype.kind in "mMc":
        what = f"text, for example {str(first)!r}"
        if first is None:
            what = "complex numbers" if array.dtype.kind == "c" else "dates or times"
        raise ValueError(f"{argument} holds {what}. Give real numbers.")
    if array.ndim not in (1, 2) or (array.ndim == 2 and not array.shape[1]):
        raise ValueError(
            f"{argument} has the shape {array.shape}. Give one axis, or steps and "
            "columns; several series come as a list of arrays or a dict."
        )
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{argument} holds what is no number.") from None


def _of_frame(values):
    """Numbers of a Series or DataFrame; missing ones of any dtype are NaN."""
    try:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return values.to_numpy()


def refuse_gaps(values, index, argument, *, names=None):
    """Refuse NaN and infinity, saying when.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
        Numbers.
    index : pandas.Index
        Labels of the rows.
    argument : str
        The argument's name, for the message.
    names : sequence or None, default=None
        Names of the columns.

    Raises
    ------
    ValueError
        If there are such values.
    """
    bad = np.argwhere(~np.isfinite(values))
    if not len(bad):
        return
    row, column = bad[0]
    where = told(index, row)
    if values.shape[1] > 1 or names is not None:
        where += f", column {column if names is None else repr(names[column])}"
    what = "NaN" if np.isnan(values[row, column]) else "infinity"
    raise ValueError(f"{argument} has {what} at {where}. {GAPS}")


def in_order(frame, names, argument):
    """Columns in the order in which fit saw them.

    Parameters
    ----------
    frame : array-like, Series or DataFrame
        What the user gave; only frames have columns with names.
    names : pandas.Index or None
        Names of columns; None if fit saw none.
    argument : str
        The argument's name, for the message.

    Returns
    -------
    array-like, Series or DataFrame
        With those columns.

    Raises
    ------
    ValueError
        If columns are missing, or unknown.
    """
    if names is None or not has_labels(frame) or frame.ndim != 2:
        return frame
    missing = [name for name in names if name not in frame.columns]
    more = [name for name in frame.columns if name not in names]
    if missing or more:
        what = (
            f"lacks the column {missing[0]!r}"
            if missing
            else f"has a column {more[0]!r} too many"
        )
        raise ValueError(f"{argument} {what}. Give the columns {list(names)}.")
    return frame[names]
