"""Weights of classes and rows count as they do in Keras's own fit."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_sample_weight

from tests.keras_wrappers._networks import (
    IN_ORDER,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    keras_history,
    labels,
    names,
    numbers,
)
from tests.keras_wrappers._several import (
    WAYS,
    by_keras,
    targets,
    three_classes,
    two_classes,
)

WEIGHT = np.linspace(0.2, 3, 60)


def unbalanced():
    """X and text of three classes, 45, 10 and 5 rows."""
    X, _ = classes(3)
    return X, np.repeat(["apple", "pear", "plum"], [45, 10, 5])[np.argsort(X[:, 0])]


CLASS_WEIGHTS = {
    "dict": {"apple": 0.5, "pear": 2.0, "plum": 3.0},
    "dict with gaps": {"plum": 4.0},
    "balanced": "balanced",
}


# -- rows ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("validation_split", [0.0, 0.3])
def test_weights_of_rows(way, validation_split):
    X, y = classes(3)
    estimator = three_classes(**IN_ORDER, metrics=["accuracy"], **WAYS[way])
    estimator.set_params(validation_split=validation_split)
    compiled = {"loss": SPARSE, "optimizer": "rmsprop", "metrics": ["accuracy"]}
    model = by_keras(estimator, X, y, **compiled)
    fit = {"sample_weight": WEIGHT, "validation_split": validation_split}
    history = keras_history(model, X, y, **fit)
    estimator.fit(X, y, sample_weight=WEIGHT)
    assert_same_history(estimator, history)
    assert_same_weights(estimator.model_, model)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_weights_of_rows_with_numbers(n_targets):
    X, y = numbers(n_targets)
    estimator = targets(**IN_ORDER)
    model = by_keras(estimator, X, y, loss="mse", optimizer="rmsprop")
    history = keras_history(model, X, y, sample_weight=WEIGHT)
    estimator.fit(X, y, sample_weight=WEIGHT)
    assert_same_history(estimator, history)
    assert_same_weights(estimator.model_, model)


def test_weights_of_rows_with_labels():
    X, y = labels()
    estimator = two_classes(**IN_ORDER)
    compiled = {"loss": "binary_crossentropy", "optimizer": "rmsprop"}
    model = by_keras(estimator, X, y, **compiled)
    history = keras_history(model, X, y, sample_weight=WEIGHT)
    assert_same_history(estimator.fit(X, y, sample_weight=WEIGHT), history)


@pytest.mark.parametrize("way", WAYS)
def test_weights_of_rows_in_partial_fit(way):
    X, y = numbers()
    estimator = targets(**IN_ORDER, **WAYS[way])
    model = by_keras(estimator, X, y, loss="mse", optimizer="rmsprop")
    for weight in (WEIGHT, WEIGHT[::-1]):
        estimator.partial_fit(X, y, sample_weight=weight)
        keras_history(model, X, y, sample_weight=weight, epochs=1)
    assert_same_weights(estimator.model_, model)


CONTAINERS = {
    "list": list,
    "Series": pd.Series,
    "float32": lambda weight: weight.astype("float32"),
    "read-only": lambda weight: np.frombuffer(weight.tobytes()),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_of_weights(container):
    X, y = classes(3)
    expected = three_classes().fit(X, y, sample_weight=WEIGHT).predict_proba(X)
    estimator = three_classes().fit(X, y, sample_weight=CONTAINERS[container](WEIGHT))
    assert_allclose(estimator.predict_proba(X), expected, rtol=1e-6)


def test_equal_weights_are_none():
    X, y = classes(3)
    for weight in (1, np.ones(60), np.ones(60, dtype=int)):
        estimator = three_classes().fit(X, y, sample_weight=weight)
        expected = three_classes().fit(X, y).predict_proba(X)
        assert_allclose(estimator.predict_proba(X), expected, rtol=1e-5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shuffle", [True, False])
def test_rows_without_weight_are_left_out(way, shuffle):
    """They fill no batch, and validation rows are the last of those that are left."""
    X, y = classes(3)
    weight = np.where(np.arange(60) % 3 == 1, 0.0, WEIGHT)
    some = weight > 0
    fixed = {"shuffle": shuffle, "validation_split": 0.2, **WAYS[way]}
    estimator = three_classes(**fixed).fit(X, y, sample_weight=weight)
    expected = three_classes(**fixed).fit(X[some], y[some], sample_weight=weight[some])
    assert_array_equal(estimator.predict_proba(X), expected.predict_proba(X))
    assert estimator.history_ == expected.history_


def test_class_of_rows_without_weight_is_still_a_class():
    X, y = names()
    estimator = three_classes().fit(X, y, sample_weight=(y != "plum").astype(float))
    assert_array_equal(estimator.classes_, np.unique(y))
    assert estimator.predict_proba(X).shape == (60, 3)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("make", [three_classes, targets])
def test_nothing_but_zeros(make, method):
    with pytest.raises(ValueError, match=r"non-zero|only zeros|zero for all"):
        getattr(make(), method)(*classes(3), sample_weight=np.zeros(60))


def test_wrong_number_of_weights():
    with pytest.raises(ValueError, match="sample_weight"):
        three_classes().fit(*classes(3), sample_weight=WEIGHT[:-1])


# -- classes ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", CLASS_WEIGHTS)
def test_weights_of_classes(form, way):
    X, y = unbalanced()
    codes = np.unique(y, return_inverse=True)[1]
    estimator = three_classes(class_weight=CLASS_WEIGHTS[form], **IN_ORDER, **WAYS[way])
    model = by_keras(estimator, X, y, loss=SPARSE, optimizer="rmsprop")
    weight = compute_sample_weight(CLASS_WEIGHTS[form], y)
    history = keras_history(model, X, codes, sample_weight=weight)
    assert_same_history(estimator.fit(X, y), history)
    assert_same_weights(estimator.model_, model)


def test_weights_of_classes_are_those_of_keras():
    X, y = unbalanced()
    codes = np.unique(y, return_inverse=True)[1]
    weight = CLASS_WEIGHTS["dict"]
    estimator = three_classes(class_weight=weight, **IN_ORDER)
    model = by_keras(estimator, X, y, loss=SPARSE, optimizer="rmsprop")
    by_code = dict(enumerate(weight[name] for name in np.unique(y)))
    history = keras_history(model, X, codes, class_weight=by_code)
    assert_same_history(estimator.fit(X, y), history)


def test_weights_of_classes_for_the_fit_of_keras():
    X, y = unbalanced()
    codes = np.unique(y, return_inverse=True)[1]
    weight = dict(zip(np.unique(y), (0.5, 2.0, 3.0), strict=True))
    estimator = three_classes(fit__class_weight=weight, **IN_ORDER)
    model = by_keras(estimator, X, y, loss=SPARSE, optimizer="rmsprop")
    by_code = dict(enumerate(weight.values()))
    history = keras_history(model, X, codes, class_weight=by_code)
    assert_same_history(estimator.fit(X, y), history)


@pytest.mark.parametrize("form", CLASS_WEIGHTS)
def test_weights_of_classes_and_rows_are_multiplied(form):
    X, y = unbalanced()
    both = three_classes(class_weight=CLASS_WEIGHTS[form])
    both.fit(X, y, sample_weight=WEIGHT)
    product = WEIGHT * compute_sample_weight(CLASS_WEIGHTS[form], y)
    by_hand = three_classes().fit(X, y, sample_weight=product)
    assert_allclose(both.predict_proba(X), by_hand.predict_proba(X), rtol=1e-5)


def test_weights_of_classes_in_partial_fit():
    X, y = unbalanced()
    weighted = three_classes(class_weight="balanced", **IN_ORDER).fit(X, y)
    in_parts = three_classes(class_weight="balanced", **IN_ORDER)
    in_parts.partial_fit(X, y).partial_fit(X, y)
    assert_same_history(in_parts, weighted.history_)


def test_class_without_weight_is_left_out():
    X, y = unbalanced()
    estimator = three_classes(class_weight={"plum": 0.0}).fit(X, y)
    some = y != "plum"
    weight = some.astype(float)
    expected = three_classes().fit(X, y, sample_weight=weight)
    assert_array_equal(estimator.predict_proba(X), expected.predict_proba(X))


# -- what is left alone ----------------------------------------------------------------


@pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_not_changed(method, dtype):
    X, y = unbalanced()
    weight = WEIGHT.astype(dtype)
    estimator = three_classes(class_weight="balanced")
    if method == "score":
        estimator.fit(X, y)
    getattr(estimator, method)(X, y, sample_weight=weight)
    assert_array_equal(weight, WEIGHT.astype(dtype))


def test_data_are_not_changed():
    X, y = unbalanced()
    kept = X.copy(), y.copy()
    weight = np.where(np.arange(60) % 3 == 1, 0.0, 1.0)
    estimator = three_classes(class_weight="balanced", validation_split=0.2)
    estimator.fit(X, y, sample_weight=weight).predict(X)
    assert_array_equal(X, kept[0])
    assert_array_equal(y, kept[1])
