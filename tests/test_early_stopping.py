"""Training ends when it should, and the best weights are what remains."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error

from skdl.base._rows import Rows, split_rows
from skdl.exceptions import MissingClassWarning
from tests.instances import CLASSIFIERS, REGRESSORS, small


@pytest.fixture(scope="module")
def noise():
    """Rows, labels that have nothing to do with them, and a validation half."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 8)), rng.integers(3, size=120)
    return X[:60], y[:60], X[60:], y[60:]


# One network each, whose training depends on nothing that the tests change. The kernel
# penalty of the dense one is part of the loss, the weight decay of the others is not.
ALONE = {"n_members": 1, "learning_rate_schedule": None, "weight_decay": 0.0}
KINDS = {
    "DenseClassifier": {"l2": 1e-3},
    "DenseRegressor": {"l2": 1e-3},
    "TabularClassifier": ALONE,
    "TabularRegressor": {**ALONE, "clip_predictions": False},
    "CNNClassifier": {"learning_rate_schedule": None, "weight_decay": 0.0},
    "CNNRegressor": {"learning_rate_schedule": None, "weight_decay": 0.0},
    "LSTMClassifier": {"learning_rate_schedule": None, "weight_decay": 0.0},
    "LSTMRegressor": {"learning_rate_schedule": None, "weight_decay": 0.0},
}
classifiers = pytest.mark.parametrize("name", CLASSIFIERS)
regressors = pytest.mark.parametrize("name", REGRESSORS)


def stopped(name="DenseClassifier", **parameters):
    """A network that stops early."""
    how = {"epochs": 200, "patience": 4, "learning_rate": 0.05, "dtype": "float64"}
    return small(name, **{**how, **KINDS[name], **parameters})


def fit(estimator, noise, **parameters):
    X, y, X_val, y_val = noise
    return estimator.set_params(**parameters).fit(X, y, X_val=X_val, y_val=y_val)


def penalty(estimator):
    """``l2`` times the sum of squares of all kernels, read from the Keras model."""
    if not getattr(estimator, "l2", 0.0):
        return 0.0
    weights = estimator.model_.get_layer("dense_network").get_weights()
    return estimator.l2 * sum((kernel**2).sum() for kernel in weights[::2])


# -- rare classes ----------------------------------------------------------------------


def rare_class(y):
    """Labels of which one occurs once."""
    y = y.copy()
    y[0] = 9
    return y


@pytest.mark.parametrize("strict", [True, False])
def test_the_only_row_of_a_class_is_for_training(strict):
    y = rare_class(np.repeat([0, 1], 20))
    index = np.searchsorted([0, 1, 9], y)
    rows = Rows(np.arange(40)[:, np.newaxis], index, np.ones(40))
    message = "0.25 leaves class 9 out.*1 of 40.*Change .*early_stopping=False"
    classes = np.array([0, 1, 9])
    for seed in range(5):
        options = {"classes": classes, "strict": strict, "seed": seed, "strata": index}
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            train, held = split_rows(rows, 0.25, **options)
        assert [bool(re.search(message, str(one.message))) for one in told] == (
            [True] if strict else []
        )
        assert 0 in train.X
        counts = np.bincount(held.y)
        assert len(counts) == 2
        assert abs(counts[0] - counts[1]) <= 1  # the others keep their proportions
        together = np.sort(np.concatenate([train.X, held.X])[:, 0])
        assert_array_equal(together, np.arange(40))


def test_early_stopping_is_for_any_part_of_the_rows(noise):
    X, y, *_ = noise
    network = small(early_stopping=True, epochs=2)
    with pytest.warns(MissingClassWarning, match="leaves class 9 out"):
        assert 9 in network.fit(X, rare_class(y)).classes_
    message = "validation_fraction=0.01 leaves class . out.* 1 rows .*3 classes.*Change"
    with pytest.warns(MissingClassWarning, match=message):
        network.set_params(validation_fraction=0.01).fit(X, y)
    assert len(network.history_["val_loss"]) == 2


# -- when it is on ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["DenseClassifier", "DenseRegressor"])
@pytest.mark.parametrize(
    ("n_rows", "early_stopping", "validates"),
    [
        (100, "auto", False),
        (10_000, "auto", False),
        (10_001, "auto", True),
        (100, True, True),
        (10_001, False, False),
    ],
)
def test_rows_are_set_apart_if_there_are_many_or_it_is_asked_for(
    name, n_rows, early_stopping, validates
):
    X, y = np.eye(4)[np.arange(n_rows) % 4], np.arange(n_rows) % 2
    estimator = small(name, epochs=1, batch_size=512, early_stopping=early_stopping)
    assert ("val_loss" in estimator.fit(X, y).history_) == validates


@classifiers
def test_auto_stops_with_validation_rows_and_false_only_looks_at_them(name, noise):
    assert fit(stopped(name), noise).n_epochs_ < 200
    estimator = fit(stopped(name, epochs=50, early_stopping=False), noise)
    assert estimator.n_epochs_ == estimator.best_epoch_ == 50
    assert len(estimator.history_["val_loss"]) == 50


@classifiers
def test_validation_rows_without_stopping_change_nothing(name, noise):
    X, y, *_ = noise
    alone = small(name, early_stopping=False).fit(X, y).predict_proba(X)
    watched = fit(small(name, early_stopping=False), noise).predict_proba(X)
    assert_array_equal(watched, alone)


# -- what remains ----------------------------------------------------------------------


@classifiers
def test_best_weights_of_a_classifier_are_restored(name, noise):
    _, _, X_val, y_val = noise
    estimator = fit(stopped(name), noise)
    losses, best = estimator.history_["val_loss"], estimator.best_epoch_
    assert best == np.argmin(losses) + 1
    assert estimator.n_epochs_ == len(losses) == best + 4 < 200
    by_hand = log_loss(y_val, estimator.predict_proba(X_val)) + penalty(estimator)
    assert_allclose(by_hand, min(losses), rtol=1e-9)
    accuracy = accuracy_score(y_val, estimator.predict(X_val))
    assert_allclose(estimator.history_["val_accuracy"][best - 1], accuracy)
    assert estimator.loss_ == estimator.history_["loss"][best - 1]


@regressors
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_best_weights_of_a_regressor_are_restored(name, n_outputs, noise):
    X, y, X_val, y_val = noise
    if n_outputs == 2:
        y, y_val = np.column_stack([y, X[:, 0]]), np.column_stack([y_val, y_val])
    estimator = stopped(name, target_scaling=False)
    fit(estimator, (X, y, X_val, y_val))
    losses = estimator.history_["val_loss"]
    by_hand = mean_squared_error(y_val, estimator.predict(X_val)) + penalty(estimator)
    assert_allclose(by_hand, min(losses), rtol=1e-9)
    assert estimator.n_epochs_ == estimator.best_epoch_ + 4 < 200


def test_loss_of_scaled_targets_is_in_their_units(noise):
    X, y, X_val, y_val = noise
    estimator = fit(stopped("DenseRegressor", l2=0), (X, 50 * y, X_val, 50 * y_val))
    by_hand = mean_squared_error(50 * y_val, estimator.predict(X_val))
    by_hand /= np.var(50 * y)
    assert_allclose(by_hand, min(estimator.history_["val_loss"]), rtol=1e-9)


SLOW = {"optimizer": "sgd", "learning_rate": 0.02}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("DenseClassifier", {}),
        ("DenseClassifier", {"batch_norm": True, "dropout": 0.2}),
        ("TabularClassifier", {**SLOW, "dropout": 0.4}),
        ("TabularClassifier", {**SLOW, "numeric_embedding": "periodic"}),
    ],
)
def test_best_weights_are_those_of_a_fit_of_so_many_epochs(name, parameters, noise):
    X = noise[2]
    estimator = fit(stopped(name, batch_size=16, **parameters), noise)
    assert 1 < estimator.best_epoch_ < estimator.n_epochs_
    shorter = stopped(name, batch_size=16, **parameters)
    fit(shorter, noise, epochs=estimator.best_epoch_, early_stopping=False)
    assert_array_equal(estimator.predict_proba(X), shorter.predict_proba(X))


@classifiers
def test_last_weights_stay_where_restoring_is_off(name, noise):
    X = noise[2]
    estimator = fit(stopped(name, restore_best_weights=False), noise)
    best = np.argmin(estimator.history_["val_loss"]) + 1
    assert estimator.n_epochs_ == best + 4
    shorter = fit(
        stopped(name, epochs=estimator.n_epochs_), noise, early_stopping=False
    ).predict_proba(X)
    assert_array_equal(estimator.predict_proba(X), shorter)


# -- patience, min_delta, monitor ------------------------------------------------------


@classifiers
@pytest.mark.parametrize("patience", [1, 3, 7])
def test_patience_is_how_many_epochs_it_waits(name, patience, noise):
    watched = fit(stopped(name, epochs=30), noise, early_stopping=False)
    losses = watched.history_["val_loss"]
    waited, best, expected = 0, np.inf, 30
    for epoch, loss in enumerate(losses, start=1):
        waited, best = (0, loss) if loss < best else (waited + 1, best)
        if waited == patience:
            expected = epoch
            break
    estimator = stopped(name, epochs=30, patience=patience)
    assert fit(estimator, noise).n_epochs_ == expected


@classifiers
def test_a_smaller_gain_than_min_delta_is_none(name, noise):
    estimator = fit(stopped(name, min_delta=1e6), noise)
    assert (estimator.n_epochs_, estimator.best_epoch_) == (1 + 4, 1)


@classifiers
def test_monitor_loss_needs_no_validation_rows(name, noise):
    X, y, *_ = noise
    by_default = stopped(name, early_stopping=True, validation_fraction=None)
    by_name = clone(by_default).set_params(monitor="loss")
    for estimator in (by_name, by_default):
        estimator.set_params(min_delta=0.01).fit(X, y)
        assert set(estimator.history_) == {"loss", "learning_rate"}
        assert estimator.n_epochs_ == estimator.best_epoch_ + 4 < 200
    assert by_name.history_ == by_default.history_


@classifiers
def test_monitor_accuracy_keeps_the_epoch_of_the_highest(name, noise):
    _, _, X_val, y_val = noise
    estimator = fit(stopped(name, monitor="val_accuracy"), noise)
    accuracies = estimator.history_["val_accuracy"]
    assert estimator.best_epoch_ == np.argmax(accuracies) + 1
    assert estimator.n_epochs_ == estimator.best_epoch_ + 4
    best = accuracy_score(y_val, estimator.predict(X_val))
    assert_allclose(max(accuracies), best)


def test_multilabel_accuracy_is_of_whole_rows(noise):
    X, y, X_val, y_val = noise
    labels = (np.eye(3, dtype=int)[part] for part in (y, y_val))
    y, y_val = labels
    estimator = fit(stopped(epochs=3), (X, y, X_val, y_val), early_stopping=False)
    by_hand = accuracy_score(y_val, estimator.predict(X_val))
    assert_allclose(estimator.history_["val_accuracy"][-1], by_hand)


@classifiers
def test_history_has_one_number_for_each_epoch(name, noise):
    estimator = fit(stopped(name), noise)
    names = ["loss", "val_loss", "val_accuracy", "learning_rate"]
    assert [*estimator.history_] == names
    for values in estimator.history_.values():
        assert len(values) == estimator.n_epochs_
        assert all(type(value) is float for value in values)


@classifiers
def test_schedule_is_in_the_history(name):
    X, y = np.eye(4), [0, 1, 0, 1]
    estimator = small(name, learning_rate=0.1, learning_rate_schedule={2: 0.5, 4: 0.1})
    rates = estimator.fit(X, y).history_["learning_rate"]
    assert_allclose(rates, [0.1, 0.1, 0.05, 0.05, 0.01])
