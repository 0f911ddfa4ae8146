"""Epochs and evaluations of a program, traced once for each."""

import functools

import numpy as np
import tensorflow as tf
from keras import StatelessScope

from skdl.training._tensorflow._counters import Counters
from skdl.training._tensorflow._graph import rows_at_once, traced
from skdl.training._tensorflow._moving import Moving, may_look_up
from skdl.training._tensorflow._networks import NetworkCall, Networks
from skdl.training._tensorflow._tools import Batch, Tools, seeds_of

EVALUATED = 2**18  # positions of validation rows that are computed together


class Trainer:
    """Players and an objective, with the variables of one running fit.

    A fit may train several *members*: copies of the networks which have weights and
    rows of their own, and share optimizers, learning rates and number of steps. Their
    steps are computed side by side, each exactly as it would be alone, and the
    optimizer's is taken for all of them at once.

    Parameters
    ----------
    networks : dict of str to Network
        Of each player, by its name; their variables are not used.
    key : ProgramKey
        Players, objective, shapes and dtypes, number of members.

    Attributes
    ----------
    key : ProgramKey
        The same.
    players : dict of str to Moving
        The variables of the players.
    counters : Counters
        Keras's metrics, for an objective that has some.
    evaluated_at_once : int
        Rows of validation data that are computed together.
    n_bytes : int
        Of all variables.
    """

    def __init__(self, networks, key):
        self.key = key
        self._objective = objective = key.objective
        models = {name: network.model for name, network in networks.items()}
        objective.check(models, key)
        self.players = {
            player.name: Moving(
                player,
                networks[player.name].model,
                networks[player.name].layout,
                key.n_members,
                apart=objective.as_keras and may_look_up(models[player.name]),
            )
            for player in key.players
        }
        self._moving = [*self.players.values()]
        self._logged = [
            ("value", *objective.logged.get(name, ())) for name in self.players
        ]
        self.counters = Counters(objective.keras_metrics(models))
        self._augmentation = key.augment and key.augment.build()
        if self._augmentation is not None:
            self._augmentation.check(key.row_shape, key.dtype)
        self.n_bytes = sum(moving.n_bytes for moving in self._moving)
        self._n_members = n_members = key.n_members
        self._dtype = key.dtype
        self._any_steps = None in key.row_shape and not objective.as_keras
        self.evaluated_at_once = evaluation_rows(key.row_shape)
        self._batch = [
            tf.TensorSpec([None, *key.row_shape], key.x_dtype or key.dtype),
            tf.TensorSpec([None, *key.y_shape], key.y_dtype),
            tf.TensorSpec([None], objective.weight_dtype(key.dtype)),
        ]
        # some things do not take batches without rows, which stopped members are given:
        # convolutions, and whatever an objective may do
        self._skips = n_members > 1 and (
            len(key.row_shape) > 1 or len(key.players) > 1 or objective.is_random
        )
        self._rows = [[*self._batch, tf.TensorSpec([None], tf.int32)]] * n_members

    @functools.cached_property
    def _run_epoch(self):
        rates = [tf.TensorSpec([None], tf.float32)] * len(self._moving)
        number = tf.TensorSpec([], tf.int32)
        draws = tf.TensorSpec([None, self._n_members], tf.uint32)
        n_totals = self._n_members * sum(map(len, self._logged))
        totals = tf.TensorSpec([n_totals], tf.float64)
        return traced(
            self._epoch, [self._rows, number, rates, rates, draws, number, totals]
        )

    @functools.cached_property
    def _run_evaluation(self):
        totals = tf.TensorSpec([self._n_members, self._n_judged], tf.float64)
        number = tf.TensorSpec([], tf.int32)
        evaluate = self._one_evaluation if self._has_metrics else self._evaluation
        return traced(evaluate, [self._rows, totals, number, number])

    @functools.cached_property
    def _member_turns(self):
        """For each player, how one member's part of its turn is computed."""
        number = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.uint32)
        return [
            self._of_one_member(functools.partial(self._gradient, place), *number)
            for place in range(len(self._moving))
        ]

    @functools.cached_property
    def _member_sums(self):
        return self._of_one_member(self._sums, tf.TensorSpec([], tf.int32))

    @property
    def every(self):
        """For each player, in each how manieth step it moves."""
        return [player.every for player in self.key.players]

    @property
    def is_random(self):
        """Whether a step depends on `draws`."""
        return self._augmentation is not None or self._objective.is_random

    @property
    def _has_metrics(self):
        return bool(self._objective.metrics)

    @property
    def _n_judged(self):
        return len(self._objective.judged) + 1  # and penalties

    def _of_one_member(self, function, *further):
        """A member's part of a computation: for several of them traced only once."""
        if self._n_members == 1:
            return function
        weights = [[*moving.signature()] for moving in self._moving]
        X, y, weight = self._batch
        return traced(function, [weights, X, [(y, weight)], *further])

    # -- variables ------------------------------------------------------------------

    def reset(self, weights, going_on=None):
        """Set every variable, so that nothing of an earlier fit remains.

        Parameters
        ----------
        weights : list of (dict of str to Weights, or Weights)
            Where training begins, for each member: of the players by name, or of the
            only one.
        going_on : list of list of ndarray or None, default=None
            From `going_on`; None begins afresh.
        """
        states = going_on or [None] * len(self._moving)
        for (name, moving), state in zip(self.players.items(), states, strict=True):
            moving.reset(_of_player(weights, name), state)

    def set_weights(self, weights):
        """Set the weights and leave the optimizers as they are.

        Parameters
        ----------
        weights : list of (dict of str to Weights, or Weights)
            From here training goes on, for each member.
        """
        for name, moving in self.players.items():
            moving.set_weights(_of_player(weights, name))

    def weights(self):
        """The present weights; of a player with an average, that.

        Returns
        -------
        list of dict of str to Weights
            Copies, for each member, by the names of players.
        """
        of_players = [moving.weights() for moving in self._moving]
        return [
            dict(zip(self.players, members, strict=True))
            for members in zip(*of_players, strict=True)
        ]

    def going_on(self):
        """What training goes on from, beside the weights; for `reset`.

        Returns
        -------
        list of list of ndarray
            Copies, for each player.
        """
        return [moving.going_on() for moving in self._moving]

    def clear(self):
        """Forget what was learnt."""
        for moving in self._moving:
            moving.clear()

    def finish(self):
        """Let optimizers put their averaged weights in place, if they keep any."""
        for moving in self._moving:
            moving.finish()

    def trace(self):
        """Trace a step, unless that was done before.

        Raises
        ------
        AssignsWeights
            If that cannot be done, as the optimizer's steps are not all there is.
        """
        _ = self._run_epoch

    # -- one epoch ------------------------------------------------------------------

    def begin_epoch(self):
        """Begin to sum up an epoch.

        Returns
        -------
        tensor
            For `run`.
        """
        self.counters.reset()
        return _zeros((self._n_members * sum(map(len, self._logged)),))

    def run(self, members, first_step, rates, decays, draws, batch_size, totals):
        """Let the players whose turn it is move once for each batch of rows.

        Parameters
        ----------
        members : list of tuple
            For each member X, y, weight (tensors of shape (n_rows, ...)), and which of
            these rows, in which order (ndarray of shape (n,), int32); none for a member
            that is to learn no more.
        first_step : int
            The number of the first step since training began.
        rates : list of ndarray of shape (n_steps,)
            For each player, the learning rate of every step.
        decays : list of ndarray of shape (n_steps,)
            For each player, the share of every kernel that is taken off in the step, if
            it has weight decay.
        draws : ndarray of shape (n_steps, n_members)
            uint32, what is random in each step comes from.
        batch_size : int
            Rows per step; the last batch may be shorter.
        totals : tensor
            The sums so far: of `begin_epoch`, or of the last call.

        Returns
        -------
        tensor
            `totals` plus what `means` needs of these steps.
        """
        return self._run_epoch(
            [[*rows, tf.constant(order, tf.int32)] for *rows, order in members],
            tf.constant(first_step, tf.int32),
            [tf.constant(of_player, tf.float32) for of_player in rates],
            [tf.constant(of_player, tf.float32) for of_player in decays],
            tf.constant(draws, tf.uint32),
            tf.constant(batch_size, tf.int32),
            totals,
        )

    def means(self, totals, n_rows):
        """Means over the rows of an epoch, for its history.

        Parameters
        ----------
        totals : tensor
            Of the last `run`.
        n_rows : list of list of int
            For each player and member, how many rows there were when it moved.

        Returns
        -------
        list of dict of str to float
            For each member: "loss" and what the objective logs; of several players
            "generator_loss" and the like. NaN of one that has not moved.
        """
        sums, logs = iter(np.asarray(totals).tolist()), [{} for _ in n_rows[0]]
        for name, names, of_members in zip(
            self.players, self._logged, n_rows, strict=True
        ):
            own = [self.loss_name(name), *names[1:]]
            for log, n in zip(logs, of_members, strict=True):
                # each sum has to be taken, even where there is nothing to divide by
                for quantity, total in [(quantity, next(sums)) for quantity in own]:
                    log[quantity] = total / n if n else float("nan")
        return [{**log, **self.counters.results()} for log in logs]

    def loss_name(self, player):
        """What the value that a player lowers is called in the history."""
        return "loss" if len(self.players) == 1 else f"{player}_loss"

    def _epoch(self, members, first, rates, decays, draws, batch_size, totals):
        n_steps = tf.shape(rates[0])[0]

        def body(step, totals):
            begin = tf.stack([step * batch_size])
            batches = []
            for *rows, order in members:
                now = tf.strided_slice(order, begin, begin + batch_size)
                batches.append([tf.gather(values, now) for values in rows])
            drawn = tf.unstack(tf.gather(draws, step), self._n_members)
            batches = [
                self._augmented(*batch, first + step, draw)
                for batch, draw in zip(batches, drawn, strict=True)
            ]
            taken = []
            for place, moving in enumerate(self._moving):
                moving.optimizer.learning_rate.assign(tf.gather(rates[place], step))
                decay = tf.gather(decays[place], step)
                taken += self._turn(place, batches, first + step, decay, drawn)
            return step + 1, totals + tf.stack(taken)

        _, totals = tf.while_loop(
            lambda step, _: step < n_steps, body, (0, totals), parallel_iterations=1
        )
        return totals

    def _augmented(self, X, y, weight, step, draw):
        """Other rows like these, and one or several targets for each."""
        if self._augmentation is None:
            return Batch(X, [(y, weight)])
        X = tf.cast(X, self._dtype)
        tools = Tools(X, draw, step, len(self._moving))
        seeds = seeds_of(self._augmentation.variables, draw)
        with StatelessScope(state_mapping=seeds):
            return Batch(*self._augmentation(X, y, weight, tools))

    def _turn(self, place, batches, step, decay, draws):
        """The sums of a player's step, which it takes if it is its turn."""
        moving = self._moving[place]

        def move():
            members = [
                self._turn_of_member(place, weights, *batch, step, draw)
                for weights, batch, draw in zip(
                    self._weights_in_step(), batches, draws, strict=True
                )
            ]
            sums, gradients, states = zip(*members, strict=True)
            moving.move(gradients, states, decay)
            return [value for of_member in sums for value in of_member]

        every = moving.player.every
        if every == 1:
            return move()
        n_sums = self._n_members * len(self._logged[place])
        return tf.cond(
            (step + 1) % every == 0, move, lambda: [tf.zeros([], tf.float64)] * n_sums
        )

    def _weights_in_step(self, *, averaged=False):
        """For each member, the values and the state of each player."""
        of_players = [
            zip(
                moving.values(averaged=averaged),
                moving.state_values(),
                strict=True,
            )
            for moving in self._moving
        ]
        return [
            [[*pair] for pair in of_member]
            for of_member in zip(*of_players, strict=True)
        ]

    def _turn_of_member(self, place, weights, X, *others):
        values, state = weights[place]

        def no_step():
            return (
                [tf.zeros([], tf.float64) for _ in self._logged[place]],
                [tf.zeros_like(value) for value in values],
                [tf.identity(value) for value in state],
            )

        turn = functools.partial(self._member_turns[place], weights, X, *others)
        return self._if_rows(X, turn, no_step)

    def _if_rows(self, X, compute, nothing):
        """What is computed of these rows, where it can be computed of none of them."""
        if not self._skips:
            return compute()
        return tf.cond(tf.shape(X)[0] > 0, compute, nothing)

    def _gradient(self, place, weights, X, targets, step, draw):
        """A member's sums for the history, its gradient, and its new state."""
        X = tf.cast(X, self._dtype)
        moving, tools = self._moving[place], Tools(X, draw, step, place)
        name, values = moving.player.name, weights[place][0]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            networks = self._networks(weights)
            value, log = self._objective.value(name, networks, Batch(X, targets), tools)
            value = tf.convert_to_tensor(value)
            n_rows = tf.shape(X)[0]
            lowered = value
            if value.shape.rank:
                if self._n_members > 1:  # one that has stopped is given no rows
                    n_rows = tf.maximum(n_rows, 1)
                lowered = tf.reduce_sum(value) / tf.cast(n_rows, value.dtype)
                if networks[name].penalties:
                    lowered += tf.add_n(
                        [tf.cast(p, value.dtype) for p in networks[name].penalties]
                    )
            scaled = lowered
            if self._n_members == 1:
                scaled = moving.optimizer.scale_loss(lowered)
        gradients = tape.gradient(scaled, values)
        sums = [_times(lowered, n_rows, value.shape.rank)]
        sums += [_sum(log[each], n_rows) for each in self._logged[place][1:]]
        return sums, gradients, networks[name].state

    def _networks(self, weights):
        calls = {
            moving.player.name: NetworkCall(
                moving.model,
                moving.as_variables(values),
                state,
                self.counters,
                second_order=self._objective.second_order,
            )
            for moving, (values, state) in zip(self._moving, weights, strict=True)
        }
        return Networks(calls)

    # -- validation -----------------------------------------------------------------

    def begin_evaluation(self):
        """Begin to sum up what is seen of validation rows.

        Returns
        -------
        totals : tensor
            For `evaluate`.
        tallies : list of list of object
            Likewise: for each member, of the objective's metrics.
        """
        self.counters.reset()
        tallies = [
            [metric.tally() for metric in self._objective.metrics]
            for _ in range(self._n_members)
        ]
        return _zeros((self._n_members, self._n_judged)), tallies

    def evaluate(self, members, totals, tallies, first_row=0):
        """Sum up what the objective judges rows by, without learning.

        Parameters
        ----------
        members : list of tuple
            For each member X, y, weight (tensors of shape (n_rows, ...)), and which of
            these rows (tensor of shape (n,), int32).
        totals : tensor of shape (n_members, n_judged + 1)
            The sums so far: of `begin_evaluation`, or of the last call.
        tallies : list of list of object
            Of `begin_evaluation`; they are told of these rows.
        first_row : int, default=0
            How many rows came in earlier calls.

        Returns
        -------
        tensor of shape (n_members, n_judged + 1)
            `totals` plus the sums over these rows: of `Objective.judged`, and of what
            layers add to the loss (not weighted).
        """
        members = [list(rows) for rows in members]
        first = tf.constant(first_row, tf.int32)
        if not self._has_metrics:
            at_once = tf.constant(self.evaluated_at_once, tf.int32)
            return self._run_evaluation(members, totals, at_once, first)
        n_rows = max(len(which) for *_, which in members)
        step = self._rows_together(members[0][0].shape)
        for start in range(0, n_rows, step):
            chunk = [[*rows, which[start : start + step]] for *rows, which in members]
            totals, values = self._run_evaluation(
                chunk, totals, first + start, first + start
            )
            for of_metrics, (seen, weight), (*_, which) in zip(
                tallies, values, chunk, strict=True
            ):
                if len(which):
                    seen = {name: value.numpy() for name, value in seen.items()}
                    for tally in of_metrics:
                        tally.add(seen, weight.numpy())
        return totals

    def judged(self, totals, tallies, total_weights, n_rows):
        """Means over validation rows, and what metrics say of them.

        Parameters
        ----------
        totals, tallies : object
            After the last `evaluate`.
        total_weights, n_rows : list of float
            Of these rows, and how many they are, for each member.

        Returns
        -------
        list of dict of str to float
            For each member, by name.
        """
        logs = []
        for (*sums, penalty), of_metrics, weight, n in zip(
            np.asarray(totals).tolist(), tallies, total_weights, n_rows, strict=True
        ):
            names = self._objective.judged
            log = {k: v / weight for k, v in zip(names, sums, strict=True)}
            if "loss" in log:
                log["loss"] += penalty / n
            for tally in of_metrics:
                log |= tally.result()
            logs.append({**log, **self.counters.results()})
        return logs

    def _rows_together(self, shape):
        """How many rows of this shape: fewer of longer sequences."""
        if not self._any_steps:
            return self.evaluated_at_once
        return int(np.clip(EVALUATED // shape[1], 1, self.evaluated_at_once))

    def _evaluation(self, members, totals, at_once, first):
        n_rows = tf.reduce_max([tf.shape(which)[0] for *_, which in members])
        if self._any_steps:
            n_steps = tf.shape(members[0][0])[1]
            at_once = tf.clip_by_value(EVALUATED // n_steps, 1, at_once)

        def body(start, totals):
            chunk = slice(start, start + at_once)
            part = [[*rows, which[chunk]] for *rows, which in members]
            totals, _ = self._one_evaluation(part, totals, None, first + start)
            return start + at_once, totals

        _, totals = tf.while_loop(
            lambda start, _: start < n_rows, body, (0, totals), parallel_iterations=1
        )
        return totals

    def _one_evaluation(self, members, totals, _, first):
        """Of rows that are computed together; metrics are given values of each."""
        seen = []
        for weights, (*rows, which) in zip(
            self._weights_in_step(averaged=True), members, strict=True
        ):
            X, y, weight = (tf.gather(of_all, which) for of_all in rows)
            seen.append(
                [*self._sums_of_member(weights, X, [(y, weight)], first), weight]
            )
        sums, values, weights = zip(*seen, strict=True)
        return totals + tf.stack(sums), [*zip(values, weights, strict=True)]

    def _sums_of_member(self, weights, X, *others):
        def no_sums():
            return tf.zeros([self._n_judged], tf.float64), {}

        sums = functools.partial(self._member_sums, weights, X, *others)
        if self._has_metrics:  # whose values have no form where there are no rows
            return sums()
        return self._if_rows(X, sums, no_sums)

    def _sums(self, weights, X, targets, first):
        X = tf.cast(X, self._dtype)
        tools = Tools(X, tf.cast(first, tf.uint32), first, 0)
        networks = self._networks(weights)
        means, values = self._objective.judge(networks, Batch(X, targets), tools)
        dtype = targets[0][1].dtype
        count = tf.shape(X)[0]
        penalties = [p for call in networks.values() for p in call.penalties]
        sums = [_sum(means[name], count) for name in self._objective.judged]
        penalty = tf.cast(count, dtype) * sum(tf.cast(p, dtype) for p in penalties)
        sums = tf.stack([tf.cast(value, tf.float64) for value in [*sums, penalty]])
        if self._n_members > 1:
            # penalties may be means over rows, of which this member may have no more
            sums = tf.where(count > 0, sums, tf.zeros_like(sums))
        return sums, dict(values) if self._has_metrics else {}


@functools.cache
def _zeros(shape):
    return tf.zeros(shape, tf.float64)


def _of_player(weights, name):
    """One player's weights, of each member."""
    return [of[name] if isinstance(of, dict) else of for of in weights]


def _times(mean, n_rows, rank):
    """A batch's mean times its rows, in the rows' precision if it is taken of them."""
    if rank:
        return tf.cast(mean * tf.cast(n_rows, mean.dtype), tf.float64)
    return tf.reduce_mean(tf.cast(mean, tf.float64)) * tf.cast(n_rows, tf.float64)


def _sum(value, n_rows):
    """The sum over rows of what is a value of each, or a mean over them."""
    value = tf.convert_to_tensor(value)
    if value.shape.rank:
        return tf.cast(tf.reduce_sum(value), tf.float64)
    return _times(value, n_rows, 0)


def evaluation_rows(row_shape):
    """How many rows of validation data are computed together.

    Parameters
    ----------
    row_shape : tuple of int
        Of one row.

    Returns
    -------
    int
        256 rows of a table, and fewer large images.
    """
    return rows_at_once(row_shape, 256, EVALUATED)
