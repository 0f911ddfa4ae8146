"""Covariates are brought to labels, and missing rows are named."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skdl._series import aligned_exog

DAYS = pd.date_range("2024-01-01", periods=5)
FRAME = pd.DataFrame({"x": np.arange(5.0), "y": -np.arange(5.0)}, DAYS)


def test_labelled_rows_are_found_in_any_order():
    found = aligned_exog(FRAME[::-1], DAYS[1:4], "exog")
    assert_array_equal(found, FRAME[1:4])
    assert_array_equal(aligned_exog(FRAME["x"], DAYS, "exog"), FRAME[["x"]])


def test_plain_dates_are_dates():
    rows = FRAME.set_axis(DAYS.date)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(aligned_exog(rows, DAYS, "exog"), FRAME)


def test_rows_without_labels_come_in_order():
    assert_array_equal(aligned_exog(FRAME.to_numpy(), DAYS, "exog"), FRAME)
    assert_array_equal(aligned_exog([1, 2], DAYS[:2], "exog"), [[1], [2]])


def test_columns_are_matched_by_name():
    found = aligned_exog(
        FRAME[["y", "x"]], DAYS, "exog", names=FRAME.columns, n_columns=2
    )
    assert_array_equal(found, FRAME)


def test_skipped_rows_need_not_be_known():
    found = aligned_exog(FRAME[2:], DAYS, "exog", n_skipped=2)
    assert_array_equal(found[2:], FRAME[2:])
    assert np.isnan(found[:2]).all()


WRONG = {
    "rows": (np.ones((4, 2)), "exog has 4 rows, but 5 are needed: from 2024-01-01 to"),
    "columns": (np.ones((5, 3)), "exog has 3 columns, but fit saw 2"),
    "label": (FRAME.drop(DAYS[2]), "exog has no row for 2024-01-03; its rows go from"),
    "none": (FRAME[:0], "exog has no row for 2024-01-01; it has no rows. Give one"),
    "name": (FRAME[["x"]], "exog lacks the column 'y'. Give the columns ['x', 'y']"),
    "more": (FRAME.assign(z=1), "exog has a column 'z' too many"),
    "twice": (pd.concat([FRAME, FRAME]), "2024-01-01 more than once. Keep one row"),
    "gap": (FRAME.mask(FRAME == 3), "exog has NaN at 2024-01-04, column 'x'. Fill"),
    "labels of text": (
        FRAME.set_axis(DAYS.astype(str)),
        f"exog has labels of dtype {DAYS.astype(str).dtype}, but the series has "
        f"{DAYS.dtype}. Turn them into dates with pandas.to_datetime.",
    ),
    "another time zone": (FRAME.tz_localize("UTC"), "Bring both into one time zone"),
    "periods": (FRAME.to_period("D"), "Turn them into dates with to_timestamp."),
    "numbers": (FRAME.set_axis(range(5)), "labels of dtype int64, but the series has"),
    "no columns": (FRAME[[]], "exog lacks the column 'x'"),
    "array of dates as text": (
        np.array(DAYS.astype(str)),
        "exog holds text, for example '2024-01-01'. Give numbers, with dates as the in",
    ),
    "text": (FRAME.assign(x="a"), "Column 'x' of exog holds text, for example 'a'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_covariates_are_refused(case):
    exog, message = WRONG[case]
    with pytest.raises(ValueError) as error:
        aligned_exog(exog, DAYS, "exog", names=FRAME.columns, n_columns=2)
    assert message in str(error.value)
