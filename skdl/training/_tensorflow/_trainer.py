"""A program at work: the variables of one fit, its epochs and its evaluations."""

import numpy as np
import tensorflow as tf

from skdl.training._tensorflow._epoch import Epoch
from skdl.training._tensorflow._evaluation import Evaluation
from skdl.training._tensorflow._members import Members, zeros


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
    is_random : bool
        Whether a step depends on draws.
    n_bytes : int
        Of all variables.
    """

    def __init__(self, networks, key):
        self.key = key
        members = Members(networks, key)
        self.players = {player.name: player for player in members.players}
        self.counters = members.counters
        self._n_members = members.n_members
        self._epoch, self._evaluation = Epoch(members), Evaluation(members)
        self.is_random = self._epoch.is_random
        self.n_bytes = sum(player.n_bytes for player in members.players)

    @property
    def evaluated_at_once(self):
        """Rows of validation data that are computed together."""
        return self._evaluation.at_once

    @evaluated_at_once.setter
    def evaluated_at_once(self, n_rows):
        self._evaluation.at_once = n_rows

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
        states = going_on or [None] * len(self.players)
        for (name, player), state in zip(self.players.items(), states, strict=True):
            player.reset(_of_player(weights, name), state)

    def set_weights(self, weights):
        """Set the weights and leave the optimizers as they are.

        Parameters
        ----------
        weights : list of (dict of str to Weights, or Weights)
            From here training goes on, for each member.
        """
        for name, player in self.players.items():
            player.set_weights(_of_player(weights, name))

    def weights(self):
        """The present weights; of a player with an average, that.

        Returns
        -------
        list of dict of str to Weights
            Copies, for each member, by the names of players.
        """
        of_players = [player.weights() for player in self.players.values()]
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
        return [player.going_on() for player in self.players.values()]

    def clear(self):
        """Forget what was learnt."""
        for player in self.players.values():
            player.clear()

    def finish(self):
        """Let optimizers put their averaged weights in place, if they keep any."""
        for player in self.players.values():
            player.finish()

    def trace(self):
        """Trace an epoch, unless that was done before.

        Raises
        ------
        AssignsWeights
            If that cannot be done, as the optimizer's steps are not all there is.
        """
        _ = self._epoch.run

    # -- one epoch ------------------------------------------------------------------

    @property
    def answers(self):
        """The name of the player whose network is asked after the fit."""
        return self.key.answering.name

    @property
    def every(self):
        """For each player, n if it moves in each n-th step."""
        return [player.every for player in self.players.values()]

    def loss_name(self, player):
        """What the value that a player lowers is called in the history.

        Parameters
        ----------
        player : str
            Its name.

        Returns
        -------
        str
            "loss" of an only one, else "generator_loss" and the like.
        """
        return "loss" if len(self.players) == 1 else f"{player}_loss"

    def begin_epoch(self):
        """Begin to sum up an epoch.

        Returns
        -------
        tensor
            For `run`.
        """
        self.counters.reset()
        return zeros((self._epoch.n_sums,))

    def run(self, members, first_step, rates, decays, draws, batch_size, sums):
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
        sums : tensor
            Those so far: of `begin_epoch`, or of the last call.

        Returns
        -------
        tensor
            `sums` plus what `means` needs of these steps.
        """
        return self._epoch.run(
            [[*rows, tf.constant(order, tf.int32)] for *rows, order in members],
            tf.constant(first_step, tf.int32),
            [tf.constant(of_player, tf.float32) for of_player in rates],
            [tf.constant(of_player, tf.float32) for of_player in decays],
            tf.constant(draws, tf.uint32),
            tf.constant(batch_size, tf.int32),
            sums,
        )

    def means(self, sums, n_rows):
        """Means over the rows of an epoch, for its history.

        Parameters
        ----------
        sums : tensor
            Of the last `run`.
        n_rows : list of list of int
            For each player and member, how many rows there were when it moved.

        Returns
        -------
        list of dict of str to float
            For each member: the losses of the players, and what the objective logs.
            NaN of a player that has not moved.
        """
        sums, logs = iter(np.asarray(sums).tolist()), [{} for _ in n_rows[0]]
        for player, names, of_members in zip(
            self.players, self._epoch.logged, n_rows, strict=True
        ):
            for log, n in zip(logs, of_members, strict=True):
                for name in (self.loss_name(player), *names[1:]):
                    total = next(sums)  # taken even where there is nothing to divide by
                    log[name] = total / n if n else float("nan")
        return [{**log, **self.counters.results()} for log in logs]

    # -- validation -----------------------------------------------------------------

    def begin_evaluation(self):
        """Begin to sum up what is seen of validation rows.

        Returns
        -------
        sums : tensor
            For `evaluate`.
        tallies : list of Tallies
            Likewise.
        """
        self.counters.reset()
        return zeros(self._evaluation.shape), self._evaluation.tallies()

    def evaluate(self, members, sums, tallies, first_row=0):
        """Sum up what the objective judges rows by, without learning.

        Parameters
        ----------
        members : list of tuple
            For each member X, y, weight (tensors of shape (n_rows, ...)), and which of
            these rows (tensor of shape (n,), int32).
        sums : tensor of shape (n_members, n_judged + 1)
            Those so far: of `begin_evaluation`, or of the last call.
        tallies : list of Tallies
            Of `begin_evaluation`; they are told of these rows.
        first_row : int, default=0
            How many rows came in earlier calls.

        Returns
        -------
        tensor of shape (n_members, n_judged + 1)
            `sums` plus those over these rows: of `Objective.judged`, and of what layers
            add to the loss (not weighted).
        """
        members = [list(rows) for rows in members]
        return self._evaluation.run(members, sums, tallies, first_row)

    def judged(self, sums, tallies, total_weights, n_rows):
        """Means over validation rows, and what metrics say of them.

        Parameters
        ----------
        sums, tallies : object
            After the last `evaluate`.
        total_weights, n_rows : list of float
            Of these rows, and how many they are, for each member.

        Returns
        -------
        list of dict of str to float
            For each member, by name.
        """
        logs, names = [], self.key.objective.judged
        for (*of_names, penalty), tally, weight, n in zip(
            np.asarray(sums).tolist(), tallies, total_weights, n_rows, strict=True
        ):
            log = {k: v / weight for k, v in zip(names, of_names, strict=True)}
            if "loss" in log:
                log["loss"] += penalty / n
            logs.append({**log, **tally.results(), **self.counters.results()})
        return logs


def _of_player(weights, name):
    """One player's weights, of each member."""
    return [of[name] if isinstance(of, dict) else of for of in weights]
