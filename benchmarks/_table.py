"""A table to compare estimators on, its columns as they come."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

MAX_ROWS = 3000
GAPS = ("", "?", "<null>")  # how KEEL writes that a value is missing


class Table(NamedTuple):
    """A data set.

    Attributes
    ----------
    name : str
    task : {"classification", "regression"}
    X : DataFrame of shape (n_rows, n_columns)
        Numbers and categories, with gaps.
    y : ndarray of shape (n_rows,)
        Labels or numbers.
    """

    name: str
    task: str
    X: pd.DataFrame
    y: np.ndarray

    @property
    def size(self):
        """Rows x columns, and how many of these are categories."""
        text = len(self.X.select_dtypes("category").columns)
        return f"{len(self.X)} x {self.X.shape[1]}" + (f" ({text})" if text else "")


def every_other(names, collection):
    """Take the 1st, 3rd, ... for development; the 2nd, 4th, ... are held out.

    Parameters
    ----------
    names : list
        In order.
    collection : {"development", "held-out"}

    Returns
    -------
    list
    """
    return names[{"development": 0, "held-out": 1}[collection] :: 2]


def make_table(name, task, X, y):
    """Make a table of at most 3000 rows, drawn at random (stratified for classes).

    Parameters
    ----------
    name : str
    task : {"classification", "regression"}
    X : DataFrame
        Columns of text become numbers where all of it is numbers, else categories.
    y : array-like

    Returns
    -------
    Table
    """
    X = X.apply(_typed).reset_index(drop=True)
    y = np.asarray(y)
    if len(X) > MAX_ROWS:
        classes = y if task == "classification" else None
        rows, _ = train_test_split(
            np.arange(len(X)), train_size=MAX_ROWS, stratify=classes, random_state=0
        )
        X, y = X.iloc[rows].reset_index(drop=True), y[rows]
    return Table(name, task, X, y)


def _typed(column):
    if pd.api.types.is_numeric_dtype(column):
        return column
    text = column.astype(object).where(column.notna(), None)
    text = text.map(lambda value: value if value is None else str(value).strip())
    text = text.mask(text.isin(GAPS))
    try:
        return pd.to_numeric(text).astype(float)
    except ValueError:
        return text.astype("category")
