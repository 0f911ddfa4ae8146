"""The process in which one figure about networks fitted together is measured.

Started as ``python -m benchmarks._members_worker TASK ARGUMENT ...``. It answers with
one line of JSON.
"""

from functools import partial
from statistics import median

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from benchmarks._measure import peak_bytes, timed
from benchmarks._processes import print_figures
from skdl import DenseClassifier, TabularClassifier
from skdl.ensemble import FoldEnsembleClassifier
from skdl.model_selection import bootstrap_validate

MEMBERS = 4
FOLDS = 5
SPLITS = 10  # of a bootstrap
ESTIMATORS = {"tabular": TabularClassifier, "dense": DenseClassifier}


def made_table(rows, columns=20):
    """Make a table of three classes which overlap."""
    return make_classification(
        rows,
        columns,
        n_informative=min(10, columns // 2),
        n_classes=3,
        class_sep=0.7,
        flip_y=0.05,
        random_state=0,
    )


DATA = {
    "breast_cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "made": lambda: made_table(3000),
}


def members(rows, repeats):
    """Fit four members as one, and one by one, in turns."""
    X, y = made_table(int(rows))

    def together(seed):
        return [TabularClassifier(n_members=MEMBERS, random_state=seed).fit(X, y)]

    def apart(seed):
        seeds = range(MEMBERS * seed, MEMBERS * (seed + 1))
        one = TabularClassifier(n_members=1)
        return [clone(one).set_params(random_state=s).fit(X, y) for s in seeds]

    ways = {"together": together, "apart": apart}
    figures = {f"{way}_first": timed(partial(ways[way], 0))[0] for way in ways}
    seconds, epochs = ({way: [] for way in ways} for _ in range(2))
    for seed in range(1, int(repeats) + 1):
        for way, fit in ways.items():
            taken, fitted = timed(partial(fit, seed))
            seconds[way].append(taken)
            epochs[way].append(np.mean([network.n_epochs_ for network in fitted]))
    for way in ways:
        figures[way] = median(seconds[way])
        figures[f"{way}_epochs"] = float(np.mean(epochs[way]))
        figures[f"{way}_epoch"] = sum(seconds[way]) / sum(epochs[way])
    return figures


def fold_ensemble(X, y):
    """Fit a network for each fold by the ensemble; return the folds' scores."""
    network = DenseClassifier(random_state=0)
    return FoldEnsembleClassifier(network, cv=FOLDS).fit(X, y).fold_scores_


def fold_loop(X, y):
    """Fit the same networks one by one; return the same scores."""
    network, scores = DenseClassifier(random_state=0), []
    for train, test in StratifiedKFold(FOLDS).split(X, y):
        fold = clone(network)
        fold.fit(X[train], y[train], X_val=X[test], y_val=y[test])
        answer = fold.predict_proba(X[test])
        scores.append(-log_loss(y[test], answer, labels=fold.classes_))
    return np.array(scores)


def bootstrap_splits():
    """Draw the rows of a bootstrap, the same for both ways."""
    return StratifiedShuffleSplit(SPLITS, test_size=0.1, random_state=0)


def bootstrap(X, y):
    """Score a network on random splits; return the scores."""
    network = DenseClassifier(random_state=0)
    return bootstrap_validate(network, X, y, cv=bootstrap_splits())["score"].to_numpy()


def bootstrap_loop(X, y):
    """Fit and score the same networks one by one."""
    network = DenseClassifier(random_state=0)
    return np.array(
        [
            clone(network).fit(X[train], y[train]).score(X[test], y[test])
            for train, test in bootstrap_splits().split(X, y)
        ]
    )


WAYS = {
    way.__name__: way for way in (fold_ensemble, fold_loop, bootstrap, bootstrap_loop)
}


def folds(way, data, repeats):
    """Fit on all folds or splits in one way, again and again."""
    X, y = DATA[data]()
    seconds = []
    for _ in range(int(repeats) + 1):
        taken, scores = timed(lambda: WAYS[way](X, y))
        seconds.append(taken)
    first, *later = seconds
    return {"first": first, "later": median(later), "scores": scores.tolist()}


def size(rows, columns):
    """Fit once on a large table."""
    X, y = made_table(int(rows), int(columns))
    before = peak_bytes()
    network = TabularClassifier(random_state=0)
    seconds, _ = timed(lambda: network.fit(X, y))
    return {
        "seconds": seconds,
        "epochs": network.n_epochs_,
        "peak": peak_bytes(),
        "peak_before": before,
    }


def threads(name, rows, repeats):
    """Fit with as many threads as the environment allows."""
    X, y = made_table(int(rows))
    seconds = [
        timed(lambda: ESTIMATORS[name](random_state=0).fit(X, y))[0]
        for _ in range(int(repeats) + 1)
    ]
    first, *later = seconds
    return {"first": first, "later": median(later)}


TASKS = {task.__name__: task for task in (members, folds, size, threads)}


def main():
    """Do the task which the command line names."""
    import tensorflow  # noqa: F401  (here, so that it is on nobody's clock)

    print_figures(TASKS)


if __name__ == "__main__":
    main()
