"""What both blenders share: base models by folds, then a final one."""

import copy
import numbers
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.base import TransformerMixin, clone, is_classifier
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from skdl._remarks import remarks_once
from skdl._splits import weight_params
from skdl._validation import (
    HasMethods,
    fit_params_of_rows,
    indexable_rows,
    names_of_inputs,
    tags_of,
)
from skdl.base._unchanged import or_unchanged
from skdl.ensemble._answers import columns
from skdl.ensemble._fold_base import FoldEnsemble
from skdl.ensemble._folds import check_row_weights, fit_folds, seeds_of, splits_of
from skdl.ensemble._missing_classes import warn_of_missing_classes
from skdl.ensemble._named import NamedEstimators
from skdl.ensemble._reuse import data_key, was_fitted_on


class Blending(TransformerMixin, CallbackSupportMixin, NamedEstimators):
    """What both blenders share: base models by folds, then a final one."""

    # Row weights are handed on, not used by the blender itself.
    __metadata_request__fit: ClassVar[dict] = {"sample_weight": UNUSED}

    _parameter_constraints: ClassVar[dict] = {
        "estimators": [list],
        "final_estimator": [None, HasMethods(["fit", "predict"])],
        "cv": ["cv_object"],
        "refit": ["boolean"],
        "passthrough": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [None, numbers.Integral],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimators,
        final_estimator=None,
        *,
        cv=5,
        refit=False,
        passthrough=False,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.estimators = estimators
        self.final_estimator = final_estimator
        self.cv = cv
        self.refit = refit
        self.passthrough = passthrough
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @or_unchanged
    @with_callbacks
    @remarks_once
    def fit(self, X, y, sample_weight=None, **params):
        """Fit base models for each fold, then the final estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that all base estimators take.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights, for all base estimators and the final one.
        **params : dict
            ``groups`` for the splitter; with metadata routing enabled, whatever base
            estimators, final estimator and splitter request.

        Returns
        -------
        self
            The fitted blender.

        Raises
        ------
        ValueError
            If data or parameters do not fit.

        Warns
        -----
        skdl.exceptions.FoldOutlierWarning
            If the score of a fold lies far from the others.
        skdl.exceptions.MissingClassWarning
            If the training rows of a fold lack a class.
        skdl.exceptions.RefittedWarning
            If a fold ensemble had been fitted on other data or with other settings,
            and so is fitted again.
        UserWarning
            If `refit` cannot get the epochs of a network inside a base estimator, which
            is not the last step of a pipeline.
        """
        self._validate_params()
        self._check_estimators()
        X, y = indexable_rows(X, y, type(self).__name__)
        check_row_weights(sample_weight, X)
        self._check_inputs_of_final(X)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        routed = self._route({"sample_weight": sample_weight, **params})
        self._final_answers, y = self._answers_for(self._unfitted_final(), y)
        if hasattr(self._final_answers, "classes"):
            self.classes_ = self._final_answers.classes
        self._fit_base_models(X, y, routed, context)
        self._fit_final(X, y, routed["final_estimator"].fit)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _fit_base_models(self, X, y, routed, context):
        splits = splits_of(
            self.cv, X, y, classifier=is_classifier(self), params=routed["cv"].split
        )
        name = type(self).__name__
        warn_of_missing_classes(splits, y, self._final_answers, name)
        kept = self._kept()
        seeds = seeds_of(self.random_state, len(kept))
        data = None
        ensembles, new, tasks = {}, [], []
        for (name, estimator), seed in zip(kept, seeds, strict=True):
            params = routed[name].fit
            if not isinstance(estimator, FoldEnsemble):
                combine = "refit_mean" if self.refit else "average"
                ensemble = self._fold_ensemble(
                    estimator, cv=splits, combine=combine, random_state=seed
                )
                task = ensemble._routed_task(X, y, params, {}, {})
            else:
                data = data or data_key(X, y)
                if was_fitted_on(estimator, name, data, params):
                    ensembles[name] = copy.copy(estimator)
                    continue
                ensemble = clone(estimator)
                task = ensemble._task(X, y, **params)
                warn_of_missing_classes(task.splits, task.y, task.answers, repr(name))
            ensembles[name] = ensemble
            new.append(ensemble)
            tasks.append(task)
        fitted = fit_folds(
            tasks, X, self, context, n_jobs=self.n_jobs, verbose=self.verbose
        )
        for ensemble, task, folds in zip(new, tasks, fitted, strict=True):
            ensemble._take(task, folds, X, context)
            if ensemble.cv is splits:
                ensemble.cv = self.cv  # not thousands of row numbers
        self.estimators_ = list(ensembles.values())
        self.named_estimators_ = Bunch(**{**dict(self.estimators), **ensembles})
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            found = [getattr(e, name) for e in self.estimators_ if hasattr(e, name)]
            if found:
                setattr(self, name, found[0])

    def _fit_final(self, X, y, params):
        parts = [columns(e._answers, e.oof_prediction_) for e in self.estimators_]
        self._n_columns = [part.shape[1] for part in parts]
        known = np.isfinite(np.hstack(parts)).all(axis=1)
        if not known.any():
            raise ValueError(
                f"cv={self.cv!r} leaves no row with a prediction of every base "
                "estimator. The folds' test rows must overlap."
            )
        rows = np.flatnonzero(known)
        params = fit_params_of_rows(X, params, rows)
        final = self._unfitted_final(y[rows], params.get("sample_weight"))
        Z = self._with_inputs(parts, X)
        self.final_estimator_ = clone(final).fit(Z[rows], y[rows], **params)

    def _check_inputs_of_final(self, X):
        """Refuse text that the default final estimator would get, before all fits."""
        final_is_ours = self.final_estimator is None
        if not (self.passthrough and final_is_ours) or sp.issparse(X):
            return
        try:
            np.asarray(X).astype(np.float64)
        except ValueError as error:  # a TypeError speaks for itself
            raise ValueError(
                "passthrough=True hands the columns of X to the final estimator, which "
                f"takes only numbers: {error}. Encode such columns first, pass a "
                "final_estimator that does, or take passthrough=False."
            ) from None

    def _with_inputs(self, parts, X):
        """Predictions as columns, followed by X if `passthrough`."""
        if self.passthrough and sp.issparse(X):
            return sp.hstack([*parts, X], format="csr")
        return np.hstack([*parts, np.asarray(X)] if self.passthrough else parts)

    # -- metadata ----------------------------------------------------------------------

    def _route(self, params):
        """Arguments of ``fit`` of every base estimator, final one and splitter."""
        params = {name: value for name, value in params.items() if value is not None}
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, "fit", **params)
        unknown = params.keys() - {"sample_weight", "groups"}
        if unknown:
            raise TypeError(
                f"fit got {sorted(unknown)}, which only metadata routing can send to "
                "the right estimators: "
                "sklearn.set_config(enable_metadata_routing=True)."
            )
        weight = params.get("sample_weight")
        groups = {"groups": params["groups"]} if "groups" in params else {}
        routed = {
            name: params if isinstance(e, FoldEnsemble) else weight_params(e, weight)
            for name, e in self._kept()
        }
        final = self._unfitted_final()
        routed["final_estimator"] = weight_params(final, weight)
        routed = {name: Bunch(fit=arguments) for name, arguments in routed.items()}
        return {**routed, "cv": Bunch(split=groups)}

    def get_metadata_routing(self):
        """Say who gets which metadata.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routes from `fit` to base estimators, final estimator and splitter.
        """
        fit = MethodMapping().add(caller="fit", callee="fit")
        split = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        for name, estimator in self._kept():
            router.add(**{name: estimator}, method_mapping=fit)
        final = self._unfitted_final()
        router.add(final_estimator=final, method_mapping=fit)
        # no base estimator can have this name, because it is a parameter
        return router.add(cv=self.cv, method_mapping=split)

    # -- answers -----------------------------------------------------------------------

    def transform(self, X):
        """Predict with the base models.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that all base estimators take.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_columns)
            The columns that the final estimator takes: predictions of the base
            models, then those of X if `passthrough`. Not the out-of-fold predictions,
            also for the rows of `fit`.
        """
        return self._columns_of(X)

    def _columns_of(self, X):
        check_is_fitted(self)
        parts = [columns(e._answers, e._answer(X)) for e in self.estimators_]
        return self._with_inputs(parts, X)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that all base estimators take.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the final estimator makes of the base models' predictions.
        """
        Z = self._columns_of(X)
        return self.final_estimator_.predict(Z)

    def get_feature_names_out(self, input_features=None):
        """Name the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X, for `passthrough`.

        Returns
        -------
        ndarray of str
            Name of the class, name of the base estimator, number of its column.
        """
        check_is_fitted(self)
        inputs = names_of_inputs(self, input_features, generate=self.passthrough)
        prefix = type(self).__name__.lower()
        names = []
        for (name, _), n in zip(self._kept(), self._n_columns, strict=True):
            numbers = [""] if n == 1 else range(n)
            names += [f"{prefix}_{name}{number}" for number in numbers]
        if self.passthrough:
            names.extend(inputs)
        return np.asarray(names, dtype=object)

    def _unfitted_final(self, y=None, sample_weight=None):
        if self.final_estimator is not None:
            return self.final_estimator
        return self._default_final(y, sample_weight)

    def _final(self):
        """The final estimator, or what will become it."""
        fitted = vars(self).get("final_estimator_")
        return self._unfitted_final() if fitted is None else fitted

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            all_tags = [tags_of(estimator) for _, estimator in self._kept()]
        except (TypeError, ValueError):  # fit complains of such `estimators`
            return tags
        for name in ("sparse", "allow_nan", "string", "categorical", "positive_only"):
            rule = any if name == "positive_only" else all
            value = rule(getattr(t.input_tags, name) for t in all_tags)
            setattr(tags.input_tags, name, value)
        all_tags.append(tags_of(self._final()))
        tags.target_tags.multi_output = all(
            t.target_tags.multi_output for t in all_tags
        )
        if tags.classifier_tags is not None:
            known = [t.classifier_tags for t in all_tags if t.classifier_tags]
            for name in ("multi_class", "multi_label"):
                value = all(getattr(t, name) for t in known)
                setattr(tags.classifier_tags, name, value)
        return tags
