"""What an objective and an augmentation are given: a batch, and tools."""

import itertools
from typing import NamedTuple

import tensorflow as tf

from skdl.training._tensorflow._graph import per_row

_NOISE = 2**31  # second word of seeds, far from those of Keras's generators
_DRAWS_OF_ONE = 2**16  # numbers that one random generator may draw in a step


class Batch(NamedTuple):
    """Rows of a step.

    Parameters
    ----------
    X : tensor of shape (n_rows, ...)
        Inputs.
    targets : list of (y, weight)
        One target for each row and its weight, tensors of shape (n_rows, ...) and
        (n_rows,); or several where rows are mixtures.
    """

    X: object
    targets: list

    @property
    def weight(self):
        """Of each row, of shape (n_rows,)."""
        return tf.add_n([weight for _, weight in self.targets])

    def weighed(self, function, outputs):
        """What a function says of each row, times its weight.

        Parameters
        ----------
        function : callable
            ``function(y, outputs) -> (n_rows, ...)``; of further axes the mean counts.
        outputs : tensor of shape (n_rows, ...)
            Of a network.

        Returns
        -------
        tensor of shape (n_rows,)
            The sum over the targets of a row.
        """
        return tf.add_n(
            [
                weight * tf.cast(per_row(function, y, outputs), weight.dtype)
                for y, weight in self.targets
            ]
        )


class Tools:
    """Random numbers of a step, and gradients, without naming a backend.

    Parameters
    ----------
    X : tensor of shape (n_rows, ...)
        Of the batch.
    draw : tensor of shape (), uint32
        What chance comes from; another one in each step and for each member.
    step : tensor of shape (), int32
        The number of the step within its epoch.
    place : int
        Of those who draw in the same step, which it is.
    """

    def __init__(self, X, draw, step, place):
        self._draw = draw
        self._words = itertools.count(_NOISE + place * _DRAWS_OF_ONE)
        self.n_rows = tf.shape(X)[0]
        self.step = step
        self.dtype = X.dtype.name

    def normal(self, shape, dtype=None):
        """Standard normal numbers.

        Parameters
        ----------
        shape : tuple of int or tensor
            ``tools.n_rows`` may be among them.
        dtype : str or None, default=None
            None is that of X.

        Returns
        -------
        tensor
            Others with every call and in every step; the same when that is repeated.
        """
        return self._drawn(tf.random.stateless_normal, shape, dtype)

    def uniform(self, shape, dtype=None):
        """Numbers from 0 to 1, likewise."""
        return self._drawn(tf.random.stateless_uniform, shape, dtype)

    def _drawn(self, function, shape, dtype):
        seed = tf.stack([tf.cast(self._draw, tf.int64), next(self._words)])
        return function(tf.stack(shape), seed, dtype=dtype or self.dtype)

    def value_and_gradient(self, function, X):
        """What a function says of each row, and the gradient by that row.

        Parameters
        ----------
        function : callable
            ``function(X) -> (n_rows,)``, by ``networks`` and ``keras.ops``; nothing of
            a row may depend on other rows.
        X : tensor of shape (n_rows, ...)
            Where.

        Returns
        -------
        values : tensor of shape (n_rows,)
            Of each row.
        gradient : tensor of the shape of X
            Can be differentiated by the weights of networks if the objective says
            ``second_order=True``.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(X)
            values = function(X)
        return values, tape.gradient(values, X)


def seeds_of(variables, draw):
    """Values for the states of Keras's random generators in a step.

    Parameters
    ----------
    variables : list of keras.Variable
        The states.
    draw : tensor of shape (), uint32
        As in `Tools`.

    Returns
    -------
    list of (keras.Variable, tensor)
        For a ``keras.StatelessScope``.
    """
    return [
        (variable, tf.stack([draw, tf.constant(k * _DRAWS_OF_ONE, tf.uint32)]))
        for k, variable in enumerate(variables)
    ]
