"""The best answer that is the same for all rows, found by descent."""

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize

_POLISHED = 3  # outputs up to which a search without gradients follows: of losses with
# corners, where descent ends early


def best_of(loss, y, weight, candidates):
    """The best of some constant answers.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, y_pred) -> (batch,)`` in ``keras.ops``.
    y : ndarray of shape (n_rows, ...)
        Targets as the loss takes them.
    weight : ndarray of shape (n_rows,)
        With sum one.
    candidates : ndarray of shape (n, n_outputs)
        Raw outputs.

    Returns
    -------
    answer : ndarray of shape (n_outputs,)
        One of them.
    value : float
        Its mean loss.
    """
    means = []
    for answer in candidates:
        values = loss(y, np.repeat(answer[np.newaxis], len(y), axis=0))
        means.append(np.asarray(values, np.float64) @ weight)
    best = np.nanargmin(means)
    return candidates[best], float(means[best])


def least_loss(loss, y, weight, start, *, enough):
    """The least mean loss of one answer for all rows.

    Parameters
    ----------
    loss, y, weight : object
        As in `best_of`.
    start : ndarray of shape (n_outputs,)
        Where to begin.
    enough : float
        A loss below which it need not be known exactly.

    Returns
    -------
    float
        The loss that was found.
    """
    y, weight = tf.constant(y), tf.constant(weight, tf.float64)

    def mean(answer):
        answers = tf.repeat(answer[tf.newaxis], len(y), axis=0)
        return tf.tensordot(weight, tf.cast(loss(y, answers), tf.float64), 1)

    def value_and_slope(answer):
        answer = tf.constant(answer, tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(answer)
            value = mean(answer)
        slope = tape.gradient(value, answer)
        return float(value), np.zeros_like(answer) if slope is None else slope.numpy()

    options = {"ftol": 1e-6, "maxfun": 30}  # numbers may be float32
    found = minimize(
        value_and_slope, start, jac=True, method="L-BFGS-B", options=options
    )
    if len(start) <= _POLISHED and found.fun < enough:
        options = {"xatol": 1e-4, "fatol": 1e-5 * abs(found.fun), "maxfev": 60}
        other = minimize(
            lambda answer: float(mean(tf.constant(answer, tf.float64))),
            found.x,
            method="Nelder-Mead",
            options=options,
        )
        found = min(found, other, key=lambda each: each.fun)
    return float(found.fun)
