"""What the engine does for images: bytes, scaling within the network, augmentation."""

import functools
from dataclasses import dataclass, replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax

from skdl import CNNClassifier, TabularRegressor
from skdl.base import _prepared, _together
from skdl.networks import cnn_network
from skdl.training import _data
from skdl.training._data import ArrayData, StreamData
from skdl.training._loop import Plan, train
from skdl.training._program import PROGRAMS, ProgramCache, can_have_members
from skdl.training._schedules import learning_rates
from skdl.training._tensorflow import evaluation_rows
from skdl.training._tensorflow._graph import rows_at_once
from tests.training.engine import (
    RATE,
    Noted,
    cross_entropy,
    fit,
    keras_fit,
    numbers,
    other,
    program_key,
    row_weights,
    same_bits,
    squared_error,
    weights_of,
)

OPT = keras.optimizers
N, N_VAL = 10, 7
SHAPE = (6, 5, 2)


def bytes_(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


X, Y, WEIGHT = bytes_(N, *SHAPE), numbers(N, 2, seed=1), row_weights(N)
X_VAL, Y_VAL = bytes_(N_VAL, *SHAPE, seed=2), numbers(N_VAL, 2, seed=3)
LABELS = np.random.default_rng(4).integers(0, 2, N)
STATE = {  # of bytes
    "input_scaling/moving_mean": np.array([127.0, 120.0]),
    "input_scaling/moving_variance": np.array([74.0, 70.0]) ** 2,
}


def cnn(*, shape=SHAPE, dtype="float64", **params):
    """A network with few weights, and tanh, which has no kink."""
    params = {"filters": (3, 4), "hidden_units": (4,), "activation": "tanh", **params}
    return other(cnn_network, *shape, dtype=dtype, **params)


def arrays(X, y=Y, weight=None, *, dtype="float64", kind=ArrayData):
    """Rows whose X stays in its dtype."""
    weight = np.ones(len(X)) if weight is None else weight
    return kind(X, y, weight, dtype=dtype, x_dtype=X.dtype.name)


def stream(X, y=Y, weight=None, *, dtype="float64"):
    weight = np.ones(len(X)) if weight is None else weight
    options = {"dtype": dtype, "x_dtype": X.dtype.name}
    return StreamData(X.__getitem__, X.shape[1:], y, weight, **options)


def key_of(spec, X=X, y=Y, *, augment=None, **options):
    key = program_key(spec, y, **options)
    return replace(key, x_dtype=X.dtype.name, augment=augment)


def fresh(spec, seed=0):
    return PROGRAMS.network(spec).layout.fresh(seed, STATE)


def predicted(spec, weights, X):
    predictor = PROGRAMS.network(spec).predictor()
    return predictor(predictor.load([weights]), X)


def assert_same_outcome(first, second):
    assert same_bits(first.weights, second.weights)
    assert first.history == second.history


# -- bytes -----------------------------------------------------------------------------

SPECS = {
    "plain": {},
    "dropout, batch norm": {"dropout": 0.5, "batch_norm": True},
    "float32": {"dtype": "float32"},
}


@pytest.mark.parametrize("kind", [arrays, stream])
@pytest.mark.parametrize("name", SPECS)
def test_bytes_give_the_same_bits_as_the_same_numbers_as_floats(name, kind):
    spec = cnn(**SPECS[name])
    y, y_val = Y.astype(spec.dtype), Y_VAL.astype(spec.dtype)
    outcomes = [
        fit(
            key_of(spec, X.astype(dtype), y),
            kind(X.astype(dtype), y, WEIGHT, dtype=spec.dtype),
            start=fresh(spec),
            batch_size=4,
            validation=kind(X_VAL.astype(dtype), y_val, dtype=spec.dtype),
        )
        for dtype in ("uint8", spec.dtype)
    ]
    assert_same_outcome(*outcomes)
    answers = [predicted(spec, outcomes[0].weights, v) for v in (X, X.astype("f4"))]
    assert_array_equal(*answers)


@pytest.mark.parametrize("block_rows", [1, 4, 6, N, 1000])
@pytest.mark.parametrize("batch_size", [1, 4, N])
def test_stream_of_bytes_gives_the_same_bits_as_arrays(
    monkeypatch, batch_size, block_rows
):
    monkeypatch.setattr(_data, "BLOCK_BYTES", block_rows * X[0].nbytes)
    spec = cnn(batch_norm=True, dropout=0.5)
    outcomes = [
        fit(
            key_of(spec),
            kind(X, Y, WEIGHT),
            start=fresh(spec),
            batch_size=batch_size,
            epochs=2,
            validation=kind(X_VAL, Y_VAL, row_weights(N_VAL)),
        )
        for kind in (arrays, stream)
    ]
    assert_same_outcome(*outcomes)


def test_bytes_stay_bytes_on_the_device():
    assert arrays(X, dtype="float32").n_bytes == X.nbytes + Y.nbytes + 4 * N
    for kind in (arrays, stream):
        for ((rows, *_),) in kind(X).training_blocks([np.arange(N)], N):
            assert rows.dtype == tf.uint8
            assert_array_equal(rows, X)


# -- Keras's own fit -------------------------------------------------------------------

TRAINED = {
    "max": {},
    "average": {"pooling": "average"},
    "global": {"pooling": "global", "hidden_units": ()},
    "valid": {"padding": "valid", "pooling": None},
    "strides and groups": {"filters": ((3, 2), 4), "strides": ((1, 2), 2)},
    "prelu": {"activation": "prelu"},
    "penalties": {"l1": 0.01, "l2": 0.01, "activity_l1": 0.01, "activity_l2": 0.01},
    "dropout": {"dropout": 0.5},
    "batch norm": {"batch_norm": True},
    "batch norm, dropout": {"filters": ((3, 2),), "batch_norm": True, "dropout": 0.3},
}


def equals_keras_fit(spec, y, loss, optimizer, batch_size):
    """Compare weights, moving averages, the seeds of dropout, and the loss."""
    model = spec.model(seed=1)
    model.get_layer("input_scaling").set_weights(list(STATE.values()))
    start = weights_of(model)
    data = arrays(X, y, WEIGHT, kind=Noted)
    outcome = fit(
        key_of(spec, X, y, optimizer=optimizer(RATE), loss=loss),
        data,
        start=start,
        epochs=2,
        batch_size=batch_size,
    )
    expected, history = keras_fit(
        model,
        X.astype(np.float64),
        y,
        WEIGHT,
        optimizer=optimizer(RATE),
        loss=loss,
        batch_size=batch_size,
        orders=data.orders,
    )
    moved = expected.trainable - start.trainable
    assert np.abs(moved).max() > 1e-3
    ours = outcome.weights.trainable - start.trainable
    assert_allclose(ours, moved, rtol=1e-6, atol=1e-13)
    for one, another in zip(outcome.weights.state, expected.state, strict=True):
        assert_allclose(one, another, rtol=1e-9)
    # Keras's mean over an epoch counts batches by their weights, ours by rows
    if batch_size == N:
        assert_allclose(outcome.history["loss"], history["loss"], rtol=1e-9)


@pytest.mark.parametrize("name", TRAINED)
def test_training_equals_keras_fit(name):
    """Not by Adam, which enlarges the noise in gradients that are zero."""
    momentum = functools.partial(OPT.SGD, momentum=0.75)
    equals_keras_fit(cnn(**TRAINED[name]), LABELS, cross_entropy, momentum, 4)


@pytest.mark.parametrize("batch_size", [4, N])
def test_training_by_adam_equals_keras_fit(batch_size):
    equals_keras_fit(cnn(l2=0.01), Y, squared_error, OPT.Adam, batch_size)


# -- how many at once ------------------------------------------------------------------


def test_rows_at_once_are_the_largest_power_of_two_that_fits():
    for shape in [(1, 1, 1), (28, 28, 1), (32, 32, 3), (33, 31, 3), (224, 224, 3)]:
        for n_positions in (1, 2**14, 2**18):
            powers = [
                2**k for k in range(40) if 2**k * shape[0] * shape[1] <= n_positions
            ]
            expected = min(128, max(powers, default=1))
            assert rows_at_once(shape, 128, n_positions) == expected


def test_rows_of_tables_and_values_do_not_count_for_rows_at_once():
    assert rows_at_once((), 100, 2**14) == 100
    assert rows_at_once((10**9,), 100, 2**14) == 100
    assert rows_at_once((8, 8, 10**9), 100, 2**14) == 100
    assert rows_at_once((2**13, 10), 100, 2**14) == 2  # a sequence


def linear_network(shape, n_outputs=2, **params):
    return other(
        cnn_network,
        *shape,
        n_outputs=n_outputs,
        filters=(),
        hidden_units=(),
        **params,
    )


def linear(weights, X, n_outputs=2, *, mean=0.0, variance=1.0):
    """What such a network computes."""
    kernel, bias = np.split(weights.trainable, [-n_outputs])
    flat = ((X - mean) / np.sqrt(variance)).reshape(len(X), -1)
    return flat @ kernel.reshape(-1, n_outputs) + bias


def test_large_images_are_judged_and_predicted_a_few_at_a_time():
    shape = (300, 250, 1)
    assert evaluation_rows(shape) == 2
    spec = linear_network(shape)
    assert PROGRAMS.network(spec).predictor().chunk(spec.input_shape) == 1
    start = PROGRAMS.network(spec).layout.fresh(0)
    rows, y, weight = bytes_(5, *shape), numbers(5, 2), row_weights(5)
    expected = linear(start, rows)
    assert_allclose(predicted(spec, start, rows), expected, rtol=1e-9)
    losses = []
    for kind in (arrays, stream):
        outcome = fit(
            key_of(spec, rows, y),
            kind(rows[:1], y[:1]),
            start=start,
            rate=0.0,
            epochs=1,
            validation=kind(rows, y, weight),
        )
        losses += outcome.history["val_loss"]
    per_image = ((expected - y) ** 2).mean(axis=1)
    assert_allclose(losses, [np.average(per_image, weights=weight)] * 2, rtol=1e-9)
    assert losses[0] == losses[1]


# -- a prediction depends on nothing but the image -------------------------------------

# of more than 50,000 parameters: "wide"
ALONE = {
    "default": ((8, 8, 1), {"filters": (32, 64), "hidden_units": (128,)}),
    "odd": ((9, 7, 3), {"filters": (5, 7), "batch_norm": True}),
    "strip": ((1, 30, 1), {"filters": (16, 16)}),
    "pixel": ((1, 1, 4), {"filters": (8,)}),
    "wide": ((4, 4, 3), {"filters": ((64, 100),), "hidden_units": ()}),
    "global": ((12, 12, 1), {"filters": (8,), "pooling": "global"}),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ALONE)
def test_prediction_depends_on_nothing_but_the_image(name, dtype):
    shape, params = ALONE[name]
    spec = cnn(shape=shape, dtype=dtype, activation="relu", **params)
    weights = PROGRAMS.network(spec).layout.fresh(0)
    rows = bytes_(150, *shape)
    whole = predicted(spec, weights, rows)
    order = np.random.default_rng(0).permutation(150)
    assert_array_equal(predicted(spec, weights, rows[order]), whole[order])
    assert_array_equal(predicted(spec, weights, rows[37:]), whole[37:])
    for i in range(0, 150, 17):
        assert_array_equal(predicted(spec, weights, rows[i : i + 1])[0], whole[i])


# -- mean and variance within the network ----------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_state_is_where_the_network_scales_by_it(dtype):
    spec = linear_network(SHAPE, dtype=dtype)
    layout = PROGRAMS.network(spec).layout
    weights, plain = layout.fresh(0, STATE), layout.fresh(0)
    assert_array_equal(weights.trainable, plain.trainable)
    assert {v.dtype.name for v in weights.state} == {dtype}
    mean, variance = STATE.values()
    expected = linear(weights, X.astype(dtype), mean=mean, variance=variance)
    tolerance = 1e-4 if dtype == "float32" else 1e-10
    assert_allclose(predicted(spec, weights, X), expected, rtol=tolerance)
    unscaled = linear(plain, X.astype(dtype))
    assert_allclose(predicted(spec, plain, X), unscaled, rtol=tolerance)


def test_state_changes_nothing_else_and_not_by_training():
    spec = cnn(dropout=0.5, batch_norm=True)
    layout = PROGRAMS.network(spec).layout
    names = [v.path for v in layout.state]
    start, plain = layout.fresh(0, STATE), layout.fresh(0)
    trained = fit(key_of(spec), arrays(X), start=start, batch_size=4).weights
    moved = []
    for name, one, two, after in zip(
        names, start.state, plain.state, trained.state, strict=True
    ):
        end = name.partition("/")[2]
        if name.startswith("input_scaling"):
            assert_array_equal(one, STATE[f"input_scaling/{end}"])
            assert_array_equal(after, one)
        else:
            assert_array_equal(one, two)
            moved.append((after != one).any())
    assert len(moved) == 4 + 2  # two layers' averages, two generators
    assert all(moved)


def test_fits_with_other_scales_share_a_program():
    cache = ProgramCache()
    spec = cnn()
    layout = cache.network(spec).layout
    other_state = {name: 2 * value for name, value in STATE.items()}
    outcomes = [
        fit(key_of(spec), arrays(X), start=layout.fresh(0, state), cache=cache)
        for state in (STATE, other_state, STATE)
    ]
    assert len(cache) == 1
    assert_same_outcome(outcomes[0], outcomes[2])
    assert not same_bits(outcomes[0].weights, outcomes[1].weights)


# -- augmentation ----------------------------------------------------------------------

SEEN = []  # (images, drawn numbers) of each batch that was augmented by `Noise`


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


@dataclass(frozen=True)
class Noise:
    """Adds numbers to every row, two from each of some generators."""

    n_generators: int = 1

    def build(self):
        return _Noise(self.n_generators)


class _Noise:
    def __init__(self, n_generators):
        self.generators = [keras.random.SeedGenerator(0) for _ in range(n_generators)]
        self.variables = []

    def check(self, input_shape, dtype):
        """Have variables only now, as layers that make theirs when they are built."""
        self.variables = [generator.state for generator in self.generators]

    def __call__(self, X, y, weight, tools):
        shape = (ops.shape(X)[0], *[1] * (len(X.shape) - 1))
        drawn = [
            keras.random.uniform(shape, dtype=X.dtype, seed=generator)
            for generator in self.generators
            for _ in range(2)
        ]
        with_drawn = tf.numpy_function(self.note, [X, *drawn], X.dtype)
        return ops.reshape(with_drawn, ops.shape(X)), [(y, weight)]

    @staticmethod
    def note(X, *drawn):
        SEEN.append((X, np.column_stack([d.ravel() for d in drawn])))
        return X + sum(drawn)


def seen():
    """All rows that were augmented since the last call, and what was drawn for them."""
    images, drawn = (np.concatenate(parts) for parts in zip(*SEEN, strict=True))
    SEEN.clear()
    return images, drawn


def noisy(spec=None, *, n_generators=1, **options):
    """Train with noise; the outcome, the rows seen, what was drawn, and the orders."""
    spec = spec or linear_network(SHAPE)
    data = arrays(X, Y, WEIGHT, kind=Noted)
    options = {"batch_size": 4, "start": fresh(spec), **options}
    outcome = fit(key_of(spec, augment=Noise(n_generators)), data, **options)
    return outcome, *seen(), data.orders


def test_training_images_are_augmented_before_they_are_scaled():
    """In batches, as numbers of the network's dtype."""
    spec = linear_network(SHAPE)
    outcome, images, drawn, orders = noisy(spec, rate=0.0)
    order = np.concatenate(orders)
    assert images.dtype == np.float64
    assert_array_equal(images, X[order])
    noise = drawn.sum(axis=1)[:, None, None, None]
    mean, variance = STATE.values()
    outputs = linear(fresh(spec), images + noise, mean=mean, variance=variance)
    losses = WEIGHT[order] * ((outputs - Y[order]) ** 2).mean(axis=1)
    expected = losses.reshape(3, N).mean(axis=1)
    assert_allclose(outcome.history["loss"], expected, rtol=1e-10)


def test_validation_and_predictions_are_of_images_as_they_are():
    spec = linear_network(SHAPE)
    outcome, images, _, _ = noisy(
        spec,
        rate=0.0,
        validation=arrays(X_VAL, Y_VAL, row_weights(N_VAL)),
    )
    assert len(images) == 3 * N
    mean, variance = STATE.values()
    outputs = linear(fresh(spec), X_VAL, mean=mean, variance=variance)
    assert_allclose(predicted(spec, outcome.weights, X_VAL), outputs, rtol=1e-10)
    loss = np.average(((outputs - Y_VAL) ** 2).mean(axis=1), weights=row_weights(N_VAL))
    assert_allclose(outcome.history["val_loss"], [loss] * 3, rtol=1e-10)
    assert not SEEN


def test_rows_come_in_the_order_that_they_have_without_augmentation():
    data = arrays(X, Y, WEIGHT, kind=Noted)
    fit(key_of(linear_network(SHAPE)), data, batch_size=4)
    assert_array_equal(data.orders, noisy()[-1])


def test_every_epoch_step_row_and_generator_has_draws_of_its_own():
    _, _, drawn, _ = noisy(n_generators=3, epochs=5)
    assert drawn.shape == (5 * N, 6)
    assert len(np.unique(drawn)) == drawn.size
    assert ((drawn >= 0) & (drawn < 1)).all()
    deviation = np.sqrt(1 / 12 / drawn.size)
    assert_allclose(drawn.mean(), 0.5, atol=4.5 * deviation)
    correlations = np.corrcoef(drawn.T)[np.triu_indices(6, 1)]
    assert_allclose(correlations, 0, atol=4.5 / np.sqrt(len(drawn)))


@pytest.mark.parametrize("batch_size", [4, N])
def test_same_seed_same_draws_and_bits(batch_size):
    spec = cnn(dropout=0.3)
    options = {"batch_size": batch_size, "epochs": 2}
    outcome, _, drawn, _ = noisy(spec, **options)
    for cache in (PROGRAMS, ProgramCache()):
        again, _, same, _ = noisy(spec, cache=cache, **options)
        assert_array_equal(same, drawn)
        assert_same_outcome(again, outcome)
    another, _, others, _ = noisy(spec, seed=1, **options)
    assert not np.isin(others, drawn).any()
    assert not same_bits(another.weights, outcome.weights)


def test_start_weights_do_not_change_the_draws():
    spec = cnn()
    draws = [noisy(spec, start=fresh(spec, seed))[2] for seed in (0, 1)]
    assert_array_equal(*draws)


def test_training_that_goes_on_draws_what_it_would_have_drawn():
    _, _, drawn, _ = noisy(epochs=3)
    key = key_of(linear_network(SHAPE), augment=Noise())
    rates = learning_rates(None, learning_rate=RATE, epochs=1)
    with PROGRAMS.trainer(key) as trainer:
        trainer.reset([fresh(key.network)])
        train(trainer, arrays(X), Plan(1, 4, rates, [0], first_epoch=2))
    assert_array_equal(seen()[1], drawn[-N:])


@pytest.mark.parametrize("block_rows", [4, 1000])
@pytest.mark.parametrize("kind", ["in one call", "in several calls", "stream"])
def test_calls_of_the_engine_do_not_change_the_draws(monkeypatch, kind, block_rows):
    monkeypatch.setattr(_data, "BLOCK_BYTES", block_rows * X[0].nbytes)
    spec = cnn(dropout=0.3, batch_norm=True)
    data = (stream if kind == "stream" else arrays)(X, Y, WEIGHT)
    if kind == "in several calls":
        data._steps = 1
    key = key_of(spec, augment=Noise())
    outcome = fit(key, data, start=fresh(spec), batch_size=4)
    _, drawn = seen()
    expected, _, same, _ = noisy(spec)
    assert_same_outcome(outcome, expected)
    assert_array_equal(drawn, same)


def test_augmented_network_and_others_are_different_programs():
    spec = linear_network(SHAPE)
    augmented = key_of(spec, augment=Noise())
    assert augmented == key_of(spec, augment=Noise(1))
    assert len({augmented, key_of(spec), key_of(spec, augment=Noise(2))}) == 3


def test_nothing_is_drawn_where_nothing_is_random():
    with PROGRAMS.trainer(key_of(cnn(dropout=0.5))) as trainer:
        assert not trainer.is_random
    with PROGRAMS.trainer(key_of(cnn(), augment=Noise())) as trainer:
        assert trainer.is_random


# -- mixtures --------------------------------------------------------------------------


@dataclass(frozen=True)
class Mix:
    """Mixes each image with the one before it, by the share in its first pixel."""

    variables = ()

    def build(self):
        return self

    def check(self, input_shape, dtype):
        assert input_shape == MIXED_SHAPE
        assert dtype == "float64"

    def __call__(self, X, y, weight, tools):
        share = X[:, 0, 0, 0]
        kept = share[:, None, None, None]
        before, others, theirs = (ops.roll(each, 1, axis=0) for each in (X, y, weight))
        targets = [(y, share * weight), (others, (1 - share) * theirs)]
        return kept * X + (1 - kept) * before, targets


MIXED_SHAPE = (3, 4, 2)
SHARED = np.random.default_rng(5).uniform(size=(N, *MIXED_SHAPE))


def mixed(batch):
    """By hand: mixtures, and the share of each image itself."""
    share = batch[:, 0, 0, 0]
    before = np.concatenate([batch[-1:], batch[:-1]])
    return np.einsum("b,b...->b...", share, batch) + np.einsum(
        "b,b...->b...", 1 - share, before
    ), share


def batches(order, size):
    return [order[i : i + size] for i in range(0, len(order), size)]


LOSSES = {
    "squares": (squared_error, Y, lambda y, out: ((out - y) ** 2).mean(axis=1)),
    "log loss": (
        cross_entropy,
        LABELS,
        lambda y, out: -log_softmax(out, axis=1)[np.arange(len(y)), y],
    ),
}


@pytest.mark.parametrize("batch_size", [1, 3, 4, N])  # of 3: the last has one image
@pytest.mark.parametrize("name", LOSSES)
def test_objective_of_mixtures_has_the_losses_of_both_targets(name, batch_size):
    loss, y, by_hand = LOSSES[name]
    spec = linear_network(MIXED_SHAPE, l2=0.25)
    start = PROGRAMS.network(spec).layout.fresh(0)
    data = arrays(SHARED, y, WEIGHT, kind=Noted)
    key = key_of(spec, SHARED, y, loss=loss, augment=Mix())
    outcome = fit(key, data, start=start, rate=0.0, batch_size=batch_size)

    kernel = start.trainable[:-2]
    for order, found in zip(data.orders, outcome.history["loss"], strict=True):
        total = 0.0
        for rows in batches(order, batch_size):
            images, share = mixed(SHARED[rows])
            outputs, partner = linear(start, images), np.roll(rows, 1)
            own = WEIGHT[rows] * by_hand(y[rows], outputs)
            others = WEIGHT[partner] * by_hand(y[partner], outputs)
            total += np.sum(share * own + (1 - share) * others)
        assert_allclose(found, total / N + 0.25 * np.sum(kernel**2), rtol=1e-10)


def test_training_on_mixtures_equals_keras_fit_to_mixed_targets():
    """For the log loss, which is linear in the targets."""

    def soft(y_true, y_pred):
        return keras.losses.categorical_crossentropy(y_true, y_pred, from_logits=True)

    spec = cnn(shape=MIXED_SHAPE)
    model = spec.model(seed=1)
    start = weights_of(model)
    data = arrays(SHARED, LABELS, kind=Noted)
    key = key_of(
        spec,
        SHARED,
        LABELS,
        loss=cross_entropy,
        optimizer=OPT.SGD(RATE),
        augment=Mix(),
    )
    outcome = fit(key, data, start=start, batch_size=4)
    one_hot, history = np.eye(2)[LABELS], []
    for order in data.orders:
        images, targets = [], []
        for rows in batches(order, 4):
            mixtures, share = mixed(SHARED[rows])
            own, others = one_hot[rows], one_hot[np.roll(rows, 1)]
            images.append(mixtures)
            targets.append(share[:, None] * own + (1 - share)[:, None] * others)
        expected, seen_by_keras = keras_fit(
            model,
            np.concatenate(images),
            np.concatenate(targets),
            optimizer=OPT.SGD(RATE),
            loss=soft,
            epochs=1,
            batch_size=4,
        )
        history += seen_by_keras["loss"]
    moved = expected.trainable - start.trainable
    assert np.abs(moved).max() > 1e-3
    ours = outcome.weights.trainable - start.trainable
    assert_allclose(ours, moved, rtol=1e-6, atol=1e-14)
    assert_allclose(outcome.history["loss"], history, rtol=1e-9)


# -- members ---------------------------------------------------------------------------


def test_augmented_networks_are_not_trained_side_by_side():
    key = key_of(cnn())
    assert can_have_members(key)
    assert not can_have_members(replace(key, augment=Noise()))
    assert not can_have_members(replace(key, augment=Mix()))


def noting_members(monkeypatch, module):
    sizes = []
    original = module.train

    def noting(trainer, data, *args, **options):
        sizes.append(len(data.sizes))
        return original(trainer, data, *args, **options)

    monkeypatch.setattr(module, "train", noting)
    return sizes


class Noisy(TabularRegressor):
    """An estimator with members whose rows are augmented."""

    seeds = (3, 1, 4)

    def _augmentation(self):
        return Noise()

    def _draw_seeds(self):
        return list(self.seeds)[: self.n_members]


def test_augmented_members_are_what_each_is_alone(monkeypatch):
    sizes = noting_members(monkeypatch, _prepared)
    options = {"hidden_units": (4,), "epochs": 3, "batch_size": 8, "random_state": 0}
    X, y = numbers(40, 3), numbers(40, seed=1)
    together = Noisy(n_members=3, **options).fit(X, y)
    assert sizes == [1, 1, 1]
    _, drawn = seen()
    assert len(np.unique(drawn)) == drawn.size
    for k, seed in enumerate(Noisy.seeds):
        with monkeypatch.context() as patch:
            patch.setattr(Noisy, "seeds", [seed])
            alone = Noisy(n_members=1, **options).fit(X, y)
        assert same_bits(alone._trained.weights[0], together._trained.weights[k])
        assert alone.history_ == together.member_histories_[k]


def test_fits_with_augmentation_at_once_have_the_bits_of_single_ones(monkeypatch):
    monkeypatch.setattr(_together, "MIN_STEPS", 0)
    sizes = noting_members(monkeypatch, _prepared)
    sizes_together = noting_members(monkeypatch, _together)

    def estimators():
        return [
            CNNClassifier(
                filters=(3,),
                hidden_units=(),
                epochs=2,
                augment=("flip", "mixup"),
                random_state=k,
            )
            for k in range(3)
        ]

    together = estimators()
    errors = _together.fit_together([(e, lambda: ((X, LABELS), {})) for e in together])
    assert errors == [None] * 3
    assert sizes == [1, 1, 1]
    assert not sizes_together
    answers = [e.predict_proba(X) for e in together]
    assert len({answer.tobytes() for answer in answers}) == 3
    for alone, answer in zip(estimators(), answers, strict=True):
        assert_array_equal(alone.fit(X, LABELS).predict_proba(X), answer)
