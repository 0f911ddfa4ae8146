"""What a search has tried, and the tables made of it."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass
class Trial:
    """One candidate of a search.

    Parameters
    ----------
    number : int
        Its place in the order of the search, from 0.
    point : tuple
        Its codes in the search space.
    params : dict
        What they mean to the estimator.
    folds : list of dict or None
        What scikit-learn's `_fit_and_score` returned for each fold, None where the
        fold was left out.
    elapsed : float
        Seconds from the beginning of the search to the end of this trial.
    """

    number: int
    point: tuple
    params: dict
    folds: list
    elapsed: float = float("nan")

    @property
    def done(self):
        """The folds that ran.

        Returns
        -------
        list of dict
            Without those left out.
        """
        return [fold for fold in self.folds if fold is not None]

    @property
    def pruned(self):
        """Whether folds were left out.

        Returns
        -------
        bool
            True if one is missing.
        """
        return len(self.done) < len(self.folds)

    def scores(self, metric):
        """Test scores of the folds that ran.

        Parameters
        ----------
        metric : str
            Which score, where there are several.

        Returns
        -------
        ndarray
            NaN where a fit failed.
        """
        all_scores = [fold["test_scores"] for fold in self.done]
        scores = [s[metric] if isinstance(s, dict) else s for s in all_scores]
        return np.array(scores, float)


def best_so_far(trials, metric):
    """The trial with the best mean score among those with all folds.

    Parameters
    ----------
    trials : list of Trial
        In the order in which they were tried; the first of equals wins.
    metric : str
        Which score, where there are several.

    Returns
    -------
    int or None
        Its position; None if no trial has succeeded.
    """
    best, best_score = None, -np.inf
    for i, trial in enumerate(trials):
        score = -np.inf if trial.pruned else trial.scores(metric).mean()
        if score > best_score:
            best, best_score = i, score
    return best


def with_all_folds(trial):
    """A trial's folds, those left out filled with the mean of those that ran.

    Parameters
    ----------
    trial : Trial
        Any trial.

    Returns
    -------
    list of dict
        One for each fold.
    """
    return [fold or _mean_fold(trial.done) for fold in trial.folds]


def mark_pruned(results, trials):
    """Say in ``cv_results_`` which folds were left out, and rank those trials last.

    Parameters
    ----------
    results : dict
        ``cv_results_`` of `with_all_folds`; changed in place. Means stay those of
        the folds that ran.
    trials : list of Trial
        In the order of the results.
    """
    pruned = np.array([trial.pruned for trial in trials])
    left_out = np.array([[fold is None for fold in trial.folds] for trial in trials])
    results["pruned"] = pruned
    scores = [k.removeprefix("split0_") for k in results if k.startswith("split0_")]
    for name in scores:
        table = np.array(
            [results[f"split{i}_{name}"] for i in range(left_out.shape[1])]
        ).T
        table[left_out] = np.nan
        for i, column in enumerate(table.T):
            results[f"split{i}_{name}"] = column
        stds = [np.std(row[~left]) for row, left in zip(table, left_out, strict=True)]
        results[f"std_{name}"] = np.array(stds)
        if name.startswith("test_"):
            results[f"rank_{name}"] = _ranks(results[f"mean_{name}"], pruned)


def _ranks(means, pruned):
    """Complete trials first, then pruned ones, then failed ones."""
    means = means.copy()
    complete = means[~pruned & ~np.isnan(means)]
    if pruned.any() and len(complete):
        means[pruned] -= max(np.nanmax(means[pruned]) - complete.min(), 0) + 1
    if np.isnan(means).all():
        return np.ones(len(means), dtype=np.int32)
    means[np.isnan(means)] = np.nanmin(means) - 1
    return rankdata(-means, method="min").astype(np.int32)


def _mean_fold(folds):
    fold = dict(folds[0], fit_error=None)
    for name in ("fit_time", "score_time"):
        fold[name] = float(np.mean([f[name] for f in folds]))
    for name in {"test_scores", "train_scores"} & set(fold):
        values = [f[name] for f in folds]
        if isinstance(values[0], dict):
            fold[name] = {k: float(np.mean([v[k] for v in values])) for k in values[0]}
        else:
            fold[name] = float(np.mean(values))
    return fold
