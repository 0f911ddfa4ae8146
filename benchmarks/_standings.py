"""How contenders stand to one another over many tables."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from benchmarks._trials import FIRST

DECIMALS = 9  # scores which agree to so many are equal


class Duel(NamedTuple):
    """One contender against another, table by table."""

    wins: int
    losses: int
    ties: int
    p: float  # of Wilcoxon's signed-rank test, two-sided


class Standings:
    """Figures of one task.

    Parameters
    ----------
    trials : list of Trial
    task : {"classification", "regression"}

    Attributes
    ----------
    tables, contenders : list of str
        In the order in which they ran.
    """

    def __init__(self, trials, task):
        frame = pd.DataFrame(
            [t._asdict() | t.scores for t in trials if t.task == task]
        ).drop(columns="scores", errors="ignore")
        self.tables = list(dict.fromkeys(frame.get("table", ())))
        self.contenders = list(dict.fromkeys(frame.get("contender", ())))
        self._frame = frame

    def scores(self, metric):
        """Return the mean over the splits, NaN where a fit failed.

        Returns
        -------
        DataFrame of shape (n_tables, n_contenders)
        """
        return self._table(metric.key, first=False, how=_strict_mean)

    def seconds(self, first=False):
        """Return the median seconds of a fit, or those of the first fit of a shape.

        Returns
        -------
        DataFrame of shape (n_tables, n_contenders)
        """
        return self._table("seconds", first=first, how="median")

    def _table(self, column, *, first, how):
        if column not in self._frame:
            return pd.DataFrame(index=self.tables, columns=self.contenders, dtype=float)
        rows = self._frame[(self._frame["split"] == FIRST) == first]
        table = rows.groupby(["table", "contender"])[column].agg(how).unstack()
        return table.reindex(index=self.tables, columns=self.contenders)

    def means(self, metric):
        """Return the mean over the tables, NaN for those who failed on one.

        Returns
        -------
        Series of length n_contenders
        """
        return self.scores(metric).mean(skipna=False)

    def mean_ranks(self, metric):
        """Return the mean rank; equals share theirs, those who failed are last.

        Returns
        -------
        Series of length n_contenders
        """
        scores = (metric.sign * self.scores(metric)).round(DECIMALS)
        return scores.rank(axis=1, ascending=False, na_option="bottom").mean()

    def duel(self, metric, name, other):
        """Compare two contenders on the tables on which neither failed.

        Parameters
        ----------
        metric : Metric
        name, other : str

        Returns
        -------
        Duel
        """
        scores = metric.sign * self.scores(metric)
        gaps = (scores[name] - scores[other]).dropna().round(DECIMALS)
        p = wilcoxon(gaps).pvalue if gaps.any() else np.nan
        wins, losses = int((gaps > 0).sum()), int((gaps < 0).sum())
        return Duel(wins, losses, len(gaps) - wins - losses, float(p))

    def ratios(self, metric, other):
        """Return the geometric mean of the scores, times another contender's.

        Returns
        -------
        Series of length n_contenders
        """
        logs = np.log(self.scores(metric))
        return np.exp(logs.sub(logs[other], axis=0).mean(skipna=False))

    def time_ratios(self, other, first=False):
        """Return the median of the seconds of a fit, times another contender's.

        The other's seconds are never those of a first fit.

        Returns
        -------
        Series of length n_contenders
        """
        return self.seconds(first).div(self.seconds()[other], axis=0).median()


def _strict_mean(values):
    return values.mean(skipna=False)
