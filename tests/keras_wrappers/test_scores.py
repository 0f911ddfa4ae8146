"""Scores are those of scikit-learn, or of a user's own function."""

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


def test_scores_are_accuracy_and_r2():
    X, y = names()
    estimator = three_classes().fit(X, y)
    assert estimator.score(X, y) == accuracy_score(y, estimator.predict(X))
    X, y = numbers(2)
    estimator = targets().fit(X, y)
    assert_allclose(estimator.score(X, y), r2_score(y, estimator.predict(X)))


def test_arguments_are_routed_to_the_score():
    X, y = names()
    estimator = three_classes(score__normalize=False).fit(X, y)
    assert estimator.score(X, y) == np.sum(estimator.predict(X) == y)
    X, y = numbers(2)
    estimator = targets(score__multioutput="raw_values").fit(X, y)
    expected = r2_score(y, estimator.predict(X), multioutput="raw_values")
    assert_allclose(estimator.score(X, y), expected)


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
