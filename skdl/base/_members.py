"""What estimators of several networks share: rows, answers and state of members."""

import math

import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp

from skdl.base._prepared import Divided
from skdl.base._rows import Rows, drawn, no_row_left


class MembersMixin:
    """Several networks with validation rows of their own, trained side by side.

    A subclass has the parameters ``n_members`` and ``validation_fraction``.
    """

    _has_members = True

    @property
    def _n_members(self):
        return self.n_members

    def _stops_by_default(self, n_rows, validation):
        return True

    def _check_going_on(self, loss):
        super()._check_going_on(loss)
        before = len(self._trained.weights)
        if self.n_members != before:
            raise ValueError(
                f"n_members was {before} and is {self.n_members}. Training cannot go "
                "on; set it back, set warm_start=False, or clone the estimator."
            )

    def _divide(self, rows, validation, targets, *, stops, seeds):
        from skdl.training._data import merge_equal_rows

        rows, validation = self._weigh(rows, validation, targets)
        batch_size = self._rows_per_batch(rows.n_rows)
        if batch_size >= rows.n_rows and self._rows_are_independent():
            # before validation rows are drawn: so a row of weight two and the same row
            # given twice are drawn alike
            rows = Rows(*merge_equal_rows(*rows))
        parts = None
        if stops and validation is None and self.validation_fraction is not None:
            strata = targets.strata(rows.y)
            parts = [
                self._held_out(rows.n_rows, strata, np.random.RandomState(seed))
                for seed in seeds
            ]
        return Divided(rows, validation, parts, min(batch_size, rows.n_rows))

    def _held_out(self, n_rows, strata, random_state):
        """Training and validation rows of a member, as many for each of them."""
        n_held = math.ceil(self.validation_fraction * n_rows)
        if n_held < n_rows:
            return drawn(n_rows, n_held, strata, random_state)
        if self.early_stopping is True:
            raise no_row_left(self.validation_fraction, n_rows)
        return np.arange(n_rows), np.arange(0)

    def _keep(self, outcomes, *, append):
        super()._keep(outcomes, append=append)
        before = [{} for _ in outcomes]
        if append:
            before = self.member_histories_
        self.member_histories_ = [
            {name: old.get(name, []) + values for name, values in o.history.items()}
            for old, o in zip(before, outcomes, strict=True)
        ]
        self.member_best_epochs_ = [
            self.n_epochs_ if append else outcome.best_epoch for outcome in outcomes
        ]


def mean_probabilities(logits, *, one_hot):
    """Logits whose probabilities are the mean of the members' probabilities.

    Parameters
    ----------
    logits : ndarray of shape (n_members, n_rows, n_outputs)
        Of the members.
    one_hot : bool
        Whether columns are classes of which one is true, or else labels by themselves.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        Log-probabilities of classes, or log-odds of labels; float64.
    """
    logits = logits.astype(np.float64)
    if one_hot:
        return logsumexp(log_softmax(logits, axis=2), axis=0) - np.log(len(logits))
    yes, no = (
        logsumexp(log_expit(logits), axis=0),
        logsumexp(log_expit(-logits), axis=0),
    )
    return yes - no
