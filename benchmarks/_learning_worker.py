"""The process in which one estimator learns one made problem, seed after seed.

Started as ``python -m benchmarks._learning_worker fits KIND TASK SIZE CLASSES ROWS
SEEDS NAME=VALUE ...``. It answers with one line of JSON.
"""

from time import perf_counter

import numpy as np

import skdl
from benchmarks._made_sequences import placed_waves, tones
from benchmarks._made_shapes import shape_images
from benchmarks._options import override
from benchmarks._processes import print_figures

FRESH = 200  # rows to judge by
ESTIMATORS = {  # by kind: for classes, for numbers
    "cnn": (skdl.CNNClassifier, skdl.CNNRegressor),
    "resnet": (skdl.ResNetClassifier, skdl.ResNetRegressor),
    "lstm": (skdl.LSTMClassifier, skdl.LSTMRegressor),
    "dense": (skdl.DenseClassifier, skdl.DenseRegressor),
    "tabular": (skdl.TabularClassifier, skdl.TabularRegressor),
}


def columns(n_rows, n_columns, n_classes, *, seed):
    """Make a wide table of few directions: classes are clusters, numbers a sum."""
    forms = np.random.default_rng(0).normal(size=(n_classes + 3, n_columns))
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_rows) % n_classes)
    hidden = rng.normal(size=(n_rows, 3))
    X = 0.3 * forms[y] + hidden @ forms[n_classes:] + rng.normal(size=(n_rows, 1))
    X += rng.normal(size=X.shape)
    return X, y, hidden[:, :1]


MAKERS = {
    "shapes": shape_images,
    "waves": placed_waves,
    "tones": tones,
    "columns": columns,
}


def fits(kind, task, size, n_classes, n_rows, seeds, *settings):
    """Fit with several seeds, each on rows of its own.

    A training loss is told as a share of the best constant answer's: the logarithm of
    the number of classes, or the variance of standardised targets. Numbers are
    predicted where there is one class.
    """
    n_classes, n_rows = int(n_classes), int(n_rows)
    numbers = n_classes == 1
    estimator = ESTIMATORS[kind][numbers]
    options = dict(map(override, settings))
    figures = {"score": [], "first": [], "last": [], "seconds": []}
    for seed in range(int(seeds)):
        X, classes, y = MAKERS[task](
            n_rows + FRESH, int(size), 5 if numbers else n_classes, seed=1000 + seed
        )
        y = y if numbers else classes
        began = perf_counter()
        fitted = estimator(random_state=seed, **options).fit(X[:n_rows], y[:n_rows])
        figures["seconds"].append(perf_counter() - began)
        constant = 1.0 if numbers else np.log(n_classes)
        losses = np.array(fitted.history_["loss"]) / constant
        figures["first"].append(float(losses[0]))
        figures["last"].append(float(losses[-1]))
        figures["score"].append(float(fitted.score(X[n_rows:], y[n_rows:])))
    return figures


TASKS = {"fits": fits}


if __name__ == "__main__":
    print_figures(TASKS)
