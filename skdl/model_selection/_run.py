"""One run of a search: tries points, remembers trials, knows when to end."""

import traceback
from time import perf_counter

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import delayed

from skdl._validation import MultimetricScorer, fit_and_score
from skdl.model_selection._live import LiveLine
from skdl.model_selection._racing import Race
from skdl.model_selection._trials import Trial, best_so_far


class Run:
    """Tries points for a search, on all folds, in parallel.

    Parameters
    ----------
    search : SequentialSearchCV
        Its parameters say when to end, and how much to print.
    space : Space
        What points mean.
    seed : int
        For the choice of points.
    journal : Journal or None
        Where trials are looked up and written to.
    parallel : Parallel
        Gives results as they come.
    context : CallbackContext
        Of the search, for scikit-learn's callbacks.
    data : tuple
        X, y, and a list of pairs of training and test rows.
    **kwargs : dict
        For scikit-learn's `_fit_and_score`.
    """

    def __init__(self, search, space, seed, journal, parallel, context, data, **kwargs):
        self.space = space
        self.seed = seed
        self.trials = []
        self.scores = []  # what the search goes by; higher is better
        self._search = search
        # for callbacks only: it would travel to every worker
        self._caller = search if getattr(search, "_skl_callbacks", None) else None
        self._estimator = clone(search.estimator)
        self._journal = journal
        self._parallel = parallel
        self._X, self._y, self._splits = data
        self._kwargs = kwargs
        self._n_trials = min(search._n_trials(), space.n_points)
        self._context = context.subcontext(
            task_name="search",
            max_subtasks=self._n_trials * len(self._splits),
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=search)
        before = 0.0 if journal is None else journal.elapsed
        self._start = perf_counter()
        self._origin = self._start - before
        self._live = LiveLine(search.verbose, self._n_trials, search.timeout)

    @property
    def points(self):
        """All points tried, in order.

        Returns
        -------
        list of tuple
            Codes.
        """
        return [trial.point for trial in self.trials]

    @property
    def metric(self):
        """The score that the search goes by, where there are several.

        Returns
        -------
        str or None
            The one of `refit`, else the first; None where there is one only.
        """
        if isinstance(self._search.refit, str):
            return self._search.refit
        for trial in self.trials:
            for fold in trial.done:
                if isinstance(fold["test_scores"], dict):
                    return next(iter(fold["test_scores"]))
        return None

    @property
    def n_left(self):
        """How many trials may follow.

        Returns
        -------
        int
            Zero if the search is over: by number, time or patience.
        """
        search = self._search
        late = search.timeout is not None and self.seconds >= search.timeout
        if late and self.trials:  # one at least
            return 0
        if search.patience is not None and self.trials:
            best = best_so_far(self.trials, self.metric)
            since = max(-1 if best is None else best, search.init_points - 1)
            if len(self.trials) - 1 - since >= search.patience:
                return 0
        return self._n_trials - len(self.trials)

    @property
    def seconds(self):
        """Time since this run began.

        Returns
        -------
        float
            Without the time before it was killed, if it goes on from a journal.
        """
        return perf_counter() - self._start

    @property
    def saved(self):
        """What pruning has saved.

        Returns
        -------
        tuple of int and float
            Fits, and the seconds that they would have taken: as long as the other
            folds of the same candidate, on average.
        """
        fits, seconds = 0, 0.0
        for trial in self.trials:
            left_out = len(trial.folds) - len(trial.done)
            times = [fold["fit_time"] + fold["score_time"] for fold in trial.done]
            fits += left_out
            seconds += left_out * sum(times) / len(times)
        return fits, seconds

    def known(self, point):
        """The score of a point that was tried.

        Parameters
        ----------
        point : tuple
            Codes.

        Returns
        -------
        float or None
            None if it was not.
        """
        for trial, score in zip(self.trials, self.scores, strict=True):
            if trial.point == point:
                return score
        return None

    def journaled(self, n):
        """The next points, if the journal holds all of them.

        Parameters
        ----------
        n : int
            How many come next.

        Returns
        -------
        list of tuple or None
            None if they must be thought of.
        """
        if self._journal is None:
            return None
        return self._journal.points(len(self.trials), n)

    def try_points(self, points):
        """Fit and score candidates, unless the journal knows their scores.

        Parameters
        ----------
        points : list of tuple
            Candidates that have not been tried; they run side by side.

        Returns
        -------
        list of float
            What the search should think of them: NaN where a fit failed, and for a
            candidate that was given up what it would have scored.
        """
        race = self._race()
        found = [self._journal and self._journal.find(point) for point in points]
        trials = [
            known
            or Trial(
                len(self.trials) + i,
                point,
                self.space.params(point),
                [None] * len(self._splits),
            )
            for i, (known, point) in enumerate(zip(found, points, strict=True))
        ]
        new = [t for t, known in zip(trials, found, strict=True) if known is None]
        if race is None:
            self._fit(new, range(len(self._splits)))
        else:
            self._fit_by_fold(new, race)
        self.trials += trials
        scores = [self._score(trial, race) for trial in trials]
        self.scores += scores
        self._show(len(new))
        return scores

    def convergence(self):
        """How the search went on.

        Returns
        -------
        dict of list
            Columns by name, with an item for each trial.
        """
        scores = [trial.scores(self.metric).mean() for trial in self.trials]
        complete = [
            -np.inf if trial.pruned or np.isnan(score) else score
            for trial, score in zip(self.trials, scores, strict=True)
        ]
        best = np.maximum.accumulate(complete)
        folds = [trial.done for trial in self.trials]
        return {
            "score": scores,
            "best_score": np.where(np.isinf(best), np.nan, best),
            "pruned": [trial.pruned for trial in self.trials],
            "n_fits": [len(done) for done in folds],
            "fit_seconds": [sum(f["fit_time"] for f in done) for done in folds],
            "elapsed": [trial.elapsed for trial in self.trials],
        }

    def end(self):
        """Say that the search is over."""
        self._live.end()
        self._context.call_on_fit_task_end(estimator=self._search)

    def _race(self):
        """The race against the best trial so far; None without pruning."""
        if not self._search.prune:
            return None
        complete = [t.scores(self.metric) for t in self.trials if not t.pruned]
        complete = [scores for scores in complete if np.isfinite(scores).all()]
        if not complete:
            return Race(np.zeros(len(self._splits)), [])
        best = max(range(len(complete)), key=lambda i: complete[i].mean())
        others = complete[:best] + complete[best + 1 :]
        return Race(complete[best], others)

    def _score(self, trial, race):
        scores = trial.scores(self.metric)
        if trial.pruned and not np.isnan(scores).any():
            return race.expected(scores)
        return float(scores.mean())

    def _fit_by_fold(self, trials, race):
        for k in range(len(self._splits)):
            self._fit(trials, [k], finish=False)
            lost = [race.lost(trial.scores(self.metric)) for trial in trials]
            last = k == len(self._splits) - 1
            for trial, gone in zip(trials, lost, strict=True):
                if gone or last:
                    self._finish(trial)
            trials = [t for t, gone in zip(trials, lost, strict=True) if not gone]
            if not trials:
                return

    def _fit(self, trials, folds, finish=True):
        """Fit all of `trials` on all of `folds`, each of which may end at any time."""
        tasks = [(i, k) for i in range(len(trials)) for k in folds]
        # contexts are made beforehand: making one changes what others are pickling
        contexts = [
            self._context.subcontext(
                task_name="candidate-split-evaluation",
                task_id=trials[i].number * len(self._splits) + k,
            )
            for i, k in tasks
        ]
        missing = [len(folds)] * len(trials)
        results = self._parallel(
            delayed(_fit_one)(
                i,
                k,
                clone(self._estimator),
                self._X,
                self._y,
                train=self._splits[k][0],
                test=self._splits[k][1],
                parameters=trials[i].params,
                return_train_score=self._search.return_train_score,
                return_n_test_samples=True,
                return_times=True,
                error_score=self._search.error_score,
                verbose=max(self._search.verbose - 1, 0),
                caller=self._caller,
                callback_ctx=context,
                **self._kwargs,
            )
            for (i, k), context in zip(tasks, contexts, strict=True)
        )
        for i, k, out in results:
            trials[i].folds[k] = out
            missing[i] -= 1
            if finish and not missing[i]:
                self._finish(trials[i])

    def _finish(self, trial):
        trial.elapsed = perf_counter() - self._origin
        if self._journal is not None:
            self._journal.add(trial)

    def _show(self, n_fitted):
        best = best_so_far(self.trials, self.metric)
        fits, seconds = self.saved
        note = f", pruning saved {fits} fits ({seconds:.0f} s)" if fits else ""
        score = None if best is None else self.scores[best]
        self._live.show(len(self.trials), best, score, n_fitted, note)


def _fit_one(i, k, estimator, *args, parameters, **kwargs):
    """One candidate on one fold; parameters that it cannot take are a failed fit."""
    try:
        estimator.set_params(**clone(parameters, safe=False))
    except Exception:
        if kwargs["error_score"] == "raise":
            raise
        return i, k, _failed(kwargs)
    return i, k, fit_and_score(estimator, *args, parameters=parameters, **kwargs)


def _failed(kwargs):
    """What `_fit_and_score` returns where ``fit`` fails."""
    score, scorer = kwargs["error_score"], kwargs["scorer"]
    if isinstance(scorer, MultimetricScorer):
        score = dict.fromkeys(scorer._scorers, score)
    out = {
        "fit_error": traceback.format_exc(),
        "test_scores": score,
        "n_test_samples": len(kwargs["test"]),
        "fit_time": 0.0,
        "score_time": 0.0,
    }
    return {**out, "train_scores": score} if kwargs["return_train_score"] else out
