"""Recurrent layers the quick way give what Keras computes step by step."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from skdl.networks import lstm_network
from skdl.training._tensorflow import _recurrent
from skdl.training._tensorflow._recurrent import quick_recurrence
from tests.training.engine import (
    RATE,
    Noted,
    arrays,
    called,
    fit,
    keras_fit,
    numbers,
    other,
    program_key,
    row_weights,
    squared_error,
    weights_of,
)

WHOLE = "BlockLSTM"  # TensorFlow's operation
N_STEPS, N_FEATURES = 7, 3


class Own(layers.LSTM):
    """A user's layer, which may do anything."""


def model(
    kind=layers.LSTM,
    *,
    n_steps=N_STEPS,
    masked=False,
    given=False,
    twofold=False,
    batch_size=None,
    dtype="float32",
    **options,
):
    """One recurrent layer, and a layer before it, so that there is a gradient to x."""
    keras.utils.set_random_seed(0)
    shape = (n_steps, N_FEATURES)
    inputs = x = keras.Input(shape, batch_size=batch_size, dtype=dtype)
    before = layers.Masking(dtype=dtype) if masked else layers.Dense(4, dtype=dtype)
    x = before(x)
    layer = kind(5, dtype=dtype, name="recurrent", **options)
    if twofold:
        layer = layers.Bidirectional(layer, dtype=dtype)
    if given:
        first = layers.Dense(5, dtype=dtype)(x[:, 0])
        outputs = layer(x, initial_state=[first, -first])
    else:
        outputs = layer(x)
    network = keras.Model(inputs, outputs)
    rng = np.random.default_rng(1)
    for variable in network.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    return network


def rows(n_rows=6, n_steps=N_STEPS, dtype="float32"):
    return tf.constant(numbers(n_rows, n_steps, N_FEATURES), dtype)


def values_of(network):
    return [tf.constant(v.value) for v in network.trainable_variables]


def state_of(network):
    return [tf.constant(v.value) for v in network.non_trainable_variables]


def total(outputs):
    """A number to which all outputs, at all steps, contribute in their own way."""
    parts = [
        tf.reduce_sum(part * tf.cast(tf.range(1, tf.size(part) + 1), part.dtype))
        for part in (tf.reshape(o, [-1]) for o in tf.nest.flatten(outputs))
    ]
    return tf.add_n(parts)


def traced(network, X, *, training=True):
    """A step in a graph: outputs, and gradients with respect to all weights."""

    @tf.function
    def step(values, state, X):
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs, _ = called(network, values, state, X, training=training)
            loss = total(outputs)
        return outputs, tape.gradient(loss, values)

    return step, (values_of(network), state_of(network), X)


def by_engine(network, X, *, training=True):
    step, inputs = traced(network, X, training=training)
    return step(*inputs)


def by_keras(network, X, *, training=True):
    values = [v.value for v in network.trainable_variables]
    with tf.GradientTape() as tape:
        outputs = network(X, training=training)
        loss = total(outputs)
    return outputs, tape.gradient(loss, values)


def operations(step, inputs):
    """Names of TensorFlow's operations in it."""
    graph = step.get_concrete_function(*inputs).graph  # the one that a call runs
    names = {operation.type for operation in graph.get_operations()}
    return {"While" if "While" in name else name for name in names}


def assert_same(found, expected, rtol=1e-4):
    for value, wanted in zip(
        tf.nest.flatten(found), tf.nest.flatten(expected), strict=True
    ):
        scale = float(np.abs(wanted).max())
        assert_allclose(value, wanted, rtol=rtol, atol=rtol * scale)


# -- the whole of an LSTM in one operation ---------------------------------------------

PLAIN = {
    "last": {},
    "sequences": {"return_sequences": True},
    "states": {"return_state": True},
    "sequences and states": {"return_sequences": True, "return_state": True},
    "backwards": {"go_backwards": True},
    "backwards, sequences": {"go_backwards": True, "return_sequences": True},
    "without bias": {"use_bias": False},
    "without a forget bias": {"unit_forget_bias": False},
    "dropout": {"dropout": 0.5, "return_sequences": True},
    "dropout, backwards": {"dropout": 0.5, "go_backwards": True},
    "a first state": {"given": True, "return_state": True},
    "one step": {"n_steps": 1},
    "many steps": {"n_steps": 40},
    "both ways": {"twofold": True},
    "both ways, sequences": {"twofold": True, "return_sequences": True},
    "told to unroll": {"unroll": True},
}


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize("name", PLAIN)
def test_whole_lstm_has_the_outputs_states_and_gradients_of_keras(name, training):
    options = PLAIN[name]
    X = rows(n_steps=options.get("n_steps", N_STEPS))
    step, inputs = traced(model(**options), X, training=training)
    assert WHOLE in operations(step, inputs)
    assert_same(step(*inputs), by_keras(model(**options), X, training=training))


def test_dropout_leaves_the_same_inputs_out_as_keras_and_none_at_prediction():
    X = rows()
    plain, dropped = model(), model(dropout=0.5)
    outputs = by_engine(dropped, X)[0]
    assert not np.allclose(outputs, by_engine(plain, X)[0], atol=1e-3)
    at_prediction = by_engine(dropped, X, training=False)[0]
    assert_same(at_prediction, plain(X, training=False))


def test_recurrent_dropout_is_left_out_at_prediction_and_unrolled_in_training():
    X = rows()
    options = {"recurrent_dropout": 0.5, "return_sequences": True}
    for training in (True, False):
        step, inputs = traced(model(**options), X, training=training)
        assert (WHOLE in operations(step, inputs)) == (not training)
        assert "While" not in operations(step, inputs)
        assert_same(step(*inputs), by_keras(model(**options), X, training=training))


def test_sequences_of_any_length_take_one_operation():
    network = model(n_steps=None, return_sequences=True)
    for n_steps in (1, 5, 60):
        X = rows(n_steps=n_steps)
        step, inputs = traced(network, X)
        assert WHOLE in operations(step, inputs)
        assert_same(step(*inputs), by_keras(network, X))


def test_gradient_is_the_slope_of_the_output():
    """In float32 as well: the operation's gradient is one of TensorFlow's kernels."""
    X, network = rows(3), model(return_sequences=True)
    _, gradients = by_engine(network, X)
    exact = model(return_sequences=True, dtype="float64")  # which Keras computes
    start = [v.numpy().astype("f8") for v in network.trainable_variables]
    rng = np.random.default_rng(2)
    for variable, value, gradient in zip(
        exact.trainable_variables, start, gradients, strict=True
    ):
        direction, ends = rng.normal(size=value.shape), []
        for step in (1e-5, -1e-5):
            variable.assign(value + step * direction)
            ends.append(float(total(exact(tf.cast(X, "float64")))))
        variable.assign(value)
        slope = (ends[0] - ends[1]) / 2e-5
        found = np.sum(np.asarray(gradient, "f8") * direction)
        scale = np.abs(np.asarray(gradient) * direction).sum()
        assert_allclose(found, slope, rtol=1e-3, atol=1e-4 * scale)


# -- what is computed as Keras does ----------------------------------------------------

LEFT_TO_KERAS = {
    "another activation": {"activation": "relu"},
    "another recurrent activation": {"recurrent_activation": "hard_sigmoid"},
    "float64": {"dtype": "float64"},
    "a mask": {"masked": True},
    "a mask, sequences": {"masked": True, "return_sequences": True},
    "a state that stays": {"stateful": True, "batch_size": 6},
    "a subclass": {"kind": Own},
}


@pytest.mark.parametrize("name", LEFT_TO_KERAS)
def test_others_are_computed_by_keras(name):
    options = LEFT_TO_KERAS[name]
    X = rows(dtype=options.get("dtype", "float32")).numpy()
    if options.get("masked"):
        X[1, 4:] = 0.0
        X[2, :2] = 0.0
    X = tf.constant(X)
    step, inputs = traced(model(**options), X)
    assert WHOLE not in operations(step, inputs)
    assert_same(step(*inputs), by_keras(model(**options), X))


def test_on_a_gpu_keras_chooses(monkeypatch):
    monkeypatch.setattr(_recurrent, "has_gpu", lambda: True)
    network = model()
    with quick_recurrence(network):
        assert "inner_loop" not in vars(network.get_layer("recurrent"))
    assert WHOLE not in operations(*traced(network, rows()))


# -- unrolled --------------------------------------------------------------------------

UNROLLED = {
    "gru": {"kind": layers.GRU},
    "gru, sequences": {"kind": layers.GRU, "return_sequences": True},
    "gru, states": {"kind": layers.GRU, "return_state": True},
    "gru, backwards": {"kind": layers.GRU, "go_backwards": True},
    "gru, reset before": {"kind": layers.GRU, "reset_after": False},
    "gru, dropout": {"kind": layers.GRU, "dropout": 0.4, "recurrent_dropout": 0.4},
    "gru, mask": {"kind": layers.GRU, "masked": True},
    "gru, both ways": {"kind": layers.GRU, "twofold": True},
    "gru, float64": {"kind": layers.GRU, "dtype": "float64"},
    "simple": {"kind": layers.SimpleRNN, "return_sequences": True},
    "lstm, float64": {"dtype": "float64", "return_sequences": True},
    "lstm, mask": {"masked": True},
    "lstm, relu": {"activation": "relu"},
}


@pytest.mark.parametrize("name", UNROLLED)
def test_short_sequences_are_unrolled_with_the_results_of_the_loop(name, monkeypatch):
    monkeypatch.setattr(_recurrent, "UNROLLED_STEPS", 4)
    options = UNROLLED[name]
    dtype = options.get("dtype", "float32")
    for n_steps, loops in ((4, False), (5, True)):
        X = rows(n_steps=n_steps, dtype=dtype)
        make = functools.partial(model, n_steps=n_steps, **options)
        step, inputs = traced(make(), X)
        assert ("While" in operations(step, inputs)) == loops
        assert_same(step(*inputs), by_keras(make(), X))


def test_sequences_of_any_length_stay_a_loop():
    network = model(layers.GRU, n_steps=None)
    for n_steps in (1, 5, 40):
        X = rows(n_steps=n_steps)
        assert_same(by_engine(network, X), by_keras(network, X))
    unknown = tf.TensorSpec([None, None, N_FEATURES], "float32")
    assert "While" in operations(*traced(network, unknown))


# -- layers of users -------------------------------------------------------------------


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU])
def test_layers_are_as_before_afterwards(kind):
    network = model(kind)
    layer = network.get_layer("recurrent")
    before = dict(vars(layer))
    with quick_recurrence(network):
        assert "inner_loop" in vars(layer)
    assert "inner_loop" not in vars(layer)
    by_engine(network, rows())
    assert vars(layer).keys() == before.keys()
    assert layer.unroll is False
    assert layer.get_config() == model(kind).get_layer("recurrent").get_config()


def test_layers_are_as_before_after_an_error():
    network = model(layers.GRU)
    layer = network.get_layer("recurrent")
    with pytest.raises(RuntimeError, match="stop"), quick_recurrence(network):
        raise RuntimeError("stop")
    assert "inner_loop" not in vars(layer)
    with pytest.raises(ValueError), quick_recurrence(network):
        network(tf.zeros([2, N_STEPS, N_FEATURES + 1]))
    assert "inner_loop" not in vars(layer)
    assert layer.unroll is False


# -- training, against Keras's own fit -------------------------------------------------


def gated(input_shape, n_outputs, *, dtype, cell="LSTM", **options):
    """A recurrent layer of Keras and an output."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = getattr(layers, cell)(6, dtype=dtype, **options)(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


TRAINED = {
    "lstm": (gated, {}),
    "lstm, dropout": (gated, {"dropout": 0.3}),
    "lstm, recurrent dropout": (gated, {"recurrent_dropout": 0.3}),
    "gru": (gated, {"cell": "GRU"}),
    "one of ours": (lstm_network, {"units": (6, 4), "pooling": "attention"}),
    "both ways": (lstm_network, {"units": (4,), "bidirectional": True}),
    "convolutions": (lstm_network, {"units": (4,), "conv_filters": (5,)}),
    "padding": (lstm_network, {"units": (4,), "padded": True, "bidirectional": True}),
}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [*((name, "float32") for name in TRAINED), ("gru", "float64"), ("lstm", "float64")],
)
def test_epochs_equal_those_of_keras_fit(name, dtype):
    build, params = TRAINED[name]
    X, y = numbers(20, 6, 3, dtype=dtype), numbers(20, 2, seed=1, dtype=dtype)
    weight = row_weights(20, dtype)
    if name == "padding":
        X[::3, 4:] = np.nan
        X[1::3, 2:] = np.nan
    spec = other(build, 6, 3, dtype=dtype, **params)
    model = spec.model(seed=1)
    start = weights_of(model)
    data = arrays(X, y, weight, kind=Noted)
    sgd = functools.partial(keras.optimizers.SGD, momentum=0.75)
    outcome = fit(
        program_key(spec, y, optimizer=sgd(RATE)),
        data,
        start=start,
        epochs=2,
        batch_size=8,
    )
    expected, history = keras_fit(
        model,
        X,
        y,
        weight,
        optimizer=sgd(RATE),
        loss=squared_error,
        batch_size=8,
        orders=data.orders,
    )
    moved = expected.trainable - start.trainable
    assert np.abs(moved).max() > 1e-3
    rtol = 1e-3 if dtype == "float32" else 1e-8
    assert_allclose(
        outcome.weights.trainable - start.trainable,
        moved,
        rtol=rtol,
        atol=rtol * np.abs(moved).max(),
    )
    assert_allclose(outcome.history["loss"], history["loss"], rtol=rtol)


def test_a_row_in_float32_depends_on_no_other():
    network = model(return_sequences=True)
    X = rows(40)
    whole = by_engine(network, X)[0]
    assert_array_equal(by_engine(network, X[::-1])[0][::-1], whole)
