"""Forecasting a shop: trend, season and offers, tested by walking forward.

Makes eleven years of monthly sales which grow, have a season, and are higher in months
with an offer; offers are known in advance. Forecasts for one month and for a year ahead
stand beside simple ones, over the last three years, and intervals are counted that held
what came. Run ``python examples/forecasting.py``; with ``--plots DIR`` pictures are
written there (needs matplotlib).
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from skdl import LSTMForecaster
from skdl.display import ForecastDisplay

YEARS, TESTED = 11, 36
SEASON = np.array([-3, -4, 2, 1, 0, 6, 9, 8, 2, -2, -8, -4]) / 20
TRANSFORMS = {"log": True, "differencing": 1}


def made_sales(seed):
    """Sales of each month, and how much of it had an offer."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2010-01-01", periods=12 * YEARS, freq="MS", name="month")
    offers = rng.choice([0.0, 0.5, 1.0], len(months), p=[0.6, 0.2, 0.2])
    trend = np.cumsum(rng.normal(0.008, 0.01, len(months)))
    noise = rng.normal(0, 0.03, len(months))
    # half a month of offers does nearly as much as a whole one
    logarithm = 5 + trend + np.tile(SEASON, YEARS) + 0.3 * np.sqrt(offers) + noise
    sales = pd.Series(np.exp(logarithm).round(1), months, name="sales")
    return sales, pd.DataFrame({"offers": offers}, months)


def error(actual, forecast):
    """Root mean squared error."""
    return float(np.sqrt(np.mean((forecast - actual) ** 2)))


def walked(forecaster, sales, offers=None):
    """Walk forward over the last years, with a fit for each of them."""
    n_splits = TESTED // 12
    return forecaster.backtest(sales, n_splits, exog=offers, test_size=12)


def naive(sales, lag, tested):
    """Sales some months before those that are forecast."""
    return sales.shift(lag).loc[tested["time"]].to_numpy()


def within(interval, came):
    """The share of what came that is inside."""
    lower, upper = interval
    return float(((lower <= came) & (came <= upper)).mean())


def tell(seed, plots):
    sales, offers = made_sales(seed)
    print(
        f"{len(sales)} months; the last {TESTED} are forecast from what came before\n"
    )
    settings = {**TRANSFORMS, "random_state": seed}
    print(f"{'':44s}  RMSE  seconds")
    frames = {}
    for horizon, title in ((1, "a month ahead"), (12, "a year ahead, all 12 months")):
        rows = {
            "LSTMForecaster": (LSTMForecaster(13, horizon, **settings), None),
            "LSTMForecaster, offers known": (
                LSTMForecaster(13, horizon, **settings),
                offers,
            ),
        }
        print(title)
        for name, (forecaster, exog) in rows.items():
            began = time.perf_counter()
            tested = frames[horizon, name] = walked(forecaster, sales, exog)
            seconds = time.perf_counter() - began
            rmse = error(tested["actual"], tested["forecast"])
            print(f"  {name:42s} {rmse:5.1f} {seconds:8.1f}")
        lags = {"the same month of last year": 12}
        if horizon == 1:
            lags = {"the month before": 1, **lags}
        for name, lag in lags.items():
            rmse = error(tested["actual"], naive(sales, lag, tested))
            print(f"  {name:42s} {rmse:5.1f}")

    print("\nmonths inside their interval of 80 %, offers known")
    forecaster, start = LSTMForecaster(13, **settings), len(sales) - TESTED
    forecaster.fit(sales[:start], offers[:start])
    inside = [
        within(
            forecaster.predict_interval(1, 0.8, offers[: end + 1], series=sales[:end]),
            sales[end : end + 1],
        )
        for end in range(start, len(sales))
    ]
    print(f"  {'a month ahead, one fit':42s} {np.mean(inside):5.0%}")
    inside = []
    for end in range(start, len(sales), 12):
        came, ahead = sales[end : end + 12], offers[end : end + 12]
        forecaster = LSTMForecaster(13, 12, **settings)
        forecaster.fit(sales[:end], offers[:end])
        interval = forecaster.predict_interval(coverage=0.8, exog=ahead)
        inside.append(within(interval, came))
    print(f"  {'a year ahead, a fit for each year':42s} {np.mean(inside):5.0%}")

    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        display = ForecastDisplay.from_estimator(
            forecaster, coverage=0.8, exog=ahead, actual=came
        )
        display.figure_.savefig(plots / "forecast.png", dpi=120)
        tested = frames[1, "LSTMForecaster, offers known"]
        display = ForecastDisplay.from_backtest(tested)
        display.figure_.savefig(plots / "backtest.png", dpi=120)
        print(f"\npictures are in {plots}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of sales and networks")
    parser.add_argument("--plots", type=Path, help="folder for pictures")
    options = parser.parse_args()
    tell(options.seed, options.plots)


if __name__ == "__main__":
    main()
