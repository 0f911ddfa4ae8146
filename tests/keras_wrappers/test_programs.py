"""Networks that compute the same share one traced program, others never do."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skdl.training._program import PROGRAMS
from tests.keras_wrappers._networks import (
    classes,
    compiled_classifier,
    numbers,
)
from tests.keras_wrappers._several import (
    targets,
    three_classes,
    two_classes,
)


@pytest.fixture
def no_programs():
    """As if this process had trained nothing."""
    PROGRAMS.clear()


# -- traced programs -------------------------------------------------------------------


@pytest.mark.usefixtures("no_programs")
def test_ten_fits_of_an_architecture_share_a_program():
    X, y = classes(3)
    for seed in range(5):
        three_classes(random_state=seed, epochs=seed + 1).fit(X, y)
        three_classes(compiled_classifier, batch_size=30).fit(X[seed:], y[seed:])
    assert len(PROGRAMS) == 1


@pytest.mark.usefixtures("no_programs")
def test_functions_that_are_defined_anew_share_a_program():
    X, y = classes(3)

    def make(units):
        def network(meta):
            hidden = keras.layers.Dense(units, activation=lambda x: keras.ops.relu(x))
            scaled = keras.layers.Lambda(lambda x: x / units)
            last = keras.layers.Dense(3, activation="softmax")
            return keras.Sequential([keras.Input((4,)), hidden, scaled, last])

        return network

    for _ in range(3):
        three_classes(make(5)).fit(X, y)
    assert len(PROGRAMS) == 1
    three_classes(make(6)).fit(X, y)
    assert len(PROGRAMS) == 2


def with_layers(*layers):
    """A build function that puts some layers before the last one."""

    def network(meta):
        last = keras.layers.Dense(3, activation="softmax")
        return keras.Sequential([keras.Input((4,)), *(make() for make in layers), last])

    return network


DIFFERENT = {
    "width": ({"hidden": (8,)}, {"hidden": (7,)}),
    "depth": ({"hidden": (8,)}, {"hidden": (8, 8)}),
    "activation": (
        {"model": with_layers(lambda: keras.layers.Dense(8, "relu"))},
        {"model": with_layers(lambda: keras.layers.Dense(8, "tanh"))},
    ),
    "dropout": (
        {"model": with_layers(lambda: keras.layers.Dropout(0.1))},
        {"model": with_layers(lambda: keras.layers.Dropout(0.2))},
    ),
    "penalty": (
        {"model": with_layers(lambda: keras.layers.ActivityRegularization(l2=0.1))},
        {"model": with_layers(lambda: keras.layers.ActivityRegularization(l2=0.2))},
    ),
    "optimizer": ({"optimizer": "sgd"}, {"optimizer": "adam"}),
    "momentum": (
        {"optimizer": "sgd", "optimizer__momentum": 0.5},
        {"optimizer": "sgd", "optimizer__momentum": 0.9},
    ),
    "metrics": ({"metrics": ["accuracy"]}, {"metrics": None}),
    "loss": ({}, {"loss": "categorical_crossentropy"}),
}


@pytest.mark.usefixtures("no_programs")
@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_has_a_program_of_its_own(what):
    X, y = classes(3)
    alone = []
    for parameters in DIFFERENT[what]:
        PROGRAMS.clear()
        alone.append(three_classes(**parameters).fit(X, y).predict_proba(X))
    for parameters, expected in zip(DIFFERENT[what], alone, strict=True):
        together = three_classes(**parameters).fit(X, y).predict_proba(X)
        assert_array_equal(together, expected)
    assert len(PROGRAMS) == 2


@pytest.mark.usefixtures("no_programs")
def test_learning_rate_needs_no_program_of_its_own():
    X, y = classes(3)
    for rate in (0.1, 0.01):
        slow = three_classes(optimizer="sgd", optimizer__learning_rate=rate).fit(X, y)
    assert len(PROGRAMS) == 1
    fast = three_classes(optimizer="sgd", optimizer__learning_rate=0.1).fit(X, y)
    assert not np.allclose(slow.predict_proba(X), fast.predict_proba(X))


def test_programs_are_few_however_many_architectures(monkeypatch):
    monkeypatch.setattr(PROGRAMS, "max_programs", 3)
    X, y = classes(2, n_rows=20)
    for units in range(1, 6):
        two_classes(hidden=(units,), epochs=1).fit(X, y)
    assert len(PROGRAMS) == 3


# -- what a network reads --------------------------------------------------------------

FACTOR = 1.0


def scaled_by_a_global(meta):
    """A network whose output is a number times a global variable."""
    scale = keras.layers.Lambda(lambda x: FACTOR * x)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), scale])


def loss_with_a_global(y_true, y_pred):
    """A loss that reads a global variable, but not itself."""
    return _distance(y_true, y_pred)


def _distance(y_true, y_pred):
    return FACTOR * keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


class LayerWithAGlobal(keras.layers.Layer):
    """A layer that reads a global variable."""

    def call(self, inputs):
        return FACTOR * inputs


def through_a_layer(meta):
    scale = LayerWithAGlobal()
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), scale])


READS = {
    "Lambda": lambda: targets(scaled_by_a_global),
    "layer": lambda: targets(through_a_layer),
    "loss": lambda: targets(loss=loss_with_a_global, optimizer="sgd"),
}


@pytest.mark.parametrize("what", READS)
def test_other_value_of_a_global_is_noticed(what, monkeypatch):
    X, y = numbers()
    first = READS[what]().fit(X, y).predict(X)
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    estimator = READS[what]()
    start = clone(estimator).initialize(X, y).model_
    model = estimator.model(meta={"n_features_in_": 4, "n_outputs_": 1})
    model.set_weights(start.get_weights())
    model.compile(estimator.optimizer, estimator.loss)
    model.fit(X, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    second = estimator.set_params(shuffle=False).fit(X, y).predict(X)
    assert_allclose(second, model.predict(X, verbose=0)[:, 0], rtol=1e-4, atol=1e-6)
    monkeypatch.undo()
    assert_array_equal(READS[what]().fit(X, y).predict(X), first)


def test_other_value_of_a_closure_is_noticed():
    X, y = numbers()

    def network_of(factor):
        def network(meta):
            scale = keras.layers.Lambda(lambda x: factor * x)
            return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), scale])

        return network

    one, two = (targets(network_of(k), epochs=1).initialize(X, y) for k in (1.0, 2.0))
    assert_allclose(two.predict(X), 2 * one.predict(X), rtol=1e-5)
    for estimator in (one, two):
        estimator.fit(X, y)
        expected = estimator.model_.predict(X, verbose=0)[:, 0]
        assert_allclose(estimator.predict(X), expected, rtol=1e-5, atol=1e-6)


def test_attribute_of_a_loss_object_is_noticed():
    class Scaled(keras.losses.Loss):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, y_true, y_pred):
            return self.factor * keras.ops.mean((y_true - y_pred) ** 2, axis=-1)

    X, y = numbers()
    sgd = {"optimizer": "sgd", "epochs": 1, "batch_size": -1}
    first, second = (
        targets(loss=Scaled(k), **sgd).fit(X, y).history_["loss"] for k in (1.0, 5.0)
    )
    assert_allclose(second, 5 * np.array(first), rtol=1e-5)
