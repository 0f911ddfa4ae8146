"""The convolutional network: blocks of convolution and pooling, then dense layers."""

import math

import keras
from keras import layers

from skdl.networks._blocks import (
    ACTIVATIONS,
    LAST,
    LEAST_NORMALISED,
    activation_layer,
    batch_norm_layer,
    check_activation,
    check_choice,
    dense_norm_layer,
    input_scaling,
    per_layer,
    regularizer,
)

WIDE = 256  # inputs of a dense layer from which on its units are normalised

FEW = 8  # positions after the last block up to which each keeps features of its own

POOLINGS = {  # between blocks
    "auto": layers.MaxPooling2D,
    "max": layers.MaxPooling2D,
    "average": layers.AveragePooling2D,
    "global": layers.MaxPooling2D,
    "pyramid": layers.MaxPooling2D,
}


def cnn_network(
    input_shape,
    n_outputs,
    *,
    filters=(32, 64),
    kernel_size=3,
    strides=1,
    padding="same",
    pool_size=2,
    pooling="max",
    hidden_units=(128,),
    activation="relu",
    batch_norm=False,
    dropout=0.0,
    l1=0.0,
    l2=0.0,
    activity_l1=0.0,
    activity_l2=0.0,
    dtype="float32",
):
    """A stack of convolutions and pooling, then a stack of dense layers.

    Every block is: convolution, batch normalisation (optional), activation, once or
    several times, then pooling. With batch normalisation, dense layers of more than 256
    inputs (and at least 8 units) are normalised within the image, see
    `dense_norm_layer`. Images are scaled by the first layer, see `input_scaling`.
    Biases begin at 0, kernels as it suits the activation.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one image, ``(height, width, channels)``.
    n_outputs : int
        Number of output units; the output is linear (logits).
    filters : tuple, default=(32, 64)
        For each block the number of filters, or a tuple of them for several
        convolutions before the pooling.
    kernel_size, strides, pool_size : int or tuple, default=3, 1 and 2
        One number for all blocks, or one per block; each may be a pair for height and
        width. Only a block's first convolution has strides. Pools are never larger than
        what they pool.
    padding : {"same", "valid"}, default="same"
        "same" puts zeros around, "valid" takes only whole windows.
    pooling : {"auto", "max", "average", "global", "pyramid"} or None, default="max"
        "global" is maxima between blocks, and after the last one the mean over all
        positions; "pyramid" has their maximum and the means over the four quarters
        beside it. "auto" is "max" if that leaves no more than 8 positions, else
        "pyramid". None pools nothing.
    hidden_units : tuple of int, default=(128,)
        Width of every dense layer before the output.
    activation : str, default="relu"
        One of the keys of ``ACTIVATIONS``.
    batch_norm : bool, default=False
        Whether what convolutions give is normalised within the batch before the
        activation, and what wide dense layers give within the image.
    dropout : float or tuple of float, default=0.0
        Share of the inputs of every dense layer, the output included, that is left
        out: one number, or one for each of these.
    l1, l2 : float or tuple of float, default=0.0
        Weight of the sum of absolute, and of squared kernel weights in the loss: one
        number for all layers (the output included), or one for each block and then
        each hidden layer.
    activity_l1, activity_l2 : float or tuple of float, default=0.0
        The same for their activations, averaged over the batch.
    dtype : {"float32", "float64"}, default="float32"
        Precision of weights and computation.

    Returns
    -------
    keras.Model
        From images to logits, untrained.

    Raises
    ------
    ValueError
        If a window does not fit, the activation is unknown, or a tuple has another
        length.

    References
    ----------
    LeCun, Y., Bottou, L., Bengio, Y., & Haffner, P. (1998). Gradient-based learning
    applied to document recognition. Proceedings of the IEEE, 86(11).

    Examples
    --------
    >>> from skdl.networks import cnn_network
    >>> cnn_network((8, 8, 1), 10, filters=(16,)).get_layer("conv_1").count_params()
    160
    """
    check_activation(activation)
    check_choice("pooling", pooling, (*POOLINGS, None))
    check_choice("padding", padding, ("same", "valid"))
    n_blocks, n_hidden = len(filters), len(hidden_units)
    kernels, steps, pools = (
        [_pair(size) for size in per_layer(value, n_blocks, name, "blocks")]
        for name, value in [
            ("kernel_size", kernel_size),
            ("strides", strides),
            ("pool_size", pool_size),
        ]
    )
    penalties = [
        per_layer(value, n_blocks + n_hidden, name, "blocks and hidden layers")
        for name, value in [
            ("l1", l1),
            ("l2", l2),
            ("activity_l1", activity_l1),
            ("activity_l2", activity_l2),
        ]
    ]
    penalties = list(zip(*penalties, strict=True))
    rates = per_layer(dropout, n_hidden + 1, "dropout", "dense layers")

    inputs = keras.Input(input_shape, dtype=dtype, name="inputs")
    x = input_scaling(dtype)(inputs)
    blocks = zip(filters, kernels, steps, pools, penalties[:n_blocks], strict=True)
    for i, (widths, kernel, step, pool, weights) in enumerate(blocks, start=1):
        widths = widths if isinstance(widths, tuple) else (widths,)
        for j, width in enumerate(widths, start=1):
            if padding == "valid":
                _check_fits(kernel, x.shape[1:3], i)
            x = _convolution(
                x,
                width,
                kernel,
                step if j == 1 else 1,
                padding,
                activation,
                batch_norm,
                weights,
                dtype=dtype,
                name=f"{i}" if len(widths) == 1 else f"{i}_{j}",
            )
        pool = tuple(map(min, pool, x.shape[1:3]))
        if pooling == "auto" and i == n_blocks:
            left = math.prod(n // k for n, k in zip(x.shape[1:3], pool, strict=True))
            pooling = "max" if left <= FEW else "pyramid"
        ends = pooling in GLOBAL and i == n_blocks
        if pooling and pool != (1, 1) and not ends:
            x = POOLINGS[pooling](pool, dtype=dtype, name=f"pool_{i}", **LAST)(x)
    x = GLOBAL.get(pooling, _all_positions)(x, dtype)

    drop = layers.AlphaDropout if activation == "selu" else layers.Dropout
    dense = zip(hidden_units, rates[:-1], penalties[n_blocks:], strict=True)
    for i, (units, rate, (k1, k2, a1, a2)) in enumerate(dense, start=1):
        if rate:
            x = drop(rate, dtype=dtype, name=f"dropout_{i}")(x)
        wide = x.shape[-1] > WIDE
        x = layers.Dense(
            units,
            kernel_initializer=ACTIVATIONS[activation][1],
            kernel_regularizer=regularizer(k1, k2),
            dtype=dtype,
            name=f"dense_{i}",
        )(x)
        if batch_norm and wide and units >= LEAST_NORMALISED:
            x = dense_norm_layer(name=f"layer_norm_{i}", dtype=dtype)(x)
        x = activation_layer(
            activation,
            name=f"dense_activation_{i}",
            dtype=dtype,
            activity_regularizer=regularizer(a1, a2),
        )(x)
    if rates[-1]:
        x = drop(rates[-1], dtype=dtype, name="dropout_outputs")(x)
    output_penalty = [0.0 if isinstance(v, tuple | list) else v for v in (l1, l2)]
    outputs = layers.Dense(
        n_outputs,
        kernel_regularizer=regularizer(*output_penalty),
        dtype=dtype,
        name="outputs",
    )(x)
    return keras.Model(inputs, outputs, name="cnn_network")


def _convolution(
    x,
    width,
    kernel,
    step,
    padding,
    activation,
    batch_norm,
    penalties,
    *,
    dtype,
    name,
):
    """A convolution, batch normalisation if asked for, activation."""
    k1, k2, a1, a2 = penalties
    x = layers.Conv2D(
        width,
        kernel,
        strides=step,
        padding=padding,
        kernel_initializer=ACTIVATIONS[activation][1],
        kernel_regularizer=regularizer(k1, k2),
        dtype=dtype,
        name=f"conv_{name}",
        **LAST,
    )(x)
    if batch_norm:
        x = batch_norm_layer(name=f"batch_norm_{name}", dtype=dtype)(x)
    return activation_layer(
        activation,
        shared_axes=[1, 2],
        name=f"activation_{name}",
        dtype=dtype,
        activity_regularizer=regularizer(a1, a2),
    )(x)


def _all_positions(x, dtype):
    """One feature for each filter and position."""
    return layers.Flatten(dtype=dtype, name="features", **LAST)(x)


def _mean(x, dtype):
    """One for each filter, wherever what it looks for may be."""
    return layers.GlobalAveragePooling2D(dtype=dtype, name="features", **LAST)(x)


def _pyramid(x, dtype):
    """How much there is of what a filter looks for, how clearly, and about where.

    Spatial pyramid pooling (He et al., ECCV 2014) of two levels, of which the first has
    the maximum as well.
    """
    height, width = x.shape[1:3]
    if height == width == 1:
        return _all_positions(x, dtype)
    half = -(-height // 2), -(-width // 2)
    mean = layers.GlobalAveragePooling2D(dtype=dtype, name="features_mean", **LAST)(x)
    most = layers.GlobalMaxPooling2D(dtype=dtype, name="features_max", **LAST)(x)
    quarters = layers.AveragePooling2D(
        half, padding="same", dtype=dtype, name="quarters", **LAST
    )(x)
    where = layers.Flatten(dtype=dtype, name="features_quarters", **LAST)(quarters)
    return layers.Concatenate(dtype=dtype, name="features")([mean, most, where])


GLOBAL = {"global": _mean, "pyramid": _pyramid}  # pooling that spans the image


def _pair(size):
    return tuple(size) if isinstance(size, tuple | list) else (size, size)


def _check_fits(kernel, size, block):
    if any(k > s for k, s in zip(kernel, size, strict=True)):
        raise ValueError(
            f"padding='valid': block {block} has a kernel of {kernel} for what is left "
            f"of the image, {tuple(size)}. Use padding='same', fewer blocks, or "
            "smaller kernels and pools."
        )
