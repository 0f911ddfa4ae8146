"""Optimizer specs: what they tell apart, what they build, how that steps."""

import gc
import pickle
import random
import weakref

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl.training._optimizers import OPTIMIZERS, resolve_optimizer

OPT = keras.optimizers
SCHEDULES = keras.optimizers.schedules

# Every kind of optimizer that may run on one flat vector, with its options.
ELEMENTWISE = {
    **{name: name for name in OPTIMIZERS},
    "adamax": OPT.Adamax(0.1),
    "ftrl": OPT.Ftrl(0.1, l1_regularization_strength=0.01),
    "amsgrad": OPT.Adam(amsgrad=True),
    "centered": OPT.RMSprop(centered=True, momentum=0.9),
    "nesterov": OPT.SGD(momentum=0.9, nesterov=True),
    "decay": OPT.SGD(weight_decay=0.1),
    "clipvalue": OPT.Adam(clipvalue=0.5),
    "global_clipnorm": OPT.Adam(global_clipnorm=0.5),
    "ema": OPT.SGD(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
    "accumulation": OPT.Adam(gradient_accumulation_steps=2),
}


def excluding_bias():
    optimizer = OPT.SGD(weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


class SignedSGD(OPT.Optimizer):
    """A user's own optimizer, with an argument that is not a number."""

    def __init__(self, learning_rate=0.1, signs=(1.0,), power=1, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.signs = signs
        self.power = power

    def update_step(self, gradient, variable, learning_rate):
        learning_rate = keras.ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, learning_rate * self.signs[0] * gradient**self.power)

    def get_config(self):
        return {**super().get_config(), "signs": self.signs, "power": self.power}


class Forgetful(SignedSGD):
    """A user's own optimizer that leaves an argument out of its config."""

    def get_config(self):
        return OPT.Optimizer.get_config(self)


# Optimizers for which the parameters must stay apart.
NOT_ELEMENTWISE = {
    "clipnorm": OPT.Adam(clipnorm=0.1),
    "excluding_bias": excluding_bias(),
    "adafactor": OPT.Adafactor(),
    "lamb": OPT.Lamb(),
    "muon": OPT.Muon(exclude_layers=["head"]),
    "loss_scale": OPT.LossScaleOptimizer(OPT.SGD()),
    "schedule_free": OPT.ScheduleFreeAdamW(),
    "users": SignedSGD(signs=(np.float32(1.0), 2)),
}


def spec_of(optimizer, **options):
    return resolve_optimizer(optimizer, **options)[0]


def parameters_and_gradients(dtype="float64"):
    """Return start values and 5 steps' gradients of a (3, 4) and a (4,) parameter."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (4,)]
    start = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    steps = [[rng.normal(size=s).astype(dtype) for s in shapes] for _ in range(5)]
    return start, steps


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def train(spec, start, steps, learning_rate):
    """Take all steps; return the parameters as one vector."""
    names = ["kernel", "bias"][: len(start)]
    optimizer = spec.build()
    variables = [
        keras.Variable(value, dtype="float64", name=name)
        for value, name in zip(start, names, strict=True)
    ]
    optimizer.build(variables)
    for gradients in steps:
        optimizer.learning_rate.assign(learning_rate)
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], variables)
    return flat([variable.numpy() for variable in variables])


def train_both_ways(spec, learning_rate=0.125):
    start, steps = parameters_and_gradients()
    apart = train(spec, start, steps, learning_rate)
    joined = train(spec, [flat(start)], [[flat(g)] for g in steps], learning_rate)
    assert not np.allclose(apart, flat(start))
    return apart, joined


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_means_flat_steps_equal_steps_per_variable(name):
    spec = spec_of(ELEMENTWISE[name])
    assert spec.elementwise
    assert_allclose(*train_both_ways(spec), rtol=1e-12)


@pytest.mark.parametrize("name", NOT_ELEMENTWISE)
def test_all_others_are_not_elementwise(name):
    assert not spec_of(NOT_ELEMENTWISE[name]).elementwise


@pytest.mark.parametrize("name", ["clipnorm", "excluding_bias", "lamb"])
def test_flat_steps_would_differ_where_not_elementwise(name):
    apart, joined = train_both_ways(spec_of(NOT_ELEMENTWISE[name]))
    assert not np.allclose(apart, joined, rtol=1e-3)


def test_subclass_of_an_elementwise_class_is_not_trusted():
    class Mine(OPT.SGD):
        pass

    assert not spec_of(Mine(0.1)).elementwise


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_steps_match_numpy(nesterov):
    start, steps = parameters_and_gradients()
    spec = spec_of("sgd", momentum=0.75, nesterov=nesterov)
    x, velocity = flat(start), 0.0
    for gradients in map(flat, steps):
        velocity = 0.75 * velocity - 0.125 * gradients
        x = x + (0.75 * velocity - 0.125 * gradients if nesterov else velocity)
    assert_allclose(train(spec, start, steps, 0.125), x, rtol=1e-12)


def test_rmsprop_with_momentum_matches_numpy():
    start, steps = parameters_and_gradients()
    x, square, velocity = flat(start), 0.0, 0.0
    for gradients in map(flat, steps):
        square = 0.9 * square + 0.1 * gradients**2
        velocity = 0.75 * velocity + 0.125 * gradients / np.sqrt(square + 1e-7)
        x = x - velocity
    spec = spec_of("rmsprop", momentum=0.75)
    assert_allclose(train(spec, start, steps, 0.125), x, rtol=1e-12)


def test_adam_steps_match_numpy():
    start, steps = parameters_and_gradients()
    x, first, second = flat(start), 0.0, 0.0
    for step, gradients in enumerate(map(flat, steps), 1):
        first = 0.9 * first + 0.1 * gradients
        second = 0.999 * second + 0.001 * gradients**2
        # Keras rounds these two to float32, whatever the parameters' dtype.
        beta_1, beta_2 = np.float32([0.9, 0.999]).astype(float)
        rate = 0.125 * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        x = x - rate * first / (np.sqrt(second) + 1e-7)
    assert_allclose(train(spec_of("adam"), start, steps, 0.125), x, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_name_is_the_same_as_kerass_optimizer(name):
    recipe = OPTIMIZERS[name]
    spec, learning_rate, schedule = resolve_optimizer(name)
    assert spec == spec_of(getattr(OPT, recipe.keras_class)(learning_rate=0.5))
    assert learning_rate == recipe.learning_rate
    assert schedule is None


def test_equal_but_for_the_learning_rate_is_equal():
    specs = {
        spec_of(OPT.Adam()),
        spec_of(OPT.Adam(0.5, name="mine")),
        spec_of(OPT.Adam(SCHEDULES.CosineDecay(0.1, 10))),
        spec_of(OPT.Adam(lambda: 0.25)),
        spec_of("adam", learning_rate=3.0),
    }
    assert len(specs) == 1
    assert spec_of(OPT.LossScaleOptimizer(OPT.Adam(0.1))) == spec_of(
        OPT.LossScaleOptimizer(OPT.Adam(0.2))
    )


def test_all_else_makes_a_difference():
    specs = [
        spec_of("adam"),
        spec_of("adamw"),
        spec_of(OPT.Adam(beta_1=0.8)),
        spec_of(OPT.Adam(clipnorm=1.0)),
        spec_of("sgd"),
        spec_of("sgd", momentum=0.5),
        spec_of("sgd", momentum=0.5, nesterov=True),
        spec_of(OPT.SGD(weight_decay=0.5)),
        spec_of(excluding_bias()),
        spec_of(SignedSGD(signs=(1.0,))),
        spec_of(SignedSGD(signs=(2.0,))),
    ]
    assert len(set(specs)) == len(specs)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *NOT_ELEMENTWISE])
def test_spec_pickles(name):
    spec = spec_of({**ELEMENTWISE, **NOT_ELEMENTWISE}[name])
    copy = pickle.loads(pickle.dumps(spec))
    assert copy == spec
    assert hash(copy) == hash(spec)
    assert copy.build().get_config() == spec.build().get_config()


def test_users_optimizer_keeps_its_arguments():
    spec = spec_of(SignedSGD(signs=(-1.0, 2.0), power=3))
    assert spec.build().signs == (-1.0, 2.0)
    start, steps = parameters_and_gradients()
    expected = flat(start) + 0.125 * sum(flat(gradients) ** 3 for gradients in steps)
    assert_allclose(train(spec, start, steps, 0.125), expected, rtol=1e-12)


def test_users_optimizer_that_forgets_an_argument_is_refused():
    assert spec_of(Forgetful(power=1)).optimizer_class is Forgetful  # the default
    with pytest.raises(ValueError, match=r"Forgetful.* power=1 instead of 3\."):
        spec_of(Forgetful(power=3))


def test_weight_decay_excluded_by_variable_is_refused():
    optimizer = OPT.SGD(weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[keras.Variable(1.0)])
    with pytest.raises(ValueError, match=r"var_list.*use var_names"):
        spec_of(optimizer)


@pytest.mark.parametrize("name", ["adam", "nadam", "adagrad", "lion"])
def test_every_build_is_fresh(name):
    spec = spec_of(name)
    start, steps = parameters_and_gradients()
    first = train(spec, start, steps, 0.125)
    assert_array_equal(train(spec, start, steps, 0.125), first)
    assert spec.build() is not spec.build()


def test_instance_is_neither_built_nor_changed_nor_kept():
    optimizer = OPT.Adam(0.25, beta_1=0.5)
    before = optimizer.get_config()
    spec, learning_rate, _ = resolve_optimizer(optimizer, learning_rate=0.125)
    train_both_ways(spec)
    assert learning_rate == 0.125
    assert optimizer.get_config() == before
    assert not optimizer.built
    alive = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert alive() is None


def test_used_instance_starts_afresh():
    used = OPT.Adam(0.25)
    variable = keras.Variable(np.ones(3))
    used.apply([keras.ops.ones(3)], [variable])
    assert resolve_optimizer(used)[:2] == resolve_optimizer(OPT.Adam(0.25))[:2]
    assert int(spec_of(used).build().iterations) == 0


def test_random_state_of_python_and_numpy_is_untouched():
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    for optimizer in [*ELEMENTWISE.values(), *NOT_ELEMENTWISE.values()]:
        spec_of(optimizer).build().build([keras.Variable(np.ones((3, 4)))])
    after = random.getstate(), np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    assert_array_equal(before[1][1], after[1][1])
    assert before[1][2:] == after[1][2:]


@pytest.mark.parametrize(
    ("optimizer", "options", "expected"),
    [
        ("sgd", {}, 0.03),
        ("sgd", {"learning_rate": 1}, 1.0),
        ("sgd", {"momentum": 0.5}, 0.015),
        ("sgd", {"momentum": 0.5, "learning_rate": 0.25}, 0.25),
        (OPT.SGD(0.001), {}, 0.001),  # not float32's 0.0010000000475
        (OPT.SGD(0.001), {"learning_rate": np.float32(0.5)}, 0.5),
        (OPT.SGD(lambda: 0.2), {}, 0.2),
        (OPT.LossScaleOptimizer(OPT.SGD(0.3)), {}, 0.3),
    ],
)
def test_initial_learning_rate(optimizer, options, expected):
    _, learning_rate, schedule = resolve_optimizer(optimizer, **options)
    assert type(learning_rate) is float
    assert learning_rate == pytest.approx(expected, rel=1e-15)
    assert schedule is None


class NoConfig(SCHEDULES.LearningRateSchedule):
    """As in many tutorials: without get_config."""

    def __call__(self, step):
        return 0.5 * keras.ops.cast(step, "float32")


@pytest.mark.parametrize(
    ("schedule", "start"), [(SCHEDULES.CosineDecay(0.25, 10), 0.25), (NoConfig(), 0.0)]
)
def test_instance_brings_its_schedule(schedule, start):
    optimizer = OPT.Adam(schedule)
    spec, learning_rate, found = resolve_optimizer(optimizer)
    assert found is schedule
    assert learning_rate == start
    assert spec == spec_of("adam")
    assert resolve_optimizer(optimizer, learning_rate=0.5)[1:] == (0.5, None)
    assert isinstance(spec.build().learning_rate, keras.Variable)


@pytest.mark.parametrize(
    ("optimizer", "options", "message"),
    [
        ("adm", {}, "optimizer='adm' is not known.*sgd, adagrad.*lion"),
        (OPT.Adam, {}, r"class .*Adam.* is not known.*instance such as .*Adam\(\)"),
        (["adam"], {}, r"optimizer=\['adam'\] is not known"),
        (None, {}, "optimizer=None is not known"),
        ("adam", {"learning_rate": 0}, "learning_rate=0 must be .* above 0"),
        ("adam", {"learning_rate": -0.1}, "learning_rate=-0.1 must be"),
        ("adam", {"learning_rate": np.nan}, "learning_rate=nan must be a finite"),
        ("adam", {"learning_rate": np.inf}, "learning_rate=inf must be a finite"),
        ("adam", {"learning_rate": "fast"}, "learning_rate='fast' must be"),
        ("adam", {"learning_rate": True}, "learning_rate=True must be"),
        (OPT.SGD(0.0), {}, "learning_rate=0.0 must be"),
        ("adam", {"momentum": 0.9}, "momentum=0.9 .*'adam'.*'sgd' or 'rmsprop'"),
        ("rmsprop", {"nesterov": True}, "nesterov=True .*'rmsprop'.* use 'sgd'"),
        (OPT.SGD(), {"momentum": 0.9}, r"momentum=0.9 .*SGD\(...\).*on the instance"),
        ("sgd", {"nesterov": True}, "nesterov=True needs a momentum above 0"),
        ("sgd", {"momentum": 1.0}, r"momentum=1.0 must be a number in \[0, 1\)"),
        ("sgd", {"momentum": -0.5}, "momentum=-0.5 must be"),
        ("sgd", {"momentum": None}, "momentum=None must be"),
        (
            OPT.MultiOptimizer(OPT.OptimizerMap(OPT.SGD())),
            {},
            "MultiOptimizer.* has no learning rate of its own",
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence(optimizer, options, message):
    with pytest.raises(ValueError, match=message):
        resolve_optimizer(optimizer, **options)
