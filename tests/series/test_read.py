"""A series keeps its form; what is wrong with it is said in one sentence."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal

from skdl._series import TimeSeries, read_panel

MONTHS = pd.date_range("2020-01-01", periods=6, freq="MS")
FRAME = pd.DataFrame({"a": np.arange(6.0), "b": np.arange(6)}, MONTHS)
AHEAD = pd.date_range("2020-07-01", periods=2, freq="MS")


def test_answers_have_the_form_of_the_series():
    two = np.array([[1.0, 2.0], [3.0, 4.0]])
    one = two[:, :1]
    assert_array_equal(TimeSeries.read([1, 2, 3]).answer(one), [1, 3])
    assert_array_equal(TimeSeries.read(np.ones((3, 1))).answer(one), one)
    assert_array_equal(TimeSeries.read([[1, 2], [3, 4]]).answer(two), two)
    assert_series_equal(
        TimeSeries.read(FRAME["a"]).answer(one), pd.Series([1.0, 3.0], AHEAD, name="a")
    )
    assert_frame_equal(
        TimeSeries.read(FRAME).answer(two), pd.DataFrame(two, AHEAD, FRAME.columns)
    )


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([1, 2, 3], id="list"),
        pytest.param(np.float32([1, 2, 3]), id="float32"),
        pytest.param([True, False, True], id="bool"),
        pytest.param(pd.Series([1, 2, 3], dtype="Int64"), id="Int64"),
        pytest.param(np.array([1, 2.5, 3], dtype=object), id="object"),
        pytest.param(pd.Series([1, 2.5, True], dtype=object), id="object Series"),
        pytest.param(pd.Series([True, False], dtype="boolean"), id="boolean"),
        pytest.param(pd.Series([1.5, 2.5], dtype="Float32"), id="Float32"),
    ],
)
def test_numbers_become_float64(given):
    values = TimeSeries.read(given).values
    assert values.dtype == np.float64
    assert_array_equal(values[:, 0], np.asarray(given, dtype=float))


def test_numbers_are_those_of_the_time_of_reading():
    for given in (np.arange(6.0), FRAME["a"].copy(), FRAME[["a"]].copy()):
        values = TimeSeries.read(given).values
        given[:] = -1
        assert_array_equal(values[:, 0], np.arange(6.0))


WRONG = {
    "NaN": (FRAME["a"].mask(FRAME["a"] == 2), "series has NaN at 2020-03-01. Fill"),
    "NA": (pd.Series([1, None], dtype="Int64"), "series has NaN at 1. Fill"),
    "column": (FRAME.mask(FRAME == 3), "NaN at 2020-04-01, column 'a'. Fill"),
    "infinity": ([[1, 2], [3, np.inf]], "infinity at 1, column 1. Replace"),
    "text": (["1", "2"], "series holds text, for example '1'. Give"),
    "words": (
        FRAME.assign(b="x"),
        "Column 'b' of series holds text, for example 'x'. Give",
    ),
    "dates": (MONTHS, "series holds dates or times. Give"),
    "complex": ([1j], "series holds complex numbers. Give"),
    "axes": (np.ones((2, 2, 2)), "series has the shape (2, 2, 2). Give one axis"),
    "number": (3.0, "series must be an array, a Series or a DataFrame, and not 3.0."),
    "ragged": ([[1], [2, 3]], "series has rows of different length. Give one"),
    "objects": (
        [object()],
        "series holds what is no real number, for example object. Give",
    ),
    "no columns": (FRAME[[]], "series has no columns. Give at least one."),
    "dates as text": (
        FRAME.assign(day=MONTHS.astype(str)),
        "'2020-01-01'. Make it the index: turn it into dates with pandas.to_datetime",
    ),
    "numbers as text": (["1.5"], "'1.5'. Give numbers, for example by astype(float)"),
    "nothing": (None, "a DataFrame, and not None."),
    "other": ({1.0}, "a DataFrame, and not set."),
    "column of dates": (
        FRAME.assign(day=MONTHS),
        "Column 'day' of series holds dates or times. Make it the index, with",
    ),
    "series of dates": (pd.Series(MONTHS), "series holds dates or times. Give real"),
    "periods": (pd.Series(MONTHS.to_period()), "series holds dates or times. Give"),
    "dates as objects": (FRAME.assign(b=MONTHS.date), "'b' of series holds dates or"),
    "durations": (FRAME.assign(b=MONTHS - MONTHS[0]), "'b' of series holds durations"),
    "durations as objects": ([np.timedelta64(1), 2.0], "series holds durations. Give"),
    "digits": (FRAME.assign(b=list("123456")), "'b' of series holds text, for example"),
    "digits as objects": (pd.Series(["1"], dtype=object), "text, for example '1'"),
    "categories": (FRAME["a"].astype("category"), "series holds categories. Give real"),
    "complex column": (FRAME.assign(b=1j), "'b' of series holds complex numbers."),
    "complex object": (pd.Series([1j], dtype=object), "no real number, for example"),
    "None": ([1.0, None], "series has NaN at 1. Fill"),
    "twice": (FRAME.set_axis(["a", "a"], axis=1), "'a' of series occurs twice"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_series_are_refused(case):
    series, message = WRONG[case]
    with pytest.raises(ValueError) as error:
        read_panel(series)
    assert message in str(error.value)


def test_several_series_by_name_and_by_position():
    named = read_panel({"x": FRAME["a"], "y": np.ones(3)})
    assert named.arguments() == ["series['x']", "series['y']"]
    assert [len(one) for one in named] == [6, 3]
    assert named.shape([1, 2]) == {"x": 1, "y": 2}
    listed = read_panel([FRAME["a"], np.ones(3)])
    assert listed.arguments() == ["series[0]", "series[1]"]
    assert listed.shape([1, 2]) == [1, 2]
    assert read_panel([1, 2]).shape([3]) == 3


def test_columns_of_several_series_are_matched_by_name():
    panel = read_panel({"x": FRAME, "y": FRAME[["b", "a"]] * 2})
    assert_array_equal(panel.members[1].values, FRAME * 2)
    with pytest.raises(ValueError, match=r"series\['y'\] lacks the column 'b'"):
        read_panel({"x": FRAME, "y": FRAME[["a"]]})
    with pytest.raises(ValueError, match=r"series\[1\] has 1 column, .* has 2"):
        read_panel([FRAME, np.ones(4)])
    with pytest.raises(ValueError, match="holds no series"):
        read_panel({})


def test_other_observations_are_those_of_the_same_series():
    panel = read_panel({"x": FRAME, "y": FRAME})
    again = panel.reread({"y": FRAME[["b", "a"]], "x": FRAME * 2})
    assert_array_equal(again.members[0].values, FRAME * 2)
    assert_array_equal(again.members[1].values, FRAME)
    with pytest.raises(ValueError, match="dict with the names of fit: 'x', 'y'"):
        panel.reread({"x": FRAME, "z": FRAME})
    with pytest.raises(ValueError, match="must be a list of 2"):
        read_panel([FRAME, FRAME]).reread([FRAME])
    with pytest.raises(ValueError, match="fit saw a single series"):
        read_panel(FRAME).reread({"x": FRAME})
    with pytest.raises(ValueError, match="3 columns, but fit saw 2"):
        read_panel(FRAME).reread(np.ones((4, 3)))
    with pytest.raises(ValueError, match="column 'c' too many"):
        read_panel(FRAME).reread(FRAME.assign(c=1))
    with pytest.raises(ValueError, match="dtype int64, but fit saw datetime64"):
        read_panel(FRAME).reread(FRAME.reset_index(drop=True))
    with pytest.raises(ValueError, match="labels of dtype"):
        read_panel(FRAME).reread(FRAME.tz_localize("UTC"))


def test_what_follows_is_joined():
    whole = TimeSeries.read(FRAME)
    joined = whole.until(4).followed_by(TimeSeries.read(FRAME[4:], like=whole))
    assert_array_equal(joined.values, FRAME)
    assert list(joined.index) == list(FRAME.index)
    with pytest.raises(ValueError, match=r"begins at 2020-06-01, .* 2020-05-01 on"):
        whole.until(4).followed_by(TimeSeries.read(FRAME[5:], like=whole))
