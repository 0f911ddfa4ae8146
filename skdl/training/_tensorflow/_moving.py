"""A player in a running fit: weights, optimizer and average of all members."""

import contextlib
import functools

import numpy as np
import tensorflow as tf
from keras import KerasTensor, Model, Variable, layers, name_scope

from skdl.training._tensorflow._graph import TRACING, as_input, split
from skdl.training._weights import Weights

_FUSED_ADAM = 20_000  # parameters from which TensorFlow's own Adam is the faster one
_GROWS = 9  # steps after which a growing average has a half-life of some six steps


class Moving:
    """The variables that a player moves, of all members.

    Parameters
    ----------
    player : Player
        Its network, its optimizer, its average.
    model : keras.Model
        The pattern; its own variables are not used.
    layout : Layout
        How the vector of parameters divides into variables.
    n_members : int
        How many copies of the network there are.
    apart : bool
        Whether the optimizer has to see each variable by itself.

    Attributes
    ----------
    parameters : list of keras.Variable
        One vector with those of all members, or each by itself.
    state : list of list of keras.Variable
        The other variables of each member.
    optimizer : keras.optimizers.Optimizer
        Built on the parameters.
    flat : bool
        Whether the parameters are one vector.
    n_bytes : int
        Of all of that.
    """

    def __init__(self, player, model, layout, n_members, *, apart):
        self.player = player
        self.name, self.every = player.name, player.every
        self.model = model
        self.layout = layout
        self._n_members = n_members
        self._spec = player.optimizer
        self.optimizer = self._spec.build()
        # Summing gradients over replicas, of which there is one here, would register a
        # gradient function in TensorFlow that keeps every traced graph for ever.
        for optimizer in with_inner(self.optimizer):
            optimizer._all_reduce_sum_gradients = lambda pairs: pairs
        self.state = [
            [Variable(v.numpy(), dtype=v.dtype) for v in layout.state]
            for _ in range(n_members)
        ]
        # One flat vector where that is the same: a fraction of the operations.
        self.flat = not apart and shares_a_vector(layout, self._spec)
        large = layout.n_parameters >= _FUSED_ADAM
        self._fused = self.flat and large and self._spec.plain_adam
        if self.flat:
            vector = layout.join([v.numpy() for v in layout.trainable])
            vector = np.tile(vector, n_members)  # one member after the other
            self.parameters = [Variable(vector, dtype=vector.dtype)]
        else:
            self.parameters = [_copy(v) for v in layout.trainable]
        self._averages, self._moves = [], []
        if player.average is not None:
            self._averages = [
                Variable(v.numpy(), dtype=v.dtype) for v in self.parameters
            ]
            self._moves = [Variable(0, dtype="int64")]
        self._kernels = self._kernel_masks() if player.weight_decay else None
        self.optimizer.build(self.parameters)
        self._fresh_optimizer = [v.numpy() for v in self.optimizer.variables]
        held = [*self.parameters, *self._averages]
        held += [v for state in self.state for v in state]
        self.n_bytes = sum(v.numpy().nbytes for v in held)
        self.n_bytes += sum(value.nbytes for value in self._fresh_optimizer)

    @functools.cached_property
    def output_spec(self):
        """Symbols of what the network gives, in its own structure."""
        spec = self.player.network
        X = KerasTensor((None, *spec.input_shape), spec.dtype)
        with TRACING:
            return self.model.compute_output_spec(as_input(self.model, X))

    # -- between epochs -------------------------------------------------------------

    def reset(self, weights, state=None):
        """Set every variable, so that nothing of an earlier fit remains.

        Parameters
        ----------
        weights : list of Weights
            Where training begins, for each member.
        state : list of ndarray or None, default=None
            From `going_on`; None begins afresh.
        """
        self.set_weights(weights)
        n_own = len(self._own)
        own, optimizer = (state[:n_own], state[n_own:]) if state else (None, None)
        _assign(self.optimizer.variables, optimizer or self._fresh_state())
        if own:
            _assign(self._own, own)

    @property
    def _own(self):
        """What an average goes on from beside the state of the optimizer."""
        if not self._averages:
            return []
        return [*self._moves, *self.parameters, *self._averages]

    def going_on(self):
        """What training goes on from, beside the weights.

        Returns
        -------
        list of ndarray
            Copies: for an average that, and the weights which are averaged; then the
            optimizer's variables.
        """
        return [v.numpy() for v in [*self._own, *self.optimizer.variables]]

    def set_weights(self, weights):
        """Set the weights, and an average to the same, and leave the optimizer.

        Parameters
        ----------
        weights : list of Weights
            From here training goes on, for each member.
        """
        values = [np.concatenate([member.trainable for member in weights])]
        if not self.flat:
            values = self.layout.split(values[0])
        _assign(self.parameters, values)
        if self._averages:
            _assign(self._averages, values)
            _assign(self._moves, [0])
        for variables, member in zip(self.state, weights, strict=True):
            _assign(variables, member.state)

    def _fresh_state(self):
        if self._spec.elementwise:
            return self._fresh_optimizer
        optimizer = self._spec.build()  # some begin with copies of the weights
        optimizer.build([_copy(v) for v in self.parameters])
        return [v.numpy() for v in optimizer.variables]

    def clear(self):
        """Forget what was learnt."""
        state = [v for variables in self.state for v in variables]
        for variable in [*self.parameters, *self._averages, *state]:
            variable.assign(tf.zeros_like(variable.value))
        _assign(self.optimizer.variables, self._fresh_optimizer)

    def weights(self, *, averaged=True):
        """The present weights.

        Parameters
        ----------
        averaged : bool, default=True
            Whether those that are an average where there is one.

        Returns
        -------
        list of Weights
            Copies, for each member.
        """
        values = [v.numpy() for v in self._answering(averaged)]
        vector = values[0] if self.flat else self.layout.join(values)
        if self._n_members > 1:  # without holding on to those of the others
            vectors = [part.copy() for part in np.split(vector, self._n_members)]
        else:
            vectors = [vector]
        return [
            Weights(vector, tuple(v.numpy() for v in state))
            for vector, state in zip(vectors, self.state, strict=True)
        ]

    def finish(self):
        """Let the optimizer put its averaged weights in place, if it keeps any."""
        self.optimizer.finalize_variable_values(self.parameters)

    # -- within a step --------------------------------------------------------------

    def _answering(self, averaged):
        return self._averages if averaged and self._averages else self.parameters

    def values(self, *, averaged=False):
        """Tensors: for each member one vector, or its variables one by one."""
        values = [v.value for v in self._answering(averaged)]
        if self._n_members == 1:
            return [values]
        return [[vector] for vector in tf.split(values[0], self._n_members)]

    def state_values(self):
        """Tensors: for each member its other variables."""
        return [[v.value for v in state] for state in self.state]

    def as_variables(self, values):
        """One tensor for each trainable variable of the network."""
        if self.flat:
            values = split(self.layout, values[0])
        return [tf.convert_to_tensor(value) for value in values]

    def signature(self):
        """Of the values of a member and of its state, where there are several."""
        vector = tf.TensorSpec([self.layout.n_parameters], self.layout.dtype)
        return [vector], [tf.TensorSpec(v.shape, v.dtype) for v in self.layout.state]

    def move(self, gradients, states, decay):
        """Take a step of the optimizer.

        Parameters
        ----------
        gradients : list of list of tensor
            For each member, of the tensors of `values`.
        states : list of list of tensor
            For each member, its other variables from now on.
        decay : tensor of shape ()
            The share that is taken off each kernel, if the player has weight decay.
        """
        for variables, state in zip(self.state, states, strict=True):
            for variable, value in zip(variables, state, strict=True):
                variable.assign(value)
        if self._n_members == 1:
            (gradients,) = gradients
        else:
            gradients = [tf.concat([vector for (vector,) in gradients], 0)]
        if self._kernels:
            self._shrink_kernels(decay)
        if self._fused:
            _apply_adam(self.optimizer, gradients[0], self.parameters[0])
        else:
            self.optimizer.apply(gradients, self.parameters)
        if self._averages:
            self._take_average()

    def _take_average(self):
        average, (moves,) = self.player.average, self._moves
        step = tf.cast(moves.value, "float64")
        decay = tf.constant(average.decay, "float64")
        if average.grows:
            decay = tf.minimum(decay, step / (step + _GROWS))
        decay = tf.where(step > 0, decay, tf.zeros_like(decay))
        for mean, variable in zip(self._averages, self.parameters, strict=True):
            share = tf.cast(decay, mean.dtype)
            mean.assign(share * mean.value + (1 - share) * variable.value)
        moves.assign_add(1)

    def _kernel_masks(self):
        """For each parameter variable 1 where a kernel is, and 0 elsewhere."""
        kernels = [float(v.name == "kernel") for v in self.layout.trainable]
        if self.flat:
            mask = np.repeat(kernels, self.layout.sizes)
            kernels = [np.tile(mask, self._n_members)]
        # made here, they are no constants of the graph, which would hold copies of them
        return [
            tf.constant(kernel, v.dtype)
            for kernel, v in zip(kernels, self.parameters, strict=True)
        ]

    def _shrink_kernels(self, decay):
        """Weight decay apart from the gradient (Loshchilov & Hutter 2019)."""
        for variable, kernels in zip(self.parameters, self._kernels, strict=True):
            share = kernels * tf.cast(decay, variable.dtype)
            variable.assign_sub(variable.value * share)


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


def may_look_up(model):
    """Whether a layer may take some rows of a variable, as any layer of a user may.

    Gradients of looked up rows are sparse, and Keras's optimizers square each part of
    them by itself: one vector has other second moments.

    Parameters
    ----------
    model : keras.Model
        Any.

    Returns
    -------
    bool
        False for a model of Keras's own layers without an embedding.
    """
    return any(map(_layer_may_look_up, model._flatten_layers()))


def _layer_may_look_up(layer):
    if isinstance(layer, Model):
        return False  # its layers are asked
    module = type(layer).__module__
    return isinstance(layer, layers.Embedding) or not module.startswith("keras.")


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
