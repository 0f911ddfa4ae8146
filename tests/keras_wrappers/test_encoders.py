"""Targets of all kinds reach the network encoded, and come back as they were."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import mean_squared_error

from skdl import KerasClassifier
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    classes,
    classifier,
    columns,
    dense,
    labels,
    numbers,
)
from tests.keras_wrappers._several import targets, three_classes, two_classes

# Weights hardly move, so the loss that training reports is that of the predictions.
AT_REST = {"epochs": 1, "batch_size": -1, "optimizer": "sgd"}
AT_REST["optimizer__learning_rate"] = 1e-9

LABELS = {
    "ints": [0, 1, 2],
    "ints from 3": [3, 5, 9],
    "negative ints": [-1, 1, 7],
    "uint8": np.array([1, 2, 255], np.uint8),
    "whole floats": [1.0, 2.0, 3.0],
    "text": ["b", "aa", "c"],
    "objects": np.array(["b", "aa", "c"], dtype=object),
    "mixed case": ["Yes", "no", "maybe"],
    "far apart": [-(2**62), 0, 2**62],
}


def labelled(n_classes, kind):
    """X and y whose labels are of that kind."""
    X, codes = classes(n_classes)
    return X, np.asarray(LABELS[kind])[codes]


def softmax(meta):
    return dense(meta["n_features_in_"], n_outputs=meta["n_classes_"])


def softmax_of_two(meta):
    return dense(meta["n_features_in_"], n_outputs=2)


# -- one column of classes -------------------------------------------------------------


def assert_learns_labels(estimator, X, y):
    """The loss is that of these labels, and they are what is predicted."""
    estimator.fit(X, y)
    assert_array_equal(estimator.classes_, np.unique(y))
    assert estimator.n_classes_ == len(np.unique(y))
    proba = estimator.predict_proba(X)
    assert proba.shape == (len(X), len(np.unique(y)))
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    chosen = proba[np.arange(len(y)), np.searchsorted(estimator.classes_, y)]
    assert_allclose(estimator.history_["loss"], [-np.log(chosen).mean()], rtol=1e-4)
    predicted = estimator.predict(X)
    assert_array_equal(predicted, estimator.classes_[proba.argmax(axis=1)])
    assert predicted.dtype == y.dtype
    assert predicted.shape == y.shape


@pytest.mark.parametrize("kind", LABELS)
def test_two_classes_with_a_sigmoid(kind):
    assert_learns_labels(two_classes(**AT_REST), *labelled(2, kind))


def test_booleans_with_a_sigmoid():
    X, codes = classes(2)
    assert_learns_labels(two_classes(**AT_REST), X, codes.astype(bool))


@pytest.mark.parametrize("kind", ["ints", "text"])
def test_two_classes_with_a_softmax(kind):
    assert_learns_labels(three_classes(softmax_of_two, **AT_REST), *labelled(2, kind))


@pytest.mark.parametrize("kind", LABELS)
def test_three_classes_as_integers(kind):
    assert_learns_labels(three_classes(**AT_REST), *labelled(3, kind))


CATEGORICAL = {
    "name": "categorical_crossentropy",
    "class name": "CategoricalCrossentropy",
    "function": keras.losses.categorical_crossentropy,
    "instance": keras.losses.CategoricalCrossentropy(),
    "class": keras.losses.CategoricalCrossentropy,
}


@pytest.mark.parametrize("form", CATEGORICAL)
def test_three_classes_one_hot_for_the_categorical_loss(form):
    estimator = three_classes(loss=CATEGORICAL[form], **AT_REST)
    assert_learns_labels(estimator, *labelled(3, "text"))


def test_both_losses_for_classes_learn_the_same():
    X, y = labelled(3, "text")
    one_hot = three_classes(loss="categorical_crossentropy").fit(X, y)
    ordinal = three_classes().fit(X, y)
    assert_allclose(one_hot.predict_proba(X), ordinal.predict_proba(X), rtol=1e-4)


def test_loss_of_a_compiled_network_decides_the_encoding_too():
    def compiled(meta):
        model = softmax(meta)
        model.compile(loss="categorical_crossentropy")
        return model

    X, y = labelled(3, "text")
    by_network = KerasClassifier(compiled, **QUICK).fit(X, y)
    by_parameter = three_classes(loss="categorical_crossentropy").fit(X, y)
    assert_allclose(by_network.predict_proba(X), by_parameter.predict_proba(X))
    assert_array_equal(by_network.predict(X), by_parameter.predict(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_column_vector_comes_back_as_one(n_classes):
    X, y = labelled(n_classes, "text")
    make = two_classes if n_classes == 2 else three_classes
    flat = make().fit(X, y)
    column = make().fit(X, y[:, np.newaxis])
    assert_array_equal(column.predict(X), flat.predict(X)[:, np.newaxis])
    assert_array_equal(column.predict_proba(X), flat.predict_proba(X))


def test_one_class_is_always_predicted():
    X = columns()
    estimator = two_classes().fit(X, ["only"] * len(X))
    assert_array_equal(estimator.classes_, ["only"])
    assert set(estimator.predict(X)) == {"only"}
    assert estimator.predict_proba(X).shape == (len(X), 1)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.linspace(0, 1, 60), "continuous"),
        (np.random.default_rng(0).normal(size=(60, 2)), "continuous-multioutput"),
    ],
    ids=["continuous", "continuous-multioutput"],
)
def test_numbers_are_no_classes(y, kind):
    with pytest.raises(ValueError, match=f"Unknown label type: .*{kind}"):
        three_classes().fit(columns(), y)


# -- several columns -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int64", "float64", "uint8", "bool"])
def test_multilabel(dtype):
    X, y = labels()
    estimator = two_classes(**AT_REST).fit(X, y.astype(dtype))
    assert estimator.target_type_ == "multilabel-indicator"
    assert_array_equal(estimator.classes_, [0, 1, 2])
    proba = estimator.predict_proba(X)
    assert proba.shape == y.shape
    predicted = estimator.predict(X)
    assert_array_equal(predicted, (proba > 0.5).astype(int))
    assert predicted.dtype == int
    chosen = np.where(y == 1, proba, 1 - proba).astype(float)
    assert_allclose(estimator.history_["loss"], [-np.log(chosen).mean()], rtol=1e-4)


@pytest.mark.parametrize("dtype", ["int64", "float64", "uint8"])
def test_one_hot_rows_come_back_one_hot(dtype):
    X, codes = classes(3)
    y = np.eye(3, dtype=dtype)[codes]
    one_hot = three_classes(softmax, loss="categorical_crossentropy").fit(X, y)
    expected = three_classes(loss="categorical_crossentropy").fit(X, codes)
    assert one_hot.n_classes_ == 3
    assert_allclose(one_hot.predict_proba(X), expected.predict_proba(X), rtol=1e-5)
    assert_array_equal(one_hot.predict(X), np.eye(3)[expected.predict(X)])


def test_several_columns_of_classes_have_outputs_and_no_predictions():
    X, _ = classes(3)
    y = np.random.default_rng(0).integers(3, size=(60, 2))

    def network(meta):
        assert meta["n_classes_"] is None
        return dense(meta["n_features_in_"], n_outputs=2, activation="linear")

    estimator = three_classes(network, loss="mse", **AT_REST).fit(X, y)
    assert estimator.target_type_ == "multiclass-multioutput"
    outputs = estimator.predict_proba(X)
    loss = mean_squared_error(y, outputs)
    assert_allclose(estimator.history_["loss"], [loss], rtol=1e-4)
    with pytest.raises(NotImplementedError, match="Class-predictions are not clearly"):
        estimator.predict(X)


# -- classes given in advance ----------------------------------------------------------


@pytest.mark.parametrize("loss", [SPARSE, "categorical_crossentropy"])
def test_classes_which_the_first_rows_do_not_have(loss):
    X, y = labelled(3, "text")
    some = y != "c"
    estimator = three_classes(loss=loss)
    estimator.partial_fit(X[some], y[some], classes=["aa", "b", "c"])
    assert estimator.target_type_ == "multiclass"
    assert estimator.n_classes_ == 3
    assert_array_equal(estimator.classes_, ["aa", "b", "c"])
    assert estimator.predict_proba(X).shape == (60, 3)
    encoder = estimator.target_encoder_
    estimator.partial_fit(X, y)  # classes are not needed any more
    assert estimator.target_encoder_ is encoder
    assert set(estimator.predict(X)) <= {"aa", "b", "c"}


def test_classes_of_the_first_call_hold():
    X, y = labelled(3, "ints from 3")
    estimator = three_classes().partial_fit(X, y)
    estimator.partial_fit(X[:5], np.full(5, 3))
    assert_array_equal(estimator.classes_, [3, 5, 9])
    with pytest.raises(ValueError, match=r"\[4\] in y, which fit did not see"):
        estimator.partial_fit(X[:5], np.full(5, 4))


def test_classes_are_sorted_in_whatever_order_they_are_given():
    """As in scikit-learn, whose scorers rely on the order of columns."""
    X, y = labelled(3, "text")
    given = three_classes().partial_fit(X, y, classes=["c", "aa", "b"])
    found = three_classes().partial_fit(X, y)
    assert_array_equal(given.classes_, ["aa", "b", "c"])
    assert_array_equal(given.predict_proba(X), found.predict_proba(X))
    assert_array_equal(given.predict(X), found.predict(X))


def test_fit_forgets_the_classes_of_partial_fit():
    X, y = labelled(3, "text")
    some = y != "c"
    estimator = three_classes(softmax).partial_fit(X, y)
    estimator.set_params(loss="binary_crossentropy", model=classifier)
    assert_array_equal(estimator.fit(X[some], y[some]).classes_, ["aa", "b"])


# -- numbers ---------------------------------------------------------------------------

NUMBERS = [
    ((60,), "float32"),
    ((60,), "float16"),
    ((60,), "bool"),
    ((60, 1), "float64"),
    ((60, 1), "int64"),
    ((60, 2), "float32"),
    ((60, 2), "uint8"),
]


@pytest.mark.parametrize(("shape", "dtype"), NUMBERS)
def test_numbers_come_back_in_their_shape(shape, dtype):
    X = columns()
    y = np.random.default_rng(0).integers(9, size=shape).astype(dtype)
    estimator = targets(**AT_REST).fit(X, y)
    assert estimator.n_outputs_ == (y.shape[1] if y.ndim == 2 else 1)
    assert estimator.n_outputs_expected_ == 1
    assert estimator.y_dtype_ == y.dtype
    predicted = estimator.predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == np.float64
    loss = mean_squared_error(y.astype(float), predicted)
    assert_allclose(estimator.history_["loss"], [loss], rtol=1e-4)


def test_kind_of_target_is_told():
    X, y = numbers(2)
    assert targets().fit(X, y).target_type_ == "continuous-multioutput"
    assert targets().fit(X, y[:, 0]).target_type_ == "continuous"
    assert two_classes().fit(*classes(2)).target_type_ == "binary"
    assert three_classes().fit(*classes(3)).target_type_ == "multiclass"
