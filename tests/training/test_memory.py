"""Memory does not grow with the number of fits.

Measured in a process of its own: threads that other tests have left (a cluster's, a
pool's) make the C library give new threads new pools of memory, which is no leak.
"""

import contextlib
import ctypes
import gc
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.sparse as sp

from skdl import DenseClassifier
from skdl.base import _training
from skdl.exceptions import TrainingDivergedError
from skdl.training import _program
from skdl.training._program import ProgramCache

STATM = Path("/proc/self/statm")
pytestmark = pytest.mark.skipif(not STATM.exists(), reason="reads Linux's /proc")
LIMIT = 20 * 2**20

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1500, 64))
Y = RNG.integers(0, 10, 1500)


def resident():
    """Bytes of memory that this process has in use, without what it could give back."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(once, n_fits, warm_up=5):
    """Growth of memory by `n_fits` calls after some to warm up."""
    for i in range(warm_up):
        once(i)
    before = resident()
    for i in range(n_fits):
        once(i)
    return resident() - before


def classifier(**params):
    return DenseClassifier(hidden_units=(100,), **{"epochs": 2, **params})


def plain(i):
    classifier(random_state=i).fit(X[i:], Y[i:]).predict_proba(X)


def early_stopping(i):
    classifier(early_stopping=True, batch_size=64 + i).fit(X, Y)


def sparse(i):
    classifier(learning_rate=0.001 * (i + 1)).fit(sp.csr_array(X), Y)


def keras_callbacks(i):
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=i + 1)
    classifier(callbacks=[stopping]).fit(X, Y)


def model(i):
    classifier(epochs=1).fit(X, Y).model_(X[:1])


def diverging(i):
    with pytest.raises(TrainingDivergedError):
        classifier(optimizer="sgd", learning_rate=1e30).fit(X, Y)


KINDS = [plain, early_stopping, sparse, keras_callbacks, model, diverging]


@pytest.fixture(scope="module")
def own_process():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=_stream_sparse_rows) as pool:
        yield pool


def _stream_sparse_rows():
    _training.DENSE_BYTES = 0


@pytest.mark.parametrize("n_fits", [30, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("once", KINDS, ids=lambda once: once.__name__)
def test_fits_leave_nothing_behind(own_process, once, n_fits):
    assert own_process.submit(growth, once, n_fits).result() < LIMIT


@pytest.mark.slow
def test_programs_that_left_the_cache_leave_little_behind(monkeypatch):
    """TensorFlow keeps something of every function that was ever traced."""
    monkeypatch.setattr(_program, "PROGRAMS", ProgramCache(3, max_networks=3))
    widths = iter(range(1, 99))

    def new_network(i):
        est = DenseClassifier(hidden_units=(next(widths),), epochs=1)
        est.fit(X, Y).predict(X)

    # about 1.4 MB each: kernels, which TensorFlow keeps by the name of the function
    assert growth(new_network, 30, warm_up=20) < 50 * 2**20
