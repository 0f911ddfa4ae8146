"""Covariates that are known in advance: brought to the labels of a series."""

import numpy as np

from skdl._series._index import check_same_kind, told
from skdl._series._numbers import (
    as_numbers,
    counted,
    has_labels,
    in_order,
    refuse_gaps,
)


def columns_of_exog(exog):
    """Names of columns of a DataFrame.

    Parameters
    ----------
    exog : array-like, Series or DataFrame
        What the user gave.

    Returns
    -------
    pandas.Index or None
        None if there are no names.
    """
    return getattr(exog, "columns", None) if has_labels(exog) else None


def aligned_exog(exog, index, argument, *, n_skipped=0, names=None, n_columns=None):
    """The rows of covariates that belong to labels.

    Parameters
    ----------
    exog : array-like, Series or DataFrame of shape (n,) or (n, n_columns)
        What the user gave. A Series or DataFrame is read by its labels, and may have
        more rows; anything else has one row for each of `index`.
    index : pandas.Index
        The labels.
    argument : str
        The argument's name, for the message.
    n_skipped : int, default=0
        So many rows from the first on need not be known, if there are labels.
    names : pandas.Index or None, default=None
        Names of the columns of fit.
    n_columns : int or None, default=None
        Their number.

    Returns
    -------
    ndarray of shape (len(index), n_columns)
        float64; the skipped rows are NaN.

    Raises
    ------
    ValueError
        For rows that are missing, gaps, text, and other columns than in fit.
    """
    exog = in_order(exog, names, argument)
    values = as_numbers(exog, argument)
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if n_columns is not None and values.shape[1] != n_columns:
        raise ValueError(
            f"{argument} has {counted(values.shape[1], 'column')}, but fit saw "
            f"{n_columns}. Give the same columns."
        )
    if has_labels(exog):
        rows = _rows_by_label(exog.index, index[n_skipped:], argument)
        values = values[rows]
        refuse_gaps(values, index[n_skipped:], argument, names=columns_of_exog(exog))
        return np.concatenate([np.full((n_skipped, values.shape[1]), np.nan), values])
    if len(values) != len(index):
        raise ValueError(
            f"{argument} has {counted(len(values), 'row')}, but {len(index)} "
            f"{'is' if len(index) == 1 else 'are'} needed, one for each step from "
            f"{told(index, 0)} to {told(index, -1)}. Give so many rows, or a frame "
            "with an index, of which those rows are taken."
        )
    refuse_gaps(values, index, argument)
    return values


def _rows_by_label(given, index, argument):
    import pandas as pd

    if given.inferred_type == "date":  # plain dates of Python
        given = pd.DatetimeIndex(given)
    if not given.is_unique:
        label = told(given, int(np.argmax(given.duplicated())))
        raise ValueError(
            f"The index of {argument} has {label} more than once. Keep one row for "
            "each time."
        )
    rows = given.get_indexer(index)
    missing = np.flatnonzero(rows < 0)
    if len(missing):
        if len(given):
            check_same_kind(given, index, argument, "the series has")
        spans = "it has no rows"
        if len(given):
            spans = f"its rows go from {told(given, 0)} to {told(given, -1)}"
        raise ValueError(
            f"{argument} has no row for {told(index, missing[0])}; {spans}. Give one "
            f"for each step from {told(index, 0)} to {told(index, -1)}, or an array "
            "without labels."
        )
    return rows
