"""Bayesian search with cross-validation."""

import numbers

import numpy as np

from skdl._validation import Interval
from skdl.model_selection._sequential import SequentialSearchCV


class BayesSearchCV(SequentialSearchCV):
    """Search that learns from the scores so far where to look next.

    A Gaussian process is fitted to the scores of the candidates tried, and the next
    candidate is the one with the most promise: a high score expected, or much that
    is not known. Whatever `estimator` is, it needs fewer fits than a random search
    to be as good.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator or pipeline.
    search_spaces : dict
        From parameter names to what may be chosen:

        - ``(low, high)``: a range, of integers if both are integers, else real;
        - ``(low, high, "log-uniform")``: the same on a log scale;
        - a list: categories, whatever it holds: ``[16, 32]``, ``[True, False]``,
          ``[(64,), (64, 32)]``, ``["relu", "selu"]``; tuples of anything but two
          numbers as well;
        - `Real`, `Integer`, `Categorical`.
    init_points : int, default=10
        How many candidates come before the model is asked; they are spread evenly
        (Latin hypercube).
    n_iter : int, default=100
        How many candidates follow. No candidate is tried twice: a finite space that
        is used up ends the search.
    n_points : int, default=1
        How many candidates are chosen at a time, to run side by side. The model takes
        the median score for those whose score is not known yet (a constant liar).
    acquisition : {"ei", "ucb", "poi"} or AcquisitionFunction, default="ei"
        What makes a candidate promising: expected improvement, upper confidence
        bound, or probability of improvement. An instance from
        ``bayes_opt.acquisition`` makes its suggestions itself.
    prune : bool, default=False
        Give a candidate up between two folds when it is clearly worse than the best
        one on the same folds: by more than two standard errors of their mean
        difference. Folds are then fitted one after another, so at most `n_points`
        fits run side by side.
    timeout : float, default=None
        Seconds after which no further candidate is begun.
    patience : int, default=None
        How many trials without a new best score end the search.
    journal : str or os.PathLike, default=None
        A file (JSON lines) to which each finished trial is written at once. A search
        that was killed goes on from it: call ``fit`` again, with the same data and
        parameters; `n_iter`, `timeout`, `patience`, `n_jobs` and `verbose` may
        differ. Nothing finished is fitted twice, and the result is that of a search
        that was never killed. The estimator and the splitter need a fixed
        `random_state` for that. Searches that run within another cross-validation
        have other data each time, and need none or one each.
    scoring : str, callable, list, tuple or dict, default=None
        As in `sklearn.model_selection.GridSearchCV`. Of several metrics the search
        goes by the one that `refit` names, else by the first.
    n_jobs : int, default=None
        How many fits run side by side: `n_points` times the number of folds at most.
        Workers of their own, also of a Dask cluster, are chosen by
        ``joblib.parallel_config``.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all rows; with several metrics, which
        one is the best, as in `sklearn.model_selection.GridSearchCV`.
    cv : int, splitter or iterable, default=None
        Five folds, stratified for classifiers.
    verbose : int, default=0
        1 shows a line with the best score and the time left; more shows each fit.
    pre_dispatch : int or str, default="2*n_jobs"
        How many fits are handed to the workers in advance.
    random_state : int, RandomState instance or None, default=None
        Decides which candidates are tried.
    error_score : "raise" or float, default=nan
        The score of a fit that fails. A candidate whose fits fail is a bad trial and
        the search goes on.
    return_train_score : bool, default=False
        Whether scores of the training rows are computed too.

    Attributes
    ----------
    best_params_, best_score_, best_index_, best_estimator_, refit_time_ : object
        As in `sklearn.model_selection.GridSearchCV`, of the best candidate.
    cv_results_ : dict
        As in `sklearn.model_selection.GridSearchCV`, a row for each trial in the
        order of the search. With ``prune=True`` there is a column pruned; the scores
        of folds left out are NaN, means are over the folds that ran, and ranks put
        such candidates behind all others; a function for `refit` should go by ranks.
    optimizer_ : bayes_opt.BayesianOptimization
        Knows all trials, for plots and further questions: its ``res``, ``max``,
        ``predict``, ``suggest``. None if nothing could be varied.
    n_fits_saved_, time_saved_ : int, float
        Fits that pruning has saved, and their seconds, estimated by the other folds of
        the same candidates.
    n_splits_, scorer_, multimetric_ : object
        As in `sklearn.model_selection.GridSearchCV`.

    See Also
    --------
    NelderMeadSearchCV : Search without a model.
    skdl.display.SearchDisplay : A figure of how the search went on.

    Notes
    -----
    Candidates follow from `random_state` and the scores alone, never from times or
    from `n_jobs`. The model has one length scale for each number and each category,
    kept in a sensible range by a prior, on scores whose disastrous values are drawn
    near; integers and categories are themselves to it, never numbers in between.

    References
    ----------
    Snoek, J., Larochelle, H. and Adams, R. P. (2012). Practical Bayesian optimization
    of machine learning algorithms. NIPS 25.

    Ginsbourger, D., Le Riche, R. and Carraro, L. (2010). Kriging is well-suited to
    parallelize optimization. The constant liar.

    Garrido-Merchan, E. C. and Hernandez-Lobato, D. (2020). Dealing with categorical
    and integer-valued variables in Bayesian optimization with Gaussian processes.
    Neurocomputing 380, 20-35.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdl import DenseClassifier
    >>> from skdl.model_selection import BayesSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = BayesSearchCV(
    ...     DenseClassifier(epochs=20, random_state=0),
    ...     {
    ...         "learning_rate": (1e-3, 0.1, "log-uniform"),
    ...         "hidden_units": [(16,), (32,)],
    ...     },
    ...     init_points=4,
    ...     n_iter=4,
    ...     cv=3,
    ...     random_state=0,
    ... )
    >>> sorted(search.fit(X, y).best_params_)
    ['hidden_units', 'learning_rate']
    >>> len(search.convergence())
    8
    """

    def __init__(
        self,
        estimator,
        search_spaces,
        *,
        init_points=10,
        n_iter=100,
        n_points=1,
        acquisition="ei",
        prune=False,
        timeout=None,
        patience=None,
        journal=None,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
    ):
        super().__init__(
            estimator,
            search_spaces,
            init_points=init_points,
            n_iter=n_iter,
            timeout=timeout,
            patience=patience,
            journal=journal,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.n_points = n_points
        self.acquisition = acquisition
        self.prune = prune

    _parameter_constraints = {  # noqa: RUF012, as in scikit-learn
        **SequentialSearchCV._parameter_constraints,
        "n_points": [Interval(numbers.Integral, 1, None, closed="left")],
        "acquisition": "no_validation",
        "prune": ["boolean"],
    }

    def _settings(self):
        names = ("n_points", "acquisition", "prune")
        return {**super()._settings(), **{name: getattr(self, name) for name in names}}

    def _check_search(self):
        from bayes_opt.acquisition import AcquisitionFunction, ConstantLiar

        from skdl.model_selection._proposals import ACQUISITIONS

        function = self.acquisition
        if isinstance(function, ConstantLiar):
            raise ValueError(
                f"acquisition={function!r}: the search has a constant liar of its own, "
                "which knows categories. Set n_points, and give its base_acquisition."
            )
        if not isinstance(function, AcquisitionFunction) and (
            not isinstance(function, str) or function not in ACQUISITIONS
        ):
            raise ValueError(
                f"acquisition={function!r} must be one of {sorted(ACQUISITIONS)}, or "
                "an instance from bayes_opt.acquisition."
            )

    def _search(self, run):
        from skdl.model_selection._proposals import Proposals, library_optimizer

        proposals = Proposals(
            run.space, self.acquisition, init_points=self.init_points, seed=run.seed
        )
        while n := min(self.n_points, run.n_left):
            points = run.journaled(n) or proposals.next(run.points, run.scores, n)
            run.try_points(points)
        if not run.space.n_columns:
            return None
        trials = zip(run.points, run.scores, strict=True)
        known = [(p, s) for p, s in trials if np.isfinite(s)]
        rng = np.random.default_rng(run.seed)
        return library_optimizer(run.space, self.acquisition, known, rng)
