"""Several recurrent networks side by side, for windows of a series."""

import numbers
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV

from skdl._sequences import SequenceInputs, check_sequences
from skdl._targets import NumericTargets
from skdl._validation import Interval
from skdl.base import NeuralRegressor
from skdl.base._members import MembersMixin
from skdl.base._prepared import Divided
from skdl.estimators._lstm import LSTMParameters, Recurrent

PENALTIES = np.logspace(-3, 4, 15)  # of the autoregression
LEAST_WINDOWS = 3  # without one of them there are two to learn from


@dataclass(kw_only=True, eq=False, repr=False)
class WindowParameters(LSTMParameters):
    """The parameters of these networks."""

    units: object = 32
    weight_decay: float = 3.0
    n_members: int = 5
    autoregressive: bool = True

    _window_constraints: ClassVar[dict] = {
        **LSTMParameters._network_constraints,
        "n_members": [Interval(numbers.Integral, 1, None, closed="left")],
        "autoregressive": ["boolean"],
    }


@dataclass(kw_only=True, eq=False, repr=False)
class WindowRegressor(Recurrent, MembersMixin, NeuralRegressor, WindowParameters):
    """Recurrent networks with rows of their own, for windows of one length.

    The part of `LSTMForecaster` that learns. Each network may be held out of some rows,
    for which its answer is then one about something unseen.
    """

    learning_rate_schedule: object = "auto"
    epochs: int = 50
    early_stopping: bool | str = False

    _adam_rate: ClassVar[float] = 0.01
    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **WindowParameters._window_constraints,
    }

    def fit(self, X, y, *, held_out=None):
        """Train the networks.

        Parameters
        ----------
        X : ndarray of shape (n_windows, n_steps, n_features)
            Windows of a series.
        y : ndarray of shape (n_windows, n_outputs)
            What follows them.
        held_out : list of ndarray of int, default=None
            For each network the windows that it does not learn from; with early
            stopping it is judged by them.

        Returns
        -------
        self
            The fitted networks.
        """
        self._held_out_rows = held_out
        try:
            return super().fit(X, y)
        finally:
            del self._held_out_rows

    def member_predictions(self, X):
        """The prediction of each network.

        Parameters
        ----------
        X : ndarray of shape (n_windows, n_steps, n_features)
            Windows.

        Returns
        -------
        ndarray of shape (n_members, n_windows, n_outputs)
            In the units of y, float64.
        """
        outputs = self._loss.predict(self._raw(X).astype(np.float64))
        return np.stack([self._targets.decode(raw) for raw in outputs])

    def predict(self, X):
        """The mean of `member_predictions`."""
        return self.member_predictions(X).mean(axis=0)

    def _check_inputs(self, X, *, reset, name="X"):
        return check_sequences(self, X, reset=reset, name=name)

    def _fit_inputs(self, rows):
        weight = rows.normalised_weight()
        options = {"scaling": self.input_scaling, "dtype": self.dtype}
        return SequenceInputs.fit(rows.X, weight, **options)

    def _find_targets(self, y, classes=None):
        n = y.shape[1]
        return NumericTargets(n, False, np.zeros(n), np.ones(n))

    def _further_options(self, input_shape):
        return {"autoregressive": bool(self.autoregressive)}

    def _first_states(self, divided, targets):
        if not self.autoregressive:
            return super()._first_states(divided, targets)
        X = self._inputs.transform(divided.rows.X).astype(np.float64)
        X = X.reshape(len(X), -1)
        y = targets.encode(divided.rows.y, "float64")
        parts = divided.parts or [(slice(None), ())] * self._n_members
        return [autoregression(X[own], y[own]) for own, _ in parts]

    def _divide(self, rows, validation, targets, *, stops, seeds):
        everything = np.arange(rows.n_rows)
        parts = None
        if self._held_out_rows is not None:
            parts = [
                (np.setdiff1d(everything, held), held if stops else held[:0])
                for held in self._held_out_rows
            ]
        batch_size = self._rows_per_batch(rows.n_rows)
        return Divided(rows, validation, parts, min(batch_size, rows.n_rows))


def autoregression(X, y):
    """The ridge regression of `y` on windows, its penalty chosen by leave-one-out.

    Parameters
    ----------
    X : ndarray of shape (n_windows, n_steps * n_features)
        Windows.
    y : ndarray of shape (n_windows, n_outputs)
        What follows them. With one or two of them the penalty is 1.

    Returns
    -------
    dict of str to ndarray
        Kernel and bias, by the names that they have in the network.
    """
    ridge = Ridge(1.0)
    if len(X) >= LEAST_WINDOWS:
        ridge = RidgeCV(PENALTIES, alpha_per_target=True)
    ridge.fit(X, y)
    return {
        "autoregression/kernel": ridge.coef_.reshape(y.shape[1], -1).T,
        "autoregression/bias": np.reshape(ridge.intercept_, -1),
    }
