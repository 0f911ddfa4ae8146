"""Networks for sequences: padding, forms of X, going on, scikit-learn's tools."""

import copy
import pickle
import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import LSTMClassifier, LSTMForecaster, LSTMRegressor
from skdl.ensemble import BlendingClassifier, FoldEnsembleClassifier
from skdl.model_selection import BayesSearchCV
from skdl.preprocessing import PerFeature
from skdl.training._program import PROGRAMS
from tests.estimators.sequences import (
    CLASSIFIER,
    REGRESSOR,
    ordered,
    padded,
    ragged,
    traces,
)

# -- what they are for -----------------------------------------------------------------


def test_order_is_learned_where_a_forest_does_not():
    (X, y), (X_test, y_test) = ordered(600), ordered(1000, seed=1)
    network = LSTMClassifier(units=32, random_state=0)
    assert network.fit(X[..., np.newaxis], y).score(X_test[..., np.newaxis], y_test) > (
        0.95
    )
    forest = RandomForestClassifier(random_state=0)
    assert forest.fit(X, y).score(X_test, y_test) < 0.8


def test_regressor_learns_a_sum_over_sequences_of_any_length():
    X, _ = ragged(400, n_features=1, longest=8)
    y = np.array([100 + 10 * x.sum() for x in X])
    network = LSTMRegressor(units=16, epochs=60, learning_rate=0.01, random_state=0)
    assert network.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.9


# -- padding ---------------------------------------------------------------------------

NETWORKS = {
    "last": {},
    "two layers": {"units": (6, 5)},
    "gru": {"cell": "gru"},
    "both ways": {"bidirectional": True, "units": (6, 5)},
    "both ways, gru, attention": {
        "bidirectional": True,
        "cell": "gru",
        "pooling": "attention",
    },
    "attention": {"pooling": "attention"},
    "average": {"pooling": "average"},
    "max": {"pooling": "max", "hidden_units": (5,)},
    "convolutions": {"conv_filters": (6, 5), "kernel_size": (4, 3)},
    "pools": {
        "conv_filters": (6, 5),
        "pool_size": (2, 3),
        "bidirectional": True,
        "pooling": "average",
    },
    "dropout": {"dropout": 0.3, "recurrent_dropout": 0.3},
    "float64": {"dtype": "float64"},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_changes_no_prediction(name):
    X, y = ragged()
    network = CLASSIFIER(**NETWORKS[name]).fit(X, y)
    assert network.sequence_shape_ == (None, 2)
    expected = network.predict_proba(X)
    assert len(np.unique(expected[:, 0])) > 30
    longer = np.zeros((30, 2))
    forms = {
        "array": network.predict_proba(padded(X)),
        "more padding": network.predict_proba(padded(X, 50)),
        "beside a longer one": network.predict_proba([*X, longer])[:-1],
        "in the other order": network.predict_proba(X[::-1])[::-1],
        "alone": np.concatenate([network.predict_proba([x]) for x in X]),
        "alone, as an array": np.concatenate(
            [network.predict_proba(x[np.newaxis]) for x in X]
        ),
    }
    for form, found in forms.items():
        assert_allclose(found, expected, rtol=0, atol=1e-6, err_msg=form)


# Which between them have all parts of the others.
FIXED = ["last", "both ways, gru, attention", "max", "pools", "dropout", "float64"]
TRAINED = [*FIXED[:-1], "two layers", "convolutions"]


@pytest.mark.parametrize("name", FIXED)
def test_after_sequences_of_one_length_others_are_predicted_as_well(name):
    X, y = ragged()
    network = CLASSIFIER(**NETWORKS[name])
    fixed = np.random.default_rng(0).normal(size=(40, 9, 2))
    network.fit(fixed, y)
    assert network.sequence_shape_ == (9, 2)
    expected = network.predict_proba(fixed)
    both = network.predict_proba([*fixed, *X, np.zeros((30, 2))])
    assert_allclose(both[:40], expected, rtol=0, atol=1e-6)
    alone = np.concatenate([network.predict_proba([x]) for x in X])
    assert_allclose(both[40:80], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", TRAINED)
def test_padding_changes_nothing_in_training(name):
    """As a list, or as an array with more padding than is needed."""
    X, y = ragged()
    network = CLASSIFIER(**{**NETWORKS[name], "dtype": "float64"})
    expected = network.fit(X, y).predict_proba(X)
    history = network.history_["loss"]
    assert_allclose(network.fit(padded(X, 20), y).predict_proba(X), expected, 1e-6)
    assert_allclose(network.history_["loss"], history, rtol=1e-8)


def test_last_state_is_that_of_keras_with_a_mask():
    X, y = ragged()
    network = CLASSIFIER(bidirectional=True).fit(X, y)

    inputs = keras.Input((None, 2))
    masked = layers.Masking(mask_value=-99.0)(inputs)
    lstm = layers.Bidirectional(layers.LSTM(8))
    by_hand = keras.Model(inputs, layers.Dense(1)(lstm(masked)))
    by_hand.set_weights(inner(network).get_weights())

    scaler = StandardScaler().fit(np.concatenate(X))
    scaled = padded([scaler.transform(x) for x in X], value=-99.0)
    logits = np.asarray(by_hand(scaled))[:, 0]
    assert_allclose(network.predict_proba(X)[:, 1], expit(logits), atol=1e-5)


def inner(estimator):
    """The network without scaling and probabilities."""
    return estimator.model_.get_layer("lstm_network")


def test_training_on_padded_sequences_is_that_of_keras_with_a_mask():
    X, y = ragged()
    parameters = {
        "weight_decay": 0.0,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "learning_rate_schedule": None,
        "batch_size": "full",
        "input_scaling": None,
    }
    network = CLASSIFIER(**{**parameters, "epochs": 1, "learning_rate": 1e-30})
    start = inner(network.fit(X, y))
    network = CLASSIFIER(**parameters).fit(X, y)

    inputs = keras.Input((None, 2))
    masked = layers.Masking(mask_value=-99.0)(inputs)
    by_hand = keras.Model(inputs, layers.Dense(1)(layers.LSTM(8)(masked)))
    by_hand.set_weights(start.get_weights())
    by_hand.compile(
        keras.optimizers.SGD(0.1), keras.losses.BinaryCrossentropy(from_logits=True)
    )
    options = {"batch_size": 40, "epochs": 3, "verbose": 0}
    history = by_hand.fit(padded(X, value=-99.0), y[:, np.newaxis], **options).history
    assert_allclose(network.history_["loss"], history["loss"], rtol=1e-5)
    for found, expected in zip(
        inner(network).get_weights(), by_hand.get_weights(), strict=True
    ):
        assert_allclose(found, expected, atol=1e-5)


# -- forms of X ------------------------------------------------------------------------

FORMS = {
    "nested lists": lambda X: X.tolist(),
    "list of arrays": list,
    "list of frames": lambda X: [pd.DataFrame(x, columns=["a", "b"]) for x in X],
    "series of arrays": lambda X: pd.Series(list(X), index=range(len(X), 0, -1)),
    "float32": lambda X: X.astype(np.float32),
    "Fortran order": np.asfortranarray,
    "read-only": lambda X: np.broadcast_to(X, X.shape),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_same_sequences_give_the_same_bits(form):
    X = np.random.default_rng(0).integers(-9, 9, (40, 5, 2)).astype(float)
    y = X.sum(axis=(1, 2)) > 0
    expected = CLASSIFIER().fit(X, y).predict_proba(X)
    network = CLASSIFIER().fit(FORMS[form](X), y)
    assert network.sequence_shape_ == (5, 2)
    assert network.n_features_in_ == 2
    assert_array_equal(network.predict_proba(FORMS[form](X)), expected)
    assert_array_equal(network.predict_proba(X), expected)


def test_columns_of_a_frame_are_steps():
    X, y = ordered(60, n_steps=6)
    frame = pd.DataFrame(X, columns=[f"day {k}" for k in range(6)])
    expected = CLASSIFIER().fit(X[..., np.newaxis], y).predict_proba(X)
    network = CLASSIFIER().fit(frame, y)
    assert network.feature_names_in_.tolist() == frame.columns.tolist()
    assert network.sequence_shape_ == (6, 1)
    assert_array_equal(network.predict_proba(frame), expected)


def test_a_second_fit_begins_anew():
    X, y = ragged()
    table, labels = ordered(60, n_steps=6)
    network = CLASSIFIER().fit(pd.DataFrame(table).add_prefix("day "), labels)
    expected = CLASSIFIER().fit(X, y).predict_proba(X)
    assert_array_equal(network.fit(X, y).predict_proba(X), expected)
    assert network.sequence_shape_ == (None, 2)
    assert not hasattr(network, "feature_names_in_")


def test_weights_of_sequences_are_rows_repeated():
    X, y = ragged()
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    weight[:2] = 1
    twice = [x for x, w in zip(X, weight, strict=True) for _ in range(w)]
    network = CLASSIFIER(dtype="float64", batch_size="full")
    expected = network.fit(twice, np.repeat(y, weight)).predict_proba(X)
    by_weight = network.fit(X, y, sample_weight=weight).predict_proba(X)
    assert_allclose(by_weight, expected, rtol=1e-8)


def test_several_outputs_and_labels():
    X, y = ragged()
    several = np.stack([y, 1 - y, 3.0 * y], axis=1)
    assert REGRESSOR().fit(X, several).predict(X).shape == (40, 3)
    labels = np.stack([y, 1 - y], axis=1)
    assert set(np.unique(CLASSIFIER().fit(X, labels).predict(X))) <= {0, 1}
    names = np.array(["down", "up"])[y]
    network = CLASSIFIER(epochs=30, learning_rate=0.03).fit(X, names)
    assert network.classes_.tolist() == ["down", "up"]
    assert network.score(X, names) > 0.9


# -- validation, early stopping --------------------------------------------------------


def test_validation_sequences_may_be_longer():
    X, y = ragged()
    X_val, y_val = ragged(30, longest=20, seed=1)
    network = CLASSIFIER(dtype="float64", early_stopping=False, weight_decay=0.0)
    fixed = np.random.default_rng(0).normal(size=(40, 9, 2))
    for rows in (X, fixed):
        network.fit(rows, y, X_val=X_val, y_val=y_val)
        loss = -np.log(network.predict_proba(X_val)[np.arange(30), y_val]).mean()
        assert_allclose(network.history_["val_loss"][-1], loss, rtol=1e-9)


def test_early_stopping_begins_with_2000_sequences():
    X, y = ordered(2000, n_steps=3)
    few, many = (CLASSIFIER(epochs=1).fit(X[:n], y[:n]) for n in (1999, 2000))
    assert "val_loss" not in few.history_
    assert "val_loss" in many.history_


# -- traced once -----------------------------------------------------------------------


def test_folds_of_ragged_sequences_trace_one_network(monkeypatch):
    X, y = ragged(80)
    PROGRAMS.clear()
    seen = traces(monkeypatch)
    network = CLASSIFIER(batch_size=16)
    folds = list(KFold(5).split(X))

    def fitted(train, test):
        parts = ([X[i] for i in rows] for rows in (train, test))
        rows, others = parts
        return clone(network).fit(rows, y[train]).score(others, y[test])

    fitted(*folds[0])
    n_first = len(seen)
    assert n_first > 0
    for fold in folds[1:]:
        fitted(*fold)
    fitted(np.arange(50), np.arange(50, 80))
    assert len(seen) == n_first


def test_predictions_of_many_lengths_trace_once(monkeypatch):
    X, y = ragged()
    network = CLASSIFIER().fit(X, y)
    network.predict([np.zeros((3, 2))])
    seen = traces(monkeypatch)
    for n_steps in range(1, 40):
        network.predict([np.zeros((n_steps, 2))])
    assert seen == []


# -- training that goes on -------------------------------------------------------------


def test_warm_start_goes_on_with_longer_sequences():
    X, y = ragged()
    fixed = np.random.default_rng(0).normal(size=(40, 9, 2))
    network = CLASSIFIER(warm_start=True, dtype="float64", weight_decay=0.0)
    network.set_params(learning_rate=1e-30)
    expected = network.fit(fixed, y).predict_proba(fixed)
    for rows in (X, ragged(40, longest=20)[0], fixed[:, :4], fixed):
        network.fit(rows, y)
        assert_allclose(network.predict_proba(fixed), expected, rtol=1e-9)
    network.set_params(learning_rate=0.01).fit(X, y)
    assert not np.allclose(network.predict_proba(fixed), expected, rtol=1e-3)


def test_partial_fit_takes_batches_of_different_length():
    X, y = ragged(100, longest=12)
    order = np.argsort([len(x) for x in X], kind="stable")
    network = CLASSIFIER(learning_rate=0.02)
    for _ in range(20):
        for rows in np.array_split(order, 4):
            part = [X[i] for i in rows]
            part = np.stack([x[:1] for x in part]) if len(part[0]) == 1 else part
            network.partial_fit(part, y[rows], classes=[0, 1])
    assert network.n_epochs_ == 80
    assert network.score(X, y) > 0.8


def test_partial_fit_is_the_same_with_padding():
    X, y = ragged()
    one, other = CLASSIFIER(dtype="float64"), CLASSIFIER(dtype="float64")
    for _ in range(3):
        one.partial_fit(X, y, classes=[0, 1])
        other.partial_fit(padded(X, 20), y, classes=[0, 1])
    assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-8)


# -- copies ----------------------------------------------------------------------------


def test_copies_predict_the_same_bits():
    X, y = ragged()
    fixed = np.random.default_rng(0).normal(size=(40, 9, 2))
    for rows in (X, fixed):
        network = CLASSIFIER().fit(rows, y)
        expected = network.predict_proba(X)
        for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
            assert_array_equal(twin.predict_proba(X), expected)


ELSEWHERE = """
import pickle, sys
from pathlib import Path
folder = Path(sys.argv[1])
network, X, forecaster = pickle.loads((folder / "in.pickle").read_bytes())
answers = network.predict_proba(X), forecaster.predict()
(folder / "out.pickle").write_bytes(pickle.dumps(answers))
"""


def test_another_process_predicts_and_forecasts_the_same_bits(tmp_path):
    X, y = ragged()
    network = CLASSIFIER(pooling="attention").fit(X, y)
    forecaster = LSTMForecaster(6, 2, units=4, n_members=2, epochs=1, random_state=0)
    forecaster.fit(pd.Series(np.sin(np.arange(60)), name="wave"))
    (tmp_path / "in.pickle").write_bytes(pickle.dumps((network, X, forecaster)))
    command = [sys.executable, "-c", ELSEWHERE, tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = pickle.loads((tmp_path / "out.pickle").read_bytes())
    assert_array_equal(found[0], network.predict_proba(X))
    assert_array_equal(found[1], forecaster.predict())


# -- the Keras model -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "name"),
    [("fixed", "last"), ("fixed", "pools")]
    + [("ragged", name) for name in ("last", "both ways", "attention", "pools")],
)
def test_model_predicts_the_same_and_survives_keras(length, name, tmp_path):
    X, y = ragged()
    if length == "fixed":
        X = np.random.default_rng(0).normal(3, 2, size=(40, 9, 2))
    network = CLASSIFIER(**NETWORKS[name], epochs=1).fit(X, y)
    rows = X if length == "fixed" else padded(X)
    expected = network.predict_proba(X)[:, 1:]
    assert_allclose(network.model_(rows), expected, atol=1e-5)
    network.model_.save(tmp_path / "network.keras")
    model = keras.models.load_model(tmp_path / "network.keras")
    assert_allclose(model.predict(rows, verbose=0), expected, atol=1e-5)


def test_model_of_a_regressor_gives_the_units_of_y():
    X, y = ragged()
    network = REGRESSOR().fit(X, 1000.0 + 50 * y)
    found = np.asarray(network.model_(padded(X)))
    assert_allclose(found.ravel(), network.predict(X), rtol=1e-5)


def test_number_of_weights_is_that_of_the_formula(capsys):
    X, y = ragged()
    network = CLASSIFIER(units=(6, 5), epochs=1).fit(X, y)
    expected = 4 * (2 + 6 + 1) * 6 + 4 * (6 + 5 + 1) * 5 + 6
    assert network.n_parameters_ == expected
    network.summary()
    assert "lstm_2" in capsys.readouterr().out


def zero(y_true, y_pred):
    return 0.0 * keras.ops.sum(y_pred, axis=-1)


def test_weight_decay_is_for_kernels_but_not_those_of_the_recurrence():
    X, y = ragged()
    steps = {"loss": zero, "epochs": 30, "batch_size": 4, "conv_filters": 3}  # 300
    after, before = (
        CLASSIFIER(weight_decay=w, **steps).fit(X, y).model_ for w in (2.0, 0.0)
    )
    factors = {}
    for shrunk, fresh in zip(
        after.trainable_variables, before.trainable_variables, strict=True
    ):
        # a cosine from 1 to 0 has the mean 1/2
        factor = np.exp(-2.0 / 2) if fresh.name == "kernel" else 1.0
        factors[fresh.name] = factor
        assert_allclose(shrunk, factor * np.asarray(fresh), rtol=0.02, atol=1e-7)
    assert {"kernel", "recurrent_kernel", "bias", "gamma", "beta"} == factors.keys()


# -- scikit-learn's tools --------------------------------------------------------------


def test_features_are_scaled_in_a_pipeline():
    X, y = ragged(60)
    pipe = make_pipeline(
        PerFeature(StandardScaler()), CLASSIFIER(input_scaling=None, dtype="float64")
    )
    expected = CLASSIFIER(dtype="float64").fit(X, y).predict_proba(X)
    assert_allclose(pipe.fit(X, y).predict_proba(X), expected, rtol=1e-6)
    assert_allclose(pipe.predict_proba(padded(X)), expected, rtol=1e-6)


def test_cross_validation_equals_fits_by_hand():
    X, y = ordered(90, n_steps=6)
    X = np.stack([X, -X], axis=2)
    folds = TimeSeriesSplit(3)
    scores = cross_val_score(CLASSIFIER(), X, y, cv=folds)
    by_hand = [
        CLASSIFIER().fit(X[train], y[train]).score(X[test], y[test])
        for train, test in folds.split(X)
    ]
    assert_array_equal(scores, by_hand)


def test_lists_of_sequences_are_cross_validated():
    X, y = ragged(60)
    scores = cross_val_score(CLASSIFIER(epochs=20, learning_rate=0.03), X, y, cv=3)
    assert scores.mean() > 0.8


def test_two_processes_give_the_bits_of_one():
    X, y = ragged(60)
    alone, spread = (
        cross_val_score(CLASSIFIER(), X, y, cv=2, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    assert_array_equal(alone, spread)


def test_searches_run():
    X, y = ragged(60)
    small = CLASSIFIER(epochs=1)
    grid = GridSearchCV(small, {"cell": ["lstm", "gru"], "units": [8]}, cv=2)
    assert grid.fit(X, y).best_estimator_.predict(X).shape == y.shape
    spaces = {"learning_rate": (1e-3, 1e-1, "log-uniform"), "pooling": ["last", "max"]}
    search = BayesSearchCV(small, spaces, n_iter=3, cv=2, random_state=0)
    assert search.fit(padded(X), y).best_params_.keys() == spaces.keys()


def test_a_forest_and_a_network_are_stacked_on_flat_rows():
    X, y = ordered(200, n_steps=6)
    forest = RandomForestClassifier(20, random_state=0)
    members = [("forest", forest), ("net", CLASSIFIER(epochs=20, learning_rate=0.02))]
    for ensemble in (
        StackingClassifier(members, LogisticRegression(), cv=2),
        BlendingClassifier(members, cv=2, random_state=0),
    ):
        assert ensemble.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("form", [padded, partial(list)], ids=["array", "list"])
def test_fold_ensembles_take_sequences(form):
    X, y = ragged(60)
    ensemble = FoldEnsembleClassifier(CLASSIFIER(), cv=2, random_state=0)
    assert ensemble.fit(form(X), y).predict_proba(form(X)).shape == (60, 2)
