"""scikit-learn accepts the ensembles: its checks, its tools, frames, pickles."""

import copy
import functools
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.metadata_routing import MetadataRouter

from skdl.ensemble import (
    BlendingClassifier,
    BlendingRegressor,
    FoldEnsembleClassifier,
    FoldEnsembleRegressor,
)
from tests.ensemble.instances import META_ESTIMATORS, learner, meta
from tests.test_project import run_python

everyone = pytest.mark.parametrize("name", META_ESTIMATORS)


QUICK = ["folds of logistic", "folds of ridge", "refitted blend of ridges"]


@parametrize_with_checks([meta(name) for name in QUICK])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([meta(name) for name in META_ESTIMATORS if name not in QUICK])
def test_scikit_learn_checks_of_the_others(estimator, check):
    check(estimator)


# -- delegation ------------------------------------------------------------------------


def hides(method):
    @property
    def wrapper(self):
        if self.hidden == method.__name__:
            raise AttributeError(method.__name__)
        return functools.partial(method, self)

    return wrapper


class Hiding(BaseEstimator):
    """Two classes; any of the three methods may be missing."""

    def __init__(self, hidden=None):
        self.hidden = hidden

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[1])

    @hides
    def predict_proba(self, X):
        return np.tile([0.3, 0.7], (len(X), 1))

    @hides
    def decision_function(self, X):
        return np.full(len(X), 2.0)


METHODS = ["predict_proba", "decision_function"]


@pytest.mark.parametrize("hidden", [None, *METHODS])
def test_folds_have_the_methods_that_their_models_have(binary, hidden):
    ensemble = FoldEnsembleClassifier(Hiding(hidden), cv=2)
    expected = [hidden != "predict_proba", hidden == "predict_proba"]
    assert [hasattr(ensemble, method) for method in METHODS] == expected
    ensemble.fit(*binary)
    assert [hasattr(ensemble, method) for method in METHODS] == expected
    shape = {"predict_proba": (100,), None: (100, 2), "decision_function": (100, 2)}
    assert ensemble.oof_prediction_.shape == shape[hidden]


@pytest.mark.parametrize("hidden", [None, *METHODS])
def test_blend_has_the_methods_that_its_final_estimator_has(binary, hidden):
    blend = BlendingClassifier([("a", LogisticRegression())], Hiding(hidden), cv=2)
    for state in (blend, clone(blend).fit(*binary)):
        have = [hasattr(state, method) for method in METHODS]
        assert have == [hidden != method for method in METHODS]


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
@pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")
def test_rows_that_only_a_pipeline_understands(kind):
    rng = np.random.default_rng(0)
    X = rng.choice(["aa", "bb", "cc"], size=30).tolist()
    if kind == "classifier":
        base = make_pipeline(TfidfVectorizer(), LogisticRegression())
        ensembles = FoldEnsembleClassifier(base), BlendingClassifier([("a", base)])
        y = [word.upper() for word in X]
    else:
        base = make_pipeline(TfidfVectorizer(), Ridge(1e-6))
        ensembles = FoldEnsembleRegressor(base), BlendingRegressor([("a", base)])
        y = [float(word == "aa") for word in X]
    for ensemble in ensembles:
        ensemble.fit(X, y)
        assert ensemble.score(X, y) > 0.99
        assert not hasattr(ensemble, "n_features_in_")


# -- in scikit-learn's tools -----------------------------------------------------------


@everyone
def test_unfitted_ensemble_says_so(name, data_for):
    ensemble = meta(name)
    with pytest.raises(NotFittedError):
        ensemble.predict(data_for(ensemble)[0])


@everyone
def test_cross_validation_is_stratified_for_classifiers(name, data_for):
    ensemble = meta(name)
    _, y = data_for(ensemble)
    stratified = isinstance(
        check_cv(3, y, classifier=is_classifier(ensemble)), StratifiedKFold
    )
    assert stratified == ("Classifier" in type(ensemble).__name__)


@pytest.mark.parametrize(
    ("ensemble", "grid"),
    [
        (
            FoldEnsembleClassifier(learner(), cv=2),
            {"estimator__epochs": [1, 20], "combine": ["average"]},
        ),
        (
            BlendingClassifier(
                [("net", learner()), ("other", LogisticRegression())], cv=2
            ),
            {"net__epochs": [1, 20], "other": ["drop"]},
        ),
    ],
    ids=["folds", "blend"],
)
@pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")
def test_search_reaches_nested_parameters_in_a_pipeline(iris, ensemble, grid):
    pipe = make_pipeline(StandardScaler(), ensemble)
    prefix = type(ensemble).__name__.lower() + "__"
    search = GridSearchCV(pipe, {prefix + k: v for k, v in grid.items()}, cv=2)
    epochs = next(key for key in search.param_grid if key.endswith("epochs"))
    search.fit(*iris)
    assert search.best_params_[epochs] == 20
    assert cross_val_score(search.best_estimator_, *iris, cv=2).mean() > 0.85


@everyone
@pytest.mark.filterwarnings("error:.*feature names:UserWarning")
@pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")
def test_names_of_a_frame_arrive_at_the_models(name, data_for):
    ensemble = meta(name)
    X, y = data_for(ensemble)
    frame = pd.DataFrame(X).add_prefix("column ")
    frame.index = np.arange(len(X))[::-1]  # an index that must not be used
    ensemble.fit(frame, pd.Series(y, index=frame.index))
    assert ensemble.feature_names_in_.tolist() == frame.columns.tolist()
    models = ensemble.estimators_
    models = getattr(models[0], "estimators_", models)
    assert models[0].feature_names_in_.tolist() == frame.columns.tolist()
    plain = meta(name).fit(X, y)
    assert not hasattr(plain, "feature_names_in_")
    assert_allclose(plain.predict(X), ensemble.predict(frame), rtol=1e-10)
    with pytest.raises(ValueError, match="feature names"):
        ensemble.predict(frame[frame.columns[::-1]])


@everyone
def test_copies_predict_the_same_and_a_clone_is_unfitted(name, data_for):
    ensemble = meta(name)
    X, y = data_for(ensemble)
    expected = ensemble.fit(X, y).predict(X)
    for twin in (pickle.loads(pickle.dumps(ensemble)), copy.deepcopy(ensemble)):
        assert_array_equal(twin.predict(X), expected)
    again = clone(ensemble)
    assert repr(again) == repr(ensemble) == repr(META_ESTIMATORS[name])
    assert not hasattr(again, "estimators_")


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("folds of logistic", "loky"),  # of networks in tests/test_together.py
        ("folds of dense", "threading"),
        ("blend", "threading"),
    ],
)
def test_side_by_side_gives_the_same_bits(name, backend, iris):
    X, y = iris
    alone = meta(name).fit(X, y)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        together = meta(name).fit(X, y)
    assert_array_equal(alone.predict_proba(X), together.predict_proba(X))


def test_sparse_rows_are_taken_where_the_models_take_them(iris):
    X, y = iris
    for name in ("folds of logistic", "blend of two logistics"):
        dense = meta(name).fit(X, y).predict(X)
        rows = sparse.csr_array(X)
        assert_array_equal(meta(name).fit(rows, y).predict(rows), dense)


@config_context(enable_metadata_routing=True)
def test_unfitted_ensembles_know_their_routes():
    for name in META_ESTIMATORS:
        assert isinstance(meta(name).get_metadata_routing(), MetadataRouter)


class Recorder:
    """Notes the tasks; travels to the models."""

    max_propagation_depth = None

    def __init__(self):
        self.tasks = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        pass


@pytest.mark.filterwarnings("ignore:The estimator LogisticRegression does not support")
def test_callbacks_hear_of_folds_and_of_their_epochs(iris):
    recorder = Recorder()
    net = learner(epochs=4, patience=9)
    ensemble = FoldEnsembleClassifier(net, cv=2, combine="refit_max")
    ensemble.set_callbacks(recorder).fit(*iris)
    begun = {task: recorder.tasks.count(task) for task in set(recorder.tasks)}
    epochs = 2 * 4 + max(ensemble.fold_epochs_)
    assert begun.pop("epoch") == epochs
    assert begun["fit"] >= 1
    assert (begun["folds"], recorder.tasks[0]) == (1, "fit")

    recorder = Recorder()
    blend = BlendingClassifier([("net", net), ("lr", LogisticRegression())], cv=2)
    blend.set_callbacks(recorder).fit(*iris)
    assert recorder.tasks.count("epoch") == 2 * 4


def test_progress_bar_runs(iris, capsys):
    pytest.importorskip("rich")
    FoldEnsembleClassifier(learner(epochs=2), cv=2).set_callbacks(ProgressBar()).fit(
        *iris
    )
    assert "FoldEnsembleClassifier" in capsys.readouterr().out


def test_importing_the_package_loads_no_backend():
    run = run_python(
        "import sys, skdl.ensemble as e;"
        "e.FoldEnsembleClassifier(None); e.BlendingRegressor([]);"
        "heavy = {'tensorflow', 'keras', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
