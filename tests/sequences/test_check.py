"""X of an estimator for sequences: checked, padded, and what is noted of it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from skdl._sequences import check_sequences, check_tokens

RAGGED = [np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])]
NAN = np.nan
PADDED = np.array([[[1, 2], [NAN, NAN], [NAN, NAN]], [[3, 4], [5, 6], [7, 8]]])


def fitted(X):
    estimator = BaseEstimator()
    check_sequences(estimator, X, reset=True)
    return estimator


# -- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "X",
    [
        RAGGED,
        tuple(RAGGED),
        [part.tolist() for part in RAGGED],
        [pd.DataFrame(part, columns=["a", "b"]) for part in RAGGED],
        pd.Series(RAGGED),
        PADDED,
        PADDED.astype(np.float32),
        PADDED.tolist(),
    ],
    ids=["list", "tuple", "lists", "frames", "series", "array", "float32", "nested"],
)
def test_forms_of_the_same_sequences_become_one_array(X):
    estimator = BaseEstimator()
    assert_array_equal(check_sequences(estimator, X, reset=True), PADDED)
    assert estimator.sequence_shape_ == (None, 2)
    assert estimator.n_features_in_ == 2


def test_names_of_frames_in_a_list_are_kept_and_looked_at():
    frames = [pd.DataFrame(part, columns=["a", "b"]) for part in RAGGED]
    estimator = fitted(frames)
    assert estimator.feature_names_in_.tolist() == ["a", "b"]
    assert_array_equal(check_sequences(estimator, frames, reset=False), PADDED)
    assert_array_equal(check_sequences(estimator, RAGGED, reset=False), PADDED)
    for names in (["b", "a"], ["a", "c"]):
        others = [frame.set_axis(names, axis=1) for frame in frames]
        with pytest.raises(ValueError, match=r"X_val have the columns .*same order"):
            check_sequences(estimator, others, reset=False, name="X_val")
    assert not hasattr(fitted(RAGGED), "feature_names_in_")


def test_sequences_of_one_length_are_noted():
    assert fitted(np.zeros((5, 4, 3))).sequence_shape_ == (4, 3)
    assert fitted([np.zeros((4, 3))] * 5).sequence_shape_ == (4, 3)
    assert fitted([np.zeros(4), np.zeros(2)]).sequence_shape_ == (None, 1)


@pytest.mark.parametrize(
    "make", [np.asarray, np.ndarray.tolist, sp.csr_array, pd.DataFrame]
)
def test_columns_of_a_table_are_steps_of_one_feature(make):
    table = np.arange(6.0).reshape(2, 3)
    estimator = BaseEstimator()
    X = check_sequences(estimator, make(table), reset=True)
    assert_array_equal(X, table[:, :, np.newaxis])
    assert estimator.sequence_shape_ == (3, 1)
    assert estimator.n_features_in_ == 3


def test_names_of_columns_are_kept_and_looked_at():
    frame = pd.DataFrame({"monday": [1.0, 2.0], "tuesday": [3.0, 4.0]})
    estimator = fitted(frame)
    assert estimator.feature_names_in_.tolist() == ["monday", "tuesday"]
    with pytest.raises(ValueError, match=r"same order"):
        check_sequences(estimator, frame.iloc[:, ::-1], reset=False)


def test_a_second_fit_forgets_names():
    estimator = fitted(pd.DataFrame({"monday": [1.0, 2.0], "tuesday": [3.0, 4.0]}))
    check_sequences(estimator, RAGGED, reset=True)
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.sequence_shape_ == (None, 2)


def test_other_numbers_of_steps_are_welcome_but_not_of_columns():
    longer = np.zeros((1, 9, 1))
    estimator = fitted(np.zeros((5, 4)))
    assert check_sequences(estimator, longer, reset=False).shape == (1, 9, 1)
    assert check_sequences(estimator, [np.zeros(2)], reset=False).shape == (1, 2, 1)
    with pytest.raises(
        ValueError,
        match=r"X has 9 features, but .* is expecting 4.*X\[:, :, np.newaxis\]\.$",
    ):
        check_sequences(estimator, longer[..., 0], reset=False)
    of_steps = fitted(np.zeros((5, 4, 1)))  # then two axes are no table
    assert check_sequences(of_steps, longer[..., 0], reset=False).shape == (1, 9, 1)


@pytest.mark.parametrize(
    ("make", "array"),
    [
        (np.asarray, "X"),
        (np.ndarray.tolist, r"np.asarray\(X\)"),
        (pd.DataFrame, r"X.to_numpy\(\)"),
        (sp.csr_array, r"X.toarray\(\)"),
    ],
    ids=["array", "lists", "frame", "sparse"],
)
def test_tables_may_not_be_padded(make, array):
    table = make(np.array([[1.0, 2.0, 3.0], [4.0, NAN, NAN]]))
    with pytest.raises(
        ValueError, match=rf"NaN at the end of rows.* {array}\[:, :, np.newaxis\]"
    ):
        fitted(table)
    with pytest.raises(ValueError, match=r"contains NaN \(row 0, column 1\)"):
        fitted(make(np.array([[1.0, NAN, 3.0], [4.0, NAN, NAN]])))


def test_features_must_be_those_of_fit():
    with pytest.raises(
        ValueError,
        match=r"X_val has 3 features per step, but BaseEstimator is expecting 2",
    ):
        check_sequences(fitted(RAGGED), np.zeros((1, 2, 3)), reset=False, name="X_val")


def test_arrays_are_not_copied():
    X = np.zeros((5, 4, 3))
    assert np.shares_memory(check_sequences(BaseEstimator(), X, reset=True), X)


# -- tokens ----------------------------------------------------------------------------


def tokens(X, *, reset=True, estimator=None, **options):
    estimator = estimator or SimpleNamespace()
    return check_tokens(estimator, X, reset=reset, **options), estimator


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3]],
        [np.array([1, 2]), np.array([3])],
        np.array([[1, 2], [3, 0]]),
        np.array([[1, 2], [3, 0]], dtype=np.uint8),
        [[1.0, 2.0], [3.0]],
        np.array([[[1], [2]], [[3], [0]]]),
        pd.DataFrame([[1, 2], [3, 0]]),
        pd.Series([[1, 2], [3]]),
        pd.DataFrame([[1, 2], [3, NAN]]),
        [[1, 2], [0, 3]],
    ],
    ids=[
        *("lists", "arrays", "2d", "uint8", "floats", "3d", "frame", "series"),
        *("NaN at the end", "left"),
    ],
)
def test_tokens_of_any_form_become_padded_integers(X):
    found, estimator = tokens(X)
    assert_array_equal(found, [[1, 2], [3, 0]])
    assert found.dtype == np.int32
    assert estimator.n_tokens_ == 4
    assert estimator.n_features_in_ == 1


def test_zeros_go_to_the_end_wherever_they_are():
    found, _ = tokens([[0, 0, 5, 0, 2], [1, 2, 3, 4, 0], [0, 0, 0, 0, 0]])
    assert_array_equal(found, [[5, 2, 0, 0, 0], [1, 2, 3, 4, 0], [0] * 5])


def test_zeros_before_the_end_are_refused_where_steps_have_targets():
    with pytest.raises(
        ValueError, match=r"has 0, which is padding, before.*at the end"
    ):
        tokens([[0, 1], [1, 2]], moves=False)
    assert_array_equal(tokens([[1, 0], [1, 2]], moves=False)[0], [[1, 0], [1, 2]])


def test_number_of_tokens_is_what_is_seen_or_said():
    assert tokens([[1, 7]])[1].n_tokens_ == 8
    assert tokens([[1, 7]], n_tokens=100)[1].n_tokens_ == 100
    assert tokens([[0, 0]])[1].n_tokens_ == 2


@pytest.mark.parametrize("bad", [-1, 0.5, -0.5])
def test_what_is_no_token_is_refused(bad):
    with pytest.raises(
        ValueError, match=f"X holds {bad:g}, which is no token. Give whole numbers"
    ):
        tokens([[1, 2], [bad, 3]])


def test_too_large_tokens_are_refused_with_the_number_that_is_needed():
    with pytest.raises(
        ValueError,
        match=r"token 7, but n_tokens=5 means 0 to 4. Set n_tokens=8 or more",
    ):
        tokens([[1, 7]], n_tokens=5)
    _, estimator = tokens([[1, 4]])
    later = {"reset": False, "estimator": estimator, "name": "X_val"}
    message = "X_val holds the token 9, but in training there were 0 to 4. "
    with pytest.raises(ValueError, match=message + "Set n_tokens=10 or more before"):
        tokens([[9]], moves=False, **later)
    with pytest.warns(UserWarning, match=message + "Such tokens, 1 in all, are passed"):
        found, _ = tokens([[9, 2, 4]], **later)
    assert_array_equal(found, [[2, 4, 0]])


@pytest.mark.parametrize("n_tokens", [None, 5])
@pytest.mark.parametrize("token", [5e30, 2**31 - 1, 2**40])
def test_tokens_too_large_for_the_network_are_to_be_numbered(token, n_tokens):
    with pytest.raises(ValueError, match=r"holds the token .*Number them from 1 on"):
        tokens([[1, token]], n_tokens=n_tokens)


def test_number_of_tokens_fits_into_integers():
    with pytest.raises(ValueError, match=r"n_tokens=4294967296 is too large. Give"):
        tokens([[1, 2]], n_tokens=2**32)


def test_numbers_of_several_features_are_no_tokens():
    with pytest.raises(
        ValueError, match=r"2 features per step, but embedding_dim.*one"
    ):
        tokens(RAGGED)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["the", "cat"]], "X holds text, for example 'the'.*TextSequences"),
        (["the cat"], "X holds text, for example 'the cat'.*TextSequences"),
        ([[1.0, NAN, 2.0]], r"X\[0\] is NaN at step 1"),
        ([[1], []], r"X\[1\] is empty"),
    ],
    ids=["words", "texts", "NaN", "empty"],
)
def test_other_things_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        tokens(X)
