"""The temperature against closed forms, a fine grid, and scikit-learn's log loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logit, softmax
from sklearn.metrics import log_loss

from skdl.base._calibration import best_temperature

GRID = np.geomspace(0.05, 20, 601)  # a step is 1 %


def prior(temperature):
    """What is added to the sum of log losses of all rows, whose mean weight is 1."""
    return 2 * np.log(temperature) ** 2


def drawn(n_rows, n_classes, temperature, seed=0):
    """Logits, and labels drawn from the probabilities of cooler ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, size=(n_rows, n_classes))
    proba = softmax(logits / temperature, axis=1)
    y = (proba.cumsum(axis=1) < rng.random((n_rows, 1))).sum(axis=1)
    return logits, np.minimum(y, n_classes - 1), rng.uniform(0.1, 3, n_rows)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_classes_have_the_least_loss_of_a_grid(temperature, weighted):
    logits, y, weight = drawn(400, 4, temperature)
    weight = weight if weighted else np.ones(400)
    losses = [
        400 * log_loss(y, softmax(logits / t, axis=1), sample_weight=weight) + prior(t)
        for t in GRID
    ]
    found = best_temperature(logits, y, weight)
    assert_allclose(found, GRID[np.argmin(losses)], rtol=0.01)
    assert_allclose(found, temperature, rtol=0.25)  # what the labels were drawn with


@pytest.mark.parametrize("n_labels", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_labels_have_the_least_loss_of_a_grid(n_labels, weighted):
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 4, size=(300, n_labels))
    y = (rng.random((300, n_labels)) < expit(logits / 2.5)).astype(float)
    weight = rng.uniform(0.1, 3, 300) if weighted else np.ones(300)

    def loss(t):
        columns = zip(y.T, expit(logits / t).T, strict=True)
        losses = [log_loss(*column, sample_weight=weight) for column in columns]
        return 300 * sum(losses) + prior(t)

    found = best_temperature(logits, y, weight)
    assert_allclose(found, GRID[np.argmin([loss(t) for t in GRID])], rtol=0.01)


@pytest.mark.parametrize("right", [0.6, 0.75, 0.99])
@pytest.mark.parametrize("certainty", [0.5, 2.0, 6.0])
def test_many_equal_logits_get_the_share_that_is_right(right, certainty):
    n_rows = 40_000
    y = (np.arange(n_rows) < right * n_rows).astype(float)[:, None]
    found = best_temperature(np.full((n_rows, 1), certainty), y, np.ones(n_rows))
    assert_allclose(found, certainty / logit(right), rtol=0.01)


def test_few_rows_move_it_little_and_many_rows_much():
    logits = np.full((1, 1), 3.0)
    found = [
        best_temperature(np.repeat(logits, n, axis=0), np.ones((n, 1)), np.ones(n))
        for n in (1, 10, 100, 1000)
    ]
    assert (np.diff([1.0, *found]) < 0).all()  # all are right: as sure as one dares
    assert found[0] > 0.9
    assert found[-1] < 0.5


def test_only_ratios_of_weights_count():
    logits, y, weight = drawn(60, 3, 2.0)
    expected = best_temperature(logits, y, weight)
    for factor in (1e-6, 10.0, 1e6):
        again = best_temperature(logits, y, factor * weight)
        assert_allclose(again, expected, rtol=1e-6)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_warmer_logits_of_many_rows_have_a_warmer_optimum(factor):
    logits, y, weight = drawn(5000, 3, 1.5)
    one = best_temperature(logits, y, weight)
    assert_allclose(best_temperature(factor * logits, y, weight), factor * one, 0.01)


def test_a_constant_added_to_all_logits_of_a_row_changes_nothing():
    logits, y, weight = drawn(200, 3, 1.5)
    shifted = logits + 100 * np.arange(200)[:, None]
    expected = best_temperature(logits, y, weight)
    assert_allclose(best_temperature(shifted, y, weight), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0.0, 1.0, 1e4, 1e30])
def test_it_stays_between_a_twentieth_and_twenty(dtype, size):
    logits = size * np.array([[1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]] * 100, dtype)
    always_right = (logits > 0).astype(float)
    for y in (np.array([0, 1, 1] * 100), always_right, 1 - always_right):
        assert 0.0499 < best_temperature(logits, y, np.ones(300)) < 20.01
    assert_allclose(best_temperature(0 * logits, y, np.ones(300)), 1, rtol=1e-4)


def test_labels_of_new_rows_are_told_better():
    logits, y, weight = drawn(2000, 5, 3.0)
    found = best_temperature(logits[:1000], y[:1000], weight[:1000])
    before, after = (
        log_loss(y[1000:], softmax(logits[1000:] / t, axis=1)) for t in (1, found)
    )
    assert after < before - 0.2
