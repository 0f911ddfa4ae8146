"""Classes with a network of their own, and networks that are not trained yet."""

from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    compiled_classifier,
    dense,
    keras_history,
    known,
    known_regressor,
    names,
    numbers,
    prebuilt,
    regressor,
)

# -- subclasses ------------------------------------------------------------------------


class MLP(KerasClassifier):
    """A self-contained estimator: parameters in its signature, network in a method."""

    def __init__(self, hidden=(8,), optimizer="adam", epochs=2, random_state=0, **rest):
        super().__init__(**rest)
        self.hidden = hidden
        self.optimizer = optimizer
        self.epochs = epochs
        self.random_state = random_state

    def _keras_build_fn(self, compile_kwargs):
        model = dense(self.n_features_in_, self.hidden, self.n_classes_)
        assert self.target_type_ == "multiclass"
        model.compile(compile_kwargs["optimizer"], SPARSE)
        return model


class Handing(KerasRegressor):
    """A subclass that hands a parameter of its own on to ``super().__init__``."""

    def __init__(self, hidden=(8,), loss="mse", epochs=2, **rest):
        super().__init__(hidden=hidden, loss=loss, epochs=epochs, **rest)

    def _keras_build_fn(self, hidden, meta):
        return regressor(meta, hidden)


def test_subclass_with_a_signature_and_a_build_method():
    X, y = names()
    estimator = MLP(hidden=(5,), optimizer__learning_rate=0.5).fit(X, y)
    assert estimator.model_.layers[0].units == 5
    assert isinstance(estimator.model_.optimizer, keras.optimizers.Adam)
    assert_allclose(float(estimator.model_.optimizer.learning_rate), 0.5)
    assert set(estimator.predict(X)) <= {"apple", "pear", "plum"}
    assert len(estimator.history_["loss"]) == 2


@pytest.mark.parametrize("cls", [MLP, Handing], ids=lambda c: c.__name__)
def test_parameters_of_a_subclass_are_real_ones(cls):
    X, y = classes() if cls is MLP else numbers()
    estimator = cls(hidden=(5,))
    assert estimator.get_params()["hidden"] == (5,)
    copy = clone(estimator).set_params(hidden=(3,), epochs=1)
    assert copy.fit(X, y).model_.layers[0].units == 3
    assert len(copy.history_["loss"]) == 1
    assert estimator.hidden == (5,)
    assert estimator.fit(X, y).model_.layers[0].units == 5


class AutoEncoder(KerasRegressor):
    """A build method that also keeps a part of its network, as autoencoders do."""

    def _keras_build_fn(self, meta):
        inputs = keras.Input((meta["n_features_in_"],))
        code = keras.layers.Dense(8, activation="relu")(inputs)
        self.encoder_model_ = keras.Model(inputs, code)
        outputs = keras.layers.Dense(meta["n_features_in_"])(code)
        return keras.Model(inputs, outputs)

    def transform(self, X):
        return self.encoder_model_.predict(X, verbose=0)


def test_network_that_shares_layers_with_the_trained_one_is_trained_with_it():
    X, _ = numbers()
    estimator = AutoEncoder(loss="mse", **{**QUICK, "epochs": 20}).fit(X, X)
    weights = estimator.model_.get_weights()
    code = np.maximum(X @ weights[0] + weights[1], 0)
    assert_allclose(estimator.transform(X), code, atol=1e-5)
    assert_allclose(estimator.predict(X), code @ weights[2] + weights[3], atol=1e-5)
    assert estimator.history_["loss"][-1] < estimator.history_["loss"][0]


# -- build_fn, initialize --------------------------------------------------------------


def test_build_fn_is_the_old_name_of_model():
    X, y = classes()
    estimator = KerasClassifier(build_fn=known, loss=SPARSE, **IN_ORDER)
    with pytest.warns(UserWarning, match="build_fn.* will be renamed to .*model"):
        estimator.fit(X, y)
    expected = KerasClassifier(known, loss=SPARSE, **IN_ORDER).fit(X, y)
    assert_same_weights(estimator.model_, expected.model_)


@pytest.mark.parametrize("how", ["build function", "network"])
def test_initialize_predicts_without_training(how):
    X, y = classes()
    model = known if how == "build function" else prebuilt()
    estimator = KerasClassifier(model, loss=SPARSE)
    assert estimator.initialize(X, y) is estimator
    assert estimator.initialized_
    assert not hasattr(estimator, "history_")
    assert estimator.current_epoch == 0
    assert_array_equal(estimator.classes_, [0, 1, 2])
    probabilities = np.asarray(known()(X))
    assert_allclose(estimator.predict_proba(X), probabilities, atol=1e-6)
    assert_array_equal(estimator.predict(X), probabilities.argmax(axis=1))


def test_initialize_a_regressor():
    X, y = numbers()
    estimator = KerasRegressor(known_regressor, loss="mse").initialize(X, y)
    expected = np.asarray(known_regressor()(X))[:, 0]
    assert_allclose(estimator.predict(X), expected, atol=1e-6)


def test_initialize_gives_the_weights_that_fit_starts_from():
    X, y = classes()
    estimator = KerasClassifier(compiled_classifier, **IN_ORDER)
    oracle = keras.models.clone_model(estimator.initialize(X, y).model_)
    oracle.set_weights(estimator.model_.get_weights())
    oracle.compile("rmsprop", SPARSE)
    assert_same_history(estimator.fit(X, y), keras_history(oracle, X, y))


def test_fit_after_initialize_goes_on_only_with_warm_start():
    X, y = classes()
    estimator = KerasClassifier(known, loss=SPARSE, **QUICK).initialize(X, y)
    model = estimator.model_
    assert estimator.set_params(warm_start=True).fit(X, y).model_ is model
    assert estimator.set_params(warm_start=False).fit(X, y).model_ is not model


def test_build_function_is_called_once_for_each_fit():
    X, y = classes()
    calls = []

    def build():
        calls.append(1)
        return known()

    estimator = KerasClassifier(build, loss=SPARSE, **QUICK).fit(X, y)
    estimator.predict(X)
    assert len(calls) == 1
    estimator.fit(X, y)
    assert len(calls) == 2
    estimator.partial_fit(X, y)
    assert len(calls) == 2


def test_weights_that_a_build_function_sets_are_where_every_fit_begins():
    X, y = classes()
    for seed in (0, 1, 0):  # the same architecture, so the same program
        build = partial(known, seed=seed)
        estimator = KerasClassifier(build, loss=SPARSE, **IN_ORDER).fit(X, y)
        oracle = known(seed=seed)
        oracle.compile("rmsprop", SPARSE)
        assert_same_history(estimator, keras_history(oracle, X, y))


def test_frozen_layers_stay_as_they_were():
    X, y = classes()

    def build():
        model = known()
        model.layers[0].trainable = False
        return model

    estimator = KerasClassifier(build, loss=SPARSE, **QUICK).fit(X, y)
    before, after = known().get_weights(), estimator.model_.get_weights()
    assert_array_equal(after[0], before[0])
    assert np.abs(after[2] - before[2]).max() > 1e-4
