"""Weighted quantiles of columns with gaps, the same bits in whatever row order."""

from typing import NamedTuple

import numpy as np
from sklearn.preprocessing import StandardScaler

_BYTES = 2**25  # of columns sorted at a time, so that no second copy of X is made


class Quantiles(NamedTuple):
    """What sorting the columns tells; arrays of shape (n_columns,).

    Parameters
    ----------
    low, first, median, third, high : ndarray
        Least value, weighted quartiles, largest value; NaN for a column without values.
        A quartile is the first value up to which the weights make up its share, which
        is "inverted_cdf" of ``np.quantile``.
    n_missing : ndarray of int
        Rows without a value.
    n_distinct : ndarray of int
        Different values.
    """

    low: np.ndarray
    first: np.ndarray
    median: np.ndarray
    third: np.ndarray
    high: np.ndarray
    n_missing: np.ndarray
    n_distinct: np.ndarray


def quantiles(X, weight, columns):
    """Quartiles, extremes and counts of columns.

    Weights are rounded to whole units that sum up exactly, so that neither the order
    of the rows nor a row given twice instead of a weight of two changes a bit.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        float64, NaN where a value is missing.
    weight : ndarray of shape (n_rows,)
        Positive.
    columns : ndarray of int
        Which columns.

    Returns
    -------
    Quantiles
        Of each column.
    """
    units = None if (weight == weight[0]).all() else _units(weight)
    parts = [_of_block(X.T[part], units) for part in column_blocks(X, columns)]
    return Quantiles(*map(np.concatenate, zip(*parts, strict=True)))


def mean_and_deviation(X, weight, columns):
    """Weighted mean and standard deviation of columns, as `StandardScaler` has them.

    Parameters
    ----------
    X, weight, columns
        As in `quantiles`.

    Returns
    -------
    mean, deviation : ndarray of shape (n_columns,)
        A constant column has a deviation of 1. NaN for a column without values, and for
        one whose values are too large.
    """
    parts = []
    with np.errstate(all="ignore"):
        for part in column_blocks(X, columns):
            scaler = StandardScaler().fit(X[:, part], sample_weight=weight)
            # the scaler takes columns of infinite variance for constant ones
            scale = np.where(np.isfinite(scaler.var_), scaler.scale_, np.nan)
            parts.append((scaler.mean_, scale))
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def column_blocks(X, columns):
    """Parts of `columns` which take some MiB each.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        float64.
    columns : ndarray of int
        Which columns.

    Returns
    -------
    list of ndarray of int
        At least one, which is empty if `columns` is.
    """
    step = max(1, _BYTES // (8 * len(X)))
    return [columns[i : i + step] for i in range(0, max(1, len(columns)), step)]


def _units(weight):
    """Weights in whole units, of which four times the sum is below 2**62."""
    bits = 59 - len(weight).bit_length()
    units = np.ldexp(weight, bits - np.frexp(weight.max())[1])
    return np.maximum(np.rint(units), 1).astype(np.int64)


def _of_block(block, units):
    """Quantiles of rows of a block of shape (n_columns, n_rows)."""
    n_rows = block.shape[1]
    missing = np.isnan(block).sum(axis=1)
    present = n_rows - missing
    if units is None:
        block = np.sort(block, axis=1)  # NaN comes last
        up_to = np.arange(1, n_rows + 1)[None]
        total = present
    else:
        order = np.argsort(block, axis=1)
        block = np.take_along_axis(block, order, axis=1)
        up_to = np.cumsum(np.where(np.isnan(block), 0, units[order]), axis=1)
        total = up_to[:, -1]
    enough = [share * total - total // 2**40 for share in (1, 2, 3)]  # up to rounding
    quarters = [(4 * up_to < share[:, None]).sum(axis=1) for share in enough]
    places = np.stack([0 * present, *quarters, np.maximum(present - 1, 0)], axis=1)
    differs = (block[:, 1:] != block[:, :-1]) & ~np.isnan(block[:, 1:])
    n_distinct = differs.sum(axis=1) + (present > 0)
    # -0.0 and 0.0 are equal and may come in any order
    return *np.take_along_axis(block, places, axis=1).T + 0.0, missing, n_distinct
