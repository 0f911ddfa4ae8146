"""Which models, functions and objects count as the same computation."""

import gc
import pickle
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from skdl.training._identity import identity

FACTOR = 0.5


class Times(layers.Layer):
    """Reads a global in its `call`."""

    def __init__(self, units):
        super().__init__()
        self.units = units
        self.inner = layers.Dense(units)

    def call(self, x):
        return FACTOR * self.inner(x)


class NotWrittenDown(layers.Layer):
    """Has an argument that no configuration holds."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


class Subclassed(keras.Model):
    def __init__(self, units=3):
        super().__init__()
        self.first = layers.Dense(units)
        self.second = Times(units)

    def call(self, x):
        return self.second(self.first(x))


class Penalty(keras.regularizers.Regularizer):
    def __init__(self, strength):
        self.strength = strength

    def __call__(self, x):
        return self.strength * keras.ops.sum(x)


def stack(*inner, units=4, name=None, **options):
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(units, name=name, **options),
            *inner,
            layers.Dense(2),
        ]
    )


def twofold(x):
    return 2 * x


def threefold(x):
    return 3 * x


def lambda_with(function):
    """Of an argument that is a function, Keras's configuration has the name alone."""
    function.__name__ = function.__qualname__ = "times"
    return stack(layers.Lambda(lambda x, f: f(x), arguments={"f": function}))


def lambda_layer(factor):
    return stack(layers.Lambda(lambda x: factor * x))


def of_class(cls, *args):
    inputs = keras.Input((6,))
    return keras.Model(inputs, cls(*args)(inputs))


def subclassed(units=3):
    model = Subclassed(units)
    model(keras.KerasTensor((None, 6)))
    return model


def twice(shared):
    inputs = keras.Input((4,))
    first = layers.Dense(4)
    second = first if shared else layers.Dense(4)
    return keras.Model(inputs, second(first(inputs)))


def sum_of(k):
    inputs = keras.Input((4,))
    first = layers.Dense(4)(inputs)
    second = layers.Dense(4)(first)
    return keras.Model(inputs, layers.Add()([[first, second][k], second]))


def operations(number):
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.ops.relu(layers.Dense(4)(inputs) * number + 1))


def nested(units):
    inputs = keras.Input((6,))
    return keras.Model(inputs, layers.Dense(2)(stack(units=units)(inputs)))


def frozen(is_frozen):
    model = stack()
    model.layers[0].trainable = not is_frozen
    return model


def adapted(values):
    layer = layers.Discretization(num_bins=3)
    layer.adapt(values)
    return layer


SAME_AND_OTHER = {
    "units": (stack, lambda: stack(units=5)),
    "activation": (
        lambda: stack(activation="relu"),
        lambda: stack(activation="tanh"),
    ),
    "activation that is a function": (
        lambda: stack(activation=lambda x: x),
        lambda: stack(activation=lambda x: 2 * x),
    ),
    "name like an activation": (
        lambda: stack(name="relu", activation="relu"),
        lambda: stack(name="tanh", activation="tanh"),
    ),
    "penalty": (
        lambda: stack(kernel_regularizer=keras.regularizers.L2(0.1)),
        lambda: stack(kernel_regularizer=keras.regularizers.L2(0.2)),
    ),
    "penalty of a user": (
        lambda: stack(kernel_regularizer=Penalty(0.1)),
        lambda: stack(kernel_regularizer=Penalty(0.2)),
    ),
    "rate": (lambda: stack(layers.Dropout(0.1)), lambda: stack(layers.Dropout(0.2))),
    "argument that is a function": (
        lambda: lambda_with(twofold),
        lambda: lambda_with(threefold),
    ),
    "closure": (lambda: lambda_layer(2), lambda: lambda_layer(3)),
    "layer of a user": (lambda: of_class(Times, 3), lambda: of_class(Times, 4)),
    "function on a layer of a user": (
        lambda: of_class(NotWrittenDown, lambda x: x),
        lambda: of_class(NotWrittenDown, lambda x: 2 * x),
    ),
    "model of a user": (subclassed, lambda: subclassed(4)),
    "shared layer": (lambda: twice(True), lambda: twice(False)),
    "wires": (lambda: sum_of(0), lambda: sum_of(1)),
    "constant": (lambda: operations(2.0), lambda: operations(3.0)),
    "nested": (lambda: nested(3), lambda: nested(4)),
    "frozen": (lambda: frozen(True), lambda: frozen(False)),
    "learnt by adapt": (
        lambda: adapted(np.arange(9.0)),
        lambda: adapted(np.arange(90.0)),
    ),
    "loss": (lambda: keras.losses.Huber(0.3), lambda: keras.losses.Huber(0.4)),
    "metric": (
        lambda: keras.metrics.SparseTopKCategoricalAccuracy(3),
        lambda: keras.metrics.SparseTopKCategoricalAccuracy(4),
    ),
    "type of a number": (lambda: 1, lambda: True),
    "array": (lambda: np.arange(3), lambda: np.arange(3.0)),
    "default": (lambda: lambda x, k=1: x, lambda: lambda x, k=2: x),
    "order": (lambda: {"a": 1, "b": 2}, lambda: {"a": 2, "b": 1}),
}


@pytest.mark.parametrize("what", SAME_AND_OTHER)
def test_what_is_made_anew_is_the_same_and_what_differs_is_not(what):
    make, make_other = SAME_AND_OTHER[what]
    assert identity(make()) == identity(make())
    assert hash(identity(make())) == hash(identity(make()))
    assert identity(make()) != identity(make_other())


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(3),
        layers.GRU(3),
        layers.Bidirectional(layers.LSTM(3)),
        layers.Conv1D(3, 2),
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.TimeDistributed(layers.Dense(3)),
        layers.GlobalAveragePooling1D(),
        layers.Reshape((8,)),
        layers.Permute((2, 1)),
        layers.Flatten(),
        layers.ActivityRegularization(0.1),
        layers.GaussianNoise(0.1),
        layers.Rescaling(2.0),
        layers.MultiHeadAttention(2, 2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_of_keras_are_the_same_when_made_anew(layer):
    def make():
        inputs = keras.Input((4, 2))
        again = type(layer).from_config(layer.get_config())
        several = isinstance(layer, layers.MultiHeadAttention)
        outputs = again(inputs, inputs) if several else again(inputs)
        return keras.Model(inputs, outputs)

    assert identity(make()) == identity(make())


def test_values_of_weights_and_seeds_do_not_count():
    first, second = (
        stack(layers.Dropout(0.1, seed=1)),
        stack(layers.Dropout(0.1, seed=2)),
    )
    assert identity(first) == identity(second)
    assert identity(stack(kernel_initializer="ones")) == identity(stack())


def test_layer_with_a_table_of_tensorflow_equals_itself_only():
    def adapted():
        layer = layers.IntegerLookup()
        layer.adapt([1, 2, 3])
        return of_class(lambda: layer)

    layer = adapted()
    assert identity(layer) != identity(adapted())


def test_changed_global_is_another_computation(monkeypatch):
    before = identity(of_class(Times, 3))
    monkeypatch.setitem(globals(), "FACTOR", 0.7)
    assert identity(of_class(Times, 3)) != before


def times_factor(x):
    return FACTOR * x


class OwnPenalty(keras.regularizers.Regularizer):
    def __call__(self, x):
        return times_factor(keras.ops.sum(x))


class OwnConstraint(keras.constraints.Constraint):
    def __call__(self, x):
        return times_factor(x)


class OwnCell(layers.Layer):
    def __init__(self):
        super().__init__()
        self.state_size = 3
        self.inner = layers.Dense(3)

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x, states):
        y = times_factor(self.inner(x)) + states[0]
        return y, [y]


class OwnLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return times_factor(keras.ops.mean(y_true - y_pred, axis=-1))


class OwnMetric(keras.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(times_factor(y_pred))


def recurrent(layer):
    return keras.Sequential([keras.Input((4, 2)), layer])


READ_A_GLOBAL = {
    "activation": lambda: stack(activation=times_factor),
    "activation of a layer in a layer": lambda: recurrent(
        layers.TimeDistributed(layers.Dense(3, activation=times_factor))
    ),
    "activation of a cell": lambda: recurrent(layers.GRU(3, activation=times_factor)),
    "cell": lambda: recurrent(layers.RNN(OwnCell())),
    "cells": lambda: recurrent(layers.RNN([layers.GRUCell(3), OwnCell()])),
    "penalty": lambda: stack(kernel_regularizer=OwnPenalty()),
    "constraint": lambda: stack(kernel_constraint=OwnConstraint()),
    "lambda": lambda: stack(layers.Lambda(times_factor)),
    "argument of a lambda": lambda: stack(
        layers.Lambda(lambda x, f: f(x), arguments={"f": times_factor})
    ),
    "loss": OwnLoss,
    "metric": OwnMetric,
    "function as a loss": lambda: keras.losses.get(times_factor),
    "function as a metric": lambda: keras.metrics.MeanMetricWrapper(times_factor),
    "traced function": lambda: tf.function(times_factor),
    "gradient of one's own": lambda: keras.ops.custom_gradient(times_factor),
}


@pytest.mark.parametrize("what", READ_A_GLOBAL)
def test_global_is_followed_through_objects_of_keras(what, monkeypatch):
    make = READ_A_GLOBAL[what]
    before = identity(make())
    assert identity(make()) == before
    monkeypatch.setitem(globals(), "FACTOR", 0.7)
    assert identity(make()) != before
    monkeypatch.setitem(globals(), "FACTOR", 0.5)
    assert identity(make()) == before


def test_random_generator_and_variable_outside_of_a_model_are_their_own():
    for make in (lambda: keras.random.SeedGenerator(1), lambda: tf.Variable(1.0)):
        one = make()
        assert identity(loss_with(one)) == identity(loss_with(one))
        assert identity(loss_with(one)) != identity(loss_with(make()))


def test_description_keeps_nothing_alive():
    variable, data = keras.Variable(0.1), np.zeros(1000)
    alive = weakref.ref(variable), weakref.ref(data)
    described = identity(loss_with(variable), loss_with(data))
    del variable, data
    gc.collect()
    assert [thing() for thing in alive] == [None, None]
    assert described != identity(loss_with(keras.Variable(0.1)), loss_with(0))


def test_description_can_be_pickled():
    plain, own = identity(times_factor), identity(keras.Variable(0.1))
    assert pickle.loads(pickle.dumps(plain)) == plain
    assert pickle.loads(pickle.dumps(own)) != own


def test_class_within_a_function_counts_by_its_code():
    def defined(factor):
        class Local(layers.Layer):
            scale = factor

            def call(self, x):
                return self.scale * x

        return Local

    def other():
        class Local(layers.Layer):
            scale = 1

            def call(self, x):
                return self.scale + x

        return Local

    same = [identity(of_class(make(1))) for make in (defined, defined)]
    assert same[0] == same[1]
    assert same[0] != identity(of_class(defined(2)))
    assert same[0] != identity(of_class(other()))


class Named:
    """Its attribute of this name is nothing that Keras counts up."""

    def __init__(self, name):
        self.name = name

    def __call__(self, x):
        return keras.activations.get(self.name)(x)


class Scale(layers.Layer):
    factor = 2.0

    @property
    def by_global(self):
        return FACTOR

    def call(self, x):
        return self.by_global * self.factor * x


class Drawing(layers.Layer):
    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def call(self, x):
        return x + keras.random.normal((6,), seed=self.seed)


def loss_with(value):
    return lambda y_true, y_pred: value * y_pred


def adapted_normalization(factor):
    layer = layers.Normalization()
    layer.adapt(factor * np.arange(12.0).reshape(2, 6))
    return keras.Sequential([keras.Input((6,)), layer])


@pytest.mark.parametrize(
    ("make", "make_other"),
    [
        (
            lambda: loss_with(keras.ops.convert_to_tensor([0.1])),
            lambda: loss_with(keras.ops.convert_to_tensor([1.0])),
        ),
        (lambda: adapted_normalization(1), lambda: adapted_normalization(9)),
        (
            lambda: stack(activation=Named("relu")),
            lambda: stack(activation=Named("tanh")),
        ),
        (lambda: of_class(Drawing, 1), lambda: of_class(Drawing, 2)),
    ],
    ids=["tensor in a closure", "adapted", "attribute called name", "seed of a user"],
)
def test_values_outside_of_weights_count(make, make_other):
    assert identity(make()) == identity(make())
    assert identity(make()) != identity(make_other())


def test_variable_outside_of_the_model_is_its_own():
    first, second = keras.Variable(0.1), keras.Variable(0.1)
    assert identity(loss_with(first)) == identity(loss_with(first))
    assert identity(loss_with(first)) != identity(loss_with(second))


def test_network_that_a_function_calls_is_its_own():
    def extractor():
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
        return lambda y_true, y_pred: model(y_pred) - model(y_true), model

    (loss, model), (other, _) = extractor(), extractor()
    before = identity(loss)
    assert before != identity(other)
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    assert before == identity(loss)  # a graph reads weights when it runs
    assert identity(model) == identity(extractor()[1])


@pytest.mark.parametrize("where", ["class", "global behind a property"])
def test_what_a_class_reads_counts(where, monkeypatch):
    before = identity(of_class(Scale))
    assert identity(of_class(Scale)) == before
    if where == "class":
        monkeypatch.setattr(Scale, "factor", 5.0)
    else:
        monkeypatch.setitem(globals(), "FACTOR", 0.9)
    assert identity(of_class(Scale)) != before


def test_what_cannot_be_described_equals_itself_only():
    def generator():
        yield 1

    running = generator()
    described = identity(running)
    assert described == described
    assert described != identity(running)
    assert identity([0] * 100_000) != identity([0] * 100_000)


def test_circles_are_described():
    def circle(value):
        ring = [value]
        ring.append(ring)
        return ring

    assert identity(circle(1)) == identity(circle(1)) != identity(circle(2))
