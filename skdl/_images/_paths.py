"""Paths of files, as X of an estimator."""

import os
import re
import reprlib

import numpy as np

DECODE = "If these are paths, decode them by os.fsdecode."  # of bytes
PATH = re.compile(r"[/\\]|\.[A-Za-z]\w*$")  # in text, apart from other text
FIRST = 100  # rows of a frame in which paths are sought


def looks_like_paths(X):
    """Whether X is meant as paths: one column with text or `os.PathLike` in it.

    Parameters
    ----------
    X : object
        What the user gave.

    Returns
    -------
    bool
        True also for a single path, and for paths with gaps between them, which
        `check_paths` then refuses in words.
    """
    if _is_path(X):
        return True
    column = _column(X)
    return column is not None and any(map(_is_path, column))


def check_paths(X, name="X"):
    """Check that X is one column of paths; the files are not looked at.

    Parameters
    ----------
    X : array-like of shape (n,) or (n, 1)
        Of str or `os.PathLike`: an array, a list, a series, or a frame of one column.
    name : str, default="X"
        The argument's name, for the message.

    Returns
    -------
    ndarray of shape (n,)
        Python's str as objects, ``~`` not expanded.

    Raises
    ------
    ValueError
        If it is no column, or empty.
    TypeError
        If a value is no path.
    """
    if _is_path(X) or isinstance(X, bytes):
        raise ValueError(
            f"{name}={X!r} is a single path, but several are expected. Give a list of "
            f"them, or [{name}] for one; load_image_folder lists the files of a folder."
        )
    column = _column(X)
    if column is None:
        raise _no_column(X, name)
    if not len(column):
        raise ValueError(f"{name} is empty. Give the path of at least one image.")
    paths = np.empty(len(column), dtype=object)
    for row, value in enumerate(column):
        path = os.fspath(value) if _is_path(value) else None
        if not isinstance(path, str) or not path:
            remedy = "Give one for each row, and leave out rows without an image."
            if isinstance(value, bytes):
                remedy = DECODE
            raise TypeError(
                f"Row {row} of {name} (counted from 0) is {reprlib.repr(value)}, but "
                f"the path of an image is expected, a str or pathlib.Path. {remedy}"
            )
        paths[row] = str(path)  # of numpy.str_ too
    return paths


def column_of_paths(X):
    """The name of the first column of a frame that seems to hold paths.

    Parameters
    ----------
    X : object
        What the user gave.

    Returns
    -------
    label or None
        None if there is none, or if X is no frame.
    """
    if not hasattr(X, "columns") or not hasattr(X, "dtypes"):
        return None
    for label, dtype in zip(X.columns, X.dtypes, strict=True):
        if getattr(dtype, "kind", "O") not in "OUT":
            continue
        values = X[label].head(FIRST)
        if any(isinstance(v, os.PathLike) for v in values):
            return label
        texts = [v for v in values if isinstance(v, str)]
        if texts and all(map(PATH.search, texts)):
            return label
    return None


def _is_path(value):
    return isinstance(value, str | os.PathLike)


def _column(X):
    """The values of X, one for each row, or None if it cannot be a column of paths."""
    if isinstance(X, list | tuple):
        if all(isinstance(row, list | tuple) and len(row) == 1 for row in X):
            return [row[0] for row in X]
        return X
    if not hasattr(X, "__array__") or not _may_be_column(X):
        return None
    values = np.asarray(X)
    text_or_objects = values.dtype.kind in "OUT"  # T: numpy.dtypes.StringDType
    if not _may_be_column(values) or (values.size and not text_or_objects):
        return None
    return values.ravel()


def _may_be_column(X):
    shape = getattr(X, "shape", None)  # None: Arrow
    return shape is None or len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def _no_column(X, name):
    shape, dtype = getattr(X, "shape", ()), getattr(X, "dtype", None)
    what = f"type {type(X).__name__}"
    what += f", shape {tuple(shape)}" if shape else ""
    remedy = "Give a list of paths."
    if getattr(dtype, "kind", "O") in "buifc":
        what += f", dtype {dtype}"
        remedy = "Images that are arrays already need not be read."
    elif getattr(dtype, "kind", "O") == "S":
        remedy = DECODE
    elif len(shape) == 2:
        label = column_of_paths(X)
        chosen = "" if label is None else f": {name}[[{label!r}]]"
        remedy = f"Choose the column that has the paths{chosen}."
    return ValueError(
        f"{name} has {what}, but one column of paths is expected. {remedy}"
    )
