"""Warnings that point to the user's code; loops over many fits show one of a kind."""

import functools
import sys
import warnings
from contextvars import ContextVar

_SHOWN = ContextVar("shown", default=None)  # kinds, within a loop over fits
_SHOWN_AT = set()  # (kind, file, line) of loops of scikit-learn
_INNER = ("skdl", "scikeras", "sklearn", "joblib")  # between a fit and its user
_LOOPS = tuple(  # modules of scikit-learn in which one estimator is fitted many times
    f"sklearn.{name}"
    for name in (
        *("calibration", "ensemble", "feature_selection", "inspection"),
        *("model_selection", "multiclass", "multioutput", "semi_supervised"),
    )
)


def remark(warning):
    """Warn where the user's code is, unless the loop over fits has done so.

    Parameters
    ----------
    warning : Warning
        What to show.
    """
    shown = _SHOWN.get()
    if shown is None:
        warn_user(warning)
    elif type(warning) not in shown:
        warn_user(warning)
        shown.add(type(warning))  # not before: where it is an error, it is one for all


def warn_user(warning):
    """Warn where the user's code is, through however many calls it came here.

    A warning that has an ``of_many()`` is shown as that within a loop of scikit-learn,
    and once for a line of the user's code, as Python would show an equal text if
    scikit-learn did not make it forget what it has shown.

    Parameters
    ----------
    warning : Warning
        What to show.
    """
    level, frame, in_loop = 2, sys._getframe(1), False
    while frame.f_back and _module(frame).partition(".")[0] in _INNER:
        in_loop = in_loop or _module(frame).startswith(_LOOPS)
        level, frame = level + 1, frame.f_back
    if not in_loop or not hasattr(warning, "of_many"):
        warnings.warn(warning, stacklevel=level)
        return
    place = type(warning), frame.f_code.co_filename, frame.f_lineno
    if place not in _SHOWN_AT:
        warnings.warn(warning.of_many(), stacklevel=level)
        _SHOWN_AT.add(place)


def _module(frame):
    """Where code is from; code given to ``exec`` may not say so."""
    return str(frame.f_globals.get("__name__"))


def remarks_once(method):
    """Make a method with many fits show each kind of remark once.

    Parameters
    ----------
    method : callable
        Fits in this thread, or in processes, each of which shows its own.

    Returns
    -------
    callable
        The method; within another one of these it leaves the counting to that.
    """

    @functools.wraps(method)
    def wrapped(*args, **kwargs):
        if _SHOWN.get() is not None:
            return method(*args, **kwargs)
        token = _SHOWN.set(set())
        try:
            return method(*args, **kwargs)
        finally:
            _SHOWN.reset(token)

    return wrapped
