"""Dense networks for classification and regression."""

from dataclasses import dataclass
from typing import ClassVar

from skdl._validation import check_one_or_per_layer
from skdl.base import NeuralClassifier, NeuralRegressor
from skdl.base._rescaled import with_inputs
from skdl.estimators._widths import hidden_widths


@dataclass(kw_only=True, eq=False, repr=False)
class _DenseParameters:
    """The parameters of a dense network; last among the bases, so first in order."""

    hidden_units: object = (100,)
    activation: str = "relu"
    dropout: float | tuple = 0.0
    batch_norm: bool = False
    l1: float | tuple = 0.0
    l2: float | tuple = 0.0
    activity_l1: float | tuple = 0.0
    activity_l2: float | tuple = 0.0

    _network_constraints: ClassVar[dict] = {
        "hidden_units": "no_validation",
        "activation": [str],
        "dropout": "no_validation",
        "batch_norm": ["boolean"],
        "l1": "no_validation",
        "l2": "no_validation",
        "activity_l1": "no_validation",
        "activity_l2": "no_validation",
    }


class _DenseNetwork:
    """The network that those parameters make."""

    def _network(self, input_shape, n_outputs):
        from skdl.networks import dense_network
        from skdl.training._program import network_spec

        check_one_or_per_layer("dropout", self.dropout, below=1)
        for name in ("l1", "l2", "activity_l1", "activity_l2"):
            check_one_or_per_layer(name, getattr(self, name))
        return network_spec(
            dense_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            hidden_units=hidden_widths(self.hidden_units),
            activation=self.activation,
            dropout=self.dropout,
            batch_norm=bool(self.batch_norm),
            l1=self.l1,
            l2=self.l2,
            activity_l1=self.activity_l1,
            activity_l2=self.activity_l2,
        )

    def _rescaled(self, rows, inputs, targets, weights):
        inputs, targets, weights = super()._rescaled(rows, inputs, targets, weights)
        normalised, share = rows.normalised_weight(), self._share_of(rows)
        now = inputs.with_more(rows.X, normalised, share)
        if now is not inputs:
            layout = self._trained.layout
            weights = [with_inputs(layout, each, inputs, now) for each in weights]
        return now, targets, weights

    def _rows_are_independent(self):
        mixing = (self.dropout, self.batch_norm, self.activity_l1, self.activity_l2)
        return not any(any(v) if isinstance(v, (tuple, list)) else v for v in mixing)


@dataclass(kw_only=True, eq=False, repr=False)
class DenseClassifier(_DenseNetwork, NeuralClassifier, _DenseParameters):
    """A dense network that classifies.

    A plain stack of fully connected layers, trained by stochastic gradient descent with
    the log loss. Two classes have one sigmoid output, more classes a softmax, an
    indicator matrix one sigmoid for each label.

    X may be an array, a data frame of numbers or a sparse matrix. What it does beyond a
    plain network, and how to switch that off: columns are standardised
    (``input_scaling=None``). The units of a hidden layer of more than 2048 inputs are
    normalised within each row, as one step would move all of them far otherwise, unless
    ``batch_norm=True`` does something of the kind.

    Parameters
    ----------
    hidden_units : tuple of int, int or Pyramid, default=(100,)
        Units of each hidden layer; ``()`` makes a linear model. `Pyramid` describes a
        narrowing stack by four numbers, which a search can tune as nested parameters
        (``hidden_units__neuron_shrink``). One or two layers of 50 to 200 units are
        enough for most tables.
    activation : str, default="relu"
        Activation of the hidden layers: "linear", "softmax", "tanh", "sigmoid",
        "hard_sigmoid", "exponential", "relu", "elu", "selu", "gelu", "silu", "mish",
        "leaky_relu" or "prelu". The initial weights suit it: He uniform for rectifiers
        and their smooth relatives, LeCun normal for "selu", Glorot uniform otherwise.
        "gelu", "silu" and "mish" are smooth and often slightly better and slower than
        "relu"; "selu" is for deep plain stacks.
    dropout : float or tuple of float, default=0.0
        Share of hidden units that are left out at random in every training step; one
        number for all layers or one per layer. 0.1 to 0.5 is the usual remedy when the
        training loss is far below the validation loss. Alpha dropout after "selu".
    batch_norm : bool, default=False
        Batch normalisation before each activation. Helps networks of many layers to
        train; little use with one or two, or with small batches.
    l1, l2 : float or tuple of float, default=0.0
        Weight of the sum of absolute, and of squared kernel weights in the loss, for
        all layers (output included) or one number per hidden layer. `l2` (1e-5 to
        1e-2) shrinks weights evenly, `l1` drives many of them to zero.
    activity_l1, activity_l2 : float or tuple of float, default=0.0
        Weight of the sum of absolute, and of squared activations of a hidden layer,
        averaged over the batch. For sparse hidden representations.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        "sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "lion", or an
        instance, of which a fresh copy is used for every fit. "adam" needs the least
        tuning; "sgd" with `momentum` and a schedule can end better after long
        training; "adamw" decays weights apart from the gradient.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop"; 0.9 is usual.
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size. None takes what suits the optimizer: 0.002 for the Adam family, and
        an instance's own. The parameter to tune first, by factors of three.
    learning_rate_schedule : dict, str, callable or None, default=None
        How the learning rate changes: ``{epoch: factor}`` (from that many epochs on,
        times that factor of `learning_rate`), "cosine" (to zero over all `epochs`),
        "one_cycle" (up for 30 % of the steps, then down; `learning_rate` is the peak),
        "cifar" (drops after epochs 80, 120, 160, 180), a
        ``keras.optimizers.schedules.LearningRateSchedule`` (absolute, per step), or a
        function of the epoch that returns a factor. None keeps it constant.
    batch_size : int, "full" or "auto", default="auto"
        Rows per step. 1 is online learning, "full" classic gradient descent. "auto"
        takes all rows as one batch up to 64 rows, and else a power of two near
        a sixteenth of the rows, from 32 to 128.
        Smaller batches learn more per epoch, larger ones take less time per epoch.
    epochs : int, default=100
        Passes over the training rows; the most there will be with early stopping.
    early_stopping : bool or "auto", default="auto"
        Whether training ends when `monitor` no longer improves. "auto" does so if
        there are more than 10,000 rows or `X_val` is passed to `fit`.
    patience : int, default=10
        Epochs without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement of `monitor`.
    monitor : str, default="auto"
        What early stopping watches: "loss", "val_loss", "val_accuracy", or "auto": the
        validation loss where there are validation rows, else the training loss.
    validation_fraction : float or None, default=0.1
        Share of the rows set apart for early stopping (stratified). None watches the
        training loss instead. Not used if `X_val` is passed to `fit`.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        "auto" and "log_loss": cross-entropy; "focal": focal loss (Lin et al. 2017), for
        rare classes; an object of `skdl.losses` with parameters of its own; or a
        function ``(y_true, y_pred) -> (batch,)`` in ``keras.ops``, or a
        ``keras.losses.Loss``, that gets one-hot targets and probabilities.
    input_scaling : "standard" or None, default="standard"
        Whether each column of X is brought to mean 0 and variance 1 first, with the
        training rows' (weighted) statistics. With a scaler before the network it
        changes next to nothing; without one, networks train badly. None switches it
        off.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        Keras callbacks, copied for every fit and called at the beginning and end of
        training and of each epoch. For scikit-learn's callbacks, such as
        ``sklearn.callback.ProgressBar``, call `set_callbacks`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of rows, dropout and validation split. An int
        gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the network. "float64" is for numerical studies; it takes longer.
    verbose : int, default=0
        1 prints a line for each epoch.
    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of the rows of each label, in training and validation loss; 1 for labels
        that are no key. Keys that y lacks are passed over if others are labels of y.
        "balanced" gives every class the same total weight. For an indicator matrix a
        list with a dict for each column.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of columns of `predict_proba`; column numbers for an
        indicator matrix.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if X was a data frame with string names.
    history_ : dict of str to list of float
        One value for each epoch: "loss" (mean over the rows, with penalties), with
        validation rows "val_loss" and "val_accuracy", and "learning_rate".
    n_epochs_ : int
        Epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are from.
    loss_ : float
        Training loss of that epoch.
    n_parameters_ : int
        Number of trainable weights.
    model_ : keras.Model
        From X to probabilities, built when asked for: scaling, network and output
        function in one.

    See Also
    --------
    DenseRegressor : The same for numbers.
    sklearn.neural_network.MLPClassifier : Scikit-learn's own.

    References
    ----------
    Glorot, X., & Bengio, Y. (2010). Understanding the difficulty of training deep
    feedforward neural networks. AISTATS.

    He, K., Zhang, X., Ren, S., & Sun, J. (2015). Delving deep into rectifiers. ICCV.

    Kingma, D. P., & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdl import DenseClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = DenseClassifier(hidden_units=(20,), random_state=0).fit(X, y)
    >>> clf.predict(X[:2])
    array([0, 0])
    >>> clf.predict_proba(X[:2]).shape
    (2, 3)
    """

    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **_DenseParameters._network_constraints,
    }


@dataclass(kw_only=True, eq=False, repr=False)
class DenseRegressor(_DenseNetwork, NeuralRegressor, _DenseParameters):
    """A dense network that predicts one or several numbers.

    A plain stack of fully connected layers, trained by stochastic gradient descent with
    the squared error.

    X may be an array, a data frame of numbers or a sparse matrix. What it does beyond a
    plain network, and how to switch that off: columns of X are standardised
    (``input_scaling=None``), and so is y (``target_scaling=False``). The units of a
    hidden layer of more than 2048 inputs are normalised within each row, as one step
    would move all of them far otherwise, unless ``batch_norm=True`` does something of
    the kind.

    Parameters
    ----------
    hidden_units : tuple of int, int or Pyramid, default=(100,)
        Units of each hidden layer; ``()`` makes a linear model. `Pyramid` describes a
        narrowing stack by four numbers, which a search can tune as nested parameters
        (``hidden_units__neuron_shrink``). One or two layers of 50 to 200 units are
        enough for most tables.
    activation : str, default="relu"
        Activation of the hidden layers: "linear", "softmax", "tanh", "sigmoid",
        "hard_sigmoid", "exponential", "relu", "elu", "selu", "gelu", "silu", "mish",
        "leaky_relu" or "prelu". The initial weights suit it: He uniform for rectifiers
        and their smooth relatives, LeCun normal for "selu", Glorot uniform otherwise.
        "gelu", "silu" and "mish" are smooth and often slightly better and slower than
        "relu"; "selu" is for deep plain stacks.
    dropout : float or tuple of float, default=0.0
        Share of hidden units that are left out at random in every training step; one
        number for all layers or one per layer. 0.1 to 0.5 is the usual remedy when the
        training loss is far below the validation loss. Alpha dropout after "selu".
    batch_norm : bool, default=False
        Batch normalisation before each activation. Helps networks of many layers to
        train; little use with one or two, or with small batches.
    l1, l2 : float or tuple of float, default=0.0
        Weight of the sum of absolute, and of squared kernel weights in the loss, for
        all layers (output included) or one number per hidden layer. `l2` (1e-5 to
        1e-2) shrinks weights evenly, `l1` drives many of them to zero.
    activity_l1, activity_l2 : float or tuple of float, default=0.0
        Weight of the sum of absolute, and of squared activations of a hidden layer,
        averaged over the batch. For sparse hidden representations.
    optimizer : str or keras.optimizers.Optimizer, default="adam"
        "sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "lion", or an
        instance, of which a fresh copy is used for every fit. "adam" needs the least
        tuning; "sgd" with `momentum` and a schedule can end better after long
        training; "adamw" decays weights apart from the gradient.
    momentum : float, default=0.0
        Momentum in [0, 1) of "sgd" and "rmsprop"; 0.9 is usual.
    nesterov : bool, default=False
        Nesterov's momentum, for "sgd".
    learning_rate : float or None, default=None
        Step size. None takes what suits the optimizer: 0.002 for the Adam family, and
        an instance's own. The parameter to tune first, by factors of three.
    learning_rate_schedule : dict, str, callable or None, default=None
        How the learning rate changes: ``{epoch: factor}`` (from that many epochs on,
        times that factor of `learning_rate`), "cosine" (to zero over all `epochs`),
        "one_cycle" (up for 30 % of the steps, then down; `learning_rate` is the peak),
        "cifar" (drops after epochs 80, 120, 160, 180), a
        ``keras.optimizers.schedules.LearningRateSchedule`` (absolute, per step), or a
        function of the epoch that returns a factor. None keeps it constant.
    batch_size : int, "full" or "auto", default="auto"
        Rows per step. 1 is online learning, "full" classic gradient descent. "auto"
        takes all rows as one batch up to 64 rows, and else a power of two near
        a sixteenth of the rows, from 32 to 128.
        Smaller batches learn more per epoch, larger ones take less time per epoch.
    epochs : int, default=100
        Passes over the training rows; the most there will be with early stopping.
    early_stopping : bool or "auto", default="auto"
        Whether training ends when `monitor` no longer improves. "auto" does so if
        there are more than 10,000 rows or `X_val` is passed to `fit`.
    patience : int, default=10
        Epochs without improvement after which training ends.
    min_delta : float, default=0.0
        What counts as an improvement of `monitor`.
    monitor : str, default="auto"
        What early stopping watches: "loss", "val_loss", or "auto": the validation loss
        where there are validation rows, else the training loss.
    validation_fraction : float or None, default=0.1
        Share of the rows set apart for early stopping. None watches the
        training loss instead. Not used if `X_val` is passed to `fit`.
    restore_best_weights : bool, default=True
        Whether early stopping returns to the weights of the best epoch.
    loss : str or callable, default="auto"
        "auto" and "squared_error"; "absolute_error" (median); "huber" and "log_cosh"
        (robust against outliers); "pinball" (a quantile, see `skdl.losses.Pinball`);
        "poisson" (counts, log link); an object of `skdl.losses` with parameters of its
        own; or a function ``(y_true, y_pred) -> (batch,)`` in ``keras.ops``, or a
        ``keras.losses.Loss``. Targets have shape (batch, n_outputs) there and are
        scaled.
    input_scaling : "standard" or None, default="standard"
        Whether each column of X is brought to mean 0 and variance 1 first, with the
        training rows' (weighted) statistics. With a scaler before the network it
        changes next to nothing; without one, networks train badly. None switches it
        off.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        Keras callbacks, copied for every fit and called at the beginning and end of
        training and of each epoch. For scikit-learn's callbacks, such as
        ``sklearn.callback.ProgressBar``, call `set_callbacks`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights (and scaling) of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of rows, dropout and validation split. An int
        gives the same bits every time on the same machine and versions.
    dtype : "float32" or "float64", default="float32"
        Precision of the network. "float64" is for numerical studies; it takes longer.
    verbose : int, default=0
        1 prints a line for each epoch.
    target_scaling : bool, default=True
        Whether each column of y is brought to mean 0 and variance 1 for training, and
        predictions back. Makes the learning rate independent of y's units; losses are
        in units of y's standard deviation then. Not done for ``loss="poisson"``.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features, if X was a data frame with string names.
    history_ : dict of str to list of float
        One value for each epoch: "loss" (mean over the rows, with penalties), with
        validation rows "val_loss", and "learning_rate".
    n_epochs_ : int
        Epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are from.
    loss_ : float
        Training loss of that epoch, in units of scaled targets.
    n_parameters_ : int
        Number of trainable weights.
    model_ : keras.Model
        From X to predictions, built when asked for: scaling, network and output
        function in one.

    See Also
    --------
    DenseClassifier : The same for classes.
    sklearn.neural_network.MLPRegressor : Scikit-learn's own.

    References
    ----------
    Glorot, X., & Bengio, Y. (2010). Understanding the difficulty of training deep
    feedforward neural networks. AISTATS.

    He, K., Zhang, X., Ren, S., & Sun, J. (2015). Delving deep into rectifiers. ICCV.

    Kingma, D. P., & Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdl import DenseRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = DenseRegressor(hidden_units=(20,), epochs=30, random_state=0).fit(X, y)
    >>> reg.predict(X[:2]).shape
    (2,)
    >>> reg.score(X, y) > 0.4
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **_DenseParameters._network_constraints,
    }
