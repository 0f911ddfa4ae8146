"""One column of texts, and the words of a text, checked."""

import math
import reprlib
from collections.abc import Iterable

import numpy as np

FORMS = "Give a list of texts, an array or a column of them"


def check_texts(X):
    """Check that X is one column of texts.

    Parameters
    ----------
    X : array-like of str of shape (n,) or (n, 1)
        What the user gave.

    Returns
    -------
    list of str
        The texts.

    Raises
    ------
    ValueError
        If it is a single text, has several columns or no rows, or texts are missing.
    TypeError
        If something else than text is among them.
    """
    if isinstance(X, (str, bytes)):
        raise ValueError(
            f"X={reprlib.repr(X)} is a single text, but several are expected. {FORMS}, "
            "or [X] for one."
        )
    shape = getattr(X, "shape", None)
    if shape is None:
        if not isinstance(X, Iterable) or isinstance(X, (dict, set)):
            raise TypeError(f"X is {reprlib.repr(X)}, but texts are expected. {FORMS}.")
        texts = list(X)
    elif len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        texts = np.asarray(X, dtype=object).ravel().tolist()
    else:
        raise ValueError(
            f"X has shape {shape}, but one column of texts is expected. {FORMS}, or "
            "choose the column in a ColumnTransformer."
        )
    if not texts:
        raise ValueError(f"X has no texts. {FORMS}.")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise _no_text(i, text)
    return texts


def _no_text(i, value):
    """An error that says what is no text."""
    is_nan = isinstance(value, float) and math.isnan(value)
    if value is None or is_nan or type(value).__name__ == "NAType":
        return ValueError(
            f"X[{i}] is {value}, but a text is expected. Fill gaps first, for example "
            "by Series.fillna('')."
        )
    remedy = "Turn numbers and other objects into text by str."
    if isinstance(value, bytes):
        remedy = "Decode it, for example by bytes.decode('utf-8')."
    return TypeError(
        f"X[{i}] is {reprlib.repr(value)} of type {type(value).__name__}, but a text "
        f"is expected. {remedy}"
    )


def check_words(words, name, text):
    """Check what a user's function made of a text.

    Parameters
    ----------
    words : iterable of str
        What it returned.
    name : str
        The parameter that is the function.
    text : str
        What it was given.

    Returns
    -------
    list of str
        The words.

    Raises
    ------
    ValueError
        If it returned anything else.
    """
    if isinstance(words, Iterable) and not isinstance(words, (str, bytes)):
        found = list(words)
        if all(isinstance(word, str) for word in found):
            return found
        words = found
    raise ValueError(
        f"{name} returned {reprlib.repr(words)} for the text {reprlib.repr(text)}, but "
        "a list of words is expected. Give a function that returns a list of str."
    )
