"""Programs: what is traced once, what the cache keeps, and what it forgets."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers
from numpy.testing import assert_array_equal

from skdl import DenseClassifier, DenseRegressor
from skdl.training import _program
from skdl.training._data import StreamData
from skdl.training._loop import Listener
from skdl.training._program import MAX_PROGRAMS, ProgramCache
from tests.training.engine import (
    arrays,
    dense,
    fit,
    numbers,
    other,
    program_key,
    row_weights,
    same_bits,
    squared_error,
)

X, Y = numbers(20, 3), numbers(20, 2, seed=1)


@pytest.fixture
def cache(monkeypatch):
    """A cache of its own, also for estimators."""
    fresh = ProgramCache()
    monkeypatch.setattr(_program, "PROGRAMS", fresh)
    return fresh


def use(cache, key):
    """Borrow a trainer and give it back."""
    with cache.trainer(key) as trainer:
        return trainer


# -- traced once -----------------------------------------------------------------------

PASSES = []  # one entry each time Python runs through the network


class Passed(layers.Layer):
    """Notes every pass; a traced function runs through Python no more."""

    def call(self, inputs):
        PASSES.append(None)
        return inputs


def watched(input_shape, n_outputs, *, dtype, units=4):
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.Dense(units, "tanh", dtype=dtype)(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs)(Passed(dtype=dtype)(x)))


def data(n, n_features=3, dtype="float64", stream=False):
    X = numbers(n, n_features, dtype=dtype)
    y, weight = numbers(n, 2, seed=1, dtype=dtype), row_weights(n, dtype)
    if stream:
        return StreamData(X.__getitem__, X.shape[1:], y, weight, dtype=dtype)
    return arrays(X, y, weight)


def passes(cache, *, n=20, n_val=5, n_new=3, stream=False, key=None, **options):
    """How often a fit with validation and predictions runs through Python."""
    key = key or program_key(other(watched, 3), Y)
    network = cache.network(key.network)
    before = len(PASSES)
    n_features, dtype = key.network.input_shape[0], key.network.dtype
    rows, validation = (data(k, n_features, dtype, stream) for k in (n, n_val))
    outcome = fit(key, rows, validation=validation, cache=cache, **options)
    predictor = network.predictor()
    rows = numbers(n_new, n_features, dtype=dtype)
    predictor(predictor.load([outcome.weights]), rows)
    return len(PASSES) - before


VALUES = {
    "nothing": {},
    "rows": {"n": 33},
    "one row": {"n": 1},
    "validation rows": {"n_val": 600},
    "new rows": {"n_new": 300},
    "batch size": {"batch_size": 3},
    "batch of one": {"batch_size": 1},
    "rate": {"rate": 0.5},
    "schedule": {"schedule": "cosine"},
    "Keras's schedule": {"schedule": keras.optimizers.schedules.CosineDecay(0.1, 9)},
    "epochs": {"epochs": 5},
    "seed": {"seed": 7, "start": 7},
    "stream": {"stream": True},
}


def test_values_are_not_part_of_a_program(cache):
    assert passes(cache) > 0
    traced_again = {name: passes(cache, **options) for name, options in VALUES.items()}
    assert traced_again == dict.fromkeys(VALUES, 0)


KEYS = {
    "network": program_key(other(watched, 3, units=5), Y),
    "features": program_key(other(watched, 4), Y),
    "dtype": program_key(other(watched, 3, dtype="float32"), Y.astype("float32")),
    "optimizer": program_key(other(watched, 3), Y, optimizer="sgd"),
    "loss": program_key(other(watched, 3), Y, loss=keras.losses.mean_absolute_error),
    "metrics": program_key(other(watched, 3), Y, metrics=(("mse", squared_error),)),
}


@pytest.mark.parametrize("name", KEYS)
def test_all_else_is(cache, name):
    passes(cache)
    assert passes(cache, key=KEYS[name]) > 0
    assert passes(cache, key=KEYS[name]) == 0
    assert passes(cache) == 0  # the first one is still there


def test_parameters_of_estimators_that_are_values(cache):
    calls = []

    def counted(y_true, y_pred):
        calls.append(None)
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)

    def traces(X, y, **params):
        before = len(calls)
        est = DenseClassifier(
            hidden_units=(4,), epochs=2, loss=counted, early_stopping=True
        )
        est.set_params(**params).fit(X, y).predict(X)
        return len(calls) - before

    y = X[:, 0] > 0
    assert traces(X, y) > 0
    values = [
        {"learning_rate": 0.5},
        {"learning_rate_schedule": "one_cycle"},
        {"learning_rate_schedule": {1: 0.5}},
        {"epochs": 3},
        {"batch_size": 7},
        {"class_weight": "balanced"},
        {"class_weight": {False: 1, True: 3}},
        {"random_state": 1},
        {"patience": 1, "min_delta": 0.1, "validation_fraction": 0.3},
        {"restore_best_weights": False, "early_stopping": False},
        {"input_scaling": None},
        {"optimizer": keras.optimizers.Adam(0.25)},
    ]
    assert [traces(X, y, **params) for params in values] == [0] * len(values)
    assert traces(X[1:], y[1:]) == 0
    assert traces(X, np.where(y, "yes", "no")) == 0
    assert traces(X, y, hidden_units=(5,)) > 0


# -- what the cache keeps --------------------------------------------------------------


def key_of_width(width):
    return program_key(dense(hidden_units=(width,)), Y)


def test_least_recently_used_goes_first():
    cache = ProgramCache(max_programs=2)
    a, b, c = map(key_of_width, (1, 2, 3))
    first_a, first_b = use(cache, a), use(cache, b)
    assert use(cache, a) is first_a
    first_c = use(cache, c)  # in the place of b
    assert len(cache) == 2
    assert use(cache, a) is first_a
    assert use(cache, c) is first_c
    assert use(cache, b) is not first_b
    assert len(cache) == 2


def test_bytes_are_bounded():
    # Adam: weights and two moments, 26 float64 each
    needed = use(ProgramCache(), key_of_width(4)).n_bytes
    assert 3 * 26 * 8 <= needed <= 3 * 26 * 8 + 64
    cache = ProgramCache(max_bytes=2 * needed)
    for width in (4, 3, 4, 2, 1):
        use(cache, key_of_width(width))
        assert sum(t.n_bytes for t in idle(cache)) <= 2 * needed
    nothing_fits = ProgramCache(max_bytes=0)
    use(nothing_fits, key_of_width(4))
    assert len(nothing_fits) == 0


def idle(cache):
    return [trainer for trainers in cache._idle.values() for trainer in trainers]


@pytest.mark.parametrize(
    ("max_programs", "n"),
    [(4, 9), pytest.param(MAX_PROGRAMS, 40, marks=pytest.mark.slow)],
)
def test_many_architectures_leave_a_bounded_number_of_programs(
    monkeypatch, max_programs, n
):
    cache = ProgramCache(max_programs, max_networks=max_programs + 2)
    monkeypatch.setattr(_program, "PROGRAMS", cache)
    alive = weakref.WeakSet()
    for width in range(1, n + 1):
        est = DenseRegressor(hidden_units=(width,), epochs=1).fit(X, Y[:, 0])
        alive.add(cache.network(est._trained.spec))
        alive.update(idle(cache))
    gc.collect()
    assert len(cache) == max_programs
    assert len(alive) == 2 * max_programs + 2  # trainers and networks


def loss_scaling():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())


def test_clear_forgets_all():
    cache = ProgramCache()
    network = weakref.ref(cache.network(dense()))
    trainer = weakref.ref(use(cache, program_key(dense(), Y)))
    cache.clear()
    gc.collect()
    assert len(cache) == 0
    assert network() is None
    assert trainer() is None


@pytest.mark.parametrize(
    "optimizer",
    ["adam", keras.optimizers.SGD(clipnorm=1.0), loss_scaling()],
    ids=["flat", "per variable", "loss scaling"],
)
def test_traced_graphs_die_with_their_program(optimizer):
    graphs = weakref.WeakSet()

    def noting_graph(y_true, y_pred):
        if not hasattr(y_pred, "numpy"):  # traced
            graphs.add(y_pred.graph)
        return squared_error(y_true, y_pred)

    cache = ProgramCache()
    key = program_key(dense(), Y, optimizer=optimizer, loss=noting_graph)
    fit(key, arrays(X, Y), validation=arrays(X, Y), cache=cache)
    assert len(graphs) == 2  # of training and of validation
    cache.clear()
    gc.collect()
    assert len(graphs) == 0


def test_clear_during_a_fit_does_no_harm():
    cache, key = ProgramCache(), program_key(dense(), Y)

    class Clear(Listener):
        def on_epoch_end(self, run, epoch, logs):
            cache.clear()

    expected = fit(key, arrays(X, Y), cache=cache)
    outcome = fit(key, arrays(X, Y), cache=cache, listeners=[Clear()])
    assert same_bits(outcome.weights, expected.weights)


# -- threads ---------------------------------------------------------------------------


def test_threads_with_the_same_key_get_different_trainers():
    cache, key = ProgramCache(), program_key(dense(), Y)
    meeting = threading.Barrier(3)

    def borrow(_):
        with cache.trainer(key) as trainer:
            meeting.wait(10)
            return trainer

    with ThreadPoolExecutor(3) as pool:
        trainers = list(pool.map(borrow, range(3)))
    assert len(set(map(id, trainers))) == 3
    assert len(cache) == 3
    assert use(cache, key) in trainers


SPECS = {
    "plain": dense(),
    "all": dense(dropout=0.5, batch_norm=True, l2=0.1, activity_l2=0.1),
}


@pytest.mark.parametrize("name", SPECS)
def test_threads_give_the_same_bits_as_one_after_the_other(name):
    key = program_key(SPECS[name], Y)
    fresh, shared = ProgramCache(), ProgramCache()
    meeting = threading.Barrier(4)

    def train(seed, cache):
        rows = arrays(X, Y)
        return fit(
            key,
            rows,
            start=seed,
            seed=seed,
            batch_size=6,
            validation=rows,
            cache=cache,
        )

    def train_together(seed):
        meeting.wait(10)
        return train(seed, shared)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train_together, range(4)))
    for seed, outcome in enumerate(together):
        alone = train(seed, fresh)
        assert same_bits(outcome.weights, alone.weights)
        assert outcome.history == alone.history


FIRST_IS_HERE, SECOND_IS_DONE = threading.Event(), threading.Event()


class Meeting(layers.Layer):
    """Holds up the first thread, while it traces, until the second one is done."""

    def call(self, inputs, training=False):
        if training and threading.current_thread().name.startswith("first"):
            FIRST_IS_HERE.set()
            SECOND_IS_DONE.wait(1)  # in vain if one thread traces at a time
        return inputs


def meeting_layers(n_outputs, dtype):
    return [
        layers.Dense(4, "tanh", activity_regularizer="l2", dtype=dtype),
        layers.BatchNormalization(dtype=dtype),
        Meeting(dtype=dtype),
        layers.Dense(n_outputs, dtype=dtype),
    ]


class MeetingModel(keras.Model):
    def __init__(self, n_outputs, dtype):
        super().__init__(dtype=dtype)
        self.parts = meeting_layers(n_outputs, dtype)

    def call(self, inputs, training=False):
        for part in self.parts:
            inputs = part(inputs)
        return inputs


def functional(input_shape, n_outputs, *, dtype):
    inputs = x = keras.Input(input_shape, dtype=dtype)
    for part in meeting_layers(n_outputs, dtype):
        x = part(x)
    return keras.Model(inputs, x)


def of_a_class(input_shape, n_outputs, *, dtype):
    model = MeetingModel(n_outputs, dtype)
    model(np.zeros((1, *input_shape), dtype))
    return model


@pytest.mark.parametrize("build", [functional, of_a_class])
@pytest.mark.parametrize("second", ["fits", "predicts"])
def test_two_threads_that_trace_one_network_do_not_mix(build, second):
    FIRST_IS_HERE.clear()
    SECOND_IS_DONE.clear()
    key, cache = program_key(other(build, 3), Y), ProgramCache()
    network = cache.network(key.network)
    run = partial(fit, key, arrays(X, Y), start=network.layout.fresh(0))
    expected = run(cache=ProgramCache())

    def predict():
        predictor = network.predictor()
        predictor(predictor.load([expected.weights]), X)

    tasks = {"fits": partial(run, cache=cache), "predicts": predict}
    with (
        ThreadPoolExecutor(1, thread_name_prefix="first") as one,
        ThreadPoolExecutor(1, thread_name_prefix="second") as two,
    ):
        outcome = one.submit(run, cache=cache)
        FIRST_IS_HERE.wait(10)
        two.submit(tasks[second]).result()
        SECOND_IS_DONE.set()
    assert outcome.result().history["loss"] == expected.history["loss"]
    assert same_bits(outcome.result().weights, expected.weights)


@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.Adafactor()])
def test_programs_share_no_variables(optimizer):
    """Neither with each other nor with the network that is their pattern."""
    cache = ProgramCache()
    key = program_key(dense(batch_norm=True), Y, optimizer=optimizer)
    layout = cache.network(key.network).layout
    pattern = [np.copy(v.numpy()) for v in [*layout.trainable, *layout.state]]
    first, second = layout.fresh(1), layout.fresh(2)
    with cache.trainer(key) as one, cache.trainer(key) as two:
        one.reset([first])
        two.reset([second])
        assert same_bits(one.weights()[0]["network"], first)
        assert same_bits(two.weights()[0]["network"], second)
    for variable, value in zip(
        [*layout.trainable, *layout.state], pattern, strict=True
    ):
        np.testing.assert_array_equal(variable.numpy(), value)


# -- exceptions ------------------------------------------------------------------------


class Failing(Listener):
    def on_epoch_end(self, run, epoch, logs):
        if epoch == 1:
            raise RuntimeError("enough")


class Overflowing(Listener):
    """Leaves NaN in all weights and in the optimizer."""

    def on_epoch_begin(self, run, epoch, learning_rate):
        (players,) = run.trainer.weights()
        weights = players["network"]
        lost = weights._replace(trainable=weights.trainable * np.nan)
        run.trainer.set_weights([lost])


@pytest.mark.parametrize(
    ("listener", "error"), [(Failing, RuntimeError), (Overflowing, ValueError)]
)
@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.Adafactor()])
def test_fit_that_fails_does_not_harm_the_next(listener, error, optimizer):
    spec = dense(dropout=0.5, batch_norm=True)
    key = program_key(spec, Y, optimizer=optimizer)
    expected = fit(key, arrays(X, Y), batch_size=6, cache=ProgramCache())
    cache = ProgramCache()
    trainer = use(cache, key)
    with pytest.raises(error):
        fit(key, arrays(X, Y), start=5, cache=cache, listeners=[listener()])
    assert use(cache, key) is trainer  # not lost
    outcome = fit(key, arrays(X, Y), batch_size=6, cache=cache)
    assert same_bits(outcome.weights, expected.weights)
    assert outcome.history == expected.history


# -- no user data ----------------------------------------------------------------------


def variables(trainer):
    (players,) = trainer.weights()
    (optimizer,) = trainer.going_on()
    values = players["network"]
    return [values.trainable, *values.state, *optimizer]


@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.Adafactor()])
def test_idle_trainer_has_forgotten_what_it_learnt(optimizer):
    key = program_key(dense(batch_norm=True), Y, optimizer=optimizer)
    cache = ProgramCache()
    before = variables(use(cache, key))
    fit(key, arrays(X, Y), cache=cache)
    for fresh, kept in zip(before, variables(use(cache, key)), strict=True):
        assert_array_equal(kept, fresh)


class Quiet(keras.callbacks.Callback):
    pass


class Epochs:
    """A scikit-learn callback that asks for all that it can get."""

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context, *, X, y): ...
    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator): ...


FITS = {
    "plain": {},
    "full batch": {"batch_size": "full"},
    "early stopping": {"early_stopping": True},
    "Keras callback": {"callbacks": [Quiet()]},
    "diverging": {"optimizer": "sgd", "learning_rate": 1e30},
}


@pytest.mark.parametrize("name", FITS)
def test_data_die_after_fit(name):
    X, y = numbers(300, 3, dtype="float32"), numbers(300, seed=1, dtype="float32")
    est = DenseRegressor(hidden_units=(4,), epochs=2, **FITS[name])
    est.set_callbacks(Epochs())
    try:
        est.fit(X, y)
    except ValueError:
        assert name == "diverging"
    alive = [weakref.ref(X), weakref.ref(y)]
    del X, y
    gc.collect()
    assert [ref() for ref in alive] == [None, None]


def test_rows_on_the_device_die_after_fit():
    rows = arrays(X, Y)
    tensors = [weakref.ref(tensor) for tensor in rows._arrays[0]]
    fit(program_key(dense(), Y), rows, validation=rows)
    del rows
    gc.collect()
    assert [ref() for ref in tensors] == [None] * 3
