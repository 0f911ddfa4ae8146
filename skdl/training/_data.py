"""Rows for training: arrays that are kept at hand, or streams that are loaded."""

import copy
import math
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sp

from skdl.training._tensorflow import evaluation_rows, to_device

BLOCK_BYTES = 2**23  # of inputs that a stream loads at a time
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
        Dtype of the weights on the device.
    x_dtype : str or None, default=None
        Dtype of X on the device, if another one.

    Attributes
    ----------
    sizes : list of int
        Number of rows of each member: of one, unless made by `together`.
    total_weights : list of float
        Sum of the row weights of each member.
    n_bytes : int
        Of all arrays on the device.
    """

    def __init__(self, X, y, weight, *, dtype, x_dtype=None):
        self.x_dtype = x_dtype or dtype
        self.y_dtype = y.dtype.name
        self.sizes = [len(X)]
        self.total_weights = [float(np.sum(weight, dtype=np.float64))]
        self._rows = [np.arange(len(X), dtype=np.int32)]
        self._evaluated = None
        self._dtype = dtype
        device = [to_device(X, self.x_dtype), to_device(y, y.dtype)]
        self._arrays = [[*device, to_device(weight, dtype)]]
        self._steps = 64

    def part(self, rows, weight):
        """Some of the rows, without another copy of X and y.

        Parameters
        ----------
        rows : ndarray of int
            Which.
        weight : ndarray of shape (n_rows,)
            Weights of all rows; those of the part have mean one.

        Returns
        -------
        ArrayData
            On the same arrays.
        """
        of_part = weight[rows] * (len(rows) / weight[rows].sum())
        weight = np.zeros(len(weight))
        weight[rows] = of_part
        part = copy.copy(self)
        part.sizes = [len(rows)]
        part.total_weights = [float(np.sum(weight[rows]))]
        part._rows, part._evaluated = [self._rows[0][rows]], None
        X, y, _ = self._arrays[0]
        part._arrays = [[X, y, to_device(weight, self._dtype)]]
        return part

    @staticmethod
    def together(members):
        """The rows of several members, to be trained side by side.

        Parameters
        ----------
        members : list of ArrayData
            At least one.

        Returns
        -------
        ArrayData
            On the same arrays.
        """
        joined = copy.copy(members[0])
        for name in ("sizes", "total_weights", "_rows", "_arrays"):
            joint = [value for member in members for value in getattr(member, name)]
            setattr(joined, name, joint)
        joined._evaluated = None
        return joined

    def apart(self):
        """The rows of each member by themselves.

        Returns
        -------
        list of ArrayData
            What `together` joins.
        """
        alone = []
        for k in range(len(self.sizes)):
            member = copy.copy(self)
            for name in ("sizes", "total_weights", "_rows", "_arrays"):
                setattr(member, name, getattr(self, name)[k : k + 1])
            member._evaluated = None
            alone.append(member)
        return alone

    @property
    def n_bytes(self):
        """Of all arrays on the device, each counted once."""
        tensors = {id(t): t for arrays in self._arrays for t in arrays}
        return sum(int(np.prod(t.shape)) * t.dtype.size for t in tensors.values())

    def training_blocks(self, orders, batch_size):
        """Cut an epoch into calls of the engine, short enough for Ctrl-C.

        Parameters
        ----------
        orders : list of ndarray
            The order of each member's rows in this epoch; none for one that has
            stopped.
        batch_size : int
            Every block but the last is a multiple of it.

        Yields
        ------
        list of tuple
            For each member X, y, weight (device) and the rows to go through (host).
        """
        start = 0
        orders = [rows[order] for rows, order in zip(self._rows, orders, strict=True)]
        while start < max(map(len, orders)):
            stop = start + self._steps * batch_size
            began = time.perf_counter()
            yield [
                (*arrays, order[start:stop])
                for arrays, order in zip(self._arrays, orders, strict=True)
            ]
            if time.perf_counter() - began < PATIENCE_S:
                self._steps *= 4
            start = stop

    def evaluation_blocks(self, running):
        """All rows in their own order.

        Parameters
        ----------
        running : list of bool
            Which members are to be evaluated; the others have no rows.

        Yields
        ------
        list of tuple
            For each member X, y, weight and row numbers, all on the device.
        """
        if self._evaluated is None:  # kept, as it is needed in every epoch
            self._evaluated = [to_device(rows, "int32") for rows in self._rows]
            self._nothing = to_device(np.zeros(0, np.int32), "int32")
        yield [
            (*arrays, rows if runs else self._nothing)
            for arrays, rows, runs in zip(
                self._arrays, self._evaluated, running, strict=True
            )
        ]


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
        Dtype of the weights on the device.
    x_dtype : str or None, default=None
        Dtype of X on the device, if another one.
    """

    def __init__(self, load, row_shape, y, weight, *, dtype, x_dtype=None):
        self.x_dtype = x_dtype or dtype
        self.sizes = [len(y)]
        self.y_dtype = y.dtype.name
        self.total_weights = [float(np.sum(weight, dtype=np.float64))]
        self._load_rows = load
        self._y = y
        self._weight = weight
        self._dtype = dtype
        self._evaluated_at_once = evaluation_rows(row_shape)
        row_bytes = math.prod(row_shape) * np.dtype(self.x_dtype).itemsize
        self._block_rows = max(1, BLOCK_BYTES // max(row_bytes, 1))

    def _load(self, rows):
        return (
            to_device(self._load_rows(rows), self.x_dtype),
            to_device(self._y[rows], self._y.dtype),
            to_device(self._weight[rows], self._dtype),
        )

    def _blocks(self, order, unit):
        size = max(1, self._block_rows // unit) * unit
        parts = [order[i : i + size] for i in range(0, len(order), size)]
        for arrays in prefetched(self._load, parts):
            yield [(*arrays, np.arange(len(arrays[0]), dtype=np.int32))]

    def training_blocks(self, orders, batch_size):
        """Like `ArrayData.training_blocks`, each block loaded in its own order.

        Parameters
        ----------
        orders : list of ndarray
            The order of rows in this epoch, of one member.
        batch_size : int
            Every block but the last is a multiple of it.

        Yields
        ------
        list of tuple
            X, y, weight (device) and the rows of the block to go through (host).
        """
        (order,) = orders
        yield from self._blocks(order, batch_size)

    def evaluation_blocks(self, running):
        """All rows in their own order.

        Parameters
        ----------
        running : list of bool
            Not used: there is one member.

        Yields
        ------
        list of tuple
            X, y, weight and numbers of the block's rows, all on the device.
        """
        for ((*arrays, rows),) in self._blocks(
            np.arange(self.sizes[0]), self._evaluated_at_once
        ):
            yield [(*arrays, to_device(rows, "int32"))]


def array_or_stream(X, inputs, y, weight, **dtypes):
    """Dense rows as an array; others as a stream that makes them dense.

    Parameters
    ----------
    X : ndarray or csr_matrix of shape (n_rows, ...)
        Rows before `inputs.transform`: numbers, or one file for each row.
    inputs : Inputs
        Or another object with ``transform`` (some of these rows -> what the network
        takes) and ``shape`` (of one row).
    y, weight : ndarray of shape (n_rows, ...)
        As in `ArrayData`.
    **dtypes : str
        Likewise `dtype` and `x_dtype`.

    Returns
    -------
    ArrayData or StreamData
        Both train alike.
    """
    if is_loaded_in_blocks(X):
        return StreamData(
            lambda rows: inputs.transform(X[rows]), inputs.shape, y, weight, **dtypes
        )
    return ArrayData(inputs.transform(X), y, weight, **dtypes)


def is_loaded_in_blocks(X):
    """Whether rows are sparse, or stand in files."""
    return sp.issparse(X) or X.ndim == 1


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
    pool = ThreadPoolExecutor(1, thread_name_prefix="skdl-load")
    try:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(load, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)  # none is waited for after Ctrl-C


def _sortable(values):
    """Numbers as bytes, one row of them for each row, sorted as the numbers are."""
    rows = np.reshape(values, (len(values), math.prod(values.shape[1:])))
    if rows.dtype == np.uint8:
        return rows
    dtype = "f4" if rows.dtype == np.float32 else "f8"
    rows = np.ascontiguousarray(rows, dtype) + 0.0  # no -0.0
    kind = f"u{rows.itemsize}"
    bits, sign = rows.view(kind), np.array(1 << (8 * rows.itemsize - 1), kind)
    # negative numbers have their sign set, and are the larger the more other bits are
    bits ^= np.where(bits & sign, ~np.array(0, kind), sign)
    return bits.astype(f">{kind}").view(np.uint8)


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
    rows = np.ascontiguousarray(np.hstack([_sortable(X), _sortable(y)]))
    keys = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return X[first], y[first], np.bincount(group, weight, minlength=len(first))
