"""Logarithm and differences of a series, and the way back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class SeriesTransform:
    """Logarithm, differences and seasonal differences of a series.

    Observations are called *values*, their logarithms (or, without `log`, themselves)
    *levels*, and what is left after differencing *differences*.

    Parameters
    ----------
    log : bool, default=False
        Whether levels are logarithms.
    differencing : int, default=0
        How often the level before is subtracted.
    seasonal_differencing : int, default=0
        Steps of a season, whose level is subtracted as well; 0 for none.
    """

    log: bool = False
    differencing: int = 0
    seasonal_differencing: int = 0

    @property
    def n_lost(self):
        """How many levels come before the first difference."""
        return self.differencing + self.seasonal_differencing

    @cached_property
    def _coefficients(self):
        """Of (1 - B)^d (1 - B^season), B being the shift by one step, from B^0 on."""
        polynomial = np.ones(1)
        for _ in range(self.differencing):
            polynomial = np.convolve(polynomial, [1.0, -1.0])
        if self.seasonal_differencing:
            season = np.zeros(self.seasonal_differencing + 1)
            season[0], season[-1] = 1.0, -1.0
            polynomial = np.convolve(polynomial, season)
        return polynomial

    def levels(self, values):
        """From values to levels.

        Parameters
        ----------
        values : ndarray
            Observations; positive if there is a logarithm.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return np.log(values) if self.log else values

    def values(self, levels):
        """From levels to values.

        Parameters
        ----------
        levels : ndarray
            Of any shape.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return np.exp(levels) if self.log else levels

    def differences(self, levels):
        """From levels to differences.

        Parameters
        ----------
        levels : ndarray of shape (n, n_columns)
            In the order of time.

        Returns
        -------
        ndarray of shape (n - n_lost, n_columns)
            The first one belongs to the level number `n_lost`.
        """
        n = len(levels) - self.n_lost
        differences = levels[self.n_lost :].copy()
        for lag in np.flatnonzero(self._coefficients)[1:]:
            start = self.n_lost - lag
            differences += self._coefficients[lag] * levels[start : start + n]
        return differences

    def integrate(self, differences, past):
        """From differences back to levels.

        Parameters
        ----------
        differences : ndarray of shape (..., n_steps, n_columns)
            In the order of time.
        past : ndarray of shape (..., n_lost, n_columns)
            The levels just before; one for each row, or such as broadcast to it.

        Returns
        -------
        ndarray of shape (..., n_steps, n_columns)
            The levels whose differences they are.
        """
        if not self.n_lost:
            return differences
        *rows, n_steps, n_columns = differences.shape
        levels = np.empty((*rows, self.n_lost + n_steps, n_columns))
        levels[..., : self.n_lost, :] = past
        lags = np.flatnonzero(self._coefficients)[1:]
        for step in range(n_steps):
            place = self.n_lost + step
            level = differences[..., step, :].copy()
            for lag in lags:
                level -= self._coefficients[lag] * levels[..., place - lag, :]
            levels[..., place, :] = level
        return levels[..., self.n_lost :, :]
