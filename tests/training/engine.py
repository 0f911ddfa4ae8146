"""Small networks, how the engine trains them, and how Keras's own ``fit`` does."""

import contextlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from skdl.networks import dense_network
from skdl.training import _program
from skdl.training._data import ArrayData
from skdl.training._loop import Plan, train
from skdl.training._objective import Supervised
from skdl.training._optimizers import resolve_optimizer
from skdl.training._player import Player
from skdl.training._program import ProgramKey, network_spec
from skdl.training._schedules import learning_rates
from skdl.training._tensorflow._counters import Counters
from skdl.training._tensorflow._networks import NetworkCall
from skdl.training._weights import Weights

RATE = 2.0**-7  # Keras keeps the rate in float32; this one is exact there
squared_error = keras.losses.mean_squared_error


def cross_entropy(y_true, y_pred):
    """Log loss of class indices and logits, of any shape."""
    return keras.losses.sparse_categorical_crossentropy(
        y_true, y_pred, from_logits=True
    )


# -- networks --------------------------------------------------------------------------


def convolutional(input_shape, n_outputs, *, dtype):
    """Images to images of half the size."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.Conv2D(4, 3, 2, "same", activation="tanh", dtype=dtype)(inputs)
    return keras.Model(inputs, layers.Conv2D(n_outputs, 1, dtype=dtype)(x))


def lstm(input_shape, n_outputs, *, dtype):
    """A sequence to numbers."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.LSTM(3, dtype=dtype, name="lstm")(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


def gru(input_shape, n_outputs, *, dtype):
    """A sequence to a sequence."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.GRU(3, return_sequences=True, dtype=dtype)(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


def reshaped(input_shape, n_outputs, *, dtype):
    """Numbers to a grid of the shape `n_outputs`."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.Dense(int(np.prod(n_outputs)), "tanh", dtype=dtype)(inputs)
    return keras.Model(inputs, layers.Reshape(n_outputs, dtype=dtype)(x))


def constrained(input_shape, n_outputs, *, dtype):
    """Weights that may not become negative, and short ones."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.Dense(4, "tanh", kernel_constraint="non_neg", dtype=dtype)(inputs)
    short = keras.constraints.MaxNorm(0.5)
    return keras.Model(
        inputs, layers.Dense(n_outputs, kernel_constraint=short, dtype=dtype)(x)
    )


class Penalty(layers.Layer):
    """Adds a loss of its own."""

    def call(self, inputs):
        """Pass the inputs through."""
        self.add_loss(0.5 * keras.ops.mean(inputs**2))
        return inputs


def penalised(input_shape, n_outputs, *, dtype):
    """A layer that calls ``add_loss``."""
    inputs = keras.Input(input_shape, dtype=dtype)
    x = Penalty(dtype=dtype)(layers.Dense(4, "tanh", dtype=dtype)(inputs))
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


class Residual(keras.Model):
    """A user's own model, with a frozen layer, whose `call` knows of no training."""

    def __init__(self, n_outputs, dropout, dtype):
        super().__init__(dtype=dtype)
        self.frozen = layers.Dense(4, "tanh", dtype=dtype)
        self.frozen.trainable = False
        self.hidden = layers.Dense(4, "tanh", dtype=dtype)
        self.dropout = layers.Dropout(dropout, dtype=dtype)
        self.last = layers.Dense(n_outputs, dtype=dtype)

    def call(self, inputs):
        """Compute the outputs."""
        x = self.frozen(inputs)
        return self.last(x + self.dropout(self.hidden(x)))


class WithTraining(Residual):
    """One whose `call` does."""

    def call(self, inputs, training=False):
        """Compute the outputs."""
        x = self.frozen(inputs)
        return self.last(x + self.dropout(self.hidden(x), training=training))


def subclassed(input_shape, n_outputs, *, dtype, kind=Residual, dropout=0.0):
    """An instance of a subclass of ``keras.Model``, built."""
    model = kind(n_outputs, dropout, dtype)
    model(np.zeros((1, *input_shape), dtype))
    return model


def dense(n_features=3, n_outputs=2, *, dtype="float64", **params):
    """The specification of a dense network: four units, tanh."""
    params = {"hidden_units": (4,), "activation": "tanh", **params}
    return network_spec(dense_network, (n_features,), n_outputs, dtype=dtype, **params)


def other(build, *input_shape, n_outputs=2, dtype="float64", **params):
    """The specification of one of the networks above."""
    return network_spec(build, input_shape, n_outputs, dtype=dtype, **params)


# -- data ------------------------------------------------------------------------------


def numbers(*shape, seed=0, dtype="float64"):
    """Standard normal numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def row_weights(n, dtype="float64"):
    """Weights from 0.5 to 1.5, with mean one."""
    return np.linspace(0.5, 1.5, n).astype(dtype)


def arrays(X, y, weight=None, *, kind=ArrayData):
    """Rows for `train`, of weight one unless told otherwise."""
    weight = np.ones(len(X), X.dtype) if weight is None else weight
    return kind(X, y, weight, dtype=X.dtype.name)


class Noted(ArrayData):
    """Arrays that remember the order of rows in every epoch."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.orders = []

    def training_blocks(self, orders, batch_size):
        """As in `ArrayData`."""
        (order,) = orders
        self.orders.append(np.array(order))
        return super().training_blocks(orders, batch_size)


# -- the engine ------------------------------------------------------------------------


def program_key(
    spec,
    y,
    *,
    optimizer="adam",
    loss=squared_error,
    metrics=(),
    weight_decay=False,
    **options,
):
    """The key of a program for targets like `y`."""
    found, average = resolve_optimizer(optimizer)[0].without_average()
    player = Player(spec, found, average=average, weight_decay=weight_decay)
    return ProgramKey(
        (player,), Supervised(loss, metrics), y.shape[1:], y.dtype.name, **options
    )


def fit(
    key,
    data,
    *,
    start=0,
    rate=RATE,
    schedule=None,
    epochs=3,
    batch_size=None,
    seed=0,
    stopping=None,
    cache=None,
    **options,
):
    """Train a program; `start` is a seed or `Weights`, the default batch is full."""
    cache = _program.PROGRAMS if cache is None else cache  # empty ones are false
    if isinstance(start, int):
        start = cache.network(key.network).layout.fresh(start)
    plan = Plan(
        epochs=epochs,
        batch_size=batch_size or max(data.sizes),
        rates=learning_rates(schedule, learning_rate=rate, epochs=epochs),
        seeds=[seed],
        stopping=stopping,
    )
    with cache.trainer(key) as trainer:
        trainer.reset([start])
        (outcome,) = train(trainer, data, plan, **options)
    if outcome.error is not None:
        raise outcome.error
    return outcome


def called(model, values, state, X, *, training):
    """Outputs and new state of a model, as the engine computes them in a step."""
    values = [tf.convert_to_tensor(value) for value in values]
    state = [tf.convert_to_tensor(value) for value in state]
    network = NetworkCall(model, values, state, Counters([]), second_order=False)
    return network(X, training=training), network.state


def same_bits(first, second):
    """Whether two `Weights` are equal, bit by bit."""
    a, b = ([w.trainable, *w.state] for w in (first, second))
    return len(a) == len(b) and all(
        x.dtype == y.dtype and x.tobytes() == y.tobytes()
        for x, y in zip(a, b, strict=True)
    )


# -- the oracle ------------------------------------------------------------------------


def weights_of(model):
    """The weights of a model, taken without the help of the engine."""
    metrics = {id(v) for metric in model.metrics for v in metric.variables}
    joined = [np.ravel(v.numpy()) for v in model.trainable_variables]
    state = [v.numpy() for v in model.non_trainable_variables if id(v) not in metrics]
    return Weights(np.concatenate(joined), tuple(state))


@contextlib.contextmanager
def floatx(dtype):
    """Keras's default dtype, to which its ``fit`` casts all data."""
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def keras_fit(
    model,
    X,
    y,
    weight=None,
    *,
    optimizer,
    loss=squared_error,
    epochs=3,
    batch_size=None,
    orders=None,
    validation=None,
):
    """Train a model by ``Model.fit``; `orders` gives the order of rows by epoch."""
    before = [v.numpy() for v in model.non_trainable_variables]
    rank = len(loss(y[:1], model(X[:1])).shape)
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        variable.assign(value)  # recurrent layers draw at prediction too

    def weighed(X, y, weight):  # Keras wants a weight for each axis of the loss
        return X, y, weight.reshape(-1, *[1] * (rank - 1))

    weight = np.ones(len(X)) if weight is None else weight
    X, y, weight = weighed(X, y, weight)
    options = {"batch_size": batch_size or len(X), "shuffle": False, "verbose": 0}
    if validation is not None:
        options |= {
            "validation_data": weighed(*validation),
            "validation_batch_size": len(validation[0]),
        }
    history = {}
    with floatx(X.dtype.name):
        model.compile(optimizer=optimizer, loss=loss, run_eagerly=True)
        for order in orders or [slice(None)]:
            once = model.fit(
                X[order],
                y[order],
                sample_weight=weight[order],
                epochs=1 if orders else epochs,
                **options,
            )
            for name, values in once.history.items():
                history[name] = history.get(name, []) + values
    return weights_of(model), history
