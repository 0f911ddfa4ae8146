"""Forecasts are those of NumPy by hand, in the form and with the labels of the series.

Least squares take the place of the networks where numbers are compared.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.estimators.forecasters import LinearForecaster, autoregression

MONTHS = pd.date_range("2010-01-01", periods=120, freq="MS", name="month")


def by_hand(levels, window, horizon):
    """Least squares on the windows of a series, and its forecast of the next steps."""
    n = len(levels) - window - horizon + 1
    X = np.array([np.ravel(levels[i : i + window]) for i in range(n)])
    y = np.array([np.ravel(levels[i + window :][:horizon]) for i in range(n)])
    coef = np.linalg.lstsq(np.c_[np.ones(n), X], y, rcond=None)[0]
    return lambda seen: np.r_[1, np.ravel(seen[-window:])] @ coef


@pytest.fixture
def sales():
    """Positive, growing, with a season of a year."""
    t = np.arange(120)
    noise = np.random.default_rng(0).normal(size=120) / 20
    return pd.Series(
        np.exp(3 + t / 60 + np.sin(t * np.pi / 6) / 3 + noise), MONTHS, name="sales"
    )


# -- numbers ---------------------------------------------------------------------------


def test_direct_forecasts_are_least_squares_on_windows():
    series = autoregression(200)
    found = LinearForecaster(5, 3).fit(series).predict()
    assert_allclose(found, by_hand(series, 5, 3)(series))


def test_fewer_steps_are_the_first_ones():
    forecaster = LinearForecaster(5, 3).fit(autoregression(200))
    assert_array_equal(forecaster.predict(2), forecaster.predict()[:2])


@pytest.mark.parametrize("horizon", [1, 3])
def test_recursion_feeds_blocks_back(horizon):
    series = autoregression(200)
    predict, seen = by_hand(series, 5, horizon), list(series)
    while len(seen) < 207:
        seen.extend(predict(seen))
    forecaster = LinearForecaster(5, horizon, strategy="recursive").fit(series)
    assert_allclose(forecaster.predict(7), seen[200:207])
    assert_allclose(forecaster.predict(), seen[200 : 200 + horizon])


def test_transforms_are_undone(sales):
    levels = np.log(sales.to_numpy())
    seasonal = levels[12:] - levels[:-12]
    differences = np.diff(seasonal)
    future = by_hand(differences, 6, 2)(differences)
    seasonal = seasonal[-1] + np.cumsum(future)
    expected = np.exp(seasonal + levels[-12:-10])
    forecaster = LinearForecaster(
        6, 2, log=True, differencing=1, seasonal_differencing=12
    )
    assert_allclose(forecaster.fit(sales).predict(), expected)


def test_recursion_undoes_transforms(sales):
    differences = np.diff(np.log(sales.to_numpy()))
    predict, seen = by_hand(differences, 13, 1), list(differences)
    for _ in range(24):
        seen.extend(predict(seen))
    expected = sales.iloc[-1] * np.exp(np.cumsum(seen[-24:]))
    forecaster = LinearForecaster(13, strategy="recursive", log=True, differencing=1)
    assert_allclose(forecaster.fit(sales).predict(24), expected)


def test_columns_are_forecast_together():
    series = autoregression(200, n_columns=2)
    series[1:, 1] = series[:-1, 0]  # so one is told by the other
    found = LinearForecaster(1, 2).fit(series).predict()
    assert_allclose(found, by_hand(series, 1, 2)(series).reshape(2, 2))
    assert_allclose(found[0, 1], series[-1, 0])


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize(("window", "horizon"), [(4, 1), (4, 3), (3, 3)])
def test_covariates_of_the_predicted_steps_are_known(strategy, window, horizon):
    rng = np.random.default_rng(0)
    exog = rng.normal(size=(200, 2))
    series = exog @ [[2.0, 1.0], [-1.0, 3.0]] + [5.0, 100.0]
    forecaster = LinearForecaster(window, horizon, strategy=strategy)
    forecaster.fit(series[:190], exog[:190])
    steps = 2 * horizon if strategy == "recursive" else horizon
    found = forecaster.predict(steps, exog[190 : 190 + steps])
    assert_allclose(found, series[190 : 190 + steps])
    later = forecaster.predict(1, exog[: 195 + horizon], series=series[:195])
    assert_allclose(later, series[195:196])


def test_covariates_are_those_of_the_predicted_step_by_hand():
    rng = np.random.default_rng(0)
    exog, series = rng.normal(size=100), autoregression(100)
    window, horizon, n = 4, 2, 80
    origins = np.arange(window - 1, n - horizon)
    X = np.array(
        [
            np.r_[1, series[t - 3 : t + 1], exog[t - 3 + horizon : t + 1 + horizon]]
            for t in [*origins, n - 1]
        ]
    )
    y = np.array([series[t + 1 : t + 3] for t in origins])
    expected = X[-1] @ np.linalg.lstsq(X[:-1], y, rcond=None)[0]
    forecaster = LinearForecaster(window, horizon).fit(series[:n], exog[:n])
    assert_allclose(forecaster.predict(exog=exog[n : n + 2]), expected)


def test_several_series_share_one_model_of_standardised_values():
    parts = {"a": 100 * autoregression(150) + 5, "b": autoregression(80, seed=1) - 7}
    standard = {k: (v - v.mean()) / v.std() for k, v in parts.items()}
    X, y = [], []
    for z in standard.values():
        X += [np.r_[1, z[i : i + 3]] for i in range(len(z) - 3)]
        y += list(z[3:])
    coef = np.linalg.lstsq(np.array(X), np.array(y), rcond=None)[0]
    found = LinearForecaster(3).fit(parts).predict()
    assert list(found) == ["a", "b"]
    for name, z in standard.items():
        expected = np.r_[1, z[-3:]] @ coef * parts[name].std() + parts[name].mean()
        assert_allclose(found[name], [expected])
    listed = LinearForecaster(3).fit(list(parts.values())).predict()
    assert_array_equal(listed, list(found.values()))


def test_covariates_may_tell_series_apart():
    rng = np.random.default_rng(0)
    exog = [np.c_[np.full(60, k), rng.normal(size=60)] for k in (0.0, 1.0)]
    series = [e[:, 1] * (1 - 2 * e[:, 0]) for e in exog]
    products = [np.c_[e, e[:, :1] * e[:, 1:]] for e in exog]
    forecaster = LinearForecaster(1, ridge=1e-9)
    forecaster.fit([s[:50] for s in series], [p[:50] for p in products])
    found = forecaster.predict(exog=[p[50:51] for p in products])
    assert_allclose(np.ravel(found), [s[50] for s in series], atol=1e-6)


def test_a_constant_series_goes_on():
    assert_allclose(LinearForecaster(3, 2).fit(np.full(20, 7.0)).predict(), [7.0, 7.0])


def test_a_newer_history_takes_the_place_of_the_series(sales):
    forecaster = LinearForecaster(6, 2, log=True, differencing=1).fit(sales[:100])
    assert_array_equal(forecaster.predict(series=sales[:100]), forecaster.predict())
    short = forecaster.predict(series=sales[103:110])
    assert_allclose(short, forecaster.predict(series=sales[:110]))
    assert list(short.index) == list(sales.index[110:112])
    # the model is that of fit, mean and standard deviation included
    differences = np.diff(np.log(sales.to_numpy()))
    predict = by_hand(differences[:99], 6, 2)
    expected = sales.iloc[109] * np.exp(np.cumsum(predict(differences[:109])))
    assert_allclose(short, expected)


# -- form ------------------------------------------------------------------------------


def test_forecasts_of_pandas_go_on_in_time(sales):
    found = LinearForecaster(6, 2).fit(sales).predict()
    expected = pd.date_range("2020-01-01", periods=2, freq="MS", name="month")
    assert_series_equal(found, pd.Series(found.to_numpy(), expected, name="sales"))
    frame = pd.DataFrame({"a": sales, "b": sales**2}).to_period()
    found = LinearForecaster(6, 2).fit(frame).predict()
    index = expected.to_period()
    assert_frame_equal(found, pd.DataFrame(found.to_numpy(), index, ["a", "b"]))


def test_labels_of_covariates_are_looked_up(sales):
    exog = pd.DataFrame({"x": np.arange(120.0), "y": np.arange(120) % 5}, MONTHS)
    series = sales * 0 + exog["x"] + 3 * exog["y"]
    forecaster = LinearForecaster(3, 2, ridge=1e-12).fit(series[:100], exog[::-1])
    expected = series[100:102]
    assert_allclose(forecaster.predict(exog=exog[["y", "x"]]), expected)
    assert_allclose(forecaster.predict(exog=exog[100:102]), expected)
    assert_allclose(forecaster.predict(exog=exog[100:102].to_numpy()), expected)
    later = forecaster.predict(exog=exog[109:112], series=series[:110])
    assert_allclose(later, series[110:112])


# -- contract --------------------------------------------------------------------------


def test_nothing_given_is_changed(sales):
    values = sales.to_numpy(copy=True)
    values.flags.writeable = False
    forecaster = LinearForecaster(6, 2, log=True, differencing=1, n_members=3)
    forecaster.fit(values).predict(series=values)
    assert_array_equal(values, sales)


@pytest.mark.parametrize("labelled", [True, False], ids=["pandas", "array"])
def test_what_the_user_changes_later_is_not_learnt(sales, labelled):
    given, known = sales.copy(), np.arange(120.0)
    if not labelled:
        given = sales.to_numpy(copy=True)
    forecaster = LinearForecaster(6, 2, ridge=1.0).fit(given, known)
    before = forecaster.predict(exog=[120.0, 121.0])
    given[:] = 0
    known[:] = 0
    assert_array_equal(forecaster.predict(exog=[120.0, 121.0]), before)


def test_the_strategy_is_that_of_fit(sales):
    forecaster = LinearForecaster(6, 2).fit(sales)
    with pytest.raises(ValueError, match="steps=3 is more than horizon=2"):
        forecaster.set_params(strategy="recursive").predict(3)


@pytest.mark.parametrize("exponent", [1000, 530, -530, -990])
def test_units_do_not_matter_however_large(exponent):
    series = autoregression(80) + 3
    unit = 2.0**exponent
    forecaster = LinearForecaster(4, 2, differencing=1, n_members=3)
    expected = forecaster.fit(series[:60]).predict()
    score = forecaster.score(series[60:])
    forecaster.fit(series[:60] * unit)
    assert_allclose(forecaster.predict() / unit, expected)
    assert forecaster.score(series[60:] * unit) == pytest.approx(score)


def test_numbers_too_large_for_differences_are_refused():
    with pytest.raises(ValueError, match=r"series has numbers of the size 1\.5e\+308"):
        LinearForecaster(3).fit([-1.5e308, 1.5e308] * 10)


@pytest.mark.parametrize("value", [7.1, 1e300, -1e-300, 0.0])
def test_any_constant_goes_on(value):
    found = LinearForecaster(3, 2, ridge=1.0).fit(np.full(20, value)).predict()
    assert_allclose(found, [value, value], rtol=1e-12)


def test_parameters_are_those_given():
    forecaster = LinearForecaster(6, 2, differencing=1)
    assert forecaster.get_params()["window"] == 6
    assert repr(clone(forecaster)) == repr(forecaster)
    assert forecaster.set_params(window=3).window == 3
    with pytest.raises(TypeError):
        LinearForecaster(6, 2, "recursive")


def test_a_failed_fit_leaves_the_forecaster_as_it_was(sales):
    forecaster = LinearForecaster(6, 2).fit(sales)
    before = forecaster.predict()
    with pytest.raises(ValueError, match="NaN"):
        forecaster.fit(sales.mask(sales > 50))
    assert_series_equal(forecaster.predict(), before)


def test_what_is_not_fitted_forecasts_nothing():
    for call in ("predict", "predict_interval"):
        with pytest.raises(NotFittedError):
            getattr(LinearForecaster(), call)()
    with pytest.raises(NotFittedError):
        LinearForecaster().score([1.0])


def test_the_shortest_series_has_one_window():
    short = LinearForecaster(4, 2, differencing=1, seasonal_differencing=3, ridge=1.0)
    series = autoregression(10)
    assert short.fit(series).predict().shape == (2,)
    with pytest.raises(ValueError, match="9 observations, but 10 are needed: window"):
        short.fit(series[:9])
    assert short.fit(series).predict(series=series[:8]).shape == (2,)
    with pytest.raises(ValueError, match="7 observations, but 8 are needed to"):
        short.predict(series=series[:7])


PARAMETERS = {
    "window": {"window": 0},
    "horizon": {"horizon": 1.5},
    "strategy": {"strategy": "both"},
    "log": {"log": "yes"},
    "differencing": {"differencing": 3},
    "seasonal_differencing": {"seasonal_differencing": -1},
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_wrong_parameters_are_named(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        LinearForecaster(**PARAMETERS[name]).fit(autoregression(50))


def test_wrong_calls_are_told_in_a_sentence(sales):
    fitted = LinearForecaster(4, 3).fit(sales)
    with pytest.raises(ValueError, match=r"steps=4 is more than horizon=3.*recursive"):
        fitted.predict(4)
    with pytest.raises(ValueError, match="steps=0 must be a whole number"):
        fitted.predict(0)
    with pytest.raises(TypeError, match=r"steps must be a whole number .* not 1\.5"):
        fitted.predict(1.5)
    with pytest.raises(
        TypeError, match=r"steps must be .* not Series\. Pass .* series="
    ):
        fitted.predict(sales)
    with pytest.raises(ValueError, match="exog is given, but fit saw none"):
        fitted.predict(exog=np.ones(3))
    with pytest.raises(ValueError, match="2 columns, but fit saw 1"):
        fitted.predict(series=np.ones((20, 2)))
    with pytest.raises(ValueError, match="0 at 2010-01-01, but log=True takes"):
        LinearForecaster(log=True).fit(sales - sales.iloc[0])
    with pytest.raises(ValueError, match=r"series\['b'\] has 2 obs"):
        LinearForecaster(4).fit({"a": sales, "b": [1.0, 2.0]})


def test_wrong_covariates_are_told_in_a_sentence(sales):
    exog = np.ones((120, 2))
    with pytest.raises(ValueError, match="window=2 must be at least horizon=3 if"):
        LinearForecaster(2, 3).fit(sales, exog)
    with pytest.raises(ValueError, match="exog has 100 rows, but 120 are needed"):
        LinearForecaster(4, 3).fit(sales, exog[:100])
    fitted = LinearForecaster(4, 3, strategy="recursive").fit(sales, exog)
    with pytest.raises(ValueError, match="exog is missing, but fit saw"):
        fitted.predict()
    with pytest.raises(ValueError, match="4 rows, but 6 are needed: from 2020-01"):
        fitted.predict(4, exog[:4])
    with pytest.raises(ValueError, match="1 column, but fit saw 2"):
        fitted.predict(exog=np.ones(3))
