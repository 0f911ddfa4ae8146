"""Recurrent layers the quick way: a whole LSTM as one operation, others unrolled."""

import contextlib
import functools

import keras
import tensorflow as tf

UNROLLED_STEPS = 32  # sequences up to which one step after the other is in the graph
RECURRENT = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


@contextlib.contextmanager
def quick_recurrence(model):
    """Let the recurrent layers of a model be computed as is quickest on a CPU.

    Keras goes through the steps of a sequence in a loop within the graph, which takes
    twice the time of the steps written one after the other, and that is what short
    sequences get. An LSTM without dropout in its recurrence is one operation of
    TensorFlow, forward and backward, however long it is. The results differ by rounding
    only. What has a mask, other activations, another dtype, or a state that stays
    between batches is computed as Keras does, and everything is on a GPU.

    Parameters
    ----------
    model : keras.Model
        Traced within the block, by one thread at a time: its layers have another
        ``inner_loop`` meanwhile.
    """
    layers = [] if has_gpu() else _recurrent_layers(model)
    for layer in layers:
        layer.inner_loop = _quick(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.inner_loop  # that of the class is there again


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


def _quick(layer):
    as_keras = layer.inner_loop

    def inner_loop(sequences, initial_state, mask, training=False):
        if mask is None and _is_plain_lstm(layer, training):
            if training and layer.dropout:
                kept = layer.cell.get_dropout_mask(sequences[:, 0, :])
                sequences = sequences * kept[:, None, :]
            return _whole_lstm(layer, sequences, *initial_state)
        n_steps = sequences.shape[1]
        if n_steps is None or n_steps > UNROLLED_STEPS:
            return as_keras(sequences, initial_state, mask, training=training)
        before, layer.unroll = layer.unroll, True
        try:
            return as_keras(sequences, initial_state, mask, training=training)
        finally:
            layer.unroll = before

    return inner_loop


def _is_plain_lstm(layer, training):
    return (
        type(layer) is keras.layers.LSTM
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.compute_dtype == "float32"
        and not (training and layer.recurrent_dropout)
    )


def _whole_lstm(layer, sequences, h, c):
    """Last output, all outputs, and the state after the last step."""
    cell = layer.cell
    kernel = tf.concat([_value(cell.kernel), _value(cell.recurrent_kernel)], 0)
    bias = _value(cell.bias) if cell.use_bias else tf.zeros([4 * cell.units])
    steps_first = tf.transpose(sequences, [1, 0, 2])
    if layer.go_backwards:
        steps_first = tf.reverse(steps_first, [0])
    no_peephole = tf.zeros([cell.units])
    result = tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.shape(steps_first, out_type=tf.int64)[0],
        x=steps_first,
        cs_prev=c,
        h_prev=h,
        w=kernel,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        cell_clip=0.0,
        use_peephole=False,
    )
    outputs = tf.transpose(result.h, [1, 0, 2])
    last = result.h[-1]
    return last, outputs, [last, result.cs[-1]]


def _value(variable):
    """What a variable stands for within the scope of a stateless call."""
    return tf.convert_to_tensor(variable.value)
