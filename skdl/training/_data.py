"""Rows for training: arrays that are kept at hand, or streams that are loaded."""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sp

from skdl.training._tensorflow import EVALUATION_ROWS, to_device

BLOCK_BYTES = 2**25  # of inputs that a stream loads at a time
PATIENCE_S = 0.1  # a call of the engine this short may be followed by a longer one


class ArrayData:
    """Rows in memory, brought to the device once.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...)
        Inputs.
    y : ndarray of shape (n_rows, ...)
        Targets as the loss takes them.
    weight : ndarray of shape (n_rows,)
        Row weights with mean one.
    dtype : str
        Dtype of X and weights on the device.
    """

    def __init__(self, X, y, weight, *, dtype):
        self.n_rows = len(X)
        self.y_shape, self.y_dtype = y.shape[1:], y.dtype.name
        self.total_weight = float(np.sum(weight, dtype=np.float64))
        self._arrays = (
            to_device(X, dtype),
            to_device(y, y.dtype),
            to_device(weight, dtype),
        )
        self._steps = 64

    def training_blocks(self, order, batch_size):
        """Cut an epoch into calls of the engine, short enough for Ctrl-C.

        Parameters
        ----------
        order : ndarray of shape (n_rows,)
            The order of rows in this epoch.
        batch_size : int
            Every block but the last is a multiple of it.

        Yields
        ------
        tuple
            X, y, weight (device) and the rows to go through (host).
        """
        start = 0
        while start < len(order):
            stop = start + self._steps * batch_size
            began = time.perf_counter()
            yield *self._arrays, order[start:stop]
            if time.perf_counter() - began < PATIENCE_S:
                self._steps *= 4
            start = stop

    def evaluation_blocks(self):
        """All rows in their own order.

        Yields
        ------
        tuple
            X, y and weight on the device.
        """
        yield self._arrays


class StreamData:
    """Rows that are loaded block by block, one block ahead of the computation.

    Gives the same results as `ArrayData`, bit by bit.

    Parameters
    ----------
    load : callable
        ``load(rows) -> ndarray of shape (len(rows), ...)``, called in a thread.
    row_shape : tuple of int
        Shape of one row.
    y, weight : ndarray of shape (n_rows, ...)
        As in `ArrayData`; they stay on the host.
    dtype : str
        Dtype of X and weights on the device.
    """

    def __init__(self, load, row_shape, y, weight, *, dtype):
        self.n_rows = len(y)
        self.y_shape, self.y_dtype = y.shape[1:], y.dtype.name
        self.total_weight = float(np.sum(weight, dtype=np.float64))
        self._load_rows = load
        self._y = y
        self._weight = weight
        self._dtype = dtype
        row_bytes = int(np.prod(row_shape)) * np.dtype(dtype).itemsize
        self._block_rows = max(1, BLOCK_BYTES // max(row_bytes, 1))

    def _load(self, rows):
        return (
            to_device(self._load_rows(rows), self._dtype),
            to_device(self._y[rows], self._y.dtype),
            to_device(self._weight[rows], self._dtype),
        )

    def _blocks(self, order, unit):
        size = max(1, self._block_rows // unit) * unit
        parts = [order[i : i + size] for i in range(0, len(order), size)]
        return prefetched(self._load, parts)

    def training_blocks(self, order, batch_size):
        """Like `ArrayData.training_blocks`, each block loaded in its own order.

        Parameters
        ----------
        order : ndarray of shape (n_rows,)
            The order of rows in this epoch.
        batch_size : int
            Every block but the last is a multiple of it.

        Yields
        ------
        tuple
            X, y, weight (device) and the rows of the block to go through (host).
        """
        for arrays in self._blocks(order, batch_size):
            yield *arrays, np.arange(len(arrays[0]), dtype=np.int32)

    def evaluation_blocks(self):
        """All rows in their own order.

        Yields
        ------
        tuple
            X, y and weight on the device.
        """
        yield from self._blocks(np.arange(self.n_rows), EVALUATION_ROWS)


def array_or_stream(X, transform, y, weight, *, dtype):
    """Dense rows as an array, sparse ones as a stream that makes them dense.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_rows, n_features)
        Rows before `transform`.
    transform : callable
        Dense or sparse rows -> what the network takes.
    y, weight : ndarray of shape (n_rows, ...)
        As in `ArrayData`.
    dtype : str
        Dtype of X and weights on the device.

    Returns
    -------
    ArrayData or StreamData
        Both train alike.
    """
    if sp.issparse(X):
        return StreamData(
            lambda rows: transform(X[rows]), X.shape[1:], y, weight, dtype=dtype
        )
    return ArrayData(transform(X), y, weight, dtype=dtype)


def prefetched(load, items, depth=1):
    """Apply a function to items, a few ahead of the consumer, in a thread.

    Parameters
    ----------
    load : callable
        ``load(item)``.
    items : iterable
        What to load.
    depth : int, default=1
        How many results may wait.

    Yields
    ------
    object
        ``load(item)`` in order; its exceptions are raised here.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="skdl-load") as pool:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(load, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def merge_equal_rows(X, y, weight):
    """Sort rows and merge equal ones, adding their weights.

    The gradient of a full batch does not change by this (as long as the network
    treats each row by itself), but a row of weight two and the same row given twice
    become the same numbers in the same order: the results are equal to the bit.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...)
        Inputs.
    y : ndarray of shape (n_rows, ...)
        Targets.
    weight : ndarray of shape (n_rows,)
        Row weights.

    Returns
    -------
    X, y, weight : tuple of ndarray
        The distinct rows in an order that depends on their values alone.
    """
    n = len(X)
    parts = [np.reshape(a, (n, -1)).astype(np.float64) for a in (X, y)]
    rows = np.ascontiguousarray(np.hstack(parts)) + 0.0  # -0.0 becomes 0.0
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return X[first], y[first], np.bincount(group, weight, minlength=len(first))
