"""Walking forward is a loop of fit and predict, and nothing of the future leaks in."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.model_selection import BayesSearchCV
from tests.estimators.forecasters import LinearForecaster, autoregression

DAYS = pd.date_range("2024-01-01", periods=100, name="day")


@pytest.fixture
def series():
    return pd.Series(autoregression(100).cumsum() + 50, DAYS)


def by_a_loop(forecaster, series, n_splits, test_size, steps, *, refit=True):
    """(split, origin, step) -> forecast, by fit and predict alone."""
    found, fitted = {}, None
    for split in range(n_splits):
        cut = len(series) - (n_splits - split) * test_size
        if refit or fitted is None:
            fitted = clone(forecaster).fit(series[:cut])
        for end in range(cut, min(cut + test_size, len(series) - steps + 1)):
            forecasts = np.asarray(fitted.predict(steps, series=series[:end]))
            for step, value in enumerate(forecasts, start=1):
                found[split, end - 1, step] = value
    return found


@pytest.mark.parametrize("refit", [True, False], ids=["refit", "once"])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_a_backtest_is_a_loop_of_fit_and_predict(series, strategy, refit):
    forecaster = LinearForecaster(4, 3, strategy=strategy, differencing=1)
    frame = forecaster.backtest(series, 3, test_size=10, refit=refit)
    expected = by_a_loop(forecaster, series, 3, 10, 3, refit=refit)
    assert list(frame) == ["split", "origin", "step", "time", "actual", "forecast"]
    place = DAYS.get_indexer(frame["origin"])
    keys = list(zip(frame["split"], place, frame["step"], strict=True))
    assert keys == list(expected)
    assert_allclose(frame["forecast"], list(expected.values()))
    assert (
        frame["time"] - frame["origin"] == pd.to_timedelta(frame["step"], "D")
    ).all()
    assert_array_equal(frame["actual"], series[frame["time"]])
    assert not hasattr(forecaster, "regressor_")


def test_one_step_ahead_tests_each_of_the_last_once(series):
    frame = LinearForecaster(4).backtest(series, 3, test_size=12)
    assert list(frame["time"]) == list(DAYS[-36:])
    assert frame["split"].tolist() == [0] * 12 + [1] * 12 + [2] * 12
    default = LinearForecaster(4).backtest(series, 4)
    splits = TimeSeriesSplit(4).split(series)
    assert list(default["time"]) == list(DAYS[np.concatenate([t for _, t in splits])])
    assert len(LinearForecaster(4).backtest(series, 1, test_size=12)) == 12


def test_more_steps_than_a_block(series):
    forecaster = LinearForecaster(4, 2, strategy="recursive")
    frame = forecaster.backtest(series, 2, steps=5, test_size=8)
    expected = by_a_loop(forecaster, series, 2, 8, 5)
    assert_allclose(frame["forecast"], list(expected.values()))


def test_positions_are_the_labels_of_an_array(series):
    values = series.to_numpy()
    frame = LinearForecaster(4).backtest(values, 2, test_size=5)
    assert frame["origin"].tolist() == list(range(89, 99))
    assert frame["time"].tolist() == list(range(90, 100))


def test_several_series_and_columns_with_covariates():
    exog = np.random.default_rng(0).normal(size=(80, 2))
    one = pd.DataFrame(exog @ [[1.0, 2.0], [3.0, 0.0]], columns=["p", "q"])
    series, known = {"a": one, "b": 2 * one[30:]}, {"a": exog, "b": exog[30:]}
    forecaster = LinearForecaster(3, 2, ridge=1e-12)
    frame = forecaster.backtest(series, 2, exog=known, test_size=6)
    assert list(frame.columns[4:]) == ["series", "column", "actual", "forecast"]
    counts = frame.groupby(["split", "series", "column", "step"]).size()
    assert counts[0].tolist() == [6] * 8
    assert counts[1].tolist() == [5] * 8
    for _, row in frame.iterrows():
        assert row["actual"] == series[row["series"]].loc[row["time"], row["column"]]
    # the same with each series' own means, which a change of units leaves alone
    scaled = {"a": one * 5, "b": series["b"]}
    again = forecaster.backtest(scaled, 2, exog=known, test_size=6)
    factor = frame["series"].map({"a": 5, "b": 1})
    assert_allclose(again["forecast"], frame["forecast"] * factor)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_the_future_changes_no_forecast_made_before(series, strategy):
    forecaster = LinearForecaster(
        4, 2, strategy=strategy, log=True, differencing=1, ridge=1.0
    )
    series = np.exp(series / 50)
    frame = forecaster.backtest(series, 3, test_size=10)
    for end in (70, 75, 80, 93):
        other = series.copy()
        other[end:] = 1000 + np.arange(100 - end) ** 2
        again = forecaster.backtest(other, 3, test_size=10)
        before = (frame["origin"] < DAYS[end]).to_numpy()
        assert_array_equal(again["forecast"][before], frame["forecast"][before])
        assert (again["forecast"] != frame["forecast"])[~before].all()


def test_means_are_those_of_the_past(series):
    forecaster = LinearForecaster(4, ridge=10.0)  # which scaling changes
    frame = forecaster.backtest(series, 1, test_size=20)
    past = series[:80]
    assert_allclose(frame["forecast"].iloc[0], clone(forecaster).fit(past).predict())
    standards = clone(forecaster).fit(past)._model.standards[0]
    assert_allclose(
        [standards.mean[0], standards.scale[0]], [past.mean(), past.std(ddof=0)]
    )


def test_a_score_is_that_of_walking_forward(series):
    forecaster = LinearForecaster(4, 2, differencing=1).fit(series[:70])
    actual, forecast = [], []
    for end in range(70, 99):
        actual.append(series[end : end + 2])
        forecast.append(forecaster.predict(series=series[:end]))
    expected = r2_score(np.ravel(actual), np.ravel(forecast))
    assert forecaster.score(series[70:]) == pytest.approx(expected)
    assert forecaster.score(series[70:].to_numpy()) == pytest.approx(expected)


def test_a_score_is_the_mean_over_columns_and_series():
    frame = autoregression(100, n_columns=2)
    forecaster = LinearForecaster(2).fit({"a": frame[:80], "b": frame[:60] * 3})
    later = {"a": frame[80:], "b": frame[60:70] * 3}
    scores = []
    for name, start, end, factor in [("a", 80, 100, 1), ("b", 60, 70, 3)]:
        whole = frame * factor
        forecasts = [
            forecaster.predict(series={"a": whole[:n], "b": whole[:n]})[name][0]
            for n in range(start, end)
        ]
        scores.append(r2_score(whole[start:end], forecasts))
    assert forecaster.score(later) == pytest.approx(np.mean(scores))


def test_a_score_needs_what_comes_next(series):
    forecaster = LinearForecaster(4, 3).fit(series[:70])
    with pytest.raises(ValueError, match=r"begins at 2024-03-12, but .* 2024-03-11 on"):
        forecaster.score(series[71:])
    with pytest.raises(ValueError, match="2 observations, but 3 are needed for a fore"):
        forecaster.score(series[70:72])
    with pytest.raises(ValueError, match="two forecasts at least, but with horizon=1"):
        LinearForecaster(4).fit(series[:70]).score(series[70:71])
    with pytest.raises(ValueError, match="exog is given, but fit saw none"):
        forecaster.score(series[70:], np.ones(30))


def test_why_there_is_no_backtest(series):
    forecaster = LinearForecaster(4, 3)
    with pytest.raises(
        ValueError, match=r"5 splits of 19 .* leave 5 of the 100 .* takes 7"
    ):
        forecaster.backtest(series, 5, test_size=19)
    with pytest.raises(ValueError, match="test_size=2 must be at least 3, the steps"):
        forecaster.backtest(series, 5, test_size=2)
    with pytest.raises(ValueError, match="n_splits=0 must be a whole number"):
        forecaster.backtest(series, 0)
    with pytest.raises(ValueError, match="steps=4 is more than horizon=3"):
        forecaster.backtest(series, 2, steps=4)


# -- with scikit-learn -----------------------------------------------------------------


@pytest.mark.parametrize("labelled", [True, False], ids=["pandas", "array"])
def test_cross_validation_walks_forward(series, labelled):
    given = series if labelled else series.to_numpy()
    forecaster = LinearForecaster(4, 2)
    expected = [
        clone(forecaster).fit(series[train]).score(series[test])
        for train, test in TimeSeriesSplit(3).split(np.arange(100))
        for train, test in [(slice(len(train)), slice(test[0], test[-1] + 1))]
    ]
    found = cross_val_score(forecaster, given, cv=TimeSeriesSplit(3))
    assert_allclose(found, expected)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_grid_is_searched(series, n_jobs):
    search = GridSearchCV(
        LinearForecaster(4),
        {"window": [1, 4], "differencing": [0, 1]},
        cv=TimeSeriesSplit(3),
        n_jobs=n_jobs,
        error_score="raise",
    )
    search.fit(series)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert list(search.predict(1).index) == [DAYS[-1] + pd.Timedelta(1, "D")]


def test_covariates_take_the_place_of_y_in_a_search():
    exog = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 2)), DAYS)
    series = exog @ [1.0, 2.0]
    search = GridSearchCV(
        LinearForecaster(2, ridge=1e-9), {"window": [2, 3]}, cv=TimeSeriesSplit(3)
    )
    search.fit(series, exog)
    assert search.best_score_ == pytest.approx(1)


def test_shuffled_parts_of_labelled_series_are_refused_in_a_search(series):
    with pytest.raises(ValueError, match=r"not regular: after|begins at"):
        cross_val_score(LinearForecaster(4), series, cv=KFold(5), error_score="raise")


def test_a_bayesian_search_walks_forward(series):
    search = BayesSearchCV(
        LinearForecaster(4),
        {"window": (1, 6)},
        n_iter=3,
        cv=TimeSeriesSplit(2),
        random_state=0,
    )
    search.fit(series)
    assert np.isfinite(search.best_score_)
    assert search.best_estimator_.predict().index[0] > DAYS[-1]


def test_a_pipeline_may_end_in_a_forecaster(series):
    alone = make_pipeline(LinearForecaster(4, 2)).fit(series)
    assert_array_equal(alone.predict(1), LinearForecaster(4, 2).fit(series).predict(1))
    logarithm = make_pipeline(FunctionTransformer(np.log), LinearForecaster(4, 2))
    logs = np.log(series)
    expected = LinearForecaster(4, 2).fit(logs[:80]).score(logs[80:])
    assert logarithm.fit(series[:80]).score(series[80:]) == pytest.approx(expected)
    scores = cross_validate(logarithm, series, cv=TimeSeriesSplit(3))["test_score"]
    assert np.isfinite(scores).all()
