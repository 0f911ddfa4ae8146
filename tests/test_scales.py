"""Validation rows on another scale are remarked on, and those that only differ not."""

import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import (
    CNNClassifier,
    DenseClassifier,
    DenseRegressor,
    KerasRegressor,
    LSTMClassifier,
    LSTMRegressor,
    TabularRegressor,
)
from skdl._scales import remark_on_scale
from skdl.exceptions import ValidationScaleWarning

RNG = np.random.default_rng(0)
X = RNG.normal([500, 3, -20, 0.1], [100, 1, 4, 0.02], size=(80, 4))
SCALED = StandardScaler().fit_transform(X)
Y = SCALED[:, 0] + SCALED[:, 1]


def remarks(function, *args, kind=ValidationScaleWarning, **kwargs):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        function(*args, **kwargs)
    return [w for w in seen if issubclass(w.category, kind)]


def small(cls, **params):
    return cls(hidden_units=(3,), epochs=1, random_state=0, **params)


# -- what is another scale -------------------------------------------------------------


def far(numbers, of_training):
    return bool(remarks(remark_on_scale, "X_val", numbers, of_training))


@pytest.mark.parametrize("scale", [1, 100, 1e-3])
def test_rows_before_and_after_a_scaler_differ(scale):
    rows = scale * X
    assert far(rows[:20], SCALED)
    assert far(SCALED[:20], rows)
    assert not far(rows[:20], rows)


def test_tables_that_are_nearly_on_one_scale():
    for load in (load_iris, load_diabetes, load_wine):
        rows = load().data
        scaled = StandardScaler().fit_transform(rows)
        assert far(rows[::5], scaled)
        assert not far(rows[::5], rows)


def outliers(rows):
    return np.where(np.arange(20)[:, None] < 4, 1e6, rows[:20])


def drift(rows):
    """Twenty steps after eighty, in all columns."""
    return np.arange(80, 100.0)[:, None] + np.zeros((20, 4))


IRIS = load_iris().data
TIME = np.arange(80.0)[:, None] + np.zeros((80, 4))
MIXED = np.column_stack([SCALED[:, 0], SCALED[:, :2] > 1.5, np.ones(80)])
ALIKE = {
    "outliers": (outliers(SCALED), SCALED),
    "drift": (drift(TIME), TIME),
    "one row": (X[:1], SCALED),
    "constant columns": (np.full((20, 4), 7.0), np.ones((80, 4))),
    "categories": (np.ones((20, 4)), MIXED),
    "gaps": (np.where(SCALED[:20] > 0, np.nan, SCALED[:20]), SCALED),
    "only gaps": (np.full((20, 4), np.nan), SCALED),
    "a constant stretch": (np.zeros((20, 4)), SCALED),
    "no columns": (np.ones((20, 0)), np.ones((80, 0))),
    "one class of many": (IRIS[:20], IRIS),
    "skewed": (np.exp(SCALED[:20]), np.exp(SCALED)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_only_differs_is_not_remarked_on(name):
    assert not far(*ALIKE[name])


def test_parts_of_all_sizes_of_one_table_are_alike():
    rare = RNG.random((300, 5)) < 0.25
    tables = [
        RNG.standard_t(2, size=(300, 5)),
        RNG.poisson(0.3, size=(300, 5)),
        RNG.normal(size=(300, 5)) + 100 * rare,
        RNG.normal(size=(300, 1)) + 100 * rare[:, :1],
        np.where(rare, RNG.lognormal(size=(300, 5)), 0)[:, :2],
    ]
    for table in tables:
        for seed in range(30):
            order = np.random.default_rng(seed).permutation(300)
            assert not far(table[order[:10]].astype(float), table[order[10:]])


# -- all kinds of rows -----------------------------------------------------------------

FRAME = pd.DataFrame(X, columns=list("abcd")).assign(e=np.where(Y > 0, "u", "v"))
SEQUENCES = RNG.normal(50, 10, size=(40, 6, 2))
IMAGES = RNG.integers(0, 255, size=(40, 6, 6, 3), dtype=np.uint8)


def compiled():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    return model


KINDS = {
    "array": (small(DenseRegressor), SCALED, X, Y),
    "sparse": (small(DenseRegressor), sp.csr_matrix(SCALED), sp.csr_matrix(X), Y),
    "labels": (small(DenseClassifier), SCALED, X, Y > 0),
    "table": (
        small(TabularRegressor, n_members=1),
        FRAME.assign(**{c: SCALED[:, i] for i, c in enumerate("abcd")}),
        FRAME,
        Y,
    ),
    "sequences": (
        LSTMClassifier(units=2, epochs=1),
        [(x - 50) / 10 for x in SEQUENCES],
        [x[: 3 + i % 3] for i, x in enumerate(SEQUENCES)],
        np.arange(40) % 2,
    ),
    "images": (
        CNNClassifier(filters=(2,), epochs=1),
        (IMAGES - 127.0) / 70,
        IMAGES.astype(float),
        np.arange(40) % 2,
    ),
    "compiled": (KerasRegressor(compiled, epochs=1), SCALED, X, Y),
}


@pytest.mark.parametrize("name", KINDS)
def test_all_kinds_of_rows_are_looked_at(name):
    net, rows, others, y = KINDS[name]
    (said,) = remarks(net.fit, rows, y, X_val=others, y_val=y)
    assert said.filename == __file__
    assert said.message.name == "X_val"
    assert not remarks(net.fit, rows, y, X_val=rows[:20], y_val=y[:20])


def test_images_of_another_range_are_remarked_on():
    net, y = CNNClassifier(filters=(2,), epochs=1), np.arange(40) % 2
    validation = {"X_val": IMAGES / 255.0, "y_val": y}
    (said,) = [
        w
        for w in remarks(net.fit, IMAGES, y, kind=UserWarning, **validation)
        if "X_val has values up to 0.996" in str(w.message)
    ]
    assert said.filename == __file__


def test_a_prefix_hands_rows_past_the_scaler():
    pipe = make_pipeline(StandardScaler(), small(DenseRegressor))
    (said,) = remarks(
        pipe.fit,
        X,
        Y,
        denseregressor__X_val=X[:20],
        denseregressor__y_val=Y[:20],
    )
    assert said.filename == __file__
    quartiles = np.quantile(X[:20, 0], [0.25, 0.75])
    np.testing.assert_allclose(said.message.quartiles, quartiles)
    assert "transform_input=['X_val']" in str(said.message)


@pytest.mark.parametrize("kind", ["numbers", "steps", "compiled"])
def test_targets_on_another_scale(kind):
    net, rows, y = small(DenseRegressor), SCALED, Y
    if kind == "steps":
        net = LSTMRegressor(units=2, epochs=1, return_sequences=True)
        rows, y = SEQUENCES, RNG.normal(size=(40, 6))
    elif kind == "compiled":
        net = KerasRegressor(compiled, epochs=1)
    (said,) = remarks(net.fit, rows, y, X_val=rows, y_val=1000 + 100 * y)
    assert said.message.name == "y_val"
    assert "y_val is on another scale than y: half of" in str(said.message)
