"""The epoch step and the evaluation step, traced once for each program."""

import contextlib
import functools
import itertools

import numpy as np
import tensorflow as tf
from keras import KerasTensor, StatelessScope, Variable, name_scope

from skdl.training._tensorflow._graph import (
    TRACING,
    call,
    per_row,
    rows_at_once,
    split,
    traced,
)
from skdl.training._weights import Weights

_DRAWS_OF_ONE = 2**16  # numbers that one random generator may draw in a step
EVALUATED = 2**18  # positions of validation rows that are computed together
_FUSED_ADAM = 20_000  # parameters from which TensorFlow's own Adam is the faster one


class Trainer:
    """A network, a loss and an optimizer, with the variables of one running fit.

    A fit may train several *members*: copies of the network which have weights and
    rows of their own, and share optimizer, learning rates and number of steps. Their
    steps are computed side by side, each exactly as it would be alone, and the
    optimizer's is taken for all of them at once.

    Parameters
    ----------
    model : keras.Model
        The pattern; its own variables are not used.
    layout : Layout
        How the vector of parameters divides into variables.
    key : ProgramKey
        Loss, optimizer, metrics, shapes and dtypes, number of members.

    Attributes
    ----------
    key : ProgramKey
        The same.
    """

    def __init__(self, model, layout, key):
        self._model = model
        self._layout = layout
        self.key = key
        self._loss = key.loss
        self._metrics = [metric for _, metric in key.metrics]
        self._check(model, key)
        self._spec = key.optimizer
        self._optimizer = self._spec.build()
        # Summing gradients over replicas, of which there is one here, would register a
        # gradient function in TensorFlow that keeps every traced graph for ever.
        for optimizer in with_inner(self._optimizer):
            optimizer._all_reduce_sum_gradients = lambda pairs: pairs
        self._n_members = n_members = key.n_members
        self._state = [
            [Variable(v.numpy(), dtype=v.dtype) for v in layout.state]
            for _ in range(n_members)
        ]
        # One flat vector where that is the same: a fraction of the operations.
        self._flat = self._shares_a_vector()
        large = layout.n_parameters >= _FUSED_ADAM
        self._fused = self._flat and large and self._spec.plain_adam
        if self._flat:
            vector = layout.join([v.numpy() for v in layout.trainable])
            vector = np.tile(vector, n_members)  # one member after the other
            self._parameters = [Variable(vector, dtype=vector.dtype)]
        else:
            self._parameters = [_copy(v) for v in layout.trainable]
        self._kernels = self._kernel_masks() if key.weight_decay else None
        self._augmentation = key.augment and key.augment.build()
        if self._augmentation is not None:
            self._augmentation.check(key.network.input_shape, key.network.dtype)
        self._optimizer.build(self._parameters)
        self._fresh_optimizer = self.optimizer_state()
        held = [*self._parameters, *(v for state in self._state for v in state)]
        self.n_bytes = sum(v.numpy().nbytes for v in held)
        self.n_bytes += sum(value.nbytes for value in self._fresh_optimizer)
        spec = key.network
        self._dtype = spec.dtype
        self._row_shape = spec.input_shape
        self._evaluation_rows = evaluation_rows(spec.input_shape)
        self._batch = [
            tf.TensorSpec([None, *spec.input_shape], key.x_dtype or spec.dtype),
            tf.TensorSpec([None, *key.y_shape], key.y_dtype),
            tf.TensorSpec([None], self._weight_dtype(spec)),
        ]
        # convolutions do not take batches without rows, which stopped members are given
        self._skips = n_members > 1 and len(spec.input_shape) > 1
        self._rows = [[*self._batch, tf.TensorSpec([None], tf.int32)]] * n_members

    @functools.cached_property
    def _run_epoch(self):
        rates = tf.TensorSpec([None], tf.float32)
        batch_size = tf.TensorSpec([], tf.int32)
        draws = tf.TensorSpec([None, self._n_members], tf.uint32)
        totals = tf.TensorSpec([self._n_members], tf.float64)
        return traced(
            self._epoch, [self._rows, rates, rates, draws, batch_size, totals]
        )

    @functools.cached_property
    def _run_evaluation(self):
        shape = [self._n_members, 2 + len(self._metrics)]
        return traced(self._evaluation, [self._rows, tf.TensorSpec(shape, tf.float64)])

    @functools.cached_property
    def _member_step(self):
        return self._of_one_member(self._gradient, tf.TensorSpec([], tf.uint32))

    @functools.cached_property
    def _member_sums(self):
        return self._of_one_member(self._sums)

    @property
    def is_random(self):
        """Whether a step depends on `draws`."""
        return self._augmentation is not None

    def _of_one_member(self, function, *further):
        """A member's part of a computation: for several of them traced only once."""
        if self._n_members == 1:
            return function
        vector = tf.TensorSpec([self._layout.n_parameters], self._layout.dtype)
        state = [tf.TensorSpec(v.shape, v.dtype) for v in self._layout.state]
        return traced(function, [[vector], state, *self._batch, *further])

    def _shares_a_vector(self):
        return shares_a_vector(self._layout, self._spec)

    @staticmethod
    def _weight_dtype(spec):
        """Dtype of the weights of rows."""
        return spec.dtype

    @staticmethod
    def _check(model, key):
        """Complain about what cannot be traced."""
        _check_loss(model, key)

    # -- variables ------------------------------------------------------------------

    def reset(self, weights, optimizer_state=None):
        """Set every variable, so that nothing of an earlier fit remains.

        Parameters
        ----------
        weights : list of Weights
            Where training begins, for each member.
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
        weights : list of Weights
            From here training goes on, for each member.
        """
        values = [np.concatenate([member.trainable for member in weights])]
        if not self._flat:
            values = self._layout.split(values[0])
        _assign(self._parameters, values)
        for variables, member in zip(self._state, weights, strict=True):
            _assign(variables, member.state)

    def _fresh_state(self):
        if self._spec.elementwise:
            return self._fresh_optimizer
        optimizer = self._spec.build()  # some begin with copies of the weights
        optimizer.build([_copy(v) for v in self._parameters])
        return [v.numpy() for v in optimizer.variables]

    def clear(self):
        """Forget what was learnt."""
        state = [v for variables in self._state for v in variables]
        for variable in [*self._parameters, *state]:
            variable.assign(tf.zeros_like(variable.value))
        _assign(self._optimizer.variables, self._fresh_optimizer)

    def weights(self):
        """The present weights.

        Returns
        -------
        list of Weights
            Copies, for each member.
        """
        values = [v.numpy() for v in self._parameters]
        vector = values[0] if self._flat else self._layout.join(values)
        if self._n_members > 1:  # without holding on to those of the others
            vectors = [part.copy() for part in np.split(vector, self._n_members)]
        else:
            vectors = [vector]
        return [
            Weights(vector, tuple(v.numpy() for v in state))
            for vector, state in zip(vectors, self._state, strict=True)
        ]

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

    def run(self, members, rates, decays, draws, batch_size, totals):
        """Take one optimizer step for each batch of rows.

        Parameters
        ----------
        members : list of tuple
            For each member X, y, weight (tensors of shape (n_rows, ...)), and which of
            these rows, in which order (ndarray of shape (n,), int32); none for a member
            that is to learn no more.
        rates : ndarray of shape (n_steps,)
            The learning rate of every step.
        decays : ndarray of shape (n_steps,)
            The share of every kernel that is taken off in the step, for programs with
            weight decay.
        draws : ndarray of shape (n_steps, n_members)
            uint32, what augmentation is random by in each step.
        batch_size : int
            Rows per step; the last batch may be shorter.
        totals : tensor of shape (n_members,)
            The sums so far, see Returns.

        Returns
        -------
        tensor of shape (n_members,)
            `totals` plus the sums over batches of objective times number of rows.
        """
        return self._run_epoch(
            [[*rows, tf.constant(order, tf.int32)] for *rows, order in members],
            tf.constant(rates, tf.float32),
            tf.constant(decays, tf.float32),
            tf.constant(draws, tf.uint32),
            tf.constant(batch_size, tf.int32),
            totals,
        )

    def _epoch(self, members, rates, decays, draws, batch_size, totals):
        n_steps = tf.shape(rates)[0]

        def body(step, totals):
            self._optimizer.learning_rate.assign(tf.gather(rates, step))
            begin = tf.stack([step * batch_size])
            batches = []
            for *rows, order in members:
                now = tf.strided_slice(order, begin, begin + batch_size)
                batches.append([tf.gather(values, now) for values in rows])
            taken = self._step(batches, tf.gather(decays, step), tf.gather(draws, step))
            return step + 1, totals + taken

        _, totals = tf.while_loop(
            lambda step, _: step < n_steps, body, (0, totals), parallel_iterations=1
        )
        return totals

    def _step(self, batches, decay, draws):
        members = [
            self._step_of_member(values, [v.value for v in state], *batch, draw)
            for values, state, batch, draw in zip(
                self._values(),
                self._state,
                batches,
                tf.unstack(draws, self._n_members),
                strict=True,
            )
        ]
        totals, gradients, states = zip(*members, strict=True)
        for variables, state in zip(self._state, states, strict=True):
            for variable, value in zip(variables, state, strict=True):
                variable.assign(value)
        if self._n_members == 1:
            (gradients,) = gradients
        else:
            gradients = [tf.concat([vector for (vector,) in gradients], 0)]
        if self._kernels:
            self._shrink_kernels(decay)
        if self._fused:
            _apply_adam(self._optimizer, gradients[0], self._parameters[0])
        else:
            self._optimizer.apply(gradients, self._parameters)
        return tf.stack(totals)

    def _step_of_member(self, values, state, X, *others):
        def no_step():
            return (
                tf.zeros([], tf.float64),
                [tf.zeros_like(value) for value in values],
                [tf.identity(value) for value in state],
            )

        step = functools.partial(self._member_step, values, state, X, *others)
        return self._if_rows(X, step, no_step)

    def _if_rows(self, X, compute, nothing):
        """What is computed of these rows, where it can be computed of none of them."""
        if not self._skips:
            return compute()
        return tf.cond(tf.shape(X)[0] > 0, compute, nothing)

    def _gradient(self, values, state, X, y, weight, draw):
        """One member's objective times rows, its gradient, and its new state."""
        X, targets = self._augmented(X, y, weight, draw)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            outputs, state, penalties = self._forward(values, state, X, training=True)
            losses = tf.add_n([self._weighed(*of, outputs) for of in targets])
            n_rows = tf.shape(losses)[0]
            if self._n_members > 1:  # one that has stopped is given no rows
                n_rows = tf.maximum(n_rows, 1)
            n_rows = tf.cast(n_rows, losses.dtype)
            objective = tf.reduce_sum(losses) / n_rows
            if penalties:
                objective += tf.add_n([tf.cast(p, losses.dtype) for p in penalties])
            scaled = objective
            if self._n_members == 1:
                scaled = self._optimizer.scale_loss(objective)
        gradients = tape.gradient(scaled, values)
        return tf.cast(objective * n_rows, tf.float64), gradients, state

    def _augmented(self, X, y, weight, draw):
        """Other rows like these, and one or two targets with weights for each row."""
        X = tf.cast(X, self._dtype)
        if self._augmentation is None:
            return X, [(y, weight)]
        seeds = [
            (variable, tf.stack([draw, tf.constant(k * _DRAWS_OF_ONE, tf.uint32)]))
            for k, variable in enumerate(self._augmentation.variables)
        ]
        with StatelessScope(state_mapping=seeds):
            X, share = self._augmentation(X)
        if share is None:
            return X, [(y, weight)]
        # a row mixed with the one before it has the loss of both: for the log loss that
        # is the same as targets which are mixed
        partner = [tf.roll(values, 1, axis=0) for values in (y, weight)]
        return X, [(y, share * weight), (partner[0], (1 - share) * partner[1])]

    def _weighed(self, y, weight, outputs):
        """The loss of every row times its weight."""
        return weight * tf.cast(per_row(self._loss, y, outputs), weight.dtype)

    def _kernel_masks(self):
        """For each parameter variable 1 where a kernel is, and 0 elsewhere."""
        kernels = [float(v.name == "kernel") for v in self._layout.trainable]
        if self._flat:
            mask = np.repeat(kernels, self._layout.sizes)
            kernels = [np.tile(mask, self._n_members)]
        # made here, they are no constants of the graph, which would hold copies of them
        return [
            tf.constant(kernel, v.dtype)
            for kernel, v in zip(kernels, self._parameters, strict=True)
        ]

    def _shrink_kernels(self, decay):
        """Weight decay apart from the gradient (Loshchilov & Hutter 2019)."""
        for variable, kernels in zip(self._parameters, self._kernels, strict=True):
            share = kernels * tf.cast(decay, variable.dtype)
            variable.assign_sub(variable.value * share)

    def _forward(self, values, state, X, training):
        if self._flat:
            values = split(self._layout, values[0])
        return call(self._model, values, state, X, training=training)

    def _values(self):
        """For each member the values of its parameters: one vector, or one by one."""
        values = [v.value for v in self._parameters]
        if self._n_members == 1:
            return [values]
        return [[vector] for vector in tf.split(values[0], self._n_members)]

    # -- validation -----------------------------------------------------------------

    def evaluate(self, members, totals):
        """Sum up loss, penalties and metrics of rows, without learning.

        Parameters
        ----------
        members : list of tuple
            For each member X, y, weight (tensors of shape (n_rows, ...)), and which of
            these rows (tensor of shape (n,), int32).
        totals : tensor of shape (n_members, 2 + n_metrics)
            The sums so far.

        Returns
        -------
        tensor of shape (n_members, 2 + n_metrics)
            `totals` plus the sums over these rows: of the weighted loss, of what
            regularizers add to it (not weighted), and of the weighted metrics.
        """
        return self._run_evaluation([list(rows) for rows in members], totals)

    def _evaluation(self, members, totals):
        n_rows = tf.reduce_max([tf.shape(which)[0] for *_, which in members])
        n_together = self._evaluation_rows
        if None in self._row_shape:  # fewer of longer sequences
            n_steps = tf.shape(members[0][0])[1]
            n_together = tf.clip_by_value(EVALUATED // n_steps, 1, n_together)

        def body(start, totals):
            chunk = slice(start, start + n_together)
            sums = []
            states = [[v.value for v in state] for state in self._state]
            for values, state, (*rows, which) in zip(
                self._values(), states, members, strict=True
            ):
                part = [tf.gather(of_all, which[chunk]) for of_all in rows]
                sums.append(self._sums_of_member(values, state, *part))
            return start + n_together, totals + tf.stack(sums)

        _, totals = tf.while_loop(
            lambda start, _: start < n_rows, body, (0, totals), parallel_iterations=1
        )
        return totals

    def _sums_of_member(self, values, state, X, *others):
        def no_sums():
            return tf.zeros([2 + len(self._metrics)], tf.float64)

        sums = functools.partial(self._member_sums, values, state, X, *others)
        return self._if_rows(X, sums, no_sums)

    def _sums(self, values, state, X, y, weight):
        X = tf.cast(X, self._dtype)
        outputs, _, penalties = self._forward(values, state, X, training=False)
        count = tf.cast(tf.shape(weight)[0], weight.dtype)
        sums = [
            tf.reduce_sum(weight * tf.cast(per_row(f, y, outputs), weight.dtype))
            for f in [self._loss, *self._metrics]
        ]
        sums.insert(1, count * sum(tf.cast(p, count.dtype) for p in penalties))
        sums = tf.stack([tf.cast(value, tf.float64) for value in sums])
        if self._n_members == 1:
            return sums
        # penalties may be means over rows, of which this member may have no more
        return tf.where(count > 0, sums, tf.zeros_like(sums))

    def zeros(self, *shape):
        """The beginning of sums of this shape, for each member."""
        return _zeros((self._n_members, *shape))

    def metrics(self):
        """What a network's own metrics say of the rows since the last `zeros`.

        Returns
        -------
        dict of str to float
            None here: metrics are sums over rows.
        """
        return {}


@functools.cache
def _zeros(shape):
    return tf.zeros(shape, tf.float64)


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


def shares_a_vector(layout, optimizer):
    """Whether the optimizer may see all parameters as one vector.

    Parameters
    ----------
    layout : Layout
        Of the network.
    optimizer : OptimizerSpec
        The optimizer.

    Returns
    -------
    bool
        True if steps on the vector are steps on the variables.
    """
    return optimizer.elementwise and layout.plain


def with_inner(optimizer):
    """An optimizer and the one that it wraps, if any."""
    inner = getattr(optimizer, "inner_optimizer", None)
    return [optimizer] if inner is None else [optimizer, inner]


def _copy(variable):
    """A variable like it, with the path and constraint that optimizers look at."""
    *scopes, name = variable.path.split("/")
    with contextlib.ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(name_scope(scope))
        # its array, as Keras would go on with the very tensor of a variable
        copy = Variable(variable.numpy(), dtype=variable.dtype, name=name)
    copy.constraint = variable.constraint
    copy.overwrite_with_gradient = variable.overwrite_with_gradient
    return copy


def _check_loss(model, key):
    """Try the loss on a few rows, so that its errors are not those of a trace."""
    spec = key.network
    axes = {*key.y_shape, *np.ravel(spec.n_outputs).tolist()}
    # of rows, and of steps where any number of them will do: found in no other axis
    n, n_steps = itertools.islice((k for k in itertools.count(2) if k not in axes), 2)
    n_steps = spec.input_shape[0] or n_steps

    def zeros(shape, dtype):
        return tf.zeros([n_steps if axis is None else axis for axis in shape], dtype)

    rows = KerasTensor([n, *spec.input_shape], spec.dtype)
    with TRACING:
        outputs = model.compute_output_spec(rows)
    outputs = tf.nest.map_structure(lambda t: zeros(t.shape, t.dtype), outputs)
    values = per_row(key.loss, zeros([n, *key.y_shape], key.y_dtype), outputs)
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
