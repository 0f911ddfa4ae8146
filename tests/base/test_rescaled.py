"""Scales follow the rows that `partial_fit` sees, and predictions do not jump."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from skdl import (
    CNNRegressor,
    DenseClassifier,
    DenseRegressor,
    LSTMRegressor,
    TabularRegressor,
)

RNG = np.random.default_rng(0)
FIRST = RNG.normal(5, 0.1, size=(12, 3))
FIRST[:, 2] = 4.0  # constant so far
MORE = RNG.normal([0, 300, 7], [10, 90, 2], size=(40, 3))
LABELS = np.arange(40) % 2
WEIGHT = RNG.uniform(0.5, 2, size=40)
KNOWN = np.column_stack([MORE[:, :2], np.full(40, 4.0)])  # in what is constant so far
STILL = {"learning_rate": 1e-12, "random_state": 0, "dtype": "float64"}


def target(X):
    return 100 + X[:, 0] + 3 * X[:, 1]


PARTS = [(FIRST, None), (MORE[:25], WEIGHT[:25]), (MORE[25:], None), (MORE[25:], None)]


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_scales_are_those_of_all_rows_so_far(kind):
    net = DenseRegressor(**STILL)
    seen, weights = np.zeros((0, 4)), np.zeros(0)
    for X, weight in PARTS:
        net.partial_fit(kind(X), target(X), weight)
        seen = np.vstack([seen, np.column_stack([X, target(X)])])
        weights = np.append(weights, np.ones(len(X)) if weight is None else weight)
        scaler = StandardScaler().fit(seen, sample_weight=weights)
        for name, expected in (
            ("mean", scaler.mean_),
            ("scale", scaler.scale_),
            ("variance", scaler.var_),
        ):
            found = [getattr(part, name) for part in (net._inputs, net._targets)]
            assert_allclose(np.concatenate(found), expected, rtol=1e-9, atol=1e-20)


STEPS = [RNG.normal(size=(12, 4, 2)), RNG.normal(size=(40, 4, 2))]
IMAGES = [RNG.normal(size=(n, 5, 5, 1)) for n in (12, 40)]
Y = [target(FIRST), target(MORE)]
NETS = {
    "linear": (DenseRegressor(hidden_units=(), **STILL), [FIRST, MORE], Y),
    "deep": (
        DenseRegressor(hidden_units=(5, 4), activation="selu", **STILL),
        [FIRST, MORE],
        [np.column_stack([y, -(y**2)]) for y in Y],
    ),
    "wide": (
        DenseRegressor(hidden_units=(8,), **STILL),
        [np.tile(X[:, :2], (1, 1050)) for X in (FIRST, MORE)],
        Y,
    ),
    "unscaled targets": (
        DenseRegressor(loss="poisson", **STILL),
        [FIRST, MORE],
        [np.abs(y) for y in Y],
    ),
    "members": (
        TabularRegressor(hidden_units=(4,), weight_decay=0, **STILL),
        [FIRST, MORE],
        Y,
    ),
    "steps": (
        LSTMRegressor(units=3, return_sequences=True, weight_decay=0, **STILL),
        STEPS,
        [RNG.normal(size=(12, 4)), 50 + 9 * RNG.normal(size=(40, 4))],
    ),
    "images": (CNNRegressor(filters=(2,), weight_decay=0, **STILL), IMAGES, Y),
}


@pytest.mark.parametrize("name", NETS)
def test_other_scales_alone_change_no_prediction(name):
    net, rows, y = NETS[name]
    net.set_params(**({"clip_predictions": False} if name == "members" else {}))
    known_rows = KNOWN if rows[1] is MORE else rows[1]
    before = net.partial_fit(rows[0], y[0]).predict(known_rows)
    scale = net._targets.scale
    known = net._inputs, net._targets, net._trained.weights
    checked, _ = net._check_rows(rows[1], y[1], None, net)
    checked, _ = net._weigh(checked, None, net._targets)
    inputs, targets, weights = net._rescaled(checked, *known)
    net._inputs, net._targets = inputs, targets
    net._trained = net._network_of(net._trained.spec, weights)
    assert_allclose(net.predict(known_rows), before, rtol=1e-7)
    assert (targets.scale != scale).all() == (name != "unscaled targets")


def test_classifiers_follow_the_scale_of_columns():
    net = DenseClassifier(hidden_units=(4,), **STILL)
    net.partial_fit(FIRST, LABELS[:12], classes=[0, 1])
    before = net.decision_function(KNOWN)
    net.partial_fit(MORE, LABELS)
    assert_allclose(net.decision_function(KNOWN), before, rtol=1e-7)
    expected = StandardScaler().fit(np.vstack([FIRST, MORE]))
    assert_allclose(net._inputs.scale, expected.scale_)


def test_the_same_rows_again_change_no_scale():
    net = DenseRegressor(**STILL).partial_fit(MORE, target(MORE))
    inputs, targets = net._inputs, net._targets
    net.partial_fit(MORE, target(MORE))
    assert net._inputs is inputs
    assert net._targets is targets


def test_a_failed_call_keeps_the_scales():
    net = DenseRegressor(**STILL).partial_fit(FIRST, target(FIRST))
    before = net.predict(MORE)
    with pytest.raises(ValueError):
        net.partial_fit(MORE, np.full(40, np.nan))
    assert_array_equal(net.predict(MORE), before)


@pytest.mark.parametrize("cls", [DenseRegressor, TabularRegressor])
def test_a_first_part_that_is_unlike_the_others_does_not_hinder(cls):
    """R2 was 0.02 after the same calls while the first part decided the scales."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = 100 + 50 * X[:, 0] + 5 * rng.normal(size=1000)
    alike = np.argsort(y)[490:505]
    net = cls(random_state=0, learning_rate=0.01).partial_fit(X[alike], y[alike])
    for _ in range(3):
        net.partial_fit(X, y)
    assert net.score(X, y) > 0.9


@pytest.mark.parametrize("n_first", [1, 200])
def test_what_was_constant_at_first_gets_its_scale_later(n_first):
    """R2 was -42 after one row, and -4 after rows with a constant column."""
    rng = np.random.default_rng(0)
    X = rng.normal([0, 1000, 0, 5], [1, 100, 1e4, 0.01], size=(1200, 4))
    X[:n_first, 1] = 1000
    y = 5e4 + 1000 * (X[:, 0] + X[:, 1] / 100)
    net, parts = DenseRegressor(random_state=0), np.r_[0, n_first:1001:50]
    for start, stop in 3 * list(pairwise(parts)):
        net.partial_fit(X[start:stop], y[start:stop])
    assert net.score(X[1000:], y[1000:]) > 0.9


def test_targets_that_were_constant_at_first():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = 1e-3 * np.where(np.arange(600) < 100, 7, 7 + X[:, 0])
    net = DenseRegressor(random_state=0)
    for start in 5 * list(range(0, 600, 50)):
        net.partial_fit(X[start : start + 50], y[start : start + 50])
    assert net.score(X[100:], y[100:]) > 0.8
