"""Labels go on as pandas would have made them, and disorder is named."""

import zoneinfo

import numpy as np
import pandas as pd
import pytest

from skdl._series._index import check_same_kind, checked_index, continued

BERLIN = "Europe/Berlin"
WHOLE = {
    "months": pd.date_range("2020-01-01", periods=12, freq="MS", name="month"),
    "month ends": pd.date_range("2020-01-31", periods=12, freq="ME"),
    "business days": pd.date_range("2024-01-01", periods=12, freq="B"),
    "wednesdays": pd.date_range("2024-01-03", periods=12, freq="W-WED"),
    "quarters": pd.date_range("2019-03-31", periods=12, freq="QE"),
    "years": pd.date_range("2000-01-01", periods=12, freq="YS"),
    "minutes": pd.date_range("2024-01-01", periods=12, freq="15min"),
    "days into summer": pd.date_range("2024-03-25", periods=12, tz=BERLIN),
    "days into winter": pd.date_range("2024-10-21", periods=12, tz=BERLIN),
    "hours into summer": pd.date_range(
        "2024-03-30 18:00", periods=12, freq="h", tz=BERLIN
    ),
    "hours into winter": pd.date_range(
        "2024-10-26 18:00", periods=12, freq="h", tz=BERLIN
    ),
    "nanoseconds": pd.date_range("2024-01-01", periods=12, unit="ns"),
    "periods": pd.period_range("2020-01", periods=12, freq="M"),
    "durations": pd.timedelta_range("1h", periods=12, freq="90min"),
    "numbers": pd.RangeIndex(12),
    "numbers in steps": pd.RangeIndex(100, 160, 5),
}


def without_freq(index):
    """The same labels, one by one."""
    return type(index)(list(index), name=index.name)


@pytest.mark.parametrize("known", [True, False], ids=["freq", "inferred"])
@pytest.mark.parametrize("name", WHOLE)
def test_labels_go_on(name, known):
    whole = WHOLE[name]
    past = whole[:6]
    if not known:
        past = (
            pd.Index(list(past), name=past.name)
            if name.startswith("numbers")
            else without_freq(past)
        )
    freq = checked_index(past, "series")
    future = continued(past, freq, 6)
    assert list(future) == list(whole[6:])
    assert future.name == whole.name
    assert past.append(future).dtype == past.dtype


def test_the_step_of_before_serves_a_short_history():
    index = without_freq(WHOLE["month ends"])
    freq = checked_index(index, "series")
    short = index[4:5]
    assert checked_index(short, "series", freq) == freq
    assert continued(short, freq, 1)[0] == index[5]
    with pytest.raises(ValueError, match="not regular: after 2020-02-29 comes 2020-04"):
        checked_index(index[[1, 3]], "series", freq)


@pytest.mark.parametrize("name", ["months", "periods", "durations", "numbers"])
def test_a_missing_label_is_named(name):
    index = WHOLE[name]
    with pytest.raises(ValueError, match="not regular") as error:
        checked_index(without_freq(index.delete(4)), "series")
    for label in (index[3], index[5]):
        assert str(label).removesuffix(" 00:00:00") in str(error.value)


@pytest.mark.parametrize("name", ["months", "periods", "numbers"])
def test_disorder_is_named(name):
    index = WHOLE[name]
    with pytest.raises(ValueError, match=r"not sorted: after .* Sort it with"):
        checked_index(index[[0, 1, 3, 2]], "series")
    with pytest.raises(ValueError, match=r"more than once\. Keep one"):
        checked_index(index[[0, 1, 1, 2]], "series")


def test_dates_may_be_unsorted_before_they_are_irregular():
    with pytest.raises(ValueError, match="after 2020-03-01 comes 2020-01-01"):
        checked_index(WHOLE["months"][[2, 0, 5]], "series")


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(pd.Index(["1949-01", "1949-02"]), id="text"),
        pytest.param(pd.Index(list(WHOLE["months"].date)), id="objects"),
    ],
)
def test_labels_of_other_kinds_are_refused(index):
    with pytest.raises(ValueError, match=r"neither dates nor whole .*to_datetime"):
        checked_index(index, "series")


def test_floats_and_levels_have_remedies_of_their_own():
    with pytest.raises(ValueError, match=r"for example 0\.5\. .*index\.astype\(int\)"):
        checked_index(pd.Index([0.5, 1.5]), "series")
    levels = pd.MultiIndex.from_product([["a", "b"], WHOLE["months"]])
    frame = pd.Series(np.arange(24.0), levels)
    with pytest.raises(
        ValueError, match=r"2 levels\. Give a dict .*groupby\(level=0\)"
    ):
        checked_index(levels, "series")
    parts = {name: part.droplevel(0) for name, part in frame.groupby(level=0)}
    for part in parts.values():
        assert checked_index(part.index, "series") == "MS"


def test_days_of_utc_go_on_in_another_time_zone():
    whole = pd.date_range("2024-03-20", periods=70, tz="UTC")
    past = whole[:60].tz_convert(BERLIN)  # with the change to summer
    for index in (past, without_freq(past)):
        freq = checked_index(index, "series")
        assert list(continued(index, freq, 10)) == list(whole[60:])


@pytest.mark.parametrize("months", [1, 2, 3, 12])
def test_the_same_day_of_each_month_goes_on(months):
    whole = pd.DatetimeIndex(
        [f"{2010 + k // 12}-{k % 12 + 1:02}-15" for k in range(0, 12 * months, months)]
    )
    freq = checked_index(whole[:8], "series")
    assert list(continued(whole[:8], freq, 4)) == list(whole[8:])
    with pytest.raises(ValueError, match="not regular"):
        checked_index(whole[:8].delete(3), "series")


def test_time_zones_of_the_same_name_are_one():
    index = pd.date_range("2024-01-01", periods=5, tz="UTC")
    check_same_kind(index, index.tz_convert(zoneinfo.ZoneInfo("UTC")), "series")
    with pytest.raises(ValueError, match="labels of dtype"):
        check_same_kind(index, index.tz_convert(BERLIN), "series")


def test_a_missing_date_is_no_label():
    index = pd.DatetimeIndex(["2020-01-01", None, "2020-01-03"])
    with pytest.raises(ValueError, match="no label at position 1"):
        checked_index(index, "series")


def test_one_date_tells_no_step():
    with pytest.raises(ValueError, match="1 dates, too few"):
        checked_index(pd.DatetimeIndex(["2020-01-01"]), "series")
    two = pd.DatetimeIndex(["2020-01-01", "2020-01-03"])
    assert continued(two, checked_index(two, "series"), 1)[0] == np.datetime64(
        "2020-01-05"
    )


# what fit saw -> (a history in other steps, both steps as pandas names them)
OTHER_STEPS = {
    "days": (pd.date_range("2024-01-01", periods=9, freq="h"), "D", "h"),
    "days, weeks": (pd.date_range("2024-01-01", periods=9, freq="W"), "D", "W-SUN"),
    "month ends": (pd.date_range("2024-01-01", periods=9, freq="MS"), "ME", "MS"),
    "business days": (pd.date_range("2024-01-01", periods=9), "B", "D"),
    "numbers": (pd.RangeIndex(9), 2, 1),
}


@pytest.mark.parametrize("name", OTHER_STEPS)
def test_other_steps_are_named_and_not_called_irregular(name):
    index, before, own = OTHER_STEPS[name]
    known = before if name == "numbers" else pd.tseries.frequencies.to_offset(before)
    message = f"goes in steps of {own}, but that of fit in steps of {before}. Give"
    with pytest.raises(ValueError, match=message):
        checked_index(index, "series", known)


def test_a_gap_in_known_steps_is_a_gap():
    days = WHOLE["days into summer"]
    message = r"not regular: after 2024-03-26 .* By the steps of fit, D, it is 2024-03"
    with pytest.raises(ValueError, match=message):
        checked_index(days.delete(2), "series", days.freq)
    middle = pd.DatetimeIndex(["2024-01-15", "2024-01-17", "2024-01-20"])
    with pytest.raises(ValueError, match="begins at 2024-01-15, where fit, in ste"):
        checked_index(middle, "series", WHOLE["months"].freq)


def test_what_turns_labels_into_those_of_fit_is_named():
    days = pd.date_range("2024-01-01", periods=5)
    for index, remedy in [
        (days.astype(str), "pandas.to_datetime"),
        (days.tz_localize("UTC"), "tz_localize or tz_convert"),
        (days.to_period("D"), "to_timestamp"),
    ]:
        with pytest.raises(ValueError, match=f"but fit saw .*{remedy}"):
            check_same_kind(index, days, "series")
    with pytest.raises(ValueError, match="to_period"):
        check_same_kind(days, days.to_period("D"), "series")
    with pytest.raises(ValueError, match="asfreq"):
        check_same_kind(days.to_period("M"), days.to_period("D"), "series")
    check_same_kind(pd.Index([1, 2], dtype="uint8"), pd.RangeIndex(2), "series")


@pytest.mark.parametrize(
    ("index", "kind", "remedy"),
    [
        (pd.Index(["2024-01-01"]), "string", "to_datetime"),
        (pd.Index([pd.Timestamp("2024-01-01").date()]), "date", "to_datetime"),
        (pd.Index([True, False]), "boolean", "Give it dates or whole numbers"),
    ],
)
def test_kinds_of_labels_that_do_not_go_on_are_named(index, kind, remedy):
    with pytest.raises(ValueError, match=f"labels of kind {kind!r}.*{remedy}"):
        checked_index(index, "series")
