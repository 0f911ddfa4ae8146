"""Searches and other loops over fits on a Dask cluster of two worker processes."""

import importlib
import logging
import multiprocessing
import os
import signal
import time
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.parallel import delayed

from skdl import DenseClassifier
from skdl._parallel import workers
from skdl.ensemble import FoldEnsembleClassifier
from skdl.model_selection import (
    BayesSearchCV,
    NelderMeadSearchCV,
    bootstrap_validate,
)

distributed = pytest.importorskip("distributed")


class Threshold(ClassifierMixin, BaseEstimator):
    """Splits the classes at a value of the first column.

    If there is a `folder`, each fit leaves a file there that bears the number of its
    process; and when there are `deadly` files, one fit kills its own process or, with
    `kill="all"`, all those that have fitted so far.
    """

    def __init__(self, at=0.5, folder=None, deadly=5, kill="own"):
        self.at = at
        self.folder = folder
        self.deadly = deadly
        self.kill = kill

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.folder is None:
            return self
        time.sleep(0.02)
        fits = [name for name in os.listdir(self.folder) if "-" in name]
        worker = multiprocessing.parent_process() is not None
        if worker and len(fits) >= self.deadly:
            self._kill({int(name.split("-")[0]) for name in fits})
        open(f"{self.folder}/{os.getpid()}-{time.time_ns()}", "x").close()
        return self

    def predict(self, X):
        return self.classes_[(X[:, 0] > self.at).astype(int)]

    def _kill(self, others):
        try:
            open(f"{self.folder}/killed", "x").close()
        except FileExistsError:
            return  # by another fit
        if self.kill == "all":
            for other in others - {os.getpid(), os.getppid()}:
                os.kill(other, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def rows():
    """300 rows; X, y and the folds are too large to travel with every task."""
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(300, 3))
    return X, (X[:, 0] + 0.2 * rng.normal(size=300) > 0.5).astype(int)


@pytest.fixture(scope="module")
def client():
    """Of a cluster; any free ports are taken."""
    with (
        distributed.LocalCluster(
            host="127.0.0.1",
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,  # it would tell of every death
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def on_cluster(client):
    """Both workers are there, and ``with on_cluster():`` sends tasks to them."""
    client.wait_for_workers(2, timeout=60)
    return partial(joblib.parallel_config, backend="dask")


def search(estimator, X, y):
    """12 trials on 3 folds, 4 at a time; the last 4 depend on the scores so far."""
    spaces = {"at": (0.0, 1.0)}
    return BayesSearchCV(
        estimator, spaces, init_points=8, n_iter=4, n_points=4, cv=3, random_state=0
    ).fit(X, y)


@pytest.fixture(scope="module")
def expected(rows):
    """The search without a cluster."""
    return search(Threshold(), *rows)


def assert_same(search, expected):
    """All trials and folds are there, with the same scores."""
    assert search.cv_results_["params"] == expected.cv_results_["params"]
    for name in ("split0_test_score", "split1_test_score", "split2_test_score"):
        assert not np.isnan(search.cv_results_[name]).any()
        np.testing.assert_array_equal(
            search.cv_results_[name], expected.cv_results_[name]
        )
    assert search.best_params_ == expected.best_params_


@pytest.mark.parametrize("kill", ["own", "all"])
def test_a_search_gets_over_killed_workers(kill, on_cluster, rows, expected, tmp_path):
    with on_cluster():
        found = search(Threshold(folder=str(tmp_path), kill=kill), *rows)
    assert (tmp_path / "killed").exists()
    assert_same(found, expected)
    # only the best candidate was fitted here, at the end
    assert len(list(tmp_path.glob(f"{os.getpid()}-*"))) == 1


def test_a_fit_that_kills_every_worker_ends_the_search(
    client, on_cluster, rows, tmp_path, monkeypatch
):
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
    with on_cluster(), pytest.raises(distributed.KilledWorker):
        search(Threshold(folder=str(tmp_path), deadly=0), *rows)


class Unpicklable:
    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("this cannot be pickled")


def test_what_cannot_be_pickled_is_an_error(on_cluster, rows):
    with on_cluster(), pytest.raises(TypeError, match="this cannot be pickled"):
        search(Threshold(folder=Unpicklable()), *rows)


def test_a_module_that_workers_lack_is_an_error(
    on_cluster, rows, tmp_path, monkeypatch
):
    (tmp_path / "only_here.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\nclass Own(GaussianNB):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    estimator = importlib.import_module("only_here").Own()
    with on_cluster(), pytest.raises(ModuleNotFoundError, match="only_here"):
        bootstrap_validate(estimator, *rows, n_splits=2)


def test_data_leave_the_cluster_with_the_search(client, on_cluster, rows):
    with on_cluster():
        nelder_mead(*rows)
    end = time.monotonic() + 30
    while client.cluster.scheduler.tasks and time.monotonic() < end:
        time.sleep(0.05)
    assert not client.cluster.scheduler.tasks


def wait_for(path, text):
    """Return `text` as soon as there is a file; give up after half a minute."""
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, "the other result was not handed out"
        time.sleep(0.01)
    return text


def test_results_come_as_they_finish(on_cluster, tmp_path):
    seen = tmp_path / "seen"
    with on_cluster():
        results = workers(return_as="generator_unordered")(
            delayed(wait_for)(path, str(path.name)) for path in (seen, tmp_path)
        )
        order = []
        for name in results:
            order.append(name)
            seen.touch()
    assert order == [tmp_path.name, "seen"]


def nelder_mead(X, y):
    spaces = {"var_smoothing": (1e-9, 1.0, "log-uniform")}
    found = NelderMeadSearchCV(
        GaussianNB(), spaces, init_points=3, n_iter=5, cv=3, random_state=0
    ).fit(X, y)
    return found.cv_results_["mean_test_score"]


def fold_ensemble(X, y):
    fitted = FoldEnsembleClassifier(GaussianNB(), cv=4).fit(X, y)
    return np.column_stack([fitted.oof_prediction_, fitted.predict_proba(X)])


def without_times(frame):
    frame = frame.drop(columns=["fit_time", "score_time"])
    return frame.to_numpy(float, na_value=np.nan)


def bootstrap(X, y):
    return without_times(
        bootstrap_validate(GaussianNB(), X, y, n_splits=12, random_state=0)
    )


def bootstrap_until_narrow(X, y):
    return without_times(
        bootstrap_validate(GaussianNB(), X, y, tol=0.08, min_splits=4, random_state=0)
    )


@pytest.mark.parametrize(
    "loop", [nelder_mead, fold_ensemble, bootstrap, bootstrap_until_narrow]
)
def test_other_loops_give_the_same_result(loop, on_cluster, rows):
    expected = loop(*rows)
    with on_cluster():
        found = loop(*rows)
    np.testing.assert_array_equal(found, expected)


def test_networks_train_on_workers(on_cluster, iris):
    net = DenseClassifier(hidden_units=(8,), batch_size=32, epochs=3, random_state=0)
    make = partial(
        BayesSearchCV,
        net,
        {"learning_rate": (1e-3, 1e-1, "log-uniform"), "hidden_units": [(4,), (8, 4)]},
        init_points=2,
        n_iter=2,
        n_points=2,
        cv=3,
        random_state=0,
    )
    expected = make().fit(*iris)
    with on_cluster():
        found = make().fit(*iris)
    assert_same(found, expected)
    np.testing.assert_array_equal(
        found.predict_proba(iris[0]), expected.predict_proba(iris[0])
    )
