"""Whether defaults learn: made problems over a grid of sizes, classes and rows.

Run ``python -m benchmarks.learning --help``; README.md beside this file says what is
measured.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from benchmarks._machine import machine, one_line
from benchmarks._options import add_parts, add_settings
from benchmarks._processes import measured
from benchmarks._session import Session
from benchmarks._text import aligned

PACKAGES = ("scikit-learn", "tensorflow", "keras")
SEEDS = 3
LEARNT = 0.99  # times the loss of the best constant answer
HEADS = {"default": (), "max": ("pooling='max'",), "global": ("pooling='global'",)}


class Case(NamedTuple):
    """One estimator and one problem; one class stands for numbers."""

    kind: str
    task: str
    size: int
    classes: int
    rows: int
    head: str = "default"


def grid(kind, tasks, sizes, heads=("default",)):
    """List the cells of a part: every size with two of (classes, rows), and numbers."""
    cells = []
    for task in tasks:
        for i, size in enumerate(sizes):
            many = 5000 if size < 32 else 2000
            corners = ((2, 100), (20, many)) if i % 2 else ((20, 100), (4, 480))
            cells += [(task, size, *corner) for corner in (*corners, (1, 300))]
    return [Case(kind, *cell, head) for cell in cells for head in heads]


PARTS = {
    "cnn": grid("cnn", ("shapes",), (8, 16, 32, 64, 128), tuple(HEADS)),
    "resnet": grid("resnet", ("shapes",), (8, 16, 32, 64)),
    "lstm": grid("lstm", ("tones", "waves"), (10, 100, 1000)),
    "dense": grid("dense", ("columns",), (100, 10_000)),
    "tabular": grid("tabular", ("columns",), (100, 10_000)),
}


def chosen(part, options):
    """The cells of a part that are small enough, in order of what they cost."""
    cells = [
        case
        for case in PARTS[part]
        if options.smallest <= case.size <= options.largest
        and case.rows <= options.rows
    ]
    return sorted(cells, key=lambda case: case.rows * case.size)


def table(figures):
    """Lay out scores and losses of all cells."""
    head = ("estimator", "task", "size", "classes", "rows", "head")
    rows = [(*head, "scores", "mean", "first loss", "last loss", "learnt")]
    for case, measures in figures.items():
        worst = max(measures["last"])
        rows.append(
            (
                case.kind,
                case.task,
                str(case.size),
                str(case.classes) if case.classes > 1 else "numbers",
                str(case.rows),
                case.head,
                " ".join(f"{score:.2f}" for score in measures["score"]),
                f"{fmean(measures['score']):.3f}",
                f"{max(measures['first']):.2f}",
                f"{worst:.3f}",
                "yes" if worst < LEARNT else "NO",
            )
        )
    return aligned(rows, left=2)


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.learning", description=__doc__.split("\n")[0]
    )
    add_parts(parser, PARTS)
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, metavar="N", help="fits of each cell"
    )
    parser.add_argument(
        "--rows", type=int, default=5000, metavar="N", help="leave out cells of more"
    )
    for name, default in (("smallest", 0), ("largest", 10_000)):
        parser.add_argument(
            f"--{name}",
            type=int,
            default=default,
            metavar="N",
            help="side, length or number of columns",
        )
    add_settings(parser, "all estimators, in place of the defaults")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Measure, print the table, write the figures."""
    options = parse(arguments)
    given = [f"{name}={value!r}" for name, value in options.set]

    def learn(case, index):
        *cell, head = case
        worker = "benchmarks._learning_worker"
        return measured(worker, "fits", *cell, options.seeds, *HEADS[head], *given)

    session = Session(learn)
    for part in options.parts:
        session.measure(chosen(part, options), 1, part)
    figures = session.figures()

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    print(f"\n{table(figures)}")
    for case, reason in session.failures.items():
        print(f"\n{case} failed: {reason}")
    if options.json:
        answer = {"machine": machine(PACKAGES), **session.as_dict()}
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
