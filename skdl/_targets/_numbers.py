"""Numbers: standardised for training, brought back for predictions."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_array

from skdl._moments import deviations, merged
from skdl._targets._base import Targets
from skdl._targets._labels import plain


@dataclass(eq=False)
class NumericTargets(Targets):
    """Numbers, standardised for training and brought back for predictions.

    Parameters
    ----------
    n_outputs : int
        Columns of y.
    flat : bool
        Whether y had one dimension, as predictions then have.
    mean, scale : ndarray of shape (n_outputs,)
        Of the training targets; 0 and 1 without scaling.
    variance : ndarray of shape (n_outputs,) or None, default=None
        The square of `scale`, but 0 for constant columns; None without scaling.
    """

    n_outputs: int
    flat: bool
    mean: np.ndarray
    scale: np.ndarray
    variance: np.ndarray | None = None

    @property
    def row_shape(self):
        """Shape of one row of encoded targets."""
        return (self.n_outputs,)

    def check(self, y, name="y"):
        """Finite numbers, with as many columns as in ``fit``.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        name : str, default="y"
            The argument's name, for the message.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            float64.

        Raises
        ------
        ValueError
            For text, NaN, infinity or a wrong number of columns.
        """
        y = _check_numbers(y, name)
        y = y.reshape(len(y), -1)
        if y.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name} has {y.shape[1]} columns, but the model has {self.n_outputs} "
                "outputs. Give as many columns as in fit."
            )
        return y

    def fit_scale(self, y, weight):
        """Learn mean and standard deviation of each column.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Training targets.
        weight : ndarray of shape (n_samples,)
            Row weights.
        """
        with np.errstate(all="ignore"):
            self.mean = np.average(y, axis=0, weights=weight)
            variance = np.average((y - self.mean) ** 2, axis=0, weights=weight)
        if not np.isfinite(variance).all():
            raise ValueError(
                f"y has values too large to standardise (up to {np.abs(y).max():.3g}). "
                "Rescale y, for example with TransformedTargetRegressor."
            )
        # a constant column has no spread to divide by, up to rounding
        self.variance, self.scale = variance, deviations(self.mean, variance)

    def with_more(self, y, weight, share):
        """The same for all rows so far.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets of further rows.
        weight : ndarray of shape (n_samples,)
            Row weights.
        share : float
            What part of the weight of all rows these have.

        Returns
        -------
        NumericTargets
            Itself, where nothing changes.
        """
        part = replace(self)
        part.fit_scale(y, weight)
        mean, variance = merged(
            self.mean, self.variance, part.mean, part.variance, share
        )
        if (mean == self.mean).all() and (variance == self.variance).all():
            return self
        scale = deviations(mean, variance)
        return replace(self, mean=mean, scale=scale, variance=variance)

    def strata(self, y):
        """Rows are split at random."""
        return None

    def encode(self, y, dtype):
        """Standardised, of the network's dtype."""
        with np.errstate(over="ignore"):
            encoded = ((y - self.mean) / self.scale).astype(dtype)
        if not np.isfinite(encoded).all():
            raise ValueError(
                f"y has a value of {np.abs(y).max():.3g}, too large for {dtype}. "
                "Rescale y, or use dtype='float64'."
            )
        return encoded

    def decode(self, outputs):
        """Predictions in the units of y, float64."""
        y = outputs.astype(np.float64) * self.scale + self.mean
        return y[:, 0] if self.flat else y


def numeric_targets(y):
    """Find out how many columns of numbers there are.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets. One column of shape (n_samples, 1) is raveled, with scikit-learn's
        ``DataConversionWarning``.

    Returns
    -------
    NumericTargets
        Without scaling, until `NumericTargets.fit_scale`.
    """
    y = _check_numbers(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    n = 1 if y.ndim == 1 else y.shape[1]
    return NumericTargets(n, y.ndim == 1, np.zeros(n), np.ones(n))


def _check_numbers(y, name="y"):
    """Regression targets as float64 of shape (n_samples,) or (n_samples, n_outputs).

    Parameters
    ----------
    y : array-like
        What the user gave.
    name : str, default="y"
        The argument's name, for the message.

    Returns
    -------
    ndarray
        Finite numbers.

    Raises
    ------
    ValueError
        For text, NaN and infinity.
    """
    y = check_array(
        y, ensure_2d=False, dtype=None, input_name=name, ensure_all_finite=True
    )
    if y.dtype.kind in "mM":
        raise ValueError(
            f"{name} holds dates or times. Turn them into numbers first, for example "
            "days since a date."
        )
    if y.dtype.kind in "OUS":
        for value in y.ravel():
            if not _is_number(value):
                raise ValueError(
                    f"{name} holds {plain(value)!r}, which is no number. A regressor "
                    "needs numbers; use a classifier for labels."
                )
        y = check_array(y.astype(np.float64), ensure_2d=False, input_name=name)
    return y.astype(np.float64, copy=False)


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return value is None  # a gap, which has a message of its own
    return True
