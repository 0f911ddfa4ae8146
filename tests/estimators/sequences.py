"""Data for tests of networks for sequences, and small networks."""

from functools import partial

import keras
import numpy as np

from skdl import LSTMClassifier, LSTMRegressor

CLASSIFIER = partial(LSTMClassifier, units=8, epochs=3, random_state=0)
REGRESSOR = partial(LSTMRegressor, units=8, epochs=3, random_state=0)


def ordered(n_sequences, *, seed=0, n_steps=24):
    """Noise with two peaks side by side: up and down in one class, down and up in one.

    At every step, values have the same distribution in both classes.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_sequences, n_steps + 2))
    y = rng.integers(0, 2, n_sequences)
    places = rng.integers(0, n_steps + 1, n_sequences)
    rows, up = np.arange(n_sequences), 5.0 * (1 - 2 * y)
    X[rows, places] += up
    X[rows, places + 1] -= up
    return X[:, 1:-1], y


def ragged(n_sequences=40, *, n_features=2, longest=9, seed=0):
    """Sequences of 1 to `longest` steps; the class is the sign of their sum."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n_sequences)
    lengths[0] = longest
    X = [rng.normal(size=(n, n_features)) for n in lengths]
    y = np.array([int(x.sum() > 0) for x in X])
    y[:2] = 0, 1
    return X, y


def padded(sequences, n_steps=None, value=np.nan):
    """One array, with padding at the end."""
    n_steps = n_steps or max(map(len, sequences))
    first = np.asarray(sequences[0])
    result = np.full((len(sequences), n_steps, *first.shape[1:]), value, float)
    for row, sequence in zip(result, sequences, strict=True):
        row[: len(sequence)] = sequence
    return result


def traces(monkeypatch):
    """A list that grows when a network is traced."""
    seen, call = [], keras.Model.__call__

    def noting(self, x, *args, **options):
        if not isinstance(x, keras.KerasTensor):  # as when a network is built
            seen.append(x.shape)
        return call(self, x, *args, **options)

    monkeypatch.setattr(keras.Model, "__call__", noting)
    return seen
