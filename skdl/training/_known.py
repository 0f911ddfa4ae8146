"""Which modules, functions and classes are none of a user's."""

import functools
import sys
import sysconfig
import types
from pathlib import Path

_PACKAGES = frozenset(
    {
        "joblib",
        "keras",
        "numpy",
        "pandas",
        "scikeras",
        "scipy",
        "skdl",
        "sklearn",
        "tensorflow",
    }
)


def is_known(module):
    """Whether a module is none of a user.

    Parameters
    ----------
    module : str or None
        Its name.

    Returns
    -------
    bool
        True for Python's own, and for those that skdl builds on.
    """
    top = module.split(".")[0] if isinstance(module, str) else ""
    return top in _PACKAGES or _is_of_python(top)


@functools.cache
def _is_of_python(top):
    """A file of a user may have the name of one of Python's modules."""
    if top not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(top), "__file__", None)
    return file is None or Path(file).is_relative_to(sysconfig.get_path("stdlib"))


def known_name(thing):
    """Where a known function or class is to be found.

    Parameters
    ----------
    thing : object
        A function, a class, or what is used like one.

    Returns
    -------
    (str, str) or None
        Module and name; None for what is a user's or has no such place. A function
        that has taken the name of another one, as by `functools.wraps`, is nowhere.
    """
    module = getattr(thing, "__module__", None)
    name = getattr(thing, "__qualname__", None)
    written_in = module
    if isinstance(thing, types.FunctionType):
        written_in = thing.__globals__.get("__name__")
    if not name or not is_known(module) or not is_known(written_in):
        return None
    return (module, name) if is_found(thing, module, name) else None


def is_found(thing, module, name):
    """Whether a loaded module has an object under a name.

    Parameters
    ----------
    thing : object
        The object.
    module, name : str
        Where to look; the name may have dots.

    Returns
    -------
    bool
        False where there is another object, or none.
    """
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is thing
