"""Weights of rows and classes mean what they say; so do rows set apart."""

from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from skdl.base._rows import Rows, split_rows
from tests.instances import CLASSIFIERS, DEFAULTS, INSTANCES, small

# Ways to train, each with its own path through the engine.
TRAINING = {
    "default": {},
    "one full batch": {"batch_size": "full"},
    "batches": {"batch_size": 16},
    "noisy batches": {"batch_size": 16, "dropout": 0.3, "batch_norm": True},
    "full, noisy": {"batch_size": "full", "dropout": 0.3, "batch_norm": True},
    "validation": {"batch_size": 16, "early_stopping": True, "patience": 2},
}
everyone = pytest.mark.parametrize("name", DEFAULTS)
dense = pytest.mark.parametrize("name", ["DenseClassifier", "DenseRegressor"])
classifiers = pytest.mark.parametrize("name", CLASSIFIERS)
trained = pytest.mark.parametrize(
    ("name", "way"),
    [
        (name, way)
        for name in DEFAULTS
        for way, parameters in TRAINING.items()
        if parameters.keys() <= INSTANCES[name]().get_params().keys()
    ],
)

# What makes of each instance a single network whose loss can be computed by hand.
ALONE = {"n_members": 1, "dropout": 0.0, "early_stopping": False}
BY_HAND = {
    "DenseClassifier": {},
    "DenseRegressor": {"target_scaling": False},
    "TabularClassifier": ALONE,
    "TabularRegressor": {**ALONE, "target_scaling": False, "clip_predictions": False},
    "CNNClassifier": {"batch_norm": False, "dropout": 0.0},
    "CNNRegressor": {"batch_norm": False, "target_scaling": False},
    "LSTMClassifier": {},
    "LSTMRegressor": {"target_scaling": False},
}


def outputs(estimator, X):
    method = "predict_proba" if is_classifier(estimator) else "predict"
    return getattr(estimator, method)(X)


@pytest.fixture
def data(name, data_for):
    """X, y, and whole-number weights, some of them zero."""
    X, y = data_for(INSTANCES[name]())
    return X, y, np.random.default_rng(0).integers(0, 4, size=len(X))


# -- sample_weight ---------------------------------------------------------------------


@trained
def test_weight_zero_is_a_row_left_out(name, way, data):
    X, y, weight = data
    kept = weight > 0
    network = small(name, **TRAINING[way])
    expected = outputs(network.fit(X[kept], y[kept], weight[kept]), X)
    history = network.history_
    assert_array_equal(outputs(network.fit(X, y, weight), X), expected)
    assert network.history_ == history


@trained
def test_weights_ones_are_no_weights(name, way, data):
    X, y, _ = data
    network = small(name, **TRAINING[way])
    expected = outputs(network.fit(X, y), X)
    for weight in (np.ones(len(X)), 1, np.full(len(X), 0.25)):
        assert_array_equal(outputs(network.fit(X, y, weight), X), expected)


@trained
def test_only_ratios_of_weights_count(name, way, data):
    X, y, weight = data
    network = small(name, dtype="float64", **TRAINING[way])
    expected = outputs(network.fit(X, y, weight), X)
    for factor in (10, 1e-6, 1e20):
        assert_allclose(outputs(network.fit(X, y, weight * factor), X), expected, 1e-9)


@everyone
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(
    ("rows", "batch_size"), [(slice(None), "full"), (slice(None, None, 8), "auto")]
)
def test_weight_two_is_the_row_twice_bit_by_bit(
    name, container, rows, batch_size, data
):
    X, y, weight = (part[rows] for part in data)
    network = small(name, batch_size=batch_size)
    X_repeated, y_repeated = np.repeat(X, weight, axis=0), np.repeat(y, weight, axis=0)
    expected = outputs(network.fit(container(X_repeated), y_repeated), X)
    assert_array_equal(outputs(network.fit(container(X), y, weight), X), expected)


@dense
@pytest.mark.parametrize(
    "others",
    [
        {"l1": 0.01, "l2": 0.1},
        {"optimizer": "sgd", "hidden_units": (8, 4)},
    ],
)
def test_weight_two_is_the_row_twice_in_float64(name, others, data):
    X, y, weight = data
    network = small(name, dtype="float64", batch_size="full", **others)
    twice = network.fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    expected = outputs(twice, X), twice.history_["loss"]
    network.fit(X, y, weight)
    assert_allclose(outputs(network, X), expected[0], rtol=1e-9)
    assert_allclose(network.history_["loss"], expected[1], rtol=1e-9)


@everyone
def test_weights_of_validation_rows_count_in_val_loss(name, data):
    X, y, weight = data
    network = small(name, dtype="float64", epochs=1, **BY_HAND[name])
    network.fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    loss = log_loss if is_classifier(network) else mean_squared_error
    by_hand = loss(y, outputs(network, X), sample_weight=weight)
    assert_allclose(network.history_["val_loss"], by_hand, rtol=1e-9)


@everyone
def test_training_loss_is_the_weighted_mean_before_the_step(name, data):
    X, y, weight = data
    network = small(name, dtype="float64", batch_size="full", **BY_HAND[name])
    network.set_params(warm_start=True)
    before = outputs(network.fit(X, y, weight), X)
    loss = log_loss if is_classifier(network) else mean_squared_error
    network.fit(X, y, weight)
    by_hand = loss(y, before, sample_weight=weight)
    assert_allclose(network.history_["loss"][0], by_hand, rtol=1e-9)


@classifiers
def test_weighted_partial_fit_is_the_row_twice(name, binary):
    X, y = binary
    weight = np.arange(100) % 3
    twice = np.repeat(X, weight, axis=0), np.repeat(y, weight)
    network = small(name, batch_size="full")
    expected = network.partial_fit(*twice, [0, 1]).predict_proba(X)
    by_weight = clone(network).partial_fit(X, y, [0, 1], sample_weight=weight)
    assert_array_equal(by_weight.predict_proba(X), expected)


# -- class_weight ----------------------------------------------------------------------

CLASS_WEIGHTS = {
    "dict": {0: 3.0, 1: 0.5, 2: 1.0},
    "partial dict": {1: 4},
    "a class left out": {0: 0.0},
    "balanced": "balanced",
}


@pytest.fixture(scope="module")
def unbalanced(iris):
    """15, 30 and 50 rows of the three classes."""
    X, y = iris
    rows = np.r_[0:15, 50:80, 100:150]
    return X[rows], y[rows]


@classifiers
@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS)
@pytest.mark.parametrize("batch_size", ["auto", 16])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_weight_equals_row_weights_by_hand(
    name, class_weight, batch_size, weighted, unbalanced, iris
):
    X, y = unbalanced
    X_val, y_val = iris
    class_weight = CLASS_WEIGHTS[class_weight]
    weight = np.linspace(1, 2, len(y)) if weighted else np.ones(len(y))
    if class_weight == "balanced":
        present = np.arange(3)
        factors = compute_class_weight(
            "balanced", classes=present, y=y, sample_weight=weight
        )
    else:
        factors = np.array([class_weight.get(label, 1.0) for label in range(3)])

    network = small(name, dtype="float64", batch_size=batch_size, early_stopping=True)
    network.fit(
        X,
        y,
        weight * factors[y],
        X_val=X_val,
        y_val=y_val,
        sample_weight_val=factors[y_val],
    )
    expected = network.predict_proba(X), network.history_
    network.set_params(class_weight=class_weight)
    network.fit(X, y, weight, X_val=X_val, y_val=y_val)
    assert_allclose(network.predict_proba(X), expected[0], rtol=1e-9)
    for key in ("loss", "val_loss", "val_accuracy"):
        assert_allclose(network.history_[key], expected[1][key], rtol=1e-9)


@classifiers
def test_class_weight_counts_in_val_loss_as_in_log_loss(name, unbalanced, iris):
    X_val, y_val = iris
    network = small(name, epochs=1, dtype="float64", **BY_HAND[name])
    network.set_params(class_weight="balanced")
    network.fit(*unbalanced, X_val=X_val, y_val=y_val)
    n = np.bincount(unbalanced[1])
    by_hand = log_loss(
        y_val, network.predict_proba(X_val), sample_weight=(1 / n)[y_val]
    )
    assert_allclose(network.history_["val_loss"], by_hand, rtol=1e-9)


@classifiers
def test_class_weight_goes_by_label_not_by_index(name, binary):
    X, y = binary
    names = np.array(["z", "a"])[y]
    by_hand = small(name).fit(X, names, np.where(names == "z", 5.0, 1.0))
    by_label = small(name, class_weight={"z": 5.0}).fit(X, names)
    assert_array_equal(by_label.predict_proba(X), by_hand.predict_proba(X))


@classifiers
def test_class_weight_of_labels_multiplies_over_columns(name, multilabel):
    X, y = multilabel
    by_column = [{0: 1, 1: 2}, {0: 3, 1: 1}, {0: 1, 1: 1}]
    weight = compute_sample_weight(by_column, y)
    by_hand = small(name).fit(X, y, weight).predict_proba(X)
    network = small(name, class_weight=by_column).fit(X, y)
    assert_allclose(network.predict_proba(X), by_hand, atol=1e-6)


# -- rows set apart for validation -----------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_split_is_stratified_complete_and_disjoint(fraction):
    y = np.repeat([0, 1, 2], [100, 60, 40])
    rows = Rows(np.arange(200)[:, None], y, np.ones(200))
    train, validation = split_rows(
        rows, fraction, strata=y, classes=np.arange(3), strict=True, seed=0
    )
    assert validation.n_rows == round(200 * fraction)
    assert_array_equal(np.bincount(validation.y), fraction * np.bincount(y))
    both_sides = np.concatenate([train.X, validation.X])
    assert_array_equal(np.sort(both_sides, axis=0), rows.X)


def test_split_depends_on_the_seed_alone():
    rows = Rows(np.arange(50)[:, None], np.arange(50) % 2, np.ones(50))
    split = partial(
        split_rows, rows, 0.2, strata=rows.y, classes=np.arange(2), strict=True
    )
    first, again, other = split(seed=1)[1], split(seed=1)[1], split(seed=2)[1]
    assert_array_equal(first.X, again.X)
    assert not np.array_equal(first.X, other.X)


def test_rows_set_apart_are_not_learnt_from(binary):
    X, y = binary
    network = small(early_stopping=True, validation_fraction=0.3, epochs=1)
    network.set_params(restore_best_weights=False, input_scaling=None)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    rows = Rows(X, y, np.ones(len(y)))
    train, validation = split_rows(
        rows, 0.3, strata=y, classes=np.arange(2), strict=True, seed=seed
    )
    spoilt = X.copy()
    apart = (X[:, None] == validation.X).all(axis=2).any(axis=1)
    apart &= ~(X[:, None] == train.X).all(axis=2).any(axis=1)
    assert apart.sum() > 20
    spoilt[apart] = 1e3
    expected = network.fit(X, y).predict_proba(X)
    assert_array_equal(network.fit(spoilt, y).predict_proba(X), expected)
    assert_array_equal(
        small(epochs=1, input_scaling=None).fit(*train[:2]).predict_proba(X), expected
    )
