"""Copies of estimators whose parameters are Keras objects, or a user's own classes."""

import copy
import pickle

import cloudpickle
import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skdl import KerasRegressor
from tests.keras_wrappers._copies import COPIES
from tests.keras_wrappers._networks import (
    QUICK,
    classes,
    numbers,
    prebuilt,
    regressor,
)
from tests.keras_wrappers._several import (
    Bias,
    Cubic,
    Doubled,
    OwnStep,
    Plain,
    RegisteredDoubled,
    fourth_power,
    own_step,
    targets,
    three_classes,
    with_lambda,
    with_layer,
)


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("compiled", [True, False])
def test_prebuilt_network(copied, compiled, tmp_path):
    X, y = classes(3)
    network = prebuilt() if compiled else prebuilt_uncompiled()
    weights = network.get_weights()
    original = three_classes(network)
    unfitted = COPIES[copied](original, tmp_path)
    assert_array_equal(unfitted.model.get_weights()[0], weights[0])
    assert unfitted.model is not network
    expected = original.fit(X, y).predict_proba(X)
    fitted = COPIES[copied](original, tmp_path)
    assert_array_equal(fitted.predict_proba(X), expected)
    assert_array_equal(unfitted.fit(X, y).predict_proba(X), expected)


def prebuilt_uncompiled():
    network = prebuilt()
    bare = keras.models.clone_model(network)
    bare.set_weights(network.get_weights())
    return bare


def test_clone_of_a_prebuilt_network_leaves_it_alone():
    X, y = classes(3)
    network = prebuilt()
    weights = network.get_weights()
    twin = clone(three_classes(network))
    assert twin.model is not network
    twin.fit(X, y)
    for now, before in zip(network.get_weights(), weights, strict=True):
        assert_array_equal(now, before)


def test_shared_network_stays_shared():
    """`model_` of a prebuilt network is the parameter, before and after."""
    X, y = classes(3)
    original = three_classes(prebuilt()).fit(X, y)
    assert original.model_ is original.model
    twin = pickle.loads(pickle.dumps(original))
    assert twin.model_ is twin.model


KERAS_PARAMETERS = {
    "loss instance": {"loss": keras.losses.Huber(0.5)},
    "loss function": {"loss": keras.losses.mean_absolute_error},
    "loss class": {"loss": keras.losses.Huber, "loss__delta": 0.5},
    "own loss": {"loss": Cubic()},
    "own loss class": {"loss": Cubic},
    "own loss function": {"loss": fourth_power},
    "metric instance": {"metrics": [keras.metrics.MeanAbsoluteError(name="gap")]},
    "own metric": {"metrics": [Bias()]},
    "own metric class": {"metrics": [Bias]},
    "own layer": {"model": with_layer},
    "registered layer": {"model": with_layer, "model__layer": RegisteredDoubled},
    "lambda": {"model": with_lambda},
    "own training step": {"model": own_step},
    "class of a model": {"model": Plain, "model__units": 4},
    "schedule": {
        "optimizer": keras.optimizers.Adam(
            keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
        )
    },
    "callback": {"callbacks": [keras.callbacks.EarlyStopping("loss")]},
    "callback class": {
        "callbacks": keras.callbacks.EarlyStopping,
        "callbacks__monitor": "loss",
    },
}


@pytest.mark.parametrize("name", KERAS_PARAMETERS)
def test_keras_objects_as_parameters(name):
    X, y = numbers()
    parameters = {"model": regressor, "loss": "mse", **KERAS_PARAMETERS[name]}
    original = KerasRegressor(**parameters, **QUICK).fit(X, y)
    expected = original.predict(X)
    twins = pickle.loads(pickle.dumps(original)), copy.deepcopy(original)
    for twin in twins:
        assert_array_equal(twin.predict(X), expected)
        assert twin.history_ == original.history_
    for refitted in (clone(twins[0]), twins[1]):
        assert_array_equal(refitted.fit(X, y).predict(X), expected)
    for estimator in (original, *twins):
        estimator.partial_fit(X, y)
    for twin in twins:
        assert_array_equal(twin.predict(X), original.predict(X))
        assert twin.history_ == original.history_  # names of metrics are kept


def test_copies_keep_the_classes_of_a_user():
    X, y = numbers()
    twin = pickle.loads(pickle.dumps(targets(with_layer, loss=Cubic()).fit(X, y)))
    assert any(type(layer) is Doubled for layer in twin.model_.layers)
    assert type(twin.model_.loss) is Cubic
    twin = pickle.loads(pickle.dumps(targets(own_step).fit(X, y)))
    assert type(twin.model_) is OwnStep


def test_callback_that_has_seen_the_network():
    X, y = numbers()
    callback = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    original = targets(callbacks=[callback]).fit(X, y)
    twin = pickle.loads(pickle.dumps(original))
    assert_array_equal(twin.predict(X), original.predict(X))
    assert type(twin.callbacks[0]) is keras.callbacks.EarlyStopping
    twin.partial_fit(X, y)


def test_classes_that_cannot_be_imported_go_by_cloudpickle():
    class Halved(Doubled):
        def call(self, inputs):
            return inputs / 2

    def network(meta):
        return with_layer(meta, layer=Halved)

    X, y = numbers()
    original = targets(network).fit(X, y)
    twin = pickle.loads(cloudpickle.dumps(original))
    assert_array_equal(twin.predict(X), original.predict(X))
    assert_array_equal(
        twin.partial_fit(X, y).predict(X), original.partial_fit(X, y).predict(X)
    )


def test_file_of_keras_is_loaded_into_a_new_estimator(tmp_path):
    X, y = numbers()
    original = targets().fit(X, y)
    original.model_.save(tmp_path / "network.keras")
    network = keras.models.load_model(tmp_path / "network.keras")
    twin = KerasRegressor(network).initialize(X, y)
    np.testing.assert_allclose(twin.predict(X), original.predict(X), rtol=1e-6)
