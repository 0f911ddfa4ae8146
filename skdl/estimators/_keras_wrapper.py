"""The base of the estimators around a user's own Keras model."""

import copy
import functools
import inspect
from abc import ABCMeta
from contextlib import nullcontext

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from skdl._keras import keras
from skdl._validation import plain_weights
from skdl.base._estimator import or_unchanged
from skdl.estimators._keras_checks import KerasChecks
from skdl.estimators._keras_seeds import integer_seed, seeded
from skdl.estimators._keras_training import KerasTraining
from skdl.estimators._scikeras import route_params, wrappers
from skdl.training._compiled import changed_step
from skdl.training._optimizers import copy_of
from skdl.training._packing import PackedModel


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
    KerasChecks, KerasTraining, wrappers.BaseWrapper, metaclass=MixinsFirst
):
    """The base of `KerasClassifier` and `KerasRegressor`, for wrappers of one's own.

    It is SciKeras's class of that name, trained by skdl: see `KerasClassifier` for the
    parameters. What y means is left to subclasses.
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

    # -- the model ---------------------------------------------------------------------

    def _check_model_param(self):
        """The function that makes a model; like SciKeras's, but of any callable."""
        model = self.model
        known = model is None or isinstance(model, keras.Model)
        if known or inspect.isfunction(model) or isinstance(model, functools.partial):
            if (
                model is None
                and self.build_fn is None
                and not hasattr(self, "_keras_build_fn")
            ):
                raise ValueError(
                    f"model=None gives {type(self).__name__} nothing to train. Pass a "
                    "function that returns a keras.Model, or such a model, or write "
                    "the method _keras_build_fn in a subclass."
                )
            return super()._check_model_param()
        if not callable(model):
            raise TypeError(
                f"model={model!r} must be a callable that returns a keras.Model, such "
                "a model itself, or None in a subclass with the method _keras_build_fn."
            )
        return model

    def _build_keras_model(self):
        seed = self._random_state
        self._random_state = None  # SciKeras would set seeds for everybody
        try:
            with nullcontext() if seed is None else seeded(seed):
                model = super()._build_keras_model()
        finally:
            self._random_state = seed
        if not isinstance(model, keras.Model):
            raise TypeError(
                f"model={self.model!r} returned {model!r}, which is no keras.Model. "
                "Return the model from the function."
            )
        return model

    def _get_compile_kwargs(self):
        kwargs = super()._get_compile_kwargs()
        # an instance serves one model only; the user's stays as it is
        kwargs["optimizer"] = _copied(kwargs["optimizer"])
        kwargs["metrics"] = _copied(kwargs["metrics"])
        return kwargs

    def _ensure_compiled_model(self):
        model = self.model_
        if not model.compiled:
            model.compile(**self._get_compile_kwargs())
        for name in ("loss", "optimizer"):
            if not getattr(model, name, None) and changed_step(model) is None:
                raise ValueError(
                    f"{name}=None, and the model was compiled without one. You must "
                    f"provide a {name}: pass {name}=... or compile the model with it."
                )

    def _check_model_compatibility(self, y):
        expected = getattr(self, "n_outputs_expected_", None)
        outputs = getattr(self.model_, "outputs", None)
        if expected and outputs and expected != len(outputs):
            raise ValueError(
                f"y has {expected} outputs for a Keras model, but the model has "
                f"{len(outputs)} outputs. Return a model with {expected}, or write a "
                "target_encoder for several."
            )
        if outputs:
            super()._check_model_compatibility(y)

    def _initialize(self, X, y=None):
        """Check data, fit the encoders, and make the model."""
        self._random_state = integer_seed(self.random_state)
        X, y = self._validate_data(X, y, reset=True)
        self.target_encoder_ = self.target_encoder.fit(y)
        vars(self).update(getattr(self.target_encoder_, "get_metadata", dict)())
        self.feature_encoder_ = self.feature_encoder.fit(X)
        vars(self).update(getattr(self.feature_encoder_, "get_metadata", dict)())
        self.model_ = self._build_keras_model()
        self._initialize_callbacks()
        return X, y

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
        return super().initialize(X, y)

    @or_unchanged
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
        """
        if any(part is not None for part in (X_val, y_val, sample_weight_val)):
            if X_val is None or y_val is None:
                missing = "X_val" if X_val is None else "y_val"
                raise ValueError(
                    f"{missing}=None, but validation rows need X_val and y_val. Pass "
                    "both, or none of them."
                )
            kwargs["held_out"] = X_val, y_val, sample_weight_val
        return super().fit(X, y, sample_weight=sample_weight, **kwargs)

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
        _, y = self._validate_data(X=None, y=y)
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

    def __getstate__(self):
        state = {**super().__getstate__()}
        state.pop("_network", None)
        packed = {
            name: PackedModel(value)
            for name, value in state.items()
            if isinstance(value, keras.Model)
        }
        if state.get("model_") is not None and state["model_"] is self.model:
            packed["model"] = packed["model_"]  # one and the same
        return _without_models({**state, **packed})

    def __setstate__(self, state):
        packed = {k: v for k, v in state.items() if isinstance(v, PackedModel)}
        models = {
            id(v): v.unpack() for v in {id(v): v for v in packed.values()}.values()
        }
        super().__setstate__({**state, **{k: models[id(v)] for k, v in packed.items()}})


def _copied(value):
    """Optimizers and metrics that are instances, as they were before any fit."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_copied, value))
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    if isinstance(value, keras.optimizers.Optimizer):
        return copy_of(value)
    if isinstance(value, keras.metrics.Metric):
        return copy.deepcopy(value)
    return value


def _without_models(value):
    """Callbacks without the model that they saw last."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_without_models, value))
    if type(value) is dict:
        return {name: _without_models(item) for name, item in value.items()}
    if isinstance(value, keras.callbacks.Callback):
        value = copy.copy(value)
        value._model = None
    return value
