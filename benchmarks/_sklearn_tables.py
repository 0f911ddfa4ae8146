"""Tables which come with scikit-learn, or are made by it."""

from functools import partial

import pandas as pd
from sklearn import datasets

from benchmarks._table import make_table

CLASSES = ("iris", "wine", "breast_cancer", "digits")
MADE = {  # name -> what makes it
    "friedman1": partial(datasets.make_friedman1, 500, noise=1.0, random_state=0),
    "friedman2": partial(datasets.make_friedman2, 500, noise=50.0, random_state=0),
    "friedman3": partial(datasets.make_friedman3, 500, noise=0.1, random_state=0),
    "linear": partial(
        datasets.make_regression, 500, 20, n_informative=5, noise=20.0, random_state=0
    ),
    "linear_low_rank": partial(
        datasets.make_regression,
        500,
        50,
        n_informative=20,
        effective_rank=10,
        noise=1.0,
        random_state=0,
    ),
}


def sklearn_tables():
    """Name the tables, with what loads them.

    Returns
    -------
    dict of str to callable
    """
    return (
        {name: partial(_loaded, name, "classification") for name in CLASSES}
        | {name: partial(_loaded, name, "regression") for name in ("diabetes",)}
        | {"linnerud": _linnerud}
        | {name: partial(_made, name) for name in MADE}
    )


def _loaded(name, task):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    return make_table(name, task, X, y)


def _linnerud():
    """Return the table with the first of its three targets, the weight."""
    X, y = datasets.load_linnerud(return_X_y=True, as_frame=True)
    return make_table("linnerud", "regression", X, y["Weight"])


def _made(name):
    X, y = MADE[name]()
    columns = [f"x{i}" for i in range(X.shape[1])]
    return make_table(name, "regression", pd.DataFrame(X, columns=columns), y)
