"""Training that goes on: what may change between calls, and what may not."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skdl import DenseClassifier, DenseRegressor
from skdl.exceptions import TrainingDivergedError


def test_optimizer_changed_between_calls_of_partial_fit_begins_afresh(iris):
    X, y = iris
    one = DenseClassifier(hidden_units=(4,), optimizer="rmsprop", random_state=0)
    one.partial_fit(X, y, classes=[0, 1, 2])
    other = DenseClassifier(hidden_units=(4,), random_state=0, warm_start=True)
    for name in ("adagrad", "sgd", "adam"):
        one.set_params(optimizer=name).partial_fit(X, y)
    assert np.isfinite(one.predict_proba(X)).all()
    assert one.n_epochs_ == 4
    assert not hasattr(other, "_trained")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"loss": "poisson"}, "loss=.*target_scaling=.*clone"),
        ({"target_scaling": False}, "target_scaling=False.*clone"),
        ({"input_scaling": None}, "input_scaling=None.*began"),
        ({"dtype": "float64"}, "dtype was 'float32' and is 'float64'"),
        ({"hidden_units": (5,)}, r"hidden_units was \(4,\) and is \(5,\)"),
    ],
)
@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_units_of_training_cannot_change_on_the_way(diabetes, params, words, way):
    X, y = diabetes
    reg = DenseRegressor(hidden_units=(4,), epochs=2, random_state=0, warm_start=True)
    reg.fit(X, y)
    before = reg.predict(X)
    reg.set_params(**params)
    with pytest.raises(ValueError, match=words):
        (reg.fit if way == "warm_start" else reg.partial_fit)(X, y)
    assert_array_equal(reg.predict(X), before)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_last_step_too_far_is_an_error(diabetes, method):
    X, y = diabetes
    reg = DenseRegressor(
        hidden_units=(8, 8),
        epochs=1,
        batch_size="full",
        optimizer="sgd",
        learning_rate=1e30,
    )
    with pytest.raises(TrainingDivergedError, match=r"output is .* in epoch 1 at"):
        getattr(reg, method)(X, y)
    assert not hasattr(reg, "n_epochs_")


def test_class_weights_hold_in_batches_without_the_class(iris):
    X, y = iris
    clf = DenseClassifier(hidden_units=(4,), class_weight={0: 2, 1: 3}, random_state=0)
    clf.partial_fit(X, y, classes=[0, 1, 2])
    clf.partial_fit(X[y != 1], y[y != 1])
    assert clf.n_epochs_ == 2


def test_history_of_earlier_epochs_is_kept_by_partial_fit(iris):
    X, y = iris
    clf = DenseClassifier(hidden_units=(4,), epochs=3, random_state=0)
    clf.fit(X, y, X_val=X, y_val=y).partial_fit(X, y)
    assert len(clf.history_["loss"]) == 4
    assert len(clf.history_["val_loss"]) == 3
    assert clf.loss_ == clf.history_["loss"][-1]
