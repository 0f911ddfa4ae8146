"""Sequences as the network takes them: numbers standardised, or tokens."""

from dataclasses import dataclass, replace

import numpy as np

from skdl._inputs import Inputs, refuse_overflow
from skdl._sequences._padding import is_step, lengths_of


@dataclass(eq=False)
class SequenceInputs:
    """The way from checked sequences to what the network is given.

    Parameters
    ----------
    of_steps : Inputs
        For single steps, which are standardised alike.
    n_steps : int or None
        Of every sequence; None if there may be any number of them, and padding.
    """

    of_steps: Inputs
    n_steps: int | None

    @classmethod
    def fit(cls, X, weight, *, scaling, dtype):
        """Learn mean and standard deviation of every feature over all steps.

        Parameters
        ----------
        X : ndarray of shape (n_sequences, n_steps, n_features)
            Training sequences, NaN after their ends.
        weight : ndarray of shape (n_sequences,)
            Of each step of a sequence.
        scaling : {"standard", None}
            None learns nothing.
        dtype : str
            The network's dtype.

        Returns
        -------
        SequenceInputs
            For sequences with as many steps as these.
        """
        given = is_step(X)
        weight = np.repeat(weight, given.sum(axis=1))
        options = {"scaling": scaling, "dtype": dtype, "what": "Feature"}
        return cls(Inputs.fit(X[given], weight, **options), X.shape[1])

    def reaching(self, *parts):
        """The same, for sequences of any length once there are others than before.

        Parameters
        ----------
        *parts : ndarray of shape (n_sequences, n_steps, n_features)
            Checked sequences.

        Returns
        -------
        SequenceInputs
            Itself, or with `n_steps` None.
        """
        lengths = {part.shape[1] for part in parts}
        padded = any(map(is_padded, parts))
        if lengths == {self.n_steps} and not padded:
            return self
        return replace(self, n_steps=None)

    @property
    def shape(self):
        """Of one sequence: steps (None if any number) and features."""
        return self.n_steps, *self.of_steps.shape

    @property
    def dtype(self):
        """Of the network."""
        return self.of_steps.dtype

    def dtype_of(self, X):
        """The dtype that `transform` gives any sequences."""
        return self.dtype

    def transform(self, X):
        """Standardise steps.

        Parameters
        ----------
        X : ndarray of shape (n_sequences, n_steps, n_features)
            Checked sequences.

        Returns
        -------
        ndarray of shape (n_sequences, n_steps, n_features)
            Of the network's dtype, NaN after the ends of sequences.

        Raises
        ------
        ValueError
            If a value is too large for the dtype.
        """
        given = is_step(X)
        if given.all():
            steps = X.reshape(-1, X.shape[2])
            result = self.of_steps.standardised(steps).reshape(X.shape)
        else:
            result = np.full(X.shape, np.nan, self.dtype)
            result[given] = self.of_steps.standardised(X[given])
        refuse_overflow(result, X)
        return result

    def state(self):
        """What the network has to know of these inputs: nothing."""
        return {}

    def layers(self):
        """The same as layers of Keras; NaN stays NaN."""
        return self.of_steps.layers()


@dataclass(eq=False)
class TokenInputs:
    """Tokens, which the network takes as they are.

    Parameters
    ----------
    dtype : str
        The network's dtype.
    """

    dtype: str
    shape = (None,)  # any number of steps

    def reaching(self, *parts):
        """The same: tokens may be padded always."""
        return self

    def dtype_of(self, X):
        """The dtype of all tokens."""
        return "int32"

    def transform(self, X):
        """Tokens of the dtype in which they are held."""
        return X.astype(np.int32, copy=False)

    def state(self):
        """What the network has to know of these inputs: nothing."""
        return {}

    def layers(self):
        """Layers of Keras before the network: none."""
        return []


def is_padded(X):
    """Whether some of the checked sequences end before the last step."""
    return bool((lengths_of(X) < X.shape[1]).any())
