"""Values of Keras variables as arrays, by one operation each.

Keras's own ways check shapes and dtypes, which takes longer than the copy of a small
variable, and callbacks make it necessary after every epoch.
"""

import numpy as np
import tensorflow as tf


def take(variables):
    """The values of variables.

    Parameters
    ----------
    variables : list of keras.Variable
        Built.

    Returns
    -------
    list of ndarray
        Copies.
    """
    values = [v.value for v in variables]
    return [
        tf.raw_ops.ReadVariableOp(resource=v.handle, dtype=v.dtype).numpy()
        for v in values
    ]


def put(variables, values):
    """Give variables values of their shapes.

    Parameters
    ----------
    variables : list of keras.Variable
        Built.
    values : list of ndarray
        Copied: a variable may go on with the very memory of an array.
    """
    for variable, value in zip(variables, values, strict=True):
        held = variable.value
        value = tf.constant(np.array(value), held.dtype)
        tf.raw_ops.AssignVariableOp(resource=held.handle, value=value)
