"""Two networks that train against each other, and the same by hand in Keras."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf
from keras import ops

from skdl.training._data import ArrayData
from skdl.training._loop import Plan, train
from skdl.training._objective import Judgement, Objective, Value
from skdl.training._optimizers import resolve_optimizer
from skdl.training._player import Player
from skdl.training._program import PROGRAMS, ProgramKey
from tests.training.engine import dense

LATENT = 2
N_POINTS = 8
ANGLES = 2 * np.pi * np.arange(N_POINTS) / N_POINTS
POINTS = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
RATES = {"critic": 2.0**-5, "generator": 2.0**-6}


@dataclass(frozen=True)
class Game(Objective):
    """Softplus losses, and R1: the squared gradient of the critic at real rows.

    Goodfellow et al. 2014 (non-saturating); Mescheder, Geiger & Nowozin 2018.
    """

    gamma: float = 0.5
    is_random: ClassVar[bool] = True
    second_order: ClassVar[bool] = True
    logged: ClassVar[dict] = {"critic": ("penalty", "real")}
    judged: ClassVar[tuple] = ("real", "made")
    calls: ClassVar[list] = []  # of `value`, which is traced and not called in steps

    def value(self, player, networks, batch, tools):
        self.calls.append(player)
        critic, generator = networks["critic"], networks["generator"]
        made = generator(tools.normal((tools.n_rows, LATENT)), training=True)
        of_made = critic(made, training=True)[:, 0]
        if player == "generator":
            return Value(batch.weight * ops.softplus(-of_made))
        real, gradient = tools.value_and_gradient(
            lambda X: critic(X, training=True)[:, 0], batch.X
        )
        penalty = self.gamma / 2 * ops.sum(gradient**2, axis=-1)
        losses = ops.softplus(-real) + ops.softplus(of_made) + penalty
        log = {"penalty": batch.weight * penalty, "real": batch.weight * real}
        return Value(batch.weight * losses, log)

    def judge(self, networks, batch, tools):
        noise = tools.normal((tools.n_rows, LATENT))
        made = networks["critic"](networks["generator"](noise))
        real = networks["critic"](batch.X)
        return Judgement({"real": real[:, 0], "made": made[:, 0]})


def points(n, seed=0):
    """Rows about eight points on a circle."""
    rng = np.random.default_rng(seed)
    return POINTS[rng.integers(N_POINTS, size=n)] + rng.normal(0, 0.05, (n, 2))


def arrays(X, weight=None):
    """Rows without targets."""
    weight = np.ones(len(X)) if weight is None else weight
    return ArrayData(X, np.zeros((len(X), 0)), weight, dtype=X.dtype.name)


def players(critic="adam", generator="adam", *, specs=None, **options):
    """Both, with options such as ``every`` as dicts by player."""
    specs = specs or {
        "generator": dense(LATENT, 2, hidden_units=(8,)),
        "critic": dense(2, 1, hidden_units=(8,)),
    }
    optimizers = {"critic": critic, "generator": generator}
    return tuple(
        Player(
            specs[name],
            resolve_optimizer(optimizer)[0],
            name=name,
            **{option: of[name] for option, of in options.items() if name in of},
        )
        for name, optimizer in optimizers.items()
    )


def game_key(*, objective=None, specs=None, **options):
    """The key of a game of points."""
    both = players(specs=specs, **options)
    return ProgramKey(
        both,
        objective or Game(),
        (0,),
        "float64",
        answers="generator",
        x_shape=(2,),
    )


def fresh(key, seed=0):
    """First weights of both players."""
    return {
        player.name: PROGRAMS.network(player.network).layout.fresh(seed)
        for player in key.players
    }


def constant(rate):
    """A plan of learning rates which stay as they are."""
    return lambda epoch, n_steps: np.full(n_steps, rate)


def play(
    key, data, *, start=None, epochs=5, batch_size=8, seed=0, rates=RATES, **options
):
    """Train a game; the outcome."""
    plan_of = {name: constant(rate) for name, rate in rates.items()}
    plan = Plan(
        epochs, batch_size, plan_of, [seed], stopping=options.pop("stopping", None)
    )
    with PROGRAMS.trainer(key) as trainer:
        trainer.reset([start or fresh(key)])
        (outcome,) = train(trainer, data, plan, **options)
    if outcome.error is not None:
        raise outcome.error
    return outcome


# -- by hand ---------------------------------------------------------------------------


def by_hand(key, X, start, *, epochs=5, batch_size=8, seed=0, gamma=0.5, weight=None):
    """The same game as a loop over batches with Keras's models and optimizers."""
    models, optimizers = {}, {}
    for player in key.players:
        models[player.name] = player.network.model()
        layout = PROGRAMS.network(player.network).layout
        layout.write(layout.variables(models[player.name]), start[player.name])
        optimizers[player.name] = player.optimizer.with_rate(RATES[player.name])
        optimizers[player.name].build(models[player.name].trainable_variables)
    critic, generator = models["critic"], models["generator"]
    weight = np.ones(len(X)) if weight is None else weight
    n_steps, history = -(-len(X) // batch_size), []
    for epoch in range(epochs):
        order = np.random.default_rng([seed, epoch]).permutation(len(X))
        draws = np.random.default_rng([seed, epoch, 1]).integers(
            2**32, size=n_steps, dtype=np.uint32
        )
        seen = {"critic_loss": 0.0, "penalty": 0.0, "real": 0.0, "generator_loss": 0.0}
        for step, draw in enumerate(draws):
            rows = order[step * batch_size : (step + 1) * batch_size]
            real, w = tf.constant(X[rows]), tf.constant(weight[rows])
            noise = [
                tf.random.stateless_normal(
                    (len(rows), LATENT), [int(draw), word], dtype="float64"
                )
                for word in (2**31, 2**31 + 2**16)  # of the critic, of the generator
            ]
            with tf.GradientTape() as tape:
                made = critic(generator(noise[0], training=True), training=True)[:, 0]
                with tf.GradientTape() as inner:
                    inner.watch(real)
                    values = critic(real, training=True)[:, 0]
                gradient = inner.gradient(values, real)
                penalty = gamma / 2 * tf.reduce_sum(gradient**2, axis=1)
                losses = tf.nn.softplus(-values) + tf.nn.softplus(made) + penalty
                loss = tf.reduce_mean(w * losses)
            variables = critic.trainable_variables
            gradients = tape.gradient(loss, variables)
            optimizers["critic"].apply(gradients, variables)
            with tf.GradientTape() as tape:
                made = critic(generator(noise[1], training=True), training=True)[:, 0]
                fooled = tf.reduce_mean(w * tf.nn.softplus(-made))
            variables = generator.trainable_variables
            optimizers["generator"].apply(tape.gradient(fooled, variables), variables)
            share = len(rows) / len(X)
            seen["critic_loss"] += share * float(loss)
            seen["penalty"] += share * float(tf.reduce_mean(w * penalty))
            seen["real"] += share * float(tf.reduce_mean(w * values))
            seen["generator_loss"] += share * float(fooled)
        history.append(seen)
    return models, history
