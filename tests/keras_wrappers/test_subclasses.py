"""Subclasses with an `__init__` of their own: clones, and a loss by default."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skdl import KerasClassifier
from tests.keras_wrappers._networks import IN_ORDER, SPARSE, classes, dense, known


class SetsItself(KerasClassifier):
    """Sets a parameter of the base after its ``__init__``, and one of its own."""

    def __init__(self, model=known, hidden=(8,), **kwargs):
        super().__init__(model, **kwargs)
        self.hidden = hidden
        self.loss = SPARSE
        self.optimizer = keras.optimizers.SGD(0.5)


class TakesLittle(KerasClassifier):
    """Takes one parameter, and sets the others."""

    def __init__(self, hidden=(8,)):
        super().__init__(loss=SPARSE, **IN_ORDER)
        self.hidden = hidden
        self.notes = []

    def _keras_build_fn(self):
        return dense(hidden=self.hidden)


class ByDefault(KerasClassifier):
    """Has a default where the base has None."""

    def __init__(self, model=known, loss=None, units=None, **kwargs):
        super().__init__(model, loss=loss or SPARSE, **kwargs)
        self.units = 8 if units is None else units


@pytest.mark.parametrize("cls", [SetsItself, TakesLittle, ByDefault])
def test_clone_has_the_parameters(cls):
    net = cls().set_params(epochs=3, random_state=1)
    twin = clone(net)
    assert type(twin) is cls
    ours, theirs = net.get_params(), twin.get_params()
    assert ours.keys() == theirs.keys()
    differ = {k for k, v in ours.items() if v is not theirs[k] and v != theirs[k]}
    assert not differ
    X, y = classes(3)
    assert_array_equal(twin.fit(X, y).predict_proba(X), net.fit(X, y).predict_proba(X))


def test_clone_of_a_clone_passes_the_function_the_same():
    X, y = classes(3)
    net = KerasClassifier(
        lambda units: dense(hidden=(units,)), units=5, loss=SPARSE, **IN_ORDER
    )
    twin = clone(clone(net)).set_params(units=7).fit(X, y)
    assert twin.model_.layers[0].units == 7


def test_subclass_in_a_cross_validation():
    X, y = classes(3)
    assert np.isfinite(cross_val_score(SetsItself(), X, y, cv=2)).all()


class CrossEntropy(KerasClassifier):
    """Has a loss by default, which the function need not take."""

    def __init__(self, model=None, loss="categorical_crossentropy", **kwargs):
        super().__init__(model, loss=loss, **kwargs)


class SetsTheLoss(KerasClassifier):
    """Has a loss that is no parameter."""

    def __init__(self, model=None, **kwargs):
        super().__init__(model, loss="mse", **kwargs)


def compiled():
    model = known()
    model.compile("sgd", SPARSE)
    return model


@pytest.mark.parametrize("cls", [CrossEntropy, SetsTheLoss])
def test_function_may_compile_another_loss_than_the_default(cls):
    X, y = classes(3)
    net = cls(compiled, **IN_ORDER).fit(X, y)
    plain = KerasClassifier(compiled, **IN_ORDER).fit(X, y)
    assert_array_equal(net.predict_proba(X), plain.predict_proba(X))


def test_other_loss_than_the_given_one_is_still_a_mistake():
    with pytest.raises(ValueError, match="model compiled with"):
        CrossEntropy(compiled, loss="mse").fit(*classes(3))
