"""Weights of classes are by label, wherever they are given."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_sample_weight

from skdl import KerasClassifier
from skdl.exceptions import MissingClassWarning
from tests.keras_wrappers._networks import IN_ORDER, LOSSES, SPARSE, classes, known

GIVEN = {"loss": SPARSE, "optimizer": "sgd", **IN_ORDER}
FRUIT = np.array(["apple", "pear", "plum"])
WAYS = {
    "fit": lambda net, weights: ({}, {"class_weight": weights}),
    "fit__": lambda net, weights: ({"fit__class_weight": weights}, {}),
    "constructor": lambda net, weights: ({"class_weight": weights}, {}),
}


def trained(y, weights, way, **parameters):
    """Probabilities after a fit with weights of labels given in one of the ways."""
    X, _ = classes(3)
    net = KerasClassifier(known, **{**GIVEN, **parameters})
    own, call = WAYS[way](net, weights)
    return net.set_params(**own).fit(X, y, **call).predict_proba(X)


def weighed(y, weights):
    """The same with the weights of rows that scikit-learn makes of them."""
    X, _ = classes(3)
    net = KerasClassifier(known, **GIVEN)
    rows = compute_sample_weight(weights, y)
    return net.fit(X, y, sample_weight=rows).predict_proba(X)


LABELS = {
    "from one": (lambda y: y + 1, {1: 1, 2: 9, 3: 1}),
    "text": (lambda y: FRUIT[y], {"apple": 1, "pear": 9, "plum": 0.5}),
    "balanced": (
        lambda y: FRUIT[np.maximum(y, 1 * (np.arange(60) % 3 > 0))],
        "balanced",
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", LABELS)
def test_weights_are_of_labels(kind, way):
    made, weights = LABELS[kind]
    y = made(classes(3)[1])
    found = trained(y, weights, way)
    assert_allclose(found, weighed(y, weights), atol=1e-6)
    assert abs(found - weighed(y, None)).max() > 1e-3


def test_those_of_a_call_come_first():
    y = classes(3)[1]
    weights = {0: 1, 1: 9, 2: 1}
    X, _ = classes(3)
    net = KerasClassifier(
        known, class_weight={0: 50}, fit__class_weight={2: 50}, **GIVEN
    )
    found = net.fit(X, y, class_weight=weights).predict_proba(X)
    assert_allclose(found, weighed(y, weights), atol=1e-6)


def test_by_keras_as_by_the_engine():
    y = FRUIT[classes(3)[1]]
    weights = {"apple": 1, "pear": 9, "plum": 0.5}
    by_keras = trained(y, weights, "fit__", run_eagerly=True)
    assert_allclose(by_keras, trained(y, weights, "fit"), atol=1e-6)


def test_one_hot_labels():
    y = classes(3)[1]
    found = trained(
        np.eye(3, dtype=int)[y], {1: 9}, "fit", loss="categorical_crossentropy"
    )
    assert_allclose(found, weighed(y, {0: 1, 1: 9, 2: 1}), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_no_key_is_a_class(way):
    with pytest.raises(ValueError, match=r"class_weight=.* has none of the classes"):
        trained(FRUIT[classes(3)[1]], {0: 1, 1: 2, 2: 3}, way)


def test_part_of_the_rows_that_lacks_a_class():
    X, y = classes(3)
    few = y < 2
    net = KerasClassifier(
        known, class_weight={0: 1, 1: 3, 2: 10}, **{**GIVEN, "loss": LOSSES["binary"]}
    )
    net.set_params(model=lambda: known(1, "sigmoid"))
    found = net.fit(X[few], y[few]).predict_proba(X)
    rows = np.where(y[few] == 1, 3, 1)
    again = net.set_params(class_weight=None).fit(X[few], y[few], sample_weight=rows)
    assert_array_equal(found, again.predict_proba(X))


def test_key_that_may_be_misspelt():
    with pytest.warns(MissingClassWarning, match="'peer'"):
        trained(FRUIT[classes(3)[1]], {"apple": 1, "peer": 2, "plum": 3}, "fit")


def test_part_of_the_rows_in_partial_fit():
    X, y = classes(3)
    few = y < 2
    net = KerasClassifier(known, **GIVEN)
    net.partial_fit(X[few], y[few], classes=[0, 1, 2], class_weight={2: 10})
    plain = KerasClassifier(known, **GIVEN)
    plain.partial_fit(X[few], y[few], classes=[0, 1, 2])
    assert_allclose(net.predict_proba(X), plain.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="none of the classes"):
        net.partial_fit(X[few], y[few], class_weight={7: 10})


def test_dict_for_several_outputs():
    X, y = classes(3)
    several = np.column_stack([y > 0, y > 1]).astype(int)
    net = KerasClassifier(known, loss=LOSSES["binary"], class_weight={1: 3})
    with pytest.raises(ValueError, match="list of one dict"):
        net.fit(X, several)
