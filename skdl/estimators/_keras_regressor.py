"""The regressor around a user's own Keras model."""

import numpy as np

from skdl.estimators._keras_wrapper import BaseWrapper
from skdl.estimators._scikeras import RegressorTargetEncoder, wrappers


class KerasRegressor(BaseWrapper, wrappers.KerasRegressor):
    """A user's own Keras model as a regressor.

    It is a subclass of ``scikeras.wrappers.KerasRegressor`` and takes its place by a
    change of the import: see the page "Coming from SciKeras". All that is said of
    `KerasClassifier` holds for it, but for labels.

    Parameters
    ----------
    model : callable, keras.Model or None, default=None
        A function or class that returns a model, or such a model: see
        `KerasClassifier`.
    build_fn : callable or None, default=None
        The old name of `model`.
    warm_start : bool, default=False
        Whether ``fit`` goes on with the model of the last ``fit``.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, dropout and the order of rows.
    optimizer : str, keras.optimizers.Optimizer or class, default="rmsprop"
        For models that are not compiled, and for ``compile_kwargs``.
    loss : str, keras.losses.Loss, class, callable or None, default=None
        Likewise.
    metrics : list, dict, str, keras.metrics.Metric, class or callable, default=None
        Likewise.
    batch_size : int or None, default=None
        Rows of a step; None is 32, -1 all rows.
    validation_batch_size : int or None, default=None
        Rows of a batch of validation rows.
    verbose : int, default=0
        1 prints a line for every epoch.
    callbacks : list, dict, keras.callbacks.Callback, class or None, default=None
        Keras callbacks.
    validation_split : float, default=0.0
        Share of rows, the last ones, that are kept for validation.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    run_eagerly : bool, default=False
        Whether Keras trains without a graph, for debugging.
    epochs : int, default=1
        Passes over the rows.
    **kwargs : dict
        Arguments of `model`, and routed parameters such as
        ``optimizer__learning_rate``.

    Attributes
    ----------
    model_ : keras.Model
        Compiled, with the weights that were learnt.
    history_ : dict of str to list
        What ``Model.fit`` has in its history, one value for each epoch.
    callbacks_ : list of keras.callbacks.Callback
        Those of the last fit: copies, so that the ones in the parameters stay the same.
    n_features_in_ : int
        Number of features seen in ``fit``, the second axis of X.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it is a data frame.
    target_encoder_, feature_encoder_ : transformer
        What y and X go through.
    X_shape_, y_shape_ : tuple of int
        Shapes seen in ``fit``.
    X_dtype_, y_dtype_ : dtype
        Dtypes seen in ``fit``.
    target_type_ : str
        See ``sklearn.utils.multiclass.type_of_target``.
    n_outputs_ : int
        Columns of y.
    n_outputs_expected_ : int
        Outputs that the model should have.

    See Also
    --------
    KerasClassifier : The same for labels.
    skdl.DenseRegressor : A network that needs no function.

    References
    ----------
    Garcia Badaracco, A. (2024). SciKeras 0.13. https://github.com/adriangb/scikeras

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdl import KerasRegressor
    >>> def network(units, meta):
    ...     return keras.Sequential([
    ...         keras.Input(meta["X_shape_"][1:]),
    ...         keras.layers.Dense(units, activation="relu"),
    ...         keras.layers.Dense(1),
    ...     ])
    >>> net = KerasRegressor(
    ...     network, units=32, loss="mse", optimizer="adam",
    ...     optimizer__learning_rate=0.03, epochs=20, random_state=0,
    ... )
    >>> X, y = load_diabetes(return_X_y=True)
    >>> scores = cross_val_score(make_pipeline(StandardScaler(), net), X, y, cv=3)
    >>> bool(scores.mean() > 0.3)
    True
    """

    _needs_targets = True

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        return BaseWrapper._validate_data(self, X, y, reset, y_numeric=True)

    def _check_width(self, width):
        encoder = self.target_encoder_
        if type(encoder) is RegressorTargetEncoder and width != self.n_outputs_:
            raise ValueError(
                f"y has {self.n_outputs_} targets for each row, but the output of the "
                f"model has {width} columns. End the model with "
                f"Dense({self.n_outputs_}), or write a target_encoder which knows what "
                "they mean."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # of any model, in one epoch
        return tags

    def predict(self, X, **kwargs):
        """Predict targets.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, ...)
            Inputs of the shape that ``fit`` saw.
        **kwargs : dict
            Arguments of ``Model.predict``, for this call.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of float64; what a `target_encoder` of one's own makes of the outputs.
        """
        predictions = super().predict(X, **kwargs)
        if isinstance(predictions, np.ndarray) and predictions.dtype.kind == "f":
            return predictions.astype(np.float64)
        return predictions
