"""How an estimator's parameters and rows become a trained network."""

import math
from functools import partial
from statistics import fmean

import numpy as np
import scipy.sparse as sp

from skdl._inputs import Inputs
from skdl._scales import remark_on_scale, some_rows
from skdl.base._prepared import Divided, Prepared
from skdl.base._rows import Rows, split_rows
from skdl.training._loop import Plan, Stopping, mean_history

DENSE_BYTES = 2**28  # a sparse X of up to this size is made dense at once


class TrainingMixin:
    """The part of `NeuralEstimator` between checked rows and fitted attributes."""

    _n_members = 1  # networks that are trained side by side
    _has_members = False  # whether raw outputs have a leading axis of members
    _full_batch_rows = 64  # "auto" takes up to so many rows as one batch
    _batch_limits = 32, 128  # of "auto" otherwise

    def _prepare(
        self,
        rows,
        validation,
        targets,
        *,
        old,
        seeds,
        epochs,
        stops=False,
        listeners=(),
        first_epoch=0,
        incremental=False,
    ):
        """Encode rows, and find out what to train on them, and how."""
        from skdl import _keras  # noqa: F401, first: it keeps the start-up quiet
        from skdl.training import _program
        from skdl.training._data import array_or_stream
        from skdl.training._player import Player
        from skdl.training._schedules import learning_rates, peak_rate

        _program.check_backend()
        loss = self._find_loss()
        optimizer, rate, schedule = self._find_optimizer(incremental)
        given = validation
        divided = self._divide(rows, validation, targets, stops=stops, seeds=seeds)
        rows, validation, parts, batch_size = divided
        for part in (rows, validation):
            if part is not None:
                self._check_targets(loss, part.y)
        if old is None:
            inputs = self._fit_inputs(rows)
            self._scaled_inputs = self.input_scaling
            self._fit_targets(targets, rows, loss)
            self._weight_so_far = 0.0
        else:
            self._check_going_on(loss)
            inputs, weights = old._inputs, old._trained.weights
            if incremental:
                inputs, targets, weights = self._rescaled(
                    rows, inputs, targets, weights
                )
        self._weight_so_far += self._total_weight(rows)
        self._inputs = inputs = self._inputs_for(inputs, rows, validation)
        if given is not None:
            self._remark_on_scales(rows, given)
        spec = self._network(inputs.shape, targets.n_outputs)
        if old is not None:
            _check_same_network(self._spec_as_now(old._trained.spec, spec), spec)
        else:
            layout = _program.PROGRAMS.network(spec).layout
            states = self._first_states(divided, targets)
            weights = [
                layout.fresh(seed, state)
                for seed, state in zip(seeds, states, strict=True)
            ]

        # numbers of all these rows are held in one dtype
        held = {inputs.dtype_of(part.X) for part in (rows, validation) if part}
        dtypes = {"dtype": self.dtype}
        dtypes["x_dtype"] = held.pop() if len(held) == 1 else self.dtype

        def load(part):
            y = targets.encode(part.y, self.dtype)
            return array_or_stream(
                part.X, inputs, y, part.normalised_weight(), **dtypes
            )

        data, validation = self._of_members(
            load(rows), validation and load(validation), rows.weight, parts
        )
        n_steps = math.ceil(max(data.sizes) / batch_size)
        decay = self._decay_of_kernels(
            partial(
                peak_rate,
                schedule,
                learning_rate=rate,
                epochs=self.epochs,
                n_steps=n_steps,
            ),
            self.epochs * n_steps,
        )
        optimizer, average = optimizer.without_average()
        key = _program.ProgramKey(
            (Player(spec, optimizer, average=average, weight_decay=decay > 0),),
            self._objective(loss, targets),
            targets.row_shape,
            data.y_dtype,
            n_members=len(seeds),
            x_dtype=data.x_dtype,
            augment=self._augmentation(),
        )
        plan = Plan(
            epochs=epochs,
            batch_size=batch_size,
            rates=learning_rates(schedule, learning_rate=rate, epochs=epochs),
            seeds=seeds,
            first_epoch=first_epoch,
            stopping=self._stopping(validation, key.objective) if stops else None,
            weight_decay=decay,
        )
        self._loss, self._targets = loss, targets
        self._set_fitted_attributes(targets)
        self._trained = self._network_of(spec, weights)
        return Prepared(
            self,
            key,
            plan,
            data,
            validation,
            weights,
            [*listeners, *self._keras_listeners(key, n_steps)],
            inputs.transform(rows.X[:32]),
            incremental,
            goes_on=old is not None,
            divided=divided,
        )

    # -- rows --------------------------------------------------------------------------

    def _divide(self, rows, validation, targets, *, stops, seeds):
        """Set rows apart for validation, and weigh all."""
        from skdl.training._data import is_loaded_in_blocks, merge_equal_rows

        if stops and validation is None and self.validation_fraction is not None:
            rows, validation = split_rows(
                rows,
                self.validation_fraction,
                strata=targets.strata(rows.y),
                classes=getattr(targets, "classes", None),
                strict=self.early_stopping is True,
                seed=seeds[0],
            )
        rows, validation = self._weigh(rows, validation, targets)
        rows, validation = _dense_if_small(rows), _dense_if_small(validation)
        batch_size = self._rows_per_batch(rows.n_rows)
        full = batch_size >= rows.n_rows
        independent = self._rows_are_independent() and not is_loaded_in_blocks(rows.X)
        if full and independent:
            rows = Rows(*merge_equal_rows(*rows))
        return Divided(rows, validation, None, min(batch_size, rows.n_rows))

    def _fit_inputs(self, rows):
        """Learn how X becomes what the network is given."""
        return Inputs.fit(
            rows.X,
            rows.normalised_weight(),
            scaling=self.input_scaling,
            dtype=self.dtype,
        )

    def _rescaled(self, rows, inputs, targets, weights):
        """Scales of all rows so far, and weights that compute the same with them."""
        return inputs, targets, weights

    def _share_of(self, rows):
        """What part these rows have of the weight of all so far."""
        weight = self._total_weight(rows)
        return weight / (self._weight_so_far + weight)

    def _total_weight(self, rows):
        """In the user's units, in which those of several calls can be compared."""
        return rows.weight.sum() * self._unit_of_weight

    def _inputs_for(self, inputs, rows, validation):
        """The same inputs, for rows of the shape that these have."""
        return inputs

    def _remark_on_scales(self, rows, validation):
        """Warn of validation rows on another scale; only of those that were given."""
        parts = [self._columns_of(part.X) for part in (validation, rows)]
        if all(part is not None for part in parts):
            names = getattr(self, "feature_names_in_", None)
            remark_on_scale("X_val", *parts, self._labels_of_columns(names))

    def _columns_of(self, X):
        """Some of the numbers in X, of shape (n, n_columns); None if it has none."""
        return some_rows(X)

    def _labels_of_columns(self, names):
        """Of what `_columns_of` returns, where features have these names or None."""
        return names

    def _first_states(self, divided, targets):
        """What is known before training, of each member: see `Layout.fresh`."""
        return [self._inputs.state()] * self._n_members

    def _spec_as_now(self, before, now):
        """An earlier network, as it would have been for rows of the present shape."""
        return before

    def _of_members(self, data, validation, weight, parts):
        """The rows of each member, and those it is judged by."""
        if parts is None:
            parts = [(np.arange(data.sizes[0]), ())] * self._n_members
        if self._n_members == 1 and not len(parts[0][1]):
            return data, validation
        if validation is not None:
            validation = data.together([validation] * self._n_members)
        elif len(parts[0][1]):
            validation = data.together([data.part(held, weight) for _, held in parts])
        return data.together([data.part(own, weight) for own, _ in parts]), validation

    def _augmentation(self):
        """What training rows go through, see `ProgramKey`."""
        return None

    def _settle(self, divided):
        """Learn what the trained network is needed for."""

    # -- how to train ------------------------------------------------------------------

    def _objective(self, loss, targets):
        """What training lowers, see `Objective`."""
        from skdl.training._objective import Supervised

        return Supervised(self._loss_as_trained(loss, targets), self._metrics(targets))

    def _stopping(self, validation, objective):
        monitor = self.monitor
        if monitor == "auto":
            monitor = "loss" if validation is None else "val_loss"
        if monitor.startswith("val_") and validation is None:
            raise ValueError(
                f"monitor={self.monitor!r} needs validation rows. Set "
                "validation_fraction, or pass X_val and y_val."
            )
        return Stopping(
            monitor,
            self.patience,
            self.min_delta,
            self.restore_best_weights,
            objective.wants_larger(monitor),
        )

    def _decay_of_kernels(self, peak_rate, n_steps):
        """Times the learning rate: the logarithm of how much a step shrinks kernels."""
        return 0.0

    def _check_going_on(self, loss):
        """Training goes on in the units in which it began."""
        if self._scaled_inputs != self.input_scaling:
            raise ValueError(
                f"input_scaling={self.input_scaling!r} is not what training began "
                "with. Set it back, set warm_start=False, or clone the estimator."
            )

    def _find_optimizer(self, incremental):
        from skdl.training._optimizers import resolve_optimizer

        optimizer, rate, schedule = resolve_optimizer(
            self.optimizer,
            momentum=self.momentum,
            nesterov=self.nesterov,
            learning_rate=self._chosen_rate(),
        )
        schedule = self._chosen_schedule(schedule)
        if incremental and schedule in ("cosine", "one_cycle"):
            schedule = None  # nobody knows how many calls will follow
        return optimizer, rate, schedule

    def _chosen_rate(self):
        """The learning rate, or None for the optimizer's own."""
        return self.learning_rate

    def _chosen_schedule(self, own):
        """The schedule, where the optimizer has one of its `own` or None."""
        given = self.learning_rate_schedule
        return own if given is None else given

    def _rows_per_batch(self, n_rows):
        if self.batch_size == "full":
            return n_rows
        if self.batch_size == "auto":
            if n_rows <= self._full_batch_rows:
                return n_rows
            return int(np.clip(2 ** round(np.log2(n_rows / 16)), *self._batch_limits))
        return self.batch_size

    def _keras_listeners(self, key, n_steps):
        from skdl.training._progress import PrintedProgress

        listeners = []
        if self.callbacks is not None:
            from skdl.training._answers_loss import AnswersLoss, compile_with
            from skdl.training._keras_callbacks import KerasCallbacks
            from skdl.training._program import PROGRAMS

            loss = AnswersLoss(
                key.objective.loss, self._encoded_of, self._raw_of, dtype=self.dtype
            )

            callbacks = self.callbacks
            if not isinstance(callbacks, (list, tuple)):
                callbacks = [callbacks]
            listeners.append(
                KerasCallbacks(
                    callbacks,
                    PROGRAMS.network(key.network).layout,
                    lambda: self.model_,
                    key.answering.optimizer.build,
                    partial(compile_with, loss=loss, checked=self._checked_targets),
                    n_steps=n_steps,
                    verbose=self.verbose,
                )
            )
        if self.verbose:
            listeners.append(PrintedProgress())
        return listeners

    def _checked_targets(self, X, y):
        """Targets for X as the model takes it, and weights of rows or None."""
        return self._targets.check(self._targets_of(X, y)), None

    def _loss_as_trained(self, loss, targets):
        """The loss of a row as targets are encoded."""
        return loss

    def _metrics(self, targets):
        """Per-row quantities of the validation rows, by name."""
        return ()

    def _set_fitted_attributes(self, targets):
        """Attributes which follow from y."""

    def _attributes_so_far(self, weights, n_epochs):
        """What the estimator would have if training had ended now."""
        network = self._network_of(self._trained.spec, weights)
        return {"_trained": network, "n_epochs_": n_epochs}

    def _network_of(self, spec, weights):
        from skdl.training._trained import TrainedNetwork

        return TrainedNetwork(spec, weights, members=self._has_members)

    def _keep(self, outcomes, *, append):
        history = mean_history(outcomes)
        self.loss_ = _loss(outcomes, last=append)
        n_epochs = max(outcome.n_epochs for outcome in outcomes)
        if append:
            names = [*self.history_, *(k for k in history if k not in self.history_)]
            history = {k: self.history_.get(k, []) + history.get(k, []) for k in names}
            n_epochs += self.n_epochs_
        self.history_ = history
        self.n_epochs_ = n_epochs
        best = round(fmean(outcome.best_epoch for outcome in outcomes))
        self.best_epoch_ = n_epochs if append else best
        self.n_parameters_ = self._trained.n_parameters


def _loss(outcomes, *, last):
    """Training loss of the epochs that the weights are from."""
    losses = []
    for outcome in outcomes:
        seen = outcome.history.get("loss", [float("nan")])
        losses.append(seen[-1 if last else max(outcome.best_epoch, 1) - 1])
    return fmean(losses)


def _dense_if_small(rows):
    """Sparse rows as an array where memory allows it."""
    if rows is None or not sp.issparse(rows.X):
        return rows
    if np.prod(rows.X.shape, dtype=float) * rows.X.dtype.itemsize > DENSE_BYTES:
        return rows
    return rows._replace(X=rows.X.toarray())


def _check_same_network(old, new):
    if old != new:
        before, now = _described(old), _described(new)
        changes = ", ".join(
            f"{name} was {before.get(name)!r} and is {now.get(name)!r}"
            for name in now
            if before.get(name) != now[name]
        )
        raise ValueError(
            f"The network changed since it was trained: {changes}. Training cannot "
            "go on; set the parameters back, set warm_start=False, or clone the "
            "estimator."
        )


def _described(spec):
    network = {"dtype": spec.dtype, "input shape": spec.input_shape}
    return {**network, "number of outputs": spec.n_outputs, **dict(spec.params)}
