"""Candidates given up between folds, by pruning or halving."""

from functools import cache

import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV

from skdl.model_selection import BayesSearchCV
from skdl.model_selection._racing import Race
from tests.instances import small
from tests.model_selection.surfaces import SPACES, Surface, surface_data


@cache
def pruned(n_iter=30, **kwargs):
    search = BayesSearchCV(
        Surface(), SPACES, n_iter=n_iter, prune=True, random_state=0, cv=5, **kwargs
    )
    return search.fit(*surface_data())


def test_pruning_saves_fits_and_finds_the_same_best():
    whole = BayesSearchCV(Surface(), SPACES, n_iter=30, random_state=0)
    whole.fit(*surface_data())
    search = pruned()
    frame = search.convergence()
    assert search.n_fits_saved_ == 40 * 5 - frame["n_fits"].sum() > 40
    assert (frame["pruned"] == (frame["n_fits"] < 5)).all()
    per_fold = frame["fit_seconds"] / frame["n_fits"]
    saved = (per_fold * (5 - frame["n_fits"])).sum()
    assert saved < search.time_saved_ < saved + 1  # with the times of scoring
    assert search.best_score_ == pytest.approx(whole.best_score_, abs=0.01)
    assert not frame["pruned"][search.best_index_]


def test_results_of_pruned_candidates():
    """Means over the folds that ran, NaN for the others, ranks behind all others."""
    results = pruned().cv_results_
    gone = results["pruned"]
    assert 0 < gone.sum() < len(gone)
    folds = np.array([results[f"split{k}_test_score"] for k in range(5)]).T
    assert (np.isnan(folds).any(axis=1) == gone).all()
    np.testing.assert_allclose(results["mean_test_score"], np.nanmean(folds, axis=1))
    np.testing.assert_allclose(results["std_test_score"], np.nanstd(folds, axis=1))
    ranks = results["rank_test_score"]
    assert ranks[gone].min() > ranks[~gone].max()
    assert ranks.min() == 1
    best_first = np.argsort(ranks[~gone])
    assert (np.diff(results["mean_test_score"][~gone][best_first]) <= 0).all()


def test_same_candidates_with_two_jobs():
    one, two = (pruned(12, n_points=3, n_jobs=n_jobs) for n_jobs in (None, 2))
    assert 0 < one.cv_results_["pruned"].sum() < 22
    assert one.cv_results_["params"] == two.cv_results_["params"]
    np.testing.assert_array_equal(one.cv_results_["pruned"], two.cv_results_["pruned"])


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_failing_candidates_are_given_up_at_once():
    spaces = {**SPACES, "fails": [True, False]}
    search = BayesSearchCV(Surface(), spaces, n_iter=10, prune=True, random_state=0)
    with pytest.warns(FitFailedWarning, match="fits failed"):
        search.fit(*surface_data())
    frame = search.convergence()
    failed = np.array([p["fails"] for p in search.cv_results_["params"]])
    assert (frame["n_fits"][failed] == 1).all()
    assert not search.best_params_["fails"]
    ranks = search.cv_results_["rank_test_score"]
    assert ranks[failed].min() > ranks[~failed].max()


def test_a_candidate_that_would_win_is_rarely_given_up():
    """Simulation: candidates that are truly as good as the best, five folds."""
    rng = np.random.default_rng(0)
    wrongly, winners = 0, 0
    for _ in range(2000):
        difficulty = rng.normal(size=5)
        scores = difficulty + rng.normal(scale=0.1, size=(10, 5))
        scores[2:] -= rng.uniform(0, 0.5, size=(8, 1))
        best, candidate, *others = scores
        race = Race(best, others)
        gone = any(race.lost(candidate[:k]) for k in range(1, 5))
        wins = candidate.mean() > best.mean()
        winners += wins
        wrongly += gone and wins
    assert wrongly / winners < 0.04


def test_a_bad_candidate_is_given_up_after_one_fold():
    rng = np.random.default_rng(0)
    difficulty = rng.normal(size=5)
    others = list(difficulty - 0.2 + rng.normal(scale=0.05, size=(6, 5)))
    race = Race(difficulty, others)
    assert race.lost(difficulty[:1] - 1)
    assert not race.lost(difficulty[:1] + 1)
    assert race.lost(np.array([np.nan]))
    assert race.expected(difficulty[:2] - 1) == pytest.approx(difficulty.mean() - 1)


def test_nothing_is_given_up_before_the_noise_is_known():
    race = Race(np.ones(5), [np.zeros(5)] * 3)
    assert not race.lost(np.array([-1e9]))
    assert not Race(np.ones(1), [np.zeros(1)] * 9).lost(np.array([-1e9]))


def test_the_standard_error_is_that_of_a_finite_population():
    """Oracle: the spread of means of 2 folds out of 5, drawn many times."""
    rng = np.random.default_rng(0)
    differences = rng.normal(size=5)
    means = [rng.permutation(differences)[:2].mean() for _ in range(20_000)]
    expected = np.std(differences, ddof=1) * np.sqrt(1 / 2 - 1 / 5)
    assert np.std(means) == pytest.approx(expected, rel=0.03)


def test_halving_over_epochs(iris):
    """scikit-learn's own successive halving takes epochs as its resource."""
    search = HalvingGridSearchCV(
        small(),
        {"hidden_units": [(2,), (4,), (8,), (16,)]},
        resource="epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(*iris)
    assert search.n_resources_ == [2, 4, 8]
    assert search.n_candidates_ == [4, 2, 1]
    assert search.best_estimator_.n_epochs_ == 8
    assert search.best_params_["epochs"] == 8
