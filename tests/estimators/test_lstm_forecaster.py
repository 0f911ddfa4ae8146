"""The forecaster's networks learn what there is to learn, and are as reproducible."""

import inspect

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skdl import LSTMForecaster
from skdl.display import HistoryDisplay
from tests.estimators.forecasters import autoregression

DAYS = pd.date_range("2024-01-01", periods=240)


def small(**parameters):
    defaults = {"units": 4, "n_members": 2, "epochs": 3, "random_state": 0}
    return LSTMForecaster(**{"window": 6, "horizon": 2, **defaults, **parameters})


@pytest.fixture(scope="module")
def waves():
    """Two waves and a little noise."""
    t = np.arange(240)
    noise = np.random.default_rng(0).normal(size=240) / 50
    return pd.Series(np.sin(t / 3) + np.sin(t / 7) + noise, DAYS, name="waves")


def test_waves_are_forecast_far_better_than_by_persistence(waves):
    forecaster = small(epochs=60, learning_rate=0.03, n_members=4)
    frame = forecaster.backtest(waves, 1, test_size=40)
    error = frame["forecast"] - frame["actual"]
    persistence = waves[frame["origin"]].to_numpy() - frame["actual"]
    assert np.mean(error**2) < 0.1 * np.mean(persistence**2)


def test_the_same_seed_gives_the_same_bits(waves):
    first, again, other = small(), small(), small(random_state=1)
    expected = first.fit(waves).predict()
    assert_array_equal(again.fit(waves).predict(), expected)
    assert (other.fit(waves).predict() != expected).all()
    assert_array_equal(first.predict_interval(), again.predict_interval())


def test_forecasts_are_the_mean_of_the_networks(waves):
    forecaster = small(strategy="recursive").fit(waves)
    window = ((waves - waves.mean()) / waves.std(ddof=0)).to_numpy()[-6:]
    members = forecaster.regressor_.member_predictions(window.reshape(1, 6, 1))
    expected = members.mean(axis=0)[0] * waves.std(ddof=0) + waves.mean()
    assert_allclose(forecaster.predict(), expected, rtol=1e-6)


def test_parameters_reach_the_networks(waves):
    given = {"cell": "gru", "epochs": 2, "learning_rate": 0.01, "loss": "huber"}
    forecaster = small(**given, autoregressive=False, early_stopping=True)
    regressor = forecaster.fit(waves).regressor_
    for name, value in given.items():
        assert getattr(regressor, name) == value
    assert not regressor.autoregressive
    assert regressor.n_members == 2
    assert len(forecaster.history_["loss"]) == forecaster.n_epochs_ == 2
    assert "val_loss" in forecaster.history_
    assert len(forecaster.member_histories_) == 2
    HistoryDisplay.from_estimator(forecaster)


WITHOUT_BLOCKS = {
    "one network": ({"n_members": 1}, 240, "intervals=True and n_members"),
    "no intervals": ({"intervals": False}, 240, "intervals=True and n_members"),
    "few windows": ({"n_members": 5, "horizon": 1, "window": 4}, 8, "too short"),
}


@pytest.mark.parametrize("case", WITHOUT_BLOCKS)
def test_early_stopping_needs_what_is_left_out(waves, case):
    parameters, n, message = WITHOUT_BLOCKS[case]
    given = waves[:n]
    with pytest.raises(ValueError, match=f"early_stopping=True needs .*{message}"):
        small(**parameters, early_stopping=True).fit(given)
    forecaster = small(**parameters, early_stopping="auto", epochs=1).fit(given)
    assert "val_loss" not in forecaster.history_


@pytest.mark.parametrize("n_windows", [1, 2])
def test_the_fewest_windows_warn_of_nothing(waves, n_windows):
    forecaster = small(units=2, epochs=1).fit(waves[: 7 + n_windows])
    assert np.isfinite(forecaster.predict()).all()


@pytest.mark.parametrize("unit", [1e300, 1e160, 1e-300])
def test_networks_take_any_units(waves, unit):
    forecaster = small(epochs=1).fit(waves * unit)
    lower, upper = forecaster.predict_interval(coverage=0.8)
    forecast = forecaster.predict() / unit
    assert_allclose(forecast, small(epochs=1).fit(waves).predict(), rtol=1e-4)
    assert (lower < upper).all()


def test_window_and_horizon_come_first():
    parameters = list(inspect.signature(LSTMForecaster).parameters.values())
    assert [p.name for p in parameters[:2]] == ["window", "horizon"]
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])
    forecaster = LSTMForecaster(12, 3, units=(8, 8))
    assert clone(forecaster).get_params() == forecaster.get_params()
    assert repr(forecaster) == "LSTMForecaster(horizon=3, units=(8, 8), window=12)"
    with pytest.raises(ValueError, match="'cell' parameter"):
        small(cell="rnn").fit([1.0, 2.0])


def test_an_optimizer_object_may_be_given(waves):
    forecaster = small(optimizer=keras.optimizers.Adam(0.01))
    first = forecaster.fit(waves).predict()
    assert_array_equal(clone(forecaster).fit(waves).predict(), first)


def test_several_series_with_covariates(waves):
    frame = pd.DataFrame({"a": waves, "b": waves**2})
    exog = pd.DataFrame({"x": np.arange(250.0)}, pd.date_range(DAYS[0], periods=250))
    series = {"long": frame, "short": frame[60:]}
    known = {"long": exog, "short": exog}
    forecaster = small(differencing=1).fit(series, known)
    found = forecaster.predict(exog=known)
    assert found["short"].shape == (2, 2)
    assert np.isfinite(found["long"]).all(axis=None)


@pytest.mark.slow
def test_a_search_trains_in_other_processes(waves):
    search = GridSearchCV(
        small(epochs=1),
        {"window": [3, 6]},
        cv=TimeSeriesSplit(2),
        n_jobs=2,
        error_score="raise",
    )
    assert np.isfinite(search.fit(waves).cv_results_["mean_test_score"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_intervals_of_networks_hold_what_they_promise(strategy):
    series = autoregression(4000, 0.7)
    forecaster = small(
        strategy=strategy, n_members=5, units=8, epochs=15, learning_rate=0.02
    )
    forecaster.fit(series[:2000])
    held = []
    for end in range(2010, 3995, 6):
        lower, upper = forecaster.predict_interval(
            coverage=0.8, series=series[end - 6 : end]
        )
        actual = series[end : end + 2]
        held.append((lower <= actual) & (actual <= upper))
    assert_allclose(np.mean(held, axis=0), 0.8, atol=0.07)
