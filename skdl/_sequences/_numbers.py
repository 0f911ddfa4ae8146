"""Arrays of numbers from whatever holds numbers."""

import reprlib

import numpy as np

from skdl._validation import DATES

FILL = "Fill gaps first, for example by DataFrame.interpolate or SimpleImputer."


def as_numbers(values, name, forms):
    """An array of numbers; not copied if it is one.

    Parameters
    ----------
    values : array-like
        An array, nested lists, a series or a frame.
    name : str
        What it is called in messages.
    forms : str
        What to give instead, for the message.

    Returns
    -------
    ndarray
        Of booleans, integers or floats; gaps are NaN.

    Raises
    ------
    ValueError
        For text, dates, complex numbers, and rows that differ in shape.
    TypeError
        For other objects.
    """
    try:
        array = _as_array(values)
    except ValueError:
        raise ValueError(
            f"{name} is no sequence of numbers: its steps differ in shape. Give every "
            "step the same features."
        ) from None
    kind = array.dtype.kind
    if kind in "biuf":
        return array
    text = array.ravel()[:1] if kind in "US" else ()
    if kind == "O":
        text = [v for v in array.ravel() if isinstance(v, (str, bytes))]
    if len(text):
        raise ValueError(
            f"{name} holds text, for example {str(text[0])!r}. Turn text into numbers "
            "first, for example by OrdinalEncoder, or by skdl's TextSequences."
        )
    if kind in "mM":
        raise ValueError(f"{name} holds dates or times. {DATES}")
    if kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} has complex numbers. Give real and "
            "imaginary parts as two features."
        )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} is {reprlib.repr(values)}, which is no array of numbers. Give "
            f"{forms}."
        ) from None


def is_finite(values):
    """Whether all values are finite, quickly.

    Parameters
    ----------
    values : ndarray
        Numbers.

    Returns
    -------
    bool
        Seldom False though they are, since sums overflow.
    """
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum()))


def _as_array(values):
    """An array of any dtype; of dates, should a frame hold some."""
    if not hasattr(values, "iloc"):
        return np.asarray(values)
    dtypes = np.atleast_1d(values.dtypes)
    if all(isinstance(d, np.dtype) and d.kind in "biuf" for d in dtypes):
        return values.to_numpy(np.result_type(*dtypes) if len(dtypes) else None)
    kinds = {getattr(d, "kind", "O") for d in dtypes}
    if kinds & set("mM"):
        return np.empty(0, "M8[s]")
    if not kinds <= set("biuf"):
        return values.to_numpy()
    return values.to_numpy(np.float64, na_value=np.nan)  # pandas' own dtypes
