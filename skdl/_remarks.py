"""Warnings that point to the user's code; loops over many fits show one of a kind."""

import functools
import sys
import warnings
from contextvars import ContextVar

_SHOWN = ContextVar("shown", default=None)  # kinds, within a loop over fits
_INNER = ("skdl", "scikeras", "sklearn", "joblib")  # between a fit and its user


def remark(warning):
    """Warn where the user's code is, unless the loop over fits has done so.

    Parameters
    ----------
    warning : Warning
        What to show.
    """
    shown = _SHOWN.get()
    if shown is not None:
        if type(warning) in shown:
            return
        shown.add(type(warning))
    warn_user(warning)


def warn_user(warning):
    """Warn where the user's code is, through however many calls it came here.

    Parameters
    ----------
    warning : Warning
        What to show.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back and _package(frame) in _INNER:
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)


def _package(frame):
    """Where code is from; code given to ``exec`` may not say so."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]


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
