"""Networks that look alike, but compute something else, are trained as Keras would."""

from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from skdl import KerasClassifier
from tests.keras_wrappers._networks import (
    IN_ORDER,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    keras_history,
)

# -- networks that look alike ----------------------------------------------------------


class Times(keras.layers.Layer):
    """A layer without a configuration that tells its factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


class LossTimes(keras.losses.Loss):
    """A loss of the same kind."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * keras.losses.sparse_categorical_crossentropy(
            y_true, y_pred
        )


FACTOR = [1.0]


def times_global(x):
    return keras.ops.relu(x) * FACTOR[0]


class TimesGlobal(keras.layers.Layer):
    """A layer that reads a global variable."""

    def call(self, inputs):
        return inputs * FACTOR[0]


def loss_times_global(y_true, y_pred):
    """A loss that reads one, but not itself."""
    return times(keras.losses.sparse_categorical_crossentropy(y_true, y_pred))


def times(x):
    return x * FACTOR[0]


def alike(middle=None, activation="relu", loss=SPARSE, factor=None, **hidden):
    """A compiled network, with the same first weights whatever is given."""
    FACTOR[0] = factor
    layers = [keras.layers.Dense(8, activation=activation, **hidden)]
    layers += [middle] if middle else []
    layers += [keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    for layer in (model.layers[0], model.layers[-1]):
        kernel, bias = layer.get_weights()
        layer.set_weights([np.cos(np.arange(kernel.size)).reshape(kernel.shape), bias])
    model.compile("sgd", loss)
    return model


# A factor reaches the network in ways that a plain comparison would miss.
ALIKE = {
    "layer": lambda f: alike(Times(f)),
    "lambda": lambda f: alike(keras.layers.Lambda(lambda x: x * f)),
    "activation": lambda f: alike(activation=lambda x: keras.ops.relu(x) * f),
    "global": lambda f: alike(activation=times_global, factor=f),
    "global of a layer": lambda f: alike(TimesGlobal(), factor=f),
    "global of a loss": lambda f: alike(loss=loss_times_global, factor=f),
    "penalty": lambda f: alike(kernel_regularizer=keras.regularizers.L2(f)),
    "penalty of outputs": lambda f: alike(keras.layers.ActivityRegularization(f)),
    "frozen": lambda f: alike(trainable=f > 1),
    "constraint": lambda f: alike(kernel_constraint=keras.constraints.MaxNorm(f)),
    "loss": lambda f: alike(loss=LossTimes(f)),
    "function of loss": lambda f: alike(
        loss=lambda y, p: f * keras.losses.sparse_categorical_crossentropy(y, p)
    ),
}


@pytest.mark.parametrize("place", ALIKE)
def test_networks_that_look_alike_are_not_taken_for_each_other(place):
    X, y = classes()
    KerasClassifier(partial(ALIKE[place], 1.0), **IN_ORDER).fit(X, y)
    estimator = KerasClassifier(partial(ALIKE[place], 2.0), **IN_ORDER).fit(X, y)
    oracle = ALIKE[place](2.0)
    assert_same_history(estimator, keras_history(oracle, X, y))
    assert_same_weights(estimator.model_, oracle)
    expected = np.asarray(oracle(X))
    assert_allclose(estimator.predict_proba(X), expected, atol=1e-5)
