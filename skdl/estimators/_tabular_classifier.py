"""Networks for tables that classify."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skdl.base import NeuralClassifier
from skdl.base._calibration import best_temperature
from skdl.base._members import mean_probabilities
from skdl.estimators._tabular import Tabular, TabularParameters


@dataclass(kw_only=True, eq=False, repr=False)
class TabularClassifier(Tabular, NeuralClassifier, TabularParameters):
    """Small networks for tables, averaged, with defaults that need no tuning.

    Takes a raw data frame: columns of text, categories and booleans, and gaps. Columns
    are scaled and encoded (see `input_scaling`, `categorical_features`), and a few
    small networks are trained side by side, each of which keeps rows of its own to know
    its best epoch. Their probabilities are averaged.

    Parameters
    ----------
    n_members : int, default=4
        How many networks are trained and averaged. Each begins at weights of its own
        and keeps rows of its own for validation, and so they err in different ways. Two
        are quicker and a little worse, eight the other way round.
    hidden_units : tuple of int, int or Pyramid, default=(64, 64)
        Units of each hidden layer of every network; ``()`` makes linear models.
    activation : str, default="mish"
        Activation of the hidden layers, as in `DenseClassifier`.
    dropout : float or tuple of float, default=0.15
        Share of hidden units that are left out at random in every training step; one
        number for all layers or one per layer.
    weight_decay : float, default=1.0
        How much kernels shrink, apart from what the loss does to them: over a whole
        training with the cosine schedule by a factor of ``exp(-weight_decay / 2)``,
        with a constant learning rate by ``exp(-weight_decay)``, however many rows there
        are.
    numeric_embedding : "auto", "periodic" or None, default="auto"
        Whether columns of more than 10 different numbers are given to the networks as
        short vectors too, made of cosines with learned frequencies ("PBLD"). "auto"
        does not: it gains little here.
    frequency_scale : float, default=0.2
        Standard deviation of the initial frequencies, in cycles per unit of the scaled
        column. Larger ones follow finer detail, and overfit sooner.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Which columns hold categories, as in `HistGradientBoostingClassifier`:
        "from_dtype" takes columns of text, booleans and pandas categories; or names,
        numbers or a mask of columns. None takes none, and refuses text.
    max_one_hot : int, default=8
        A column of at most as many categories becomes indicators, one of more becomes
        learned vectors of length 8. Categories that training has not seen, and in the
        second case those of a single row, are all zeros or share a vector.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        As in `DenseClassifier`.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size at the beginning. None is 0.01 for "adam", "adamw" and "nadam", and
        for other optimizers what suits them, as in `DenseClassifier`.
    learning_rate_schedule : dict, str, callable or None, default="auto"
        How the learning rate changes, as in `DenseClassifier`. "auto" is the schedule
        of an optimizer instance that has one, else "cosine", which lowers the rate to
        zero over all `epochs`. None keeps it constant.
    batch_size : int, "full" or "auto", default="auto"
        Rows per step. "auto" takes all rows as one batch up to 64 rows, and else a
        power of two near a sixteenth of the rows, from 32 to 128. In full batches equal
        rows count as one row with the sum of their weights.
    epochs : int, default=48
        Passes over the training rows, at most.
    early_stopping : bool or "auto", default="auto"
        Whether every network keeps the weights of its best epoch on rows that it was
        not trained on, and ends when these improve no more. "auto" does so unless there
        is but one row.
    patience : int, default=12
        Epochs without improvement after which a network's training ends.
    min_delta : float, default=0.0
        What counts as an improvement of `monitor`.
    monitor : str, default="auto"
        What early stopping watches: "val_accuracy", "loss", "val_loss", or "auto",
        which is the validation loss.
    validation_fraction : float or None, default=0.15
        Share of the rows that each network sets apart for validation, stratified where
        classes have enough of them. None
        watches the training loss instead. Not used if `X_val` is passed to `fit`; then
        all networks are judged by these rows, and trained on all others.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        As in `DenseClassifier`; "auto" is the log loss.
    input_scaling : "robust", "standard" or None, default="robust"
        How numbers are scaled, with (weighted) statistics of all rows that `fit` is
        given. "robust": median 0 and interquartile range 1, then drawn in smoothly to
        less than 3, so that outliers do no harm. "standard": mean 0, variance 1. Gaps
        become 0, and an indicator column says where they were; None fills them with the
        median.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        As in `DenseClassifier`. They see means over the networks, and all weights.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of rows, dropout and validation rows. An int
        gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the networks.
    verbose : int, default=0
        1 prints a line for each epoch.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of classes, as in `DenseClassifier`.
    calibrate : bool, default=False
        Whether logits are divided by a temperature, the one that makes log loss
        smallest on the rows that the networks have set apart. Labels do not change by
        it where networks agree.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of columns of `predict_proba`; column numbers for an
        indicator matrix.
    temperature_ : float
        See `calibrate`; 1 without it. Above 1 the networks were too sure.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if X was a data frame with string names.
    encoded_names_ : list of str
        Names of the columns that the networks are given, see `encode`.
    member_histories_ : list of dict
        For each network its history, see `history_`.
    member_best_epochs_ : list of int
        For each network the epoch, counted from 1, that its weights are from.
    history_ : dict of str to list of float
        One value for each epoch, the mean over the networks; one that has stopped
        counts as in the epoch that its weights are from:
        "loss", "val_loss", "val_accuracy", "learning_rate".
    n_epochs_ : int
        Epochs of the network that was trained longest.
    best_epoch_ : int
        Mean of `member_best_epochs_`, rounded.
    loss_ : float
        Mean training loss of the epochs that the weights are from.
    n_parameters_ : int
        Number of trainable weights of all networks.
    model_ : keras.Model
        From what `encode` returns to the mean probabilities, built when asked for.

    See Also
    --------
    DenseClassifier : One plain network, which also takes large sparse X.
    sklearn.ensemble.HistGradientBoostingClassifier : The better choice where
        thresholds on single columns decide.

    References
    ----------
    Holzmüller, D., Grinsztajn, L., & Steinwart, I. (2024). Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data. NeurIPS. Robust scaling with
    smooth clipping, and "PBLD" embeddings.

    Loshchilov, I., & Hutter, F. (2019). Decoupled weight decay regularization. ICLR.

    Lakshminarayanan, B., Pritzel, A., & Blundell, C. (2017). Simple and scalable
    predictive uncertainty estimation using deep ensembles. NIPS.

    Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). On calibration of modern
    neural networks. ICML. The temperature.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdl import TabularClassifier
    >>> X = pd.DataFrame({
    ...     "size": [1.0, 2.0, None, 9.0, 8.0, 7.5] * 20,
    ...     "colour": ["red", "red", "blue", "blue", "red", "blue"] * 20,
    ... })
    >>> y = ["small", "small", "small", "large", "large", "large"] * 20
    >>> clf = TabularClassifier(epochs=20, random_state=0).fit(X, y)
    >>> clf.predict(X[:2]).tolist()
    ['small', 'small']
    >>> clf.encoded_names_
    ['size', 'size_missing', 'colour=red']
    >>> clf.member_predictions(X[:3]).shape
    (4, 3, 2)
    """

    learning_rate_schedule: object = "auto"
    epochs: int = 48
    patience: int = 12
    validation_fraction: float | None = 0.15
    input_scaling: str | None = "robust"
    calibrate: bool = False

    _adam_rate: ClassVar[float] = 0.01
    _embeds_by_default: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **TabularParameters._network_constraints,
        "calibrate": ["boolean"],
    }

    def member_predictions(self, X):
        """Predict probabilities by each network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes)
            Of float64; their mean over the members is what `predict_proba` returns.
        """
        logits = self._logits(X)
        return np.stack([self._targets.probabilities(raw) for raw in logits])

    def _logits(self, X):
        raw = super()._raw(X)
        return raw / self.temperature_

    def _raw(self, X):
        logits = self._logits(X)
        return mean_probabilities(logits, one_hot=self._targets.row_shape == ())

    def _set_fitted_attributes(self, targets):
        super()._set_fitted_attributes(targets)
        self.temperature_ = 1.0

    def _divide(self, *args, **kwargs):
        divided = super()._divide(*args, **kwargs)
        if self.calibrate and not all(held.n_rows for held in self._held(divided)):
            raise ValueError(
                "calibrate=True needs validation rows. Set validation_fraction, use "
                "early_stopping=True, or pass X_val and y_val; partial_fit has none "
                "and needs calibrate=False."
            )
        return divided

    def _held(self, divided):
        """The validation rows of each network."""
        rows, validation, parts, _ = divided
        if parts is not None:
            return [rows.take(own) for _, own in parts]
        return [validation or rows.take([])] * self.n_members

    def _settle(self, divided):
        if not self.calibrate or len(self.classes_) < 2:
            return
        held = self._held(divided)
        logits = [
            self._trained(self._inputs.transform(part.X))[k]
            for k, part in enumerate(held)
        ]
        y = np.concatenate([self._targets.encode(part.y, "float64") for part in held])
        weight = np.concatenate([part.weight for part in held])
        self.temperature_ = best_temperature(np.concatenate(logits), y, weight)

    def _output_layers(self):
        from keras import layers

        cooler = layers.Rescaling(1 / self.temperature_, dtype=self._trained.spec.dtype)
        first = [] if self.temperature_ == 1 else [cooler]
        return [*first, *super()._output_layers()]
