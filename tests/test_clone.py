"""Clones share Keras objects, which copies would change or refuse."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skdl import DenseClassifier
from tests.instances import small


class Weighted(keras.losses.Loss):  # not registered, and without get_config
    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.square(y_true - y_pred), axis=-1)


class Patient(keras.optimizers.SGD):
    """A class of a user's own."""


def decay_of_biases():
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=5.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    return optimizer


@pytest.mark.parametrize("name", ["DenseRegressor", "TabularRegressor"])
@pytest.mark.parametrize(
    "params",
    [
        {"loss": Weighted(7.0)},
        {"optimizer": Patient(0.25)},
        {"optimizer": decay_of_biases()},
        {"loss": lambda t, p: ops.mean(ops.abs(t - p), axis=-1)},
    ],
    ids=["loss", "optimizer", "excluded variables", "lambda"],
)
def test_clone_learns_the_same(diabetes, name, params):
    X, y = diabetes
    reg = small(name, epochs=3, learning_rate=None, **params)
    expected = reg.fit(X, y).predict(X)
    copy = clone(reg)
    assert not hasattr(copy, "_trained")
    assert_array_equal(copy.fit(X, y).predict(X), expected)
    assert np.isfinite(cross_val_score(reg, X, y, cv=2)).all()


def test_clone_copies_all_else():
    clf = DenseClassifier(class_weight={0: 2.0}, callbacks=[keras.callbacks.Callback()])
    clf.set_fit_request = None  # an attribute that is no parameter
    copy = clone(clf)
    assert copy.class_weight == clf.class_weight
    assert copy.class_weight is not clf.class_weight
    assert copy.callbacks[0] is not clf.callbacks[0]


def test_search_goes_over_optimizer_instances(iris):
    X, y = iris
    grid = {
        "optimizer": [keras.optimizers.SGD(0.25), keras.optimizers.Lion(0.01), "adam"]
    }
    search = GridSearchCV(DenseClassifier(hidden_units=(4,), epochs=2), grid, cv=2)
    assert len(search.fit(X, y).cv_results_["params"]) == 3
