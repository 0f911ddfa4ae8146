"""Steps of the engine, against NumPy by hand and against Keras's own ``fit``."""

import functools

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl import DenseRegressor
from skdl.training._optimizers import OPTIMIZERS
from skdl.training._program import PROGRAMS, ProgramCache
from tests.training.engine import (
    RATE,
    Noted,
    WithTraining,
    arrays,
    constrained,
    convolutional,
    cross_entropy,
    dense,
    fit,
    gru,
    keras_fit,
    lstm,
    numbers,
    other,
    penalised,
    program_key,
    reshaped,
    row_weights,
    same_bits,
    squared_error,
    subclassed,
    weights_of,
)

OPT = keras.optimizers
N = 10
X, Y = numbers(N, 3), numbers(N, 2, seed=1)
WEIGHT = row_weights(N)


# -- NumPy by hand ---------------------------------------------------------------------


def split(vector):
    """28 numbers to the kernels and biases of a network 3-4-2."""
    k1, b1, k2, b2 = np.split(vector, [12, 16, 24])
    return k1.reshape(3, 4), b1, k2.reshape(4, 2), b2


def objective_and_gradient(vector, X, y, weight, l2):
    """Weighted squared error of a tanh network, and its gradient by backpropagation."""
    k1, b1, k2, b2 = split(vector)
    hidden = np.tanh(X @ k1 + b1)
    error = hidden @ k2 + b2 - y
    objective = np.mean(weight * np.mean(error**2, axis=1))
    objective += l2 * (np.sum(k1**2) + np.sum(k2**2))
    d_out = weight[:, None] * 2 * error / error.size
    d_hidden = (d_out @ k2.T) * (1 - hidden**2)
    gradient = [
        X.T @ d_hidden + 2 * l2 * k1,
        d_hidden.sum(axis=0),
        hidden.T @ d_out + 2 * l2 * k2,
        d_out.sum(axis=0),
    ]
    return objective, np.concatenate([np.ravel(g) for g in gradient])


def sgd(rate, momentum=0.0):
    velocity = 0.0
    while True:
        gradient = yield velocity
        velocity = momentum * velocity - rate * gradient
        yield velocity


def adam(rate):
    first = second = step = 0
    beta_1, beta_2 = np.float32([0.9, 0.999]).astype(
        float
    )  # Keras's powers are float32
    while True:
        gradient = yield
        step += 1
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        factor = np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        yield -rate * factor * first / (np.sqrt(second) + 1e-7)


BY_HAND = {
    "sgd": (OPT.SGD(), functools.partial(sgd, RATE)),
    "momentum": (OPT.SGD(momentum=0.75), functools.partial(sgd, RATE, 0.75)),
    "adam": (OPT.Adam(), functools.partial(adam, RATE)),
}


@pytest.mark.parametrize("batch_size", [1, 4, N])
@pytest.mark.parametrize("name", BY_HAND)
def test_training_matches_numpy(name, batch_size):
    optimizer, by_hand = BY_HAND[name]
    key = program_key(dense(l2=0.125), Y, optimizer=optimizer)
    start = PROGRAMS.network(key.network).layout.fresh(0)
    data = arrays(X, Y, WEIGHT, kind=Noted)
    outcome = fit(key, data, start=start, epochs=3, batch_size=batch_size)

    vector, updates, losses = start.trainable, by_hand(), []
    for order in data.orders:
        total = 0.0
        for i in range(0, N, batch_size):
            rows = order[i : i + batch_size]
            objective, gradient = objective_and_gradient(
                vector, X[rows], Y[rows], WEIGHT[rows], 0.125
            )
            total += objective * len(rows)
            next(updates)
            vector = vector + updates.send(gradient)
        losses.append(total / N)
    assert_allclose(outcome.weights.trainable, vector, rtol=1e-10)
    assert_allclose(outcome.history["loss"], losses, rtol=1e-12)


# -- Keras's own fit -------------------------------------------------------------------


def assert_equals_keras_fit(
    spec, X, y, *, weight=None, optimizer=OPT.Adam, loss=squared_error, batch_size=None
):
    """Compare weights, moving averages, dropout's seeds and both losses.

    `optimizer` is called with the learning rate. Adam and its like are not for batch
    normalisation here: the gradient of the biases before it is zero but for rounding
    errors, which they enlarge.
    """
    model = spec.model(seed=1)
    start = weights_of(model)
    data = arrays(X, y, weight, kind=Noted)
    epochs = 2 if batch_size else 4
    outcome = fit(
        program_key(spec, y, optimizer=optimizer(RATE), loss=loss),
        data,
        start=start,
        epochs=epochs,
        batch_size=batch_size,
    )
    expected, history = keras_fit(
        model,
        X,
        y,
        weight,
        optimizer=optimizer(RATE),
        loss=loss,
        epochs=epochs,
        batch_size=batch_size,
        orders=data.orders if batch_size else None,
    )
    moved = expected.trainable - start.trainable
    assert np.abs(moved).max() > 0
    assert_allclose(
        outcome.weights.trainable - start.trainable, moved, rtol=1e-6, atol=1e-14
    )
    for ours, theirs in zip(outcome.weights.state, expected.state, strict=True):
        assert_allclose(ours, theirs, rtol=1e-9)
    assert_allclose(outcome.history["loss"], history["loss"], rtol=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_full_batches_equal_keras_fit(name):
    spec = dense(l1=0.01, l2=0.01, activity_l1=0.01, activity_l2=0.01)
    optimizer = getattr(OPT, OPTIMIZERS[name].keras_class)
    assert_equals_keras_fit(spec, X, Y, weight=WEIGHT, optimizer=optimizer)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_minibatches_equal_keras_fit(batch_size):
    spec = dense(l2=0.01, activity_l2=0.01)
    assert_equals_keras_fit(spec, X, Y, weight=WEIGHT, batch_size=batch_size)


def excluding_bias(rate):
    optimizer = OPT.AdamW(rate, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def loss_scaling(rate):
    return OPT.LossScaleOptimizer(OPT.Adam(rate), dynamic_growth_steps=2)


OTHER_OPTIMIZERS = {
    "clipnorm": functools.partial(OPT.Adam, clipnorm=0.01),
    "clipvalue": functools.partial(OPT.SGD, clipvalue=0.01),
    "global_clipnorm": functools.partial(OPT.SGD, global_clipnorm=0.01),
    "ema": functools.partial(OPT.SGD, use_ema=True, ema_momentum=0.5),
    "ema overwriting": functools.partial(
        OPT.Adam, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3
    ),
    "accumulation": functools.partial(OPT.Adam, gradient_accumulation_steps=2),
    "loss_scale_factor": functools.partial(OPT.SGD, loss_scale_factor=8.0),
    "loss scaling": loss_scaling,
    "weight decay": functools.partial(OPT.SGD, weight_decay=0.5),
    "excluding bias": excluding_bias,
    "adafactor": OPT.Adafactor,
    "adamax": OPT.Adamax,
    "ftrl": OPT.Ftrl,
    "lamb": OPT.Lamb,
    "amsgrad": functools.partial(OPT.Adam, amsgrad=True),
}


@pytest.mark.parametrize("name", OTHER_OPTIMIZERS)
def test_flat_and_per_variable_optimizers_equal_keras_fit(name):
    assert_equals_keras_fit(dense(), X, Y, optimizer=OTHER_OPTIMIZERS[name])


IMAGES, SEQUENCES = numbers(N, 6, 6, 1), numbers(N, 5, 3)
LABELS = np.random.default_rng(0).integers(0, 2, (N, 3, 3))
# network, X, y, loss
NETWORKS = {
    "images": (
        other(convolutional, 6, 6, 1),
        IMAGES,
        numbers(N, 3, 3, 2, seed=1),
        squared_error,
    ),
    "segments": (other(convolutional, 6, 6, 1), IMAGES, LABELS, cross_entropy),
    "classes": (dense(), X, LABELS[:, 0, 0], cross_entropy),
    "lstm": (other(lstm, 5, 3), SEQUENCES, Y, squared_error),
    "gru": (other(gru, 5, 3), SEQUENCES, numbers(N, 5, 2, seed=1), squared_error),
    "grid": (
        other(reshaped, 3, n_outputs=(2, 5)),
        X,
        numbers(N, 2, 5, seed=1),
        squared_error,
    ),
    "batch norm": (dense(hidden_units=(4, 4), batch_norm=True), X, Y, squared_error),
    "dropout": (dense(dropout=0.5, batch_norm=True), X, Y, squared_error),
    "constraints": (other(constrained, 3), X, Y, squared_error),
    "add_loss": (other(penalised, 3), X, Y, squared_error),
    "subclass": (other(subclassed, 3), X, Y, squared_error),
    "subclass, dropout": (other(subclassed, 3, dropout=0.5), X, Y, squared_error),
    "subclass, training": (
        other(subclassed, 3, kind=WithTraining, dropout=0.5),
        X,
        Y,
        squared_error,
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_any_network_and_loss_equals_keras_fit(name):
    spec, rows, y, loss = NETWORKS[name]
    momentum = functools.partial(OPT.SGD, momentum=0.75)
    assert_equals_keras_fit(
        spec, rows, y, weight=WEIGHT, optimizer=momentum, loss=loss, batch_size=4
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_predictions_are_those_of_the_model(name):
    spec, rows, _, _ = NETWORKS[name]
    model = spec.model(seed=1)
    predictor = PROGRAMS.network(spec).predictor()
    outputs = predictor(predictor.load([weights_of(model)]), rows)
    assert_allclose(outputs, model(rows, training=False), rtol=1e-12)


PENALISED = {
    "l2": dense(l1=0.01, l2=0.01),
    "batch norm": dense(batch_norm=True, dropout=0.5),
    "activity": dense(activity_l2=0.5),
    "add_loss": other(penalised, 3),
}


@pytest.mark.parametrize("name", PENALISED)
def test_validation_loss_equals_keras_fit(name):
    spec = PENALISED[name]
    rows = numbers(7, 3, seed=2), numbers(7, 2, seed=3), row_weights(7)
    model = spec.model(seed=1)
    outcome = fit(
        program_key(spec, Y),
        arrays(X, Y),
        start=weights_of(model),
        validation=arrays(*rows),
    )
    _, history = keras_fit(model, X, Y, optimizer=OPT.Adam(RATE), validation=rows)
    assert_allclose(outcome.history["val_loss"], history["val_loss"], rtol=1e-9)


def test_metrics_are_weighted_means_over_validation_rows():
    def largest(y_true, y_pred):
        return keras.ops.max(keras.ops.abs(y_true - y_pred), axis=-1)

    n = 700  # several blocks, the last one short
    rows = numbers(n, 3, seed=2), numbers(n, 2, seed=3), row_weights(n)
    key = program_key(dense(), Y, metrics=(("largest", largest),))
    start = PROGRAMS.network(key.network).layout.fresh(0)
    outcome = fit(
        key, arrays(X, Y), start=start, epochs=1, rate=0.0, validation=arrays(*rows)
    )
    k1, b1, k2, b2 = split(start.trainable)
    error = np.abs(np.tanh(rows[0] @ k1 + b1) @ k2 + b2 - rows[1])
    expected = np.average(error.max(axis=1), weights=rows[2])
    assert_allclose(outcome.history["val_largest"], [expected], rtol=1e-12)


def test_frozen_layers_stay():
    spec = other(subclassed, 3, kind=WithTraining)
    start = PROGRAMS.network(spec).layout.fresh(0)
    outcome = fit(program_key(spec, Y), arrays(X, Y), start=start)
    assert len(start.state) > 0
    for before, after in zip(start.state[:2], outcome.weights.state[:2], strict=True):
        assert_array_equal(before, after)


# -- losses that are none --------------------------------------------------------------


def mean_of_all(y_true, y_pred):
    return keras.ops.mean((y_true - y_pred) ** 2)


def test_loss_of_one_number_is_refused():
    with pytest.raises(ValueError, match=r"mean_of_all.* single number.*\(batch,\)"):
        fit(program_key(dense(), Y, loss=mean_of_all), arrays(X, Y))
    with pytest.raises(ValueError, match="single number"):
        DenseRegressor(loss=mean_of_all, epochs=1).fit(X, Y)


def test_loss_is_tried_on_few_rows_however_large_they_are():
    tried = []

    def noting(y_true, y_pred):
        tried.append(y_pred.shape[0])
        return squared_error(y_true, y_pred)

    y = np.zeros((N, 1000))
    fit(program_key(dense(3, 1000), y, loss=noting), arrays(X, y), epochs=1)
    assert max(n for n in tried if n is not None) <= N


# -- a row's prediction depends on nothing but the row ---------------------------------

# features, hidden units; more than 50,000 parameters from 64-256-200 on
WIDTHS = [
    (1, ()),
    (3, (1,)),
    (5, (7, 3)),
    (30, (33,)),
    (64, (100,)),
    (13, (257, 31)),
    (64, (256, 200)),
    (100, (501, 99)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_features", "hidden_units"), WIDTHS)
def test_prediction_depends_on_nothing_but_the_row(n_features, hidden_units, dtype):
    spec = dense(n_features, 3, dtype=dtype, hidden_units=hidden_units)
    network = PROGRAMS.network(spec)
    predictor = network.predictor()
    loaded = predictor.load([network.layout.fresh(0)])
    rows = numbers(300, n_features, dtype=dtype)
    whole = predictor(loaded, rows)
    for order in (np.random.default_rng(0).permutation(300), np.arange(37, 301 - 1)):
        assert_array_equal(predictor(loaded, rows[order]), whole[order])
    for i in range(0, 300, 11):
        assert_array_equal(predictor(loaded, rows[i : i + 1])[0], whole[i])


@pytest.mark.parametrize("name", ["images", "lstm", "gru"])
def test_prediction_of_images_and_sequences_depends_on_the_row_alone(name):
    spec, rows, _, _ = NETWORKS[name]
    network = PROGRAMS.network(spec)
    predictor = network.predictor()
    loaded = predictor.load([network.layout.fresh(0)])
    rows = numbers(150, *rows.shape[1:])
    whole = predictor(loaded, rows)
    order = np.random.default_rng(0).permutation(150)
    assert_array_equal(predictor(loaded, rows[order]), whole[order])
    for i in range(0, 150, 11):
        assert_array_equal(predictor(loaded, rows[i : i + 1])[0], whole[i])


# -- the same bits ---------------------------------------------------------------------


SEEDED = {
    "float32": dense(
        dtype="float32", hidden_units=(16, 8), dropout=0.5, batch_norm=True
    ),
    "float64": dense(
        dtype="float64", hidden_units=(16, 8), dropout=0.5, batch_norm=True
    ),
    "large": dense(dtype="float32", hidden_units=(300, 200)),
    "images": other(convolutional, 12, 12, 3, dtype="float32"),
    "lstm": other(lstm, 9, 3, dtype="float32"),
}


@pytest.mark.parametrize("name", SEEDED)
def test_same_seeds_give_the_same_bits(name):
    spec = SEEDED[name]
    y_shape = (6, 6, 2) if name == "images" else (2,)
    rows = numbers(200, *spec.input_shape, dtype=spec.dtype)
    y = numbers(200, *y_shape, seed=1, dtype=spec.dtype)
    run = functools.partial(
        fit, program_key(spec, y), arrays(rows, y), batch_size=32, epochs=2
    )
    first = run().weights
    assert first.trainable.dtype == spec.dtype
    assert same_bits(run().weights, first)
    assert same_bits(run(cache=ProgramCache()).weights, first)
    assert not same_bits(run(seed=1).weights, first)  # another order of rows
    assert not same_bits(run(start=1).weights, first)  # other weights and dropout


@pytest.mark.parametrize("axis", [0, None])
def test_loss_of_another_shape_than_one_value_per_row_is_refused(axis):
    def wrong(y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 2, axis=axis)

    from skdl import DenseRegressor

    X = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(ValueError, match="one value per row is needed"):
        DenseRegressor(loss=wrong, epochs=1).fit(X, X[:, 0])
