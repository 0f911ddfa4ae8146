"""scikit-learn callbacks: every epoch of a fit is a task, at any depth."""

import os

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import DenseClassifier, DenseRegressor
from tests.training.engine import numbers

X = numbers(60, 4)
Y = (X @ [1, -1, 0.5, 0] + numbers(60, seed=1) > 0).astype(int)
EPOCHS = 3


def classifier(epochs=EPOCHS, **params):
    params = {"hidden_units": (4,), "random_state": 0, "learning_rate": 0.125, **params}
    return DenseClassifier(epochs=epochs, **params)


class Recorder:
    """Keeps what it is told; returns `stop` at the end of one epoch."""

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.events = []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, None, None))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name, None, None))

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator):
        self._note("begin", context, fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self._note("end", context, fitted_estimator)
        return context.task_name == "epoch" and context.task_id == self.stop_at

    def _note(self, event, context, fitted):
        parent = context.parent and (
            context.parent.task_name,
            context.parent.max_subtasks,
        )
        outputs = fitted.predict_proba(X) if hasattr(fitted, "classes_") else None
        self.events.append(
            (event, (context.task_name, context.task_id), parent, outputs)
        )


class Propagated(Recorder):
    max_propagation_depth = None


def fit(callback, **params):
    return classifier(**params).set_callbacks(callback).fit(X, Y)


# -- tasks -----------------------------------------------------------------------------


def test_every_epoch_is_a_task_of_the_fit():
    recorder = Recorder()
    fit(recorder)
    epochs = [(kind, ("epoch", i)) for i in range(EPOCHS) for kind in ("begin", "end")]
    assert [event[:2] for event in recorder.events] == [
        ("setup", "fit"),
        ("begin", ("fit", 0)),
        *epochs,
        ("end", ("fit", 0)),
        ("teardown", "fit"),
    ]
    parents = {parent for _, task, parent, _ in recorder.events if task[0] == "epoch"}
    assert parents == {("fit", EPOCHS)}


@pytest.mark.parametrize("params", [{}, {"batch_norm": True, "dropout": 0.5}])
def test_fitted_estimator_is_the_one_of_that_epoch(params):
    recorder = Recorder()
    est = fit(recorder, **params)
    shorter = [fit(Recorder(), epochs=n, **params) for n in range(1, EPOCHS + 1)]
    outputs = {(kind, *task): proba for kind, task, _, proba in recorder.events[1:-1]}
    for epoch in range(EPOCHS):
        expected = shorter[epoch].predict_proba(X)
        assert_array_equal(outputs["end", "epoch", epoch], expected)
    for epoch in range(1, EPOCHS):
        assert_array_equal(
            outputs["begin", "epoch", epoch], outputs["end", "epoch", epoch - 1]
        )
    assert_array_equal(outputs["end", "fit", 0], est.predict_proba(X))


def test_fitted_estimator_does_not_change_later():
    kept = []

    class Keep(Recorder):
        def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
            kept.append((fitted_estimator, fitted_estimator.predict_proba(X), y))

    fit(Keep())
    assert len(kept) == EPOCHS + 1
    for fitted, outputs, y in kept:
        assert_array_equal(fitted.predict_proba(X), outputs)
        assert_array_equal(y, Y)


def test_fit_that_goes_on_counts_its_own_epochs():
    recorder = Recorder()
    est = classifier(warm_start=True).fit(X, Y).set_callbacks(recorder).fit(X, Y)
    tasks = [task for kind, task, *_ in recorder.events if kind == "end"]
    assert tasks == [*[("epoch", i) for i in range(EPOCHS)], ("fit", 0)]
    assert est.n_epochs_ == EPOCHS


def test_true_stops_training():
    recorder = Recorder(stop_at=1)
    est = fit(recorder, epochs=9)
    assert est.n_epochs_ == 2
    assert_array_equal(est.predict_proba(X), fit(Recorder(), epochs=2).predict_proba(X))


def test_callbacks_change_nothing():
    assert_array_equal(
        fit(Recorder()).predict_proba(X), classifier().fit(X, Y).predict_proba(X)
    )


def test_teardown_is_called_after_an_error():
    class Fail(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise ZeroDivisionError

    fail = Fail()
    est = classifier().set_callbacks(fail)
    with pytest.raises(ZeroDivisionError):
        est.fit(X, Y)
    assert fail.events[-1][:2] == ("teardown", "fit")
    assert not hasattr(est, "classes_")
    assert_array_equal(
        est.set_callbacks().fit(X, Y).predict_proba(X),
        classifier().fit(X, Y).predict_proba(X),
    )


def test_epochs_are_tasks_within_a_search_over_pipelines():
    recorder = Propagated()
    pipe = Pipeline([("scale", StandardScaler()), ("net", classifier())])
    search = GridSearchCV(pipe, {"net__dropout": [0.0, 0.5]}, cv=2)
    search.set_callbacks(recorder).fit(X, Y)
    ended = [task for kind, task, *_ in recorder.events if kind == "end"]
    n_fits = 2 * 2 + 1  # candidates, folds, and the refit
    assert sum(name == "epoch" for name, _ in ended) == n_fits * EPOCHS
    assert [i for name, i in ended if name == "epoch"] == [0, 1, 2] * n_fits


# -- ScoringMonitor --------------------------------------------------------------------


def scores(monitor, name):
    data = monitor.get_logs().data
    return [row[name] for row in data if row["task_name"] == "epoch"]


def test_scoring_monitor_logs_one_score_per_epoch():
    monitor = ScoringMonitor(scoring="accuracy")
    fit(monitor, epochs=4)
    expected = [
        accuracy_score(Y, classifier(n).fit(X, Y).predict(X)) for n in range(1, 5)
    ]
    assert scores(monitor, "accuracy") == expected


def test_scoring_monitor_of_a_regressor():
    monitor = ScoringMonitor(scoring=["r2", "neg_mean_absolute_error"])
    y = X[:, 0]
    est = DenseRegressor(hidden_units=(4,), epochs=2, random_state=0)
    est.set_callbacks(monitor).fit(X, y)
    assert scores(monitor, "r2")[-1] == est.score(X, y)
    assert len(scores(monitor, "neg_mean_absolute_error")) == 2


@pytest.mark.parametrize("name", ["sample_weight", "validation"])
def test_scoring_monitor_beside_weights_and_validation_rows(name):
    weight = np.linspace(0, 2, 60)
    metadata = {
        "sample_weight": {"sample_weight": weight},
        "validation": {"X_val": X[:9], "y_val": Y[:9]},
    }
    monitor = ScoringMonitor(scoring="accuracy")
    est = classifier().set_callbacks(monitor).fit(X, Y, **metadata[name])
    assert len(scores(monitor, "accuracy")) == EPOCHS
    weight = metadata[name].get("sample_weight")
    last = accuracy_score(Y, est.predict(X), sample_weight=weight)
    if name == "sample_weight":
        assert scores(monitor, "accuracy")[-1] == pytest.approx(last)


# -- ProgressBar -----------------------------------------------------------------------


@pytest.fixture
def wide(monkeypatch):
    """A terminal on which no description is cut."""
    pytest.importorskip("rich")
    monkeypatch.setitem(os.environ, "COLUMNS", "200")


@pytest.mark.usefixtures("wide")
def test_progress_bar_of_a_fit_counts_epochs(capsys, monkeypatch):
    from sklearn.callback import _progressbar

    totals = []
    add_task = _progressbar._Progress.add_task

    def noted(self, description, total=None, **options):
        totals.append((description.strip(), total))
        return add_task(self, description, total=total, **options)

    monkeypatch.setattr(_progressbar._Progress, "add_task", noted)
    fit(ProgressBar(), epochs=7)
    assert totals == [("DenseClassifier - fit", 7)]
    assert "DenseClassifier - fit" in (out := capsys.readouterr().out)
    assert "100%" in out


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("stop", ["callback", "early stopping"])
def test_progress_bar_of_a_fit_that_stops_early_is_full(capsys, stop):
    est = classifier(epochs=50)
    if stop == "callback":
        est.set_callbacks(ProgressBar(), Recorder(stop_at=1)).fit(X, Y)
    else:
        est.set_params(early_stopping=True, patience=1, min_delta=9.0)
        est.set_callbacks(ProgressBar()).fit(X, Y)
    assert est.n_epochs_ == 2
    assert "100%" in capsys.readouterr().out


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_bar_through_pipeline_and_search(capsys, n_jobs):
    pipe = make_pipeline(StandardScaler(), classifier())
    grid = {"denseclassifier__learning_rate": [0.01, 0.1]}
    search = GridSearchCV(pipe, grid, cv=2, n_jobs=n_jobs)
    search.set_callbacks(ProgressBar(max_propagation_depth=None))
    with joblib.parallel_config("threading"):
        search.fit(X, Y)
    out = capsys.readouterr().out
    assert "GridSearchCV - fit" in out
    assert out.count("DenseClassifier - fit") >= 5
    assert "Pipeline - fit" in out


# -- mistakes --------------------------------------------------------------------------


@pytest.mark.parametrize("callback", [ProgressBar, 1, "progress"])
def test_something_else_than_a_callback_is_a_type_error(callback):
    with pytest.raises(TypeError, match="FitCallback"):
        classifier().set_callbacks(callback)


def test_scikit_learn_callback_as_a_parameter_says_where_it_belongs():
    with pytest.raises(TypeError, match=r"set_callbacks\(\.\.\.\)"):
        classifier(callbacks=[Recorder()]).fit(X, Y)


class Histories(Recorder):
    def _note(self, event, context, fitted):
        self.events.append(
            (event, context.task_name, getattr(fitted, "history_", None))
        )


def test_callbacks_see_what_was_measured_so_far():
    seen = Histories()
    est = classifier().set_callbacks(seen).fit(X, Y, X_val=X, y_val=Y)
    epochs = [event[2] for event in seen.events if event[1] == "epoch"]
    assert epochs[0] == {}  # at the beginning of the first
    for n, history in enumerate(epochs[1::2], start=1):
        assert history == {k: values[:n] for k, values in est.history_.items()}
    assert "val_accuracy" in epochs[1]
