"""Searches that choose the next candidates by the scores of those before."""

import numbers
import os
from abc import abstractmethod
from copy import deepcopy
from time import perf_counter

from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.callback import with_callbacks
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags, indexable
from sklearn.utils.validation import check_is_fitted

from skdl._fingerprint import fingerprint, fingerprints
from skdl._parallel import workers
from skdl._remarks import remarks_once
from skdl._splits import refuse_disorder, row_numbers, weight_params
from skdl._targets import refuse_unsortable
from skdl._validation import (
    BaseSearchCV,
    Interval,
    MultimetricScorer,
    fit_params_of_rows,
    insert_error_scores,
    warn_or_raise_about_fit_failures,
)
from skdl.base._unchanged import or_unchanged
from skdl.model_selection._journal import Journal
from skdl.model_selection._run import Run
from skdl.model_selection._spaces import Space
from skdl.model_selection._trials import mark_pruned, with_all_folds


class SequentialSearchCV(BaseSearchCV):
    """What the searches share; they say by `_search` which points to try.

    scikit-learn's own `fit` fits every candidate that it is given, on all folds. Here
    a candidate may come from a journal or be given up between two folds, so `fit` is
    a method of its own. Everything around it is scikit-learn's: scorers, routing,
    fitting and scoring one fold, the columns of the results, the choice of the best.
    """

    _parameter_constraints = {  # noqa: RUF012, as in scikit-learn
        **BaseSearchCV._parameter_constraints,
        "search_spaces": [dict],
        "init_points": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_iter": [Interval(numbers.Integral, 0, None, closed="left")],
        "timeout": [None, Interval(numbers.Real, 0, None, closed="neither")],
        "patience": [None, Interval(numbers.Integral, 1, None, closed="left")],
        "journal": [None, str, os.PathLike],
        "random_state": ["random_state"],
    }
    prune = False

    def __init__(
        self,
        estimator,
        search_spaces,
        *,
        init_points,
        n_iter,
        timeout,
        patience,
        journal,
        random_state,
        **kwargs,
    ):
        super().__init__(estimator, **kwargs)
        self.search_spaces = search_spaces
        self.init_points = init_points
        self.n_iter = n_iter
        self.timeout = timeout
        self.patience = patience
        self.journal = journal
        self.random_state = random_state

    @abstractmethod
    def _search(self, run):
        """Have points tried while ``run.n_left``; return what becomes `optimizer_`."""

    def _check_search(self):
        """Complain about parameters, before anything is fitted or timed."""

    def _settings(self):
        """Parameters that decide which candidates are tried, by name."""
        return {"init_points": self.init_points}

    def _n_trials(self):
        return self.init_points + self.n_iter

    @or_unchanged
    @with_callbacks
    @remarks_once
    def fit(self, X, y=None, **params):
        """Search, then fit the best candidate on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets.
        **params : dict of str -> object
            Arguments of the estimator's ``fit``, the scorers and the splitter, as in
            `sklearn.model_selection.GridSearchCV`. Those with a value for each row
            are split with the rows.

        Returns
        -------
        self
            The fitted search.

        Raises
        ------
        ValueError
            If a parameter does not exist, a range cannot be read, the journal is of
            another search, or every single fit has failed.

        Warns
        -----
        sklearn.exceptions.FitFailedWarning
            If some fits failed; their candidates count as worst.
        """
        self._validate_params()
        self._check_search()
        space = Space(self.search_spaces)
        _check_names(self.estimator, space)
        scorers, refit_metric = self._get_scorers()
        if y is None and get_tags(self.estimator).target_tags.required:
            raise ValueError(
                f"{type(self.estimator).__name__} requires y to be passed, but the "
                "target y is None. Give one target for each row of X."
            )
        X, y = indexable(X, y)
        params = fit_params_of_rows(X, params)
        routed = self._get_routed_params_for_fit(params)
        shown = {"X": X, "y": y, "metadata": None}
        if params.get("sample_weight") is not None:
            shown["metadata"] = {"sample_weight": params["sample_weight"]}
        context = self._init_callback_context(
            max_subtasks=1 + (self.refit is not False)
        ).call_on_fit_task_begin(estimator=self, **shown)
        classifier = is_classifier(self.estimator)
        if classifier:
            refuse_unsortable(y)
        cv = check_cv(self.cv, y, classifier=classifier)
        parts = cv.split(X, y, **routed.splitter.split)
        splits = [tuple(map(row_numbers, part)) for part in parts]
        for split in splits:
            refuse_disorder(self.estimator, cv, *split)
        self.n_splits_ = len(splits)
        # None and generators give another seed each time; a journal keeps the first
        seed = self.random_state
        if not isinstance(seed, numbers.Integral):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        journal = None
        if self.journal is not None:
            about = self._described(X, y, params, splits)
            journal = Journal(self.journal, about, seed, space)
            seed = journal.seed
        fit_params = routed.estimator.fit
        routing = get_config()["enable_metadata_routing"]
        if isinstance(self.estimator, Pipeline) and not routing:
            fit_params = {**fit_params}  # a pipeline's fit takes no plain weights
            weight = fit_params.pop("sample_weight", None)
            fit_params.update(weight_params(self.estimator, weight))
        with workers(
            n_jobs=self.n_jobs,
            pre_dispatch=self.pre_dispatch,
            return_as="generator_unordered",
        ) as parallel:
            run = Run(
                self,
                space,
                seed,
                journal,
                parallel,
                context,
                (X, y, splits),
                scorer=scorers,
                fit_params=fit_params,
                score_params=routed.scorer.score,
            )
            try:
                self.optimizer_ = self._search(run)
            finally:
                run.end()
                if journal is not None:
                    journal.close()
        results = self._results(run.trials)
        if callable(self.scoring) and self.multimetric_:
            refit_metric = self.refit
        self._convergence = run.convergence()
        self.n_fits_saved_, self.time_saved_ = run.saved
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(
                self.refit, refit_metric, results
            )
            if not callable(self.refit):
                mean = results[f"mean_test_{refit_metric}"]
                self.best_score_ = mean[self.best_index_]
            self.best_params_ = results["params"][self.best_index_]
        if self.refit:
            self._refit(X, y, fit_params, context, shown)
        several = isinstance(scorers, MultimetricScorer)
        self.scorer_ = scorers._scorers if several else scorers
        self.cv_results_ = results
        context.call_on_fit_task_end(estimator=self, **shown)
        return self

    def convergence(self):
        """How the search went on, trial by trial.

        Returns
        -------
        DataFrame
            One row for each trial, in the order of ``cv_results_``, with columns
            score (mean over the folds that ran, of the metric that the search went
            by), best_score (so far), pruned, n_fits, fit_seconds (all folds
            together), and elapsed (seconds from the beginning; a search that was
            killed goes on counting where it was).

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        check_is_fitted(self, "_convergence")
        import pandas as pd

        frame = pd.DataFrame(self._convergence)
        frame.index.name = "trial"
        return frame

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        own = get_tags(self.estimator)
        tags.target_tags = deepcopy(own.target_tags)  # several outputs, for example
        tags.input_tags.allow_nan = own.input_tags.allow_nan
        return tags

    def _results(self, trials):
        """``cv_results_``, after what scikit-learn says about failed fits."""
        outs = [fold for trial in trials for fold in trial.done]
        warn_or_raise_about_fit_failures(outs, self.error_score)
        if callable(self.scoring):
            insert_error_scores(outs, self.error_score)
        self.multimetric_ = isinstance(outs[0]["test_scores"], dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(outs[0]["test_scores"])
        results = self._format_results(
            [trial.params for trial in trials],
            self.n_splits_,
            [fold for trial in trials for fold in with_all_folds(trial)],
        )
        if self.prune:
            mark_pruned(results, trials)
        return results

    def _refit(self, X, y, fit_params, context, shown):
        # clones of the parameters too: they may be estimators
        best = clone(self.best_params_, safe=False)
        self.best_estimator_ = clone(self.estimator).set_params(**best)
        task = context.subcontext(task_name="refit-with-best-params")
        targets = () if y is None else (y,)
        with task.propagate_callback_context(self.best_estimator_):
            task.call_on_fit_task_begin(estimator=self, **shown)
            start = perf_counter()
            self.best_estimator_.fit(X, *targets, **fit_params)
            self.refit_time_ = perf_counter() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_
        task.call_on_fit_task_end(estimator=self, **shown)

    def _described(self, X, y, params, splits):
        """What makes this search this search, for its journal."""
        whole = isinstance(self.random_state, numbers.Integral)
        settings = {
            "X": X,
            "y": y,
            "arguments of fit": params,
            "folds": splits,
            "search_spaces": self.search_spaces,
            "scoring": self.scoring,
            "refit": self.refit,
            "error_score": self.error_score,
            "return_train_score": self.return_train_score,
            "random_state": self.random_state if whole else "drawn",
            **self._settings(),
        }
        return {
            "search": type(self).__name__,
            **fingerprints(self.estimator),
            **{name: fingerprint(value) for name, value in settings.items()},
        }


def _check_names(estimator, space):
    """Complain about parameters that do not exist before anything is fitted."""
    known = estimator.get_params()
    for name in space.names:
        parts = name.split("__")
        owners = {"__".join(parts[:i]) for i in range(1, len(parts))}
        # of an estimator that the search itself puts in nothing is known yet
        if name not in known and not owners & set(space.names):
            clone(estimator).set_params(**{name: None})
