"""What a user does to `model_` counts for that estimator, and for no other."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl import KerasRegressor
from tests.keras_wrappers._networks import QUICK

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype("float32")
Y = X[:, 0] - X[:, 1] ** 2


def square(dropout=0.0):
    """Layers of equal shapes, so that no confusion of them is an error by itself."""
    model = keras.Sequential([keras.Input((4,))])
    for _ in range(3):
        model.add(keras.layers.Dense(4, activation="relu"))
    if dropout:
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(1))
    return model


def fitted(**params):
    params = {**QUICK, "loss": "mse", "optimizer": "adam", **params}
    return KerasRegressor(square, **params).fit(X, Y)


def by_keras(estimator):
    return estimator.model_(X).numpy()[:, 0]


def frozen(model):
    model.layers[0].trainable = False


def compiled_again(model):
    model.compile("sgd", "mae")


def another_activation(model):
    model.layers[0].activation = keras.activations.tanh


CHANGES = [frozen, compiled_again, another_activation]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_change_of_one_model_is_none_of_another(change):
    expected = fitted(validation_split=0.2)
    one = fitted(validation_split=0.2)
    change(one.model_)
    another = fitted(validation_split=0.2)
    assert_array_equal(another.predict(X), expected.predict(X))
    assert another.history_ == expected.history_
    assert_allclose(another.predict(X), by_keras(another), rtol=1e-5, atol=1e-6)


def test_frozen_layer_without_compiling_changes_no_prediction():
    estimator = fitted()
    before = estimator.predict(X)
    estimator.model_.layers[0].trainable = False
    assert_array_equal(estimator.predict(X), before)


class Failing(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise ZeroDivisionError


@pytest.mark.parametrize("params", [{}, {"run_eagerly": True}], ids=["engine", "keras"])
def test_failed_fit_gives_the_model_back(params):
    estimator = fitted(warm_start=True, **params)
    weights, step = estimator.predict(X), int(estimator.model_.optimizer.iterations)
    with pytest.raises(ZeroDivisionError):
        estimator.set_params(callbacks=[Failing()]).fit(X, Y, callbacks=[Failing()])
    assert_array_equal(estimator.predict(X), weights)
    assert int(estimator.model_.optimizer.iterations) == step


def test_history_of_the_model_is_there_as_in_keras():
    estimator = fitted(epochs=3)
    assert estimator.model_.history.epoch == [0, 1, 2]
    assert estimator.model_.history.history["loss"] == estimator.history_["loss"]


def test_metric_of_several_values_is_printed(capsys):
    y = np.eye(3, dtype="float32")[np.arange(60) % 3]

    def network():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])

    params = {**QUICK, "loss": "mse", "metrics": [keras.metrics.F1Score()]}
    KerasRegressor(network, **params, verbose=1).fit(X, y)
    assert "f1_score: " in capsys.readouterr().out
