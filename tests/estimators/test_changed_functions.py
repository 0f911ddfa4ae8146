"""What a user's function reads may change between two fits, as in a notebook."""

import functools

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from skdl import (
    CNNRegressor,
    DenseClassifier,
    DenseRegressor,
    KerasRegressor,
    LSTMRegressor,
    ResNetRegressor,
    TabularRegressor,
)
from skdl.ensemble import FoldEnsembleRegressor
from skdl.training import _program
from skdl.training._program import PROGRAMS, ProgramCache

RNG = np.random.default_rng(0)
Y = RNG.normal(size=60)
ROWS = RNG.normal(size=(60, 2))
IMAGES = RNG.normal(size=(60, 6, 6, 1)).astype("float32")
SEQUENCES = RNG.normal(size=(60, 4, 1))
COMMON = {"random_state": 0, "learning_rate": 0.1, "early_stopping": False}
CELL = """
from keras import ops

Q = {q}

def cost(error):
    return ops.maximum(Q * error, (Q - 1) * error)

def pinball(y, prediction):
    return ops.mean(cost(y - prediction), axis=-1)
"""


@pytest.fixture
def cache(monkeypatch):
    """Programs of this test only."""
    fresh = ProgramCache()
    monkeypatch.setattr(_program, "PROGRAMS", fresh)
    return fresh


def cell(q, namespace=None):
    """Run a cell of a notebook, perhaps once more."""
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(CELL.format(q=q), namespace)
    return namespace["pinball"]


REGRESSORS = {
    "dense": (DenseRegressor(hidden_units=(), epochs=30, **COMMON), ROWS),
    "table": (
        TabularRegressor(n_members=1, hidden_units=(4,), epochs=15, **COMMON),
        ROWS,
    ),
    "images": (
        CNNRegressor(filters=(2,), hidden_units=(), epochs=10, **COMMON),
        IMAGES,
    ),
    "residual": (ResNetRegressor(depth=8, width=0.125, epochs=10, **COMMON), IMAGES),
    "sequences": (LSTMRegressor(units=2, epochs=15, **COMMON), SEQUENCES),
    "folds": (
        FoldEnsembleRegressor(
            DenseRegressor(hidden_units=(), epochs=30, **COMMON), cv=2, random_state=0
        ),
        ROWS,
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "residual" else name
        for name in REGRESSORS
    ],
)
def test_number_that_a_helper_reads(name):
    estimator, X = REGRESSORS[name]
    base = estimator.estimator if name == "folds" else estimator
    loss, shares = cell(0.1), []
    for q in (0.1, 0.9):
        exec(f"Q = {q}", loss.__globals__)
        base.set_params(loss=loss)
        shares.append(np.mean(estimator.fit(X, Y).predict(X) > Y))
    assert shares[0] < 0.35
    assert shares[1] > 0.65


def test_share_below_is_the_quantile(cache):
    X, y = np.zeros((200, 1)), np.random.default_rng(1).normal(size=200)
    linear = DenseRegressor(hidden_units=(), epochs=60, batch_size=200, **COMMON)
    namespace = {"__name__": "__main__"}
    for q in (0.1, 0.9, 0.1):
        linear.set_params(loss=cell(q, namespace)).fit(X, y)
        assert abs(np.mean(y < linear.predict(X)) - q) < 0.03
    assert len(cache) == 2
    cell(0.5, namespace)  # the loss that the estimator was given is as it was
    namespace["Q"] = 0.9
    linear.set_params(loss=namespace["pinball"]).fit(X, y)
    assert abs(np.mean(y < linear.predict(X)) - 0.9) < 0.03
    assert len(cache) == 2  # the program is there already


def test_functions_that_are_the_same_share_a_program(cache):
    net = DenseRegressor(hidden_units=(2,), epochs=1)
    for _ in range(3):
        net.set_params(loss=cell(0.3)).fit(ROWS, Y)
    assert len(cache) == 1


class Scaled:
    """A loss that a user changes in place."""

    def __init__(self, q):
        self.q = q

    def __call__(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(self.q * error, (self.q - 1) * error), axis=-1)


def test_what_is_traced_later_is_the_same_loss(cache):
    """A program of an object that was changed since is not used for its equals."""
    net = DenseRegressor(hidden_units=(), epochs=3, random_state=0)
    first = Scaled(0.1)
    net.set_params(loss=first, early_stopping=False).fit(ROWS, Y)  # no validation yet
    first.q = 0.9
    second = net.set_params(loss=Scaled(0.1), early_stopping=True).fit(ROWS, Y)
    found = second.history_["val_loss"]
    cache.clear()
    expected = net.set_params(loss=Scaled(0.1)).fit(ROWS, Y).history_["val_loss"]
    assert found == expected


class Change(keras.callbacks.Callback):
    """Changes a loss during the fit."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def __deepcopy__(self, memo):
        return self

    def on_epoch_begin(self, epoch, logs=None):
        self.loss.q = 0.9


def test_program_of_a_loss_that_changed_meanwhile_is_nobody_elses(cache):
    loss = Scaled(0.1)
    net = DenseRegressor(hidden_units=(), epochs=2, loss=loss, callbacks=Change(loss))
    net.fit(ROWS, Y)
    assert len(cache) == 0


def test_loss_that_cannot_be_followed_costs_a_trace(cache):
    def pinball(y_true, y_pred):
        q = globals()["QUANTILE"]
        error = y_true - y_pred
        return ops.mean(ops.maximum(q * error, (q - 1) * error), axis=-1)

    X = np.zeros((200, 1))
    y = np.random.default_rng(1).normal(size=200)
    linear = DenseRegressor(hidden_units=(), epochs=60, batch_size=200, **COMMON)
    for q in (0.1, 0.9):
        globals()["QUANTILE"] = q
        linear.set_params(loss=pinball).fit(X, y)
        assert abs(np.mean(y < linear.predict(X)) - q) < 0.03
    assert len(cache) == 0


WEIGHT = 1.0


def weight_of_twos():
    return WEIGHT


def weighted(y_true, y_pred):
    weights = ops.convert_to_tensor([1.0, 1.0, weight_of_twos()], y_pred.dtype)
    return -ops.sum(weights * y_true * ops.log(y_pred + 1e-7), axis=-1)


def test_classifiers_have_the_loss_of_now(monkeypatch):
    y = np.arange(60) % 3
    net = DenseClassifier(hidden_units=(), epochs=20, loss=weighted, **COMMON)
    shares = []
    for weight in (0.02, 50.0):
        monkeypatch.setitem(globals(), "WEIGHT", weight)
        shares.append(np.mean(net.fit(ROWS, y).predict(ROWS) == 2))
    assert shares == [0.0, 1.0]


# -- optimizers and layers of users ----------------------------------------------------

FACTOR = 1.0


def factor():
    return FACTOR


class Stretched(keras.optimizers.SGD):
    """Steps that are longer by a number of the module."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * factor(), variable, learning_rate)


def test_optimizer_of_a_user(monkeypatch):
    net = DenseRegressor(hidden_units=(), epochs=2, random_state=0)
    for size in (1.0, 3.0):
        monkeypatch.setitem(globals(), "FACTOR", size)
        mine = net.set_params(optimizer=Stretched(0.01)).fit(ROWS, Y).predict(ROWS)
        net.set_params(optimizer=keras.optimizers.SGD(0.01 * size))
        assert_allclose(mine, net.fit(ROWS, Y).predict(ROWS), rtol=1e-5)


class Times(keras.layers.Layer):
    """Images times a number of the module, when they are augmented."""

    def call(self, images):
        return images * factor()


def test_augmentation_of_a_user(monkeypatch, cache):
    net = CNNRegressor(filters=(2,), hidden_units=(), augment=Times(), epochs=1)
    net.set_params(random_state=0)
    found = []
    for size in (1.0, 0.0):
        monkeypatch.setitem(globals(), "FACTOR", size)
        found.append(net.fit(IMAGES, Y).predict(IMAGES))
    cache.clear()
    assert_array_equal(net.fit(IMAGES, Y).predict(IMAGES), found[1])
    assert not np.allclose(*found)


def network():
    return keras.Sequential([keras.Input((2,)), Times(), keras.layers.Dense(1)])


def by_hand(estimator, size):
    kernel, bias = estimator.model_.layers[-1].get_weights()
    return (size * ROWS @ kernel + bias)[:, 0]


wrapped = functools.partial(KerasRegressor, verbose=0, random_state=0)


def test_network_of_a_user_predicts_as_it_was_trained(monkeypatch):
    fitted = {}
    for size in (0.5, 2.0):
        monkeypatch.setitem(globals(), "FACTOR", size)
        fitted[size] = wrapped(network, loss="mse", epochs=2).fit(ROWS, Y)
    for size, estimator in fitted.items():  # whatever the number is by now
        assert_allclose(estimator.predict(ROWS), by_hand(estimator, size), rtol=1e-5)


def test_network_that_is_traced_anew_is_that_of_now(monkeypatch):
    monkeypatch.setitem(globals(), "FACTOR", 0.5)
    first = wrapped(network, loss="mse").fit(ROWS, Y)
    PROGRAMS.clear()
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    assert_allclose(first.predict(ROWS), by_hand(first, 2.0), rtol=1e-5)
    monkeypatch.setitem(globals(), "FACTOR", 0.5)  # as before, and as it was then
    again = wrapped(network, loss="mse").fit(ROWS, Y)
    assert_allclose(again.predict(ROWS), by_hand(again, 0.5), rtol=1e-5)


def linear():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


@pytest.mark.parametrize("what", ["loss", "metric", "optimizer"])
def test_what_a_model_is_compiled_with(what, monkeypatch):
    def mine(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1) * factor()

    params = {"loss": "mse", "optimizer": "sgd", "epochs": 2}
    changed = {
        "loss": {"loss": mine},
        "metric": {"metrics": [mine]},
        "optimizer": {"optimizer": Stretched},
    }[what]
    histories = []
    for size in (1.0, 3.0):
        monkeypatch.setitem(globals(), "FACTOR", size)
        histories.append(wrapped(linear, **{**params, **changed}).fit(ROWS, Y).history_)
    PROGRAMS.clear()
    fresh = wrapped(linear, **{**params, **changed}).fit(ROWS, Y).history_
    assert histories[1] == fresh
    assert histories[0] != fresh


def with_epsilon(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1) + keras.config.epsilon()


def test_settings_of_keras_count():
    """Functions of Keras read them, such as a loss that keeps away from log(0)."""
    before = keras.config.epsilon()
    net = DenseRegressor(hidden_units=(), epochs=1, loss=with_epsilon, random_state=0)
    small = net.fit(ROWS, Y).loss_
    try:
        keras.config.set_epsilon(0.5)
        assert_allclose(net.fit(ROWS, Y).loss_, small + 0.5, rtol=1e-5)
    finally:
        keras.config.set_epsilon(before)
