"""The network for tables: embedded columns, then a stack of dense layers."""

import math

import keras
import numpy as np
from keras import layers, ops

from skdl.networks._blocks import activation_layer, check_activation, per_layer

ONE_PRODUCT = 40  # columns up to which a matrix with blocks is quicker than small ones


def tabular_network(
    input_shape,
    n_outputs,
    *,
    hidden_units=(64, 64),
    activation="mish",
    dropout=0.0,
    periodic=(),
    frequency_scale=0.2,
    n_frequencies=8,
    periodic_size=3,
    cardinalities=(),
    vector_size=8,
    dtype="float32",
):
    """A small dense network for rows of a table.

    Every hidden layer is: dense, activation, dropout (optional). Weights begin with a
    variance of 2 / fan-in (output: 1 / fan-in), biases at 0.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one row, ``(n_columns,)``: numbers first, then category codes.
    n_outputs : int
        Number of output units; the output is linear (logits).
    hidden_units : tuple of int, default=(64, 64)
        Width of every hidden layer; empty for a linear model.
    activation : str, default="mish"
        One of the keys of ``ACTIVATIONS``.
    dropout : float or tuple of float, default=0.0
        One number for all hidden layers or one per layer.
    periodic : tuple of int, default=()
        Columns of numbers that are also given as a `PeriodicEmbedding`.
    frequency_scale, n_frequencies, periodic_size : float, int, int
        Of these embeddings.
    cardinalities : tuple of int, default=()
        The last columns hold this many codes (0, 1, ...) each, for which vectors are
        learned.
    vector_size : int, default=8
        Length of these vectors.
    dtype : {"float32", "float64"}, default="float32"
        Precision of weights and computation.

    Returns
    -------
    keras.Model
        From ``(batch, n_columns)`` to ``(batch, n_outputs)``.

    Raises
    ------
    ValueError
        If the activation is unknown or a sequence has the wrong length.

    Examples
    --------
    >>> from skdl.networks import tabular_network
    >>> tabular_network((10,), 3, periodic=(0, 1), cardinalities=(20,)).count_params()
    6137
    """
    check_activation(activation)
    rates = per_layer(dropout, len(hidden_units), "dropout")
    inputs = keras.Input(input_shape, dtype=dtype, name="inputs")
    n_numbers = input_shape[0] - len(cardinalities)
    parts = [inputs[:, :n_numbers]] if n_numbers else []
    if periodic:
        parts.append(
            PeriodicEmbedding(
                periodic,
                scale=frequency_scale,
                n_frequencies=n_frequencies,
                size=periodic_size,
                dtype=dtype,
                name="periodic",
            )(inputs)
        )
    for i, cardinality in enumerate(cardinalities):
        codes = ops.cast(inputs[:, n_numbers + i], "int32")
        vectors = layers.Embedding(
            cardinality,
            vector_size,
            embeddings_initializer=_normal(1.0),
            dtype=dtype,
            name=f"vectors_{i + 1}",
        )
        parts.append(vectors(codes))
    x = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
    for i, (units, rate) in enumerate(zip(hidden_units, rates, strict=True), start=1):
        x = _dense(units, 2.0, dtype=dtype, name=f"dense_{i}")(x)
        x = activation_layer(activation, dtype=dtype, name=f"activation_{i}")(x)
        if rate:
            x = layers.Dropout(rate, dtype=dtype, name=f"dropout_{i}")(x)
    outputs = _dense(n_outputs, 1.0, dtype=dtype, name="outputs")(x)
    return keras.Model(inputs, outputs, name="tabular_network")


def _dense(units, variance, **options):
    return layers.Dense(units, kernel_initializer=_normal(variance), **options)


def _normal(variance):
    """Normal weights whose variance is this by the number of inputs."""
    return keras.initializers.VarianceScaling(variance, "fan_in", "untruncated_normal")


@keras.saving.register_keras_serializable("skdl")
class PeriodicEmbedding(layers.Layer):
    """Some columns as short vectors, by cosines of learned frequencies.

    A number x becomes ``cos(2 pi w x + b)`` for several frequencies w and phases b,
    and a linear map of these ("PBLD" in RealMLP). A network can follow curves and
    steps in a column more easily that way.

    Parameters
    ----------
    columns : sequence of int
        Which columns.
    scale : float, default=0.2
        Standard deviation of the initial frequencies, in cycles per unit of x.
    n_frequencies : int, default=8
        For each column.
    size : int, default=3
        Length of each column's vector.
    **options : dict
        Of ``keras.layers.Layer``.

    References
    ----------
    Gorishniy, Y., Rubachev, I., & Babenko, A. (2022). On embeddings for numerical
    features in tabular deep learning. NeurIPS.

    Holzmüller, D., Grinsztajn, L., & Steinwart, I. (2024). Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.networks import PeriodicEmbedding
    >>> PeriodicEmbedding([0, 2], size=3)(np.zeros((5, 4))).shape
    TensorShape([5, 6])
    """

    def __init__(self, columns, *, scale=0.2, n_frequencies=8, size=3, **options):
        super().__init__(**options)
        self.columns = [int(column) for column in columns]
        self.scale = scale
        self.n_frequencies = n_frequencies
        self.size = size
        self.frequencies_initializer = keras.initializers.RandomNormal(0.0, scale)
        self.phases_initializer = keras.initializers.RandomUniform(-math.pi, math.pi)
        bound = 1 / math.sqrt(n_frequencies)
        self.linear_initializer = keras.initializers.RandomUniform(-bound, bound)
        self.shift_initializer = keras.initializers.RandomUniform(-bound, bound)

    def build(self, input_shape):
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple
            ``(batch, n_columns)``.
        """
        n, p = len(self.columns), self.n_frequencies
        shapes = {
            "frequencies": (n, p),
            "phases": (n, p),
            "linear": (n, p, self.size),
            "shift": (n, self.size),
        }
        for name, shape in shapes.items():
            initializer = getattr(self, f"{name}_initializer")
            weight = self.add_weight(shape=shape, initializer=initializer, name=name)
            setattr(self, name, weight)
        self._diagonal = np.eye(n, dtype=self.compute_dtype)[:, None, :, None]

    def call(self, inputs):
        """Embed.

        Parameters
        ----------
        inputs : tensor of shape (batch, n_columns)
            Rows.

        Returns
        -------
        tensor of shape (batch, len(columns) * size)
            The vectors, one after the other.
        """
        x = ops.take(inputs, self.columns, axis=1)[..., None]  # (batch, n, 1)
        # in this order, which TensorFlow keeps however many members there are
        waves = ops.cos(x * (2 * math.pi * self.frequencies) + self.phases)
        n, p, size = len(self.columns), self.n_frequencies, self.size
        if n > ONE_PRODUCT:
            vectors = ops.einsum("bnp,nps->bns", waves, self.linear) + self.shift
            return ops.reshape(vectors, (-1, n * size))
        blocks = self.linear[:, :, None, :] * self._diagonal  # (n, p, n, size)
        matrix = ops.reshape(blocks, (n * p, n * size))
        return ops.matmul(ops.reshape(waves, (-1, n * p)), matrix) + ops.reshape(
            self.shift, (n * size,)
        )

    def compute_output_shape(self, input_shape):
        """Shape of the result.

        Parameters
        ----------
        input_shape : tuple
            ``(batch, n_columns)``.

        Returns
        -------
        tuple
            ``(batch, len(columns) * size)``.
        """
        return (input_shape[0], len(self.columns) * self.size)

    def get_config(self):
        """What the layer can be made from again.

        Returns
        -------
        dict
            Arguments of the constructor.
        """
        own = ("columns", "scale", "n_frequencies", "size")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
