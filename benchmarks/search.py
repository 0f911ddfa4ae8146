"""skdl's BayesSearchCV beside random search, scikit-optimize, Optuna and SciKeras.

Run ``python -m benchmarks.search --help``; README.md beside this file says what is
measured.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks._machine import machine, one_line, tell
from benchmarks._options import add_parts
from benchmarks._processes import measured
from benchmarks._search_libraries import SEARCHERS
from benchmarks._search_problems import DIGITS_SPACE, EPOCHS, PROBLEMS
from benchmarks._session import Session
from benchmarks._targets import Target, target_dicts, target_table
from benchmarks._text import aligned
from benchmarks.cross_validation import PACKAGES as NETWORK_PACKAGES

PACKAGES = (
    *NETWORK_PACKAGES,
    "bayesian-optimization",
    "scikit-optimize",
    "optuna",
    "scipy",
)
PARTS = ("quality", "overhead", "peers")
BASE = "skdl"


class Effort(NamedTuple):
    """How much is searched, and how often."""

    trials: int  # of a search; a random one has twice as many in the first part
    seeds: int  # searches of each kind in the first part
    peer_seeds: int  # and in the third
    seen: int  # trials after which proposals are timed,
    proposals: int  # and how many


FULL = Effort(trials=30, seeds=10, peer_seeds=5, seen=100, proposals=20)
QUICK = Effort(trials=15, seeds=2, peer_seeds=1, seen=30, proposals=5)


class Case(NamedTuple):
    """One kind of search."""

    part: str
    problem: str
    searcher: str
    trials: int

    @property
    def title(self):
        """What a row calls it."""
        title = SEARCHERS[self.searcher].title
        around = self.problem == "digits_scikeras"
        return f"{title}, network of SciKeras" if around else title

    def missing(self):
        """Name the top-level modules which are not installed."""
        needed = SEARCHERS[self.searcher], PROBLEMS[self.problem]
        return sorted({module for n in needed for module in n.missing()})


def cases_of(part, effort):
    """List a part's kinds of search.

    Parameters
    ----------
    part : {"quality", "overhead", "peers"}
    effort : Effort

    Returns
    -------
    list of Case
    """
    if part == "quality":
        return [
            Case(part, problem, searcher, trials)
            for problem in ("digits", "synthetic")
            for searcher, trials in (
                (BASE, effort.trials),
                ("random", 2 * effort.trials),
            )
        ]
    if part == "overhead":
        trials = effort.seen + effort.proposals
        searchers = (s for s in SEARCHERS if s != "random")
        return [Case(part, "synthetic", searcher, trials) for searcher in searchers]
    peers = [Case(part, "digits", searcher, effort.trials) for searcher in SEARCHERS]
    return [*peers, Case(part, "digits_scikeras", BASE, effort.trials)]


def seeds_of(part, effort):
    """Return how often a part is repeated."""
    seeds = {"quality": effort.seeds, "overhead": 1, "peers": effort.peer_seeds}
    return seeds[part]


def search_once(case, seed, effort):
    """Search in a fresh process.

    Parameters
    ----------
    case : Case
    seed : int
    effort : Effort

    Returns
    -------
    dict
        What `benchmarks._search_worker` measured; in the second part also the seconds
        of a proposal once enough trials have been seen.

    Raises
    ------
    MeasurementError
        If the search failed.
    """
    tell(f"  {case.problem}, {case.title}")
    module = "benchmarks._search_worker"
    figures = measured(module, case.problem, case.searcher, case.trials, seed)
    if case.part != "overhead":
        return figures
    late = slice(effort.seen - 1, None)
    waits, processor = figures["gaps"][late], figures["processor_gaps"][late]
    return figures | {
        "proposal": median(waits),
        "slowest_proposal": max(waits),
        "proposal_processor": median(processor),
    }


def medians_of(session):
    """Return medians over the seeds.

    Returns
    -------
    dict
        ``{(part, problem, searcher): {measure: median}}``
    """
    return {case[:3]: figures for case, figures in session.figures().items()}


def quality_table(session):
    """Lay out the best scores beside those of random search."""
    head = ("problem", "search", "trials", "median best", "lowest", "highest")
    return aligned(
        [
            head,
            *(
                (case.problem, case.title, str(case.trials), *spread(several))
                for case, several in session.samples.items()
                if case.part == "quality"
            ),
        ],
        left=2,
    )


def spread(several):
    """Write the median, the lowest and the highest of the best scores."""
    best = [figures["best"] for figures in several]
    return [f"{figure(best):.4f}" for figure in (median, min, max)]


def overhead_table(session):
    """Lay out the seconds of a proposal."""
    keys = ("proposal", "slowest_proposal", "proposal_processor")
    head = ("search", "median, s", "slowest, s", "median, processor s")
    return aligned(
        [
            head,
            *(
                (case.title, *(f"{several[0][key]:.3f}" for key in keys))
                for case, several in session.samples.items()
                if case.part == "overhead"
            ),
        ]
    )


def peer_table(session):
    """Lay out best scores and times of all searches of the same space."""
    medians = medians_of(session)
    base = medians.get(("peers", "digits", BASE), {}).get("seconds")
    head = ("search", "median best", "lowest", "highest", "seconds", "times skdl")
    rows = [(*head, "processor s")]
    for case, several in session.samples.items():
        if case.part == "peers":
            figures = medians[case[:3]]
            seconds = figures["seconds"]
            ratio = f"{seconds / base:.2f}x" if base else "-"
            times = (f"{seconds:.1f}", ratio, f"{figures['processor_seconds']:.1f}")
            rows.append((case.title, *spread(several), *times))
    return aligned(rows)


def titles(effort):
    """Say what each table shows."""
    names = ", ".join(dimension.name for dimension in DIGITS_SPACE)
    return {
        "quality": f"1. Half the trials of a random search; {effort.seeds} seeds",
        "overhead": f"2. Proposals of candidates, {effort.seen} to "
        f"{effort.seen + effort.proposals - 1} trials seen; synthetic function",
        "peers": f"3. One network, one space ({names});\n   {effort.trials} trials, "
        f"{effort.peer_seeds} seeds, {EPOCHS} epochs, 3 folds of digits",
    }


TABLES = {"quality": quality_table, "overhead": overhead_table, "peers": peer_table}


def gain(part, problem, searcher):
    """Make a function of the medians: skdl's best score minus another search's."""
    return lambda medians: (
        medians[part, problem, BASE]["best"] - medians[part, problem, searcher]["best"]
    )


def share_of_scikeras(medians):
    """Seconds of a search over those of the same one around SciKeras."""
    own = medians["peers", "digits", BASE]["seconds"]
    return own / medians["peers", "digits_scikeras", BASE]["seconds"]


def targets(effort):
    """List what skdl promises about searches.

    Parameters
    ----------
    effort : Effort

    Returns
    -------
    list of Target
    """
    half = f"{effort.trials} trials over {2 * effort.trials} random ones"

    return [
        *(
            Target(1, f"{problem}: {half}", ">=", 0, gain("quality", problem, "random"))
            for problem in ("digits", "synthetic")
        ),
        Target(
            2,
            f"proposal after {effort.seen} trials, median seconds",
            "<=",
            0.3,
            lambda medians: medians["overhead", "synthetic", BASE]["proposal"],
        ),
        *(
            Target(
                3,
                f"best score over {SEARCHERS[searcher].title}",
                ">=",
                0,
                gain("peers", "digits", searcher),
            )
            for searcher in SEARCHERS
            if searcher != BASE
        ),
        Target(
            3,
            "seconds, times those around a network of SciKeras",
            "<=",
            0.5,
            share_of_scikeras,
        ),
    ]


def targets_of(parts, effort):
    """List what skdl promises about some of the parts."""
    numbers = {PARTS.index(part) + 1 for part in parts}
    return [target for target in targets(effort) if target.item in numbers]


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.search", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="few short searches, to see it run"
    )
    add_parts(parser, PARTS)
    parser.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help=f"searches of each kind in the first part, {FULL.seeds} unless given; "
        "half of that in the third",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    options = parser.parse_args(arguments)
    if options.seeds is not None and options.seeds < 1:
        parser.error("--seeds must be at least 1")
    return options


def as_json(session, parts, effort):
    """Gather everything that was measured."""
    return {
        "machine": machine(PACKAGES),
        "effort": effort._asdict(),
        "parts": parts,
        "searches": [
            {**case._asdict(), "seed": seed, **figures}
            for case, several in session.samples.items()
            for seed, figures in enumerate(several)
        ],
        "failures": [[*case, why] for case, why in session.failures.items()],
        "targets": target_dicts(targets(effort), medians_of(session), first="part"),
    }


def main(arguments=None):
    """Measure, print the tables, write the figures."""
    options = parse(arguments)
    effort = QUICK if options.quick else FULL
    if options.seeds:
        half = (options.seeds + 1) // 2
        effort = effort._replace(seeds=options.seeds, peer_seeds=half)
    session = Session(lambda case, seed: search_once(case, seed, effort))
    missing = {}
    for part in options.parts:
        cases = cases_of(part, effort)
        missing |= {c.title: c.missing() for c in cases if c.missing()}
        present = [case for case in cases if not case.missing()]
        session.measure(present, seeds_of(part, effort), part)

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    for part in options.parts:
        print(f"\n{titles(effort)[part]}\n\n{TABLES[part](session)}")
    promised = targets_of(options.parts, effort)
    print(f"\n{target_table(promised, medians_of(session), first='part')}")
    for title, modules in missing.items():
        print(f"\n{title}: not installed ({', '.join(modules)})")
    for case, reason in session.failures.items():
        print(f"\n{case.title} failed on {case.problem}: {reason}")
    if options.json:
        text = json.dumps(as_json(session, options.parts, effort), indent=2)
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
