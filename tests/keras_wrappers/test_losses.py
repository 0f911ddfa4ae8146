"""Losses in every form train as they do in Keras, and logits become probabilities."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import losses
from numpy.testing import assert_allclose, assert_array_equal

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._comparing import compare, compare_with
from tests.keras_wrappers._networks import (
    QUICK,
    classes,
    keras_history,
    known,
    known_regressor,
    labels,
    names,
    numbers,
    prebuilt,
)

# -- losses ----------------------------------------------------------------------------


def squared(y_true, y_pred):
    """A loss of a user: the mean of squares, with the shape of y put right."""
    y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


class Powered(losses.Loss):
    """A loss of a user with a parameter."""

    def __init__(self, power=4.0, name="powered"):
        super().__init__(name=name)
        self.power = power

    def call(self, y_true, y_pred):
        y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
        return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** self.power, axis=-1)


class NoLossOfKeras:
    """A class that is no Loss, but can be called like one."""

    __name__ = "no_loss_of_keras"

    def __init__(self, power=4.0):
        self.call = Powered(power).call

    def __call__(self, y_true, y_pred):
        return self.call(y_true, y_pred)


@keras.saving.register_keras_serializable(package="skdl_tests")
class Registered(Powered):
    """The same, known to Keras by name."""


@keras.saving.register_keras_serializable(package="skdl_tests")
def registered_squared(y_true, y_pred):
    return squared(y_true, y_pred)


KERAS_LOSSES = {"mse": "mse", "huber": losses.Huber(0.5), "powered": Registered()}
# What is given, and what Keras is given for it.
REGRESSION_LOSSES = {
    "string": ("mean_squared_error", "mse"),
    "short string": ("mse", "mse"),
    "name of a class": ("MeanSquaredError", "mse"),
    "class": (losses.MeanSquaredError, "mse"),
    "instance": (losses.Huber(0.5), "huber"),
    "function": (losses.mean_squared_error, "mse"),
    "function of a user": (squared, "mse"),
    "class of a user": (Powered, "powered"),
    "instance of a user": (Powered(4.0), "powered"),
    "class that is no loss": (NoLossOfKeras, "powered"),
    "registered class": (Registered, "powered"),
    "registered function": (registered_squared, "mse"),
}


@cache
def trained_on(loss):
    model = known_regressor()
    model.compile("rmsprop", KERAS_LOSSES[loss])
    return model, keras_history(model, *numbers())


@pytest.mark.parametrize("form", REGRESSION_LOSSES)
def test_losses(form):
    loss, expected = REGRESSION_LOSSES[form]
    estimator = KerasRegressor(known_regressor, loss=loss)
    compare_with(trained_on(expected), estimator, *numbers())


def test_parameter_of_a_loss_of_a_user():
    X, y = numbers()
    oracle = known_regressor()
    oracle.compile("rmsprop", Powered(2.5))
    estimator = KerasRegressor(known_regressor, loss=Powered, loss__power=2.5)
    assert compare(estimator, oracle, X, y).model_.loss.power == 2.5


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        "CategoricalCrossentropy",
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy,
        losses.CategoricalCrossentropy(),
    ],
    ids=["string", "name of a class", "function", "class", "instance"],
)
def test_targets_are_one_hot_for_the_categorical_loss(loss):
    X, y = names()
    model, history = trained_one_hot()
    estimator = KerasClassifier(known, loss=loss)
    compare_with((model, history), estimator, X, y)
    expected = np.unique(y)[np.asarray(model(X)).argmax(axis=1)]
    assert_array_equal(estimator.predict(X), expected)


@cache
def trained_one_hot():
    X, y = classes()
    model = prebuilt("categorical_crossentropy")
    return model, keras_history(model, X, np.eye(3)[y])


def test_one_hot_targets_for_a_compiled_network_need_the_loss_to_be_named():
    X, y = classes()
    loss = "categorical_crossentropy"
    compare_with(trained_one_hot(), KerasClassifier(prebuilt(loss), loss=loss), X, y)


# -- logits ----------------------------------------------------------------------------


def logits(n_outputs=3):
    return known(n_outputs, "linear", seed=1)


FROM_LOGITS = {
    "routed": {
        "loss": losses.SparseCategoricalCrossentropy,
        "loss__from_logits": True,
    },
    "instance": {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)},
    "one-hot": {"loss": losses.CategoricalCrossentropy(from_logits=True)},
}


@cache
def trained_on_logits():
    model = logits()
    model.compile("rmsprop", losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, keras_history(model, *classes())


@pytest.mark.parametrize("form", FROM_LOGITS)
def test_logits_of_several_classes(form):
    X, y = names()
    estimator = KerasClassifier(logits, **FROM_LOGITS[form])
    compare_with(trained_on_logits(), estimator, X, y)
    raw = np.asarray(trained_on_logits()[0](X))
    softmax = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    assert_allclose(estimator.predict_proba(X), softmax, atol=1e-5)
    assert_array_equal(estimator.predict(X), np.unique(y)[raw.argmax(axis=1)])


def test_logits_of_two_classes():
    X, y = classes(2)
    oracle = logits(1)
    oracle.compile("rmsprop", losses.BinaryCrossentropy(from_logits=True))
    estimator = KerasClassifier(
        logits, n_outputs=1, loss=losses.BinaryCrossentropy, loss__from_logits=True
    )
    compare(estimator, oracle, X, y)
    raw = np.asarray(oracle(X))[:, 0]
    sigmoid = 1 / (1 + np.exp(-raw))
    expected = np.column_stack([1 - sigmoid, sigmoid])
    assert_allclose(estimator.predict_proba(X), expected, atol=1e-5)
    assert_array_equal(estimator.predict(X), (raw > 0).astype(int))
    assert 0 < estimator.predict(X).sum() < len(y)


def test_logits_of_labels():
    X, y = labels()
    estimator = KerasClassifier(
        logits, loss=losses.BinaryCrossentropy(from_logits=True), **QUICK
    ).fit(X, y)
    raw = np.asarray(estimator.model_(X))
    assert_allclose(estimator.predict_proba(X), 1 / (1 + np.exp(-raw)), atol=1e-5)
    assert_array_equal(estimator.predict(X), (raw > 0).astype(int))


def test_logits_of_a_network_that_its_build_function_compiled():
    X, y = classes()

    def build():
        model = logits()
        model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    estimator = KerasClassifier(build, **QUICK).fit(X, y)
    assert_allclose(estimator.predict_proba(X).sum(axis=1), 1, atol=1e-5)
