"""Losses that do not give one value for each row."""

import itertools

import numpy as np
import tensorflow as tf
from keras import KerasTensor

from skdl.training._tensorflow._graph import TRACING, per_row


def check_loss(loss, model, key):
    """Try a loss on a few rows, so that its errors are not those of a trace.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, y_pred)``.
    model : keras.Model
        Whose outputs it is of.
    key : ProgramKey
        Shapes and dtypes.

    Raises
    ------
    ValueError
        If it does not give one value for each row; and whatever it raises itself.
    """
    spec = key.network
    axes = {*key.y_shape, *np.ravel(spec.n_outputs).tolist()}
    # of rows, and of steps where any number of them will do: found in no other axis
    n, n_steps = itertools.islice((k for k in itertools.count(2) if k not in axes), 2)
    n_steps = spec.input_shape[0] or n_steps

    def zeros(shape, dtype):
        return tf.zeros([n_steps if axis is None else axis for axis in shape], dtype)

    rows = KerasTensor([n, *spec.input_shape], spec.dtype)
    with TRACING:
        outputs = model.compute_output_spec(rows)
    outputs = tf.nest.map_structure(lambda t: zeros(t.shape, t.dtype), outputs)
    values = per_row(loss, zeros([n, *key.y_shape], key.y_dtype), outputs)
    if values.shape[0] != n:
        raise ValueError(
            f"{loss!r} returned {values.shape[0]} values for {n} rows; one value "
            "per row is needed, of shape (batch,). Take means over the last axis: "
            "keras.ops.mean(..., axis=-1)."
        )
