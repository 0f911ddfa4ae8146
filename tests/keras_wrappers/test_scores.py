"""Scores with a function of a user's own, and with weights of rows."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
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


FORMS = {
    "column": lambda y: y[:, None],
    "list of lists": lambda y: y[:, None].tolist(),
    "frame": lambda y: pd.DataFrame({"y": y}),
    "vector": lambda y: y,
}


@pytest.mark.parametrize("later", FORMS)
@pytest.mark.parametrize("first", ["vector", "column"])
@pytest.mark.parametrize("make", [three_classes, targets])
def test_column_and_vector_score_the_same(make, first, later):
    X, y = names() if make is three_classes else numbers()
    estimator = fitted(make, first)
    score = accuracy_score if make is three_classes else r2_score
    expected = score(y, np.ravel(estimator.predict(X)))
    assert_allclose(estimator.score(X, FORMS[later](y)), expected, rtol=1e-5)


@cache
def fitted(make, form):
    X, y = names() if make is three_classes else numbers()
    return make().fit(X, FORMS[form](y))


def test_validation_rows_may_be_a_column():
    X, y = names()
    estimator = three_classes().fit(X, y, X_val=X, y_val=y[:, None])
    vector = three_classes().fit(X, y, X_val=X, y_val=y)
    assert estimator.history_ == vector.history_


def test_column_in_partial_fit_is_refused():
    X, y = names()
    with pytest.raises(ValueError, match="y has 2 dimensions, but this"):
        three_classes().fit(X, y).partial_fit(X, y[:, None])
