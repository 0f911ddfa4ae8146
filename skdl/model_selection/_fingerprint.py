"""Text that is the same for equal values, in this process and in others."""

import functools
import hashlib
import types

import joblib

PLAIN = (type(None), bool, int, float, complex, str, bytes)


def fingerprint(value):
    """Text that is the same for equal values, in this process and in others.

    Functions are taken by their code, estimators by their parameters, Keras objects by
    their configuration, containers item by item: pickles of these differ between
    processes, or do not exist.

    Parameters
    ----------
    value : object
        Data, a parameter, a function.

    Returns
    -------
    str
        A hash.

    Raises
    ------
    ValueError
        If it holds something that can be compared in none of these ways.
    """
    text = repr(_described(value, set()))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def fingerprints(estimator):
    """An estimator's class and parameters, each with its fingerprint.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline.

    Returns
    -------
    dict
        By name.
    """
    found = {"estimator": _name(type(estimator))}
    for name, value in estimator.get_params(deep=False).items():
        found[f"estimator's {name}"] = fingerprint(value)
    return found


def _described(value, above):
    """Nested tuples of text and numbers; `above` are the ids of what holds `value`."""
    if isinstance(value, PLAIN):
        return type(value).__name__, repr(value)
    if id(value) in above:
        return "itself"
    describe = functools.partial(_described, above={*above, id(value)})
    if isinstance(value, dict):
        items = [(describe(k), describe(v)) for k, v in value.items()]
        return "dict", *sorted(items, key=repr)
    if isinstance(value, (list, tuple)):
        return type(value).__name__, *map(describe, value)
    if isinstance(value, (set, frozenset)):
        return "set", *sorted(map(describe, value), key=repr)
    if isinstance(value, type):
        return _name(value)
    if isinstance(value, types.FunctionType):
        return _name(value), *_parts_of_function(value, describe)
    if isinstance(value, types.MethodType):
        return value.__name__, describe(value.__self__)
    if isinstance(value, functools.partial):
        return "partial", *map(describe, (value.func, value.args, value.keywords))
    if hasattr(value, "get_params"):
        return _name(type(value)), describe(value.get_params(deep=False))
    if hasattr(value, "get_config"):  # of Keras
        return _name(type(value)), describe(value.get_config())
    if _pickles_by_its_attributes(value):
        return _name(type(value)), describe(vars(value))
    try:
        return joblib.hash(value)
    except Exception as error:  # whatever someone's object raises
        raise ValueError(
            f"A journal cannot tell whether {value!r} is the same as in another run: "
            f"it cannot be pickled ({error}). Use something that can, or leave journal "
            "out."
        ) from None


def _parts_of_function(function, describe):
    code = function.__code__
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    held = function.__defaults__, function.__kwdefaults__, cells
    return *_parts_of_code(code), *map(describe, held)


def _parts_of_code(code):
    constants = [
        _parts_of_code(c) if isinstance(c, types.CodeType) else repr(c)
        for c in code.co_consts
    ]
    return code.co_code, code.co_names, *constants


def _pickles_by_its_attributes(value):
    kind = type(value)
    return (
        hasattr(value, "__dict__")
        and kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and kind.__getstate__ is object.__getstate__
    )


def _name(thing):
    return f"{thing.__module__}.{thing.__qualname__}"
