"""Sequences of different length: told apart and checked."""

import numbers

import numpy as np
import scipy.sparse as sp

from skdl._sequences._numbers import FILL, as_numbers, is_finite
from skdl._sequences._padding import lengths_of

FORMS = (
    "an array of shape (n_sequences, n_steps) or (n_sequences, n_steps, n_features), "
    "or a list of arrays of shape (n_steps, n_features)"
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


def is_table(X):
    """Whether X has two axes, sequences and steps, and numbers in them.

    Parameters
    ----------
    X : object
        What the user gave.

    Returns
    -------
    bool
        False also for a frame of one column or more that hold sequences.
    """
    if is_ragged(X) or _holds_sequences(X):
        return False
    if hasattr(X, "shape"):
        return len(X.shape) == 2
    try:
        return np.asarray(X).ndim == 2
    except ValueError:  # steps that differ in shape, which as_sequences refuses
        return False


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
    _refuse_sparse(X, name, f"{name}.toarray()")
    if X is None:
        raise TypeError(f"{name} is None, but sequences are expected. Give {FORMS}.")
    if _holds_sequences(X):
        raise ValueError(
            f"{name} has {X.shape[1]} columns and sequences in them, but one column of "
            "sequences is expected. Give a list of arrays of shape (n_steps, "
            "n_features), in which such columns are features."
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


def names_in(X):
    """The names of the features if all sequences are frames with names of text.

    Parameters
    ----------
    X : object
        What the user gave.

    Returns
    -------
    ndarray of object or None
        The first sequence's.
    """
    members = _members(X)
    if members is None or not all(hasattr(m, "columns") for m in members):
        return None
    names = list(members[0].columns)
    are_text = all(isinstance(name, str) for name in names)
    return np.array(names, dtype=object) if are_text else None


def refuse_other_features(estimator, found, known, name="X"):
    """Refuse steps with other features than those of fit.

    Parameters
    ----------
    estimator : BaseEstimator
        Whose class the message has.
    found, known : tuple of int and ndarray or None
        The number of features and their names, of these sequences and of fit's.
    name : str, default="X"
        The argument's name, for the message.

    Raises
    ------
    ValueError
        If the numbers differ, or both have names and these differ.
    """
    own = type(estimator).__name__
    if found[0] != known[0]:
        raise ValueError(
            f"{name} has {found[0]} features per step, but {own} is expecting "
            f"{known[0]} features per step. Give {FORMS}, with the features that fit "
            "saw."
        )
    if found[1] is None or known[1] is None or list(found[1]) == list(known[1]):
        return
    raise ValueError(
        f"The sequences of {name} have the columns {list(found[1])}, but {own} is "
        f"expecting {list(known[1])}. Give the columns that fit saw, in the same order."
    )


def _is_sequence(value):
    return isinstance(value, (list, tuple)) or len(getattr(value, "shape", ())) > 0


def _holds_sequences(X):
    """Whether the entries of several columns are sequences themselves."""
    if sp.issparse(X) or len(getattr(X, "shape", ())) != 2 or X.shape[1] < 2:
        return False
    if hasattr(X, "iloc"):
        kinds = [getattr(dtype, "kind", "O") for dtype in X.dtypes]
        first = X.iloc[:1, [i for i, kind in enumerate(kinds) if kind == "O"]]
    else:
        first = X[:1] if getattr(getattr(X, "dtype", None), "kind", "") == "O" else ()
    return any(map(_is_sequence, np.asarray(first, dtype=object).ravel()))


def _refuse_sparse(X, name, dense):
    if sp.issparse(X):
        raise TypeError(
            f"{name} is a sparse matrix, but dense sequences are expected. Give "
            f"{dense}."
        )


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
    _refuse_sparse(values, name, "a list of their toarray()")
    form = "a sequence is an array of shape (n_steps,) or (n_steps, n_features)"
    if values is None or isinstance(values, numbers.Number):
        raise TypeError(
            f"{name} is {values!r}, but {form}. Leave it out, or give its steps."
        )
    array = _as_floats(values, name)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{name} has shape {array.shape}, but {form}. Join the axes of the "
            "features, by x.reshape(len(x), -1) for each array x."
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
    if X.ndim > 3:
        raise ValueError(
            f"{name} has shape {X.shape}. Give {FORMS}; {name}.reshape(*{name}.shape"
            "[:2], -1) joins the axes of the features."
        )
    if X.ndim < 2:
        raise ValueError(
            f"{name} has shape {X.shape}. Give {FORMS}, with more than 0 sequences."
        )
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
