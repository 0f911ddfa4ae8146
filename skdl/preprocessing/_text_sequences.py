"""Texts to rows of tokens, as a step of a pipeline."""

import numbers
import re
from collections import Counter
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted

from skdl._validation import Interval, StrOptions
from skdl.preprocessing._texts import check_texts, check_words

PADDING, UNKNOWN = 0, 1
FIRST = 2  # the token of the most frequent word
UNKNOWN_WORD = "[UNK]"
WORDS = r"(?u)\w+(?:['’]\w+)*"


class TextSequences(TransformerMixin, BaseEstimator):
    """Turn texts into rows of integer tokens, padded at the end.

    The step of a pipeline before a network with ``embedding_dim``. A token is the
    number of a word: 0 is padding, 1 a word that is not in the vocabulary, 2 the most
    frequent word, and so on; of equally frequent words the alphabet decides.

    Words are found as by scikit-learn's `CountVectorizer`, with the same parameters;
    but words of one letter count, and ``don't`` is one word.

    Parameters
    ----------
    max_tokens : int, default=None
        Number of different tokens, 0 and 1 included; rarer words are unknown. None
        keeps all.
    max_length : int, default=None
        Tokens of a row. None takes the longest text of ``fit``.
    truncating : {"post", "pre"}, default="post"
        Where longer texts are cut: at their end or at their beginning.
    min_df : int or float, default=1
        Words that occur in fewer texts are unknown; a float is a fraction of the texts.
        With 2, tokens of unknown words are there to be learnt from.
    analyzer : {"word", "char"} or callable, default="word"
        What a token stands for; a function takes a text and returns its words.
    lowercase : bool, default=True
        Whether texts become lower case first.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        How accents are removed first.
    preprocessor : callable, default=None
        Takes the place of `lowercase` and `strip_accents`.
    tokenizer : callable, default=None
        Takes the place of `token_pattern`: from a text to a list of words.
    token_pattern : str, default=r"(?u)\\w+(?:['’]\\w+)*"
        Regular expression of a word.
    stop_words : {"english"} or list of str, default=None
        Words that are left out.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The token of each word, in the order of tokens.
    n_tokens_ : int
        Number of different tokens, 0 and 1 included.
    max_length_ : int
        Tokens of a row.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts without the order.

    Notes
    -----
    Words are counted where they remain after texts are cut. So every token of the
    vocabulary occurs in the rows of ``fit_transform``, and later rows hold no larger
    one.

    Examples
    --------
    >>> from skdl.preprocessing import TextSequences
    >>> texts = ["The cat sat.", "The dog didn't.", "The cat did; the dog sat"]
    >>> tokenizer = TextSequences(max_length=4)
    >>> tokenizer.fit_transform(texts)
    array([[2, 3, 7, 0],
           [2, 6, 5, 0],
           [2, 3, 4, 2]], dtype=int32)
    >>> tokenizer.vocabulary_
    {'the': 2, 'cat': 3, 'did': 4, "didn't": 5, 'dog': 6, 'sat': 7}
    >>> tokenizer.inverse_transform(tokenizer.transform(["The black cat"]))
    array(['the [UNK] cat'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict] = {
        "max_tokens": [
            Interval(numbers.Integral, FIRST + 1, None, closed="left"),
            None,
        ],
        "max_length": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "truncating": [StrOptions({"post", "pre"})],
        "min_df": [
            Interval(numbers.Integral, 1, None, closed="left"),
            Interval(numbers.Real, 0, 1, closed="both"),
        ],
        "analyzer": [StrOptions({"word", "char"}), callable],
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"ascii", "unicode"}), None, callable],
        "preprocessor": [callable, None],
        "tokenizer": [callable, None],
        "token_pattern": [str, None],
        "stop_words": [StrOptions({"english"}), list, None],
    }

    def __init__(
        self,
        *,
        max_tokens=None,
        max_length=None,
        truncating="post",
        min_df=1,
        analyzer="word",
        lowercase=True,
        strip_accents=None,
        preprocessor=None,
        tokenizer=None,
        token_pattern=WORDS,
        stop_words=None,
    ):
        self.max_tokens = max_tokens
        self.max_length = max_length
        self.truncating = truncating
        self.min_df = min_df
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.token_pattern = token_pattern
        self.stop_words = stop_words

    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : array-like of str of shape (n_texts,) or (n_texts, 1)
            Texts; also a series, or a frame of one column.
        y : None
            Ignored.

        Returns
        -------
        self
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is wrong, texts are missing, or no word is left.
        TypeError
            If X is no column of texts.
        """
        self._fit(X)
        return self

    def fit_transform(self, X, y=None):
        """Learn the vocabulary, and turn the same texts into tokens.

        Parameters
        ----------
        X : array-like of str of shape (n_texts,) or (n_texts, 1)
            Texts, see `fit`.
        y : None
            Ignored.

        Returns
        -------
        ndarray of int32 of shape (n_texts, n_steps)
            As of `transform`.
        """
        return self._numbered(self._fit(X))

    def transform(self, X):
        """Turn texts into tokens.

        Parameters
        ----------
        X : array-like of str of shape (n_texts,) or (n_texts, 1)
            Texts, see `fit`.

        Returns
        -------
        ndarray of int32 of shape (n_texts, n_steps)
            Tokens; rows of zeros for texts without words.

        Raises
        ------
        ValueError
            If texts are missing.
        TypeError
            If X is no column of texts.
        """
        check_is_fitted(self)
        return self._numbered(self._words(X, self.max_length_))

    def inverse_transform(self, X):
        """Turn tokens into the words that they stand for.

        Parameters
        ----------
        X : array-like of int of shape (n_texts, n_tokens)
            Rows of tokens, of any length.

        Returns
        -------
        ndarray of str of shape (n_texts,)
            Words with a space between them (none between characters), ``[UNK]`` for
            those not in the vocabulary.

        Raises
        ------
        ValueError
            If X holds something that is no token.
        """
        check_is_fitted(self)
        X = np.asarray(X)
        if X.ndim != 2 or (X.size and X.dtype.kind not in "iuf"):
            raise ValueError(
                f"X has shape {X.shape} and dtype {X.dtype}, but rows of tokens are "
                "expected. Give what transform returns."
            )
        wrong = X[(X < 0) | (self.n_tokens_ <= X) | (np.floor(X) != X)]
        if wrong.size:
            raise ValueError(
                f"X holds {wrong[0]}, but tokens are whole numbers from 0 to "
                f"{self.n_tokens_ - 1}. Give what transform returns."
            )
        words = [None, UNKNOWN_WORD, *map(str, self.vocabulary_)]
        between = "" if self.analyzer == "char" else " "
        texts = np.empty(len(X), dtype=object)
        for i, row in enumerate(X.astype(int).tolist()):
            texts[i] = between.join(words[token] for token in row if token != PADDING)
        return texts

    def get_feature_names_out(self, input_features=None):
        """Get the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        ndarray of str
            ``token0``, ``token1``, ..., one for each place in a row.
        """
        check_is_fitted(self)
        names = [f"token{i}" for i in range(self.max_length_)]
        return np.array(names, dtype=object)

    # ----------------------------------------------------------------------------------

    def _fit(self, X):
        """The words of all texts, cut to the length of a row."""
        self._validate_params()
        texts = self._words(X, self.max_length)
        times = Counter(word for words in texts for word in words)
        n_texts = Counter(word for words in texts for word in set(words))
        least = self.min_df
        if not isinstance(least, numbers.Integral):
            least = least * len(texts)
        ranked = sorted(
            (word for word in times if n_texts[word] >= least),
            key=lambda word: (-times[word], word),
        )
        if not ranked:
            raise ValueError(
                "No word is left for the vocabulary: the texts in X are empty, or "
                "stop_words, token_pattern or min_df leave none. Relax these."
            )
        if self.max_tokens is not None:
            ranked = ranked[: self.max_tokens - FIRST]
        self.vocabulary_ = {word: FIRST + i for i, word in enumerate(ranked)}
        self.n_tokens_ = FIRST + len(ranked)
        self.max_length_ = self.max_length or max(map(len, texts))
        return texts

    def _words(self, X, length):
        """The words of each text, no more than `length`."""
        analyze = self._analyzer()
        kept = slice(None)
        if length is not None:
            kept = slice(-length, None) if self.truncating == "pre" else slice(length)
        return [analyze(text)[kept] for text in check_texts(X)]

    def _analyzer(self):
        """A function from a text to the list of its words."""
        vectorizer = CountVectorizer(
            analyzer=self.analyzer,
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            preprocessor=self.preprocessor,
            tokenizer=self.tokenizer,
            token_pattern=self.token_pattern,
            stop_words=self.stop_words,
        )
        try:
            analyze = vectorizer.build_analyzer()
        except (re.error, TypeError) as error:  # TypeError: None, without a tokenizer
            raise ValueError(
                f"token_pattern={self.token_pattern!r} is no regular expression: "
                f"{error}. Give one that finds words, such as {WORDS!r}."
            ) from None
        for name in ("analyzer", "tokenizer"):
            if callable(getattr(self, name)):
                return lambda text: check_words(analyze(text), name, text)
        return analyze

    def _numbered(self, texts):
        """Words as numbers, padded at the end."""
        number = self.vocabulary_.get
        tokens = np.full((len(texts), self.max_length_), PADDING, np.int32)
        for row, words in zip(tokens, texts, strict=True):
            row[: len(words)] = [number(word, UNKNOWN) for word in words]
        return tokens

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
