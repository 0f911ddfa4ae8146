"""What predictors and trainers share: tracing, calling, taking apart."""

import contextlib
import inspect
import math
import threading

import tensorflow as tf
from keras import StatelessScope, tree

from skdl.training._tensorflow._batch_norm import fused_batch_norm
from skdl.training._tensorflow._recurrent import quick_recurrence

TRACING = threading.RLock()
_STEPS = 512  # that a sequence may have where there is no saying


def to_device(array, dtype):
    """Bring a NumPy array to where the network is computed.

    Parameters
    ----------
    array : ndarray
        Any shape.
    dtype : str
        The dtype it is to have there.

    Returns
    -------
    tensor
        A copy.
    """
    return tf.constant(array, dtype)


def rows_at_once(row_shape, most, n_positions):
    """How many rows are computed together: of large images fewer, as memory is finite.

    Parameters
    ----------
    row_shape : tuple of int
        Of one row; all axes but the last are positions, for images height and width,
        for sequences the steps, None if there may be any number of them.
    most : int
        For rows of a table.
    n_positions : int
        How many there may be in all rows together.

    Returns
    -------
    int
        A power of two, or `most`.
    """
    positions = (_STEPS if n is None else n for n in row_shape[:-1])
    fitting = max(1, n_positions // math.prod(positions))
    return min(most, 2 ** int(math.log2(fitting)))


def traced(function, signature):
    """Trace a function once, for inputs of this signature and no others.

    Parameters
    ----------
    function : callable
        Of tensors.
    signature : list
        A ``tf.TensorSpec`` for each argument, or a nested list of them.

    Returns
    -------
    callable
        To be called with tensors of that structure; they are not checked.
    """
    function = tf.function(function, input_signature=signature, autograph=False)
    with TRACING:  # layers keep what they note during a call on themselves
        concrete = function.get_concrete_function()
    try:
        call_flat, captured = concrete.inference_fn.call_flat, concrete.captured_inputs
        pattern = concrete.structured_outputs
    except AttributeError:  # another version of TensorFlow
        return concrete

    def quickly(*args):
        # Matching the arguments with the signature takes five times as long as the
        # call itself, some 0.3 ms.
        outputs = call_flat(*tf.nest.flatten(args), *captured)
        return tf.nest.pack_sequence_as(pattern, outputs)

    quickly.concrete = concrete  # keeps the graph alive
    return quickly


def call(model, variables, state, X):
    """The outputs of a model with other values than its own variables have."""
    pairs = zip(
        [*model.trainable_variables, *model.non_trainable_variables],
        [*variables, *state],
        strict=True,
    )
    with other_values(model, pairs, training=False):
        return forward(model, X, training=False)


@contextlib.contextmanager
def other_values(model, pairs, *, training, second_order=False):
    """Let variables have other values, and layers their quick ways to compute.

    Parameters
    ----------
    model : keras.Model
        Traced within the block.
    pairs : iterable of (keras.Variable, tensor)
        Variables, and what they are within the block.
    training : bool
        Whether batches are normalised by their own statistics.
    second_order : bool, default=False
        Whether the gradient is differentiated again, which some quick ways are not for.

    Yields
    ------
    keras.StatelessScope
        With the values that variables were given within the block.
    """
    with (
        fused_batch_norm(model) if training else contextlib.nullcontext(),
        quick_recurrence(model, second_order=second_order),
        StatelessScope(state_mapping=list(pairs), collect_losses=True) as scope,
    ):
        yield scope


def forward(model, X, *, training):
    """Call a model as ``Model.fit`` does: with `training` only if it takes that."""
    told = "training" in inspect.signature(model.call).parameters
    X = as_input(model, X)
    return model(X, training=training) if told else model(X)


def as_input(model, X):
    """Rows in the form of a graph's one input, which may be a list or dict of it."""
    form = getattr(model, "_inputs_struct", None)
    if form is None or len(tree.flatten(form)) != 1:
        return X
    return tree.pack_sequence_as(form, [X])


def split(layout, vector):
    """(n_parameters,) -> one tensor for each trainable variable."""
    if not layout.sizes:
        return []
    return [
        tf.cast(tf.reshape(part, shape), variable.dtype)
        for part, shape, variable in zip(
            tf.split(vector, layout.sizes), layout.shapes, layout.trainable, strict=True
        )
    ]


def per_row(function, y, outputs):
    """One value per row: the mean over all axes but the first."""
    values = tf.convert_to_tensor(function(y, outputs))
    if values.shape.rank == 0:
        raise ValueError(
            f"{function!r} returned a single number; one value per row is needed, of "
            "shape (batch,). Leave out the mean over the batch: "
            "keras.ops.mean(..., axis=-1)."
        )
    axes = list(range(1, values.shape.rank))
    return tf.reduce_mean(values, axes) if axes else values
