"""How an estimator's parameters and rows become a trained network."""

import numpy as np
import scipy.sparse as sp

from skdl._inputs import Inputs
from skdl.base._rows import Rows
from skdl.exceptions import TrainingDivergedError
from skdl.training._loop import Plan, train

FULL_BATCH_ROWS = 64  # "auto" takes up to so many rows as one batch
DENSE_BYTES = 2**28  # a sparse X of up to this size is made dense at once


class TrainingMixin:
    """The part of `NeuralEstimator` between checked rows and fitted attributes."""

    def _learn(
        self,
        rows,
        validation,
        targets,
        *,
        old,
        seed,
        epochs,
        stopping=None,
        listeners=(),
        first_epoch=0,
        incremental=False,
    ):
        """Encode rows, train on them, and keep what was learnt."""
        from skdl import _keras  # noqa: F401, first: it keeps the start-up quiet
        from skdl.training import _program
        from skdl.training._data import array_or_stream, merge_equal_rows
        from skdl.training._schedules import learning_rates
        from skdl.training._trained import TrainedNetwork

        _program.check_backend()
        loss = self._find_loss()
        optimizer, rate, schedule = self._find_optimizer(incremental)
        rates = learning_rates(schedule, learning_rate=rate, epochs=epochs)
        rows, validation = self._weigh(rows, validation, targets)
        for part in (rows, validation):
            if part is not None:
                self._check_targets(loss, part.y)
        rows, validation = _dense_if_small(rows), _dense_if_small(validation)
        batch_size = self._rows_per_batch(rows.n_rows)
        full = batch_size >= rows.n_rows
        if full and self._rows_are_independent() and not sp.issparse(rows.X):
            rows = Rows(*merge_equal_rows(*rows))
        batch_size = min(batch_size, rows.n_rows)
        if old is None:
            inputs = Inputs.fit(
                rows.X,
                rows.normalised_weight(),
                scaling=self.input_scaling,
                dtype=self.dtype,
            )
            self._fit_targets(targets, rows, loss)
        else:
            self._check_going_on(loss)
            inputs = old._inputs
        spec = self._network(rows.X.shape[1:], targets.n_outputs)
        if old is not None:
            _check_same_network(old._trained.spec, spec)
            weights = old._trained.weights
        else:
            weights = _program.PROGRAMS.network(spec).layout.fresh(seed)

        def load(part):
            y = targets.encode(part.y, self.dtype)
            return array_or_stream(
                part.X, inputs.transform, y, part.normalised_weight(), dtype=self.dtype
            )

        data = load(rows)
        key = _program.ProgramKey(
            spec, loss, optimizer, data.y_shape, data.y_dtype, self._metrics()
        )
        plan = Plan(
            epochs=epochs,
            batch_size=batch_size,
            rates=rates,
            seed=seed,
            first_epoch=first_epoch,
            stopping=stopping,
            metric_names=tuple(name for name, _ in key.metrics),
        )
        self._loss, self._inputs, self._targets = loss, inputs, targets
        self._set_fitted_attributes(targets)
        self._trained = TrainedNetwork(spec, weights)
        listeners = [*listeners, *self._keras_listeners(key, plan, data.n_rows)]
        with _program.PROGRAMS.trainer(key) as trainer:
            known, state = self._optimizer_state if incremental else (None, None)
            trainer.reset(weights, state if known == optimizer else None)
            outcome = train(
                trainer,
                data,
                plan,
                validation=None if validation is None else load(validation),
                listeners=listeners,
            )
            if incremental:
                self._optimizer_state = optimizer, trainer.optimizer_state()
        self._trained = TrainedNetwork(spec, outcome.weights)
        self._check_outputs(rows, outcome)
        self._epochs_seen = first_epoch + outcome.n_epochs
        self._seed = seed
        self._keep(outcome, append=incremental and old is not None)

    def _check_outputs(self, rows, outcome):
        """The last step of training has had no loss that could show it was too far."""
        outputs = self._trained(self._inputs.transform(rows.X[:32]))
        if outcome.n_epochs and not np.isfinite(outputs).all():
            rate = outcome.history["learning_rate"][-1]
            value = outputs[~np.isfinite(outputs)][0]
            raise TrainingDivergedError(outcome.n_epochs, "output", value, rate)

    def _check_going_on(self, loss):
        """Training goes on in the units in which it began."""
        if (self._inputs.mean is None) != (self.input_scaling is None):
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
            learning_rate=self.learning_rate,
        )
        if self.learning_rate_schedule is not None:
            schedule = self.learning_rate_schedule
        if incremental and schedule in ("cosine", "one_cycle"):
            schedule = None  # nobody knows how many calls will follow
        return optimizer, rate, schedule

    def _rows_per_batch(self, n_rows):
        if self.batch_size == "full":
            return n_rows
        if self.batch_size == "auto":
            if n_rows <= FULL_BATCH_ROWS:
                return n_rows
            return int(np.clip(2 ** round(np.log2(n_rows / 16)), 32, 128))
        return self.batch_size

    def _keras_listeners(self, key, plan, n_rows):
        from skdl.training._progress import PrintedProgress

        listeners = []
        if self.callbacks is not None:
            from skdl.training._keras_callbacks import KerasCallbacks
            from skdl.training._program import PROGRAMS

            callbacks = self.callbacks
            if not isinstance(callbacks, (list, tuple)):
                callbacks = [callbacks]
            listeners.append(
                KerasCallbacks(
                    callbacks,
                    PROGRAMS.network(key.network).layout,
                    lambda: self.model_,
                    key.optimizer,
                    n_steps=-(-n_rows // plan.batch_size),
                    verbose=self.verbose,
                )
            )
        if self.verbose:
            listeners.append(PrintedProgress())
        return listeners

    def _metrics(self):
        """Per-row quantities of the validation rows, by name."""
        return ()

    def _set_fitted_attributes(self, targets):
        """Attributes which follow from y."""

    def _attributes_so_far(self, weights, n_epochs):
        """What the estimator would have if training had ended now."""
        from skdl.training._trained import TrainedNetwork

        trained = TrainedNetwork(self._trained.spec, weights)
        return {"_trained": trained, "n_epochs_": n_epochs}

    def _keep(self, outcome, *, append):
        history = outcome.history
        losses = history.get("loss", [float("nan")])
        self.loss_ = losses[-1 if append else max(outcome.best_epoch, 1) - 1]
        if append:
            names = [*self.history_, *(k for k in history if k not in self.history_)]
            history = {k: self.history_.get(k, []) + history.get(k, []) for k in names}
        self.history_ = history
        self.n_epochs_ = outcome.n_epochs + (self.n_epochs_ if append else 0)
        self.best_epoch_ = self.n_epochs_ if append else outcome.best_epoch
        self.n_parameters_ = self._trained.n_parameters


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
