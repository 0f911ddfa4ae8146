"""LSTMForecaster one month ahead, beside simple forecasts of the same months.

Run ``python -m benchmarks.forecasting --help``; README.md beside this file says what is
measured.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks._forecasters import plain_lstm, ridge, seasonal_naive, skdl_forecaster
from benchmarks._machine import machine, one_line, tell
from benchmarks._measure import timed
from benchmarks._monthly import FILES, FOLDER, read_problem
from benchmarks._options import add_parts, add_settings
from benchmarks._targets import Target, target_dicts, target_table
from benchmarks._text import aligned

# chosen with --validation; what is not named stays at skdl's default
TRANSFORMS = {
    "airline": {"window": 13, "log": True, "differencing": 1},
    "sunspots": {"window": 24},
}
SETTINGS = {"airline": {"epochs": 200, "learning_rate": 0.003}, "sunspots": {}}

PACKAGES = ("scikit-learn", "tensorflow", "keras")
LAGS = {"airline": (1, 12), "sunspots": (1, 12, 132)}
LAG_NAMES = {1: "persistence", 12: "seasonal naive, 12 months"}
SKDL = "LSTMForecaster"
SEEDS = 5


class Row(NamedTuple):
    """What one forecaster achieves on one series.

    Attributes
    ----------
    name : str
    rmse : list of float
        One for each seed.
    seconds : list of float
        Of the fit and all forecasts.
    """

    name: str
    rmse: list
    seconds: list


def forecasters(name, options):
    """List what forecasts a series.

    Parameters
    ----------
    name : str
        Of the series.
    options : argparse.Namespace

    Returns
    -------
    list of tuple
        Name, function of the problem and a seed, number of seeds.
    """
    transforms = TRANSFORMS[name]
    settings = transforms | SETTINGS[name] | dict(options.set)
    named = [
        (
            LAG_NAMES.get(lag, f"seasonal naive, {lag} months"),
            lambda problem, seed, lag=lag: seasonal_naive(problem, lag),
            1,
        )
        for lag in LAGS[name]
    ]
    return [
        *named,
        (
            "ridge autoregression",
            lambda problem, seed: ridge(problem, **transforms),
            1,
        ),
        ("LSTM(4) on the last month", plain_lstm, options.seeds),
        (SKDL, partial(skdl_forecaster, settings=settings), options.seeds),
    ]


def measure(name, options):
    """Have all forecasters forecast one series.

    Parameters
    ----------
    name : str
    options : argparse.Namespace

    Returns
    -------
    list of Row
    """
    problem = read_problem(name, options.data, validation=options.validation)
    rows = []
    for title, forecast, n_seeds in forecasters(name, options):
        tell(f"{name}: {title}")
        rmse, seconds = [], []
        for seed in range(n_seeds):
            taken, forecasts = timed(partial(forecast, problem, seed))
            rmse.append(problem.rmse(forecasts))
            seconds.append(taken)
        rows.append(Row(title, rmse, seconds))
    return rows


def table(rows):
    """Lay out errors and times."""
    lines = [("", "RMSE", "lowest", "highest", "seconds", "first")]
    for row in rows:
        errors = median(row.rmse), min(row.rmse), max(row.rmse)
        times = median(row.seconds), row.seconds[0]
        cells = (f"{figure:.2f}" for figure in (*errors, *times))
        lines.append((row.name, *cells))
    return aligned(lines)


def title_of(name, options):
    """Say what a table is about."""
    problem = read_problem(name, options.data, validation=options.validation)
    what = "validation, the held-out months not used" if options.validation else "test"
    setting = SETTINGS[name] | dict(options.set)
    transforms, training = (
        ", ".join(f"{k}={v!r}" for k, v in values.items())
        for values in (TRANSFORMS[name], setting)
    )
    return (
        f"{name}, one month ahead: {problem.n_train} months to learn from, "
        f"{problem.n_test} to forecast ({what})\n{transforms}; {SKDL} also: "
        f"{training or 'defaults'}"
    )


def error_of(figures, name):
    """Median RMSE of skdl's forecaster."""
    return median(next(r for r in figures[name] if r.name == SKDL).rmse)


def targets_of(names):
    """List what skdl promises about some series."""
    limits = (
        ("airline", "<=", 16, "limit"),
        ("airline", "<", 13.8, "goal"),
        ("sunspots", "<=", 17, "limit"),
    )
    return [
        Target(2, f"RMSE, {name}: {kind}", sense, limit, partial(error_of, name=name))
        for name, sense, limit, kind in limits
        if name in names
    ]


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.forecasting", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--data", type=Path, default=FOLDER, metavar="DIR", help="where the series are"
    )
    parser.add_argument(
        "--validation",
        action="store_true",
        help="forecast the last third of the training months, to choose settings; the "
        "held-out months are not used",
    )
    add_parts(parser, FILES)
    add_settings(parser, SKDL)
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, metavar="N", help="of the networks; medians"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    try:
        for name in options.parts:
            read_problem(name, options.data)
    except FileNotFoundError as error:
        parser.error(str(error))
    return options


def main(arguments=None):
    """Forecast, print the tables, write the figures."""
    options = parse(arguments)
    figures = {name: measure(name, options) for name in options.parts}
    targets = [] if options.validation else targets_of(options.parts)

    print(one_line(machine(PACKAGES)))
    print(f"{options.seeds} seeds, medians")
    for name, rows in figures.items():
        print(f"\n{title_of(name, options)}\n\n{table(rows)}")
    if targets:
        print(f"\n{target_table(targets, figures)}")
    if options.json:
        answer = {
            "machine": machine(PACKAGES),
            "settings": {n: SETTINGS[n] | dict(options.set) for n in figures},
            "transforms": TRANSFORMS,
            "validation": options.validation,
            "rows": {n: [r._asdict() for r in rows] for n, rows in figures.items()},
            "targets": target_dicts(targets, figures),
        }
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
