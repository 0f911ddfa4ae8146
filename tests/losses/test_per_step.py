"""A loss of every step against NumPy."""

import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_softmax
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error

from skdl.losses import Huber, LogLoss, PerStep, SquaredError, accuracy

LENGTHS = np.array([5, 1, 3])
rng = np.random.default_rng(0)
IS_STEP = np.arange(5) < LENGTHS[:, None]
WEIGHT = rng.uniform(0.5, 2.0, (3, 5)) * IS_STEP


def with_weights(y):
    """Targets of steps as the loss takes them; what stands for padding is wild."""
    y = np.asarray(y, float).reshape(3, 5, -1)
    y = np.where(IS_STEP[..., None], y, 0.0)
    return np.concatenate([y, WEIGHT[..., None]], axis=2)


def values(function, y, raw):
    return ops.convert_to_numpy(function(with_weights(y), raw))


def by_hand(metric, y, raw, **options):
    """The metric of each sequence, weighted over its steps."""
    return [
        metric(y[i, :n], raw[i, :n], sample_weight=WEIGHT[i, :n], **options)
        for i, n in enumerate(LENGTHS)
    ]


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_squared_error_is_the_weighted_mean_over_steps(n_outputs):
    y, raw = rng.normal(size=(2, 3, 5, n_outputs))
    found = values(PerStep(SquaredError()), y, raw)
    assert_allclose(found, by_hand(mean_squared_error, y, raw), rtol=1e-6)


def test_log_loss_of_classes():
    y, raw = rng.integers(0, 4, (3, 5)), rng.normal(size=(3, 5, 4))
    found = values(PerStep(LogLoss(), indices=True), y, raw)
    proba = np.exp(log_softmax(raw, axis=2))
    expected = by_hand(log_loss, y, proba, labels=np.arange(4))
    assert_allclose(found, expected, rtol=1e-6)


def test_log_loss_of_two_classes():
    y, raw = rng.integers(0, 2, (3, 5, 1)), rng.normal(size=(3, 5, 1))
    found = values(PerStep(LogLoss()), y, raw)
    expected = by_hand(log_loss, y[..., 0], expit(raw[..., 0]), labels=[0, 1])
    assert_allclose(found, expected, rtol=1e-6)


def test_accuracy_is_a_share_of_steps():
    y, raw = rng.integers(0, 4, (3, 5)), rng.normal(size=(3, 5, 4))
    found = values(PerStep(accuracy, indices=True), y, raw)
    expected = by_hand(accuracy_score, y, raw.argmax(axis=2))
    assert_allclose(found, expected, rtol=1e-6)


def test_padding_counts_for_nothing():
    y, raw = rng.normal(size=(2, 3, 5, 2))
    wild = np.where(IS_STEP[..., None], raw, 1e6)
    function = PerStep(SquaredError())
    assert_array_equal(values(function, y, raw), values(function, y, wild))


def test_a_sequence_without_weight_has_the_loss_zero():
    y = np.zeros((2, 3, 2))  # no step has a weight
    found = ops.convert_to_numpy(PerStep(SquaredError())(y, np.ones((2, 3, 1))))
    assert_array_equal(found, [0.0, 0.0])


def test_equal_by_value():
    """So that two fits share one program."""
    assert PerStep(SquaredError()) == PerStep(SquaredError())
    assert hash(PerStep(Huber(delta=2.0))) == hash(PerStep(Huber(delta=2.0)))
    assert PerStep(SquaredError()) != PerStep(SquaredError(), indices=True)
