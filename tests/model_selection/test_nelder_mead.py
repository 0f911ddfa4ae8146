"""The simplex: where it walks, restarts, categories."""

import numpy as np
import pytest
from scipy.optimize import minimize

from skdl.model_selection import NelderMeadSearchCV
from tests.model_selection.surfaces import SPACES, Surface, surface_data, true_score


def searched(spaces=SPACES, n_iter=60, **kwargs):
    search = NelderMeadSearchCV(
        Surface(), spaces, n_iter=n_iter, cv=2, random_state=0, **kwargs
    )
    return search.fit(*surface_data())


def test_walks_as_scipys_simplex_does():
    """Oracle: `scipy.optimize.minimize` on the function, from the same corners."""
    spaces = {"x": (-1.0, 1.0), "rate": (1e-4, 1.0, "log-uniform")}
    search = searched(spaces, init_points=1, n_iter=30)
    params = search.cv_results_["params"]
    units = [((p["x"] + 1) / 2, (np.log10(p["rate"]) + 4) / 4) for p in params]
    start = np.array(units[0])
    steps = np.diag(np.where(start > 0.5, -0.15, 0.15))
    visited = []

    def loss(unit):
        visited.append(tuple(unit))
        surface = Surface(x=2 * unit[0] - 1, rate=10 ** (4 * unit[1] - 4))
        return -true_score(surface)

    minimize(
        loss,
        start,
        method="Nelder-Mead",
        bounds=[(0, 1)] * 2,
        options={"initial_simplex": np.vstack([start, start + steps])},
    )
    np.testing.assert_allclose(units[:20], visited[:20], atol=1e-8)


def test_goes_to_the_optimum_within_a_category():
    best = searched().best_estimator_
    assert best.x == pytest.approx(0.3, abs=0.05)
    assert np.log10(best.rate) == pytest.approx(-2, abs=0.1)
    assert best.kind == "b"


def test_begins_again_when_a_simplex_has_converged():
    search = searched({"x": (-1.0, 1.0)}, n_iter=80)
    assert len(search.optimizer_) > 1
    assert all(result.success for result in search.optimizer_[:-1])
    assert not search.optimizer_[-1].success or len(search.optimizer_) > 1
    scores = search.cv_results_["mean_test_score"]
    assert -min(r.fun for r in search.optimizer_) == pytest.approx(scores.max())


def test_integers_and_categories_only():
    search = searched({"n": (1, 3), "kind": ["a", "b"]}, n_iter=50)
    params = [tuple(p.values()) for p in search.cv_results_["params"]]
    assert len(params) == len(set(params)) <= 6
    assert search.best_params_["kind"] == "b"


def test_all_points_lie_within_the_ranges():
    search = searched({"x": (0.4, 1.0), "rate": (0.1, 1.0, "log-uniform")})
    for params in search.cv_results_["params"]:
        assert 0.4 <= params["x"] <= 1
        assert 0.1 <= params["rate"] <= 1
    assert search.best_params_["x"] == pytest.approx(0.4, abs=0.02)
