"""The process in which one figure about networks for sequences is measured.

Started as ``python -m benchmarks._sequences_worker TASK ARGUMENT ...``. It answers with
one line of JSON.
"""

import ast
from statistics import fmean
from time import perf_counter

import numpy as np

from benchmarks._made_sequences import CLASSES, ordered_pulses, timing_sequences
from benchmarks._measure import timed
from benchmarks._processes import print_figures

STEPS, FEATURES, UNITS = 24, 4, 32
BATCH_SIZE = 32
LEARNING_RATE = 1e-3
ORDER_ROWS = 2000, 2000  # to learn from, to judge by
TREES = 500
PLAIN = {  # what all have: Adam at one learning rate, all sequences, all epochs
    "learning_rate": LEARNING_RATE,
    "learning_rate_schedule": None,
    "weight_decay": 0.0,
    "batch_size": BATCH_SIZE,
    "early_stopping": False,
    "random_state": 0,
}


# -- times -----------------------------------------------------------------------------


def skdl_epochs(cell, X, y, lengths, epochs):
    """Train the estimator; return seconds of each epoch and the last training loss."""
    from benchmarks._keras_twin import EpochClock
    from skdl import LSTMClassifier

    if (lengths < X.shape[1]).any():
        X = [row[:length] for row, length in zip(X, lengths, strict=True)]
    clock = EpochClock()
    network = LSTMClassifier(
        units=UNITS, cell=cell, epochs=epochs, callbacks=[clock], **PLAIN
    )
    seconds, _ = timed(lambda: network.fit(X, y))
    return seconds, clock.seconds, network.history_["loss"][-1]


def keras_epochs(cell, X, y, lengths, epochs):
    """Train the same layers by Model.fit."""
    from benchmarks._keras_twin import EpochClock

    import keras  # isort: skip
    from keras import layers  # isort: skip

    keras.utils.set_random_seed(0)
    clock = EpochClock()

    def fit():
        network = keras.Sequential([keras.Input(X.shape[1:])])
        if (lengths < X.shape[1]).any():
            network.add(layers.Masking())
        network.add({"lstm": layers.LSTM, "gru": layers.GRU}[cell](UNITS))
        network.add(layers.Dense(CLASSES))
        network.compile(
            keras.optimizers.Adam(LEARNING_RATE),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        options = {"batch_size": BATCH_SIZE, "epochs": epochs, "verbose": 0}
        return network.fit(X, y, callbacks=[clock], **options)

    seconds, history = timed(fit)
    return seconds, clock.seconds, history.history["loss"][-1]


def torch_epochs(cell, X, y, lengths, epochs):
    """Train the same layers by a plain loop of PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.nn.utils.rnn import pack_padded_sequence

    torch.manual_seed(0)
    ragged = bool((lengths < X.shape[1]).any())
    X, y, lengths = map(torch.from_numpy, (X, y, lengths))
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    recurrent = layer(X.shape[2], UNITS, batch_first=True)
    dense = torch.nn.Linear(UNITS, CLASSES)
    optimizer = torch.optim.Adam(
        [*recurrent.parameters(), *dense.parameters()], lr=LEARNING_RATE
    )  # here PyTorch imports a good deal more
    began, seconds = perf_counter(), []
    for _ in range(epochs):
        start, total = perf_counter(), 0.0
        for rows in torch.randperm(len(X)).split(BATCH_SIZE):
            batch = X[rows]
            if ragged:
                batch = pack_padded_sequence(
                    batch, lengths[rows], batch_first=True, enforce_sorted=False
                )
            state = recurrent(batch)[1]
            last = state[0] if cell == "lstm" else state
            loss = cross_entropy(dense(last[0]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        seconds.append(perf_counter() - start)
    return perf_counter() - began, seconds, total / len(X)


WAYS = {"skdl": skdl_epochs, "keras": keras_epochs, "torch": torch_epochs}


def epochs(kind, way, n_sequences, n_epochs):
    """Train a network in one way; imports are not counted, tracing is."""
    cell, _, ragged = kind.partition(" ")
    made = timing_sequences(int(n_sequences), STEPS, FEATURES, ragged=bool(ragged))
    if way != "torch":
        from skdl import _keras  # noqa: F401
    total, seconds, loss = WAYS[way](cell, *made, int(n_epochs))
    first, *later = seconds
    return {"total": total, "first": first, "later": fmean(later), "loss": loss}


# -- accuracy --------------------------------------------------------------------------


def network(seed, setting):
    """Make the estimator."""
    from skdl import LSTMClassifier

    return LSTMClassifier(**ast.literal_eval(setting), random_state=seed)


def forest(seed, setting):
    """Make a random forest on flat rows."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(TREES, random_state=seed)


def nearest(seed, setting):
    """Make the nearest neighbour by Euclidean distance."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(1)


def warped(seed, setting):
    """Make the nearest neighbour by dynamic time warping over the whole length."""
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier

    return KNeighborsTimeSeriesClassifier(n_neighbors=1, distance="dtw")


CLASSIFIERS = {"skdl": network, "forest": forest, "nearest": nearest, "warped": warped}
SHAPES = {  # of X, from (n_sequences, n_steps, 1)
    "skdl": lambda X: X,
    "forest": lambda X: X[:, :, 0],
    "nearest": lambda X: X[:, :, 0],
    "warped": lambda X: np.moveaxis(X, 1, 2),
}


def judged(way, seed, setting, X, y, X_test, y_test):
    """Fit a classifier and judge it by the test sequences."""
    classifier, shape = CLASSIFIERS[way](int(seed), setting), SHAPES[way]
    seconds, _ = timed(lambda: classifier.fit(shape(X), y))
    accuracy = float(np.mean(classifier.predict(shape(X_test)) == y_test))
    return {"accuracy": accuracy, "seconds": seconds}


def ucr(name, way, seed, setting):
    """Learn a data set of the UCR archive, default split."""
    from aeon.datasets import load_classification

    parts = []
    for split in ("train", "test"):
        X, y = load_classification(name, split=split)
        parts += [np.moveaxis(X, 1, 2), y]
    return judged(way, seed, setting, *parts)


def order(name, way, seed, setting):
    """Learn in which order two pulses come."""
    n_train, n_test = ORDER_ROWS
    parts = *ordered_pulses(n_train, int(seed)), *ordered_pulses(n_test, 1000)
    return judged(way, seed, setting, *parts)


TASKS = {task.__name__: task for task in (epochs, ucr, order)}


if __name__ == "__main__":
    print_figures(TASKS)
