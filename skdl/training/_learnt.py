"""Whether a trained network is better than one answer for all rows."""

import numpy as np
from keras import ops
from scipy.special import logit

from skdl.training._tensorflow import best_of, least_loss

LEAST_STEPS = 50  # of a training that is expected to lead anywhere
IMPROVEMENT = 0.01  # share of the best constant answer's loss
_FAR_BELOW = 0.6  # of a constant that is near the best: no need to look for that
_NEARLY = 1.1  # times the loss seen: descent may have ended so much too early
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)


def best_constant(loss, y, weight, candidates, n_outputs, *, seen, dtype="float64"):
    """The loss of the best constant answer, above that of perfect ones.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, y_pred) -> (batch,)`` in ``keras.ops``; may have
        ``_of_best_constant`` and ``_of_perfect`` as skdl's losses do.
    y : ndarray of shape (n_rows, ...)
        Targets as the loss takes them.
    weight : ndarray of shape (n_rows,)
        Of rows.
    candidates : callable
        From y to constant answers, of shape (n, n_outputs), one of which is good.
    n_outputs : int
        Of the network.
    seen : float
        The loss that training led to.
    dtype : {"float32", "float64"}, default="float64"
        Of the answers that a user's loss is given: it may have constants of the dtype
        of training, which TensorFlow does not mix with others.

    Returns
    -------
    value : float or None
        None if all targets are the same, so that there is nothing to learn, or if
        `seen` is so far below that it needs no number.
    perfect : float
        The loss of perfect answers.
    """
    if (y == y[:1]).all():
        return None, 0.0
    weight = weight / weight.sum()
    if hasattr(loss, "_of_best_constant"):
        perfect = loss._of_perfect(y, weight)
        value = loss._of_best_constant(y, weight, n_outputs)
        if value is not None:
            return value, perfect
    loss = _with_answers_of(dtype, loss)
    start, near = best_of(loss, y, weight, candidates(y))
    if seen < _FAR_BELOW * near:
        return None, 0.0
    return least_loss(loss, y, weight, start, enough=_NEARLY * seen), 0.0


def _with_answers_of(dtype, loss):
    return lambda y_true, y_pred: loss(y_true, ops.cast(y_pred, dtype))


def is_no_better(value, constant, perfect=0.0):
    """Whether a loss is less than one per cent below that of a constant answer.

    Parameters
    ----------
    value, constant, perfect : float
        The loss, that of the best constant answer, and that of perfect answers.

    Returns
    -------
    bool
        False where there is nothing to improve.
    """
    room = abs(constant - perfect)
    return room > 0 and constant - value < IMPROVEMENT * room


def numbers_near(y):
    """Constant answers for numbers: means, and some quantiles.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_outputs)
        Targets.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        One of them is near the best for most losses.
    """
    return np.vstack([y.mean(axis=0), np.quantile(y, _QUANTILES, axis=0)])


def logits_near(y, n_outputs):
    """A constant answer for labels: the logits of their frequencies.

    Parameters
    ----------
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Class indices, or indicators.
    n_outputs : int
        Of the network.

    Returns
    -------
    ndarray of shape (1, n_outputs)
        Near the best one for most losses.
    """
    least = 0.5 / len(y)
    if y.ndim == 1:
        shares = np.bincount(y, minlength=n_outputs) / len(y)
        return np.log(np.maximum(shares, least))[np.newaxis]
    return logit(np.clip(y.mean(axis=0), least, 1 - least))[np.newaxis]
