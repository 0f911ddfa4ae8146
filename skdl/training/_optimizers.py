"""Optimizers, by name or from Keras, told apart from their learning rate."""

import copy
import functools
import json
import math
import types
from dataclasses import dataclass, field
from numbers import Real
from typing import NamedTuple

import keras
import numpy as np

from skdl.training._average import Average
from skdl.training._description import Description
from skdl.training._identity import identity

_STAND_IN_RATE = 1e-3  # in every spec: the engine assigns the real rate per step


class Recipe(NamedTuple):
    """A named optimizer.

    Parameters
    ----------
    keras_class : str
        Name of the class in ``keras.optimizers``.
    learning_rate : float
        The rate used when the user gives none (without momentum).
    takes : tuple of str
        Which of ``momentum`` and ``nesterov`` the optimizer understands.
    """

    keras_class: str
    learning_rate: float
    takes: tuple = ()


# The rates suit standardised inputs. "Level" means: about the score of Adam at 0.001
# after 20-30 epochs of batch 32 on digits, breast cancer and diabetes, one hidden
# layer of 100; checked also with batches of 1 and with 3 and 5 layers.
OPTIMIZERS = {
    # The largest rate stable down to batches of one row; 0.1 diverges there.
    "sgd": Recipe("SGD", 0.03, ("momentum", "nesterov")),
    # Duchi et al. 2011. Keras's 0.001 hardly moves; 0.03 is level.
    "adagrad": Recipe("Adagrad", 0.03),
    # Zeiler 2012 has no rate at all, which is 1. Keras's 0.001 hardly moves.
    "adadelta": Recipe("Adadelta", 1.0),
    # Hinton's lecture 6e, 2012. Level.
    "rmsprop": Recipe("RMSprop", 1e-3, ("momentum",)),
    # Kingma & Ba 2015 say 0.001. Twice that was level with it on 17 tables of 270 to
    # 700 rows, and better where rows, and so steps, are few (170 rows: 0.753 against
    # 0.748 mean accuracy; R2 0.44 against 0.35 with 28 or 84 rows to learn from).
    "adam": Recipe("Adam", 2e-3),
    # Loshchilov & Hutter 2019: Adam with decoupled weight decay (Keras: 0.004).
    "adamw": Recipe("AdamW", 2e-3),
    # Dozat 2016.
    "nadam": Recipe("Nadam", 2e-3),
    # Chen et al. 2023: a third to a tenth of Adam's rate. 0.0003 is level.
    "lion": Recipe("Lion", 3e-4),
}

# Their state starts out the same for any weights, and each parameter's update
# depends on nothing but its own gradient, value, state and the step count.
_ELEMENTWISE = frozenset(
    getattr(keras.optimizers, name)
    for name in (
        *(recipe.keras_class for recipe in OPTIMIZERS.values()),
        "Adamax",
        "Ftrl",
    )
)


_ADAM_OPTIONS = (
    "amsgrad",
    "clipnorm",
    "clipvalue",
    "ema_overwrite_frequency",
    "global_clipnorm",
    "gradient_accumulation_steps",
    "loss_scale_factor",
    "use_ema",
    "weight_decay",
)


@dataclass(frozen=True)
class OptimizerSpec:
    """What identifies an optimizer, its learning rate aside.

    Two specs are equal when their optimizers do the same at any given learning rate,
    so that a spec can be part of the key of a traced program. A class of a user counts
    by its code and by what that reads, at the moment when the spec is made. Specs hash
    and pickle (for a class that can be imported).

    Parameters
    ----------
    optimizer_class : type
        Subclass of ``keras.optimizers.Optimizer``.
    key : str
        The configuration as canonical JSON.
    config : dict
        The configuration, for ``optimizer_class.from_config``, with a stand-in for
        the learning rate.
    no_decay : str or None
        Regular expression of the variables without weight decay, from
        ``Optimizer.exclude_from_weight_decay(var_names=...)``.
    inner_class : type or None
        Class of the optimizer within, as in ``LossScaleOptimizer``.

    Attributes
    ----------
    computes : Description
        What stands for the classes, and for functions that the configuration holds,
        in comparisons.

    Examples
    --------
    >>> import keras
    >>> from skdl.training._optimizers import resolve_optimizer
    >>> spec, rate, _ = resolve_optimizer(keras.optimizers.Adam(0.01))
    >>> spec == resolve_optimizer("adam")[0], rate, spec.elementwise
    (True, 0.01, True)
    """

    optimizer_class: type = field(compare=False)
    key: str
    config: dict = field(compare=False, repr=False)
    no_decay: str | None = None
    inner_class: type | None = field(default=None, compare=False, repr=False)
    computes: Description = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "computes", self._looked_at())

    def _looked_at(self):
        return identity(self.optimizer_class, self.inner_class, self.config)

    def has_changed(self):
        """Whether a user's class or function computes another thing by now.

        Returns
        -------
        bool
            Also True if that cannot be said.
        """
        return self._looked_at() != self.computes

    @property
    def elementwise(self):
        """Whether one step on the concatenation of all parameters is the same.

        True if the optimizer may be applied to one flat vector instead of variable by
        variable. Clipping by value or by the global norm, averaging (``use_ema``) and
        gradient accumulation do not spoil it; clipping the norm of each variable and
        weight decay for some variables only do.

        Returns
        -------
        bool
            False also for every class not known to be so.
        """
        return (
            self.optimizer_class in _ELEMENTWISE
            and not self.config["clipnorm"]
            and self.no_decay is None
        )

    @property
    def plain_adam(self):
        """Whether it is Adam without any of Keras's options beside its constants."""
        return self.optimizer_class is keras.optimizers.Adam and not any(
            self.config.get(option) for option in _ADAM_OPTIONS
        )

    def without_average(self):
        """The same optimizer, and apart from it the average that it keeps of weights.

        Keras's ``use_ema`` puts the average in the place of the weights when training
        ends, so that weights of an earlier epoch are not averaged. The engine keeps it
        beside them.

        Returns
        -------
        spec : OptimizerSpec
            Without ``use_ema``; the same if it has none, or one that overwrites weights
            in the midst of training.
        average : Average or None
            As Keras computes it.
        """
        config = self.config
        overwrites = config.get("ema_overwrite_frequency")
        if not config.get("use_ema") or overwrites or "inner_optimizer" in config:
            return self, None
        if config.get("gradient_accumulation_steps"):
            return self, None
        average = Average(config["ema_momentum"])
        return _spec(self._made({**copy.deepcopy(config), "use_ema": False})), average

    def build(self):
        """Make a fresh optimizer.

        Returns
        -------
        keras.optimizers.Optimizer
            Not yet built on variables. Its ``learning_rate`` is a variable with a
            stand-in value, to be assigned before each step.
        """
        return self._made(copy.deepcopy(self.config))

    def with_rate(self, learning_rate, schedule=None):
        """Make a fresh optimizer with a learning rate.

        Parameters
        ----------
        learning_rate : float
            At least 0.
        schedule : keras.optimizers.schedules.LearningRateSchedule or None
            Takes the place of the rate.

        Returns
        -------
        keras.optimizers.Optimizer
            Not yet built on variables.
        """
        config = copy.deepcopy(self.config)
        inner = config.get("inner_optimizer")
        target = config if inner is None else inner["config"]
        target["learning_rate"] = learning_rate if schedule is None else schedule
        config.pop("name", None)  # Keras's own
        return self._made(config)

    def _made(self, config):
        optimizer = self.optimizer_class.from_config(config)
        if self.no_decay is not None:
            unwrapped(optimizer).exclude_from_weight_decay(var_names=[self.no_decay])
        return optimizer


def resolve_optimizer(optimizer, *, momentum=0.0, nesterov=False, learning_rate=None):
    """Turn an estimator's parameters into a spec, a rate and a schedule.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
        A name in `OPTIMIZERS`, or an instance, which is neither built, changed nor
        kept. A learning rate that is a function without arguments is called once.
    momentum : float, default=0.0
        In [0, 1), for "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum (Sutskever et al. 2013), for "sgd" with a momentum.
    learning_rate : float or None, default=None
        None: an instance's own rate, or for a name its rate in `OPTIMIZERS` times
        ``1 - momentum``, as momentum lengthens steps by ``1 / (1 - momentum)`` in the
        long run. A number overrides the rate or the schedule of an instance.

    Returns
    -------
    spec : OptimizerSpec
        The optimizer without its learning rate.
    learning_rate : float
        The initial rate.
    schedule : keras.optimizers.schedules.LearningRateSchedule or None
        The schedule an instance came with; its rates are absolute.

    Raises
    ------
    ValueError
        If the optimizer is unknown or cannot be rebuilt from its configuration, the
        rate is not a finite number above 0, or the momentum is not for this optimizer.

    References
    ----------
    Sutskever, I., Martens, J., Dahl, G., & Hinton, G. (2013). On the importance of
    initialization and momentum in deep learning. ICML.

    Examples
    --------
    >>> from skdl.training._optimizers import resolve_optimizer
    >>> spec, learning_rate, schedule = resolve_optimizer("sgd", momentum=0.5)
    >>> spec.optimizer_class.__name__, learning_rate, schedule
    ('SGD', 0.015, None)
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        _check_momentum(optimizer, momentum, nesterov, takes=())
        own_rate, schedule = _own_rate(optimizer)
    else:
        recipe = _recipe(optimizer)
        _check_momentum(optimizer, momentum, nesterov, takes=recipe.takes)
        own_rate, schedule = recipe.learning_rate * (1 - momentum), None

    if isinstance(optimizer, str):
        spec = _named_spec(optimizer, float(momentum), bool(nesterov))
    else:
        spec = _spec(optimizer)
    if learning_rate is not None:
        return spec, _checked_rate(learning_rate), None
    if schedule is not None:
        return spec, own_rate, schedule  # a warm-up may well start at 0
    return spec, _checked_rate(own_rate), None


@functools.cache
def _named_spec(name, momentum, nesterov):
    recipe = OPTIMIZERS[name]
    options = {"momentum": momentum, "nesterov": nesterov}
    taken = {option: options[option] for option in recipe.takes}
    return _spec(getattr(keras.optimizers, recipe.keras_class)(name=name, **taken))


def _recipe(name):
    if isinstance(name, str) and name in OPTIMIZERS:
        return OPTIMIZERS[name]
    raise ValueError(
        f"optimizer={name!r} is not known. Choose one of {', '.join(OPTIMIZERS)}, or "
        "pass an instance such as keras.optimizers.Adam()."
    )


def _check_momentum(optimizer, momentum, nesterov, *, takes):
    if not _is_number(momentum) or not 0 <= momentum < 1:
        raise ValueError(
            f"momentum={momentum!r} must be a number in [0, 1), such as 0.9."
        )
    given = {"momentum": momentum, "nesterov": nesterov}
    for name, value in given.items():
        if value and name not in takes:
            raise ValueError(_misplaced(optimizer, name, value))
    if nesterov and momentum == 0:
        raise ValueError(
            f"nesterov={nesterov!r} needs a momentum above 0, got "
            f"momentum={momentum!r}. Set momentum=0.9 or nesterov=False."
        )


def _misplaced(optimizer, name, value):
    if not isinstance(optimizer, str):
        example = f"{type(optimizer).__name__}(...)"
        return (
            f"{name}={value!r} has no effect on the instance optimizer={example}. "
            "Set it on the instance, if it has one, and leave the parameter out."
        )
    able = [other for other, recipe in OPTIMIZERS.items() if name in recipe.takes]
    return (
        f"{name}={value!r} has no effect with optimizer={optimizer!r}. "
        f"Leave it out, or use {' or '.join(map(repr, able))}."
    )


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _checked_rate(rate):
    if not _is_number(rate) or not 0 < rate < math.inf:
        raise ValueError(
            f"learning_rate={rate!r} must be a finite number above 0, such as 0.001."
        )
    return float(rate)


def unwrapped(optimizer):
    """The optimizer inside a ``LossScaleOptimizer``, or the optimizer itself.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Any.

    Returns
    -------
    keras.optimizers.Optimizer
        One with a learning rate.
    """
    return getattr(optimizer, "inner_optimizer", optimizer)


def taken_apart(optimizer):
    """An optimizer as a spec, its present rate, and its schedule.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Stays as it is.

    Returns
    -------
    spec : OptimizerSpec
        The optimizer without its learning rate.
    learning_rate : float
        May be zero.
    schedule : keras.optimizers.schedules.LearningRateSchedule or None
        Where it has one.

    Raises
    ------
    ValueError
        If the optimizer cannot be rebuilt from its configuration.
    """
    rate, schedule = _own_rate(optimizer)
    return _spec(optimizer), rate, schedule


def copy_of(optimizer):
    """An optimizer like another one, as that was before its first step.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Stays as it is.

    Returns
    -------
    keras.optimizers.Optimizer
        Not built, with the same learning rate or schedule.
    """
    spec, rate, schedule = taken_apart(optimizer)
    return spec.with_rate(rate, schedule)


def has_schedule(optimizer):
    """Whether an optimizer's learning rate is a schedule of Keras.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Any.

    Returns
    -------
    bool
        False for a rate that can be set.
    """
    rate = getattr(unwrapped(optimizer), "_learning_rate", None)
    return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


def _own_rate(optimizer):
    """Return an instance's initial learning rate and its schedule or None."""
    source = unwrapped(optimizer)._learning_rate
    if has_schedule(optimizer):
        start = keras.ops.convert_to_tensor(0, dtype="int")
        return float(source(start)), source
    try:
        return _as_written(float(optimizer.learning_rate)), None
    except AttributeError as error:  # of keras.optimizers.MultiOptimizer
        raise ValueError(
            f"optimizer={type(optimizer).__name__}(...) has no learning rate of its "
            "own, which is needed. Pass one of the optimizers it is made of."
        ) from error


def _as_written(number):
    """Return 0.001 for 0.0010000000475, which is what float32 makes of it."""
    single = np.float32(number)
    return float(str(single)) if float(single) == number else number


def _spec(optimizer):
    """Return the spec of an instance, which stays as it is."""
    optimizer_class = type(optimizer)
    try:
        config = _untracked(_without_rate(_config(optimizer)))
        key = json.dumps(config, sort_keys=True, default=_describe)
        inner = unwrapped(optimizer)
        spec = OptimizerSpec(
            optimizer_class,
            key,
            config,
            _no_decay(optimizer),
            None if inner is optimizer else type(inner),
        )
        if optimizer_class not in _ELEMENTWISE:
            _check_same(optimizer, spec.build())
    except Exception as error:
        raise ValueError(
            f"optimizer={optimizer_class.__name__}(...) cannot be copied for a fresh "
            f"fit; mend its get_config and from_config: {error}"
        ) from error
    return spec


def _config(optimizer):
    """Return ``get_config()``, even where the learning rate has no config itself."""
    if not callable(optimizer._learning_rate):
        return optimizer.get_config()
    # get_config would have to write down the schedule or function, which many do not
    # support. So ask a look-alike that shares all attributes but this one.
    double = object.__new__(type(optimizer))
    vars(double).update(vars(optimizer), _learning_rate=_STAND_IN_RATE)
    return double.get_config()


def _without_rate(config):
    """Replace the learning rate and the name, also inside a LossScaleOptimizer."""
    neutral = {"learning_rate": _STAND_IN_RATE, "name": "optimizer"}
    config = {name: neutral.get(name, value) for name, value in config.items()}
    inner = config.get("inner_optimizer")
    if isinstance(inner, dict):
        config["inner_optimizer"] = inner | {"config": _without_rate(inner["config"])}
    return config


def _untracked(value):
    """Copy a config; Keras's lists and dicts would keep their optimizer alive."""
    if isinstance(value, dict):
        return {name: _untracked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(_untracked, value))
    return copy.deepcopy(value)


def _describe(value):
    """Return JSON for what json does not know; a function is looked at by the spec."""
    if isinstance(value, (types.FunctionType, types.MethodType, functools.partial)):
        return "function"
    return keras.saving.serialize_keras_object(value)


def _no_decay(optimizer):
    """Return the pattern given to ``exclude_from_weight_decay``, or None."""
    optimizer = unwrapped(optimizer)
    if getattr(optimizer, "_exclude_from_weight_decay", None):
        raise ValueError(
            "exclude_from_weight_decay(var_list=...) names variables of another "
            "network; use var_names=... instead."
        )
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return None if pattern is None else pattern.pattern


def _check_same(optimizer, rebuilt):
    """Raise if a user's class lost an argument on the way through its config."""
    there = _plain_attributes(rebuilt)
    for name, value in _plain_attributes(optimizer).items():
        if there.get(name) != value:
            raise ValueError(
                f"rebuilt from its get_config() it has {name}={there.get(name)!r} "
                f"instead of {value!r}."
            )


def _plain_attributes(optimizer):
    return {
        name: value
        for name, value in vars(optimizer).items()
        if isinstance(value, (bool, int, float, str))
        and name not in ("name", "built")
        and not name.startswith("_self_")  # TensorFlow's bookkeeping
    }
