"""Tokens: embedded, padded, counted; texts in a pipeline."""

from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skdl import LSTMClassifier, LSTMRegressor
from skdl.preprocessing import TextSequences
from tests.estimators.sequences import padded, traces

COMMON = {"units": 8, "embedding_dim": 4, "epochs": 3, "random_state": 0}
READER = partial(LSTMClassifier, **COMMON)


def sentences(n_sequences=60, *, n_tokens=10, longest=9, seed=0):
    """Tokens from 1 on; the class is whether 2 is among them."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n_sequences)
    lengths[0] = longest
    X = [rng.integers(1, n_tokens, n) for n in lengths]
    X[0][0] = n_tokens - 1
    y = np.array([int(2 in x) for x in X])
    y[:2] = 0, 1
    return X, y


X, Y = sentences()
NETWORKS = {
    "last": {},
    "both ways": {"bidirectional": True, "units": (6, 5)},
    "gru, attention": {"cell": "gru", "pooling": "attention"},
    "average": {"pooling": "average"},
    "max": {"pooling": "max"},
    "convolutions": {"conv_filters": (6, 5), "pool_size": 2},
    "dropout": {"dropout": 0.2},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_zeros_change_no_prediction(name):
    reader = READER(**NETWORKS[name]).fit(X, Y)
    expected = reader.predict_proba(X)
    assert len(np.unique(expected[:, 0])) > 30
    right = padded(X, 30, value=0).astype(int)
    left = np.array(
        [np.roll(row, 30 - len(x)) for row, x in zip(right, X, strict=True)]
    )
    gaps = np.zeros((60, 60), int)
    gaps[:, ::2] = right
    forms = {
        "array": right,
        "on the left": left,
        "between": gaps,
        "floats": right.astype(float),
        "int8": right.astype(np.int8),
        "frame": pd.DataFrame(right),
        "lists": [x.tolist() for x in X],
        "NaN at the end": padded(X, 30),
    }
    for form, rows in forms.items():
        found = reader.predict_proba(rows)
        assert_allclose(found, expected, rtol=0, atol=1e-6, err_msg=form)
    alone = np.concatenate([reader.predict_proba([x]) for x in X[:20]])
    assert_allclose(alone, expected[:20], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_zeros_change_nothing_in_training(name):
    reader = READER(**{**NETWORKS[name], "dtype": "float64"})
    expected = reader.fit(X, Y).predict_proba(X)
    left = np.stack([np.r_[np.zeros(20 - len(x), int), x] for x in X])
    assert_allclose(reader.fit(left, Y).predict_proba(X), expected, rtol=1e-6)


def test_words_are_learned():
    rows, y = sentences(400)
    reader = READER(units=16, embedding_dim=8, epochs=30, learning_rate=0.01)
    assert reader.fit(rows[:300], y[:300]).score(rows[300:], y[300:]) > 0.9
    counts = np.array([float((x == 2).sum()) for x in rows])
    counter = LSTMRegressor(
        **{**COMMON, "units": 16, "epochs": 60, "learning_rate": 0.01}
    )
    assert counter.fit(rows[:300], counts[:300]).score(rows[300:], counts[300:]) > 0.8


def test_number_of_tokens_is_what_is_seen_or_said():
    seen, said = READER().fit(X, Y), READER(n_tokens=50).fit(X, Y)
    assert (seen.n_tokens_, said.n_tokens_) == (10, 50)
    for reader in (seen, said):
        embedding = reader.model_.get_layer("lstm_network").get_layer("embedding")
        assert embedding.get_weights()[0].shape == (reader.n_tokens_, 4)
    assert said.predict([[49, 3]]).shape == (1,)
    assert seen.n_features_in_ == 1


def test_tokens_that_training_did_not_have_are_passed_over():
    reader = READER().fit(X, Y)
    message = r"X holds the token 10, .* 0 to 9\. Such tokens, 2 in all, .*=13"
    with pytest.warns(UserWarning, match=message):
        found = reader.predict_proba([[10, 3, 4], [3, 12]])
    assert_array_equal(found, reader.predict_proba([[3, 4], [3]]))
    with pytest.warns(UserWarning, match="X_val holds the token 10"):
        reader.fit(X, Y, X_val=[[10, 3]], y_val=[Y[0]])


def test_tokens_that_were_ruled_out_are_refused():
    reader = READER(n_tokens=12).fit(X, Y)
    expected = reader.predict_proba(X)
    with pytest.raises(
        ValueError, match=r"token 12, but in training there were 0 to 11\. Set n_tokens"
    ):
        reader.predict([[3, 12]])
    with pytest.raises(ValueError, match="X_val holds the token 12"):
        reader.fit(X, Y, X_val=[[12]], y_val=[1])
    with pytest.raises(ValueError, match="the token 9, but n_tokens=5 means 0 to 4"):
        READER(n_tokens=5).fit(X, Y)
    with pytest.raises(ValueError, match="the token 20000000, but tokens from 0 to 9"):
        READER().fit(X, Y).predict([[3, 2 * 10**7]])
    assert_array_equal(reader.predict_proba(X), expected)


@pytest.mark.parametrize("bad", [-1, 0.5, np.inf, np.nan])
def test_what_is_no_token_is_refused(bad):
    reader = READER().fit(X, Y)
    with pytest.raises(ValueError, match=r"no token\. Give whole|X\[0\] is (inf|NaN)"):
        reader.predict([[1, bad, 2]])


def test_numbers_of_several_features_are_no_tokens():
    with pytest.raises(ValueError, match="2 features per step, but embedding_dim"):
        READER().fit(np.zeros((60, 5, 2)), Y)


def test_targets_of_steps_need_padding_at_the_end():
    y = [(x == 2).astype(int) for x in X]
    tagger = READER(return_sequences=True, epochs=40, learning_rate=0.02).fit(X, y)
    assert [len(part) for part in tagger.predict(X)] == [len(x) for x in X]
    assert tagger.score(X, y) > 0.95
    rows, targets = padded(X, value=0).astype(int), padded(y, value=-1).astype(int)
    assert tagger.score(rows, targets) == tagger.score(X, y)
    with pytest.raises(ValueError, match="0, which is padding, before the last token"):
        tagger.predict([[0, 1, 2]])


def test_lengths_trace_nothing_anew(monkeypatch):
    reader = READER(batch_size=16).fit(X, Y)
    reader.predict(X[:1])
    seen = traces(monkeypatch)
    for n in (1, 5, 40):
        reader.predict(np.ones((3, n), int))
    others = [x[:4] for x in X]
    READER(batch_size=16, n_tokens=10).fit(others, Y).predict(others)
    assert seen == []


def test_model_predicts_the_same_and_survives_keras(tmp_path):
    reader = READER(bidirectional=True, dropout=0.1).fit(X, Y)
    rows = padded(X, value=0).astype("int32")
    expected = reader.predict_proba(X)[:, 1:]
    reader.model_.save(tmp_path / "network.keras")
    assert_allclose(reader.model_(rows), expected, atol=1e-5)
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert_allclose(loaded.predict(rows, verbose=0), expected, atol=1e-5)


def test_training_goes_on_with_longer_sequences():
    reader = READER(n_tokens=10, warm_start=True).fit(X, Y)
    reader.fit([np.tile(x, 3) for x in X], Y).partial_fit(X[:9], Y[:9])
    assert reader.n_epochs_ == 4
    with pytest.raises(ValueError, match="embedding_dim was 4 and is 8"):
        reader.set_params(embedding_dim=8).fit(X, Y)


def test_a_second_fit_begins_anew():
    reader = READER().fit(X, Y)
    numbers = padded(X, value=0)
    reader.set_params(embedding_dim=None).fit(numbers, Y)
    assert reader.sequence_shape_ == (9, 1)
    assert not hasattr(reader, "n_tokens_")
    reader.set_params(embedding_dim=4).fit(X, Y)
    assert not hasattr(reader, "sequence_shape_")
    expected = READER().fit(X, Y).predict_proba(X)
    assert_array_equal(reader.predict_proba(X), expected)


# -- texts -----------------------------------------------------------------------------

GOOD = ["good", "great", "lovely", "fine"]
BAD = ["bad", "poor", "awful", "weak"]


def reviews(n_texts=120, seed=0):
    """Short texts with one word of praise or blame, maybe after a "not"."""
    rng = np.random.default_rng(seed)
    texts, y = [], rng.integers(0, 2, n_texts)
    for label in y:
        negated = rng.random() < 0.5
        word = rng.choice([BAD, GOOD][label ^ negated])
        rest = ["the", "film", "and", "its", "end", "was"][: rng.integers(2, 7)]
        texts.append(" ".join([*rest, *(["not"] if negated else []), word]))
    return np.array(texts, dtype=object), y


def test_texts_are_classified_in_a_pipeline():
    texts, y = reviews(300)
    pipe = make_pipeline(
        TextSequences(),
        READER(units=16, embedding_dim=8, epochs=30, learning_rate=0.02),
    )
    assert cross_val_score(pipe, texts, y, cv=3).min() > 0.9


def test_words_that_were_not_seen_are_predicted_with():
    texts, y = reviews()
    pipe = make_pipeline(TextSequences(min_df=2), READER(n_tokens=50)).fit(texts, y)
    assert pipe.predict(["a splendid surprise", ""]).shape == (2,)


def test_texts_are_searched():
    texts, y = reviews()
    pipe = make_pipeline(TextSequences(), READER(epochs=1))
    grid = [
        {"textsequences__max_length": [4, 8]},
        {"lstmclassifier__embedding_dim": [3]},
    ]
    search = GridSearchCV(pipe, grid, cv=2).fit(texts, y)
    assert search.best_estimator_.predict(texts).shape == y.shape
