"""Members: copies of a network, trained side by side, as each would be alone."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl.exceptions import TrainingDivergedError
from skdl.training import _program
from skdl.training._data import ArrayData
from skdl.training._loop import Listener, Plan, Stopping, train
from skdl.training._program import PROGRAMS, ProgramCache, can_have_members
from skdl.training._schedules import learning_rates
from skdl.training._trained import TrainedNetwork
from skdl.training._weights import Weights
from tests.training.engine import (
    RATE,
    Noted,
    arrays,
    convolutional,
    dense,
    gru,
    keras_fit,
    numbers,
    other,
    penalised,
    program_key,
    row_weights,
    same_bits,
    subclassed,
    weights_of,
)

OPT = keras.optimizers
SIZES = (33, 40, 37)  # with batches of 8 as many steps, but another last batch
SEEDS = (3, 1, 4)


def rows_of(spec, sizes, seed=0):
    """Rows of each member, with weights."""
    shape = spec.input_shape
    outputs = {convolutional: (3, 3, 2), gru: (5, 2)}.get(spec.build, (2,))
    return [
        (
            numbers(n, *shape, seed=seed + n, dtype=spec.dtype),
            numbers(n, *outputs, seed=seed + n + 1, dtype=spec.dtype),
            row_weights(n, spec.dtype),
        )
        for n in sizes
    ]


def fit_members(
    key,
    data,
    *,
    seeds=SEEDS,
    start=None,
    batch_size=8,
    epochs=4,
    validation=None,
    stopping=None,
    weight_decay=0.0,
    schedule=None,
    listeners=(),
    cache=PROGRAMS,
):
    """Train members from the weights that their seeds stand for."""
    fresh = cache.network(key.network).layout.fresh
    plan = Plan(
        epochs,
        batch_size,
        learning_rates(schedule, learning_rate=RATE, epochs=epochs),
        list(seeds),
        stopping=stopping,
        weight_decay=weight_decay,
    )
    together = ArrayData.together
    with cache.trainer(replace(key, n_members=len(seeds))) as trainer:
        trainer.reset(start or [fresh(seed) for seed in seeds])
        return train(
            trainer,
            together(data),
            plan,
            validation=validation and together(validation),
            listeners=listeners,
        )


def alone(key, data, *, seeds=SEEDS, validation=None, **options):
    """The same, one after the other."""
    outcomes = []
    for k, seed in enumerate(seeds):
        judged = validation and validation[k : k + 1]
        outcomes += fit_members(
            key, data[k : k + 1], seeds=[seed], validation=judged, **options
        )
    return outcomes


def assert_same(first, second):
    for one, other_one in zip(first, second, strict=True):
        assert same_bits(one.weights, other_one.weights)
        assert one.history == other_one.history
        assert one.best_epoch == other_one.best_epoch
        assert one.n_epochs == other_one.n_epochs


# -- each as it would be alone ---------------------------------------------------------

NETWORKS = {
    "dense": dense(),
    "float32": dense(dtype="float32", hidden_units=(16,), activation="relu"),
    "penalties": dense(l1=0.01, l2=0.01, activity_l2=0.1),
    "dropout": dense(dropout=0.5),
    "batch norm": dense(batch_norm=True, dropout=0.2),
    "prelu": dense(activation="prelu"),
    "add_loss": other(penalised, 3),
    "subclassed": other(subclassed, 3, dropout=0.5),
    "images": other(convolutional, 6, 6, 1),
    "sequences": other(gru, 5, 3),
}


@pytest.mark.parametrize("batch_size", [8, 64])
@pytest.mark.parametrize("name", NETWORKS)
def test_members_have_the_bits_of_networks_trained_alone(name, batch_size):
    spec = NETWORKS[name]
    data = [arrays(*rows) for rows in rows_of(spec, SIZES)]
    judged = [arrays(*rows) for rows in rows_of(spec, (9, 300, 5), seed=7)]
    key = program_key(spec, rows_of(spec, [1])[0][1])
    options = {
        "batch_size": batch_size,
        "validation": judged,
        "stopping": Stopping("val_loss", patience=2),
        "schedule": "cosine",
    }
    assert_same(fit_members(key, data, **options), alone(key, data, **options))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "nadam", "rmsprop"])
def test_every_optimizer_that_can_takes_the_same_steps_for_members(optimizer):
    key = program_key(dense(), numbers(2, 2), optimizer=optimizer)
    assert can_have_members(key)
    data = [arrays(*rows) for rows in rows_of(key.network, SIZES)]
    assert_same(fit_members(key, data), alone(key, data))


def test_large_members_have_the_bits_of_networks_trained_alone():
    """From 20,000 parameters TensorFlow's own Adam takes the steps."""
    spec = dense(30, dtype="float32", hidden_units=(300, 60), activation="relu")
    key = program_key(spec, numbers(2, 2, dtype="float32"))
    data = [arrays(*rows) for rows in rows_of(spec, SIZES)]
    assert_same(fit_members(key, data), alone(key, data))


@pytest.mark.parametrize("name", ["dense", "images"])
def test_members_match_keras_fit(name):
    spec = NETWORKS[name]
    rows = rows_of(spec, SIZES)
    noted = [arrays(*each, kind=Noted) for each in rows]
    key = program_key(spec, rows[0][1])
    models = [spec.model(seed=seed) for seed in SEEDS]
    start = [weights_of(model) for model in models]
    for of_one, seed, weights in zip(noted, SEEDS, start, strict=True):
        fit_members(key, [of_one], seeds=[seed], start=[weights])
    outcomes = fit_members(key, [arrays(*each) for each in rows], start=start)
    for model, each, of_one, outcome in zip(models, rows, noted, outcomes, strict=True):
        weights, history = keras_fit(
            model, *each, optimizer=OPT.Adam(RATE), batch_size=8, orders=of_one.orders
        )
        assert_allclose(outcome.weights.trainable, weights.trainable, rtol=1e-7)
        # Keras's mean over an epoch counts batches by their weights, ours by rows
        assert_allclose(outcome.history["loss"], history["loss"], rtol=0.05)


def test_rows_of_members_may_be_parts_of_the_same_arrays():
    X, y, weight = rows_of(dense(), [50])[0]
    rng = np.random.default_rng(0)
    parts = [rng.permutation(50)[:40] for _ in SEEDS]
    held = [np.setdiff1d(np.arange(50), part) for part in parts]
    whole = arrays(X, y, weight)
    key = program_key(dense(), y)
    options = {"stopping": Stopping("val_loss", patience=2)}

    def normalised(rows):
        return weight[rows] / weight[rows].mean()

    shared = fit_members(
        key,
        [whole.part(rows, weight) for rows in parts],
        validation=[whole.part(rows, weight) for rows in held],
        **options,
    )
    copies = fit_members(
        key,
        [arrays(X[rows], y[rows], normalised(rows)) for rows in parts],
        validation=[arrays(X[rows], y[rows], normalised(rows)) for rows in held],
        **options,
    )
    for one, two in zip(shared, copies, strict=True):
        assert_allclose(one.weights.trainable, two.weights.trainable, rtol=1e-12)
        assert_allclose(one.history["val_loss"], two.history["val_loss"], rtol=1e-12)
    tensors = {
        id(t) for d in [whole, whole.part(held[0], weight)] for t in d._arrays[0]
    }
    assert len(tensors) == 4  # X, y, and two different weights


# -- the end of one is not the end of all ----------------------------------------------


class Seen(Listener):
    """Keeps the weights of every epoch."""

    def __init__(self):
        self.weights = []
        self.logs = []

    def on_epoch_end(self, run, epoch, logs):
        self.weights.append([of["network"] for of in run.trainer.weights()])
        self.logs.append(dict(logs))


def test_best_epochs_and_ends_are_each_members_own():
    spec = dense(hidden_units=(16,))
    data = [arrays(*rows) for rows in rows_of(spec, SIZES)]
    judged = [arrays(*rows) for rows in rows_of(spec, (30, 30, 30), seed=7)]
    seen = Seen()
    outcomes = fit_members(
        program_key(spec, numbers(2, 2)),
        data,
        validation=judged,
        stopping=Stopping("val_loss", patience=3),
        epochs=60,
        listeners=[seen],
    )
    assert len({outcome.n_epochs for outcome in outcomes}) > 1
    for k, outcome in enumerate(outcomes):
        losses = outcome.history["val_loss"]
        assert len(losses) == outcome.n_epochs
        assert outcome.best_epoch == np.argmin(losses) + 1
        assert outcome.n_epochs in (outcome.best_epoch + 3, 60)
        assert same_bits(outcome.weights, seen.weights[outcome.best_epoch - 1][k])
    for epoch, logs in enumerate(seen.logs):
        for name, value in logs.items():
            # after the end of a member, its value in the epoch of its weights
            values = [
                o.history[name][epoch if epoch < o.n_epochs else o.best_epoch - 1]
                for o in outcomes
            ]
            assert_allclose(value, np.mean(values))


def test_without_best_weights_a_member_keeps_those_of_its_last_epoch():
    spec = dense(hidden_units=(16,))
    data = [arrays(*rows) for rows in rows_of(spec, SIZES)]
    judged = [arrays(*rows) for rows in rows_of(spec, (30, 30, 30), seed=7)]
    options = {
        "validation": judged,
        "stopping": Stopping("val_loss", patience=3, restore_best=False),
        "epochs": 60,
    }
    key = program_key(spec, numbers(2, 2))
    outcomes = fit_members(key, data, **options)
    assert len({outcome.n_epochs for outcome in outcomes}) > 1
    assert_same(outcomes, alone(key, data, **options))


def test_member_that_diverges_does_not_harm_the_others():
    key = program_key(dense(), numbers(2, 2))
    rows = rows_of(key.network, SIZES)
    rows[1][0][5] = 1e200  # its square is infinite
    rows[1][1][5] = 1e200
    data = [arrays(*each) for each in rows]
    first, lost, last = fit_members(key, data)
    assert isinstance(lost.error, TrainingDivergedError)
    assert lost.error.epoch == 1
    assert first.error is None
    assert last.error is None
    assert_same(
        [first, last], alone(key, [data[0], data[2]], seeds=(SEEDS[0], SEEDS[2]))
    )


# -- weight decay ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimizer", ["sgd", OPT.SGD(clipnorm=1.0)], ids=["sgd", "by variable"]
)
def test_weight_decay_shrinks_kernels_and_nothing_else(optimizer):
    """Without a gradient, in NumPy by hand."""
    key = program_key(
        dense(), numbers(2, 2), optimizer=optimizer, loss=no_loss, weight_decay=True
    )
    X, y, weight = rows_of(dense(), [40])[0]
    start = PROGRAMS.network(key.network).layout.fresh(0)
    ones = Weights(np.ones_like(start.trainable), start.state)
    (outcome,) = fit_members(
        key,
        [arrays(X, y, weight)],
        seeds=[0],
        start=[ones],
        weight_decay=0.5,
        schedule="cosine",
    )
    rates = RATE * 0.5 * (1 + np.cos(np.pi * np.arange(20) / 20))  # 4 epochs of 5 steps
    shrunk = np.exp(-0.5 * rates.sum())
    expected = np.r_[[shrunk] * 12, [1.0] * 4, [shrunk] * 8, [1.0] * 2]
    assert_allclose(outcome.weights.trainable, expected, rtol=1e-6)


def no_loss(y_true, y_pred):
    return 0.0 * keras.ops.sum(y_pred, axis=-1)


def test_weight_decay_of_members_is_that_of_each_alone():
    key = program_key(dense(), numbers(2, 2), weight_decay=True)
    data = [arrays(*rows) for rows in rows_of(key.network, SIZES)]
    options = {"weight_decay": 2.0}
    outcomes = fit_members(key, data, **options)
    assert_same(outcomes, alone(key, data, **options))
    free = fit_members(key, data, weight_decay=0.0)
    assert not same_bits(outcomes[0].weights, free[0].weights)


# -- which networks, and what remains of them ------------------------------------------

CANNOT = {
    "norm of each variable": OPT.SGD(clipnorm=1.0),
    "norm of all": OPT.SGD(global_clipnorm=1.0),
    "averages in their place": OPT.SGD(use_ema=True, ema_overwrite_frequency=2),
    "factors": OPT.Adafactor(),
}


@pytest.mark.parametrize("name", CANNOT)
def test_optimizers_that_look_at_several_variables_cannot_have_members(name):
    key = program_key(dense(), numbers(2, 2), optimizer=CANNOT[name])
    assert not can_have_members(key)


def test_network_is_traced_once_for_any_fit_of_as_many_members(monkeypatch):
    cache = ProgramCache()
    key = program_key(dense(), numbers(2, 2))
    built = []
    original = _program.Trainer
    monkeypatch.setattr(
        _program, "Trainer", lambda *args: built.append(args) or original(*args)
    )
    for sizes in (SIZES, (8, 8, 8), (100, 90, 1)):
        data = [arrays(*rows) for rows in rows_of(key.network, sizes)]
        fit_members(key, data, batch_size=100, cache=cache)
    assert len(built) == 1
    assert cache.has_idle(replace(key, n_members=3))
    assert not cache.has_idle(key)


@pytest.mark.parametrize("name", ["dense", "batch norm", "images"])
def test_members_answer_side_by_side_as_each_does_alone(name):
    spec = NETWORKS[name]
    layout = PROGRAMS.network(spec).layout
    weights = [layout.fresh(seed) for seed in SEEDS]
    X = numbers(150, *spec.input_shape)
    together = TrainedNetwork(spec, weights, members=True)
    answers = together(X)
    assert len(answers) == 3
    for answer, each, model in zip(answers, weights, together.models(), strict=True):
        assert_array_equal(answer, TrainedNetwork(spec, [each])(X))
        assert_allclose(answer, model(X, training=False), rtol=1e-10, atol=1e-12)
    assert together.n_parameters == 3 * layout.n_parameters


def test_one_member_has_the_axis_too():
    spec = dense()
    weights = PROGRAMS.network(spec).layout.fresh(0)
    assert TrainedNetwork(spec, [weights], members=True)(numbers(5, 3)).shape == (
        1,
        5,
        2,
    )
    assert TrainedNetwork(spec, [weights])(numbers(5, 3)).shape == (5, 2)
