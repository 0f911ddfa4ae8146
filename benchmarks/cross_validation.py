"""skdl beside SciKeras, skorch and MLPClassifier on the same folds.

Run ``python -m benchmarks.cross_validation --help``; README.md beside this file says
what is measured.
"""

import argparse
import json
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks._libraries import LIBRARIES
from benchmarks._machine import machine, one_line, tell
from benchmarks._options import names_of
from benchmarks._processes import MeasurementError, fresh_worker, import_figures
from benchmarks._targets import TARGETS, target_dicts, target_table
from benchmarks._text import aligned

BASE = "sklearn"
PACKAGES = ("scikit-learn", "tensorflow", "keras", "scikeras", "torch", "skorch")
SLOW = 10.0  # seconds: who has run twice runs no more after one which took longer


class Effort(NamedTuple):
    """How often things are repeated."""

    rounds: int  # fresh processes for each library
    runs: int  # cross-validations in each process
    turns: int  # medians of predict and pickle times
    imports: int
    fits: int  # for the growth of memory


FULL = Effort(rounds=3, runs=4, turns=5, imports=7, fits=100)
QUICK = Effort(rounds=1, runs=3, turns=3, imports=5, fits=20)


class Measure(NamedTuple):
    """A row of the table."""

    key: str
    label: str
    scale: float = 1.0
    digits: int = 2
    ratio: bool = True


MEASURES = (
    Measure("first_run", "cross-validation, first run, s"),
    Measure("second_run", "cross-validation, second run, s"),
    Measure("later_runs", "cross-validation, later runs, s"),
    Measure("accuracy", "accuracy", digits=4, ratio=False),
    Measure("epochs", "epochs in each fit", digits=0, ratio=False),
    Measure("resident_after_import", "memory after import, MB", 1e-6, 0),
    Measure("peak_memory", "peak memory, MB", 1e-6, 0),
    Measure("predict_1", "predict, 1 row, ms", 1e3),
    Measure("predict_10000", "predict, 10,000 rows, ms", 1e3),
    Measure("pickle_bytes", "pickle, kB", 1e-3, 1),
    Measure("dumps", "pickle.dumps, ms", 1e3),
    Measure("loads", "pickle.loads, ms", 1e3),
    Measure("first_predict", "first predict after loads, ms", 1e3),
    Measure("growth", "memory growth over the fits, MB", 1e-6, 1, False),
    Measure("import", "import, s"),
)


class Session:
    """Figures of all libraries; what fails once is noted and not tried again.

    Parameters
    ----------
    names : list of str
        Libraries to measure.
    """

    def __init__(self, names):
        self.names = list(names)
        self.samples = {name: defaultdict(list) for name in names}
        self.failures = {}

    def attempt(self, name, ask, question, **options):
        """Collect the figures which a question is answered with.

        Parameters
        ----------
        name : str
            Library.
        ask : callable
            ``ask(question, **options)`` returns a dict of figures.
        question : str
        **options
        """
        if (name, question) in self.failures:
            return
        try:
            for key, figure in ask(question, **options).items():
                self.samples[name][key].append(figure)
        except MeasurementError as error:
            self.failures[name, question] = str(error)

    def is_slow(self, name):
        """Tell whether the library has run twice, too slowly to run more often."""
        samples = self.samples[name]
        runs = samples["first_run"] + samples["second_run"] + samples["later_runs"]
        return bool(samples["second_run"]) and max(runs) > SLOW

    def medians(self):
        """Return the median of each measure for each library."""
        return {
            name: {key: median(values) for key, values in samples.items() if values}
            for name, samples in self.samples.items()
        }


def measure_imports(session, effort):
    """Import in fresh processes, the libraries taking turns."""
    for _ in range(effort.imports):
        for name in session.names:
            session.attempt(name, import_figures, LIBRARIES[name].import_statement)


def measure_tasks(session, tasks):
    """Do tasks in one fresh process for each library, the libraries taking turns.

    Parameters
    ----------
    session : Session
    tasks : list of str
        Names of the worker's tasks.
    """
    with ExitStack() as stack:
        workers = {n: stack.enter_context(fresh_worker(n)) for n in session.names}
        for task in tasks:
            for name, worker in workers.items():
                if task != "cross_validation" or not session.is_slow(name):
                    session.attempt(name, worker.ask, task)


def measure_growth(session, effort):
    """Fit many times in a fresh process for each library."""
    for name in session.names:
        with fresh_worker(name) as worker:
            session.attempt(name, worker.ask, "memory_growth", fits=effort.fits)


def measure(names, effort):
    """Measure everything.

    Parameters
    ----------
    names : list of str
        Installed libraries, keys of ``LIBRARIES``.
    effort : Effort

    Returns
    -------
    Session
    """
    session = Session(names)
    tell("imports")
    measure_imports(session, effort)
    for index in range(effort.rounds):
        tell(f"cross-validation, round {index + 1} of {effort.rounds}")
        measure_tasks(session, ["load"] + ["cross_validation"] * effort.runs)
    tell("predictions and pickles")
    measure_tasks(session, ["load"] + ["prediction", "pickling"] * effort.turns)
    tell(f"memory growth over {effort.fits} fits")
    measure_growth(session, effort)
    return session


def cell(measure, figure, base):
    """Write a figure with its ratio to the base."""
    if figure is None:
        return "-"
    text = f"{figure * measure.scale:.{measure.digits}f}"
    if measure.ratio:
        text += f"{figure / base:8.2f}x" if base else " " * 9
    return text


def comparison_table(names, medians):
    """Lay out all measures of all libraries."""
    rows = [["", *(LIBRARIES[name].title for name in names)]]
    for row in MEASURES:
        base = medians.get(BASE, {}).get(row.key)
        figures = [medians[name].get(row.key) for name in names]
        rows.append([row.label, *(cell(row, figure, base) for figure in figures)])
    return aligned(rows)


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cross_validation", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions; 20 fits, not 100"
    )
    parser.add_argument(
        "--libraries",
        type=names_of(LIBRARIES),
        default=list(LIBRARIES),
        metavar="NAME,NAME",
        help=f"some of {','.join(LIBRARIES)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def as_json(session, effort):
    """Gather everything that was measured, in seconds and bytes."""
    medians = session.medians()
    return {
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "medians": medians,
        "samples": session.samples,
        "failures": [[name, why] for (name, _), why in session.failures.items()],
        "targets": target_dicts(TARGETS, medians),
    }


def main(arguments=None):
    """Measure, print both tables, write the figures."""
    options = parse(arguments)
    effort = QUICK if options.quick else FULL
    missing = {name: LIBRARIES[name].missing() for name in options.libraries}
    names = [name for name in options.libraries if not missing[name]]
    session = measure(names, effort)
    medians = session.medians()

    print("digits, 5 folds, scaler + one layer of 100, 20 epochs, batch 32")
    print(one_line(machine(PACKAGES)))
    print(f"medians; x: times MLPClassifier; memory growth over {effort.fits} fits\n")
    print(comparison_table(names, medians), end="\n\n")
    print(target_table(TARGETS, medians))
    for name, modules in missing.items():
        if modules:
            print(f"\n{LIBRARIES[name].title}: not installed ({', '.join(modules)})")
    for (name, _), reason in session.failures.items():
        print(f"\n{LIBRARIES[name].title} failed in {reason}")
    if options.json:
        options.json.write_text(json.dumps(as_json(session, effort), indent=2) + "\n")


if __name__ == "__main__":
    main()
