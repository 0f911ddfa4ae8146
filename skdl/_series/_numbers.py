"""Numbers of a user's series: text, gaps and unknown columns are refused."""

import re
from datetime import date, timedelta
from decimal import Decimal
from numbers import Number, Real

import numpy as np
import scipy.sparse as sp

from skdl._series._index import told
from skdl._validation import refuse_repeated_names

GAPS = "Fill the gaps, for example with interpolate()."
DATES = "dates or times"
DURATIONS = "durations"
CATEGORIES = "categories"
TEXT = "text, for example "


def counted(n, what):
    """A number with its noun.

    Parameters
    ----------
    n : int
        How many.
    what : str
        Of what; the singular.

    Returns
    -------
    str
        "1 column", "2 columns".
    """
    return f"{n} {what}{'s' * (n != 1)}"


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
        A new one; what is missing is NaN.

    Raises
    ------
    ValueError
        For text, dates, complex numbers, and other numbers of axes.
    """
    if sp.issparse(values):
        values = values.toarray()
    if has_labels(values):
        refuse_repeated_names(values, argument)
        _refuse_columns(values, argument)
        _refuse_shape(values.shape, argument)
        return values.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{argument} has rows of different length. Give one number for each "
            "step and column; several series come as a list of arrays or a dict."
        ) from None
    if array.ndim == 0:
        number = values is None or isinstance(values, Number)
        raise ValueError(
            f"{argument} must be an array, a Series or a DataFrame, and not "
            f"{values if number else type(values).__name__}."
        )
    if array.dtype.kind not in "biuf":
        what = _of_kind(array.dtype.kind) or _of_objects(array.flat)
        if what is not None:
            raise ValueError(f"{argument} holds {what}. {_remedy(what, None)}")
    _refuse_shape(array.shape, argument)
    if array.dtype.kind == "O":
        import pandas as pd

        array = np.where(pd.isna(array), np.nan, array)
    return array.astype(np.float64)


def _refuse_shape(shape, argument):
    if len(shape) == 2 and not shape[1]:
        raise ValueError(f"{argument} has no columns. Give at least one.")
    if len(shape) > 2:
        raise ValueError(
            f"{argument} has the shape {shape}. Give one axis, or steps and columns; "
            "several series come as a list of arrays or a dict."
        )


def _refuse_columns(values, argument):
    """Refuse the first column of a Series or DataFrame that holds no real numbers."""
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    columns = values.items() if values.ndim == 2 else [(None, values)]
    for name, column in columns:
        if is_complex_dtype(column.dtype):
            what = "complex numbers"
        elif is_numeric_dtype(column.dtype):
            continue
        elif column.dtype == "category":
            what = CATEGORIES
        else:
            what = _of_kind(_kind(column)) or _of_objects(column)
        if what is None:
            continue
        where, column = argument, None
        if values.ndim == 2:
            where, column = f"Column {name!r} of {argument}", name
        raise ValueError(f"{where} holds {what}. {_remedy(what, column)}")


def _remedy(what, name):
    """What to do about what is no number, in the column of a name if it has one."""
    if what == DATES and name is not None:
        return f"Make it the index, with set_index({name!r}), or drop it."
    if what.startswith(TEXT) and _is_date(what.removeprefix(TEXT)):
        if name is None:
            return "Give numbers, with dates as the index, from pandas.to_datetime."
        return (
            f"Make it the index: turn it into dates with pandas.to_datetime, then "
            f"set_index({name!r}); or drop it."
        )
    if what.startswith((TEXT, CATEGORIES)):
        return "Turn it into numbers, with astype(float) or pandas.get_dummies."
    return "Give real numbers."


def _is_date(text):
    """Whether a text, as it is written in messages, looks like a date."""
    import pandas as pd

    return len(re.findall(r"\d+", text)) > 1 and not pd.isna(
        pd.to_datetime(text.strip("'"), errors="coerce")
    )


def _kind(column):
    """The kind of a dtype, as NumPy has it; that of periods is that of dates."""
    return "M" if hasattr(column.dtype, "freq") else column.dtype.kind


def _of_kind(kind):
    """What values of a dtype are, None if these have to be looked at."""
    return {"c": "complex numbers", "M": DATES, "m": DURATIONS}.get(kind)


def _of_objects(values):
    """What the first object is that is neither a real number nor missing."""
    import pandas as pd

    for value in values:
        if value is None or value is pd.NA or value is pd.NaT:
            continue
        if isinstance(value, (str, bytes)):
            return f"{TEXT}{str(value)!r}"
        if isinstance(value, (date, np.datetime64)):
            return DATES
        if isinstance(value, (timedelta, np.timedelta64)):
            return DURATIONS
        if not isinstance(value, (Real, Decimal, np.bool_)):
            return f"what is no real number, for example {type(value).__name__}"
    return None


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
    if np.isnan(values[row, column]):
        raise ValueError(f"{argument} has NaN at {where}. {GAPS}")
    raise ValueError(f"{argument} has infinity at {where}. Replace such values.")


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
