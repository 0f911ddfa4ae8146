"""Batch normalisation in one operation gives what Keras computes in many."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from skdl.training._tensorflow._batch_norm import fused_batch_norm
from tests.training.engine import called

SHAPE = (6, 5, 3)


class Own(layers.BatchNormalization):
    """A user's layer, which may do anything."""


def model(kind=layers.BatchNormalization, *, dtype="float32", **options):
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input(SHAPE, dtype=dtype)
    x = layers.Conv2D(4, 3, dtype=dtype)(x)
    x = kind(dtype=dtype, name="norm", **options)(x)
    x = layers.GlobalMaxPooling2D(dtype=dtype)(x)
    return keras.Model(inputs, layers.Dense(2, dtype=dtype)(x))


def images(n_rows=7, dtype="float32"):
    rng = np.random.default_rng(0)
    return tf.constant(rng.normal(3.0, 2.0, (n_rows, *SHAPE)), dtype)


def operations(network, X):
    """Names of TensorFlow's operations in a training step."""

    def step(rows):
        variables = [v.value for v in network.trainable_variables]
        state = [v.value for v in network.non_trainable_variables]
        return called(network, variables, state, rows, training=True)[0]

    graph = tf.function(step).get_concrete_function(X).graph
    return {operation.type for operation in graph.get_operations()}


def by_engine(network, X):
    """Outputs, state after the step, and gradients of the squared outputs."""
    variables = [tf.constant(v.value) for v in network.trainable_variables]
    state = [tf.constant(v.value) for v in network.non_trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        outputs, state = called(network, variables, state, X, training=True)
        loss = tf.reduce_sum(outputs**2)
    return outputs, state, tape.gradient(loss, variables)


def by_keras(network, X):
    variables = [v.value for v in network.trainable_variables]
    with tf.GradientTape() as tape:
        outputs = network(X, training=True)
        loss = tf.reduce_sum(outputs**2)
    gradients = tape.gradient(loss, variables)
    return outputs, [v.value for v in network.non_trainable_variables], gradients


@pytest.mark.parametrize("n_rows", [1, 7])
@pytest.mark.parametrize(
    "options",
    [{}, {"scale": False}, {"center": False}, {"momentum": 0.5, "epsilon": 1e-5}],
    ids=str,
)
def test_outputs_averages_and_gradients_are_those_of_keras(options, n_rows):
    X = images(n_rows)
    assert "FusedBatchNormV3" in operations(model(**options), X)
    found = by_engine(model(**options), X)
    expected = by_keras(model(**options), X)
    for value, wanted in zip(
        tf.nest.flatten(found), tf.nest.flatten(expected), strict=True
    ):
        assert_allclose(value, wanted, rtol=2e-4, atol=2e-4)


def of_sequences(masked=False):
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input((None, 3))
    x = layers.Conv1D(4, 3, padding="same", data_format="channels_last")(x)
    mask = keras.ops.any(inputs > 0, axis=2) if masked else None
    x = layers.BatchNormalization(name="norm")(x, mask=mask)
    return keras.Model(inputs, layers.Dense(2)(x))


@pytest.mark.parametrize("shape", [(7, 5, 3), (1, 9, 3), (4, 1, 3)])
def test_sequences_of_any_length_are_normalised_as_by_keras(shape):
    X = tf.constant(np.random.default_rng(0).normal(3.0, 2.0, shape), "float32")
    assert "FusedBatchNormV3" in operations(of_sequences(), X)
    found, expected = by_engine(of_sequences(), X), by_keras(of_sequences(), X)
    for value, wanted in zip(
        tf.nest.flatten(found), tf.nest.flatten(expected), strict=True
    ):
        assert_allclose(value, wanted, rtol=2e-4, atol=2e-3)


def test_padding_is_left_to_keras():
    X = tf.constant(np.random.default_rng(0).normal(size=(7, 5, 3)), "float32")
    network = of_sequences(masked=True)
    assert "FusedBatchNormV3" not in operations(network, X)
    found, expected = by_engine(network, X), by_keras(network, X)
    assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-5)


def test_variance_of_a_single_pixel_is_zero():
    layer = layers.BatchNormalization(momentum=0.0)
    inputs = keras.Input((1, 1, 2))
    network = keras.Model(inputs, layer(inputs))
    _, (mean, variance), _ = by_engine(network, tf.constant([[[[3.0, -1.0]]]]))
    assert_array_equal(mean, [3.0, -1.0])
    assert_array_equal(variance, [0.0, 0.0])


@pytest.mark.parametrize(
    ("network", "dtype"),
    [
        (lambda: model(dtype="float64"), "float64"),
        (lambda: model(Own), "float32"),
        (lambda: model(trainable=False), "float32"),
    ],
    ids=["float64", "a subclass", "frozen"],
)
def test_others_are_left_to_keras(network, dtype):
    X = images(dtype=dtype)
    assert "FusedBatchNormV3" not in operations(network(), X)
    found, expected = by_engine(network(), X), by_keras(network(), X)
    assert_allclose(found[0], expected[0], rtol=1e-5)


def test_layers_are_as_before_afterwards():
    network = model()
    layer = network.get_layer("norm")
    with fused_batch_norm(network):
        assert "call" in vars(layer)
    assert "call" not in vars(layer)
