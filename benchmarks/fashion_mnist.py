"""CNNClassifier on Fashion-MNIST, beside Model.fit and beside published figures.

Run ``python -m benchmarks.fashion_mnist --help``; README.md beside this file says what
is measured.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from benchmarks._fashion_mnist import QUICK, find_files
from benchmarks._machine import machine, one_line
from benchmarks._options import add_parts, add_settings
from benchmarks._processes import measured
from benchmarks._session import Session
from benchmarks._targets import Target, target_dicts, target_table
from benchmarks._text import aligned

# chosen with --validation; what is not named stays at skdl's default
SETTING = {
    "filters": ((32, 32), (64, 64), 128),
    "pooling": "max",
    "hidden_units": (128,),
    "dropout": 0.5,
    "augment": None,
    "batch_size": 128,
    "epochs": 12,
    "early_stopping": False,  # trains on all images
}
QUICK_SETTING = {"epochs": 2}

PACKAGES = ("scikit-learn", "tensorflow", "keras")
PARTS = {"skdl": "CNNClassifier", "keras": "the same by Model.fit"}
MINUTES = 15

PAPER = "Xiao, Rasul & Vollgraf 2017, table 3"
README = "README of the data set, submitted"
PUBLISHED = (
    ("people without knowledge of fashion", 0.835, README),
    ("MLPClassifier, 100 units", 0.871, PAPER),
    ("SVC, rbf", 0.897, PAPER),
    ("XGBoost", 0.898, README),
    ("2 convolutions, pooling", 0.916, README),
    ("networks of less than 100,000 parameters", 0.925, README),
    ("3 convolutions, pooling, 2 dense, dropout", 0.926, README),
    ("2 convolutions, 3 dense, batch norm, augmentation", 0.934, README),
    ("VGG16, 26 million parameters", 0.935, README),
    ("2 convolutions, 2 dense, flips", 0.939, README),
    ("ResNet18, flips, shifts, rotations", 0.949, README),
    ("MobileNet, flips", 0.950, README),
    ("WRN-40-4, flips, crops, 8.9 million parameters", 0.967, README),
)


class Case(NamedTuple):
    """One way to train the network."""

    way: str


def split_of(options):
    """Name what is trained on and judged by, as the worker calls it."""
    names = [name for name in ("quick", "validation") if getattr(options, name)]
    return "_".join(names) or "test"


def setting_of(options):
    """Return the parameters of the network."""
    quick = QUICK_SETTING if options.quick else {}
    return SETTING | quick | dict(options.set)


def own_table(figures):
    """Lay out what the trained networks are worth, and what they cost."""
    head = ("", "accuracy", "log loss", "seconds", "epochs", "parameters")
    rows = [(*head, "peak memory, MB")]
    for case, measures in figures.items():
        rows.append(
            (
                PARTS[case.way],
                f"{measures['accuracy']:.4f}",
                f"{measures['log_loss']:.4f}",
                f"{measures['seconds']:.1f}",
                f"{measures['epochs']:.0f}",
                f"{measures['parameters']:.0f}",
                f"{1e-6 * measures['peak']:.0f}",
            )
        )
    return aligned(rows)


def published_table():
    """Lay out the accuracies which others have published."""
    rows = [(name, f"{accuracy:.3f}", source) for name, accuracy, source in PUBLISHED]
    return aligned([("published", "accuracy", "source"), *rows], left=3)


def own(measure, scale=1.0):
    """Make a function of the figures: the estimator's one."""
    return lambda figures: figures[Case("skdl")][measure] * scale


TARGETS = (
    Target(1, "accuracy on the test images", ">=", 0.93, own("accuracy")),
    Target(1, "minutes of the fit", "<=", MINUTES, own("seconds", 1 / 60)),
)


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fashion_mnist", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="of the four .gz files, if they are not where Debian puts them",
    )
    parser.add_argument(
        "--validation",
        action="store_true",
        help="train on the first 50,000 training images and judge by the last 10,000, "
        "to choose settings; the test images are not read",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK} images, {QUICK_SETTING['epochs']} epochs, to see it run",
    )
    add_parts(parser, PARTS)
    add_settings(parser, "CNNClassifier, in place of those chosen")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="fits of each; medians"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    _check_setting(options, parser)
    try:
        options.folder = find_files(options.folder)
    except FileNotFoundError as error:
        parser.error(str(error))
    return options


def _check_setting(options, parser):
    from skdl import CNNClassifier

    known = CNNClassifier().get_params()
    if unknown := [name for name, _ in options.set if name not in known]:
        parser.error(f"--set {unknown[0]}: CNNClassifier has no such parameter")


def main(arguments=None):
    """Train, print the tables, write the figures."""
    options = parse(arguments)
    split, setting = split_of(options), setting_of(options)
    given = [f"{name}={value!r}" for name, value in setting.items()]

    def train(case, seed):
        worker = "benchmarks._fashion_mnist_worker"
        return measured(worker, case.way, options.folder, split, seed, *given)

    session = Session(train)
    session.measure([Case(way) for way in options.parts], options.seeds, split)
    figures = session.figures()
    targets = TARGETS if split == "test" else ()

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    print(f"CNNClassifier({', '.join(given)})")
    if options.validation:
        print("trained on the first 50,000 training images, judged by the last 10,000")
    if options.quick:
        print("only some of the images")
    print(f"\n{own_table(figures)}")
    if targets:
        print(f"\n{published_table()}")
        print(f"\n{target_table(targets, figures)}")
    for case, reason in session.failures.items():
        print(f"\n{PARTS[case.way]} failed: {reason}")
    if options.json:
        answer = {
            "machine": machine(PACKAGES),
            "split": split,
            "setting": setting,
            **session.as_dict(),
            "targets": target_dicts(targets, figures),
        }
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
