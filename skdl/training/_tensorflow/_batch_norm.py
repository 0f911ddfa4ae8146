"""Batch normalisation of images and sequences as one operation of TensorFlow."""

import contextlib

import keras
import tensorflow as tf


@contextlib.contextmanager
def fused_batch_norm(model):
    """Let the batch normalisations of a model be computed in one operation.

    Keras computes them in many, which take a third of the time of a step. The results
    differ by rounding only. What is for tables, not in float32, masked, or a
    subclass of users is computed as Keras does.

    Parameters
    ----------
    model : keras.Model
        Traced within the block, by one thread at a time: its layers have another
        ``call`` meanwhile.
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if type(layer) is keras.layers.BatchNormalization and _can_be_fused(layer)
    ]
    try:
        for layer in layers:
            layer.call = _fused(layer)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("call", None)  # that of the class is there again


def _can_be_fused(layer):
    return (
        layer.trainable
        and layer.built
        and not layer.synchronized
        and not getattr(layer, "renorm", False)  # Keras 3.13 and later
        and layer.compute_dtype == "float32"
        and layer.input_spec is not None
        and layer.input_spec.ndim in (3, 4)
        and layer.axis in (-1, layer.input_spec.ndim - 1)
    )


def _fused(layer):
    as_keras = layer.call

    def call(inputs, training=None, mask=None):
        if not training or mask is not None:
            return as_keras(inputs, training=training, mask=mask)
        n_channels = inputs.shape[-1]
        gamma = layer.gamma.value if layer.scale else tf.ones([n_channels])
        beta = layer.beta.value if layer.center else tf.zeros([n_channels])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs if inputs.shape.rank == 4 else inputs[:, :, tf.newaxis],
            scale=gamma,
            offset=beta,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=layer.epsilon,
            is_training=True,
        )
        # TensorFlow gives the unbiased variance; Keras remembers that of the batch
        n = tf.cast(tf.size(inputs) // n_channels, tf.float32)
        variance *= tf.maximum(n - 1, 1) / n
        for variable, value in [
            (layer.moving_mean, mean),
            (layer.moving_variance, variance),
        ]:
            kept = variable.value * layer.momentum
            variable.assign(kept + value * (1 - layer.momentum))
        return outputs if inputs.shape.rank == 4 else outputs[:, :, 0]

    return call
