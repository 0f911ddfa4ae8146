"""Both searches as scikit-learn searches: results, refit, routing, failures, limits."""

import pickle
import warnings
from collections import Counter
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn
from bayes_opt.acquisition import ConstantLiar, ExpectedImprovement
from scipy.stats import loguniform, uniform
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdl.model_selection import BayesSearchCV, NelderMeadSearchCV
from skdl.model_selection._run import Run
from tests.instances import CHECKS_OF_LEARNING, small
from tests.model_selection.surfaces import (
    SPACES,
    Surface,
    n_fits,
    surface_data,
    true_score,
)

SEARCHES = [BayesSearchCV, NelderMeadSearchCV]
both = pytest.mark.parametrize("Search", SEARCHES)
LIAR = ConstantLiar(ExpectedImprovement(xi=0.01))
C = {"C": (1e-3, 1e3, "log-uniform")}


def searched(Search, n_iter=10, **kwargs):
    search = Search(
        kwargs.pop("estimator", Surface()),
        kwargs.pop("spaces", SPACES),
        n_iter=n_iter,
        random_state=0,
        **kwargs,
    )
    return search.fit(*surface_data())


@parametrize_with_checks(
    [
        partial(Search, init_points=2, n_iter=1, cv=2, random_state=0)(estimator, C)
        for Search in SEARCHES
        for estimator in (LogisticRegression(),)
    ]
    + [
        partial(Search, init_points=2, n_iter=1, cv=2, random_state=0)(
            Ridge(), {"alpha": (0.1, 10.0)}
        )
        for Search in SEARCHES
    ]
    + [
        BayesSearchCV(
            small(epochs=60, learning_rate=0.05),
            {"dropout": (0.0, 0.3)},
            init_points=1,
            n_iter=0,
            cv=2,
        )
    ]
)
def test_scikit_learns_checks(estimator, check):
    of_network = "estimator__epochs" in estimator.get_params()
    if of_network and check.func.__name__ not in CHECKS_OF_LEARNING:
        estimator = clone(estimator).set_params(estimator__epochs=2)
    check(estimator)


@both
def test_finds_the_best_parameters(Search):
    """Oracle: the function itself; its best value is 0.1 at x = 0.3, rate = 0.01."""
    search = searched(Search, n_iter=40)
    assert true_score(search.best_estimator_) > 0.09
    assert search.best_params_["kind"] == "b"


@both
@pytest.mark.parametrize("scoring", [None, ["accuracy", "neg_log_loss"]], ids=str)
def test_results_have_every_column_of_scikit_learns_searches(iris, Search, scoring):
    kwargs = {
        "scoring": scoring,
        "refit": "accuracy" if scoring else True,
        "return_train_score": True,
        "cv": 3,
    }
    estimator = LogisticRegression(max_iter=1000)
    theirs = GridSearchCV(estimator, {"C": [0.1, 1.0, 10.0]}, **kwargs).fit(*iris)
    search = Search(estimator, C, init_points=3, n_iter=2, **kwargs).fit(*iris)
    assert set(search.cv_results_) == set(theirs.cv_results_)
    for name, column in theirs.cv_results_.items():
        ours = search.cv_results_[name]
        assert type(ours) is type(column)
        assert getattr(ours, "dtype", None) == getattr(column, "dtype", None), name
    fitted = {name for name in vars(theirs) if name.endswith("_")}
    assert fitted <= set(vars(search))


@both
def test_scores_are_those_of_cross_val_score(iris, Search):
    estimator = LogisticRegression(max_iter=1000)
    search = Search(estimator, C, init_points=3, n_iter=2, random_state=0).fit(*iris)
    for i, params in enumerate(search.cv_results_["params"]):
        expected = cross_val_score(clone(estimator).set_params(**params), *iris, cv=5)
        found = [search.cv_results_[f"split{k}_test_score"][i] for k in range(5)]
        np.testing.assert_array_equal(found, expected)
    means = search.cv_results_["mean_test_score"]
    assert search.best_score_ == means.max()
    assert search.best_index_ == means.argmax()
    assert search.cv_results_["rank_test_score"][search.best_index_] == 1


@both
def test_same_seed_same_search_also_with_two_jobs(Search):
    first, second, parallel = (
        searched(Search, n_jobs=n_jobs).cv_results_ for n_jobs in (None, None, 2)
    )
    assert first["params"] == second["params"] == parallel["params"]
    np.testing.assert_array_equal(first["mean_test_score"], parallel["mean_test_score"])


@both
def test_a_second_fit_a_clone_and_a_pickle(Search):
    search = searched(Search)
    before = search.cv_results_["params"]
    assert search.fit(*surface_data()).cv_results_["params"] == before
    copy = clone(search)
    assert not hasattr(copy, "best_params_")
    assert copy.fit(*surface_data()).cv_results_["params"] == before
    restored = pickle.loads(pickle.dumps(search))
    X, y = surface_data()
    assert restored.score(X, y) == search.score(X, y)
    assert restored.convergence().equals(search.convergence())


@both
def test_categories_may_be_estimators_and_stay_unfitted(iris, Search):
    pipe = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    models = [LogisticRegression(), SVC()]
    search = Search(
        pipe, {"model": models, "model__C": (0.1, 10.0)}, init_points=4, n_iter=2, cv=2
    ).fit(*iris)
    assert not any(hasattr(model, "classes_") for model in models)
    assert search.best_params_["model"] in models
    assert type(search.best_estimator_[-1]) in (LogisticRegression, SVC)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@both
def test_a_candidate_that_fails_is_a_bad_trial(Search):
    spaces = {**SPACES, "fails": [True, False]}
    with pytest.warns(FitFailedWarning, match="fits failed out of"):
        search = searched(Search, n_iter=15, spaces=spaces)
    results = search.cv_results_
    failed = np.array([params["fails"] for params in results["params"]])
    assert 0 < failed.sum() < len(failed) == 25
    assert np.isnan(results["mean_test_score"][failed]).all()
    assert results["rank_test_score"][failed].min() > (~failed).sum()
    assert not search.best_params_["fails"]
    assert np.isfinite(search.convergence()["best_score"].iloc[-1])


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@both
def test_if_every_fit_fails_the_last_word_is_scikit_learns(Search):
    with pytest.raises(ValueError, match="All the 60 fits failed") as info:
        searched(Search, n_iter=2, estimator=Surface(fails=True))
    assert "no fit with x=" in str(info.value)


@both
def test_error_score_raise(Search):
    with pytest.raises(ValueError, match=r"no fit with x="):
        searched(Search, estimator=Surface(fails=True), error_score="raise")


@both
def test_repeated_points_of_a_finite_space_are_not_fitted_again(tmp_path, Search):
    log = tmp_path / "log"
    search = searched(
        Search,
        n_iter=100,
        spaces={"n": (1, 4), "kind": ["a", "b"]},
        estimator=Surface(log=str(log)),
        refit=False,
        cv=3,
    )
    params = [tuple(p.values()) for p in search.cv_results_["params"]]
    assert len(params) == len(set(params)) <= 8
    assert n_fits(log) == 3 * len(params)
    if Search is BayesSearchCV:
        assert len(params) == 8


@both
def test_patience_and_timeout_end_the_search(Search):
    search = searched(Search, n_iter=100, patience=5)
    scores = search.convergence()["score"]
    assert len(scores) == max(int(scores.argmax()) + 1, 10) + 5
    search = searched(Search, n_iter=10_000, timeout=0.5)
    assert 1 <= len(search.convergence()) < 5000
    assert search.convergence()["elapsed"].iloc[-1] < 10


@both
def test_nothing_is_printed_unless_asked(Search, capfd):
    searched(Search, n_iter=2)
    assert capfd.readouterr() == ("", "")
    searched(Search, n_iter=2, verbose=1)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[-1].startswith("trial 12/12, best score ")
    assert "gone, about 0 s left" in lines[-1]


@both
def test_convergence_is_a_frame(Search):
    search = searched(Search)
    frame = search.convergence()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 20
    np.testing.assert_array_equal(frame["score"], search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(
        frame["best_score"], np.maximum.accumulate(frame["score"])
    )
    assert (frame["n_fits"] == 5).all()
    assert frame["elapsed"].is_monotonic_increasing
    with pytest.raises(NotFittedError):
        Search(Surface(), SPACES).convergence()


@both
def test_multimetric_goes_by_the_metric_of_refit(iris, Search):
    scoring = {
        "bad": make_scorer(lambda y, p: -accuracy_score(y, p)),
        "acc": "accuracy",
    }
    kwargs = {"init_points": 3, "n_iter": 5, "random_state": 0, "cv": 3}
    model = LogisticRegression(max_iter=1000)
    search = Search(model, C, scoring=scoring, refit="acc", **kwargs).fit(*iris)
    assert search.best_score_ == search.cv_results_["mean_test_acc"].max()
    np.testing.assert_array_equal(
        search.convergence()["score"], search.cv_results_["mean_test_acc"]
    )
    assert set(search.scorer_) == {"bad", "acc"}
    first = Search(model, C, scoring=scoring, refit=False, **kwargs).fit(*iris)
    np.testing.assert_array_equal(
        first.convergence()["score"], first.cv_results_["mean_test_bad"]
    )
    assert not hasattr(first, "best_index_")
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        Search(model, C, scoring=scoring, **kwargs).fit(*iris)


def worst(results):
    return int(results["rank_test_score"].argmax())


@both
def test_refit_may_be_false_or_a_function(iris, Search):
    kwargs = {"init_points": 3, "n_iter": 2, "random_state": 0, "cv": 3}
    model = LogisticRegression(max_iter=1000)
    search = Search(model, C, refit=worst, **kwargs).fit(*iris)
    assert (
        search.best_params_ == search.cv_results_["params"][worst(search.cv_results_)]
    )
    assert not hasattr(search, "best_score_")
    assert search.predict(iris[0]).shape == (150,)
    search = Search(model, C, refit=False, **kwargs).fit(*iris)
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        search.predict(iris[0])


def two_scores(estimator, X, y):
    return {"score": estimator.score(X, y), "zero": 0.0}


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@both
def test_scoring_may_return_several_scores(Search):
    spaces = {**SPACES, "fails": [True, False]}
    with pytest.warns(FitFailedWarning):
        search = searched(Search, spaces=spaces, scoring=two_scores, refit="score")
    assert search.multimetric_
    assert search.best_score_ == np.nanmax(search.cv_results_["mean_test_score"])
    failed = [params["fails"] for params in search.cv_results_["params"]]
    expected = np.where(failed, np.nan, 0.0)
    np.testing.assert_array_equal(search.cv_results_["mean_test_zero"], expected)


@both
def test_sample_weight_reaches_fit_and_score(Search):
    """Oracle: scikit-learn's own search over the same candidates."""
    X, y = load_iris(return_X_y=True)
    weight = np.random.default_rng(0).random(150)
    ours = Search(LogisticRegression(max_iter=1000), C, init_points=3, n_iter=0, cv=3)
    ours.set_params(random_state=0).fit(X, y, sample_weight=weight)
    grid = {"C": list(ours.cv_results_["param_C"])}
    theirs = GridSearchCV(LogisticRegression(max_iter=1000), grid, cv=3)
    theirs.fit(X, y, sample_weight=weight)
    for name in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_array_equal(ours.cv_results_[name], theirs.cv_results_[name])


@both
def test_metadata_routing(iris, Search):
    X, y = iris
    groups = np.arange(150) % 10
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression(max_iter=1000).set_fit_request(sample_weight=True)
        search = Search(
            make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model),
            {"logisticregression__C": (0.1, 10.0)},
            cv=GroupKFold(5),
            scoring=make_scorer(accuracy_score).set_score_request(sample_weight=True),
            init_points=2,
            n_iter=1,
        )
        search.fit(X, y, sample_weight=np.ones(150), groups=groups)
        assert search.n_splits_ == 5
    search = Search(
        LogisticRegression(max_iter=1000), C, cv=GroupKFold(5), init_points=2, n_iter=0
    )
    assert search.fit(X, y, groups=groups).n_splits_ == 5
    with pytest.raises(ValueError, match="groups"):
        search.fit(X, y)


@both
def test_frames_and_string_labels(iris, Search):
    X = pd.DataFrame(iris[0], columns=list("abcd"))
    y = np.array(["setosa", "versicolor", "virginica"])[iris[1]]
    search = Search(
        LogisticRegression(max_iter=1000), C, init_points=2, n_iter=1, cv=3
    ).fit(X, y)
    assert search.feature_names_in_.tolist() == list("abcd")
    assert set(search.predict(X)) == set(y)


@both
def test_networks_in_pipelines_in_cross_val_score(iris, Search):
    pipe = Pipeline([("scale", StandardScaler()), ("net", small())])
    search = Search(
        pipe,
        {"net__learning_rate": (1e-3, 0.1, "log-uniform"), "net__epochs": (2, 4)},
        init_points=2,
        n_iter=1,
        cv=2,
        random_state=0,
    )
    scores = cross_val_score(search, *iris, cv=2, error_score="raise")
    assert scores.shape == (2,)


@both
def test_unknown_parameters_are_found_before_any_fit(tmp_path, Search):
    log = tmp_path / "log"
    with pytest.raises(ValueError, match="Invalid parameter 'learning_speed'"):
        searched(
            Search, spaces={"learning_speed": (0.0, 1.0)}, estimator=Surface(log=log)
        )
    assert not log.exists()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"n_iter": -1}, "n_iter"),
        ({"init_points": 0}, "init_points"),
        ({"timeout": 0}, "timeout"),
        ({"patience": 0}, "patience"),
        ({"n_points": 0}, "n_points"),
        ({"prune": "yes"}, "prune"),
        ({"acquisition": 3}, "acquisition=3 must be one of"),
        ({"acquisition": LIAR}, "Set n_points"),
        ({"journal": 5}, "journal"),
        ({"acquisition": "best"}, r"acquisition='best' must be one of \['ei'"),
        ({"spaces": {"x": "abc"}}, r"search_spaces\['x'\]"),
        ({"cv": KFold(100)}, "100"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_parameters(params, match):
    with pytest.raises(ValueError, match=match):
        searched(BayesSearchCV, n_iter=params.pop("n_iter", 1), **params)


def test_several_points_at_a_time_run_in_one_batch(monkeypatch):
    batches = []
    try_points = Run.try_points

    def spy(run, points):
        batches.append(len(points))
        return try_points(run, points)

    monkeypatch.setattr(Run, "try_points", spy)
    search = searched(BayesSearchCV, n_points=4, n_jobs=2)
    assert batches == [4] * 5
    again = searched(BayesSearchCV, n_points=4)
    assert again.cv_results_["params"] == search.cv_results_["params"]


def test_bayes_beats_random_search():
    """Median over seeds of the true score, 25 trials against 50."""
    X, y = surface_data()
    ours, theirs = [], []
    for seed in range(3):
        bayes = BayesSearchCV(Surface(), SPACES, n_iter=15, cv=2, random_state=seed)
        ours.append(true_score(bayes.fit(X, y).best_estimator_))
        random = RandomizedSearchCV(
            Surface(),
            {"x": uniform(-1, 2), "rate": loguniform(1e-4, 1), "kind": ["a", "b", "c"]},
            n_iter=50,
            cv=2,
            random_state=seed,
        )
        theirs.append(true_score(random.fit(X, y).best_estimator_))
    assert np.median(ours) > np.median(theirs)


def test_optimizer_knows_all_trials():
    search = searched(BayesSearchCV)
    assert search.optimizer_.max["target"] == search.best_score_
    found = [r["params"] for r in search.optimizer_.res]
    assert [p["kind"] for p in found] == [
        p["kind"] for p in search.cv_results_["params"]
    ]
    assert set(search.optimizer_.suggest()) == set(SPACES)


def test_a_space_with_a_single_point():
    for Search in SEARCHES:
        search = searched(Search, spaces={"kind": ["b"]})
        assert search.best_params_ == {"kind": "b"}
        assert len(search.convergence()) == 1


def test_callbacks_see_every_fold_and_epoch():
    """Oracle: what scikit-learn's own search tells of two candidates."""
    kwargs = {"cv": 3}
    ours, theirs = TaskCounter(), TaskCounter()
    search = BayesSearchCV(
        small(epochs=3), {"dropout": (0.0, 0.3)}, init_points=2, n_iter=0, **kwargs
    )
    search.set_callbacks(ours).fit(*surface_data())
    grid = GridSearchCV(small(epochs=3), {"dropout": [0.0, 0.3]}, **kwargs)
    grid.set_callbacks(theirs).fit(*surface_data())
    assert ours.ended == theirs.ended
    assert ours.ended["epoch"] == 3 * (2 * 3 + 1)


class TaskCounter:
    """Counts ended tasks by name."""

    max_propagation_depth = None

    def __init__(self):
        self.ended = Counter()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.ended[context.task_name] += 1


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@both
@pytest.mark.parametrize("scoring", [None, ["accuracy", "recall_macro"]], ids=str)
def test_parameters_that_a_candidate_cannot_take_are_a_failed_fit(
    iris, Search, scoring
):
    pipe = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    spaces = {"model": [LogisticRegression(), GaussianNB()], "model__C": (0.1, 1.0)}
    search = Search(
        pipe,
        spaces,
        init_points=6,
        n_iter=2,
        cv=3,
        random_state=0,
        scoring=scoring,
        refit="accuracy" if scoring else True,
    )
    with pytest.warns(FitFailedWarning, match="Invalid parameter 'C'"):
        search.fit(*iris)
    assert isinstance(search.best_params_["model"], LogisticRegression)
    with pytest.raises(ValueError, match="Invalid parameter 'C'"):
        search.set_params(error_score="raise").fit(*iris)


@both
def test_sample_weight_reaches_the_last_step_of_a_pipeline(iris, Search):
    """Oracle: the pipeline fitted by hand."""
    weight = np.random.default_rng(0).random(150)
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    spaces = {"logisticregression__C": (0.1, 1.0)}
    search = Search(pipe, spaces, init_points=2, n_iter=0, cv=2, random_state=0)
    search.fit(*iris, sample_weight=weight)
    theirs = clone(pipe).set_params(**search.best_params_)
    theirs.fit(*iris, logisticregression__sample_weight=weight)
    np.testing.assert_array_equal(
        search.predict_proba(iris[0]), theirs.predict_proba(iris[0])
    )


@both
def test_one_trial_at_least(Search):
    assert len(searched(Search, timeout=1e-9).convergence()) >= 1


@both
def test_infinite_scores_are_bad_trials(Search):
    def fragile(estimator, X, y):
        return -np.inf if estimator.kind == "a" else estimator.score(X, y)

    kwargs = {"prune": True} if Search is BayesSearchCV else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.filterwarnings("ignore", "invalid value", module="numpy|sklearn")
        warnings.filterwarnings("ignore", "One or more of the test scores")
        search = searched(Search, scoring=fragile, **kwargs)
    assert search.best_params_["kind"] != "a"


def test_tags_are_those_of_the_estimator():
    from sklearn.base import is_classifier, is_regressor

    for Search in SEARCHES:
        assert is_classifier(Search(SVC(), C))
        assert is_regressor(Search(Ridge(), {"alpha": (0.0, 1.0)}))
