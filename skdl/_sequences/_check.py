"""X of an estimator for sequences: numbers or tokens, checked and padded."""

import numpy as np
import scipy.sparse as sp

from skdl._remarks import warn_user
from skdl._sequences._numbers import as_numbers
from skdl._sequences._padding import lengths_of, pad_sequences
from skdl._sequences._ragged import (
    as_sequences,
    is_table,
    names_in,
    refuse_other_features,
)
from skdl._validation import check_inputs

MOST_TOKENS = np.iinfo(np.int32).max
MANY_TOKENS = 10**7  # above which numbers are rather identifiers


def check_sequences(estimator, X, *, reset, name="X"):
    """Check X, and bring sequences to one length.

    Parameters
    ----------
    estimator : BaseEstimator
        If `reset`, it gets ``n_features_in_``: features of each step, or columns of
        a table; ``feature_names_in_`` from a frame, or a list of frames, with names of
        text; and ``sequence_shape_``, steps (None if they differ) and features.
    X : array-like, list of array-likes, sparse matrix or DataFrame
        Of shape (n_sequences, n_steps, n_features); (n_sequences, n_steps), of which
        each column is a step with one feature; or sequences of different length.
    reset : bool
        True in ``fit``.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray of shape (n_sequences, n_steps, n_features)
        float64 or float32, NaN after the ends of sequences.

    Raises
    ------
    ValueError
        For text, gaps, infinity, features that differ in number, other columns.
    """
    if is_table(X) and (reset or estimator._has_columns):
        X = _check_table(estimator, X, reset, name)
        X = X.toarray() if sp.issparse(X) else X
        X = X[:, :, np.newaxis]
        if reset:
            estimator._has_columns = True
            estimator.sequence_shape_ = X.shape[1:]
            _forget(estimator, "n_tokens_")
        return X
    names = names_in(X)
    X = as_sequences(X, name)
    padded = pad_sequences(X) if isinstance(X, list) else X
    n_steps, n_features = padded.shape[1:]
    if reset:
        estimator._has_columns = False
        estimator.n_features_in_ = n_features
        _forget(estimator, "feature_names_in_", "n_tokens_")
        if names is not None:
            estimator.feature_names_in_ = names
        differ = np.isnan(padded[:, -1, 0]).any()
        estimator.sequence_shape_ = (None if differ else n_steps), n_features
    known = None
    if not estimator._has_columns:
        known = getattr(estimator, "feature_names_in_", None)
    refuse_other_features(
        estimator, (n_features, names), (estimator.sequence_shape_[1], known), name
    )
    return padded


def _forget(estimator, *names):
    """Remove what an earlier fit to X of another form has left."""
    for name in names:
        vars(estimator).pop(name, None)


def _check_table(estimator, X, reset, name):
    """As any table, but its columns may be given as steps."""
    try:
        return check_inputs(estimator, X, reset=reset, name=name)
    except ValueError as error:
        message, steps = str(error), f"{_array_of(X, name)}[:, :, np.newaxis]"
    if "contains NaN" in message and _is_padded(X):
        message = (
            f"{name} is a table and has NaN at the end of rows. Give sequences of "
            f"different length as {steps}, where NaN at the end is padding, or as a "
            "list of rows without it."
        )
    elif " features, but " in message:
        message = f"{message.rstrip('.')}, or give sequences of any length as {steps}."
    raise ValueError(message)


def _array_of(X, name):
    """How a table becomes an array, for the message."""
    if isinstance(X, np.ndarray):
        return name
    if sp.issparse(X):
        return f"{name}.toarray()"
    return f"{name}.to_numpy()" if hasattr(X, "to_numpy") else f"np.asarray({name})"


def _is_padded(X):
    """Whether the gaps of a table stand at the end of rows."""
    X = X.toarray() if sp.issparse(X) else as_numbers(X, "X", "a table")
    is_gap = np.isnan(X)
    after = np.arange(X.shape[1]) >= lengths_of(X[:, :, np.newaxis])[:, np.newaxis]
    return bool((is_gap == after).all())


def check_tokens(estimator, X, *, reset, n_tokens=None, moves=True, name="X"):
    """Check tokens, and bring them to one length.

    Parameters
    ----------
    estimator : BaseEstimator
        If `reset`, it gets ``n_tokens_`` and ``n_features_in_``, one token per step.
    X : array-like of int of shape (n_sequences, n_steps) or list of array-likes
        Tokens from 1 on; 0 is padding, wherever it stands, and so is NaN at the end.
    reset : bool
        True in ``fit``.
    n_tokens : int or None, default=None
        How many there are, 0 included; None takes what X shows. Larger ones that come
        later are passed over then, as a part of all rows need not show them.
    moves : bool, default=True
        Whether zeros before the end are moved there; else they are refused.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray of int32 of shape (n_sequences, n_steps)
        Zeros after the ends of sequences only.

    Raises
    ------
    ValueError
        For what is no whole number from 0 to ``n_tokens - 1``.

    Warns
    -----
    UserWarning
        If tokens are passed over.
    """
    X = as_sequences(X, name)
    X = pad_sequences(X, value=0) if isinstance(X, list) else np.nan_to_num(X)
    if X.shape[2] != 1:
        raise ValueError(
            f"{name} has {X.shape[2]} features per step, but embedding_dim needs one "
            "token per step. Give tokens of shape (n_sequences, n_steps), or set "
            "embedding_dim=None for numbers."
        )
    X = X[..., 0]
    limit = MOST_TOKENS if reset else estimator.n_tokens_
    if reset and n_tokens is not None:
        limit = n_tokens
        if n_tokens > MOST_TOKENS:
            raise ValueError(
                f"n_tokens={n_tokens} is too large. Give {MOST_TOKENS} at most, or "
                f"None for what {name} shows."
            )
    wrong = (np.floor(X) != X) | (X < 0) | (limit <= X)
    if wrong.any() and not reset and moves and n_tokens is None:
        later = wrong & (np.floor(X) == X) & (limit <= X) & (X < MANY_TOKENS)
        if later.any():
            X, wrong = _passed_over(X, later, name, limit), wrong & ~later
    if wrong.any():
        value = X[wrong][0]
        raise ValueError(_refusal(name, value, limit, n_tokens, reset))
    X = X.astype(np.int32)
    if reset:
        estimator.n_features_in_ = 1
        _forget(estimator, "feature_names_in_", "sequence_shape_")
        estimator.n_tokens_ = int(n_tokens or max(X.max() + 1, 2))
    padded = _padded_at_the_end(X)
    if not moves and padded is not X:
        raise ValueError(
            f"{name} has 0, which is padding, before the last token of a sequence, but "
            "with return_sequences=True every step has a target. Pad at the end."
        )
    return padded


def _passed_over(X, later, name, limit):
    """Tokens without those that came after training, of which nothing is known."""
    text = (
        f"{name} holds the token {X[later][0]:.0f}, but in training there were 0 to "
        f"{limit - 1}. Such tokens, {np.count_nonzero(later)} in all, are passed over. "
        f"Set n_tokens={X[later].max() + 1:.0f} or more before fit, or map such tokens "
        "to one for what is unknown."
    )
    warn_user(UserWarning(text))
    return np.where(later, 0, X)


def _refusal(name, value, limit, n_tokens, reset):
    if value < limit or value < 0:
        return (
            f"{name} holds {value:g}, which is no token. Give whole numbers from 0 "
            "(padding) on, for example by TextSequences, or set embedding_dim=None "
            "for numbers."
        )
    if value >= MANY_TOKENS:
        return (
            f"{name} holds the token {value:.10g}, but tokens from 0 to {limit - 1} "
            "are expected. Number them from 1 on, for example by TextSequences or "
            "OrdinalEncoder."
        )
    if reset:
        return (
            f"{name} holds the token {value:.0f}, but n_tokens={n_tokens} means 0 to "
            f"{limit - 1}. Set n_tokens={value + 1:.0f} or more."
        )
    return (
        f"{name} holds the token {value:.0f}, but in training there were 0 to "
        f"{limit - 1}. Set n_tokens={value + 1:.0f} or more before fit, or map such "
        "tokens to one for what is unknown."
    )


def _padded_at_the_end(X):
    """Zeros moved to the end, as a step without a token is none."""
    is_token = X > 0
    if (is_token[:, :-1] >= is_token[:, 1:]).all():
        return X
    order = np.argsort(~is_token, axis=1, kind="stable")
    return np.take_along_axis(X, order, axis=1)
