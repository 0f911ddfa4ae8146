"""Plain Python objects as values that can be compared: data, functions, classes."""

import dis
import functools
import hashlib
import sys
import types

import numpy as np

_MOST = 20_000  # objects looked at, before one counts as equal to itself only
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
# modules whose classes and functions are what they were
_KNOWN = frozenset(
    {"keras", "tensorflow", "numpy", "scipy", "sklearn", "skdl", "pandas"}
) | set(sys.stdlib_module_names)


class Unknown(Exception):
    """Two objects of this kind cannot be compared."""


class Description:
    """A nested tuple whose hash is computed once.

    Parameters
    ----------
    content : hashable
        What is compared.
    """

    def __init__(self, content):
        self._content = content
        self._hash = hash(content)

    def __hash__(self):
        return self._hash

    def __eq__(self, other):
        if not isinstance(other, Description):
            return NotImplemented
        return self._hash == other._hash and self._content == other._content


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
    return (module or "").split(".")[0] in _KNOWN


class Look:
    """One walk through objects, which may refer to each other in circles."""

    def __init__(self):
        self._seen = {}  # id -> its number
        self._kept = []  # so that ids stay what they are
        self._n = 0

    def at(self, value):
        """Describe an object.

        Parameters
        ----------
        value : object
            Anything.

        Returns
        -------
        hashable
            Equal for objects that compute the same.

        Raises
        ------
        Unknown
            If that cannot be said of it.
        """
        self._n += 1
        if self._n > _MOST:
            raise Unknown
        if type(value) in _PLAIN:
            return type(value), repr(value) if isinstance(value, float) else value
        if isinstance(value, types.BuiltinFunctionType):
            return value
        if id(value) in self._seen:
            return "seen", self._seen[id(value)]
        self._seen[id(value)] = len(self._kept)
        self._kept.append(value)
        return self.describe(value)

    @functools.singledispatchmethod
    def describe(self, value):
        """Describe an object that was not met before; see `at`."""
        cls = type(value)
        slots = any(vars(base).get("__slots__") for base in cls.__mro__)
        if cls.__module__ == "builtins" or slots or not hasattr(value, "__dict__"):
            raise Unknown  # generators, locks, compiled objects
        return self._class(cls), self.attributes(vars(value))

    def attributes(self, attributes, *, without=()):
        """Describe attributes by name.

        Parameters
        ----------
        attributes : dict
            Of an object.
        without : collection of str, default=()
            Names that do not count.

        Returns
        -------
        tuple
            Sorted by name.
        """
        return tuple(
            (name, self.at(value))
            for name, value in sorted(attributes.items())
            if name not in without
        )

    @describe.register
    def _(self, value: tuple):
        self._refuse_attributes(value)
        return type(value), *map(self.at, value)

    @describe.register
    def _(self, value: list):
        self._refuse_attributes(value)
        return "list", *map(self.at, value)  # also Keras's lists that are watched

    @describe.register
    def _(self, value: dict):
        self._refuse_attributes(value)
        return "dict", *(pair for item in value.items() for pair in map(self.at, item))

    @describe.register(set)
    @describe.register(frozenset)
    def _(self, value):
        self._refuse_attributes(value)
        return type(value), frozenset(map(self.at, value))

    @staticmethod
    def _refuse_attributes(collection):
        """A user's subclass may have more than its items."""
        if not is_known(type(collection).__module__) and getattr(
            collection, "__dict__", None
        ):
            raise Unknown

    @describe.register
    def _(self, value: np.ndarray):
        if value.dtype.hasobject:
            raise Unknown
        content = hashlib.sha256(np.ascontiguousarray(value)).digest()
        return "array", value.shape, value.dtype.str, content

    @describe.register
    def _(self, value: np.generic):
        return type(value), value.tobytes()

    @describe.register
    def _(self, value: np.dtype):
        return "dtype", value.str

    @describe.register
    def _(self, value: types.FunctionType):
        if is_known(value.__module__):
            return value
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        return (
            value.__code__,
            self.at(value.__defaults__),
            self.at(value.__kwdefaults__),
            self.at(closure),
            self._globals(value),
        )

    @describe.register
    def _(self, value: types.MethodType):
        return "method", self.at(value.__func__), self.at(value.__self__)

    @describe.register
    def _(self, value: functools.partial):
        return "partial", *map(self.at, (value.func, value.args, value.keywords))

    @describe.register
    def _(self, value: types.ModuleType):
        if not is_known(value.__name__):
            raise Unknown  # but for what a function reads of it: see `_globals`
        return value

    @describe.register
    def _(self, value: type):
        return "class", *self._class(value)

    def _class(self, cls):
        """A class by itself and by what may change in it; a local one by its code."""
        if is_known(cls.__module__):
            return (cls,)
        parts = [cls.__qualname__ if "<locals>" in cls.__qualname__ else cls]
        for base in cls.__mro__:
            if is_known(base.__module__):
                parts.append(base)
                continue
            for name, value in sorted(vars(base).items()):
                if not (name.startswith("__") and name != "__call__") and not (
                    name.startswith("_abc_")
                ):
                    parts.append((name, self.at(_function_of(value))))
            init = vars(base).get("__init__")
            parts.append(init and self.at(init))
        return tuple(parts)

    def _globals(self, function):
        """Values of the globals that a function reads, of modules what it reads."""
        names, attributes = _read(function.__code__)
        values = function.__globals__
        described = []
        for name in names:
            value = values.get(name)
            if isinstance(value, types.ModuleType) and not is_known(value.__name__):
                parts = {n: getattr(value, n) for n in attributes if hasattr(value, n)}
                described.append((name, self.attributes(parts)))
            elif name in values:
                described.append((name, self.at(value)))
        return tuple(described)


def _function_of(entry):
    """The function behind an entry of a class, or the entry itself."""
    if isinstance(entry, property):
        return [entry.fget, entry.fset]
    if isinstance(entry, (staticmethod, classmethod)):
        return entry.__func__
    return entry


@functools.lru_cache(maxsize=1024)
def _read(code):
    """Names of the globals and of the attributes that some code reads."""
    names, attributes = set(), set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            attributes.add(instruction.argval)
    for inner in code.co_consts:  # functions within
        if isinstance(inner, types.CodeType):
            more = _read(inner)
            names.update(more[0])
            attributes.update(more[1])
    return tuple(sorted(names)), tuple(sorted(attributes))
