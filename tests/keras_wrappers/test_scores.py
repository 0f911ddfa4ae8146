"""Scores with a function of a user's own, and with weights of rows."""

import numpy as np
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score

from skdl import KerasRegressor
from tests.keras_wrappers._networks import (
    QUICK,
    names,
    numbers,
    regressor,
)
from tests.keras_wrappers._several import (
    targets,
    three_classes,
)

WEIGHT = np.linspace(0.2, 3, 60)


class ByDistance(KerasRegressor):
    """Scored by the mean absolute error."""

    @staticmethod
    def scorer(y_true, y_pred, sample_weight=None, sign=-1):
        return sign * mean_absolute_error(y_true, y_pred, sample_weight=sample_weight)


def test_scorer_of_a_users_own():
    X, y = numbers()
    weight = np.linspace(0, 1, len(X))
    estimator = ByDistance(regressor, loss="mse", **QUICK).fit(X, y)
    distance = np.abs(estimator.predict(X) - y)
    assert_allclose(estimator.score(X, y), -distance.mean(), rtol=1e-5)
    expected = -np.average(distance, weights=weight)
    assert_allclose(estimator.score(X, y, sample_weight=weight), expected, rtol=1e-5)
    estimator = ByDistance(regressor, loss="mse", score__sign=1, **QUICK).fit(X, y)
    assert_allclose(estimator.score(X, y), distance.mean(), rtol=1e-5)


def test_weights_in_the_score():
    X, y = names()
    estimator = three_classes().fit(X, y)
    expected = accuracy_score(y, estimator.predict(X), sample_weight=WEIGHT)
    assert_allclose(estimator.score(X, y, sample_weight=WEIGHT), expected, rtol=1e-6)
    X, y = numbers(2)
    estimator = targets().fit(X, y)
    expected = r2_score(y, estimator.predict(X), sample_weight=WEIGHT)
    assert_allclose(estimator.score(X, y, sample_weight=WEIGHT), expected, rtol=1e-5)


def test_rows_without_weight_do_not_count_in_the_score():
    X, y = names()
    weight = (np.arange(60) < 20).astype(float)
    estimator = three_classes().fit(X, y)
    expected = accuracy_score(y[:20], estimator.predict(X[:20]))
    assert_allclose(estimator.score(X, y, sample_weight=weight), expected)
