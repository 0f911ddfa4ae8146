"""Differences are NumPy's, and the way back gives the future that they were from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skdl._series import SeriesTransform

FORMS = [
    pytest.param(log, d, season, id=f"log={log}-{d}-{season}")
    for log in (False, True)
    for d in (0, 1, 2)
    for season in (0, 1, 4)
]


def by_numpy(levels, d, season):
    if season:
        levels = levels[season:] - levels[:-season]
    return np.diff(levels, n=d, axis=0)


@pytest.fixture
def values():
    return np.exp(np.random.default_rng(0).normal(size=(30, 2)).cumsum(axis=0) / 5)


@pytest.mark.parametrize(("log", "d", "season"), FORMS)
def test_differences_are_those_of_numpy(values, log, d, season):
    transform = SeriesTransform(log, d, season)
    levels = transform.levels(values)
    assert_allclose(levels, np.log(values) if log else values)
    expected = by_numpy(levels, d, season)
    assert transform.n_lost == len(values) - len(expected)
    assert_allclose(transform.differences(levels), expected, atol=1e-12)


@pytest.mark.parametrize(("log", "d", "season"), FORMS)
def test_true_differences_give_the_true_future(values, log, d, season):
    transform, n = SeriesTransform(log, d, season), 20
    levels = transform.levels(values)
    future = by_numpy(levels, d, season)[n - transform.n_lost :]
    found = transform.values(
        transform.integrate(future, levels[n - transform.n_lost : n])
    )
    assert_allclose(found, values[n:], rtol=1e-12)


def test_many_futures_at_once_are_each_alone():
    transform, rng = SeriesTransform(False, 1, 3), np.random.default_rng(0)
    future, past = rng.normal(size=(5, 6, 2)), rng.normal(size=(5, 4, 2))
    alone = [transform.integrate(*pair) for pair in zip(future, past, strict=True)]
    assert_allclose(transform.integrate(future, past), alone)
    shared = [transform.integrate(one, past[0]) for one in future]
    assert_allclose(transform.integrate(future, past[0]), shared)


def test_what_is_given_stays_as_it_is(values):
    values.flags.writeable = False
    transform = SeriesTransform(False, 1, 2)
    transform.integrate(transform.differences(values), values[:3])
