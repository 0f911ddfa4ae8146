"""The recurrent network against NumPy: forward pass, padding, counts, names."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax

from skdl.networks import lstm_network

N_STEPS, N_FEATURES = 7, 2
LENGTHS = [7, 1, 4, 6, 2]


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


@pytest.fixture
def sequences():
    """Sequences of different length, without padding."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, N_FEATURES)) for n in LENGTHS]


def padded(sequences, value=np.nan):
    shape = len(sequences), max(map(len, sequences)), *sequences[0].shape[1:]
    result = np.full(shape, value, sequences[0].dtype)
    for row, sequence in zip(result, sequences, strict=True):
        row[: len(sequence)] = sequence
    return result


def randomised(network):
    """Give every variable a random value: zeros and ones would hide mistakes."""
    rng = np.random.default_rng(1)
    for variable in network.variables:
        if variable.dtype == "float64":
            variable.assign(rng.normal(size=variable.shape))
        if variable.name == "moving_variance":
            variable.assign(rng.uniform(0.5, 2, variable.shape))
    return network


# -- the forward pass by hand, of one sequence at a time -------------------------------


def lstm(x, kernel, recurrent, bias):
    """Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000."""
    h = c = np.zeros(len(recurrent))
    outputs = []
    for step in x:
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def gru(x, kernel, recurrent, bias):
    """Cho et al. 2014, with the reset gate after the product, as cuDNN has it."""
    h, outputs = np.zeros(len(recurrent)), []
    for step in x:
        x_z, x_r, x_h = np.split(step @ kernel + bias[0], 3)
        h_z, h_r, h_h = np.split(h @ recurrent + bias[1], 3)
        z = expit(x_z + h_z)
        h = z * h + (1 - z) * np.tanh(x_h + expit(x_r + h_r) * h_h)
        outputs.append(h)
    return np.array(outputs)


CELLS = {"lstm": lstm, "gru": gru}


def convolved(x, kernel, bias):
    """Zeros around; the odd one at the end."""
    size = len(kernel)
    left = (size - 1) // 2
    x = np.pad(x, ((left, size - 1 - left), (0, 0)))
    return np.array(
        [
            np.einsum("kc,kcf->f", x[t : t + size], kernel) + bias
            for t in range(len(x) - size + 1)
        ]
    )


def largest(x, size):
    """The maximum of every `size` steps, the last of them maybe fewer."""
    return np.array([x[t : t + size].max(axis=0) for t in range(0, len(x), size)])


def by_hand(
    network,
    x,
    *,
    units=(3,),
    cell="lstm",
    bidirectional=False,
    conv_filters=(),
    pool_size=1,
    conv_skip=True,
    pooling="last",
    hidden_units=(),
    return_sequences=False,
    autoregressive=False,
    n_tokens=None,
    **others,
):
    """The outputs for one sequence."""
    weights = {layer.name: layer.get_weights() for layer in network.layers}
    first = x
    if n_tokens is not None:
        (vectors,) = weights["embedding"]
        x = vectors[x]
    for i in range(1, len(conv_filters) + 1):
        gamma, beta, mean, variance = weights[f"batch_norm_{i}"]
        x = convolved(x, *weights[f"conv_{i}"])
        x = np.maximum(gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta, 0)
        pools = pool_size if isinstance(pool_size, tuple) else (pool_size,) * 9
        x = largest(x, pools[i - 1])
    run, found = CELLS[cell], x
    for i in range(1, len(units) + 1):
        if bidirectional:
            forward = run(x, *weights[f"{cell}_forward_{i}"])
            backward = run(x[::-1], *weights[f"{cell}_backward_{i}"])[::-1]
            x = np.concatenate([forward, backward], axis=1)
        else:
            x = run(x, *weights[f"{cell}_{i}"])
    if not return_sequences:
        if pooling == "last":  # that is the first for a layer that goes backward
            half = units[-1]
            x = np.concatenate([x[-1, :half], x[0, half:]])
        elif pooling == "attention":
            kernel, bias = weights["attention"]
            scores = np.tanh(x @ kernel + bias) @ weights["attention_scores"][0]
            x = softmax(scores[:, 0]) @ x
        else:
            x = {"average": np.mean, "max": np.max}[pooling](x, axis=0)
        if conv_filters and conv_skip:
            x = np.concatenate([x, found.mean(axis=0)])
    for i in range(1, len(hidden_units) + 1):
        kernel, bias = weights[f"dense_{i}"]
        x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = weights["outputs"]
    x = x @ kernel + bias
    if autoregressive:
        kernel, bias = weights["autoregression"]
        x = x + first.ravel() @ kernel + bias
    return x


FORWARD = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "two layers": {"units": (3, 4)},
    "both ways": {"bidirectional": True},
    "both ways, two layers": {"bidirectional": True, "units": (3, 2)},
    "both ways, gru, max": {"bidirectional": True, "cell": "gru", "pooling": "max"},
    "attention": {"pooling": "attention"},
    "average": {"pooling": "average", "units": (3, 2)},
    "max": {"pooling": "max"},
    "hidden layers": {"hidden_units": (4, 3)},
    "convolutions": {"conv_filters": (3, 4), "kernel_size": (3, 2)},
    "without a skip": {"conv_filters": (3,), "kernel_size": 3, "conv_skip": False},
    "a kernel longer than sequences": {"conv_filters": (3,), "kernel_size": 9},
    "pools": {"conv_filters": (3, 4), "kernel_size": 3, "pool_size": (2, 3)},
    "pools, all of it": {
        "conv_filters": (4,),
        "kernel_size": 3,
        "pool_size": 3,
        "units": (3, 2),
        "bidirectional": True,
        "pooling": "attention",
        "hidden_units": (4,),
    },
    "pools longer than sequences": {"conv_filters": (3,), "pool_size": 9},
    "steps": {"return_sequences": True},
    "steps, both ways": {
        "return_sequences": True,
        "bidirectional": True,
        "units": (3, 2),
        "hidden_units": (4,),
        "conv_filters": (3,),
        "kernel_size": 3,
    },
}


def network_for(options, shape=(None, N_FEATURES), n_outputs=3, **others):
    options = {"units": (3,), **options, **others}
    return randomised(lstm_network(shape, n_outputs, dtype="float64", **options))


@pytest.mark.parametrize("name", FORWARD)
def test_forward_pass_equals_numpy(name, sequences):
    options = FORWARD[name]
    network = network_for(options)
    for sequence in sequences:
        expected = by_hand(network, sequence, **options)
        outputs = np.asarray(network(sequence[np.newaxis]))
        assert outputs.dtype == np.float64
        assert_allclose(outputs[0], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FORWARD)
def test_padded_sequences_give_what_each_of_them_gives_alone(name, sequences):
    options = FORWARD[name]
    network = network_for(options, padded=True)
    outputs = np.asarray(network(padded([*sequences, np.zeros((11, N_FEATURES))])))
    for found, sequence in zip(outputs, sequences, strict=False):
        expected = by_hand(network, sequence, **options)
        if options.get("return_sequences"):
            found = found[: len(sequence)]
        assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FORWARD)
def test_padded_tokens_give_what_each_sequence_gives_alone(name):
    options = {**FORWARD[name], "n_tokens": 6, "embedding_dim": 4}
    rng = np.random.default_rng(0)
    tokens = [rng.integers(1, 6, n) for n in LENGTHS]
    network = network_for(options, shape=(None,))
    outputs = np.asarray(network(padded(tokens, 0)))
    for found, sequence in zip(outputs, tokens, strict=True):
        expected = by_hand(network, sequence, **options)
        if options.get("return_sequences"):
            found = found[: len(sequence)]
        assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_sequence_without_steps_gives_numbers():
    """Such rows fill up chunks, and texts may have no words."""
    for pooling in ("last", "attention", "average", "max"):
        options = {"pooling": pooling, "n_tokens": 6, "embedding_dim": 4}
        network = network_for(options, shape=(None,), bidirectional=True)
        assert np.isfinite(np.asarray(network(np.zeros((2, 3), int)))).all()


def test_autoregressive_part_is_a_linear_function_of_all_steps(sequences):
    options = {"autoregressive": True, "units": (3,)}
    network = network_for(options, shape=(N_STEPS, N_FEATURES))
    x = np.stack([sequences[0], sequences[0][::-1]])
    expected = [by_hand(network, one, **options) for one in x]
    assert_allclose(np.asarray(network(x)), expected, rtol=1e-9, atol=1e-9)
    assert network.get_layer("autoregression").trainable_variables == []


def test_batch_norm_in_training_is_over_the_steps_that_count(sequences):
    options = {"conv_filters": (3,), "kernel_size": 3, "padded": True}
    network = network_for(options)
    layer = network.get_layer("batch_norm_1")
    _, _, mean, variance = layer.get_weights()
    kernel, bias = network.get_layer("conv_1").get_weights()
    steps = np.concatenate([convolved(x, kernel, bias) for x in sequences])
    network(padded(sequences), training=True)
    moved = layer.get_weights()[2:]  # momentum 0.9
    assert_allclose(moved[0], 0.9 * mean + 0.1 * steps.mean(axis=0), rtol=1e-6)
    assert_allclose(moved[1], 0.9 * variance + 0.1 * steps.var(axis=0), rtol=1e-6)


def test_dropout_leaves_out_the_same_at_all_steps():
    network = lstm_network(
        (N_STEPS, N_FEATURES),
        2,
        units=(8,),
        hidden_units=(8,),
        dropout=0.5,
        return_sequences=True,
    )
    names = [layer.name for layer in network.layers if "dropout" in layer.name]
    assert names == ["dropout_lstm_1", "dropout_dense_1"]
    x = np.random.default_rng(0).normal(size=(5, N_STEPS, N_FEATURES))
    part = keras.Model(network.input, network.get_layer("dropout_lstm_1").output)
    out = np.asarray(part(x, training=True)) == 0
    assert_array_equal(out, np.repeat(out[:, :1], N_STEPS, axis=1))
    assert 0.2 < out[:, 0].mean() < 0.8


# -- counts, names ---------------------------------------------------------------------


def n_lstm(n_in, n):
    return 4 * ((n_in + n + 1) * n)


def n_gru(n_in, n):
    return 3 * ((n_in + n + 2) * n)


COUNTS = [
    ({}, {"lstm_1": n_lstm(2, 5), "outputs": (5 + 1) * 3}),
    ({"cell": "gru"}, {"gru_1": n_gru(2, 5), "outputs": (5 + 1) * 3}),
    (
        {"units": (5, 4), "bidirectional": True, "hidden_units": (6,)},
        {
            "lstm_forward_1": n_lstm(2, 5),
            "lstm_backward_1": n_lstm(2, 5),
            "lstm_forward_2": n_lstm(10, 4),
            "lstm_backward_2": n_lstm(10, 4),
            "dense_1": (8 + 1) * 6,
            "outputs": (6 + 1) * 3,
        },
    ),
    (
        {"conv_filters": (4,), "kernel_size": 3, "activation": "prelu"},
        {
            "conv_1": (3 * 2 + 1) * 4,
            "batch_norm_1": 2 * 4,
            "conv_activation_1": 4,
            "lstm_1": n_lstm(4, 5),
            "outputs": (5 + 4 + 1) * 3,
        },
    ),
    (
        {"pooling": "attention"},
        {
            "lstm_1": n_lstm(2, 5),
            "attention": (5 + 1) * 5,
            "attention_scores": 5,
            "outputs": (5 + 1) * 3,
        },
    ),
    (
        {"return_sequences": True, "hidden_units": (4,), "activation": "prelu"},
        {
            "lstm_1": n_lstm(2, 5),
            "dense_1": (5 + 1) * 4,
            "activation_1": 4,  # the same slopes at all steps
            "outputs": (4 + 1) * 3,
        },
    ),
]


@pytest.mark.parametrize(("options", "counts"), COUNTS)
def test_number_of_weights_of_each_layer_is_that_of_the_formula(options, counts):
    network = lstm_network((N_STEPS, 2), 3, **{"units": (5,), **options})
    found = {
        layer.name: sum(int(np.prod(v.shape)) for v in layer.trainable_variables)
        for layer in network.layers
    }
    assert {name: n for name, n in found.items() if n} == counts


def test_forget_gates_are_open_at_first():
    """A bias of one, after Jozefowicz et al. 2015."""
    network = lstm_network((N_STEPS, 2), 1, units=(3,))
    bias = network.get_layer("lstm_1").get_weights()[2]
    assert_array_equal(bias, [0] * 3 + [1] * 3 + [0] * 6)


@pytest.mark.parametrize("name", FORWARD)
def test_all_layers_are_of_keras_and_named_the_same_every_time(name):
    options = {"units": (3,), **FORWARD[name]}
    first, second = (
        lstm_network((None, 2), 2, padded=True, **options) for _ in range(2)
    )
    for paths in zip(
        first.trainable_variables, second.trainable_variables, strict=True
    ):
        assert len({v.path for v in paths}) == 1
    for layer in first.layers:
        kind = type(layer)
        assert kind is getattr(keras.layers, kind.__name__, kind)
        assert kind is not keras.layers.Lambda


# -- wrong arguments -------------------------------------------------------------------

WRONG = [
    ({"cell": "rnn"}, "cell='rnn'.*gru"),
    ({"pooling": "mean"}, "pooling='mean'.*average"),
    ({"activation": "swish"}, "activation='swish' is unknown. Choose one of: .*silu"),
    (
        {"conv_filters": (4, 4), "kernel_size": (3,)},
        r"kernel_size=\(3,\) has 1 values for 2 convolutions. Give",
    ),
    (
        {"conv_filters": (4,), "pool_size": (2, 2)},
        r"pool_size=\(2, 2\) has 2 values for 1 convolutions. Give",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_networks_that_do_not_exist_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        lstm_network((N_STEPS, 2), 2, **options)
