"""Targets of every step of a sequence."""

import reprlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from skdl._targets._base import Targets
from skdl._targets._labels import ClassTargets


class Steps(NamedTuple):
    """The steps of all sequences, one after the other.

    Parameters
    ----------
    values : ndarray of shape (n_steps, ...)
        Of all steps.
    lengths : ndarray of int of shape (n_sequences,)
        How many of them belong to each sequence.
    n_steps : int
        Of each with its padding.
    is_column : bool
        Whether they had an axis of one output, which is left out.
    """

    values: np.ndarray
    lengths: np.ndarray
    n_steps: int
    is_column: bool


@dataclass(eq=False)
class StepTargets(Targets):
    """Targets of every step, encoded and decoded as those of rows are.

    Checked and encoded, a step has its target as numbers, and last of all its weight: 1
    (or that of its class), and 0 for padding after the end of a sequence.

    Parameters
    ----------
    of_steps : ClassTargets, MultilabelTargets or NumericTargets
        For single steps.
    is_column : bool
        Whether y had an axis of one output, which predictions then have.
    """

    of_steps: object
    is_column: bool

    @property
    def classes(self):
        """Labels, of a classifier."""
        return self.of_steps.classes

    @property
    def n_outputs(self):
        """As many as for one step."""
        return self.of_steps.n_outputs

    @property
    def row_shape(self):
        """Shape of one encoded row: any number of steps, targets and weight."""
        return None, sum(self.of_steps.row_shape or (1,)) + 1

    @property
    def are_indices(self):
        """Whether a step's target is a class index."""
        return self.of_steps.row_shape == ()

    @property
    def mean(self):
        """Of the training targets, of a regressor."""
        return self.of_steps.mean

    @property
    def scale(self):
        """Of the training targets, of a regressor."""
        return self.of_steps.scale

    @property
    def variance(self):
        """Of the training targets, of a regressor."""
        return self.of_steps.variance

    def check(self, steps, name="y"):
        """Targets of steps, padded.

        Parameters
        ----------
        steps : Steps
            What the user gave.
        name : str, default="y"
            The argument's name, for the message.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, n_targets + 1)
            float64: targets and weights of steps, zeros where there are none.
        """
        return _padded(steps, self.of_steps.check(steps.values, name), 1.0)

    def check_validation(self, steps, name="y_val"):
        """Targets of validation steps, without those that cannot be judged.

        Parameters
        ----------
        steps : Steps
            What the user gave.
        name : str, default="y_val"
            The argument's name, for messages.

        Returns
        -------
        y : ndarray of shape (n_sequences, n_steps, n_targets + 1)
            As by `check`; the weight of other steps is 0.
        known : ndarray of bool of shape (n_sequences,)
            Which sequences have steps left.
        """
        values, known = self.of_steps.check_validation(steps.values, name)
        checked = _padded(steps, values, known)
        return checked, checked[..., -1].any(axis=1)

    def check_classes(self, classes):
        """Complain if `classes` are others than in the first call."""
        self.of_steps.check_classes(classes)

    def fit_scale(self, y, weight):
        """Learn mean and standard deviation of each output over all steps.

        Parameters
        ----------
        y : ndarray of shape (n_sequences, n_steps, n_targets + 1)
            From `check`.
        weight : ndarray of shape (n_sequences,)
            The sum of the weights of a sequence's steps.
        """
        self.of_steps.fit_scale(self._values(y), self._weights(y, weight))

    def with_more(self, y, weight, share):
        """The same for all sequences so far; see `NumericTargets.with_more`."""
        weight = self._weights(y, weight)
        of_steps = self.of_steps.with_more(self._values(y), weight, share)
        return self if of_steps is self.of_steps else replace(self, of_steps=of_steps)

    @staticmethod
    def _weights(y, weight):
        """Of the steps that are no padding."""
        of_steps = y[..., -1]
        shares = of_steps / of_steps.sum(axis=1, keepdims=True)
        return (weight[:, np.newaxis] * shares)[of_steps > 0]

    def _values(self, y):
        """Targets of the steps that are no padding, as `of_steps` checked them."""
        values = y[..., :-1][y[..., -1] > 0]
        if isinstance(self.of_steps, ClassTargets):
            return values[:, 0].astype(np.intp)
        return values

    def weigh(self, y, weight, class_weight):
        """Give steps the weights of their classes.

        Parameters
        ----------
        y : ndarray of shape (n_sequences, n_steps, n_targets + 1)
            From `check`.
        weight : ndarray of shape (n_sequences,)
            Of the sequences, which counts for "balanced".
        class_weight : dict, "balanced", list of dict or None
            As for rows; None for a regressor.

        Returns
        -------
        callable
            From y of these or of other sequences to the same with weights of steps.
        """
        factors = None
        if class_weight is not None:
            n_steps = np.count_nonzero(y[..., -1], axis=1)
            factors = self.of_steps.class_weights(
                class_weight, self._values(y), np.repeat(weight, n_steps)
            )

        def weighed(y):
            if factors is None:
                return y
            y = y.copy()
            is_step = y[..., -1] > 0
            y[is_step, -1] = self.of_steps.row_weights(factors, self._values(y))
            return y

        return weighed

    def strata(self, y):
        """Sequences are split at random."""
        return None

    def encode(self, y, dtype):
        """As the loss takes it: targets as those of rows, then weights."""
        is_step = y[..., -1] > 0
        encoded = np.zeros((*y.shape[:2], self.row_shape[1]), dtype)
        values = self.of_steps.encode(self._values(y), dtype)
        encoded[is_step, :-1] = values.reshape(len(values), -1)
        encoded[..., -1] = y[..., -1]
        return encoded

    def _decoded(self, decode, raw, columns=True):
        """What single steps become, for each sequence."""
        is_step = np.ones(raw.shape[:2], bool)
        if isinstance(raw, np.ma.MaskedArray):
            is_step = ~np.ma.getmaskarray(raw)[..., 0]
        values = decode(np.asarray(raw)[is_step])
        if self.is_column and not columns:
            values = values[:, np.newaxis]
        if isinstance(raw, np.ma.MaskedArray):
            return np.split(values, np.cumsum(is_step.sum(axis=1))[:-1])
        return values.reshape(*raw.shape[:2], *values.shape[1:])

    def decode(self, raw):
        """Labels or numbers of every step.

        Parameters
        ----------
        raw : ndarray or MaskedArray of shape (n_sequences, n_steps, n_outputs)
            Outputs of the network, masked after the end of a sequence.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, ...) or list of ndarray
            A list of arrays of shape (n_steps, ...) from a masked array.
        """
        return self._decoded(self.of_steps.decode, raw, columns=False)

    def probabilities(self, raw):
        """Likewise probabilities of every step."""
        return self._decoded(self.of_steps.probabilities, raw)

    def decision(self, raw):
        """Likewise logits of every step."""
        return self._decoded(self.of_steps.decision, raw)


def _padded(steps, values, weights):
    """Checked targets of all steps, for each sequence, with their weights."""
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    padded = np.zeros((len(steps.lengths), steps.n_steps, values.shape[1] + 1))
    is_step = np.arange(steps.n_steps) < steps.lengths[:, np.newaxis]
    padded[is_step, :-1], padded[is_step, -1] = values, weights
    return padded


def steps_of(y, lengths, names=("X", "y"), n_steps=None):
    """Targets of all steps one after the other, as many as the sequences have.

    Parameters
    ----------
    y : array-like of shape (n_sequences, n_steps, ...) or list of array-likes
        One target for each step, or several.
    lengths : ndarray of int of shape (n_sequences,)
        Of the sequences; what an array has beyond them is padding.
    names : tuple of str, default=("X", "y")
        The arguments' names, for the message.
    n_steps : int or None, default=None
        Steps of an array with its padding; None takes the longest sequence.

    Returns
    -------
    Steps
        With values of shape (n,) or (n, n_outputs).

    Raises
    ------
    ValueError
        If there is another number of sequences or steps, or these differ in shape.
    TypeError
        If y is no collection of targets.
    """
    X, name = names
    remedy = "With return_sequences=True give one target for each step."
    if sp.issparse(y):
        raise TypeError(f"{name} is a sparse matrix. Give {name}.toarray().")
    if y is None or np.isscalar(y) or getattr(y, "shape", None) == ():
        raise TypeError(
            f"{name} is {reprlib.repr(y)}, but targets of sequences are expected. "
            f"{remedy}"
        )
    if hasattr(y, "iloc"):
        y = y.to_numpy()
    is_array = isinstance(y, np.ndarray) and y.dtype != object
    parts = (
        y if is_array else [_as_part(part, f"{name}[{i}]") for i, part in enumerate(y)]
    )
    if len(parts) != len(lengths):
        raise ValueError(
            f"{X} has {len(lengths)} sequences, but {name} has {len(parts)}. Give "
            "targets for each sequence."
        )
    n_steps = lengths.max() if n_steps is None else n_steps
    for i, (part, length) in enumerate(zip(parts, lengths, strict=True)):
        own = np.shape(part)[:1]
        if own != (length,) and not (is_array and own == (n_steps,)):
            given = f"{own[0]} targets" if own else "one target"
            raise ValueError(
                f"{name}[{i}] has {given}, but {X}[{i}] has {length} steps. {remedy}"
            )
        if part.shape[1:] != parts[0].shape[1:]:
            raise ValueError(
                f"{name}[{i}] has shape {part.shape}, but {name}[0] has shape "
                f"{parts[0].shape}. Give every step as many targets."
            )
    values = np.concatenate(
        [part[:length] for part, length in zip(parts, lengths, strict=True)]
    )
    if values.ndim > 2:
        raise ValueError(
            f"{name} has {values.ndim + 1} axes. Give an array of shape (n_sequences, "
            "n_steps) or (n_sequences, n_steps, n_outputs), or a list of sequences."
        )
    is_column = values.ndim == 2 and values.shape[1] == 1
    values = values[:, 0] if is_column else values
    return Steps(values, lengths, n_steps, is_column)


def _as_part(values, name):
    """The targets of one sequence as an array."""
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} is no array: its steps differ in their numbers of targets. Give "
            "every step as many targets."
        ) from None
