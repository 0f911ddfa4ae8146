"""The residual network for small images."""

from typing import NamedTuple

import keras
from keras import layers

from skdl.networks._blocks import (
    LAST,
    activation_layer,
    batch_norm_layer,
    check_activation,
    check_choice,
    input_scaling,
    regularizer,
)

STAGES = (16, 32, 64)  # filters of each, for width 1


class _Options(NamedTuple):
    """What all blocks have in common."""

    version: int
    shortcut: str | None
    activation: str
    penalty: keras.Regularizer | None
    dtype: str


class _Block(NamedTuple):
    """What distinguishes a block from the others."""

    name: str
    first: bool  # of all
    filters: int
    strides: int
    drop: float  # the share of rows for which training skips it


def resnet_network(
    input_shape,
    n_outputs,
    *,
    depth=20,
    version=1,
    width=1,
    shortcut="identity",
    activation="relu",
    dropout=0.0,
    stochastic_depth=0.0,
    l2=0.0,
    dtype="float32",
):
    """A residual network for small images, with a linear output.

    Images are scaled (`input_scaling`) and go through a convolution, three stages of
    blocks of two 3x3 convolutions, the mean over all places, dropout (optional) and a
    dense layer. The second and the third stage halve height and width and double the
    filters. What a block computes is added to its input, so that gradients reach the
    first layers of networks of hundreds of layers.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one image, ``(height, width, channels)``; one pixel is enough.
    n_outputs : int
        Number of output units; the output is linear (logits).
    depth : int, default=20
        Number of convolutions and dense layers, ``6n + 2`` for n blocks in each stage:
        8, 14, 20, ...; convolutions in shortcuts are not counted.
    version : {1, 2}, default=1
        1 normalises after each convolution and activates after the addition (He et al.
        2016a). 2 normalises and activates before each convolution, so that nothing
        stands between one addition and the next (He et al. 2016b), which helps above a
        hundred layers.
    width : int or float, default=1
        Multiplies the 16, 32 and 64 filters of the stages (Zagoruyko & Komodakis 2016),
        and those of the first convolution; a multiple of 1/16.
    shortcut : {"identity", "projection"} or None, default="identity"
        Where the shape changes, "identity" takes every second row and column of a
        block's input and appends channels of zeros (option A in He et al. 2016a), while
        "projection" learns a 1x1 convolution (option B). None leaves all shortcuts out,
        for comparison with a plain network.
    activation : str, default="relu"
        One of the keys of ``ACTIVATIONS``. "prelu" has one slope for each channel.
    dropout : float, default=0.0
        Share of the last layer's inputs that are left out in training.
    stochastic_depth : float, default=0.0
        Share of images, in [0, 1), for which training skips the last block; it grows
        linearly from block to block (Huang et al. 2016). Each image and block is drawn
        by itself, and what is kept is divided by the share kept, so that predicting
        needs no other scale. Regularises; it saves no time.
    l2 : float, default=0.0
        Weighs the penalty on kernels, also the output layer's; not on biases nor on
        what batch normalisation learns.
    dtype : {"float32", "float64"}, default="float32"
        Precision of weights and computation.

    Returns
    -------
    keras.Model
        From ``(batch, height, width, channels)`` to ``(batch, n_outputs)``.

    Raises
    ------
    ValueError
        If there is no such network.

    References
    ----------
    He, K., Zhang, X., Ren, S., & Sun, J. (2015). Delving deep into rectifiers. ICCV.

    He, K., Zhang, X., Ren, S., & Sun, J. (2016a). Deep residual learning for image
    recognition. CVPR. Section 4.2.

    He, K., Zhang, X., Ren, S., & Sun, J. (2016b). Identity mappings in deep residual
    networks. ECCV.

    Huang, G., Sun, Y., Liu, Z., Sedra, D., & Weinberger, K. (2016). Deep networks with
    stochastic depth. ECCV.

    Zagoruyko, S., & Komodakis, N. (2016). Wide residual networks. BMVC.

    Examples
    --------
    >>> from skdl.networks import resnet_network
    >>> network = resnet_network((32, 32, 3), 10, depth=20)
    >>> sum(v.value.numpy().size for v in network.trainable_variables)
    269722
    """
    _check_input_shape(input_shape)
    check_choice("version", version, BLOCKS)
    check_choice("shortcut", shortcut, SHORTCUTS)
    _check_stochastic_depth(stochastic_depth, shortcut)
    check_activation(activation)
    n_blocks = _blocks_per_stage(depth)
    widths = _widths(width)
    penalty = regularizer(0.0, l2)
    options = _Options(version, shortcut, activation, penalty, dtype)

    inputs = keras.Input(input_shape, dtype=dtype, name="inputs")
    x = input_scaling(dtype)(inputs)
    x = _convolution(x, widths[0], 3, 1, "stem_conv", options)
    x = _activated(x, "stem_", "", options)
    for block in _blocks(n_blocks, widths, stochastic_depth):
        x = BLOCKS[version](x, block, options)
    if version == 2:
        x = _activated(x, "last_", "", options)
    x = layers.GlobalAveragePooling2D(**LAST, dtype=dtype, name="pooling")(x)
    if dropout:
        x = layers.Dropout(dropout, dtype=dtype, name="dropout")(x)
    outputs = layers.Dense(
        n_outputs, kernel_regularizer=penalty, dtype=dtype, name="outputs"
    )(x)
    return keras.Model(inputs, outputs, name="resnet_network")


# -- blocks ----------------------------------------------------------------------------


def _blocks(n_blocks, widths, stochastic_depth):
    """All blocks in order."""
    n_all = n_blocks * len(widths)
    for i in range(n_all):
        stage, block = divmod(i, n_blocks)
        yield _Block(
            name=f"stage_{stage + 1}_block_{block + 1}_",
            first=i == 0,
            filters=widths[stage],
            strides=2 if stage and not block else 1,
            drop=stochastic_depth * (i + 1) / n_all,
        )


def _normalised_after(x, block, options):
    """A block of version 1: ``activation(shortcut(x) + residual(x))``."""
    name = block.name
    y = _convolution(x, block.filters, 3, block.strides, f"{name}conv_1", options)
    y = _activated(y, name, "_1", options)
    y = _convolution(y, block.filters, 3, 1, f"{name}conv_2", options)
    y = _normalised(y, f"{name}batch_norm_2", options)
    y = _added(x, y, block, options)
    return _activation(y, f"{name}activation_2", options)


def _normalised_before(x, block, options):
    """A block of version 2: ``shortcut(x) + residual(activation(x))``."""
    name = block.name
    # what the stem gives to the first one is activated already
    y = x if block.first else _activated(x, name, "_1", options)
    if block.strides > 1 and options.shortcut == "projection":
        x = y  # as in the authors' networks
    y = _convolution(y, block.filters, 3, block.strides, f"{name}conv_1", options)
    y = _activated(y, name, "_2", options)
    y = _convolution(y, block.filters, 3, 1, f"{name}conv_2", options)
    return _added(x, y, block, options)


BLOCKS = {1: _normalised_after, 2: _normalised_before}  # by version


def _added(x, y, block, options):
    """The residual y, in training left out for some rows, on top of the shortcut."""
    if options.shortcut is None:
        return y
    if block.drop:
        y = layers.Dropout(
            block.drop,
            noise_shape=(None, 1, 1, 1),
            dtype=options.dtype,
            name=f"{block.name}stochastic_depth",
        )(y)
    if block.strides > 1:
        x = SHORTCUTS[options.shortcut](x, block, options)
    return layers.Add(dtype=options.dtype, name=f"{block.name}add")([x, y])


def _subsampled(x, block, options):
    """Every second row and column, and zeros for the further channels."""
    extra = block.filters - x.shape[-1]
    x = layers.AveragePooling2D(  # of single pixels
        1,
        block.strides,
        **LAST,
        dtype=options.dtype,
        name=f"{block.name}subsampling",
    )(x)
    return layers.ZeroPadding2D(
        ((0, 0), (0, extra)),
        data_format="channels_first",  # so it pads the last two axes
        dtype=options.dtype,
        name=f"{block.name}zero_channels",
    )(x)


def _projected(x, block, options):
    """A 1x1 convolution, normalised where the residual is."""
    name = f"{block.name}projection"
    x = _convolution(x, block.filters, 1, block.strides, name, options)
    if options.version == 1:
        x = _normalised(x, f"{name}_batch_norm", options)
    return x


SHORTCUTS = {"identity": _subsampled, "projection": _projected, None: None}


# -- layers ----------------------------------------------------------------------------


def _convolution(x, filters, size, strides, name, options):
    """A convolution without bias, centred on the pixels that strides keep."""
    padding = "same"
    if size > 1 and strides > 1:  # "same" would centre on the pixels between
        padding = "valid"
        x = layers.ZeroPadding2D(
            size // 2, **LAST, dtype=options.dtype, name=f"{name}_padding"
        )(x)
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding,
        **LAST,
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=options.penalty,
        dtype=options.dtype,
        name=name,
    )(x)


def _normalised(x, name, options):
    return batch_norm_layer(dtype=options.dtype, name=name)(x)


def _activation(x, name, options):
    layer = activation_layer(
        options.activation, shared_axes=[1, 2], dtype=options.dtype, name=name
    )
    return layer(x)


def _activated(x, prefix, suffix, options):
    """Batch normalisation, then activation."""
    x = _normalised(x, f"{prefix}batch_norm{suffix}", options)
    return _activation(x, f"{prefix}activation{suffix}", options)


# -- arguments -------------------------------------------------------------------------


def _blocks_per_stage(depth):
    n_blocks, rest = divmod(depth - 2, 2 * len(STAGES))
    if rest or n_blocks < 1:
        below = depth - rest
        choices = [f"{d:g}" for d in (below, below + 6) if d >= 8] or ["8"]
        raise ValueError(
            f"depth={depth!r} is not 6n + 2: three stages of n blocks of two "
            "convolutions, and the first and the last layer. Choose "
            f"{' or '.join(choices)}."
        )
    return int(n_blocks)


def _widths(width):
    widths = [filters * width for filters in STAGES]
    if width <= 0 or not float(widths[0]).is_integer():
        raise ValueError(
            f"width={width!r} makes {widths[0]:g} filters in the first stage. Choose a "
            "positive multiple of 1/16, such as 0.5, 1 or 2."
        )
    return [int(filters) for filters in widths]


def _check_input_shape(input_shape):
    if len(input_shape) != 3:
        raise ValueError(
            f"input_shape={tuple(input_shape)!r} is no shape of an image. Give "
            "(height, width, channels)."
        )


def _check_stochastic_depth(share, shortcut):
    if not 0 <= share < 1:
        raise ValueError(
            f"stochastic_depth={share!r} is not in [0, 1). Choose 0 to keep all "
            "blocks, or up to 0.5 to drop some."
        )
    if share and shortcut is None:
        raise ValueError(
            f"stochastic_depth={share!r} drops blocks, and with shortcut=None nothing "
            "passes a dropped block. Choose a shortcut, or stochastic_depth=0."
        )
