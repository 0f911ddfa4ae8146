"""Whether numbers of validation rows have the scale of training rows."""

import numpy as np
import scipy.sparse as sp

from skdl._remarks import remark
from skdl.exceptions import ValidationScaleWarning

LOOKED_AT = 1000  # rows, evenly spaced; and columns
LEAST_ROWS = 10  # of fewer, quartiles say little
DEVIATIONS = 3  # of training values, from the median or from quartile to quartile
RATIO = 10  # of spreads
CROWDED = 0.1  # of training values, in so small a part of their spread: a cluster
SHARE = 0.25  # of columns; some may be nearly standardised by themselves


def some_rows(X):
    """A part of the rows that is quick to look at.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, ...)
        Any number of rows.

    Returns
    -------
    ndarray of shape (at most 1000, ...)
        Evenly spaced, dense.
    """
    if X.shape[0] > LOOKED_AT:
        X = X[np.linspace(0, X.shape[0] - 1, LOOKED_AT).astype(int)]
    return X.toarray() if sp.issparse(X) else X


def remark_on_scale(name, numbers, of_training, labels=None):
    """Warn where many columns have another scale than in training.

    A column has if its median lies beyond all training values, and three standard
    deviations from their median; or if half of its values span ten times more, and
    more than three standard deviations of the training values. A few outliers, a
    drift, or another mixture of clusters or categories do not do that. Rows of one
    cluster may span less in some columns: it has to be ten times in all of them, and
    a hundred times in a single one, and few training values may be so close together.
    Columns of at most two values in training do not count.

    Parameters
    ----------
    name : str
        "X_val" or "y_val".
    numbers, of_training : ndarray of shape (n, n_columns)
        Validation and training rows, NaN where there is nothing.
    labels : sequence or None, default=None
        Names of columns.
    """
    if of_training.shape[1] > LOOKED_AT:
        some = np.linspace(0, of_training.shape[1] - 1, LOOKED_AT).astype(int)
        numbers, of_training = numbers[:, some], of_training[:, some]
        labels = some if labels is None else np.asarray(labels)[some]
    filled = ~np.isnan(of_training).all(axis=0) & ~np.isnan(numbers).all(axis=0)
    if len(numbers) < LEAST_ROWS or not filled.any():
        return
    which = np.flatnonzero(filled)
    with np.errstate(all="ignore"):
        found, known = _Spread(numbers[:, which]), _Spread(of_training[:, which])
        counts = known.has_several & (known.deviation > 0)
        ratio = np.where(known.between > 0, found.between / known.between, np.nan)
        wide = (ratio > RATIO) & (found.between > DEVIATIONS * known.deviation)
        off = counts & (_lies_beyond(found, known) | wide)
        n_counting = np.count_nonzero(counts)
        less = RATIO if n_counting > 1 else RATIO**2
        narrow = counts & (ratio > 0) & (ratio < 1 / less)
        narrow &= _share_within(found, of_training[:, which]) < CROWDED
    if np.array_equal(narrow, counts):
        off = narrow
    if not off.any() or np.count_nonzero(off) < SHARE * n_counting:
        return
    first = np.flatnonzero(off)[0]
    where = ""
    if of_training.shape[1] > 1:
        label = which[first] if labels is None else labels[which[first]]
        n_off = np.count_nonzero(off)
        where = f" in {n_off} columns, the first of which is {label!s}"
        if n_off == 1:
            where = f" in column {label!s}"
    quartiles = [
        tuple(map(float, (part.first[first], part.third[first])))
        for part in (found, known)
    ]
    remark(ValidationScaleWarning(name, where, *quartiles))


class _Spread:
    """Quantiles of columns."""

    def __init__(self, numbers):
        numbers = np.asarray(numbers, np.float64)
        quantiles = np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1], axis=0)
        self.low, self.first, self.median, self.third, self.high = quantiles
        self.between = self.third - self.first
        self.deviation = np.nanstd(numbers, axis=0)
        extreme = (numbers == self.low) | (numbers == self.high) | np.isnan(numbers)
        self.has_several = ~extreme.all(axis=0)


def _lies_beyond(found, known):
    beyond = (found.median < known.low) | (found.median > known.high)
    distance = np.abs(found.median - known.median)
    return beyond & (distance > DEVIATIONS * known.deviation)


def _share_within(found, of_training):
    """What part of the training values lies between the quartiles found."""
    within = (of_training >= found.first) & (of_training <= found.third)
    return within.sum(axis=0) / np.count_nonzero(~np.isnan(of_training), axis=0)
