"""Weights as arrays: drawn as Keras draws them, in the order that Keras has."""

import random

import keras
import numpy as np
import pytest
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from skdl.training._program import PROGRAMS
from skdl.training._trained import TrainedNetwork
from tests.training.engine import (
    WithTraining,
    convolutional,
    dense,
    gru,
    lstm,
    numbers,
    other,
    same_bits,
    subclassed,
    weights_of,
)


class Scaled(layers.Layer):
    """A user's layer that does not keep its initializer as an attribute."""

    def build(self, input_shape):
        normal = keras.initializers.RandomNormal(stddev=3.0)
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer=normal)

    def call(self, inputs):
        return inputs * self.scale


def with_users_layer(input_shape, n_outputs, *, dtype):
    inputs = keras.Input(input_shape, dtype=dtype)
    x = Scaled(dtype=dtype)(layers.Dense(400, dtype=dtype)(inputs))
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


def recurrent(input_shape, n_outputs, *, dtype):
    """All kinds of cells, also inside a wrapper."""
    inputs = keras.Input(input_shape, dtype=dtype)
    cell = layers.LSTM(20, return_sequences=True, dtype=dtype)
    x = layers.Bidirectional(cell, dtype=dtype)(inputs)
    x = layers.GRU(20, return_sequences=True, dtype=dtype)(x)
    x = layers.SimpleRNN(20, dtype=dtype)(x)
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


def nested(input_shape, n_outputs, *, dtype):
    """A model inside a model."""
    inner = dense(50, 30, dtype=dtype, hidden_units=(40,)).model()
    inputs = keras.Input(input_shape, dtype=dtype)
    x = inner(layers.Dense(50, dtype=dtype)(inputs))
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


NETWORKS = {
    "relu": dense(80, 30, activation="relu", hidden_units=(60, 50)),
    "selu": dense(80, 30, activation="selu", hidden_units=(60, 50), dropout=0.5),
    "prelu": dense(80, 30, activation="prelu", hidden_units=(60, 50)),
    "batch norm": dense(80, 30, hidden_units=(60, 50), batch_norm=True),
    "float32": dense(80, 30, hidden_units=(60, 50), dtype="float32"),
    "linear": dense(80, 30, hidden_units=()),
    "images": other(convolutional, 6, 6, 20, n_outputs=30),
    "lstm": other(lstm, 5, 30, n_outputs=30),
    "gru": other(gru, 5, 30, n_outputs=30),
    "recurrent": other(recurrent, 5, 30, n_outputs=30),
    "nested": other(nested, 30, n_outputs=30),
    "subclass": other(subclassed, 80, n_outputs=30, kind=WithTraining, dropout=0.5),
    "users": other(with_users_layer, 30, n_outputs=30),
}
each_network = pytest.mark.parametrize("name", NETWORKS)


def layout(name):
    return PROGRAMS.network(NETWORKS[name]).layout


def pieces(name, weights):
    """One array for each trainable variable of Keras's model, in its order."""
    shapes = [tuple(v.shape) for v in NETWORKS[name].model().trainable_variables]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    parts = np.split(weights.trainable, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


# -- fresh weights ---------------------------------------------------------------------


@each_network
def test_fresh_weights_are_drawn_as_keras_draws_them(name):
    built = pieces(name, weights_of(NETWORKS[name].model(seed=1)))
    fresh = pieces(name, layout(name).fresh(1))
    for ours, theirs in zip(fresh, built, strict=True):
        if len(np.unique(theirs)) <= 2:  # zeros, ones, or both in an LSTM's bias
            assert_array_equal(ours, theirs)
        else:
            assert_allclose(ours.mean(), 0, atol=5 * theirs.std() / ours.size**0.5)
            assert_allclose(ours.std(), theirs.std(), rtol=5 / ours.size**0.5)
            assert_allclose(abs(ours).max(), abs(theirs).max(), rtol=0.5)


@each_network
def test_fresh_weights_depend_on_the_seed_alone(name):
    first = layout(name).fresh(7)
    np.random.default_rng(0)
    keras.layers.Dense(3).build((None, 2))
    assert same_bits(layout(name).fresh(7), first)
    assert first.trainable.dtype == NETWORKS[name].dtype
    another = layout(name).fresh(8)
    for a, b in zip(pieces(name, first), pieces(name, another), strict=True):
        constant = len(np.unique(a)) <= 2
        assert np.array_equal(a, b) == constant


@each_network
def test_layers_of_one_shape_do_not_share_their_draws(name):
    drawn = [p for p in pieces(name, layout(name).fresh(0)) if len(np.unique(p)) > 2]
    assert len({p.tobytes() for p in drawn}) == len(drawn)
    firsts = [p.flat[0] / p.std() for p in drawn]
    assert len(set(np.round(firsts, 6))) == len(firsts)


def test_dropout_layers_begin_with_seeds_of_their_own():
    spec = dense(hidden_units=(4, 4, 4), dropout=0.5)
    fresh = PROGRAMS.network(spec).layout.fresh
    seeds = [tuple(seed) for start in (0, 1) for seed in fresh(start).state]
    assert len(set(seeds)) == 6


def test_moving_averages_begin_with_zero_and_one():
    state = layout("batch norm").fresh(3).state
    assert [np.unique(values).tolist() for values in state] == [[0], [1], [0], [1]]


def labelled(name, weights):
    """(path, value) of each trainable variable."""
    paths = [v.path for v in NETWORKS[name].model().trainable_variables]
    return list(zip(paths, pieces(name, weights), strict=True))


@pytest.mark.parametrize(("name", "n_layers"), [("lstm", 1), ("recurrent", 2)])
def test_forget_bias_begins_with_one(name, n_layers):
    found = [
        value.reshape(4, -1).mean(axis=1).tolist()
        for path, value in labelled(name, layout(name).fresh(5))
        if "lstm" in path and path.endswith("bias")
    ]
    assert found == [[0, 1, 0, 0]] * n_layers  # input, forget, cell, output


@pytest.mark.parametrize("name", ["lstm", "gru", "recurrent"])
def test_recurrent_kernels_are_orthogonal(name):
    for path, value in labelled(name, layout(name).fresh(2)):
        if path.endswith("recurrent_kernel"):
            assert_allclose(value @ value.T, np.eye(len(value)), atol=1e-6)


def test_random_state_of_python_and_numpy_is_untouched():
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    for name in NETWORKS:
        layout(name).fresh(0)
    assert random.getstate() == before[0]
    assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


# -- where they lie --------------------------------------------------------------------


@each_network
def test_weights_lie_in_the_order_of_keras(name):
    model = NETWORKS[name].model(seed=3)
    found = layout(name).read(layout(name).variables(model))
    assert same_bits(found, weights_of(model))
    for ours, theirs in zip(
        layout(name).split(found.trainable), pieces(name, found), strict=True
    ):
        assert_array_equal(ours, theirs)


@each_network
def test_written_weights_are_read_again(name):
    weights = layout(name).fresh(4)
    model = NETWORKS[name].model()
    layout(name).write(layout(name).variables(model), weights)
    assert same_bits(weights_of(model), weights)


@each_network
def test_trained_network_is_a_keras_model_with_its_weights(name):
    trained = TrainedNetwork(NETWORKS[name], [layout(name).fresh(4)])
    X = numbers(6, *NETWORKS[name].input_shape, dtype=NETWORKS[name].dtype)
    rtol = 1e-4 if name == "float32" else 1e-10
    (model,) = trained.models()
    assert_allclose(trained(X), model(X, training=False), rtol=rtol, atol=rtol)
    n_parameters = sum(v.numpy().size for v in model.trainable_variables)
    assert trained.n_parameters == n_parameters
