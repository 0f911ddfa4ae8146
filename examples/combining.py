"""Combining the models of cross-validation folds: three real data sets, one table.

For every data set, half of the rows are held out, several times. On the other half a
network is fitted for each of five folds, which serves for early stopping, and the
models are combined in every way that skdl knows; networks and forests are blended;
networks are bagged by scikit-learn. The table shows scores on the held-out rows: first
the mean over single fold models, then how much better each way of combining does, on
average over the splits, with the standard error of that average, and a verdict: "tie"
within two standard errors, else "better" or "worse". The splits share rows, so the
error is somewhat too small.
"""

import warnings
from time import perf_counter

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from skdl import DenseClassifier, DenseRegressor
from skdl.ensemble import (
    BlendingClassifier,
    BlendingRegressor,
    FoldEnsembleClassifier,
    FoldEnsembleRegressor,
)
from skdl.exceptions import FoldOutlierWarning

N_SPLITS = 6
CLASSIFIERS = {
    "network": DenseClassifier,
    "forest": RandomForestClassifier,
    "folds": FoldEnsembleClassifier,
    "blend": BlendingClassifier,
    "bagging": BaggingClassifier,
    "inner": StratifiedKFold,
    "outer": StratifiedShuffleSplit,
}
REGRESSORS = {
    "network": DenseRegressor,
    "forest": RandomForestRegressor,
    "folds": FoldEnsembleRegressor,
    "blend": BlendingRegressor,
    "bagging": BaggingRegressor,
    "inner": KFold,
    "outer": ShuffleSplit,
}
DATA = [
    ("digits", "accuracy", load_digits, CLASSIFIERS),
    ("breast cancer", "accuracy", load_breast_cancer, CLASSIFIERS),
    ("diabetes", "R²", load_diabetes, REGRESSORS),
]


def scores(kind, X, y, X_test, y_test, seed):
    """Score of every way of combining on the test rows."""
    network = kind["network"](hidden_units=(50,), random_state=seed)
    folds = kind["inner"](5, shuffle=True, random_state=seed)
    result = {}
    for combine in ("average", "best", "refit_mean", "refit_max"):
        ensemble = kind["folds"](
            network, cv=folds, combine=combine, random_state=seed
        ).fit(X, y)
        if combine == "average":
            average = ensemble
            single = [model.score(X_test, y_test) for model in average.estimators_]
            result["mean single fold model"] = np.mean(single)
        result[f"folds, {combine}"] = ensemble.score(X_test, y_test)
    forest = kind["forest"](n_estimators=50, random_state=seed)
    models = [("network", average), ("forest", forest)]  # average is fitted: reused
    blend = kind["blend"](models, cv=folds).fit(X, y)
    result["blend of network and forest"] = blend.score(X_test, y_test)
    bagging = kind["bagging"](network, n_estimators=5, random_state=seed).fit(X, y)
    result["bagging (scikit-learn)"] = bagging.score(X_test, y_test)
    return result


def verdict(gain, error):
    """ "tie" if a gain lies within two standard errors, else "better" or "worse"."""
    if abs(gain) <= 2 * error:
        return "tie"
    return "better" if gain > 0 else "worse"


def main():
    """Fit, score, and print the table."""
    warnings.simplefilter("ignore", FoldOutlierWarning)  # one fit in a hundred
    header = f"{'data':<14} {'model':<28} {'score':<18}"
    print(f"{header} {'difference ± its error':<24} verdict")
    start = perf_counter()
    for data, metric, load, kind in DATA:
        X, y = load(return_X_y=True)
        splits = kind["outer"](N_SPLITS, test_size=0.5, random_state=0).split(X, y)
        results = [
            scores(kind, X[train], y[train], X[test], y[test], seed)
            for seed, (train, test) in enumerate(splits)
        ]
        single = np.array([result["mean single fold model"] for result in results])
        for model in results[0]:
            score = np.array([result[model] for result in results])
            gain = score - single
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            row = f"{data:<14} {model:<28} {metric:<8} {score.mean():.4f}"
            if model != "mean single fold model":
                difference = f"{gain.mean():+.4f} ± {error:.4f}"
                row += f"    {difference:<24} {verdict(gain.mean(), error)}"
            print(row)
    print(f"{perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
