"""Callbacks in every form hear what Keras would tell them, and steer training."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import callbacks
from numpy.testing import assert_allclose, assert_array_equal

from tests.keras_wrappers._callbacks import (
    N_EPOCHS,
    WILD,
    Recorder,
    by_keras,
    estimator,
    mixed,
    plain,
)
from tests.keras_wrappers._networks import (
    assert_same_history,
    assert_same_weights,
    known,
)

# -- what they hear --------------------------------------------------------------------


@cache
def heard_from_keras():
    recorder = Recorder()
    _, history = by_keras(recorder)
    return recorder.events, history


def test_callback_hears_what_keras_would_tell_it():
    X, y = mixed()
    recorder = Recorder()
    fitted = estimator(callbacks=[recorder]).fit(X, y)
    expected, history = heard_from_keras()
    assert_same_history(fitted, history)
    assert [e[:2] for e in recorder.events] == [e[:2] for e in expected]
    assert_same_logs(recorder.events[:-1], expected[:-1])


def test_callback_hears_of_the_last_epoch_when_training_ends():
    X, y = mixed()
    recorder = Recorder()
    estimator(callbacks=[recorder]).fit(X, y)
    assert_same_logs(recorder.events[-1:], heard_from_keras()[0][-1:])


def assert_same_logs(ours, expected):
    for (*_, logs), (*_, keras_logs) in zip(ours, expected, strict=True):
        assert set(logs) == set(keras_logs)
        for name, value in keras_logs.items():
            assert_allclose(logs[name], value, rtol=1e-4)


def test_callback_sees_the_network_as_it_is_in_this_epoch():
    X, y = mixed()
    seen = []

    class Look(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            loss = self.model.evaluate(X[42:], y[42:], verbose=0)
            seen.append((loss, logs["val_loss"], self.model, dict(self.params)))

    fitted = estimator(callbacks=[Look()]).fit(X, y)
    assert len(seen) == N_EPOCHS
    for evaluated, told, model, params in seen:
        assert_allclose(evaluated, told, rtol=1e-4)
        assert model is fitted.model_
        assert params["epochs"] == N_EPOCHS


def test_callbacks_hear_of_every_fit():
    X, y = mixed()
    recorder = Recorder()
    fitted = estimator(callbacks=[recorder], epochs=2)
    fitted.fit(X, y).fit(X, y)
    assert (recorder.n_fits, recorder.n_epochs) == (2, 4)
    fitted.partial_fit(X, y)
    assert (recorder.n_fits, recorder.n_epochs) == (3, 5)
    assert recorder.events[-2][:2] == ("end", 2)  # it goes on counting


# -- Keras's callbacks -----------------------------------------------------------------


@pytest.mark.parametrize("restore", [False, True], ids=["last", "best"])
def test_early_stopping(restore):
    X, y = mixed()
    parameters = {"patience": 1, "restore_best_weights": restore}
    stopper = callbacks.EarlyStopping(**parameters)
    model, history = by_keras(stopper)
    assert 1 < len(history["loss"]) < N_EPOCHS
    routed = {f"callbacks__{name}": value for name, value in parameters.items()}
    fitted = estimator(callbacks=callbacks.EarlyStopping, **routed).fit(X, y)
    assert_same_history(fitted, history)
    assert_same_weights(fitted.model_, model)
    assert fitted.current_epoch == len(history["loss"])


def test_early_stopping_with_validation_data():
    X, y = mixed()
    fitted = estimator(
        callbacks=callbacks.EarlyStopping(patience=1), validation_split=0
    )
    fitted.fit(X[:42], y[:42], validation_data=(X[42:], y[42:]))
    _, history = by_keras(callbacks.EarlyStopping(patience=1))
    assert_same_history(fitted, history)


def test_early_stopping_can_be_used_for_several_fits():
    X, y = mixed()
    stopper = callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    fitted = estimator(callbacks=[stopper])
    first = fitted.fit(X, y).history_
    assert_same_history(fitted.fit(X, y), first)


def test_rate_is_lowered_where_the_loss_rests():
    X, y = mixed()
    parameters = {"factor": 0.1, "patience": 1}
    model, history = by_keras(callbacks.ReduceLROnPlateau(**parameters))
    assert len(set(history["learning_rate"])) > 1
    given = callbacks.ReduceLROnPlateau(**parameters)
    fitted = estimator(callbacks=[given]).fit(X, y)
    assert_same_history(fitted, history)
    assert_same_weights(fitted.model_, model)
    # The instance given as a parameter keeps its own rate: the next fit begins with it.
    assert_allclose(float(fitted.optimizer.learning_rate), WILD["learning_rate"])
    assert_same_history(fitted.fit(X, y), history)


def test_best_epoch_is_saved_to_a_file(tmp_path):
    X, y = mixed()
    path = tmp_path / "best.keras"
    saver = callbacks.ModelCheckpoint(str(path), save_best_only=True)
    fitted = estimator(callbacks=[saver]).fit(X, y)
    saved = keras.models.load_model(path)
    loss = saved.evaluate(X[42:], y[42:], verbose=0)
    assert_allclose(loss, min(fitted.history_["val_loss"]), rtol=1e-4)
    assert loss < fitted.history_["val_loss"][-1]


def test_every_epoch_is_saved_to_a_file(tmp_path):
    X, y = mixed()
    path = str(tmp_path / "{epoch}.weights.h5")
    saver = callbacks.ModelCheckpoint(path, save_weights_only=True)
    fitted = estimator(callbacks=[saver], epochs=2).fit(X, y)
    model = known()
    model.load_weights(path.format(epoch=2))
    assert_same_weights(model, fitted.model_)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "1.weights.h5",
        "2.weights.h5",
    ]


def test_lines_of_a_csv_file(tmp_path):
    X, y = mixed()
    path = tmp_path / "log.csv"
    fitted = estimator(callbacks=[callbacks.CSVLogger(str(path))]).fit(X, y)
    table = np.genfromtxt(path, delimiter=",", names=True)
    assert_allclose(table["val_loss"], fitted.history_["val_loss"], rtol=1e-5)


def test_function_as_a_callback():
    X, y = mixed()
    heard = []
    given = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: heard.append((epoch, logs["loss"]))
    )
    fitted = estimator(callbacks=given).fit(X, y)
    assert heard == list(enumerate(fitted.history_["loss"]))


class StopAbove(callbacks.Callback):
    """Stops as soon as a metric is good enough."""

    def __init__(self, monitor, threshold):
        super().__init__()
        self.monitor = monitor
        self.threshold = threshold

    def on_epoch_end(self, epoch, logs=None):
        if logs[self.monitor] > self.threshold:
            self.model.stop_training = True


def test_callback_may_stop_training():
    X, y = mixed()
    given = {"metrics": ["accuracy"], "epochs": 40, "optimizer": "adam"}
    given["optimizer__learning_rate"] = 0.05
    stopper = StopAbove(monitor="val_accuracy", threshold=0.6)
    accuracies = estimator(callbacks=[stopper], **given).fit(X, y).history_
    *before, last = accuracies["val_accuracy"]
    assert len(before) < 39
    assert last > 0.6
    assert max(before) <= 0.6


def test_callback_may_change_the_weights():
    X, y = mixed()

    class Halve(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([w / 2 for w in self.model.get_weights()])

    fitted = estimator(callbacks=[Halve()]).fit(X, y)
    model, history = by_keras(Halve())
    assert_same_history(fitted, history)
    assert_same_weights(fitted.model_, model)


def test_callback_of_batches():
    X, y = mixed()
    heard = []

    class Batches(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            heard.append((batch, logs["loss"]))

    fitted = estimator(callbacks=[Batches()]).fit(X, y)
    model, history = plain()
    assert_same_history(fitted, history)
    assert_same_weights(fitted.model_, model)
    assert [batch for batch, _ in heard] == [0, 1, 2] * N_EPOCHS
    assert_allclose(heard[2][1], fitted.history_["loss"][0], rtol=1e-5)


# -- predict ---------------------------------------------------------------------------


class Predicted(Recorder):
    """Also counts predictions."""

    def __init__(self):
        super().__init__()
        self.predictions = []

    def on_predict_begin(self, logs=None):
        self.predictions.append(None)


@pytest.mark.parametrize(
    ("name", "n_fits", "n_predictions"),
    [("callbacks", 1, 2), ("fit__callbacks", 1, 0), ("predict__callbacks", 0, 2)],
)
def test_callbacks_of_fit_and_predict(name, n_fits, n_predictions):
    X, y = mixed()
    callback = Predicted()
    fitted = estimator(**{name: [callback]}).fit(X, y)
    expected = np.asarray(plain()[0](X))
    assert_allclose(fitted.predict_proba(X), expected, atol=1e-5)
    assert_array_equal(fitted.predict(X), expected.argmax(axis=1))
    assert (callback.n_fits, len(callback.predictions)) == (n_fits, n_predictions)


# -- copies ----------------------------------------------------------------------------

OF_KERAS = {
    "stopping": lambda path: callbacks.EarlyStopping(restore_best_weights=True),
    "rate": lambda path: callbacks.ReduceLROnPlateau(patience=1),
    "saver": lambda path: callbacks.ModelCheckpoint(path / "m.keras"),
    "lines": lambda path: callbacks.CSVLogger(path / "log.csv"),
    "schedule": lambda path: callbacks.LearningRateScheduler(lambda epoch: 0.1),
}


@pytest.mark.parametrize("name", ["callbacks", "fit__callbacks"])
def test_given_callbacks_stay_as_they_are(name, tmp_path):
    X, y = mixed()
    given = {k: make(tmp_path) for k, make in OF_KERAS.items()}
    before = {k: dict(vars(callback)) for k, callback in given.items()}
    fitted = estimator(**{name: given}).fit(X, y)
    assert {k: dict(vars(callback)) for k, callback in given.items()} == before
    assert getattr(fitted, name) is given
    stopping, rate, *_ = fitted.callbacks_
    assert stopping.best == min(fitted.history_["val_loss"])
    assert stopping.best_epoch == np.argmin(fitted.history_["val_loss"])
    assert rate.model is fitted.model_


def test_callback_of_one_call_is_used_itself():
    X, y = mixed()
    stopping = callbacks.EarlyStopping()
    fitted = estimator().fit(X, y, callbacks=[stopping])
    assert stopping.best == min(fitted.history_["val_loss"])


@pytest.mark.parametrize("kind", ["metrics", "compile__weighted_metrics"])
def test_given_metrics_stay_as_they_are(kind):
    X, y = mixed()
    metric = keras.metrics.SparseCategoricalAccuracy(name="mine")
    fitted = estimator(**{kind: [metric]}).fit(X, y).fit(X, y)
    assert float(metric.count) == 0
    assert fitted.history_["val_mine"][-1] > 0


def test_predictions_are_left_to_keras_only_for_callbacks_that_hear_of_them(
    monkeypatch,
):
    X, y = mixed()
    calls = []
    real = keras.Model.predict
    monkeypatch.setattr(
        keras.Model, "predict", lambda *a, **k: calls.append(0) or real(*a, **k)
    )
    given = [callbacks.EarlyStopping(), Recorder()]
    estimator(callbacks=given).fit(X, y).predict(X)
    assert not calls
    estimator(callbacks=[Predicted()]).fit(X, y).predict(X)
    assert len(calls) == 1
