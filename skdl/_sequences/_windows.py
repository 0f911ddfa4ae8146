"""Windows of a series, and what follows them, without copies."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(values, size, step=1):
    """All windows of a series, as a view.

    Parameters
    ----------
    values : ndarray of shape (n_observations, ...)
        A series, with at least `size` observations.
    size : int
        Observations in a window.
    step : int, default=1
        From the start of one window to that of the next.

    Returns
    -------
    ndarray of shape (n_windows, size, ...)
        Read-only.
    """
    return np.moveaxis(sliding_window_view(values, size, axis=0)[::step], -1, 1)


def flat_windows(values, size, step=1):
    """All windows of a series, as rows.

    Parameters
    ----------
    values : ndarray of shape (n_observations,) or (n_observations, n_columns)
        A series, with at least `size` observations.
    size : int
        Observations in a window.
    step : int, default=1
        From the start of one window to that of the next.

    Returns
    -------
    ndarray of shape (n_windows, size * n_columns)
        Read-only; in each row all columns of the first observation, then all of the
        second. A view, if the values lie in this order in memory.
    """
    n_columns = values.shape[1] if values.ndim == 2 else 1
    return sliding_window_view(values.reshape(-1), size * n_columns)[
        :: n_columns * step
    ]
