"""What a fitted estimator is worth on rows which it has not seen."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
from sklearn.metrics import roc_auc_score as roc_auc

LEAST = 1e-6  # probabilities are clipped to so much and one minus it


class Metric(NamedTuple):
    """A figure which `classification_scores` or another function here gives."""

    key: str
    title: str
    sign: int = 1  # -1 if less is better


ACCURACY = Metric("accuracy", "accuracy")
BALANCED = Metric("balanced_accuracy", "balanced accuracy")
LOG_LOSS = Metric("log_loss", "log loss", -1)
R2 = Metric("r2", "R2")
ROC_AUC = Metric("roc_auc", "ROC AUC")


def classification_scores(estimator, X, y):
    """Return the accuracy and the log loss of a fitted classifier."""
    return {
        ACCURACY.key: float(accuracy_score(y, estimator.predict(X))),
        LOG_LOSS.key: log_loss(y, estimator.predict_proba(X), estimator.classes_),
    }


def rare_class_scores(estimator, X, y):
    """Return what counts for two classes of which one is rare."""
    probability = estimator.predict_proba(X)
    return {
        BALANCED.key: float(balanced_accuracy_score(y, estimator.predict(X))),
        ROC_AUC.key: float(roc_auc(y == estimator.classes_[1], probability[:, 1])),
        LOG_LOSS.key: log_loss(y, probability, estimator.classes_),
    }


def regression_scores(estimator, X, y):
    """Return R2 of a fitted regressor."""
    return {R2.key: float(r2_score(y, estimator.predict(X)))}


def log_loss(y, probability, classes):
    """Return the mean of minus the log of the true class's probability.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
    probability : ndarray of shape (n_rows, n_classes)
        Clipped at 1e-6 and at one minus that, as the log of 0 is infinite.
    classes : ndarray of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    float
    """
    true = probability[np.arange(len(y)), np.searchsorted(classes, y)]
    return float(-np.log(np.clip(true, LEAST, 1 - LEAST)).mean())
