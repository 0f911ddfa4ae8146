"""Means of members' probabilities, and the rows that they keep for validation."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit, softmax

from skdl.base._members import mean_probabilities
from tests.instances import small

# -- means of probabilities ------------------------------------------------------------


@pytest.mark.parametrize("n_members", [1, 2, 7])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_classes_have_the_mean_of_the_members_probabilities(n_members, n_classes):
    logits = np.random.default_rng(0).normal(0, 3, size=(n_members, 20, n_classes))
    result = mean_probabilities(logits, one_hot=True)
    expected = np.mean([softmax(z, axis=1) for z in logits], axis=0)
    assert result.shape == (20, n_classes)
    assert_allclose(np.exp(result), expected, rtol=1e-12)


@pytest.mark.parametrize("n_members", [1, 2, 7])
@pytest.mark.parametrize("n_labels", [1, 4])
def test_labels_have_the_mean_of_the_members_probabilities(n_members, n_labels):
    logits = np.random.default_rng(0).normal(0, 3, size=(n_members, 20, n_labels))
    result = mean_probabilities(logits, one_hot=False)
    assert result.shape == (20, n_labels)
    assert_allclose(result, logit(expit(logits).mean(axis=0)), rtol=1e-9, atol=1e-12)


def test_one_member_keeps_its_log_odds():
    logits = np.array([[[0.0, 3.0, -3.0, 700.0, -700.0, 1e4, -1e4]]])
    assert_allclose(mean_probabilities(logits, one_hot=False), logits[0], rtol=1e-12)


def precisely(rows, one_hot):
    """The same of a row of each member, in decimal numbers of 1200 digits."""
    with localcontext() as context:
        context.prec = 1200
        shares = []
        for row in rows:
            powers = [Decimal(z).exp() for z in row]
            total = sum(powers)
            shares.append([p / (total if one_hot else 1 + p) for p in powers])
        means = [sum(column) / len(rows) for column in zip(*shares, strict=True)]
        # only the leading digits matter for a logarithm
        values = [m if one_hot else m / (1 - m) for m in means]
    with localcontext() as context:
        context.prec = 30
        return [float((+v).ln()) for v in values]


EXTREMES = {
    "moderate": [[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]],
    "agreeing": [[900.0, 0.0, -900.0], [800.0, 10.0, -1000.0]],
    "disagreeing": [[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 0.0]],
    "one is sure": [[1000.0, -1000.0, -1000.0], [0.0, 0.0, 0.0]],
    "all low": [[-900.0, -901.0, -902.0], [-800.0, -800.0, -803.0]],
}


@pytest.mark.parametrize("kind", EXTREMES)
@pytest.mark.parametrize("one_hot", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_lose_nothing(kind, one_hot, dtype):
    logits = np.array(EXTREMES[kind], dtype)[:, None]
    result = mean_probabilities(logits, one_hot=one_hot)
    assert result.dtype == np.float64
    expected = precisely(EXTREMES[kind], one_hot)
    assert_allclose(result[0], expected, rtol=1e-12, atol=1e-12)


def test_order_of_members_does_not_matter():
    logits = np.random.default_rng(0).normal(0, 30, size=(5, 50, 3))
    for one_hot in (True, False):
        result = mean_probabilities(logits, one_hot=one_hot)
        again = mean_probabilities(logits[::-1], one_hot=one_hot)
        assert_allclose(again, result, rtol=1e-12, atol=1e-12)


# -- rows kept for validation ----------------------------------------------------------


def held_out(n_rows, fraction, strata=None, seed=0, **parameters):
    estimator = small("TabularClassifier", validation_fraction=fraction, **parameters)
    return estimator._held_out(n_rows, strata, np.random.RandomState(seed))


@pytest.mark.parametrize("n_rows", [2, 3, 10, 97, 1000])
@pytest.mark.parametrize("fraction", [0.01, 0.15, 0.5, 0.9])
@pytest.mark.parametrize("stratified", [False, True])
def test_rows_are_divided_completely(n_rows, fraction, stratified):
    strata = np.arange(n_rows) % 3 if stratified else None
    train, held = held_out(n_rows, fraction, strata)
    n_held = int(np.ceil(fraction * n_rows))
    assert len(held) == (n_held if n_held < n_rows else 0)
    assert len(train) == n_rows - len(held)
    assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(n_rows))
    assert_array_equal(train, np.sort(train))
    assert_array_equal(held, np.sort(held))


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_classes_keep_their_proportions(fraction):
    strata = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 60, 40]))
    _, held = held_out(200, fraction, strata)
    assert_array_equal(np.bincount(strata[held]), fraction * np.bincount(strata))


@pytest.mark.parametrize("seed", range(5))
def test_only_row_of_a_class_is_for_training(seed):
    strata = np.repeat([0, 1, 2, 3, 4], [50, 40, 1, 1, 8])
    train, held = held_out(100, 0.15, strata, seed)
    assert {90, 91} <= {*train.tolist()}
    counts = np.bincount(strata[held], minlength=5)
    assert counts.sum() == 15
    assert_array_equal(counts[2:4], [0, 0])
    others = np.array([50, 40, 8])
    assert np.abs(counts[[0, 1, 4]] - 15 * others / 98).max() < 1


@pytest.mark.parametrize(
    "strata",
    [
        np.arange(20),  # each row is of a class of its own
        np.arange(20) // 2,  # more classes than rows for validation
        np.minimum(np.arange(20), 5),
        np.zeros(20, int),
    ],
    ids=["all alone", "pairs", "five alone", "one class"],
)
def test_classes_with_too_few_rows_are_divided_all_the_same(strata):
    train, held = held_out(20, 0.15, strata)
    assert len(held) == 3
    assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(20))


def test_rows_depend_on_the_seed_alone():
    strata = np.arange(100) % 2
    first, again, other = (held_out(100, 0.2, strata, seed)[1] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_row_is_kept_by_some_member():
    kept = np.concatenate([held_out(50, 0.2, None, seed)[1] for seed in range(60)])
    counts = np.bincount(kept, minlength=50)
    assert counts.min() > 2  # 12 on the average
    assert counts.max() < 26


def test_too_few_rows_are_all_learnt_from_unless_stopping_is_asked_for():
    train, held = held_out(1, 0.15)
    assert train.tolist() == [0]
    assert len(held) == 0
    message = "validation_fraction=0.15 of 1 rows leaves no row.*early_stopping=False"
    with pytest.raises(ValueError, match=message):
        held_out(1, 0.15, early_stopping=True)
