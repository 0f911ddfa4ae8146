"""When to give up on a candidate before all of its folds are fitted."""

import numpy as np

# In standard errors. Of candidates that would come out ahead on all folds, three to
# four in a hundred are then given up (simulated, with candidates as good as the best).
Z = 2.0
MIN_TRIALS = 4  # complete ones beside the best, before anything is known of the noise


class Race:
    """Compares a candidate's first folds with the same folds of the best so far.

    Folds differ in difficulty, but they do so for all candidates. Therefore the
    *differences* to the best candidate on the same folds are looked at. After k of n
    folds their mean d is an estimate of the final mean difference, with the standard
    error ``s * sqrt(1 / k - 1 / n)`` of a sample from a finite population, where s is
    the median, over the complete trials, of the standard deviation of such
    differences. A candidate is given up when d is over two standard errors.

    Parameters
    ----------
    best : ndarray of shape (n_folds,)
        Scores of the best candidate so far.
    others : list of ndarray of shape (n_folds,)
        Scores of the other complete candidates.

    References
    ----------
    Maron, O. and Moore, A. W. (1994). Hoeffding races: accelerating model selection
    search for classification and function approximation. NIPS 6. The idea of races;
    the bound here is the one of the normal distribution.
    """

    def __init__(self, best, others):
        self.best = best
        others = [other for other in others if np.isfinite(other).all()]
        known = len(best) > 1 and len(others) >= MIN_TRIALS
        spreads = [np.std(best - other, ddof=1) for other in others if known]
        self.spread = float(np.median(spreads)) if known else np.inf

    def lost(self, scores):
        """Whether a candidate is clearly worse than the best.

        Parameters
        ----------
        scores : ndarray of shape (k,)
            Its scores on the first k folds.

        Returns
        -------
        bool
            True if it is, or if a fit failed.
        """
        k, n = len(scores), len(self.best)
        if np.isnan(scores).any():
            return True
        behind = np.mean(self.best[:k] - scores)
        with np.errstate(invalid="ignore"):  # infinite times zero, after the last fold
            return bool(behind > Z * self.spread * np.sqrt(1 / k - 1 / n))

    def expected(self, scores):
        """The mean score that a candidate given up would have had.

        Parameters
        ----------
        scores : ndarray of shape (k,)
            Its scores on the first k folds.

        Returns
        -------
        float
            The best one's mean, less the mean difference so far.
        """
        return float(self.best.mean() - np.mean(self.best[: len(scores)] - scores))
