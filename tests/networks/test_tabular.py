"""The network for tables against NumPy: embeddings, forward pass, initial weights."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl.networks import PeriodicEmbedding, tabular_network
from skdl.networks._tabular import ONE_PRODUCT


def randomised(network):
    """Give every variable random values: zeros and equal ones would hide mistakes."""
    rng = np.random.default_rng(1)
    for variable in network.trainable_variables:
        variable.assign(rng.normal(0, 0.5, variable.shape))
    return network


def embedded(layer, X):
    """``cos(2 pi w x + b) A + c`` of every column by itself, side by side."""
    frequencies, phases, linear, shift = map(np.asarray, layer.weights)
    vectors = []
    for i, column in enumerate(layer.columns):
        angles = 2 * np.pi * X[:, [column]] * frequencies[i] + phases[i]
        vectors.append(np.cos(angles) @ linear[i] + shift[i])
    return np.hstack(vectors)


def mish(x):
    return x * np.tanh(np.log1p(np.exp(x)))


def by_hand(network, X, n_numbers, n_hidden):
    """The forward pass in NumPy."""
    parts = [X[:, :n_numbers]]
    names = [layer.name for layer in network.layers]
    if "periodic" in names:
        parts.append(embedded(network.get_layer("periodic"), X))
    for i, codes in enumerate(X[:, n_numbers:].T.astype(int), start=1):
        (vectors,) = network.get_layer(f"vectors_{i}").get_weights()
        parts.append(vectors[codes])
    x = np.hstack(parts)
    for i in range(1, n_hidden + 1):
        kernel, bias = network.get_layer(f"dense_{i}").get_weights()
        x = mish(x @ kernel + bias)
    kernel, bias = network.get_layer("outputs").get_weights()
    return x @ kernel + bias


def table(n_rows, n_numbers, cardinalities=(), seed=0):
    """Numbers first, then codes."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, n, n_rows) for n in cardinalities]
    return np.column_stack([rng.normal(size=(n_rows, n_numbers)), *codes])


# -- the embedding of numbers ----------------------------------------------------------

COLUMNS = {
    "one": [1],
    "some": [3, 0],
    "as many as one product takes": range(ONE_PRODUCT),
    "more": range(ONE_PRODUCT + 1),
    "many more": range(60, 3, -1),
}


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("sizes", [{}, {"n_frequencies": 5, "size": 2}])
def test_embedding_equals_numpy(columns, sizes):
    X = table(6, 61)
    layer = PeriodicEmbedding(COLUMNS[columns], dtype="float64", **sizes)
    layer(X)
    expected = embedded(randomised(layer), X)
    assert expected.shape == (6, len(COLUMNS[columns]) * sizes.get("size", 3))
    result = np.asarray(layer(X))
    assert result.dtype == np.float64
    assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_columns", [ONE_PRODUCT, ONE_PRODUCT + 1])
def test_shape_is_known_before_and_right_after(n_columns):
    layer = PeriodicEmbedding(range(n_columns), size=4)
    assert layer.compute_output_shape((None, 50)) == (None, 4 * n_columns)
    inputs = keras.Input((50,))
    assert layer(inputs).shape == (None, 4 * n_columns)
    assert layer(np.zeros((3, 50))).shape == (3, 4 * n_columns)


def test_a_column_changes_its_own_vector_alone():
    layer = PeriodicEmbedding([0, 2], size=3)
    X = table(1, 4).astype(np.float32)
    before = np.asarray(layer(X))
    X[:, 2] += 1
    changed = np.asarray(layer(X)) != before
    assert_array_equal(changed[0], [False] * 3 + [True] * 3)


@pytest.mark.parametrize("scale", [0.05, 2.0])
def test_initial_embedding_is_spread_as_said(scale):
    layer = PeriodicEmbedding(range(400), scale=scale, n_frequencies=16, size=5)
    layer(np.zeros((1, 400)))
    frequencies, phases, linear, shift = map(np.asarray, layer.weights)
    assert_allclose(frequencies.std(), scale, rtol=0.05)
    assert_allclose(frequencies.mean(), 0, atol=0.05 * scale)
    for values, bound in [(phases, np.pi), (linear, 1 / 4), (shift, 1 / 4)]:
        assert np.abs(values).max() <= bound
        assert_allclose(values.std(), bound / np.sqrt(3), rtol=0.05)
        assert_allclose(values.mean(), 0, atol=0.1 * bound)


def test_columns_begin_at_weights_of_their_own():
    layer = PeriodicEmbedding([0, 1, 2])
    layer(np.zeros((1, 3)))
    for values in layer.get_weights():
        assert len(np.unique(values)) == values.size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_embedding_is_made_again_from_its_config(dtype):
    layer = PeriodicEmbedding(
        np.array([2, 0]), scale=0.7, n_frequencies=4, size=2, dtype=dtype, name="waves"
    )
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert isinstance(again, PeriodicEmbedding)
    assert again.get_config() == layer.get_config()
    X = table(5, 3).astype(dtype)
    layer(X), again(X)
    again.set_weights(layer.get_weights())
    assert_array_equal(np.asarray(again(X)), np.asarray(layer(X)))


# -- the network -----------------------------------------------------------------------

# name -> (columns of numbers, options)
NETWORKS = {
    "plain": (3, {}),
    "linear": (3, {"hidden_units": ()}),
    "periodic": (5, {"periodic": (4, 1)}),
    "vectors": (2, {"cardinalities": (7, 3)}),
    "no numbers": (0, {"cardinalities": (7, 3)}),
    "one code": (0, {"cardinalities": (4,), "hidden_units": ()}),
    "all": (4, {"periodic": (0, 2), "cardinalities": (5, 9), "hidden_units": (8,)}),
    "other sizes": (
        4,
        {
            "periodic": (1,),
            "cardinalities": (5,),
            "n_frequencies": 3,
            "periodic_size": 2,
            "vector_size": 4,
        },
    ),
    "many columns": (
        ONE_PRODUCT + 5,
        {"periodic": tuple(range(2, ONE_PRODUCT + 4)), "cardinalities": (3,)},
    ),
}


def made(name, n_outputs=2, **options):
    """A network of random weights, and rows for it."""
    n_numbers, how = NETWORKS[name]
    how = {"hidden_units": (6, 5), "dtype": "float64", **how, **options}
    X = table(9, n_numbers, how.get("cardinalities", ()))
    network = tabular_network((X.shape[1],), n_outputs, **how)
    return randomised(network), X, n_numbers, len(how["hidden_units"])


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_pass_equals_numpy(name):
    network, X, n_numbers, n_hidden = made(name)
    outputs = np.asarray(network(X, training=False))
    assert outputs.dtype == np.float64
    expected = by_hand(network, X, n_numbers, n_hidden)
    assert_allclose(outputs, expected, rtol=1e-9, atol=1e-12)


def test_dropout_does_nothing_outside_training():
    network, X, n_numbers, n_hidden = made("all", dropout=0.5)
    expected = by_hand(network, X, n_numbers, n_hidden)
    assert_allclose(np.asarray(network(X, training=False)), expected, rtol=1e-9)
    assert not np.allclose(np.asarray(network(X, training=True)), expected)


def test_dropout_is_for_each_layer():
    network = tabular_network((3,), 1, hidden_units=(6, 5, 4), dropout=(0.1, 0.0, 0.3))
    layers = {v.name: v for v in network.layers if isinstance(v, keras.layers.Dropout)}
    rates = {name: layer.rate for name, layer in layers.items()}
    assert rates == {"dropout_1": 0.1, "dropout_3": 0.3}


# (columns, n_outputs, options) -> trainable weights, counted by hand
COUNTS = {
    "linear": (4, 3, {"hidden_units": ()}, (4 + 1) * 3),
    "default": (10, 1, {}, 11 * 64 + 65 * 64 + 65),
    "prelu": (4, 3, {"hidden_units": (8,), "activation": "prelu"}, 40 + 8 + 27),
    "periodic": (
        4,
        1,
        {"hidden_units": (), "periodic": (0, 3)},
        2 * (8 + 8 + 8 * 3 + 3) + (4 + 2 * 3 + 1),
    ),
    "vectors": (
        4,
        1,
        {"hidden_units": (), "cardinalities": (20, 30)},
        50 * 8 + (2 + 16 + 1),
    ),
}


@pytest.mark.parametrize(
    ("n_columns", "n_outputs", "how", "n"), COUNTS.values(), ids=COUNTS
)
def test_number_of_weights_is_that_counted_by_hand(n_columns, n_outputs, how, n):
    network = tabular_network((n_columns,), n_outputs, **how)
    assert network.count_params() == n
    assert network.input_shape == (None, n_columns)
    assert network.output_shape == (None, n_outputs)


def test_initial_variance_is_two_by_fan_in_and_one_by_fan_in_for_outputs():
    network = tabular_network(
        (300,), 200, hidden_units=(400, 500), cardinalities=(800,), vector_size=50
    )
    for name, variance in [
        ("dense_1", 2 / (299 + 50)),
        ("dense_2", 2 / 400),
        ("outputs", 1 / 500),
        ("vectors_1", 1 / 800),  # as of a linear map of one-hot columns
    ]:
        values, *bias = network.get_layer(name).get_weights()
        assert_allclose(values.var(), variance, rtol=0.03)
        assert_allclose(values.mean(), 0, atol=0.02 * np.sqrt(variance))
        assert np.abs(values).max() > 3.5 * np.sqrt(variance)  # normal, tails and all
        assert not np.any(bias)


@pytest.mark.parametrize("name", ["all", "no numbers", "many columns"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keras_saves_and_loads_it(name, dtype, tmp_path):
    network, X, *_ = made(name, dtype=dtype, dropout=0.1, activation="prelu")
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert loaded.name == network.name == "tabular_network"
    assert_array_equal(np.asarray(loaded(X)), np.asarray(network(X)))
    assert {v.dtype for v in loaded.trainable_variables} == {dtype}


# -- wrong arguments -------------------------------------------------------------------


def test_unknown_activation_is_refused_with_the_list():
    with pytest.raises(ValueError, match=r"activation='swish'.*Choose one of.*mish"):
        tabular_network((3,), 1, activation="swish")


@pytest.mark.parametrize("dropout", [(), (0.1,), [0.1] * 3])
def test_sequence_of_another_length_is_refused(dropout):
    message = rf"dropout=\(.*\) has {len(dropout)} values for 2 hidden layers. Give one"
    with pytest.raises(ValueError, match=message):
        tabular_network((3,), 1, hidden_units=(5, 4), dropout=dropout)
