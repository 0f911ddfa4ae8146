"""Learning-rate schedules: the rate of every step of an epoch."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral

import keras
import numpy as np


def learning_rates(schedule, *, learning_rate, epochs):
    """Make the function that gives the rate of every step of an epoch.

    Parameters
    ----------
    schedule : None, dict, str, LearningRateSchedule or callable
        - None: `learning_rate` throughout.
        - ``{epoch: factor}``: once so many epochs are finished, ``learning_rate *
          factor``; factors are relative to the initial rate, not to each other.
        - "cosine": half a cosine from `learning_rate` to 0 (Loshchilov & Hutter 2017,
          without restarts), step by step.
        - "one_cycle": a cosine from ``learning_rate / 25`` up to the peak
          `learning_rate` in the first 30 % of the steps, and one down to a
          10,000th of the start (Smith & Topin 2018). Momentum is left alone.
        - "cifar": ``{80: 0.1, 120: 0.01, 160: 0.001, 180: 0.0005}``, Keras's recipe for
          the networks of He et al. 2016.
        - ``keras.optimizers.schedules.LearningRateSchedule``: the rate itself as a
          function of the step, counted from the first epoch; `learning_rate` is not
          used. One call per step, on the host.
        - a function of the epoch (from 0): a factor that multiplies `learning_rate`.
    learning_rate : float
        The initial rate; for "one_cycle" the peak.
    epochs : int
        The length of "cosine" and "one_cycle"; after it their last rate stays.

    Returns
    -------
    callable
        ``rates(epoch, steps)``: the rates of epoch `epoch` (from 0) if it and the
        epochs before have `steps` steps, float64 of shape ``(steps,)``.

    Raises
    ------
    ValueError
        If the schedule is unknown, or a factor or rate is negative or not finite; for
        functions and Keras schedules when `rates` is called.

    References
    ----------
    He, K., Zhang, X., Ren, S., & Sun, J. (2016). Deep residual learning for image
    recognition. CVPR. The recipe is in examples/cifar10_resnet.py of Keras 2, where
    each drop comes one epoch later.

    Loshchilov, I., & Hutter, F. (2017). SGDR: Stochastic gradient descent with warm
    restarts. ICLR.

    Smith, L. N., & Topin, N. (2018). Super-convergence: Very fast training of neural
    networks using large learning rates. arXiv:1708.07120. With the cosines and the
    defaults of fastai and of PyTorch's ``OneCycleLR``.

    Examples
    --------
    >>> from skdl.training._schedules import learning_rates
    >>> rates = learning_rates({2: 0.5}, learning_rate=0.25, epochs=4)
    >>> rates(1, 3), rates(2, 3)
    (array([0.25, 0.25, 0.25]), array([0.125, 0.125, 0.125]))
    """
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return partial(_keras_rates, schedule)
    factors = _factors(schedule)

    def rates(epoch, steps):
        return np.full(steps, learning_rate * factors(epoch, steps, epochs), float)

    return rates


def peak_rate(schedule, *, learning_rate, epochs, n_steps):
    """The largest rate of a whole training.

    Parameters
    ----------
    schedule, learning_rate, epochs : object
        As in `learning_rates`.
    n_steps : int
        Steps of an epoch.

    Returns
    -------
    float
        Of a Keras schedule, which is slow to ask, that of some sixty steps.

    Examples
    --------
    >>> from skdl.training._schedules import peak_rate
    >>> peak_rate({1: 3.0, 2: 0.1}, learning_rate=0.5, epochs=4, n_steps=10)
    1.5
    """
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        steps = np.unique(np.linspace(0, epochs * n_steps - 1, 64).astype(int))
        return max(float(_keras_rates(schedule, step, 1)[0]) for step in steps)
    rates = learning_rates(schedule, learning_rate=learning_rate, epochs=epochs)
    return max(float(np.max(rates(epoch, n_steps))) for epoch in range(epochs))


def _constant(epoch, steps, epochs):
    return 1.0


def _cosine(epoch, steps, epochs):
    progress = _step_numbers(epoch, steps) / (epochs * steps)
    return _half_cosine(1.0, 0.0, np.minimum(progress, 1.0))


def _one_cycle(epoch, steps, epochs):
    start, peak, end = 1 / 25, 1.0, 1 / 25 / 1e4
    total = epochs * steps
    top = max(0.3 * total - 1, 0)  # may lie between two steps, as in OneCycleLR
    last = max(total - 1, 1)
    phase = np.interp(_step_numbers(epoch, steps), [0, top, last], [0, 1, 2])
    up = _half_cosine(start, peak, phase)
    down = _half_cosine(peak, end, phase - 1)
    return np.where(phase < 1, up, down)


def _checked_factor(factor, where):
    try:
        value = float(factor)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 <= value < np.inf:
        raise ValueError(
            f"{where} gives {factor!r}; it must give a finite factor of at least 0, "
            "which multiplies learning_rate."
        )
    return value


def _drops(factors):
    """Return factors that change after given numbers of epochs, and stay between."""
    factors = {**factors}
    for epoch, factor in factors.items():
        if not isinstance(epoch, Integral) or isinstance(epoch, bool) or epoch < 0:
            raise ValueError(
                f"learning_rate_schedule={factors!r} has the key {epoch!r}; keys are "
                "numbers of finished epochs: integers of at least 0."
            )
        _checked_factor(factor, f"learning_rate_schedule[{epoch!r}]")
    values = [1.0, *(float(factors[epoch]) for epoch in sorted(factors))]

    def drops(epoch, steps, epochs):
        return values[np.searchsorted(sorted(factors), epoch, side="right")]

    return drops


SCHEDULES = {
    "cosine": _cosine,
    "one_cycle": _one_cycle,
    "cifar": _drops({80: 0.1, 120: 0.01, 160: 0.001, 180: 0.0005}),
}


def _factors(schedule):
    """Return the function ``(epoch, steps, epochs) -> factor(s)`` of a schedule."""
    if schedule is None:
        return _constant
    if isinstance(schedule, str) and schedule in SCHEDULES:
        return SCHEDULES[schedule]
    if isinstance(schedule, Mapping):
        return _drops(schedule)
    if callable(schedule):
        return partial(_factor_of_epoch, schedule)
    raise ValueError(
        f"learning_rate_schedule={schedule!r} is not known. Choose None, one of "
        f"{', '.join(SCHEDULES)}, a dict {{epoch: factor}}, a Keras schedule, or a "
        "function of the epoch."
    )


def _factor_of_epoch(function, epoch, steps, epochs):
    return _checked_factor(function(epoch), f"learning_rate_schedule({epoch})")


def _keras_rates(schedule, epoch, steps):
    """Return a Keras schedule's own rates."""
    return rates_of_steps(schedule, _step_numbers(epoch, steps), epoch)


def rates_of_steps(schedule, steps, epoch):
    """The rates of a Keras schedule, computed outside any graph.

    Parameters
    ----------
    schedule : keras.optimizers.schedules.LearningRateSchedule
        Whose rates are absolute.
    steps : ndarray of int
        Counted from 0.
    epoch : int
        That they are in, for the message.

    Returns
    -------
    ndarray of the same shape
        Learning rates.

    Raises
    ------
    ValueError
        If one of them is negative, NaN or infinite.
    """
    rates = np.empty(len(steps))
    for i, step in enumerate(steps):
        rates[i] = float(schedule(keras.ops.convert_to_tensor(step, dtype="int")))
    if not (np.isfinite(rates) & (rates >= 0)).all():
        raise ValueError(
            f"The schedule {type(schedule).__name__}(...) gives rates from "
            f"{rates.min()} to {rates.max()} in epoch {epoch}; they must be finite and "
            "at least 0. Check its arguments."
        )
    return rates


def _step_numbers(epoch, steps):
    return epoch * steps + np.arange(steps)


def _half_cosine(start, end, progress):
    return end + (start - end) * (1 + np.cos(np.pi * progress)) / 2
