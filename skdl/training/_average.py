"""Moving averages of weights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Average:
    """An exponential moving average of weights, kept beside them.

    After step t, counted from 0, it is ``d * average + (1 - d) * weights``, where d is
    0 in the first step and `decay` in later ones.

    Parameters
    ----------
    decay : float
        In [0, 1).
    grows : bool, default=False
        Whether the decay begins low, as ``min(decay, t / (t + 9))``: the half-life
        grows with the number of steps, so that early weights are soon forgotten.
    """

    decay: float
    grows: bool = False
