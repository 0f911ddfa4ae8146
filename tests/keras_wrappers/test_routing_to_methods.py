"""Parameters for fit, predict, compile and score reach them."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import r2_score

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    classes,
    keras_history,
    known,
    known_regressor,
    numbers,
    prebuilt,
    regressor,
    two_heads,
)
from tests.keras_wrappers._several import TwoTargets, three_classes

# -- fit__, predict__, compile__, score__ ----------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "kwargs"),
    [
        ({"fit__batch_size": 7, "fit__epochs": 3}, {"batch_size": 7, "epochs": 3}),
        (
            {"validation_split": 0.5, "fit__validation_split": 0.2},
            {"validation_split": 0.2},
        ),
    ],
    ids=["batches", "split"],
)
def test_fit_parameters(parameters, kwargs):
    X, y = classes()
    X, y = X[::-1], y[::-1]
    estimator = KerasClassifier(known, loss=SPARSE, **parameters, **IN_ORDER)
    history = keras_history(prebuilt(optimizer="rmsprop"), X, y, **kwargs)
    assert_same_history(estimator.fit(X, y), history)


def test_keywords_of_fit_come_before_routed_before_plain_ones():
    X, y = classes()
    estimator = KerasClassifier(
        known, loss=SPARSE, **{**IN_ORDER, "fit__batch_size": 15, "fit__epochs": 1}
    )
    oracle = prebuilt(optimizer="rmsprop")
    expected = keras_history(oracle, X, y, batch_size=12, epochs=3)
    assert_same_history(estimator.fit(X, y, batch_size=12, epochs=3), expected)
    params = estimator.get_params()
    given = [params[name] for name in ("batch_size", "fit__batch_size", "epochs")]
    assert given == [20, 15, 2]  # nothing of it is kept
    expected = keras_history(
        prebuilt(optimizer="rmsprop"), X, y, batch_size=15, epochs=1
    )
    assert_same_history(estimator.fit(X, y), expected)


@pytest.mark.parametrize("prefix", ["", "fit__"])
def test_batch_size_of_all_rows(prefix):
    X, y = classes()
    parameters = {**IN_ORDER, f"{prefix}batch_size": -1}
    estimator = KerasClassifier(known, loss=SPARSE, **parameters).fit(X, y)
    oracle = prebuilt(optimizer="rmsprop")
    assert_same_history(estimator, keras_history(oracle, X, y, batch_size=60))
    assert estimator.get_params()[f"{prefix}batch_size"] == -1
    assert int(estimator.model_.optimizer.iterations) == 2


def test_validation_batch_size_of_all_rows():
    X, y = classes()
    expected = keras_history(prebuilt(optimizer="rmsprop"), X, y, validation_split=0.5)
    parameters = {"loss": SPARSE, "validation_split": 0.5, **IN_ORDER}
    for name in ("validation_batch_size", "fit__validation_batch_size"):
        estimator = KerasClassifier(known, **{name: -1}, **parameters)
        assert_same_history(estimator.fit(X, y), expected)


class CountPredicted(keras.callbacks.Callback):
    """Which batches ``predict`` has seen; copies share the list."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def on_predict_batch_end(self, batch, logs=None):
        self.batches.append(batch)


@pytest.mark.parametrize(
    ("parameters", "kwargs", "n_batches"),
    [
        ({"batch_size": 20}, {}, 3),
        ({"batch_size": 20, "predict__batch_size": 30}, {}, 2),
        ({"batch_size": 20, "predict__batch_size": -1}, {}, 1),
        ({"batch_size": -1}, {}, 1),
        ({"predict__batch_size": 30}, {"batch_size": 10}, 6),
        ({"fit__batch_size": 10}, {}, 2),  # Keras's 32 rows
    ],
    ids=["plain", "routed", "routed, all", "all", "keyword", "of fit only"],
)
def test_batch_size_of_predict(parameters, kwargs, n_batches):
    X, y = classes()
    counter = CountPredicted()
    estimator = KerasClassifier(
        known, loss=SPARSE, predict__callbacks=[counter], **parameters
    ).fit(X, y)
    for method in (estimator.predict_proba, estimator.predict):
        counter.batches.clear()
        method(X, **kwargs)
        assert len(counter.batches) == n_batches
    expected = np.asarray(estimator.model_(X))
    assert_allclose(estimator.predict_proba(X, **kwargs), expected, atol=1e-6)


def test_predict_takes_a_batch_size_without_callbacks():
    X, y = numbers()
    estimator = KerasRegressor(known_regressor, loss="mse", **QUICK).fit(X, y)
    expected = np.asarray(estimator.model_(X))[:, 0]
    for kwargs in ({"batch_size": 7}, {"verbose": 0}, {"batch_size": -1}):
        assert_allclose(estimator.predict(X, **kwargs), expected, atol=1e-6)


def test_compile_parameters():
    given = {"compile__jit_compile": False, "compile__steps_per_execution": 2}
    model = three_classes(known, **given).fit(*classes()).model_
    assert model.jit_compile is False
    assert int(model.steps_per_execution) == 2
    X, y = numbers(2)
    estimator = TwoTargets(
        two_heads, loss=["mse", "mse"], compile__loss_weights=[0.25, 4.0], **QUICK
    ).fit(X, y)
    a, b, total = (estimator.history_[k] for k in ("a_loss", "b_loss", "loss"))
    assert_allclose(total, 0.25 * np.array(a) + 4 * np.array(b), rtol=1e-4)


def test_score_parameters():
    X, y = numbers(2)
    estimator = KerasRegressor(
        regressor, loss="mse", score__multioutput="raw_values", **QUICK
    ).fit(X, y)
    expected = r2_score(y, estimator.predict(X), multioutput="raw_values")
    assert_allclose(estimator.score(X, y), expected, rtol=1e-5)
    X, y = classes()
    estimator = KerasClassifier(known, loss=SPARSE, score__normalize=False, **QUICK)
    right = (estimator.fit(X, y).predict(X) == y).sum()
    assert estimator.score(X, y) == right
