"""The process in which one figure about networks for images is measured.

Started as ``python -m benchmarks._images_worker TASK ARGUMENT ...``. It answers with
one line of JSON.
"""

from statistics import fmean
from time import perf_counter

import numpy as np

from benchmarks._image_files import SIZE, read_folder
from benchmarks._measure import peak_bytes
from benchmarks._processes import print_figures

BATCH_SIZE = 64
LEARNING_RATE = 1e-3
CLASSES = 10
SQUARE = 4  # pixels of the side, in made images
FILE_EPOCHS = 2
# chosen by cross-validation within the training rows of the first fold
DIGITS_SETTING = {
    "filters": ((32, 32), (64, 64)),
    "pooling": "average",
    "augment": "zoom",
    "early_stopping": False,
    "random_state": 0,
}
SHAPES = {"cnn": (28, 28, 1), "resnet": (32, 32, 3)}
PLAIN = {  # what all have: Adam at one learning rate, all images, all epochs
    "learning_rate": LEARNING_RATE,
    "learning_rate_schedule": None,
    "weight_decay": 0.0,
    "batch_size": BATCH_SIZE,
    "early_stopping": False,
    "random_state": 0,
}


def made_images(shape, n_images):
    """Make noisy images of ten patterns of squares, float32, and their classes.

    A fifth of the classes is drawn at random, so that losses and gradients do not
    vanish: processors are slow with numbers which are almost zero.
    """
    height, width, channels = shape
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=n_images)
    squares = rng.normal(size=(CLASSES, height // SQUARE, width // SQUARE, channels))
    patterns = squares.repeat(SQUARE, axis=1).repeat(SQUARE, axis=2)
    noise = rng.normal(size=(n_images, *shape))
    X = (patterns[y] + noise).astype(np.float32)
    wrong = rng.random(n_images) < 0.2
    return X, np.where(wrong, rng.integers(CLASSES, size=n_images), y)


def network(name, epochs, **options):
    """Make the estimator of a problem."""
    import skdl

    options |= PLAIN | {"epochs": epochs}
    if name == "resnet":
        return skdl.ResNetClassifier(depth=20, **options)
    return skdl.CNNClassifier(
        filters=(32, 64),
        hidden_units=(128,),
        batch_norm=False,
        dropout=0.0,
        **options,
    )


def skdl_epochs(name, X, y, epochs):
    """Train the estimator; return seconds of each epoch and the last training loss."""
    from benchmarks._keras_twin import EpochClock

    clock = EpochClock()
    fitted = network(name, epochs, callbacks=[clock]).fit(X, y)
    return clock.seconds, fitted.history_["loss"][-1]


def keras_epochs(name, X, y, epochs):
    """Train the same network by Model.fit."""
    from benchmarks._keras_twin import EpochClock, fit_keras, keras_twin

    estimator, clock = network(name, epochs), EpochClock()
    twin = keras_twin(estimator, X, CLASSES)
    history = fit_keras(twin, estimator, X, y, [clock])
    return clock.seconds, history.history["loss"][-1]


def torch_epochs(name, X, y, epochs, channels_last=False):
    """Train the same layers by a plain loop of PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy

    from benchmarks._torch_network import convolutional_network

    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    layers = convolutional_network().to(memory_format=layout)
    X = torch.from_numpy(np.moveaxis(X, -1, 1)).contiguous(memory_format=layout)
    y = torch.from_numpy(y)
    optimizer = torch.optim.Adam(layers.parameters(), lr=LEARNING_RATE)
    seconds = []
    for _ in range(epochs):
        start, total = perf_counter(), 0.0
        for rows in torch.randperm(len(X)).split(BATCH_SIZE):
            loss = cross_entropy(layers(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        seconds.append(perf_counter() - start)
    return seconds, total / len(X)


def torch_channels_last_epochs(name, X, y, epochs):
    """Train as `torch_epochs` does, with the channels last in memory."""
    return torch_epochs(name, X, y, epochs, channels_last=True)


WAYS = {
    "skdl": skdl_epochs,
    "keras": keras_epochs,
    "torch": torch_epochs,
    "torch_channels_last": torch_channels_last_epochs,
}


def epochs(name, way, n_images, n_epochs):
    """Train a network in one way; the first epoch, with all tracing, is apart."""
    X, y = made_images(SHAPES[name], int(n_images))
    seconds, loss = WAYS[way](name, X, y, int(n_epochs))
    first, *later = seconds
    return {"first": first, "later": fmean(later), "loss": loss, "seconds": seconds}


def folder(source, folder):
    """Train on files of images, or on what is in them; seconds are for one image."""
    from benchmarks._keras_twin import EpochClock
    from skdl import CNNClassifier
    from skdl.preprocessing import load_image_folder

    if source == "files":
        X, y = load_image_folder(folder, return_X_y=True)
    else:
        X, y = read_folder(folder)
    before, clock = peak_bytes(), EpochClock()
    CNNClassifier(
        image_size=(SIZE, SIZE),
        batch_size=BATCH_SIZE,
        epochs=FILE_EPOCHS,
        early_stopping=False,
        callbacks=[clock],
        random_state=0,
    ).fit(X, y)
    first, later = clock.seconds
    return {
        "first": first / len(X),
        "later": later / len(X),
        "peak": peak_bytes(),
        "peak_before": before,
    }


def digits(order):
    """Five folds of digits, as they stand in the file or shuffled first."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    import skdl

    X, y = load_digits(return_X_y=True)
    cv = StratifiedKFold(5)
    if order == "shuffled":
        cv = StratifiedKFold(5, shuffle=True, random_state=0)
    began = perf_counter()
    scores = cross_val_score(skdl.CNNClassifier(**DIGITS_SETTING), X, y, cv=cv)
    return {
        "accuracy": scores.mean(),
        "lowest": scores.min(),
        "seconds": perf_counter() - began,
    }


TASKS = {task.__name__: task for task in (epochs, folder, digits)}


if __name__ == "__main__":
    print_figures(TASKS)
