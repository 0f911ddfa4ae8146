"""What a forecaster computes: windows of standardised differences, rolled forward."""

from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import StandardScaler

from skdl._sequences import windows
from skdl._series import SeriesTransform


def unit_of(rows):
    """Powers of two near the largest numbers, whose squares may be too large, or zero.

    Parameters
    ----------
    rows : ndarray of shape (n, n_columns)
        Numbers.

    Returns
    -------
    ndarray of shape (n_columns,)
        Dividing by them changes no digit.
    """
    _, exponent = np.frexp(np.abs(rows).max(axis=0))
    return np.ldexp(1.0, np.clip(exponent, -1000, 1000))


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of columns.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_columns,)
        The scale of a constant column is 1.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, rows):
        """Learn them.

        Parameters
        ----------
        rows : ndarray of shape (n, n_columns)
            Training rows.

        Returns
        -------
        Standard
            Of these columns.
        """
        unit = unit_of(rows)
        scaler = StandardScaler().fit(rows / unit)
        # below 1 in these units are all deviations but that of a constant column
        constant = scaler.scale_ == 1
        mean = np.where(constant, rows[0], scaler.mean_ * unit)
        return cls(mean, np.where(constant, 1.0, scaler.scale_ * unit))

    def forward(self, rows):
        """Standardise.

        Parameters
        ----------
        rows : ndarray of shape (..., n_columns)
            Numbers.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return (rows - self.mean) / self.scale

    def back(self, rows):
        """Undo it.

        Parameters
        ----------
        rows : ndarray of shape (..., n_columns)
            Standardised numbers.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return rows * self.scale + self.mean


@dataclass(frozen=True, eq=False)
class ForecastModel:
    """All of a forecaster but its network.

    One window holds, for each of its steps, the standardised differences of the series
    and the covariates of `horizon` steps later, so that its last row holds those of the
    last step to be predicted.

    Parameters
    ----------
    transform : SeriesTransform
        From levels to differences.
    window, horizon : int
        Steps that the network sees, and predicts.
    standards : list of Standard
        Of the differences of each series.
    exog_standard : Standard or None
        Of the covariates, over all series, so that they may tell series apart.
    """

    transform: SeriesTransform
    window: int
    horizon: int
    standards: list
    exog_standard: Standard | None

    @classmethod
    def fit(cls, transform, window, horizon, levels, exogs):
        """Learn means and standard deviations.

        Parameters
        ----------
        transform : SeriesTransform
            From levels to differences.
        window, horizon : int
            Steps that the network sees, and predicts.
        levels : list of ndarray of shape (n, n_columns)
            Of each series.
        exogs : list of ndarray of shape (n, n_covariates), or None
            Aligned with them.

        Returns
        -------
        ForecastModel
            For these series.
        """
        standards = [Standard.fit(transform.differences(one)) for one in levels]
        known = None if exogs is None else Standard.fit(np.concatenate(exogs))
        return cls(transform, window, horizon, standards, known)

    def rows(self, levels, exogs):
        """All windows with what follows them.

        Parameters
        ----------
        levels : list of ndarray of shape (n, n_columns)
            Of each series.
        exogs : list of ndarray of shape (n, n_covariates), or None
            Aligned with them.

        Returns
        -------
        X : ndarray of shape (n_windows, window, n_columns + n_covariates)
            Of all series, one after the other.
        y : ndarray of shape (n_windows, horizon * n_columns)
            Standardised differences of the steps that follow.
        counts : list of int
            Windows of each series.
        """
        inputs, targets = [], []
        for i, level in enumerate(levels):
            series = self._standardised(i, level)
            parts = [windows(series[: -self.horizon], self.window)]
            if exogs is not None:
                known = self.exog_standard.forward(exogs[i])
                start = self.transform.n_lost + self.horizon
                parts.append(windows(known[start:], self.window))
            inputs.append(np.concatenate(parts, axis=2))
            following = windows(series[self.window :], self.horizon)
            targets.append(following.reshape(len(following), -1))
        counts = [len(part) for part in inputs]
        return np.concatenate(inputs), np.concatenate(targets), counts

    def state(self, i, level, exog, first, count, n_future):
        """What forecasts after some observations of one series start from.

        Parameters
        ----------
        i : int
            Which series.
        level : ndarray of shape (n, n_columns)
            Its levels.
        exog : ndarray of shape (n_known, n_covariates), or None
            Its covariates, from the same time on.
        first, count : int
            The number of the first observation after which there is a forecast, and how
            many there are, each one observation later.
        n_future : int
            Steps for which there are covariates.

        Returns
        -------
        seen : ndarray of shape (count, window, n_columns)
            Standardised differences up to there.
        known : ndarray of shape (count, window - horizon + n_future, n_covariates)
            Standardised covariates; of no columns if there are none.
        past : ndarray of shape (count, n_lost, n_columns)
            Levels that undo the differences.
        """
        n_lost, end = self.transform.n_lost, first + count
        start = first + 1 - self.window
        seen = windows(self._standardised(i, level[start - n_lost : end]), self.window)
        past = np.empty((count, 0, level.shape[1]))
        if n_lost:
            past = windows(level[first + 1 - n_lost : end], n_lost)
        if exog is None:
            return seen, np.empty((count, 0, 0)), past
        rows = exog[start + self.horizon : end + n_future]
        size = self.window - self.horizon + n_future
        return seen, windows(self.exog_standard.forward(rows), size), past

    def roll(self, predict, seen, known, n_blocks, noise=None):
        """Predict block after block, each fed with the ones before.

        Parameters
        ----------
        predict : callable
            From X, as in `rows`, to y.
        seen, known : ndarray
            As `state` returns them, of any number of series.
        n_blocks : int
            How many blocks of `horizon` steps.
        noise : ndarray of shape (n_blocks, count, horizon, n_columns), default=None
            What is added to each block.

        Returns
        -------
        ndarray of shape (count, n_blocks * horizon, n_columns)
            Standardised differences.
        """
        count, _, n_columns = seen.shape
        blocks = []
        for number in range(n_blocks):
            start = number * self.horizon
            parts = [seen]
            if known.shape[2]:
                parts.append(known[:, start : start + self.window])
            block = predict(np.concatenate(parts, axis=2))
            block = block.reshape(count, self.horizon, n_columns)
            if noise is not None:
                block = block + noise[number]
            blocks.append(block)
            seen = np.concatenate([seen, block], axis=1)[:, -self.window :]
        return np.concatenate(blocks, axis=1)

    def levels(self, i, differences, past):
        """From standardised differences of one series to levels.

        Parameters
        ----------
        i : int
            Which series.
        differences : ndarray of shape (count, n_steps, n_columns)
            As `roll` returns them.
        past : ndarray of shape (count, n_lost, n_columns)
            As `state` returns them.

        Returns
        -------
        ndarray of shape (count, n_steps, n_columns)
            Of the steps that follow.
        """
        return self.transform.integrate(self.standards[i].back(differences), past)

    def _standardised(self, i, level):
        return self.standards[i].forward(self.transform.differences(level))
