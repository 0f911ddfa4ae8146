"""A bootstrap's scores are scikit-learn's, its statistics NumPy's, its end exact."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from scipy import stats
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedShuffleSplit,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skdl.model_selection import bootstrap_validate
from tests.instances import small

TIMES = ["fit_time", "score_time"]


@pytest.fixture(autouse=True)
def _one_thread():
    """Many threads for few rows take seconds where other processes run beside."""
    with threadpool_limits(1):
        yield


def stopped(**parameters):
    """A network that stops early, after some epochs."""
    return small(
        **{"early_stopping": True, "patience": 2, "epochs": 30, "learning_rate": 0.05}
        | parameters
    )


class FailsOn(ClassifierMixin, BaseEstimator):
    """Fails to fit if the first training row is among `rows`."""

    def __init__(self, rows=()):
        self.rows = rows

    def fit(self, X, y):
        if X[0, 0] in self.rows:
            raise RuntimeError("no luck\ntoday")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


# -- splits and scores -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "splitter", "data"),
    [
        pytest.param(GaussianNB(), StratifiedShuffleSplit, "iris", id="classes"),
        pytest.param(Ridge(), ShuffleSplit, "diabetes", id="numbers"),
    ],
)
def test_scores_are_those_of_cross_validate_on_random_splits(
    estimator, splitter, data, request
):
    X, y = request.getfixturevalue(data)
    result = bootstrap_validate(
        estimator, X, y, n_splits=12, test_size=0.2, random_state=3
    )
    cv = splitter(12, test_size=0.2, random_state=3)
    expected = cross_validate(estimator, X, y, cv=cv)
    assert_array_equal(result["score"], expected["test_score"])
    assert_array_equal(result["n_test"], [30] * 12)
    assert_array_equal(result["n_train"], [120] * 12)
    assert result.index.name == "split"
    assert_array_equal(result.index, np.arange(1, 13))


def test_default_is_50_splits_of_a_tenth(iris):
    result = bootstrap_validate(GaussianNB(), *iris, random_state=0)
    assert len(result) == 50
    assert_array_equal(result["n_test"], [15] * 50)


def test_multilabel_targets_are_split_at_random(multilabel):
    X, Y = multilabel
    result = bootstrap_validate(small(epochs=1), X, Y, n_splits=2, random_state=0)
    cv = ShuffleSplit(2, test_size=0.1, random_state=0)
    assert_array_equal(
        result["score"], cross_validate(small(epochs=1), X, Y, cv=cv)["test_score"]
    )


def test_an_estimator_without_targets_is_scored(iris):
    X, _ = iris
    result = bootstrap_validate(KernelDensity(), X, n_splits=3, random_state=0)
    cv = ShuffleSplit(3, test_size=0.1, random_state=0)
    assert_allclose(
        result["score"], cross_validate(KernelDensity(), X, cv=cv)["test_score"]
    )


@pytest.mark.parametrize(
    "scoring",
    [
        pytest.param(["accuracy", "neg_log_loss"], id="list"),
        pytest.param(
            {"accuracy": "accuracy", "neg_log_loss": "neg_log_loss"}, id="dict"
        ),
    ],
)
def test_several_metrics_have_columns_with_their_names(scoring, iris):
    options = {"scoring": scoring}
    result = bootstrap_validate(
        GaussianNB(), *iris, n_splits=5, random_state=0, **options
    )
    cv = StratifiedShuffleSplit(5, test_size=0.1, random_state=0)
    expected = cross_validate(GaussianNB(), *iris, cv=cv, **options)
    for name in ("accuracy", "neg_log_loss"):
        assert_array_equal(result[name], expected[f"test_{name}"])
        assert_allclose(result[f"mean_{name}"].iloc[-1], result[name].mean())
    assert "score" not in result


def test_a_function_may_return_several_scores(iris):
    def both(estimator, X, y):
        right = accuracy_score(y, estimator.predict(X))
        return {"right": right, "wrong": 1 - right}

    result = bootstrap_validate(
        GaussianNB(), *iris, n_splits=3, random_state=0, scoring=both
    )
    assert_allclose(result["right"] + result["wrong"], 1)


def test_groups_stay_together(iris):
    X, y = iris
    groups = np.arange(150) % 30
    cv = GroupShuffleSplit(4, test_size=0.2, random_state=1)
    expected = cross_validate(GaussianNB(), X, y, groups=groups, cv=cv)["test_score"]
    given = bootstrap_validate(GaussianNB(), X, y, cv=cv, groups=groups)
    drawn = bootstrap_validate(
        GaussianNB(), X, y, n_splits=4, test_size=0.2, groups=groups, random_state=1
    )
    assert_array_equal(given["score"], expected)
    assert_array_equal(drawn["score"], expected)


def test_cv_may_be_a_splitter_or_a_list_of_rows_or_masks(iris):
    cv = KFold(3, shuffle=True, random_state=0)
    expected = cross_validate(GaussianNB(), *iris, cv=cv)["test_score"]
    rows = list(cv.split(*iris))
    masks = [tuple(np.isin(np.arange(150), part) for part in pair) for pair in rows]
    for given in (cv, rows, masks):
        result = bootstrap_validate(GaussianNB(), *iris, cv=given)
        assert_array_equal(result["score"], expected)
        assert_array_equal(result["n_test"], [50] * 3)


def test_frames_arrive_with_their_names_and_labels_may_be_text(iris):
    X, y = iris
    X = pd.DataFrame(X, columns=list("abcd"), index=np.arange(150) + 1000)
    y = pd.Series(y, index=X.index).map({0: "red", 1: "green", 2: "blue"})
    seen = []

    def names(estimator, X, y):
        seen.append((list(estimator.feature_names_in_), list(X.columns)))
        return estimator.score(X, y)

    net = make_pipeline(
        StandardScaler().set_output(transform="pandas"), small(epochs=2)
    )
    result = bootstrap_validate(net, X, y, n_splits=2, random_state=0, scoring=names)
    cv = StratifiedShuffleSplit(2, test_size=0.1, random_state=0)
    assert_array_equal(result["score"], cross_validate(net, X, y, cv=cv)["test_score"])
    assert seen == [(list("abcd"), list("abcd"))] * 2


# -- statistics and the end ------------------------------------------------------------


def test_running_statistics_are_numpys(diabetes):
    result = bootstrap_validate(Ridge(), *diabetes, n_splits=8, random_state=0)
    score = result["score"].to_numpy()
    factor = 15 / 135
    for k in range(2, 9):
        row, first = result.loc[k], score[:k]
        error = first.std(ddof=1) / np.sqrt(k)
        low, high = stats.t.interval(0.95, k - 1, loc=first.mean(), scale=error)
        assert_allclose(row["mean_score"], first.mean())
        assert_allclose(row["std_score"], first.std(ddof=1))
        assert_allclose(row["margin_score"], (high - low) / 2)
        assert_allclose(
            row["corrected_margin_score"],
            stats.t.ppf(0.975, k - 1) * first.std(ddof=1) * np.sqrt(1 / k + factor),
        )
    assert np.isnan(result.loc[1, "std_score"])
    assert result.loc[1, "mean_score"] == score[0]


def test_the_end_is_the_first_split_with_a_narrow_interval(diabetes):
    options = {"n_splits": 60, "random_state": 0, "confidence": 0.8}
    whole = bootstrap_validate(Ridge(), *diabetes, **options)
    assert whole.attrs["converged"] is None
    short = bootstrap_validate(Ridge(), *diabetes, tol=0.05, min_splits=5, **options)
    width = 2 * whole["margin_score"]
    expected = width.index[(width < 0.05) & (width.index >= 5)][0]
    assert 5 < expected < 60
    assert len(short) == expected
    assert short.attrs["converged"] is True
    columns = [c for c in whole if c not in TIMES]
    assert_frame_equal(short[columns], whole.loc[:expected, columns])


def test_an_interval_that_stays_wide_is_not_converged(diabetes):
    result = bootstrap_validate(
        Ridge(), *diabetes, n_splits=12, tol=1e-6, random_state=0
    )
    assert len(result) == 12
    assert result.attrs["converged"] is False


def test_a_tol_for_one_of_several_metrics(iris):
    options = {"scoring": ["accuracy", "neg_log_loss"], "random_state": 0}
    result = bootstrap_validate(GaussianNB(), *iris, tol={"accuracy": 0.05}, **options)
    width = 2 * result["margin_accuracy"]
    assert width.iloc[-1] < 0.05 < width.iloc[-2]


@pytest.mark.parametrize("tol", [None, 0.05])
def test_n_jobs_changes_nothing(tol, diabetes):
    options = {"n_splits": 40, "random_state": 0, "tol": tol, "min_splits": 5}
    one = bootstrap_validate(Ridge(), *diabetes, confidence=0.8, **options)
    two = bootstrap_validate(Ridge(), *diabetes, confidence=0.8, n_jobs=3, **options)
    assert len(one) == 40 or tol
    assert_frame_equal(one.drop(columns=TIMES), two.drop(columns=TIMES))


def test_the_same_seed_gives_the_same_frame(binary):
    first, second, other = (
        bootstrap_validate(stopped(), *binary, n_splits=4, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert_frame_equal(first.drop(columns=TIMES), second.drop(columns=TIMES))
    assert not first["score"].equals(other["score"])


# -- epochs ----------------------------------------------------------------------------


def test_epochs_are_those_that_each_fit_kept(binary):
    X, y = binary
    net = stopped(validation_fraction=0.2)
    result = bootstrap_validate(net, X, y, n_splits=6, random_state=0)
    cv = StratifiedShuffleSplit(6, test_size=0.1, random_state=0)
    fits = cross_validate(net, X, y, cv=cv, return_estimator=True)["estimator"]
    expected = [fit.best_epoch_ for fit in fits]
    assert result["epochs"].dtype == "Int64"
    assert_array_equal(result["epochs"], expected)
    assert len(set(expected)) > 1
    assert_allclose(result["mean_epochs"].iloc[-1], np.mean(expected))
    assert_allclose(result["std_epochs"].iloc[-1], np.std(expected, ddof=1))


@pytest.mark.parametrize("scaled", [False, True], ids=["network", "pipeline"])
def test_stop_on_test_shows_the_network_the_test_rows(scaled, binary):
    X, y = binary
    net = stopped(early_stopping="auto")
    estimator = make_pipeline(StandardScaler(), net) if scaled else net
    result = bootstrap_validate(
        estimator, X, y, n_splits=3, random_state=0, stop_on_test=True
    )
    cv = StratifiedShuffleSplit(3, test_size=0.1, random_state=0)
    for k, (train, test) in enumerate(cv.split(X, y), start=1):
        scaler = StandardScaler().fit(X[train])
        rows = scaler.transform(X) if scaled else X
        net.fit(rows[train], y[train], X_val=rows[test], y_val=y[test])
        assert result.loc[k, "epochs"] == net.best_epoch_ < 30
        assert result.loc[k, "score"] == net.score(rows[test], y[test])


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(LogisticRegression(), id="logistic"),
        pytest.param(HistGradientBoostingClassifier(max_iter=5), id="boosting"),
    ],
)
def test_epochs_are_missing_where_there_are_none(estimator, binary):
    result = bootstrap_validate(estimator, *binary, n_splits=2, random_state=0)
    assert result["epochs"].dtype == "Int64"
    assert result["epochs"].isna().all()
    assert result["mean_epochs"].isna().all()


def test_boosting_stops_on_the_test_rows_too(binary):
    X, y = binary
    boosting = HistGradientBoostingClassifier(
        max_iter=8, early_stopping=True, n_iter_no_change=2, random_state=0
    )
    result = bootstrap_validate(
        boosting, X, y, n_splits=2, random_state=0, stop_on_test=True
    )
    cv = StratifiedShuffleSplit(2, test_size=0.1, random_state=0)
    for k, (train, test) in enumerate(cv.split(X, y), start=1):
        boosting.fit(X[train], y[train], X_val=X[test], y_val=y[test])
        assert result.loc[k, "score"] == boosting.score(X[test], y[test])


# -- weights ---------------------------------------------------------------------------


def test_weights_are_cut_to_the_training_rows(binary):
    X, y = binary
    weight = np.where(y == 1, 9.0, 1.0)
    options = {"n_splits": 4, "random_state": 0, "params": {"sample_weight": weight}}
    bare = bootstrap_validate(LogisticRegression(), X, y, **options)
    piped = bootstrap_validate(make_pipeline(LogisticRegression()), X, y, **options)
    cv = StratifiedShuffleSplit(4, test_size=0.1, random_state=0)
    params = {"params": {"sample_weight": weight}}
    expected = cross_validate(LogisticRegression(), X, y, cv=cv, **params)
    plain = cross_validate(LogisticRegression(), X, y, cv=cv)
    assert_array_equal(bare["score"], expected["test_score"])
    assert_array_equal(piped["score"], expected["test_score"])
    assert not np.array_equal(bare["score"], plain["test_score"])


def test_metadata_is_routed_as_in_cross_validate(binary):
    X, y = binary
    weight, groups = np.linspace(0.1, 9, 100), np.arange(100) % 20
    with config_context(enable_metadata_routing=True):
        clf = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            LogisticRegression().set_fit_request(sample_weight=True),
        )
        clf[-1].set_score_request(sample_weight=True)
        arguments = {
            "cv": GroupShuffleSplit(3, random_state=0),
            "params": {"sample_weight": weight, "groups": groups},
        }
        result = bootstrap_validate(clf, X, y, **arguments)
        expected = cross_validate(clf, X, y, **arguments)
        with pytest.raises(ValueError, match=r"params=\{\'groups\': groups\}"):
            bootstrap_validate(clf, X, y, groups=groups)
    assert_array_equal(result["score"], expected["test_score"])


def test_routed_groups_stay_together(iris):
    X, y = iris
    groups = np.arange(150) % 30
    options = {"n_splits": 4, "test_size": 0.2, "random_state": 1}
    expected = bootstrap_validate(GaussianNB(), X, y, groups=groups, **options)
    with config_context(enable_metadata_routing=True):
        result = bootstrap_validate(
            GaussianNB(), X, y, params={"groups": groups}, **options
        )
    assert_array_equal(result["score"], expected["score"])
    plain = bootstrap_validate(GaussianNB(), X, y, **options)
    assert not plain["score"].equals(result["score"])


# -- failures --------------------------------------------------------------------------


def numbered(n=40):
    return np.arange(n, dtype=float).reshape(-1, 1), np.arange(n) % 2


def test_failing_fits_are_told_and_left_out_of_means():
    X, y = numbered()
    cv = [(np.arange(k, 30), np.arange(30, 40)) for k in range(6)]
    with pytest.warns(
        FitFailedWarning, match="2 of 6 fits failed.*nan: RuntimeError: "
    ):
        result = bootstrap_validate(FailsOn(rows=(0, 3)), X, y, cv=cv)
    failed = np.isin(np.arange(6), [0, 3])
    assert_array_equal(result["score"].isna(), failed)
    assert result["mean_score"].iloc[-1] == result["score"][~failed].mean() == 0.5
    with pytest.warns(FitFailedWarning, match="set to 0: "):
        result = bootstrap_validate(FailsOn(rows=(0, 3)), X, y, cv=cv, error_score=0)
    assert_allclose(result["mean_score"].iloc[-1], (4 * 0.5 + 2 * 0) / 6)
    with pytest.raises(RuntimeError, match="no luck"):
        bootstrap_validate(FailsOn(rows=(3,)), X, y, cv=cv, error_score="raise")


def test_fits_that_all_fail_are_an_error():
    with pytest.raises(ValueError, match="All 50 fits failed: RuntimeError: no luck"):
        bootstrap_validate(FailsOn(rows=range(40)), *numbered())


def first_fits_fail(n_failing, n_splits):
    """An estimator and the splits whose first `n_failing` fits fail."""
    cv = [(np.roll(np.arange(30), -k), np.arange(30, 40)) for k in range(n_splits)]
    return FailsOn(rows=range(n_failing)), cv


@pytest.mark.parametrize("tol", [0.001, {"accuracy": 0.001, "f1_macro": 0.001}])
@pytest.mark.parametrize("error_score", [np.nan, 0])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_metrics_are_known_after_a_first_batch_that_fails(tol, error_score, n_jobs):
    estimator, cv = first_fits_fail(10, 15)
    with pytest.warns(FitFailedWarning, match="10 of 1[0-9] fits failed"):
        result = bootstrap_validate(
            estimator,
            *numbered(),
            cv=cv,
            scoring=["accuracy", "f1_macro"],
            tol=tol,
            error_score=error_score,
            n_jobs=n_jobs,
        )
    # Two scores are the least for an interval; zeros beside them make it wide.
    converged = error_score != 0
    assert len(result) == (12 if converged else 15)
    assert result.attrs["converged"] is converged
    for name in ("accuracy", "f1_macro"):
        assert_array_equal(result[name][:10], [error_score] * 10)
        assert (result[name][10:] > 0.3).all()


@pytest.mark.parametrize("error_score", [np.nan, 0])
def test_fits_that_all_fail_are_an_error_with_tol(error_score):
    estimator, cv = first_fits_fail(15, 15)
    with pytest.raises(ValueError, match="All 15 fits failed: RuntimeError: no luck"):
        bootstrap_validate(
            estimator,
            *numbered(),
            cv=cv,
            scoring=["accuracy", "f1_macro"],
            tol={"accuracy": 0.1},
            error_score=error_score,
        )


def test_an_unknown_tol_is_told_when_the_first_batch_fails():
    estimator, cv = first_fits_fail(10, 15)
    with pytest.raises(ValueError, match=r"'auc'.*\['accuracy', 'f1_macro'\]"):
        bootstrap_validate(
            estimator,
            *numbered(),
            cv=cv,
            scoring=["accuracy", "f1_macro"],
            tol={"auc": 0.1},
        )


def test_a_failing_scorer_is_told(binary):
    def fails(estimator, X, y):
        raise RuntimeError("cannot score")

    with pytest.warns(UserWarning, match="2 of 2 scorings failed.*cannot score"):
        result = bootstrap_validate(
            GaussianNB(), *binary, n_splits=2, scoring={"a": "accuracy", "b": fails}
        )
    assert result["b"].isna().all()
    assert result["a"].notna().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_splits": 1}, "'n_splits' parameter of bootstrap_validate"),
        ({"tol": -1}, "'tol' parameter"),
        ({"confidence": 95}, "'confidence' parameter"),
        ({"error_score": "nan"}, "'error_score' parameter"),
        ({"tol": {}}, "tol={} names no score"),
        ({"tol": {"auc": 0.1}, "n_splits": 2}, "tol has a value for 'auc'.*'score'"),
        ({"test_size": 1}, "test_size=1 does not split.*another test_size"),
        ({"stop_on_test": True}, "GaussianNB takes no X_val.*Leave stop_on_test out"),
        ({"cv": []}, "makes no split"),
        ({"scoring": {"epochs": "accuracy"}, "n_splits": 2}, "another name"),
        ({"scoring": lambda *_: "good", "n_splits": 2}, "'good', which is no number"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_errors_say_what_to_do(options, message, iris):
    with pytest.raises(ValueError, match=message):
        bootstrap_validate(GaussianNB(), *iris, **options)


def test_a_class_with_one_row_is_told():
    X, y = np.zeros((10, 1)), np.array(["a"] * 9 + ["b"])
    with pytest.raises(ValueError, match=r"only 1 member.*Give more rows"):
        bootstrap_validate(GaussianNB(), X, y)


def test_fitted_estimators_are_not_kept(iris):
    fitted = []

    def remember(estimator, X, y):
        fitted.append(weakref.ref(estimator))
        gc.collect()
        return sum(ref() is not None for ref in fitted)  # how many are alive

    result = bootstrap_validate(
        GaussianNB(), *iris, n_splits=8, random_state=0, scoring=remember
    )
    assert_array_equal(result["score"], [1] * 8)


def test_nothing_given_is_changed(iris):
    net = small(epochs=1)
    before = net.get_params()
    bootstrap_validate(net, *iris, n_splits=2, random_state=0)
    assert net.get_params() == before
    assert not hasattr(net, "best_epoch_")
