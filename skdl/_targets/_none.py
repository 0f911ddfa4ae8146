"""Rows without targets: what stands for y where an estimator needs none."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skdl._targets._base import Targets


def no_targets(X):
    """What stands for y.

    Parameters
    ----------
    X : array-like of shape (n_rows, ...)
        Checked rows.

    Returns
    -------
    ndarray of shape (n_rows, 0)
        As many targets as rows, of no number.
    """
    return np.zeros((X.shape[0], 0))


@dataclass(eq=False)
class NoTargets(Targets):
    """Targets of which each is empty.

    Parameters
    ----------
    n_outputs : int
        Of the network; there is no y to tell.
    """

    n_outputs: int
    row_shape: ClassVar[tuple] = (0,)

    def check(self, y, name="y"):
        """Nothing to complain about.

        Parameters
        ----------
        y : ndarray of shape (n_rows, 0)
            Of `no_targets`.
        name : str, default="y"
            Not used.

        Returns
        -------
        ndarray of shape (n_rows, 0)
            The same.
        """
        return y

    def strata(self, y):
        """None: rows are set apart as they come.

        Parameters
        ----------
        y : ndarray of shape (n_rows, 0)
            Checked targets.
        """

    def encode(self, y, dtype):
        """The same in a dtype.

        Parameters
        ----------
        y : ndarray of shape (n_rows, 0)
            Checked targets.
        dtype : str
            Of the result.

        Returns
        -------
        ndarray of shape (n_rows, 0)
        """
        return y.astype(dtype)
