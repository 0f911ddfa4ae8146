"""The steps of a compiled Keras model, with its own loss and metrics."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor, StatelessScope, Variable

from skdl.training._tensorflow._graph import (
    TRACING,
    as_input,
    forward,
    other_values,
    split,
    traced,
)
from skdl.training._tensorflow._trainer import Trainer, with_inner
from skdl.training._tensorflow._variables import put, take
from skdl.training._weights import Weights


class AssignsWeights(Exception):
    """A layer assigns trainable weights when it is called."""


class CompiledTrainer(Trainer):
    """Trains like ``keras.Model.fit``: the same loss, penalties and metrics.

    Parameters
    ----------
    model : keras.Model
        The pattern, compiled; its own variables are not used.
    layout : Layout
        How the vector of parameters divides into variables.
    key : ProgramKey
        Optimizer, shapes and dtypes; `ProgramKey.weighted` says whether the loss is
        given weights, as Keras has losses that make a difference of that.

    Attributes
    ----------
    evaluated_at_once : int
        Rows of a validation batch, which decides the loss where batches are summed up.
    metric_names : dict of str to str
        Names that metrics have in the model whose fit it is, where they differ.
    """

    def __init__(self, model, layout, key):
        super().__init__(model, layout, key)
        self._weighted = key.weighted
        self._symbols = _symbols(model, key)
        self._metrics_of_model = _metrics_of(model)
        self._counted = counted = _counted(model)  # the pattern's
        self._counts = [Variable(_fresh(v), dtype=v.dtype) for v in counted]
        self._fresh_counts = self._first_counts()
        self._pairs, self._told = (None, []), []
        self.evaluated_at_once = self._evaluation_rows
        self.metric_names = {}

    @staticmethod
    def _check(model, key):
        with TRACING:
            model._symbolic_build(data_batch=_symbols(model, key))

    @staticmethod
    def _weight_dtype(spec):
        return keras.config.floatx()

    def _shares_a_vector(self):
        # Gradients of looked up rows are sparse, and Keras's optimizers square each
        # part of them by itself: one vector would have other second moments.
        return super()._shares_a_vector() and not any(
            map(_may_look_up, self._model._flatten_layers())
        )

    # -- metrics --------------------------------------------------------------------

    def _first_counts(self):
        with StatelessScope() as scope:
            for metric in self._metrics_of_model:
                metric.reset_state()
        values = [scope.get_current_value(v) for v in self._counted]
        return [
            np.asarray(variable.numpy() if value is None else value)
            for variable, value in zip(self._counted, values, strict=True)
        ]

    def zeros(self, *shape):
        """The beginning of sums of this shape; metrics begin anew, too."""
        for variable, value in zip(self._counts, self._fresh_counts, strict=True):
            variable.assign(value)
        return super().zeros(*shape)

    def metrics(self):
        """What the model's metrics say of the rows since the last `zeros`.

        Returns
        -------
        dict of str to float
            By the names that Keras gives them; arrays where a metric has several
            values.
        """
        values = zip(self._counted, (v.value for v in self._counts), strict=True)
        results = {}
        with StatelessScope(state_mapping=list(values)):
            for metric in self._metrics_of_model:
                result = metric.result()
                named = result if isinstance(result, dict) else {metric.name: result}
                results |= named
            # some results are variables, whose values end with the scope
            results = {
                k: np.asarray(tf.convert_to_tensor(v)) for k, v in results.items()
            }
        return {
            self.metric_names.get(name, name): float(value)
            if value.ndim == 0
            else value
            for name, value in results.items()
        }

    def build_metrics(self, model):
        """Make the metrics of a model that is like the pattern, as its own fit would.

        Callbacks look for them, to know which are the better the larger they are.

        Parameters
        ----------
        model : keras.Model
            Built and compiled.
        """
        compiled = model._compile_metrics
        if compiled is None or compiled.built:
            return
        _, y, _ = self._symbols
        compiled.build(y, self._output)
        if len(_counted(model)) != len(self._counted):
            compiled.built = False  # some make their variables when they are used
            with TRACING:
                model._symbolic_build(data_batch=self._symbols)

    @functools.cached_property
    def _output(self):
        """What stands for the output, by which metrics see what kind of y it is."""
        X, *_ = self._symbols
        with TRACING:
            return keras.tree.flatten(self._model.compute_output_spec(X))[0]

    def write_metrics(self, model, logs):
        """Give a model the metrics of the last rows, as ``get_metrics_result`` tells.

        Parameters
        ----------
        model : keras.Model
            After `build_metrics`.
        logs : dict of str to float
            Of the last epoch.
        """
        theirs = _counted(model)
        if len(theirs) == len(self._counts):
            put(theirs, take(self._counts))
        mean = model._loss_tracker
        put([mean.total, mean.count], [logs.get("val_loss", logs["loss"]), 1])

    # -- steps ----------------------------------------------------------------------

    def trace(self):
        """Trace a step, unless that was done before.

        Raises
        ------
        AssignsWeights
            If that cannot be done, as the optimizer's steps are not all there is.
        """
        _ = self._run_epoch

    def _gradient(self, values, state, X, y, weight, draw):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss, state = self._loss_of_batch(values, state, X, y, weight, True)
            scaled = self._optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, values)
        return self._times_rows(loss, X), gradients, state

    def _loss_of_batch(self, values, state, X, y, weight, training):
        """The loss with all penalties, and new states; metrics take note of it."""
        if self._flat:
            values = split(self._layout, values[0])
        values = [tf.convert_to_tensor(value) for value in values]
        model = self._model
        weight = weight if self._weighted else None
        pairs = [
            *zip(self._layout.trainable, values, strict=True),
            *zip(self._layout.state, state, strict=True),
            *zip(self._counted, (v.value for v in self._counts), strict=True),
        ]
        with other_values(model, pairs, training=training) as scope:
            outputs = forward(model, X, training=training)
            loss = model.compute_loss(
                x=X, y=y, y_pred=outputs, sample_weight=weight, training=training
            )
            model.compute_metrics(X, y, outputs, sample_weight=weight)
        for variable, value in zip(self._layout.trainable, values, strict=True):
            if scope.get_current_value(variable) is not value:
                raise AssignsWeights(variable.path)
        for variable, theirs in zip(self._counts, self._counted, strict=True):
            variable.assign(scope.get_current_value(theirs))
        return loss, [scope.get_current_value(v) for v in self._layout.state]

    @staticmethod
    def _times_rows(loss, X):
        n_rows = tf.cast(tf.shape(X)[0], tf.float64)
        return tf.reduce_mean(tf.cast(loss, tf.float64)) * n_rows

    # -- validation -----------------------------------------------------------------

    @functools.cached_property
    def _run_evaluation(self):
        totals = tf.TensorSpec([1, 2], tf.float64)
        at_once = tf.TensorSpec([], tf.int32)
        return traced(self._evaluation_of_batches, [self._rows, totals, at_once])

    def evaluate(self, members, totals):
        """Sum up the loss of rows, without learning; metrics take note of them.

        Parameters
        ----------
        members : list of tuple
            As for `Trainer.evaluate`, of the one member.
        totals : tensor of shape (1, 2)
            The sums so far.

        Returns
        -------
        tensor of shape (1, 2)
            `totals` plus the sum over batches of loss times number of rows, and zero,
            as penalties are within the loss.
        """
        at_once = tf.constant(self.evaluated_at_once, tf.int32)
        return self._run_evaluation([list(rows) for rows in members], totals, at_once)

    def _evaluation_of_batches(self, members, totals, at_once):
        ((*rows, which),) = members
        n_rows = tf.shape(which)[0]
        (values,), (state,) = self._values(), [[v.value for v in self._state[0]]]

        def body(start, totals):
            part = [
                tf.gather(of_all, which[start : start + at_once]) for of_all in rows
            ]
            loss, _ = self._loss_of_batch(values, state, *part, False)
            total = self._times_rows(loss, part[0])
            return start + at_once, totals + tf.stack([[total, tf.zeros_like(total)]])

        _, totals = tf.while_loop(
            lambda start, _: start < n_rows, body, (0, totals), parallel_iterations=1
        )
        return totals

    # -- the user's model and optimizer ---------------------------------------------

    def read_model(self, variables):
        """The weights of a model like the pattern.

        Parameters
        ----------
        variables : tuple of list
            From ``Layout.variables``.

        Returns
        -------
        Weights
            Copies.
        """
        trainable, state = map(take, variables)
        return Weights(self._layout.join(trainable), tuple(state))

    def write_model(self, variables, weights):
        """Give a model like the pattern weights.

        Parameters
        ----------
        variables : tuple of list
            From ``Layout.variables``.
        weights : Weights
            Stay as they are.
        """
        trainable, state = variables
        put(trainable, self._layout.split(weights.trainable))
        put(state, weights.state)

    def read_optimizer(self, optimizer):
        """Go on with the state of an optimizer like ours.

        Parameters
        ----------
        optimizer : keras.optimizers.Optimizer
            Built on the variables of a model like the pattern.
        """
        for k, (ours, theirs) in enumerate(self._beside(optimizer)):
            value = np.concatenate([np.ravel(v) for v in take(theirs)])
            if k >= len(self._told) or not np.array_equal(value, self._told[k]):
                put([ours], [value.reshape(ours.shape)])

    def write_optimizer(self, optimizer):
        """Give our state to an optimizer like ours.

        Parameters
        ----------
        optimizer : keras.optimizers.Optimizer
            As for `read_optimizer`.
        """
        self._told = []  # for `read_optimizer`, to see what is new
        for ours, theirs in self._beside(optimizer):
            (value,) = take([ours])
            self._told.append(np.ravel(value))
            ends = np.cumsum([math.prod(v.shape) for v in theirs])
            parts = np.split(self._told[-1], ends[:-1])
            put(
                theirs,
                [part.reshape(v.shape) for part, v in zip(parts, theirs, strict=True)],
            )

    def clear(self):
        """Forget what was learnt, and whose it was."""
        super().clear()
        self._pairs, self._told = (None, []), []

    def _beside(self, optimizer):
        """Pairs of our variables and another optimizer's; see `_pairs_with`."""
        if self._pairs[0] is not optimizer:
            self._pairs = optimizer, list(self._pairs_with(optimizer))
        return self._pairs[1]

    def _pairs_with(self, optimizer):
        """Pairs of a variable of ours and those of another optimizer of which it is.

        Where all parameters are one vector to us, so are their momenta. The learning
        rate is not among them: it is the loop that sets it.
        """
        for ours, theirs in zip(
            with_inner(self._optimizer), with_inner(optimizer), strict=True
        ):
            mine, others = _slots(ours, self._parameters), {}
            if mine:
                others = _slots(theirs, self._layout.trainable)
            for name, variables in mine.items():
                if self._flat:
                    yield variables[0], others[name]
                else:
                    pairs = zip(variables, others[name], strict=True)
                    yield from ((a, [b]) for a, b in pairs)
            for a, b in zip(_rest(ours, mine), _rest(theirs, others), strict=True):
                yield a, [b]


def _symbols(model, key):
    """What stands for a batch where a model is built: X, y and weights."""
    spec = key.network
    X = KerasTensor((None, *spec.input_shape), spec.dtype)
    y = KerasTensor((None, *key.y_shape), key.y_dtype)
    weight = KerasTensor((None,), keras.config.floatx()) if key.weighted else None
    return as_input(model, X), y, weight


def _metrics_of(model):
    return [metric for metric in model.metrics if metric is not model._loss_tracker]


def _counted(model):
    """The variables of a model's metrics, but for the mean of its loss."""
    return [v for metric in _metrics_of(model) for v in metric.variables]


def _slots(optimizer, parameters):
    """Lists with one variable for each parameter, such as momenta, by attribute."""
    of_all = {id(v) for v in optimizer._variables}
    return {
        name: list(value)
        for name, value in vars(optimizer).items()
        if name not in ("_variables", "_trainable_variables")
        and isinstance(value, list)
        and len(value) == len(parameters)
        and all(id(v) in of_all for v in value)
    }


def _rest(optimizer, slots):
    taken = {id(v) for variables in slots.values() for v in variables}
    rate = getattr(optimizer, "_learning_rate", None)
    return [v for v in optimizer._variables if id(v) not in taken and v is not rate]


def _fresh(variable):
    return np.zeros(variable.shape, variable.dtype)


def _may_look_up(layer):
    """Whether a layer may take some rows of a variable, as any layer of a user may."""
    if isinstance(layer, keras.Model):
        return False  # its layers are asked
    module = type(layer).__module__
    return isinstance(layer, keras.layers.Embedding) or not module.startswith("keras.")
