"""Figures of forecasts show the numbers of the forecaster, at their times."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.display import ForecastDisplay
from tests.estimators.forecasters import LinearForecaster, autoregression

MONTHS = pd.date_range("2015-01-01", periods=100, freq="MS")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def series():
    return pd.Series(autoregression(100), MONTHS, name="sales")


def fitted(series, **parameters):
    return LinearForecaster(4, 6, n_members=3, **parameters).fit(series)


def edges(band):
    """The lower and the upper line of a band, from left to right."""
    points = pd.DataFrame(band.get_paths()[0].vertices, columns=["x", "y"])
    return points.groupby("x")["y"].agg(["min", "max"]).to_numpy().T


def test_lines_are_the_series_and_its_forecast(series):
    forecaster = fitted(series[:90])
    display = ForecastDisplay.from_estimator(
        make_pipeline(forecaster), actual=series[90:94], n_history=10
    )
    (observed,), (actual,) = display.observed_lines_, display.actual_lines_
    (forecast,), (band,) = display.forecast_lines_, display.bands_
    assert_array_equal(observed.get_xdata(), MONTHS[80:90])
    assert_array_equal(observed.get_ydata(), series[80:90])
    assert_array_equal(actual.get_xdata(), MONTHS[90:94])
    assert_array_equal(actual.get_ydata(), series[90:94])
    assert_array_equal(forecast.get_xdata(), MONTHS[90:96])
    assert_array_equal(forecast.get_ydata(), forecaster.predict())
    assert_allclose(edges(band), forecaster.predict_interval(coverage=0.8))
    assert display.ax_.get_title() == "sales"
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["observed", "actual", "forecast", "80 % interval"]


def test_without_intervals_one_network_is_enough(series):
    forecaster = LinearForecaster(4, 6).fit(series)
    display = ForecastDisplay.from_estimator(forecaster, 2, coverage=None)
    assert display.bands_ == []
    assert_array_equal(display.forecast_lines_[0].get_ydata(), forecaster.predict(2))
    assert len(display.observed_lines_[0].get_xdata()) == 24
    with pytest.raises(ValueError, match="n_members of at least 2"):
        ForecastDisplay.from_estimator(forecaster, coverage=0.8)
    few = LinearForecaster(4, n_members=2, ridge=1.0).fit(series[:12])
    with pytest.raises(ValueError, match="at least 9 windows, but fit saw 8"):
        few.predict_interval(coverage=0.8)
    for one in (forecaster, few):
        assert ForecastDisplay.from_estimator(one).bands_ == []


def test_a_pipeline_that_transforms_is_not_drawn(series):
    pipe = make_pipeline(FunctionTransformer(np.exp), LinearForecaster(4)).fit(series)
    with pytest.raises(ValueError, match=r"'functiontransformer' .* Pass pipe\[-1\]"):
        ForecastDisplay.from_estimator(pipe)
    ForecastDisplay.from_estimator(pipe[-1])
    pipe = make_pipeline("passthrough", LinearForecaster(4)).fit(series)
    ForecastDisplay.from_estimator(pipe)


def test_wrong_arguments_are_told_in_a_sentence(series):
    forecaster = fitted(series)
    with pytest.raises(ValueError, match="n_history=0 must be a whole number"):
        ForecastDisplay.from_estimator(forecaster, n_history=0)
    with pytest.raises(
        TypeError, match=r"steps must be a list, such as \[1\], and not 1"
    ):
        ForecastDisplay.from_backtest(forecaster.backtest(series, 2), steps=1)


INDICES = {
    "array": None,
    "numbers": pd.RangeIndex(5, 105),
    "periods": MONTHS.to_period(),
    "durations": pd.timedelta_range("0h", periods=100, freq="6h"),
    "time zone": MONTHS.tz_localize("Europe/Berlin"),
}


@pytest.mark.parametrize("kind", INDICES)
def test_all_kinds_of_labels_can_be_drawn(series, kind):
    index = INDICES[kind]
    given = series.to_numpy() if index is None else series.set_axis(index)
    display = ForecastDisplay.from_estimator(fitted(given))
    ForecastDisplay.from_backtest(LinearForecaster(4, 2).backtest(given, 2))
    display.figure_.canvas.draw()
    places = display.ax_.convert_xunits(display.forecast_lines_[0].get_xdata())
    before = display.ax_.convert_xunits(display.observed_lines_[0].get_xdata())
    assert np.all(np.diff([*before, *places]) > 0)


def test_each_series_and_column_has_a_panel():
    frame = pd.DataFrame(autoregression(100, n_columns=2), MONTHS, ["p", "q"])
    forecaster = fitted({"a": frame, "b": frame[20:] * 2})
    display = ForecastDisplay.from_estimator(forecaster)
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["a, p", "a, q", "b, p", "b, q"]
    drawn = [line.get_ydata() for line in display.forecast_lines_]
    expected = forecaster.predict()
    assert_array_equal(drawn, np.concatenate([expected["a"].T, expected["b"].T]))
    frame = forecaster.backtest({"a": frame, "b": frame[20:] * 2}, 2, test_size=10)
    walked = ForecastDisplay.from_backtest(frame, steps=[6])
    assert [ax.get_title() for ax in walked.axes_] == titles


def test_axes_of_the_user_are_drawn_on(series):
    figure, (first, second) = plt.subplots(2)
    display = ForecastDisplay.from_estimator(fitted(series), ax=second)
    assert display.ax_ is second
    assert display.figure_ is figure
    assert not first.lines
    with pytest.raises(ValueError, match="ax has 1 axes, but 2 are needed"):
        ForecastDisplay.from_estimator(fitted([series, series]), ax=first)


def test_a_backtest_shows_what_was_forecast_when(series):
    frame = LinearForecaster(4, 3).backtest(series, 2, test_size=10)
    display = ForecastDisplay.from_backtest(frame)
    assert len(display.forecast_lines_) == 2
    for step, line in zip([1, 3], display.forecast_lines_, strict=True):
        part = frame[frame["step"] == step]
        assert_array_equal(line.get_xdata(), part["time"])
        assert_array_equal(line.get_ydata(), part["forecast"])
        rmse = np.sqrt(np.mean((part["actual"] - part["forecast"]) ** 2))
        assert line.get_label().endswith(f"(RMSE {rmse:.3g})")
    (actual,) = display.actual_lines_
    assert_array_equal(actual.get_xdata(), MONTHS[80:])
    assert_array_equal(actual.get_ydata(), series[80:])
    places = [line.get_xdata()[0] for line in display.ax_.lines[-2:]]
    assert_array_equal(pd.DatetimeIndex(places), MONTHS[[79, 89]])
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[-1] == "split"
    with pytest.raises(ValueError, match="holds 4, but the backtest has"):
        ForecastDisplay.from_backtest(frame, steps=[4])


def test_what_is_not_fitted_is_not_drawn():
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(LinearForecaster())


def test_without_matplotlib_it_says_what_to_install(series, monkeypatch):
    forecaster = fitted(series)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install"):
        ForecastDisplay.from_estimator(forecaster)
