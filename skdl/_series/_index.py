"""Labels of observations: checked, and continued into the future."""

import numpy as np

REGULAR = (
    "Insert what is missing (asfreq or reindex, then interpolate), or pass the values "
    "as an array."
)
SPLITS = "Rows of a split must follow each other: take TimeSeriesSplit, or backtest."

DATES = "Turn them into dates with pandas.to_datetime."
# kind of labels, kind that is needed -> what turns one into the other
CONVERSIONS = {
    ("text", "date"): DATES,
    ("text", "period"): "Turn them into periods with pandas.PeriodIndex.",
    ("date", "date"): "Bring both into one time zone, with tz_localize or tz_convert.",
    ("date", "period"): "Turn them into periods with to_period.",
    ("period", "date"): "Turn them into dates with to_timestamp.",
    ("period", "period"): "Bring both to one frequency, with asfreq.",
}


def checked_index(index, argument, freq=None):
    """Check that labels ascend in equal steps, and find the step.

    Parameters
    ----------
    index : pandas.Index
        Dates, periods, durations or whole numbers.
    argument : str
        What it belongs to, for the message.
    freq : object, default=None
        The step that is known from before; None finds it.

    Returns
    -------
    object
        The step: an offset of pandas, or an int.

    Raises
    ------
    ValueError
        If labels are not sorted, occur twice, are missing, or are of another kind.
    """
    import pandas as pd

    known = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    if not isinstance(index, known) and index.dtype.kind not in "iu":
        raise _unknown_kind(index, argument)
    if index.hasnans:
        place = int(np.flatnonzero(index.isna())[0])
        raise ValueError(
            f"The index of {argument} has no label at position {place}. Give every "
            "observation its time."
        )
    _refuse_disorder(index, argument)
    if freq is not None:
        _refuse_other_steps(index, freq, argument)
        return freq
    freq = _step(index)
    if freq is None:
        _refuse_irregular(index, argument)
    if len(index) and not _goes_by(index, freq):
        place = _out_of_step(index, freq)
        raise _irregular(index, place, argument, f"{REGULAR} {SPLITS}")
    return freq


def check_same_kind(index, before, argument, whose="fit saw"):
    """Check that labels are what they were in fit: dates, periods, or numbers.

    Parameters
    ----------
    index, before : pandas.Index
        Labels of now and of fit.
    argument : str
        What they belong to, for the message.
    whose : str, default="fit saw"
        Where the others are from, if not from fit.

    Raises
    ------
    ValueError
        If they are of another kind, or in another time zone.
    """
    same = index.dtype.kind == before.dtype.kind
    if {index.dtype.kind, before.dtype.kind} <= set("iuf"):
        same = True
    elif same and index.dtype.kind in "mM":
        # by name, as time zones of the same name may be different objects
        same = str(getattr(index, "tz", None)) == str(getattr(before, "tz", None))
    elif same and index.dtype.kind == "O":
        same = index.dtype == before.dtype  # periods of a frequency
    if not same:
        kinds = _kind(index), _kind(before)
        remedy = CONVERSIONS.get(kinds, "Give labels of the same kind.")
        raise ValueError(
            f"The index of {argument} has labels of dtype {index.dtype}, but {whose} "
            f"{before.dtype}. {remedy}"
        )


def _kind(index):
    """What labels are, as `CONVERSIONS` calls it."""
    if hasattr(index.dtype, "freq"):
        return "period"
    kinds = {"M": "date", "m": "duration"} | dict.fromkeys("iuf", "number")
    return kinds.get(index.dtype.kind, "text")


def continued(index, freq, n_steps):
    """The labels that follow.

    Parameters
    ----------
    index : pandas.Index
        Checked labels, at least one.
    freq : object
        What `checked_index` returned.
    n_steps : int
        How many.

    Returns
    -------
    pandas.Index
        Of the same kind and name.
    """
    return _from(index[-1:], freq, n_steps + 1)[1:].rename(index.name)


def _from(first, freq, n):
    """`n` labels from the one in `first` on."""
    import pandas as pd

    if isinstance(first, pd.PeriodIndex):
        return pd.period_range(first[0], periods=n, freq=freq)
    if isinstance(first, pd.DatetimeIndex):
        return pd.date_range(first[0], periods=n, freq=freq, unit=first.unit)
    if isinstance(first, pd.TimedeltaIndex):
        return pd.timedelta_range(first[0], periods=n, freq=freq, unit=first.unit)
    return pd.RangeIndex(first[0], first[0] + n * freq, freq)


def _refuse_disorder(index, argument):
    if index.is_monotonic_increasing and index.is_unique:
        return
    twice = index.duplicated()
    if twice.any():
        label = told(index, int(np.argmax(twice)))
        raise ValueError(
            f"The index of {argument} has {label} more than once. Keep one observation "
            "for each time, for example with groupby(level=0).mean()."
        )
    place = next(i for i in range(1, len(index)) if index[i] < index[i - 1])
    raise ValueError(
        f"The index of {argument} is not sorted: after {told(index, place - 1)} comes "
        f"{told(index, place)}. Sort it with sort_index(). {SPLITS}"
    )


def _step(index):
    """The step between labels, None if there is no such thing."""
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    if isinstance(index, pd.PeriodIndex):
        return index.freq
    if not isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return int(index[1] - index[0]) if len(index) > 1 else 1
    if index.freq is not None:
        return index.freq
    if len(index) == 2:
        return to_offset(index[1] - index[0])
    if len(index) < 2:
        return None
    inferred = _inferred(index)
    if inferred is not None and _goes_by(index, inferred):
        return inferred
    if len(set(np.diff(index.asi8))) == 1:  # days of UTC, told in another time zone
        return to_offset(index[1] - index[0])
    return _months(index)


def _inferred(index):
    """The step as pandas finds it, None if it finds none."""
    try:
        return type(index)(index, freq="infer").freq
    except ValueError:
        return None


def _months(index):
    """The step between dates of the same day of months, None if they are not."""
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex) or index[0].day > 28:
        return None
    months = np.diff(12 * index.year + index.month)
    step = pd.DateOffset(months=int(months[0]))
    return step if months[0] > 0 and _goes_by(index, step) else None


def _goes_by(index, freq):
    import pandas as pd

    if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)) and index.freq == freq:
        return True  # pandas has checked it
    return bool((_from(index[:1], freq, len(index)) == index).all())


def _refuse_other_steps(index, freq, argument):
    """Refuse labels that do not go by the step of before, naming both."""
    if not len(index) or _goes_by(index, freq):
        return
    own = _step(index) if len(index) > 2 else None
    if own is not None and _goes_by(index, own):
        raise ValueError(
            f"The index of {argument} goes in steps of {_told_step(own)}, but that of "
            f"fit in steps of {_told_step(freq)}. Give one of the same steps, for "
            "example by resample, or fit on such a series."
        )
    place = _out_of_step(index, freq)
    if place == 0:
        raise ValueError(
            f"The index of {argument} begins at {told(index, 0)}, where fit, in steps "
            f"of {_told_step(freq)}, had no label. Give labels as in fit."
        )
    expected = _from(index[place - 1 : place], freq, 2)
    remedy = f"By the steps of fit, {_told_step(freq)}, it is {told(expected, 1)}."
    raise _irregular(index, place, argument, f"{remedy} {REGULAR}")


def _told_step(freq):
    return str(getattr(freq, "freqstr", freq))


def _out_of_step(index, freq):
    """The place of the first label that is not what the step makes expect."""
    return int(np.flatnonzero(_from(index[:1], freq, len(index)) != index)[0])


def _refuse_irregular(index, argument):
    """Say where dates that follow no rule leave out the most."""
    if len(index) < 2:
        raise ValueError(
            f"{argument} has {len(index)} dates, too few to tell the step between "
            "them. Give at least three."
        )
    steps = np.diff(index.asi8)
    wide = np.flatnonzero(steps > 1.5 * np.median(steps))
    odd = wide if len(wide) else np.flatnonzero(steps != np.median(steps))
    raise _irregular(index, int(odd[0]) + 1, argument, f"{REGULAR} {SPLITS}")


def _unknown_kind(index, argument):
    """The error about labels that cannot be continued."""
    if index.nlevels > 1:
        return ValueError(
            f"The index of {argument} has {index.nlevels} levels. Give a dict of "
            "several series: {name: part.droplevel(0) for name, part in "
            f"{argument}.groupby(level=0)}}."
        )
    example, what = "", index.inferred_type
    if len(index):
        first = index[0]
        example = ", for example "
        example += repr(first) if isinstance(first, str) else str(first)
    if what in ("string", "date", "categorical"):
        remedy = "Turn it into dates with pandas.to_datetime"
    elif index.dtype.kind == "f":
        remedy = "Turn floats into whole numbers with index.astype(int)"
    else:
        remedy = "Give it dates or whole numbers"
    return ValueError(
        f"The index of {argument} holds neither dates nor whole numbers as pandas has "
        f"them, but labels of kind {what!r}{example}. {remedy}, or pass the values as "
        "an array."
    )


def _irregular(index, place, argument, remedy):
    return ValueError(
        f"The index of {argument} is not regular: after {told(index, place - 1)} comes "
        f"{told(index, place)}. {remedy}"
    )


def told(index, place):
    """A label as text: a date without its midnight.

    Parameters
    ----------
    index : pandas.Index
        Labels.
    place : int
        Which.

    Returns
    -------
    str
        For a message.
    """
    return str(index[place]).removesuffix(" 00:00:00")
