"""Keras objects in a form that can be pickled and copied, users' classes included."""

import copy
import functools
import io
import types
import warnings
from abc import ABC, abstractmethod

import keras
import numpy as np

try:
    import cloudpickle  # which joblib needs
except ImportError:  # joblib before 1.6 has it within itself
    from joblib.externals import cloudpickle

from skdl.training._optimizers import copy_of, taken_apart


def pack(value, memo=None):
    """Replace Keras objects by what can be pickled, within lists and dicts too.

    Keras pickles its objects by itself, but finds layers, losses and metrics of users
    again only if they were registered, and writes down some arguments not at all, such
    as the `delta` of a Huber loss.

    Parameters
    ----------
    value : object
        Anything; what holds no Keras objects stays as it is.
    memo : dict or None, default=None
        What was packed before, by id: one object stays one.

    Returns
    -------
    object
        For `unpack`.

    Raises
    ------
    ValueError
        If a model cannot be written down.
    """
    memo = {} if memo is None else memo
    if type(value) in (list, tuple):
        return type(value)(pack(item, memo) for item in value)
    if type(value) is dict:
        return {name: pack(item, memo) for name, item in value.items()}
    for kind, packed in _PACKED.items():
        if isinstance(value, kind):
            if id(value) not in memo:
                memo[id(value)] = packed(value)
            return memo[id(value)]
    if isinstance(value, keras.callbacks.Callback):
        value = copy.copy(value)
        value._model = None  # which it saw last
    return value


def unpack(value, memo=None):
    """The inverse of `pack`.

    Parameters
    ----------
    value : object
        From `pack`.
    memo : dict or None, default=None
        What was unpacked before, by id.

    Returns
    -------
    object
        With new Keras objects.
    """
    memo = {} if memo is None else memo
    if type(value) in (list, tuple):
        return type(value)(unpack(item, memo) for item in value)
    if type(value) is dict:
        return {name: unpack(item, memo) for name, item in value.items()}
    if not isinstance(value, Packed):
        return value
    if id(value) not in memo:
        memo[id(value)] = value.unpack()
    return memo[id(value)]


def fresh_copy(value):
    """Optimizers and metrics as they were before any fit, within lists and dicts too.

    Parameters
    ----------
    value : object
        Stays as it is.

    Returns
    -------
    object
        The same object where it is none of these, or a metric whose class does not say
        how to make it again.
    """
    if type(value) in (list, tuple):
        return type(value)(map(fresh_copy, value))
    if type(value) is dict:
        return {name: fresh_copy(item) for name, item in value.items()}
    if isinstance(value, keras.optimizers.Optimizer):
        return copy_of(value)
    if isinstance(value, keras.metrics.Metric):
        try:
            return PackedMetric(value).unpack()
        except ValueError:
            return value
    return value


class Packed(ABC):
    """An object without Keras's own way of being pickled."""

    @abstractmethod
    def unpack(self):
        """Make the object again."""


class PackedModel(Packed):
    """A model as bytes, and what it was compiled with.

    Parameters
    ----------
    model : keras.Model
        Compiled or not; the state of its optimizer is kept.
    """

    def __init__(self, model):
        self._compiled = None
        config = getattr(model, "_compile_config", None)
        if config is not None and type(model).compile is keras.Model.compile:
            self._compiled = pack(
                {k: v for k, v in config.config.items() if k != "optimizer"}
            )
        self._custom = {}
        for thing in _parts(model):
            self._note(thing)
        try:
            if self._compiled is not None:
                model._compile_config = type(config)(optimizer=model.optimizer)
            with warnings.catch_warnings():  # of Keras, about lambdas and safe_mode
                warnings.simplefilter("ignore")
                _, (archive,) = model.__reduce__()
        except Exception as error:
            raise ValueError(
                f"The model of class {type(model).__name__} cannot be pickled: {error} "
                "Give each layer of your own a get_config that returns the arguments "
                "of its __init__."
            ) from error
        finally:
            if self._compiled is not None:
                model._compile_config = config
        self._archive = archive.getvalue()
        self._seeds = [np.asarray(v) for v in _seeds(model)]

    def __getstate__(self):
        # classes that are defined within functions go by value
        local = {k: v for k, v in self._custom.items() if "<locals>" in v.__qualname__}
        others = {k: v for k, v in self._custom.items() if k not in local}
        local = cloudpickle.dumps(local) if local else None
        return {**self.__dict__, "_custom": others, "_local": local}

    def __setstate__(self, state):
        local = state.pop("_local")
        self.__dict__.update(state)
        if local is not None:
            self._custom = {**self._custom, **cloudpickle.loads(local)}

    def unpack(self):
        """Build the model again.

        Returns
        -------
        keras.Model
            A new one at every call.
        """
        with (
            keras.saving.custom_object_scope(self._custom),
            warnings.catch_warnings(),
        ):
            # of Keras, about optimizers which had not been built
            warnings.filterwarnings("ignore", message="Skipping variable loading")
            model = keras.Model._unpickle_model(io.BytesIO(self._archive))
        for variable, value in zip(_seeds(model), self._seeds, strict=True):
            variable.assign(value)  # which Keras draws anew
        if self._compiled is not None:
            model.compile(optimizer=model.optimizer, **unpack(self._compiled))
        return model

    def _note(self, thing):
        """Keep a class or function of a user for the time when it is asked for."""
        if isinstance(thing, (list, tuple)):
            for item in thing:
                self._note(item)
        elif isinstance(thing, dict):
            self._note(list(thing.values()))
        elif isinstance(thing, functools.partial):
            self._note(thing.func)
        else:
            if not isinstance(thing, (type, types.FunctionType)):
                thing = type(thing)
            module = (thing.__module__ or "").split(".")[0]
            known = module in ("keras", "tensorflow", "builtins", "numpy")
            if not known and thing.__name__ != "<lambda>":  # which is kept as code
                self._custom[keras.saving.get_registered_name(thing)] = thing


def _seeds(model):
    """The states of generators, such as those of dropout."""
    return [
        v for v in model.non_trainable_variables if v.name == "seed_generator_state"
    ]


def _parts(model):
    """Layers, what they hold, and the optimizer."""
    for layer in model._flatten_layers():
        yield layer
        yield from (
            value for name, value in vars(layer).items() if not name.startswith("_")
        )
    optimizer = getattr(model, "optimizer", None)
    yield from [optimizer, getattr(optimizer, "_learning_rate", None)]


class PackedValues:
    """What a model has learnt, for another that its function makes.

    Parameters
    ----------
    model : keras.Model
        Compiled; of a class that Keras cannot make again from a configuration.
    """

    def __init__(self, model):
        self._values = [np.asarray(v) for v in model.variables]
        self._compiled = pack(model._compile_config.config)
        self._steps = [np.asarray(v) for v in model.optimizer.variables]

    def put_into(self, model):
        """Give another model the weights, and compile it like the first.

        Parameters
        ----------
        model : keras.Model
            Built, with variables of the same shapes.
        """
        for variable, value in zip(model.variables, self._values, strict=True):
            variable.assign(value)
        model.compile(**unpack(self._compiled))
        if len(self._steps) > len(model.optimizer.variables):
            model.optimizer.build(model.trainable_variables)
        for variable, value in zip(model.optimizer.variables, self._steps, strict=True):
            variable.assign(value)


def is_made_again(model):
    """Whether Keras can make a model again from its configuration.

    Parameters
    ----------
    model : keras.Model
        Any.

    Returns
    -------
    bool
        False for classes of users without a ``get_config`` of their own, whose
        arguments Keras takes for the defaults.
    """
    standard = type(model).get_config is keras.Model.get_config
    return not standard or isinstance(model, keras.Sequential)


class PackedLoss(Packed):
    """A loss as its class and attributes, which are plain.

    Parameters
    ----------
    loss : keras.losses.Loss
        Of Keras or of a user.
    """

    def __init__(self, loss):
        self._class, self._attributes = type(loss), dict(vars(loss))

    def unpack(self):
        """Make the loss again.

        Returns
        -------
        keras.losses.Loss
            With the same attributes.
        """
        loss = object.__new__(self._class)
        vars(loss).update(self._attributes)
        return loss


class PackedMetric(Packed):
    """A metric as its class and configuration.

    Parameters
    ----------
    metric : keras.metrics.Metric
        Of Keras or of a user.

    Raises
    ------
    ValueError
        If its class cannot make it again.
    """

    def __init__(self, metric):
        self._class = type(metric)
        try:
            self._config = metric.get_config()
            again = _plain(self.unpack())
        except Exception as error:
            raise ValueError(self._message(metric, error)) from error
        for name, value in _plain(metric).items():
            if again.get(name) != value:
                raise ValueError(self._message(metric, f"{name}={value!r} is lost."))

    @staticmethod
    def _message(metric, why):
        return (
            f"The metric {metric.name!r} cannot be copied: {why} Give "
            f"{type(metric).__name__} a get_config that returns the arguments of its "
            "__init__."
        )

    def unpack(self):
        """Make the metric again.

        Returns
        -------
        keras.metrics.Metric
            As it was in the beginning.
        """
        return self._class.from_config(copy.deepcopy(self._config))


def _plain(metric):
    return {
        name: value
        for name, value in vars(metric).items()
        if isinstance(value, (bool, int, float, str)) and not name.startswith("_")
    }


class PackedOptimizer(Packed):
    """An optimizer without the state of a fit.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Of Keras or of a user.
    """

    def __init__(self, optimizer):
        self._spec, self._rate, self._schedule = taken_apart(optimizer)

    def unpack(self):
        """Make the optimizer again.

        Returns
        -------
        keras.optimizers.Optimizer
            Not built.
        """
        return self._spec.with_rate(self._rate, self._schedule)


_PACKED = {
    keras.Model: PackedModel,
    keras.losses.Loss: PackedLoss,
    keras.metrics.Metric: PackedMetric,
    keras.optimizers.Optimizer: PackedOptimizer,
}
