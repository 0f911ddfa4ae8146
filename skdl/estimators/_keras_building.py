"""How a user's Keras model is made and compiled."""

import copy
import functools
import inspect
import re
from contextlib import nullcontext

from skdl._keras import keras
from skdl.estimators._keras_seeds import integer_seed, seeded
from skdl.estimators._scikeras import (
    compile_classes,
    loss_name,
    route_params,
    unflatten_params,
)
from skdl.training._compiled import changed_step
from skdl.training._packing import fresh_copy

_HOMES = {"optimizer": "optimizers", "loss": "losses", "metrics": "metrics"}


class KerasBuilding:
    """The part of `BaseWrapper` that makes models."""

    def _check_model_param(self):
        """The function that makes a model: like SciKeras's, but of any callable."""
        model = self.model
        own = hasattr(self, "_keras_build_fn")
        if model is None and self.build_fn is None and not own:
            raise ValueError(
                f"model=None gives {type(self).__name__} nothing to train. Pass a "
                "function that returns a keras.Model, or such a model; a subclass "
                "without them must implement ``_keras_build_fn``."
            )
        if model is not None and own:
            raise ValueError(
                f"model={model!r} was given to {type(self).__name__}, but with it a "
                "class cannot implement ``_keras_build_fn``. Leave model out."
            )
        known = model is None or isinstance(model, keras.Model)
        if known or inspect.isfunction(model) or isinstance(model, functools.partial):
            return super()._check_model_param()
        if not callable(model):
            raise TypeError(
                "``model`` must be a callable that returns a keras.Model, such a model "
                "itself, or None in a subclass with the method _keras_build_fn, but "
                f"got model={model!r}."
            )
        return _of_named_arguments(model) if isinstance(model, type) else model

    def _build_keras_model(self):
        seed = self._random_state
        self._random_state = None  # SciKeras would set seeds for everybody
        try:
            with nullcontext() if seed is None else seeded(seed):
                model = super()._build_keras_model()
        finally:
            self._random_state = seed
        if not isinstance(model, keras.Model):
            raise TypeError(
                f"model={self.model!r} returned {model!r}, which is no keras.Model. "
                "Return the model from the function."
            )
        return model

    def _get_compile_kwargs(self):
        """Arguments of ``Model.compile``: names and classes as objects.

        An optimizer or metric serves one model only: the user's stay as they are.
        """
        params = self.get_params()
        kwargs = route_params(
            params, destination="compile", pass_filter=self._compile_kwargs
        )
        for name, found in compile_classes.items():
            routed = route_params(params, destination=name, pass_filter=set())
            try:
                made = unflatten_params(items=found(kwargs[name]), params=routed)
            except (TypeError, ValueError) as error:
                given = "".join(f", {name}__{k}={v!r}" for k, v in routed.items())
                raise type(error)(
                    f"{name}={kwargs[name]!r}{given} cannot be made: {error} Choose "
                    f"one of keras.{_HOMES[name]}, and arguments that it takes."
                ) from error
            _name_as_given(kwargs[name], made)
            kwargs[name] = fresh_copy(made) if name == "optimizer" else made
        for name in ("metrics", "weighted_metrics"):
            metrics = fresh_copy(kwargs.get(name))
            if metrics is not None:
                several = isinstance(metrics, (dict, list, tuple))
                kwargs[name] = metrics if several else [metrics]
        return kwargs

    def _get_metadata(self):
        """What a function's `meta` holds: not the model of the last fit."""
        meta = super()._get_metadata()
        return {k: v for k, v in meta.items() if k not in ("model_", "history_")}

    def _ensure_compiled_model(self):
        model = self.model_
        if not model.compiled:
            model.compile(**self._get_compile_kwargs())
        for article, name in (("a", "loss"), ("an", "optimizer")):
            if not getattr(model, name, None) and changed_step(model) is None:
                raise ValueError(
                    f"{name}=None, and the model was compiled without one. You must "
                    f"provide {article} {name}: pass {name}=... or compile the model "
                    "with it."
                )

    def _check_model_compatibility(self, y):
        expected = getattr(self, "n_outputs_expected_", None)
        outputs = getattr(self.model_, "outputs", None)
        if expected and outputs and expected != len(outputs):
            raise ValueError(
                f"y has {expected} outputs for a Keras model, but the model has "
                f"{len(outputs)} outputs. Return a model with {expected}, or write a "
                "target_encoder for several."
            )
        elif outputs and len(outputs) == 1 and len(outputs[0].shape) == 2:
            self._check_width(outputs[0].shape[1])
        self._check_loss_is_used()

    def _check_width(self, width):
        """Complain about outputs that cannot stand for y; for subclasses."""

    def _check_loss_is_used(self):
        """A `loss` that the function did not take is a mistake.

        It need not take the default of a subclass, nor one that is no parameter there.
        """
        named = inspect.signature(type(self).__init__).parameters
        if "loss" not in named:
            return
        given, used = single(self.loss), single(self.model_.loss)
        kinds = (str, keras.losses.Loss, type)
        if not isinstance(given, kinds) or not isinstance(used, kinds):
            return
        if not same_loss(given, used) and not same_loss(given, named["loss"].default):
            raise ValueError(
                f"loss={given!r} but model compiled with {used!r}. Data may not match "
                "the loss function! Leave loss out, or pass the same."
            )

    @property
    def callbacks_(self):
        """The Keras callbacks of the last fit: copies of those in the parameters."""
        return self._fit_callbacks

    def _initialize_callbacks(self):
        """Make callbacks of classes, copy instances, complain about what is none.

        Copies share what they hold, such as a list that a callback writes to.
        """
        params = self.get_params()
        for name in ("callbacks", "fit__callbacks", "predict__callbacks"):
            for item in flat(params.get(name)):
                known = isinstance(item, keras.callbacks.Callback) or (
                    isinstance(item, type)
                    and issubclass(item, keras.callbacks.Callback)
                )
                if not known:
                    raise TypeError(
                        f"{name}={params[name]!r} holds {item!r}, which is no "
                        "keras.callbacks.Callback. Pass one, a class of them, or a "
                        "list or dict of these."
                    )
        super()._initialize_callbacks()
        fit, predict = flat(self._fit_callbacks), flat(self._predict_callbacks)
        copies = {id(each): copy.copy(each) for each in (*fit, *predict)}
        self._fit_callbacks = [copies[id(each)] for each in fit]
        self._predict_callbacks = [copies[id(each)] for each in predict]

    def _initialize(self, X, y=None):
        """Check data, fit the encoders, and make the model."""
        self._random_state = integer_seed(self.random_state)
        X, y = self._validate_data(X, y, reset=True)
        self.target_encoder_ = self.target_encoder.fit(y)
        vars(self).update(getattr(self.target_encoder_, "get_metadata", dict)())
        self.feature_encoder_ = self.feature_encoder.fit(X)
        vars(self).update(getattr(self.feature_encoder_, "get_metadata", dict)())
        self.model_ = self._build_keras_model()
        self._initialize_callbacks()
        return X, y


def same_loss(one, other):
    """Whether two losses are of one kind, however they are given.

    Parameters
    ----------
    one, other : str, keras.losses.Loss, class or None
        As for ``Model.compile``.

    Returns
    -------
    bool
        By names where Keras knows them, else by classes.
    """
    if one is None or other is None:
        return one is other
    try:
        return loss_name(one) == loss_name(other)
    except (TypeError, ValueError):  # of a user's own class
        classes = [x if isinstance(x, type) else type(x) for x in (one, other)]
        return classes[0] is classes[1]


def single(value):
    """What stands alone in a list or dict, as all that belongs to one output may.

    Parameters
    ----------
    value : object
        Losses or outputs.

    Returns
    -------
    object
        `value` itself where it is no such thing.
    """
    if isinstance(value, dict):
        value = list(value.values()) if len(value) == 1 else value
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def flat(callbacks):
    """Callbacks as one list.

    Parameters
    ----------
    callbacks : object
        None, one, or lists and dicts of several.

    Returns
    -------
    list
        Of what they hold.
    """
    if callbacks is None:
        return []
    if isinstance(callbacks, dict):
        callbacks = list(callbacks.values())
    if isinstance(callbacks, (list, tuple)):
        return [each for item in callbacks for each in flat(item)]
    return [callbacks]


def _name_as_given(items, made):
    """Metrics given by name are called so in every fit: Keras counts names up."""
    if isinstance(items, dict):
        items, made = list(items.values()), list(made.values())
    if isinstance(items, (list, tuple)):
        for item, each in zip(items, made, strict=True):
            _name_as_given(item, each)
    elif isinstance(items, str) and isinstance(made, keras.metrics.Metric):
        made.name = re.sub(r"_\d+$", "", made.name)


def _of_named_arguments(cls):
    """A class as a function that is given what its `__init__` names."""

    def build(**arguments):
        return cls(**arguments)

    signature = inspect.signature(cls)
    named = [p for p in signature.parameters.values() if p.kind != p.VAR_KEYWORD]
    build.__signature__ = signature.replace(parameters=named)
    return build
