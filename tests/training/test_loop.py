"""The epoch loop: order, history, stopping and rates, told by a scripted trainer."""

import math
import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV

from skdl import DenseClassifier
from skdl.exceptions import TrainingDivergedError
from skdl.training._loop import Listener, Plan, Stopping, train
from skdl.training._schedules import learning_rates
from skdl.training._weights import Weights
from tests.training.engine import (
    arrays,
    dense,
    fit,
    keras_fit,
    numbers,
    program_key,
    weights_of,
)

N = 10


class Scripted:
    """A trainer whose losses are given beforehand; its weights count the epochs."""

    def __init__(self, loss, val_loss=(), accuracy=()):
        self.losses, self.validation = (
            list(loss),
            list(zip(val_loss, accuracy, strict=True)),
        )
        self.epoch = 0
        self.finished = False
        self.is_random = False
        self.calls = []  # (rows, rates, batch_size) of every epoch
        self.players, self.every = {"network": None}, [1]
        self.answers = "network"

    def loss_name(self, player):
        return "loss"

    def begin_epoch(self):
        return 0.0

    def run(self, members, first_step, rates, decays, draws, batch_size, totals):
        ((_, _, _, order),) = members
        self.calls.append((list(order), list(*rates), batch_size))
        self.epoch += 1
        return totals + len(order) * self.losses[self.epoch - 1]

    def means(self, totals, n_rows):
        return [{"loss": totals / n_rows[0][0]}]

    def begin_evaluation(self):
        return np.zeros(2), []

    def evaluate(self, members, totals, tallies, first_row):
        return totals + N * np.array(self.validation[self.epoch - 1])

    def judged(self, totals, tallies, total_weights, n_rows):
        loss, accuracy = (totals / total_weights[0]).tolist()
        return [{"loss": loss, "accuracy": accuracy}]

    def weights(self):
        return [{"network": self.epoch}]

    def finish(self):
        self.finished = True


class Rows:
    """As much of `ArrayData` as the loop asks for."""

    sizes = (N,)
    total_weights = (float(N),)

    def training_blocks(self, orders, batch_size):
        (order,) = orders
        yield [(None, None, None, order)]

    def evaluation_blocks(self, running):
        assert running == [True]
        yield [(None, None, None, np.arange(N))]


def run(trainer, *, batch_size=3, seed=0, schedule=None, epochs=None, **options):
    epochs = epochs or len(trainer.losses)
    plan_options = {
        name: options.pop(name)
        for name in ("stopping", "first_epoch")
        if name in options
    }
    rates = learning_rates(schedule, learning_rate=1.0, epochs=epochs)
    plan = Plan(epochs, batch_size, rates, [seed], **plan_options)
    (outcome,) = train(trainer, Rows(), plan, **options)
    if outcome.error is not None:
        raise outcome.error
    return outcome


# -- history ---------------------------------------------------------------------------


def test_history_without_validation():
    outcome = run(Scripted([3.0, 2.0, 1.0]))
    assert outcome.history == {"loss": [3, 2, 1], "learning_rate": [1, 1, 1]}
    assert (outcome.n_epochs, outcome.best_epoch, outcome.weights) == (3, 3, 3)


def test_history_with_validation_and_metrics():
    trainer = Scripted([3.0, 2.0], val_loss=[5.0, 4.0], accuracy=[0.25, 0.5])
    outcome = run(trainer, validation=Rows())
    assert outcome.history == {
        "loss": [3.0, 2.0],
        "val_loss": [5.0, 4.0],
        "val_accuracy": [0.25, 0.5],
        "learning_rate": [1.0, 1.0],
    }
    assert all(type(v) is float for values in outcome.history.values() for v in values)


def test_averaged_weights_are_put_in_place_at_the_end():
    trainer = Scripted([1.0])
    run(trainer)
    assert trainer.finished


# -- order -----------------------------------------------------------------------------


def orders(seed=0, **options):
    trainer = Scripted([1.0] * 4)
    run(trainer, seed=seed, **options)
    return [rows for rows, _, _ in trainer.calls]


def test_every_epoch_has_another_order_of_all_rows():
    seen = orders()
    assert all(sorted(order) == list(range(N)) for order in seen)
    assert len(set(map(tuple, seen))) == 4


def test_order_depends_on_the_seed_and_the_epoch_alone():
    assert orders() == orders()
    assert orders(batch_size=7) == orders()
    assert orders(epochs=2) == orders()[:2]
    assert orders(epochs=2, first_epoch=1) == orders()[1:3]  # training goes on
    assert all(a != b for a, b in zip(orders(seed=1), orders(), strict=True))


@pytest.mark.parametrize("batch_size", [N, N + 1])
def test_full_batch_is_not_shuffled(batch_size):
    assert orders(batch_size=batch_size) == [list(range(N))] * 4


# -- stopping, against Keras's callback ------------------------------------------------


def keras_early_stopping(values, **options):
    """Epochs run and the epoch whose weights Keras's callback would restore."""

    class Model:
        stop_training = False
        epoch = 0

        def get_weights(self):
            return self.epoch

        def set_weights(self, epoch):
            self.epoch = epoch

    callback = keras.callbacks.EarlyStopping(restore_best_weights=True, **options)
    callback.set_model(Model())
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.model.epoch = epoch + 1
        callback.on_epoch_end(epoch, {options["monitor"]: value})
        if callback.model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, callback.model.epoch


@pytest.mark.parametrize("monitor", ["loss", "val_loss", "val_accuracy"])
@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("min_delta", [0.0, 0.25])
def test_stopping_is_that_of_keras(monitor, patience, min_delta):
    mode = "max" if monitor.endswith("accuracy") else "min"
    options = {"monitor": monitor, "patience": patience, "min_delta": min_delta}
    for seed in range(20):
        values = np.random.default_rng(seed).integers(0, 9, 12) / 8
        constant = np.ones(12)
        columns = {"loss": constant, "val_loss": constant, "val_accuracy": constant}
        columns[monitor] = values
        outcome = run(
            Scripted(*columns.values()),
            validation=Rows(),
            stopping=Stopping(
                monitor, patience, min_delta, larger_is_better=mode == "max"
            ),
        )
        n_epochs, best = keras_early_stopping(values, mode=mode, **options)
        assert outcome.n_epochs == n_epochs
        assert outcome.best_epoch == outcome.weights == best
        assert len(outcome.history["loss"]) == n_epochs


def test_best_weights_are_left_alone_unless_asked_for():
    values = [3.0, 1.0, 2.0, 2.0, 2.0]
    stopping = Stopping("loss", patience=2, restore_best=False)
    outcome = run(Scripted(values), stopping=stopping)
    assert (outcome.n_epochs, outcome.best_epoch, outcome.weights) == (4, 2, 4)


def test_best_weights_come_back_when_patience_did_not_run_out():
    outcome = run(Scripted([3.0, 1.0, 2.0]), stopping=Stopping("loss", patience=9))
    assert (outcome.n_epochs, outcome.best_epoch, outcome.weights) == (3, 2, 2)


class Stop(Listener):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, run, epoch, logs):
        run.stop = epoch == self.epoch


def test_listener_may_stop_training():
    outcome = run(Scripted([1.0] * 9), listeners=[Stop(1)])
    assert outcome.n_epochs == outcome.weights == 2


# -- learning rates --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (None, [[1.0] * 4] * 3),
        ({1: 0.5, 2: 0.25}, [[1.0] * 4, [0.5] * 4, [0.25] * 4]),
        (lambda epoch: 1 / (1 + epoch), [[1.0] * 4, [1 / 2] * 4, [1 / 3] * 4]),
        (
            "cosine",
            [
                [
                    (1 + math.cos(math.pi * (4 * epoch + step) / 12)) / 2
                    for step in range(4)
                ]
                for epoch in range(3)
            ],
        ),
        (
            keras.optimizers.schedules.PiecewiseConstantDecay([4], [0.5, 0.125]),
            [[0.5] * 4, [0.5, 0.125, 0.125, 0.125], [0.125] * 4],
        ),
    ],
)
def test_program_is_given_the_rate_of_every_step(schedule, expected):
    trainer = Scripted([1.0] * 3)
    outcome = run(trainer, schedule=schedule)
    assert_allclose([rates for _, rates, _ in trainer.calls], expected, rtol=1e-6)
    assert_allclose(outcome.history["learning_rate"], [r[0] for r in expected])


def test_rate_changed_by_a_listener_holds_from_the_same_epoch_on():
    class Halve(Listener):
        seen = ()

        def on_epoch_begin(self, run, epoch, learning_rate):
            self.seen = [*self.seen, learning_rate]
            run.learning_rate_factor *= 0.5

    halve, trainer = Halve(), Scripted([1.0] * 3)
    outcome = run(trainer, schedule={2: 0.1}, listeners=[halve])
    assert_allclose(halve.seen, [1.0, 1.0, 0.1])  # as planned
    assert_allclose(outcome.history["learning_rate"], [0.5, 0.25, 0.0125])
    assert_allclose([rates[-1] for _, rates, _ in trainer.calls], [0.5, 0.25, 0.0125])


def test_scheduled_rates_give_the_weights_of_keras_fit():
    X, y, spec = numbers(N, 3), numbers(N, 2, seed=1), dense()
    schedule = keras.optimizers.schedules.PolynomialDecay(0.25, 4, 2.0**-6)
    model = spec.model(seed=1)
    outcome = fit(
        program_key(spec, y),
        arrays(X, y),
        start=weights_of(model),
        schedule=schedule,
        epochs=6,
    )
    expected, _ = keras_fit(
        model, X, y, optimizer=keras.optimizers.Adam(schedule), epochs=6
    )
    assert_allclose(outcome.weights.trainable, expected.trainable, rtol=1e-5)


# -- divergence ------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_divergence_says_when_and_how_to_go_on(name, value):
    columns = {"loss": [1.0, 1.0], "val_loss": [1.0, 1.0], "accuracy": [1.0, 1.0]}
    columns[name][1] = value
    with pytest.raises(TrainingDivergedError) as info:
        run(Scripted(*columns.values()), schedule={1: 0.25}, validation=Rows())
    error = info.value
    assert (error.epoch, error.quantity, error.learning_rate) == (2, name, 0.25)
    assert f"{name} is {value} in epoch 2 at learning_rate=0.25. Try" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_diverging_candidate_fails_and_the_others_are_fine():
    X = numbers(40, 3)
    y = X[:, 0] > 0
    est = DenseClassifier(
        hidden_units=(4,), epochs=3, optimizer="sgd", input_scaling=None, random_state=0
    )
    grid = {"learning_rate": [0.01, 1e30, 0.1]}
    search = GridSearchCV(est, grid, cv=2, error_score=np.nan, refit=False)
    with pytest.warns(match=r"TrainingDivergedError: Training diverged: loss is"):
        search.fit(100 * X, y)
    scores = search.cv_results_["mean_test_score"]
    assert_array_equal(np.isnan(scores), [False, True, False])
    for rate, score in zip((0.01, 0.1), scores[[0, 2]], strict=True):
        alone = GridSearchCV(est, {"learning_rate": [rate]}, cv=2, refit=False)
        assert alone.fit(100 * X, y).cv_results_["mean_test_score"] == [score]


# -- Ctrl-C ----------------------------------------------------------------------------


class Interrupt(Listener):
    def __init__(self, event, epoch):
        self.event, self.epoch = event, epoch

    def _maybe(self, event, epoch):
        if (event, epoch) == (self.event, self.epoch):
            raise KeyboardInterrupt

    def on_epoch_begin(self, run, epoch, learning_rate):
        self._maybe("begin", epoch)

    def on_epoch_end(self, run, epoch, logs):
        self._maybe("end", epoch)


def interrupted(train, *args, **options):
    """What is offered to be kept before the interrupt goes on to the caller."""
    kept = []

    def keep(interrupt, outcomes):
        assert isinstance(interrupt, KeyboardInterrupt)
        kept.extend(outcomes)

    with pytest.raises(KeyboardInterrupt) as info:
        train(*args, keep=keep, **options)
    assert info.type is KeyboardInterrupt  # a shell asks for no other
    return kept


@pytest.mark.parametrize(
    ("event", "epoch", "finished", "trained"),
    [("begin", 1, 1, 1), ("end", 1, 1, 2), ("begin", 2, 2, 2), ("end", 2, 2, 3)],
)
def test_interrupt_lets_the_weights_so_far_be_kept(event, epoch, finished, trained):
    trainer = Scripted([1.0] * 5)
    (outcome,) = interrupted(run, trainer, listeners=[Interrupt(event, epoch)])
    assert (outcome.n_epochs, outcome.weights) == (finished, trained)
    assert all(len(values) == finished for values in outcome.history.values())
    assert trainer.finished


@pytest.mark.parametrize("event", ["begin", "end"])
def test_interrupt_in_the_first_epoch_leaves_nothing_to_keep(event):
    trainer = Scripted([1.0] * 5)
    assert interrupted(run, trainer, listeners=[Interrupt(event, 0)]) == []


def test_interrupt_goes_on_where_nobody_keeps_anything():
    with pytest.raises(KeyboardInterrupt):
        run(Scripted([1.0] * 5), listeners=[Interrupt("begin", 2)])


def test_interrupt_comes_before_whatever_fails_in_keeping():
    def keep(interrupt, outcomes):
        raise RuntimeError

    with pytest.raises(KeyboardInterrupt):
        run(Scripted([1.0] * 5), listeners=[Interrupt("begin", 2)], keep=keep)


def test_interrupt_returns_to_the_best_weights_if_asked_for():
    trainer = Scripted([2.0, 1.0, 3.0, 3.0])
    stopping = Stopping("loss", patience=5)
    (outcome,) = interrupted(
        run, trainer, listeners=[Interrupt("end", 3)], stopping=stopping
    )
    assert (outcome.n_epochs, outcome.best_epoch, outcome.weights) == (3, 2, 2)


def test_interrupted_step_leaves_a_usable_program():
    X, y = numbers(N, 3), numbers(N, 2, seed=1)
    key = program_key(dense(), y)
    expected = fit(key, arrays(X, y)).weights

    class Interrupted(type(arrays(X, y))):
        n_before = 1

        def training_blocks(self, orders, batch_size):
            yield from super().training_blocks(orders, batch_size)
            self.n_before -= 1
            if self.n_before < 0:
                raise KeyboardInterrupt

    (outcome,) = interrupted(fit, key, arrays(X, y, kind=Interrupted))
    assert outcome.n_epochs == 1
    assert isinstance(outcome.weights, Weights)
    assert_array_equal(fit(key, arrays(X, y)).weights.trainable, expected.trainable)


# -- listeners -------------------------------------------------------------------------


class Log(Listener):
    def __init__(self, name, log):
        self.name, self.log = name, log

    def on_train_begin(self, run):
        self.log.append(("train begins", self.name, run.trainer.epoch))

    def on_epoch_begin(self, run, epoch, learning_rate):
        self.log.append(("begins", self.name, run.trainer.epoch))

    def on_epoch_end(self, run, epoch, logs):
        self.log.append(("ends", self.name, run.trainer.epoch))
        logs[self.name] = 10.0 * epoch

    def on_train_end(self, run):
        self.log.append(("train ends", self.name, run.trainer.epoch))


def test_listeners_hear_all_in_their_order_and_may_add_to_the_history():
    log = []
    outcome = run(Scripted([1.0, 1.0]), listeners=[Log("a", log), Log("b", log)])
    steps = [("train begins", 0), ("begins", 0), ("ends", 1), ("begins", 1)]
    steps += [("ends", 2), ("train ends", 2)]
    assert log == [(what, name, epoch) for what, epoch in steps for name in "ab"]
    assert outcome.history["a"] == outcome.history["b"] == [0.0, 10.0]


def test_listeners_are_told_of_no_end_that_is_an_interrupt():
    """As Keras's callbacks are: a backup, say, is then still there."""
    log = []
    interrupted(
        run, Scripted([1.0] * 2), listeners=[Log("a", log), Interrupt("end", 1)]
    )
    assert [what for what, *_ in log] == ["train begins", *["begins", "ends"] * 2]
