"""What all classifiers share: labels, probabilities, class weights."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin

from skdl._targets import classification_targets
from skdl._validation import StrOptions
from skdl.base._estimator import NeuralEstimator
from skdl.base._unchanged import or_unchanged


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralClassifier(ClassifierMixin, NeuralEstimator):
    """What all classifiers share: labels, probabilities, class weights."""

    class_weight: object = None

    _parameter_constraints: ClassVar[dict] = {
        **NeuralEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "monitor": [StrOptions({"auto", "loss", "val_loss", "val_accuracy"})],
    }

    @or_unchanged
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, from the present weights.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Rows. A dense network scales columns by the mean and the standard deviation
            of all rows so far, others by those of the first call.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights.

        Returns
        -------
        self
            The estimator after one more epoch.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call, or y holds another label.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not known to partial_fit, which sees a "
                "part of y only. Compute the weights with "
                "sklearn.utils.class_weight.compute_class_weight and pass them as a "
                "dict."
            )
        if not hasattr(self, "_trained") and classes is None:
            raise ValueError(
                "classes=None in the first call of partial_fit. Pass all labels that "
                "y will ever hold: partial_fit(X, y, classes=...)."
            )
        if hasattr(self, "_trained") and classes is not None:
            self._targets.check_classes(classes)
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X):
        """Predict labels.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Rows, in any form that ``fit`` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class, or an indicator matrix.
        """
        raw = self._raw(X)
        return self._targets.decode(raw)

    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Rows, in any form that ``fit`` takes.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Of float64. Rows sum to one, except for multilabel targets, where every
            column is a probability of its own.
        """
        raw = self._raw(X)
        return self._targets.probabilities(raw)

    def decision_function(self, X):
        """Predict logits.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Rows, in any form that ``fit`` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The network's outputs before sigmoid or softmax; one column for two
            classes, positive where the second one is more probable.
        """
        raw = self._raw(X)
        return self._targets.decision(raw)

    def _find_targets(self, y, classes=None):
        return classification_targets(y, classes)

    def _find_loss(self):
        from skdl.losses import classification_loss

        return classification_loss("log_loss" if self.loss == "auto" else self.loss)

    def _metrics(self, targets):
        from skdl.losses import accuracy

        return (("accuracy", accuracy),)

    def _set_fitted_attributes(self, targets):
        self.classes_ = targets.classes

    def _weigh(self, rows, validation, targets):
        factors = targets.class_weights(self.class_weight, rows.y, rows.weight)
        return [
            part and part.weighed(targets.row_weights(factors, part.y))
            for part in (rows, validation)
        ]

    def _output_layers(self):
        from keras import layers

        dtype = self._trained.spec.dtype
        if len(self.classes_) == 1 and self._row_shape == (1,):
            return [layers.Rescaling(0.0, 1.0, dtype=dtype, name="probabilities")]
        name = "softmax" if self._row_shape == () else "sigmoid"
        return [layers.Activation(name, dtype=dtype, name="probabilities")]

    @property
    def _row_shape(self):
        """Of the encoded target of a row, or of a step."""
        return getattr(self._targets, "of_steps", self._targets).row_shape

    def _constant_answers(self, y):
        from skdl.training._learnt import logits_near

        return logits_near(y, self._trained.spec.n_outputs)

    def _raw_of(self, answers):
        from keras import ops

        limits = np.finfo(self.dtype)
        raw = ops.log(ops.maximum(answers, limits.tiny))
        if self._row_shape == ():
            return raw
        return raw - ops.log(ops.maximum(1 - answers, limits.epsneg))

    def _encoded_of(self, y):
        from keras import ops

        if self._row_shape == ():
            return ops.cast(ops.reshape(y, (-1,)), "int32")
        if self._row_shape == (1,):
            positive = ops.reshape(y, (-1, 1)) == len(self.classes_) - 1
            return ops.cast(positive, self.dtype)
        return y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
