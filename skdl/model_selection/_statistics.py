"""Means of scores on overlapping splits: how far they are known, and which differ."""

import numpy as np
from scipy.special import stdtr, stdtrit


def running_statistics(values, ratio, confidence):
    """Mean and standard deviation of the first 1, 2, 3, ... values, with margins.

    Parameters
    ----------
    values : array-like of shape (n,)
        One for each split; NaN where there is none, which is left out.
    ratio : array-like of shape (n,)
        Test rows divided by training rows, of each split.
    confidence : float
        Of both margins, within (0, 1).

    Returns
    -------
    dict of str to ndarray of shape (n,)
        "mean"; "std" (``ddof=1``); "margin", by which the mean may change with ever
        more splits; "corrected_margin", which counts in that splits share their rows.
    """
    values = np.asarray(values, dtype=np.float64)
    there = ~np.isnan(values)
    n = np.cumsum(there)
    # Sums of differences from the first value: no cancellation, and exactly zero for
    # values that are all the same.
    first = values[np.argmax(there)] if there.any() else np.nan
    shifted = np.where(there, values - first, 0)
    total = np.cumsum(shifted)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, first + total / n, np.nan)
        squares = np.maximum(np.cumsum(shifted**2) - total**2 / n, 0)
        std = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
        mean_ratio = np.cumsum(np.where(there, ratio, 0)) / n
        t = stdtrit(np.maximum(n - 1, 1), (1 + confidence) / 2)
        return {
            "mean": mean,
            "std": std,
            "margin": t * std * np.sqrt(1 / n),
            "corrected_margin": t * std * np.sqrt(1 / n + mean_ratio),
        }


def narrow_enough(margin, tol, min_splits):
    """Where the interval of the mean is narrower than `tol`.

    Parameters
    ----------
    margin : array-like of shape (n,)
        Half the width of the interval after 1, 2, 3, ... splits.
    tol : float
        Width.
    min_splits : int
        Not before so many.

    Returns
    -------
    ndarray of bool of shape (n,)
        NaN is not narrow.
    """
    margin = np.asarray(margin, dtype=np.float64)
    return (2 * margin < tol) & (np.arange(len(margin)) >= min_splits - 1)


def corrected_t_test(difference, ratio, alpha):
    """The corrected resampled t-test of Nadeau and Bengio (2003), two-sided.

    Parameters
    ----------
    difference : ndarray of shape (n,)
        Of two scores on the same split, without NaN; n is at least 2.
    ratio : float
        Test rows divided by training rows.
    alpha : float
        One minus the confidence of the interval.

    Returns
    -------
    dict of str to float
        "difference", "std_error", "low", "high", "t" and "p".
    """
    n = len(difference)
    final = running_statistics(difference, np.full(n, ratio), 1 - alpha)
    mean, std = final["mean"][-1], final["std"][-1]
    margin = final["corrected_margin"][-1]
    std_error = std * np.sqrt(1 / n + ratio)
    # The same difference on every split: none at all, or one without any noise.
    t = mean / std_error if std_error > 0 else (np.sign(mean) * np.inf if mean else 0.0)
    return {
        "difference": mean,
        "std_error": std_error,
        "low": mean - margin,
        "high": mean + margin,
        "t": t,
        "p": 2 * stdtr(n - 1, -abs(t)),
    }


def holm(p):
    """p values corrected for their number (Holm 1979).

    Parameters
    ----------
    p : array-like of shape (n,)
        One for each test.

    Returns
    -------
    ndarray of shape (n,)
        Those at most alpha are significant: under any truth, the chance of even one
        false finding is at most alpha.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    steps = p[order] * np.arange(len(p), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected
