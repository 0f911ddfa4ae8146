"""Search by the simplex method of Nelder and Mead, with cross-validation."""

import numpy as np
from joblib import effective_n_jobs
from scipy.optimize import OptimizeResult, minimize

from skdl.model_selection._sequential import SequentialSearchCV
from skdl.model_selection._spaces import Categorical

STEP = 0.15  # from a simplex's first corner to the others, in units of a range
TOLERANCE = 0.005  # a simplex as small as this has converged
MAX_IDLE = 200  # corners in a row whose scores were all known already


class NelderMeadSearchCV(SequentialSearchCV):
    """Search by the simplex method of Nelder and Mead.

    Some random points are tried, then a simplex (a triangle, in two dimensions) walks
    downhill from the best of them. When it has shrunk to a point, the next one begins
    at the second best, and so on. It needs no model of the scores and improves a good
    start quickly; it tries one candidate at a time and follows noise, so that
    `BayesSearchCV` is mostly the better choice. Categories stay what they are at the
    start of a simplex.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator or pipeline.
    search_spaces : dict
        From parameter names to ranges or lists, as for `BayesSearchCV`.
    init_points : int, default=10
        How many random points come first.
    n_iter : int, default=100
        How many trials follow.
    timeout : float, default=None
        Seconds after which no further candidate is begun.
    patience : int, default=None
        How many trials without a new best score end the search.
    journal : str or os.PathLike, default=None
        A file to which each finished trial is written, and from which a search goes
        on that was killed, as for `BayesSearchCV`.
    scoring : str, callable, list, tuple or dict, default=None
        As for `BayesSearchCV`.
    n_jobs : int, default=None
        How many fits run side by side: the folds of a candidate, and the first
        random points.
    refit : bool, str or callable, default=True
        As for `BayesSearchCV`.
    cv : int, splitter or iterable, default=None
        Five folds, stratified for classifiers.
    verbose : int, default=0
        1 shows a line with the best score and the time left; more shows each fit.
    pre_dispatch : int or str, default="2*n_jobs"
        How many fits are handed to the workers in advance.
    random_state : int, RandomState instance or None, default=None
        Decides the random points.
    error_score : "raise" or float, default=nan
        The score of a fit that fails; the search goes on.
    return_train_score : bool, default=False
        Whether scores of the training rows are computed too.

    Attributes
    ----------
    best_params_, best_score_, best_index_, best_estimator_, refit_time_ : object
        As in `sklearn.model_selection.GridSearchCV`, of the best candidate.
    cv_results_ : dict
        As in `sklearn.model_selection.GridSearchCV`, a row for each trial.
    optimizer_ : list of scipy.optimize.OptimizeResult
        One for each simplex; ``x`` is in units of the ranges.
    n_splits_, scorer_, multimetric_ : object
        As in `sklearn.model_selection.GridSearchCV`.

    See Also
    --------
    BayesSearchCV : Search with a model of the scores.

    References
    ----------
    Nelder, J. A. and Mead, R. (1965). A simplex method for function minimization. The
    Computer Journal 7, 308-313.

    Gao, F. and Han, L. (2012). Implementing the Nelder-Mead simplex algorithm with
    adaptive parameters. Computational Optimization and Applications 51, 259-277. Used
    from three dimensions on.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from skdl.model_selection import NelderMeadSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> ranges = {"C": (0.01, 100, "log-uniform"), "gamma": (0.001, 1, "log-uniform")}
    >>> search = NelderMeadSearchCV(SVC(), ranges, n_iter=20, random_state=0)
    >>> bool(search.fit(X, y).best_score_ > 0.96)
    True
    """

    def __init__(
        self,
        estimator,
        search_spaces,
        *,
        init_points=10,
        n_iter=100,
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

    def _search(self, run):
        return Simplexes(run, self.init_points, self.n_jobs).search()


class Simplexes:
    """Simplexes one after another: the first from the best of some random points.

    When one has converged, the next begins at the best of those points from which
    none has begun yet, then at new random ones. Categories stay what they are at the
    start of a simplex, which moves in the other dimensions.

    Parameters
    ----------
    run : Run
        Tries points.
    init_points : int
        How many random points come first.
    n_jobs : int or None
        How many of these are tried side by side.
    """

    def __init__(self, run, init_points, n_jobs):
        self._run = run
        self._n_jobs = n_jobs
        self._dimensions = run.space.dimensions
        self._rng = np.random.default_rng(run.seed)
        first = run.space.spread(init_points, self._rng)
        self._starts = list(dict.fromkeys(first))
        self._moving = [
            i for i, d in enumerate(self._dimensions) if not isinstance(d, Categorical)
        ]
        self._idle = 0

    def search(self):
        """Try points until the run is over, or nothing new comes.

        Returns
        -------
        list of OptimizeResult
            One for each simplex; the last may have been cut off.
        """
        results = []
        try:
            size = effective_n_jobs(self._n_jobs)  # side by side; the order stays
            for i in range(0, len(self._starts), size):
                if self._run.n_left:
                    points = self._starts[i : i + size]
                    self._run.try_points(points[: self._run.n_left])
            starts = sorted(self._starts, key=self._loss)
            while self._run.n_left and self._idle < MAX_IDLE:
                if not starts:
                    starts = self._run.space.random(1, self._rng)
                start = starts.pop(0)
                self._descend(start, results)
        except _Over:
            pass
        return results

    def _descend(self, start, results):
        """One simplex from `start`; its result is added even if the run ends."""
        results.append(OptimizeResult(fun=np.inf, success=False, message="cut off"))

        def loss(units):
            point = list(start)
            for i, unit in zip(self._moving, units, strict=True):
                point[i] = self._dimensions[i]._decode(float(unit))
            value = self._loss(tuple(point))
            if value <= results[-1].fun:
                results[-1].update(x=units.copy(), fun=value)
            return value

        edges = [self._dimensions[i]._encode(start[i])[0] for i in self._moving]
        corner = np.array(edges, dtype=float)
        if not len(corner):
            loss(corner)
            return
        # towards the middle, so that no corner is cut off by a bound
        steps = np.diag(np.where(corner > 0.5, -STEP, STEP))
        results[-1] = minimize(
            loss,
            corner,
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * len(corner),
            options={
                "initial_simplex": np.vstack([corner, corner + steps]),
                "xatol": TOLERANCE,
                "fatol": np.inf,  # steps in the score of a fold are no convergence
                "adaptive": len(corner) > 2,
            },
        )

    def _loss(self, point):
        """The negative score of a point, tried if it has not been."""
        score = self._run.known(point)
        if score is None:
            if not self._run.n_left:
                raise _Over
            score = self._run.try_points([point])[0]
            self._idle = 0
        else:
            self._idle += 1
            if self._idle >= MAX_IDLE:
                raise _Over
        return np.inf if np.isnan(score) else -score


class _Over(Exception):
    """The run is over, in the midst of a simplex."""
