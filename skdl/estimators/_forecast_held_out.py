"""Which windows each network does not learn from, and the residuals of these."""

from typing import NamedTuple

import numpy as np

from skdl._series import conformal_quantiles, most_coverage

LEAST_LEFT = 1 / 3  # share of the windows that a network has to learn from


class HeldOut(NamedTuple):
    """Windows that are set apart.

    Parameters
    ----------
    rows : list of ndarray of int
        For each network those that it does not learn from.
    owner : ndarray of shape (n_windows,)
        The one network whose block a window belongs to.
    """

    rows: list
    owner: np.ndarray


def held_out_blocks(counts, n_members, horizon):
    """Divide the windows of each series into blocks, one for each network.

    A network learns neither from its block nor from windows whose targets overlap with
    those of the block.

    Parameters
    ----------
    counts : list of int
        Windows of each series, which follow each other.
    n_members : int
        How many networks.
    horizon : int
        Steps to be predicted from a window.

    Returns
    -------
    HeldOut or None
        None if a network would have too few windows left to learn from, or none to
        leave out, or if there is one network only.
    """
    if n_members < 2:
        return None
    rows, owner, start = [[] for _ in range(n_members)], [], 0
    for count in counts:
        bounds = np.linspace(0, count, n_members + 1).round().astype(int)
        owner.append(np.repeat(np.arange(n_members), np.diff(bounds)))
        for k in range(n_members):
            low, high = bounds[k], bounds[k + 1]
            if low < high:
                low, high = max(low - horizon + 1, 0), min(high + horizon - 1, count)
                rows[k].append(np.arange(start + low, start + high))
        start += count
    none = np.empty(0, dtype=int)
    rows = [np.concatenate([none, *parts]) for parts in rows]
    owner = np.concatenate(owner)
    empty = len(np.unique(owner)) < n_members
    if empty or start - max(map(len, rows)) < LEAST_LEFT * start:
        return None
    return HeldOut(rows, owner)


def held_out_residuals(regressor, X, y, owner, counts, horizon):
    """What was right minus what the network predicts that did not learn from it.

    Parameters
    ----------
    regressor : object
        Fitted, with ``member_predictions``.
    X : ndarray of shape (n_windows, window, n_features)
        All windows.
    y : ndarray of shape (n_windows, horizon * n_columns)
        What follows them.
    owner : ndarray of shape (n_windows,)
        As in `HeldOut`.
    counts : list of int
        Windows of each series.
    horizon : int
        Steps to be predicted from a window.

    Returns
    -------
    list of ndarray of shape (n_windows, horizon, n_columns)
        Of each series, in the units of y.
    """
    predicted = regressor.member_predictions(X)[owner, np.arange(len(owner))]
    residuals = (y - predicted).reshape(len(y), horizon, -1)
    return np.split(residuals, np.cumsum(counts)[:-1])


class Residuals:
    """Residuals of standardised differences, and bounds that they give.

    Parameters
    ----------
    residuals : list of ndarray of shape (n_windows, horizon, n_columns)
        Of each series.
    model : ForecastModel
        That has the standard deviations.
    """

    def __init__(self, residuals, model):
        self.residuals = residuals
        self.model = model

    def suffice(self, coverage):
        """Whether there are enough of them for an interval.

        Parameters
        ----------
        coverage : float
            Of the interval.

        Returns
        -------
        bool
            For every series, as one with few of them borrows those of the others.
        """
        return coverage <= most_coverage(sum(map(len, self.residuals))) + 1e-9

    def of_levels(self, i, residuals=None):
        """What they make of levels, given the true levels before each window's end.

        Parameters
        ----------
        i : int
            Which series.
        residuals : ndarray of shape (n_windows, horizon, n_columns), default=None
            Those of the series, if None.

        Returns
        -------
        ndarray of shape (n_windows, horizon, n_columns)
            Residuals of levels.
        """
        if residuals is None:
            residuals = self.residuals[i]
        scaled = residuals * self.model.standards[i].scale
        before = np.zeros((self.model.transform.n_lost, scaled.shape[2]))
        return self.model.transform.integrate(scaled, before)

    def enough(self, i, coverage):
        """Those of a series, or of all if it has too few for the coverage.

        Parameters
        ----------
        i : int
            Which series.
        coverage : float
            Of the interval.

        Returns
        -------
        ndarray of shape (n_windows, horizon, n_columns)
            In units of standard deviations.

        Raises
        ------
        ValueError
            If all of them are too few.
        """
        for residuals in (self.residuals[i], np.concatenate(self.residuals)):
            most = most_coverage(len(residuals))
            if coverage <= most + 1e-9:
                return residuals
        raise ValueError(
            f"coverage={coverage!r} needs at least {_needed(coverage)} windows, but "
            f"fit saw {len(residuals)}. Take at most {np.floor(most * 100) / 100:g}, "
            "or fit a longer series."
        )

    def bounds(self, i, coverage):
        """Bounds of the residuals of levels.

        Parameters
        ----------
        i : int
            Which series.
        coverage : float
            Of the interval.

        Returns
        -------
        tuple of ndarray of shape (horizon, n_columns)
            The lower and the upper ones.
        """
        residuals = self.of_levels(i, self.enough(i, coverage))
        return conformal_quantiles(residuals, coverage)

    def drawn(self, i, coverage, n_blocks, n_paths, random_state):
        """Residuals of blocks drawn at random, whole ones, with replacement.

        Parameters
        ----------
        i : int
            Which series.
        coverage : float
            Of the interval.
        n_blocks, n_paths : int
            How many.
        random_state : RandomState
            That draws.

        Returns
        -------
        ndarray of shape (n_blocks, n_paths, horizon, n_columns)
            In units of standard deviations.
        """
        residuals = self.enough(i, coverage)
        return residuals[random_state.randint(len(residuals), size=(n_blocks, n_paths))]


def _needed(coverage):
    return int(np.ceil((1 + coverage) / (1 - coverage) - 1e-9))
