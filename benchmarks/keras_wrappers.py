"""A user's own Keras network: skdl.KerasClassifier beside SciKeras's.

Run ``python -m benchmarks.keras_wrappers --help``; README.md beside this file says what
is measured.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks._keras_wrappers_worker import WAYS
from benchmarks._machine import machine, one_line
from benchmarks._options import add_parts
from benchmarks._processes import MeasurementError, measured
from benchmarks._session import Session
from benchmarks._targets import MB, MS, Target, target_dicts, target_table
from benchmarks._text import aligned

PACKAGES = ("scikit-learn", "tensorflow", "keras", "scikeras")
PARTS = ("folds", "predict", "growth")
OURS, PEER = "wrapper", "scikeras"
WRAPPERS = (OURS, PEER)


class Effort(NamedTuple):
    """How often things are repeated."""

    rounds: int  # fresh processes for each figure, taking turns
    runs: int  # cross-validations in each
    turns: int  # medians of predict
    fits: dict  # for the growth of memory


FULL = Effort(rounds=3, runs=3, turns=3, fits={OURS: 100, PEER: 25})
QUICK = Effort(rounds=1, runs=2, turns=1, fits={OURS: 20, PEER: 5})


class Case(NamedTuple):
    """What one process measures: a task of `benchmarks._keras_wrappers_worker`."""

    task: str
    way: str


def cases_of(part):
    """List what is measured in a part.

    Parameters
    ----------
    part : {"folds", "predict", "growth"}

    Returns
    -------
    list of Case
    """
    return [Case(part, way) for way in (WAYS if part == "folds" else WRAPPERS)]


def measure(case, index, *, effort):
    """Measure a case in a fresh process."""
    if missing := WAYS[case.way].missing():
        raise MeasurementError(f"not installed: {', '.join(missing)}")
    number = {
        "folds": effort.runs,
        "predict": effort.turns,
        "growth": effort.fits.get(case.way),
    }[case.task]
    return measured("benchmarks._keras_wrappers_worker", *case, number)


def ratio(figures, way, key, task="folds"):
    """Figure of SciKeras over that of another way."""
    return figures[Case(task, PEER)][key] / figures[Case(task, way)][key]


def accuracy_lost(figures):
    """Accuracy of SciKeras minus that of skdl."""
    peer, ours = (figures[Case("folds", way)] for way in (PEER, OURS))
    return peer["accuracy"] - ours["accuracy"]


def times(figures, way, key, task="folds"):
    """Write how many times as long SciKeras takes."""
    try:
        return f"{ratio(figures, way, key, task):.1f}x"
    except KeyError:  # SciKeras was not measured
        return "-"


def fold_table(figures):
    """Lay out seconds and accuracies of a cross-validation."""
    head = ("", "first run, s", "SciKeras, times it", "later runs, s")
    rows = [(*head, "SciKeras, times it", "accuracy", "epochs")]
    for case in cases_of("folds"):
        if (measures := figures.get(case)) is None:
            continue
        row = [WAYS[case.way].title]
        for key in ("first", "later"):
            row += [f"{measures[key]:.3f}", times(figures, case.way, key)]
        rows.append((*row, f"{measures['accuracy']:.4f}", f"{measures['epochs']:.0f}"))
    return aligned(rows)


def predict_table(figures):
    """Lay out milliseconds of a call of predict."""
    keys = {"1 row, ms": "predict_1", "10,000 rows, ms": "predict_10000"}
    rows = [("", *(cell for key in keys for cell in (key, "SciKeras, times it")))]
    for case in cases_of("predict"):
        if (measures := figures.get(case)) is None:
            continue
        row = [WAYS[case.way].title]
        for key in keys.values():
            row += [f"{measures[key] * MS:.2f}"]
            row += [times(figures, case.way, key, "predict")]
        rows.append(row)
    return aligned(rows)


def growth_table(figures):
    """Lay out by how much memory grows."""
    rows = [("", "fits", "growth, MB", "for each fit, MB")]
    for case in cases_of("growth"):
        if (measures := figures.get(case)) is None:
            continue
        grown, fits = measures["growth"] * MB, measures["fits"]
        row = (WAYS[case.way].title, f"{fits:.0f}", f"{grown:.1f}")
        rows.append((*row, f"{grown / fits:.2f}"))
    return aligned(rows)


TABLES = {"folds": fold_table, "predict": predict_table, "growth": growth_table}
TITLES = {
    "folds": "1. Digits, 5 folds, scaler + one layer of 100, 20 epochs, batch 32",
    "predict": "2. predict, after a fit on all digits",
    "growth": "3. Resident memory, after a warm-up of five fits",
}


def targets_of(parts):
    """List what skdl promises about some of the parts.

    Parameters
    ----------
    parts : list of str

    Returns
    -------
    list of Target
    """
    one_row = Case("predict", OURS)
    grown = Case("growth", OURS)
    targets = [
        *(
            Target(
                1,
                f"cross-validation, {key} run: SciKeras, times skdl",
                ">=",
                8,
                partial(ratio, way=OURS, key=key),
            )
            for key in ("first", "later")
        ),
        Target(1, "accuracy lost to SciKeras", "<=", 0.005, accuracy_lost),
        Target(
            2,
            "predict of one row, ms",
            "<=",
            2.5,
            lambda f: f[one_row]["predict_1"] * MS,
        ),
        Target(3, "memory growth, MB", "<", 30, lambda f: f[grown]["growth"] * MB),
    ]
    numbers = {PARTS.index(part) + 1 for part in parts}
    return [target for target in targets if target.item in numbers]


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.keras_wrappers", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="one process each, 20 fits, not 100"
    )
    add_parts(parser, PARTS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Measure, print the tables, write the figures."""
    options = parse(arguments)
    effort = QUICK if options.quick else FULL
    session = Session(partial(measure, effort=effort))
    for part in options.parts:
        rounds = 1 if part == "growth" else effort.rounds
        session.measure(cases_of(part), rounds, part)
    figures = session.figures()
    targets = targets_of(options.parts)

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    for part in options.parts:
        print(f"\n{TITLES[part]}\n\n{TABLES[part](figures)}")
    print(f"\n{target_table(targets, figures, first='part')}")
    for case, reason in session.failures.items():
        print(f"\n{case.task} by {WAYS[case.way].title} failed: {reason}")
    if options.json:
        answer = {
            "machine": machine(PACKAGES),
            "effort": effort._asdict(),
            **session.as_dict(),
            "targets": target_dicts(targets, figures, first="part"),
        }
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
