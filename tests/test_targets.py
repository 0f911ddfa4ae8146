"""y of every kind: labels, indicator matrices, numbers; and the way back."""

import warnings
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.multiclass import OneVsOneClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from skdl._targets import (
    StepTargets,
    classification_targets,
    numeric_targets,
    steps_of,
)
from skdl.exceptions import MissingClassWarning
from tests.instances import CLASSIFIERS, DEFAULTS, REGRESSORS, small

learner = partial(small, epochs=20, learning_rate=0.05)
regressor = partial(small, "DenseRegressor", epochs=30, learning_rate=0.05)
classifiers = pytest.mark.parametrize("name", CLASSIFIERS)
regressors = pytest.mark.parametrize("name", REGRESSORS)

# -- labels ----------------------------------------------------------------------------

# name -> (labels in the order of np.unique, how y is made of an array of them)
LABELS = {
    "strings": (["a", "b", "c"], np.asarray),
    "strings of all lengths": (["", "b", "long"], np.asarray),
    "objects": (["a", "b", "c"], partial(np.asarray, dtype=object)),
    "list": (["a", "b", "c"], list),
    "negative integers": ([-5, -1, 3], np.asarray),
    "int8": ([-128, 0, 127], partial(np.asarray, dtype=np.int8)),
    "uint64": ([0, 2**40, 2**60], partial(np.asarray, dtype=np.uint64)),
    "whole floats": ([-1.0, 0.0, 1e6], np.asarray),
    "float32": ([1.0, 2.0, 3.0], partial(np.asarray, dtype=np.float32)),
    "booleans": ([False, True], np.asarray),
    "two strings": (["no", "yes"], np.asarray),
    "minus one and one": ([-1, 1], np.asarray),
    "series": (["a", "b", "c"], pd.Series),
    "series of nullable ints": ([1, 2, 3], partial(pd.Series, dtype="Int64")),
    "series of nullable booleans": (
        [False, True],
        partial(pd.Series, dtype="boolean"),
    ),
    "series with an odd index": (
        ["a", "b", "c"],
        lambda y: pd.Series(y, index=range(len(y), 0, -1)),
    ),
    "categorical": (["a", "b", "c"], pd.Categorical),
    "categorical in its own order": (
        ["a", "b", "c"],
        partial(pd.Categorical, categories=["c", "x", "a", "b"], ordered=True),
    ),
    "categorical series": (
        ["a", "b", "c"],
        lambda y: pd.Series(pd.Categorical(y)),
    ),
}


@pytest.fixture(scope="module")
def by_index(iris, binary):
    """``by_index(name, n_classes)``: X, class indices, and an estimator of these."""

    @cache
    def fitted(name, n_classes, dtype="float32"):
        X, y = {2: binary, 3: iris}[n_classes]
        return X, y, learner(name, dtype=dtype).fit(X, y)

    return fitted


@classifiers
@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_those_of_y_and_the_network_is_that_of_indices(name, kind, by_index):
    labels, make = LABELS[kind]
    X, index, expected = by_index(name, len(labels))
    y = make([labels[i] for i in index])
    estimator = learner(name).fit(X, y)
    assert_array_equal(estimator.classes_, np.unique(np.asarray(y)))
    assert estimator.classes_.tolist() == labels
    assert_array_equal(estimator.predict_proba(X), expected.predict_proba(X))
    predicted = estimator.predict(X)
    assert predicted.tolist() == [labels[i] for i in expected.predict(X)]
    assert predicted.dtype == estimator.classes_.dtype
    assert estimator.score(X, y) == expected.score(X, index) > 0.9


def test_predicted_labels_can_be_targets_again(iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    predicted = learner().fit(X, names).predict(X)
    assert learner().fit(X, predicted).classes_.tolist() == sorted(set(names))


@classifiers
def test_classes_of_partial_fit_may_be_unsorted_and_absent(name, iris):
    X, y = iris
    names = np.array(["b", "d", "a"])
    estimator = small(name).partial_fit(X, names[y], classes=["d", "c", "b", "a"])
    assert estimator.classes_.tolist() == ["a", "b", "c", "d"]
    assert estimator.predict_proba(X).shape == (150, 4)


@classifiers
@pytest.mark.parametrize("label", [1, "only", -3.0, True])
def test_one_class_is_always_predicted(name, label, iris):
    X = iris[0][:20]
    estimator = small(name).fit(X, [label] * 20)
    assert estimator.classes_.tolist() == [label]
    assert estimator.predict(X).tolist() == [label] * 20
    assert_array_equal(estimator.predict_proba(X), np.ones((20, 1)))


# -- probabilities ---------------------------------------------------------------------


@classifiers
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spread", [1, 1e4])  # of X: logits from 1 to thousands
def test_probabilities_logits_and_labels_agree(
    name, n_classes, dtype, spread, by_index
):
    X, _, estimator = by_index(name, n_classes, dtype)
    X = X.mean(axis=0) + spread * (X - X.mean(axis=0))
    proba, logits = estimator.predict_proba(X), estimator.decision_function(X)
    predicted = estimator.predict(X)
    assert proba.shape == (len(X), n_classes)
    assert proba.dtype == logits.dtype == np.float64
    assert np.abs(proba.sum(axis=1) - 1).max() < 1e-15
    assert proba.min() >= 0
    if n_classes == 2:
        assert logits.shape == (len(X),)
        assert_array_equal(predicted, logits > 0)
        assert_allclose(proba[:, 1], expit(logits), rtol=1e-12)
    else:
        assert_array_equal(predicted, logits.argmax(axis=1))
        assert_allclose(proba, softmax(logits, axis=1), rtol=1e-12)
    assert_array_equal(predicted, proba.argmax(axis=1))


# -- several labels at once ------------------------------------------------------------

INDICATORS = {
    "array": np.asarray,
    "lists": np.ndarray.tolist,
    "booleans": lambda y: y.astype(bool),
    "floats": lambda y: y.astype(float),
    "frame": pd.DataFrame,
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
    "csc_array": sp.csc_array,
}


@pytest.fixture(scope="module")
def by_array(multilabel):
    """``by_array(name)``: an estimator of the indicators, which has learnt them."""
    return cache(lambda name: learner(name, epochs=30).fit(*multilabel))


@classifiers
@pytest.mark.parametrize("kind", INDICATORS)
def test_indicators_of_any_kind_give_the_same_network(name, kind, multilabel, by_array):
    X, y = multilabel
    expected = by_array(name)
    estimator = clone(expected).fit(X, INDICATORS[kind](y))
    assert_array_equal(estimator.predict_proba(X), expected.predict_proba(X))


@classifiers
def test_multilabel_probabilities_are_one_for_each_label(name, multilabel, by_array):
    X, y = multilabel
    estimator = by_array(name)
    proba = estimator.predict_proba(X)
    logits = estimator.decision_function(X)
    assert proba.shape == logits.shape == (150, 3)
    assert proba.dtype == logits.dtype == np.float64
    assert_allclose(proba, expit(logits), rtol=1e-12)
    assert_array_equal(estimator.predict(X), (proba > 0.5).astype(int))
    assert estimator.classes_.tolist() == [0, 1, 2]
    assert (estimator.predict(X) == y).mean() > 0.95


@classifiers
def test_labels_which_all_or_no_rows_have_are_learnt(name, iris):
    X = iris[0]
    y = np.column_stack([np.ones(150), np.zeros(150), X[:, 0] > 5.8]).astype(int)
    predicted = learner(name, epochs=30).fit(X, y).predict(X)
    assert_array_equal(predicted[:, :2], y[:, :2])


def test_two_exclusive_columns_are_two_labels(binary):
    X, y = binary
    proba = learner().fit(X, np.eye(2, dtype=int)[y]).predict_proba(X)
    assert proba.shape == (100, 2)
    assert np.abs(proba.sum(axis=1) - 1).max() > 1e-6  # each column for itself


# -- numbers ---------------------------------------------------------------------------

NUMBERS = {
    "list": np.ndarray.tolist,
    "float32": lambda y: y.astype(np.float32),
    "int64": lambda y: y.astype(np.int64),
    "uint16": lambda y: y.astype(np.uint16),
    "objects": lambda y: y.astype(object),
    "series": pd.Series,
    "nullable series": lambda y: pd.Series(y, dtype="Float64"),
    "strings of digits": lambda y: y.astype(int).astype(str),
}


@pytest.fixture(scope="module")
def of_floats(diabetes):
    """``of_floats(name)``: predictions of a network of the targets as they are."""
    X, y = diabetes  # whole numbers below 400, exact in every dtype
    return cache(lambda name: small(name).fit(X, y).predict(X))


@regressors
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_any_kind_give_the_same_network(name, kind, diabetes, of_floats):
    X, y = diabetes
    expected = of_floats(name)
    predicted = small(name).fit(X, NUMBERS[kind](y)).predict(X)
    assert_array_equal(predicted, expected)
    assert predicted.dtype == np.float64


@regressors
@pytest.mark.parametrize("n_outputs", [None, 2, 5])
@pytest.mark.parametrize("frame", [False, True])
def test_predictions_have_the_shape_of_y(name, n_outputs, frame, diabetes):
    X, y = diabetes
    if n_outputs:
        y = y[:, None] * np.arange(1, n_outputs + 1)
    targets = (pd.DataFrame if n_outputs else pd.Series)(y) if frame else y
    estimator = learner(name).fit(X, targets)
    assert estimator.predict(X).shape == y.shape
    assert estimator.predict(X[:1]).shape == y[:1].shape
    assert estimator.score(X, y) > 0.4


@pytest.mark.parametrize("name", DEFAULTS)
def test_one_column_warns_and_predicts_one_dimension(name, iris):
    X, y = iris
    flat = small(name).fit(X, y).predict(X)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        estimator = small(name).fit(X, y[:, None])
    assert_array_equal(estimator.predict(X), flat)


# -- target scaling --------------------------------------------------------------------


@regressors
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_target_scaling_equals_transforming_the_target(name, n_outputs, diabetes):
    X, y = diabetes
    y = y if n_outputs == 1 else np.column_stack([y, X[:, 2] * 1e6, 1e-6 * y])
    inside = small(name, dtype="float64").fit(X, y)
    around = TransformedTargetRegressor(
        small(name, dtype="float64", target_scaling=False), transformer=StandardScaler()
    ).fit(X, y)
    assert_allclose(inside.predict(X), around.predict(X), rtol=1e-8)


@regressors
def test_units_of_the_target_do_not_matter(name, diabetes):
    X, y = diabetes
    expected = learner(name).fit(X, y).predict(X)
    predicted = learner(name).fit(X, 1e6 + 1e-3 * y).predict(X)
    assert_allclose((predicted - 1e6) * 1e3, expected, rtol=1e-3)


def test_without_target_scaling_outputs_are_predictions(diabetes):
    X, y = diabetes
    estimator = regressor(target_scaling=False).fit(X, y)
    raw = estimator.model_.get_layer("dense_network")
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    assert_allclose(estimator.predict(X), raw.predict(scaled, verbose=0)[:, 0], 1e-4)


@regressors
@pytest.mark.parametrize("constant", [0.0, 7.3, -1e9])
def test_constant_target_is_predicted(name, constant, diabetes):
    X, _ = diabetes
    predicted = learner(name, epochs=100).fit(X, np.full(len(X), constant)).predict(X)
    assert_allclose(predicted, constant, rtol=1e-3, atol=0.1)


def test_linear_network_converges_to_ridge(diabetes):
    X, y = diabetes
    n = len(X)
    X, alpha = StandardScaler().fit_transform(X), 0.1
    network = regressor(
        hidden_units=(), l2=alpha, epochs=600, learning_rate_schedule="cosine"
    )
    network.set_params(input_scaling=None, dtype="float64", batch_size="full")
    network.fit(X, y)
    # mean squared error + alpha |w|² is Ridge's objective / n
    ridge = Ridge(alpha=alpha * n).fit(X, y)
    assert_allclose(network.predict(X), ridge.predict(X), rtol=1e-4)


# -- the encoders ----------------------------------------------------------------------


def test_class_indices_are_those_of_np_unique():
    y = np.array(["b", "a", "c", "a"])
    targets = classification_targets(y)
    classes, index = np.unique(y, return_inverse=True)
    assert_array_equal(targets.classes, classes)
    assert_array_equal(targets.check(y), index)
    assert_array_equal(targets.decode(np.eye(3)[index]), y)


def test_unknown_label_is_named_in_full_however_short_the_known_ones_are():
    targets = classification_targets(np.array(["r", "s"]))
    for labels in (["r", "rare"], ["s", "rarer"]):  # both begin with a known label
        for dtype in (str, object):
            with pytest.raises(
                ValueError, match=f"y_val holds the label '{labels[1]}'"
            ):
                targets.check(np.array(labels, dtype=dtype), name="y_val")


@pytest.mark.parametrize("scale", [1e-100, 1e-3, 1.0, 1e100])
def test_encoded_numbers_are_standardised_and_come_back(scale):
    rng = np.random.default_rng(0)
    y = scale * rng.normal(3, 2, size=(50, 2))
    targets = numeric_targets(y)
    targets.fit_scale(y, np.ones(50))
    encoded = targets.encode(y, "float64")
    assert_allclose(encoded.mean(axis=0), 0, atol=1e-12)
    assert_allclose(encoded.std(axis=0), 1)
    assert_allclose(targets.decode(encoded), y, rtol=1e-12)


def test_weights_count_in_target_scaling():
    rng = np.random.default_rng(0)
    y, weight = rng.normal(size=50), rng.integers(1, 5, size=50)
    targets, repeated = numeric_targets(y), np.repeat(y, weight)
    targets.fit_scale(y[:, None], weight)
    assert_allclose(targets.mean, repeated.mean())
    assert_allclose(targets.scale, repeated.std())


@classifiers
def test_multilabel_balanced_is_that_of_the_training_rows_in_validation(
    name, multilabel
):
    X, Y = multilabel
    X_val, Y_val = X[:30], Y[:30]  # other shares of ones than in X, Y
    weights = [
        {v: len(column) / (2 * np.sum(column == v)) for v in (0, 1)} for column in Y.T
    ]
    histories = [
        small(name, epochs=3, class_weight=class_weight)
        .fit(X, Y, X_val=X_val, y_val=Y_val)
        .history_["val_loss"]
        for class_weight in ("balanced", weights)
    ]
    assert_allclose(*histories, rtol=1e-6)


# -- parts of the rows, which may lack a class ----------------------------------------


def weights_of(class_weight, labels):
    """As scikit-learn has them."""
    labels = np.asarray(labels)
    return compute_class_weight(class_weight, classes=np.unique(labels), y=labels)


@pytest.mark.parametrize(
    ("class_weight", "labels"),
    [
        ({0: 1, 1: 3, 2: 10}, [0, 1, 1]),
        ({0: 1, 1: 3, 2: 10}, [2, 2]),
        ({"a": 2.0, "b": 0.5, "c": 4}, ["c", "a"]),
        ({0: 1, 1: 3}, [0, 1, 2]),
        ({2: 10}, [0, 1, 2]),
        ({}, [0, 1]),
    ],
)
def test_weights_of_classes_are_those_of_scikit_learn(class_weight, labels):
    targets = classification_targets(np.array(labels))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = targets.class_weights(class_weight, None, None)
    assert_array_equal(found, weights_of(class_weight, labels))


def test_keys_that_are_no_class_are_refused_together_and_told_beside_others():
    targets = classification_targets(np.array(["cat", "dog"]))
    for class_weight in ({"dgo": 5.0}, {2: 1.0, 0: 3.0}):
        with pytest.raises(ValueError, match=r"none of the classes \['cat', 'dog'\]"):
            targets.class_weights(class_weight, None, None)
        with pytest.raises(ValueError):
            weights_of(class_weight, ["cat", "dog"])
    with pytest.warns(MissingClassWarning, match="'dgo'.*no weight for 'dog'.*as 1"):
        found = targets.class_weights({"cat": 2.0, "dgo": 5.0}, None, None)
    assert_array_equal(found, [2.0, 1.0])
    two = classification_targets(np.eye(2, dtype=int))
    with pytest.raises(ValueError, match=r"label 2, .* the values \[0, 1\]"):
        two.class_weights([{0: 1, 1: 2, 2: 3}, {}], None, None)


@pytest.mark.parametrize("part", [[0, 1], [0, 2], [1, 2]])
def test_a_part_is_weighed_as_by_the_keys_that_it_has(part, iris):
    X, y = iris
    rows = np.isin(y, part)
    weights = {0: 1.0, 1: 4.0, 2: 10.0}
    given = {label: weights[label] for label in part}
    raw = [
        small(epochs=2, class_weight=class_weight).fit(X[rows], y[rows]).loss_
        for class_weight in (weights, given)
    ]
    assert raw[0] == raw[1]


def test_scikit_learns_loops_over_parts_take_weights_of_all_classes(iris):
    X, y = iris
    weights = {0: 1, 1: 1, 2: 10}
    one_vs_one = OneVsOneClassifier(learner(class_weight=weights))
    assert one_vs_one.fit(X, y).score(X, y) > 0.8
    scores = cross_val_score(
        small("TabularClassifier", class_weight=weights, epochs=2),
        X,
        y,
        cv=KFold(3),
        error_score="raise",
    )
    assert_array_equal(scores, 0.0)  # of the one class that training rows lack


def test_labels_that_training_rows_lack_are_left_out_of_validation(iris):
    X, y = iris
    train = y < 2
    known = np.arange(30, 80)  # of classes 0 and 1
    more = np.concatenate([known, [120, 130, 140]])  # and three of class 2
    weight = np.arange(1.0, 151)
    learner = small(epochs=4, patience=2)
    by_hand = clone(learner).fit(
        X[train],
        y[train],
        X_val=X[known],
        y_val=y[known],
        sample_weight_val=weight[known],
    )
    message = r"y_val holds the label 2, .*classes \[0, 1\] .*: 3 of 53 labels are left"
    with pytest.warns(MissingClassWarning, match=message):
        learner.fit(
            X[train],
            y[train],
            X_val=X[more],
            y_val=y[more],
            sample_weight_val=weight[more],
        )
    assert_allclose(learner.history_["val_loss"], by_hand.history_["val_loss"])
    before = learner.predict_proba(X)
    with pytest.raises(ValueError, match="y_val holds the label 2, which is not among"):
        learner.fit(X[train], y[train], X_val=X[120:], y_val=y[120:])
    assert_array_equal(learner.predict_proba(X), before)


def test_steps_whose_label_training_lacks_are_left_out_of_validation():
    targets, _ = step_targets([["b", "a", "b"], ["b"], ["a", "a"]])
    with pytest.warns(MissingClassWarning, match="'c'.*: 3 of 6 labels are left out"):
        y, known = targets.check_validation(
            steps_of([["b", "c", "a"], ["c"], ["c", "a"]], LENGTHS)
        )
    assert_array_equal(known, [True, False, True])
    assert_array_equal(y[..., -1], [[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert_array_equal(y[0, [0, 2], 0], [1, 0])


# -- targets of steps ------------------------------------------------------------------

LENGTHS = np.array([3, 1, 2])
LABELS_OF_STEPS = [["b", "a", "b"], ["c"], ["a", "a"]]
NUMBERS_OF_STEPS = [np.array([[1.0, 10.0]] * 3), [[4.0, 40.0]], [[2.0, 0.0]] * 2]


def step_targets(y, find=classification_targets):
    steps = steps_of(y, LENGTHS)
    return StepTargets(find(steps.values), steps.is_column), steps


def test_steps_are_put_one_after_the_other():
    steps = steps_of(LABELS_OF_STEPS, LENGTHS)
    assert steps.values.tolist() == ["b", "a", "b", "c", "a", "a"]
    assert steps.lengths.tolist() == [3, 1, 2]
    assert not steps.is_column


@pytest.mark.parametrize(
    ("forms", "is_column"),
    [
        ([[1, 2, 3], [4], [5, 6]], False),
        ([[[1], [2], [3]], [[4]], [[5], [6]]], True),
        ([np.array([1, 2, 3]), np.array([4]), np.array([5, 6])], False),
        (pd.Series([[1, 2, 3], [4], [5, 6]]), False),
        (np.array([[1, 2, 3], [4, 0, 0], [5, 6, -1]]), False),  # what is beyond is not
        (np.array([[[1], [2], [3]], [[4], [0], [0]], [[5], [6], [7]]]), True),
        (np.array([[1, 2, 3], [4], [5, 6]], dtype=object), False),
        (pd.DataFrame([[1, 2, 3], [4, 0, 0], [5, 6, 0]]), False),
    ],
    ids=["lists", "columns", "arrays", "series", "2d", "3d", "objects", "frame"],
)
def test_targets_of_steps_come_in_many_forms(forms, is_column):
    steps = steps_of(forms, LENGTHS)
    assert steps.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert steps.is_column == is_column


def masked(raw, after):
    """Outputs of steps, those after the end of a sequence masked."""
    return np.ma.array(raw, mask=np.broadcast_to(after[..., None], raw.shape))


def test_labels_of_steps_are_padded_and_come_back():
    targets, steps = step_targets(LABELS_OF_STEPS)
    checked = targets.check(steps)
    index = [[1, 0, 1], [2, 0, 0], [0, 0, 0]]
    is_step = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert_array_equal(checked, np.stack([index, is_step], axis=2))
    assert_array_equal(targets.encode(checked, "float32"), checked)
    assert targets.are_indices
    assert targets.row_shape == (None, 2)
    wider = targets.check(steps_of(LABELS_OF_STEPS, LENGTHS, n_steps=5))
    assert_array_equal(wider, np.pad(checked, ((0, 0), (0, 2), (0, 0))))
    raw = np.eye(3)[index]
    raw = masked(raw, np.array(is_step) == 0)
    assert [part.tolist() for part in targets.decode(raw)] == LABELS_OF_STEPS
    whole = targets.decode(np.eye(3)[index])  # an array where nothing is padding
    assert whole.tolist() == np.array(["a", "b", "c"])[index].tolist()


def test_numbers_of_steps_are_standardised_over_all_steps_that_count():
    targets, steps = step_targets(NUMBERS_OF_STEPS, numeric_targets)
    checked = targets.check(steps)
    weight = np.array([3.0, 2.0, 2.0])  # that of all the steps of a sequence
    targets.fit_scale(checked, weight)
    of_steps = np.repeat([1.0, 2.0, 1.0], LENGTHS)
    mean = np.average(steps.values, axis=0, weights=of_steps)
    variance = np.average((steps.values - mean) ** 2, axis=0, weights=of_steps)
    assert_allclose(targets.mean, mean)
    assert_allclose(targets.scale, np.sqrt(variance))
    encoded = targets.encode(checked, "float64")
    assert_allclose(encoded[1, 0], [*(steps.values[3] - mean) / np.sqrt(variance), 1])
    assert_array_equal(encoded[1, 1:], 0)
    raw = masked(encoded[..., :2], encoded[..., 2] == 0)
    for found, expected in zip(targets.decode(raw), NUMBERS_OF_STEPS, strict=True):
        assert_allclose(found, expected, atol=1e-12)


def test_class_weights_of_steps_are_those_of_their_labels():
    targets, steps = step_targets(LABELS_OF_STEPS)
    checked = targets.check(steps)
    weighed = targets.weigh(checked, np.ones(3), {"a": 2.0, "c": 5.0})(checked)
    assert_array_equal(weighed[..., -1], [[1, 2, 1], [5, 0, 0], [2, 2, 0]])
    assert_array_equal(checked[..., -1], [[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    balanced = targets.weigh(checked, np.array([2.0, 1.0, 1.0]), "balanced")(checked)
    weight = np.repeat([2.0, 1.0, 1.0], LENGTHS)
    factors = compute_class_weight(
        "balanced",
        classes=np.array(["a", "b", "c"]),
        y=steps.values,
        sample_weight=weight,
    )
    assert_allclose(balanced[0, :, -1], factors[[1, 0, 1]])
    assert_allclose(balanced[1, 0, -1], factors[2])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[1, 2, 3], [4]], "X has 3 sequences, but y has 2. Give targets for each"),
        ([[1, 2, 3], [4], [5]], r"y\[2\] has 1 targets, but X\[2\] has 2 steps. With"),
        (
            np.zeros((3, 4)),
            r"y\[0\] has 4 targets, but X\[0\] has 3 steps.*return_sequences=True",
        ),
        ([1, 2, 3], r"y\[0\] has one target, but X\[0\] has 3 steps"),
        (np.zeros(3), r"y\[0\] has one target, but X\[0\] has 3 steps"),
        (np.zeros((3, 3, 2, 1)), "y has 4 axes. Give an array of shape"),
    ],
    ids=["sequences", "steps", "array", "one", "vector", "axes"],
)
def test_other_numbers_of_steps_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        steps_of(y, LENGTHS)
