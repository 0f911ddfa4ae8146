"""Rows of whole numbers, and a network for rows of any shape."""

import keras
import numpy as np

from tests.keras_wrappers._networks import classes, dense

NAMES = ["width", "height", "depth", "weight"]


def tenths():
    """Whole numbers from 0 to 50, exact in every dtype, with three classes."""
    X, y = classes(3)
    return np.clip(np.rint(X * 10), 0, 50).astype(float), y


def flattened(meta):
    """A network for rows of any shape."""
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Flatten(),
            *dense(int(np.prod(meta["X_shape_"][1:]))).layers,
        ]
    )
