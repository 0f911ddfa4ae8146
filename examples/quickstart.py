"""Dense networks in scikit-learn's tools: three real data sets, one table.

Every line is a 5-fold cross-validation: mean and standard deviation of the score over
the folds, and the seconds it took. The first line's include loading TensorFlow.
"""

from time import perf_counter

from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skdl import DenseClassifier, DenseRegressor


def scaled(network):
    """The network behind a scaler, which is fitted on each training fold alone."""
    return Pipeline([("scaler", StandardScaler()), ("dense", network)])


dense = scaled(DenseClassifier(hidden_units=(64,), epochs=30, random_state=0))
forest = RandomForestClassifier(random_state=0)
stack = StackingClassifier(
    [("forest", forest), ("dense", dense)], LogisticRegression(), cv=3
)
# The search runs anew within each fold: its score is not the one it was chosen by.
search = GridSearchCV(
    scaled(DenseClassifier(epochs=20, random_state=0)),
    {
        "dense__hidden_units": [(100,), (100, 50)],
        "dense__dropout": [0.0, 0.2],
    },
    cv=3,
)
regressor = scaled(DenseRegressor(hidden_units=(64,), epochs=30, random_state=0))

classes = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
numbers = KFold(n_splits=5, shuffle=True, random_state=0)
WORK = [
    ("breast cancer", "dense", load_breast_cancer, dense, classes),
    ("breast cancer", "forest", load_breast_cancer, forest, classes),
    ("breast cancer", "forest + dense, stacked", load_breast_cancer, stack, classes),
    ("digits", "dense", load_digits, dense, classes),
    ("digits", "dense, layers and dropout searched", load_digits, search, classes),
    ("diabetes", "dense regressor", load_diabetes, regressor, numbers),
]


def main():
    """Cross-validate every model, then print the table."""
    rows = []
    for data, model_name, load, model, folds in WORK:
        X, y = load(return_X_y=True)
        start = perf_counter()
        scores = cross_val_score(model, X, y, cv=folds, error_score="raise")
        seconds = perf_counter() - start
        metric = "accuracy" if is_classifier(model) else "R²"
        score = f"{metric:<8} {scores.mean():.3f} ± {scores.std():.3f}"
        rows.append((data, model_name, score, f"{seconds:.1f}"))
    header = ("data", "model", "score", "seconds")
    for row in [header, *rows]:
        print("{:<14} {:<35} {:<23} {:>7}".format(*row))


if __name__ == "__main__":
    main()
