"""Columns of every kind: numbers, categories in sorted order, gaps, and refusals."""

import pickle
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import OrdinalEncoder

from skdl._tables import TableColumns

NAN = np.nan
GAPS = [None, NAN, pd.NA, float("nan"), np.float32("nan")]


def objects(*values):
    """An array of objects, one column."""
    column = np.empty((len(values), 1), dtype=object)
    column[:, 0] = values
    return column


def coded(X, *args):
    return TableColumns.fit_transform(X, *args)[1]


def one(values, dtype=None):
    """A frame of one column "a"."""
    return pd.DataFrame({"a": pd.Series(values, dtype=dtype)})


# -- what a column of a frame is -------------------------------------------------------

# name -> (column, numbers)
NUMBERS = {
    "floats": (one([1.5, NAN, -2.0]), [1.5, NAN, -2]),
    "float32": (one([1.5, NAN], "float32"), [1.5, NAN]),
    "ints": (one([3, 1, 2]), [3, 1, 2]),
    "uint8": (one([255, 0], "uint8"), [255, 0]),
    "nullable ints": (one([3, None, 2], "Int64"), [3, NAN, 2]),
    "nullable floats": (one([1.5, None], "Float32"), [1.5, NAN]),
    "sparse": (one([0.0, 1.5, NAN], pd.SparseDtype(float, 0.0)), [0, 1.5, NAN]),
    "sparse ints": (one([0, 7], pd.SparseDtype(int, 0)), [0, 7]),
    "objects": (one([1, 2.5, True, None], object), [1, 2.5, 1, NAN]),
    "NumPy scalars": (one([np.int8(1), np.float32(2.5)], object), [1, 2.5]),
    "decimals": (one([Decimal("1.5"), None], object), [1.5, NAN]),
    "fractions": (one([Fraction(1, 4), pd.NA], object), [0.25, NAN]),
    "gaps of all kinds": (one([1, *GAPS], object), [1] + [NAN] * 5),
    "nothing but None": (one([None, None], object), [NAN, NAN]),
    "nothing but NaN": (one([NAN, NAN]), [NAN, NAN]),
}

# name -> (column, sorted categories, codes)
CATEGORIES = {
    "text": (one(["red", "blue", "red"]), ["blue", "red"], [1, 0, 1]),
    "objects": (one(["b", "a"], object), ["a", "b"], [1, 0]),
    "NumPy text": (one([np.str_("b"), "a", "b"], object), ["a", "b"], [1, 0, 1]),
    "string dtype": (one(["b", None, "a"], "string"), ["a", "b"], [1, NAN, 0]),
    "gaps of all kinds": (one(["b", *GAPS], object), ["b"], [0] + [NAN] * 5),
    "digits": (one(["10", "9", "10"]), ["10", "9"], [0, 1, 0]),
    "empty text": (one(["", " ", "nan"]), ["", " ", "nan"], [0, 1, 2]),
    "odd text": (one(["é", "日", "a\0", "a"]), ["a", "a\0", "é", "日"], [2, 3, 1, 0]),
    "category": (one(["b", None, "a"], "category"), ["a", "b"], [1, NAN, 0]),
    "category in an order of its own": (
        one(["a", "c"], pd.CategoricalDtype(["c", "b", "a"], ordered=True)),
        ["a", "b", "c"],
        [0, 2],
    ),
    "category of unused ones": (
        one([9.0, NAN], pd.CategoricalDtype([10.5, 9, 8])),
        [8.0, 9.0, 10.5],
        [1, NAN],
    ),
    "category of nothing but unused ones": (
        one([None, None], pd.CategoricalDtype(["b", "a"])),
        ["a", "b"],
        [NAN, NAN],
    ),
    "category of ints": (one([10, 9, 10], "category"), [9.0, 10.0], [1, 0, 1]),
    "category of bools": (one([True, False], "category"), [0.0, 1.0], [1, 0]),
    "category of floats": (one([0.5, NAN], "category"), [0.5], [0, NAN]),
    "category of unused ones of other types": (
        one(["a"], pd.CategoricalDtype(["a", 1, date(2020, 2, 29)])),
        ["a"],
        [0],
    ),
    "category of unused infinity": (
        one([1.0], pd.CategoricalDtype([1.0, np.inf])),
        [1.0],
        [0],
    ),
    "category of very many unused ones": (
        one([7], pd.CategoricalDtype(range(101))),
        [7.0],
        [0],
    ),
    "category of intervals": (
        pd.DataFrame({"a": pd.cut([1, 12, NAN, 3], [0, 10, 20])}),
        ["(0, 10]", "(10, 20]"],
        [0, 1, NAN, 0],
    ),
    "empty category": (one([None, None], "category"), [], [NAN, NAN]),
    "bools": (one([True, False, True]), [0.0, 1.0], [1, 0, 1]),
    "nullable bools": (one([True, None], "boolean"), [1.0], [0, NAN]),
    "bools and gaps": (one([True, None, False, NAN]), [0.0, 1.0], [1, NAN, 0, NAN]),
    "text without a value": (one([None, None], "string"), [], [NAN, NAN]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_column_of_a_frame_is_numbers(name):
    X, expected = NUMBERS[name]
    columns, codes = TableColumns.fit_transform(X)
    assert columns.categories == [None]
    assert codes.dtype == np.float64
    assert_array_equal(codes[:, 0], expected)
    assert_array_equal(columns.transform(X), codes)


@pytest.mark.parametrize("name", CATEGORIES)
def test_column_of_a_frame_is_categories_in_sorted_order(name):
    X, categories, expected = CATEGORIES[name]
    columns, codes = TableColumns.fit_transform(X)
    assert columns.categories[0].tolist() == categories
    assert {type(c) for c in columns.categories[0].tolist()} <= {str, float}
    assert_array_equal(codes[:, 0], expected)
    assert_array_equal(columns.transform(X), codes)


@pytest.mark.skipif(pd.__version__ < "3", reason="pandas 2 has no str dtype")
def test_column_of_str_dtype_without_a_value_is_categories():
    X = one(["a", None], "str")[1:]
    assert TableColumns.fit(X).categories[0].tolist() == []


def test_codes_are_those_of_pandas_and_of_ordinal_encoder():
    rng = np.random.default_rng(0)
    letters = np.array([*"zyxabc", NAN], dtype=object)
    X = pd.DataFrame({name: rng.choice(letters, 500) for name in "pqr"})
    columns, codes = TableColumns.fit_transform(X)
    by_pandas = X.apply(lambda c: pd.Categorical(c).codes).to_numpy(float)
    assert_array_equal(codes, np.where(by_pandas < 0, NAN, by_pandas))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    assert_array_equal(codes, encoder.fit(X).transform(X))
    other = X.iloc[:50].replace("x", "other")
    assert_array_equal(columns.transform(other), encoder.transform(other))


def test_columns_of_all_kinds_stand_side_by_side():
    X = pd.DataFrame(
        {
            "age": [30, None],
            "colour": ["red", "blue"],
            "smoker": [True, False],
            "size": pd.Categorical([3, 2]),
        }
    )
    columns, codes = TableColumns.fit_transform(X)
    assert_array_equal(codes, [[30, 1, 1, 1], [NAN, 0, 0, 0]])
    assert columns.is_categorical.tolist() == [False, True, True, True]
    assert columns.names.tolist() == ["age", "colour", "smoker", "size"]


def test_an_index_means_nothing():
    X = pd.DataFrame({"a": ["x", "y", "x"], "b": [1, 2, 3]}, index=[7, 7, 0])
    assert_array_equal(coded(X), [[0, 1], [1, 2], [0, 3]])


# -- columns of an array ---------------------------------------------------------------

# name -> (array, categories of each column, codes)
ARRAYS = {
    "floats": (np.array([[1.5, NAN]]), [None, None], [[1.5, NAN]]),
    "float16": (np.array([[1.5]], np.float16), [None], [[1.5]]),
    "long doubles": (np.array([[1.5]], np.longdouble), [None], [[1.5]]),
    "big-endian": (np.array([[1.5]], ">f8"), [None], [[1.5]]),
    "bools": (np.array([[True, False]]), [None, None], [[1, 0]]),
    "objects": (
        np.array([["b", 1, True], ["a", None, False], [None, 2.5, None]], object),
        [["a", "b"], None, None],
        [[1, 1, 1], [0, NAN, 0], [NAN, 2.5, NAN]],
    ),
    "text": (
        np.array([["b", "1.5"], ["a", "nan"]]),
        [["a", "b"], None],
        [[1, 1.5], [0, NAN]],
    ),
    "text that reads as numbers": (
        objects("1", " 2e3 ", None),
        [None],
        [[1], [2e3], [NAN]],
    ),
    "text and numbers that read as numbers": (objects("1", 2), [None], [[1], [2]]),
    "text of which some reads as numbers": (
        objects("1", "two"),
        [["1", "two"]],
        [[0], [1]],
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_columns_of_an_array(name):
    X, categories, expected = ARRAYS[name]
    columns, codes = TableColumns.fit_transform(X)
    assert columns.names is None
    found = [c if c is None else c.tolist() for c in columns.categories]
    assert found == categories
    assert codes.dtype == np.float64
    assert_array_equal(codes, expected)
    assert_array_equal(columns.transform(X), codes)


def test_array_of_float64_is_not_copied():
    X = np.random.default_rng(0).normal(size=(5, 3))
    assert np.shares_memory(coded(X), X)


def test_given_array_is_not_changed():
    X = np.array([[3.0, 1.0], [2.0, NAN], [3.0, 0.0]])
    before = X.copy()
    codes = coded(X, [0])
    assert_array_equal(codes, [[1, 1], [0, NAN], [1, 0]])
    assert_array_equal(X, before)
    X.flags.writeable = False
    assert_array_equal(coded(X, [0]), codes)


# -- categorical_features --------------------------------------------------------------


@pytest.fixture
def mixed():
    return pd.DataFrame({"n": [2.0, 1.0, NAN], "c": ["x", None, "w"], "k": [7, 7, 9]})


@pytest.mark.parametrize(
    "chosen",
    [
        ["c", "k"],
        np.array(["c", "k"]),
        pd.Index(["c", "k"]),
        ("c", "k"),
        [1, 2],
        [2, 1, 2],
        np.array([1, 2], np.uint8),
        [False, True, True],
        np.array([False, True, True]),
    ],
    ids=repr,
)
def test_chosen_columns_are_categories_by_value(chosen, mixed):
    columns, codes = TableColumns.fit_transform(mixed, chosen)
    assert columns.categories[0] is None
    assert columns.categories[1].tolist() == ["w", "x"]
    assert columns.categories[2].tolist() == [7.0, 9.0]
    assert_array_equal(codes, [[2, 1, 0], [1, NAN, 0], [NAN, 0, 1]])


@pytest.mark.parametrize("nothing", [None, [], np.array([False, False])], ids=repr)
def test_without_categorical_features_all_is_numbers(nothing):
    X = pd.DataFrame({"b": [True, False], "c": pd.Categorical([5, 4])})
    columns, codes = TableColumns.fit_transform(X, nothing)
    assert columns.categories == [None, None]
    assert_array_equal(codes, [[1, 5], [0, 4]])


def test_columns_that_are_not_chosen_are_numbers():
    X = pd.DataFrame({"b": [True, False], "c": ["x", "y"]})
    assert TableColumns.fit(X, ["c"]).is_categorical.tolist() == [False, True]


def test_columns_of_an_array_are_chosen_by_number():
    columns, codes = TableColumns.fit_transform(np.array([[10, 2], [9, 1]]), [0])
    assert columns.categories[0].tolist() == [9.0, 10.0]
    assert_array_equal(codes, [[1, 2], [0, 1]])


def test_text_that_reads_as_numbers_stays_text_where_it_is_chosen():
    X = np.array([["01", "1"], ["1", "2"], ["10", "3"]])
    for rows in (X, X.astype(object)):
        columns, codes = TableColumns.fit_transform(rows, [0])
        assert columns.categories[0].tolist() == ["01", "1", "10"]
        assert_array_equal(codes, [[0, 1], [1, 2], [2, 3]])
        assert_array_equal(
            columns.transform(pd.DataFrame({"a": X[:, 0], "b": 1})),
            [[0, 1], [1, 1], [2, 1]],
        )


def test_zeros_of_both_signs_are_one_category():
    assert_array_equal(coded(np.array([[0.0], [-0.0], [1.0]]), [0]), [[0], [0], [1]])


# name -> (categorical_features, message: value, expectation, remedy)
BAD_CHOICES = {
    "short mask": ([True], "1 bools, but X has 3 columns. Give one bool for each"),
    "number too large": ([0, 3], r"column number 3, but must be in .*\[0, 2\]"),
    "negative number": ([-1], r"column number -1, but must be in .*\[0, 2\]"),
    "unknown name": (
        ["c", "color"],
        r"'color', which is not a column of X. Its columns are \['n', 'c', 'k'\]",
    ),
    "floats": ([0.0], "array-like of bool, int or str, got: float. Give 'from_dtype'"),
    "mixed": (
        np.array(["c", 1], object),
        "array-like of bool, int or str, got: int, str. Give 'from_dtype'",
    ),
    "one name": ("c", "categorical_features='c' must be 'from_dtype', None, or a list"),
    "one number": (2, "categorical_features=2 must be 'from_dtype', None, or a list"),
    "two dimensions": ([[0, 1]], r"categorical_features=\[\[0, 1\]\] must be"),
    "text column left out": (
        ["k"],
        "Column 'c' of X holds text, for example 'x', but categorical_features.*Add "
        "the column",
    ),
    "text column and None": (None, "Column 'c' of X holds text.*'from_dtype'.*drop it"),
}


@pytest.mark.parametrize("name", BAD_CHOICES)
def test_bad_categorical_features_are_refused(name, mixed):
    chosen, message = BAD_CHOICES[name]
    with pytest.raises(ValueError, match=message):
        TableColumns.fit(mixed, chosen)


def test_names_need_a_frame(mixed):
    with pytest.raises(ValueError, match="names the column 'c', but X has no column"):
        TableColumns.fit(mixed.to_numpy(), ["c"])


# -- what is refused -------------------------------------------------------------------

DAY = datetime(2020, 2, 29)
# name -> values of column "a", or of a column of an array of objects
TIMES = {
    "dates": [date(2020, 2, 29)],
    "datetimes": [DAY, None],
    "times of day": [time(12)],
    "spans": [timedelta(1)],
    "NumPy dates": [np.datetime64("2020-02-29")],
    "NumPy spans": [np.timedelta64(1, "D")],
    "timestamps": [pd.Timestamp(DAY)],
    "pandas spans": [pd.Timedelta(1)],
    "periods": [pd.Period("2020")],
    "no time": [1.0, pd.NaT],
    "no time in text": ["red", pd.NaT],
}
BAD_COLUMNS = {
    "text and numbers": (["red", 1.5], "both text and numbers.*'red' and 1.5.*astype"),
    "text and bools": (["red", True], "both text and numbers.*'red' and True.*astype"),
    "complex": ([1j], "Complex data not supported: Column .* 1j. Give real"),
    "too large": ([10**400], "whole numbers too large for float64. Rescale"),
}
BAD_OBJECTS = {
    "dict": [{"foo": "bar"}],
    "list": [[1, 2]],
    "array": [np.ones(2)],
    "bytes": [b"red"],
    "set in text": ["red", frozenset()],
    "object": [object()],
}


@pytest.mark.parametrize("values", TIMES.values(), ids=TIMES)
def test_dates_and_times_are_refused(values):
    message = "Column {} of X holds dates or times. Turn .* days since a date"
    with pytest.raises(ValueError, match=message.format("'a'")):
        TableColumns.fit(one(values, object))
    with pytest.raises(ValueError, match=message.format("0")):
        TableColumns.fit(objects(*values))
    with pytest.raises(ValueError, match="Column 0 of X_val holds dates"):
        TableColumns.fit(np.ones((1, 1))).transform(objects(*values), "X_val")


@pytest.mark.parametrize(
    "column",
    [
        pd.date_range("2020", periods=2),
        pd.date_range("2020", periods=2, tz="UTC"),
        pd.timedelta_range(0, periods=2),
        pd.period_range("2020", periods=2),
        pd.Categorical(pd.date_range("2020", periods=2)),
        pd.Categorical([date(2020, 2, 29)] * 2),
    ],
    ids=lambda c: str(c.dtype),
)
def test_dtypes_of_dates_and_times_are_refused(column):
    with pytest.raises(ValueError, match=r"Column 'b' of X holds dates.*days since"):
        TableColumns.fit(pd.DataFrame({"a": [1.0, 2.0], "b": column}))


@pytest.mark.parametrize("dtype", ["M8[D]", "m8[s]"])
def test_arrays_of_dates_and_times_are_refused(dtype):
    with pytest.raises(ValueError, match=r"Column 0 of X holds dates.*days since"):
        TableColumns.fit(np.zeros((2, 2), dtype))


@pytest.mark.parametrize(("values", "message"), BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_bad_columns_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        TableColumns.fit(one(values, object))
    with pytest.raises(ValueError, match=message):
        TableColumns.fit(objects(*values))


def test_column_of_complex_numbers_is_refused():
    with pytest.raises(ValueError, match="Complex data not supported: Column 'a'"):
        TableColumns.fit(one([1j, 2.0]))


@pytest.mark.parametrize("values", BAD_OBJECTS.values(), ids=BAD_OBJECTS)
def test_what_is_neither_text_nor_number_is_refused(values):
    # scikit-learn's check_dtype_object wants these words
    message = r"Column .* of X holds .* argument must be .* string.* number.*astype"
    with pytest.raises(TypeError, match=message):
        TableColumns.fit(one(values, object))
    with pytest.raises(TypeError, match=message):
        TableColumns.fit(objects(*values))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.astype(np.float32),
        lambda X: X.astype(object),
        lambda X: X.astype(str),
        lambda X: pd.DataFrame(X),
        lambda X: pd.DataFrame(X).astype("Float64"),
        lambda X: pd.DataFrame(X).astype(object),
        lambda X: pd.DataFrame(X).astype("category"),
    ],
)
def test_infinity_is_refused_with_its_place(value, make):
    X = np.arange(8.0).reshape(4, 2)
    X[0, 0] = NAN
    columns = TableColumns.fit(make(X))
    X[2, 1] = value
    message = r"Input X contains infinity \(row 2, column 1\). Replace .* with NaN if"
    for choice in ("from_dtype", None):
        with pytest.raises(ValueError, match=message):
            TableColumns.fit(make(X), choice)
    with pytest.raises(ValueError, match=message):
        columns.transform(make(X))


def test_infinity_is_no_category():
    for X in (np.array([[1.0], [np.inf]]), one([1.0, np.inf]), objects(1.0, np.inf)):
        with pytest.raises(ValueError, match=r"infinity \(row 1"):
            TableColumns.fit(X, [0])


def test_infinity_is_refused_with_the_name_of_its_column():
    X = pd.DataFrame({"a": ["x", "y"], "b": [1.0, -np.inf]})
    with pytest.raises(ValueError, match=r"X_val .* \(row 1, column 'b'\)"):
        TableColumns.fit(X, name="X_val")


def test_long_doubles_beyond_float64_are_infinite():
    X = np.full((2, 1), np.finfo(np.longdouble).max)
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        with pytest.raises(ValueError, match="contains infinity"):
            TableColumns.fit(X)


# -- other tables than in fit ----------------------------------------------------------


def test_categories_that_fit_did_not_see_are_minus_one():
    columns = TableColumns.fit(
        pd.DataFrame({"c": ["a", "c"], "k": pd.Categorical([1, 3]), "b": [True, True]})
    )
    X = pd.DataFrame(
        {"c": ["b", None, "d"], "k": [2, None, 9], "b": [False, None, True]}
    )
    assert_array_equal(
        columns.transform(X), [[-1, -1, -1], [NAN, NAN, NAN], [-1, -1, 0]]
    )


def test_everything_is_unseen_where_fit_saw_only_gaps():
    columns = TableColumns.fit(one([None, None], "category"))
    assert_array_equal(columns.transform(one(["a", None])), [[-1], [NAN]])
    assert_array_equal(columns.transform(one([5.0, NAN])), [[-1], [NAN]])
    typed = pd.CategoricalDtype(["a", "b"])
    columns = TableColumns.fit(one([None, None], typed))
    assert_array_equal(columns.transform(one(["a", None], typed)), [[-1], [NAN]])
    assert_array_equal(columns.transform(one([5.0, NAN])), [[-1], [NAN]])


def test_later_rows_may_have_other_categories_in_their_dtype():
    X = pd.DataFrame({"c": pd.Categorical(["b", None, "c"])})
    columns, codes = TableColumns.fit_transform(X)
    other = X.assign(c=X["c"].cat.add_categories(["z", "a"]))
    assert_array_equal(columns.transform(other), codes)
    other = X.assign(c=X["c"].cat.reorder_categories(["c", "b"]))
    assert_array_equal(columns.transform(other), codes)


# name -> a column without any value
NOTHING = {
    "objects": one([None, NAN], object),
    "floats": one([NAN, NAN]),
    "nullable ints": one([None, None], "Int64"),
    "array": np.full((2, 1), NAN),
    "array of objects": objects(None, NAN),
    "array of text": np.array([["nan"], ["nan"]]),
}


@pytest.mark.parametrize("name", NOTHING)
def test_everything_is_missing_where_a_column_of_numbers_had_no_value(name):
    columns, codes = TableColumns.fit_transform(NOTHING[name])
    assert columns.categories == [None]
    assert np.isnan(codes).all()
    text = one(["red", None])
    category, array = text.astype("category"), text.to_numpy(object)
    numbers = np.array([[5.0], [NAN]])
    before = numbers.copy()
    for X in (text, category, array, numbers, one([5, 2]), one([True, None])):
        assert np.isnan(columns.transform(X)).all()
    assert_array_equal(numbers, before)


def test_a_value_in_any_row_is_a_value():
    X = pd.DataFrame({"a": [None, 1.0, None], "b": [NAN, NAN, NAN]}, dtype=object)
    columns = TableColumns.fit(X)
    later = X.assign(a=2.0, b="red")
    assert_array_equal(columns.transform(later), [[2, NAN]] * 3)
    with pytest.raises(ValueError, match="'a' of X held numbers in fit, but holds"):
        columns.transform(later.assign(a="red"))


# Columns with the same values, in whatever dtype.
SAME_TEXT = {
    "str": lambda X: X,
    "string": lambda X: X.astype("string"),
    "object": lambda X: X.astype(object),
    "category": lambda X: X.astype("category"),
    "array of objects": lambda X: X.to_numpy(object),
    "array of text": lambda X: X.to_numpy(object).astype(str),
}


@pytest.mark.parametrize("later", SAME_TEXT)
@pytest.mark.parametrize("first", SAME_TEXT)
def test_dtype_of_text_may_change(first, later):
    X = one(["red", "1", "blue", "1"])
    columns = TableColumns.fit(SAME_TEXT[first](X))
    assert_array_equal(columns.transform(SAME_TEXT[later](X[::-1]))[:, 0], [0, 1, 0, 2])


SAME_NUMBERS = {
    "int64": lambda X: X,
    "float32": lambda X: X.astype("float32"),
    "Int64": lambda X: X.astype("Int64"),
    "object": lambda X: X.astype(object),
    "array": lambda X: X.to_numpy(),
    "array of objects": lambda X: X.to_numpy(object),
    "array of text": lambda X: X.to_numpy().astype(str),
    "category": lambda X: X.astype("category"),
}


@pytest.mark.parametrize("choice", [None, [0]])
@pytest.mark.parametrize("later", SAME_NUMBERS)
@pytest.mark.parametrize("first", [k for k in SAME_NUMBERS if k != "array of text"])
def test_dtype_of_numbers_may_change(first, later, choice):
    X = one([10, 9, 11])
    columns = TableColumns.fit(SAME_NUMBERS[first](X), choice)
    expected = X.to_numpy() if choice is None else [[1], [0], [2]]
    assert_array_equal(columns.transform(SAME_NUMBERS[later](X)), expected)


def test_array_after_a_frame_and_frame_after_an_array():
    frame = pd.DataFrame({"n": [1.5, NAN], "c": ["x", None], "b": [True, False]})
    columns, codes = TableColumns.fit_transform(frame)
    assert_array_equal(columns.transform(frame.to_numpy(object)), codes)
    columns = TableColumns.fit(frame.to_numpy(object))
    assert_array_equal(columns.transform(frame), codes)


def test_text_that_reads_as_numbers_is_text_where_text_was():
    columns = TableColumns.fit(objects("10", "red"))
    assert_array_equal(columns.transform(objects("10", "10.0")), [[0], [-1]])
    assert_array_equal(columns.transform(np.array([["10"], ["9"]])), [[0], [-1]])


def test_numbers_where_text_was_are_refused():
    columns = TableColumns.fit(one(["10", "20"]))
    message = "'a' of X_val held text in fit, but holds numbers now.* 10. Turn .*astype"
    for X in (one([10, 20]), one([NAN, 10.0]), np.array([[10.0]])):
        with pytest.raises(ValueError, match=message):
            columns.transform(X, "X_val")
    assert_array_equal(columns.transform(one([NAN, NAN])), [[NAN], [NAN]])


@pytest.mark.parametrize("X", [one([1.0, 2.0]), one([True, False]), np.ones((2, 1))])
def test_text_where_numbers_were_is_refused(X):
    columns = TableColumns.fit(X)
    message = "held numbers in fit, but holds text now, for example 'red'. Give numbers"
    for text in (one(["red", None]), objects("red", None), one(["red"], "category")):
        with pytest.raises(ValueError, match=message):
            columns.transform(text)


# -- plain data ------------------------------------------------------------------------


def test_pickled_columns_code_alike(mixed):
    columns, codes = TableColumns.fit_transform(mixed)
    copy = pickle.loads(pickle.dumps(columns))
    assert_array_equal(copy.transform(mixed), codes)
    assert copy.categories[1].dtype == object


def test_nothing_refers_to_the_given_table():
    X = np.array([["red"], ["blue"]])
    columns = TableColumns.fit(X)
    X[:] = "grey"
    assert columns.categories[0].tolist() == ["blue", "red"]
    numbers = np.array([[1.0], [2.0]])
    columns = TableColumns.fit(numbers, [0])
    assert not np.shares_memory(columns.categories[0], numbers)
    assert len(pickle.dumps(TableColumns.fit(np.ones((100_000, 1))))) < 1000


def test_names_of_encoded_columns():
    X = pd.DataFrame({"c": ["red", None], "k": pd.Categorical([0.5, 2]), "n": [1, 2]})
    columns = TableColumns.fit(X)
    assert columns.feature_name(2) == "n"
    assert [columns.category_name(0, i) for i in range(2)] == ["c=red", "c_missing"]
    assert [columns.category_name(1, i) for i in range(2)] == ["k=0.5", "k=2"]
    columns = TableColumns.fit(X.to_numpy())
    assert columns.category_name(0, 0) == "x0=red"
    assert [columns.label(2), TableColumns.fit(X).label(2)] == ["2", "'n'"]


# -- frames of other libraries ---------------------------------------------------------

DATA = {
    "n": [1, None, 3],
    "x": [0.5, None, 1.5],
    "c": ["red", None, "blue"],
    "b": [True, None, False],
    "d": [Decimal("0.25"), None, Decimal("1")],
}
CODES = [[1, 0.5, 1, 1, 0.25], [NAN] * 5, [3, 1.5, 0, 0, 1]]


def polars_frame():
    polars = pytest.importorskip("polars")
    X = polars.DataFrame(DATA)
    return X.with_columns(k=X["c"].cast(polars.Categorical))


def arrow_table():
    arrow = pytest.importorskip("pyarrow")
    X = arrow.table(DATA)
    return X.append_column("k", X["c"].dictionary_encode())


def arrow_dtypes():
    return arrow_table().to_pandas(types_mapper=pd.ArrowDtype)


@pytest.mark.parametrize("make", [polars_frame, arrow_table, arrow_dtypes])
def test_frames_of_other_libraries(make):
    X = make()
    columns, codes = TableColumns.fit_transform(X)
    assert columns.names.tolist() == ["n", "x", "c", "b", "d", "k"]
    assert columns.is_categorical.tolist() == [False, False, True, True, False, True]
    assert_array_equal(codes, np.column_stack([CODES, [1, NAN, 0]]))
    assert_array_equal(columns.transform(pd.DataFrame(DATA).assign(k=DATA["c"])), codes)


def test_nested_columns_of_polars_are_refused():
    polars = pytest.importorskip("polars")
    for value in ({"a": 1}, [1, 2]):
        with pytest.raises(TypeError, match="must be a string or a number"):
            TableColumns.fit(polars.DataFrame({"d": [value]}))
