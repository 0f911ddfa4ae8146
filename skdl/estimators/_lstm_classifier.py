"""Recurrent networks that classify sequences."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skdl.base import NeuralClassifier
from skdl.estimators._lstm import SequenceParameters, Sequences


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMClassifier(Sequences, NeuralClassifier, SequenceParameters):
    """A recurrent network that classifies sequences.

    LSTM or GRU layers, if asked for after convolutions over time or an embedding of
    tokens, then a vector for the whole sequence, dense layers, and an output trained
    with the log loss. Two classes have one sigmoid output, more classes a softmax, an
    indicator matrix one sigmoid for each label.

    X may be an array of shape (n_sequences, n_steps, n_features); a table, each column
    of which is a step with one feature; or a list of arrays or frames of shape
    (n_steps, n_features), each with its own number of steps. Shorter sequences are
    padded, which changes no prediction; in an array, padding is steps of NaN at the
    end. Sequences to predict may be longer than those of ``fit``. With `embedding_dim`,
    X holds tokens.

    What it does beyond a plain network, and how to switch that off: features are
    standardised over all steps (``input_scaling=None``), kernels shrink a little
    (``weight_decay=0``), and the learning rate falls to zero
    (``learning_rate_schedule=None``).

    Parameters
    ----------
    units : int or tuple of int, default=64
        Units of each recurrent layer.
    cell : "lstm" or "gru", default="lstm"
        Kind of these layers: long short-term memory, or gated recurrent units, which
        have a quarter fewer weights.
    bidirectional : bool, default=False
        Whether each layer has a second one beside it, of as many units, that reads from
        the end to the beginning.
    conv_filters : int or tuple of int, default=()
        Filters of each convolution over time before the recurrent layers, followed by
        batch normalisation and `activation`; ``()`` for none.
    kernel_size : int or tuple of int, default=5
        Steps that a convolution sees; one number, or one for each.
    pool_size : int or tuple of int, default=1
        Steps of which the maximum is taken after a convolution; one number, or one for
        each. Larger than 1 it shortens what the recurrent layers read.
    pooling : "last", "attention", "average" or "max", default="last"
        How what the last recurrent layer gives at every step becomes one vector: its
        state after the last step (going backward, the first), a mean whose weights are
        learned, the mean, or the maximum. Not used with `return_sequences`.
    conv_skip : bool, default=True
        Whether the mean over time of what the last convolution gives goes past the
        recurrent layers, to the dense layers and the output. Not used with
        `return_sequences`.
    hidden_units : tuple of int, int or Pyramid, default=()
        Units of each dense layer before the output; ``()`` for none.
    activation : str, default="relu"
        Activation of convolutions and dense layers, as in `DenseClassifier`. Recurrent
        layers have those that define them.
    dropout : float, default=0.0
        Share of what the embedding, each recurrent and each dense layer give that is
        left out at random in every training step, the same at all steps of a sequence.
    recurrent_dropout : float, default=0.0
        Share of a recurrent layer's state that is left out on its way to the next step.
        Takes longer: with it, layers are computed step by step.
    weight_decay : float, default=1.0
        How much kernels shrink, apart from what the loss does to them, by the end of a
        training: with the cosine schedule by a factor of ``exp(-weight_decay / 2)``,
        with a constant learning rate by ``exp(-weight_decay)``, however many sequences
        there are; in less than 300 steps by less. Kernels from state to state, vectors
        of tokens, biases and batch normalisation are spared.
    embedding_dim : int or None, default=None
        Length of the vector that is learned for each token. None takes X as numbers;
        otherwise X holds tokens, whole numbers from 1 on, in an array of shape
        (n_sequences, n_steps) or a list, as `TextSequences` gives them. 0 is padding,
        wherever it stands.
    n_tokens : int or None, default=None
        Number of different tokens, 0 included. None takes the largest one of ``fit``
        plus one; larger ones that come later are passed over, with a warning, or
        refused if `return_sequences`.
    return_sequences : bool, default=False
        Whether there is a target for each step: y of shape (n_sequences, n_steps) or
        (n_sequences, n_steps, n_outputs), or a list of arrays of the sequences'
        lengths. Predictions are a list where X is one or is padded, else an array. All
        steps count alike, whatever the length of their sequence.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        As in `DenseClassifier`.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size at the beginning. None is 0.003 for "adam", "adamw" and "nadam", and
        for other optimizers what suits them, as in `DenseClassifier`.
    learning_rate_schedule : dict, str, callable or None, default="auto"
        How the learning rate changes, as in `DenseClassifier`. "auto" is the schedule
        of an optimizer instance that has one, else "cosine", which lowers the rate to
        zero over all `epochs`. None keeps it constant.
    batch_size : int, "full" or "auto", default="auto"
        Sequences per step. "auto" takes all as one batch up to 32, and else a power of
        two near a sixteenth of them, from 16 to 128. In full batches equal sequences
        count as one with the sum of their weights.
    epochs : int, default=100
        Passes over the training sequences, at most.
    early_stopping : bool or "auto", default="auto"
        Whether training ends when `monitor` no longer improves, and returns to the best
        epoch. "auto" does so if `X_val` is passed to `fit`, or from 2,000 sequences on.
    patience : int, default=10
        Epochs without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement of `monitor`.
    monitor : str, default="auto"
        What early stopping watches: "loss", "val_loss", "val_accuracy", or "auto": the
        validation loss where there are validation sequences, else the training loss.
    validation_fraction : float or None, default=0.1
        Share of the sequences set apart for early stopping (stratified, but with
        `return_sequences` at random). None watches the training loss instead. Not used
        if `X_val` is passed to `fit`.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        As in `DenseClassifier`; "auto" is the log loss.
    input_scaling : "standard" or None, default="standard"
        Whether each feature is brought to mean 0 and variance 1 over all steps of the
        training sequences. Tokens are taken as they are.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        As in `DenseClassifier`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of sequences, dropout and validation split. An
        int gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the network. "float64" is for numerical studies; it takes much
        longer.
    verbose : int, default=0
        1 prints a line for each epoch.
    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of each label, as in `DenseClassifier`; with `return_sequences` of the
        steps that have it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of columns of `predict_proba`; column numbers for an
        indicator matrix.
    sequence_shape_ : tuple
        ``(n_steps, n_features)`` of the training sequences, with None for steps that
        differ in number. Not there for tokens.
    n_tokens_ : int
        Number of different tokens, 0 included; only with `embedding_dim`.
    n_features_in_ : int
        Features of a step, 1 for tokens; of a table the number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, if X was a table in a data frame with string names.
    history_ : dict of str to list of float
        One value for each epoch: "loss" (mean over the sequences, or steps), with
        validation sequences "val_loss" and "val_accuracy", and "learning_rate".
    n_epochs_ : int
        Epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are from.
    loss_ : float
        Training loss of that epoch.
    n_parameters_ : int
        Number of trainable weights.
    model_ : keras.Model
        From sequences to probabilities, built when asked for. It knows padding if
        training sequences differed in length, and of tokens always.

    See Also
    --------
    LSTMRegressor : The same for numbers.
    LSTMForecaster : From a series to its future.
    skdl.preprocessing.to_sequences : Windows of a series and what follows them.
    skdl.preprocessing.PerFeature : Any transformer, applied step by step.
    skdl.preprocessing.TextSequences : From texts to tokens.

    References
    ----------
    Hochreiter, S., & Schmidhuber, J. (1997). Long short-term memory. Neural
    Computation, 9(8).

    Cho, K., van Merriënboer, B., Gulcehre, C., et al. (2014). Learning phrase
    representations using RNN encoder-decoder for statistical machine translation.
    EMNLP. Gated recurrent units.

    Karim, F., Majumdar, S., Darabi, H., & Chen, S. (2018). LSTM fully convolutional
    networks for time series classification. IEEE Access, 6. Convolutions beside a
    recurrent layer; here they come before it, and `conv_skip` leads past it.

    Yang, Z., Yang, D., Dyer, C., et al. (2016). Hierarchical attention networks for
    document classification. NAACL. The pooling by attention.

    Gal, Y., & Ghahramani, Z. (2016). A theoretically grounded application of dropout in
    recurrent neural networks. NeurIPS. What is left out is the same at all steps.

    Loshchilov, I., & Hutter, F. (2019). Decoupled weight decay regularization. ICLR.

    Examples
    --------
    Two classes whose sequences rise or fall, with 5 to 19 steps:

    >>> import numpy as np
    >>> from skdl import LSTMClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=200)
    >>> X = [rng.normal(2 * k - 1, 2, size=(rng.integers(5, 20), 1)) for k in y]
    >>> X = [np.cumsum(steps, axis=0) for steps in X]
    >>> clf = LSTMClassifier(units=16, random_state=0).fit(X[:150], y[:150])
    >>> clf.score(X[150:], y[150:]) > 0.8
    True
    >>> clf.sequence_shape_
    (None, 1)

    A label for each step, here whether the sum so far is positive:

    >>> positive = [(x[:, 0] > 0).astype(int) for x in X]
    >>> tagger = LSTMClassifier(units=16, return_sequences=True, random_state=0)
    >>> [len(answer) for answer in tagger.fit(X, positive).predict(X[:3])]
    [8, 12, 8]

    Texts, as tokens:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skdl.preprocessing import TextSequences
    >>> texts = ["good", "not good", "not bad", "bad", "good film", "bad film"] * 10
    >>> praise = [1, 0, 1, 0, 1, 0] * 10
    >>> reader = LSTMClassifier(embedding_dim=8, learning_rate=0.01, random_state=0)
    >>> pipe = make_pipeline(TextSequences(), reader).fit(texts, praise)
    >>> pipe.predict(["not bad", "bad"])
    array([1, 0])
    """

    learning_rate_schedule: object = "auto"

    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **SequenceParameters._sequence_constraints,
    }

    def score(self, X, y, sample_weight=None):
        """The share of right labels: of sequences, or of all steps together.

        Parameters
        ----------
        X : array-like or list of array-likes
            Sequences, as for `fit`.
        y : array-like of shape (n_sequences,), or for each step
            Labels.
        sample_weight : array-like of shape (n_sequences,), default=None
            Weights of sequences.

        Returns
        -------
        float
            Accuracy.
        """
        check_is_fitted(self, "_trained")
        if self._has_steps:
            return self._score_of_steps(accuracy_score, X, y, sample_weight)
        return super().score(X, y, sample_weight)
