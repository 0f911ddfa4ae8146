"""Sequences of different length: what they may be, and how they are padded."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from skdl._sequences import as_sequences, is_ragged, is_step, lengths_of, pad_sequences


def numbers(*shape, dtype="float64"):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def ragged(*lengths, n_features=2):
    return [numbers(length, n_features) for length in lengths]


def column(*values):
    """A frame with one column of objects."""
    return pd.DataFrame({"sequence": pd.Series(values, dtype=object)})


A, B = ragged(5, 3)

# -- forms -----------------------------------------------------------------------------

FORMS = {
    # name: (X, whether it is a collection, shapes of the sequences)
    "three axes": (numbers(3, 5, 2), False, [(5, 2)] * 3),
    "two axes": (numbers(3, 5), False, [(5, 1)] * 3),
    "frame": (pd.DataFrame(numbers(3, 5)), False, [(5, 1)] * 3),
    "nested lists": ([[1, 2], [3, 4]], False, [(2, 1)] * 2),
    "nested lists of steps": ([[[1, 2]], [[3, 4]]], False, [(1, 2)] * 2),
    "array of objects": (numbers(3, 5).astype(object), False, [(5, 1)] * 3),
    "integers": (np.arange(12).reshape(2, 3, 2), False, [(3, 2)] * 2),
    "ragged lists": ([[1, 2], [3]], True, [(2, 1), (1, 1)]),
    "ragged lists of steps": ([[[1, 2]], [[3, 4], [5, 6]]], True, [(1, 2), (2, 2)]),
    "arrays": ([A, B], True, [(5, 2), (3, 2)]),
    "arrays of one length": ([A, A], True, [(5, 2)] * 2),
    "tuple": ((A, B), True, [(5, 2), (3, 2)]),
    "arrays of one axis": ([A[:, 0], B[:, 0]], True, [(5, 1), (3, 1)]),
    "one and two axes": ([A[:, 0], B[:, :1]], True, [(5, 1), (3, 1)]),
    "frames": ([pd.DataFrame(A), pd.DataFrame(B)], True, [(5, 2), (3, 2)]),
    "series": ([pd.Series(A[:, 0]), pd.Series([1.0])], True, [(5, 1), (1, 1)]),
    "series of lists": (pd.Series([[1, 2], [3]]), True, [(2, 1), (1, 1)]),
    "array of arrays": (pd.Series([A, B]).to_numpy(), True, [(5, 2), (3, 2)]),
    "frame's column": (column(A, B), True, [(5, 2), (3, 2)]),
}
forms = pytest.mark.parametrize(
    ("X", "is_collection", "shapes"), FORMS.values(), ids=list(FORMS)
)


@forms
def test_forms_of_sequences(X, is_collection, shapes):
    assert is_ragged(X) == is_collection
    sequences = as_sequences(X)
    assert isinstance(sequences, list) == is_collection
    assert [s.shape for s in sequences] == shapes
    members = X["sequence"] if hasattr(X, "sequence") else X
    members = members if is_collection else np.asarray(members, dtype=float)
    for sequence, member in zip(sequences, members, strict=True):
        assert_array_equal(sequence.ravel(), np.asarray(member, dtype=float).ravel())


@pytest.mark.parametrize("X", [None, 3, "text", [], [1, 2], ["a", "b"], {"a": [1]}])
def test_other_objects_are_no_collection(X):
    assert not is_ragged(X)


@pytest.mark.parametrize(
    ("dtype", "kept"), [("float32", "float32"), ("float64", "float64"), ("i8", "f8")]
)
def test_floats_stay_as_they_are(dtype, kept):
    X = numbers(3, 4, 2, dtype=dtype)
    assert as_sequences(X).dtype == kept
    assert {s.dtype for s in as_sequences(list(X))} == {np.dtype(kept)}
    if dtype == kept:
        assert np.shares_memory(as_sequences(X), X)
        assert np.shares_memory(as_sequences(list(X))[0], X)


def test_missing_values_of_pandas_are_nan():
    series = pd.Series([1, None], dtype="Int64")
    (result,) = as_sequences([series], allow_nan=True)
    assert_array_equal(result[:, 0], [1, np.nan])
    (result,) = as_sequences(
        [pd.DataFrame({"a": series, "b": [0.5, 1.5]})], allow_nan=True
    )
    assert_array_equal(result, [[1, 0.5], [np.nan, 1.5]])


# -- padding ---------------------------------------------------------------------------


def test_padding_stands_at_the_end():
    sequences = ragged(2, 5, 1, 5)
    padded = pad_sequences(sequences)
    assert padded.shape == (4, 5, 2)
    for row, sequence in zip(padded, sequences, strict=True):
        assert_array_equal(row[: len(sequence)], sequence)
        assert np.isnan(row[len(sequence) :]).all()
    lengths = lengths_of(padded)
    assert_array_equal(lengths, [2, 5, 1, 5])
    assert_array_equal(padded[is_step(padded)], np.concatenate(sequences))


@pytest.mark.parametrize(
    ("dtypes", "value", "expected"),
    [
        (["float32", "float32"], np.nan, "float32"),
        (["float32", "float64"], np.nan, "float64"),
        (["int64", "int64"], np.nan, "float64"),
        (["int32", "int32"], 0, "int32"),
    ],
    ids=str,
)
def test_dtype_of_padded_sequences_holds_all_values(dtypes, value, expected):
    sequences = [np.ones((i + 1, 2), dtype) for i, dtype in enumerate(dtypes)]
    assert pad_sequences(sequences, value=value).dtype == expected
    assert pad_sequences(sequences, "float16", value).dtype == "float16"


def test_targets_of_steps_are_padded_alike():
    padded = pad_sequences([np.array([1, 2]), np.array([3])], value=-1)
    assert_array_equal(padded, [[1, 2], [3, -1]])


def test_only_steps_of_nan_in_all_features_at_the_end_are_padding():
    X = numbers(4, 6, 2)
    X[0, 4:] = np.nan
    X[1, 2] = np.nan
    X[2, 5, 0] = np.nan
    X[3] = np.nan
    assert_array_equal(lengths_of(X), [4, 6, 6, 0])
    expected = [[True] * n + [False] * (6 - n) for n in (4, 6, 6, 0)]
    assert_array_equal(is_step(X), expected)


def test_lengths_of_finite_and_infinite_values():
    X = np.full((2, 3, 1), 1e308)  # whose sum overflows
    assert_array_equal(lengths_of(X), [3, 3])
    X[0, 1:] = np.nan
    assert_array_equal(lengths_of(X), [1, 3])


def test_padded_arrays_are_taken_as_they_are():
    padded = pad_sequences(ragged(2, 5))
    assert as_sequences(padded) is padded


# -- what is refused -------------------------------------------------------------------


def spoilt(value, *place, X=None):
    X = numbers(3, 4, 2) if X is None else X
    X[place] = value
    return X


REFUSED = {
    "gap": (spoilt(np.nan, 1, 2, 0), r"X\[1\] is NaN at step 2, feature 0. Fill gaps"),
    "gap in a list": (
        list(spoilt(np.nan, 1, 2, 0)),
        r"X\[1\] is NaN at step 2, feature 0. Fill gaps",
    ),
    "gap at the end of one in a list": (
        list(spoilt(np.nan, 2, 3)),
        r"X\[2\] is NaN at step 3, feature 0",
    ),
    "None in a list": ([[1.0, 2.0], [3.0, None, 1.0]], r"X\[1\] is NaN at step 1"),
    "all of one": (spoilt(np.nan, 1), r"X\[1\] is NaN at every step. Leave out"),
    "infinity": (spoilt(-np.inf, 1, 2, 1), r"X\[1\] is infinity at step 2, feature 1"),
    "infinity in a list": (
        list(spoilt(np.inf, 0, 2, 1)),
        r"X\[0\] is infinity at step 2, feature 1",
    ),
    "other features": (
        [numbers(5, 4), numbers(3, 4), numbers(3, 2)],
        r"X\[2\] has 2 features per step, but X\[0\] has 4. Give every sequence",
    ),
    "columns in another order": (
        [pd.DataFrame(A, columns=["a", "b"]), pd.DataFrame(B, columns=["b", "a"])],
        r"X\[1\] has the columns \['b', 'a'\], but X\[0\] has \['a', 'b'\]",
    ),
    "steps of different shape": (
        [[[1, 2], [3]], [[4]]],
        r"X\[0\] is no sequence.*same",
    ),
    "no steps": ([A, A[:0]], r"X\[1\] is empty, with shape \(0, 2\). Leave out"),
    "no sequences": (numbers(0, 5, 2), r"X is empty.*0 sequences"),
    "no steps in an array": (numbers(3, 0, 2), r"X is empty.*0 steps"),
    "no features": (numbers(3, 5, 0), r"X is empty.*0 features"),
    "empty list": ([], r"X has shape \(0,\). Give an array.*more than 0 seq"),
    "one axis": ([1, 2, 3], r"X has shape \(3,\).*Reshape your data"),
    "a number": (3, r"X has shape \(\), but an array of shape"),
    "four axes": (numbers(2, 2, 2, 2), r"X has shape \(2, 2, 2, 2\).*reshape"),
    "three axes in a list": (
        [numbers(2, 2, 2), A],
        r"X\[0\] has shape \(2, 2, 2\).*Join",
    ),
    "two columns of arrays": (
        pd.concat([column(A, B), column(A, B)], axis=1),
        "X has 2 columns and sequences in them, but one column",
    ),
    "text": ([["a", "b"], ["c"]], r"X\[0\] holds text, for example 'a'"),
    "text in an array": (np.array([["a"], ["b"]]), "X holds text, for example 'a'"),
    "text among objects": ([[1, 2], [3, "b", None]], r"X\[1\] holds text.*'b'"),
    "dates": ([pd.date_range("2026", periods=2), [1]], r"X\[0\] holds dates"),
    "dates in a frame": (
        [pd.DataFrame({"a": pd.date_range("2026", periods=2)}), [1]],
        r"X\[0\] holds dates",
    ),
    "complex numbers": (numbers(3, 5) + 1j, "Complex data not supported: X"),
}


@pytest.mark.parametrize(("X", "message"), REFUSED.values(), ids=list(REFUSED))
def test_other_sequences_are_refused_in_a_sentence(X, message):
    with pytest.raises(ValueError, match=message):
        as_sequences(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (sp.csr_array(np.eye(3)), r"X is a sparse matrix.*X.toarray\(\)"),
        ({"a": [1]}, r"X is \{'a': \[1\]\}, which is no array of numbers. Give"),
        (None, "X is None, but sequences are expected. Give an array"),
        ([A, None], r"X\[1\] is None, but a sequence is an array"),
        ([A, 2.5], r"X\[1\] is 2.5, but a sequence is an array"),
        ([sp.csr_array(A)] * 2, r"X\[0\] is a sparse matrix.*a list.*toarray\(\)"),
    ],
    ids=["sparse", "dictionary", "None", "has None", "has number", "sparses"],
)
def test_other_objects_are_refused_in_a_sentence(X, message):
    with pytest.raises(TypeError, match=message):
        as_sequences(X)


def test_messages_have_the_name_of_the_argument():
    with pytest.raises(ValueError, match=r"^X_val\[1\] is NaN at step 2"):
        as_sequences(spoilt(np.nan, 1, 2, 0), "X_val")


def test_gaps_are_let_through_if_wanted():
    X = spoilt(np.nan, 1, 2, 0)
    assert as_sequences(X, allow_nan=True) is X
    assert_array_equal(as_sequences(list(X), allow_nan=True)[1], X[1])
