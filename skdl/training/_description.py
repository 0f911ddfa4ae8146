"""Plain Python objects as values that can be compared: data, functions, classes."""

import collections
import copyreg
import dataclasses
import functools
import hashlib
import importlib.util
import logging
import sys
import types
import weakref

import numpy as np

from skdl.training._code import digest_of_code, what_is_read
from skdl.training._known import is_found, is_known, known_name

_MOST = 20_000  # objects looked at, before one counts as equal to itself only
_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), type(Ellipsis)})
# without an identity that matters: equal ones may or may not be one object
_VALUES = (
    tuple,
    frozenset,
    range,
    slice,
    np.generic,
    np.dtype,
    types.BuiltinFunctionType,
    types.MethodType,
)
_CONTENTS = (dict, list, tuple, set, frozenset, str, bytes, int, float, complex)
# known functions by which code reaches what is not in it, or differs from call to call
_REACHES_ANYTHING = frozenset(
    {
        ("builtins", "__import__"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "globals"),
        ("builtins", "input"),
        ("builtins", "locals"),
        ("gc", "get_objects"),
        ("importlib", "import_module"),
        ("inspect", "currentframe"),
        ("inspect", "stack"),
        ("_io", "open"),
        ("io", "open"),
        ("os", "getenv"),
        ("sys", "_getframe"),
        ("time", "monotonic"),
        ("time", "perf_counter"),
        ("time", "time"),
        ("time", "time_ns"),
    }
)
# known functions of any module that look into files
_READ_FILES = frozenset(
    {
        "fromfile",
        "genfromtxt",
        "load",
        "load_model",
        "loadtxt",
        "read_csv",
        "read_excel",
        "read_json",
        "read_parquet",
        "read_pickle",
        "read_table",
    }
)
# attributes by which code reaches what is not in the object that has them
_REACH_ANYTHING = frozenset(
    {
        "__globals__",
        "__subclasses__",
        "f_globals",
        "f_locals",
        "read_bytes",
        "read_text",
    }
)
# entries of a class that say nothing of what it computes
_OF_CLASSES = frozenset(
    {
        "__abstractmethods__",
        "__annotate__",
        "__annotate_func__",
        "__annotations__",
        "__annotations_cache__",
        "__dataclass_params__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__qualname__",
        "__slotnames__",
        "__static_attributes__",
        "__type_params__",
        "__weakref__",
        "_abc_impl",
    }
)
_MISSING = object()


class Unknown(Exception):
    """Two objects of this kind cannot be compared."""


class Description:
    """What an object is, as a hash that keeps nothing of it alive.

    Parameters
    ----------
    text : str
        Equal for what is equal.
    own : sequence of object, default=()
        Objects that are equal to nothing but themselves.
    """

    def __init__(self, text, own=()):
        self._digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        self._own = tuple(map(_reference, own))

    @classmethod
    def of_nothing_else(cls):
        """The description of what cannot be described.

        Returns
        -------
        Description
            Equal to itself only.
        """
        unlike = cls("")
        unlike._own = (lambda: unlike,)
        return unlike

    def __hash__(self):
        return hash(self._digest)

    def __eq__(self, other):
        if not isinstance(other, Description):
            return NotImplemented
        return (
            self._digest == other._digest
            and len(self._own) == len(other._own)
            and all(map(_is_same, self._own, other._own))
        )

    def __reduce__(self):
        # elsewhere, objects are other ones
        if self._own:
            return Description.of_nothing_else, ()
        return object.__reduce__(self)


def _reference(thing):
    try:
        return weakref.ref(thing)
    except TypeError:
        return lambda: thing


def _is_same(first, second):
    thing = first()
    return thing is not None and thing is second()


class Look:
    """One walk through objects, which may refer to each other in circles.

    Attributes
    ----------
    own : list of object
        What was met and cannot be described, and may be no other object therefore.
    met_code : bool
        Whether there was a function or a class of a user, whose globals may change.
    """

    most = _MOST
    reach_anything = _REACH_ANYTHING

    def __init__(self):
        self.own = []
        self.met_code = False
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
        object
            Of tuples, numbers and text; its ``repr`` is equal for objects that compute
            the same.

        Raises
        ------
        Unknown
            If that cannot be said of it.
        """
        self._n += 1
        if self._n > self.most:
            raise Unknown
        if type(value) in _PLAIN:
            return value
        if isinstance(value, (type, types.FunctionType)):
            name = known_name(value)
            if name is not None:
                return _known(*name)
        if isinstance(value, _VALUES):
            return self.describe(value)
        if id(value) in self._seen:
            return "seen", self._seen[id(value)]
        self._seen[id(value)] = len(self._kept)
        self._kept.append(value)
        return self.describe(value)

    def itself(self, value):
        """Describe an object that nothing else is equal to."""
        self.own.append(value)
        return ("own",)

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

    @functools.singledispatchmethod
    def describe(self, value):
        """Describe an object that was not met before; see `at`."""
        return self._object(value)

    # -- data --------------------------------------------------------------------------

    @describe.register(tuple)
    @describe.register(list)
    def _(self, value):
        if _is_bare(value, (tuple, list)):
            kind = "list" if isinstance(value, list) else "tuple"
            return kind, *map(self.at, value)
        return self._object(value)

    @describe.register(dict)
    @describe.register(types.MappingProxyType)
    def _(self, value):
        if _is_bare(value, (dict, types.MappingProxyType)):
            items = (self.at(part) for item in value.items() for part in item)
            return "dict", *items
        return self._object(value)

    @describe.register(set)
    @describe.register(frozenset)
    def _(self, value):
        if _is_bare(value, (set, frozenset)):
            return "set", *sorted(map(self.at, value), key=repr)
        return self._object(value)

    @describe.register
    def _(self, value: np.ndarray):
        if type(value) not in (np.ndarray, np.memmap):
            return self._object(value)
        kind = self.at(value.dtype)
        if value.dtype.hasobject:
            return "array", value.shape, kind, self.at(value.tolist())
        content = hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
        return "array", value.shape, kind, content

    @describe.register
    def _(self, value: np.ma.MaskedArray):
        parts = value.data, np.ma.getmaskarray(value), value.fill_value
        return "masked", *map(self.at, parts)

    @describe.register
    def _(self, value: np.generic):
        if isinstance(value, np.object_) or value.dtype.hasobject:
            raise Unknown
        return "number", self.at(value.dtype), value.tobytes()

    @describe.register
    def _(self, value: np.dtype):
        return "dtype", value.str if value.names is None else repr(value.descr)

    # -- code --------------------------------------------------------------------------

    @describe.register
    def _(self, value: types.FunctionType):
        overloads = vars(value).get("registry")
        if value.__globals__ is vars(functools) and overloads is not None:
            return "overloads", self.at(overloads)  # of functools.singledispatch
        return (
            "function",
            digest_of_code(value.__code__),
            self.at(value.__defaults__),
            self.at(value.__kwdefaults__),
            self._closure(value),
            () if is_known(value.__globals__.get("__name__")) else self._globals(value),
            self.attributes(vars(value)),
        )

    @describe.register
    def _(self, value: types.BuiltinFunctionType):
        owner = value.__self__
        if owner is None or isinstance(owner, types.ModuleType):
            return _known(value.__module__, value.__qualname__)
        return "method", value.__name__, self.at(owner)

    @describe.register(types.MethodDescriptorType)
    @describe.register(types.WrapperDescriptorType)
    @describe.register(types.ClassMethodDescriptorType)
    @describe.register(types.GetSetDescriptorType)
    @describe.register(types.MemberDescriptorType)
    def _(self, value):
        return "descriptor", value.__objclass__.__qualname__, value.__name__

    @describe.register
    def _(self, value: types.MethodType):
        function, owner = value.__func__, self.at(value.__self__)
        name = getattr(function, "__name__", None)
        if vars(type(value.__self__)).get(name) is function:
            return "method", owner, name  # which is with the class
        return "method", owner, self.at(function)

    @describe.register
    def _(self, value: functools.partial):
        parts = value.func, value.args, value.keywords, vars(value)
        return "partial", self.at(type(value)), *map(self.at, parts)

    @describe.register
    def _(self, value: property):
        return "property", *map(self.at, (value.fget, value.fset, value.fdel))

    @describe.register(staticmethod)
    @describe.register(classmethod)
    def _(self, value):
        return type(value).__name__, self.at(value.__func__)

    @describe.register
    def _(self, value: functools.cached_property):
        return "cached_property", self.at(value.func)

    @describe.register
    def _(self, value: types.ModuleType):
        if is_known(value.__name__):
            return "module", value.__name__
        self.met_code = True
        entries = {k: v for k, v in vars(value).items() if not k.startswith("__")}
        return "module", self.attributes(entries)

    @describe.register
    def _(self, value: type):
        if not _is_of_user(value):
            if "<locals>" in value.__qualname__:
                return self.itself(value)  # there may be others of that name
            return _known(value.__module__, value.__qualname__)
        self.met_code = True
        bases = [
            self.attributes(vars(base), without=_OF_CLASSES)
            if _is_of_user(base)
            else self.at(base)
            for base in value.__mro__
        ]
        return "class", value.__qualname__, self.at(type(value)), *bases

    def _closure(self, function):
        """Values of the variables that a function shares with the one around it."""
        read = dict(what_is_read(function.__code__).from_closure)
        described = []
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                value = cell.cell_contents
            except ValueError:  # not assigned yet
                described.append("empty")
            else:
                described.append(self._as_read(value, read.get(name, ((),))))
        return tuple(described)

    def _globals(self, function):
        """Values of the globals that a function reads, and of what it imports."""
        self.met_code = True
        read, scope = what_is_read(function.__code__), function.__globals__
        if read.attributes & self.reach_anything:
            raise Unknown
        built_in = scope.get("__builtins__", {})
        if isinstance(built_in, types.ModuleType):
            built_in = vars(built_in)
        values = collections.ChainMap(scope, built_in)
        names = [
            (name, self._as_read(values.get(name, _MISSING), places))
            for name, places in read.from_globals
        ]
        imports = [self._imported(scope, *each) for each in read.imports]
        return tuple(names), tuple(imports)

    def _as_read(self, value, places):
        """What is read of a value, if only some attributes are taken of it."""
        if value is _MISSING:
            return "missing"
        if isinstance(value, types.ModuleType):
            return tuple(self._of_module(value, place) for place in places)
        written = all(place[:1] in (("append",), ("add",)) for place in places)
        if type(value) in (list, set) and written:
            return "written"  # and not read
        return self.at(value)

    def _of_module(self, module, names):
        """What is behind some names, each of which is taken of the one before it."""
        value = module
        for name in names:
            if not isinstance(value, types.ModuleType):
                break
            value = getattr(value, name, _MISSING)
        return "missing" if value is _MISSING else self.at(value)

    def _imported(self, scope, name, level, wanted):
        """What a function imports, whose names are variables of its own."""
        if level:
            package = scope.get("__package__") or scope.get("__name__", "")
            name = importlib.util.resolve_name("." * level + name, package)
        module = sys.modules.get(name)
        if module is None:
            return name, "missing"  # until somebody imports it
        if wanted:
            return name, *(self._as_read(module, [(each,)]) for each in wanted)
        return name, self.at(module), self.at(sys.modules[name.split(".")[0]])

    # -- objects -----------------------------------------------------------------------

    def _object(self, value):
        if is_known(type(value).__module__):
            return self.of_known_class(value)
        self.met_code = True
        return "object", self.at(type(value)), *self._state(value)

    def of_known_class(self, value):
        """Describe an object whose class is none of a user, by what it holds."""
        cls = type(value)
        name = known_name(value) if callable(value) else None
        if name is not None:
            return _known(*name)  # a function of NumPy, say
        if dataclasses.is_dataclass(value):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return "object", self.at(cls), self.attributes(fields)
        if hasattr(value, "__wrapped__"):  # a function with a cache, a traced one
            return "wrapped", self.at(cls), self.at(value.__wrapped__)
        if isinstance(value, logging.Logger):
            return "logger", value.name
        return self._reduced(value)

    def _reduced(self, value):
        """An object as pickle takes it apart, but functions and classes by content."""
        reduce = copyreg.dispatch_table.get(type(value))
        parts = value.__reduce_ex__(4) if reduce is None else reduce(value)
        if isinstance(parts, str):
            places = getattr(value, "__module__", None), type(value).__module__
            if any(is_found(value, place, parts) for place in (*places, "builtins")):
                return "global", type(value).__qualname__, parts
            raise Unknown  # a function of a user as one of NumPy's, say
        function, args, state, *items = (*parts, None, None, None)[:5]
        held = [None if part is None else list(part) for part in items]
        return "reduced", *map(self.at, (function, args, state, *held))

    def _state(self, value):
        """Attributes of an object, and what it holds as a kind of list, say."""
        cls = type(value)
        slots = {}
        for base in cls.__mro__:
            names = vars(base).get("__slots__", ())
            for name in (names,) if isinstance(names, str) else tuple(names):
                if name.startswith("__") and not name.endswith("__"):
                    name = f"_{base.__name__.lstrip('_')}{name}"
                held = getattr(value, name, _MISSING)
                if held is not _MISSING and name != "__dict__":
                    slots[name] = held
        state = [
            self.attributes(getattr(value, "__dict__", {})),
            self.attributes(slots),
        ]
        for base in cls.__mro__[:-1]:
            if base in _CONTENTS:
                state.append(self.at(_content(base, value)))
            elif not base.__flags__ & _MADE_BY_PYTHON:
                state.append(self._reduced(value))
        return state


_MADE_BY_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def _is_of_user(cls):
    """Whether a class was written by a user, whatever module it says it is of."""
    if not is_known(cls.__module__):
        return True
    by_python = cls.__flags__ & _MADE_BY_PYTHON and "<locals>" not in cls.__qualname__
    return bool(by_python) and known_name(cls) is None


def _content(base, value):
    """What an object of a user's subclass holds, without asking its own methods."""
    if base is dict:
        return [*dict.items(value)]
    if base in (list, tuple, set, frozenset):
        return base([*base.__iter__(value)])
    if base in (str, bytes):
        return base.__getitem__(value, slice(None))
    return base.__add__(value, base(0))


def _is_bare(value, kinds):
    """Whether a collection is nothing but its items, like Keras's that are watched."""
    top = type(value).__module__.split(".")[0]
    return type(value) in kinds or top in ("keras", "tensorflow")


def _known(module, name):
    if (module, name) in _REACHES_ANYTHING or name in _READ_FILES:
        raise Unknown
    return "known", module, name
