"""Checked rows: taking some, weighing them, setting some apart for validation."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split


class Rows(NamedTuple):
    """Rows after the checks.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_rows, ...)
        Inputs.
    y : ndarray of shape (n_rows, ...)
        Class indices, indicators or numbers.
    weight : ndarray of shape (n_rows,)
        Row weights.
    """

    X: object
    y: np.ndarray
    weight: np.ndarray

    @property
    def n_rows(self):
        """How many there are."""
        return len(self.weight)

    def take(self, rows):
        """Some of the rows."""
        return Rows(self.X[rows], self.y[rows], self.weight[rows])

    def weighed(self, factors):
        """The rows with weights multiplied; a row of weight zero is no row."""
        weight = self.weight * factors
        if not weight.any():
            raise ValueError(
                f"All {self.n_rows} rows for training or validation have weight zero "
                "after class_weight. Give at least one class among them a positive "
                "weight."
            )
        rows = self._replace(weight=weight)
        return rows if weight.all() else rows.take(np.flatnonzero(weight))

    def normalised_weight(self):
        """Weights with mean one: the loss of a batch is a mean over its rows."""
        return self.weight * (self.n_rows / self.weight.sum())


def split_rows(rows, fraction, *, strata, classes, strict, seed):
    """Set rows apart for validation.

    Parameters
    ----------
    rows : Rows
        All of them.
    fraction : float
        Share of the rows that is set apart, between 0 and 1.
    strata : ndarray of shape (n_rows,) or None
        Class indices whose proportions are kept.
    classes : ndarray
        Labels of the strata, for the message.
    strict : bool
        Whether it is an error if the proportions cannot be kept; otherwise the rows
        are split regardless of them.
    seed : int
        Decides which rows.

    Returns
    -------
    train, validation : Rows
        In the order of `rows`.

    Raises
    ------
    ValueError
        If one side has no rows, or lacks a class.
    """
    n_validation = int(np.ceil(fraction * rows.n_rows))
    if not 0 < n_validation < rows.n_rows:
        raise no_row_left(fraction, rows.n_rows)
    if strata is not None and (missing := _left_out(strata, n_validation)) is not None:
        if strict:
            raise ValueError(
                f"validation_fraction={fraction} leaves class "
                f"{classes[[missing]].tolist()[0]!r} out of training or validation: it "
                f"has {np.sum(strata == missing)} of {rows.n_rows} rows, and "
                f"{n_validation} rows are for the validation of "
                f"{len(np.unique(strata))} classes. Change validation_fraction, pass "
                "X_val and y_val, or use early_stopping=False."
            )
        strata = None
    train, validation = train_test_split(
        np.arange(rows.n_rows),
        test_size=n_validation,
        random_state=seed,
        stratify=strata,
    )
    return rows.take(np.sort(train)), rows.take(np.sort(validation))


def no_row_left(fraction, n_rows):
    """The error of a split after which there is nothing to train on."""
    return ValueError(
        f"validation_fraction={fraction} of {n_rows} rows leaves no row for training. "
        "Give more rows, pass X_val and y_val, or use early_stopping=False."
    )


def _left_out(strata, n_validation):
    """The smallest class if it cannot be on both sides, or None."""
    counts = np.bincount(strata)
    present = np.flatnonzero(counts)
    smallest = present[counts[present].argmin()]
    room = min(n_validation, len(strata) - n_validation)
    fits = counts[smallest] >= 2 and len(present) <= room
    return None if fits else smallest
