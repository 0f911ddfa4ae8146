"""An epoch in one graph: batches, and the turns of the players."""

import functools

import tensorflow as tf
from keras import StatelessScope

from skdl.training._tensorflow._graph import traced
from skdl.training._tensorflow._members import summed, times_rows
from skdl.training._tensorflow._tools import Batch, Tools, seeds_of


class Epoch:
    """The steps of an epoch: in each, the players whose turn it is move.

    Parameters
    ----------
    members : Members
        Players, objective and members of the program.

    Attributes
    ----------
    is_random : bool
        Whether steps depend on draws.
    logged : list of tuple of str
        For each player, what is summed up of its turns: the value that it lowers first.
    """

    def __init__(self, members):
        self._members = members
        key, objective = members.key, members.objective
        self._players = members.players
        self._augmentation = key.augment and key.augment.build()
        if self._augmentation is not None:
            self._augmentation.check(key.row_shape, key.dtype)
        self.is_random = self._augmentation is not None or objective.is_random
        self.logged = [
            ("value", *objective.logged.get(player.name, ()))
            for player in self._players
        ]

    @property
    def n_sums(self):
        """How many sums there are, of all players and members."""
        return self._members.n_members * sum(map(len, self.logged))

    @functools.cached_property
    def run(self):
        """The graph: ``run(rows, first step, rates, decays, draws, batch size, sums)``.

        As in `Trainer.run`, but of tensors.
        """
        rates = [tf.TensorSpec([None], tf.float32)] * len(self._players)
        number = tf.TensorSpec([], tf.int32)
        draws = tf.TensorSpec([None, self._members.n_members], tf.uint32)
        sums = tf.TensorSpec([self.n_sums], tf.float64)
        rows = self._members.rows
        return traced(self._steps, [rows, number, rates, rates, draws, number, sums])

    @functools.cached_property
    def _turns_of_one(self):
        """For each player, how one member's part of its turn is computed."""
        further = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.uint32)
        return [
            self._members.of_one(functools.partial(self._gradient, place), *further)
            for place in range(len(self._players))
        ]

    def _steps(self, members, first, rates, decays, draws, batch_size, sums):
        n_steps = tf.shape(rates[0])[0]

        def body(step, sums):
            begin = tf.stack([step * batch_size])
            drawn = tf.unstack(tf.gather(draws, step), self._members.n_members)
            batches = []
            for (*rows, order), draw in zip(members, drawn, strict=True):
                now = tf.strided_slice(order, begin, begin + batch_size)
                rows = [tf.gather(values, now) for values in rows]
                batches.append(self._augmented(*rows, first + step, draw))
            seen = []
            for place, player in enumerate(self._players):
                player.optimizer.learning_rate.assign(tf.gather(rates[place], step))
                decay = tf.gather(decays[place], step)
                seen += self._turn(place, batches, first + step, decay, drawn)
            return step + 1, sums + tf.stack(seen)

        _, sums = tf.while_loop(
            lambda step, _: step < n_steps, body, (0, sums), parallel_iterations=1
        )
        return sums

    def _augmented(self, X, y, weight, step, draw):
        """Other rows like these, and one or several targets for each."""
        if self._augmentation is None:
            return Batch(X, [(y, weight)])
        X = tf.cast(X, self._members.key.dtype)
        tools = Tools(X, draw, step, len(self._players))
        seeds = seeds_of(self._augmentation.variables, draw)
        with StatelessScope(state_mapping=seeds):
            return Batch(*self._augmentation(X, y, weight, tools))

    def _turn(self, place, batches, step, decay, draws):
        """The sums of a player's step, which it takes if it is its turn."""
        player, members = self._players[place], self._members

        def move():
            turns = [
                self._turn_of_member(place, weights, *batch, step, draw)
                for weights, batch, draw in zip(
                    members.weights(), batches, draws, strict=True
                )
            ]
            sums, gradients, states = zip(*turns, strict=True)
            player.move(gradients, states, decay)
            return [value for of_member in sums for value in of_member]

        def wait():
            n_sums = members.n_members * len(self.logged[place])
            return [tf.zeros([], tf.float64)] * n_sums

        every = player.every
        return move() if every == 1 else tf.cond((step + 1) % every == 0, move, wait)

    def _turn_of_member(self, place, weights, X, *others):
        values, state = weights[place]

        def no_step():
            return (
                [tf.zeros([], tf.float64) for _ in self.logged[place]],
                [tf.zeros_like(value) for value in values],
                [tf.identity(value) for value in state],
            )

        turn = functools.partial(self._turns_of_one[place], weights, X, *others)
        return self._members.if_rows(X, turn, no_step)

    def _gradient(self, place, weights, X, targets, step, draw):
        """A member's sums for the history, its gradient, and its new state."""
        several, objective = self._members.n_members > 1, self._members.objective
        player, values = self._players[place], weights[place][0]
        X = tf.cast(X, self._members.key.dtype)
        batch, tools = Batch(X, targets), Tools(X, draw, step, place)
        n_rows = tf.shape(X)[0]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            networks = self._members.networks(weights)
            value, log = objective.value(player.name, networks, batch, tools)
            lowered = value = tf.convert_to_tensor(value)
            of_rows = value.shape.rank and not objective.as_keras
            if of_rows:
                if several:  # one that has stopped is given no rows
                    n_rows = tf.maximum(n_rows, 1)
                lowered = tf.reduce_sum(value) / tf.cast(n_rows, value.dtype)
                penalties = networks[player.name].penalties
                if penalties:
                    lowered += tf.add_n([tf.cast(p, value.dtype) for p in penalties])
            scaled = lowered
            if not several:
                scaled = player.optimizer.scale_loss(lowered)
        gradients = tape.gradient(scaled, values)
        if player.layout.n_parameters and all(part is None for part in gradients):
            raise ValueError(
                f"The value that {type(objective).__name__} gives for the player "
                f"{player.name!r} does not depend on its network's weights. Compute it "
                f"from networks[{player.name!r}](...)."
            )
        if of_rows:
            total = tf.cast(lowered * tf.cast(n_rows, lowered.dtype), tf.float64)
        else:
            total = times_rows(lowered, n_rows)
        further = [summed(log[name], n_rows) for name in self.logged[place][1:]]
        return [total, *further], gradients, networks[player.name].state
