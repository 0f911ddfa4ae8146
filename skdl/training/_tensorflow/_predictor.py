"""The forward pass, traced once for each network."""

import functools

import numpy as np
import tensorflow as tf
from keras import KerasTensor

from skdl.training._tensorflow._graph import (
    as_input,
    call,
    rows_at_once,
    split,
    traced,
)

_SMALL = 50_000  # parameters up to which 128 rows cost hardly more than one
_POSITIONS = 2**14  # of images in a chunk, so that a single one does not cost too much


class Predictor:
    """The forward pass of a network for weights that the caller brings.

    Rows are computed in chunks of a fixed size, the last one padded, so that a row's
    result depends neither on its neighbours nor on their number.

    Parameters
    ----------
    model : keras.Model
        The pattern; its own variables are not used.
    layout : Layout
        How the vector of parameters divides into variables.
    spec : NetworkSpec
        Gives the shape of a row and the dtype.
    n_members : int or None, default=None
        For how many networks at once: their outputs get a leading axis. None is one,
        without that axis.
    apart : bool, default=False
        Whether trainable variables come one by one, not as one vector: where a user
        may change those of a model at any time, copies of all would be made each time.
    """

    def __init__(self, model, layout, spec, n_members=None, *, apart=False):
        self._apart = apart
        self._model = model
        self._layout = layout
        self._n_members = n_members
        self._dtype = np.dtype(spec.dtype)
        self._most = 128 if layout.n_parameters <= _SMALL else 32
        chunk = None  # as many rows as suit the steps that there are
        if None not in spec.input_shape:
            chunk = self.chunk(spec.input_shape)
        one = (
            [tf.TensorSpec(v.shape, v.dtype) for v in layout.trainable]
            if apart
            else tf.TensorSpec([layout.n_parameters], layout.dtype),
            [tf.TensorSpec(v.shape, v.dtype) for v in layout.state],
        )
        self._signature = [
            [one] * (n_members or 1),
            tf.TensorSpec([None, chunk, *spec.input_shape], spec.dtype),
        ]

    def chunk(self, row_shape):
        """How many rows of a shape are computed together."""
        return rows_at_once(row_shape, self._most, _POSITIONS)

    def trace(self):
        """Trace the forward pass, unless that was done before."""
        _ = self._run

    @property
    def is_traced(self):
        """Whether that was done."""
        return "_run" in vars(self)

    @functools.cached_property
    def _run(self):
        return traced(self._forward, self._signature)

    @staticmethod
    def load(members):
        """Bring weights to where they are used; keep the result between calls.

        Parameters
        ----------
        members : list of Weights
            NumPy arrays, for each member.

        Returns
        -------
        list of tuple
            What `__call__` takes.
        """
        return [
            (tf.constant(weights.trainable), [tf.constant(v) for v in weights.state])
            for weights in members
        ]

    @staticmethod
    def live(trainable, state):
        """The present values of variables, for a predictor of variables one by one.

        Parameters
        ----------
        trainable, state : list of keras.Variable
            Of a model like the pattern.

        Returns
        -------
        tuple of list
            One of those that `__call__` takes.
        """
        return tuple(
            [tf.convert_to_tensor(v.value) for v in variables]
            for variables in (trainable, state)
        )

    def __call__(self, loaded, X):
        """Compute the outputs of the network.

        Parameters
        ----------
        loaded : list of tuple
            From `load`.
        X : ndarray of shape (n_rows, ...)
            Inputs of the network's dtype, or of one that it can hold.

        Returns
        -------
        ndarray of shape (n_rows, ...) or (n_members, n_rows, ...)
            Raw outputs; a list or dict of them if that is what the network gives.
        """
        n_rows, chunk = len(X), self.chunk(X.shape[1:])
        padded = np.zeros((-(-n_rows // chunk) * chunk, *X.shape[1:]), X.dtype)
        padded[:n_rows] = X
        chunks = padded.reshape(-1, chunk, *X.shape[1:])
        outputs = self._run(loaded, tf.constant(chunks, self._dtype))

        def without_padding(tensor):
            if self._n_members is None:
                return tensor.numpy()[:n_rows]
            return np.ascontiguousarray(np.swapaxes(tensor.numpy()[:n_rows], 0, 1))

        return tf.nest.map_structure(without_padding, outputs)

    def _forward(self, members, chunks):
        if not self._apart:
            members = [(split(self._layout, v), state) for v, state in members]

        forms = []  # of outputs: what a graph is said to give may be a list of it

        def forward(rows):
            outputs = [
                call(self._model, variables, state, rows)
                for variables, state in members
            ]
            forms.append(outputs[0])
            flat = [tf.nest.flatten(of) for of in outputs]
            if self._n_members is None:
                return flat[0]
            return [tf.stack(of, axis=1) for of in zip(*flat, strict=True)]

        rows = KerasTensor(chunks.shape[1:], chunks.dtype.name)
        pattern = self._model.compute_output_spec(as_input(self._model, rows))
        axis = [] if self._n_members is None else [self._n_members]
        outputs = tf.map_fn(
            forward,
            chunks,
            fn_output_signature=[
                tf.TensorSpec([t.shape[0], *axis, *t.shape[1:]], t.dtype)
                for t in tf.nest.flatten(pattern)
            ],
            parallel_iterations=1,
        )
        rows_of = [
            tf.reshape(t, tf.concat([[-1], tf.shape(t)[2:]], 0)) for t in outputs
        ]
        return tf.nest.pack_sequence_as(forms[0], rows_of)
