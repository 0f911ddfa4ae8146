"""What a Python object computes, as a value that can be compared and hashed."""

import dis
import functools
import hashlib
import types
import warnings

import keras
import numpy as np

_MOST = 20_000  # objects looked at, before one counts as equal to itself only
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
_VARIES = frozenset({"name", "seed"})  # counted up, or the beginning of a variable


class Unknown(Exception):
    """Two objects of this kind cannot be compared."""


def identity(*values):
    """Describe objects such that equal descriptions mean equal computations.

    Functions are described by their code, defaults, closures and the globals that they
    read, so that a function which is defined anew is the same, and one which reads a
    changed global is another. Objects are described by their classes and attributes;
    a class is nothing but itself. Names, initializers and initial values of variables
    do not count.

    Parameters
    ----------
    *values : object
        Keras layers and models, losses, metrics, functions, plain data.

    Returns
    -------
    hashable
        For an object that cannot be described, or too large a one: equal to nothing
        else.

    Examples
    --------
    >>> from skdl.training._identity import identity
    >>> def scaled(factor):
    ...     return lambda x: factor * x
    >>> identity(scaled(2)) == identity(scaled(2)), identity(scaled(2)) == identity(
    ...     scaled(3)
    ... )
    (True, False)
    """
    try:
        with warnings.catch_warnings():  # of Keras, about saving lambdas
            warnings.simplefilter("ignore")
            return _Description(_Look().at(values))
    except Exception:  # in whatever objects of users do: it costs a trace, no more
        return _Description(object())


class _Description:
    """A nested tuple whose hash is computed once."""

    def __init__(self, content):
        self._content = content
        self._hash = hash(content)

    def __hash__(self):
        return self._hash

    def __eq__(self, other):
        if not isinstance(other, _Description):
            return NotImplemented
        return self._hash == other._hash and self._content == other._content


class _Wire:
    """Which tensor of a graph an argument is; no structure to look into."""

    def __init__(self, place):
        self.place = place


class _Look:
    """One walk through objects, which may refer to each other in circles."""

    def __init__(self):
        self._seen = {}  # id -> its number
        self._kept = []  # so that ids stay what they are
        self._n = 0

    def at(self, value):
        self._n += 1
        if self._n > _MOST:
            raise Unknown
        if isinstance(value, _PLAIN):
            return type(value), repr(value) if isinstance(value, float) else value
        if isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType)):
            return value
        if id(value) in self._seen:
            return "seen", self._seen[id(value)]
        self._seen[id(value)] = len(self._kept)
        self._kept.append(value)
        return self._describe(value)

    @functools.singledispatchmethod
    def _describe(self, value):
        cls = type(value)
        if cls.__module__ == "builtins" or not hasattr(value, "__dict__"):
            raise Unknown  # generators, locks, compiled objects
        return cls, self._class(cls), self._attributes(vars(value))

    @_describe.register
    def _(self, value: tuple):
        return type(value), *map(self.at, value)

    @_describe.register
    def _(self, value: list):
        return "list", *map(self.at, value)  # also Keras's lists that are watched

    @_describe.register
    def _(self, value: dict):
        return "dict", *(pair for item in value.items() for pair in map(self.at, item))

    @_describe.register(set)
    @_describe.register(frozenset)
    def _(self, value):
        return type(value), frozenset(map(self.at, value))

    @_describe.register
    def _(self, value: np.ndarray):
        if value.dtype.hasobject:
            raise Unknown
        content = hashlib.sha256(np.ascontiguousarray(value)).digest()
        return "array", value.shape, value.dtype.str, content

    @_describe.register
    def _(self, value: np.generic):
        return type(value), value.tobytes()

    @_describe.register
    def _(self, value: np.dtype):
        return "dtype", value.str

    @_describe.register
    def _(self, value: types.FunctionType):
        if value.__module__ is not None and _is_of_keras(value.__module__):
            return value
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        return (
            value.__code__,
            self.at(value.__defaults__),
            self.at(value.__kwdefaults__),
            self.at(closure),
            self._globals(value.__code__, value.__globals__),
        )

    @_describe.register
    def _(self, value: types.MethodType):
        return "method", self.at(value.__func__), self.at(value.__self__)

    @_describe.register
    def _(self, value: functools.partial):
        return "partial", *map(self.at, (value.func, value.args, value.keywords))

    @_describe.register
    def _(self, value: keras.Variable):
        return "variable", tuple(value.shape), value.dtype, value.trainable

    @_describe.register
    def _(self, value: keras.KerasTensor):
        return "tensor", tuple(value.shape), value.dtype

    @_describe.register
    def _(self, value: keras.DTypePolicy):
        return type(value), value.name

    @_describe.register
    def _(self, value: keras.random.SeedGenerator):
        return (keras.random.SeedGenerator,)

    @_describe.register
    def _(self, value: keras.initializers.Initializer):
        return ("initializer",)

    @_describe.register
    def _(self, value: keras.optimizers.Optimizer):
        raise Unknown

    @_describe.register
    def _(self, value: keras.Operation):
        own = {k: v for k, v in vars(value).items() if k not in _noted_by_keras()}
        return type(value), self._class(type(value)), self._attributes(own)

    @_describe.register
    def _(self, value: keras.layers.Layer):
        return type(value), self._layer(value)

    def _layer(self, layer):
        if isinstance(layer, keras.Model):
            shown, written = self._model(layer), True
        else:
            shown, written = self._config(layer)
        own = {k: v for k, v in vars(layer).items() if k not in _noted_by_keras()}
        if not _is_of_keras(type(layer).__module__):
            return self._class(type(layer)), shown, self._attributes(own)
        # Of functions and of others' objects Keras writes down no more than names, and
        # what a layer has learnt about data by `adapt` may be nothing but an attribute.
        if written:
            own = {k: v for k, v in own.items() if not _is_of_config(v)}
        return shown, self._attributes(own)

    def _config(self, layer):
        """A layer's configuration, and whether it has one: many a user's has none."""
        try:
            config = layer.get_config()
        except Exception:
            config = None
        policy = self.at(layer.dtype_policy)
        shown = layer.trainable, policy, self.at(_without_names(config))
        return shown, config is not None

    def _model(self, model):
        """A graph by its wires, another model by its attributes alone."""
        layers = [
            (self.at(layer), layer.trainable)
            for layer in model._flatten_layers(include_self=False)
        ]
        if isinstance(model, keras.Sequential):
            return model.trainable, len(model.layers), *layers
        wires = self._wires(model) if isinstance(model, _functional()) else ()
        return model.trainable, wires, *layers

    def _wires(self, model):
        """Which operation follows which in a graph, and with what other arguments."""
        numbers = {id(op): k for k, op in enumerate(model.operations)}
        nodes = {id(node) for node in model._nodes}

        def numbered(value):
            if not isinstance(value, keras.KerasTensor):
                return value
            operation, *place = value._keras_history
            return _Wire((numbers[id(operation)], *place, value.shape, value.dtype))

        calls = [
            (k, self.at(keras.tree.map_structure(numbered, [of.args, of.kwargs])))
            for k, operation in enumerate(model.operations)
            for of in (n.arguments for n in operation._inbound_nodes if id(n) in nodes)
        ]
        others = [
            self.at(operation)
            for operation in model.operations
            if not isinstance(operation, keras.layers.Layer)
        ]
        ends = keras.tree.map_structure(
            numbered, [model._inputs_struct, model._outputs_struct]
        )
        return tuple(calls), tuple(others), self.at(ends)

    def _attributes(self, attributes):
        return tuple(
            (name, self.at(value))
            for name, value in sorted(attributes.items())
            if name not in _VARIES and not name.startswith(("_self_", "_tracker"))
        )

    def _class(self, cls):
        """The code of a user's class, whose globals may change."""
        if _is_of_keras(cls.__module__) or cls.__module__.split(".")[0] in _KNOWN:
            return ()
        functions = (
            value
            for base in cls.__mro__
            if base is not object and not _is_of_keras(base.__module__)
            for _, value in sorted(vars(base).items())
        )
        return tuple(
            self._globals(value.__code__, value.__globals__)
            for value in functions
            if isinstance(value, types.FunctionType)
        )

    def _globals(self, code, names):
        """Values of the globals that some code reads."""
        return tuple(
            (name, self.at(names[name]))
            for name in _read_globals(code)
            if name in names
        )


@functools.lru_cache(maxsize=1024)
def _read_globals(code):
    """Names of the globals that some code reads, within functions of it too."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    here = (
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    )
    return tuple(sorted({*here, *(name for c in inner for name in _read_globals(c))}))


_KNOWN = frozenset({"keras", "tensorflow", "numpy", "builtins", "skdl", "functools"})


def _is_of_keras(module):
    return module.split(".")[0] in ("keras", "tensorflow")


@functools.cache
def _noted_by_keras():
    """Attributes that Keras keeps on every layer and model for itself."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mse"])
    bare = keras.Model()
    bare.compile("sgd", "mse")
    return frozenset({*vars(bare), *vars(model), *vars(keras.layers.Identity())})


@functools.cache
def _functional():
    inputs = keras.Input((1,))
    return type(keras.Model(inputs, keras.layers.Identity()(inputs)))


def _is_of_config(value):
    """Whether Keras writes an attribute down in full, or keeps it for itself."""
    if isinstance(value, (types.FunctionType, types.MethodType, functools.partial)):
        return False
    if isinstance(value, (list, tuple)):
        return not all(isinstance(item, (int, float)) for item in value)
    if isinstance(value, (int, float, np.ndarray)):
        return False
    module = type(value).__module__.split(".")[0]
    return module in ("builtins", "keras")  # not tables of TensorFlow


def _without_names(config):
    """A layer's configuration without what does not decide its computation."""
    if isinstance(config, dict):
        return {
            name: _without_names(value)
            for name, value in config.items()
            if name not in _VARIES
            and name not in ("dtype", "build_config", "function")
            and not str(name).endswith("_initializer")
        }
    if isinstance(config, (list, tuple)):
        return type(config)(map(_without_names, config))
    return config
