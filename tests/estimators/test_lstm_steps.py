"""Targets of every step: labels, several of them, numbers, weights, validation."""

from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.class_weight import compute_class_weight

from skdl import LSTMClassifier, LSTMRegressor
from tests.estimators.sequences import padded, ragged

COMMON = {"units": 8, "epochs": 3, "random_state": 0, "return_sequences": True}
TAGGER = partial(LSTMClassifier, **COMMON)
FOLLOWER = partial(LSTMRegressor, **COMMON)

X, _ = ragged()
LENGTHS = np.array([len(x) for x in X])
FIXED = np.random.default_rng(0).normal(size=(40, 6, 2))
SUMS = [np.cumsum(x[:, 0]) for x in X]


def binary(sequences):
    return [(np.cumsum(x[:, 0]) > 0).astype(int) for x in sequences]


def three(sequences):
    return [np.digitize(np.cumsum(x[:, 0]), [-0.5, 0.5]) for x in sequences]


def labels(sequences):
    return [(np.cumsum(x, axis=0) > 0).astype(int) for x in sequences]


def joined(parts):
    return np.concatenate([np.asarray(part) for part in parts])


# -- classes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "columns"), [(binary, 2), (three, 3)], ids=["two", "three"]
)
def test_classes_of_steps_are_learned(kind, columns):
    y = kind(X)
    tagger = TAGGER(units=24, epochs=80, learning_rate=0.02).fit(X, y)
    proba, predicted = tagger.predict_proba(X), tagger.predict(X)
    logits = tagger.decision_function(X)
    assert [p.shape for p in proba] == [(n, columns) for n in LENGTHS]
    assert [p.shape for p in predicted] == [(n,) for n in LENGTHS]
    if columns == 2:
        assert_allclose(joined(proba)[:, 1], expit(joined(logits)), rtol=1e-12)
    else:
        assert_allclose(joined(proba), softmax(joined(logits), axis=1), rtol=1e-12)
    assert_array_equal(joined(predicted), joined(proba).argmax(axis=1))
    assert tagger.classes_.tolist() == list(range(columns))
    accuracy = accuracy_score(joined(y), joined(predicted))
    assert tagger.score(X, y) == accuracy > 0.9


def test_without_padding_answers_are_arrays():
    y = np.array(three(FIXED))
    tagger = TAGGER().fit(FIXED, y)
    assert tagger.predict(FIXED).shape == (40, 6)
    assert tagger.predict_proba(FIXED).shape == (40, 6, 3)
    assert tagger.decision_function(FIXED[:2]).shape == (2, 6, 3)
    assert tagger.score(FIXED, y) == (tagger.predict(FIXED) == y).mean()
    assert isinstance(tagger.predict([FIXED[0], FIXED[0, :2]]), list)


def test_several_labels_of_a_step():
    y = labels(X)
    tagger = TAGGER(units=24, epochs=80, learning_rate=0.02).fit(X, y)
    proba, predicted = tagger.predict_proba(X), tagger.predict(X)
    assert (
        [p.shape for p in proba]
        == [p.shape for p in predicted]
        == [(n, 2) for n in LENGTHS]
    )
    assert_array_equal(joined(predicted), joined(proba) > 0.5)
    assert (joined(predicted) == joined(y)).mean() > 0.9
    assert tagger.score(X, y) == accuracy_score(joined(y), joined(predicted))


def test_labels_may_be_text():
    names = np.array(["low", "middle", "high"])
    tagger = TAGGER().fit(X, [names[part] for part in three(X)])
    assert tagger.classes_.tolist() == ["high", "low", "middle"]
    assert set(joined(tagger.predict(X))) <= set(names)


# -- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize("n_outputs", [None, 1, 2])
def test_numbers_of_steps_are_learned_in_their_units(n_outputs):
    y = [1000 + 50 * s for s in SUMS]
    if n_outputs:
        y = [np.stack([s, -s][:n_outputs], axis=1) for s in y]
    follower = FOLLOWER(units=24, epochs=80, learning_rate=0.02).fit(X, y)
    predicted = follower.predict(X)
    assert [p.shape for p in predicted] == [np.shape(part) for part in y]
    score = r2_score(joined(y), joined(predicted))
    assert_allclose(follower.score(X, y), score)
    assert score > 0.8
    weight = np.linspace(0.5, 2.0, len(X))
    weighed = r2_score(
        joined(y), joined(predicted), sample_weight=np.repeat(weight, LENGTHS)
    )
    assert_allclose(follower.score(X, y, sample_weight=weight), weighed)


def test_arrays_with_padding_are_the_same_as_lists():
    expected = FOLLOWER(dtype="float64").fit(X, SUMS)
    wild = padded(SUMS, 12, value=1e6)  # beyond the ends nothing counts
    follower = FOLLOWER(dtype="float64").fit(padded(X, 12), wild)
    assert_allclose(follower.history_["loss"], expected.history_["loss"], rtol=1e-10)
    for one, other in zip(follower.predict(X), expected.predict(X), strict=True):
        assert_allclose(one, other, rtol=1e-8)


# -- padding ---------------------------------------------------------------------------

NETWORKS = {
    "plain": {},
    "both ways": {"bidirectional": True, "units": (6, 5), "hidden_units": 4},
    "convolutions": {"conv_filters": 5, "cell": "gru"},
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("ragged_fit", [True, False], ids=["ragged", "fixed"])
def test_padding_changes_no_step(name, ragged_fit):
    rows = X if ragged_fit else FIXED
    tagger = TAGGER(**NETWORKS[name]).fit(rows, three(rows))
    together = tagger.predict_proba([*X, np.zeros((30, 2))])
    as_array = tagger.predict_proba(padded(X, 20))
    for x, one, other in zip(X, together, as_array, strict=False):
        alone = tagger.predict_proba([x])[0]
        assert alone.shape == one.shape == other.shape == (len(x), 3)
        assert_allclose(one, alone, atol=1e-6)
        assert_allclose(other, alone, atol=1e-6)


def test_forward_network_knows_nothing_of_the_future():
    tagger = TAGGER().fit(X, three(X))
    whole = tagger.predict_proba(FIXED)
    assert_allclose(tagger.predict_proba(FIXED[:, :3]), whole[:, :3], atol=1e-6)


# -- what is minimised -----------------------------------------------------------------

ONE_BATCH = {"batch_size": "full", "dtype": "float64", "weight_decay": 0.0}


def losses_of(y, proba, factors, loss):
    """The loss of each sequence: the mean over its steps, by the factors."""
    return np.array(
        [
            loss(part, answers, sample_weight=f)
            for part, answers, f in zip(y, proba, factors, strict=True)
        ]
    )


@pytest.mark.parametrize("class_weight", [None, {0: 3.0, 2: 0.5}, "balanced"])
@pytest.mark.parametrize("weighted", [False, True])
def test_loss_of_a_classifier_is_the_weighted_mean_over_all_steps(
    class_weight, weighted
):
    y = three(X)
    weight = np.linspace(0.5, 2.0, 40) if weighted else np.ones(40)
    of_steps, every = np.repeat(weight, LENGTHS), joined(y)
    factors = np.ones(3)
    if class_weight == "balanced":
        factors = compute_class_weight(
            "balanced", classes=np.arange(3), y=every, sample_weight=of_steps
        )
    elif class_weight:
        factors = np.array([3.0, 1.0, 0.5])
    tagger = TAGGER(**ONE_BATCH, class_weight=class_weight, warm_start=True, epochs=1)
    tagger.fit(X, y, sample_weight=weight)
    before = joined(tagger.predict_proba(X))
    tagger.fit(X, y, sample_weight=weight)
    expected = log_loss(every, before, sample_weight=of_steps * factors[every])
    assert_allclose(tagger.history_["loss"], [expected], rtol=1e-9)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_loss_of_a_regressor_is_the_mean_over_all_steps(n_outputs):
    y = [np.stack([s, 3 * s + 1][:n_outputs], axis=1) for s in SUMS]
    follower = FOLLOWER(**ONE_BATCH, warm_start=True, epochs=1, target_scaling=False)
    before = joined(follower.fit(X, y).predict(X))
    follower.fit(X, y)
    expected = mean_squared_error(joined(y), before)
    assert_allclose(follower.history_["loss"], [expected], rtol=1e-9)


def test_targets_are_standardised_over_all_steps():
    scaled = [(s - joined(SUMS).mean()) / joined(SUMS).std() for s in SUMS]
    inside = FOLLOWER(dtype="float64").fit(X, SUMS)
    before = FOLLOWER(dtype="float64", target_scaling=False).fit(X, scaled)
    assert_allclose(inside.history_["loss"], before.history_["loss"], rtol=1e-9)


def test_equal_steps_of_equal_weight_whatever_the_length():
    """A sequence of weight one counts for as much as it has steps."""
    y = three(X)
    twice = [*X, *X[:10]], [*y, *y[:10]]
    weight = np.where(np.arange(40) < 10, 2, 1)
    tagger = TAGGER(**ONE_BATCH)
    expected = tagger.fit(*twice).predict_proba(X)
    found = tagger.fit(X, y, sample_weight=weight).predict_proba(X)
    assert_allclose(joined(found), joined(expected), rtol=1e-8)


# -- validation, going on, scikit-learn's tools ----------------------------------------


def test_validation_loss_and_accuracy_are_those_of_all_steps():
    X_val, _ = ragged(30, longest=15, seed=1)
    y_val = three(X_val)
    tagger = TAGGER(dtype="float64", epochs=100, patience=2, learning_rate=0.02)
    tagger.fit(X, three(X), X_val=X_val, y_val=y_val)
    assert tagger.n_epochs_ == tagger.best_epoch_ + 2 < 100
    best = tagger.best_epoch_ - 1
    loss = log_loss(joined(y_val), joined(tagger.predict_proba(X_val)))
    assert_allclose(tagger.history_["val_loss"][best], loss, rtol=1e-9)
    score = tagger.score(X_val, y_val)
    assert_allclose(tagger.history_["val_accuracy"][best], score, rtol=1e-9)


def test_sequences_are_set_apart_to_stop_early():
    tagger = TAGGER(early_stopping=True, validation_fraction=0.25).fit(X, three(X))
    assert len(tagger.history_["val_loss"]) == tagger.n_epochs_


def test_training_goes_on():
    y = three(X)
    tagger = TAGGER(learning_rate=0.02)
    for _ in range(40):
        tagger.partial_fit(X[:20], y[:20], classes=[0, 1, 2])
        tagger.partial_fit(FIXED, three(FIXED))
    assert tagger.n_epochs_ == 80
    assert tagger.score(X, y) > 0.8


def test_arrays_with_padding_are_cross_validated():
    """Though some folds lack the longest sequence."""
    rows, y = padded(X), padded(three(X), value=-1).astype(int)
    scores = cross_val_score(TAGGER(), rows, y, cv=3)
    as_lists = cross_val_score(TAGGER(), X, three(X), cv=3)
    assert_allclose(scores, as_lists)


def test_cross_validation_and_searches_run():
    y = np.array(three(FIXED))
    assert cross_val_score(TAGGER(), FIXED, y, cv=3).shape == (3,)
    grid = GridSearchCV(FOLLOWER(), {"bidirectional": [False, True]}, cv=2)
    assert grid.fit(FIXED, y.astype(float)).predict(FIXED).shape == (40, 6)


def test_lists_are_cross_validated():
    y = three(X)
    assert cross_val_score(TAGGER(), X, y, cv=3).shape == (3,)


@pytest.mark.parametrize("make", [TAGGER, FOLLOWER], ids=["classifier", "regressor"])
def test_model_predicts_the_same_and_survives_keras(make, tmp_path):
    for rows in (FIXED, X):
        y = binary(rows) if make is TAGGER else [3 * x[:, 0] + 7 for x in rows]
        estimator = make().fit(rows, y)
        array = padded(rows)
        expected = joined(estimator.predict(rows))
        if make is TAGGER:
            expected = joined(estimator.predict_proba(rows))[:, 1]
        estimator.model_.save(tmp_path / "network.keras")
        model = keras.models.load_model(tmp_path / "network.keras")
        answers = estimator.model_(array), model.predict(array, verbose=0)
        for found in answers:
            found = np.asarray(found)[..., 0][~np.isnan(array[..., 0])]
            assert_allclose(found, expected, atol=1e-5)


def test_copies_keep_the_form():
    tagger = TAGGER(epochs=1).fit(X, three(X))
    assert clone(tagger).return_sequences
    tagger.set_params(return_sequences=False)  # the next fit will have one target each
    assert len(tagger.predict(X)[0]) == LENGTHS[0]
    assert tagger.fit(X, LENGTHS > 4).predict(X).shape == (40,)


# -- wrong targets ---------------------------------------------------------------------

WRONG = {
    "fewer steps": (
        [part[:-1] if len(part) > 1 else part for part in three(X)],
        r"y\[0\] has 8 targets, but X\[0\] has 9 steps.*one target for each step",
    ),
    "one for each sequence": (
        np.arange(40) % 2,
        r"y\[0\] has one target, but X\[0\] has 9 steps",
    ),
    "fewer sequences": (three(X)[:-1], "X has 40 sequences, but y has 39"),
    "NaN": ([part.astype(float) * np.nan for part in three(X)], "y.*NaN"),
    "numbers": (SUMS, "continuous"),
}


@pytest.mark.parametrize("name", WRONG)
def test_other_targets_are_refused(name):
    y, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        TAGGER().fit(X, y)


def test_validation_targets_are_named():
    with pytest.raises(ValueError, match=r"y_val\[0\] has one .* X_val\[0\] has 9"):
        TAGGER().fit(X, three(X), X_val=X, y_val=np.zeros(40, int))
    unseen = [part + 3 for part in three(X)]
    with pytest.raises(ValueError, match=r"y_val holds the label [345]"):
        TAGGER().fit(X, three(X), X_val=X, y_val=unseen)
