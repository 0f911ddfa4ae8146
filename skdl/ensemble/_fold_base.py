"""What both fold ensembles share: fit, combine, answer."""

import copy
import numbers
from typing import ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skdl._remarks import remarks_once, warn_user
from skdl._splits import (
    fit_on_rows,
    last_step,
    refuse_forecaster,
    weight_in,
    weight_params,
    with_epochs,
)
from skdl._validation import (
    HasMethods,
    StrOptions,
    indexable_rows,
    scorer_takes_weights,
    tags_of,
)
from skdl.base._unchanged import or_unchanged
from skdl.ensemble._answers import response_method
from skdl.ensemble._folds import (
    Task,
    check_row_weights,
    fit_folds,
    out_of_fold,
    seeded,
    seeds_of,
    splits_of,
    subtask,
)
from skdl.ensemble._missing_classes import warn_of_missing_classes
from skdl.ensemble._outliers import outlying, warn_of_outlying
from skdl.ensemble._reuse import data_key, fit_key

# combine -> the epochs of the model that is fitted on all rows
REFIT_EPOCHS = {"refit_mean": np.mean, "refit_max": np.max}
# combine -> which of the fold models answers alone
CHOICES = {"average": None, "best": np.nanargmax}


def if_this_is_how_they_answer(method):
    """Have a method only where the fold models' answers are read from theirs."""
    return available_if(
        lambda self: response_method(self._example()) == method.__name__
    )(method)


class FoldEnsemble(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """What both fold ensembles share: fit, combine, answer."""

    # Row weights are handed on, not used by the ensemble itself.
    __metadata_request__fit: ClassVar[dict] = {"sample_weight": UNUSED}
    _fit_key = None

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "cv": ["cv_object"],
        "combine": [StrOptions({*CHOICES, *REFIT_EPOCHS})],
        "scoring": [str, callable, None],
        "random_state": ["random_state"],
        "n_jobs": [None, numbers.Integral],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator,
        *,
        cv=5,
        combine="average",
        scoring=None,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.cv = cv
        self.combine = combine
        self.scoring = scoring
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @or_unchanged
    @with_callbacks
    @remarks_once
    def fit(self, X, y, sample_weight=None, **params):
        """Fit a model for each fold, and combine them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that `estimator` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights, for the estimator (in a pipeline its last step) and the score.
        **params : dict
            ``groups`` for the splitter, and further arguments of the estimator's
            ``fit``. With metadata routing enabled, whatever estimator, splitter and
            scorer request.

        Returns
        -------
        self
            The fitted ensemble.

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
        UserWarning
            If a new model on all rows cannot get the epochs of a network inside
            `estimator`, which is not the last step of a pipeline.
        """
        self._validate_params()
        X, y = indexable_rows(X, y, type(self).__name__)
        check_row_weights(sample_weight, X)
        context = self._init_callback_context(max_subtasks=2)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        params["sample_weight"] = sample_weight
        key = fit_key(data_key(X, y), self, params)
        task = self._task(X, y, **params)
        warn_of_missing_classes(task.splits, task.y, task.answers, type(self).__name__)
        (folds,) = fit_folds(
            [task], X, self, context, n_jobs=self.n_jobs, verbose=self.verbose
        )
        self._take(task, folds, X, context)
        self._fit_key = key
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    # -- steps of fit, which the blender takes as well ---------------------------------

    def _task(self, X, y, **params):
        """The work to be done, for arguments of ``fit``."""
        return self._routed_task(X, y, *self._route(params))

    def _route(self, params):
        """Arguments for the estimator's fit, the split and the score."""
        params = {name: value for name, value in params.items() if value is not None}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            # without arguments the answer knows every name
            scorer = routed.scorer.score if self.scoring is not None else {}
            return routed.estimator.fit, routed.splitter.split, scorer
        weight = params.pop("sample_weight", None)
        groups = {"groups": params.pop("groups")} if "groups" in params else {}
        score = {}
        if weight is not None and self.scoring is not None:
            scorer = check_scoring(self.estimator, scoring=self.scoring)
            score = {"sample_weight": weight} if scorer_takes_weights(scorer) else {}
        return {**params, **weight_params(self.estimator, weight)}, groups, score

    def _routed_task(self, X, y, fit_params, split_params, score_params):
        self._check_estimator()
        answers, y = self._answers_for(y)
        splits = splits_of(
            self.cv, X, y, classifier=is_classifier(self), params=split_params
        )
        scorer = self.scoring
        if scorer is not None:
            scorer = check_scoring(self.estimator, scoring=scorer)
        return Task(
            estimator=self.estimator,
            splits=splits,
            fit_params=fit_params,
            answers=answers,
            weight=weight_in(self.estimator, fit_params),
            scorer=scorer,
            score_params=score_params,
            y=y,
            seeds=seeds_of(self.random_state, len(splits) + 1),  # one for a refit
        )

    def _take(self, task, folds, X, context):
        """Keep the fitted folds, and combine them."""
        scores = np.array([fold.score for fold in folds])
        if self.combine == "best" and np.isnan(scores).all():
            raise ValueError(
                f"combine='best' with scoring={self.scoring!r}: the score is NaN for "
                f"all {len(scores)} folds, so none is the best. Take a scorer that is "
                "defined for the rows of a fold, or combine='average'."
            )
        for name in ("n_features_in_", "feature_names_in_", "estimator_"):
            vars(self).pop(name, None)
        self._answers = task.answers
        if hasattr(task.answers, "classes"):
            self.classes_ = task.answers.classes
        self.estimators_ = [fold.model for fold in folds]
        self.fold_scores_ = scores
        self.fold_epochs_ = [fold.epoch for fold in folds]
        self.fold_rows_ = [fold.test for fold in folds]
        self.oof_prediction_ = out_of_fold(folds, len(task.y))
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        if self.combine in REFIT_EPOCHS:
            self.estimator_ = self._refit(task, X, context)
        elif CHOICES[self.combine] is not None:
            choice = CHOICES[self.combine](self.fold_scores_)
            self.estimator_ = self.estimators_[choice]
        share = task.answers.share or self.scoring is not None
        n_rows = int(np.median([len(rows) for rows in self.fold_rows_]))
        self.outlier_folds_ = outlying(self.fold_scores_, n_rows if share else None)
        name = type(last_step(self.estimator)).__name__
        warn_of_outlying(self.outlier_folds_, self.fold_scores_, name)

    def _refit(self, task, X, context):
        model = clone(self.estimator)
        knows_epochs = "epochs" in last_step(model).get_params(deep=False)
        if not knows_epochs:
            self._warn_of_hidden_epochs()
        if knows_epochs and None not in self.fold_epochs_:
            epochs = REFIT_EPOCHS[self.combine](self.fold_epochs_)
            model = with_epochs(self.estimator, max(1, round(float(epochs))))
        model = seeded(model, task.seeds[-1])
        everything = np.arange(len(task.y))
        refit = context.subcontext(task_name="refit")
        with subtask(refit, model, self, X, task.y):
            return fit_on_rows(model, X, task.y, everything, params=task.fit_params)

    def _warn_of_hidden_epochs(self):
        names = self.estimator.get_params()
        hidden = next((name for name in names if name.endswith("__epochs")), None)
        if hidden is None:
            return
        name = type(last_step(self.estimator)).__name__
        text = (
            f"combine={self.combine!r} found no best epochs: {name} hides them, so the "
            f"model on all rows trains with {hidden}={names[hidden]!r}, and the folds "
            "did not serve for early stopping. Let the network itself be the "
            "estimator or the last step of a pipeline (DenseRegressor scales its "
            "target by itself), or take combine='average'."
        )
        warn_user(UserWarning(text))

    def _check_estimator(self):
        """Refuse what cannot be a model of a fold."""
        refuse_forecaster(self.estimator, type(self).__name__)
        tags, own = tags_of(self.estimator), tags_of(self).estimator_type
        if tags.estimator_type not in (own, None):
            raise ValueError(
                f"estimator={self.estimator!r} is a {tags.estimator_type}, but "
                f"{type(self).__name__} needs a {own}."
            )
        if tags.input_tags.pairwise and self.combine not in REFIT_EPOCHS:
            raise ValueError(
                f"estimator={self.estimator!r} takes a matrix of kernels or distances "
                "to its training rows, which differ from fold to fold. Give it the "
                f"rows themselves, or take combine='refit_mean', not {self.combine!r}."
            )

    # -- answers -----------------------------------------------------------------------

    def _example(self):
        """A fold model, or what will become one."""
        return vars(self).get("estimators_", [self.estimator])[0]

    def _answer(self, X):
        """What the combined models say, in the form of ``oof_prediction_``."""
        check_is_fitted(self)
        if hasattr(self, "estimator_"):
            return self._answers(self.estimator_, X)
        total = sum(self._answers(model, X) for model in self.estimators_)
        return total / len(self.estimators_)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in any form that `estimator` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of several models the mean, or the class with the largest mean probability
            (decision value, share of votes); of a single model what it predicts.
        """
        check_is_fitted(self)
        if hasattr(self, "estimator_"):
            return self.estimator_.predict(X)
        return self._answers.labels(self._answer(X))

    def get_metadata_routing(self):
        """Say who gets which metadata.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routes from `fit` to estimator, splitter and scorer.
        """
        fit = MethodMapping().add(caller="fit", callee="fit")
        split = MethodMapping().add(caller="fit", callee="split")
        score = MethodMapping().add(caller="fit", callee="score")
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(estimator=self.estimator, method_mapping=fit)
        router.add(splitter=self.cv, method_mapping=split)
        if self.scoring is not None:
            scorer = check_scoring(self.estimator, scoring=self.scoring)
            router.add(scorer=scorer, method_mapping=score)
        return router

    def __sklearn_tags__(self):
        tags, theirs = super().__sklearn_tags__(), tags_of(self.estimator)
        tags.input_tags = copy.deepcopy(theirs.input_tags)
        tags.target_tags = copy.deepcopy(theirs.target_tags)
        for name in ("classifier_tags", "regressor_tags"):
            if getattr(tags, name) is not None and getattr(theirs, name) is not None:
                setattr(tags, name, copy.deepcopy(getattr(theirs, name)))
        return tags
