"""Recurrent networks that classify sequences."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skdl.base import NeuralClassifier
from skdl.estimators._lstm import SequenceParameters, Sequences


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMClassifier(Sequences, NeuralClassifier, SequenceParameters):
    """TODO."""

    learning_rate_schedule: object = "auto"
    epochs: int = 30
    patience: int = 10

    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **SequenceParameters._sequence_constraints,
    }

    def score(self, X, y, sample_weight=None):
        """The share of right labels: of sequences, or of all steps together.

        Parameters
        ----------
        X : array-like or list of array-likes
            Sequences, as for `fit`.
        y : array-like of shape (n_sequences,), or for each step
            Labels.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of sequences.

        Returns
        -------
        float
            Accuracy.
        """
        check_is_fitted(self, "_trained")
        if self._has_steps:
            return self._score_of_steps(accuracy_score, X, y, sample_weight)
        return super().score(X, y, sample_weight)
