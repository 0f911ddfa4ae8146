"""The classifier around a user's own Keras model."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from skdl._keras import keras
from skdl.base._unchanged import or_unchanged
from skdl.estimators._keras_building import same_loss, single
from skdl.estimators._keras_class_weights import LabelWeights
from skdl.estimators._keras_wrapper import BaseWrapper
from skdl.estimators._scikeras import ClassifierLabelEncoder, wrappers


class KerasClassifier(BaseWrapper, LabelWeights, wrappers.KerasClassifier):
    """A user's own Keras model as a classifier.

    It is a subclass of ``scikeras.wrappers.KerasClassifier`` and takes its place by a
    change of the import: see the page "Coming from SciKeras" for what is faster and
    what differs.

    A model with one input and one output, and with Keras's own steps of training, is
    trained by skdl's engine: with the numbers of ``Model.fit``, several times as fast,
    and traced only once for models that compute the same, however often their function
    is called. Any other (several inputs or outputs, a ``train_step`` of its own,
    ``run_eagerly``, callbacks with methods for batches) is trained by ``Model.fit``;
    ``verbose=1`` says so.

    Parameters
    ----------
    model : callable, keras.Model or None, default=None
        A function or class that returns a model, compiled or not, or such a model. The
        function is given those of these arguments that it takes: the ones named in
        `kwargs`; ``meta``, a dict of the fitted attributes, such as
        ``n_features_in_``, ``X_shape_`` and ``n_classes_``; ``compile_kwargs``,
        arguments of ``Model.compile``; ``params``, all parameters. A model is used
        itself, and trained further by every ``fit``. None is for subclasses with a
        method ``_keras_build_fn``.
    build_fn : callable or None, default=None
        The old name of `model`.
    warm_start : bool, default=False
        Whether ``fit`` goes on with the model of the last ``fit``.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, dropout and the order of rows: the same seed gives the
        same bits. A RandomState is looked at, not drawn from.
    optimizer : str, keras.optimizers.Optimizer or class, default="rmsprop"
        For models that are not compiled, and for ``compile_kwargs``. An instance is
        copied for every model.
    loss : str, keras.losses.Loss, class, callable or None, default=None
        Likewise. Labels are made one-hot for "categorical_crossentropy". Of a loss with
        ``from_logits=True``, `predict_proba` gives probabilities nevertheless.
    metrics : list, dict, str, keras.metrics.Metric, class or callable, default=None
        Likewise.
    batch_size : int or None, default=None
        Rows of a step; None is 32, -1 all rows.
    validation_batch_size : int or None, default=None
        Rows of a batch of validation rows.
    verbose : int, default=0
        1 prints a line for every epoch.
    callbacks : list, dict, keras.callbacks.Callback, class or None, default=None
        Keras callbacks; classes are called with routed arguments, instances copied. A
        copy shares the lists and dicts that a callback holds.
    validation_split : float, default=0.0
        Share of rows, the last ones, that are kept for validation.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    run_eagerly : bool, default=False
        Whether Keras trains without a graph, for debugging.
    epochs : int, default=1
        Passes over the rows.
    class_weight : dict, "balanced" or None, default=None
        Weights of labels, which multiply those of rows; for several columns of y a list
        of dicts. ``fit__class_weight``, and `class_weight` in a call of ``fit``, come
        before it.
    **kwargs : dict
        Arguments of `model`, and routed parameters: ``model__units``,
        ``optimizer__learning_rate``, ``loss__from_logits``, ``metrics__0__name``,
        ``callbacks__patience``, ``fit__batch_size``, ``predict__batch_size``,
        ``compile__weighted_metrics``.

    Attributes
    ----------
    model_ : keras.Model
        Compiled, with the weights that were learnt.
    history_ : dict of str to list
        What ``Model.fit`` has in its history, one value for each epoch.
    callbacks_ : list of keras.callbacks.Callback
        Those of the last fit: copies, so that the ones in the parameters stay the same.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_classes_ : int
        How many.
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
    n_outputs_, n_outputs_expected_ : int
        Columns of y, and outputs that the model should have.

    See Also
    --------
    KerasRegressor : The same for numbers.
    skdl.DenseClassifier : A network that needs no function.

    References
    ----------
    Garcia Badaracco, A. (2024). SciKeras 0.13. https://github.com/adriangb/scikeras

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdl import KerasClassifier
    >>> def network(units, meta):
    ...     return keras.Sequential([
    ...         keras.Input(meta["X_shape_"][1:]),
    ...         keras.layers.Dense(units, activation="relu"),
    ...         keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> net = KerasClassifier(
    ...     network, loss="sparse_categorical_crossentropy", optimizer="adam",
    ...     optimizer__learning_rate=0.03, epochs=20, random_state=0,
    ... )
    >>> search = GridSearchCV(net, {"model__units": [8, 32]}, cv=3)
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(search.fit(X, y).best_score_ > 0.9)
    True
    """

    def __init__(
        self,
        model=None,
        *,
        build_fn=None,
        warm_start=False,
        random_state=None,
        optimizer="rmsprop",
        loss=None,
        metrics=None,
        batch_size=None,
        validation_batch_size=None,
        verbose=0,
        callbacks=None,
        validation_split=0.0,
        shuffle=True,
        run_eagerly=False,
        epochs=1,
        class_weight=None,
        **kwargs,
    ):
        super().__init__(
            model,
            build_fn=build_fn,
            warm_start=warm_start,
            random_state=random_state,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            batch_size=batch_size,
            validation_batch_size=validation_batch_size,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            shuffle=shuffle,
            run_eagerly=run_eagerly,
            epochs=epochs,
            class_weight=class_weight,
            **kwargs,
        )

    _needs_targets = True

    @property
    def target_encoder(self):
        """The transformer of y, which subclasses may replace.

        For `predict_proba` its ``inverse_transform`` has to take ``return_proba``.
        """
        categories = "auto" if self.classes_ is None else [self.classes_]
        loss = single(self.loss)
        if isinstance(loss, type) and issubclass(
            loss, keras.losses.CategoricalCrossentropy
        ):
            loss = "categorical_crossentropy"
        return LabelEncoder(loss=loss, categories=categories)

    def _check_width(self, width):
        if type(self.target_encoder_) is not LabelEncoder:
            return
        kind, n_classes = self.target_type_, self.n_classes_
        if kind == "binary" and width == 1:
            return
        one_hot = getattr(self.target_encoder_, "one_hot", False)
        exactly = kind == "multilabel-indicator" or one_hot
        if n_classes and (width < n_classes or (exactly and width != n_classes)):
            raise ValueError(
                f"y has {n_classes} classes, but the output of the model has {width} "
                f"columns. End the model with Dense({n_classes}), or write a "
                "target_encoder which knows what they mean."
            )

    def _initialize(self, X, y=None):
        X, y = super()._initialize(X, y)
        encoder = self.target_encoder_
        used = single(getattr(self.model_, "loss", None))
        if type(encoder) is LabelEncoder and not same_loss(encoder.loss, used):
            # the model was compiled by its function, and may need one-hot targets
            encoder.set_params(loss=used or encoder.loss).fit(y)
        return X, y

    @or_unchanged
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        **kwargs,
    ):
        """Make a model and train it.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, ...)
            Inputs; two axes or more.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights, which multiply losses as in ``Model.fit``. Rows of weight zero
            are left out.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows, in place of `validation_split`.
        **kwargs : dict
            Arguments of ``Model.fit``, for this call; ``fit__`` parameters of the
            constructor are the lasting way. `class_weight` is by label, as the
            constructor's.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If data, parameters and model do not fit together; the estimator stays as
            it was.
        skdl.exceptions.TrainingDivergedError
            If the loss becomes NaN or infinite.
        KeyboardInterrupt
            After Ctrl-C. From the first whole epoch on, the model keeps the weights
            reached so far.

        Warns
        -----
        skdl.exceptions.TrainingInterruptedWarning
            If weights are kept after Ctrl-C.
        """
        try:
            super().fit(
                X,
                y,
                sample_weight=sample_weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=sample_weight_val,
                **kwargs,
            )
        finally:  # also where an interrupted fit has kept its weights
            if vars(self).get("classes_", ()) is None:  # no encoder is fitted again
                self.classes_ = getattr(self.target_encoder_, "classes_", None)
        return self

    @or_unchanged
    def partial_fit(self, X, y, classes=None, sample_weight=None, **kwargs):
        """Train for one more epoch, from the present weights.

        Parameters
        ----------
        X, y : array-like
            As for ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come, for the first call; None takes those of y.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights.
        **kwargs : dict
            Arguments of ``Model.fit``, other than `epochs` and `initial_epoch`.

        Returns
        -------
        self
            The estimator after one more epoch.
        """
        if classes is not None:
            classes = np.unique(classes)
        return super().partial_fit(
            X, y, classes=classes, sample_weight=sample_weight, **kwargs
        )

    def predict_proba(self, X, **kwargs):
        """Predict probabilities.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, ...)
            Inputs of the shape that ``fit`` saw.
        **kwargs : dict
            Arguments of ``Model.predict``, for this call.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            For two classes and one output both columns; for labels of which any number
            can be true a probability of each.
        """
        return super().predict_proba(X, **kwargs)

    def _predict_raw(self, X, **kwargs):
        outputs = super()._predict_raw(X, **kwargs)
        if isinstance(outputs, np.ndarray):
            return _probabilities(outputs, single(self.model_.loss))
        return outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.poor_score = True  # of any model, in one epoch
        return tags


class LabelEncoder(ClassifierLabelEncoder):
    """SciKeras's encoder of labels, with probabilities of two axes in every case."""

    @property
    def one_hot(self):
        """Whether labels become columns."""
        steps = self._final_encoder
        return isinstance(steps, Pipeline) and isinstance(steps[-1], OneHotEncoder)

    def transform(self, y):
        """From labels to what the loss takes.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Numbers of classes, or columns.

        Raises
        ------
        ValueError
            For labels that were not seen before.
        """
        try:
            return super().transform(y)
        except ValueError as error:
            if "unknown categories" not in str(error):
                raise
            new = sorted({*np.ravel(y).tolist()} - {*self.classes_.tolist()})
            raise ValueError(
                f"Found unknown categories {new} in y, which fit did not see. Pass all "
                "labels in the first call: partial_fit(X, y, classes=...)."
            ) from error

    def inverse_transform(self, y, return_proba=False):
        """From outputs of the model to labels or probabilities.

        Parameters
        ----------
        y : ndarray of shape (n_samples, ...)
            Outputs.
        return_proba : bool, default=False
            Whether probabilities are wanted.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Labels of the shape that y had in ``fit``, or probabilities.
        """
        if not return_proba:
            return super().inverse_transform(y)
        y = np.reshape(y, (len(y), -1))
        if self._target_type == "binary" and y.shape[1] == 1 and self.n_classes_ == 2:
            return np.column_stack([1 - y, y])
        return y


def _probabilities(outputs, loss):
    """Outputs of a network whose loss takes logits, as probabilities."""
    if not getattr(loss, "from_logits", False):
        return outputs
    if outputs.shape[-1] == 1 or isinstance(loss, keras.losses.BinaryCrossentropy):
        return expit(outputs)
    return softmax(outputs, axis=-1)
