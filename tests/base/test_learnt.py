"""A network that has learnt nothing says so; one that has learnt says nothing."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score

from skdl import (
    CNNClassifier,
    DenseClassifier,
    DenseRegressor,
    KerasClassifier,
    KerasRegressor,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    TabularClassifier,
    TabularRegressor,
)
from skdl.ensemble import FoldEnsembleClassifier
from skdl.exceptions import NothingLearntWarning
from skdl.losses import Focal, Huber, LogCosh, LogLoss, Pinball
from skdl.model_selection import BayesSearchCV, bootstrap_validate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
LABELS = np.digitize(X[:, 0], [-1.0, 0.3])
WEIGHT = RNG.uniform(0.5, 2, 90)
STILL = {"learning_rate": 1e-12, "random_state": 0, "epochs": 50}
SMALL = {"hidden_units": (4,)}


def remarks(estimator, *args, **kwargs):
    """The warnings of a fit that say that nothing was learnt."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        estimator.fit(*args, **kwargs)
    return [w for w in seen if issubclass(w.category, NothingLearntWarning)]


def warning_of(estimator, *args, **kwargs):
    (found,) = remarks(estimator, *args, **kwargs)
    assert found.filename == __file__
    assert "Try another learning rate" in str(found.message)
    return found.message


# -- the loss of the best constant answer ----------------------------------------------


def test_that_of_labels_is_the_entropy_of_their_weighted_frequencies():
    class_weight = {0: 3.0, 1: 1.0, 2: 0.5}
    net = DenseClassifier(**SMALL, **STILL, class_weight=class_weight)
    said = warning_of(net, X, LABELS, WEIGHT)
    weight = WEIGHT * np.array([3.0, 1.0, 0.5])[LABELS]
    shares = np.bincount(LABELS, weight) / weight.sum()
    assert_allclose(said.constant_loss, -shares @ np.log(shares))
    now = log_loss(LABELS, net.predict_proba(X), sample_weight=weight)
    assert_allclose(said.loss, now, rtol=1e-5)


def test_that_of_several_labels_is_the_mean_of_their_entropies():
    y = (X > [0, 0.5, 1]).astype(int)
    p = np.average(y, axis=0, weights=WEIGHT)
    entropy = -np.mean(p * np.log(p) + (1 - p) * np.log(1 - p))
    said = warning_of(DenseClassifier(**SMALL, **STILL), X, y, WEIGHT)
    assert_allclose(said.constant_loss, entropy)


def smoothed(y, z):
    target = np.where(y == 1, 0.9, 0.1)
    return np.logaddexp(0, z) - target * z


POWER = 1.5


def power(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred) ** POWER, axis=-1)


# a loss, and its value for targets y (0 or 1 for classifiers) and one raw output
LOSSES = {
    "squared": ("squared_error", lambda y, z: (y - z) ** 2),
    "absolute": ("absolute_error", lambda y, z: np.abs(y - z)),
    "pinball": (
        Pinball(quantile=0.8),
        lambda y, z: np.maximum(0.8 * (y - z), -0.2 * (y - z)),
    ),
    "poisson": ("poisson", lambda y, z: np.exp(z) - y * z),
    "huber": (
        Huber(delta=0.5),
        lambda y, z: np.where(
            np.abs(y - z) < 0.5, (y - z) ** 2 / 2, 0.5 * np.abs(y - z) - 0.125
        ),
    ),
    "log_cosh": (LogCosh(), lambda y, z: np.log(np.cosh(y - z))),
    "function": (power, lambda y, z: np.abs(y - z) ** POWER),
    "log_loss": (LogLoss(label_smoothing=0.2), smoothed),
    "focal": (
        Focal(),
        lambda y, z: (
            (1 / (1 + np.exp(np.where(y, z, -z)))) ** 2
            * np.logaddexp(0, np.where(y, -z, z))
        ),
    ),
    "brier": (
        keras.losses.MeanSquaredError(),
        lambda y, z: (y - 1 / (1 + np.exp(-z))) ** 2,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_that_of_a_loss_is_the_least_of_one_output(name):
    loss, by_hand = LOSSES[name]
    if name in ("log_loss", "focal", "brier"):
        y = wanted = (X[:, 0] > 0.8).astype(int)
        net = DenseClassifier(**SMALL, **STILL, loss=loss)
    else:
        y = wanted = np.round(np.exp(1.5 * X[:, 0]))
        net = DenseRegressor(**SMALL, **STILL, loss=loss)
        if name != "poisson":
            mean = np.average(y, weights=WEIGHT)
            spread = np.sqrt(np.average((y - mean) ** 2, weights=WEIGHT))
            wanted = (y - mean) / spread
    said = warning_of(net, X, y, WEIGHT)
    least = minimize_scalar(
        lambda z: np.average(by_hand(wanted, z), weights=WEIGHT),
        bounds=(-5, 5),
        method="bounded",
        options={"xatol": 1e-8},
    )
    assert_allclose(said.constant_loss, least.fun, rtol=2e-4)
    assert said.loss > said.constant_loss


def test_a_loss_may_have_constants_of_the_dtype_of_training():
    factor = ops.convert_to_tensor(3.0)

    def weighed(y_true, y_pred):
        return factor * power(y_true, y_pred)

    least, of_three = (
        warning_of(DenseRegressor(**SMALL, **STILL, loss=loss), X, X[:, 0])
        for loss in (power, weighed)
    )
    assert_allclose(of_three.constant_loss, 3 * least.constant_loss, rtol=2e-4)


def test_a_loss_that_cannot_be_asked_afterwards_spoils_no_fit():
    def of_three(y_true, y_pred):
        if y_true.shape[0] not in (None, 1, 2, 3):
            raise RuntimeError("batches have three rows")
        return power(y_true, y_pred)

    net = DenseRegressor(**SMALL, **STILL, loss=of_three, batch_size=3)
    assert remarks(net, X, X[:, 0]) == []
    assert net.n_epochs_ == 50


# -- every kind of estimator -----------------------------------------------------------


def images(n=60):
    return RNG.integers(0, 255, size=(n, 6, 6, 1), dtype=np.uint8)


def compiled(meta, rate=1e-12, loss="mse", outputs=1, activation="linear"):
    layers = [keras.Input((3,)), keras.layers.Dense(outputs, activation)]
    model = keras.Sequential(layers)
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(rate))
    return model


SOFTMAX = {
    "model__outputs": 3,
    "model__activation": "softmax",
    "model__loss": "sparse_categorical_crossentropy",
}
KERAS = {"epochs": 30, "random_state": 0}
STEPS = RNG.normal(size=(40, 4, 1))

KINDS = {
    "members": (TabularClassifier(**SMALL, **STILL), (X, LABELS)),
    "members of a regressor": (
        TabularRegressor(**SMALL, **STILL, early_stopping=False),
        (X, RNG.normal(size=(90, 2))),
    ),
    "images": (CNNClassifier(filters=(2,), **STILL), (images(), LABELS[:60])),
    "steps": (
        LSTMRegressor(units=2, return_sequences=True, **STILL),
        (STEPS, RNG.normal(size=(40, 4))),
    ),
    "labels of steps": (
        LSTMClassifier(units=2, return_sequences=True, **STILL),
        (
            [x[: 2 + i % 3] for i, x in enumerate(STEPS)],
            [np.arange(2 + i % 3) % 2 for i in range(40)],
        ),
    ),
    "by Keras": (
        KerasRegressor(compiled, run_eagerly=True, **KERAS),
        (X, 10 + X[:, 0]),
    ),
    "probabilities": (
        KerasClassifier(compiled, **KERAS, **SOFTMAX),
        (X, np.array(["a", "b", "c"])[RNG.integers(3, size=90)]),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_estimator_says_so(name):
    estimator, data = KINDS[name]
    warning_of(estimator, *data)


def test_the_mean_of_a_compiled_model_is_that_of_its_targets():
    y = 10 + X[:, 0]
    said = warning_of(KerasRegressor(compiled, **KERAS), X, y, sample_weight=WEIGHT)
    mean = np.average(y, weights=WEIGHT)
    assert_allclose(said.constant_loss, np.average((y - mean) ** 2, weights=WEIGHT))


def test_a_forecaster_of_noise_says_nothing_of_its_linear_part():
    series = np.sin(np.arange(80) / 3)
    net = LSTMForecaster(horizon=2, window=6, units=2, epochs=8, n_members=1)
    assert not remarks(net, series)


# -- no false alarms -------------------------------------------------------------------

LEARNS = {"epochs": 50, "learning_rate": 0.03, "random_state": 0, **SMALL}
FINE = {
    "labels": (DenseClassifier(**LEARNS), X, LABELS),
    "penalties": (
        DenseClassifier(hidden_units=(100,), epochs=20, l2=0.1, random_state=0),
        X,
        1 * (X[:, 0] > 0),
    ),
    "dropout": (DenseClassifier(**LEARNS, dropout=0.9), X, 1 * (X[:, 0] > 0)),
    "counts": (
        DenseRegressor(**{**LEARNS, "learning_rate": 0.1}, loss="poisson"),
        X,
        np.round(100 + 30 * X[:, 0]),
    ),
    "constant": (DenseRegressor(**LEARNS), X, np.full(90, 3.7)),
    "constant unscaled": (
        DenseRegressor(**LEARNS, target_scaling=False, loss=power),
        X,
        np.zeros(90),
    ),
    "one class": (DenseClassifier(**LEARNS), X, np.ones(90)),
    "few steps": (DenseClassifier(**{**STILL, "epochs": 5}), X, LABELS),
}


@pytest.mark.parametrize("name", FINE)
def test_no_remark(name):
    net, *data = FINE[name]
    assert not remarks(net, *data)
    if name == "penalties":  # which are in the loss of the history
        assert net.history_["loss"][-1] > np.log(2)


def test_partial_fit_says_nothing():
    net = DenseRegressor(batch_size=1, learning_rate=1e-12, **SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.partial_fit(X, X[:, 0])


# -- loops over fits -------------------------------------------------------------------


def test_an_ensemble_says_it_once():
    folds = FoldEnsembleClassifier(DenseClassifier(**SMALL, **STILL), cv=3)
    assert len(remarks(folds, X, LABELS)) == 1
    assert len(remarks(folds, X[::-1], LABELS[::-1])) == 1  # and in every fit


def test_a_search_says_it_once():
    search = BayesSearchCV(
        DenseClassifier(**SMALL, **STILL), {"l2": (0.0, 1e-6)}, n_iter=1, cv=2
    )
    search.set_params(init_points=2, random_state=0)
    assert len(remarks(search, X, LABELS)) == 1


def test_loops_of_scikit_learn_show_it_once():
    network = DenseClassifier(**SMALL, **STILL)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        cross_val_score(network, X, LABELS, cv=3)
    (found,) = [w for w in seen if issubclass(w.category, NothingLearntWarning)]
    assert found.filename == __file__
    assert found.message.loss is None


def test_a_bootstrap_says_it_once():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        bootstrap_validate(
            DenseRegressor(**SMALL, **STILL), X, X[:, 0], n_splits=3, random_state=0
        )
    kinds = [w.category for w in seen]
    assert kinds.count(NothingLearntWarning) == 1
