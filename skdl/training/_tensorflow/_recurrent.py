"""Recurrent layers the quick way: an LSTM as one operation, others step by step."""

import contextlib
import functools

import keras
import tensorflow as tf

UNROLLED_STEPS = 32  # sequences up to which one step after the other is in the graph
RECURRENT = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


@contextlib.contextmanager
def quick_recurrence(model, *, second_order=False):
    """Let the recurrent layers of a model be computed as is quickest on a CPU.

    Keras goes through the steps of a sequence in a loop within the graph, which takes
    twice the time of the steps written one after the other, and that is what short
    sequences get. An LSTM without dropout in its recurrence is one operation of
    TensorFlow, forward and backward, however long it is. The results differ by rounding
    only. Longer sequences of other layers, and what keeps its state between batches,
    are computed as Keras does, and everything is on a GPU.

    Parameters
    ----------
    model : keras.Model
        Traced within the block, by one thread at a time: its layers have another
        ``inner_loop`` meanwhile.
    second_order : bool, default=False
        Whether gradients are differentiated again. TensorFlow's operation for a whole
        LSTM has no second derivative, so it is not used then.
    """
    layers = [] if has_gpu() else _recurrent_layers(model)
    try:
        for layer in layers:
            layer.inner_loop = _quick(layer, whole=not second_order)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("inner_loop", None)  # that of the class is there again


@functools.cache
def has_gpu():
    """Whether TensorFlow computes on a GPU."""
    return bool(tf.config.list_logical_devices("GPU"))


def _recurrent_layers(model):
    return [
        layer
        for layer in model._flatten_layers()
        if type(layer) in RECURRENT and not layer.stateful
    ]


def _quick(layer, *, whole):
    as_keras = layer.inner_loop

    def inner_loop(sequences, initial_state, mask, training=False):
        n_steps = sequences.shape[1]
        is_short = n_steps is not None and n_steps <= UNROLLED_STEPS
        if mask is None and _is_plain(layer, training):
            if training and layer.dropout:
                kept = layer.cell.get_dropout_mask(sequences[:, 0, :])
                sequences = sequences * kept[:, None, :]
            if (
                whole
                and isinstance(layer, keras.layers.LSTM)
                and layer.compute_dtype == "float32"
            ):
                return _whole_lstm(layer, sequences, *initial_state)
            if isinstance(layer, keras.layers.GRU) and layer.reset_after and is_short:
                return _unrolled_gru(layer, sequences, *initial_state)
        if not is_short:
            return as_keras(sequences, initial_state, mask, training=training)
        before, layer.unroll = layer.unroll, True
        try:
            return as_keras(sequences, initial_state, mask, training=training)
        finally:
            layer.unroll = before

    return inner_loop


def _is_plain(layer, training):
    """Whether an LSTM or GRU computes as those of the papers, without dropout."""
    return (
        type(layer) in (keras.layers.LSTM, keras.layers.GRU)
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and not (training and layer.recurrent_dropout)
    )


def _whole_lstm(layer, sequences, h, c):
    """Last output, all outputs, and the state after the last step."""
    cell = layer.cell
    kernel = tf.concat([_value(cell.kernel), _value(cell.recurrent_kernel)], 0)
    bias = _value(cell.bias) if cell.use_bias else tf.zeros([4 * cell.units])
    kernel, bias = _in_order(kernel), _in_order(bias)
    steps_first = tf.transpose(sequences, [1, 0, 2])
    if layer.go_backwards:
        steps_first = tf.reverse(steps_first, [0])
    no_peephole = tf.zeros([cell.units])
    # BlockLSTMV2 has the gates as Keras has them, but a gradient for the other order
    result = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.shape(steps_first, out_type=tf.int64)[0],
        x=steps_first,
        cs_prev=c,
        h_prev=h,
        w=kernel,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        forget_bias=0.0,
        cell_clip=0.0,
        use_peephole=False,
    )
    outputs = tf.transpose(result.h, [1, 0, 2])
    last = result.h[-1]
    return last, outputs, [last, result.cs[-1]]


def _in_order(gates):
    """Keras's order of gates (input, forget, cell, output) as that of BlockLSTM."""
    i, f, c, o = tf.split(gates, 4, axis=-1)
    return tf.concat([i, c, f, o], -1)


def _unrolled_gru(layer, sequences, h):
    """The same for a GRU, in half of the operations that Keras makes of it."""
    cell = layer.cell
    n_gates = 2 * cell.units  # update, reset
    recurrent = _value(cell.recurrent_kernel)
    inputs = tf.tensordot(sequences, _value(cell.kernel), 1)
    bias = tf.zeros([3 * cell.units], inputs.dtype)
    if cell.use_bias:
        of_inputs, bias = tf.unstack(_value(cell.bias))
        inputs += of_inputs
    steps_first = tf.transpose(inputs, [1, 0, 2])
    if layer.go_backwards:
        steps_first = tf.reverse(steps_first, [0])
    of_gates = tf.unstack(steps_first[..., :n_gates])
    of_candidates = tf.unstack(steps_first[..., n_gates:])
    outputs = []
    for of_gate, of_candidate in zip(of_gates, of_candidates, strict=True):
        seen = tf.nn.bias_add(tf.matmul(h, recurrent), bias)
        gates, seen = tf.split(seen, [n_gates, cell.units], axis=1)
        update, reset = tf.split(tf.sigmoid(of_gate + gates), 2, axis=1)
        candidate = tf.tanh(of_candidate + reset * seen)
        h = candidate + update * (h - candidate)
        outputs.append(h)
    return h, tf.stack(outputs, axis=1), [h]


def _value(variable):
    """What a variable stands for within the scope of a stateless call."""
    return tf.convert_to_tensor(variable.value)
