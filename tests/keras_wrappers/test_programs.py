"""Networks that compute the same share one traced program, others never do."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skdl.training._compiled import CompiledModel
from skdl.training._program import PROGRAMS, Network
from tests.keras_wrappers._networks import (
    classes,
    compiled_classifier,
)
from tests.keras_wrappers._several import (
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


STEERED = {
    "callback": lambda: {"callbacks": [keras.callbacks.EarlyStopping("loss")]},
    "metric": lambda: {"metrics": [keras.metrics.F1Score(name="f1")]},
}


@pytest.mark.usefixtures("no_programs")
@pytest.mark.parametrize("kind", STEERED)
def test_one_pattern_serves_all_fits_and_predictions(kind, monkeypatch):
    X, y = classes(3)
    made = []
    real = Network.__init__
    monkeypatch.setattr(
        Network, "__init__", lambda self, spec: made.append(real(self, spec))
    )
    loss = {"loss": "categorical_crossentropy"}
    for _ in range(3):
        net = three_classes(**loss, **STEERED[kind]()).fit(X, y)
        net.predict(X)
    net.partial_fit(X, y)
    assert len(made) == 1


ALIKE = {
    "dense": lambda layers: [layers.Dense(3)],
    "embedding": lambda layers: [layers.Embedding(9, 2), layers.Flatten()],
    "convolution": lambda layers: [layers.Reshape((4, 1)), layers.Conv1D(2, 2)],
    "recurrent": lambda layers: [layers.Reshape((4, 1)), layers.LSTM(2)],
    "mixed": lambda layers: [layers.Dense(3, dtype="mixed_float16")],
}


@pytest.mark.parametrize("kind", ALIKE)
def test_pattern_is_no_users_model(kind):
    layers = [*ALIKE[kind](keras.layers), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("sgd", "mse")
    network = CompiledModel(model)
    pattern = network((4,), None, dtype="float32")
    assert pattern is not model
    assert CompiledModel(pattern) == network


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


# Parameters that are not those of the network, which ``test_networks_alike`` has.
DIFFERENT = {
    "width": ({"hidden": (8,)}, {"hidden": (7,)}),
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
    one, other = (three_classes(**given) for given in DIFFERENT[what])
    alone = other.fit(X, y).predict_proba(X)
    PROGRAMS.clear()
    one.fit(X, y)
    assert_array_equal(other.fit(X, y).predict_proba(X), alone)
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
