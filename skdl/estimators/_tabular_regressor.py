"""Networks for tables that predict numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skdl.base import NeuralRegressor
from skdl.estimators._tabular import Tabular, TabularParameters


@dataclass(kw_only=True, eq=False, repr=False)
class TabularRegressor(Tabular, NeuralRegressor, TabularParameters):
    """Small networks for tables, averaged, with defaults that need no tuning.

    Takes a raw data frame: columns of text, categories and booleans, and gaps. Columns
    are scaled and encoded (see `input_scaling`, `categorical_features`), and a few
    small networks are trained side by side, each of which keeps rows of its own to know
    its best epoch. Their predictions are averaged.

    Parameters
    ----------
    n_members : int, default=4
        How many networks are trained and averaged. Each begins at weights of its own
        and keeps rows of its own for validation, and so they err in different ways. Two
        are quicker and a little worse, eight the other way round.
    hidden_units : tuple of int, int or Pyramid, default=(64, 64)
        Units of each hidden layer of every network; ``()`` makes linear models.
    activation : str, default="mish"
        Activation of the hidden layers, as in `DenseRegressor`.
    dropout : float or tuple of float, default=0.1
        Share of hidden units that are left out at random in every training step; one
        number for all layers or one per layer.
    weight_decay : float, default=2.0
        How much kernels shrink, apart from what the loss does to them: over a whole
        training with the cosine schedule by a factor of ``exp(-weight_decay / 2)``,
        with a constant learning rate by ``exp(-weight_decay)``, however many rows there
        are.
    numeric_embedding : "auto", "periodic" or None, default="auto"
        Whether columns of more than 10 different numbers are given to the networks as
        short vectors too, made of cosines with learned frequencies ("PBLD"). "auto"
        does so up to 100 columns, beyond which it takes long.
    frequency_scale : float, default=0.2
        Standard deviation of the initial frequencies, in cycles per unit of the scaled
        column. Larger ones follow finer detail, and overfit sooner.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Which columns hold categories, as in `HistGradientBoostingRegressor`:
        "from_dtype" takes columns of text, booleans and pandas categories; or names,
        numbers or a mask of columns. None takes none, and refuses text.
    max_one_hot : int, default=8
        A column of at most as many categories becomes indicators, one of more becomes
        learned vectors of length 8. Categories that training has not seen, and in the
        second case those of a single row, are all zeros or share a vector.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        As in `DenseRegressor`.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop".
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size at the beginning. None is 0.006 for "adam", "adamw" and "nadam", and
        for other optimizers what suits them, as in `DenseRegressor`.
    learning_rate_schedule : dict, str, callable or None, default="auto"
        How the learning rate changes, as in `DenseRegressor`. "auto" is the schedule of
        an optimizer instance that has one, else "cosine", which lowers the rate to zero
        over all `epochs`. None keeps it constant.
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
        What early stopping watches: "loss", "val_loss", or "auto", which is
        the validation loss.
    validation_fraction : float or None, default=0.15
        Share of the rows that each network sets apart for validation. None
        watches the training loss instead. Not used if `X_val` is passed to `fit`; then
        all networks are judged by these rows, and trained on all others.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        As in `DenseRegressor`; "auto" is the squared error.
    input_scaling : "robust", "standard" or None, default="robust"
        How numbers are scaled, with (weighted) statistics of all rows that `fit` is
        given. "robust": median 0 and interquartile range 1, then drawn in smoothly to
        less than 3, so that outliers do no harm. "standard": mean 0, variance 1. Gaps
        become 0, and an indicator column says where they were; None fills them with the
        median.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        As in `DenseRegressor`. They see means over the networks, and all weights.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of rows, dropout and validation rows. An int
        gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the networks.
    verbose : int, default=0
        1 prints a line for each epoch.
    target_scaling : bool, default=True
        Whether each column of y is brought to mean 0 and variance 1 for training, and
        predictions back, as in `DenseRegressor`.
    clip_predictions : bool, default=True
        Whether predictions are kept within the range of y in training. A network that
        is asked far outside of the rows it has seen gives wild answers otherwise.
        Switch it off to follow a trend beyond that range.

    Attributes
    ----------
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
        "loss", "val_loss", "learning_rate".
    n_epochs_ : int
        Epochs of the network that was trained longest.
    best_epoch_ : int
        Mean of `member_best_epochs_`, rounded.
    loss_ : float
        Mean training loss of the epochs that the weights are from.
    n_parameters_ : int
        Number of trainable weights of all networks.
    model_ : keras.Model
        From what `encode` returns to the mean prediction, built when asked for.

    See Also
    --------
    DenseRegressor : One plain network, which also takes large sparse X.
    sklearn.ensemble.HistGradientBoostingRegressor : The better choice where
        thresholds on single columns decide.

    References
    ----------
    Holzmüller, D., Grinsztajn, L., & Steinwart, I. (2024). Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data. NeurIPS. Robust scaling with
    smooth clipping, and "PBLD" embeddings.

    Loshchilov, I., & Hutter, F. (2019). Decoupled weight decay regularization. ICLR.

    Lakshminarayanan, B., Pritzel, A., & Blundell, C. (2017). Simple and scalable
    predictive uncertainty estimation using deep ensembles. NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdl import TabularRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> reg = TabularRegressor(random_state=0).fit(X[:300], y[:300])
    >>> mean, std = reg.predict(X[300:], return_std=True)
    >>> mean.shape, std.shape
    ((142,), (142,))
    >>> reg.score(X[300:], y[300:]) > 0.4
    True
    """

    dropout: float | tuple = 0.1
    weight_decay: float = 2.0
    learning_rate_schedule: object = "auto"
    epochs: int = 48
    patience: int = 12
    validation_fraction: float | None = 0.15
    input_scaling: str | None = "robust"
    clip_predictions: bool = True

    _adam_rate: ClassVar[float] = 0.006
    _embeds_by_default: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **TabularParameters._network_constraints,
        "clip_predictions": ["boolean"],
    }

    def predict(self, X, return_std=False):
        """Predict targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows.
        return_std : bool, default=False
            Whether to return how much the networks differ, too.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Mean over the networks, in the units of y, float64.
        std : ndarray of the same shape
            Standard deviation over the networks, if `return_std`. It grows where
            training rows are few; the noise of y itself is not in it.
        """
        of_members = self.member_predictions(X)
        mean = of_members.mean(axis=0)
        return (mean, of_members.std(axis=0)) if return_std else mean

    def member_predictions(self, X):
        """Predict targets by each network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_outputs)
            In the units of y, float64; their mean is what `predict` returns.
        """
        outputs = self._raw(X)
        of_members = [
            self._targets.decode(self._loss.predict(raw.astype(np.float64)))
            for raw in outputs
        ]
        if not self._clips:
            return np.stack(of_members)
        return np.clip(of_members, *self._seen)

    def _fit_targets(self, targets, rows, loss):
        super()._fit_targets(targets, rows, loss)
        self._seen = _range(rows.y, targets)

    def _set_fitted_attributes(self, targets):
        super()._set_fitted_attributes(targets)
        self._clips = self.clip_predictions

    def _settle(self, divided):
        # training that goes on may see more of y
        low, high = _range(divided.rows.y, self._targets)
        lowest, highest = self._seen
        self._seen = np.minimum(low, lowest), np.maximum(high, highest)

    def _output_layers(self):
        from keras import layers

        if not self._clips:
            return super()._output_layers()
        outputs, _ = super()._output_layers()
        low, high = map(np.atleast_1d, self._seen)
        width = np.where(high > low, high - low, 1.0)
        share = self._targets.scale / width, (self._targets.mean - low) / width
        options = {"dtype": self._trained.spec.dtype}
        return [
            outputs,
            layers.Rescaling(*(part.tolist() for part in share), **options),
            layers.ReLU(max_value=1.0, **options),
            layers.Rescaling((high - low).tolist(), low.tolist(), **options),
        ]


def _range(y, targets):
    """Smallest and largest target of each column, in the shape of a prediction."""
    y = y[:, 0] if targets.flat else y
    return y.min(axis=0), y.max(axis=0)
