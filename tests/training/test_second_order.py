"""Objectives with a gradient in them, against Keras's own layers and two tapes."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from numpy.testing import assert_allclose

from skdl.training._objective import Objective, Value
from skdl.training._player import Player
from skdl.training._program import PROGRAMS, ProgramKey
from tests.training.engine import arrays, fit, numbers, other, resolve_optimizer

N = 12
RATE = 2.0**-7


@dataclass(frozen=True)
class Flat(Objective):
    """A network whose outputs change little with the inputs: the squared gradient."""

    second_order: ClassVar[bool] = True

    def value(self, player, networks, batch, tools):
        outputs, gradient = tools.value_and_gradient(
            lambda X: ops.sum(networks[player](X, training=True), axis=-1), batch.X
        )
        axes = tuple(range(1, len(gradient.shape)))
        return Value(outputs + ops.sum(gradient**2, axis=axes))


@dataclass(frozen=True)
class FlatByFusedOperations(Flat):
    second_order: ClassVar[bool] = False


def recurrent(input_shape, n_outputs, *, dtype, kind):
    inputs = keras.Input(input_shape, dtype=dtype)
    x = getattr(layers, kind)(3, dtype=dtype)(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


def normalised(input_shape, n_outputs, *, dtype):
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.Conv2D(3, 2, activation="tanh", dtype=dtype)(inputs)
    x = layers.BatchNormalization(dtype=dtype)(x)
    x = layers.GlobalAveragePooling2D(dtype=dtype)(ops.tanh(x))
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


SPECS = {
    "lstm": other(recurrent, 6, 2, kind="LSTM", dtype="float32"),
    "long lstm": other(recurrent, 40, 2, kind="LSTM", dtype="float32"),
    "gru": other(recurrent, 6, 2, kind="GRU", dtype="float32"),
    "long gru": other(recurrent, 40, 2, kind="GRU", dtype="float32"),
    "batch normalisation": other(normalised, 4, 4, 2, dtype="float32"),
}


def key_of(spec, objective):
    player = Player(spec, resolve_optimizer("sgd")[0])
    return ProgramKey((player,), objective, (0,), "float32")


@pytest.mark.parametrize("name", SPECS)
def test_gradient_of_a_gradient_is_that_of_keras(name):
    spec = SPECS[name]
    X = numbers(N, *spec.input_shape, dtype="float32")
    model, layout = spec.model(), PROGRAMS.network(spec).layout
    start = layout.fresh(3)
    layout.write(layout.variables(model), start)
    with tf.GradientTape() as tape:
        rows = tf.constant(X)
        with tf.GradientTape() as inner:
            inner.watch(rows)
            outputs = tf.reduce_sum(model(rows, training=True), axis=-1)
        gradient = inner.gradient(outputs, rows)
        squares = tf.reduce_sum(tf.reshape(gradient, (N, -1)) ** 2, axis=1)
        loss = tf.reduce_mean(outputs + squares)
    expected = tape.gradient(loss, model.trainable_variables)

    y = np.zeros((N, 0), np.float32)
    key = key_of(spec, Flat())
    outcome = fit(key, arrays(X, y), start=start, rate=RATE, epochs=1)
    assert_allclose(outcome.history["loss"], [float(loss)], rtol=1e-4)
    step = (start.trainable - outcome.weights.trainable) / RATE
    expected = layout.join([g.numpy() for g in expected])
    assert np.abs(expected).max() > 0.1
    assert_allclose(step, expected, rtol=2e-3, atol=2e-4)


def test_one_operation_for_a_whole_lstm_has_no_second_derivative():
    """Which is why it stays out: if it gets one, so can the swap come back."""
    X = numbers(N, 6, 2, dtype="float32")
    key = key_of(SPECS["lstm"], FlatByFusedOperations())
    with pytest.raises(LookupError, match="BlockLSTMGrad"):
        fit(key, arrays(X, np.zeros((N, 0), np.float32)), epochs=1)
