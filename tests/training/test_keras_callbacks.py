"""Keras callbacks see a real model with present weights, and what they do counts."""

import copy
import csv
import warnings

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score

from skdl import (
    CNNClassifier,
    DenseClassifier,
    DenseRegressor,
    LSTMClassifier,
    LSTMRegressor,
    TabularClassifier,
)
from skdl.exceptions import CallbackWarning, TrainingDivergedError
from tests.training.engine import numbers

CB = keras.callbacks
X = numbers(60, 4)
Y = (X @ [1, -1, 0.5, 0] + numbers(60, seed=1) > 0).astype(int)
# Keras itself turns variables into arrays in a way that NumPy 2 complains of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword"
)
loads_without_optimizer = pytest.mark.filterwarnings("ignore:Skipping variable loading")


def classifier(*callbacks, epochs=5, **params):
    params = {"hidden_units": (4,), "random_state": 0, "learning_rate": 0.125, **params}
    return DenseClassifier(epochs=epochs, callbacks=list(callbacks) or None, **params)


def fit(*callbacks, **params):
    return classifier(*callbacks, **params).fit(X, Y)


def positive(est, rows=X):
    """The probability of class 1, of the shape that the model gives."""
    return est.predict_proba(rows)[:, 1:]


LOG = []  # what deep copies of callbacks have seen


@pytest.fixture(autouse=True)
def empty_log():
    LOG.clear()


class Recorder(CB.Callback):
    """Writes to `LOG` what it sees."""

    def on_train_begin(self, logs=None):
        self._note("train begins", None)

    def on_epoch_begin(self, epoch, logs=None):
        self._note("begins", epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._note("ends", epoch, **logs)

    def on_train_end(self, logs=None):
        self._note("train ends", None)

    def _note(self, event, epoch, **logs):
        outputs = self.model(X, training=False).numpy()
        LOG.append((event, epoch, outputs, logs))


class SetWeights(CB.Callback):
    """Multiplies all weights at one event."""

    def __init__(self, event, factor):
        super().__init__()
        self.event, self.factor = event, factor

    def _act(self, event):
        if event == self.event:
            weights = [self.factor * w for w in self.model.get_weights()]
            self.model.set_weights(weights)

    def on_train_begin(self, logs=None):
        self._act("train begins")

    def on_epoch_begin(self, epoch, logs=None):
        self._act(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch, logs=None):
        self._act(f"epoch {epoch} ends")

    def on_train_end(self, logs=None):
        self._act("train ends")


# -- what callbacks see ----------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"batch_norm": True, "dropout": 0.5}])
def test_callbacks_see_a_model_with_the_present_weights(params):
    """Oracle: estimators that were trained for as many epochs."""
    params |= {"dtype": "float64"}
    est = fit(Recorder(), epochs=3, **params)
    shorter = [fit(epochs=n, **params) for n in (1, 2, 3)]
    assert [(event, epoch) for event, epoch, *_ in LOG] == [
        ("train begins", None),
        *[(event, epoch) for epoch in range(3) for event in ("begins", "ends")],
        ("train ends", None),
    ]
    for event, epoch, outputs, logs in LOG:
        if event == "ends":
            assert_allclose(outputs, positive(shorter[epoch]), rtol=1e-10)
            expected = {name: values[epoch] for name, values in est.history_.items()}
            assert logs == expected
    assert_allclose(LOG[-1][2], positive(est), rtol=1e-10)
    assert_array_equal(positive(est), positive(shorter[-1]))  # watching changes nothing


def test_model_is_a_keras_model_of_x_itself():
    class Look(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            model = self.model
            is_model = isinstance(model, keras.Model)
            LOG.append((is_model, model.input_shape, model.built, model.stop_training))
            LOG.append(model.predict(X, verbose=0))
            LOG.append(dict(self.params))

    est = fit(Look(), epochs=1, batch_size=16)
    assert LOG[0] == (True, (None, 4), True, False)
    assert_allclose(LOG[1], positive(est), rtol=1e-5)
    assert LOG[2] == {"epochs": 1, "steps": 4, "verbose": 0}


def test_regression_model_gives_y_in_its_own_units():
    y = 1000 + 50 * X[:, 0]
    est = DenseRegressor(
        hidden_units=(4,), epochs=2, random_state=0, callbacks=Recorder()
    )
    est.fit(X, y)
    assert_allclose(LOG[-1][2][:, 0], est.predict(X), rtol=1e-5)
    assert abs(est.predict(X).mean() - 1000) < 50


def test_validation_is_in_the_logs():
    est = classifier(Recorder(), epochs=2).fit(X, Y, X_val=X[:9], y_val=Y[:9])
    assert set(LOG[2][3]) == {"loss", "val_loss", "val_accuracy", "learning_rate"}
    assert est.history_["val_accuracy"][0] == LOG[2][3]["val_accuracy"]


# -- evaluating it ---------------------------------------------------------------------


class Evaluate(CB.Callback):
    """Writes to `LOG` the loss of some rows at the end of every epoch."""

    def __init__(self, rows, y, **options):
        super().__init__()
        self.rows, self.y, self.options = rows, y, {"verbose": 0, **options}

    def on_epoch_end(self, epoch, logs=None):
        LOG.append(self.model.evaluate(self.rows, self.y, **self.options))


LABELS = {
    "codes": Y,
    "two": np.where(Y == 1, 2, -1),
    "text": np.array(["no", "yes"])[Y],
    "three": np.array(["c", "a", "b"])[Y + (X[:, 0] > 0.3)],
    "one": np.ones(60),
}


@pytest.mark.parametrize("name", LABELS)
def test_evaluate_gives_the_log_loss_of_labels(name):
    y = LABELS[name]
    weight = np.linspace(0.5, 1.5, 60)
    est = classifier(Evaluate(X, y, sample_weight=weight), epochs=2, dtype="float64")
    est.fit(X, y)
    proba = est.predict_proba(X)
    right = proba[np.arange(60), np.searchsorted(est.classes_, y)]
    assert_allclose(LOG[-1], np.mean(-weight * np.log(right)), rtol=1e-6, atol=1e-7)
    assert len(LOG) == 2


@pytest.mark.parametrize("loss", ["auto", "focal"])
def test_evaluate_is_the_loss_of_validation_rows_in_the_logs(loss):
    params = {"loss": loss, "l2": 0.01, "batch_norm": True, "dtype": "float64"}
    rows = X[:20], Y[:20]
    est = classifier(Evaluate(*rows), epochs=3, early_stopping=False, **params)
    est.set_params(early_stopping=True, patience=9)
    est.fit(X, Y, X_val=rows[0], y_val=rows[1])
    assert_allclose(LOG, est.history_["val_loss"], rtol=1e-6)


def test_evaluate_refuses_an_unknown_label():
    with pytest.raises(ValueError, match="holds the label 7"):
        fit(Evaluate(X, np.where(Y, 7, 0)))


def test_evaluate_of_several_labels():
    y = (X[:, :3] > 0).astype(int)
    est = classifier(Evaluate(X, y), epochs=1, dtype="float64").fit(X, y)
    p = est.predict_proba(X)
    assert_allclose(LOG, -np.mean(np.log(np.where(y, p, 1 - p))), rtol=1e-6)


REGRESSION = {
    "squared_error": lambda y, p: np.mean((y - p) ** 2) / np.var(y),
    "absolute_error": lambda y, p: np.mean(np.abs(y - p)) / np.std(y),
    "poisson": lambda y, p: np.mean(p - y * np.log(p)),
}


@pytest.mark.parametrize("loss", REGRESSION)
def test_evaluate_of_numbers_is_in_the_units_of_the_history(loss):
    y = 10.0 + np.round(3 * X[:, 0])
    est = DenseRegressor(
        hidden_units=(4,), epochs=2, random_state=0, loss=loss, dtype="float64"
    )
    est.set_params(callbacks=Evaluate(X, y)).fit(X, y)
    assert_allclose(LOG[-1], REGRESSION[loss](y, est.predict(X)), rtol=1e-5)


def test_evaluate_of_members_is_the_loss_of_their_mean():
    """A table is given as the networks take it, encoded."""

    class Encoded(Evaluate):
        def set_model(self, model):
            super().set_model(model)
            self.rows = est.encode(X)

    est = TabularClassifier(n_members=2, hidden_units=(4,), epochs=2, random_state=0)
    est.set_params(
        callbacks=Encoded(None, LABELS["text"]), calibrate=False, early_stopping=False
    )
    est.fit(X, LABELS["text"])
    assert_allclose(LOG[-1], log_loss(Y, est.predict_proba(X)), rtol=1e-5)


def test_evaluate_of_images():
    images = (20 * numbers(20, 6, 6, 1)).astype(np.uint8)
    est = CNNClassifier(filters=(2,), epochs=1, callbacks=Evaluate(images, Y[:20]))
    est.fit(images, Y[:20])
    assert_allclose(LOG, log_loss(Y[:20], est.predict_proba(images)), rtol=1e-5)


@pytest.mark.parametrize("is_padded", [False, True])
def test_evaluate_of_steps(is_padded):
    """Oracle: the mean over all steps that there are."""
    steps, y = numbers(20, 5, 2), 3 * numbers(20, 5, seed=1) + 7
    given = np.ones((20, 5), bool)
    if is_padded:
        given[:7, 3:] = False
        steps[~given] = np.nan
    est = LSTMRegressor(units=3, epochs=1, return_sequences=True, dtype="float64")
    est.set_params(callbacks=Evaluate(steps, y, batch_size=8)).fit(steps, y)
    found = np.concatenate(list(est.predict(steps))).reshape(-1)
    expected = np.mean((y[given] - found) ** 2) / np.var(y[given])
    assert_allclose(LOG, expected, rtol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_evaluate_of_labels_of_steps(n_classes):
    steps, y = numbers(20, 5, 2), np.arange(100).reshape(20, 5) % n_classes + 1
    est = LSTMClassifier(units=3, epochs=1, return_sequences=True, dtype="float64")
    est.set_params(callbacks=Evaluate(steps, y)).fit(steps, y)
    proba = est.predict_proba(steps).reshape(100, -1)
    assert_allclose(LOG, log_loss(y.ravel(), proba), rtol=1e-5)


def test_other_methods_of_the_model_work(tmp_path):
    class Use(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            model = self.model
            LOG.append(int(model.optimizer.iterations))
            assert model.metrics_names == ["loss"]
            assert_allclose(model.test_on_batch(X, Y), model.evaluate(X, Y, verbose=0))
            assert model.predict(X, verbose=0).shape == (60, 1)
            model.summary(print_fn=lambda text: None)
            model.save_weights(tmp_path / "w.weights.h5")
            model.save(tmp_path / "m.keras")
            assert len(model.get_weights()) == 4

    est = fit(Use(), epochs=2, batch_size=20)
    assert LOG == [3, 6]
    assert_array_equal(positive(est), positive(fit(epochs=2, batch_size=20)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loaded = keras.models.load_model(tmp_path / "m.keras")
    assert_allclose(loaded(X), positive(est), rtol=1e-5)


# -- Keras's own callbacks -------------------------------------------------------------


def keras_epochs(callback, losses):
    """How many epochs Keras would run, given the losses."""
    callback.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    callback.model.stop_training = False
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": loss})
        if callback.model.stop_training:
            break
    return epoch + 1


STOPPING = {
    "patience": {"patience": 2, "min_delta": 0.1},
    "start": {"patience": 1, "min_delta": 0.1, "start_from_epoch": 4},
    "never": {"patience": 30},
}


@pytest.mark.parametrize("restore", [False, True])
@pytest.mark.parametrize("name", STOPPING)
def test_early_stopping(name, restore):
    full = fit(epochs=12)
    options = {"monitor": "loss", **STOPPING[name]}
    est = fit(CB.EarlyStopping(restore_best_weights=restore, **options), epochs=12)
    n_epochs = keras_epochs(CB.EarlyStopping(**options), full.history_["loss"])
    assert est.n_epochs_ == n_epochs
    assert est.history_["loss"] == full.history_["loss"][:n_epochs]
    if not restore:
        assert_array_equal(positive(est), positive(fit(epochs=n_epochs)))
    assert (n_epochs == 12) == (name == "never")


def test_early_stopping_restores_the_best_weights():
    stopping = CB.EarlyStopping(monitor="loss", patience=3, restore_best_weights=True)
    est = fit(stopping, SetWeights("epoch 2 ends", 50.0), epochs=12)
    assert np.argmin(est.history_["loss"]) == 2
    assert est.n_epochs_ == 6
    assert_array_equal(positive(est), positive(fit(epochs=3)))


def test_reduce_lr_on_plateau():
    callback = CB.ReduceLROnPlateau(
        monitor="loss", factor=0.25, patience=2, min_delta=9.0, min_lr=2.0**-6
    )
    est = fit(callback, epochs=9)
    # the first loss is the best one for ever; waits 2 epochs each time
    expected = [2.0**-3] * 3 + [2.0**-5] * 2 + [2.0**-6] * 4
    assert_allclose(est.history_["learning_rate"], expected, rtol=1e-6)
    schedule = {3: 2.0**-2, 5: 2.0**-3}
    assert_array_equal(
        positive(est), positive(fit(epochs=9, learning_rate_schedule=schedule))
    )


def half_each(epoch):
    return 0.125 * 0.5**epoch


def half(epoch, lr):
    return lr * (0.5 if epoch else 1.0)


@pytest.mark.parametrize("schedule", [half_each, half])
def test_learning_rate_scheduler(schedule):
    est = fit(CB.LearningRateScheduler(schedule))
    same = fit(learning_rate_schedule=lambda epoch: 0.5**epoch)
    assert est.history_["learning_rate"] == same.history_["learning_rate"]
    assert est.history_["learning_rate"] == [0.125 * 0.5**epoch for epoch in range(5)]
    assert_array_equal(positive(est), positive(same))


def test_learning_rate_scheduler_multiplies_our_schedule():
    est = fit(
        CB.LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch == 1 else lr),
        learning_rate_schedule={2: 0.5},
        epochs=4,
    )
    expected = [0.125, 0.0625, 0.03125, 0.03125]
    assert_allclose(est.history_["learning_rate"], expected, rtol=1e-6)


def test_rate_may_become_zero_and_come_back():
    rates = [0.125, 0.0, 0.0, 0.125]
    est = fit(CB.LearningRateScheduler(lambda epoch: rates[epoch]), epochs=4)
    assert_allclose(est.history_["learning_rate"], rates)


def test_csv_logger_writes_the_history(tmp_path):
    est = fit(CB.CSVLogger(tmp_path / "log.csv"), epochs=3)
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row.pop("epoch")) for row in rows] == [0, 1, 2]
    for name, values in est.history_.items():
        assert_allclose([float(row[name]) for row in rows], values, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"histogram_freq": 1}])
def test_tensorboard_writes_events(tmp_path, options):
    pytest.importorskip("tensorboard", reason="Keras's callback needs it")
    from tensorboard.backend.event_processing import event_accumulator

    est = classifier(CB.TensorBoard(tmp_path, **options), epochs=3)
    est.fit(X, Y, X_val=X[:9], y_val=Y[:9])
    for folder, name in {"train": "loss", "validation": "val_loss"}.items():
        events = event_accumulator.EventAccumulator(str(tmp_path / folder))
        events.Reload()
        found = [
            np.frombuffer(event.tensor_proto.tensor_content, "float32")
            if event.tensor_proto.tensor_content
            else event.tensor_proto.float_val
            for event in events.Tensors("epoch_loss")
        ]
        assert_allclose(np.ravel(found), est.history_[name], rtol=1e-6)


@loads_without_optimizer
@pytest.mark.parametrize("ending", ["keras", "weights.h5"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_model_checkpoint_is_the_estimator_of_that_epoch(tmp_path, ending, batch_norm):
    path = str(tmp_path / f"{{epoch}}.{ending}")
    weights_only = ending == "weights.h5"
    params = {"dtype": "float64", "batch_norm": batch_norm}
    est = fit(CB.ModelCheckpoint(path, save_weights_only=weights_only), **params)
    for epoch in (1, 3, 5):
        saved = path.format(epoch=epoch)
        if weights_only:
            model = est.model_
            model.load_weights(saved)
        else:
            model = keras.models.load_model(saved)
        expected = positive(fit(epochs=epoch, **params))
        # Keras reads the scaling layer's numbers as float32 from the file
        assert_allclose(model(X, training=False), expected, rtol=1e-6)


@loads_without_optimizer
def test_model_checkpoint_of_the_best_epoch(tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = CB.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)
    spoil = CB.LearningRateScheduler(lambda epoch: 0.125 if epoch < 3 else 50.0)
    est = classifier(spoil, checkpoint)
    est.fit(X, Y, X_val=X[:30], y_val=Y[:30])  # early stopping keeps the best, too
    assert (est.best_epoch_, est.n_epochs_) == (3, 5)
    model = keras.models.load_model(path)
    assert_allclose(model(X, training=False), positive(est), rtol=1e-5)


def test_saved_model_loads_without_a_warning(tmp_path):
    fit(CB.ModelCheckpoint(tmp_path / "last.keras"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        keras.models.load_model(tmp_path / "last.keras")


@loads_without_optimizer
def test_backup_and_restore_begins_with_the_weights_before_a_crash(tmp_path):
    class Crash(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise RuntimeError("power cut")

    backup = CB.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(RuntimeError, match="power cut"):
        fit(Crash(), backup)
    fit(backup, Recorder())
    assert_allclose(LOG[0][2], positive(fit(epochs=2)), rtol=1e-5)
    assert not (tmp_path / "backup").exists()


def test_terminate_on_nan_changes_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est = fit(CB.TerminateOnNaN())
        assert_array_equal(positive(est), positive(fit()))
        with pytest.raises(TrainingDivergedError):
            fit(CB.TerminateOnNaN(), optimizer="sgd", learning_rate=1e30)


def test_lambda_callback_and_history():
    steps = []
    hears = CB.LambdaCallback(
        on_train_begin=lambda logs: steps.append("begin"),
        on_epoch_begin=lambda epoch, logs: steps.append(epoch),
        on_epoch_end=lambda epoch, logs: steps.append(logs["loss"]),
        on_train_end=lambda logs: steps.append("end"),
    )
    losses = fit(hears, CB.History(), epochs=2).history_["loss"]
    assert steps == ["begin", 0, losses[0], 1, losses[1], "end"]


# -- what callbacks do -----------------------------------------------------------------


@pytest.mark.parametrize("event", ["epoch 4 ends", "train ends"])
def test_weights_set_last_are_those_of_the_estimator(event):
    est = fit(SetWeights(event, 0.0), input_scaling=None)
    assert_array_equal(positive(est), 0.5)


@pytest.mark.parametrize("event", ["train begins", "epoch 0 begins", "epoch 2 ends"])
def test_training_goes_on_from_weights_set_in_between(event):
    # with all weights zero, only the bias of the output can ever learn
    est = fit(SetWeights(event, 0.0), input_scaling=None, optimizer="sgd")
    assert len(np.unique(positive(est))) == 1
    assert positive(est)[0] != 0.5


def test_moving_averages_set_by_a_callback_are_kept():
    class SetAverages(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for variable in self.model.non_trainable_variables:
                if variable.name == "moving_mean":
                    variable.assign(variable.numpy() * 0 + 7.0)

    averages = [
        v.numpy()
        for v in fit(SetAverages(), batch_norm=True).model_.non_trainable_variables
        if v.name == "moving_mean"
    ]
    assert [a.tolist() for a in averages] == [[7.0] * 4]


def test_stop_training_ends_it_after_the_epoch():
    class Stop(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    assert fit(Stop()).n_epochs_ == 2


def test_entries_added_to_the_logs_are_in_the_history():
    """As in ``Model.fit``, whose ``History`` is a callback like the others."""

    class Add(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["twice"] = 2 * epoch

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    theirs = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Add()]).history
    ours = fit(Add(), epochs=3).history_
    assert ours["twice"] == theirs["twice"] == [0, 2, 4]


# -- a fit does not change them --------------------------------------------------------


class Counter(CB.Callback):
    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        LOG.append(self.epochs)


def test_every_fit_has_a_fresh_copy():
    counter = Counter()
    est = classifier(counter, epochs=2)
    est.fit(X, Y).fit(X, Y)
    clone(est).fit(X, Y)
    assert LOG == [1, 2] * 3
    assert counter.epochs == 0
    assert counter.model is None
    assert est.callbacks[0] is counter


def test_early_stopping_does_not_remember_the_last_fit():
    stopping = CB.EarlyStopping(monitor="loss", patience=2, min_delta=0.1)
    est = classifier(stopping, epochs=12)
    first = est.fit(X, Y).history_
    assert est.fit(X, Y).history_ == first
    assert len(first["loss"]) < 12


def test_cross_validation_with_callbacks():
    scores = cross_val_score(classifier(Counter(), epochs=2), X, Y, cv=3)
    assert LOG == [1, 2] * 3
    assert_array_equal(scores, cross_val_score(classifier(epochs=2), X, Y, cv=3))


def test_one_callback_needs_no_list():
    est = classifier(epochs=2).set_params(callbacks=Counter())
    est.fit(X, Y)
    assert LOG == [1, 2]


def test_fitted_estimator_with_callbacks_copies():
    est = fit(CB.EarlyStopping(monitor="loss"))
    assert_array_equal(positive(copy.deepcopy(est)), positive(est))


# -- what cannot work ------------------------------------------------------------------


class OnBatch(CB.Callback):
    def on_train_batch_end(self, batch, logs=None): ...


class OnBatchBegin(OnBatch):
    def on_batch_begin(self, batch, logs=None): ...


@pytest.mark.parametrize(
    ("callback", "name"),
    [
        (OnBatch(), r"OnBatch\.on_train_batch_end"),
        (OnBatchBegin(), r"OnBatchBegin\.on_batch_begin"),
        (
            CB.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
            r"LambdaCallback\.on_train_batch_end",
        ),
        (
            CB.ModelCheckpoint("x.keras", save_freq=10),
            r"ModelCheckpoint\.on_train_batch_end",
        ),
    ],
)
def test_events_of_batches_are_warned_of(callback, name):
    with pytest.warns(CallbackWarning, match=rf"{name} is never called"):
        fit(callback)


@pytest.mark.parametrize(
    "callback",
    [CB.CSVLogger, print, "EarlyStopping", CB.EarlyStopping, None, 1],
    ids=repr,
)
def test_something_else_than_a_callback_is_a_type_error(callback):
    with pytest.raises(TypeError, match=r"no keras\.callbacks\.Callback"):
        classifier().set_params(callbacks=[callback]).fit(X, Y)


def test_error_in_a_callback_reaches_the_caller_and_the_next_fit_is_unharmed():
    class Fail(CB.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise ZeroDivisionError("mine")

    expected = positive(fit())
    est = classifier(Fail())
    with pytest.raises(ZeroDivisionError, match="mine"):
        est.fit(X, Y)
    assert not hasattr(est, "history_")
    assert_array_equal(positive(est.set_params(callbacks=None).fit(X, Y)), expected)
