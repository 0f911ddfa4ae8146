"""TensorFlow's global seed, for models that Keras trains."""

import contextlib

import tensorflow as tf
from tensorflow.python.eager import context


@contextlib.contextmanager
def global_seed(seed):
    """Let TensorFlow draw from a seed, and go on afterwards as if it had not.

    Parameters
    ----------
    seed : int
        Of all random operations without a seed of their own.
    """
    now = context.context()
    before = now._seed, getattr(now, "_rng", None)
    try:
        tf.random.set_seed(seed)
        yield
    finally:
        now._seed, now._rng = before
