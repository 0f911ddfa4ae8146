"""The user's model has its metrics after and in a fit, whichever model was traced."""

import keras
import numpy as np
import pytest
from keras import callbacks
from numpy.testing import assert_allclose

from tests.keras_wrappers._callbacks import WILD, estimator, mixed
from tests.keras_wrappers._networks import SPARSE, assert_same_history, known

GIVEN = {"metrics": ["accuracy"], "epochs": 4}


def fitted_twice(**parameters):
    """The second of two fits: the first one may have traced the architecture."""
    X, y = mixed()
    for _ in range(2):
        net = estimator(**{**GIVEN, **parameters}).fit(X, y)
    return net


STOPPING = {
    "early stopping": (callbacks.EarlyStopping, {"patience": 1}),
    "rate": (callbacks.ReduceLROnPlateau, {"patience": 1, "factor": 0.1}),
}


@pytest.mark.parametrize(
    ("kind", "monitor"), [("early stopping", "accuracy"), ("rate", "val_accuracy")]
)
def test_metric_is_watched_in_every_fit(kind, monitor):
    cls, arguments = STOPPING[kind]
    net = fitted_twice(callbacks=[cls(monitor=monitor, **arguments)])
    up = fitted_twice(callbacks=[cls(monitor=monitor, mode="max", **arguments)])
    assert_same_history(net, up.history_)


def test_best_epoch_by_a_metric_is_saved(tmp_path):
    path = str(tmp_path / "best.keras")
    saver = callbacks.ModelCheckpoint(path, monitor="val_accuracy", save_best_only=True)
    net = fitted_twice(callbacks=[saver])
    X, y = mixed()
    saved = keras.models.load_model(path)
    predicted = saved.predict(X[42:], verbose=0).argmax(axis=1)
    assert_allclose((predicted == y[42:]).mean(), max(net.history_["val_accuracy"]))


class Looks(callbacks.Callback):
    """Notes what the model says of its metrics at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        results = self.model.get_metrics_result()
        self.seen.append({name: float(value) for name, value in results.items()})


def test_results_within_a_fit_are_those_of_keras():
    ours, theirs = Looks(), Looks()
    fitted_twice(callbacks=[ours])
    model = known()
    model.compile(keras.optimizers.SGD(**WILD), SPARSE, metrics=["accuracy"])
    X, y = mixed()
    model.fit(
        X,
        y,
        epochs=4,
        batch_size=20,
        shuffle=False,
        verbose=0,
        validation_split=0.3,
        callbacks=[theirs],
    )
    assert len(theirs.seen) == 4
    for expected, found in zip(theirs.seen, ours.seen[-4:], strict=True):
        assert_allclose(found["loss"], expected["loss"], rtol=1e-4)
        assert_allclose(found["accuracy"], expected["accuracy"], rtol=1e-4)


class Late(keras.metrics.Metric):
    """A metric that makes its variable when it is used first, as F1Score does."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        if not self.built:
            self.sums = self.add_variable((y_pred.shape[-1],), "zeros", name="sums")
            self.built = True
        self.sums.assign_add(keras.ops.sum(y_pred, axis=0))

    built = False

    def result(self):
        return keras.ops.max(self.sums)


METRICS = {
    "by name": ["accuracy"],
    "object": [keras.metrics.SparseTopKCategoricalAccuracy(k=2)],
    "made late": [Late(name="late")],
    "weighted": None,
}


@pytest.mark.parametrize("kind", METRICS)
@pytest.mark.parametrize("split", [0.0, 0.3])
def test_results_after_a_fit_are_the_last_of_the_history(kind, split):
    given = {"metrics": METRICS[kind]}
    if kind == "weighted":
        given["compile__weighted_metrics"] = ["accuracy"]
    net = fitted_twice(validation_split=split, **given)
    results = net.model_.get_metrics_result()
    for name, value in results.items():
        told = net.history_[f"val_{name}" if split else name][-1]
        assert_allclose(np.max(value), np.max(told), rtol=1e-5)
    assert len(results) == 2


def test_model_that_keras_evaluates_afterwards():
    X, y = mixed()
    net = fitted_twice()
    loss, accuracy = net.model_.evaluate(X[42:], y[42:], verbose=0)
    assert_allclose(loss, net.history_["val_loss"][-1], rtol=1e-4)
    assert_allclose(accuracy, net.history_["val_accuracy"][-1], rtol=1e-4)
