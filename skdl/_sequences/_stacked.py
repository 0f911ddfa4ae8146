"""The steps of all sequences as the rows of one table, and back."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import validate_data

from skdl._sequences._padding import is_step
from skdl._sequences._ragged import (
    as_sequences,
    is_ragged,
    is_table,
    names_in,
    refuse_other_features,
)
from skdl._validation import refuse_repeated_names, remedies

FLOATS = [np.float64, np.float32]


@dataclass(eq=False)
class StackedSteps:
    """Steps as rows.

    Parameters
    ----------
    rows : ndarray or DataFrame of shape (n_rows, n_features)
        All steps but padding, one sequence after the other.
    lengths : ndarray of int of shape (n_sequences,)
        Steps of each.
    n_steps : int or None
        Of all sequences with their padding, in an array; None in a list.
    two_axes : bool, default=False
        Whether they came as a table, with a column for each step.
    index : Index, default=None
        Of the pandas frame they came in.
    """

    rows: object
    lengths: np.ndarray
    n_steps: int | None
    two_axes: bool = False
    index: object = None

    @classmethod
    def of(cls, estimator, X, *, reset, check_features=True):
        """Check sequences, and stack their steps.

        Parameters
        ----------
        estimator : BaseEstimator
            If `reset`, it gets ``n_features_in_``: features of each step, or columns of
            a table; and ``feature_names_in_`` from frames with names of text.
        X : array-like or list of array-likes
            Sequences.
        reset : bool
            True in ``fit``.
        check_features : bool, default=True
            Whether they must have the features of the estimator.

        Returns
        -------
        StackedSteps
            Which know the way back.

        Raises
        ------
        ValueError
            If there are other features, or X is no collection of sequences.
        """
        two_axes = is_table(X) and not sp.issparse(X)
        if two_axes and (reset or (check_features and estimator._saw_columns)):
            return cls._of_table(estimator, X, reset)
        names = names_in(X)
        index = X.index if hasattr(X, "iloc") and X.ndim == 2 else None
        X = as_sequences(X, allow_nan=True)
        n_features = X[0].shape[-1]
        if reset:
            estimator._saw_columns = False
            estimator._n_step_features = estimator.n_features_in_ = n_features
            vars(estimator).pop("feature_names_in_", None)
            if names is not None:
                estimator.feature_names_in_ = names
        elif check_features:
            known = None
            if not estimator._saw_columns:
                known = getattr(estimator, "feature_names_in_", None)
            refuse_other_features(
                estimator, (n_features, names), (estimator._n_step_features, known)
            )
        if isinstance(X, list):
            rows, n_steps = np.concatenate(X), None
            lengths = np.array([len(x) for x in X])
        else:
            is_there, n_steps = is_step(X), X.shape[1]
            lengths = is_there.sum(axis=1)
            rows = X.reshape(-1, n_features) if is_there.all() else X[is_there]
        known = getattr(estimator, "feature_names_in_", None)
        if check_features and known is not None and not estimator._saw_columns:
            from pandas import DataFrame

            rows = DataFrame(rows, columns=known)
        return cls(rows, lengths, n_steps, two_axes, index)

    @classmethod
    def _of_table(cls, estimator, X, reset):
        """Columns are steps, with one feature."""
        refuse_repeated_names(X, "X")
        index = X.index if hasattr(X, "iloc") else None
        with remedies("X"):
            X = validate_data(
                estimator, X, dtype=FLOATS, reset=reset, ensure_all_finite=False
            )
        if reset:
            estimator._saw_columns, estimator._n_step_features = True, 1
        n_sequences, n_steps = X.shape
        lengths = np.full(n_sequences, n_steps)
        return cls(X.reshape(-1, 1), lengths, n_steps, True, index)

    @property
    def array_of_rows(self):
        """The rows without names."""
        return np.asarray(self.rows)

    def like(self, rows, *, two_axes):
        """Rows as sequences again.

        Parameters
        ----------
        rows : array-like or sparse matrix of shape (n_rows, n_features)
            What became of the rows; any number of features.
        two_axes : bool
            Whether one feature for each step needs no axis.

        Returns
        -------
        ndarray or list of ndarray
            A list if they came as one; padding is NaN.

        Raises
        ------
        ValueError
            If there are fewer or more rows.
        """
        rows = rows.toarray() if sp.issparse(rows) else np.asarray(rows)
        if len(rows) != self.lengths.sum():
            raise ValueError(
                f"The transformer made {len(rows)} rows of {self.lengths.sum()} steps. "
                "Use one that returns a row for each row."
            )
        if self.n_steps is None:
            return np.split(rows, np.cumsum(self.lengths)[:-1])
        shape = len(self.lengths), self.n_steps, *rows.shape[1:]
        if len(rows) == shape[0] * shape[1]:
            result = rows.reshape(shape)
        else:
            result = np.full(shape, np.nan, np.result_type(rows, np.float32))
            is_there = np.arange(self.n_steps) < self.lengths[:, np.newaxis]
            result[is_there] = rows
        return result[..., 0] if two_axes and shape[2:] == (1,) else result


def repeat_over_steps(values, lengths, name, *, needed=False):
    """Give each step of a sequence what belongs to the sequence.

    Parameters
    ----------
    values : object
        One value for each sequence; or a collection with values for each step, of the
        sequences' lengths. Anything else is returned as it is.
    lengths : ndarray of int of shape (n_sequences,)
        Steps of each sequence.
    name : str
        The argument's name, for the message.
    needed : bool, default=False
        Whether anything else is an error.

    Returns
    -------
    ndarray of shape (n_rows, ...) or object
        The values of all steps.

    Raises
    ------
    ValueError
        If another number of values is given.
    """
    if is_ragged(values) and [len(v) for v in values] == lengths.tolist():
        return np.concatenate([np.asarray(v) for v in values])
    is_many = hasattr(values, "__len__") or hasattr(values, "__array__")
    if not is_many or isinstance(values, (str, bytes, dict)):
        return values
    array = np.asarray(values)
    if array.ndim and len(array) == len(lengths):
        return np.repeat(array, lengths, axis=0)
    if needed or name == "sample_weight":
        raise ValueError(
            f"{name} has shape {array.shape}, but X has {len(lengths)} sequences. Give "
            "one value for each of them."
        )
    return values
