"""Sequences of different length: told apart, checked, padded and cut again."""

import numpy as np
import scipy.sparse as sp

from skdl._sequences._numbers import FILL, as_numbers, is_finite

FORMS = (
    "an array of shape (n_sequences, n_steps) or (n_sequences, n_steps, n_features), "
    "or a list of sequences"
)


def is_ragged(X):
    """Whether X is a collection of sequences, and not one array of numbers.

    Parameters
    ----------
    X : object
        What the user gave.

    Returns
    -------
    bool
        True for a list, tuple, series or array of objects that holds arrays, frames or
        series (of equal length as well), or lists of different length. False for nested
        lists that make one array, and for whatever `as_sequences` does not take.
    """
    members = _members(X)
    if members is None:
        return False
    if not isinstance(X, (list, tuple)) or any(hasattr(m, "shape") for m in members):
        return True
    return len({len(m) if _is_sequence(m) else None for m in members}) > 1


def as_sequences(X, name="X", *, allow_nan=False):
    """Check sequences, and give each two axes: steps and features.

    Parameters
    ----------
    X : array-like or collection of array-likes
        An array of shape (n_sequences, n_steps, n_features), or (n_sequences, n_steps)
        for one feature; or a collection (see `is_ragged`) of sequences of shape
        (n_steps,) or (n_steps, n_features), each with its own number of steps. An array
        may end with steps of NaN in all features, which are padding.
    name : str, default="X"
        The argument's name, for the messages.
    allow_nan : bool, default=False
        Whether other NaN are let through.

    Returns
    -------
    ndarray of shape (n_sequences, n_steps, n_features) or list of ndarray
        Arrays in the first case, lists of arrays of two axes in the second; float32 or
        float64, not copied if they had that dtype.

    Raises
    ------
    ValueError
        For text, dates, gaps, infinity, features that differ in number, and if there is
        no sequence, or one without steps.
    TypeError
        For sparse matrices, and if X is no collection of numbers at all.
    """
    if sp.issparse(X):
        raise TypeError(
            f"{name} is a sparse matrix, but dense sequences are expected. Give "
            f"{name}.toarray()."
        )
    if not is_ragged(X):
        return _check_array(_as_floats(X, name), name, allow_nan)
    members = _members(X)
    sequences = [_as_sequence(m, f"{name}[{i}]") for i, m in enumerate(members)]
    _refuse_other_features(sequences, members, name)
    for i, sequence in enumerate(sequences):
        _refuse_infinity(sequence[np.newaxis], name, i)
        if not allow_nan:
            _refuse_gaps(sequence[np.newaxis], name, i)
    return sequences


def pad_sequences(sequences, dtype=None, value=np.nan):
    """Bring sequences to the length of the longest one, padding them at the end.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_steps, ...)
        With equal shapes but for the number of steps.
    dtype : dtype, default=None
        Of the result; None takes one that holds all the sequences and `value`.
    value : scalar, default=nan
        What padding is.

    Returns
    -------
    ndarray of shape (n_sequences, longest, ...)
        A new array.
    """
    if dtype is None:
        dtype = np.result_type(value, *{s.dtype for s in sequences})
    shape = len(sequences), max(map(len, sequences)), *sequences[0].shape[1:]
    padded = np.full(shape, value, dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded


def lengths_of(padded):
    """The number of steps of each sequence, without the padding.

    Parameters
    ----------
    padded : ndarray of shape (n_sequences, n_steps, n_features)
        Of floats; steps of NaN in all features at the end are padding.

    Returns
    -------
    ndarray of int of shape (n_sequences,)
        Zero for a sequence that is NaN throughout.
    """
    n_sequences, n_steps = padded.shape[:2]
    if is_finite(padded) or not padded.size:
        return np.full(n_sequences, n_steps)
    is_step = ~np.isnan(padded).all(axis=2)
    n_padded = is_step[:, ::-1].argmax(axis=1)
    return np.where(is_step.any(axis=1), n_steps - n_padded, 0)


def unpad(values, lengths):
    """Cut padded sequences to their lengths.

    Parameters
    ----------
    values : sequence of ndarray of shape (n_steps, ...)
        One for each sequence, or one array of them.
    lengths : sequence of int
        How many steps of each are kept.

    Returns
    -------
    list of ndarray
        Views.
    """
    return [steps[:n] for steps, n in zip(values, lengths, strict=True)]


def _is_sequence(value):
    return isinstance(value, (list, tuple)) or len(getattr(value, "shape", ())) > 0


def _members(X):
    """What a collection of sequences holds; None if X is none."""
    members, shape = None, getattr(X, "shape", ())
    if isinstance(X, (list, tuple)):
        members = X
    elif len(shape) == 1:
        members = list(X)
    elif len(shape) == 2 and shape[1] == 1 and not sp.issparse(X):  # a frame's column
        column = np.asarray(X)
        members = list(column[:, 0]) if column.dtype == object else None
    return members if members and any(map(_is_sequence, members)) else None


def _as_floats(values, name):
    """float32 or float64, of any number of axes."""
    array = as_numbers(values, name, FORMS)
    is_kept = array.dtype in (np.float32, np.float64)
    return array if is_kept else array.astype(np.float64)


def _as_sequence(values, name):
    """One sequence, of two axes."""
    array = _as_floats(values, name)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{name} has shape {array.shape}, but a sequence is an array of shape "
            "(n_steps,) or (n_steps, n_features)."
        )
    if not array.size:
        raise ValueError(
            f"{name} is empty, with shape {array.shape}. Leave out sequences without "
            "steps."
        )
    return array if array.ndim == 2 else array[:, np.newaxis]


def _refuse_other_features(sequences, members, name):
    """All sequences have the same features; of frames, in the same order."""
    n_features = sequences[0].shape[1]
    names = getattr(members[0], "columns", None)
    for i, (sequence, member) in enumerate(zip(sequences, members, strict=True)):
        if sequence.shape[1] != n_features:
            raise ValueError(
                f"{name}[{i}] has {sequence.shape[1]} features per step, but {name}[0] "
                f"has {n_features}. Give every sequence the same features."
            )
        own = getattr(member, "columns", None)
        if names is not None and own is not None and list(own) != list(names):
            raise ValueError(
                f"{name}[{i}] has the columns {list(own)}, but {name}[0] has "
                f"{list(names)}. Give every sequence the same columns in one order."
            )


def _check_array(X, name, allow_nan):
    if X.ndim < 2 and X.size:
        raise ValueError(
            f"{name} has shape {X.shape}, but {FORMS} is expected. Reshape your data: "
            f"{name}.reshape(1, -1) is one sequence of one feature."
        )
    if X.ndim not in (2, 3):
        raise ValueError(f"{name} has shape {X.shape}. Give {FORMS}.")
    X = X if X.ndim == 3 else X[..., np.newaxis]
    for axis, what in enumerate(["sequence", "step", "feature"]):
        if X.shape[axis] == 0:
            raise ValueError(
                f"{name} is empty, with shape {X.shape} and 0 {what}s. Give at least "
                f"one {what}."
            )
    _refuse_infinity(X, name)
    lengths = lengths_of(X)
    if not lengths.all():
        raise ValueError(
            f"{name}[{lengths.argmin()}] is NaN at every step. Leave out such "
            "sequences."
        )
    if not allow_nan:
        _refuse_gaps(X, name, lengths=lengths)
    return X


def _refuse_infinity(X, name, first=0):
    """The first sequence of X has a number."""
    if not is_finite(X) and np.isinf(X).any():
        i, step, feature = np.argwhere(np.isinf(X))[0]
        raise ValueError(
            f"{name}[{first + i}] is infinity at step {step}, feature {feature}. "
            "Replace such values."
        )


def _refuse_gaps(X, name, first=0, lengths=None):
    """Refuse NaN, but for what is padding by the lengths."""
    if is_finite(X):
        return
    is_gap = np.isnan(X)
    if lengths is not None:
        is_gap &= (np.arange(X.shape[1]) < lengths[:, np.newaxis])[..., np.newaxis]
    if is_gap.any():
        i, step, feature = np.argwhere(is_gap)[0]
        raise ValueError(
            f"{name}[{first + i}] is NaN at step {step}, feature {feature}. {FILL}"
        )
