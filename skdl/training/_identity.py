"""What Keras objects compute, as values that can be compared and hashed."""

import functools
import types
import warnings

import keras
import numpy as np

from skdl._seeds import names_as_before, seeded_build
from skdl.training._description import Description, Look
from skdl.training._known import is_known


def identity(*values):
    """Describe objects such that equal descriptions mean equal computations.

    Functions are described by their code, defaults, closures and the globals that they
    read, so that a function which is defined anew is the same, and one which reads a
    changed global is another. Objects are described by their classes and attributes.
    Names of layers, initializers and values of a model's own variables do not count.

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
    >>> import keras
    >>> from skdl.training._identity import identity
    >>> one, same, other = (keras.layers.Dense(units) for units in (3, 3, 4))
    >>> identity(one) == identity(same), identity(one) == identity(other)
    (True, False)
    """
    return looked_at(*values)[0]


def looked_at(*values):
    """Describe objects, and say whether that may be another thing later.

    Parameters
    ----------
    *values : object
        As for `identity`.

    Returns
    -------
    description : Description
        Their `identity`.
    has_code : bool
        Whether they reach a function or a class of a user. What these read may change
        while they stay the same.
    """
    look = _KerasLook(values)
    try:
        text = repr(look.at(values))
    except Exception:  # in whatever objects of users do: it costs a trace, no more
        return Description.of_nothing_else(), True
    return Description(text, look.own), look.met_code


def keras_settings():
    """What Keras's functions read that a user may set.

    Returns
    -------
    tuple
        To be compared.
    """
    config = keras.config
    return (
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
        config.dtype_policy().name,
    )


class _Wire:
    """Which tensor of a graph an argument is; no structure to look into."""

    def __init__(self, place):
        self.place = place


class _KerasLook(Look):
    """Keras's objects among others."""

    def __init__(self, values):
        super().__init__()
        # ids of those that a trainer gives values to; a layer that a function reads
        # has its own, which are part of what the function computes
        layers = [v for v in values if isinstance(v, keras.layers.Layer)]
        self._variables = {id(v) for layer in layers for v in layer.variables}

    def at(self, value):
        if isinstance(value, keras.DTypePolicy):  # one for all layers, or one for each
            return self.policy(value)
        return super().at(value)

    def describe(self, value):
        for kind, method in _DESCRIBED.items():
            if isinstance(value, kind):
                return method(self, value)
        return super().describe(value)

    def of_known_class(self, value):
        if not keras.ops.is_tensor(value):
            return super().of_known_class(value)
        if hasattr(value, "assign"):  # a graph reads it whenever it runs
            return self.itself(value)
        return "tensor", self.at(np.asarray(value))

    def variable(self, value):
        """A weight by its shape; another variable is nobody's but its own."""
        if id(value) not in self._variables:
            return self.itself(value)
        return "variable", tuple(value.shape), value.dtype, value.trainable

    def tensor(self, value):
        """A tensor of a graph."""
        return "tensor", tuple(value.shape), value.dtype

    def policy(self, value):
        """A policy of dtypes, by what it says and not by which object it is."""
        if type(value) is keras.DTypePolicy:
            return "policy", value.name
        return self.at(type(value)), self.at(value.get_config())

    def generator(self, value):
        """A generator, whose state is among the variables; another draws on."""
        if id(value.state) not in self._variables:
            return self.itself(value)
        return ("generator",)

    def initializer(self, value):
        """An initializer that is used in a computation."""
        return self.at(type(value)), self.at(value.get_config())

    def optimizer(self, value):
        """An optimizer, which is no part of a network."""
        raise TypeError(value)

    def named(self, value):
        """A loss or a metric, whose names are counted up."""
        self._variables.update(id(v) for v in getattr(value, "variables", ()))
        own = vars(value)
        if is_known(type(value).__module__):
            own = {k: v for k, v in own.items() if not _of_first_use(k, v)}
        own = self.attributes(own, without=("name", *_tracked(value)))
        return self.at(type(value)), own

    def operation(self, value):
        """A step of a graph that is no layer."""
        own = {k: v for k, v in vars(value).items() if k not in _noted_by_keras()}
        return self.at(type(value)), self.attributes(own)

    def layer(self, layer):
        """A layer by its configuration, and by what that does not tell."""
        if isinstance(layer, keras.Model):
            shown, written = self._model(layer), True
        else:
            shown, written = self._config(layer)
        others = [v for v in layer.variables if id(v) not in self._variables]
        shown = shown, self.at(others)
        own = {k: v for k, v in vars(layer).items() if k not in _noted_by_keras()}
        own.pop("name", None)
        if not is_known(type(layer).__module__):
            cls = self.at(type(layer))
            return cls, shown, self.attributes(own, without=_tracked(layer))
        # Of functions and of others' objects Keras writes down no more than names, and
        # what a layer has learnt about data by `adapt` may be nothing but an attribute.
        if written:
            own = {k: v for k, v in own.items() if not _is_of_config(v)}
        own = {k: v for k, v in own.items() if not _begins(k, v)}
        own = {k: v for k, v in own.items() if k not in _SET_ON_LOADING or v}
        own = self.attributes(own, without=_tracked(layer))
        return self.at(type(layer)), shown, own

    def _config(self, layer):
        """A layer's configuration, and whether it has one: many a user's has none."""
        try:
            with warnings.catch_warnings():  # about saving lambdas
                warnings.simplefilter("ignore")
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


_DESCRIBED = {
    keras.Variable: _KerasLook.variable,
    keras.KerasTensor: _KerasLook.tensor,
    keras.random.SeedGenerator: _KerasLook.generator,
    keras.initializers.Initializer: _KerasLook.initializer,
    keras.optimizers.Optimizer: _KerasLook.optimizer,
    keras.losses.Loss: _KerasLook.named,
    keras.metrics.Metric: _KerasLook.named,
    keras.layers.Layer: _KerasLook.layer,
    keras.Operation: _KerasLook.operation,
}


def _of_first_use(name, value):
    """Whether Keras's metrics may have an attribute only after they were used."""
    made = name in ("_built", "_build_input_shape", "_num_labels", "_variables")
    return made or isinstance(value, keras.Variable)


# which are False where Keras has not set them
_SET_ON_LOADING = frozenset({"is_awq_calibrated", "is_gptq_calibrated"})


def _is_tensor(value):
    """Whether an object is a tensor with values of its own."""
    of_keras = isinstance(value, (keras.Variable, keras.KerasTensor))
    return not of_keras and keras.ops.is_tensor(value)


def _tracked(value):
    """Attributes in which Keras and TensorFlow keep account of others."""
    return [k for k in vars(value) if k.startswith(("_self_", "_tracker"))]


def _begins(name, value):
    """Whether an attribute of Keras's layers says how variables begin."""
    return name == "seed" or isinstance(value, keras.initializers.Initializer)


@functools.cache
def _noted_by_keras():
    """Attributes that Keras keeps on every layer and model for itself."""
    with seeded_build(0), names_as_before():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mse"])
        bare = keras.Model()
        bare.compile("sgd", "mse")
        noted = {*vars(bare), *vars(model), *vars(keras.layers.Identity())}
    return frozenset({*noted, "history"})


@functools.cache
def _functional():
    with seeded_build(0), names_as_before():
        inputs = keras.Input((1,))
        return type(keras.Model(inputs, keras.layers.Identity()(inputs)))


def _is_of_config(value):
    """Whether Keras writes an attribute down in full, or keeps it for itself."""
    if _holds_code(value):
        return False
    if isinstance(value, (list, tuple)):
        return not all(isinstance(item, (int, float)) for item in value)
    if isinstance(value, (int, float, np.ndarray)) or _is_tensor(value):
        return False
    module = type(value).__module__.split(".")[0]
    return module in ("builtins", "keras")  # not tables of TensorFlow


def _holds_code(value):
    """Whether there is a function or an object of a user, also within a collection."""
    if isinstance(value, dict):
        return any(map(_holds_code, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_code, value))
    if isinstance(value, (types.FunctionType, types.MethodType, functools.partial)):
        return True
    return not is_known(type(value).__module__)


def _without_names(config):
    """A layer's configuration without what does not decide its computation."""
    if isinstance(config, dict):
        return {
            name: _without_names(value)
            for name, value in config.items()
            if name not in ("name", "seed", "dtype", "build_config", "function")
            and not str(name).endswith("_initializer")
        }
    if isinstance(config, (list, tuple)):
        return type(config)(map(_without_names, config))
    return config
