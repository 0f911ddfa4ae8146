"""Training that goes on: what may change between calls, and what may not."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skdl.exceptions import TrainingDivergedError
from tests.instances import CLASSIFIERS, REGRESSORS, small

classifiers = pytest.mark.parametrize("name", CLASSIFIERS)
regressors = pytest.mark.parametrize("name", REGRESSORS)


@classifiers
def test_optimizer_changed_between_calls_of_partial_fit_begins_afresh(name, iris):
    X, y = iris
    one = small(name, optimizer="rmsprop")
    one.partial_fit(X, y, classes=[0, 1, 2])
    other = small(name, warm_start=True)
    for optimizer in ("adagrad", "sgd", "adam"):
        one.set_params(optimizer=optimizer).partial_fit(X, y)
    assert np.isfinite(one.predict_proba(X)).all()
    assert one.n_epochs_ == 4
    assert not hasattr(other, "_trained")


@regressors
@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"loss": "poisson"}, "loss=.*target_scaling=.*clone"),
        ({"target_scaling": False}, "target_scaling=False.*clone"),
        ({"input_scaling": None}, "input_scaling=None.*began"),
        ({"dtype": "float64"}, "dtype was 'float32' and is 'float64'"),
        ({"hidden_units": (5,)}, r"hidden_units was \(8,\) and is \(5,\)"),
    ],
)
@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_units_of_training_cannot_change_on_the_way(name, diabetes, params, words, way):
    X, y = diabetes
    reg = small(name, epochs=2, warm_start=True)
    reg.fit(X, y)
    before = reg.predict(X)
    reg.set_params(**params)
    with pytest.raises(ValueError, match=words):
        (reg.fit if way == "warm_start" else reg.partial_fit)(X, y)
    assert_array_equal(reg.predict(X), before)


@regressors
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_last_step_too_far_is_an_error(name, diabetes, method):
    X, y = diabetes
    reg = small(
        name,
        hidden_units=(8, 8),
        epochs=1,
        batch_size="full",
        optimizer="sgd",
        learning_rate=1e30,
        early_stopping=False,
    )
    with pytest.raises(TrainingDivergedError, match=r"output is .* in epoch 1 at"):
        getattr(reg, method)(X, y)
    assert not hasattr(reg, "n_epochs_")


@classifiers
def test_class_weights_hold_in_batches_without_the_class(name, iris):
    X, y = iris
    clf = small(name, class_weight={0: 2, 1: 3})
    clf.partial_fit(X, y, classes=[0, 1, 2])
    clf.partial_fit(X[y != 1], y[y != 1])
    assert clf.n_epochs_ == 2


@classifiers
def test_history_of_earlier_epochs_is_kept_by_partial_fit(name, iris):
    X, y = iris
    clf = small(name, epochs=3)
    clf.fit(X, y, X_val=X, y_val=y).partial_fit(X, y)
    assert len(clf.history_["loss"]) == 4
    assert len(clf.history_["val_loss"]) == 3
    assert clf.loss_ == clf.history_["loss"][-1]
