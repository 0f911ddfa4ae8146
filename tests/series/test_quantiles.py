"""Conformal bounds hold a new residual as often as they promise."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skdl._series import conformal_quantiles, most_coverage


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_ranks_hold_a_new_one_with_the_probability(coverage):
    n = 59
    # ranks are what counts: a new one falls into any of the n + 1 gaps alike
    lower, upper = conformal_quantiles(np.arange(n), coverage)
    assert (upper - lower) / (n + 1) == pytest.approx(coverage, abs=1e-9)
    assert lower == n - 1 - upper


@pytest.mark.parametrize("n", [19, 20, 33, 100])
def test_bounds_are_never_too_narrow(n):
    lower, upper = conformal_quantiles(np.arange(n), 0.9)
    assert (upper - lower) / (n + 1) >= 0.9 - 1e-9


def test_each_column_has_its_own():
    residuals = np.random.default_rng(0).normal(size=(99, 3, 2))
    lower, upper = conformal_quantiles(residuals, 0.8)
    assert_array_equal(lower, np.sort(residuals, axis=0)[9])
    assert_array_equal(upper, np.sort(residuals, axis=0)[89])


def test_all_of_them_hold_most():
    n = 9
    lower, upper = conformal_quantiles(np.arange(n), most_coverage(n))
    assert (lower, upper) == (0, n - 1)
    assert most_coverage(n) == pytest.approx((n - 1) / (n + 1))
