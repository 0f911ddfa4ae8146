"""Recurrent networks beside Model.fit and PyTorch, and how well they learn.

Run ``python -m benchmarks.sequences --help``; README.md beside this file says what is
measured.
"""

import argparse
import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks._machine import machine, one_line
from benchmarks._options import add_parts, add_settings
from benchmarks._processes import measured
from benchmarks._session import Session
from benchmarks._targets import Target, target_dicts, target_table
from benchmarks._text import aligned

# of all UCR sets; what is not named stays at skdl's default
UCR_SETTING = {  # filters, windows, units and dropout of LSTM-FCN
    "conv_filters": (128, 256, 128),
    "kernel_size": (8, 5, 3),
    "units": 8,
    "dropout": 0.8,
    "epochs": 300,
    "learning_rate": 0.001,
}
ORDER_SETTING = {}

PACKAGES = ("scikit-learn", "tensorflow", "keras", "torch", "aeon")
PARTS = ("epochs", "ucr", "order")
KINDS = ("lstm", "gru", "lstm ragged")  # of the first part
BASE = "skdl"
TITLES = {
    "skdl": "skdl",
    "keras": "Model.fit",
    "torch": "PyTorch",
    "forest": "random forest",
    "nearest": "1-NN, Euclidean",
    "warped": "1-NN, DTW",
}
TRAINED_BY = ("skdl", "keras", "torch")
LEARNT_BY = {  # of each part, and how often: chance has no part in neighbours
    "ucr": {"skdl": 3, "forest": 3, "nearest": 1, "warped": 1},
    "order": {"skdl": 3, "forest": 3},
}
MODULES = {"torch": "torch", "warped": "aeon"}  # which may be missing
# data set -> accuracies of LSTM-FCN (Karim et al. 2018) and ResNet (Wang et al. 2017)
PUBLISHED = {
    "GunPoint": (1.0, 0.991),
    "ItalyPowerDemand": (0.963, 0.962),
    "ArrowHead": (0.909, 0.838),
}
LIMITS = {"GunPoint": 0.97, "ItalyPowerDemand": 0.95, "ArrowHead": 0.84}
ORDER = "pulses"


class Effort(NamedTuple):
    """How much is measured, and how often."""

    rounds: int  # of the first part: fresh processes for each figure, taking turns
    sequences: int
    epochs: int


FULL = Effort(rounds=7, sequences=2000, epochs=6)
QUICK = Effort(rounds=1, sequences=500, epochs=3)


class Case(NamedTuple):
    """What one process measures: a task of `benchmarks._sequences_worker`."""

    task: str
    what: str  # the network, or the data
    how: str  # it is trained, or by what it is learnt

    def missing(self):
        """Name the module which is not installed, if any."""
        module = "aeon" if self.task == "ucr" else MODULES.get(self.how)
        return [] if module is None or find_spec(module) else [module]


def cases_of(part):
    """List what is measured in a part, with how often if not in all rounds.

    Parameters
    ----------
    part : {"epochs", "ucr", "order"}

    Returns
    -------
    dict of int to list of Case
        None stands for the rounds of the first part.
    """
    if part == "epochs":
        return {None: [Case(part, k, way) for k in KINDS for way in TRAINED_BY]}
    names = PUBLISHED if part == "ucr" else (ORDER,)
    rounds = {}
    for way, times in LEARNT_BY[part].items():
        rounds.setdefault(times, []).extend(Case(part, name, way) for name in names)
    return rounds


def measure(case, index, *, effort, settings):
    """Measure a case in a fresh process; the round is the seed."""
    worker = "benchmarks._sequences_worker"
    if case.task == "epochs":
        return measured(worker, *case, effort.sequences, effort.epochs)
    return measured(worker, *case, index, settings[case.task])


def ratio(figures, kind, way, key):
    """Seconds of skdl over those of another way."""
    mine, other = (figures[Case("epochs", kind, how)][key] for how in (BASE, way))
    return mine / other


def epoch_table(figures, samples):
    """Lay out seconds of a fit and of its epochs."""
    head = ("network", "trained by", "fit, s", "skdl, times it")
    rows = [(*head, "later epochs, s", "skdl, times it", "last loss")]
    for case, measures in figures.items():
        if case.task != "epochs":
            continue
        cells = []
        for key in ("total", "later"):
            try:
                times = f"{ratio(figures, case.what, case.how, key):.2f}x"
            except KeyError:  # skdl failed
                times = "-"
            cells += [f"{measures[key]:.3f}", times]
        rows.append((case.what, TITLES[case.how], *cells, f"{measures['loss']:.3f}"))
    return aligned(rows, left=2)


def accuracy_table(part, figures, samples):
    """Lay out accuracies of a part, data set by data set."""
    rows = [("", "by", "accuracy", "lowest", "highest", "fit, s")]
    for name in PUBLISHED if part == "ucr" else (ORDER,):
        for way in LEARNT_BY[part]:
            case = Case(part, name, way)
            if case not in figures:
                continue
            scores = [sample["accuracy"] for sample in samples[case]]
            cells = (f"{f:.3f}" for f in (median(scores), min(scores), max(scores)))
            seconds = f"{figures[case]['seconds']:.1f}"
            rows.append((name, TITLES[way], *cells, seconds))
        if part == "ucr":
            for title, score in zip(
                ("LSTM-FCN", "ResNet"), PUBLISHED[name], strict=True
            ):
                rows.append((name, f"{title}, published", f"{score:.3f}", "", "", ""))
    return aligned(rows, left=2)


TABLES = {
    "epochs": epoch_table,
    "ucr": partial(accuracy_table, "ucr"),
    "order": partial(accuracy_table, "order"),
}


def titles_of(effort, settings):
    """Say what each table shows."""
    return {
        "epochs": f"1. {effort.sequences} sequences x 24 steps x 4 features, 32 units, "
        f"batch size 32, {effort.epochs} epochs",
        "ucr": f"2. UCR sets, default splits: LSTMClassifier, {settings['ucr']}",
        "order": f"3. Which pulse comes first: LSTMClassifier, {settings['order']}",
    }


def accuracy_of(figures, part, name, way):
    """Median accuracy."""
    return figures[Case(part, name, way)]["accuracy"]


def targets_of(parts):
    """List what skdl promises about some of the parts.

    Parameters
    ----------
    parts : list of str

    Returns
    -------
    list of Target
    """
    times = (("keras", "total", 0.35, "fit"), ("torch", "later", 1.2, "later epochs"))
    accuracies = [
        *(("ucr", name, "skdl", ">=", limit) for name, limit in LIMITS.items()),
        ("order", ORDER, "skdl", ">=", 0.95),
        ("order", ORDER, "forest", "<", 0.8),
    ]
    targets = [
        Target(
            1,
            f"lstm, {what}: skdl, times {TITLES[way]}",
            "<=",
            limit,
            partial(ratio, kind="lstm", way=way, key=key),
        )
        for way, key, limit, what in times
    ]
    targets += [
        Target(
            PARTS.index(part) + 1,
            f"accuracy, {name}: {TITLES[way]}",
            sense,
            limit,
            partial(accuracy_of, part=part, name=name, way=way),
        )
        for part, name, way, sense, limit in accuracies
    ]
    numbers = {PARTS.index(part) + 1 for part in parts}
    return [target for target in targets if target.item in numbers]


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sequences", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="few sequences, one process for each time"
    )
    add_parts(parser, PARTS)
    add_settings(parser, "LSTMClassifier in the second and third part")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Measure, print the tables, write the figures."""
    options = parse(arguments)
    effort, given = QUICK if options.quick else FULL, dict(options.set)
    settings = {"ucr": UCR_SETTING | given, "order": ORDER_SETTING | given}
    session = Session(partial(measure, effort=effort, settings=settings))
    missing = {}
    for part in options.parts:
        for rounds, cases in cases_of(part).items():
            missing |= {c: c.missing() for c in cases if c.missing()}
            present = [case for case in cases if not case.missing()]
            session.measure(present, rounds or effort.rounds, part)
    figures = session.figures()
    targets, titles = targets_of(options.parts), titles_of(effort, settings)

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    for part in options.parts:
        print(f"\n{titles[part]}\n\n{TABLES[part](figures, session.samples)}")
    print(f"\n{target_table(targets, figures, first='part')}")
    for case, modules in missing.items():
        print(f"\n{TITLES[case.how]} ({case.what}): not installed {modules[0]}")
    for case, reason in session.failures.items():
        print(f"\n{' '.join(case)} failed: {reason}")
    if options.json:
        answer = {
            "machine": machine(PACKAGES),
            "effort": effort._asdict(),
            "settings": settings,
            **session.as_dict(),
            "targets": target_dicts(targets, figures, first="part"),
        }
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
