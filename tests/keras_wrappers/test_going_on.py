"""Training goes on where it stopped, or begins anew, as the method says."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import get_scorer

from skdl import KerasClassifier
from skdl.exceptions import TrainingDivergedError
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    classifier,
    columns,
    names,
    numbers,
)
from tests.keras_wrappers._several import (
    WAYS,
    by_keras,
    noting_epochs,
    targets,
    three_classes,
)

# -- going on --------------------------------------------------------------------------


def test_every_fit_makes_a_new_network():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    model, weights = estimator.model_, estimator.model_.get_weights()
    estimator.fit(X, y[::-1])
    assert estimator.model_ is not model
    for now, before in zip(model.get_weights(), weights, strict=True):
        assert_array_equal(now, before)


@pytest.mark.parametrize("way", WAYS)
def test_warm_start_goes_on_with_weights_and_optimizer(way):
    X, y = classes(3)
    fixed = {"shuffle": False, "optimizer": "adam", **WAYS[way]}
    warm = three_classes(warm_start=True, **fixed).fit(X, y)
    model = warm.model_
    warm.fit(X, y)
    assert warm.model_ is model
    assert warm.current_epoch == 2  # epochs are counted anew
    whole = three_classes(epochs=4, **fixed).fit(X, y)
    assert_allclose(warm.history_["loss"], whole.history_["loss"][2:], rtol=1e-4)
    assert_same_weights(warm.model_, whole.model_)


def test_warm_start_keeps_the_classes():
    X, y = names()
    estimator = three_classes(warm_start=True).fit(X, y)
    some = y != "plum"
    estimator.fit(X[some], y[some])
    assert_array_equal(estimator.classes_, ["apple", "pear", "plum"])
    assert estimator.n_classes_ == 3
    assert estimator.predict_proba(X).shape == (60, 3)
    assert get_scorer("neg_log_loss")(estimator, X, y) < 0
    with pytest.raises(ValueError, match=r"quince.*did not see"):
        estimator.fit(X, np.where(some, y, "quince"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("warm_start", [False, True])
def test_partial_fit_is_one_epoch_more(way, warm_start):
    X, y = names()
    fixed = {"shuffle": False, "optimizer": "adam", **WAYS[way]}
    whole = three_classes(epochs=3, **fixed).fit(X, y)
    seen, models = [], []
    estimator = three_classes(warm_start=warm_start, epochs=7, **fixed)
    estimator.set_params(callbacks=[noting_epochs(seen)])
    for n_calls in (1, 2, 3):
        assert estimator.partial_fit(X, y) is estimator
        assert estimator.current_epoch == n_calls
        assert_array_equal(estimator.classes_, whole.classes_)
        models.append(estimator.model_)
    assert models[0] is models[1] is models[2]
    assert seen == [0, 1, 2]
    assert_same_history(estimator, whole.history_)
    assert_same_weights(estimator.model_, whole.model_)


@pytest.mark.parametrize("way", WAYS)
def test_partial_fit_after_fit(way):
    X, y = numbers()
    fixed = {"shuffle": False, "optimizer": "adam", **WAYS[way]}
    estimator = targets(**fixed).fit(X, y).partial_fit(X, y)
    whole = targets(epochs=3, **fixed).fit(X, y)
    assert estimator.current_epoch == 3
    assert_same_history(estimator, whole.history_)
    assert_same_weights(estimator.model_, whole.model_)


def test_partial_fit_of_other_rows_is_what_keras_learns():
    X, y = numbers()
    estimator = targets(shuffle=False, optimizer="adam")
    model = by_keras(estimator, X, y, loss="mse", optimizer="adam")
    for rows in (slice(0, 25), slice(25, 26), slice(26, 60)):
        estimator.partial_fit(X[rows], y[rows])
        model.fit(X[rows], y[rows], batch_size=20, shuffle=False, verbose=0)
    assert_same_weights(estimator.model_, model)


# -- a network that is not trained -----------------------------------------------------


@pytest.mark.parametrize("goes_on", [True, False])
def test_initialized_network_is_trained_by_partial_fit_or_a_warm_start(goes_on):
    X, y = classes(3)
    estimator = three_classes(warm_start=goes_on, shuffle=False).initialize(X, y)
    model = estimator.model_
    model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
    expected = three_classes(shuffle=False).initialize(X, y)
    if goes_on:  # training begins with the weights that the network has been given
        expected.model_.set_weights(model.get_weights())
        expected.partial_fit(X, y).partial_fit(X, y)
        assert estimator.fit(X, y).model_ is model
    else:
        expected.fit(X, y)
        assert estimator.fit(X, y).model_ is not model
    assert_same_weights(estimator.model_, expected.model_)


def test_learning_rate_of_zero_keeps_the_weights_of_initialize():
    X, y = classes(3)
    estimator = three_classes(optimizer="sgd", optimizer__learning_rate=0.0)
    weights = clone(estimator).initialize(X, y).model_.get_weights()
    estimator.fit(X, y)
    for now, start in zip(estimator.model_.get_weights(), weights, strict=True):
        assert_array_equal(now, start)


def test_weights_that_the_network_is_given_count_at_once():
    """`model_` is live: what is set there is what predicts and is trained."""
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    estimator.predict_proba(X)
    estimator.model_.set_weights([0 * w for w in estimator.model_.get_weights()])
    assert_allclose(estimator.predict_proba(X), 1 / 3, rtol=1e-6)
    estimator.partial_fit(X, y)
    assert_allclose(estimator.model_.get_weights()[0], 0)  # no gradient behind zeros


# -- a fit that fails ------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_epoch_that_fails_leaves_the_estimator_as_it_was(way):
    X, y = numbers()
    estimator = targets(**WAYS[way]).fit(X, y)
    before = estimator.predict(X), dict(estimator.history_)
    with pytest.raises(TrainingDivergedError):
        estimator.partial_fit(X, np.full_like(y, 1e30))
    assert_array_equal(estimator.predict(X), before[0])
    assert estimator.history_ == before[1]
    assert np.all(np.isfinite(estimator.partial_fit(X, y).predict(X)))


def test_build_function_that_fails_leaves_the_estimator_as_it_was():
    X, y = classes(3)

    def network(meta, broken=False):
        if broken:
            raise RuntimeError("no network today")
        return classifier(meta)

    estimator = KerasClassifier(network, loss=SPARSE, broken=False, **QUICK).fit(X, y)
    before = estimator.predict_proba(X)
    estimator.set_params(broken=True)
    with pytest.raises(RuntimeError, match="no network today"):
        estimator.fit(X[:, :2], y > 0)
    assert_array_equal(estimator.predict_proba(X), before)
    assert_array_equal(estimator.classes_, [0, 1, 2])
    assert estimator.n_features_in_ == 4


# -- rows of another shape -------------------------------------------------------------


def test_other_shape_of_images():
    X, y = columns().reshape(-1, 2, 2), numbers()[1]

    def network(meta):
        layers = [keras.layers.Flatten(), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input(meta["X_shape_"][1:]), *layers])

    estimator = targets(network).fit(X, y)
    for wrong in (np.ones((2, 2, 3)), X.reshape(60, 4), X[..., np.newaxis]):
        with pytest.raises(ValueError, match=r"shape|dimensions"):
            estimator.predict(wrong)
