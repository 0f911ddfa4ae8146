"""One column of a table, read as numbers or as text."""

import datetime
from types import NoneType
from typing import NamedTuple

import numpy as np

from skdl._tables._frames import dtype_name, values_of
from skdl._validation import DATES, first_place

TIMES = (
    datetime.date,  # also datetime, Timestamp and NaT
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
)

# names of dtypes of pandas, Polars and Arrow begin so
CATEGORICAL = ("string", "large_string", "dictionary", "categorical", "enum")
KNOWN = 100  # categories of pandas' dtype; of more than these only those that occur


class Where(NamedTuple):
    """Which column it is, for messages.

    Parameters
    ----------
    column : str
        Its name in quotes, or its number.
    table : str
        The argument's name.
    """

    column: str
    table: str

    def __str__(self):
        return f"Column {self.column} of {self.table}"


class Column(NamedTuple):
    """What a column holds: numbers, or else text.

    Parameters
    ----------
    categorical : bool
        Whether ``categorical_features="from_dtype"`` makes it categorical.
    numbers : ndarray of shape (n_rows,), default=None
        float64, NaN where a value is missing.
    texts : list of str, default=None
        Those that occur, each once; at least one.
    index : ndarray of shape (n_rows,), default=None
        Which of `texts` a row has, -1 where it is missing.
    known : Column, default=None
        All categories of pandas' ``category`` dtype, whether they occur or not; None
        for other columns, for more than 100 categories, and where those that do not
        occur cannot be read together with the others.
    """

    categorical: bool
    numbers: np.ndarray | None = None
    texts: list | None = None
    index: np.ndarray | None = None
    known: "Column | None" = None

    @property
    def missing(self):
        """Where there is no value, an ndarray of bool."""
        return np.isnan(self.numbers) if self.texts is None else self.index < 0


def read_series(series, where):
    """Read a column of a frame.

    Parameters
    ----------
    series : Series
        Of pandas, Polars or Arrow.
    where : Where
        For messages.

    Returns
    -------
    Column
        Categorical if it is of a dtype for categories or text, or holds booleans.
    """
    dtype = dtype_name(series)
    if dtype == "category":  # pandas
        return _read_categories(series, where)
    column = read_values(values_of(series), where)
    if dtype == "str" or dtype.startswith(CATEGORICAL):
        return column._replace(categorical=True)  # also if all values are missing
    return column


def _read_categories(series, where):
    """A column of dtype ``category``, by its few categories."""
    index = series.cat.codes.to_numpy()
    categories = series.cat.categories
    occurs = np.bincount(index + 1, minlength=len(categories) + 1)[1:] > 0
    if str(categories.dtype).startswith("interval"):  # made by pandas.cut
        categories = categories.astype(str)
    found = read_values(values_of(categories[occurs]), where)
    known = _read_known(categories, where) if len(categories) <= KNOWN else None
    index = np.append(np.cumsum(occurs) - 1, -1)[index]
    if found.texts is not None:
        return found._replace(index=index, known=known)
    return Column(True, np.append(found.numbers, np.nan)[index], known=known)


def _read_known(categories, where):
    """All categories of a dtype, or None: those that do not occur may be anything."""
    try:
        known = read_values(values_of(categories), where)
    except (TypeError, ValueError):
        return None
    infinite = known.numbers is not None and np.isinf(known.numbers).any()
    return None if infinite else known


def read_values(values, where, *, parse=False):
    """Read a column of an array.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Of any dtype.
    where : Where
        For messages.
    parse : bool, default=False
        Whether text counts as numbers if all of it reads as numbers, as it does in
        scikit-learn's ``check_array``; booleans are 0 and 1 then, and no categories.

    Returns
    -------
    Column
        With text, or else with numbers.

    Raises
    ------
    ValueError
        For dates, complex numbers, or text beside numbers.
    TypeError
        For anything else that is neither text nor a number.
    """
    kind = values.dtype.kind
    if kind in "mM":
        raise ValueError(f"{where} holds dates or times. {DATES}")
    if kind in "biuf":
        return Column(kind == "b" and not parse, _float64(values))
    return _read_objects(values.astype(object, copy=False), where, parse)


def _read_objects(values, where, parse):
    kinds = {kind: _kind(kind) for kind in set(map(type, values))}
    found = set(kinds.values())

    def first(kind):
        return next(v for v in values if kinds[type(v)] == kind)

    if "time" in found:
        raise ValueError(f"{where} holds dates or times. {DATES}")
    if "complex" in found:
        raise ValueError(
            f"Complex data not supported: {where} holds {first('complex')}. Give real "
            "and imaginary parts as columns of their own."
        )
    if "other" in found:
        value = first("other")
        raise TypeError(
            f"{where} holds {value!r}, but its argument must be a string or a number, "
            f"not {type(value).__name__}. Turn the column into text, for example with "
            "astype(str), or drop it."
        )
    if "gap" in found:
        gaps = [kinds[type(v)] == "gap" for v in values]
        values = np.where(gaps, np.nan, values)
    if "text" not in found or (parse and _all_read_as_numbers(values)):
        present = {type(v) for v in values if v == v}
        categorical = bool(present) and present <= {bool, np.bool_} and not parse
        return Column(categorical, _numbers(values, where))
    strange = [v for v in values if kinds.get(type(v)) == "number" and v == v]
    if strange:
        raise ValueError(
            f"{where} holds both text and numbers, for example {first('text')!r} "
            f"and {strange[0]!r}. Turn all of it into text, for example with "
            "astype(str), or into numbers."
        )
    numbered = {}
    index = [
        numbered.setdefault(str(v), len(numbered)) if isinstance(v, str) else -1
        for v in values
    ]
    return Column(True, texts=list(numbered), index=np.array(index))


def _kind(kind):
    """What the values of a type are: a gap, text, a number, or not to be taken."""
    if kind is NoneType or kind.__name__ == "NAType":  # of pandas
        return "gap"
    if issubclass(kind, TIMES) or kind.__name__ == "Period":  # of pandas
        return "time"
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, complex | np.complexfloating):
        return "complex"
    if issubclass(kind, bytes | np.void | np.ndarray):
        return "other"
    return "number" if hasattr(kind, "__float__") else "other"  # also Decimal


def _all_read_as_numbers(values):
    try:
        values.astype(np.float64)
    except (ValueError, OverflowError):
        return False
    return True


def _numbers(values, where):
    """Objects that are numbers, or text that reads as numbers."""
    try:
        return _float64(values)
    except OverflowError:
        raise ValueError(
            f"{where} holds whole numbers too large for float64. Rescale it, for "
            "example with a logarithm."
        ) from None


def _float64(values):
    with np.errstate(over="ignore"):  # long doubles; infinity is refused
        return values.astype(np.float64, copy=False)


def refuse_infinity(X, where):
    """Refuse infinity, saying where it stands.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numbers; NaN is allowed.
    where : callable
        From the number of a column to its `Where`.

    Raises
    ------
    ValueError
        If there is infinity or minus infinity.
    """
    place = first_place(np.isinf, X)
    if place is None:
        return
    row, column = place
    column, table = where(column)
    raise ValueError(
        f"Input {table} contains infinity (row {row}, column {column}). Replace such "
        "values, with NaN if they stand for missing ones."
    )
