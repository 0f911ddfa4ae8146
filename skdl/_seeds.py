"""Keras objects built from a seed."""

import contextlib
import random
import threading
from unittest import mock

from keras.src.random import seed_generator  # the one that Keras draws seeds from

_BUILDING = threading.RLock()


@contextlib.contextmanager
def seeded_build(seed):
    """Build Keras objects from a seed, apart from Python's global generator.

    Keras draws the seeds of unseeded initializers and dropout layers from the module
    ``random``; in the meantime it is given a generator of its own in that place.

    Parameters
    ----------
    seed : int
        Of that generator.
    """
    with (
        _BUILDING,
        mock.patch.object(seed_generator, "python_random", random.Random(seed)),
    ):
        yield
