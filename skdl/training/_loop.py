"""The one epoch loop: order, validation, stopping, history."""

import warnings
from dataclasses import dataclass, field

import numpy as np

from skdl.exceptions import TrainingDivergedError, TrainingInterruptedWarning


class Listener:
    """Hears of epochs; the base of callback bridges and of progress output."""

    def on_train_begin(self, run):
        """Training is about to start.

        Parameters
        ----------
        run : Run
            The state of training; `learning_rate_factor` and `stop` may be set.
        """

    def on_epoch_begin(self, run, epoch, learning_rate):
        """An epoch is about to start.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        learning_rate : float
            Planned for the epoch's first step, before `Run.learning_rate_factor`.
        """

    def on_epoch_end(self, run, epoch, logs):
        """An epoch has ended.

        Parameters
        ----------
        run : Run
            The state of training.
        epoch : int
            Counted from 0.
        logs : dict
            Of floats, see `Outcome.history`; entries may be added.
        """

    def on_train_end(self, run):
        """Training has ended, not by an error.

        Parameters
        ----------
        run : Run
            The state of training, with the final weights.
        """


@dataclass
class Stopping:
    """When to stop early, and what to keep.

    Parameters
    ----------
    monitor : str
        A key of the history: smaller is better, unless it ends in "accuracy".
    patience : int
        Epochs without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement.
    restore_best : bool, default=True
        Whether to return to the weights of the best epoch.
    """

    monitor: str
    patience: int
    min_delta: float = 0.0
    restore_best: bool = True


@dataclass
class Plan:
    """How to train: the values that are not part of the traced program.

    Parameters
    ----------
    epochs : int
        How many passes over the rows at most.
    batch_size : int
        Rows per step.
    rates : callable
        ``rates(epoch, n_steps) -> ndarray of shape (n_steps,)``, learning rates.
    seed : int
        Decides the order of rows.
    first_epoch : int, default=0
        Epochs that came before, when training goes on.
    stopping : Stopping or None, default=None
        None trains for all epochs.
    metric_names : tuple of str, default=()
        Names of the program's metrics.
    """

    epochs: int
    batch_size: int
    rates: callable
    seed: int
    first_epoch: int = 0
    stopping: Stopping | None = None
    metric_names: tuple = ()


@dataclass
class Run:
    """The state of a running training, as listeners see it.

    Parameters
    ----------
    trainer : Trainer
        Holds the present weights.
    plan : Plan
        What was asked for.
    learning_rate_factor : float, default=1.0
        Multiplies the planned rates; set by callbacks.
    stop : bool, default=False
        Set by whoever wants training to end after this epoch.
    """

    trainer: object
    plan: Plan
    learning_rate_factor: float = 1.0
    stop: bool = False


@dataclass
class Outcome:
    """What training led to.

    Parameters
    ----------
    weights : Weights
        Those of the best epoch where asked for, else of the last.
    history : dict of str to list of float
        One value for each epoch: "loss", "val_loss", further metrics with "val_",
        "learning_rate".
    n_epochs : int
        Epochs run.
    best_epoch : int
        The epoch, counted from 1, that `weights` are from.
    """

    weights: object
    history: dict = field(default_factory=dict)
    n_epochs: int = 0
    best_epoch: int = 0


def train(trainer, data, plan, *, validation=None, listeners=()):
    """Train a program that has been reset to its first weights.

    Parameters
    ----------
    trainer : Trainer
        The program.
    data : ArrayData or StreamData
        Rows to learn from.
    plan : Plan
        Epochs, batches, rates, stopping.
    validation : ArrayData or StreamData or None, default=None
        Rows to judge by.
    listeners : sequence of Listener, default=()
        Told of every epoch, in this order.

    Returns
    -------
    Outcome
        Weights and history.

    Raises
    ------
    TrainingDivergedError
        If a loss becomes NaN or infinite.

    Warns
    -----
    TrainingInterruptedWarning
        If Ctrl-C ended the training; the outcome is that of the epochs so far.
    """
    run = Run(trainer, plan)
    best = _Best(plan.stopping)
    history = {}
    n_epochs = 0
    told = []
    try:
        for listener in listeners:
            listener.on_train_begin(run)
            told.append(listener)
        for epoch in range(plan.first_epoch, plan.first_epoch + plan.epochs):
            logs = _one_epoch(run, epoch, data, validation, listeners)
            n_epochs += 1
            for name, value in logs.items():
                history.setdefault(name, []).append(value)
            if best.update(logs, n_epochs, trainer) or run.stop:
                break
    except KeyboardInterrupt:
        warnings.warn(
            f"Training interrupted by the user after {n_epochs} epochs; the weights "
            "reached so far are kept.",
            TrainingInterruptedWarning,
            stacklevel=2,
        )
    trainer.finish()
    for listener in told:
        listener.on_train_end(run)
    restored = best.weights is not None
    return Outcome(
        weights=best.weights if restored else trainer.weights(),
        history=history,
        n_epochs=n_epochs,
        best_epoch=best.epoch if best.epoch else n_epochs,
    )


def _one_epoch(run, epoch, data, validation, listeners):
    plan = run.plan
    n_steps = -(-data.n_rows // plan.batch_size)
    planned = plan.rates(epoch, n_steps)
    for listener in listeners:
        listener.on_epoch_begin(run, epoch, float(planned[0]))
    rates = planned * run.learning_rate_factor
    logs = {"loss": _train_epoch(run.trainer, data, plan, epoch, rates)}
    _check_finite(logs, "loss", epoch, rates)
    if validation is not None:
        logs |= _evaluate(run.trainer, validation, plan.metric_names)
        _check_finite(logs, "val_loss", epoch, rates)
    logs["learning_rate"] = float(rates[0])
    for listener in listeners:
        listener.on_epoch_end(run, epoch, logs)
    return logs


def _train_epoch(trainer, data, plan, epoch, rates):
    if plan.batch_size >= data.n_rows:  # one full batch: order does not matter
        order = np.arange(data.n_rows, dtype=np.int32)
    else:
        rng = np.random.default_rng([plan.seed, epoch])
        order = rng.permutation(data.n_rows).astype(np.int32)
    total = trainer.zeros()
    step = 0
    for X, y, weight, rows in data.training_blocks(order, plan.batch_size):
        n_steps = -(-len(rows) // plan.batch_size)
        part = rates[step : step + n_steps]
        total = trainer.run(X, y, weight, rows, part, plan.batch_size, total)
        step += n_steps
    return float(total) / data.n_rows


def _evaluate(trainer, data, metric_names):
    totals = trainer.zeros(2 + len(metric_names))
    for X, y, weight in data.evaluation_blocks():
        totals = trainer.evaluate(X, y, weight, totals)
    loss, penalty, *metrics = np.asarray(totals).tolist()
    values = {"val_loss": loss / data.total_weight + penalty / data.n_rows}
    for name, value in zip(metric_names, metrics, strict=True):
        values[f"val_{name}"] = value / data.total_weight
    return values


def _check_finite(logs, name, epoch, rates):
    if not np.isfinite(logs[name]):
        raise TrainingDivergedError(epoch + 1, name, logs[name], float(np.max(rates)))


class _Best:
    """The best epoch so far, and for how long there was no better one."""

    def __init__(self, stopping):
        self._stopping = stopping
        self._value = np.inf
        self._waited = 0
        self.epoch = 0
        self.weights = None

    def update(self, logs, epoch, trainer):
        """Take note of an epoch; True if training should end."""
        stopping = self._stopping
        if stopping is None:
            return False
        value = logs[stopping.monitor]
        if stopping.monitor.endswith("accuracy"):
            value = -value
        if value < self._value - stopping.min_delta or self.epoch == 0:
            self._value = value
            self._waited = 0
            self.epoch = epoch
            if stopping.restore_best:
                self.weights = trainer.weights()
        else:
            self._waited += 1
        return self._waited >= stopping.patience
