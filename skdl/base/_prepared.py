"""A fit between its preparation and what it leaves: the training."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skdl.base._learnt import remark_if_nothing_learnt
from skdl.base._rows import Rows
from skdl.base._unchanged import keep_after
from skdl.exceptions import TrainingDivergedError
from skdl.training._loop import Plan, train
from skdl.training._trained import MEMBERS


class Divided(NamedTuple):
    """Which rows are for training, and which for validation.

    Parameters
    ----------
    rows : Rows
        Weighed, without those of weight zero.
    validation : Rows or None
        Rows which are not among these.
    parts : list of (ndarray of int, ndarray of int) or None
        For each member its training and validation rows among `rows`, the latter empty
        where there are other ones or none; None if all members take all rows.
    batch_size : int
        Rows per step.
    """

    rows: Rows
    validation: Rows | None
    parts: list | None
    batch_size: int

    @property
    def n_bytes(self):
        """Of X, on the host."""
        parts = [part for part in (self.rows, self.validation) if part is not None]
        return sum(np.prod(part.X.shape) * part.X.dtype.itemsize for part in parts)


@dataclass
class Prepared:
    """A fit of which all is done but the training.

    Parameters
    ----------
    estimator : NeuralEstimator
        Whose fit it is.
    key : ProgramKey
        The program, with as many members as the estimator has.
    plan : Plan
        How to train.
    data, validation : ArrayData or StreamData
        Rows of these members; `validation` may be None.
    weights : list of Weights
        Where each member begins.
    listeners : list of Listener
        To be told of epochs.
    sample : ndarray of shape (n, n_features)
        Some inputs of the network, to try it on.
    incremental : bool
        Whether the optimizer goes on where it stopped, and history is added to.
    goes_on : bool
        Whether the estimator was trained before.
    divided : Divided
        The rows before they were encoded.
    """

    estimator: object
    key: object
    plan: Plan
    data: object
    validation: object
    weights: list
    listeners: list
    sample: np.ndarray
    incremental: bool
    goes_on: bool
    divided: Divided

    @property
    def n_steps(self):
        """Steps of one epoch, the same for all members."""
        return -(-max(self.data.sizes) // self.plan.batch_size)

    def train(self, *, keeps=True):
        """Train, and let the estimator keep what was learnt.

        Parameters
        ----------
        keeps : bool, default=True
            Whether it keeps what it has learnt before an interrupt, which it can if all
            members are trained together, from the first whole epoch on.
        """
        from skdl.training._program import PROGRAMS, can_have_members

        runs = [self]
        if not can_have_members(self.key):
            runs = self._in_groups(1)
        elif not self.listeners:  # which have to see all members
            runs = self._in_groups(MEMBERS)
        moved_by = [(player.optimizer, player.average) for player in self.key.players]
        outcomes, states = [], []
        known, before = None, None
        if self.incremental:
            known, before = self.estimator._optimizer_state
        if known != moved_by:  # begin afresh
            before = [None] * len(runs)
        keeps = keeps and len(runs) == 1 and not self.incremental
        for run, state in zip(runs, before, strict=True):
            with PROGRAMS.trainer(run.key) as trainer:
                trainer.reset(run.weights, state)
                outcomes += train(
                    trainer,
                    run.data,
                    run.plan,
                    validation=run.validation,
                    listeners=run.listeners,
                    keep=self._finish_after if keeps else None,
                )
                states.append(trainer.going_on() if self.incremental else None)
        if self.incremental:
            self.estimator._optimizer_state = moved_by, states
        self.finish(outcomes)

    def _in_groups(self, largest):
        """The members in groups of equal size, to be trained one after the other."""
        n = self.key.n_members
        if n <= largest:
            return [self]
        if self.listeners:
            name = type(self.estimator.optimizer).__name__
            raise ValueError(
                f"optimizer={name}(...) does not treat every weight by itself, and so "
                f"n_members={n} networks are trained one after the other, which "
                "callbacks and verbose cannot follow. Use n_members=1, leave them out, "
                "or take another optimizer, for example 'adam', without clipnorm, "
                "global_clipnorm, use_ema and exclude_from_weight_decay."
            )
        size = -(-n // -(-n // largest))
        data, judged = self.data.apart(), None
        if self.validation is not None:
            judged = self.validation.apart()
        return [
            self._group(data, judged, slice(k, k + size)) for k in range(0, n, size)
        ]

    def _group(self, data, judged, which):
        together = data[0].together
        seeds = self.plan.seeds[which]
        return replace(
            self,
            key=replace(self.key, n_members=len(seeds)),
            plan=replace(self.plan, seeds=seeds),
            data=together(data[which]),
            validation=judged and together(judged[which]),
            weights=self.weights[which],
        )

    def _finish_after(self, interrupt, outcomes):
        n_epochs = max(outcome.n_epochs for outcome in outcomes)
        keep_after(interrupt, self.estimator, n_epochs, self._take, outcomes)

    def finish(self, outcomes):
        """Let the estimator keep what its members have learnt.

        Parameters
        ----------
        outcomes : list of Outcome
            Of the members.

        Raises
        ------
        TrainingDivergedError
            If there is one that cannot be used.
        """
        self._take(outcomes)
        remark_if_nothing_learnt(self)

    def _take(self, outcomes):
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        estimator = self.estimator
        weights = [outcome.weights for outcome in outcomes]
        estimator._trained = estimator._network_of(self.key.network, weights)
        self._check_outputs(outcomes)
        n_epochs = max(outcome.n_epochs for outcome in outcomes)
        estimator._epochs_seen = self.plan.first_epoch + n_epochs
        estimator._seeds = self.plan.seeds
        estimator._keep(outcomes, append=self.incremental and self.goes_on)
        estimator._settle(self.divided)

    def _check_outputs(self, outcomes):
        """The last step of training has had no loss that could show it was too far."""
        outputs = self.estimator._trained(self.sample)
        n_epochs = max(outcome.n_epochs for outcome in outcomes)
        if n_epochs and not np.isfinite(outputs).all():
            rate = outcomes[0].history["learning_rate"][-1]
            value = outputs[~np.isfinite(outputs)][0]
            raise TrainingDivergedError(n_epochs, "output", value, rate)
