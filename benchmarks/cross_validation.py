"""skdl beside SciKeras, skorch and MLPClassifier on the same folds.

Run ``python -m benchmarks.cross_validation --help``; README.md beside this file says
what is measured.
"""

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks._libraries import LIBRARIES
from benchmarks._processes import MeasurementError, fresh_worker, import_figures
from benchmarks._targets import TARGETS
from benchmarks._text import aligned

BASE = "sklearn"
PACKAGES = ("scikit-learn", "tensorflow", "keras", "scikeras", "torch", "skorch")
RUN_NAMES = ("first_run", "second_run", "later_runs")
SLOW = 10.0  # seconds: who needs longer joins only the first two runs of round one


class Effort(NamedTuple):
    """How often things are repeated."""

    rounds: int  # fresh processes for each library
    runs: int  # cross-validations in each process
    turns: int  # medians of predict and pickle times
    imports: int
    fits: int  # for the growth of memory


FULL = Effort(rounds=3, runs=4, turns=3, imports=7, fits=100)
QUICK = Effort(rounds=1, runs=3, turns=1, imports=3, fits=20)


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
    """Figures of all libraries; what fails once is noted, not tried again.

    Parameters
    ----------
    names : list of str
        Libraries to measure.
    """

    def __init__(self, names):
        self.names = list(names)
        self.samples = {name: defaultdict(list) for name in names}
        self.failures = {}

    def attempt(self, name, task, action):
        """Collect the figures that an action returns.

        Parameters
        ----------
        name : str
            Library.
        task : str
            What is attempted; skipped if it has failed before.
        action : callable without arguments
            Returns a dict of figures.
        """
        if (name, task) in self.failures:
            return
        try:
            for key, figure in action().items():
                self.samples[name][key].append(figure)
        except MeasurementError as error:
            self.failures[name, task] = str(error)

    def is_slow(self, name):
        """Tell whether the library's first run took too long to repeat often."""
        return max(self.samples[name]["first_run"], default=0.0) > SLOW

    def medians(self):
        """Return the median of each measure for each library."""
        return {
            name: {key: median(values) for key, values in samples.items() if values}
            for name, samples in self.samples.items()
        }


def tell(message):
    """Report progress beside the tables."""
    print(message, file=sys.stderr, flush=True)


def run_figures(worker, index):
    """Cross-validate, naming the time after the number of the run."""
    figures = worker.ask("cross_validation")
    figures[RUN_NAMES[min(index, 2)]] = figures.pop("seconds")
    return figures


def run_round(session, effort, *, first, last):
    """Cross-validate in fresh processes, the libraries taking turns.

    Parameters
    ----------
    session : Session
    effort : Effort
    first : bool
        Whether slow libraries take part.
    last : bool
        Whether to measure predictions and pickles too.
    """
    names = [n for n in session.names if first or last or not session.is_slow(n)]
    with ExitStack() as stack:
        workers = {n: stack.enter_context(fresh_worker(n)) for n in names}

        def take_turns(task, ask=lambda worker: worker.ask(task), names=names):
            for name in names:
                session.attempt(name, task, partial(ask, workers[name]))
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
        run_round(session, effort, last=index == effort.rounds - 1)
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


def target_table(medians):
    """Lay out the targets."""
    head = ("item", "target", "limit", "measured", "verdict")
    return aligned([head, *(target.row(medians) for target in TARGETS)], left=2)


def installed_version(package):
    """Return a package's version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine():
    """Describe where the figures come from."""
    packages = {name: installed_version(name) for name in PACKAGES}
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    } | {name: number for name, number in packages.items() if number}


def known_libraries(text):
    """Parse the list of libraries on the command line."""
    names = text.split(",")
    if unknown := [name for name in names if name not in LIBRARIES]:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is not one of {', '.join(LIBRARIES)}"
        )
    return names


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
        type=known_libraries,
        default=list(LIBRARIES),
        metavar="NAME,NAME",
        help=f"some of {','.join(LIBRARIES)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def as_json(session, effort):
    """Gather everything that was measured, in seconds and bytes."""
    medians = session.medians()
    keys = ("item", "target", "limit", "measured", "verdict")
    return {
        "machine": machine(),
        "effort": effort._asdict(),
        "medians": medians,
        "samples": session.samples,
        "failures": session.failures,
        "targets": [dict(zip(keys, t.row(medians), strict=True)) for t in TARGETS],
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
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    print(f"medians; x: times MLPClassifier; memory growth over {effort.fits} fits\n")
    print(comparison_table(names, medians), end="\n\n")
    print(target_table(medians))
    for name, modules in missing.items():
        if modules:
            print(f"\n{LIBRARIES[name].title}: not installed ({', '.join(modules)})")
    for name, reason in session.failures.items():
        print(f"\n{LIBRARIES[name].title} failed in {reason}")
    if options.json:
        options.json.write_text(json.dumps(as_json(session, effort), indent=2) + "\n")


if __name__ == "__main__":
    main()
