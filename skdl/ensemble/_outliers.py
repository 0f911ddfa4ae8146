"""Folds whose score lies far from the others."""

import numpy as np
from scipy import stats

from skdl._remarks import warn_user
from skdl.exceptions import FoldOutlierWarning

ALPHA = 0.01  # how often folds of one kind are called outlying all the same
FEWEST = 4  # of three, even one at 15 standard deviations is found 6 times in 100
LARGEST_SHARE = 5  # at most one fold in five can be an outlier


def outlying(scores, n_rows=None, alpha=ALPHA):
    """Find scores that lie far from the others.

    The generalised extreme Studentized deviate test of Rosner, which for fewer than ten
    scores looks for one outlier, and is Grubbs' test then. It takes the scores of good
    folds for a sample of a normal distribution. Shares, such as accuracies, are tied
    and discrete; for them a fold must lie outside the binomial error of a share too.

    Parameters
    ----------
    scores : array-like of shape (n_folds,)
        One for each fold. NaN is passed over; infinity is always an outlier among
        finite scores.
    n_rows : int or None, default=None
        Rows that a score is from, for scores that are all between 0 and 1.
    alpha : float, default=0.01
        How often one or more of the folds are found where all are of one kind.

    Returns
    -------
    list of int
        Their positions, in rising order.

    References
    ----------
    Grubbs, F. E. (1950). Sample criteria for testing outlying observations. Annals of
    Mathematical Statistics 21.

    Rosner, B. (1983). Percentage points for a generalized ESD many-outlier procedure.
    Technometrics 25.
    """
    scores = np.asarray(scores, dtype=np.float64)
    finite = np.flatnonzero(np.isfinite(scores))
    found = list(np.flatnonzero(np.isinf(scores))) if len(finite) else []
    found += [finite[i] for i in _extreme_deviates(scores[finite], n_rows, alpha)]
    return sorted(int(i) for i in found)


def _extreme_deviates(scores, n_rows, alpha):
    n = len(scores)
    order, left, n_outliers = [], np.arange(n), 0
    for i in range(max(1, n // LARGEST_SHARE)):
        rest = scores[left]
        # a spread that rounding explains is none
        if len(rest) < FEWEST or np.ptp(rest) <= 1e-9 * np.abs(rest).max():
            break
        deviations = np.abs(rest - rest.mean())
        k = deviations.argmax()
        order.append(left[k])
        far = deviations[k] / rest.std(ddof=1) > critical_deviate(n - i, alpha)
        if far and not _within_error_of_share(rest, k, n_rows, alpha):
            n_outliers = i + 1
        left = np.delete(left, k)
    return order[:n_outliers]


def critical_deviate(n, alpha):
    """How many standard deviations the farthest of `n` may lie from their mean.

    Parameters
    ----------
    n : int
        At least 3.
    alpha : float
        How often more is seen in a sample of a normal distribution.

    Returns
    -------
    float
        Grubbs' two-sided critical value.
    """
    t = stats.t.isf(alpha / (2 * n), n - 2)
    return (n - 1) * t / np.sqrt(n * (n - 2 + t**2))


def _within_error_of_share(scores, k, n_rows, alpha):
    if n_rows is None or scores.min() < 0 or scores.max() > 1:
        return False
    # the common share is that of all folds, so this is on the side of not warning
    right, share = round(scores[k] * n_rows), scores.mean()
    tails = (
        stats.binom.cdf(right, n_rows, share),
        stats.binom.sf(right - 1, n_rows, share),
    )
    return 2 * min(tails) > alpha / len(scores)


def warn_of_outlying(folds, scores, name):
    """Warn of outlying folds, with their scores and what to do.

    Parameters
    ----------
    folds : list of int
        Their positions; for none there is no warning.
    scores : ndarray of shape (n_folds,)
        Scores of all folds.
    name : str
        What was fitted.
    """
    if not folds:
        return
    others = np.delete(scores, folds)
    others = others[np.isfinite(others)]
    spread = others.std(ddof=1) if len(others) > 1 else 0.0
    fold = folds[0]
    which = ", ".join(f"{k} ({scores[k]:.4g})" for k in folds)
    text = (
        f"{'Fold' if len(folds) == 1 else 'Folds'} {which} of {name}: the score lies "
        f"far from those of the other {len(others)} folds (mean {others.mean():.4g}, "
        f"standard deviation {spread:.2g}). Folds are counted from 0, as in "
        "estimators_. Validation rows there may be outliers "
        f"or have wrong targets: look at rows fold_rows_[{fold}] of X and y."
    )
    warn_user(FoldOutlierWarning(text))
