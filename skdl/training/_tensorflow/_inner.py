"""What a layer within a network computes, and the gradient with respect to it."""

import keras
import tensorflow as tf

from skdl.training._tensorflow._graph import rows_at_once, traced

_ROWS = 32  # at once, as every layer's activations are kept for the gradient
_POSITIONS = 2**14  # of images at once


class InnerGradient:
    """Activations of a layer, and the gradient of the outputs with respect to them.

    Parameters
    ----------
    model : keras.Model
        A graph of layers with one input, and its weights; as in predictions, nothing
        is dropped out or normalised within the batch.
    layer : str
        Name of a layer of it that is used once.
    """

    def __init__(self, model, layer):
        activations, outputs = model.get_layer(layer).output, model.outputs[0]
        inner = keras.Model(model.inputs, [activations, outputs])
        inputs = model.inputs[0]
        self._inner = inner  # keeps the variables alive
        self._shape, self._dtypes = inputs.shape[1:], (inputs.dtype, outputs.dtype)

        def forward_and_back(X, coefficients):
            with tf.GradientTape() as tape:
                tape.watch(X)  # also where no variable of the network is trainable
                activations, outputs = inner(X, training=False)
                total = tf.reduce_sum(coefficients * outputs)
            gradient = tape.gradient(
                total, activations, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            return activations, gradient

        self._run = traced(
            forward_and_back,
            [
                tf.TensorSpec([None, *self._shape], inputs.dtype),
                tf.TensorSpec([None, *outputs.shape[1:]], outputs.dtype),
            ],
        )

    def __call__(self, X, coefficients):
        """Compute both, for some rows after the others, as memory is finite.

        Parameters
        ----------
        X : ndarray of shape (n_rows, ...)
            What the network takes.
        coefficients : ndarray of shape (n_rows, n_outputs)
            For each row, which sum of outputs the gradient is of.

        Yields
        ------
        activations, gradient : ndarray of shape (n, ...)
            Of the next rows.
        """
        step = rows_at_once(self._shape, _ROWS, _POSITIONS)
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            some = X[rows], coefficients[rows]
            results = self._run(*map(tf.constant, some, self._dtypes))
            yield tuple(result.numpy() for result in results)
