"""Data that many tests share; read-only, so that no test can change them."""

import random

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_diabetes, load_iris

from skdl import _keras  # noqa: F401, before any test imports Keras: it keeps it quiet
from skdl.training._program import PROGRAMS

# Most tests go over a table of networks, so that one finds what another has traced.
PROGRAMS.max_programs, PROGRAMS.max_networks = 64, 128


@pytest.fixture(autouse=True)
def global_generators():
    """What is given no seed draws the same numbers in every run, and leaves nothing."""
    kept = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    yield
    np.random.set_state(kept[0])  # noqa: NPY002
    random.setstate(kept[1])


def _read_only(*arrays):
    for array in arrays:
        array.flags.writeable = False
    return arrays


@pytest.fixture(scope="session")
def iris():
    """150 rows, 4 columns, 3 classes, sorted by class."""
    return _read_only(*load_iris(return_X_y=True))


@pytest.fixture(scope="session")
def binary(iris):
    """The last two classes of iris, 100 rows that overlap."""
    X, y = iris
    return _read_only(X[50:].copy(), y[50:] - 1)


@pytest.fixture(scope="session")
def diabetes():
    """150 rows, 10 columns, y from 25 to 346."""
    X, y = load_diabetes(return_X_y=True)
    return _read_only(X[:150].copy(), y[:150].copy())


@pytest.fixture(scope="session")
def data_for(iris, diabetes):
    """``data_for(estimator) -> (X, y)``."""
    return lambda estimator: iris if is_classifier(estimator) else diabetes


@pytest.fixture(scope="session")
def multilabel(iris):
    """150 rows, 4 columns, 3 labels of which any number holds."""
    X, _ = iris
    return _read_only(X, (X[:, :3] > np.median(X[:, :3], axis=0)).astype(int))
