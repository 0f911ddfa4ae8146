"""Codes of a table as the network takes them: scales, indicators, learned codes."""

import pickle
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

import skdl._tables._inputs as table_inputs
import skdl._tables._statistics as statistics
from skdl._tables import TableColumns, TableInputs

NAN = np.nan


def fitted(X, weight=None, *, choice="from_dtype", scaling="robust", **options):
    """`TableInputs` of a table, and its codes."""
    columns, codes = TableColumns.fit_transform(X, choice)
    weight = np.ones(len(codes)) if weight is None else np.asarray(weight, float)
    options = {"dtype": "float64", **options}
    return TableInputs.fit(codes, weight, columns, scaling=scaling, **options), codes


def encoded(X, weight=None, **options):
    inputs, codes = fitted(X, weight, **options)
    return inputs.transform(codes)


def text(*values):
    return pd.DataFrame({"c": np.array(values, dtype=object)})


def with_gaps(shape, seed=0, share=0.2):
    rng = np.random.default_rng(seed)
    X = rng.normal(5, 3, size=shape)
    return np.where(rng.random(shape) < share, NAN, X)


# -- numbers: robust -------------------------------------------------------------------


def smooth_clip(u):
    return u / np.sqrt(1 + (u / 3) ** 2)


def quantile(x, q, weight):
    """The first value up to which the weights make up the share q."""
    order = np.argsort(x)
    share = np.cumsum(weight[order]) / weight.sum()
    return x[order][np.argmax(share >= q)]


def by_hand(x, weight):
    """RealMLP's robust scaling and smooth clipping of a column without gaps."""
    if x.min() == x.max():
        return np.zeros(len(x))
    first, median, third = (quantile(x, q, weight) for q in (0.25, 0.5, 0.75))
    scale = third - first or (x.max() - x.min()) / 2
    return smooth_clip((x - median) / scale)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5, 99, 1000])
def test_robust_scaling_by_hand(n_rows, weighted):
    rng = np.random.default_rng(n_rows)
    X = rng.normal(5, 3, size=(n_rows, 4))
    X[:, 1] = rng.integers(0, 3, n_rows)
    X[: n_rows // 5, 2] = 1e6
    weight = rng.random(n_rows) + 0.01 if weighted else np.ones(n_rows)
    expected = np.column_stack([by_hand(x, weight) for x in X.T])
    assert_allclose(encoded(X, weight), expected, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_quartiles_are_those_of_numpy(weighted):
    X = with_gaps((500, 6))
    X[:, 5] = NAN
    rng = np.random.default_rng(1)
    weight = rng.integers(1, 9, len(X)).astype(float) if weighted else np.ones(len(X))
    found = statistics.quantiles(X, weight, np.arange(6))
    assert np.isnan(np.array(found)[:5, 5]).all()
    for i, x in enumerate(X.T[:5]):
        known = ~np.isnan(x)
        repeated = np.repeat(x[known], weight[known].astype(int))
        expected = np.quantile(
            repeated, [0, 0.25, 0.5, 0.75, 1], method="inverted_cdf"
        ).tolist()
        assert [q[i] for q in found[:5]] == expected
    assert_array_equal(found.n_missing, np.isnan(X).sum(axis=0))
    assert_array_equal(found.n_distinct, pd.DataFrame(X).nunique())


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="no weights")
def test_weighted_quartiles_are_those_of_numpy():
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(300, 5)), rng.random(300)
    found = statistics.quantiles(X, weight, np.arange(5))
    expected = np.quantile(
        X, [0.25, 0.5, 0.75], axis=0, weights=weight, method="inverted_cdf"
    )
    assert_array_equal(found[1:4], expected)


def test_robust_scaling_is_near_that_of_robust_scaler():
    X = np.random.default_rng(0).lognormal(size=(4001, 3))
    expected = smooth_clip(RobustScaler().fit_transform(X))
    assert_allclose(encoded(X), expected, atol=0.01)


def test_column_that_is_mostly_one_value_is_scaled_by_its_range():
    X = np.array([[0.0]] * 9 + [[10.0]])
    assert_allclose(encoded(X)[[0, 9], 0], [0, smooth_clip(2.0)])


@pytest.mark.parametrize("constant", [0.0, -3.7, 1e300])
@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_constant_column_becomes_zero(constant, scaling):
    inputs, codes = fitted(np.full((5, 1), constant), scaling=scaling)
    assert inputs.n_encoded == 1
    assert_array_equal(inputs.transform(codes), np.zeros((5, 1)))


def test_column_that_was_constant_stays_zero():
    inputs, _ = fitted(np.full((5, 1), 1e308))
    new = np.array([[1.0], [-1e300], [1.7e308], [-1.7e308]])
    assert_array_equal(inputs.transform(new), np.zeros((4, 1)))


def test_noise_of_rounding_is_no_spread():
    X = np.array([[0.1 + 0.2], [0.3], [0.3], [0.1 + 0.2]])
    assert_array_equal(encoded(X), np.zeros((4, 1)))
    X = np.array([[0.1 + 0.2], [0.3], [0.3], [0.1 + 0.2], [5.0]])
    assert_allclose(encoded(X)[:4], 0, atol=1e-12)


def test_far_values_are_drawn_in():
    inputs, _ = fitted(np.arange(101.0)[:, None])
    far = np.array([[1e3], [1e20], [1e308], [-1e308]])
    assert_allclose(inputs.transform(far)[:, 0], [smooth_clip(19), 3, 3, -3])


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-5, 1e200, 1e300])
def test_robust_scaling_overflows_nowhere(scale):
    X = np.random.default_rng(0).uniform(-1, 1, size=(50, 1))
    assert_allclose(encoded(X * scale), encoded(X), rtol=1e-10)
    X[0] = 1e300
    assert np.isfinite(encoded(X, dtype="float32")).all()


# -- numbers: the same bits ------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", None])
def test_integer_weights_equal_repeated_rows_to_the_bit(scaling):
    X = with_gaps((200, 5)).round(1)
    weight = np.random.default_rng(1).integers(0, 6, len(X))
    inputs, codes = fitted(X, weight, scaling=scaling)
    repeated, _ = fitted(np.repeat(X, weight, axis=0), scaling=scaling)
    assert_array_equal(inputs.transform(codes), repeated.transform(codes))
    assert inputs.names == repeated.names
    assert inputs.periodic == repeated.periodic


@pytest.mark.parametrize("weighted", [False, True])
def test_order_of_the_rows_changes_no_bit(weighted):
    rng = np.random.default_rng(0)
    X = with_gaps((301, 5)).round(1)
    X[:, 4] = rng.choice([0.0, -0.0, 1.0], 301, p=[0.4, 0.4, 0.2])
    weight = rng.random(len(X)) * 10.0 ** rng.integers(-20, 20, len(X))
    weight = weight if weighted else np.ones(len(X))
    inputs, codes = fitted(X, weight)
    for _ in range(10):
        order = rng.permutation(len(X))
        other, _ = fitted(X[order], weight[order])
        assert other.transform(codes).tobytes() == inputs.transform(codes).tobytes()


def test_only_ratios_of_weights_count():
    X = with_gaps((100, 3))
    weight = np.random.default_rng(0).random(100)
    expected = encoded(X, weight)
    for factor in (2.0**-1000, 2.0**500):
        assert_array_equal(encoded(X, weight * factor), expected)


def test_rows_of_tiny_weight_are_still_rows():
    X = np.array([[0.0], [1.0], [2.0], [50.0]])
    assert_allclose(encoded(X, [1, 1, 1, 1e-300])[3], smooth_clip(49 / 2))
    X = np.array([[NAN], [1.0], [2.0], [5.0]])  # all values have tiny weights
    expected = [0, *smooth_clip(np.array([-1.0, 0.0, 3.0]) / 4)]
    assert_allclose(encoded(X, [1, 1e-300, 1e-300, 1e-300])[:, 0], expected)


def test_rows_of_weight_zero_are_no_rows():
    X = pd.DataFrame({"n": [1.0, 2.0, 4.0, NAN, 99.0], "c": [*"aabcc"]})
    weight = [1, 2, 1, 0, 0]
    inputs, codes = fitted(X, weight)
    alone, _ = fitted(X[:3], weight[:3])
    assert inputs.names == alone.names == ["n", "c=b"]
    expected = alone.transform(alone.columns.transform(X[:3]))
    assert_array_equal(inputs.transform(codes)[:3], expected)


# -- numbers: standard, and none -------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_standard_scaling_is_that_of_standard_scaler(weighted):
    X = with_gaps((300, 4))
    weight = np.random.default_rng(1).random(300) if weighted else np.ones(300)
    result = encoded(X, weight, scaling="standard")
    expected = StandardScaler().fit_transform(X, sample_weight=weight)
    assert_allclose(result[:, :4], np.nan_to_num(expected), atol=1e-12)


def test_without_scaling_numbers_stay_as_they_are():
    X = with_gaps((50, 3))
    result = encoded(X, scaling=None)[:, :3]
    assert_array_equal(result[~np.isnan(X)], X[~np.isnan(X)])


# -- numbers: gaps ---------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_gaps_have_an_indicator_as_in_simple_imputer(scaling):
    X = with_gaps((41, 4))
    X[:, 2] = 1.0  # no gap, no indicator
    inputs, codes = fitted(X, scaling=scaling)
    result = inputs.transform(codes)
    assert_array_equal(result[:, 4:], MissingIndicator().fit_transform(X))
    assert inputs.names[4:] == ["x0_missing", "x1_missing", "x3_missing"]
    if scaling is None:
        imputer = SimpleImputer(strategy="median", add_indicator=True)
        odd = (~np.isnan(X)).sum(axis=0) % 2 == 1  # no mean of two middle values
        odd = np.append(odd, [True] * 3)
        assert odd[:4].sum() >= 2
        assert_array_equal(result[:, odd], imputer.fit_transform(X)[:, odd])
    else:
        assert (result[:, :4][np.isnan(X)] == 0).all()


def test_gaps_only_later_are_filled_without_an_indicator():
    X = np.array([[1.0], [2.0], [3.0]])
    gap = np.array([[NAN]])
    assert_array_equal(fitted(X)[0].transform(gap), [[0]])
    assert_array_equal(fitted(X, scaling="standard")[0].transform(gap), [[0]])
    assert_array_equal(fitted(X, scaling=None)[0].transform(gap), [[2]])


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_column_without_any_value_is_zero(scaling):
    X = np.array([[NAN, 1.0], [NAN, 2.0]])
    inputs, codes = fitted(X, scaling=scaling)
    assert inputs.names == ["x0", "x1", "x0_missing"]
    assert_array_equal(inputs.transform(codes)[:, [0, 2]], [[0, 1], [0, 1]])
    assert_array_equal(inputs.transform(np.array([[5.0, 1.0]]))[:, [0, 2]], [[0, 0]])


# -- few categories --------------------------------------------------------------------


@pytest.mark.parametrize("n_categories", [3, 5, 8])
def test_few_categories_are_one_hot_as_in_pandas_and_scikit_learn(n_categories):
    letters = np.array([*"hgfedcba"][:n_categories], dtype=object)
    X = text(*np.random.default_rng(0).permutation(np.repeat(letters, 3)))
    inputs, codes = fitted(X)
    expected = pd.get_dummies(X, prefix_sep="=", dtype=float)
    assert inputs.names == expected.columns.tolist()
    assert_array_equal(inputs.transform(codes), expected)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(X)
    other = text("a", "h", "new")
    result = inputs.transform(inputs.columns.transform(other))
    assert_array_equal(result, encoder.transform(other))


def test_missing_counts_as_a_category_if_it_occurs():
    X = text("b", None, "a", "b")
    inputs, codes = fitted(X)
    assert inputs.names == ["c=a", "c=b", "c_missing"]
    assert_array_equal(inputs.transform(codes), np.eye(3)[[1, 2, 0, 1]])
    inputs, _ = fitted(text("c", "b", "a"))
    gap = inputs.columns.transform(text(None))
    assert_array_equal(inputs.transform(gap), [[0, 0, 0]])


# values in training -> name of the column, encoding of [first, second, missing, new]
TWO = {
    "text": (["no", "yes"], "c=yes", [-1, 1, 0, 0]),
    "numbers": ([7, 9], "c=9", [-1, 1, 0, 0]),
    "one and missing": (["no", None], "c_missing", [-1, 0, 1, 0]),
}


@pytest.mark.parametrize(("values", "name", "expected"), TWO.values(), ids=TWO)
def test_two_values_are_one_column_of_minus_one_and_one(values, name, expected):
    X = pd.DataFrame({"c": values}).astype("category")
    inputs, _ = fitted(X)
    assert inputs.names == [name]
    codes = np.array([0, 1 if expected[1] else -1, NAN, -1])
    assert_array_equal(inputs.transform(codes[:, None])[:, 0], expected)


def test_bools_are_minus_one_and_one():
    X = pd.DataFrame({"smoker": [True, False]})
    assert_array_equal(encoded(X), [[1], [-1]])


@pytest.mark.parametrize("values", [["a", "a"], [None, None]])
def test_a_single_category_is_a_column_of_zeros(values):
    inputs, codes = fitted(text(*values).astype("category"))
    assert inputs.n_encoded == 1
    assert_array_equal(inputs.transform(codes), np.zeros((2, 1)))
    assert_array_equal(inputs.transform(np.array([[-1.0]])), [[0]])


def test_categories_that_training_rows_lack_have_no_column():
    columns, codes = TableColumns.fit_transform(text(*"abcd"))
    inputs = TableInputs.fit(
        codes[:3], np.ones(3), columns, scaling="robust", dtype="float64"
    )
    assert inputs.names == ["c=a", "c=b", "c=c"]
    assert_array_equal(inputs.transform(codes), np.eye(4, 3))


def test_categories_that_fit_did_not_see_are_none_in_more_training():
    columns = TableColumns.fit(text(*"ab"))
    codes = columns.transform(text(*"abz"))
    inputs = TableInputs.fit(
        codes, np.ones(3), columns, scaling="robust", dtype="float64", max_one_hot=2
    )
    assert inputs.names == ["c=b"]
    assert_array_equal(inputs.transform(codes), [[-1], [1], [0]])


# -- few categories of pandas' dtype, of which some do not occur ----------------------

# name -> categories of the dtype, values in training, names of the columns, encoding of
# each category, of missing, of unknown
DECLARED = {
    "one of three is lacking": (
        ["red", "green", "blue"],
        ["red", "blue", "red"],
        ["c=blue", "c=green", "c=red"],
        [[0, 0, 1], [0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]],
    ),
    "two of three are lacking": (
        [1, 2, 3],
        [2, 2],
        ["c=1", "c=2", "c=3"],
        [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
    ),
    "one of two is lacking": (["no", "yes"], ["no"], ["c=yes"], [[0]] * 4),
    "the other of two is lacking": (["no", "yes"], ["yes"], ["c=yes"], [[0]] * 4),
    "one of two, and missing": (
        ["no", "yes"],
        ["no", None],
        ["c=no", "c=yes", "c_missing"],
        [[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]],
    ),
    "none of two": (
        ["no", "yes"],
        [None],
        ["c=no", "c=yes", "c_missing"],
        [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]],
    ),
    "none of one": (["no"], [None], ["c_missing"], [[0]] * 3),
}


@pytest.mark.parametrize(
    ("known", "values", "names", "expected"), DECLARED.values(), ids=DECLARED
)
def test_categories_of_the_dtype_have_columns(known, values, names, expected):
    dtype = pd.CategoricalDtype(known)
    X = pd.DataFrame({"c": pd.Series(values, dtype=dtype)})
    inputs, _ = fitted(X)
    assert inputs.names == names
    later = text(*known, None, "new" if isinstance(known[0], str) else 99)
    assert_array_equal(inputs.transform(inputs.columns.transform(later)), expected)


def test_columns_of_the_dtype_are_those_of_get_dummies():
    letters = np.random.default_rng(0).choice([*"adf"], 30)
    X = pd.DataFrame({"c": pd.Categorical(letters, categories=[*"abcdef"])})
    inputs, codes = fitted(X)
    expected = pd.get_dummies(X, prefix_sep="=", dtype=float)
    assert inputs.names == expected.columns.tolist()
    assert_array_equal(inputs.transform(codes), expected)


def test_categories_that_training_lacks_are_encoded_as_unknown_ones():
    X = pd.DataFrame({"c": pd.Categorical([1, 2, 1, 3], categories=[1, 2, 3, 4])})
    inputs, _ = fitted(X[:3], choice=["c"])
    assert inputs.names == ["c=1", "c=2", "c=3", "c=4"]
    later = inputs.transform(inputs.columns.transform(X))
    assert_array_equal(later, np.eye(4)[[0, 1, 0, 3]] * [1, 1, 1, 0])


def test_categories_in_rows_of_weight_zero_alone_have_columns_of_zeros():
    X = pd.DataFrame({"c": pd.Categorical([*"abcd"])})
    inputs, codes = fitted(X, [1, 1, 1, 0])
    assert inputs.names == ["c=a", "c=b", "c=c", "c=d"]
    assert_array_equal(inputs.transform(codes), np.diag([1.0, 1, 1, 0]))


def test_categories_that_do_not_occur_have_no_column_if_all_are_too_many():
    dtype = pd.CategoricalDtype([*"abcdef"])
    X = pd.DataFrame({"c": pd.Series([*"aabbcc"], dtype=dtype)})
    assert fitted(X, max_one_hot=6)[0].n_encoded == 6
    inputs, codes = fitted(X, max_one_hot=5)
    assert inputs.names == ["c=a", "c=b", "c=c"]
    assert_array_equal(inputs.transform(codes), np.eye(3)[[0, 0, 1, 1, 2, 2]])
    inputs, codes = fitted(X, max_one_hot=2)
    assert_array_equal(inputs.transform(codes)[:, 0], [1, 1, 2, 2, 3, 3])
    X.loc[0] = None  # six and missing are seven
    assert fitted(X, max_one_hot=6)[0].n_encoded == 4


# -- many categories -------------------------------------------------------------------


def test_many_categories_are_codes_from_one_and_rare_ones_zero():
    X = text("d", "b", "b", "a", "c", "d", "b", None)
    inputs, codes = fitted(X, max_one_hot=4)
    assert inputs.names == ["c"]
    assert len(inputs.cardinalities) == 1
    assert_array_equal(inputs.transform(codes)[:, 0], [2, 1, 1, 0, 0, 2, 1, 0])
    other = inputs.columns.transform(text("b", "new", None))
    assert_array_equal(inputs.transform(other)[:, 0], [1, 0, 0])


def test_missing_is_a_learned_category_if_it_is_not_rare():
    X = text("a", "a", "b", "b", None, None)
    inputs, codes = fitted(X, max_one_hot=2)
    assert_array_equal(inputs.transform(codes)[:, 0], [1, 1, 2, 2, 3, 3])
    assert fitted(X, max_one_hot=3)[0].cardinalities == ()


def test_a_weight_of_two_is_not_a_second_row():
    X = text("a", "a", "b")
    assert_array_equal(encoded(X, [1, 1, 2], max_one_hot=0)[:, 0], [1, 1, 0])


# as many vectors, for as many codes: one for each number from 1, and 0
VECTORS = {1: 16, 2: 16, 16: 16, 17: 24, 24: 24, 25: 32, 33: 48, 49: 64, 65: 96}
VECTORS |= {96: 96, 97: 128, 128: 128, 1000: 1024, 1025: 1536, 70_001: 98_304}


@pytest.mark.parametrize("n_codes", VECTORS)
def test_vectors_are_rounded_up_so_that_other_rows_need_as_many(n_codes):
    X = np.append(np.repeat(np.arange(n_codes - 1), 2), -1)[:, None]  # and a rare one
    inputs, codes = fitted(X, choice=[0], max_one_hot=0)
    assert inputs.transform(codes).max() == n_codes - 1
    assert inputs.cardinalities == (VECTORS[n_codes],)


def test_codes_are_exact_in_float32():
    n = 70_000
    inputs, codes = fitted(
        np.repeat(np.arange(n), 2)[:, None], choice=[0], dtype="float32"
    )
    result = inputs.transform(codes)
    assert result.dtype == np.float32
    assert_array_equal(result[:, 0], np.repeat(np.arange(1, n + 1), 2))


def test_every_row_its_own_category_is_one_code():
    inputs, codes = fitted(text(*"abcdefghij"))
    assert len(inputs.cardinalities) == 1
    assert_array_equal(inputs.transform(codes), np.zeros((10, 1)))


# -- layout ----------------------------------------------------------------------------


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    n = 60
    return pd.DataFrame(
        {
            "city": rng.choice([*"abcdefghijkl"], n),
            "age": with_gaps(n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "rooms": rng.integers(1, 5, n),
            "smoker": rng.random(n) < 0.5,
            "street": rng.choice([*"mnopqrstuvwxyz", None], n),
            "height": rng.normal(size=n),
        }
    )


def test_columns_are_laid_out_by_kind(table):
    inputs, codes = fitted(table, periodic=True, dtype="float32")
    numbers = ["age", "rooms", "height"]
    colours = ["colour=blue", "colour=green", "colour=red"]
    assert inputs.names == [
        *numbers,
        "age_missing",
        *colours,
        "smoker=1",
        "city",
        "street",
    ]
    assert inputs.periodic == (0, 2)
    assert inputs.n_encoded == 10
    assert inputs.shape == (10,)
    result = inputs.transform(codes)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    alone = encoded(table[numbers].to_numpy(float), dtype="float32")
    assert_array_equal(result[:, :4], alone)
    assert_array_equal(result[:, 4:7], pd.get_dummies(table["colour"]))
    assert_array_equal(result[:, 7] > 0, table["smoker"])
    for column, n_vectors in zip((8, 9), inputs.cardinalities, strict=True):
        assert result[:, column].min() >= 0
        assert result[:, column].max() < n_vectors


def test_periodic_are_numbers_of_more_than_ten_values():
    X = np.column_stack([np.arange(22) % 10, np.arange(22) % 11, np.arange(22)])
    X = np.where(np.arange(22)[:, None] == 21, NAN, X)  # which is no value
    assert fitted(X, periodic=True, choice=[2])[0].periodic == (1,)
    assert fitted(X, choice=[2])[0].periodic == ()


def test_categories_alone_are_enough():
    inputs, codes = fitted(text(*"abc"), periodic=True)
    assert inputs.periodic == ()
    assert_array_equal(inputs.transform(codes), np.eye(3))


def test_frame_and_array_are_encoded_alike(table):
    inputs, codes = fitted(table)
    of_array = inputs.columns.transform(table.to_numpy(object))
    assert_array_equal(inputs.transform(of_array), inputs.transform(codes))


def test_a_row_is_encoded_as_among_others(table, monkeypatch):
    inputs, codes = fitted(table, max_one_hot=3)
    whole = inputs.transform(codes)
    assert_array_equal(np.vstack([inputs.transform(row[None]) for row in codes]), whole)
    monkeypatch.setattr(table_inputs, "_BYTES", 8 * codes.shape[1] * 7)
    assert_array_equal(inputs.transform(codes), whole)
    assert inputs.transform(codes[:0]).shape == (0, inputs.n_encoded)


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_blocks_of_columns_change_nothing(scaling, monkeypatch):
    X = with_gaps((50, 7))
    expected = encoded(X, scaling=scaling)
    monkeypatch.setattr(statistics, "_BYTES", 8 * 50 * 3)
    result = encoded(X, scaling=scaling)
    if scaling == "standard":  # sums of whole blocks
        assert_allclose(result, expected, atol=1e-12)
    else:
        assert_array_equal(result, expected)


def test_given_codes_are_not_changed(table):
    columns, codes = TableColumns.fit_transform(table)
    before = codes.copy()
    weight = np.ones(len(codes))
    for array in (codes, weight):
        array.flags.writeable = False
    fit = partial(TableInputs.fit, codes, weight, columns, dtype="float64")
    for scaling in ("robust", "standard", None):
        fit(scaling=scaling).transform(codes)
    assert_array_equal(codes, before)


def test_pickled_inputs_encode_alike(table):
    inputs, codes = fitted(table)
    copy = pickle.loads(pickle.dumps(inputs))
    assert_array_equal(copy.transform(codes), inputs.transform(codes))
    assert copy.names == inputs.names
    assert len(pickle.dumps(inputs)) < 10_000


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_too_large_a_spread_is_refused(scaling):
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [-1.7e308, 1.7e308, 0.0]})
    message = r"Column 'b' of X has values too large to standardise \(up to 1.7e\+308\)"
    with pytest.raises(ValueError, match=f"{message}. Rescale .* logarithm"):
        fitted(X, scaling=scaling)
    with pytest.raises(ValueError, match="Column 1 of X has values too large"):
        fitted(X.to_numpy(), scaling=scaling)


def test_values_too_large_for_the_dtype_are_refused():
    X = pd.DataFrame({"c": [*"abc"], "n": [1.0, 2.0, 1e300]})
    message = r"X\[2, {}\]=1e\+300 is too large for float32. Rescale X, or use dtype="
    with pytest.raises(ValueError, match=message.format("'n'")):
        encoded(X, scaling=None, dtype="float32")
    with pytest.raises(ValueError, match=message.format("1")):
        encoded(X.to_numpy(object), scaling=None, dtype="float32")
    assert_array_equal(encoded(X, scaling=None)[:, 0], X["n"])


def test_new_values_too_large_for_the_dtype_are_refused():
    inputs, _ = fitted(np.array([[1.0], [2.0]]), scaling="standard", dtype="float32")
    with pytest.raises(ValueError, match=r"X\[1, 0\]=1e\+100 is too large for float32"):
        inputs.transform(np.array([[1.0], [1e100]]))


# -- time ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(20_000, 50), (100, 5000)])
@pytest.mark.parametrize("choice", [None, slice(None)])
def test_large_tables_are_quick(shape, choice):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 30, shape).astype(float)
    choice = None if choice is None else np.arange(shape[1])
    start = time.perf_counter()
    inputs, codes = fitted(X, choice=choice, weight=rng.random(len(X)))
    inputs.transform(codes)
    assert time.perf_counter() - start < 1
