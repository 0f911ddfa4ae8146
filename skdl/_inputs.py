"""Inputs as the network takes them: standardised, dense, in the network's dtype."""

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import StandardScaler

from skdl._moments import deviations, merged

_BYTES = 2**25  # of X converted at a time, so that no second copy of it is made


@dataclass(eq=False)
class Inputs:
    """The way from a checked X to what the network is given.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,) or None
        None leaves the values as they are.
    dtype : str
        The network's dtype.
    shape : tuple of int
        Of one row, ``(n_features,)``.
    variance : ndarray of shape (n_features,) or None, default=None
        The square of `scale`, but 0 for constant columns.
    """

    mean: np.ndarray | None
    scale: np.ndarray | None
    dtype: str
    shape: tuple
    variance: np.ndarray | None = None

    @classmethod
    def fit(cls, X, weight, *, scaling, dtype, what="Column"):
        """Learn mean and standard deviation of every column.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n_samples, n_features)
            Training rows.
        weight : ndarray of shape (n_samples,)
            Row weights.
        scaling : {"standard", None}
            None learns nothing.
        dtype : str
            The network's dtype.
        what : str, default="Column"
            What a column is, for the message.

        Returns
        -------
        Inputs
            Ready to transform.
        """
        if scaling is None:
            return cls(None, None, dtype, X.shape[1:])
        with np.errstate(all="ignore"):
            scaler = StandardScaler(with_mean=not sp.issparse(X)).fit(
                X, sample_weight=weight
            )
        mean, scale = np.ravel(scaler.mean_), scaler.scale_
        if not (np.isfinite(mean).all() and np.isfinite(scale).all()):
            column = np.flatnonzero(~(np.isfinite(mean) & np.isfinite(scale)))[0]
            raise ValueError(
                f"{what} {column} of X has values too large to standardise (up to "
                f"{abs(X[:, [column]]).max():.3g}). Rescale it, for example with a "
                "logarithm."
            )
        return cls(mean, scale, dtype, X.shape[1:], np.ravel(scaler.var_))

    def with_more(self, X, weight, share):
        """The same for all rows so far.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n_samples, n_features)
            Further rows.
        weight : ndarray of shape (n_samples,)
            Row weights.
        share : float
            What part of the weight of all rows these have.

        Returns
        -------
        Inputs
            Itself, where nothing changes.
        """
        if self.mean is None:
            return self
        part = self.fit(X, weight, scaling="standard", dtype=self.dtype)
        mean, variance = merged(
            self.mean, self.variance, part.mean, part.variance, share
        )
        if (mean == self.mean).all() and (variance == self.variance).all():
            return self
        scale = deviations(mean, variance)
        return replace(self, mean=mean, scale=scale, variance=variance)

    def transform(self, X):
        """Standardise rows.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n_samples, n_features)
            Checked rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Dense, of the network's dtype.

        Raises
        ------
        ValueError
            If a value is too large for the dtype.
        """
        result = self.standardised(X)
        refuse_overflow(result, X)
        return result

    def standardised(self, X):
        """The same, but what is too large becomes infinite."""
        result = np.empty(X.shape, self.dtype)
        with np.errstate(over="ignore"):
            for rows in row_blocks(X, _BYTES):
                block = X[rows].toarray() if sp.issparse(X) else X[rows]
                if self.mean is not None:
                    block = np.subtract(block, self.mean, dtype=np.float64) / self.scale
                result[rows] = block
        return result

    def dtype_of(self, X):
        """The dtype that `transform` gives any rows."""
        return self.dtype

    def state(self):
        """What the network has to know of these inputs: see `Layout.fresh`."""
        return {}

    def layers(self):
        """The same as layers of Keras.

        Returns
        -------
        list of keras.Layer
            Computing in the network's dtype.
        """
        if self.mean is None:
            return []
        from keras import layers

        # Keras takes a standard deviation below 1e-7 as 1e-7, and squares of large ones
        # overflow: such columns are brought near one first, by a power of two, which
        # rounds nothing
        odd = (self.scale < 1e-6) | (self.scale > 1e6)
        small = np.where(odd, 2.0 ** -np.round(np.log2(self.scale)), 1.0)
        near_one = []
        if (small != 1).any():
            near_one = [layers.Rescaling(small.tolist(), dtype=self.dtype)]
        return [
            *near_one,
            layers.Normalization(
                mean=self.mean * small,
                variance=(self.scale * small) ** 2,
                dtype=self.dtype,
                name="input_scaling",
            ),
        ]


def refuse_overflow(result, X, name="X", remedy="dtype='float64'"):
    """Complain about a number that became infinite in the network's dtype.

    Parameters
    ----------
    result : ndarray
        The numbers in that dtype.
    X : ndarray or csr_matrix of the same shape
        As they were.
    name : str, default="X"
        What they are, for the message.
    remedy : str, default="dtype='float64'"
        What could be used instead.

    Raises
    ------
    ValueError
        If there is one; the first is named.
    """
    if np.isinf(result).any():
        place = np.argwhere(np.isinf(result))[0].tolist()
        raise ValueError(
            f"{name}{place}={X[tuple(place)]:.3g} is too large for {result.dtype}. "
            f"Rescale {name}, or use {remedy}."
        )


def row_blocks(X, n_bytes, row_shape=None):
    """Slices of rows which take some `n_bytes` each when dense in float64.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_rows, ...)
        Rows.
    n_bytes : int
        A block has as many rows as fit, and at least one.
    row_shape : tuple of int or None, default=None
        Of one row when it is dense, if X does not have it; that of X is taken where it
        is None or has an axis of any length.

    Returns
    -------
    iterator of slice
        All rows in order.
    """
    if row_shape is None or None in row_shape:
        row_shape = X.shape[1:]
    row_bytes = 8 * max(1, math.prod(row_shape))
    step = max(1, n_bytes // row_bytes)
    return (slice(i, i + step) for i in range(0, X.shape[0], step))
