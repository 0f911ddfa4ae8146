"""Differences are tested as Nadeau and Bengio say, on splits that all share."""

import warnings
from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedShuffleSplit, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.model_selection import bootstrap_validate, compare_bootstrap
from tests.instances import small

CANDIDATES = {
    "bayes": GaussianNB(),
    "ridged": LogisticRegression(C=0.05),
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "dummy": DummyClassifier(strategy="uniform", random_state=0),
}


class FirstColumns(RegressorMixin, BaseEstimator):
    """Least squares on `n` columns from `start` on, scored by the squared error."""

    def __init__(self, start=0, n=5):
        self.start = start
        self.n = n

    def columns(self, X):
        return X[:, self.start : self.start + self.n]

    def fit(self, X, y):
        self.coef_ = np.linalg.lstsq(self.columns(X), y, rcond=None)[0]
        return self

    def predict(self, X):
        return self.columns(X) @ self.coef_

    def score(self, X, y):
        return -np.mean((self.predict(X) - y) ** 2)


class FailsAt(GaussianNB):
    """Fails if a column of row numbers begins with `first`."""

    def __init__(self, first=0):
        super().__init__()
        self.first = first

    def fit(self, X, y):
        if X[0, 0] == self.first:
            raise RuntimeError("no luck")
        return super().fit(X, y)


@pytest.fixture(scope="module")
def comparison(binary):
    return compare_bootstrap(CANDIDATES, *binary, n_splits=15, random_state=0)


def test_all_see_the_same_splits(comparison, binary):
    cv = StratifiedShuffleSplit(15, test_size=0.1, random_state=0)
    for name, estimator in CANDIDATES.items():
        expected = cross_validate(estimator, *binary, cv=cv)["test_score"]
        assert_array_equal(comparison.scores[name], expected)
    assert list(comparison.scores) == list(CANDIDATES)


def test_all_see_the_same_splits_without_a_seed(iris):
    two = {"a": GaussianNB(), "b": GaussianNB()}
    # accuracies of a few rows can be equal in all of the first splits; these cannot
    options = {"scoring": "neg_log_loss", "tol": 1e-9, "min_splits": 4}
    scores = compare_bootstrap(two, *iris, n_splits=15, **options).scores
    assert len(scores) == 15
    assert_array_equal(scores["a"], scores["b"])
    assert scores["a"].nunique() == 15


def test_the_test_is_the_one_of_nadeau_and_bengio(comparison):
    scores, factor = comparison.scores, 10 / 90
    for _, row in comparison.differences.iterrows():
        d = (scores[row["a"]] - scores[row["b"]]).to_numpy()
        error = d.std(ddof=1) * np.sqrt(1 / 15 + factor)
        assert_allclose(row["difference"], d.mean())
        assert_allclose(row["std_error"], error)
        assert_allclose(row["t"], d.mean() / error)
        assert_allclose(row["p"], 2 * stats.t.sf(abs(d.mean() / error), df=14))
        # the usual test, its statistic shrunk by the correction
        usual = stats.ttest_rel(scores[row["a"]], scores[row["b"]])
        assert_allclose(row["t"], usual.statistic / np.sqrt(1 + 15 * factor))
        low, high = stats.t.interval(0.95, 14, loc=d.mean(), scale=error)
        assert_allclose([row["low"], row["high"]], [low, high])


def test_p_values_are_corrected_by_holm(comparison):
    p = comparison.differences["p"].to_numpy()
    order = np.argsort(p)
    expected = np.empty(6)
    for i, k in enumerate(order):
        expected[k] = min(1, max((6 - j) * p[order[j]] for j in range(i + 1)))
    assert_allclose(comparison.differences["p_holm"], expected)
    assert_array_equal(comparison.differences["differs"], expected <= 0.05)
    assert 0 < comparison.differences["differs"].sum() < 6


def test_the_best_comes_first_and_each_pair_once(comparison):
    ranking = comparison.ranking
    assert_allclose(ranking["mean"], np.sort(comparison.scores.mean())[::-1])
    pairs = comparison.differences[["a", "b"]].itertuples(index=False, name=None)
    assert list(pairs) == list(combinations(ranking.index, 2))
    assert (comparison.differences["difference"] >= 0).all()
    assert ranking["differs_from_best"].to_dict()["dummy"]
    assert not ranking["differs_from_best"].iloc[0]


def test_it_says_which_differ(comparison):
    text = str(comparison)
    assert "Mean score of 15 splits" in text
    for _, row in comparison.differences.iterrows():
        word = "  beyond noise" if row["differs"] else "  not beyond noise"
        assert f"{word}: {row['a']} - {row['b']} = " in text
    assert repr(comparison) == text


def test_equal_estimators_do_not_differ(iris):
    three = {"a": GaussianNB(), "b": GaussianNB(), "c": DummyClassifier()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compare_bootstrap(three, *iris, n_splits=5, random_state=0)
        same = compare_bootstrap(
            {"c": DummyClassifier(), "d": DummyClassifier()}, *iris, n_splits=5
        )
    pair = result.differences.iloc[0]
    assert (pair["a"], pair["b"]) == ("a", "b")
    assert pair[["difference", "std_error", "t", "low", "high"]].eq(0).all()
    assert pair["p"] == pair["p_holm"] == 1
    assert not pair["differs"]
    assert same.differences["p"].item() == 1


def test_a_difference_without_noise_is_one(iris):
    two = {"a": DummyClassifier(), "b": DummyClassifier()}

    def by_name(estimator, X, y):
        return float(estimator.constant or 0)

    two["b"] = DummyClassifier(constant=1)
    pair = compare_bootstrap(two, *iris, n_splits=4, scoring=by_name).differences.iloc[
        0
    ]
    assert (pair["a"], pair["difference"], pair["p"]) == ("b", 1, 0)
    assert pair["differs"]


def test_epochs_of_networks_stand_beside_those_without(binary):
    net = small(early_stopping=True, patience=2, epochs=20, learning_rate=0.05)
    both = {"bayes": GaussianNB(), "net": make_pipeline(StandardScaler(), net)}
    result = compare_bootstrap(both, *binary, n_splits=3, random_state=0)
    alone = bootstrap_validate(both["net"], *binary, n_splits=3, random_state=0)
    assert result.epochs["bayes"].isna().all()
    assert_array_equal(result.epochs["net"], alone["epochs"])
    assert_array_equal(result.scores["net"], alone["score"])
    assert_allclose(result.ranking.loc["net", "epochs"], alone["epochs"].mean())
    assert result.results["net"]["epochs"].equals(alone["epochs"])


def test_it_ends_when_all_have_converged(diabetes):
    two = {"ridge": Ridge(), "weak": Ridge(alpha=10)}
    options = {"n_splits": 60, "random_state": 0, "confidence": 0.8}
    widths = [
        2 * bootstrap_validate(e, *diabetes, **options)["margin_score"]
        for e in two.values()
    ]
    narrow = (widths[0] < 0.05) & (widths[1] < 0.05)
    expected = narrow.index[narrow & (narrow.index >= 10)][0]
    assert expected < 60
    for n_jobs in (1, 3):
        result = compare_bootstrap(two, *diabetes, tol=0.05, n_jobs=n_jobs, **options)
        assert len(result.scores) == expected


def test_weights_reach_pipelines_and_bare_estimators(binary):
    X, y = binary
    weight = np.where(y == 1, 9.0, 1.0)
    clf = LogisticRegression()
    both = {"bare": clf, "piped": make_pipeline("passthrough", clf)}
    options = {"n_splits": 4, "random_state": 0}
    result = compare_bootstrap(both, X, y, params={"sample_weight": weight}, **options)
    assert_array_equal(result.scores["bare"], result.scores["piped"])
    plain = compare_bootstrap(both, X, y, **options)
    assert not plain.scores["bare"].equals(result.scores["bare"])


def test_groups_stay_together_with_routing_and_without(binary):
    X, y = binary
    groups = np.arange(len(X)) % 20
    two = {"bayes": GaussianNB(), "dummy": DummyClassifier()}
    options = {"n_splits": 4, "random_state": 0}
    expected = compare_bootstrap(two, X, y, groups=groups, **options)
    with config_context(enable_metadata_routing=True):
        with pytest.raises(ValueError, match=r"params=\{\'groups\': groups\}"):
            compare_bootstrap(two, X, y, groups=groups, **options)
        result = compare_bootstrap(two, X, y, params={"groups": groups}, **options)
    assert_array_equal(result.scores, expected.scores)
    plain = compare_bootstrap(two, X, y, **options)
    assert not plain.scores.equals(result.scores)


def test_splits_where_one_failed_are_left_out():
    X, y = np.arange(40.0).reshape(-1, 1), np.arange(40) % 2
    cv = [(np.arange(k, 30), np.arange(30, 40)) for k in range(6)]
    two = {"fails": FailsAt(first=2), "dummy": DummyClassifier()}
    with pytest.warns(FitFailedWarning, match="1 of 6 fits of 'fails' failed"):
        result = compare_bootstrap(two, X, y, cv=cv)
    assert_array_equal(result.scores["fails"].isna(), np.arange(6) == 2)
    d = result.scores.dropna()
    pair = result.differences.iloc[0]
    assert_allclose(pair["difference"], (d[pair["a"]] - d[pair["b"]]).mean())


@pytest.mark.parametrize(
    ("estimators", "options", "message"),
    [
        pytest.param({"a": Ridge()}, {}, "needs two or more", id="one"),
        pytest.param({1: Ridge(), 2: Ridge()}, {}, "key 1, which is no", id="names"),
        pytest.param({"a": Ridge(), "b": Ridge}, {}, "no estimator", id="class"),
        pytest.param({"a": Ridge(), "b": GaussianNB()}, {}, "Give scoring", id="kinds"),
        pytest.param(
            {"a": Ridge(), "b": Ridge(2)}, {"scoring": ["r2"]}, "several", id="several"
        ),
        pytest.param(
            {"a": Ridge(), "b": Ridge(2)},
            {"scoring": lambda *_: {"x": 1}},
            "one number",
            id="dict-scorer",
        ),
        pytest.param(
            {"a": Ridge(), "b": Ridge(2)}, {"alpha": 5}, "'alpha' parameter", id="alpha"
        ),
    ],
)
def test_errors_say_what_to_do(estimators, options, message, diabetes):
    with pytest.raises(ValueError, match=message):
        compare_bootstrap(estimators, *diabetes, n_splits=2, **options)


@pytest.mark.slow
def test_false_findings_are_as_rare_as_alpha_says():
    """Two settings that are equally good on average; 300 data sets of 100 rows."""
    rng = np.random.default_rng(0)
    two = {"first": FirstColumns(0), "second": FirstColumns(5)}
    found, usual = 0, 0
    for seed in range(300):
        X = rng.normal(size=(100, 10))
        y = X @ np.full(10, 0.5) + rng.normal(size=100)
        result = compare_bootstrap(two, X, y, random_state=seed)
        found += result.differences["differs"].item()
        scores = result.scores
        usual += stats.ttest_rel(scores["first"], scores["second"]).pvalue <= 0.05
    # At 5 %, 300 trials find 8.5 % or more by chance less than once in 100 times.
    assert found / 300 < 0.085
    assert usual / 300 > 0.3
