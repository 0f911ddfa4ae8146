"""Models built by users' functions from a seed."""

import random
from contextlib import contextmanager

import numpy as np

from skdl._seeds import seeded_build


@contextmanager
def seeded(seed):
    """Let a user's function draw from a seed, and leave all generators as they were.

    Parameters
    ----------
    seed : int
        For what Keras draws, and for the modules `random` and `numpy.random`.
    """
    with seeded_build(seed):  # one thread at a time
        before = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002


def integer_seed(random_state):
    """A `random_state` as Keras needs it; a generator is looked at, not drawn from.

    Parameters
    ----------
    random_state : int, RandomState or None
        Of an estimator.

    Returns
    -------
    int or None
        The same for the same generator.
    """
    if isinstance(random_state, np.random.RandomState):
        double = np.random.RandomState()
        double.set_state(random_state.get_state())
        return int(double.randint(1, 2**31 - 1))
    return random_state if random_state is None else int(random_state)
