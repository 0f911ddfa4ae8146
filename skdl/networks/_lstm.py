"""The recurrent network: convolutions, LSTM or GRU layers, pooling, dense layers."""

import keras
from keras import layers, ops

from skdl.networks._blocks import (
    ACTIVATIONS,
    LAST,
    activation_layer,
    batch_norm_layer,
    check_activation,
    check_choice,
    per_layer,
)
from skdl.networks._steps import AllSteps, PaddedSteps

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}
POOLINGS = ("last", "attention", "average", "max")


def lstm_network(
    input_shape,
    n_outputs,
    *,
    units=(64,),
    cell="lstm",
    bidirectional=False,
    conv_filters=(),
    kernel_size=5,
    pool_size=1,
    pooling="last",
    conv_skip=True,
    hidden_units=(),
    activation="relu",
    dropout=0.0,
    recurrent_dropout=0.0,
    n_tokens=None,
    embedding_dim=None,
    return_sequences=False,
    padded=False,
    autoregressive=False,
    dtype="float32",
):
    """A recurrent network for sequences.

    Tokens are embedded; convolutions over time with batch normalisation come first
    where asked for, then recurrent layers, then a vector for the whole sequence (or
    one for each step), dense layers, and a linear output.

    Parameters
    ----------
    input_shape : tuple of int or None
        ``(n_steps, n_features)`` of numbers, or ``(n_steps,)`` of tokens. `n_steps` may
        be None, for sequences of any length.
    n_outputs : int
        Number of output units; the output is linear (logits).
    units : tuple of int, default=(64,)
        Units of every recurrent layer.
    cell : {"lstm", "gru"}, default="lstm"
        Kind of these layers.
    bidirectional : bool, default=False
        Whether each has a second one beside it, of as many units, that goes backward.
    conv_filters : tuple of int, default=()
        Filters of every convolution over time.
    kernel_size, pool_size : int or tuple of int, default=5, default=1
        Steps that a convolution sees, and of which the maximum is taken after it: one
        number, or one for each.
    pooling : {"last", "attention", "average", "max"}, default="last"
        How a sequence becomes one vector: the state at its end (of a backward layer, at
        its beginning), a mean with weights that are learned (Yang et al. 2016), the
        mean, or the maximum.
    conv_skip : bool, default=True
        Whether the mean over time of what the last convolution gives goes past the
        recurrent layers, beside their vector for the whole sequence.
    hidden_units : tuple of int, default=()
        Width of every dense layer before the output.
    activation : str, default="relu"
        Of convolutions and dense layers, one of the keys of ``ACTIVATIONS``.
    dropout : float, default=0.0
        Share of what embedding, recurrent and dense layers give that is left out; the
        same at all steps of a sequence (Gal & Ghahramani 2016).
    recurrent_dropout : float, default=0.0
        Share of a recurrent layer's state that is left out on its way to the next step.
    n_tokens, embedding_dim : int or None, default=None
        If given, inputs are tokens 0 to ``n_tokens - 1``, of which 0 is padding, and
        each becomes a vector of length `embedding_dim`.
    return_sequences : bool, default=False
        Whether there are outputs for each step.
    padded : bool, default=False
        Whether numbers may be NaN, for padding at the end. Tokens always may be padded.
    autoregressive : bool, default=False
        Whether a linear function of all inputs is added to the outputs, of which the
        rest of the network predicts the error (Zhang 2003). It is not trained: its
        ``autoregression/kernel`` and ``autoregression/bias`` are set before. Needs
        `n_steps`.
    dtype : {"float32", "float64"}, default="float32"
        Precision of weights and computation.

    Returns
    -------
    keras.Model
        From sequences to logits of shape (batch, n_outputs), or (batch, n_steps,
        n_outputs).

    Raises
    ------
    ValueError
        If a name is unknown or a tuple has another length.

    References
    ----------
    Hochreiter, S., & Schmidhuber, J. (1997). Long short-term memory. Neural
    Computation, 9(8).

    Examples
    --------
    >>> from skdl.networks import lstm_network
    >>> lstm_network((24, 4), 2, units=(32,)).count_params()
    4802
    """
    check_choice("cell", cell, CELLS)
    check_choice("pooling", pooling, POOLINGS)
    check_activation(activation)
    n_convolutions = len(conv_filters)
    kernels = per_layer(kernel_size, n_convolutions, "kernel_size", "convolutions")
    pools = per_layer(pool_size, n_convolutions, "pool_size", "convolutions")

    def dropped(x, name, kind=layers.SpatialDropout1D):
        return kind(dropout, dtype=dtype, name=f"dropout_{name}")(x) if dropout else x

    inputs = x = keras.Input(input_shape, dtype=dtype, name="inputs")
    steps = AllSteps()
    if n_tokens is not None:
        lengths = ops.sum(ops.cast(ops.not_equal(x, 0), "int32"), axis=1)
        x = layers.Embedding(n_tokens, embedding_dim, dtype=dtype, name="embedding")(x)
        x = dropped(x, "embedding")
        steps = PaddedSteps(lengths, x)
    elif padded:
        gaps = ops.isnan(x)
        lengths = ops.sum(ops.cast(ops.logical_not(gaps[:, :, 0]), "int32"), axis=1)
        x = ops.where(gaps, ops.zeros_like(x), x)
        steps = PaddedSteps(lengths, x)

    convolutions = zip(conv_filters, kernels, pools, strict=True)
    for i, (filters, kernel, pool) in enumerate(convolutions, start=1):
        x = layers.Conv1D(
            filters,
            kernel,
            padding="same",
            kernel_initializer=ACTIVATIONS[activation][1],
            dtype=dtype,
            name=f"conv_{i}",
            **LAST,
        )(steps.clean(x))
        x = steps.normalised(batch_norm_layer(name=f"batch_norm_{i}", dtype=dtype), x)
        x = activation_layer(
            activation,
            shared_axes=[1],
            name=f"conv_activation_{i}",
            dtype=dtype,
        )(x)
        x, steps = steps.pooled(x, pool, name=f"pool_{i}")

    found = x
    for i, width in enumerate(units, start=1):
        ends = i == len(units) and pooling == "last" and not return_sequences
        ways = ["forward", "backward"] if bidirectional else ["forward"]
        answers = []
        for way in ways:
            layer = CELLS[cell](
                width,
                return_sequences=True,
                recurrent_dropout=recurrent_dropout,
                dtype=dtype,
                name=f"{cell}_{way}_{i}" if bidirectional else f"{cell}_{i}",
            )
            if ends:
                go = steps.last if way == "forward" else steps.first
                answers.append(go(layer, x))
            else:
                answers.append(
                    layer(x) if way == "forward" else steps.backward(layer, x)
                )
        x = ops.concatenate(answers, axis=-1) if bidirectional else answers[0]
        kind = layers.Dropout if ends else layers.SpatialDropout1D
        x = dropped(x, f"{cell}_{i}", kind)

    if not return_sequences:
        x = _pooled(x, steps, pooling, dtype)
        if conv_filters and conv_skip:
            x = ops.concatenate([x, steps.average(found)], axis=-1)
    for i, width in enumerate(hidden_units, start=1):
        x = layers.Dense(
            width,
            kernel_initializer=ACTIVATIONS[activation][1],
            dtype=dtype,
            name=f"dense_{i}",
        )(x)
        x = activation_layer(
            activation,
            shared_axes=[1] if return_sequences else None,
            name=f"activation_{i}",
            dtype=dtype,
        )(x)
        x = dropped(
            x,
            f"dense_{i}",
            layers.SpatialDropout1D if return_sequences else layers.Dropout,
        )
    x = layers.Dense(n_outputs, dtype=dtype, name="outputs")(x)
    if autoregressive:
        flat = layers.Flatten(dtype=dtype, name="all_steps")(inputs)
        x = x + layers.Dense(
            n_outputs, trainable=False, dtype=dtype, name="autoregression"
        )(flat)
    return keras.Model(inputs, x, name="lstm_network")


def _pooled(x, steps, pooling, dtype):
    """A sequence as one vector; the last state is one already."""
    if pooling == "average":
        return steps.average(x)
    if pooling == "max":
        return steps.maximum(x)
    if pooling == "attention":
        scores = layers.Dense(
            x.shape[-1], activation="tanh", dtype=dtype, name="attention"
        )(x)
        scores = layers.Dense(1, use_bias=False, dtype=dtype, name="attention_scores")(
            scores
        )
        return steps.weighed(x, scores)
    return x
