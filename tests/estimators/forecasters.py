"""Forecasters without a network: least squares in its place, which has an oracle."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skdl.estimators._forecaster import Forecaster, ForecastParameters


class LeastSquares:
    """Linear models beside each other, each without the rows that it leaves out."""

    def __init__(self, n_members, ridge=0.0):
        self.n_members = n_members
        self.ridge = ridge

    def fit(self, X, y, *, held_out=None):
        self.n_rows, self.held_out = len(X), held_out
        everything = np.arange(len(X))
        rows = self._rows(X)
        penalty = np.sqrt(self.ridge) * np.eye(rows.shape[1])[1:]
        self.coefs = []
        for k in range(self.n_members):
            own = everything
            if held_out is not None:
                own = np.setdiff1d(everything, held_out[k])
            A = np.concatenate([rows[own], penalty])
            b = np.concatenate([y[own], np.zeros((len(penalty), y.shape[1]))])
            self.coefs.append(np.linalg.lstsq(A, b, rcond=None)[0])
        return self

    def member_predictions(self, X):
        return np.stack([self._rows(X) @ coef for coef in self.coefs])

    def _rows(self, X):
        return np.concatenate([np.ones((len(X), 1)), X.reshape(len(X), -1)], axis=1)


@dataclass(kw_only=True, eq=False, repr=False)
class LinearForecaster(Forecaster, ForecastParameters):
    """Autoregression by least squares, in all else a forecaster of skdl."""

    _parameter_constraints: ClassVar[dict] = ForecastParameters._forecast_constraints
    n_members: int = 1
    ridge: float = 0.0
    random_state: object = None

    def _make_regressor(self, seed):
        return LeastSquares(self.n_members, self.ridge)


def autoregression(n, phi=0.7, *, seed=0, n_columns=1):
    """Numbers that depend on the ones before: an AR(1) of unit noise."""
    noise = np.random.default_rng(seed).normal(size=(n + 50, n_columns))
    values = np.zeros_like(noise)
    for t in range(1, len(values)):
        values[t] = phi * values[t - 1] + noise[t]
    return values[50:, 0] if n_columns == 1 else values[50:]
