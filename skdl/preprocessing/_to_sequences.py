"""Windows of a series, and what follows them."""

import numbers

import numpy as np

from skdl._sequences import FILL, as_numbers, flat_windows, is_finite, windows
from skdl._validation import Interval, validate_params

POSITIVE = [Interval(numbers.Integral, 1, None, closed="left")]
FORMS = "a series of shape (n_observations,) or (n_observations, n_features)"

# what pandas infers of indices that have to be sorted
ORDERED = "date datetime datetime64 floating integer period timedelta timedelta64"


@validate_params(
    {"size": POSITIVE, "horizon": POSITIVE, "step": POSITIVE},
    prefer_skip_nested_validation=True,
)
def to_sequences(obs, size, *, horizon=1, step=1, targets=None):
    """Cut a series into windows, each with what follows it.

    Window ``i`` holds the observations from ``i * step`` to ``i * step + size - 1``;
    its target is the next one, or the next `horizon`. All windows that have a target
    are there: ``len(obs) - size - horizon + 1`` of them for a step of one, every
    `step`-th of these else.

    Parameters
    ----------
    obs : array-like of shape (n_observations,) or (n_observations, n_features)
        The series, oldest first: an array, a list, a pandas series or frame.
    size : int
        Observations in a window.
    horizon : int, default=1
        How many of the following observations are the target.
    step : int, default=1
        From the start of one window to that of the next; ``size`` gives windows without
        common observations.
    targets : array-like of shape (n_observations,) or (n_observations, n_targets), \
str, int, or list of str or int, default=None
        What is to be predicted, at the times of `obs`. None takes `obs` itself; names
        or numbers choose columns of it. Anything else is another series of equal
        length, which may also hold classes. A list is one of columns, unless it has a
        value for each observation.

    Returns
    -------
    X : ndarray of shape (n_windows, size, n_features)
        The windows; one feature if `obs` has one axis.
    y : ndarray, Series or DataFrame of shape (n_windows,), (n_windows, n_targets), \
(n_windows, horizon) or (n_windows, horizon * n_targets)
        Targets as ``fit`` takes them: one axis if both the targets and the horizon have
        one value for each time, else two. With several targets, those of the first
        step come first, and ``y.reshape(len(y), horizon, n_targets)`` gives three
        axes. If the targets are pandas, so is y: its index holds the time of each
        first target, and for a longer horizon its columns are steps ahead (1, 2, ...),
        or pairs of step and target.

    Raises
    ------
    ValueError
        If the series is too short or has gaps, its index is not sorted or has
        duplicates, it holds text, or the targets do not fit it.
    TypeError
        If `obs` is no array of numbers.

    See Also
    --------
    PerFeature : Scale the features of such windows.

    Notes
    -----
    X repeats each observation in up to `size` windows, but takes no memory: it is a
    read-only view of `obs`, and so are targets that are arrays. To change values, copy
    them first, by ``X.copy()``. Data are copied only if they are no numbers of NumPy,
    or lie column by column in memory.

    Windows that overlap share observations. Keep training and test apart by cutting the
    series first, then each part into windows.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.preprocessing import to_sequences
    >>> X, y = to_sequences(np.arange(7), size=3)
    >>> X[..., 0]
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4],
           [3, 4, 5]])
    >>> y
    array([3, 4, 5, 6])
    >>> X, y = to_sequences(np.arange(7), size=3, horizon=2)
    >>> y
    array([[3, 4],
           [4, 5],
           [5, 6]])

    A frame keeps its times, and the target may be one column of it.

    >>> import pandas as pd
    >>> days = pd.date_range("2026-01-01", periods=5, name="day")
    >>> frame = pd.DataFrame({"load": [5, 6, 7, 8, 9], "wind": [3, 1, 4, 1, 5]}, days)
    >>> X, y = to_sequences(frame, size=3, targets="load")
    >>> X.shape
    (2, 3, 2)
    >>> y
    day
    2026-01-04    8
    2026-01-05    9
    Freq: D, Name: load, dtype: int64
    """
    obs = _of_numpy(obs)
    values = _observations(obs)
    following = obs if targets is None else _of_numpy(_targets(targets, obs))
    labels = values if targets is None else np.asarray(following)
    if not labels.ndim:
        raise ValueError(
            f"targets={targets!r} is no column of obs, and no series. Give the name or "
            "the number of a column, or one target for each observation."
        )
    if labels.ndim not in (1, 2) or len(labels) != len(values):
        raise ValueError(
            f"targets has shape {labels.shape}, but obs has {len(values)} "
            "observations. Give one target, or one row of targets, for each of them."
        )
    if len(values) < size + horizon:
        raise ValueError(
            f"size={size} and horizon={horizon} need at least {size + horizon} "
            f"observations, but obs has {len(values)}. Take smaller windows, or give "
            "more observations."
        )
    _refuse_gaps(values, obs, "obs")
    if targets is not None:
        _refuse_gaps(labels, following, "targets", first=size)
    columns = values if values.ndim == 2 else values[:, np.newaxis]
    X = windows(columns[: len(columns) - horizon], size, step)
    if horizon > 1:
        y = flat_windows(labels[size:], horizon, step)
        if hasattr(following, "iloc"):
            y = _as_frame(y, following, following.index[size::step][: len(y)], horizon)
    elif hasattr(following, "iloc"):
        y = following.iloc[size::step]
    else:
        y = labels[size::step]
        y.flags.writeable = False
    return X, y


def _observations(obs):
    """The series as an array of numbers; its index is checked."""
    if hasattr(obs, "iloc") and obs.ndim == 2:
        for i, name in enumerate(obs.columns):
            as_numbers(obs.iloc[:, i], f"Column {name!r} of obs", FORMS)
    values = as_numbers(obs, "obs", FORMS)
    if values.ndim not in (1, 2) or (values.ndim == 2 and not values.shape[1]):
        raise ValueError(
            f"obs has shape {values.shape}, but {FORMS} is expected. Cut several "
            "series one by one, and join the windows by np.concatenate."
        )
    if hasattr(obs, "iloc"):
        _check_index(obs.index)
    return values


def _check_index(index):
    """Times and numbers are sorted and differ; they belong to one series."""
    if index.nlevels > 1:
        raise ValueError(
            f"The index of obs has {index.nlevels} levels, but one series is expected. "
            "Cut the series one by one, for example by groupby, and join the windows."
        )
    if index.inferred_type not in ORDERED.split():
        return
    if index.hasnans:
        raise ValueError(
            f"The index of obs has no time at observation {index.isna().argmax()}. "
            "Drop such observations, by obs[obs.index.notna()]."
        )
    if index.has_duplicates:
        twice = index[index.duplicated()][0]
        raise ValueError(
            f"The index of obs has {_told(twice)} more than once. Keep one observation "
            "for each time, for example by obs.groupby(level=0).mean()."
        )
    if not index.is_monotonic_increasing:
        falls = int(np.argmax(index[1:] < index[:-1]))
        raise ValueError(
            f"The index of obs is not sorted: {_told(index[falls + 1])} comes after "
            f"{_told(index[falls])}. Sort it first, by obs.sort_index()."
        )


def _of_numpy(data):
    """Series and frames with NumPy's numbers instead of pandas' own."""
    if not hasattr(data, "iloc"):
        return data
    if data.ndim == 2:
        if all(map(_is_of_numpy, data.dtypes)):
            return data
        import pandas as pd

        columns = [_of_numpy(data.iloc[:, i]) for i in range(data.shape[1])]
        return pd.concat(columns, axis=1).set_axis(data.columns, axis=1)
    if _is_of_numpy(data.dtype):
        return data
    if data.hasnans:
        values = data.to_numpy(np.float64, na_value=np.nan)
    else:
        values = data.to_numpy(data.dtype.numpy_dtype)
    return type(data)(values, data.index, name=data.name)


def _is_of_numpy(dtype):
    """Whether it is none of pandas' own dtypes of numbers."""
    return getattr(getattr(dtype, "numpy_dtype", None), "kind", "") not in set("biuf")


def _targets(targets, obs):
    """Another series, or columns of `obs`."""
    columns = _columns(targets, obs)
    if columns is not None:
        if np.ndim(obs) != 2:
            raise ValueError(
                f"targets={targets!r} chooses columns, but obs has one axis only. Give "
                "a frame or an array of two axes, or the targets themselves."
            )
        places = [_place(c, obs) for c in columns]
        chosen = slice(None), places if isinstance(targets, list) else places[0]
        return obs.iloc[chosen] if hasattr(obs, "iloc") else np.asarray(obs)[chosen]
    both = hasattr(targets, "iloc") and hasattr(obs, "iloc")
    if both and not targets.index.equals(obs.index):
        raise ValueError(
            "targets and obs have different indices. Bring them to one, for example by "
            "targets.reindex(obs.index)."
        )
    return targets


def _columns(targets, obs):
    """Names or numbers of columns; None if targets are values."""
    chosen = targets if isinstance(targets, list) else [targets]
    if isinstance(targets, list) and len(targets) == len(obs):
        return None
    are_columns = all(
        isinstance(c, (str, numbers.Integral)) and not isinstance(c, bool)
        for c in chosen
    )
    return chosen if chosen and are_columns else None


def _place(column, obs):
    """The number of a column from its name or number."""
    names = list(getattr(obs, "columns", range(np.shape(obs)[1])))
    if isinstance(column, str) and names.count(column) == 1:
        return names.index(column)
    n_columns = len(names)
    if not isinstance(column, str) and -n_columns <= column < n_columns:
        return int(column)
    raise ValueError(
        f"targets={column!r} is no column of obs, which has {names}. Choose among them."
    )


def _refuse_gaps(values, original, name, first=0):
    """Refuse NaN and infinity, saying where; also None and NaT among targets."""
    values = values[first:]
    if values.dtype.kind in "biuf":
        if is_finite(values):
            return
        is_gap = ~np.isfinite(values)
    else:  # classes
        from pandas import isna

        is_gap = isna(values)
    if not is_gap.any():
        return
    row, *column = np.argwhere(is_gap)[0]
    what = "infinity" if values[row, *column] in (np.inf, -np.inf) else "NaN"
    place = f"observation {first + row}"
    if hasattr(original, "iloc"):
        place = f"{_told(original.index[first + row])} ({place})"
        column = [repr(original.columns[c]) for c in column]
    place += f", column {column[0]}" if column else ""
    raise ValueError(f"{name} has {what} at {place}. {FILL}")


def _told(label):
    """An entry of an index, in few words."""
    return str(label).removesuffix(" 00:00:00")


def _as_frame(y, following, index, horizon):
    """Targets of several steps, with names for their columns."""
    import pandas as pd

    steps, names = range(1, horizon + 1), getattr(following, "columns", None)
    if names is None:
        columns = pd.Index(steps, name="step")
    else:
        levels = ["step", names.name or "target"]
        columns = pd.MultiIndex.from_product([steps, names], names=levels)
    return pd.DataFrame(y, index, columns)
