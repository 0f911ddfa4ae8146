"""What a model says of rows, in the form that is averaged and scored."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skdl._targets import refuse_unsortable

EPS = np.finfo(np.float64).eps
METHODS = ("predict_proba", "decision_function", "predict")


def response_method(estimator):
    """The most telling method that an estimator has.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.

    Returns
    -------
    str
        "predict_proba", "decision_function" or "predict".
    """
    return next((name for name in METHODS if hasattr(estimator, name)), "predict")


def answers_of_classifier(estimator, y):
    """How classifiers answer.

    Parameters
    ----------
    estimator : estimator
        The classifier.
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels.

    Returns
    -------
    answers : Classes or LabelSets
        With the attribute ``classes``.
    y : ndarray
        Labels, as an array.

    Raises
    ------
    ValueError
        For numbers in place of labels, missing ones, and several outputs of many
        classes.
    """
    if sp.issparse(y):
        y = y.toarray()
    refuse_unsortable(y)
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind == "multilabel-indicator":
        y = np.asarray(y)
        return LabelSets(response_method(estimator), y.shape[1]), y
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"y has {np.shape(y)[1]} columns with more than two values. Give one "
            "column of labels or an indicator matrix, or fit one ensemble for each "
            "column with sklearn.multioutput.MultiOutputClassifier."
        )
    y = column_or_1d(y, warn=True)
    return Classes(response_method(estimator), np.unique(y)), y


class Numbers:
    """Regression: predictions of shape (n,) or (n, outputs)."""

    method = "predict"
    share = False  # whether a score is a share of the rows

    def __call__(self, model, X):
        return np.asarray(model.predict(X), dtype=np.float64)

    def score(self, y, answer, weight=None):
        """Minus the mean squared error."""
        squared = (np.asarray(y, np.float64).reshape(answer.shape) - answer) ** 2
        return -_mean(squared.reshape(len(answer), -1).mean(axis=1), weight)

    def labels(self, answer):
        """The answer itself."""
        return answer


class Classes:
    """One label for each row: an answer has a column for each class of all rows.

    A model that has not seen a class gives it the probability 0, one vote less than
    any other, or the lowest decision value of the row.
    """

    def __init__(self, method, classes):
        self.method = method
        self.classes = classes
        self.share = method != "predict_proba"

    def __call__(self, model, X):
        raw = getattr(model, self.method)(X)
        if self.method == "predict":
            return (np.asarray(raw).reshape(-1, 1) == self.classes).astype(np.float64)
        raw = np.asarray(raw, dtype=np.float64)
        seen = np.asarray(getattr(model, "classes_", self.classes))
        if self.method == "decision_function":
            if len(seen) == 1:  # whose value says nothing: it is always predicted
                return self._certain(seen, len(raw))
            if raw.ndim == 1 and len(self.classes) == 2:
                return raw
            if raw.ndim == 1:
                raw = np.column_stack([-raw, raw])
        if raw.shape[1] != len(seen):
            raise ValueError(
                f"{type(model).__name__}.{self.method} returned {raw.shape[1]} columns "
                f"for {len(seen)} classes. One for each class is needed."
            )
        if len(seen) == len(self.classes):
            return raw
        if self.method == "predict_proba":
            answer = np.zeros((len(raw), len(self.classes)))
        else:
            answer = np.tile(raw.min(axis=1, keepdims=True), (1, len(self.classes)))
        answer[:, np.searchsorted(self.classes, seen)] = raw
        return answer

    def _certain(self, seen, n_rows):
        """Decision values of a model that knows one class."""
        values = np.where(self.classes == seen[0], 1.0, -1.0)
        if len(self.classes) == 2:
            return np.full(n_rows, values[1])
        return np.tile(values, (n_rows, 1))

    def score(self, y, answer, weight=None):
        """Minus the log loss, or the accuracy where there are no probabilities."""
        if self.share:
            return _mean(self.labels(answer) == y, weight)
        p = answer[np.arange(len(answer)), np.searchsorted(self.classes, y)]
        return _mean(_log(p / np.maximum(answer.sum(axis=1), EPS)), weight)

    def labels(self, answer):
        """The class of the largest value."""
        if answer.ndim == 1:
            return self.classes[(answer > 0).astype(int)]
        return self.classes[answer.argmax(axis=1)]


class LabelSets:
    """An indicator matrix: an answer has a column for each label."""

    def __init__(self, method, n_labels):
        self.method = method
        self.classes = np.arange(n_labels)
        self.share = method != "predict_proba"

    def __call__(self, model, X):
        raw = getattr(model, self.method)(X)
        if isinstance(raw, list):  # forests: for each label the columns "no" and "yes"
            return np.column_stack(
                [
                    p[:, list(seen).index(1)] if 1 in seen else np.zeros(len(p))
                    for p, seen in zip(raw, model.classes_, strict=True)
                ]
            )
        raw = raw.toarray() if sp.issparse(raw) else raw
        return np.asarray(raw, dtype=np.float64)

    def score(self, y, answer, weight=None):
        """Minus the log loss, or the share of right labels."""
        if self.share:
            return _mean((self.labels(answer) == y).mean(axis=1), weight)
        p = np.where(y == 1, answer, 1 - answer)
        return _mean(_log(p).mean(axis=1), weight)

    def labels(self, answer):
        """An indicator matrix."""
        border = 0.0 if self.method == "decision_function" else 0.5
        return (answer > border).astype(int)


def columns(answers, answer):
    """An answer as columns for another model, of which none is known from the others.

    Parameters
    ----------
    answers : Numbers, Classes or LabelSets
        Whose answer it is.
    answer : ndarray of shape (n_samples, ...)
        What it says.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        For two classes only the second one's column.
    """
    answer = answer.reshape(len(answer), -1)
    two_classes = isinstance(answers, Classes) and len(answers.classes) == 2
    return answer[:, 1:] if two_classes and answer.shape[1] == 2 else answer


def _log(p):
    """Finite: a class that was thought impossible costs 36, as in scikit-learn."""
    return np.log(np.maximum(p, EPS))


def _mean(values, weight):
    if weight is None:
        return float(np.mean(values))
    weight = np.asarray(weight)
    total = weight.sum()
    return float(np.dot(values, weight) / total) if total else np.nan
