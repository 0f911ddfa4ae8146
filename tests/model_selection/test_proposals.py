"""What the model proposes: better than chance, new points only, the same for a seed."""

import time
from functools import cache

import numpy as np
import pytest
from bayes_opt import acquisition

from skdl.model_selection._proposals import ACQUISITIONS, Proposals, tamed
from skdl.model_selection._spaces import Space

SPACES = {
    "x": (-1.0, 1.0),
    "rate": (1e-4, 1.0, "log-uniform"),
    "kind": ["a", "b", "c"],
    "n": (1, 8),
    "fixed": ["only"],
}


def value(x, rate, kind, n, fixed):
    bonus = {"a": 0.0, "b": 0.3, "c": -0.5}[kind]
    return bonus - (x - 0.3) ** 2 - (np.log10(rate) + 2) ** 2 - (n - 5) ** 2 / 20


def search(n_trials, seed=0, acquisition="ei", n=1, function=value, spaces=SPACES):
    space = Space(spaces)
    proposals = Proposals(space, acquisition, init_points=10, seed=seed)
    points, scores = [], []
    while len(points) < n_trials:
        new = proposals.next(points, scores, min(n, n_trials - len(points)))
        scores += [function(**space.params(point)) for point in new]
        points += new
    return points, scores


@cache
def found(name, seed):
    """Points and scores of thirty trials; fewer trials are the first ones of these."""
    return search(30, seed, name)


@pytest.mark.parametrize("name", sorted(ACQUISITIONS))
def test_thirty_trials_beat_three_hundred_random_ones(name):
    rng = np.random.default_rng(0)
    space = Space(SPACES)
    random = [
        max(value(**space.params(p)) for p in space.decode(rng.random((300, 5))))
        for _ in range(5)
    ]
    best = [max(found(name, seed)[1]) for seed in range(3)]
    assert np.median(best) > np.median(random)


def test_several_points_at_a_time_are_different_and_good():
    points, scores = search(34, n=6)
    assert len(set(points)) == 34
    assert max(scores[10:]) > max(scores[:10])
    units = np.array([[p[0], np.log10(p[1]) / 2] for p in points[16:22]])
    distances = np.linalg.norm(units[:, None] - units, axis=-1)[np.triu_indices(6, 1)]
    assert distances.max() > 0.05  # the liar keeps them from crowding in one place


def test_no_point_twice_until_a_finite_space_is_used_up():
    spaces = {"x": (1, 4), "kind": ["a", "b", "c"], "flag": [True, False]}
    points, _ = search(24, function=lambda x, kind, flag: x, spaces=spaces)
    assert len(set(points)) == 24


def test_same_seed_same_points():
    assert search(16, seed=1) == tuple(part[:16] for part in found("ei", 1))
    assert found("ei", 1)[0][:10] != found("ei", 2)[0][:10]


def test_the_next_point_follows_from_what_was_seen_alone():
    """A search that goes on from a journal makes new `Proposals`."""
    points, scores = found("ei", 1)
    fresh = Proposals(Space(SPACES), "ei", init_points=10, seed=1)
    assert fresh.next(points[:13], scores[:13], 1) == points[13:14]


def test_failed_and_infinite_scores_do_no_harm():
    def fragile(**params):
        score = value(**params)
        return {0: np.nan, 1: -np.inf}.get(params["n"] % 3, score)

    _, scores = search(30, function=fragile)
    assert np.nanmax(scores[10:]) > np.nanmax(scores[:10])
    _, scores = search(14, function=lambda **_: np.nan)
    assert len(scores) == 14


def test_a_constant_score_does_no_harm():
    points, _ = search(14, function=lambda **_: 1.0)
    assert len(set(points)) == 14


def test_tamed_keeps_order_and_the_upper_half():
    scores = np.array([3.0, -1e9, np.nan, 1.0, 2.0, -5.0, 1.5])
    new = np.array(tamed(scores))
    filled = np.where(np.isnan(scores), -1e9, scores)
    assert (np.argsort(new, kind="stable") == np.argsort(filled, kind="stable")).all()
    upper = filled >= np.median(filled)
    np.testing.assert_array_equal(new[upper], filled[upper])
    assert new.min() > -50
    assert tamed([np.nan, np.nan]) == [0.0, 0.0]


def test_an_acquisition_function_of_the_library():
    function = acquisition.UpperConfidenceBound(kappa=1.0)
    _, scores = search(16, acquisition=function)
    assert max(scores[10:]) > max(scores[:10])


def test_the_model_expects_what_it_saw():
    """Oracle: the library's own prediction at registered points."""
    from skdl.model_selection._proposals import library_optimizer

    space = Space(SPACES)
    points, scores = found("ei", 0)
    optimizer = library_optimizer(
        space, "ei", zip(points, scores, strict=True), np.random.default_rng(0)
    )
    predicted = optimizer.predict([space.varied(p) for p in points])
    assert np.corrcoef(predicted, scores)[0, 1] > 0.95
    assert optimizer.max["target"] == max(scores)
    best = points[int(np.argmax(scores))]
    assert space.point(optimizer.max["params"])[1:] == pytest.approx(best[1:])
    assert set(optimizer.suggest()) == {"x", "rate", "kind", "n"}


@pytest.mark.slow
def test_a_proposal_takes_little_time_after_a_hundred_trials():
    points, scores = search(100)
    proposals = Proposals(Space(SPACES), "ei", init_points=10, seed=0)
    start = time.perf_counter()
    proposals.next(points, scores, 1)
    assert time.perf_counter() - start < 5  # seconds; benchmarks.search measures it
