"""The process in which one library is measured.

Started as ``python -m benchmarks._worker LIBRARY``. It reads tasks from its standard
input, one JSON list ``[task, options]`` a line, and answers each with one JSON line.
"""

import json
import os
import pickle
import sys
import traceback
import warnings
from functools import cache
from itertools import chain, repeat

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._libraries import LIBRARIES
from benchmarks._measure import median_seconds, peak_bytes, resident_bytes, timed

EPOCHS = 20
WARM_UP_FITS = 5
RUN_NAMES = chain(["first_run", "second_run"], repeat("later_runs"))


@cache
def scaled_digits():
    """Load the digits, standardised: X (1797, 64) and y (1797,)."""
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@cache
def fitted(library):
    """Fit the library's estimator on all digits, once for all tasks."""
    return library.make(EPOCHS).fit(*scaled_digits())


def load(library):
    """Import the library."""
    library.load()
    return {"resident_after_import": resident_bytes()}


def cross_validation(library):
    """Cross-validate scaler and network on five folds."""
    X, y = load_digits(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), library.make(EPOCHS))
    seconds, scores = timed(
        lambda: cross_validate(
            pipeline,
            X,
            y,
            # Folds and scorer are named, because is_classifier is false for SciKeras.
            cv=StratifiedKFold(5, shuffle=True, random_state=0),
            scoring="accuracy",
            error_score="raise",
            return_estimator=True,
        )
    )
    networks = [estimator[-1] for estimator in scores["estimator"]]
    return {
        next(RUN_NAMES): seconds,
        "accuracy": float(scores["test_score"].mean()),
        "epochs": float(np.mean([library.epochs_run(n) for n in networks])),
        "peak_memory": peak_bytes(),
    }


def prediction(library):
    """Predict one row, then 10,000."""
    network, (X, _) = fitted(library), scaled_digits()
    many = np.resize(X, (10_000, X.shape[1]))
    return {
        "predict_1": median_seconds(lambda: network.predict(X[:1])),
        "predict_10000": median_seconds(lambda: network.predict(many), repeats=20),
    }


def pickling(library):
    """Pickle a fitted estimator, restore it, use the restored one."""
    network, (X, _) = fitted(library), scaled_digits()
    pickled = pickle.dumps(network)
    # A new restored copy for every call, so that each predicts for the first time.
    copies = iter([pickle.loads(pickled) for _ in range(6)])
    return {
        "pickle_bytes": len(pickled),
        "dumps": median_seconds(lambda: pickle.dumps(network)),
        "loads": median_seconds(lambda: pickle.loads(pickled)),
        "first_predict": median_seconds(lambda: next(copies).predict(X[:1]), repeats=5),
    }


def memory_growth(library, fits):
    """Fit the network again and again on bootstrap samples, two epochs each."""
    X, y = scaled_digits()
    random = np.random.RandomState(0)

    def fit():
        rows = random.randint(len(X), size=len(X))
        library.make(2).fit(X[rows], y[rows]).predict(X[:1])

    for _ in range(WARM_UP_FITS):
        fit()
    before = resident_bytes()
    for _ in range(fits):
        fit()
    return {"growth": resident_bytes() - before}


TASKS = {
    task.__name__: task
    for task in (load, cross_validation, prediction, pickling, memory_growth)
}


def answer(library, line):
    """Do one task; what goes wrong becomes part of the answer."""
    task, options = json.loads(line)
    try:
        return TASKS[task](library, **options)
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    """Answer the tasks until the input ends."""
    warnings.simplefilter("ignore")
    # Only answers go to standard output, whatever the libraries print.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    library = LIBRARIES[sys.argv[1]]
    for line in sys.stdin:
        print(json.dumps(answer(library, line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
