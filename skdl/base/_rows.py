"""Checked rows: taking some, weighing them, setting some apart for validation."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from skdl._remarks import warn_user
from skdl.exceptions import MissingClassWarning


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
        Class indices whose proportions are kept where they have the rows.
    classes : ndarray
        Labels of the strata, for the warning.
    strict : bool
        Whether to warn if a class cannot be on both sides.
    seed : int
        Decides which rows.

    Returns
    -------
    train, validation : Rows
        In the order of `rows`.

    Raises
    ------
    ValueError
        If one side has no rows.

    Warns
    -----
    skdl.exceptions.MissingClassWarning
        If `strict`, and a class has no row for one side.
    """
    n_validation = int(np.ceil(fraction * rows.n_rows))
    if not 0 < n_validation < rows.n_rows:
        raise no_row_left(fraction, rows.n_rows)
    missing = None if strata is None else _left_out(strata, n_validation)
    if strict and missing is not None:
        text = (
            f"validation_fraction={fraction} leaves class "
            f"{classes[[missing]].tolist()[0]!r} out of training or validation: it "
            f"has {np.sum(strata == missing)} of {rows.n_rows} rows, and "
            f"{n_validation} rows are for the validation of "
            f"{len(np.unique(strata))} classes. Change validation_fraction, pass "
            "X_val and y_val, or use early_stopping=False."
        )
        warn_user(MissingClassWarning(text))
    random_state = np.random.RandomState(seed)
    train, held = drawn(rows.n_rows, n_validation, strata, random_state)
    return rows.take(train), rows.take(held)


def drawn(n_rows, n_held, strata, random_state):
    """Draw the rows that are set apart.

    Classes keep their proportions where they have the rows; the only row of a class is
    for training.

    Parameters
    ----------
    n_rows : int
        How many there are.
    n_held : int
        How many are set apart.
    strata : ndarray of shape (n_rows,) or None
        Class indices.
    random_state : RandomState
        That draws.

    Returns
    -------
    train, held : ndarray of int
        In rising order.
    """
    everything = np.arange(n_rows)
    alone = everything[:0]
    if strata is not None:
        counts = np.bincount(strata)
        alone = np.flatnonzero(counts[strata] == 1)
        room = min(n_held, n_rows - len(alone) - n_held)
        if np.count_nonzero(counts > 1) > room:
            strata = None
        if room < 1:
            alone = everything[:0]
    others = np.setdiff1d(everything, alone)
    train, held = train_test_split(
        others,
        test_size=n_held,
        random_state=random_state,
        stratify=None if strata is None else strata[others],
    )
    return np.sort(np.concatenate([train, alone])), np.sort(held)


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
