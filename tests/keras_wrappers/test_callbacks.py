"""Callbacks in every form hear what Keras would tell them, and steer training."""

import copy
import pickle
from functools import cache

import keras
import numpy as np
import pytest
from keras import callbacks, optimizers
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdl import KerasClassifier
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    keras_history,
    known,
)

# Steps that are too large, so that the loss on the validation rows goes up and down.
WILD = {"learning_rate": 0.5, "momentum": 0.9}
N_EPOCHS = 8


def mixed():
    """Rows of three classes in no order, a tenth of them with wrong classes."""
    X, y = classes()
    y = y.copy()
    y[::10] = (y[::10] + 1) % 3
    return X, y


def estimator(**parameters):
    given = {"loss": SPARSE, "optimizer": optimizers.SGD(**WILD), **IN_ORDER}
    given.update(epochs=N_EPOCHS, validation_split=0.3)
    return KerasClassifier(known, **{**given, **parameters})


def by_keras(*given):
    """The network and history of Keras's own ``fit`` with callbacks."""
    model = known()
    model.compile(optimizers.SGD(**WILD), SPARSE)
    kwargs = {"epochs": N_EPOCHS, "validation_split": 0.3}
    return model, keras_history(model, *mixed(), callbacks=list(given), **kwargs)


@cache
def plain():
    """The same without callbacks."""
    return by_keras()


class Recorder(callbacks.Callback):
    """Writes down what it is told."""

    def __init__(self, tag="recorder"):
        super().__init__()
        self.tag = tag
        self.events = []

    def on_train_begin(self, logs=None):
        self.events.append(("train begin", None, dict(logs or {})))

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(("begin", epoch, dict(logs or {})))

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(("end", epoch, dict(logs or {})))

    def on_train_end(self, logs=None):
        self.events.append(("train end", None, dict(logs or {})))

    @property
    def n_fits(self):
        return sum(event[0] == "train begin" for event in self.events)

    @property
    def n_epochs(self):
        return sum(event[0] == "end" for event in self.events)


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


# -- in every form ---------------------------------------------------------------------

FORMS = {
    "instance": lambda: {"callbacks": Recorder("a")},
    "list": lambda: {"callbacks": [Recorder("a"), Recorder("b")]},
    "nested list": lambda: {"callbacks": [[Recorder("a"), Recorder("b")], Recorder()]},
    "dict": lambda: {"callbacks": {"one": Recorder("a"), "two": Recorder("b")}},
    "fit__": lambda: {"fit__callbacks": [Recorder("a"), Recorder("b")]},
    "both": lambda: {"callbacks": [Recorder("a")], "fit__callbacks": Recorder("b")},
}


def flat(given):
    """All callbacks in lists and dicts."""
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list):
        return [callback for part in given for callback in flat(part)]
    return [given]


@pytest.mark.parametrize("form", FORMS)
def test_instances(form):
    X, y = mixed()
    parameters = FORMS[form]()
    estimator(**parameters, epochs=3).fit(X, y)
    for callback in flat(list(parameters.values())):
        assert (callback.n_fits, callback.n_epochs) == (1, 3)


class Collected(Recorder):
    """A recorder which can be found again where only its class was given."""

    made = []  # noqa: RUF012

    def __init__(self, tag="none", extra=None):
        super().__init__(tag)
        self.extra = extra
        self.made.append(self)


CLASSES = {
    "single": ({"callbacks": Collected, "callbacks__tag": "a"}, [("a", None)]),
    "by position": ({"callbacks": Collected, "callbacks__0": "a"}, [("a", None)]),
    "list": ({"callbacks": [Collected], "callbacks__0__tag": "a"}, [("a", None)]),
    "list, all": (
        {"callbacks": [Collected] * 2, "callbacks__tag": "a", "callbacks__1__tag": "b"},
        [("a", None), ("b", None)],
    ),
    "dict": (
        {
            "callbacks": {"x": Collected, "z": Collected},
            "callbacks__x__tag": "a",
            "callbacks__z__0": "b",
            "callbacks__extra": 1,
        },
        [("a", 1), ("b", 1)],
    ),
    "nested list": (
        {"callbacks": [[Collected, Collected]], "callbacks__0__1__tag": "b"},
        [("none", None), ("b", None)],
    ),
    "fit__": (
        {"fit__callbacks": [Collected], "fit__callbacks__0__tag": "a"},
        [("a", None)],
    ),
    "mixed": (
        {"callbacks": [Recorder(), Collected], "callbacks__1__tag": "a"},
        [("a", None)],
    ),
}


@pytest.mark.parametrize("form", CLASSES)
def test_classes_are_built_with_routed_parameters(form):
    X, y = mixed()
    parameters, expected = CLASSES[form]
    fitted = estimator(**parameters, epochs=2)
    for _ in range(2):  # new ones for every fit
        Collected.made.clear()
        fitted.fit(X, y)
        used = [callback for callback in Collected.made if callback.events]
        assert [(c.tag, c.extra) for c in used] == expected
        assert all((c.n_fits, c.n_epochs) == (1, 2) for c in used)


class Schedule:
    """A schedule with a parameter, called with epoch and learning rate."""

    def __init__(self, coef=0.1, first=0.2):
        self.coef = coef
        self.first = first

    def __call__(self, epoch, lr):
        return float(self.first * np.exp(-self.coef * epoch))


SCHEDULES = {
    "single": {
        "callbacks": callbacks.LearningRateScheduler,
        "callbacks__0": Schedule,
        "callbacks__0__coef": 0.4,
    },
    "list": {
        "callbacks": [callbacks.LearningRateScheduler, callbacks.EarlyStopping],
        "callbacks__0__0": Schedule,
        "callbacks__0__0__coef": 0.4,
        "callbacks__1__monitor": "loss",
        "callbacks__1__patience": 100,
    },
    "dict": {
        "callbacks": {"lrs": callbacks.LearningRateScheduler},
        "callbacks__lrs__0": Schedule,
        "callbacks__lrs__0__coef": 0.4,
    },
    "fit__": {
        "fit__callbacks": [callbacks.LearningRateScheduler],
        "fit__callbacks__0__0": Schedule,
        "fit__callbacks__0__0__coef": 0.4,
    },
    "by name": {
        "callbacks": callbacks.LearningRateScheduler,
        "callbacks__schedule": Schedule(0.4),
    },
}


@cache
def scheduled():
    return by_keras(callbacks.LearningRateScheduler(Schedule(0.4)))


@pytest.mark.parametrize("form", SCHEDULES)
def test_schedule_that_is_built_for_a_callback(form):
    fitted = estimator(**SCHEDULES[form]).fit(*mixed())
    model, history = scheduled()
    assert_same_history(fitted, history)
    assert_same_weights(fitted.model_, model)
    rates = 0.2 * np.exp(-0.4 * np.arange(N_EPOCHS))
    assert_allclose(fitted.history_["learning_rate"], rates, rtol=1e-5)
    assert_allclose(float(fitted.model_.optimizer.learning_rate), rates[-1], rtol=1e-5)


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

    n_predictions = 0

    def on_predict_begin(self, logs=None):
        self.n_predictions += 1


@pytest.mark.parametrize(
    ("name", "n_fits", "n_predictions"),
    [("callbacks", 1, 2), ("fit__callbacks", 1, 0), ("predict__callbacks", 0, 2)],
)
def test_callbacks_of_fit_and_predict(name, n_fits, n_predictions):
    X, y = mixed()
    callback = Predicted()
    fitted = estimator(**{name: [callback]}).fit(X, y)
    expected = plain()[0].predict(X, verbose=0)
    assert_allclose(fitted.predict_proba(X), expected, atol=1e-5)
    assert_array_equal(fitted.predict(X), expected.argmax(axis=1))
    assert (callback.n_fits, callback.n_predictions) == (n_fits, n_predictions)


# -- parameters ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["class", "list", "instance"])
def test_set_params_of_a_callback(form):
    X, y = mixed()
    if form == "class":
        fitted = estimator(callbacks=callbacks.EarlyStopping)
        name = "callbacks__patience"
    else:
        fitted = estimator(callbacks=[callbacks.EarlyStopping, Recorder()])
        name = "callbacks__0__patience"
    if form == "instance":
        fitted.set_params(callbacks=callbacks.EarlyStopping(patience=1))
    else:
        fitted.set_params(**{name: 1})
        assert fitted.get_params()[name] == 1
    _, history = by_keras(callbacks.EarlyStopping(patience=1))
    assert_same_history(fitted.fit(X, y), history)


def test_search_over_the_patience():
    X, y = mixed()
    given = estimator(callbacks=callbacks.EarlyStopping, callbacks__patience=5)
    grid = {"callbacks__patience": [0, 5]}
    search = GridSearchCV(given, grid, cv=2).fit(X, y)
    assert set(search.best_params_) == set(grid)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "copied",
    [clone, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))],
    ids=["clone", "deepcopy", "pickle"],
)
def test_copies_of_an_estimator_have_callbacks_of_their_own(copied):
    X, y = mixed()
    recorder = Recorder()
    fitted = estimator(callbacks=[recorder], epochs=2)
    if copied is not clone:
        fitted.fit(X, y)
    before = recorder.n_fits
    other = copied(fitted)
    assert other.callbacks[0] is not recorder
    assert other.callbacks[0].n_fits == before
    other.fit(X, y)
    assert (recorder.n_fits, other.callbacks[0].n_fits) == (before, before + 1)


# -- wrong ones ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [1, "EarlyStopping", [1], [[Recorder(), 1]], {"a": "b"}, ("a",), print, object],
    ids=["int", "str", "in list", "nested", "in dict", "tuple", "function", "class"],
)
@pytest.mark.parametrize("name", ["callbacks", "fit__callbacks", "predict__callbacks"])
def test_wrong_types(name, wrong):
    with pytest.raises(TypeError, match="callbacks"):
        KerasClassifier(known, loss=SPARSE, **{name: wrong}, **QUICK).fit(*mixed())
