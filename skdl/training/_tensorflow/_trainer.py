"""The epoch step and the evaluation step, traced once for each program."""

import contextlib
import functools
import itertools

import numpy as np
import tensorflow as tf
from keras import KerasTensor, Variable, name_scope

from skdl.training._tensorflow._graph import TRACING, call, per_row, split, traced
from skdl.training._weights import Weights

EVALUATION_ROWS = 256  # rows of validation data computed together
_FUSED_ADAM = 20_000  # parameters from which TensorFlow's own Adam is the faster one


class Trainer:
    """A network, a loss and an optimizer, with the variables of one running fit.

    Parameters
    ----------
    model : keras.Model
        The pattern; its own variables are not used.
    layout : Layout
        How the vector of parameters divides into variables.
    key : ProgramKey
        Loss, optimizer, metrics, shapes and dtypes.
    """

    def __init__(self, model, layout, key):
        self._model = model
        self._layout = layout
        self._loss = key.loss
        self._metrics = [metric for _, metric in key.metrics]
        _check_loss(model, key)
        self._spec = key.optimizer
        self._optimizer = self._spec.build()
        # Summing gradients over replicas, of which there is one here, would register a
        # gradient function in TensorFlow that keeps every traced graph for ever.
        for optimizer in _with_inner(self._optimizer):
            optimizer._all_reduce_sum_gradients = lambda pairs: pairs
        self._state = [Variable(v, dtype=v.dtype) for v in layout.state]
        # One flat vector where that is the same: a fraction of the operations.
        self._flat = self._spec.elementwise and layout.plain
        large = layout.n_parameters >= _FUSED_ADAM
        self._fused = self._flat and large and self._spec.plain_adam
        if self._flat:
            vector = layout.join([v.numpy() for v in layout.trainable])
            self._parameters = [Variable(vector, dtype=vector.dtype)]
        else:
            self._parameters = [_copy(v) for v in layout.trainable]
        self._optimizer.build(self._parameters)
        self._fresh_optimizer = self.optimizer_state()
        held = [*self._parameters, *self._state]
        self.n_bytes = sum(v.numpy().nbytes for v in held)
        self.n_bytes += sum(value.nbytes for value in self._fresh_optimizer)
        spec = key.network
        self._rows = [
            tf.TensorSpec([None, *spec.input_shape], spec.dtype),
            tf.TensorSpec([None, *key.y_shape], key.y_dtype),
            tf.TensorSpec([None], spec.dtype),
        ]

    @functools.cached_property
    def _run_epoch(self):
        order = tf.TensorSpec([None], tf.int32)
        rates = tf.TensorSpec([None], tf.float32)
        batch_size = tf.TensorSpec([], tf.int32)
        total = tf.TensorSpec([], tf.float64)
        return traced(self._epoch, [*self._rows, order, rates, batch_size, total])

    @functools.cached_property
    def _run_evaluation(self):
        totals = tf.TensorSpec([2 + len(self._metrics)], tf.float64)
        return traced(self._evaluation, [*self._rows, totals])

    # -- variables ------------------------------------------------------------------

    def reset(self, weights, optimizer_state=None):
        """Set every variable, so that nothing of an earlier fit remains.

        Parameters
        ----------
        weights : Weights
            Where training begins.
        optimizer_state : list of ndarray or None, default=None
            From `optimizer_state`; None begins afresh.
        """
        self.set_weights(weights)
        state = optimizer_state or self._fresh_state()
        _assign(self._optimizer.variables, state)

    def set_weights(self, weights):
        """Set the weights and leave the optimizer as it is.

        Parameters
        ----------
        weights : Weights
            From here training goes on.
        """
        values = [weights.trainable]
        if not self._flat:
            values = self._layout.split(weights.trainable)
        _assign(self._parameters, values)
        _assign(self._state, weights.state)

    def _fresh_state(self):
        if self._spec.elementwise:
            return self._fresh_optimizer
        optimizer = self._spec.build()  # some begin with copies of the weights
        optimizer.build([_copy(v) for v in self._parameters])
        return [v.numpy() for v in optimizer.variables]

    def clear(self):
        """Forget what was learnt."""
        for variable in [*self._parameters, *self._state]:
            variable.assign(tf.zeros_like(variable.value))
        _assign(self._optimizer.variables, self._fresh_optimizer)

    def weights(self):
        """The present weights.

        Returns
        -------
        Weights
            Copies.
        """
        values = [v.numpy() for v in self._parameters]
        return Weights(
            values[0] if self._flat else self._layout.join(values),
            tuple(v.numpy() for v in self._state),
        )

    def optimizer_state(self):
        """The optimizer's variables, for `reset`.

        Returns
        -------
        list of ndarray
            Copies.
        """
        return [v.numpy() for v in self._optimizer.variables]

    def finish(self):
        """Let the optimizer put its averaged weights in place, if it keeps any."""
        self._optimizer.finalize_variable_values(self._parameters)

    # -- one epoch ------------------------------------------------------------------

    def run(self, X, y, weight, order, rates, batch_size, total):
        """Take one optimizer step for each batch of rows.

        Parameters
        ----------
        X, y, weight : tensor of shape (n_rows, ...)
            Rows and their weights.
        order : ndarray of shape (n,), int32
            Which rows, in which order.
        rates : ndarray of shape (n_steps,)
            The learning rate of every step.
        batch_size : int
            Rows per step; the last batch may be shorter.
        total : tensor
            The sum so far, see Returns.

        Returns
        -------
        tensor
            `total` plus the sum over batches of objective times number of rows.
        """
        return self._run_epoch(
            X,
            y,
            weight,
            tf.constant(order, tf.int32),
            tf.constant(rates, tf.float32),
            tf.constant(batch_size, tf.int32),
            total,
        )

    def _epoch(self, X, y, weight, order, rates, batch_size, total):
        n_steps = tf.shape(rates)[0]

        def body(step, total):
            rows = order[step * batch_size : (step + 1) * batch_size]
            self._optimizer.learning_rate.assign(rates[step])
            total += self._step(
                tf.gather(X, rows), tf.gather(y, rows), tf.gather(weight, rows)
            )
            return step + 1, total

        _, total = tf.while_loop(
            lambda step, _: step < n_steps, body, (0, total), parallel_iterations=1
        )
        return total

    def _step(self, X, y, weight):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            values = [v.value for v in self._parameters]
            tape.watch(values)
            outputs, state, penalties = self._forward(X, training=True)
            losses = tf.cast(per_row(self._loss, y, outputs), weight.dtype)
            n_rows = tf.cast(tf.shape(losses)[0], losses.dtype)
            objective = tf.reduce_sum(weight * losses) / n_rows
            if penalties:
                objective += tf.add_n([tf.cast(p, losses.dtype) for p in penalties])
            scaled = self._optimizer.scale_loss(objective)
        gradients = tape.gradient(scaled, values)
        for variable, value in zip(self._state, state, strict=True):
            variable.assign(value)
        if self._fused:
            _apply_adam(self._optimizer, gradients[0], self._parameters[0])
        else:
            self._optimizer.apply(gradients, self._parameters)
        return tf.cast(objective * n_rows, tf.float64)

    def _forward(self, X, training):
        state = [v.value for v in self._state]
        return call(self._model, self._variables(), state, X, training=training)

    def _variables(self):
        if self._flat:
            return split(self._layout, self._parameters[0].value)
        return [v.value for v in self._parameters]

    # -- validation -----------------------------------------------------------------

    def evaluate(self, X, y, weight, totals):
        """Sum up loss, penalties and metrics of rows, without learning.

        Parameters
        ----------
        X, y, weight : tensor of shape (n_rows, ...)
            Rows and their weights.
        totals : tensor of shape (2 + n_metrics,)
            The sums so far.

        Returns
        -------
        tensor of shape (2 + n_metrics,)
            `totals` plus the sums over these rows: of the weighted loss, of what
            regularizers add to it (not weighted), and of the weighted metrics.
        """
        return self._run_evaluation(X, y, weight, totals)

    def _evaluation(self, X, y, weight, totals):
        n_rows = tf.shape(X)[0]

        def body(start, totals):
            chunk = slice(start, start + EVALUATION_ROWS)
            outputs, _, penalties = self._forward(X[chunk], training=False)
            count = tf.cast(tf.shape(weight[chunk])[0], weight.dtype)
            values = [
                tf.reduce_sum(
                    weight[chunk] * tf.cast(per_row(f, y[chunk], outputs), weight.dtype)
                )
                for f in [self._loss, *self._metrics]
            ]
            values.insert(1, count * sum(tf.cast(p, count.dtype) for p in penalties))
            totals += tf.stack([tf.cast(value, tf.float64) for value in values])
            return start + EVALUATION_ROWS, totals

        _, totals = tf.while_loop(
            lambda start, _: start < n_rows, body, (0, totals), parallel_iterations=1
        )
        return totals

    @staticmethod
    def zeros(n=None):
        """The beginning of a sum: a scalar, or `n` of them."""
        return tf.zeros([] if n is None else [n], tf.float64)


def _with_inner(optimizer):
    """An optimizer and the one that it wraps, if any."""
    inner = getattr(optimizer, "inner_optimizer", None)
    return [optimizer] if inner is None else [optimizer, inner]


def _copy(variable):
    """A variable like it, with the path and constraint that optimizers look at."""
    *scopes, name = variable.path.split("/")
    with contextlib.ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(name_scope(scope))
        copy = Variable(variable.value, dtype=variable.dtype, name=name)
    copy.constraint = variable.constraint
    copy.overwrite_with_gradient = variable.overwrite_with_gradient
    return copy


def _check_loss(model, key):
    """Try the loss on a few rows, so that its errors are not those of a trace."""
    spec = key.network
    axes = {*key.y_shape, *np.ravel(spec.n_outputs).tolist()}
    n = next(n for n in itertools.count(2) if n not in axes)  # rows, and nothing else
    rows = KerasTensor([n, *spec.input_shape], spec.dtype)
    with TRACING:
        outputs = model.compute_output_spec(rows)
    outputs = tf.nest.map_structure(lambda t: tf.zeros(t.shape, t.dtype), outputs)
    values = per_row(key.loss, tf.zeros([n, *key.y_shape], key.y_dtype), outputs)
    if values.shape[0] != n:
        raise ValueError(
            f"{key.loss!r} returned {values.shape[0]} values for {n} rows; one value "
            "per row is needed, of shape (batch,). Take means over the last axis: "
            "keras.ops.mean(..., axis=-1)."
        )


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _apply_adam(optimizer, gradient, parameter):
    """One step of Keras's Adam in a single operation, spread over all threads."""
    optimizer.iterations.assign_add(1)
    step = tf.cast(optimizer.iterations.value, parameter.dtype)
    first, second = optimizer.variables[2:]  # after iterations and learning rate
    tf.raw_ops.ResourceApplyAdam(
        var=parameter.value.handle,
        m=first.value.handle,
        v=second.value.handle,
        beta1_power=tf.pow(tf.cast(optimizer.beta_1, step.dtype), step),
        beta2_power=tf.pow(tf.cast(optimizer.beta_2, step.dtype), step),
        lr=tf.cast(optimizer.learning_rate.value, step.dtype),
        beta1=tf.cast(optimizer.beta_1, step.dtype),
        beta2=tf.cast(optimizer.beta_2, step.dtype),
        epsilon=tf.cast(optimizer.epsilon, step.dtype),
        grad=gradient,
    )
