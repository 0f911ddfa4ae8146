"""What the code of a function does, and what it reads from outside of itself."""

import dis
import functools
import hashlib
import types
from typing import NamedTuple

_GLOBAL = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_FREE = {"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"}
_ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD"}
_NOTHING = {"CACHE", "EXTENDED_ARG", "NOP"}


class Reads(NamedTuple):
    """What some code reads, functions within it included.

    Parameters
    ----------
    from_globals, from_closure : tuple of (str, tuple of tuple of str)
        Names, and for each place where it is read the attributes that are taken of it
        at once: ``(("ops", (("maximum",), ("mean",))),)``.
    imports : tuple of (str, int, tuple of str)
        Modules that are imported within: name, number of dots before it, and the names
        that are imported from it.
    attributes : frozenset of str
        Names of all attributes that are taken of anything.
    """

    from_globals: tuple
    from_closure: tuple
    imports: tuple
    attributes: frozenset


@functools.lru_cache(maxsize=4096)
def what_is_read(code):
    """Find names of globals, of variables of a closure, and of imported modules.

    Parameters
    ----------
    code : code
        Of a function.

    Returns
    -------
    Reads
        Sorted, without repetition.

    Examples
    --------
    >>> from skdl.training._code import what_is_read
    >>> what_is_read((lambda x: settings.rate * scale(x)).__code__).from_globals
    (('scale', ((),)), ('settings', (('rate',),)))
    """
    names, free, imports, attributes = {}, {}, set(), set()
    steps = [i for i in dis.get_instructions(code) if i.opname not in _NOTHING]
    for place, step in enumerate(steps):
        if step.opname in _GLOBAL:
            names.setdefault(step.argval, set()).add(_attributes(steps, place))
        elif step.opname in _FREE:
            free.setdefault(step.argval, set()).add(_attributes(steps, place))
        elif step.opname == "IMPORT_NAME":
            level, wanted = steps[place - 2].argval, steps[place - 1].argval
            imports.add((step.argval, level, tuple(wanted or ())))
        elif step.opname in _ATTRIBUTE:
            attributes.add(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            more = what_is_read(inner)
            for found, of_inner in ((names, more[0]), (free, more[1])):
                for name, places in of_inner:
                    found.setdefault(name, set()).update(places)
            imports.update(more.imports)
            attributes.update(more.attributes)
    free = {name: places for name, places in free.items() if name in code.co_freevars}
    return Reads(
        _sorted(names), _sorted(free), tuple(sorted(imports)), frozenset(attributes)
    )


def _attributes(steps, place):
    """Attributes that are taken, one after the other, of what is loaded at a place."""
    taken = []
    for step in steps[place + 1 :]:
        if step.opname not in _ATTRIBUTE:
            break
        taken.append(step.argval)
    return tuple(taken)


def _sorted(found):
    return tuple(
        (name, tuple(sorted(places))) for name, places in sorted(found.items())
    )


@functools.lru_cache(maxsize=4096)
def digest_of_code(code):
    """A hash of what code does, wherever it stands.

    Parameters
    ----------
    code : code
        Of a function.

    Returns
    -------
    str
        The same in every process.
    """
    text = repr(_parts(code)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()


def _parts(constant):
    """A constant of a function, among them the code of functions within."""
    if isinstance(constant, tuple):
        return tuple(map(_parts, constant))
    if isinstance(constant, frozenset):  # whose order differs between processes
        return "frozenset", *sorted(map(_parts, constant), key=repr)
    if not isinstance(constant, types.CodeType):
        return constant
    return (
        "code",
        constant.co_code,
        constant.co_flags,
        constant.co_argcount,
        constant.co_posonlyargcount,
        constant.co_kwonlyargcount,
        constant.co_names,
        constant.co_varnames,
        constant.co_freevars,
        constant.co_cellvars,
        getattr(constant, "co_exceptiontable", b""),
        *map(_parts, constant.co_consts),
    )
