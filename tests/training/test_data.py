"""Rows for training: streams give the same bits as arrays, and are loaded ahead."""

import itertools
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from skdl import DenseClassifier
from skdl.base import _training
from skdl.training import _data
from skdl.training._data import (
    ArrayData,
    StreamData,
    array_or_stream,
    merge_equal_rows,
    prefetched,
)
from tests.training.engine import (
    arrays,
    convolutional,
    dense,
    fit,
    numbers,
    other,
    program_key,
    row_weights,
    same_bits,
)

N, N_VAL = 50, 600
ROW_BYTES = 3 * 8
X, Y, WEIGHT = numbers(N, 3), numbers(N, 2, seed=1), row_weights(N)
X_VAL, Y_VAL = numbers(N_VAL, 3, seed=2), numbers(N_VAL, 2, seed=3)


def stream(X, y, weight=None, *, load=None):
    weight = np.ones(len(X)) if weight is None else weight
    load = load or X.__getitem__
    return StreamData(load, X.shape[1:], y, weight, dtype="float64")


def assert_same_outcome(first, second):
    assert same_bits(first.weights, second.weights)
    assert first.history == second.history


# -- the same bits as arrays -----------------------------------------------------------


@pytest.mark.parametrize("block_rows", [1, 10, 16, N - 1, N, 1000])
@pytest.mark.parametrize("batch_size", [1, 7, 16, N - 1, N, N + 5])
def test_stream_gives_the_same_bits_as_arrays(monkeypatch, batch_size, block_rows):
    monkeypatch.setattr(_data, "BLOCK_BYTES", block_rows * ROW_BYTES)
    key = program_key(dense(dropout=0.5, batch_norm=True), Y)
    outcomes = [
        fit(
            key,
            kind(X, Y, WEIGHT),
            batch_size=batch_size,
            epochs=2,
            validation=kind(X_VAL, Y_VAL, row_weights(N_VAL)),
        )
        for kind in (stream, arrays)
    ]
    assert_same_outcome(*outcomes)


def test_stream_of_images_gives_the_same_bits_as_arrays(monkeypatch):
    images, targets = numbers(20, 6, 6, 1), numbers(20, 3, 3, 2, seed=1)
    monkeypatch.setattr(_data, "BLOCK_BYTES", 9 * images[0].nbytes)
    key = program_key(other(convolutional, 6, 6, 1), targets)
    outcomes = [
        fit(key, kind(images, targets), batch_size=4, validation=kind(images, targets))
        for kind in (stream, arrays)
    ]
    assert_same_outcome(*outcomes)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_rows_give_the_same_bits_as_dense_ones(monkeypatch, early_stopping):
    streams = []

    def noted(*args):
        streams.append(args)
        return prefetched(*args)

    monkeypatch.setattr(_training, "DENSE_BYTES", 0)
    monkeypatch.setattr(_data, "BLOCK_BYTES", 20 * 3 * 4)
    monkeypatch.setattr(_data, "prefetched", noted)
    y = X[:, 0] > 0
    est = DenseClassifier(
        hidden_units=(4,),
        epochs=3,
        batch_size=8,
        input_scaling=None,
        early_stopping=early_stopping,
        random_state=0,
    )
    expected = est.fit(X, y).predict_proba(X)
    history = est.history_
    assert not streams
    assert_array_equal(est.fit(sp.csr_array(X), y).predict_proba(X), expected)
    assert est.history_ == history
    assert len(streams) == (6 if early_stopping else 3)  # validation rows, too


def test_arrays_in_several_calls_of_the_engine_give_the_same_bits():
    """An epoch is cut into calls, longer ones as the engine proves to be quick."""
    key = program_key(dense(), Y)
    whole, cut = arrays(X, Y), arrays(X, Y)
    cut._steps = 1
    assert_same_outcome(*[fit(key, rows, batch_size=4) for rows in (whole, cut)])


def inputs(transform):
    return SimpleNamespace(transform=transform, shape=X.shape[1:], dtype="float64")


def test_sparse_becomes_a_stream_and_dense_an_array():
    rest = (Y, WEIGHT)
    dense_rows = array_or_stream(X, inputs(np.abs), *rest, dtype="float64")
    assert isinstance(dense_rows, ArrayData)
    to_dense = inputs(lambda rows: np.abs(rows.toarray()))
    found = array_or_stream(sp.csr_array(X), to_dense, *rest, dtype="float64")
    assert isinstance(found, StreamData)
    (((loaded, y, weight, rows),),) = found.evaluation_blocks([True])
    assert_array_equal(rows, np.arange(N))
    for tensor, expected in zip((loaded, y, weight), (abs(X), *rest), strict=True):
        assert_array_equal(tensor, expected)


@pytest.mark.parametrize("kind", [stream, arrays])
@pytest.mark.parametrize(("batch_size", "block_rows"), [(7, 20), (16, 10), (1, 1)])
def test_blocks_are_the_order_cut_at_batches(monkeypatch, kind, batch_size, block_rows):
    monkeypatch.setattr(_data, "BLOCK_BYTES", block_rows * ROW_BYTES)
    order = np.random.default_rng(0).permutation(N).astype(np.int32)
    blocks = [
        block for (block,) in kind(X, Y, WEIGHT).training_blocks([order], batch_size)
    ]
    for column, expected in enumerate((X, Y, WEIGHT)):
        parts = [np.asarray(block[column])[block[3]] for block in blocks]
        assert_array_equal(np.concatenate(parts), expected[order])
    assert all(len(rows) % batch_size == 0 for *_, rows in blocks[:-1])


# -- loading ahead ---------------------------------------------------------------------


def loading_threads():
    return [t for t in threading.enumerate() if t.name.startswith("skdl-load")]


def test_prefetched_gives_all_in_order():
    assert list(prefetched(str, range(20))) == list(map(str, range(20)))
    assert list(prefetched(str, range(20), depth=7)) == list(map(str, range(20)))
    assert list(prefetched(str, [])) == []


def test_prefetched_loads_no_more_when_it_is_left():
    begun, go_on = [], threading.Event()

    def load(item):
        begun.append(item)
        if item:
            go_on.wait(5)

    results = prefetched(load, range(10), depth=3)
    next(results)  # 1 is being loaded, 2 and 3 wait
    threading.Timer(0.1, go_on.set).start()
    results.close()
    assert begun == [0, 1]


@pytest.mark.parametrize("depth", [1, 3])
def test_prefetched_is_ahead_but_not_too_far(depth):
    begun = [threading.Event() for _ in range(10)]

    def load(item):
        begun[item].set()
        return item

    results = prefetched(load, range(10), depth=depth)
    for item in results:
        for ahead in begun[item : item + depth + 1]:
            assert ahead.wait(5)  # while the consumer is busy with `item`
        assert not any(event.is_set() for event in begun[item + depth + 1 :])


def test_prefetched_loads_in_one_other_thread():
    threads = set(prefetched(lambda _: threading.current_thread(), range(5)))
    assert len(threads) == 1
    assert threads != {threading.current_thread()}


@pytest.mark.parametrize("end", ["exhausted", "closed", "error"])
def test_thread_of_prefetched_ends(end):
    results = prefetched(lambda item: 1 // item, [1, 1, 1, 0 if end == "error" else 1])
    assert next(results) == 1
    if end == "closed":
        results.close()
    elif end == "error":
        with pytest.raises(ZeroDivisionError):
            list(results)
    else:
        list(results)
    assert loading_threads() == []


@pytest.mark.parametrize("where", ["training", "validation"])
def test_error_while_loading_reaches_the_caller(monkeypatch, where):
    monkeypatch.setattr(_data, "BLOCK_BYTES", 10 * ROW_BYTES)
    key = program_key(dense(), Y)
    calls = itertools.count()

    def load(rows):
        if next(calls) == 2:
            raise OSError("disk on fire")
        return X_VAL[rows]

    # blocks of 10 rows in training, of 256 in validation
    broken = stream(X_VAL, Y_VAL, load=load)
    data = {"training": (broken, None), "validation": (arrays(X, Y), broken)}
    with pytest.raises(OSError, match="disk on fire"):
        fit(key, data[where][0], validation=data[where][1], batch_size=10)
    assert loading_threads() == []
    outcome = fit(key, stream(X, Y), batch_size=10)
    assert_same_outcome(outcome, fit(key, arrays(X, Y), batch_size=10))


def test_error_during_a_step_ends_the_thread(monkeypatch):
    monkeypatch.setattr(_data, "BLOCK_BYTES", 10 * ROW_BYTES)
    wrong = stream(X, Y, load=lambda rows: X[rows, :2])  # a column too few
    with pytest.raises(Exception, match="incompatible"):
        fit(program_key(dense(), Y), wrong, batch_size=10)
    assert loading_threads() == []


# -- equal rows ------------------------------------------------------------------------


def test_merged_rows_are_the_distinct_ones_with_summed_weights():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, (40, 2)).astype(float)
    y = rng.integers(0, 2, 40)
    weight = rng.uniform(size=40)
    merged = merge_equal_rows(rows, y, weight)
    found = {(*x, label): w for x, label, w in zip(*merged, strict=True)}
    expected = {}
    for x, label, w in zip(rows, y, weight, strict=True):
        expected[*x, label] = expected.get((*x, label), 0.0) + w
    assert found.keys() == expected.keys()
    assert len(found) == len(merged[0]) == 8
    for row, total in expected.items():
        assert_allclose(found[row], total, rtol=1e-12)
    for given, result in zip((rows, y, weight), merged, strict=True):
        assert given.dtype == result.dtype


def test_row_of_weight_two_is_the_row_twice():
    X, y = numbers(9, 2, 2), np.arange(9)
    twice = np.repeat(np.arange(9), 2)[::-1]
    first = merge_equal_rows(X, y, np.full(9, 2.0))
    second = merge_equal_rows(X[twice], y[twice], np.ones(18))
    for a, b in zip(first, second, strict=True):
        assert_array_equal(a, b)


def test_minus_zero_is_zero():
    merged = merge_equal_rows(np.array([[0.0], [-0.0]]), np.zeros(2), np.ones(2))
    assert_array_equal(merged[2], [2.0])
