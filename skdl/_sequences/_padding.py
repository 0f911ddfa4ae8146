"""Padding at the end of sequences: put there, and told from steps."""

import numpy as np

from skdl._sequences._numbers import is_finite


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


def is_step(padded):
    """Which steps are there, and no padding.

    Parameters
    ----------
    padded : ndarray of shape (n_sequences, n_steps, n_features)
        Of floats; steps of NaN in all features at the end are padding.

    Returns
    -------
    ndarray of bool of shape (n_sequences, n_steps)
        In each row True up to the last step, then False.
    """
    if is_finite(padded) or not padded.size:
        return np.ones(padded.shape[:2], dtype=bool)
    is_there = ~np.isnan(padded).all(axis=2)
    return np.logical_or.accumulate(is_there[:, ::-1], axis=1)[:, ::-1]


def lengths_of(padded):
    """The number of steps of each sequence, without the padding.

    Parameters
    ----------
    padded : ndarray of shape (n_sequences, n_steps, n_features)
        As for `is_step`.

    Returns
    -------
    ndarray of int of shape (n_sequences,)
        Zero for a sequence that is NaN throughout.
    """
    return is_step(padded).sum(axis=1)
