"""The dense (fully connected) network."""

import keras
from keras import layers

from skdl.networks._blocks import (
    ACTIVATIONS,
    LEAST_NORMALISED,
    activation_layer,
    check_activation,
    dense_norm_layer,
    per_layer,
    regularizer,
)

WIDE = 2048  # inputs of a layer from which on its units are normalised


def dense_network(
    input_shape,
    n_outputs,
    *,
    hidden_units=(100,),
    activation="relu",
    dropout=0.0,
    batch_norm=False,
    l1=0.0,
    l2=0.0,
    activity_l1=0.0,
    activity_l2=0.0,
    dtype="float32",
):
    """A stack of dense layers with a linear output.

    Every hidden layer is: dense, batch normalisation (optional), activation, dropout
    (optional; alpha dropout after SELU, Klambauer et al. 2017). Without batch
    normalisation, the units of a layer of more than 2048 inputs are normalised within
    each row, see `dense_norm_layer`.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one row, ``(n_features,)``.
    n_outputs : int
        Number of output units; the output is linear (logits).
    hidden_units : tuple of int, default=(100,)
        Width of every hidden layer; empty for a linear model.
    activation : str, default="relu"
        One of the keys of ``ACTIVATIONS``.
    dropout, l1, l2, activity_l1, activity_l2 : float or tuple of float, default=0.0
        One number for all hidden layers or one per layer. `l1` and `l2` weigh the
        penalty on kernels (not on biases, not on the output layer's bias); given as
        one number they also hold for the output layer's kernel.
    batch_norm : bool, default=False
        Batch normalisation before each activation (Ioffe & Szegedy 2015).
    dtype : {"float32", "float64"}, default="float32"
        Precision of weights and computation.

    Returns
    -------
    keras.Model
        From ``(batch, n_features)`` to ``(batch, n_outputs)``.

    Raises
    ------
    ValueError
        If the activation is unknown or a sequence has the wrong length.

    Examples
    --------
    >>> from skdl.networks import dense_network
    >>> dense_network((64,), 10, hidden_units=(100,)).count_params()
    7510
    """
    check_activation(activation)
    n_layers = len(hidden_units)
    columns = [
        per_layer(value, n_layers, name)
        for name, value in [
            ("dropout", dropout),
            ("l1", l1),
            ("l2", l2),
            ("activity_l1", activity_l1),
            ("activity_l2", activity_l2),
        ]
    ]
    initializer = ACTIVATIONS[activation][1]
    drop = layers.AlphaDropout if activation == "selu" else layers.Dropout
    inputs = x = keras.Input(input_shape, dtype=dtype, name="inputs")
    rows = zip(hidden_units, *columns, strict=True)
    for i, (units, rate, k1, k2, a1, a2) in enumerate(rows, start=1):
        wide = x.shape[-1] > WIDE and units >= LEAST_NORMALISED
        x = layers.Dense(
            units,
            kernel_initializer=initializer,
            kernel_regularizer=regularizer(k1, k2),
            dtype=dtype,
            name=f"dense_{i}",
        )(x)
        if batch_norm:
            x = layers.BatchNormalization(dtype=dtype, name=f"batch_norm_{i}")(x)
        elif wide:
            x = dense_norm_layer(dtype=dtype, name=f"layer_norm_{i}")(x)
        x = activation_layer(
            activation,
            name=f"activation_{i}",
            dtype=dtype,
            activity_regularizer=regularizer(a1, a2),
        )(x)
        if rate:
            x = drop(rate, dtype=dtype, name=f"dropout_{i}")(x)
    output_penalty = [0.0 if isinstance(v, (tuple, list)) else v for v in (l1, l2)]
    outputs = layers.Dense(
        n_outputs,
        kernel_regularizer=regularizer(*output_penalty),
        dtype=dtype,
        name="outputs",
    )(x)
    return keras.Model(inputs, outputs, name="dense_network")
