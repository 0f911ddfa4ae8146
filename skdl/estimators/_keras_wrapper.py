"""The base of the estimators around a user's own Keras model."""

import copy
import inspect
from abc import ABCMeta

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks

from skdl._keras import keras
from skdl._seeds import names_as_before
from skdl._validation import plain_weights
from skdl.base._epochs import EpochTasks
from skdl.base._unchanged import or_unchanged
from skdl.estimators._keras_building import KerasBuilding
from skdl.estimators._keras_checks import KerasChecks
from skdl.estimators._keras_training import KerasTraining
from skdl.estimators._scikeras import (
    route_params,
    wrappers,
)
from skdl.training._compiled import as_keras, build
from skdl.training._compiled_fit import put_weights
from skdl.training._packing import PackedValues, is_made_again, pack, unpack


class MixinsFirst(ABCMeta):
    """Puts scikit-learn's mixins before its `BaseEstimator`, as their tags need it.

    SciKeras has them behind; and a subclass cannot change the order of its bases.
    """

    def mro(cls):
        """The order in which methods are looked up."""
        order = super().mro()
        first = (
            order.index(wrappers.BaseWrapper) if wrappers.BaseWrapper in order else 0
        )
        mixins = [c for c in order[first:] if c in (ClassifierMixin, RegressorMixin)]
        others = [c for c in order[first:] if c not in mixins]
        return [*order[:first], *mixins, *others]


class BaseWrapper(
    KerasBuilding,
    KerasChecks,
    KerasTraining,
    CallbackSupportMixin,
    wrappers.BaseWrapper,
    metaclass=MixinsFirst,
):
    """The base of `KerasClassifier` and `KerasRegressor`, for wrappers of one's own.

    It is SciKeras's class of that name, trained by skdl. What y means is left to
    subclasses: their `target_encoder` and `feature_encoder`, and further methods.

    Parameters
    ----------
    model : callable, keras.Model or None, default=None
        A function or class that returns a model, or such a model: see
        `KerasClassifier`, as for all that follow.
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
        Arguments of `model`, and routed parameters.

    See Also
    --------
    KerasClassifier : For labels.
    KerasRegressor : For numbers.

    Examples
    --------
    An autoencoder, whose targets are the inputs themselves:

    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from skdl import BaseWrapper
    >>> def network(meta):
    ...     n_features = meta["n_features_in_"]
    ...     return keras.Sequential([
    ...         keras.Input((n_features,)),
    ...         keras.layers.Dense(2, name="code"),
    ...         keras.layers.Dense(n_features),
    ...     ])
    >>> X, _ = load_iris(return_X_y=True)
    >>> net = BaseWrapper(network, loss="mse", optimizer="adam", epochs=3)
    >>> net.fit(X, X).predict(X).shape
    (150, 4)
    """

    _routing_prefixes = wrappers.BaseWrapper._routing_prefixes | {"callbacks", "score"}

    __repr__ = BaseEstimator.__repr__

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
            **kwargs,
        )

    # -- training ----------------------------------------------------------------------

    @or_unchanged
    def initialize(self, X, y=None):
        """Make the model without training it, for one that has its weights already.

        Parameters
        ----------
        X, y : array-like
            As for ``fit``, which calls this by itself.

        Returns
        -------
        self
            Ready to predict.
        """
        with names_as_before():
            return super().initialize(X, y)

    @or_unchanged
    @with_callbacks
    def fit(
        self,
        X,
        y=None,
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets; None for models that need none.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights, which multiply losses as in ``Model.fit``. Rows of weight zero
            are left out.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows, in place of `validation_split`. Inside a ``Pipeline`` they
            are transformed with ``transform_input=["X_val"]`` and metadata routing.
        **kwargs : dict
            Arguments of ``Model.fit``, for this call; ``fit__`` parameters of the
            constructor are the lasting way.

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
        skdl.exceptions.NothingLearntWarning
            If the model is no better on its training rows than a constant answer.
        skdl.exceptions.ValidationScaleWarning
            If validation rows are on another scale than the training rows.
        """
        if any(part is not None for part in (X_val, y_val, sample_weight_val)):
            if X_val is None or y_val is None:
                missing = "X_val" if X_val is None else "y_val"
                raise ValueError(
                    f"{missing}=None, but validation rows need X_val and y_val. Pass "
                    "both, or none of them."
                )
            kwargs["held_out"] = X_val, y_val, sample_weight_val
        epochs = kwargs.get("epochs", getattr(self, "fit__epochs", self.epochs))
        self._check_parameters(epochs=epochs)
        context = self._init_callback_context(max_subtasks=epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        if getattr(self, "_skl_callbacks", None):
            weights = {} if sample_weight is None else {"sample_weight": sample_weight}
            kwargs["tasks"] = EpochTasks(
                self, context, self._attributes_so_far, X, y, weights
            )
        super().fit(X, y, sample_weight=sample_weight, **kwargs)
        context.call_on_fit_task_end(
            estimator=self,
            X=X,
            y=y,
            reconstruction_attributes=lambda: self.__dict__.copy(),
        )
        return self

    def _attributes_so_far(self, weights, n_epochs):
        """What the estimator would have if training had ended now."""
        model = unpack(pack(self.model_))
        (of_engine,) = weights
        if of_engine is not None:  # which the model does not have yet
            put_weights(model, of_engine)
        return {"model_": model}

    @or_unchanged
    def partial_fit(self, X, y=None, sample_weight=None, **kwargs):
        """Train for one more epoch, from the present weights.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for ``fit``.
        **kwargs : dict
            Arguments of ``Model.fit``, other than `epochs` and `initial_epoch`.

        Returns
        -------
        self
            The estimator after one more epoch.
        """
        return super().partial_fit(X, y, sample_weight=sample_weight, **kwargs)

    def score(self, X, y, sample_weight=None):
        """Score predictions with the method `scorer`.

        Parameters
        ----------
        X, y : array-like
            As for ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights.

        Returns
        -------
        float
            The larger the better.
        """
        self._check_is_fitted("score")
        _, y = self._validate_data(X=None, y=self._in_form(y))
        if sample_weight is not None:
            sample_weight = plain_weights(sample_weight, y, dtype=np.float64)
        args = route_params(self.get_params(), destination="score", pass_filter=set())
        return self.scorer(y, self.predict(X), sample_weight=sample_weight, **args)

    # -- scikit-learn ------------------------------------------------------------------

    def __sklearn_is_fitted__(self):
        return self.initialized_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def __sklearn_clone__(self):
        # Keras's optimizers, losses and metrics are shared, as they are neither built
        # nor changed here; models and callbacks are copied.
        params = {k: _cloned(v) for k, v in self.get_params(deep=False).items()}
        taken = inspect.signature(type(self).__init__).parameters
        if any(p.kind == p.VAR_KEYWORD for p in taken.values()):
            bases = [
                c.__init__ for c in type(self).__mro__ if issubclass(c, BaseWrapper)
            ]
            named = {name for f in bases for name in inspect.signature(f).parameters}
            taken = named | getattr(self, "_user_params", set())
        twin = type(self)(**{k: v for k, v in params.items() if k in taken})
        for name, value in params.items():  # some are set by __init__ itself
            setattr(twin, name, value)
        for name in _OF_SKLEARN & vars(self).keys():
            setattr(twin, name, copy.deepcopy(getattr(self, name)))
        if hasattr(self, "_skl_callbacks"):  # one serves all copies
            twin._skl_callbacks = self._skl_callbacks
        return twin

    def __getstate__(self):
        state = {**super().__getstate__()}
        state.pop("_network", None)
        model = state.get("model_")
        has_function = not isinstance(self.model, keras.Model)
        if isinstance(model, keras.Model) and has_function and not is_made_again(model):
            state["model_"] = PackedValues(model)
        return pack(state)

    def __setstate__(self, state):
        values = state.get("model_")
        if not isinstance(values, PackedValues):
            super().__setstate__(unpack(state))
            return
        state = {name: value for name, value in state.items() if name != "model_"}
        super().__setstate__(unpack(state))
        row = np.zeros((1, *self.X_shape_[1:]), self.X_dtype_)
        with names_as_before():
            model = self._build_keras_model()
            build(model, as_keras(self.feature_encoder_.transform(row)))
        values.put_into(model)
        self.model_ = model


def _cloned(value):
    """A parameter for another estimator."""
    if type(value) in (list, tuple):
        return type(value)(map(_cloned, value))
    if type(value) is dict:
        return {name: _cloned(item) for name, item in value.items()}
    if isinstance(value, _SHARED):
        return value
    if isinstance(value, keras.Model):
        return unpack(pack(value))
    return clone(pack(value), safe=False)  # callbacks without their models


# what scikit-learn notes on an estimator beside its parameters and callbacks
_OF_SKLEARN = {"_metadata_request", "_sklearn_output_config"}
_SHARED = (keras.losses.Loss, keras.metrics.Metric, keras.optimizers.Optimizer)
