"""The process in which a network is trained on Fashion-MNIST.

Started as ``python -m benchmarks._fashion_mnist_worker WAY FOLDER SPLIT SEED
NAME=VALUE ...``. It answers with one line of JSON.
"""

import keras
import numpy as np
from scipy.special import softmax

from benchmarks._fashion_mnist import N_CLASSES, read_split
from benchmarks._keras_twin import fit_keras, keras_twin
from benchmarks._measure import peak_bytes, timed
from benchmarks._options import override
from benchmarks._processes import print_figures
from benchmarks._scores import log_loss
from skdl import CNNClassifier

# how the command line calls a split -> which that is
SPLITS = {
    "test": {},
    "validation": {"validation": True},
    "quick": {"quick": True},
    "quick_validation": {"validation": True, "quick": True},
}


def figures_of(seconds, epochs, parameters, y, probability):
    """Gather what is told of a trained network."""
    return {
        "accuracy": float(np.mean(probability.argmax(axis=1) == y)),
        "log_loss": log_loss(y, probability, np.arange(N_CLASSES)),
        "seconds": seconds,
        "epochs": epochs,
        "parameters": parameters,
        "peak": peak_bytes(),
    }


def prepared(folder, split, seed, settings):
    """Make the estimator and read the images."""
    setting = dict(map(override, settings)) | {"random_state": int(seed)}
    return CNNClassifier(**setting), read_split(folder, **SPLITS[split])


def skdl(folder, split, seed, *settings):
    """Train the estimator."""
    network, (X, y, X_eval, y_eval) = prepared(folder, split, seed, settings)
    seconds, _ = timed(lambda: network.fit(X, y))
    return figures_of(
        seconds,
        network.n_epochs_,
        network.n_parameters_,
        y_eval,
        network.predict_proba(X_eval),
    )


def model_fit(folder, split, seed, *settings):
    """Train the same network by Model.fit."""
    keras.utils.set_random_seed(int(seed))
    estimator, (X, y, X_eval, y_eval) = prepared(folder, split, seed, settings)
    network = keras_twin(estimator, X, N_CLASSES)
    seconds, history = timed(lambda: fit_keras(network, estimator, X, y))
    logits = network.predict(X_eval, batch_size=256, verbose=0)
    return figures_of(
        seconds,
        len(history.epoch),
        sum(int(np.prod(v.shape)) for v in network.trainable_variables),
        y_eval,
        softmax(logits.astype(np.float64), axis=1),
    )


TASKS = {"skdl": skdl, "keras": model_fit}


if __name__ == "__main__":
    print_figures(TASKS)
