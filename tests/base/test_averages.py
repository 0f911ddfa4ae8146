"""Averages of weights (``use_ema`` of an optimizer): judged, kept, gone on from."""

import numpy as np
import pytest
from keras.optimizers import SGD, Adam
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from skdl import DenseClassifier, TabularClassifier
from skdl.training import _program


def learner(**parameters):
    options = {"hidden_units": (8,), "learning_rate": 0.05, "random_state": 0}
    options["optimizer"] = Adam(use_ema=True, ema_momentum=0.9)
    return DenseClassifier(**{**options, **parameters})


def test_best_epoch_is_that_of_the_averages_and_they_are_what_it_leaves(iris):
    """Validation loss of the history is that of what predicts afterwards."""
    X, y = iris
    network = learner(epochs=60, early_stopping=True, patience=3, batch_size=16)
    network.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    losses = network.history_["val_loss"]
    assert network.best_epoch_ == np.argmin(losses) + 1 < len(losses)
    found = log_loss(y[1::2], network.predict_proba(X[1::2]).astype(float))
    assert_allclose(found, min(losses), rtol=1e-5)


def test_training_goes_on_from_the_weights_behind_the_average(iris):
    X, y = iris
    options = {"batch_size": "full", "early_stopping": False}
    whole = learner(epochs=5, **options).fit(X, y)
    parts = learner(**options)
    for _ in range(5):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert_allclose(parts.predict_proba(X), whole.predict_proba(X), rtol=1e-5)


def test_average_of_plain_steps_is_that_of_numpy(iris):
    """Weights of each epoch without an average, averaged by hand."""
    X, y = iris
    options = {"batch_size": "full", "early_stopping": False, "dtype": "float64"}
    options |= {"hidden_units": (), "learning_rate": 0.5}
    kernels = [
        learner(optimizer=SGD(), epochs=n, **options).fit(X, y)._trained.weights[0]
        for n in (1, 2, 3)
    ]
    mean = kernels[0].trainable
    for weights in kernels[1:]:
        mean = 0.75 * mean + 0.25 * weights.trainable
    averaged = SGD(use_ema=True, ema_momentum=0.75)
    network = learner(optimizer=averaged, epochs=3, **options).fit(X, y)
    assert_allclose(network._trained.weights[0].trainable, mean, rtol=1e-12)


def test_members_with_averages_are_trained_side_by_side(iris, monkeypatch):
    made = []
    trainer = _program.Trainer
    monkeypatch.setattr(
        _program, "Trainer", lambda *args: made.append(args[1]) or trainer(*args)
    )
    options = {"epochs": 4, "hidden_units": (5,), "random_state": 1}
    optimizer = Adam(0.01, use_ema=True, ema_momentum=0.5)
    both = TabularClassifier(n_members=2, optimizer=optimizer, **options).fit(*iris)
    assert [key.n_members for key in made] == [2]
    answers = both.member_predictions(iris[0])
    assert not np.array_equal(*answers)


@pytest.mark.parametrize("overwrites", [None, 2])
def test_the_users_optimizer_stays_as_it_was(iris, overwrites):
    optimizer = Adam(0.01, use_ema=True, ema_overwrite_frequency=overwrites)
    before = optimizer.get_config()
    first = learner(optimizer=optimizer, epochs=3).fit(*iris)
    again = learner(optimizer=optimizer, epochs=3).fit(*iris)
    assert optimizer.get_config() == before
    assert not optimizer.built
    assert_array_equal(first.predict_proba(iris[0]), again.predict_proba(iris[0]))
