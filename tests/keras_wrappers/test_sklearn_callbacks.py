"""scikit-learn's callbacks: every epoch of the wrappers is a task of the fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl import KerasClassifier
from tests.keras_wrappers._networks import QUICK, SPARSE, classifier

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
EPOCHS = 3
WAYS = {"engine": {}, "keras": {"fit__validation_freq": 7}}


class Recorder:
    """Keeps what it is told; asks for the end of training after one epoch."""

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.tasks, self.outputs = [], []

    def setup(self, estimator, context):
        self.tasks.append("setup")

    def teardown(self, estimator, context):
        self.tasks.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.tasks.append(("end", context.task_name, context.task_id))
        self.outputs.append(fitted_estimator.predict_proba(X))
        return context.task_name == "epoch" and context.task_id == self.stop_at


def fit(recorder=None, **params):
    params = {**QUICK, "loss": SPARSE, "epochs": EPOCHS, "optimizer": "adam", **params}
    estimator = KerasClassifier(classifier, **params)
    if recorder is not None:
        estimator.set_callbacks(recorder)
    return estimator.fit(X, Y)


@pytest.mark.parametrize("way", WAYS)
def test_every_epoch_is_a_task(way):
    recorder = Recorder()
    fit(recorder, **WAYS[way])
    epochs = [(kind, "epoch", i) for i in range(EPOCHS) for kind in ("begin", "end")]
    whole = ["setup", ("begin", "fit", 0), *epochs, ("end", "fit", 0), "teardown"]
    assert recorder.tasks == whole


@pytest.mark.parametrize("way", WAYS)
def test_fitted_estimator_is_the_one_of_that_epoch(way):
    recorder = Recorder()
    last = fit(recorder, **WAYS[way]).predict_proba(X)
    for epoch in range(EPOCHS - 1):
        expected = fit(epochs=epoch + 1, **WAYS[way]).predict_proba(X)
        assert_allclose(recorder.outputs[epoch], expected, rtol=1e-5)
    assert_array_equal(recorder.outputs[-1], last)


@pytest.mark.parametrize("way", WAYS)
def test_true_stops_training(way):
    estimator = fit(Recorder(stop_at=1), epochs=9, **WAYS[way])
    assert len(estimator.history_["loss"]) == 2


def test_callbacks_change_nothing():
    assert_array_equal(fit(Recorder()).predict_proba(X), fit().predict_proba(X))
