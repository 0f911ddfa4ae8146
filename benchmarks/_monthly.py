"""Monthly series, and what is forecast of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks._processes import ROOT

FOLDER = ROOT.parent / "shared" / "data" / "series"
FILES = {"airline": "airline-passengers.csv", "sunspots": "monthly-sunspots.csv"}


class Problem(NamedTuple):
    """A series whose last months are forecast, one step ahead each.

    Attributes
    ----------
    name : str
        A key of ``FILES``.
    values : ndarray of shape (n_months,)
        The months before those that are forecast, and these.
    n_test : int
        How many are forecast.
    """

    name: str
    values: np.ndarray
    n_test: int

    @property
    def n_train(self):
        """Months that a forecaster learns from."""
        return len(self.values) - self.n_test

    @property
    def truth(self):
        """What is forecast."""
        return self.values[self.n_train :]

    def rmse(self, forecasts):
        """Root mean square of the errors of forecasts of all test months."""
        return float(np.sqrt(np.mean((forecasts - self.truth) ** 2)))


def n_test_of(name, n_months):
    """How many of the last months are held out: 48, or a third."""
    return 48 if name == "airline" else n_months // 3


def read_problem(name, folder=FOLDER, *, validation=False):
    """Read a series.

    Parameters
    ----------
    name : str
        A key of ``FILES``.
    folder : Path
        Where the files are.
    validation : bool, default=False
        Leave out the months that are held out, and forecast the last third of the
        others.

    Returns
    -------
    Problem

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    path = Path(folder) / FILES[name]
    if not path.exists():
        raise FileNotFoundError(
            f"There is no {FILES[name]} in {folder}. Give the folder by --data; "
            "README.md beside this file says where the series are from."
        )
    values = pd.read_csv(path).iloc[:, 1].to_numpy(float)
    n_test = n_test_of(name, len(values))
    if validation:
        values = values[:-n_test]
        n_test = len(values) // 3
    return Problem(name, values, n_test)
