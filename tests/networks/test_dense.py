"""The dense network against NumPy: forward pass, penalties, counts, initial weights."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import erf, expit, softmax

from skdl.networks import dense_network
from skdl.networks._blocks import ACTIVATIONS

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al.

SQRT_HALF, SLOPE = np.float32([np.sqrt(0.5), 0.2]).astype(float)  # float32 in Keras

NUMPY = {
    "linear": lambda x: x,
    "softmax": lambda x: softmax(x, axis=-1),
    "tanh": np.tanh,
    "sigmoid": expit,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "exponential": np.exp,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "gelu": lambda x: x * (1 + erf(x * SQRT_HALF)) / 2,
    "silu": lambda x: x * expit(x),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "leaky_relu": lambda x: np.where(x > 0, x, SLOPE * x),
}


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(7, 3))


def randomised(network):
    """Give every variable a random value: zeros and ones would hide mistakes."""
    rng = np.random.default_rng(1)
    for variable in network.variables:
        if variable.dtype == "float64":
            variable.assign(rng.uniform(0.1, 1, variable.shape) * rng.choice([-1, 1]))
        if variable.name == "moving_variance":
            variable.assign(rng.uniform(0.5, 2, variable.shape))
    return network


def by_hand(network, x, activation):
    """Hidden activations and outputs, layer by layer, in NumPy."""
    hidden = []
    for layer in network.layers:
        values = [np.asarray(w) for w in layer.get_weights()]
        if layer.name.startswith(("dense_", "outputs")):
            x = x @ values[0] + values[1]
        elif layer.name.startswith("batch_norm"):
            gamma, beta, mean, variance = values
            x = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
        elif layer.name.startswith("activation_"):
            if activation == "prelu":
                x = np.where(x > 0, x, values[0] * x)
            else:
                x = NUMPY[activation](x)
            hidden.append(x)
    return hidden, x


def test_every_activation_is_compared():
    assert {*NUMPY, "prelu"} == set(ACTIVATIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_forward_pass_equals_numpy(activation, batch_norm, rows):
    network = randomised(
        dense_network(
            (3,),
            2,
            hidden_units=(5, 4),
            activation=activation,
            batch_norm=batch_norm,
            dropout=0.5,  # which does nothing outside training
            dtype="float64",
        )
    )
    _, expected = by_hand(network, rows, activation)
    outputs = np.asarray(network(rows, training=False))
    assert outputs.dtype == np.float64
    assert_allclose(outputs, expected, rtol=1e-10)


def test_wide_layer_is_normalised_within_each_row():
    network = randomised(
        dense_network((2100,), 2, hidden_units=(9, 4), dtype="float64")
    )
    X = np.random.default_rng(2).normal(size=(5, 2100))
    kernel, bias, scale, shift, *others = network.get_weights()
    units = X @ kernel + bias
    centred = units - units.mean(axis=1, keepdims=True)
    spread = np.sqrt(units.var(axis=1, keepdims=True) + 1e-5)
    x = np.maximum(scale * centred / spread + shift, 0)
    x = np.maximum(x @ others[0] + others[1], 0)
    assert_allclose(np.asarray(network(X)), x @ others[2] + others[3], rtol=1e-9)


def test_without_hidden_layers_it_is_a_linear_model(rows):
    network = randomised(dense_network((3,), 2, hidden_units=(), dtype="float64"))
    kernel, bias = network.get_weights()
    assert_allclose(np.asarray(network(rows)), rows @ kernel + bias, rtol=1e-12)


# (n_features, hidden_units, n_outputs, options) -> trainable weights, counted by hand
COUNTS = [
    (4, (), 1, {}, 4 + 1),
    (64, (100,), 10, {}, 64 * 100 + 100 + 100 * 10 + 10),
    (4, (8, 5), 3, {}, (4 + 1) * 8 + (8 + 1) * 5 + (5 + 1) * 3),
    (4, (8,), 3, {"batch_norm": True}, (4 + 1) * 8 + 2 * 8 + (8 + 1) * 3),
    (4, (8,), 3, {"activation": "prelu"}, (4 + 1) * 8 + 8 + (8 + 1) * 3),
    (4, (8,), 3, {"dropout": 0.5, "l2": 0.1}, (4 + 1) * 8 + (8 + 1) * 3),
    # normalised behind more than 2048 inputs: a scale and a shift for each unit
    (2048, (8,), 1, {}, (2048 + 1) * 8 + (8 + 1)),
    (2049, (8,), 1, {}, (2049 + 1) * 8 + 2 * 8 + (8 + 1)),
    (2049, (8, 8), 1, {}, (2049 + 1) * 8 + 2 * 8 + (8 + 1) * 8 + (8 + 1)),
    (2, (2049, 8), 1, {}, 3 * 2049 + (2049 + 1) * 8 + 2 * 8 + (8 + 1)),
    (2049, (7,), 1, {}, (2049 + 1) * 7 + (7 + 1)),
    (2049, (8,), 1, {"batch_norm": True}, (2049 + 1) * 8 + 2 * 8 + (8 + 1)),
]


@pytest.mark.parametrize(("n_features", "hidden", "n_outputs", "options", "n"), COUNTS)
def test_number_of_weights_is_that_counted_by_hand(
    n_features, hidden, n_outputs, options, n
):
    network = dense_network((n_features,), n_outputs, hidden_units=hidden, **options)
    assert sum(np.prod(v.shape) for v in network.trainable_variables) == n
    assert network.input_shape == (None, n_features)
    assert network.output_shape == (None, n_outputs)


# -- penalties -------------------------------------------------------------------------


def penalty(network):
    return float(sum(keras.ops.convert_to_numpy(loss) for loss in network.losses))


# Powers of two: Keras rounds factors to float32.
@pytest.mark.parametrize(
    ("l1", "l2", "factors"),
    [
        (0.5, 0.0, [(0.5, 0.0)] * 3),
        (0.0, 0.25, [(0.0, 0.25)] * 3),
        (0.5, 0.25, [(0.5, 0.25)] * 3),
        # one per hidden layer says nothing of the output layer
        ((0.125, 0.25), 0.0, [(0.125, 0.0), (0.25, 0.0), (0.0, 0.0)]),
        ((0.125, 0.0), [0.0, 0.5], [(0.125, 0.0), (0.0, 0.5), (0.0, 0.0)]),
        (0.0, 0.0, [(0.0, 0.0)] * 3),
    ],
)
def test_kernel_penalties_equal_numpy(l1, l2, factors):
    network = randomised(
        dense_network((3,), 2, hidden_units=(5, 4), l1=l1, l2=l2, dtype="float64")
    )
    kernels = network.get_weights()[::2]
    expected = sum(
        a * np.abs(kernel).sum() + b * (kernel**2).sum()
        for (a, b), kernel in zip(factors, kernels, strict=True)
    )
    assert_allclose(penalty(network), expected, rtol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh", "prelu"])
@pytest.mark.parametrize(
    ("a1", "a2", "factors"),
    [
        (0.5, 0.0, [(0.5, 0.0)] * 2),
        (0.0, (0.25, 0.125), [(0.0, 0.25), (0.0, 0.125)]),
        ((0.0, 0.5), 0.25, [(0.0, 0.25), (0.5, 0.25)]),
    ],
)
def test_activity_penalties_are_means_over_rows(activation, a1, a2, factors, rows):
    network = randomised(
        dense_network(
            (3,),
            2,
            hidden_units=(5, 4),
            activation=activation,
            activity_l1=a1,
            activity_l2=a2,
            dtype="float64",
        )
    )
    network(rows)
    hidden, _ = by_hand(network, rows, activation)
    expected = sum(
        (a * np.abs(h) + b * h**2).sum() / len(rows)
        for (a, b), h in zip(factors, hidden, strict=True)
    )
    assert_allclose(penalty(network), expected, rtol=1e-10)


# -- dropout ---------------------------------------------------------------------------


def test_dropout_in_training_zeroes_its_share_and_keeps_the_mean():
    network = dense_network(
        (1,), 4, hidden_units=(20_000,), activation="linear", dropout=0.25
    )
    hidden = keras.Model(network.input, network.get_layer("dropout_1").output)
    before = keras.Model(network.input, network.get_layer("activation_1").output)
    x = np.ones((1, 1), np.float32)
    dropped, kept = np.asarray(hidden(x, training=True)), np.asarray(before(x))
    zero = dropped == 0
    assert_allclose(zero.mean(), 0.25, atol=0.02)
    assert_allclose(dropped[~zero], kept[~zero] / 0.75, rtol=1e-5)


@pytest.mark.parametrize(
    ("activation", "kind"), [("relu", "Dropout"), ("selu", "AlphaDropout")]
)
def test_dropout_is_for_each_layer_and_suits_the_activation(activation, kind):
    network = dense_network(
        (3,), 2, hidden_units=(6, 5, 4), activation=activation, dropout=(0.1, 0, 0.3)
    )
    rates = {
        layer.name: (type(layer).__name__, layer.rate)
        for layer in network.layers
        if "Dropout" in type(layer).__name__
    }
    assert rates == {"dropout_1": (kind, 0.1), "dropout_3": (kind, 0.3)}


# -- initial weights -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "deviation"),
    [
        ("relu", np.sqrt(2 / 400)),  # He et al. 2015: 2 / fan_in
        ("selu", np.sqrt(1 / 400)),  # LeCun: 1 / fan_in
        ("tanh", np.sqrt(2 / (400 + 300))),  # Glorot & Bengio: 2 / (fan_in + fan_out)
    ],
)
def test_initial_kernels_have_the_spread_that_suits_the_activation(
    activation, deviation
):
    network = dense_network((400,), 1, hidden_units=(300,), activation=activation)
    kernel, bias, *_ = network.get_weights()
    assert_allclose(kernel.std(), deviation, rtol=0.02)
    assert_allclose(kernel.mean(), 0, atol=5 * deviation / np.sqrt(kernel.size))
    assert not bias.any()


# -- wrong arguments -------------------------------------------------------------------


def test_unknown_activation_is_refused_with_the_list():
    with pytest.raises(ValueError, match=r"activation='swish'.*Choose one of.*silu"):
        dense_network((3,), 1, activation="swish")


@pytest.mark.parametrize("name", ["dropout", "l1", "l2", "activity_l1", "activity_l2"])
@pytest.mark.parametrize("values", [(), (0.1,), [0.1] * 3])
def test_sequence_of_another_length_is_refused(name, values):
    message = rf"{name}=\(.*\) has {len(values)} values for 2 hidden layers. Give one"
    with pytest.raises(ValueError, match=message):
        dense_network((3,), 1, hidden_units=(5, 4), **{name: values})


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's own
def test_keras_saves_and_loads_it(tmp_path, rows):
    network = dense_network(
        (3,), 2, hidden_units=(5,), activation="mish", batch_norm=True, l1=0.1
    )
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert_allclose(np.asarray(loaded(rows)), np.asarray(network(rows)), rtol=1e-6)
