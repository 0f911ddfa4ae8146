"""Weights of labels as weights of rows, for a user's own Keras model."""

import numpy as np

from skdl._targets import ClassTargets
from skdl._validation import check_network_targets, plain_weights
from skdl.estimators._scikeras import wrappers


class LabelWeights:
    """The part of `KerasClassifier` that weighs rows by their labels.

    It stands in the place of SciKeras's, which knows the constructor's `class_weight`
    only: what is passed to ``fit`` is for Keras, to which labels are numbers.
    """

    def fit(self, X, y, sample_weight=None, class_weight=None, **kwargs):
        """Train with the weights of rows and labels multiplied."""
        self.classes_ = None
        weight = self._weighed(y, sample_weight, class_weight)
        return super(wrappers.KerasClassifier, self).fit(
            X, y, sample_weight=weight, **kwargs
        )

    def partial_fit(
        self, X, y, classes=None, sample_weight=None, class_weight=None, **kwargs
    ):
        """Train for one more epoch, likewise."""
        if classes is None:
            classes = getattr(self, "classes_", None)
        self.classes_ = classes
        weight = self._weighed(y, sample_weight, class_weight)
        return super(wrappers.KerasClassifier, self).partial_fit(
            X, y, sample_weight=weight, **kwargs
        )

    def _weighed(self, y, sample_weight, class_weight):
        """Weights of rows; those of a call come before those of parameters."""
        given = (class_weight, getattr(self, "fit__class_weight", None))
        chosen = next((w for w in given if w is not None), self.class_weight)
        if chosen is None or y is None:
            return sample_weight
        y = check_network_targets(self, y, numeric=False)
        factors = plain_weights(sample_weight, y, dtype=np.float64)
        columns, several = _columns(y)
        if several and chosen != "balanced":
            _check_several(chosen, len(columns))
        else:
            chosen = [chosen] * len(columns)
        for column, each in zip(columns, chosen, strict=True):
            factors = factors * _of_rows(
                each, column, None if several else self.classes_
            )
        return factors


def _columns(y):
    """Labels of each output, and whether there are several."""
    if y.ndim == 1 or y.shape[1] == 1:
        return [y.reshape(-1)], False
    if y.dtype.kind in "fiub" and y.min() == 0 and (y.sum(axis=1) == 1).all():
        return [y.argmax(axis=1)], False  # one-hot
    return list(y.T), True


def _check_several(class_weight, n_outputs):
    if not isinstance(class_weight, (list, tuple)) or len(class_weight) != n_outputs:
        raise ValueError(
            f"class_weight={class_weight!r} is not for y with {n_outputs} outputs. "
            'Give a list of one dict {label: weight} for each, or "balanced".'
        )


def _of_rows(class_weight, y, classes):
    """The class weight of each row; of labels that are known, y may lack some."""
    known = np.unique(y)
    if classes is not None:
        known = np.union1d(known, classes)
    targets = ClassTargets(known)
    index = targets.check(y)
    factors = targets.class_weights(class_weight, index, np.ones(len(y)))
    return targets.row_weights(factors, index)
