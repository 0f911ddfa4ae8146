"""Two players: what each lowers, what it leaves alone, and what is kept of it."""

from dataclasses import dataclass, replace
from typing import ClassVar

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from skdl.exceptions import TrainingDivergedError
from skdl.training._average import Average
from skdl.training._data import ArrayData, StreamData
from skdl.training._keras_callbacks import KerasCallbacks
from skdl.training._loop import Listener, Plan, Stopping, train
from skdl.training._objective import Value
from skdl.training._program import PROGRAMS, can_have_members
from tests.training.engine import dense, same_bits, weights_of
from tests.training.games import (
    RATES,
    Game,
    arrays,
    by_hand,
    constant,
    fresh,
    game_key,
    play,
    points,
)

X = points(30)
WEIGHT = np.linspace(0.5, 1.5, 30)


def same(first, second):
    """Whether the players' weights are the same bits."""
    return {name: same_bits(first[name], second[name]) for name in first}


def test_game_is_the_loop_that_keras_runs_by_hand():
    """Weights and history of 20 steps; the last batch of an epoch has six rows."""
    key = game_key()
    start = fresh(key)
    outcome = play(key, arrays(X, WEIGHT), start=start)
    models, history = by_hand(key, X, start, weight=WEIGHT)
    for name, model in models.items():
        expected = weights_of(model).trainable
        assert np.abs(expected - start[name].trainable).max() > 0.1
        assert_allclose(outcome.players[name].trainable, expected, atol=1e-10)
    for name in history[0]:
        assert_allclose(outcome.history[name], [seen[name] for seen in history])


def test_whole_epochs_are_computed_in_the_graph():
    Game.calls.clear()
    key = game_key(objective=Game(gamma=0.125))
    calls, data = [], arrays(X)
    with PROGRAMS.trainer(key) as trainer:
        once = trainer.run
        trainer.run = lambda *args: calls.append(1) or once(*args)
        trainer.reset([fresh(key)])
        train(trainer, data, Plan(7, 8, constant(0.01), [0]))
        del trainer.run
    assert Game.calls == ["critic", "generator"]  # traced, each once
    assert len(calls) == 7


@pytest.mark.parametrize("still", ["critic", "generator"])
def test_step_of_one_player_leaves_every_bit_of_the_other(still):
    specs = {
        "generator": dense(2, 2, hidden_units=(8,), batch_norm=True, dropout=0.2),
        "critic": dense(2, 1, hidden_units=(8,), batch_norm=True, dropout=0.2),
    }
    key = game_key(specs=specs, every={still: 10**6})
    start = fresh(key)
    outcome = play(key, arrays(X), start=start)
    assert same(outcome.players, start) == {
        name: name == still for name in ("critic", "generator")
    }
    moved = next(name for name in start if name != still)
    state = zip(outcome.players[moved].state, start[moved].state, strict=True)
    assert any((a != b).any() for a, b in state)  # moving averages, seeds


def test_player_that_moves_in_each_third_step_is_one_that_had_a_third_of_the_steps():
    """Against a critic that does not move, on full batches without noise."""
    objective = Silent()
    still = {"critic": 10**6}
    third = game_key(objective=objective, every={**still, "generator": 3})
    each = game_key(objective=objective, every=still)
    start = fresh(each)
    options = {"batch_size": len(X), "start": start}
    outcome = play(third, arrays(X), epochs=14, **options)
    expected = play(each, arrays(X), epochs=4, **options)
    assert all(same(outcome.players, expected.players).values())
    losses = np.array(outcome.history["generator_loss"])
    assert_array_equal(np.isnan(losses), (np.arange(14) + 1) % 3 != 0)
    assert_array_equal(losses[2::3], expected.history["generator_loss"])
    assert np.isnan(outcome.history["critic_loss"]).all()


@dataclass(frozen=True)
class Silent(Game):
    """A game without noise: real rows are what the generator is given."""

    is_random: ClassVar[bool] = False

    def value(self, player, networks, batch, tools):
        made = networks["critic"](networks["generator"](batch.X))[:, 0]
        sign = 1.0 if player == "critic" else -1.0
        losses = batch.weight * ops.softplus(sign * made)
        return Value(losses, {"penalty": losses, "real": losses})


def test_losses_of_a_player_are_means_over_the_rows_of_its_steps():
    """Steps of 8, 8, 8 and 6 rows: the second and the fourth are the generator's."""
    key = game_key(every={"generator": 2})
    outcome = play(key, arrays(X), epochs=1, rates=dict.fromkeys(RATES, 0.0))
    counted = game_key(objective=Counting(), every={"generator": 2})
    told = play(counted, arrays(X), epochs=1, rates=dict.fromkeys(RATES, 0.0))
    assert_allclose(told.history["generator_loss"], [(8 * 8 + 6 * 6) / 14])
    assert_allclose(told.history["critic_loss"], [(3 * 64 + 36) / 30])
    assert set(outcome.history) == {
        "critic_loss",
        "penalty",
        "real",
        "generator_loss",
        "learning_rate",
        "critic_learning_rate",
    }


@dataclass(frozen=True)
class Counting(Game):
    """Each row's value is the number of rows in its batch."""

    def value(self, player, networks, batch, tools):
        nothing = 0.0 * networks[player](batch.X)[:, 0]
        rows = nothing + ops.cast(tools.n_rows, "float64")
        return Value(rows, {"penalty": rows, "real": rows})


# -- averages --------------------------------------------------------------------------


class Raw(Listener):
    """Notes the weights of a player after every epoch, not averaged."""

    def __init__(self, player):
        self.player, self.seen = player, []

    def on_epoch_end(self, run, epoch, logs):
        (weights,) = run.trainer.players[self.player].weights(averaged=False)
        self.seen.append(weights.trainable)


def averaged(seen, average):
    """In NumPy: d * mean + (1 - d) * weights, d zero in the first step."""
    mean = seen[0]
    for t, weights in enumerate(seen[1:], start=1):
        decay = min(average.decay, t / (t + 9)) if average.grows else average.decay
        mean = decay * mean + (1 - decay) * weights
    return mean


@pytest.mark.parametrize("average", [Average(0.9), Average(0.5, grows=True)])
def test_average_is_what_numpy_computes_and_stands_beside_the_weights(average):
    plain, raw = game_key(), Raw("generator")
    key = game_key(average={"generator": average})
    options = {"start": fresh(key), "batch_size": len(X), "epochs": 15}
    outcome = play(key, arrays(X), listeners=[raw], **options)
    expected = play(plain, arrays(X), **options).players
    assert_array_equal(raw.seen[-1], expected["generator"].trainable)
    assert same_bits(outcome.players["critic"], expected["critic"])
    mean = averaged(raw.seen, average)
    assert np.abs(mean - raw.seen[-1]).max() > 1e-3
    assert_allclose(outcome.players["generator"].trainable, mean, rtol=1e-12)


def test_best_epoch_has_the_average_of_that_epoch():
    average, raw = Average(0.75), Raw("generator")
    key = game_key(average={"generator": average})
    outcome = play(
        key,
        arrays(X),
        batch_size=len(X),
        epochs=12,
        validation=arrays(points(20, seed=1)),
        stopping=Stopping("val_made", patience=20, larger_is_better=True),
        listeners=[raw],
    )
    made = outcome.history["val_made"]
    assert outcome.best_epoch == np.argmax(made) + 1
    mean = averaged(raw.seen[: outcome.best_epoch], average)
    assert_allclose(outcome.players["generator"].trainable, mean, rtol=1e-12)


def test_validation_judges_the_average():
    """Critic and noise by hand, from the weights that are kept."""
    key = game_key(average={"critic": Average(0.9)})
    X_val = points(20, seed=1)
    outcome = play(key, arrays(X), validation=arrays(X_val))
    critic = key.players[0].network
    layout, model = PROGRAMS.network(critic).layout, critic.model()
    layout.write(layout.variables(model), outcome.players["critic"])
    assert_allclose(outcome.history["val_real"][-1], np.mean(model(X_val)), rtol=1e-10)


# -- as with one network ---------------------------------------------------------------


def test_same_seed_gives_the_same_bits_in_several_calls_and_in_a_stream(monkeypatch):
    key = game_key()
    expected = play(key, arrays(X), validation=arrays(X))
    in_calls = arrays(X)
    in_calls._steps = 1
    monkeypatch.setattr("skdl.training._data.BLOCK_BYTES", 8 * X[0].nbytes)
    y, weight = np.zeros((30, 0)), np.ones(30)
    stream = StreamData(X.__getitem__, (2,), y, weight, dtype="float64")
    for data in (arrays(X), in_calls, stream):
        outcome = play(key, data, validation=arrays(X))
        assert all(same(outcome.players, expected.players).values())
        assert outcome.history == expected.history
    judged = play(key, arrays(X), validation=stream)
    assert_allclose(judged.history["val_made"], expected.history["val_made"])
    other = play(key, arrays(X), seed=1)
    assert not any(same(other.players, expected.players).values())


def test_members_of_a_game_are_what_each_is_alone():
    key, seeds = game_key(average={"generator": Average(0.9)}), [3, 5]
    assert can_have_members(key)
    starts = [fresh(key, seed) for seed in seeds]
    plan = Plan(5, 8, {k: constant(r) for k, r in RATES.items()}, seeds)
    plan.stopping = Stopping("generator_loss", patience=1)
    with PROGRAMS.trainer(replace(key, n_members=2)) as trainer:
        trainer.reset(starts)
        together = train(trainer, ArrayData.together([arrays(X), arrays(X)]), plan)
    for outcome, seed, start in zip(together, seeds, starts, strict=True):
        alone = play(key, arrays(X), seed=seed, start=start, stopping=plan.stopping)
        assert all(same(outcome.players, alone.players).values())
        assert outcome.history == alone.history


def test_training_goes_on_from_weights_averages_and_optimizers():
    key = game_key(average={"generator": Average(0.9)})
    whole = play(key, arrays(X), epochs=6)
    plans = [
        Plan(n, 8, {k: constant(r) for k, r in RATES.items()}, [0]) for n in (4, 2)
    ]
    plans[1].first_epoch = 4
    start, going_on = fresh(key), None
    for plan in plans:
        with PROGRAMS.trainer(key) as trainer:
            trainer.reset([start], going_on)
            (outcome,) = train(trainer, arrays(X), plan)
            start, going_on = outcome.players, trainer.going_on()
    assert all(same(outcome.players, whole.players).values())


def test_divergence_names_the_player():
    rates = {"critic": 0.01, "generator": 1e300}
    with pytest.raises(TrainingDivergedError, match=r"(generator|critic)_loss"):
        play(game_key(critic="sgd", generator="sgd"), arrays(X), rates=rates)


def test_learning_rates_and_schedules_are_each_players_own():
    key = game_key(critic="sgd", generator="sgd")
    outcome = play(key, arrays(X), epochs=2)
    assert outcome.history["critic_learning_rate"] == [RATES["critic"]] * 2
    assert outcome.history["learning_rate"] == [RATES["generator"]] * 2
    start = fresh(key)
    still = play(key, arrays(X), start=start, rates={**RATES, "critic": 0.0})
    assert same(still.players, start) == {"critic": True, "generator": False}


class Slower(Listener):
    """Sets the rate as a callback of a compiled model does, or a factor."""

    def __init__(self, **values):
        self.values = values

    def on_train_begin(self, run):
        vars(run).update(self.values)


@pytest.mark.parametrize(
    "values", [{"learning_rate_factor": 0.5}, {"learning_rate": RATES["generator"] / 2}]
)
def test_rate_of_a_callback_holds_for_all_players_in_proportion(values):
    key = game_key()
    outcome = play(key, arrays(X), listeners=[Slower(**values)])
    halves = {name: rate / 2 for name, rate in RATES.items()}
    expected = play(key, arrays(X), rates=halves)
    assert all(same(outcome.players, expected.players).values())


class Interrupt(Listener):
    def on_epoch_begin(self, run, epoch, learning_rate):
        if epoch == 3:
            raise KeyboardInterrupt


def test_interrupt_leaves_both_players_as_they_were_after_the_last_epoch():
    kept, key = [], game_key(average={"generator": Average(0.9)})
    with pytest.raises(KeyboardInterrupt):
        play(
            key,
            arrays(X),
            listeners=[Interrupt()],
            keep=lambda interrupt, outcomes: kept.extend(outcomes),
        )
    expected = play(key, arrays(X), epochs=3)
    assert all(same(kept[0].players, expected.players).values())
    assert kept[0].history == expected.history


class Seen(keras.callbacks.Callback):
    """Notes the generator after each epoch, and makes it small after the second."""

    def on_epoch_end(self, epoch, logs=None):
        noted.append((self.model.get_weights(), dict(logs)))
        if epoch == 1:
            self.model.set_weights([0.1 * w for w in noted[0][0]])


noted = []


def test_keras_callbacks_see_the_network_that_answers():
    noted.clear()
    key = game_key()
    network = key.network
    callbacks = KerasCallbacks(
        [Seen()],
        PROGRAMS.network(network).layout,
        network.model,
        key.answering.optimizer.build,
        lambda model, optimizer: model.compile(optimizer),
        n_steps=4,
        verbose=0,
    )
    outcome = play(key, arrays(X), epochs=3, listeners=[callbacks])
    weights = np.concatenate([np.ravel(w) for w in noted[-1][0]])
    assert_array_equal(weights, outcome.players["generator"].trainable)
    assert [logs["penalty"] for _, logs in noted] == outcome.history["penalty"]
    first = play(key, arrays(X), epochs=2)
    expected = np.concatenate([np.ravel(w) for w in noted[1][0]])
    assert_array_equal(expected, first.players["generator"].trainable)
    assert np.abs(weights - expected).max() > 0.3  # it has been made small


def test_penalties_of_weights_count_once_and_only_for_their_player():
    """A critic that is called twice in a value, with l2; against one without."""
    specs = {
        "generator": dense(2, 2, hidden_units=(8,)),
        "critic": dense(2, 1, hidden_units=(8,), l2=0.25),
    }
    key, free = game_key(specs=specs), game_key()
    start, still = fresh(free), dict.fromkeys(RATES, 0.0)
    options = {"start": start, "epochs": 1, "rates": still}
    found, without = (play(each, arrays(X), **options).history for each in (key, free))
    model = specs["critic"].model()
    layout = PROGRAMS.network(specs["critic"]).layout
    layout.write(layout.variables(model), start["critic"])
    penalty = float(sum(model.losses))
    assert penalty > 0.1
    assert_allclose(found["critic_loss"][0] - without["critic_loss"][0], penalty)
    assert found["generator_loss"] == without["generator_loss"]


@dataclass(frozen=True)
class Aloof(Game):
    """A generator that is lowered by what the critic says of real rows."""

    def value(self, player, networks, batch, tools):
        real = networks["critic"](batch.X)[:, 0]
        return Value(real, {"penalty": real, "real": real})


def test_value_without_the_players_own_network_is_refused():
    with pytest.raises(ValueError, match="for the player 'generator' does not depend"):
        play(game_key(objective=Aloof()), arrays(X))


def test_programs_of_other_games_are_others():
    assert game_key() == game_key()
    others = [
        game_key(objective=Game(gamma=0.25)),
        game_key(objective=Silent()),
        game_key(every={"generator": 2}),
        game_key(average={"generator": Average(0.5)}),
        game_key(average={"generator": Average(0.5, grows=True)}),
        game_key(generator=keras.optimizers.Adam(beta_1=0.5)),
    ]
    assert len({game_key(), *others}) == len(others) + 1
