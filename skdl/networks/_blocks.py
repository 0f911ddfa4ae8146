"""Building blocks shared by the networks."""

import keras
from keras import layers

LAST = {"data_format": "channels_last"}  # whatever Keras is configured to
LEAST_NORMALISED = 8  # units of a dense layer: of fewer, too little would be left

# name -> (activation understood by Keras, kernel initializer that suits it).
# He et al. 2015 for rectifiers, LeCun normal for SELU (Klambauer et al. 2017),
# Glorot & Bengio 2010 for functions that are linear around zero.
ACTIVATIONS = {
    "linear": ("linear", "glorot_uniform"),
    "softmax": ("softmax", "glorot_uniform"),
    "tanh": ("tanh", "glorot_uniform"),
    "sigmoid": ("sigmoid", "glorot_uniform"),
    "hard_sigmoid": ("hard_sigmoid", "glorot_uniform"),
    "exponential": ("exponential", "glorot_uniform"),
    "relu": ("relu", "he_uniform"),
    "elu": ("elu", "he_uniform"),
    "selu": ("selu", "lecun_normal"),
    "gelu": ("gelu", "he_uniform"),
    "silu": ("silu", "he_uniform"),
    "mish": ("mish", "he_uniform"),
    "leaky_relu": ("leaky_relu", "he_uniform"),
    "prelu": (None, "he_uniform"),  # has weights of its own: a layer, not a function
}


def check_activation(activation):
    """Return the name of an activation, or say which names there are.

    Parameters
    ----------
    activation : str
        One of the keys of ``ACTIVATIONS``.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"activation={activation!r} is unknown. Choose one of: "
            f"{', '.join(sorted(ACTIVATIONS))}."
        )
    return activation


def check_choice(name, value, choices):
    """Say which values there are, if it is none of them.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    value : object
        What the user gave.
    choices : collection
        What it may be.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"{name}={value!r} is unknown. Choose one of: {known}.")


def per_layer(value, n_layers, name, layers="hidden layers"):
    """One value for each layer, from one number or a sequence of numbers.

    Parameters
    ----------
    value : float or sequence of float
        One for all layers, or one per layer.
    n_layers : int
        How many layers there are.
    name : str
        The parameter's name, for the message.
    layers : str, default="hidden layers"
        What they are, for the message.

    Returns
    -------
    tuple of float
        `n_layers` values.

    Raises
    ------
    ValueError
        If a sequence has another length.
    """
    if not isinstance(value, (tuple, list)):
        return (value,) * n_layers
    if len(value) != n_layers:
        raise ValueError(
            f"{name}={tuple(value)!r} has {len(value)} values for {n_layers} {layers}. "
            "Give one number for all layers or one per layer."
        )
    return tuple(value)


def regularizer(l1, l2):
    """The penalty ``l1 * sum|x| + l2 * sum x^2``, or None where both are zero."""
    return keras.regularizers.L1L2(l1, l2) if l1 or l2 else None


def activation_layer(activation, *, shared_axes=None, **options):
    """The layer that applies an activation.

    Parameters
    ----------
    activation : str
        One of the keys of ``ACTIVATIONS``.
    shared_axes : list of int or None, default=None
        Axes of positions or steps, at all of which "prelu" has the same slopes.
    **options : dict
        Passed to the layer: ``name``, ``dtype``, ``activity_regularizer`` (summed over
        units and averaged over the batch by Keras).

    Returns
    -------
    keras.Layer
        The layer, not yet built.
    """
    if activation == "prelu":
        return layers.PReLU(shared_axes=shared_axes, **options)
    return layers.Activation(ACTIVATIONS[activation][0], **options)


def batch_norm_layer(**options):
    """Batch normalisation with the constants of He et al. 2016, momentum 0.9.

    So the averages for predictions follow the last dozens of batches; with Keras's own
    default they need hundreds, which small data sets do not have.

    Parameters
    ----------
    **options : dict
        Passed to the layer: ``name``, ``dtype``.

    Returns
    -------
    keras.layers.BatchNormalization
        Not yet built.
    """
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **options)


def dense_norm_layer(**options):
    """Normalisation of a dense layer's units within each row (Ba et al. 2016).

    A step of Adam changes every weight by about the learning rate, so that a unit with
    n inputs of one sign moves by n times as much, for all rows alike. Behind a few
    thousand features one step switches off half of the rectifiers of a layer, and a few
    steps all of them, for ever. Within a row some units are always above the mean.

    Unlike batch normalisation it treats a single row in a step as it treats many.

    Parameters
    ----------
    **options : dict
        Passed to the layer: ``name``, ``dtype``.

    Returns
    -------
    keras.layers.LayerNormalization
        Not yet built.
    """
    return layers.LayerNormalization(epsilon=1e-5, **options)


def input_scaling(dtype):
    """The layer that brings every channel of images near mean 0 and variance 1.

    Mean and variance are not trainable and not part of the network's parameters: they
    are set before training (``moving_mean``, ``moving_variance`` of the layer of this
    name), so that networks for other training images share one program, and a saved
    model holds them.

    Parameters
    ----------
    dtype : str
        Of computation.

    Returns
    -------
    keras.layers.BatchNormalization
        Which never looks at a batch.
    """
    return layers.BatchNormalization(
        center=False,
        scale=False,
        epsilon=0.0,
        trainable=False,
        dtype=dtype,
        name="input_scaling",
    )
