"""Losses of classifiers against scikit-learn, SciPy and finite differences."""

import copy
import pickle
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import clone
from sklearn.metrics import brier_score_loss, log_loss

from skdl.losses import (
    CLASSIFICATION_LOSSES,
    ClassificationLoss,
    Focal,
    Huber,
    LogLoss,
    OnProbabilities,
    classification_loss,
)

rng = np.random.RandomState(0)
CLASSES = rng.randint(4, size=30), 3 * rng.standard_normal((30, 4))
LABELS = rng.randint(2, size=(30, 3)).astype(float), 3 * rng.standard_normal((30, 3))
TARGETS = {"softmax": CLASSES, "sigmoid": LABELS}

LOSSES = [
    LogLoss(),
    LogLoss(label_smoothing=0.2),
    Focal(),
    Focal(gamma=0.0),
    Focal(gamma=0.5),
    OnProbabilities(keras.losses.MeanSquaredError()),
]

per_loss = pytest.mark.parametrize(
    "loss",
    LOSSES,
    ids=lambda loss: repr(loss).split(" at 0x")[0],  # an address differs in workers
)
per_target = pytest.mark.parametrize("kind", TARGETS)


def numpy_log_probabilities(y, z):
    """Return log p of the right class, (batch,), or of each right label, (batch, k)."""
    if y.ndim == 1:
        return log_softmax(z, axis=1)[np.arange(len(y)), y]
    return log_expit(np.where(y == 1, z, -z))


def gradient(loss, y, z):
    z = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(y, z)
    return tape.gradient(value, z).numpy()


def finite_differences(loss, y, z, step=1e-5):
    """Return the derivatives of the sum of the rows, one logit at a time."""
    slopes = np.empty_like(z)
    for index in np.ndindex(z.shape):
        shift = np.zeros_like(z)
        shift[index] = step
        ends = [np.sum(loss(y, z + sign * shift)) for sign in (1, -1)]
        slopes[index] = (ends[0] - ends[1]) / (2 * step)
    return slopes


def test_log_loss_matches_scikit_learn_row_by_row():
    y, z = CLASSES
    ours = LogLoss()(y, z)
    oracle = [
        log_loss([label], [row], labels=range(4))
        for label, row in zip(y, softmax(z, axis=1), strict=True)
    ]
    assert_allclose(ours, oracle)


def test_log_loss_of_indicators_is_the_mean_over_the_columns():
    y, z = LABELS
    oracle = [
        np.mean(
            [
                log_loss([label], [[1 - p, p]], labels=[0, 1])
                for label, p in zip(*pair, strict=True)
            ]
        )
        for pair in zip(y, expit(z), strict=True)
    ]
    assert_allclose(LogLoss()(y, z), oracle)


def test_one_sigmoid_output_equals_two_softmax_outputs():
    y, z = LABELS[0][:, :1], LABELS[1][:, :1]
    two = np.hstack([np.zeros_like(z), z])
    for loss in (LogLoss(), LogLoss(label_smoothing=0.2), Focal(alpha=0.25)):
        assert_allclose(loss(y, z), loss(y[:, 0].astype(int), two), rtol=1e-9)


def test_smoothed_log_loss_matches_keras():
    y, z = CLASSES
    one_hot = np.eye(4)[y]
    oracle = keras.losses.categorical_crossentropy(
        one_hot, z, from_logits=True, label_smoothing=0.2
    )
    assert_allclose(LogLoss(label_smoothing=0.2)(y, z), oracle)
    y, z = LABELS
    oracle = keras.losses.binary_crossentropy(
        y, z, from_logits=True, label_smoothing=0.2
    )
    assert_allclose(LogLoss(label_smoothing=0.2)(y, z), oracle)


@per_target
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_matches_its_formula(kind, gamma):
    y, z = TARGETS[kind]
    log_p = numpy_log_probabilities(y, z)
    oracle = -((1 - np.exp(log_p)) ** gamma) * log_p
    if kind == "sigmoid":
        oracle = oracle.mean(axis=1)
    assert_allclose(Focal(gamma=gamma)(y, z), oracle, rtol=1e-6)


def test_focal_of_indicators_matches_keras():
    y, z = LABELS
    oracle = keras.losses.binary_focal_crossentropy(
        y, z, apply_class_balancing=True, alpha=0.25, gamma=2.0, from_logits=True
    )
    assert_allclose(Focal(alpha=0.25)(y, z), oracle, rtol=1e-6)


def test_alpha_weighs_each_class():
    y, z = CLASSES
    alpha = (1.0, 2.0, 0.5, 3.0)
    ratio = np.divide(Focal(alpha=alpha)(y, z), Focal()(y, z))
    assert_allclose(ratio, np.array(alpha)[y])


def test_a_number_for_alpha_is_the_weight_of_the_positive_class():
    binary = CLASSES[0] % 2, CLASSES[1][:, :2]
    for y, z in (LABELS, binary):
        short, long = Focal(alpha=0.25)(y, z), Focal(alpha=(0.75, 0.25))(y, z)
        assert_array_equal(short, long)


@per_target
@per_loss
def test_gradient_matches_finite_differences(loss, kind):
    y, z = TARGETS[kind]
    oracle = finite_differences(loss, y, z)
    assert_allclose(gradient(loss, y, z), oracle, rtol=1e-5, atol=1e-9)


@per_target
@per_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_logits_have_finite_values_and_gradients(loss, kind, dtype):
    z = np.array([[1e4, -1e4], [-1e4, 1e4], [0, 0], [1e4, 1e4]], dtype)
    y = {"softmax": np.array([0, 0, 1, 1]), "sigmoid": np.eye(2, dtype=dtype)[[0] * 4]}
    assert np.isfinite(loss(y[kind], z)).all()
    assert np.isfinite(gradient(loss, y[kind], z)).all()


@per_target
def test_extreme_logits_cost_their_margin(kind):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]], "float32")
    y = {"softmax": np.array([0, 0]), "sigmoid": np.array([[1.0, 0.0]] * 2)}[kind]
    margin = 2e4 if kind == "softmax" else 1e4
    for loss in (LogLoss(), Focal()):
        assert_allclose(loss(y, z), [0, margin])


def test_confident_indicators_keep_their_precision_in_float32():
    z = np.array([[12.0], [-12.0]], "float32")
    assert_allclose(LogLoss()([[1.0], [0.0]], z), -log_expit([12.0, 12.0]), rtol=1e-6)


@per_target
@per_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_traces_once_for_every_batch_size_and_keeps_the_dtype(loss, kind, dtype):
    y, z = TARGETS[kind]
    traces = []

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *y.shape[1:]], "int32" if y.ndim == 1 else dtype),
            tf.TensorSpec([None, z.shape[1]], dtype),
        ]
    )
    def traced(y, z):
        traces.append(None)
        return loss(y, z)

    y, z = y.astype("int32" if y.ndim == 1 else dtype), z.astype(dtype)
    for n in (30, 7, 1):
        rows = traced(y[:n], z[:n])
        assert rows.shape == (n,)
        assert rows.dtype == dtype
        assert_allclose(rows, loss(y[:n], z[:n]), rtol=1e-5)
    assert len(traces) == 1


def test_log_loss_of_classes_is_one_fused_operation():
    graph = tf.function(LogLoss()).get_concrete_function(
        tf.TensorSpec([None], "int64"), tf.TensorSpec([None, 4])
    )
    types = [operation.type for operation in graph.graph.get_operations()]
    assert types.count("SparseSoftmaxCrossEntropyWithLogits") == 1
    assert len(types) <= 5  # two inputs, a shape, the loss, the output


def test_on_probabilities_gives_keras_what_it_expects():
    seen = []

    def look(y_true, y_pred):
        seen.append((np.asarray(y_true), np.asarray(y_pred)))
        return y_pred[:, 0]

    for y, z in TARGETS.values():
        OnProbabilities(look)(y, z)
    assert_array_equal(seen[0][0], np.eye(4)[CLASSES[0]])
    assert_allclose(seen[0][1], softmax(CLASSES[1], axis=1))
    assert_array_equal(seen[1][0], LABELS[0])
    assert_allclose(seen[1][1], expit(LABELS[1]))
    assert all(array.dtype == "float64" for pair in seen for array in pair)


def test_on_probabilities_of_a_keras_loss_has_one_value_per_row():
    y, z = CLASSES
    rows = OnProbabilities(keras.losses.MeanSquaredError())(y, z)
    assert rows.shape == (30,)
    oracle = brier_score_loss(y, softmax(z, axis=1), scale_by_half=False)
    assert_allclose(4 * np.mean(rows), oracle)


def test_on_probabilities_of_cross_entropy_is_the_log_loss():
    wrapped = OnProbabilities(keras.losses.categorical_crossentropy)
    assert_allclose(wrapped(*CLASSES), LogLoss()(*CLASSES))
    wrapped = OnProbabilities(keras.losses.BinaryCrossentropy())
    assert_allclose(wrapped(*LABELS), LogLoss()(*LABELS), rtol=1e-5)


@per_loss
@pytest.mark.parametrize("copied", [copy.deepcopy, partial(clone, safe=False)])
def test_copies_are_equal(loss, copied):
    assert copied(loss) == loss
    assert hash(copied(loss)) == hash(loss)


@per_loss
def test_pickling_keeps_the_loss(loss):
    loaded = pickle.loads(pickle.dumps(loss))
    assert repr(loaded).split(" at 0x")[0] == repr(loss).split(" at 0x")[0]
    assert_array_equal(loaded(*CLASSES), loss(*CLASSES))
    assert loaded == loss
    assert hash(loaded) == hash(loss)


def test_equality_is_by_value():
    assert Focal(gamma=2) == Focal(gamma=np.float32(2.0))
    assert hash(Focal(alpha=[1, 2])) == hash(Focal(alpha=(1.0, 2.0)))
    assert Focal() != Focal(gamma=1)
    assert LogLoss() != Focal(gamma=0)


def test_wrapped_functions_are_equal_where_they_compute_the_same():
    class Weighted(keras.losses.Loss):
        def __init__(self, weight):
            super().__init__()
            self.weight = weight

        def call(self, y_true, y_pred):
            return self.weight * keras.ops.mean(y_true - y_pred, axis=-1)

    crossentropy = keras.losses.CategoricalCrossentropy
    for same, other in [
        (
            lambda: keras.losses.mean_squared_error,
            lambda: keras.losses.mean_absolute_error,
        ),
        (lambda: crossentropy(), lambda: crossentropy(label_smoothing=0.1)),
        (lambda: Weighted(1.0), lambda: Weighted(2.0)),
        (
            lambda: partial(keras.losses.huber, delta=1.0),
            lambda: partial(keras.losses.huber, delta=2.0),
        ),
    ]:
        first, second = OnProbabilities(same()), OnProbabilities(same())
        assert first == second
        assert hash(first) == hash(second)
        assert first != OnProbabilities(other())
    weights = [np.ones(2), np.ones(2)]  # not comparable to one truth value
    assert OnProbabilities(Weighted(weights[0])) != OnProbabilities(
        Weighted(weights[1])
    )


def test_a_keras_loss_changed_after_wrapping_counts_as_another():
    function = keras.losses.CategoricalCrossentropy()
    before = OnProbabilities(function)
    function.label_smoothing = 0.1
    assert OnProbabilities(function) != before


def test_names_are_losses():
    for name, loss in CLASSIFICATION_LOSSES.items():
        assert isinstance(loss, ClassificationLoss)
        assert classification_loss(name) is loss


def test_a_loss_stands_for_itself_and_a_function_is_wrapped():
    focal, mse = Focal(gamma=1), keras.losses.MeanSquaredError()
    assert classification_loss(focal) is focal
    assert classification_loss(mse) == OnProbabilities(mse)
    assert classification_loss(keras.losses.mean_absolute_error) == OnProbabilities(
        keras.losses.mean_absolute_error
    )


@pytest.mark.parametrize(
    "loss", ["hinge", None, 3, ["log_loss"], Huber(), Focal, keras.losses.Huber]
)
def test_what_is_no_loss_is_named_with_the_choices(loss):
    with pytest.raises(ValueError, match="'focal', 'log_loss'") as error:
        classification_loss(loss)
    assert f"loss={loss!r}" in str(error.value)


@pytest.mark.parametrize(
    ("construct", "sentence"),
    [
        (lambda: LogLoss(label_smoothing=1.0), "label_smoothing=1.0 of LogLoss has to"),
        (lambda: LogLoss(label_smoothing="a"), "label_smoothing='a' of LogLoss has to"),
        (lambda: Focal(gamma=-1), "gamma=-1 of Focal has to be"),
        (lambda: Focal(gamma=float("nan")), "gamma=nan of Focal has to be"),
        (lambda: Focal(gamma=True), "gamma=True of Focal has to be"),
        (lambda: Focal(alpha=1.5), "alpha=1.5 of Focal has to be None, a number"),
        (lambda: Focal(alpha="balanced"), "alpha='balanced' of Focal has to be None"),
        (lambda: Focal(alpha=(1.0, 0.0)), "alpha=.* has to hold a positive number"),
        (lambda: Focal(alpha=0.5)(*CLASSES), "weighs 2 classes, but y has 4"),
        (lambda: Focal(alpha=(1, 1, 1))(*LABELS), "weighs 3 classes, but y has 2"),
        (lambda: OnProbabilities("mse"), "function='mse' of OnProbabilities has to be"),
        (lambda: OnProbabilities(keras.losses.Huber), "construct the loss first"),
        (
            lambda: OnProbabilities(keras.losses.SparseCategoricalCrossentropy()),
            "takes class indices, but is given one-hot rows; use loss='log_loss'",
        ),
        (
            lambda: OnProbabilities(keras.losses.sparse_categorical_crossentropy),
            "takes class indices, but is given one-hot rows; use loss='log_loss'",
        ),
        (
            lambda: OnProbabilities(keras.losses.BinaryCrossentropy(from_logits=True)),
            "takes logits, but is given probabilities; construct it with from_logits=F",
        ),
        (
            lambda: LogLoss()(LABELS[0][:, :1], LABELS[1]),
            r"y_true of shape \(30, 1\) and y_pred of shape \(30, 3\) have to be",
        ),
    ],
)
def test_errors_say_what_is_wrong_in_one_sentence(construct, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        construct()
    assert "\n" not in str(error.value)
