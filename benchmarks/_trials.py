"""Contenders fitted and scored on the same splits of tables, taking turns."""

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import NamedTuple

from benchmarks._machine import tell
from benchmarks._measure import timed
from benchmarks._teams import Team

FIRST = -1  # the split of a contender's first fit on a table


class Trial(NamedTuple):
    """One fit: on which rows, how long, how good."""

    table: str
    task: str
    contender: str
    split: int
    seconds: float
    scores: dict
    error: str = ""


@dataclass(frozen=True)
class Contest:
    """How contenders are compared.

    Attributes
    ----------
    contenders : dict of str to Contender
    splitters : dict of str to splitter
        Task -> what draws training and test rows.
    scores : dict of str to callable
        Task -> ``(fitted estimator, X, y) -> dict of float``.
    overrides : dict
        Parameters of all contenders which have them.
    own_overrides : dict
        Parameters of skdl's estimators which have them.
    """

    contenders: dict
    splitters: dict
    scores: dict[str, Callable]
    overrides: dict = field(default_factory=dict)
    own_overrides: dict = field(default_factory=dict)

    def make(self, name, task, split):
        """Make a contender's estimator; the split is its seed."""
        contender = self.contenders[name]
        own = self.own_overrides if contender.is_ours else {}
        return contender.make(task, max(split, 0), self.overrides | own)


_LOADED = {}  # in a library's process: name of the last table -> (Table, splits)


def _loaded(name, load, contest):
    """Return a table with its splits, which are the same in every process."""
    if name not in _LOADED:
        table = load()
        splits = list(contest.splitters[table.task].split(table.X, table.y))
        _LOADED.clear()
        _LOADED[name] = table, splits
    return _LOADED[name]


def _fit(name, load, contest, contender, split):
    """Fit on some rows, score on others; a failure is a result too."""
    warnings.simplefilter("ignore")
    table, splits = _loaded(name, load, contest)
    train, test = splits[max(split, 0)]
    trial = Trial(name, table.task, contender, split, float("nan"), {})
    try:
        estimator = contest.make(contender, table.task, split)
        X, y = table.X.iloc[train], table.y[train]
        seconds, _ = timed(lambda: estimator.fit(X, y))
        scores = {}
        if split != FIRST:
            score = contest.scores[table.task]
            scores = score(estimator, table.X.iloc[test], table.y[test])
    except Exception as error:
        return trial._replace(error=f"{type(error).__name__}: {error}")
    return trial._replace(seconds=seconds, scores=scores)


def _play(team, contest, name, load):
    """Have all contenders fit and predict on all splits of one table.

    Before that each contender fits the first split, which is not scored: it is the
    first fit of a shape, in which skdl traces its network.
    """
    table = load()
    n_splits = contest.splitters[table.task].get_n_splits()
    trials = [
        team.do(contender.library, _fit, name, load, contest, key, split)
        for split in range(FIRST, n_splits)
        for key, contender in contest.contenders.items()
    ]
    return table.size, trials


def play_all(contest, loaders, jobs):
    """Have all contenders fit and predict on all tables.

    Each library is in a process of its own, so that none disturbs another.

    Parameters
    ----------
    contest : Contest
    loaders : dict of str to callable
        Name -> what returns the Table.
    jobs : int
        Number of tables at a time.

    Returns
    -------
    sizes : dict of str to str
        Name -> rows x columns.
    trials : list of Trial
    """
    _share_out_cores(jobs)
    libraries = {contender.library for contender in contest.contenders.values()}
    idle = SimpleQueue()
    teams = [Team(libraries) for _ in range(jobs)]
    for team in teams:
        idle.put(team)

    def play(name, load):
        team = idle.get()
        try:
            return _play(team, contest, name, load)
        finally:
            idle.put(team)

    sizes, trials = {}, []
    with ThreadPoolExecutor(jobs) as pool:
        answers = pool.map(play, loaders, loaders.values())
        for name, (size, several) in zip(loaders, answers, strict=True):
            sizes[name] = size
            trials += several
            tell(f"{len(sizes)} of {len(loaders)}: {name} done")
    for team in teams:
        team.go_home()
    return sizes, trials


def _share_out_cores(jobs):
    """Have the processes use fewer threads each where several fit at a time."""
    if jobs > 1:
        threads = str(max(1, os.cpu_count() // jobs))
        for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, threads)


def errors(trials):
    """Name each failure once."""
    lines = (f"{t.contender} on {t.table}: {t.error}" for t in trials if t.error)
    return list(dict.fromkeys(lines))
