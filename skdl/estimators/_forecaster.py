"""A forecaster: its fit, its forecasts and their intervals."""

import numbers
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skdl._series import SeriesTransform, read_panel
from skdl._validation import Interval, StrOptions, non_negative
from skdl.base._estimator import or_unchanged
from skdl.estimators._forecast_held_out import (
    Residuals,
    held_out_blocks,
    held_out_residuals,
)
from skdl.estimators._forecast_inputs import (
    blocks_of,
    check_lengths,
    check_presence,
    levels_of,
    read_covariates,
)
from skdl.estimators._forecast_model import ForecastModel
from skdl.estimators._forecast_scores import ForecastScoresMixin

N_PATHS = 1000  # simulated for an interval
OF_TRAINING = ("history_", "n_epochs_", "best_epoch_", "member_histories_")


@dataclass(eq=False, repr=False)
class ForecastParameters:
    """The parameters of forecasts; last among the bases, so first."""

    window: int = 24
    horizon: int = 1
    _: KW_ONLY
    strategy: str = "direct"
    log: bool = False
    differencing: int = 0
    seasonal_differencing: int = 0
    intervals: bool = True

    _forecast_constraints: ClassVar[dict] = {
        "window": [Interval(numbers.Integral, 1, None, closed="left")],
        "horizon": [Interval(numbers.Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"direct", "recursive"})],
        "log": ["boolean"],
        "differencing": [Interval(numbers.Integral, 0, 2, closed="both")],
        "seasonal_differencing": [non_negative(numbers.Integral)],
        "intervals": ["boolean"],
    }


class Forecaster(ForecastScoresMixin, BaseEstimator, ABC):
    """Everything about forecasts but the regressor from windows to what follows.

    Subclasses make it (`_make_regressor`); it has ``fit(X, y, held_out=...)`` and
    ``member_predictions(X)``. Their parameters are `ForecastParameters`, `n_members`
    and `random_state`, and are documented where users see them.
    """

    _takes_series = True  # for splits: the order of rows counts

    @abstractmethod
    def _make_regressor(self, seed):
        """An unfitted regressor of `n_members` networks."""

    # -- fit ---------------------------------------------------------------------------

    @or_unchanged
    def fit(self, series, exog=None):
        """Train the networks on the windows of one series, or of several.

        Parameters
        ----------
        series : array-like, Series or DataFrame, or dict or list of these
            Observations in the order of time, of shape (n,) or (n, n_columns). All
            columns are predicted. Several series may differ in length; they share the
            networks.
        exog : array-like, Series or DataFrame, or dict or list of these, default=None
            Covariates that are known in advance, of shape (n, n_covariates), given as
            the series are. Labelled ones are matched by their labels.

        Returns
        -------
        self
            The fitted forecaster.

        Raises
        ------
        ValueError
            If data or parameters do not fit; the estimator stays as it was.
        """
        self._validate_params()
        panel = read_panel(series)
        return self._fit_panel(panel, read_covariates(panel, exog))

    def _fit_panel(self, panel, covariates):
        """Fit to checked series, with covariates that are aligned with them."""
        if covariates is not None and self.window < self.horizon:
            raise ValueError(
                f"window={self.window} must be at least horizon={self.horizon} if "
                "there is exog, as the end of a window holds that of the steps to be "
                "predicted. Raise window."
            )
        transform = self._make_transform()
        why = (
            f": window={self.window}, horizon={self.horizon}"
            f"{_lost(transform)}. Lower these, or give a longer series."
        )
        check_lengths(panel, self._n_needed, why)
        levels = levels_of(panel, transform)
        random_state = check_random_state(self.random_state)
        seed, self._path_seed = random_state.randint(2**31 - 1, size=2).tolist()
        exogs = None if covariates is None else covariates.values
        model = ForecastModel.fit(transform, self.window, self.horizon, levels, exogs)
        X, y, counts = model.rows(levels, exogs)
        held_out = None
        if self.intervals:
            held_out = held_out_blocks(counts, self.n_members, self.horizon)
        if held_out is None and getattr(self, "early_stopping", False) in (True,):
            raise ValueError(
                "early_stopping=True needs windows that are left out of training. "
                + self._why_nothing_is_held_out(self.horizon)
            )
        regressor = self._make_regressor(seed)
        regressor.fit(X, y, held_out=None if held_out is None else held_out.rows)
        self._residuals = None
        if held_out is not None:
            residuals = held_out_residuals(
                regressor, X, y, held_out.owner, counts, self.horizon
            )
            self._residuals = Residuals(residuals, model)
        self._panel, self._covariates, self._model = panel, covariates, model
        self._strategy = self.strategy
        self._set_attributes(regressor)
        return self

    def _set_attributes(self, regressor):
        self.regressor_ = regressor
        self.n_features_in_ = self._panel.members[0].values.shape[1]
        for name in OF_TRAINING:
            if hasattr(regressor, name):
                setattr(self, name, getattr(regressor, name))
        self.residuals_ = None
        if self._residuals is not None:
            parts = [self._residuals.of_levels(i) for i in range(len(self._panel))]
            if self._panel.members[0].one_column:
                parts = [part[:, :, 0] for part in parts]
            self.residuals_ = self._panel.shape(parts)

    def _make_transform(self):
        return SeriesTransform(self.log, self.differencing, self.seasonal_differencing)

    @property
    def _n_needed(self):
        """Observations for one window and what follows it."""
        return self.window + self.horizon + self._make_transform().n_lost

    # -- predict -----------------------------------------------------------------------

    def predict(self, steps=None, exog=None, *, series=None):
        """Forecast what follows.

        Parameters
        ----------
        steps : int or None, default=None
            How many steps; None is `horizon`, which is also the most that
            ``strategy="direct"`` predicts.
        exog : array-like, Series or DataFrame, or dict or list of these, default=None
            Covariates of the future, if fit saw some: one row for each step, and on to
            the next multiple of `horizon`, as so many steps are predicted at a time.
            Together with `series`, the rows of `series` come first; of labelled ones,
            only the last ``window - horizon`` of these are needed.
        series : array-like, Series or DataFrame, or dict or list of these, default=None
            The history to forecast after, in place of the series of `fit`. Means and
            standard deviations stay those of `fit`.

        Returns
        -------
        ndarray, Series or DataFrame, or dict or list of these
            Forecasts of shape (steps,) or (steps, n_columns), as the series came;
            labels go on.

        Raises
        ------
        ValueError
            If the history is too short, covariates are missing, or there are more steps
            than the networks predict.
        """
        check_is_fitted(self, "regressor_")
        n_steps, _ = blocks_of(steps, self._model.horizon, self._strategy)
        panel, covariates = self._known(n_steps, exog, series)
        return self._answers(panel, self._ahead(panel, covariates, n_steps))

    def predict_interval(self, steps=None, coverage=0.9, exog=None, *, series=None):
        """Find intervals that hold what follows with a given probability.

        Each network leaves out a block of the windows, so that their residuals are
        those of a network that has not learnt from them (as in Xu & Xie, 2021). With
        ``strategy="direct"`` the quantiles of these residuals for each step are added
        to the forecasts, in the units of the series or of its logarithm. With
        "recursive" many paths are simulated, with residuals drawn at random added to
        each block before the next one is predicted. Probabilities are those of single
        steps and columns, and not of all together.

        Parameters
        ----------
        steps : int or None, default=None
            As in `predict`.
        coverage : float, default=0.9
            The probability, between 0 and 1.
        exog, series : object, default=None
            As in `predict`.

        Returns
        -------
        tuple
            Lower and upper bounds, each as `predict` returns forecasts.

        Raises
        ------
        ValueError
            If there is one network only, if the series of `fit` is too short for the
            coverage, and as in `predict`.
        """
        check_is_fitted(self, "regressor_")
        if not isinstance(coverage, numbers.Real) or not 0 < coverage < 1:
            raise ValueError(f"coverage={coverage!r} must be a number between 0 and 1.")
        if self._residuals is None:
            raise ValueError(self._why_nothing_is_held_out(self._model.horizon))
        n_steps, _ = blocks_of(steps, self._model.horizon, self._strategy)
        panel, covariates = self._known(n_steps, exog, series)
        if self._strategy == "recursive":
            tails = (1 - coverage) / 2, (1 + coverage) / 2
            paths = self._paths(panel, covariates, n_steps, coverage)
            bounds = [np.quantile(path, tails, axis=0) for path in paths]
        else:
            bounds = [
                [level + edge[:n_steps] for edge in self._residuals.bounds(i, coverage)]
                for i, level in enumerate(self._ahead(panel, covariates, n_steps))
            ]
        return tuple(self._answers(panel, edge) for edge in zip(*bounds, strict=True))

    def _why_nothing_is_held_out(self, horizon):
        if not self.intervals or self.n_members < 2:
            return (
                f"intervals={self.intervals} and n_members={self.n_members} leave no "
                "windows out of training. Fit with intervals=True and n_members of at "
                "least 2."
            )
        return (
            f"The series of fit is too short: with horizon={horizon} the networks "
            "cannot leave out blocks of windows. Lower horizon, with "
            'strategy="recursive" for many steps, or fit a longer series.'
        )

    def _known(self, n_steps, exog, series):
        """The history, and covariates up to the end of the last block."""
        model, panel = self._model, self._panel
        if series is not None:
            panel = panel.reread(series)
            why = (
                f" to forecast after it: window={model.window}{_lost(model.transform)}."
                " Give a longer history."
            )
            check_lengths(panel, model.window + model.transform.n_lost, why)
        check_presence(exog, self._covariates)
        if exog is None:
            return panel, None
        n_future = -(-n_steps // model.horizon) * model.horizon
        if series is None:
            indices = [one.future(n_future) for one in panel]
            future = read_covariates(
                panel, exog, indices=indices, like=self._covariates
            )
            return panel, self._covariates.followed_by(future)
        covariates = read_covariates(
            panel,
            exog,
            indices=[one.with_future(n_future) for one in panel],
            n_skipped=[len(one) - model.window + model.horizon for one in panel],
            like=self._covariates,
        )
        return panel, covariates

    def _ahead(self, panel, covariates, n_steps):
        """Levels after the end of each series, of shape (n_steps, n_columns)."""
        levels = levels_of(panel, self._model.transform)
        last = [len(one) - 1 for one in panel]
        ones = [1] * len(panel)
        return [x[0] for x in self._walk(levels, covariates, last, ones, n_steps)]

    def _paths(self, panel, covariates, n_steps, coverage):
        """The same for many simulated paths: (n_paths, n_steps, n_columns) each."""
        random_state = np.random.RandomState(self._path_seed)
        n_blocks = -(-n_steps // self._model.horizon)
        noise = [
            self._residuals.drawn(i, coverage, n_blocks, N_PATHS, random_state)
            for i in range(len(panel))
        ]
        levels = levels_of(panel, self._model.transform)
        last = [len(one) - 1 for one in panel]
        count = [N_PATHS] * len(panel)
        noise = np.concatenate(noise, axis=1)
        return self._walk(levels, covariates, last, count, n_steps, noise)

    def _walk(self, levels, covariates, first, count, n_steps, noise=None):
        """Levels forecast after each origin of each series, all in one batch.

        `first` is the first origin of each series, `count` how many there are, each one
        observation later. With `noise`, of shape (n_blocks, sum(count), horizon,
        n_columns), the first origin is repeated in their place.
        """
        model = self._model
        n_blocks = -(-n_steps // model.horizon)
        states = []
        for i, level in enumerate(levels):
            exog = None if covariates is None else covariates.values[i]
            n_origins = count[i] if noise is None else 1
            n_future = n_blocks * model.horizon
            state = model.state(i, level, exog, first[i], n_origins, n_future)
            if noise is not None:
                state = [np.repeat(part, count[i], axis=0) for part in state]
            states.append(state)
        seen, known, past = zip(*states, strict=True)
        differences = model.roll(
            self._mean_prediction,
            np.concatenate(seen),
            np.concatenate(known),
            n_blocks,
            noise,
        )
        parts = np.split(differences[:, :n_steps], np.cumsum(count)[:-1])
        return [model.levels(i, part, past[i]) for i, part in enumerate(parts)]

    def _mean_prediction(self, X):
        return self.regressor_.member_predictions(X).mean(axis=0, dtype=np.float64)

    def _answers(self, panel, levels):
        values = map(self._model.transform.values, levels)
        return panel.shape(
            one.answer(part) for one, part in zip(panel, values, strict=True)
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.target_tags.required = False
        return tags


def _lost(transform):
    return f" and {transform.n_lost} lost by differencing" if transform.n_lost else ""
