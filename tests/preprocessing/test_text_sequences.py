"""Texts become rows of tokens, by a vocabulary that training rows show in full."""

import pickle
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from skdl.preprocessing import TextSequences

TEXTS = [
    "The film is good, a very good film!",
    "Bad. Bad acting, bad music",
    "",
    "I liked the music and the acting",
    "It's not good; it isn't",
]
WORDS = r"(?u)\w+(?:['’]\w+)*"


def many_texts(n=200):
    """Texts of common and rare words."""
    rng = np.random.default_rng(0)
    words = np.array([f"{chr(97 + i % 26)}word{i}" for i in range(80)])
    ranks = rng.zipf(1.5, (n, 25)) % len(words)
    lengths = rng.integers(0, 25, n)
    rows = zip(words[ranks], lengths, strict=True)
    return [" ".join(row[:length]) for row, length in rows]


@pytest.mark.filterwarnings("ignore:Can't test estimator TextSequences which requires")
def test_scikit_learn_checks():
    check_estimator(TextSequences())


# -- tokens ----------------------------------------------------------------------------


def test_tokens_follow_frequency_then_the_alphabet():
    tokens = TextSequences().fit_transform(TEXTS)
    words = [re.findall(r"\w+(?:'\w+)*", text.lower()) for text in TEXTS]
    counts = Counter(word for row in words for word in row)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    assert tokens.dtype == np.int32
    assert tokens.shape == (5, 8)
    for row, expected in zip(tokens, words, strict=True):
        filled = [2 + ranked.index(word) for word in expected]
        assert_array_equal(row, filled + [0] * (8 - len(filled)))


def test_attributes():
    tokenizer = TextSequences().fit(["b a b", "c"])
    assert tokenizer.vocabulary_ == {"b": 2, "a": 3, "c": 4}
    assert list(tokenizer.vocabulary_) == ["b", "a", "c"]
    assert tokenizer.n_tokens_ == 5
    assert tokenizer.max_length_ == 3


def test_same_as_text_vectorization_of_keras():
    from keras.layers import TextVectorization

    words = [f"word{i}" for i in range(20) for _ in range(i + 1)]  # no ties
    np.random.default_rng(0).shuffle(words)
    texts = [" ".join(words[i : i + 9]) for i in range(0, len(words), 9)]
    layer = TextVectorization(max_tokens=15)
    layer.adapt(texts)
    tokenizer = TextSequences(max_tokens=15).fit(texts)
    assert_array_equal(tokenizer.transform(texts), layer(texts).numpy())
    new = ["word1 word19, Word18! other"]  # one of them too rare
    assert_array_equal(tokenizer.transform(new)[:, :4], layer(new).numpy())


@pytest.mark.parametrize(
    "parameters",
    [
        {"token_pattern": r"(?u)\b\w\w+\b"},
        {"lowercase": False, "token_pattern": r"[A-Z]\w+"},
        {"stop_words": "english"},
        {"analyzer": "char"},
        {"tokenizer": str.split, "token_pattern": None},
        {"preprocessor": str.upper},
        {"strip_accents": "unicode"},
    ],
    ids=lambda p: next(iter(p)),
)
def test_words_are_those_of_count_vectorizer(parameters):
    texts = [*TEXTS, "Café olé, the CAFÉ"]
    tokenizer = TextSequences(**parameters)
    tokens = tokenizer.fit_transform(texts)
    pattern = {} if "analyzer" in parameters else {"token_pattern": WORDS}
    counter = CountVectorizer(**{**pattern, **parameters})
    counts = counter.fit_transform(texts).toarray()
    assert set(tokenizer.vocabulary_) == set(counter.vocabulary_)
    for word, token in tokenizer.vocabulary_.items():
        column = counts[:, counter.vocabulary_[word]]
        assert_array_equal((tokens == token).sum(axis=1), column)


def test_analyzer_may_be_a_function():
    tokens = TextSequences(analyzer=str.split).fit_transform(["B, a", "a B,"])
    assert_array_equal(tokens, [[2, 3], [3, 2]])


@pytest.mark.parametrize(
    "form",
    [
        tuple,
        np.array,
        pd.Series,
        lambda t: pd.Series(t, range(9, 4, -1), dtype="string"),
        lambda t: pd.DataFrame({"text": t}),
        lambda t: np.array(t, dtype=object)[:, np.newaxis],
        iter,
    ],
    ids=["tuple", "array", "series", "string series", "frame", "column", "iterator"],
)
def test_forms_of_texts(form):
    expected = TextSequences().fit_transform(TEXTS)
    assert_array_equal(TextSequences().fit_transform(form(TEXTS)), expected)
    assert_array_equal(TextSequences().fit(TEXTS).transform(form(TEXTS)), expected)


# -- length ----------------------------------------------------------------------------


def test_later_texts_are_cut_to_the_longest_of_training():
    tokenizer = TextSequences().fit(["a b c", "a"])
    assert_array_equal(tokenizer.transform(["c b a a", ""]), [[4, 3, 2], [0, 0, 0]])


@pytest.mark.parametrize(
    ("truncating", "row"), [("post", ["a", "b"]), ("pre", ["b", "c"])]
)
def test_truncating(truncating, row):
    tokenizer = TextSequences(max_length=2, truncating=truncating)
    (tokens,) = tokenizer.fit_transform(["a b c"])
    assert [list(tokenizer.vocabulary_)[token - 2] for token in tokens] == row


def test_a_row_may_be_longer_than_any_text():
    assert_array_equal(
        TextSequences(max_length=4).fit_transform(["a a"]), [[2, 2, 0, 0]]
    )


# -- vocabulary ------------------------------------------------------------------------


@pytest.mark.parametrize("truncating", ["post", "pre"])
@pytest.mark.parametrize("min_df", [1, 3, 0.1])
@pytest.mark.parametrize("max_tokens", [None, 3, 30])
@pytest.mark.parametrize("max_length", [None, 1, 7])
def test_every_token_occurs_in_training(max_length, max_tokens, min_df, truncating):
    texts = many_texts()
    tokenizer = TextSequences(
        max_length=max_length,
        max_tokens=max_tokens,
        min_df=min_df,
        truncating=truncating,
    )
    tokens = tokenizer.fit_transform(texts)
    seen = set(tokens.ravel().tolist())
    assert seen - {0, 1} == set(tokenizer.vocabulary_.values())
    assert max(seen) == tokenizer.n_tokens_ - 1
    assert tokenizer.n_tokens_ == len(tokenizer.vocabulary_) + 2
    if max_tokens is not None:
        assert tokenizer.n_tokens_ <= max_tokens
    later = tokenizer.transform(["new", *texts[::-1]])
    assert later.max() < tokenizer.n_tokens_
    assert_array_equal(later[:0:-1], tokens)
    assert_array_equal(np.diff(np.bincount(tokens.ravel())[2:]) <= 0, True)


@pytest.mark.parametrize(("min_df", "kept"), [(1, "abc"), (2, "ab"), (0.7, "a")])
def test_rare_words_are_unknown(min_df, kept):
    texts = ["a b", "a b", "a c c c"]  # c often, but in one text only
    tokenizer = TextSequences(min_df=min_df).fit(texts)
    counter = CountVectorizer(min_df=min_df, token_pattern=r"\w").fit(texts)
    assert set(tokenizer.vocabulary_) == set(counter.vocabulary_)
    assert set(tokenizer.vocabulary_) == set(kept)
    assert_array_equal(tokenizer.transform(["c"])[0, :1] == 1, ["c" not in kept])


def test_order_of_texts_changes_no_token():
    texts = many_texts()
    one, other = TextSequences().fit(texts), TextSequences().fit(texts[::-1])
    assert list(one.vocabulary_.items()) == list(other.vocabulary_.items())


# -- back ------------------------------------------------------------------------------


def test_inverse_transform_gives_the_words():
    tokenizer = TextSequences().fit(TEXTS)
    back = tokenizer.inverse_transform(tokenizer.transform(TEXTS))
    assert back[0] == "the film is good a very good film"
    assert back[2] == ""
    assert_array_equal(tokenizer.transform(back), tokenizer.transform(TEXTS))
    assert tokenizer.inverse_transform([[2, 1]])[0].endswith(" [UNK]")


def test_inverse_transform_of_characters():
    tokenizer = TextSequences(analyzer="char").fit(["an old man"])
    assert tokenizer.inverse_transform(tokenizer.transform(["mold an"]))[0] == "mold an"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1, 99]], "X holds 99, but tokens are whole numbers from 0 to"),
        ([[-1, 2]], "X holds -1, but"),
        ([[0.5]], "X holds 0.5, but"),
        ([1, 2], r"X has shape \(2,\)"),
        ([["a"]], "but rows of tokens are expected"),
    ],
    ids=["too large", "negative", "fraction", "one axis", "text"],
)
def test_inverse_transform_refuses_other_values(X, message):
    with pytest.raises(ValueError, match=message):
        TextSequences().fit(TEXTS).inverse_transform(X)


# -- as a part of others ---------------------------------------------------------------


def one_hot(tokens):
    return np.eye(200)[tokens].sum(axis=1)


def test_a_column_of_a_frame_in_a_search():
    texts = np.array(["good film", "bad film", "very good", "very bad"] * 10)
    frame = pd.DataFrame({"text": texts, "year": np.arange(40)})
    y = np.char.find(texts, "good") >= 0
    columns = make_column_transformer((TextSequences(), "text"))
    pipe = make_pipeline(columns, FunctionTransformer(one_hot), LogisticRegression())
    grid = {"columntransformer__textsequences__max_tokens": [3, None]}
    search = GridSearchCV(pipe, grid, cv=2).fit(frame, y)
    assert search.best_score_ == 1
    names = columns.fit(frame).get_feature_names_out()
    assert list(names) == ["textsequences__token0", "textsequences__token1"]


def test_frames_keep_the_index():
    tokenizer = TextSequences().set_output(transform="pandas")
    frame = tokenizer.fit_transform(pd.Series(["a b", "b"], index=[7, 3]))
    assert list(frame.index) == [7, 3]
    assert list(frame.columns) == ["token0", "token1"]
    assert_array_equal(frame, [[3, 2], [2, 0]])


def test_pickle_and_clone():
    tokenizer = TextSequences(analyzer=str.split, max_tokens=9).fit(TEXTS)
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert_array_equal(copy.transform(TEXTS), tokenizer.transform(TEXTS))
    assert clone(tokenizer).get_params() == tokenizer.get_params()
    assert not hasattr(clone(tokenizer), "vocabulary_")


def test_tags_say_that_texts_are_taken():
    tags = get_tags(TextSequences()).input_tags
    assert tags.string
    assert tags.one_d_array
    assert not tags.two_d_array


# -- what is refused -------------------------------------------------------------------

FEW = ["a b", "c"]
WRONG = {
    "single text": ("a b", ValueError, "X='a b' is a single text, but several.*"),
    "gap": (["a", None], ValueError, r"X\[1\] is None, but a text is expected. Fill"),
    "NaN": (pd.Series(["a", np.nan]), ValueError, r"X\[1\] is nan, but a text"),
    "gap of pandas": (
        pd.Series(["a", None], dtype="string"),
        ValueError,
        r"X\[1\] is <NA>, but a text",
    ),
    "bytes": (["a", b"b"], TypeError, r"X\[1\] is b'b' of type bytes.*Decode it"),
    "number": (["a", "b", 3], TypeError, r"X\[2\] is 3 of type int, but a text.*str"),
    "lists of words": ([["a", "b"]], TypeError, r"X\[0\] is \['a', 'b'\] of type list"),
    "nothing": ([], ValueError, "X has no texts. Give a list"),
    "an object": (3, TypeError, "X is 3, but texts are expected. Give a list"),
    "a dictionary": ({"a": "b"}, TypeError, "X is {'a': 'b'}, but texts are expected"),
    "two columns": (
        pd.DataFrame({"a": FEW, "b": FEW}),
        ValueError,
        r"X has shape \(2, 2\), but one column.*ColumnTransformer",
    ),
}


@pytest.mark.parametrize(("X", "error", "message"), WRONG.values(), ids=list(WRONG))
def test_other_objects_are_refused_in_a_sentence(X, error, message):
    with pytest.raises(error, match=message):
        TextSequences().fit(X)
    with pytest.raises(error, match=message):
        TextSequences().fit(FEW).transform(X)


@pytest.mark.parametrize(
    ("texts", "parameters"),
    [(["", " . "], {}), (FEW, {"min_df": 2}), (["the"], {"stop_words": "english"})],
    ids=["empty texts", "min_df", "stop_words"],
)
def test_a_vocabulary_needs_a_word(texts, parameters):
    with pytest.raises(ValueError, match="No word is left for the vocabulary"):
        TextSequences(**parameters).fit(texts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 2),
        ("max_length", 0),
        ("truncating", "end"),
        ("min_df", 1.5),
        ("analyzer", "char_wb"),
        ("stop_words", "german"),
    ],
)
def test_parameters_are_checked(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of TextSequences"):
        TextSequences(**{name: value}).fit(FEW)


@pytest.mark.parametrize("pattern", ["(", None])
def test_token_pattern_must_be_a_regular_expression(pattern):
    with pytest.raises(ValueError, match=r"^token_pattern=.* is no regular expression"):
        TextSequences(token_pattern=pattern).fit(FEW)


@pytest.mark.parametrize("name", ["analyzer", "tokenizer"])
@pytest.mark.parametrize(
    "function", [str.lower, len, lambda text: None, lambda text: [1]], ids=list("slno")
)
def test_functions_must_return_words(name, function):
    parameters = {"token_pattern": None, name: function}
    with pytest.raises(ValueError, match=f"^{name} returned .* for the text 'a b', "):
        TextSequences(**parameters).fit(FEW)
