"""Networks fitted together beside the same networks fitted one by one.

Run ``python -m benchmarks.members --help``; README.md beside this file says what is
measured.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks._machine import machine, one_line
from benchmarks._options import add_parts
from benchmarks._processes import measured
from benchmarks._session import Session
from benchmarks._targets import Target, target_dicts, target_table
from benchmarks._text import aligned

PACKAGES = ("scikit-learn", "tensorflow", "keras")
PARTS = ("members", "folds", "sizes", "threads")
LOOPS = {"fold_ensemble": "fold_loop", "bootstrap": "bootstrap_loop"}
DATA = ("breast_cancer", "digits", "made")
SIZES = ((20_000, 50), (2_000, 1_000), (100, 5_000))
ESTIMATORS = ("tabular", "dense")
THREADS = {"unset": None, "1": "1", "2": "2"}
THREADS_ROWS = 3000
MEMBER_ROWS = {"first, s": "_first", "later, s": "", "an epoch, s": "_epoch"}


class Effort(NamedTuple):
    """How much is measured, and how often."""

    rounds: int  # fresh processes for each figure, taking turns
    repeats: int  # later fits in each
    rows: tuple  # of the tables for members


FULL = Effort(rounds=3, repeats=3, rows=(200, 1_000, 3_000, 10_000))
QUICK = Effort(rounds=1, repeats=1, rows=(200, 1_000))


class Case(NamedTuple):
    """What one process measures: a task of `benchmarks._members_worker`."""

    task: str
    arguments: tuple
    threads: str = "unset"

    def measure(self, repeats):
        """Measure it in a fresh process."""
        arguments = (
            self.arguments if self.task == "size" else (*self.arguments, repeats)
        )
        environment = {}
        if self.task == "threads":
            environment = {"TF_NUM_INTRAOP_THREADS": THREADS[self.threads]}
        worker = "benchmarks._members_worker"
        return measured(worker, self.task, *arguments, environment=environment)


def cases_of(part, effort):
    """List what is measured in a part.

    Parameters
    ----------
    part : {"members", "folds", "sizes", "threads"}
    effort : Effort

    Returns
    -------
    list of Case
    """
    if part == "members":
        return [Case("members", (rows,)) for rows in effort.rows]
    if part == "sizes":
        return [Case("size", size) for size in SIZES]
    if part == "threads":
        return [
            Case("threads", (name, THREADS_ROWS), threads)
            for name in ESTIMATORS
            for threads in THREADS
        ]
    ways = [way for pair in LOOPS.items() for way in pair]
    return [Case("folds", (way, data)) for data in DATA for way in ways]


def member_ratio(figures, rows):
    """Seconds of four networks one by one over those of all as one."""
    measures = figures[Case("members", (rows,))]
    return measures["apart"] / measures["together"]


def fold_ratio(figures, way, data, run="later"):
    """Seconds of the loop over those of the way which skdl offers."""
    loop, own = (figures[Case("folds", (w, data))] for w in (LOOPS[way], way))
    return loop[run] / own[run]


def score_difference(figures, way, data):
    """Largest difference between the scores of the loop and those of the other way."""
    loop, own = (figures[Case("folds", (w, data))] for w in (LOOPS[way], way))
    return max(abs(a - b) for a, b in zip(loop["scores"], own["scores"], strict=True))


def member_table(figures, effort):
    """Lay out the seconds and the epochs of four members, as one and one by one."""
    rows = [("rows", "fits", "as one", "one by one", "ratio")]
    for n in effort.rows:
        if (measures := figures.get(Case("members", (n,)))) is None:
            continue
        for fits, key in MEMBER_ROWS.items():
            together, apart = (measures[f"{way}{key}"] for way in ("together", "apart"))
            ratio = f"{apart / together:.2f}x"
            rows.append((str(n), fits, f"{together:.4f}", f"{apart:.4f}", ratio))
        epochs = (f"{measures[f'{way}_epochs']:.1f}" for way in ("together", "apart"))
        rows.append((str(n), "epochs", *epochs, ""))
    return aligned(rows, left=2)


def fold_table(figures, effort):
    """Lay out the seconds of all folds or splits, and how far scores differ."""
    head = ("way", "table", "later, s", "loop, s", "ratio", "first, s", "loop, s")
    rows = [(*head, "ratio", "scores differ by")]
    for way, loop in LOOPS.items():
        for data in DATA:
            pair = [figures.get(Case("folds", (w, data))) for w in (way, loop)]
            if None in pair:
                continue
            row = [way, data]
            for run in ("later", "first"):
                row += [f"{measures[run]:.3f}" for measures in pair]
                row.append(f"{fold_ratio(figures, way, data, run):.2f}x")
            rows.append((*row, f"{score_difference(figures, way, data):.2g}"))
    return aligned(rows, left=2)


def size_table(figures, effort):
    """Lay out seconds and memory of the first fit of a process."""
    head = ("rows x columns", "seconds", "epochs", "peak memory, MB", "before, MB")
    return aligned(
        [
            head,
            *(
                (
                    "{} x {}".format(*size),
                    f"{measures['seconds']:.1f}",
                    f"{measures['epochs']:.0f}",
                    f"{1e-6 * measures['peak']:.0f}",
                    f"{1e-6 * measures['peak_before']:.0f}",
                )
                for size in SIZES
                if (measures := figures.get(Case("size", size)))
            ),
        ]
    )


def thread_table(figures, effort):
    """Lay out seconds of a fit by the number of TensorFlow's threads."""
    rows = [("estimator", "threads", "first fit, s", "later fits, s")]
    for case in cases_of("threads", effort):
        if measures := figures.get(case):
            seconds = (f"{measures[run]:.3f}" for run in ("first", "later"))
            rows.append((case.arguments[0], case.threads, *seconds))
    return aligned(rows)


TABLES = {
    "members": member_table,
    "folds": fold_table,
    "sizes": size_table,
    "threads": thread_table,
}
TITLES = {
    "members": "1. Four members of TabularClassifier as one, and one by one",
    "folds": "2. DenseClassifier: five folds of FoldEnsembleClassifier, ten splits of\n"
    "   bootstrap_validate, and the same fits in a loop",
    "sizes": "3. TabularClassifier, one fit in a fresh process",
    "threads": f"4. Threads within TensorFlow's operations, {THREADS_ROWS} x 20",
}


def targets_of(parts, effort):
    """List what skdl promises about some of the parts.

    Parameters
    ----------
    parts : list of str
    effort : Effort

    Returns
    -------
    list of Target
    """
    large = Case("size", SIZES[0])
    name = "{} x {}".format(*SIZES[0])
    targets = [
        *(
            Target(
                1,
                f"{rows} rows: four one by one, times four as one",
                ">=",
                1.5,
                partial(member_ratio, rows=rows),
            )
            for rows in effort.rows
        ),
        *(
            Target(
                2,
                f"{data}: loop, times {way}, later runs",
                ">=",
                1.3,
                partial(fold_ratio, way=way, data=data),
            )
            for way in LOOPS
            for data in DATA
        ),
        Target(3, f"{name}: seconds", "<", 180, lambda f: f[large]["seconds"]),
        Target(
            3, f"{name}: peak memory, GB", "<", 1.5, lambda f: 1e-9 * f[large]["peak"]
        ),
    ]
    numbers = {PARTS.index(part) + 1 for part in parts}
    return [target for target in targets if target.item in numbers]


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.members", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="small tables, one process for each figure"
    )
    add_parts(parser, PARTS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Measure, print the tables, write the figures."""
    options = parse(arguments)
    effort = QUICK if options.quick else FULL
    session = Session(lambda case, index: case.measure(effort.repeats))
    for part in options.parts:
        rounds = 1 if part == "sizes" else effort.rounds
        session.measure(cases_of(part, effort), rounds, part)
    figures = session.figures()
    targets = targets_of(options.parts, effort)

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    for part in options.parts:
        print(f"\n{TITLES[part]}\n\n{TABLES[part](figures, effort)}")
    print(f"\n{target_table(targets, figures, first='part')}")
    for case, reason in session.failures.items():
        print(f"\n{case.task} {case.arguments} failed: {reason}")
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
