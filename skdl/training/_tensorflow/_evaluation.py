"""What validation rows say of the networks, without learning."""

import functools

import numpy as np
import tensorflow as tf

from skdl.training._tensorflow._graph import rows_at_once, traced
from skdl.training._tensorflow._members import summed
from skdl.training._tensorflow._tools import Batch, Tools

EVALUATED = 2**18  # positions of validation rows that are computed together


class Evaluation:
    """Sums over rows of what an objective judges them by, and its metrics.

    Parameters
    ----------
    members : Members
        Players, objective and members of the program.

    Attributes
    ----------
    at_once : int
        Rows that are computed together.
    """

    def __init__(self, members):
        self._members = members
        key, self._objective = members.key, members.objective
        self._n_members = members.n_members
        self._any_steps = None in key.row_shape and not self._objective.as_keras
        self.at_once = evaluation_rows(key.row_shape)

    @property
    def shape(self):
        """Of the sums: for each member those of `Objective.judged`, and penalties."""
        return self._n_members, len(self._objective.judged) + 1

    def tallies(self):
        """What the metrics note of each member's rows, before the first of them."""
        return [Tallies(self._objective.metrics) for _ in range(self._n_members)]

    def run(self, members, sums, tallies, first_row):
        """Add up rows, as in `Trainer.evaluate`."""
        first = tf.constant(first_row, tf.int32)
        if not self._objective.metrics:
            return self._run(members, sums, tf.constant(self.at_once, tf.int32), first)
        n_rows = max(len(which) for *_, which in members)
        at_once = self._rows_together(members[0][0].shape)
        for start in range(0, n_rows, at_once):
            part = slice(start, start + at_once)
            chunk = [[*rows, which[part]] for *rows, which in members]
            sums, seen = self._run_once(chunk, sums, first + start)
            for tally, (values, weight) in zip(tallies, seen, strict=True):
                tally.add(values, weight)
        return sums

    @functools.cached_property
    def _run(self):
        number = tf.TensorSpec([], tf.int32)
        return traced(self._all, [self._members.rows, self._sums_spec, number, number])

    @functools.cached_property
    def _run_once(self):
        number = tf.TensorSpec([], tf.int32)
        return traced(self._once, [self._members.rows, self._sums_spec, number])

    @property
    def _sums_spec(self):
        return tf.TensorSpec(self.shape, tf.float64)

    @functools.cached_property
    def _sums_of_one(self):
        return self._members.of_one(self._sums, tf.TensorSpec([], tf.int32))

    def _rows_together(self, shape):
        """How many rows of this shape: fewer of longer sequences."""
        if not self._any_steps:
            return self.at_once
        return int(np.clip(EVALUATED // shape[1], 1, self.at_once))

    def _all(self, members, sums, at_once, first):
        n_rows = tf.reduce_max([tf.shape(which)[0] for *_, which in members])
        if self._any_steps:
            n_steps = tf.shape(members[0][0])[1]
            at_once = tf.clip_by_value(EVALUATED // n_steps, 1, at_once)

        def body(start, sums):
            chunk = slice(start, start + at_once)
            part = [[*rows, which[chunk]] for *rows, which in members]
            sums, _ = self._once(part, sums, first + start)
            return start + at_once, sums

        _, sums = tf.while_loop(
            lambda start, _: start < n_rows, body, (0, sums), parallel_iterations=1
        )
        return sums

    def _once(self, members, sums, first):
        """Of rows that are computed together; and what metrics are told of each."""
        added, seen = [], []
        for weights, (*rows, which) in zip(
            self._members.weights(averaged=True), members, strict=True
        ):
            X, y, weight = (tf.gather(of_all, which) for of_all in rows)
            of_member, values = self._sums_of_member(weights, X, [(y, weight)], first)
            added.append(of_member)
            seen.append((values, weight))
        return sums + tf.stack(added), seen

    def _sums_of_member(self, weights, X, *others):
        def nothing():
            return tf.zeros([self.shape[1]], tf.float64), {}

        sums = functools.partial(self._sums_of_one, weights, X, *others)
        if self._objective.metrics:  # which take values of no rows as they are
            return sums()
        return self._members.if_rows(X, sums, nothing)

    def _sums(self, weights, X, targets, first):
        X = tf.cast(X, self._members.key.dtype)
        tools = Tools(X, tf.cast(first, tf.uint32), first, 0)
        networks = self._members.networks(weights)
        means, values = self._objective.judge(networks, Batch(X, targets), tools)
        count, dtype = tf.shape(X)[0], targets[0][1].dtype
        sums = [summed(means[name], count) for name in self._objective.judged]
        penalties = [p for network in networks.values() for p in network.penalties]
        penalty = tf.cast(count, dtype) * sum(tf.cast(p, dtype) for p in penalties)
        sums = tf.stack([*sums, tf.cast(penalty, tf.float64)])
        if self._n_members > 1:
            # penalties may be means over rows, of which this member may have no more
            sums = tf.where(count > 0, sums, tf.zeros_like(sums))
        return sums, dict(values) if self._objective.metrics else {}


class Tallies:
    """What the metrics of an objective note of the rows of one member.

    Parameters
    ----------
    metrics : tuple of Metric
        Of the objective.
    """

    def __init__(self, metrics):
        self._metrics = metrics
        self._tallies = [metric.tally() for metric in metrics]
        self._has_rows = False

    def add(self, values, weight):
        """Let them note some rows.

        Parameters
        ----------
        values : dict of str to tensor
            ``Judgement.values`` of these rows.
        weight : tensor of shape (n_rows,)
            Their weights.
        """
        if len(weight):
            self._has_rows = True
            values = {name: value.numpy() for name, value in values.items()}
            for tally in self._tallies:
                tally.add(values, weight.numpy())

    def results(self):
        """What they say of all rows: a dict of str to float, NaN without rows."""
        results = {}
        for metric, tally in zip(self._metrics, self._tallies, strict=True):
            nothing = dict.fromkeys(metric.names, float("nan"))
            results |= tally.result() if self._has_rows else nothing
        return results


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
