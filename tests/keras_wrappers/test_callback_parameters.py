"""Callbacks as parameters: instances, classes with parameters of their own, copies."""

import copy
import pickle
from functools import cache

import numpy as np
import pytest
from keras import callbacks
from numpy.testing import assert_allclose
from sklearn.base import clone

from skdl import KerasClassifier
from tests.keras_wrappers._callbacks import (
    N_EPOCHS,
    Recorder,
    by_keras,
    estimator,
    mixed,
)
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    known,
)

# -- in every form ---------------------------------------------------------------------

FORMS = {
    "instance": lambda: {"callbacks": Recorder("a")},
    "list": lambda: {"callbacks": [Recorder("a"), Recorder("b")]},
    "nested list": lambda: {"callbacks": [[Recorder("a"), Recorder("b")], Recorder()]},
    "dict": lambda: {"callbacks": {"one": Recorder("a"), "two": Recorder("b")}},
    "fit__": lambda: {"fit__callbacks": [Recorder("a"), Recorder("b")]},
    "both": lambda: {"callbacks": [Recorder("a")], "fit__callbacks": Recorder("b")},
}


def flat(given):
    """All callbacks in lists and dicts."""
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list):
        return [callback for part in given for callback in flat(part)]
    return [given]


@pytest.mark.parametrize("form", FORMS)
def test_instances(form):
    X, y = mixed()
    parameters = FORMS[form]()
    estimator(**parameters, epochs=3).fit(X, y)
    for callback in flat(list(parameters.values())):
        assert (callback.n_fits, callback.n_epochs) == (1, 3)


class Collected(Recorder):
    """A recorder which can be found again where only its class was given."""

    made = []  # noqa: RUF012

    def __init__(self, tag="none", extra=None):
        super().__init__(tag)
        self.extra = extra
        self.made.append(self)


CLASSES = {
    "single": ({"callbacks": Collected, "callbacks__tag": "a"}, [("a", None)]),
    "by position": ({"callbacks": Collected, "callbacks__0": "a"}, [("a", None)]),
    "list": ({"callbacks": [Collected], "callbacks__0__tag": "a"}, [("a", None)]),
    "list, all": (
        {"callbacks": [Collected] * 2, "callbacks__tag": "a", "callbacks__1__tag": "b"},
        [("a", None), ("b", None)],
    ),
    "dict": (
        {
            "callbacks": {"x": Collected, "z": Collected},
            "callbacks__x__tag": "a",
            "callbacks__z__0": "b",
            "callbacks__extra": 1,
        },
        [("a", 1), ("b", 1)],
    ),
    "nested list": (
        {"callbacks": [[Collected, Collected]], "callbacks__0__1__tag": "b"},
        [("none", None), ("b", None)],
    ),
    "fit__": (
        {"fit__callbacks": [Collected], "fit__callbacks__0__tag": "a"},
        [("a", None)],
    ),
    "mixed": (
        {"callbacks": [Recorder(), Collected], "callbacks__1__tag": "a"},
        [("a", None)],
    ),
}


@pytest.mark.parametrize("form", CLASSES)
def test_classes_are_built_with_routed_parameters(form):
    X, y = mixed()
    parameters, expected = CLASSES[form]
    fitted = estimator(**parameters, epochs=2)
    for _ in range(2):  # new ones for every fit
        Collected.made.clear()
        fitted.fit(X, y)
        used = [callback for callback in Collected.made if callback.events]
        assert [(c.tag, c.extra) for c in used] == expected
        assert all((c.n_fits, c.n_epochs) == (1, 2) for c in used)


class Schedule:
    """A schedule with a parameter, called with epoch and learning rate."""

    def __init__(self, coef=0.1, first=0.2):
        self.coef = coef
        self.first = first

    def __call__(self, epoch, lr):
        return float(self.first * np.exp(-self.coef * epoch))


SCHEDULES = {
    "single": {
        "callbacks": callbacks.LearningRateScheduler,
        "callbacks__0": Schedule,
        "callbacks__0__coef": 0.4,
    },
    "list": {
        "callbacks": [callbacks.LearningRateScheduler, callbacks.EarlyStopping],
        "callbacks__0__0": Schedule,
        "callbacks__0__0__coef": 0.4,
        "callbacks__1__monitor": "loss",
        "callbacks__1__patience": 100,
    },
    "dict": {
        "callbacks": {"lrs": callbacks.LearningRateScheduler},
        "callbacks__lrs__0": Schedule,
        "callbacks__lrs__0__coef": 0.4,
    },
    "fit__": {
        "fit__callbacks": [callbacks.LearningRateScheduler],
        "fit__callbacks__0__0": Schedule,
        "fit__callbacks__0__0__coef": 0.4,
    },
    "by name": {
        "callbacks": callbacks.LearningRateScheduler,
        "callbacks__schedule": Schedule(0.4),
    },
}


@cache
def scheduled():
    return by_keras(callbacks.LearningRateScheduler(Schedule(0.4)))


@pytest.mark.parametrize("form", SCHEDULES)
def test_schedule_that_is_built_for_a_callback(form):
    fitted = estimator(**SCHEDULES[form]).fit(*mixed())
    model, history = scheduled()
    assert_same_history(fitted, history)
    assert_same_weights(fitted.model_, model)
    rates = 0.2 * np.exp(-0.4 * np.arange(N_EPOCHS))
    assert_allclose(fitted.history_["learning_rate"], rates, rtol=1e-5)
    assert_allclose(float(fitted.model_.optimizer.learning_rate), rates[-1], rtol=1e-5)


# -- parameters ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["class", "list", "instance"])
def test_set_params_of_a_callback(form):
    X, y = mixed()
    if form == "class":
        fitted = estimator(callbacks=callbacks.EarlyStopping)
        name = "callbacks__patience"
    else:
        fitted = estimator(callbacks=[callbacks.EarlyStopping, Recorder()])
        name = "callbacks__0__patience"
    if form == "instance":
        fitted.set_params(callbacks=callbacks.EarlyStopping(patience=1))
    else:
        fitted.set_params(**{name: 1})
        assert fitted.get_params()[name] == 1
    _, history = by_keras(callbacks.EarlyStopping(patience=1))
    assert_same_history(fitted.fit(X, y), history)


@pytest.mark.parametrize(
    "copied",
    [clone, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))],
    ids=["clone", "deepcopy", "pickle"],
)
def test_copies_of_an_estimator_have_callbacks_of_their_own(copied):
    X, y = mixed()
    recorder = Recorder()
    fitted = estimator(callbacks=[recorder], epochs=2)
    if copied is not clone:
        fitted.fit(X, y)
    before = recorder.n_fits
    other = copied(fitted)
    assert other.callbacks[0] is not recorder
    assert other.callbacks[0].n_fits == before
    other.fit(X, y)
    assert (recorder.n_fits, other.callbacks[0].n_fits) == (before, before + 1)


# -- wrong ones ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [1, "EarlyStopping", [1], [[Recorder(), 1]], {"a": "b"}, ("a",), print, object],
    ids=["int", "str", "in list", "nested", "in dict", "tuple", "function", "class"],
)
@pytest.mark.parametrize("name", ["callbacks", "fit__callbacks", "predict__callbacks"])
def test_wrong_types(name, wrong):
    with pytest.raises(TypeError, match="callbacks"):
        KerasClassifier(known, loss=SPARSE, **{name: wrong}, **QUICK).fit(*mixed())
