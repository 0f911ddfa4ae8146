"""Means and variances of rows that come part by part."""

import numpy as np


def merged(mean, variance, part_mean, part_variance, share):
    """Mean and variance of all rows, from those of two parts.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_columns,)
        Of the rows before.
    part_mean, part_variance : ndarray of shape (n_columns,)
        Of further rows.
    share : float
        What part of the weight of all rows these have.

    Returns
    -------
    mean, variance : ndarray of shape (n_columns,)
        To the bit what they were if the further rows have the same.
    """
    step = part_mean - mean
    between = share * (1 - share) * np.square(step)
    return mean + share * step, variance + share * (part_variance - variance) + between


def deviations(mean, variance):
    """Standard deviations, and 1 where there is none but rounding.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_columns,)
        Of columns.

    Returns
    -------
    ndarray of shape (n_columns,)
        Positive.
    """
    noise = 10 * np.finfo(np.float64).eps * np.abs(mean)
    scale = np.sqrt(variance)
    return np.where(scale <= noise, 1.0, scale)
