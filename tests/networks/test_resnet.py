"""The residual network against NumPy: forward pass, counts, shapes, initial weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal

from skdl.networks import resnet_network

VERSIONS = [1, 2]
SHORTCUTS = ["identity", "projection", None]
SHAPE = (7, 6, 2)  # odd and even: strides must agree with both


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
        if variable.name == "moving_variance":
            variable.assign(rng.uniform(0.5, 2, variable.shape))
        elif variable.name in ("gamma", "beta", "moving_mean", "bias"):
            variable.assign(rng.uniform(0.1, 1, variable.shape) * rng.choice([-1, 1]))
    return network


def part(network, name):
    """The network up to a layer, and in training as the network itself."""
    return keras.Model(network.input, network.get_layer(name).output)


# -- the forward pass, from the equations of the papers --------------------------------


class ByHand:
    """The network in NumPy, with a network's weights."""

    def __init__(self, network, version, shortcut, training=False):
        self.weights = {layer.name: layer.get_weights() for layer in network.layers}
        self.version, self.shortcut, self.training = version, shortcut, training

    def convolved(self, x, name, stride=1):
        """Sums over windows centred on every `stride`-th pixel, zeros beyond edges."""
        (kernel,) = self.weights[name]
        size = len(kernel)
        margin = (size // 2, size // 2)
        x = np.pad(x, ((0, 0), margin, margin, (0, 0)))
        windows = sliding_window_view(x, (size, size), axis=(1, 2))
        windows = windows[:, ::stride, ::stride]  # (batch, h, w, channels, size, size)
        return np.einsum("bhwcij,ijco->bhwo", windows, kernel)

    def normalised(self, x, name):
        gamma, beta, mean, variance = self.weights[name]
        if self.training:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def active(self, x, name):
        return np.maximum(self.normalised(x, name), 0)

    def skipped(self, x, preactivated, name, stride):
        """What the shortcut makes of a block's input."""
        if self.shortcut is None:
            return 0
        if stride == 1:
            return x
        if self.shortcut == "identity":
            x = x[:, ::2, ::2]
            return np.concatenate([x, np.zeros_like(x)], axis=-1)
        if self.version == 2:
            return self.convolved(preactivated, f"{name}_projection", 2)
        x = self.convolved(x, f"{name}_projection", 2)
        return self.normalised(x, f"{name}_projection_batch_norm")

    def block_1(self, x, name, stride):
        y = self.convolved(x, f"{name}_conv_1", stride)
        y = self.active(y, f"{name}_batch_norm_1")
        y = self.convolved(y, f"{name}_conv_2")
        y = self.normalised(y, f"{name}_batch_norm_2")
        return np.maximum(y + self.skipped(x, None, name, stride), 0)

    def block_2(self, x, name, stride):
        y = pre = x
        if name != "stage_1_block_1":
            y = pre = self.active(x, f"{name}_batch_norm_1")
        y = self.convolved(y, f"{name}_conv_1", stride)
        y = self.active(y, f"{name}_batch_norm_2")
        y = self.convolved(y, f"{name}_conv_2")
        return y + self.skipped(x, pre, name, stride)

    def __call__(self, x, n_blocks):
        mean, variance = self.weights["input_scaling"]
        x = (x - mean) / np.sqrt(variance)
        x = self.active(self.convolved(x, "stem_conv"), "stem_batch_norm")
        block = self.block_1 if self.version == 1 else self.block_2
        for stage in (1, 2, 3):
            for i in range(1, n_blocks + 1):
                stride = 2 if stage > 1 and i == 1 else 1
                x = block(x, f"stage_{stage}_block_{i}", stride)
        if self.version == 2:
            x = self.active(x, "last_batch_norm")
        kernel, bias = self.weights["outputs"]
        return x.mean((1, 2)) @ kernel + bias


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_forward_pass_equals_numpy(version, shortcut, training, images):
    network = randomised(
        resnet_network(
            SHAPE,
            3,
            depth=14,
            version=version,
            shortcut=shortcut,
            width=0.25,
            dtype="float64",
        )
    )
    expected = ByHand(network, version, shortcut, training)(images, n_blocks=2)
    outputs = np.asarray(network(images, training=training))
    assert outputs.dtype == np.float64
    assert np.abs(expected).min() > 1e-6
    assert_allclose(outputs, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 3), (2, 1, 1), (8, 8, 1)])
@pytest.mark.parametrize("version", VERSIONS)
def test_tiny_images_too(version, shape):
    x = np.random.default_rng(2).normal(size=(4, *shape))
    network = randomised(
        resnet_network(shape, 2, depth=8, version=version, width=0.5, dtype="float64")
    )
    expected = ByHand(network, version, "identity")(x, n_blocks=1)
    assert_allclose(np.asarray(network(x)), expected, rtol=1e-9, atol=1e-9)


def test_shortcut_takes_every_second_pixel_and_appends_zeros(images):
    network = randomised(resnet_network(SHAPE, 1, depth=8, dtype="float64"))
    before = np.asarray(part(network, "stage_1_block_1_activation_2")(images))
    after = np.asarray(part(network, "stage_2_block_1_zero_channels")(images))
    assert_array_equal(after[..., :16], before[:, ::2, ::2])
    assert after.shape[-1] == 32
    assert not after[..., 16:].any()


def test_other_activations_replace_the_rectifier(images):
    network = resnet_network(SHAPE, 1, depth=8, activation="tanh", dtype="float64")
    before = np.asarray(part(network, "stage_3_block_1_add")(images))
    after = np.asarray(part(network, "stage_3_block_1_activation_2")(images))
    assert_allclose(after, np.tanh(before), rtol=1e-12)
    assert not [
        layer for layer in network.layers if isinstance(layer, keras.layers.ReLU)
    ]


def test_prelu_has_a_slope_for_each_channel(images):
    network = resnet_network(SHAPE, 1, depth=8, activation="prelu", dtype="float64")
    layer = network.get_layer("stage_2_block_1_activation_2")
    slopes = np.linspace(0.1, 0.9, 32).reshape(1, 1, 32)  # He et al. 2015
    layer.set_weights([slopes])
    before = np.asarray(part(network, "stage_2_block_1_add")(images))
    after = np.asarray(part(network, layer.name)(images))
    assert_allclose(after, np.where(before > 0, before, slopes * before), rtol=1e-12)


# -- counts ----------------------------------------------------------------------------


def trainable(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


def counted(depth, channels, n_outputs, width=1, shortcut="identity", version=1):
    """Trainable weights: kernels, two per normalised channel, and the dense layer."""
    n = (depth - 2) // 6
    a, b, c = (np.array([16, 32, 64]) * width).astype(int)
    kernels = 9 * (channels * a + 2 * n * a * a)
    kernels += 9 * (a * b + (2 * n - 1) * b * b)
    kernels += 9 * (b * c + (2 * n - 1) * c * c)
    # one per convolution; version 2 has those of the next convolution's input instead
    normalised = (1 + 2 * n) * a + 2 * n * b + 2 * n * c
    if shortcut == "projection":
        kernels += a * b + b * c
        normalised += (b + c) * (version == 1)
    return kernels + 2 * normalised + (c + 1) * n_outputs


# He et al. 2016a, table 6, in millions; the exact one has been reported widely
@pytest.mark.parametrize(
    ("depth", "published", "exactly"),
    [
        (20, 0.27, 269_722),
        (32, 0.46, None),
        (44, 0.66, None),
        (56, 0.85, None),
        (110, 1.7, None),
    ],
)
def test_number_of_weights_is_the_published_one(depth, published, exactly):
    n = trainable(resnet_network((32, 32, 3), 10, depth=depth))
    assert round(n / 1e6, 2 if published < 1 else 1) == published
    assert n == counted(depth, 3, 10)
    assert n == (exactly or n)


@pytest.mark.parametrize("width", [0.25, 1, 2.5, np.int64(3)])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_number_of_weights_is_that_counted_by_hand(version, shortcut, width):
    options = {"version": version, "shortcut": shortcut, "width": width}
    for depth, channels, n_outputs in [(8, 1, 1), (14, 3, 10)]:
        network = resnet_network((8, 8, channels), n_outputs, depth=depth, **options)
        expected = counted(depth, channels, n_outputs, width, shortcut, version)
        assert trainable(network) == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [(32, 32), (33, 30), (1, 5)])
def test_stages_halve_the_image_and_double_the_filters(size, version):
    network = resnet_network((*size, 3), 10, depth=14, version=version)
    for stage, (divisor, filters) in enumerate([(1, 16), (2, 32), (4, 64)], start=1):
        for block in (1, 2):
            output = network.get_layer(f"stage_{stage}_block_{block}_add").output
            expected = (None, *[-(-n // divisor) for n in size], filters)
            assert output.shape == expected
    assert network.input_shape == (None, *size, 3)
    assert network.output_shape == (None, 10)


# jumps of 1, 2 and 4 pixels between neighbours, and two for each convolution
@pytest.mark.parametrize(("depth", "reach"), [(8, 12), (14, 26), (20, 40)])
def test_every_place_sees_the_pixels_around_its_own(depth, reach):
    network = resnet_network(
        (1, 101, 1), 1, depth=depth, shortcut=None, activation="linear", width=1 / 16
    )
    for variable in network.trainable_variables:
        if variable.name == "kernel":
            variable.assign(np.ones(variable.shape))
    impulses = np.eye(101, dtype=np.float32)[:, None, :, None]
    n_blocks = (depth - 2) // 6
    values = part(network, f"stage_3_block_{n_blocks}_activation_2")(impulses)
    seen = np.flatnonzero(np.asarray(values)[:, 0, 12, 0])  # from the place of pixel 48
    assert_array_equal(seen, np.arange(48 - reach, 48 + reach + 1))


# -- stochastic depth and dropout ------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_stochastic_depth_grows_linearly_to_the_last_block(version):
    network = resnet_network((4, 4, 1), 1, version=version, stochastic_depth=0.45)
    rates = [
        layer.rate
        for layer in network.layers
        if isinstance(layer, keras.layers.Dropout)
    ]
    assert_allclose(rates, 0.05 * np.arange(1, 10), rtol=1e-12)  # 9 blocks


@pytest.mark.parametrize("version", VERSIONS)
def test_stochastic_depth_skips_a_block_for_its_share_of_rows(version):
    share = 0.6
    network = resnet_network(
        (2, 3, 1), 1, depth=8, version=version, width=0.25, stochastic_depth=share
    )
    layers = [
        network.get_layer(f"stage_{i}_block_1_stochastic_depth") for i in (1, 2, 3)
    ]
    both = keras.Model(network.input, [(la.input, la.output) for la in layers])
    n = 4000
    images = np.random.default_rng(3).normal(size=(n, 2, 3, 1)).astype(np.float32)
    kept = []
    for i, pair in enumerate(both(images, training=True), start=1):
        before, after = map(np.asarray, pair)
        drop = share * i / 3
        rows = after.any((1, 2, 3))
        kept.append(rows)
        assert_allclose(after[rows], before[rows] / (1 - drop), rtol=1e-5)
        deviation = np.sqrt(drop * (1 - drop) / n)
        assert_allclose(rows.mean(), 1 - drop, atol=4.5 * deviation)
    # which keeps the expectation, and blocks are drawn independently
    correlations = np.corrcoef(kept)[np.triu_indices(3, 1)]
    assert_allclose(correlations, 0, atol=4.5 / np.sqrt(n))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_dropped_block_hands_on_its_shortcut(version):
    network = resnet_network(
        (4, 4, 1), 1, depth=8, version=version, stochastic_depth=0.9, dtype="float64"
    )
    block = "stage_2_block_1_"
    names = ["zero_channels", "stochastic_depth", "add"]
    parts = [network.get_layer(f"{block}{name}").output for name in names]
    images = np.random.default_rng(4).normal(size=(50, 4, 4, 1))
    outputs = keras.Model(network.input, parts)(images, training=True)
    shortcut, residual, total = map(np.asarray, outputs)
    dropped = ~residual.any((1, 2, 3))
    assert 0 < dropped.sum() < 50
    assert_array_equal(total[dropped], shortcut[dropped])
    assert_allclose(total, shortcut + residual, rtol=1e-12)


def test_predictions_drop_nothing_and_repeat(images):
    shared = {"depth": 8, "dtype": "float64"}
    network = resnet_network(SHAPE, 2, stochastic_depth=0.5, dropout=0.5, **shared)
    plain = resnet_network(SHAPE, 2, **shared)
    plain.set_weights([v.numpy() for v in network.weights])
    outputs = np.asarray(network(images))
    assert_array_equal(np.asarray(network(images)), outputs)
    assert_array_equal(np.asarray(plain(images)), outputs)
    assert (np.asarray(network(images, training=True)) != outputs).any()


def test_dropout_in_training_zeroes_its_share_and_keeps_the_mean():
    network = resnet_network((2, 2, 1), 1, depth=8, dropout=0.25)
    layer = network.get_layer("dropout")
    both = keras.Model(network.input, [layer.input, layer.output])
    images = np.random.default_rng(5).normal(size=(500, 2, 2, 1)).astype(np.float32)
    before, after = map(np.asarray, both(images, training=True))
    assert before.shape == (500, 64)
    zero = (after == 0) & (before != 0)
    assert_allclose(zero.sum() / (before != 0).sum(), 0.25, atol=0.015)
    assert_allclose(after[~zero], before[~zero] / 0.75, rtol=1e-5)


# -- learning --------------------------------------------------------------------------


def gradient_at_stem(network, x):
    kernel = network.get_layer("stem_conv").kernel
    with tf.GradientTape() as tape:
        objective = tf.reduce_sum(network(x, training=True) ** 2)
    return kernel, np.asarray(tape.gradient(objective, kernel.value))


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_gradient_of_the_first_kernel_equals_differences(version, shortcut, images):
    network = randomised(
        resnet_network(
            SHAPE,
            2,
            depth=8,
            version=version,
            shortcut=shortcut,
            width=0.25,
            activation="silu",  # without a kink
            dtype="float64",
        )
    )
    kernel, gradient = gradient_at_stem(network, images)
    direction = np.random.default_rng(6).normal(size=gradient.shape)
    start, step, values = kernel.numpy(), 1e-5, []
    for sign in (1, -1):
        kernel.assign(start + sign * step * direction)
        values.append(np.sum(np.asarray(network(images, training=True)) ** 2))
    slope = (values[0] - values[1]) / (2 * step)
    assert abs(slope) > 1e-3
    assert_allclose((gradient * direction).sum(), slope, rtol=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
def test_gradient_reaches_the_first_layer_of_a_deep_network(version):
    images = np.random.default_rng(7).normal(size=(8, 8, 8, 3))
    network = resnet_network((8, 8, 3), 2, depth=56, version=version)
    _, gradient = gradient_at_stem(network, images.astype(np.float32))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 1e-3


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_initial_kernels_have_variance_two_by_fan_in(version, shortcut):
    network = resnet_network((8, 8, 3), 10, version=version, shortcut=shortcut)
    kernels = [
        layer.get_weights()[0]
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert len(kernels) == 19 + 2 * (shortcut == "projection")
    for kernel in kernels:
        variance = 2 / np.prod(kernel.shape[:3])  # He et al. 2015
        n = kernel.size  # no heavier tails than a normal distribution's
        assert_allclose(kernel.var(), variance, rtol=4.5 * np.sqrt(2 / n))
        assert_allclose(kernel.mean(), 0, atol=4.5 * np.sqrt(variance / n))
    squares = [kernel for kernel in kernels if kernel.shape == (3, 3, 64, 64)]
    assert len({kernel.tobytes() for kernel in squares}) == len(squares)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_only_kernels_are_called_kernel_and_only_the_output_has_a_bias(
    version, shortcut
):
    network = resnet_network((8, 8, 3), 4, depth=8, version=version, shortcut=shortcut)
    for layer in network.layers:
        names = {variable.name for variable in layer.trainable_variables}
        if isinstance(layer, keras.layers.Conv2D):
            assert names == {"kernel"}
        elif layer.name == "outputs":
            assert names == {"kernel", "bias"}
        elif layer.name != "input_scaling" and names:
            assert isinstance(layer, keras.layers.BatchNormalization)
            assert names == {"gamma", "beta"}
        else:
            assert not names


def test_penalty_is_on_all_kernels_and_nothing_else():
    network = randomised(
        resnet_network((4, 4, 1), 3, depth=8, shortcut="projection", l2=0.25)
    )
    kernels = [v.numpy() for v in network.trainable_variables if v.ndim > 1]
    assert len(kernels) == 7 + 2 + 1  # convolutions, projections, outputs
    assert {v.ndim for v in network.trainable_variables} == {1, 2, 4}
    penalty = sum(float(keras.ops.convert_to_numpy(loss)) for loss in network.losses)
    expected = 0.25 * sum((kernel.astype(float) ** 2).sum() for kernel in kernels)
    assert_allclose(penalty, expected, rtol=1e-5)
    assert not resnet_network((4, 4, 1), 3, depth=8).losses


# -- what it is made of ----------------------------------------------------------------


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_all_layers_are_of_keras_and_named_the_same_every_time(version, shortcut):
    options = {"depth": 14, "version": version, "shortcut": shortcut, "dropout": 0.1}
    if shortcut:
        options["stochastic_depth"] = 0.2
    first, second = (resnet_network((8, 8, 3), 4, **options) for _ in range(2))
    assert [la.name for la in first.operations] == [la.name for la in second.operations]
    paths = [[v.path for v in net.trainable_variables] for net in (first, second)]
    assert paths[0] == paths[1]
    for layer in first.operations:
        kind = type(layer)
        assert kind is getattr(keras.layers, kind.__name__)
        assert kind is not keras.layers.Lambda
    assert {
        f"stage_{s}_block_{b}_conv_{c}"
        for s in (1, 2, 3)
        for b in (1, 2)
        for c in (1, 2)
    } < {layer.name for layer in first.layers}


def test_channels_are_last_whatever_keras_is_configured_to(images):
    network = resnet_network(SHAPE, 2, depth=8)
    usual = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        other = resnet_network(SHAPE, 2, depth=8)
    finally:
        keras.config.set_image_data_format(usual)
    assert other.get_config() == network.get_config()


# -- wrong arguments -------------------------------------------------------------------

WRONG = [
    ({"depth": 21}, r"depth=21 is not 6n \+ 2: .* Choose 20 or 26."),
    ({"depth": 9.5}, "depth=9.5 is not .* Choose 8 or 14."),
    ({"depth": 2}, "depth=2 is not .* Choose 8."),
    ({"depth": -4}, "depth=-4 is not .* Choose 8."),
    ({"version": 3}, "version=3 is unknown. Choose one of: 1, 2."),
    ({"width": 0.3}, "width=0.3 makes 4.8 filters .* Choose a positive multiple"),
    ({"width": 0}, "width=0 makes 0 filters .* Choose a positive multiple"),
    ({"width": -1}, "width=-1 makes -16 filters .* Choose a positive multiple"),
    ({"width": np.inf}, "width=inf makes inf filters .* Choose a positive multiple"),
    ({"shortcut": "A"}, "shortcut='A' is unknown. .*: 'identity', 'projection', None."),
    ({"activation": "swish"}, "activation='swish' is unknown. Choose one of: .*silu"),
    ({"stochastic_depth": 1}, r"stochastic_depth=1 is not in \[0, 1\). Choose 0"),
    ({"stochastic_depth": -0.1}, r"stochastic_depth=-0.1 is not in .* Choose 0"),
    (
        {"stochastic_depth": 0.2, "shortcut": None},
        "stochastic_depth=0.2 drops blocks, .*shortcut=None.* Choose a shortcut",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_networks_that_do_not_exist_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        resnet_network((8, 8, 1), 2, **options)


@pytest.mark.parametrize("shape", [(64,), (8, 8), (1, 8, 8, 3)])
def test_rows_that_are_no_images_are_refused(shape):
    with pytest.raises(ValueError, match=r"no shape of an image. Give \(height, width"):
        resnet_network(shape, 2)
