"""The weights of a network as plain NumPy arrays: layout, and fresh values."""

import copy
import functools
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

_ANOTHER_SEED = 1  # than that of the network which a layout is of


class Weights(NamedTuple):
    """All that a network has learnt, without Keras.

    Parameters
    ----------
    trainable : ndarray of shape (n_parameters,)
        All trainable variables, raveled and concatenated in Keras's order.
    state : tuple of ndarray
        The other variables in Keras's order: moving averages, random seeds.
    """

    trainable: np.ndarray
    state: tuple


def _is_seed(variable):
    return variable.name == "seed_generator_state"


class Layout:
    """Which variables a network has, and how fresh values for them are drawn.

    Parameters
    ----------
    model : keras.Model
        A built network.
    rebuild : callable
        ``rebuild(seed)`` builds the same network again; used for variables whose
        initializer cannot be found.
    """

    def __init__(self, model, rebuild):
        self._model = model
        self._rebuild = rebuild
        self.trainable = model.trainable_variables
        self.state = model.non_trainable_variables
        self.shapes = [tuple(v.shape) for v in self.trainable]
        self.sizes = [int(np.prod(shape)) for shape in self.shapes]
        self.n_parameters = sum(self.sizes)
        dtypes = {v.dtype for v in self.trainable}
        self.dtype = dtypes.pop() if len(dtypes) == 1 else "float32"
        # Can the variables be one vector for the optimizer? Keras applies constraints
        # to each variable by itself.
        self.plain = (
            {v.dtype for v in self.trainable} == {self.dtype}
            and not any(v.constraint for v in self.trainable)
            and not any(v.overwrite_with_gradient for v in self.trainable)
        )
        self._first_state = [np.asarray(v) for v in self.state]

    @functools.cached_property
    def _initializers(self):
        """Of each trainable variable, None if none is known to give its values."""
        return [
            _reproduces(_find_initializer(self._model, v), v) for v in self.trainable
        ]

    @functools.cached_property
    def _constants(self):
        """Of each trainable variable, None where an initializer is known."""
        unknown = [initializer is None for initializer in self._initializers]
        return _constants(self._model, self._rebuild, unknown)

    def fresh(self, seed, state=None):
        """Draw initial weights.

        Parameters
        ----------
        seed : int
            The same seed gives the same weights, bit by bit.
        state : dict of str to ndarray or None, default=None
            Values of variables that are not trainable, by the end of their path.

        Returns
        -------
        Weights
            New arrays.
        """
        rng = np.random.default_rng(seed)
        rebuilt = None
        ways = zip(self._initializers, self._constants, strict=True)
        if any(all(way is None for way in both) for both in ways):
            rebuilt = self._rebuild(int(rng.integers(2**31))).trainable_variables
        values = []
        for i, (initializer, shape) in enumerate(
            zip(self._initializers, self.shapes, strict=True)
        ):
            if initializer is None:
                constant = self._constants[i]
                values.append(np.asarray(rebuilt[i]) if constant is None else constant)
                continue
            if hasattr(initializer, "seed"):
                initializer = copy.copy(initializer)
                initializer.seed = int(rng.integers(2**31))
            values.append(np.asarray(initializer(shape, dtype=self.dtype)))
        others = [
            np.array([rng.integers(2**31), 0], value.dtype) if _is_seed(v) else value
            for v, value in zip(self.state, self._first_state, strict=True)
        ]
        for end, value in (state or {}).items():
            (i,) = [i for i, v in enumerate(self.state) if v.path.endswith(end)]
            others[i] = np.asarray(value, others[i].dtype).reshape(others[i].shape)
        return Weights(self.join(values), tuple(others))

    def join(self, values):
        """Concatenate arrays, one per trainable variable, into one vector."""
        if not values:
            return np.zeros(0, self.dtype)
        return np.concatenate([np.ravel(value) for value in values]).astype(
            self.dtype, copy=False
        )

    def split(self, vector):
        """The inverse of `join`; views where possible."""
        parts = np.split(vector, np.cumsum(self.sizes)[:-1]) if self.sizes else []
        return [p.reshape(s) for p, s in zip(parts, self.shapes, strict=True)]

    @staticmethod
    def variables(model):
        """The variables of a model, in the order of `Weights`.

        Parameters
        ----------
        model : keras.Model
            Built like this layout's, and not compiled: metrics have variables too.

        Returns
        -------
        tuple of list
            Trainable variables, other variables.
        """
        return list(model.trainable_variables), list(model.non_trainable_variables)

    def variables_of_members(self, model, n_members):
        """The variables of networks that are parts of one model, side by side.

        Parameters
        ----------
        model : keras.Model
            Made of `n_members` networks like this layout's, and of no other variables.
        n_members : int
            How many.

        Returns
        -------
        list of tuple of list
            As from `variables`, for each member.
        """
        trainable, state = self.variables(model)
        n, m = len(self.trainable), len(self.state)
        return [
            (trainable[k * n : (k + 1) * n], state[k * m : (k + 1) * m])
            for k in range(n_members)
        ]

    def read(self, variables):
        """Take the weights out of `variables` of a model."""
        trainable, state = variables
        return Weights(
            self.join([np.asarray(v) for v in trainable]),
            tuple(np.asarray(v).copy() for v in state),
        )

    def write(self, variables, weights):
        """Put weights into `variables` of a model."""
        trainable, state = variables
        values = self.split(weights.trainable)
        for variable, value in zip(trainable, values, strict=True):
            variable.assign(value)
        for variable, value in zip(state, weights.state, strict=True):
            variable.assign(value)


def _find_initializer(model, variable):
    """The initializer of a variable, which layers keep as ``<name>_initializer``."""
    name = variable.name.replace("recurrent_kernel", "recurrent")
    for layer in model._flatten_layers():
        if any(variable is v for v in layer._trainable_variables):
            return getattr(layer, f"{name}_initializer", None)
    return None


def _constants(model, rebuild, unknown):
    """Values of variables that are the same in every network, others as None.

    Such are biases of which a part begins at one, as those of an LSTM's gates do.
    """
    others = rebuild(_ANOTHER_SEED).trainable_variables if any(unknown) else []
    return [
        np.asarray(v) if is_unknown and np.array_equal(v, other) else None
        for v, other, is_unknown in zip_longest(
            model.trainable_variables, others, unknown
        )
    ]


def _reproduces(initializer, variable):
    """The initializer if it draws the value that the variable was built with."""
    if not callable(initializer) or not isinstance(
        getattr(initializer, "seed", 0), (int, np.integer)
    ):
        return None
    value = np.asarray(initializer(tuple(variable.shape), dtype=variable.dtype))
    return initializer if np.array_equal(value, np.asarray(variable)) else None
