"""Recurrent networks that predict numbers from sequences."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from skdl.base import NeuralRegressor
from skdl.estimators._lstm import SequenceParameters, Sequences


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMRegressor(Sequences, NeuralRegressor, SequenceParameters):
    """TODO."""

    learning_rate_schedule: object = "auto"
    epochs: int = 30
    patience: int = 10

    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **SequenceParameters._sequence_constraints,
    }

    def score(self, X, y, sample_weight=None):
        """The coefficient of determination, R²: of sequences, or of all their steps.

        Parameters
        ----------
        X : array-like or list of array-likes
            Sequences, as for `fit`.
        y : array-like of shape (n_sequences,) or (n_sequences, n_outputs)
            Targets; with an axis of steps if there is one for each of them.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of sequences.

        Returns
        -------
        float
            At most 1.
        """
        check_is_fitted(self, "_trained")
        if self._has_steps:
            return self._score_of_steps(r2_score, X, y, sample_weight)
        return super().score(X, y, sample_weight)
