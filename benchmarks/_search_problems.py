"""What is searched: networks on digits, and a function whose optimum is known."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from benchmarks._libraries import LIBRARIES

EPOCHS = 10
CLOCK = []  # the synthetic function notes here when each trial begins and ends


class Dimension(NamedTuple):
    """One parameter of a search, in no library's words.

    A range is one of integers if both bounds are; with `choices` it is none.
    """

    name: str
    low: float = 0
    high: float = 1
    log: bool = False
    choices: tuple = ()

    @property
    def whole(self):
        """Whether the range is one of integers."""
        return isinstance(self.low, int)


class Network(NamedTuple):
    """Rows, folds, and the estimator whose parameters are searched."""

    estimator: object
    X: np.ndarray
    y: np.ndarray
    cv: object
    scoring: object


def negative_log_loss(estimator, X, y):
    """Score; scikit-learn's own does not take SciKeras for a classifier."""
    return -log_loss(y, estimator.predict_proba(X), labels=np.arange(10))


def keras_network(hidden_units, activation, dropout, l2, learning_rate):
    """Build and compile the network which `DenseClassifier` would train."""
    import keras

    from skdl.networks import dense_network

    logits = dense_network(
        (64,),
        10,
        hidden_units=(hidden_units,),
        activation=activation,
        dropout=dropout,
        l2=l2,
    )
    outputs = keras.layers.Softmax()(logits.output)
    network = keras.Model(logits.input, outputs)
    network.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
    )
    return network


def skdl_network():
    """Make skdl's estimator; it standardises its input itself."""
    from skdl import DenseClassifier

    return DenseClassifier(epochs=EPOCHS, random_state=0)


def scikeras_network():
    """Make SciKeras's estimator behind a scaler."""
    from scikeras.wrappers import KerasClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    network = KerasClassifier(
        model=keras_network, epochs=EPOCHS, verbose=0, random_state=0
    )
    return Pipeline([("scaler", StandardScaler()), ("network", network)])


def on_digits(make_network):
    """Put a network before three folds of digits; everything but the search is fixed.

    One seed for all networks makes the score a function of the parameters, and the
    same one for every library that searches it.
    """
    X, y = load_digits(return_X_y=True)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return Network(make_network(), X, y, folds, negative_log_loss)


HARTMANN_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_SCALES = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMANN_PEAKS = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
KINDS = {"full": 1.0, "most": 0.9, "part": 0.8}
NOISE = 0.05


def hartmann(x):
    """Compute the negated Hartmann function of six numbers in [0, 1]; at most 3.322."""
    distances = (HARTMANN_SCALES * (np.asarray(x) - HARTMANN_PEAKS) ** 2).sum(axis=1)
    return float(HARTMANN_WEIGHTS @ np.exp(-distances))


class Synthetic(BaseEstimator):
    """A mixed Hartmann function as an estimator; its score depends on nothing else.

    Two of the six numbers are given on a log scale, two as integers, and a category
    multiplies the value by 1, 0.9 or 0.8. The noise is drawn from the parameters, so
    that the same ones always score the same.
    """

    def __init__(self, rate=0.01, penalty=1e-4, units=100, layers=1, p=0, q=0, kind=""):
        self.rate = rate
        self.penalty = penalty
        self.units = units
        self.layers = layers
        self.p = p
        self.q = q
        self.kind = kind

    def fit(self, X, y=None):
        """Note the time."""
        CLOCK.append((perf_counter(), process_time()))
        self.fitted_ = True
        return self

    def score(self, X, y=None):
        """Compute the function at the parameters, and note the time."""
        x = [
            (np.log10(self.rate) + 4) / 3,
            (np.log10(self.penalty) + 6) / 4,
            (self.units - 8) / (512 - 8),
            (self.layers - 1) / (20 - 1),
            self.p,
            self.q,
        ]
        seed = zlib.crc32(repr([*np.round(x, 12), self.kind]).encode())
        noise = NOISE * np.random.default_rng(seed).standard_normal()
        score = KINDS[self.kind] * hartmann(x) + noise
        CLOCK.append((perf_counter(), process_time()))
        return score


def synthetic():
    """Make the synthetic function; a single fold, for all would score the same."""
    rows = np.arange(4)
    return Network(Synthetic(), rows[:, None], rows, [(rows[:2], rows[2:])], None)


SYNTHETIC_SPACE = (
    Dimension("rate", 1e-4, 1e-1, log=True),
    Dimension("penalty", 1e-6, 1e-2, log=True),
    Dimension("units", 8, 512),
    Dimension("layers", 1, 20),
    Dimension("p", 0.0, 1.0),
    Dimension("q", 0.0, 1.0),
    Dimension("kind", choices=tuple(KINDS)),
)
DIGITS_SPACE = (
    Dimension("hidden_units", 16, 256, log=True),
    Dimension("activation", choices=("relu", "tanh", "gelu")),
    Dimension("dropout", 0.0, 0.5),
    Dimension("l2", 1e-6, 1e-2, log=True),
    Dimension("learning_rate", 1e-4, 1e-1, log=True),
    Dimension("batch_size", 16, 128, log=True),
)


def scikeras_name(name):
    """Name a parameter as SciKeras behind a scaler does."""
    return f"network__{name}" if name == "batch_size" else f"network__model__{name}"


@dataclass(frozen=True)
class Problem:
    """A network or function, and the space that is searched.

    Attributes
    ----------
    title : str
    make : callable without arguments
        Returns a `Network`.
    space : tuple of Dimension
    libraries : tuple of str
        Keys of ``LIBRARIES`` that it needs, beside those of the search itself.
    """

    title: str
    make: Callable
    space: tuple
    libraries: tuple = ()

    def missing(self):
        """Name the top-level modules which are not installed."""
        return sorted({m for name in self.libraries for m in LIBRARIES[name].missing()})

    def load(self):
        """Import everything, so that imports are on nobody's clock."""
        for name in self.libraries:
            LIBRARIES[name].load()


PROBLEMS = {
    "digits": Problem(
        "digits", lambda: on_digits(skdl_network), DIGITS_SPACE, ("skdl",)
    ),
    "digits_scikeras": Problem(
        "digits, SciKeras",
        lambda: on_digits(scikeras_network),
        tuple(d._replace(name=scikeras_name(d.name)) for d in DIGITS_SPACE),
        ("skdl", "scikeras"),
    ),
    "synthetic": Problem("synthetic", synthetic, SYNTHETIC_SPACE),
}
