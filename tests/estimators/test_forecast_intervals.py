"""Intervals hold the future as often as they promise."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.linear_model import LinearRegression

from skdl._sequences import windows
from skdl.estimators._forecast_held_out import held_out_blocks
from tests.estimators.forecasters import LinearForecaster, autoregression

PHI = 0.8


@pytest.fixture(scope="module")
def series():
    return autoregression(4000, PHI)


def share_held(forecaster, future, steps, coverage, stride=3):
    """How often what came lies within the interval, for each step."""
    held = []
    for end in range(20, len(future) - steps, stride):
        lower, upper = forecaster.predict_interval(
            steps, coverage, series=future[end - 20 : end]
        )
        actual = future[end : end + steps]
        held.append((lower <= actual) & (actual <= upper))
    return np.mean(held, axis=0)


@pytest.mark.parametrize("differencing", [0, 1])
def test_direct_intervals_hold_what_they_promise(series, differencing):
    forecaster = LinearForecaster(5, 3, n_members=5, differencing=differencing)
    forecaster.fit(series[:2000])
    shares = share_held(forecaster, series[2000:], 3, 0.8)
    assert_allclose(shares, 0.8, atol=0.05)


def test_simulated_intervals_hold_what_they_promise(series):
    forecaster = LinearForecaster(
        5, 1, n_members=5, strategy="recursive", random_state=0
    )
    forecaster.fit(series[:2000])
    shares = share_held(forecaster, series[2000:], 3, 0.8, stride=6)
    assert_allclose(shares, 0.8, atol=0.06)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_widths_are_those_of_an_autoregression(series, strategy):
    horizon = 4 if strategy == "direct" else 1
    forecaster = LinearForecaster(
        1, horizon, n_members=4, strategy=strategy, random_state=0
    ).fit(series)
    lower, upper = forecaster.predict_interval(4, 0.9)
    # the variance of an AR(1) forecast: 1 + phi² + phi⁴ + ...
    sd = np.sqrt(np.cumsum(PHI ** (2 * np.arange(4))))
    assert_allclose(upper - lower, 2 * norm.ppf(0.95) * sd, rtol=0.1)


def test_paths_of_a_walk_spread_with_the_root_of_time():
    walk = np.random.default_rng(0).normal(size=1000).cumsum()
    forecaster = LinearForecaster(
        1, n_members=4, strategy="recursive", differencing=1, random_state=0
    )
    lower, upper = forecaster.fit(walk).predict_interval(16, 0.8)
    expected = 2 * norm.ppf(0.9) * np.sqrt(np.arange(1, 17))
    assert_allclose(upper - lower, expected, rtol=0.15)


def test_residuals_are_those_of_the_member_that_left_the_window_out():
    series, n_members, horizon = autoregression(103), 4, 2
    forecaster = LinearForecaster(2, horizon, n_members=n_members).fit(series)
    X, y = windows(series[:-2], 2), windows(series[2:], 2)  # 100 windows
    expected = np.empty((100, 2))
    for block in np.array_split(np.arange(100), n_members):
        near = np.arange(max(block[0] - 1, 0), min(block[-1] + 2, 100))
        own = np.setdiff1d(np.arange(100), near)
        model = LinearRegression().fit(X[own], y[own])
        expected[block] = y[block] - model.predict(X[block])
    assert_allclose(forecaster.residuals_, expected)
    ordered = np.sort(expected, axis=0)
    lower, upper = forecaster.predict_interval(coverage=0.8)
    point = forecaster.predict()
    assert_allclose(lower, point + ordered[9])
    assert_allclose(upper, point + ordered[90])


def test_residuals_are_in_the_units_of_the_undifferenced_logarithm():
    series = np.exp(autoregression(200, n_columns=2).cumsum(axis=0) / 10)
    forecaster = LinearForecaster(3, 2, n_members=2, log=True, differencing=1)
    forecaster.fit(series)
    member = forecaster.regressor_.coefs[0]  # left out the first windows
    levels = np.log(series)
    differences = np.diff(levels, axis=0)
    z = (differences - differences.mean(0)) / differences.std(0)
    forecast = (np.r_[1, z[:3].ravel()] @ member).reshape(2, 2)
    forecast = forecast * differences.std(0) + differences.mean(0)
    expected = levels[4:6] - (levels[3] + np.cumsum(forecast, axis=0))
    assert forecaster.residuals_.shape == (200 - 1 - 3 - 2 + 1, 2, 2)
    assert_allclose(forecaster.residuals_[0], expected)
    lower, upper = forecaster.predict_interval(coverage=0.5)
    assert (lower > 0).all()
    assert (lower < upper).all()


@pytest.mark.parametrize("counts", [[50], [20, 37], [100, 3]])
@pytest.mark.parametrize("horizon", [1, 4])
def test_members_learn_no_step_that_their_block_is_judged_by(counts, horizon):
    held_out = held_out_blocks(counts, 5, horizon)
    starts = np.repeat(np.cumsum([0, *counts[:-1]]), counts)
    series = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(sum(counts)) - starts
    for k, rows in enumerate(held_out.rows):
        own = np.setdiff1d(np.arange(sum(counts)), rows)
        block = np.flatnonzero(held_out.owner == k)
        assert set(block) <= set(rows)
        learnt = {(series[i], place[i] + s) for i in own for s in range(horizon)}
        judged = {(series[i], place[i] + s) for i in block for s in range(horizon)}
        assert not learnt & judged
        # and leave out no window more than that takes
        spare = set(rows) - set(block)
        assert all(
            {(series[i], place[i] + s) for s in range(horizon)} & judged for i in spare
        )
    sizes = np.bincount(held_out.owner)
    assert sizes.sum() == sum(counts)
    assert np.ptp(sizes) <= len(counts)


def test_the_same_call_gives_the_same_interval(series):
    forecaster = LinearForecaster(3, n_members=2, strategy="recursive", random_state=0)
    forecaster.fit(series[:200])
    first = forecaster.predict_interval(5)
    assert_array_equal(first, forecaster.predict_interval(5))
    again = LinearForecaster(3, n_members=2, strategy="recursive", random_state=0)
    assert_array_equal(first, again.fit(series[:200]).predict_interval(5))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_bounds_have_the_form_of_forecasts(strategy):
    index = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame(autoregression(100, n_columns=2), index, ["a", "b"])
    exog = pd.DataFrame(
        {"x": np.arange(110.0)}, index.union(index + pd.Timedelta(10, "D"))
    )
    forecaster = LinearForecaster(4, 2, strategy=strategy, n_members=3, ridge=1e-6)
    forecaster.fit({"u": frame, "v": frame[50:]}, {"u": exog, "v": exog})
    options = {"exog": {"u": exog, "v": exog}}
    point = forecaster.predict(2, **options)
    for bound in forecaster.predict_interval(2, 0.6, **options):
        assert list(bound) == ["u", "v"]
        for name, forecast in point.items():
            assert bound[name].index.equals(forecast.index)
            assert bound[name].columns.equals(forecast.columns)


def test_a_short_series_of_several_borrows_residuals():
    long, short = autoregression(300), 100 * autoregression(15, seed=1)
    forecaster = LinearForecaster(2, n_members=3).fit([long, short])
    lower, upper = forecaster.predict_interval(coverage=0.9)
    widths = [(u - b)[0] for b, u in zip(lower, upper, strict=True)]
    assert widths[1] / widths[0] == pytest.approx(short.std() / long.std(), rel=0.3)


def test_why_there_is_no_interval(series):
    with pytest.raises(ValueError, match="n_members of at least 2"):
        LinearForecaster(3).fit(series[:50]).predict_interval()
    forecaster = LinearForecaster(3, n_members=2).fit(series[:50])
    for coverage in (0, 1, 90, "0.9", True):
        with pytest.raises(ValueError, match="must be a number between 0 and 1"):
            forecaster.predict_interval(coverage=coverage)
    with pytest.raises(
        ValueError, match=r"at least 199 windows, but .* 47\. Take .*0\.95"
    ):
        forecaster.predict_interval(coverage=0.99)
    forecaster = LinearForecaster(3, n_members=3, intervals=False).fit(series[:50])
    assert forecaster.regressor_.held_out is None
    with pytest.raises(ValueError, match="Fit with intervals=True"):
        forecaster.predict_interval()
    assert held_out_blocks([3], 5, 1) is None
    few = LinearForecaster(4, n_members=5, ridge=1.0).fit(series[:8])
    assert few.regressor_.held_out is None
    long = LinearForecaster(3, 10, n_members=5).fit(series[:40])
    assert long.residuals_ is None
    with pytest.raises(ValueError, match="of fit is too short: with horizon=10"):
        long.predict_interval()
