"""Sequences which are made: for times, and with signal in their order only."""

import numpy as np

CLASSES = 5
PAIRS, SLOT = 3, 16  # of pulses in a sequence, and steps for each
GAPS = 2, 6  # steps between the two, from and below
PULSE, NOISE = 2.0, 0.5
WAVE = 8  # steps of a wave
PERIODS = 2.5, 20  # of tones, in steps


def timing_sequences(n_sequences, n_steps, n_features, *, ragged=False):
    """Make sequences of five classes, from a half up to all of the steps if ragged.

    A fifth of the classes is drawn at random, so that losses and gradients do not
    vanish.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps, n_features)
        float32; zeros after the end.
    y : ndarray of shape (n_sequences,)
    lengths : ndarray of shape (n_sequences,)
    """
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=n_sequences)
    means = rng.normal(scale=0.5, size=(CLASSES, n_features))
    X = rng.normal(size=(n_sequences, n_steps, n_features)) + means[y][:, np.newaxis]
    lengths = np.full(n_sequences, n_steps)
    if ragged:
        lengths = rng.integers(n_steps // 2, n_steps + 1, size=n_sequences)
        X[np.arange(n_steps) >= lengths[:, np.newaxis]] = 0
    wrong = rng.random(n_sequences) < 0.2
    y = np.where(wrong, rng.integers(CLASSES, size=n_sequences), y)
    return X.astype(np.float32), y, lengths


def ordered_pulses(n_sequences, seed):
    """Make noise with pairs of pulses, up and down; which comes first is the class.

    All positions are moved round by the same random number of steps, so that each step
    for itself is distributed alike in both classes.

    Returns
    -------
    X : ndarray of shape (n_sequences, PAIRS * SLOT, 1)
    y : ndarray of shape (n_sequences,)
    """
    rng = np.random.default_rng(seed)
    n_steps, size = PAIRS * SLOT, (n_sequences, PAIRS)
    y = rng.integers(2, size=n_sequences)
    moved = rng.integers(n_steps, size=(n_sequences, 1))
    first = SLOT * np.arange(PAIRS) + rng.integers(SLOT // 2, size=size) + moved
    second = first + rng.integers(*GAPS, size=size)
    X = rng.normal(scale=NOISE, size=(n_sequences, n_steps))
    rows = np.arange(n_sequences)[:, np.newaxis]
    signs = np.where(y == 0, 1, -1)[:, np.newaxis]
    X[rows, first % n_steps] += PULSE * signs
    X[rows, second % n_steps] -= PULSE * signs
    return X[:, :, np.newaxis], y


def placed_waves(n_sequences, n_steps, n_classes, *, seed):
    """Make noise with a short wave anywhere; its form is the class.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps, 1)
    y : ndarray of shape (n_sequences,)
        Each class as often as the others.
    places : ndarray of shape (n_sequences, 1)
        Where the wave begins, as a share of the steps.
    """
    forms = np.random.default_rng(0).normal(scale=2, size=(n_classes, WAVE))
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_sequences) % n_classes)
    begins = rng.integers(n_steps - WAVE + 1, size=n_sequences)
    X = rng.normal(scale=NOISE, size=(n_sequences, n_steps))
    X[np.arange(n_sequences)[:, None], begins[:, None] + np.arange(WAVE)] += forms[y]
    return X[:, :, np.newaxis], y, begins[:, np.newaxis] / n_steps


def tones(n_sequences, n_steps, n_classes, *, seed):
    """Make sines in noise; the period is the class, the size varies beside it.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_steps, 1)
    y : ndarray of shape (n_sequences,)
        Each class as often as the others.
    sizes : ndarray of shape (n_sequences, 1)
        Amplitudes.
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_sequences) % n_classes)
    periods = np.geomspace(*PERIODS, n_classes)[y]
    phases = rng.uniform(0, 2 * np.pi, n_sequences)
    sizes = rng.uniform(0.5, 2, n_sequences)
    angles = 2 * np.pi * np.arange(n_steps) / periods[:, None] + phases[:, None]
    X = sizes[:, None] * np.sin(angles)
    X += rng.normal(scale=NOISE, size=X.shape)
    return X[:, :, np.newaxis], y, sizes[:, np.newaxis]
