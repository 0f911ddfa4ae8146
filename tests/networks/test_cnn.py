"""The convolutional network against SciPy: forward pass, counts, penalties, names."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import correlate2d

from skdl.networks import cnn_network
from skdl.networks._blocks import ACTIVATIONS

SHAPE = (7, 6, 2)


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(3, *SHAPE))


def randomised(network):
    """Give every variable a random value: zeros and ones would hide mistakes."""
    rng = np.random.default_rng(1)
    for variable in network.variables:
        if variable.dtype == "float64":
            variable.assign(rng.uniform(0.1, 1, variable.shape) * rng.choice([-1, 1]))
        if variable.name == "moving_variance":
            variable.assign(rng.uniform(0.5, 2, variable.shape))
        if variable.name == "kernel":  # both signs, so that no unit is always silent
            variable.assign(rng.normal(size=variable.shape))
    return network


def part(network, name):
    """The network up to a layer, and in training as the network itself."""
    return keras.Model(network.input, network.get_layer(name).output)


# -- the forward pass by hand ----------------------------------------------------------


def convolved(x, kernel, bias, stride, padding):
    """Correlation of every channel with its own window, summed; every stride-th."""
    size = kernel.shape[:2]
    if padding == "same":  # zeros around, the odd one at the end
        out = [-(-n // s) for n, s in zip(x.shape[1:3], stride, strict=True)]
        total = [
            max((o - 1) * s + k - n, 0)
            for o, s, k, n in zip(out, stride, size, x.shape[1:3], strict=True)
        ]
        margins = [(t // 2, t - t // 2) for t in total]
        x = np.pad(x, ((0, 0), *margins, (0, 0)))
    filters = np.moveaxis(kernel, -1, 0)
    maps = [
        [
            sum(
                correlate2d(image[..., c], one[..., c], mode="valid")
                for c in range(image.shape[-1])
            )
            for one in filters
        ]
        for image in x
    ]
    maps = np.moveaxis(np.array(maps), 1, -1)
    return maps[:, :: stride[0], :: stride[1]] + bias


def pooled(x, pool, function):
    """Blocks that do not overlap; what is left of them at the end is cut off."""
    (a, b), (_, h, w, c) = pool, x.shape
    x = x[:, : h // a * a, : w // b * b]
    blocks = x.reshape(len(x), h // a, a, w // b, b, c)
    return function(blocks, axis=(2, 4))


ACTIVE = {
    "relu": lambda x, slopes: np.maximum(x, 0),
    "tanh": lambda x, slopes: np.tanh(x),
    "prelu": lambda x, slopes: np.where(x > 0, x, slopes * x),
}


def by_hand(
    network,
    x,
    *,
    filters,
    kernel_size=3,
    strides=1,
    padding="same",
    pool_size=2,
    pooling="max",
    hidden_units=(),
    activation="relu",
    batch_norm=False,
):
    """Activations of every hidden layer, and the outputs."""
    weights = {layer.name: layer.get_weights() for layer in network.layers}
    hidden = []

    def active(x, name):
        hidden.append(
            ACTIVE[activation](x, weights[name][0] if weights[name] else None)
        )
        return hidden[-1]

    def of_block(value, i):
        value = value[i] if isinstance(value, tuple) else value
        return value if isinstance(value, tuple) else (value, value)

    mean, variance = weights["input_scaling"]
    x = (x - mean) / np.sqrt(variance)
    for i, widths in enumerate(filters):
        names = [f"{i + 1}"]
        if isinstance(widths, tuple) and len(widths) > 1:
            names = [f"{i + 1}_{j + 1}" for j in range(len(widths))]
        for j, name in enumerate(names):
            stride = of_block(strides, i) if j == 0 else (1, 1)
            x = convolved(x, *weights[f"conv_{name}"], stride, padding)
            assert x.shape[1:3] == part(network, f"conv_{name}").output_shape[1:3]
            if batch_norm:
                gamma, beta, mean, variance = weights[f"batch_norm_{name}"]
                x = gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta
            x = active(x, f"activation_{name}")
        last = i == len(filters) - 1
        pool = np.minimum(of_block(pool_size, i), x.shape[1:3])
        if pooling == "average":
            x = pooled(x, pool, np.mean)
        elif pooling and not (pooling in ("global", "pyramid") and last):
            x = pooled(x, pool, np.max)
    if pooling == "global":
        x = x.mean(axis=(1, 2))
    elif pooling == "pyramid" and x.shape[1:3] != (1, 1):
        quarters = [
            part.mean(axis=(1, 2))
            for rows in np.array_split(x, min(2, x.shape[1]), axis=1)
            for part in np.array_split(rows, min(2, x.shape[2]), axis=2)
        ]
        x = np.hstack([x.mean(axis=(1, 2)), x.max(axis=(1, 2)), *quarters])
    x = x.reshape(len(x), -1)
    for i, units in enumerate(hidden_units, start=1):
        kernel, bias = weights[f"dense_{i}"]
        x = x @ kernel + bias
        if f"layer_norm_{i}" in weights:
            assert batch_norm
            assert units >= 8
            assert len(kernel) > 256
            gamma, beta = weights[f"layer_norm_{i}"]
            mean, variance = x.mean(axis=1), x.var(axis=1)
            x = ((x.T - mean) / np.sqrt(variance + 1e-5)).T * gamma + beta
        x = active(x, f"dense_activation_{i}")
    kernel, bias = weights["outputs"]
    return hidden, x @ kernel + bias


FORWARD = {
    "one of each": {"filters": (3,), "hidden_units": (4,)},
    "two blocks": {"filters": (3, 4), "hidden_units": (5, 4)},
    "no hidden layer": {"filters": (3,)},
    "valid": {"filters": (3, 4), "padding": "valid", "pool_size": 1},
    "valid, pooled": {"filters": (3, 4), "padding": "valid", "kernel_size": (3, 2)},
    "even kernel": {"filters": (3,), "kernel_size": 2},
    "kernel of one": {"filters": (3,), "kernel_size": 1},
    "kernel larger than the image": {"filters": (3,), "kernel_size": 9},
    "kernels by block": {"filters": (3, 4), "kernel_size": (5, (1, 3))},
    "strides": {"filters": (3, 4), "strides": 2},
    "strides, even kernel": {"filters": (3,), "strides": 2, "kernel_size": 4},
    "strides, valid": {"filters": (3,), "strides": 2, "padding": "valid"},
    "strides by axis": {"filters": (3,), "strides": ((2, 3),), "pooling": None},
    "strides larger than kernels": {"filters": (3,), "strides": 4, "kernel_size": 2},
    "average": {"filters": (3, 4), "pooling": "average"},
    "no pooling": {"filters": (3, 4), "pooling": None},
    "global": {"filters": (3, 4), "pooling": "global", "hidden_units": (4,)},
    "global, one block": {"filters": (3,), "pooling": "global"},
    "pyramid": {"filters": (3, 4), "pooling": "pyramid", "hidden_units": (4,)},
    "pyramid, one block": {"filters": (3,), "pooling": "pyramid"},
    "pyramid of one row": {
        **{"filters": (3, 4), "strides": ((7, 1), 1), "pooling": "pyramid"},
    },
    "pyramid of one position": {"filters": (3, 4), "strides": 7, "pooling": "pyramid"},
    "pools by axis": {"filters": (3, 4), "pool_size": ((3, 2), (1, 2))},
    "pools larger than what they pool": {"filters": (3, 4), "pool_size": (4, 5)},
    "pools of one": {"filters": (3,), "pool_size": 1},
    "groups": {"filters": ((3, 2), (4, 3, 2)), "kernel_size": (3, 2)},
    "groups with strides": {"filters": ((3, 2), 4), "strides": (2, 1)},
    "group of one": {"filters": ((3,), 2)},
    "batch norm": {"filters": ((3, 2), 4), "batch_norm": True},
    "dense norm": {
        **{"filters": (7,), "batch_norm": True, "hidden_units": (8, 9)},
        "pooling": None,
    },
    "tanh": {"filters": (3,), "activation": "tanh", "hidden_units": (4,)},
    "prelu": {"filters": (3, 4), "activation": "prelu", "hidden_units": (4,)},
}


@pytest.mark.parametrize("name", FORWARD)
def test_forward_pass_equals_scipy(name, images):
    options = {"hidden_units": (), **FORWARD[name]}
    network = randomised(cnn_network(SHAPE, 3, dtype="float64", **options))
    _, expected = by_hand(network, images, **options)
    outputs = np.asarray(network(images))
    assert outputs.dtype == np.float64
    assert np.ptp(expected, axis=0).min() > 1e-3  # images matter
    assert_allclose(outputs, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 9, 2), (9, 1, 2), (2, 1, 1), (1, 2, 3)]
)
@pytest.mark.parametrize("pooling", ["max", "average", "global", None])
def test_tiny_images_too(shape, pooling):
    x = np.random.default_rng(2).normal(size=(4, *shape))
    options = {"filters": ((2, 3), 4, 3), "hidden_units": (4,), "pooling": pooling}
    options |= {"strides": (1, 2, 1), "activation": "tanh"}
    network = randomised(cnn_network(shape, 2, dtype="float64", **options))
    _, expected = by_hand(network, x, **options)
    assert_allclose(np.asarray(network(x)), expected, rtol=1e-10, atol=1e-10)


def test_batch_norm_in_training_normalises_over_batch_and_positions(images):
    network = randomised(
        cnn_network(SHAPE, 1, filters=(3,), batch_norm=True, dtype="float64")
    )
    before = np.asarray(part(network, "conv_1")(images))
    layer = network.get_layer("batch_norm_1")
    gamma, beta, mean, variance = layer.get_weights()
    after = np.asarray(part(network, "batch_norm_1")(images, training=True))
    m, v = before.mean((0, 1, 2)), before.var((0, 1, 2))
    assert_allclose(after, gamma * (before - m) / np.sqrt(v + 1e-5) + beta, rtol=1e-9)
    moved = layer.get_weights()[2:]  # momentum 0.9
    assert_allclose(moved, [0.9 * mean + 0.1 * m, 0.9 * variance + 0.1 * v], rtol=1e-6)


def test_images_are_scaled_alike_in_training_and_without(images):
    network = randomised(cnn_network(SHAPE, 1, dtype="float64"))
    mean, variance = network.get_layer("input_scaling").get_weights()
    expected = (images - mean) / np.sqrt(variance)
    for training in (False, True):
        scaled = part(network, "input_scaling")(images, training=training)
        assert_allclose(np.asarray(scaled), expected, rtol=1e-10)
    assert_array_equal(network.get_layer("input_scaling").get_weights()[0], mean)
    trainable = {v.path for v in network.trainable_variables}
    assert not [path for path in trainable if "input_scaling" in path]


# -- shapes ----------------------------------------------------------------------------


# options -> height and width after every convolution and every pooling, by the formulas
# ceil(n / stride), floor((n - kernel) / stride) + 1 and floor(n / pool)
SHAPES = [
    ({}, [(28, 20), (14, 10), (14, 10), (7, 5)]),
    ({"padding": "valid"}, [(26, 18), (13, 9), (11, 7), (5, 3)]),
    ({"strides": 2}, [(14, 10), (7, 5), (4, 3), (2, 1)]),
    ({"strides": 3, "padding": "valid"}, [(9, 6), (4, 3), (1, 1), (1, 1)]),
    ({"kernel_size": (5, (1, 3)), "padding": "valid"}, [(24, 16), (12, 8), (12, 6)]),
    ({"pool_size": (3, 4)}, [(28, 20), (9, 6), (9, 6), (2, 1)]),
    ({"pool_size": ((1, 2), (4, 1))}, [(28, 20), (28, 10), (28, 10), (7, 10)]),
]


@pytest.mark.parametrize(("options", "sizes"), SHAPES)
def test_maps_have_the_size_of_the_formulas(options, sizes):
    network = cnn_network((28, 20, 1), 3, filters=(4, 5), **options)
    names = ["conv_1", "pool_1", "conv_2", "pool_2"]
    for name, size, width in zip(names, sizes, (4, 4, 5, 5), strict=False):
        if size == (1, 1) and name == "pool_2":  # nothing to pool
            assert name not in {layer.name for layer in network.layers}
            continue
        assert network.get_layer(name).output.shape == (None, *size, width)
    assert network.input_shape == (None, 28, 20, 1)
    assert network.output_shape == (None, 3)


# -- counts ----------------------------------------------------------------------------


def trainable(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


def n_conv(n_in, n_out, size=(3, 3)):
    return (size[0] * size[1] * n_in + 1) * n_out


# options for 8 x 8 images of 3 channels -> weights of each layer by its name
COUNTS = [
    (
        {"filters": (4, 5), "hidden_units": (6,)},
        {
            "conv_1": n_conv(3, 4),
            "conv_2": n_conv(4, 5),
            "dense_1": (2 * 2 * 5 + 1) * 6,
            "outputs": (6 + 1) * 2,
        },
    ),
    (
        {"filters": ((4, 5), 6), "kernel_size": ((1, 3), 5), "hidden_units": ()},
        {
            "conv_1_1": n_conv(3, 4, (1, 3)),
            "conv_1_2": n_conv(4, 5, (1, 3)),
            "conv_2": n_conv(5, 6, (5, 5)),
            "outputs": (2 * 2 * 6 + 1) * 2,
        },
    ),
    (
        {"filters": (4,), "batch_norm": True, "hidden_units": (), "pooling": "global"},
        {"conv_1": n_conv(3, 4), "batch_norm_1": 2 * 4, "outputs": (4 + 1) * 2},
    ),
    (
        {
            "filters": (129,),
            "batch_norm": True,
            "hidden_units": (257, 7, 9),
            "pooling": "pyramid",
        },
        {
            "conv_1": n_conv(3, 129),
            "batch_norm_1": 2 * 129,
            "dense_1": (6 * 129 + 1) * 257,
            "layer_norm_1": 2 * 257,
            "dense_2": (257 + 1) * 7,  # too few units to be normalised
            "dense_3": (7 + 1) * 9,  # too few inputs to need it
            "outputs": (9 + 1) * 2,
        },
    ),
    (
        {"filters": (4, 5), "activation": "prelu", "hidden_units": (6,)},
        {
            "conv_1": n_conv(3, 4),
            "activation_1": 4,  # a slope for each channel, not for each pixel
            "conv_2": n_conv(4, 5),
            "activation_2": 5,
            "dense_1": (2 * 2 * 5 + 1) * 6,
            "dense_activation_1": 6,
            "outputs": (6 + 1) * 2,
        },
    ),
    (
        {"filters": (4,), "padding": "valid", "pooling": None, "hidden_units": ()},
        {"conv_1": n_conv(3, 4), "outputs": (6 * 6 * 4 + 1) * 2},
    ),
]


@pytest.mark.parametrize(("options", "counts"), COUNTS)
def test_number_of_weights_of_each_layer_is_that_of_the_formula(options, counts):
    network = cnn_network((8, 8, 3), 2, **options)
    found = {
        layer.name: sum(int(np.prod(v.shape)) for v in layer.trainable_variables)
        for layer in network.layers
    }
    assert {name: n for name, n in found.items() if n} == counts


# https://keras.io/examples/vision/mnist_convnet prints 34,826 parameters. LeNet-5 with
# all maps connected has 61,706. Keras's VGG16 without its top has 14,714,688.
PUBLISHED = {
    "Keras's example for MNIST": (
        ((28, 28, 1), 10),
        {"filters": (32, 64), "padding": "valid", "hidden_units": (), "dropout": 0.5},
        34_826,
    ),
    "LeNet-5": (
        ((32, 32, 1), 10),
        {
            "filters": (6, 16),
            "kernel_size": 5,
            "padding": "valid",
            "pooling": "average",
            "hidden_units": (120, 84),
            "activation": "tanh",
        },
        61_706,
    ),
    "VGG16": (
        ((32, 32, 3), 10),
        {
            "filters": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
            "hidden_units": (),
        },
        14_714_688 + (512 + 1) * 10,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_number_of_weights_is_the_published_one(name):
    arguments, options, n = PUBLISHED[name]
    assert trainable(cnn_network(*arguments, **options)) == n


# -- activations -----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_follows_convolutions_and_dense_layers(activation, images):
    network = randomised(
        cnn_network(SHAPE, 1, filters=(3,), activation=activation, dtype="float64")
    )
    function = keras.activations.get(None if activation == "prelu" else activation)
    for before, after in [
        ("conv_1", "activation_1"),
        ("dense_1", "dense_activation_1"),
    ]:
        x = np.asarray(part(network, before)(images))
        expected = np.asarray(function(x))
        if activation == "prelu":
            (slopes,) = network.get_layer(after).get_weights()
            assert slopes.size == x.shape[-1]
            expected = np.where(x > 0, x, np.ravel(slopes) * x)
        outputs = np.asarray(part(network, after)(images))
        assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)


# -- penalties -------------------------------------------------------------------------


def penalty(network):
    return float(sum(keras.ops.convert_to_numpy(loss) for loss in network.losses))


# for blocks 1 and 2, the hidden layer and the outputs; powers of two are exact
@pytest.mark.parametrize(
    ("l1", "l2", "factors"),
    [
        (0.5, 0.0, [(0.5, 0.0)] * 4),
        (0.0, 0.25, [(0.0, 0.25)] * 4),
        # one per layer says nothing of the outputs
        (
            (0.5, 0.0, 0.25),
            0.125,
            [(0.5, 0.125), (0.0, 0.125), (0.25, 0.125), (0.0, 0.125)],
        ),
        ([0.0, 0.5, 0.0], 0.0, [(0.0, 0.0), (0.5, 0.0), (0.0, 0.0), (0.0, 0.0)]),
        (0.0, 0.0, [(0.0, 0.0)] * 4),
    ],
)
def test_kernel_penalties_equal_numpy(l1, l2, factors):
    options = {"filters": ((2, 3), 4), "hidden_units": (5,), "l1": l1, "l2": l2}
    network = randomised(cnn_network(SHAPE, 1, dtype="float64", **options))
    blocks = [["conv_1_1", "conv_1_2"], ["conv_2"], ["dense_1"], ["outputs"]]
    expected = 0.0
    for (a, b), names in zip(factors, blocks, strict=True):
        for name in names:
            kernel = network.get_layer(name).get_weights()[0]
            expected += a * np.abs(kernel).sum() + b * (kernel**2).sum()
    assert_allclose(penalty(network), expected, rtol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "prelu"])
@pytest.mark.parametrize(
    ("a1", "a2", "factors"),
    [
        (0.5, 0.0, [(0.5, 0.0)] * 4),
        (0.0, (0.25, 0.0, 0.125), [(0.0, 0.25)] * 2 + [(0.0, 0.0), (0.0, 0.125)]),
    ],
)
def test_activity_penalties_are_means_over_images(activation, a1, a2, factors, images):
    shared = {
        "filters": ((2, 3), 4),
        "hidden_units": (5,),
        "activation": activation,
    }
    network = randomised(
        cnn_network(SHAPE, 1, activity_l1=a1, activity_l2=a2, dtype="float64", **shared)
    )
    network(images)
    hidden, _ = by_hand(network, images, **shared)
    expected = sum(
        (a * np.abs(h) + b * h**2).sum() / len(images)
        for (a, b), h in zip(factors, hidden, strict=True)
    )
    assert_allclose(penalty(network), expected, rtol=1e-10)


# -- dropout ---------------------------------------------------------------------------


def test_dropout_is_for_each_dense_layer_and_the_outputs():
    def rates(dropout):
        network = cnn_network((4, 4, 1), 1, hidden_units=(6, 5), dropout=dropout)
        return {
            layer.name: layer.rate
            for layer in network.layers
            if isinstance(layer, keras.layers.Dropout)
        }

    assert rates((0.1, 0, 0.3)) == {"dropout_1": 0.1, "dropout_outputs": 0.3}
    expected = {"dropout_1": 0.2, "dropout_2": 0.2, "dropout_outputs": 0.2}
    assert rates(0.2) == expected
    assert rates([0.0, 0.4, 0.0]) == {"dropout_2": 0.4}
    assert rates(0.0) == {}


@pytest.mark.parametrize("name", ["dropout_1", "dropout_outputs"])
def test_dropout_in_training_zeroes_its_share_and_keeps_the_mean(name):
    network = cnn_network(
        (4, 4, 1),
        1,
        filters=(64,),
        hidden_units=(256,),
        activation="linear",
        dropout=0.25,
    )
    layer = network.get_layer(name)
    both = keras.Model(network.input, [layer.input, layer.output])
    x = np.random.default_rng(0).normal(size=(50, 4, 4, 1)).astype(np.float32)
    before, after = map(np.asarray, both(x, training=True))
    zero = after == 0
    deviation = np.sqrt(0.25 * 0.75 / zero.size)
    assert_allclose(zero.mean(), 0.25, atol=4.5 * deviation)
    assert_allclose(after[~zero], before[~zero] / 0.75, rtol=1e-5)
    assert_array_equal(*map(np.asarray, both(x)))


# -- initial weights -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "variance"),
    [
        ("relu", lambda n_in, n_out: 2 / n_in),  # He et al. 2015
        ("selu", lambda n_in, n_out: 1 / n_in),  # LeCun
        ("tanh", lambda n_in, n_out: 2 / (n_in + n_out)),  # Glorot & Bengio 2010
    ],
)
def test_initial_kernels_have_the_spread_that_suits_the_activation(
    activation, variance
):
    network = cnn_network(
        (8, 8, 3), 2, filters=(32, 64), hidden_units=(64,), activation=activation
    )
    for name, n_in, n_out in [
        ("conv_1", 9 * 3, 9 * 32),
        ("conv_2", 9 * 32, 9 * 64),
        ("dense_1", 256, 64),
    ]:
        kernel, bias = network.get_layer(name).get_weights()
        expected, n = variance(n_in, n_out), kernel.size
        assert_allclose(kernel.var(), expected, rtol=4.5 * np.sqrt(2 / n))
        assert_allclose(kernel.mean(), 0, atol=4.5 * np.sqrt(expected / n))
        assert not bias.any()


# -- what it is made of ----------------------------------------------------------------


def test_layers_have_names_that_say_where_they_are():
    network = cnn_network(
        (24, 24, 1),
        2,
        filters=((4, 4), 8),
        hidden_units=(8, 5),
        batch_norm=True,
        dropout=(0.1, 0.0, 0.1),
    )
    assert [layer.name for layer in network.layers] == [
        *["inputs", "input_scaling"],
        *["conv_1_1", "batch_norm_1_1", "activation_1_1"],
        *["conv_1_2", "batch_norm_1_2", "activation_1_2", "pool_1"],
        *["conv_2", "batch_norm_2", "activation_2", "pool_2", "features"],
        *["dropout_1", "dense_1", "layer_norm_1", "dense_activation_1"],
        *["dense_2", "dense_activation_2"],
        *["dropout_outputs", "outputs"],
    ]


@pytest.mark.parametrize("name", FORWARD)
def test_all_layers_are_of_keras_and_named_the_same_every_time(name):
    options = FORWARD[name]
    first, second = (cnn_network(SHAPE, 2, **options) for _ in range(2))
    for paths in zip(first.variables, second.variables, strict=True):
        assert len({v.path for v in paths}) == 1
    for layer in first.operations:
        kind = type(layer)
        assert kind is getattr(keras.layers, kind.__name__)
        assert kind is not keras.layers.Lambda
        has_kernel = isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
        assert has_kernel == ("kernel" in {v.name for v in layer.variables})


@pytest.mark.parametrize(
    ("size", "filters", "same_as"),
    [
        ((8, 8), (3, 4), "max"),
        ((1, 17), (3,), "max"),
        ((1, 18), (3,), "pyramid"),
        ((12, 12), (3, 4), "pyramid"),
    ],
)
def test_auto_keeps_eight_positions_and_no_more(size, filters, same_as):
    auto, named = (
        cnn_network((*size, 1), 2, filters=filters, pooling=pooling)
        for pooling in ("auto", same_as)
    )
    names = [[layer.name for layer in network.layers] for network in (auto, named)]
    assert names[0] == names[1]
    assert auto.count_params() == named.count_params()


@pytest.mark.parametrize("pooling", ["max", "average", "global", "pyramid"])
def test_channels_are_last_whatever_keras_is_configured_to(pooling):
    options = {"filters": (3, 4), "activation": "prelu", "pooling": pooling}
    network = cnn_network(SHAPE, 2, **options)
    usual = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        other = cnn_network(SHAPE, 2, **options)
    finally:
        keras.config.set_image_data_format(usual)
    assert other.get_config() == network.get_config()


# -- wrong arguments -------------------------------------------------------------------

WRONG = [
    (
        {"padding": "valid", "kernel_size": 9},
        r"padding='valid': block 1 has a kernel of \(9, 9\) for what is left of the "
        r"image, \(8, 8\)\. Use padding='same'",
    ),
    (
        {"padding": "valid", "filters": (4, 4, 4)},
        r"block 3 has a kernel of \(3, 3\) for .* \(1, 1\)\. Use .* fewer blocks",
    ),
    (
        {"padding": "valid", "filters": (4, (4, 4)), "strides": (1, 1)},
        r"block 2 has a kernel of \(3, 3\) for .* \(1, 1\)\. Use",
    ),
    (
        {"padding": "valid", "kernel_size": ((1, 9), 1)},
        r"block 1 has a kernel of \(1, 9\) for .* \(8, 8\)",
    ),
    (
        {"kernel_size": (3,)},
        r"kernel_size=\(3,\) has 1 values for 2 blocks. Give one number",
    ),
    ({"strides": (1, 1, 1)}, r"strides=\(1, 1, 1\) has 3 values for 2 blocks. Give"),
    ({"pool_size": [2]}, r"pool_size=\(2,\) has 1 values for 2 blocks. Give"),
    ({"dropout": (0.1,)}, r"dropout=\(0.1,\) has 1 values for 2 dense layers. Give"),
    ({"l1": (0.1, 0.1)}, r"l1=.* has 2 values for 3 blocks and hidden layers. Give"),
    ({"l2": (0.1,) * 4}, r"l2=.* has 4 values for 3 blocks and hidden layers. Give"),
    ({"activity_l1": ()}, r"activity_l1=\(\) has 0 values for 3 blocks and hidden"),
    ({"activity_l2": (0,)}, r"activity_l2=\(0,\) has 1 values for 3 blocks and hidden"),
    ({"activation": "swish"}, "activation='swish' is unknown. Choose one of: .*silu"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_networks_that_do_not_exist_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        cnn_network((8, 8, 1), 2, **options)
