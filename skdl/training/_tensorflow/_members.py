"""What the epochs and the evaluations of a program have in common."""

import functools

import tensorflow as tf

from skdl.training._tensorflow._counters import Counters
from skdl.training._tensorflow._graph import traced
from skdl.training._tensorflow._moving import Moving, may_look_up
from skdl.training._tensorflow._networks import NetworkCall, Networks


class Members:
    """Players and objective of a program, and its members side by side.

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
    players : list of Moving
        The variables of the players.
    counters : Counters
        Keras's metrics, for an objective that has some.
    rows : list
        For each member, the signature of its rows: X, y, weight, and which of them.
    """

    def __init__(self, networks, key):
        self.key = key
        self.objective = objective = key.objective
        self.n_members = key.n_members
        models = {name: network.model for name, network in networks.items()}
        objective.check(models, key)
        self.players = [
            Moving(
                player,
                models[player.name],
                networks[player.name].layout,
                key.n_members,
                apart=objective.as_keras and may_look_up(models[player.name]),
            )
            for player in key.players
        ]
        self.counters = Counters(objective.keras_metrics(models))
        self._batch = [
            tf.TensorSpec([None, *key.row_shape], key.x_dtype or key.dtype),
            tf.TensorSpec([None, *key.y_shape], key.y_dtype),
            tf.TensorSpec([None], objective.weight_dtype(key.dtype)),
        ]
        self.rows = [[*self._batch, tf.TensorSpec([None], tf.int32)]] * self.n_members
        # some things do not take batches without rows, which stopped members are given:
        # convolutions, and whatever an objective may do
        self._skips = self.n_members > 1 and (
            len(key.row_shape) > 1 or len(key.players) > 1 or objective.is_random
        )

    def of_one(self, function, *further):
        """A member's part of a computation: for several of them traced only once.

        Parameters
        ----------
        function : callable
            ``function(weights, X, targets, *others)``, of tensors.
        *further : tf.TensorSpec
            Of the other arguments.

        Returns
        -------
        callable
            The same function, or a graph of it. The gradients of games are rounded
            otherwise within such a graph than without it, so that their only member
            has it, too.
        """
        if self.n_members == len(self.players) == 1:
            return function
        weights = [[*player.signature()] for player in self.players]
        X, y, weight = self._batch
        return traced(function, [weights, X, [(y, weight)], *further])

    def if_rows(self, X, compute, nothing):
        """What is computed of these rows, where it can be computed of none of them.

        Parameters
        ----------
        X : tensor of shape (n_rows, ...)
            The rows of a member.
        compute, nothing : callable
            ``compute()`` where there are rows; ``nothing()`` is of the same form.

        Returns
        -------
        tensor, or a structure of them
        """
        if not self._skips:
            return compute()
        return tf.cond(tf.shape(X)[0] > 0, compute, nothing)

    def weights(self, *, averaged=False):
        """The weights that the players have in a step.

        Parameters
        ----------
        averaged : bool, default=False
            Whether those that are an average where there is one.

        Returns
        -------
        list of list of [values, state]
            For each member and player; values are one vector, or one for each variable.
        """
        of_players = []
        for player in self.players:
            values = player.values(averaged=averaged)
            pairs = zip(values, player.state_values(), strict=True)
            of_players.append([[*pair] for pair in pairs])
        return [[*of_member] for of_member in zip(*of_players, strict=True)]

    def networks(self, weights):
        """What an objective calls, with the weights of a member.

        Parameters
        ----------
        weights : list of [values, state]
            One of those of `weights`.

        Returns
        -------
        Networks
            By the names of players.
        """
        calls = {
            player.name: NetworkCall(
                player.model,
                player.as_variables(values),
                state,
                self.counters,
                second_order=self.objective.second_order,
            )
            for player, (values, state) in zip(self.players, weights, strict=True)
        }
        return Networks(calls)


@functools.cache
def zeros(shape):
    """Sums before the first row.

    Parameters
    ----------
    shape : tuple of int
        Of the sums.

    Returns
    -------
    tensor
        Of dtype float64; made once.
    """
    return tf.zeros(shape, tf.float64)


def times_rows(mean, n_rows):
    """A batch's mean times its rows, in float64.

    Parameters
    ----------
    mean : tensor of shape ()
        A number that is no sum over rows.
    n_rows : tensor of shape ()
        How many there are.

    Returns
    -------
    tensor of shape ()
    """
    return tf.reduce_mean(tf.cast(mean, tf.float64)) * tf.cast(n_rows, tf.float64)


def summed(value, n_rows):
    """The sum over rows of what is a value of each, or a mean over them.

    Parameters
    ----------
    value : tensor of shape (n_rows,) or ()
        As objectives give it.
    n_rows : tensor of shape ()
        How many there are.

    Returns
    -------
    tensor of shape ()
        Of dtype float64.
    """
    value = tf.convert_to_tensor(value)
    if value.shape.rank:
        return tf.cast(tf.reduce_sum(value), tf.float64)
    return times_rows(value, n_rows)
