"""Checks of what a forecaster is given: lengths, steps, covariates."""

from collections.abc import Mapping
from numbers import Integral
from typing import NamedTuple

import numpy as np

from skdl._series import aligned_exog, columns_of_exog, counted

LARGEST = 1e306


def check_whole(name, value):
    """Check that a number is whole and at least 1.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        What the user gave.

    Returns
    -------
    int
        The number.

    Raises
    ------
    TypeError
        If it is not whole.
    ValueError
        If it is too small.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        shown = repr(value) if np.ndim(value) == 0 else type(value).__name__
        raise TypeError(
            f"{name} must be a whole number of at least 1, and not {shown}."
        )
    if value < 1:
        raise ValueError(f"{name}={value} must be a whole number of at least 1.")
    return int(value)


def blocks_of(steps, horizon, strategy):
    """How many steps to forecast, and how many blocks of `horizon` steps they take.

    Parameters
    ----------
    steps : int or None
        What the user gave; None is `horizon`.
    horizon : int
        Steps that the networks predict at a time.
    strategy : {"direct", "recursive"}
        "direct" takes one block only.

    Returns
    -------
    n_steps, n_blocks : int
        At least 1.

    Raises
    ------
    TypeError
        If the steps are not whole.
    ValueError
        If they are too few or too many.
    """
    if np.ndim(steps) or isinstance(steps, Mapping):
        raise TypeError(
            f"steps must be a whole number, and not {type(steps).__name__}. Pass a "
            "history as series=..."
        )
    n_steps = horizon if steps is None else check_whole("steps", steps)
    if strategy == "direct" and n_steps > horizon:
        raise ValueError(
            f"steps={n_steps} is more than horizon={horizon}, all that "
            'strategy="direct" predicts. Fit with a larger horizon, or set '
            'strategy="recursive".'
        )
    return n_steps, -(-n_steps // horizon)


def check_lengths(panel, n_needed, why):
    """Check that no series is too short.

    Parameters
    ----------
    panel : Panel
        All series.
    n_needed : int
        Observations that each must have.
    why : str
        For the message: what needs them, and what to do.

    Raises
    ------
    ValueError
        If there is one.
    """
    for one, argument in zip(panel, panel.arguments(), strict=True):
        if len(one) < n_needed:
            raise ValueError(
                f"{argument} has {counted(len(one), 'observation')}, but {n_needed} "
                f"are needed{why}"
            )


def levels_of(panel, transform):
    """Levels of all series, whose logarithms must exist.

    Parameters
    ----------
    panel : Panel
        All series.
    transform : SeriesTransform
        From values to levels.

    Returns
    -------
    list of ndarray of shape (n, n_columns)
        One for each series.

    Raises
    ------
    ValueError
        If a logarithm is asked of a value that is not positive, or if values are too
        large for sums and differences.
    """
    for one, argument in zip(panel, panel.arguments(), strict=True):
        largest = np.abs(one.values).max(initial=0)
        if largest > LARGEST:
            raise ValueError(
                f"{argument} has numbers of the size {largest:.3g}, with which nothing "
                "can be computed. Divide it by a constant."
            )
        if transform.log:
            one.check_positive(argument)
    return [transform.levels(one.values) for one in panel]


class Covariates(NamedTuple):
    """Covariates of all series.

    Parameters
    ----------
    values : list of ndarray of shape (n, n_covariates)
        Aligned with the series.
    names : pandas.Index or None
        Names of the columns of a frame.
    """

    values: list
    names: object

    def until(self, ends):
        """The rows before the cut of each series.

        Parameters
        ----------
        ends : sequence of int
            How many rows.

        Returns
        -------
        Covariates
            Views.
        """
        return self._replace(
            values=[rows[:n] for rows, n in zip(self.values, ends, strict=True)]
        )

    def followed_by(self, later):
        """These rows and the next ones.

        Parameters
        ----------
        later : Covariates
            Of the same columns.

        Returns
        -------
        Covariates
            Of both lengths together.
        """
        pairs = zip(self.values, later.values, strict=True)
        return self._replace(values=[np.concatenate(pair) for pair in pairs])


def read_covariates(panel, exog, *, indices=None, n_skipped=None, like=None):
    """Check covariates, and bring them to the labels of the series.

    Parameters
    ----------
    panel : Panel
        All series.
    exog : object
        Given as the series were, or None.
    indices : list of pandas.Index or None, default=None
        The labels; None takes those of the series.
    n_skipped : list of int or None, default=None
        How many labels, from the first one on, may have no row.
    like : Covariates or None, default=None
        Those of fit, whose columns these must have.

    Returns
    -------
    Covariates or None
        None if `exog` is None.

    Raises
    ------
    ValueError
        If rows or columns are wrong.
    """
    if exog is None:
        return None
    values, names, n_columns = [], None, None
    if like is not None:
        names, n_columns = like.names, like.values[0].shape[1]
    parts = zip(panel.parts(exog, "exog"), panel.arguments("exog"), strict=True)
    for i, (part, argument) in enumerate(parts):
        rows = aligned_exog(
            part,
            panel.members[i].index if indices is None else indices[i],
            argument,
            n_skipped=0 if n_skipped is None else n_skipped[i],
            names=names,
            n_columns=n_columns,
        )
        if n_columns is None:
            names, n_columns = columns_of_exog(part), rows.shape[1]
        values.append(rows)
    return Covariates(values, names)


def check_presence(exog, known):
    """Check that covariates are given if, and only if, fit saw some.

    Parameters
    ----------
    exog : object
        What the user gave.
    known : Covariates or None
        Those of fit.

    Raises
    ------
    ValueError
        If they are missing, or too many.
    """
    if exog is None and known is not None:
        raise ValueError(
            "exog is missing, but fit saw covariates. Give those of the steps to be "
            "predicted as well."
        )
    if exog is not None and known is None:
        raise ValueError(
            "exog is given, but fit saw none. Leave it out, or pass exog to fit as "
            "well."
        )
