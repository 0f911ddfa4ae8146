"""Untuned defaults of skdl beside those of its peers, on small tables.

Run ``python -m benchmarks.tables --help``; README.md beside this file says what is
compared.
"""

from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from benchmarks._comparison import Comparison, run
from benchmarks._contenders import CONTENDERS
from benchmarks._datasets import COLLECTIONS, tables_of
from benchmarks._report import BASE, RIVAL
from benchmarks._scores import (
    ACCURACY,
    LOG_LOSS,
    R2,
    classification_scores,
    regression_scores,
)
from benchmarks._targets import Target

OURS, AHEAD = "tabular", "realmlp"


def lead(task, metric):
    """Make a function of the standings: our mean rank minus the best other's.

    RealMLP is not among the others; it has a rank like all.

    Parameters
    ----------
    task : {"classification", "regression"}
    metric : Metric

    Returns
    -------
    callable
    """

    def figure(standings):
        ranks = standings[task].mean_ranks(metric)
        return ranks[OURS] - ranks.drop([OURS, AHEAD], errors="ignore").min()

    return figure


TARGETS = (
    Target(
        1,
        "classes: mean rank by accuracy, minus the best other's",
        "<",
        0,
        lead("classification", ACCURACY),
    ),
    Target(
        1,
        "classes: mean rank by log loss, minus the best other's",
        "<",
        0,
        lead("classification", LOG_LOSS),
    ),
    Target(
        1,
        "classes: log loss, times boosting's, geometric mean",
        "<=",
        0.85,
        lambda standings: standings["classification"].ratios(LOG_LOSS, RIVAL)[OURS],
    ),
    Target(
        1,
        "classes: second fit of a shape, times MLPClassifier's, median",
        "<=",
        2.5,
        lambda standings: standings["classification"].time_ratios(BASE)[OURS],
    ),
    Target(
        2,
        "numbers: mean rank by R2, minus the best other's",
        "<",
        0,
        lead("regression", R2),
    ),
)


def splitters(repeats):
    """Draw training and test rows at random, for classes stratified."""
    return {
        "classification": StratifiedShuffleSplit(
            repeats, test_size=0.3, random_state=0
        ),
        "regression": ShuffleSplit(repeats, test_size=0.3, random_state=0),
    }


def main(arguments=None):
    """Compare, and print the tables."""
    comparison = Comparison(
        program="python -m benchmarks.tables",
        description=__doc__.split("\n")[0],
        tables=tables_of,
        collections=COLLECTIONS,
        contenders=tuple(CONTENDERS),
        metrics={"classification": (ACCURACY, LOG_LOSS), "regression": (R2,)},
        scores={
            "classification": classification_scores,
            "regression": regression_scores,
        },
        splitters=splitters,
        splits="splits into 70 % and 30 %",
        targets=TARGETS,
    )
    run(comparison, arguments)


if __name__ == "__main__":
    main()
