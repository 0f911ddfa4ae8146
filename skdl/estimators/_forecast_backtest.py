"""Walking forward over a series: where it is cut, and the frame of the results."""

import numpy as np

from skdl._sequences import windows
from skdl.estimators._forecast_inputs import check_whole


def cuts_of(panel, n_splits, test_size, *, n_needed, n_ahead):
    """Where each series is cut for each split.

    Parameters
    ----------
    panel : Panel
        All series.
    n_splits : int
        How many splits.
    test_size : int or None
        Observations of each; None divides the shortest series as ``TimeSeriesSplit``
        does.
    n_needed : int
        Observations that a fit takes.
    n_ahead : int
        Steps that must be known after each origin.

    Returns
    -------
    cuts : ndarray of shape (n_splits, n_series)
        How many observations are the past.
    test_size : int
        The number of each split.

    Raises
    ------
    ValueError
        If the series are too short for it.
    """
    lengths = np.array([len(one) for one in panel])
    n_splits = check_whole("n_splits", n_splits)
    if test_size is None:
        test_size = max(int(lengths.min()) // (n_splits + 1), n_ahead)
    test_size = check_whole("test_size", test_size)
    if test_size < n_ahead:
        raise ValueError(
            f"test_size={test_size} must be at least {n_ahead}, the steps of a "
            "forecast. Raise it, or forecast fewer steps."
        )
    cuts = lengths - np.arange(n_splits, 0, -1)[:, np.newaxis] * test_size
    short = int(np.argmin(lengths))
    if cuts[0, short] < n_needed:
        raise ValueError(
            f"{n_splits} splits of {test_size} observations leave "
            f"{max(cuts[0, short], 0)} of the {lengths[short]} of "
            f"{panel.arguments()[short]} for the first fit, which takes {n_needed}. "
            "Lower n_splits or test_size."
        )
    return cuts, test_size


def following(values, first, count, n_steps):
    """What followed each origin.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
        Observations.
    first, count : int
        The first origin and how many there are.
    n_steps : int
        Steps after each.

    Returns
    -------
    ndarray of shape (count, n_steps, n_columns)
        A view.
    """
    return windows(values[first + 1 : first + count + n_steps], n_steps)


def frame_of(panel, i, forecast, *, split, first):
    """The rows of a backtest of one split and one series.

    Parameters
    ----------
    panel : Panel
        All series.
    i : int
        Which.
    forecast : ndarray of shape (count, n_steps, n_columns)
        Forecasts after each origin.
    split : int
        Its number.
    first : int
        The first origin.

    Returns
    -------
    DataFrame
        Of ``count * n_steps * n_columns`` rows.
    """
    import pandas as pd

    one = panel.members[i]
    count, n_steps, n_columns = forecast.shape
    origin, step, column = (
        axis.ravel()
        for axis in np.meshgrid(*map(np.arange, forecast.shape), indexing="ij")
    )
    data = {
        "split": np.full(forecast.size, split),
        "origin": one.index[first + origin],
        "step": step + 1,
        "time": one.index[first + origin + step + 1],
    }
    if panel.names is not None:
        data["series"] = [panel.names[i]] * forecast.size
    if not one.one_column:
        names = range(n_columns) if one.names is None else one.names
        data["column"] = np.asarray(list(names), dtype=object)[column]
    actual = following(one.values, first, count, n_steps)
    return pd.DataFrame(
        {**data, "actual": actual.ravel(), "forecast": forecast.ravel()}
    )
