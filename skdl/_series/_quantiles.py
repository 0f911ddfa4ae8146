"""Quantiles of residuals that keep their promise for a new one."""

import math

import numpy as np


def most_coverage(n):
    """The largest coverage for which `n` residuals suffice.

    Parameters
    ----------
    n : int
        How many there are.

    Returns
    -------
    float
        ``(n - 1) / (n + 1)``: that of the interval from the least to the greatest.
    """
    return max(n - 1, 0) / (n + 1)


def conformal_quantiles(residuals, coverage):
    """Bounds between which a new residual lies with a given probability.

    If the new one and the others can change places, as many lie in each tail as should;
    with fewer of them the bounds are farther apart than the quantiles are.

    Parameters
    ----------
    residuals : ndarray of shape (n, ...)
        Signed, of one step and column each along the first axis.
    coverage : float
        From 0 to `most_coverage`.

    Returns
    -------
    tuple of ndarray of shape (...)
        The lower and the upper bound.

    References
    ----------
    Lei, J., G'Sell, M., Rinaldo, A., Tibshirani, R. J., & Wasserman, L. (2018).
    Distribution-free predictive inference for regression. Journal of the American
    Statistical Association, 113(523).
    """
    n = len(residuals)
    tail = (1 - coverage) / 2
    rank = max(math.floor(tail * (n + 1) + 1e-9), 1)  # 1e-9: 0.05 * 20 is 1
    ordered = np.sort(residuals, axis=0)
    return ordered[rank - 1], ordered[n - rank]
