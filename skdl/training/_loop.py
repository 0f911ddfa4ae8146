"""The one epoch loop: order, validation, stopping, history."""

from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from skdl.exceptions import TrainingDivergedError

_AUGMENTATION = 1  # beside seed and epoch: other numbers than those of the order


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
            Planned for the epoch's first step, before `Run.learning_rate_factor`; of
            the player that answers.
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
        """Training has ended, neither by an error nor by Ctrl-C.

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
        A key of the history.
    patience : int
        Epochs without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement.
    restore_best : bool, default=True
        Whether to return to the weights of the best epoch.
    larger_is_better : bool, default=False
        Whether that is so, as for an accuracy.
    """

    monitor: str
    patience: int
    min_delta: float = 0.0
    restore_best: bool = True
    larger_is_better: bool = False


@dataclass
class Plan:
    """How to train: the values that are not part of the traced program.

    Parameters
    ----------
    epochs : int
        How many passes over the rows at most.
    batch_size : int
        Rows per step.
    rates : callable or dict of str to callable
        ``rates(epoch, n_steps) -> ndarray of shape (n_steps,)``, learning rates; of
        each player by name, unless they all have the same.
    seeds : list of int
        Decide the order of rows, for each member.
    first_epoch : int, default=0
        Epochs that came before, when training goes on.
    stopping : Stopping or None, default=None
        None trains for all epochs.
    weight_decay : float or dict of str to float, default=0.0
        Times the learning rate: the logarithm of how much a step shrinks kernels, of
        each player by name, unless they all have the same.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    tells_rate : bool, default=True
        Whether the history has learning rates.
    """

    epochs: int
    batch_size: int
    rates: object
    seeds: list
    first_epoch: int = 0
    stopping: Stopping | None = None
    weight_decay: object = 0.0
    shuffle: bool = True
    tells_rate: bool = True

    def rates_of(self, player, epoch, n_steps):
        """The planned learning rates of one player, ndarray of shape (n_steps,)."""
        return _of_player(self.rates, player)(epoch, n_steps)

    def weight_decay_of(self, player):
        """The weight decay of one player."""
        return _of_player(self.weight_decay, player)


def _of_player(value, player):
    return value[player] if isinstance(value, dict) else value


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
    learning_rate : float or None, default=None
        Takes the place of the planned rates of the player that answers; those of
        others are in the same proportion to their plans.
    stop : bool, default=False
        Set by whoever wants training to end after this epoch.
    members : sequence, default=()
        Of the program, each with what it has kept.
    """

    trainer: object
    plan: Plan
    learning_rate_factor: float = 1.0
    learning_rate: float | None = None
    stop: bool = False
    members: list = ()

    def weights(self):
        """The weights of each member: those it has kept, once it has stopped.

        Returns
        -------
        list of dict of str to Weights
            As the estimator would have them if training ended now, of each player.
        """
        present = self.trainer.weights()
        for k, member in enumerate(self.members):
            if not member.running and member.weights is not None:
                present[k] = member.weights
        return present

    def set_weights(self, weights):
        """Give the members other weights.

        Parameters
        ----------
        weights : list of dict of str to Weights
            For each; one that has stopped keeps them.
        """
        self.trainer.set_weights(weights)
        for member, own in zip(self.members, weights, strict=True):
            if not member.running and member.weights is not None:
                member.weights = own


@dataclass
class Outcome:
    """What training led to, for one member.

    Parameters
    ----------
    players : dict of str to Weights
        Those of the best epoch where asked for, else of the last; of each player.
    history : dict of str to list of float
        One value for each epoch: "loss", "val_loss", further quantities with "val_",
        "learning_rate"; of several players "generator_loss", and of those that do not
        answer "critic_learning_rate".
    n_epochs : int
        Epochs run.
    best_epoch : int
        The epoch, counted from 1, that `weights` are from.
    error : TrainingDivergedError or None
        Why there are no weights to speak of.
    held : dict of str to float
        What was measured in the epoch that `weights` are from.
    answers : str
        Name of the player that `weights` are of.
    """

    players: dict = field(default_factory=dict)
    history: dict = field(default_factory=dict)
    n_epochs: int = 0
    best_epoch: int = 0
    error: TrainingDivergedError | None = None
    held: dict = field(default_factory=dict)
    answers: str = "network"

    @property
    def weights(self):
        """Those of the player that answers."""
        return self.players[self.answers]

    def at(self, epoch):
        """What the history has of an epoch, and `held` after the last one.

        Parameters
        ----------
        epoch : int
            Counted from 0.

        Returns
        -------
        dict of str to float
            By name.
        """
        if epoch >= self.n_epochs:
            return self.held
        entries = self.history.items()
        return {name: values[epoch] for name, values in entries if epoch < len(values)}


def train(trainer, data, plan, *, validation=None, listeners=(), keep=None):
    """Train a program that has been reset to its first weights.

    Its members have rows, orders, validation rows, best epochs and ends of their own,
    and nothing of one changes with the others.

    Parameters
    ----------
    trainer : Trainer
        The program.
    data : ArrayData or StreamData
        Rows to learn from, as many per epoch that all members take the same number of
        steps.
    plan : Plan
        Epochs, batches, rates, stopping.
    validation : ArrayData or StreamData or None, default=None
        Rows to judge by, with which metrics of the objective are computed too.
    listeners : sequence of Listener, default=()
        Told of every epoch, in this order.
    keep : callable, default=None
        ``keep(interrupt, outcomes)`` is called if Ctrl-C ends the training after its
        first epoch, with what was reached so far; then the interrupt goes on.

    Returns
    -------
    list of Outcome
        Weights and history of each member. One whose loss became NaN or infinite has a
        `TrainingDivergedError` instead of weights.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, always: whoever trains in a loop must not go on with the next one.
    """
    members = [_Member(plan.stopping) for _ in data.sizes]
    run = Run(trainer, plan, members=members)
    try:
        for listener in listeners:
            listener.on_train_begin(run)
        for epoch in range(plan.first_epoch, plan.first_epoch + plan.epochs):
            _one_epoch(run, epoch, data, validation, members, listeners)
            _take_note(members, trainer)
            if run.stop or not any(member.running for member in members):
                break
    except KeyboardInterrupt as interrupt:
        if keep is not None and all(member.has_learnt for member in members):
            with suppress(Exception):  # of which none may come in its place
                trainer.finish()
                keep(interrupt, _outcomes(members, trainer))
        raise
    for member in members:
        member.running = False
    if any(member.error is None for member in members):
        trainer.finish()
        for listener in listeners:
            listener.on_train_end(run)
    return _outcomes(members, trainer)


def _outcomes(members, trainer):
    return [
        member.outcome(weights, trainer.answers)
        for member, weights in zip(members, trainer.weights(), strict=True)
    ]


def _one_epoch(run, epoch, data, validation, members, listeners):
    """Train and judge once; what is seen goes into ``logs`` of running members."""
    trainer, plan = run.trainer, run.plan
    n_steps = -(-max(data.sizes) // plan.batch_size)
    planned = {name: plan.rates_of(name, epoch, n_steps) for name in trainer.players}
    answers = trainer.answers
    for listener in listeners:
        listener.on_epoch_begin(run, epoch, float(planned[answers][0]))
    rates = _present_rates(run, planned, answers)
    running = [member.running for member in members]
    logs = _train_epoch(trainer, data, plan, epoch, planned, rates, running)
    largest = {}  # rates with which a loss may have become infinite
    for (name, of_player), every in zip(rates.items(), trainer.every, strict=True):
        if _has_moved(epoch, n_steps, every):
            largest[trainer.loss_name(name)] = max(of_player)
    if validation is not None:
        largest["val_loss"] = max(rates[answers])
        for seen, judged in zip(
            logs, _evaluate(trainer, validation, running), strict=True
        ):
            seen.update(judged)
    told = []
    for member, seen in zip(members, logs, strict=True):
        member.logs = None
        if member.running and member.is_finite(seen, epoch, largest):
            member.measured = dict(seen)
            if plan.tells_rate:
                for name, of_player in rates.items():
                    shown = "" if name == answers else f"{name}_"
                    seen[f"{shown}learning_rate"] = float(of_player[0])
            member.logs = seen
            told.append(seen)
    if listeners and told:
        stopped = [m.held for m in members if m.logs is None and m.error is None]
        mean = _mean_of([*told, *stopped])
        before = dict(mean)
        for listener in listeners:
            listener.on_epoch_end(run, epoch, mean)
        added = {k: v for k, v in mean.items() if before.get(k) is not v}
        for seen in told:
            seen.update(added)


def mean_history(outcomes):
    """The mean over members; one that has stopped counts as it was kept.

    Parameters
    ----------
    outcomes : list of Outcome
        Of all members.

    Returns
    -------
    dict of str to list of float
        As long as that of the member that was trained longest. What is no measurement
        of a member, such as the learning rate, is a mean over those still trained.
    """
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.history)
    n_epochs = max(outcome.n_epochs for outcome in outcomes)
    epochs = [
        _mean_of([outcome.at(epoch) for outcome in outcomes])
        for epoch in range(n_epochs)
    ]
    return {name: [logs[name] for logs in epochs if name in logs] for name in names}


def _mean_of(logs):
    """Name by name, over those that have it."""
    if len(logs) == 1:
        return dict(logs[0])
    names = dict.fromkeys(name for each in logs for name in each)
    return {name: fmean(each[name] for each in logs if name in each) for name in names}


def _take_note(members, trainer):
    """Let the running members keep what they have learnt in an epoch, if it is best."""
    better = [member for member in members if member.logs and member.improves()]
    weights = None
    if any(member.keeps_best for member in better):
        weights = trainer.weights()  # first: Ctrl-C may come while they are copied
    for k, member in enumerate(members):
        if member.logs is None:
            continue
        ends = member.update()
        waits = ends and len(members) > 1  # for the others
        if (member in better) if member.keeps_best else waits:
            weights = trainer.weights() if weights is None else weights
            member.weights = weights[k]


def _present_rates(run, planned, answers):
    """What callbacks have made of the planned rates of each player."""
    if run.learning_rate is None:
        return {k: rates * run.learning_rate_factor for k, rates in planned.items()}
    first = planned[answers][0]
    share = run.learning_rate / first if first else 1.0
    return {
        name: np.full_like(rates, run.learning_rate)
        if name == answers
        else rates * share
        for name, rates in planned.items()
    }


def _train_epoch(trainer, data, plan, epoch, planned, rates, running):
    nothing = np.zeros(0, np.int32)
    shuffled = trainer.is_random or plan.batch_size < max(data.sizes)
    shuffled = shuffled and plan.shuffle
    orders = [
        _order(n_rows, seed, epoch, shuffled) if runs else nothing
        for n_rows, seed, runs in zip(data.sizes, plan.seeds, running, strict=True)
    ]
    totals = trainer.begin_epoch()
    n_steps = len(rates[trainer.answers])
    draws = _draws(plan, epoch, n_steps, trainer.is_random)
    # callbacks that raise the rate do not mean the decay
    decays = [
        -np.expm1(-plan.weight_decay_of(name) * np.minimum(now, planned[name]))
        for name, now in rates.items()
    ]
    before = epoch * n_steps
    step = 0
    for members in data.training_blocks(orders, plan.batch_size):
        longest = max(len(rows) for *_, rows in members)
        part = slice(step, step - (-longest // plan.batch_size))
        totals = trainer.run(
            members,
            before + step,
            [of_player[part] for of_player in rates.values()],
            [of_player[part] for of_player in decays],
            draws[part],
            plan.batch_size,
            totals,
        )
        step = part.stop
    n_rows = [
        [_rows_in_turns(n, plan.batch_size, before, every) for n in data.sizes]
        for every in trainer.every
    ]
    return trainer.means(totals, n_rows)


def _has_moved(epoch, n_steps, every):
    return (epoch + 1) * n_steps // every > epoch * n_steps // every


def _rows_in_turns(n_rows, batch_size, before, every):
    """How many rows of an epoch a player learns from that moves in each n-th step."""
    if every == 1:
        return n_rows
    sizes = np.diff([*range(0, n_rows, batch_size), n_rows])
    steps = before + np.arange(1, len(sizes) + 1)
    return int(sizes[steps % every == 0].sum())


def _order(n_rows, seed, epoch, shuffled):
    if not shuffled:
        return np.arange(n_rows, dtype=np.int32)
    rng = np.random.default_rng([seed, epoch])
    return rng.permutation(n_rows).astype(np.int32)


def _draws(plan, epoch, n_steps, is_random):
    """What the chance of each member comes from, in every step of an epoch."""
    draws = np.zeros((n_steps, len(plan.seeds)), np.uint32)
    if is_random:
        for k, seed in enumerate(plan.seeds):
            rng = np.random.default_rng([seed, epoch, _AUGMENTATION])
            draws[:, k] = rng.integers(2**32, size=n_steps, dtype=np.uint32)
    return draws


def _evaluate(trainer, data, running):
    """What validation rows say, for each member."""
    totals, tallies = trainer.begin_evaluation()
    n_rows = 0
    for members in data.evaluation_blocks(running):
        totals = trainer.evaluate(members, totals, tallies, n_rows)
        n_rows += len(members[0][-1])
    return [
        {f"val_{name}": value for name, value in judged.items()}
        for judged in trainer.judged(totals, tallies, data.total_weights, data.sizes)
    ]


class _Member:
    """One network: its history, its best epoch, and for how long none was better."""

    def __init__(self, stopping):
        self._stopping = stopping
        self._value = np.inf
        self._waited = 0
        self._best_epoch = 0
        self._history = {}
        self._n_epochs = 0
        self.keeps_best = stopping is not None and stopping.restore_best
        self.running = True
        self.logs = None  # of the last epoch, if it was trained in it
        self.measured = {}  # in the last epoch in which it was trained
        self.held = {}  # the same of the epoch that its weights are from
        self.weights = None  # to be kept, unless they are the last ones
        self.error = None

    def is_finite(self, logs, epoch, largest):
        """Whether training can go on; `largest` has the learning rates of losses."""
        for name, rate in largest.items():
            value = logs.get(name, 0.0)
            if not np.isfinite(value):
                rate = float(rate)
                self.error = TrainingDivergedError(epoch + 1, name, value, rate)
                self.running = False
                return False
        return True

    @property
    def has_learnt(self):
        """Whether an epoch is finished, and no loss was NaN or infinite."""
        return self._n_epochs > 0 and self.error is None

    def improves(self):
        """Whether the last epoch is the best so far."""
        if self._stopping is None:
            return False
        value = self._monitored() < self._value - self._stopping.min_delta
        return value or self._best_epoch == 0

    def update(self):
        """Take note of the last epoch; True if training ends with it."""
        for name, value in self.logs.items():
            self._history.setdefault(name, []).append(value)
        better = self.improves()
        if better or not self.keeps_best:
            self.held = self.measured
        self._n_epochs += 1
        if self._stopping is None:
            return False
        if better:
            self._value = self._monitored()
            self._waited = 0
            self._best_epoch = self._n_epochs
        else:
            self._waited += 1
        self.running = self._waited < self._stopping.patience
        return not self.running

    def _monitored(self):
        value = self.logs[self._stopping.monitor]
        return -value if self._stopping.larger_is_better else value

    def outcome(self, weights, answers):
        """What training led to, if it ends with these weights."""
        n_epochs = self._n_epochs  # without one whose values were half written down
        history = {name: values[:n_epochs] for name, values in self._history.items()}
        return Outcome(
            players=weights if self.weights is None else self.weights,
            answers=answers,
            history=history,
            n_epochs=self._n_epochs,
            best_epoch=self._best_epoch or self._n_epochs,
            error=self.error,
            held=self.held,
        )
