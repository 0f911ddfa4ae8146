"""How good forecasts are: a score, and walking forward over the past."""

import numpy as np
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from skdl._series import read_panel
from skdl.estimators._forecast_backtest import cuts_of, following, frame_of
from skdl.estimators._forecast_inputs import (
    blocks_of,
    check_lengths,
    check_presence,
    levels_of,
    read_covariates,
)
from skdl.estimators._forecast_model import unit_of


class ForecastScoresMixin:
    """The methods of a forecaster that compare forecasts with what came."""

    def score(self, series, exog=None):
        """R² of the forecasts made while walking forward over what follows.

        After the last observation of `fit`, and then after each one of `series`, the
        next `horizon` steps are forecast from all that was observed before; nothing is
        fitted again.

        So a search takes ``cv=TimeSeriesSplit()``, whose test part begins where the
        training part ends: with ``gap=0``, which is its default. The default of a
        search, ``KFold``, does not: skdl's searches refuse it, and so does each fit or
        score of a labelled series, but of arrays scikit-learn's loops score something
        else. In a search, pass covariates in the place of y, and leave
        ``scoring`` out, as scorers call ``predict(X)``. Several series cannot be
        searched; compare settings by `backtest` there. A pipeline whose other steps
        transform is fitted, scored and searched in transformed units; its forecasts
        come from ``pipe[-1].predict(steps)``, and are in these units, too.

        Parameters
        ----------
        series : array-like, Series or DataFrame, or dict or list of these
            The observations that come next after those of `fit`.
        exog : array-like, Series or DataFrame, or dict or list of these, default=None
            Their covariates.

        Returns
        -------
        float
            1 - residual / total sum of squares, over all forecasts; the mean over
            columns and series.

        Raises
        ------
        ValueError
            If labels show that the observations are not the next ones, or if they are
            fewer than `horizon`, or allow one forecast only.
        """
        check_is_fitted(self, "regressor_")
        transform, horizon = self._model.transform, self._model.horizon
        later = self._panel.reread(series)
        why = f" for a forecast of horizon={horizon} steps. Give more of them."
        check_lengths(later, horizon, why)
        if horizon == 1 and any(len(one) < 2 for one in later):
            raise ValueError(
                "score is R² of two forecasts at least, but with horizon=1 a single "
                "observation allows one only. Give more of them."
            )
        check_presence(exog, self._covariates)
        covariates = read_covariates(later, exog, like=self._covariates)
        if covariates is not None:
            covariates = self._covariates.followed_by(covariates)
        pairs = zip(self._panel, later, strict=True)
        joined = later.with_members(old.followed_by(new) for old, new in pairs)
        first = [len(one) - 1 for one in self._panel]
        count = [len(one) - horizon + 1 for one in later]
        levels = levels_of(joined, transform)
        scores = []
        for i, level in enumerate(
            self._walk(levels, covariates, first, count, horizon)
        ):
            n_columns = level.shape[2]
            actual = following(joined.members[i].values, first[i], count[i], horizon)
            actual = actual.reshape(-1, n_columns)
            forecast = transform.values(level).reshape(-1, n_columns)
            unit = unit_of(actual)
            scores.append(r2_score(actual / unit, forecast / unit))
        return float(np.mean(scores))

    def backtest(
        self, series, n_splits=5, *, exog=None, steps=None, test_size=None, refit=True
    ):
        """Forecast the past: fit on what came before, walk forward over what followed.

        The last ``n_splits * test_size`` observations are tested. For each split a
        clone is fitted to all that comes before it, and to nothing else. From its last
        observation on, and then from each one of the split but the last, `steps` steps
        are forecast without another fit. An origin after which not all of these are
        known is left out. Several series are cut at equal distances from their ends.

        Parameters
        ----------
        series : array-like, Series or DataFrame, or dict or list of these
            As for `fit`.
        n_splits : int, default=5
            How many splits.
        exog : array-like, Series or DataFrame, or dict or list of these, default=None
            As for `fit`.
        steps : int or None, default=None
            How many steps are forecast from each origin; None is `horizon`.
        test_size : int or None, default=None
            Observations of a split, at least `steps`. None divides the (shortest)
            series into ``n_splits + 1`` parts, as ``TimeSeriesSplit`` does.
        refit : bool, default=True
            Whether each split has a fit of its own; else there is one, before the first
            split.

        Returns
        -------
        DataFrame
            One row for each forecast: "split", "origin" (label of the last observation
            that was known), "step" (from 1 on), "time" (label of what is forecast),
            "series" and "column" if there are several, "actual" and "forecast".

        Raises
        ------
        ValueError
            If the series is too short for the splits.
        """
        import pandas as pd

        self._validate_params()
        n_steps, n_blocks = blocks_of(steps, self.horizon, self.strategy)
        panel = read_panel(series)
        covariates = read_covariates(panel, exog)
        transform = self._make_transform()
        levels = levels_of(panel, transform)
        # covariates must be known for whole blocks
        n_ahead = n_steps if covariates is None else n_blocks * self.horizon
        cuts, test_size = cuts_of(
            panel,
            n_splits,
            test_size,
            n_needed=self._n_needed,
            n_ahead=n_ahead,
        )
        lengths = np.array([len(one) for one in panel])
        fitted, frames = None, []
        for split, cut in enumerate(cuts):
            if refit or fitted is None:
                past = panel.with_members(
                    one.until(n) for one, n in zip(panel, cut, strict=True)
                )
                known = None if covariates is None else covariates.until(cut)
                fitted = clone(self)._fit_panel(past, known)
            ends = np.minimum(cut + test_size, lengths - n_ahead + 1)
            walked = fitted._walk(levels, covariates, cut - 1, ends - cut, n_steps)
            for i, level in enumerate(walked):
                forecast = transform.values(level)
                frames.append(
                    frame_of(panel, i, forecast, split=split, first=cut[i] - 1)
                )
        return pd.concat(frames, ignore_index=True)
