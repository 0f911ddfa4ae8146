"""A remark where training has learnt nothing."""

from statistics import fmean

import numpy as np

from skdl._remarks import remark
from skdl.exceptions import NothingLearntWarning


def remark_if_nothing_learnt(prepared):
    """Compare the trained networks with the best constant answers.

    What was seen in training has dropout, variations and penalties in it, and is a mean
    over an epoch. So it is only where this is bad that the networks are asked for the
    loss that they have now.

    Parameters
    ----------
    prepared : Prepared
        A fit that is done.
    """
    from skdl.training._learnt import LEAST_STEPS
    from skdl.training._objective import Supervised

    plan = prepared.plan
    if prepared.incremental or prepared.n_steps * plan.epochs < LEAST_STEPS:
        return
    if not isinstance(prepared.key.objective, Supervised):
        return  # no constant answer is known to compare with
    try:
        said = _compared(prepared)
    except Exception:  # in whatever a user's loss needs beyond answers and targets
        return
    if said is not None:
        remark(said)


def _compared(prepared):
    """The warning, or None where something was learnt."""
    from skdl.training._learnt import best_constant, is_no_better

    estimator = prepared.estimator
    rows, _, parts, _ = prepared.divided
    y, weight, of_rows = wanted_answers(estimator._targets, rows)
    parts = [
        slice(None) if parts is None else np.isin(of_rows, parts[k][0])
        for k in range(prepared.key.n_members)
    ]
    found = [
        best_constant(
            estimator._loss,
            y[part],
            weight[part],
            estimator._constant_answers,
            prepared.key.network.n_outputs,
            seen=estimator.loss_,
            dtype=estimator.dtype,
        )
        for part in parts
    ]
    if any(constant is None for constant, _ in found):
        return None
    constant, perfect = (fmean(values) for values in zip(*found, strict=True))
    if not is_no_better(estimator.loss_, constant, perfect):
        return None
    value = _loss_now(estimator, rows, y, weight, parts)
    if not is_no_better(value, constant, perfect):
        return None
    return NothingLearntWarning(type(estimator).__name__, value, constant)


def _loss_now(estimator, rows, y, weight, parts):
    """The loss on the training rows, the mean over members."""
    outputs = estimator._outputs(rows.X)
    if not estimator._has_members:
        outputs = outputs[np.newaxis]
    losses = []
    for raw, part in zip(outputs, parts, strict=True):
        raw = np.ma.compressed(raw) if np.ma.isMaskedArray(raw) else raw
        raw = raw.reshape(len(y), -1)[part]
        values = np.asarray(estimator._loss(y[part], raw), np.float64)
        losses.append(np.average(values, weights=weight[part]))
    return fmean(losses)


def wanted_answers(targets, rows):
    """Encoded targets of rows, or of the steps of sequences.

    Parameters
    ----------
    targets : object
        The encoder of y.
    rows : Rows
        Checked rows.

    Returns
    -------
    y : ndarray of shape (n, ...)
        As the loss takes it.
    weight : ndarray of shape (n,)
        Of each.
    of_rows : ndarray of int of shape (n,)
        The number of the row that each belongs to.
    """
    y = targets.encode(rows.y, "float64")
    if not hasattr(targets, "of_steps"):
        return y, rows.weight, np.arange(len(y))
    y, of_steps = y[..., :-1], y[..., -1]
    weight = of_steps * (rows.weight / of_steps.sum(axis=1))[:, np.newaxis]
    is_step = of_steps > 0
    y = y[is_step]
    if targets.are_indices:
        y = y[:, 0].astype(np.int64)
    return y, weight[is_step], np.nonzero(is_step)[0]
