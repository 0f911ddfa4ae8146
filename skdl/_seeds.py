"""Keras objects built from a seed, and under names that can be used again."""

import contextlib
import random
import threading
from collections import defaultdict
from unittest import mock

from keras.src.backend.common import global_state  # the one that counts names up
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


@contextlib.contextmanager
def names_as_before():
    """Let Keras forget which names it has given to layers, models and variables.

    TensorFlow keeps some 30 kB for every name that a variable ever had. Names which are
    counted up over many fits (dense_17, dense_18, ...) would be a leak.
    """

    def names():
        return global_state.get_global_attribute(
            "object_name_uids", defaultdict(int), set_to_default=True
        )

    before = dict(names())
    try:
        yield
    finally:
        names().clear()
        names().update(before)
