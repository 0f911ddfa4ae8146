"""Columns of numbers brought to one scale, gaps filled."""

from dataclasses import dataclass

import numpy as np

from skdl._tables._statistics import mean_and_deviation, quantiles

NOISE = 10 * np.finfo(np.float64).eps  # of a value: differences from rounding alone


@dataclass(eq=False)
class Scaling:
    """Columns of numbers, shifted, divided and perhaps clipped.

    - "robust": ``u / sqrt(1 + (u / 3)**2)`` with ``u = (x - median) / scale``, which
      stays between -3 and 3. The scale is the range between the quartiles, or half of
      the whole range where that is zero; a constant column becomes 0. This is the
      "robust scaling and smooth clipping" of RealMLP [1]_.
    - "standard": mean 0 and standard deviation 1, as in ``StandardScaler``.
    - None: as they are.

    A missing value becomes 0; without scaling, it becomes the median of its column.

    Parameters
    ----------
    columns : ndarray of int of shape (n_numbers,)
        Which columns of the table hold numbers.
    shift, scale, fill : ndarray of shape (n_numbers,)
        Subtracted, divided by (infinite for columns that become 0), and put where a
        value is missing.
    clipped : bool
        Whether values far away are drawn in.
    n_missing, n_distinct : ndarray of int of shape (n_numbers,)
        Missing and different values in training.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong
       Pre-Tuned MLPs and Boosted Trees on Tabular Data", NeurIPS 2024,
       arXiv:2407.04491.
    """

    columns: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    fill: np.ndarray
    clipped: bool
    n_missing: np.ndarray
    n_distinct: np.ndarray

    @classmethod
    def fit(cls, X, weight, columns, table, scaling):
        """Learn shift and scale of each column.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Training rows, NaN where a value is missing.
        weight : ndarray of shape (n_rows,)
            Row weights, positive.
        columns : ndarray of int of shape (n_numbers,)
            Which columns hold numbers.
        table : TableColumns
            Has their names, for the message.
        scaling : {"robust", "standard", None}
            How.

        Returns
        -------
        Scaling
            Ready to transform.

        Raises
        ------
        ValueError
            If the spread of a column is too large for float64.
        """
        found = quantiles(X, weight, columns)
        shift, scale = _SCALES[scaling](X, weight, columns, found)
        empty = found.n_missing == len(X)
        shift[empty], scale[empty] = 0.0, np.inf
        fill = found.median if scaling is None else np.zeros(len(columns))
        too_large = np.isnan(scale) | ~np.isfinite(shift)
        if too_large.any():
            i = too_large.argmax()
            largest = max(abs(found.low[i]), abs(found.high[i]))
            raise ValueError(
                f"Column {table.label(columns[i])} of X has values too large to "
                f"standardise (up to {largest:.3g}). Rescale it, for example with a "
                "logarithm."
            )
        return cls(
            columns,
            shift,
            scale,
            np.where(empty, 0.0, fill),
            scaling == "robust",
            found.n_missing,
            found.n_distinct,
        )

    def transform(self, numbers):
        """Scale rows.

        Parameters
        ----------
        numbers : ndarray of shape (n_rows, n_numbers)
            float64, NaN where a value is missing; only `columns` of the table.

        Returns
        -------
        ndarray of shape (n_rows, n_numbers)
            float64; without NaN, but infinite where a scaled value is too large.
        """
        missing = np.isnan(numbers)
        with np.errstate(all="ignore"):
            numbers = numbers - self.shift
            numbers /= self.scale
            if self.clipped:
                # beyond 1e9 all are 3 to the last bit, and squares must not overflow
                np.clip(numbers, -1e9, 1e9, out=numbers)
                numbers /= np.sqrt(1 + (numbers / 3) ** 2)
        numbers[:, np.isinf(self.scale)] = 0.0
        return np.where(missing, self.fill, numbers)


def _robust(X, weight, columns, found):
    with np.errstate(all="ignore"):
        between = _spread(found.first, found.third)
        whole = _spread(found.low, found.high)
        scale = np.where(between > 0, between, whole / 2)
    scale[np.isinf(scale)] = np.nan  # too large
    scale[scale == 0] = np.inf
    return found.median.copy(), scale


def _spread(low, high):
    """Differences, zero where they are but rounding."""
    largest = np.maximum(np.abs(low), np.abs(high))
    return np.where(high - low > NOISE * largest, high - low, 0.0)


def _standard(X, weight, columns, found):
    return mean_and_deviation(X, weight, columns)


def _none(X, weight, columns, found):
    return np.zeros(len(columns)), np.ones(len(columns))


_SCALES = {"robust": _robust, "standard": _standard, None: _none}
