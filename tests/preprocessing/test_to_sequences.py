"""Windows of a series and their targets: none is lost, none sees what it predicts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from skdl.preprocessing import to_sequences

N = 30
DAYS = pd.date_range("2026-01-01", periods=N, name="day")


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


def frame(index=DAYS):
    return pd.DataFrame(numbers(N, 3), index, ["load", "wind", "sun"])


# -- windows and targets ---------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 3, 7])
@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 6, 25])
@pytest.mark.parametrize("shape", [(N,), (N, 1), (N, 3)], ids=str)
def test_windows_and_targets_equal_slices(shape, size, horizon, step):
    obs = numbers(*shape)
    X, y = to_sequences(obs, size, horizon=horizon, step=step)
    starts = range(0, N - size - horizon + 1, step)
    assert_array_equal(X, [obs[i : i + size].reshape(size, -1) for i in starts])
    after = [obs[i + size : i + size + horizon] for i in starts]
    if horizon == 1:
        assert_array_equal(y, [a[0] for a in after])
    else:
        assert_array_equal(y.reshape(len(y), horizon, *shape[1:]), after)
        assert y.ndim == 2


def test_no_window_is_lost():
    for size in range(1, 10):
        for horizon in range(1, 11 - size):
            X, y = to_sequences(np.arange(10), size, horizon=horizon)
            assert len(X) == len(y) == 10 - size - horizon + 1
            assert X[-1, -1, 0] == 9 - horizon


def test_nothing_is_copied():
    for obs in (numbers(N), numbers(N, 3), np.arange(N), numbers(N).astype("float32")):
        for horizon in (1, 4):
            X, y = to_sequences(obs, 5, horizon=horizon)
            assert X.dtype == y.dtype == obs.dtype
            assert np.shares_memory(X, obs)
            assert np.shares_memory(y, obs)
            assert not X.flags.writeable
            assert not y.flags.writeable
            assert obs.flags.writeable
    series = frame()["load"]
    assert np.shares_memory(to_sequences(series, 5)[0], series.to_numpy())


def test_targets_fit_into_any_regressor():
    time = np.arange(200.0)
    obs = np.column_stack([np.sin(time / 5), np.cos(time / 7)])
    X, y = to_sequences(obs, 4, horizon=3)
    model = LinearRegression().fit(X.reshape(len(X), -1), y)
    predicted = model.predict(X.reshape(len(X), -1))
    assert r2_score(y, predicted) > 0.999  # of two waves, whose recursions have 4 terms
    assert_array_equal(y.reshape(-1, 3, 2)[:, 1], obs[5:-1])


@pytest.mark.parametrize(
    "kind",
    [list, tuple, pd.Series, lambda values: values.astype(object)],
    ids=["list", "tuple", "series", "objects"],
)
def test_other_forms_of_a_series(kind):
    values = numbers(N)
    X, y = to_sequences(kind(values), 5)
    expected_X, expected_y = to_sequences(values, 5)
    assert_array_equal(X, expected_X)
    assert X.dtype == float
    assert_array_equal(y, expected_y)


# -- other targets ---------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize(
    ("targets", "columns"),
    [(1, 1), (-1, 2), ([0, 2], [0, 2]), ([1], [1]), (np.int64(0), 0)],
    ids=str,
)
def test_columns_of_an_array(targets, columns, horizon):
    obs = numbers(N, 3)
    X, y = to_sequences(obs, 5, horizon=horizon, targets=targets)
    assert_array_equal(X, to_sequences(obs, 5, horizon=horizon)[0])
    assert_array_equal(y, to_sequences(obs[:, columns], 5, horizon=horizon)[1])


@pytest.mark.parametrize("horizon", [1, 3])
def test_another_series_as_targets(horizon):
    obs, targets = numbers(N, 2), np.arange(N)
    X, y = to_sequences(obs, 5, horizon=horizon, targets=targets)
    assert_array_equal(X, to_sequences(obs, 5, horizon=horizon)[0])
    assert_array_equal(y, to_sequences(targets, 5, horizon=horizon)[1])
    assert np.shares_memory(y, targets)
    as_list = to_sequences(obs, 5, horizon=horizon, targets=targets.tolist())[1]
    assert_array_equal(as_list, y)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series], ids=lambda k: k.__name__)
def test_targets_may_be_classes(kind):
    weather = ["rain", "sun", "snow"] * 10
    _, y = to_sequences(numbers(N), 4, step=2, targets=kind(weather))
    assert list(y) == weather[4::2]


def test_categories_stay_categories():
    weather = pd.Series(pd.Categorical(["rain", "sun", "snow"] * 10))
    _, y = to_sequences(numbers(N), 4, targets=weather)
    assert_series_equal(y, weather[4:])


# -- pandas ----------------------------------------------------------------------------


def test_series_keeps_name_and_times():
    load = frame()["load"]
    X, y = to_sequences(load, 5, step=4)
    assert_array_equal(X, to_sequences(load.to_numpy(), 5, step=4)[0])
    assert_series_equal(y, load.iloc[5::4])


def test_frame_keeps_columns_and_times():
    X, y = to_sequences(frame(), 5)
    assert_array_equal(X, to_sequences(frame().to_numpy(), 5)[0])
    assert_frame_equal(y, frame().iloc[5:])
    _, y = to_sequences(frame(), 5, targets="wind")
    assert_series_equal(y, frame()["wind"].iloc[5:])
    _, y = to_sequences(frame(), 5, targets=["sun", "load"])
    assert_frame_equal(y, frame()[["sun", "load"]].iloc[5:])
    assert_frame_equal(to_sequences(frame(), 5, targets=[2, 0])[1], y)


def test_a_longer_horizon_has_columns_for_its_steps():
    load = frame()["load"]
    _, y = to_sequences(load, 5, horizon=3, step=2)
    times = load.index[5:28:2]
    assert list(y.columns) == [1, 2, 3]
    assert_index_equal(y.index, times)
    for ahead in (1, 2, 3):  # the row of a time has what was observed later
        later = load.loc[times + pd.Timedelta(days=ahead - 1)]
        assert_array_equal(y[ahead], later)


def test_a_longer_horizon_of_a_frame_has_pairs_of_step_and_column():
    data = frame()
    _, y = to_sequences(data, 5, horizon=2)
    assert_array_equal(y, to_sequences(data.to_numpy(), 5, horizon=2)[1])
    assert y.columns.names == ["step", "target"]
    by_step = y[2]
    assert_array_equal(by_step, data.iloc[6:])
    assert list(by_step.columns) == list(data.columns)
    assert_array_equal(y[1, "wind"], data["wind"].iloc[5:-1])
    assert_index_equal(y.index, data.index[5:-1])


def test_pandas_targets_of_an_array():
    target = pd.Series(np.arange(N), DAYS, name="sold")
    _, y = to_sequences(numbers(N, 2), 5, targets=target)
    assert_series_equal(y, target.iloc[5:])


def test_other_dtypes_of_a_frame_become_floats():
    data = frame().assign(
        count=pd.Series(range(N), DAYS, dtype="Int64"), holiday=[True, False] * 15
    )
    X, _ = to_sequences(data, 5)
    assert X.dtype == float
    assert_array_equal(X[0], data.iloc[:5].astype(float))


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 5 + N),
        DAYS.to_period("D"),
        DAYS.tz_localize("Europe/Berlin"),
        DAYS - DAYS[0],
        pd.Index(DAYS.date),
        pd.Index([f"day {i % 7}" for i in range(N)]),  # names have no order
    ],
    ids=["numbers", "periods", "time zone", "durations", "dates", "text"],
)
def test_indices(index):
    data = frame(index)
    assert_index_equal(to_sequences(data, 5)[1].index, index[5:])


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("Int64", "int64"), ("Float32", "float32"), ("int64", "int64")],
    ids=str,
)
def test_dtype_of_targets_does_not_depend_on_the_horizon(dtype, expected):
    series = pd.Series(range(N), DAYS, dtype=dtype, name="sold")
    data = series.to_frame()
    others = {"targets": series}
    for horizon in (1, 2):
        options = {"size": 5, "horizon": horizon}
        for y in (
            to_sequences(series, **options)[1],
            to_sequences(data, **options)[1],
            to_sequences(data, targets="sold", **options)[1],
            to_sequences(numbers(N), **options, **others)[1],
        ):
            assert set(np.atleast_1d(y.dtypes)) == {np.dtype(expected)}
            assert_array_equal(
                y.to_numpy().reshape(len(y), -1)[0], range(5, 5 + horizon)
            )


# -- what is refused -------------------------------------------------------------------


def gap(value=np.nan, index=DAYS):
    data = frame(index)
    data.iloc[7, 1] = value
    return data


@pytest.mark.parametrize(
    ("size", "horizon", "least"), [(30, 1, 31), (25, 6, 31), (10**9, 1, 10**9 + 1)]
)
def test_too_short_a_series(size, horizon, least):
    message = f"^size={size} and horizon={horizon} need at least {least} observations, "
    with pytest.raises(ValueError, match=message + "but obs has 30. Take smaller"):
        to_sequences(numbers(N), size, horizon=horizon)
    assert len(to_sequences(numbers(N), 29)[0]) == 1


@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None])
@pytest.mark.parametrize("name", ["size", "horizon", "step"])
def test_sizes_are_positive_integers(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of to_seq"):
        to_sequences(numbers(N), **{"size": 3, name: value})


REFUSED = {
    "gap": (gap(), r"obs has NaN at 2026-01-08 \(observation 7\), column 'wind'. Fill"),
    "gap by the hour": (
        gap(index=pd.date_range("2026-01-01", periods=N, freq="h")),
        "obs has NaN at 2026-01-01 07:00:00",
    ),
    "gap in an array": (
        gap().to_numpy(),
        "obs has NaN at observation 7, column 1. Fill",
    ),
    "gap in a list": ([1.0, None, 2.0, 3.0, 4.0], "obs has NaN at observation 1. Fill"),
    "gap in a series": (
        gap()["wind"],
        r"obs has NaN at 2026-01-08 \(observation 7\)\.",
    ),
    "gap of pandas": (
        pd.Series([1, 2, None, 4, 5], dtype="Int64"),
        "obs has NaN at 2",
    ),
    "infinity": (gap(np.inf), "obs has infinity at 2026-01-08"),
    "text": (frame().assign(sky="grey"), "Column 'sky' of obs holds text.*'grey'"),
    "text in a list": (list("abcdef"), "obs holds text, for example 'a'"),
    "dates": (frame().reset_index(), "Column 'day' of obs holds dates"),
    "falling times": (
        frame().iloc[::-1],
        r"index of obs is not sorted: 2026-01-29 comes after 2026-01-30. Sort",
    ),
    "times out of order": (
        frame().iloc[[0, 1, 2, 5, 4, 6]],
        "not sorted: 2026-01-05 comes after 2026-01-06",
    ),
    "unsorted dates": (
        frame(pd.Index(DAYS.date)).iloc[::-1],
        "not sorted: 2026-01-29 comes after 2026-01-30",
    ),
    "unsorted periods": (frame(DAYS.to_period("D")).iloc[::-1], "not sorted"),
    "shuffled rows": (
        frame(pd.RangeIndex(N)).sample(frac=1, random_state=0),
        "not sorted",
    ),
    "a time twice": (
        frame().iloc[[0, 1, 1, 2, 3]],
        "index of obs has 2026-01-02 more than once. Keep one",
    ),
    "a time far apart twice": (frame().iloc[[0, 1, 2, 3, 0]], "2026-01-01 more than"),
    "no time": (
        frame(DAYS.where(np.arange(N) != 4)),
        "index of obs has no time at observation 4. Drop",
    ),
    "several levels": (
        frame().set_index("sun", append=True),
        "index of obs has 2 levels, but one series",
    ),
    "three axes": (numbers(2, N, 3), r"obs has shape \(2, 30, 3\), but a series"),
    "a number": (3.0, r"obs has shape \(\), but a series"),
    "no columns": (frame()[[]], r"obs has shape \(30, 0\)"),
    "rows of different length": ([[1, 2], [3]], "obs is no sequence of numbers"),
    "complex numbers": (numbers(N) + 1j, "Complex data not supported: obs"),
}


@pytest.mark.parametrize(("obs", "message"), REFUSED.values(), ids=list(REFUSED))
def test_other_series_are_refused_in_a_sentence(obs, message):
    with pytest.raises(ValueError, match=message):
        to_sequences(obs, 3)


def test_an_object_is_no_series():
    with pytest.raises(TypeError, match=r"obs is \{\}, which is no array of numbers"):
        to_sequences({}, 3)


WRONG_TARGETS = {
    "length": (np.arange(N - 1), r"targets has shape \(29,\), but obs has 30"),
    "axes": (numbers(N, 2, 2), r"targets has shape \(30, 2, 2\)"),
    "name": ("rain", r"targets='rain' is no column of obs, which has \['load', 'wind'"),
    "truth": (True, "targets=True is no column of obs, and no series. Give the name"),
    "number": ([0, 3], r"targets=3 is no column of obs"),
    "index": (frame()["load"].iloc[::-1], "targets and obs have different indices"),
    "gap": (gap()["wind"], r"targets has NaN at 2026-01-08 \(observation 7\)"),
    "missing class": (["rain"] * 29 + [None], "targets has NaN at observation 29"),
}


@pytest.mark.parametrize(
    ("targets", "message"), WRONG_TARGETS.values(), ids=list(WRONG_TARGETS)
)
def test_other_targets_are_refused_in_a_sentence(targets, message):
    with pytest.raises(ValueError, match=message):
        to_sequences(frame(), 3, targets=targets)


def test_a_single_series_has_no_columns():
    with pytest.raises(ValueError, match="targets=0 chooses columns, but obs has one"):
        to_sequences(numbers(N), 3, targets=0)


def test_gaps_in_targets_of_no_window_do_not_matter():
    targets = np.r_[np.nan, np.nan, np.arange(2.0, N)]
    assert_array_equal(to_sequences(numbers(N), 2, targets=targets)[1], targets[2:])
    with pytest.raises(ValueError, match="targets has NaN at observation 1"):
        to_sequences(numbers(N), 1, targets=targets)
