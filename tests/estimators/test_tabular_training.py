"""Estimators for tables that go on learning, are called back, and are combined."""

import pickle

import keras
import numpy as np
import pytest
from keras import callbacks as CB
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.tree import DecisionTreeClassifier

from skdl.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from tests.estimators.tables import mixed_table
from tests.instances import INSTANCES, small

both = pytest.mark.parametrize("name", ["TabularClassifier", "TabularRegressor"])
# Keras itself turns variables into arrays in a way that NumPy 2 complains of.
keras_saves = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")


def outputs(estimator, X):
    method = "predict_proba" if is_classifier(estimator) else "predict"
    return getattr(estimator, method)(X)


def classes_of(estimator, y):
    return {"classes": np.unique(y)} if is_classifier(estimator) else {}


@pytest.fixture(scope="module")
def mixed():
    """150 rows of the mixed table, numbers and labels."""
    X, y = mixed_table(150)
    return X, y, np.where(y > np.median(y), "much", "little")


# -- going on --------------------------------------------------------------------------

# How to train so that n calls with all rows are the n epochs of fit.
SAME_AS_FIT = {
    "batches": {},
    "full batch": {"batch_size": "full"},
    "one network": {"n_members": 1, "dropout": 0.4},
    "momentum": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    "drops": {"learning_rate_schedule": {2: 0.1}},
    "one by one": {"optimizer": keras.optimizers.Adam(clipnorm=0.1)},
}


@both
@pytest.mark.parametrize("how", SAME_AS_FIT)
def test_calls_of_partial_fit_are_the_epochs_of_fit(name, how, data_for):
    how = {"early_stopping": False, "learning_rate_schedule": None, **SAME_AS_FIT[how]}
    at_once = small(name, **how)
    by_calls = clone(at_once)
    X, y = data_for(at_once)
    at_once.fit(X, y)
    for _ in range(5):
        by_calls.partial_fit(X, y, **classes_of(by_calls, y))
    assert_array_equal(outputs(by_calls, X), outputs(at_once, X))
    assert by_calls.history_ == at_once.history_
    assert by_calls.member_histories_ == at_once.member_histories_
    assert by_calls.n_epochs_ == by_calls.best_epoch_ == 5
    assert by_calls.member_best_epochs_ == [5] * by_calls.n_members


def test_partial_fit_learns_from_rows_of_a_table_that_come_in_parts(mixed):
    X, _, y = mixed
    estimator = small("TabularClassifier", learning_rate=0.03)
    for _ in range(20):
        for rows in np.split(np.arange(150), 3):
            estimator.partial_fit(X.iloc[rows], y[rows], classes=["little", "much"])
    assert estimator.score(X, y) > 0.75
    assert estimator.n_epochs_ == 60
    assert [len(h["loss"]) for h in estimator.member_histories_] == [60] * 4


@both
def test_first_call_decides_the_encoding(name, mixed):
    X, y, labels = mixed
    y = labels if name == "TabularClassifier" else y
    estimator = small(name)
    estimator.partial_fit(X[:50], y[:50], **classes_of(estimator, y))
    names, encoded = estimator.encoded_names_, estimator.encode(X)
    later = X[50:].assign(city="elsewhere", age=X["age"] * 100, size=None)
    estimator.partial_fit(later, y[50:])
    assert estimator.encoded_names_ == names
    assert_array_equal(estimator.encode(X), encoded)


@both
def test_warm_start_goes_on_where_the_last_fit_stopped(name, data_for):
    estimator = small(name, warm_start=True, learning_rate=0.01, dropout=0.0)
    X, y = data_for(estimator)
    first = estimator.fit(X, y).history_["val_loss"]
    second = estimator.fit(X, y).history_["val_loss"]
    assert first[0] > first[-1] > second[-1]
    assert first[-1] > second[0]
    assert estimator.n_epochs_ == len(second) == 5


@both
def test_two_warm_fits_of_stateless_steps_are_one_of_the_sum(name, data_for):
    how = {"optimizer": "sgd", "batch_size": "full", "learning_rate": 0.1}
    how |= {"learning_rate_schedule": None, "weight_decay": 0.0, "dropout": 0.0}
    twice = small(name, warm_start=True, early_stopping=False, **how)
    X, y = data_for(twice)
    twice.fit(X, y).fit(X, y)
    once = small(name, epochs=10, early_stopping=False, **how).fit(X, y)
    assert_array_equal(outputs(twice, X), outputs(once, X))


def test_partial_fit_after_fit_goes_on(iris):
    X, y = iris
    estimator = small("TabularClassifier", learning_rate=0.03).fit(X, y)
    before = log_loss(y, estimator.predict_proba(X))
    estimator.partial_fit(X, y)
    assert log_loss(y, estimator.predict_proba(X)) < before
    assert estimator.n_epochs_ == 6


def test_fit_after_partial_fit_starts_from_scratch(iris):
    X, y = iris
    expected = small("TabularClassifier").fit(X, y).predict_proba(X)
    estimator = small("TabularClassifier").partial_fit(X, y, classes=[0, 1, 2, 3])
    assert_array_equal(estimator.fit(X, y).predict_proba(X), expected)


def test_pickle_is_hardly_larger_than_the_weights(mixed):
    X, y, _ = mixed
    estimator = INSTANCES["TabularRegressor"](epochs=2).fit(X, y)
    estimator.predict(X)
    n_bytes = 4 * estimator.n_parameters_
    assert n_bytes < len(pickle.dumps(estimator)) < 1.2 * n_bytes + 10_000


# -- Keras callbacks -------------------------------------------------------------------

LOG = []  # what deep copies of callbacks have seen


class Recorder(CB.Callback):
    """Writes to `LOG` what it is told, and what the model answers."""

    def __init__(self, rows=None):
        super().__init__()
        self.rows = rows

    def on_epoch_end(self, epoch, logs=None):
        answer = None if self.rows is None else self.model(self.rows).numpy()
        LOG.append((dict(logs), answer))


@pytest.fixture(autouse=True)
def empty_log():
    LOG.clear()


def test_callbacks_see_means_over_the_members(iris):
    estimator = small("TabularClassifier", callbacks=Recorder()).fit(*iris)
    assert len(LOG) == 5
    for name, values in estimator.history_.items():
        assert_allclose([logs[name] for logs, _ in LOG], values, rtol=1e-6)


@both
@keras_saves
def test_model_of_callbacks_has_the_present_weights_of_all_members(name, data_for):
    estimator = small(name, early_stopping=False)
    X, y = data_for(estimator)
    encoded = estimator.fit(X, y).encode(X)
    estimator.set_params(callbacks=[Recorder(encoded)]).fit(X, y)
    by_calls = small(name, early_stopping=False, callbacks=[Recorder(encoded)])
    expected = outputs(estimator, X)
    answer = LOG[-1][1]
    assert_allclose(answer.reshape(expected.shape), expected, rtol=1e-4, atol=1e-6)
    LOG.clear()
    by_calls.set_params(learning_rate_schedule=None)
    by_calls.partial_fit(X, y, **classes_of(by_calls, y))
    expected = outputs(by_calls, X)
    assert_allclose(LOG[0][1].reshape(expected.shape), expected, rtol=1e-4, atol=1e-6)


def test_callback_ends_the_training_of_all_members(iris):
    stopping = CB.EarlyStopping("loss", patience=1, min_delta=9.0)
    estimator = small("TabularClassifier", epochs=30, callbacks=[stopping]).fit(*iris)
    assert estimator.n_epochs_ == 2
    assert [len(h["loss"]) for h in estimator.member_histories_] == [2] * 4


@keras_saves
def test_checkpoint_is_the_estimator_of_that_epoch(iris, tmp_path):
    X, y = iris
    path = tmp_path / "{epoch}.keras"
    estimator = small("TabularClassifier", early_stopping=False, weight_decay=0.0)
    estimator.set_params(learning_rate_schedule=None)
    saves = clone(estimator).set_params(callbacks=[CB.ModelCheckpoint(path)]).fit(X, y)
    for epoch in (2, 5):
        expected = estimator.set_params(epochs=epoch).fit(X, y).predict_proba(X)
        loaded = keras.saving.load_model(tmp_path / f"{epoch}.keras", compile=False)
        answer = np.asarray(loaded(saves.encode(X)))
        assert_allclose(answer, expected, rtol=1e-4, atol=1e-6)


def test_learning_rate_of_a_callback_is_that_of_all_members(iris):
    def half(epoch, rate):
        return 0.5 * rate if epoch else rate

    estimator = small("TabularClassifier", learning_rate=0.25, early_stopping=False)
    estimator.set_params(learning_rate_schedule=None, weight_decay=0.0)
    by_callback = clone(estimator)
    by_callback.set_params(callbacks=CB.LearningRateScheduler(half)).fit(*iris)
    rates = [0.25, 0.125, 0.0625, 0.03125, 0.015625]
    assert_allclose(by_callback.history_["learning_rate"], rates)
    estimator.set_params(learning_rate_schedule=lambda epoch: 0.5**epoch).fit(*iris)
    X = iris[0]
    assert_array_equal(by_callback.predict_proba(X), estimator.predict_proba(X))


@keras_saves
def test_callbacks_that_look_only_change_nothing(mixed):
    X, y, _ = mixed
    expected = small("TabularRegressor").fit(X, y)
    watched = small("TabularRegressor", callbacks=[Recorder(expected.encode(X))])
    assert_array_equal(watched.fit(X, y).predict(X), expected.predict(X))
    assert watched.member_histories_ == expected.member_histories_


# -- scikit-learn's callbacks ----------------------------------------------------------


class Tasks:
    """Keeps the answers of the fitted estimator at the end of every task."""

    def __init__(self):
        self.ended = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        self.ended.append((context.task_name, outputs(fitted_estimator, X)))


@both
def test_every_epoch_is_a_task_that_knows_all_members(name, mixed):
    X, y, labels = mixed
    y = labels if name == "TabularClassifier" else y
    estimator = small(name, early_stopping=False, learning_rate_schedule=None)
    estimator.set_params(weight_decay=0.0, epochs=3)
    tasks = Tasks()
    clone(estimator).set_callbacks(tasks).fit(X, y)
    assert [task for task, _ in tasks.ended] == ["epoch"] * 3 + ["fit"]
    for epochs, (_, answer) in enumerate(tasks.ended[:3], start=1):
        shorter = estimator.set_params(epochs=epochs).fit(X, y)
        assert_array_equal(answer, outputs(shorter, X))


def test_verbose_prints_one_line_for_each_epoch(mixed, capfd):
    X, y, _ = mixed
    small("TabularRegressor", verbose=1).fit(X, y)
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == [
        f"Epoch {i}/5" for i in range(1, 6)
    ]
    assert all("val_loss" in line for line in lines)


# -- in other estimators ---------------------------------------------------------------


def learner(**parameters):
    parameters = {"epochs": 15, "learning_rate": 0.05, "n_members": 2, **parameters}
    return small("TabularClassifier", **parameters)


def test_folds_of_a_table_are_those_of_cross_validation(mixed):
    X, y, labels = mixed
    ensemble = FoldEnsembleClassifier(learner(), cv=StratifiedKFold(3)).fit(X, labels)
    # each fold's rows serve as validation rows, as they do by hand
    for model, (train, test) in zip(
        ensemble.estimators_, StratifiedKFold(3).split(X, labels), strict=True
    ):
        by_hand = learner().fit(
            X.iloc[train], labels[train], X_val=X.iloc[test], y_val=labels[test]
        )
        assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X))
    assert ensemble.score(X, labels) > 0.8
    regressor = small("TabularRegressor", n_members=1, early_stopping=False)
    ensemble = FoldEnsembleRegressor(regressor, cv=KFold(3)).fit(X, y)
    by_sklearn = cross_val_predict(regressor, X, y, cv=KFold(3))
    assert_array_equal(ensemble.oof_prediction_, by_sklearn)


def test_search_over_the_number_of_members(mixed):
    X, _, y = mixed
    grid = {"n_members": [1, 2], "max_one_hot": [2, 30]}
    search = GridSearchCV(learner(), grid, cv=3).fit(X, y)
    by_hand = {}
    for parameters in search.cv_results_["params"]:
        scores = [
            learner(**parameters).fit(X.iloc[a], y[a]).score(X.iloc[b], y[b])
            for a, b in StratifiedKFold(3).split(X, y)
        ]
        by_hand[tuple(parameters.values())] = np.mean(scores)
    assert_allclose(search.cv_results_["mean_test_score"], [*by_hand.values()])
    assert (
        len(search.best_estimator_.member_histories_)
        == search.best_params_["n_members"]
    )


ENSEMBLES = {
    "bagging": lambda: BaggingClassifier(learner(), 3, random_state=0),
    "stacking": lambda: StackingClassifier(
        [("a", learner()), ("b", DecisionTreeClassifier(random_state=0))],
        LogisticRegression(),
        cv=2,
    ),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_ensemble_learns_and_gives_the_same_answer_twice(name, iris):
    X, y = iris
    first, second = (ENSEMBLES[name]().fit(X, y) for _ in range(2))
    assert first.score(X, y) > 0.9
    assert_array_equal(first.predict_proba(X), second.predict_proba(X))
