"""Recurrent networks that forecast series."""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import ClassVar

from skdl.base._estimator import NeuralEstimator
from skdl.estimators._forecaster import Forecaster, ForecastParameters
from skdl.estimators._lstm_windows import WindowParameters, WindowRegressor

# what training has no use for here, as the forecaster itself scales and holds out
NOT_OURS = {"input_scaling", "validation_fraction", "warm_start"}

_TrainingParameters = make_dataclass(
    "_TrainingParameters",
    [
        (f.name, f.type, field(default=f.default))
        for f in fields(NeuralEstimator)
        if f.name not in NOT_OURS
    ],
    kw_only=True,
    eq=False,
    repr=False,
)


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMForecaster(
    Forecaster, _TrainingParameters, WindowParameters, ForecastParameters
):
    """Recurrent networks that forecast one series or several.

    The last `window` observations are brought into one or several recurrent networks,
    beside which a linear autoregression runs from the same window to the same outputs;
    the mean of the networks predicts the next `horizon` steps. Logarithms and
    differences are taken before and undone after; each series is standardised with mean
    and standard deviation of its own.

    A series may be an array or a list of numbers, or a Series or DataFrame of pandas,
    with an index of dates, periods, durations or whole numbers, which forecasts
    continue. All columns of a series are predicted, together. A dict or list of several
    series of any lengths trains one set of networks for all.

    Parameters
    ----------
    window : int, default=24
        Steps that the networks see; of the differenced series, if it is differenced.
    horizon : int, default=1
        Steps that they predict at a time.
    strategy : "direct" or "recursive", default="direct"
        How many steps there may be: "direct" predicts up to `horizon` steps at once;
        "recursive" any number, block by block, each fed with the ones before. Both are
        trained in the same way.
    log : bool, default=False
        Whether the logarithm is forecast, which suits what grows by percentages.
        Forecasts are then medians, not means.
    differencing : int, default=0
        How often the observation before is subtracted, 0 to 2. 1 suits a series that
        wanders or has a trend.
    seasonal_differencing : int, default=0
        Steps of a season, whose observation is subtracted: 12 for months of a year. 0
        for none. Covariates are not differenced: `window` should hold a season and
        `horizon`, if there are some.
    intervals : bool, default=True
        Whether each network leaves out a block of the windows, and those whose targets
        overlap with the targets of the block, for `predict_interval`.
        Nothing is left out if less than a third of the windows would stay, as with a
        long horizon and a short series. False lets all networks learn from all windows.
    units : int or tuple of int, default=32
        Units of each recurrent layer of every network.
    cell, bidirectional, conv_filters, kernel_size, pool_size, pooling, conv_skip, \
hidden_units, activation, dropout, recurrent_dropout : object
        The networks, as in `LSTMRegressor`.
    weight_decay : float, default=3.0
        How much kernels shrink, as in `LSTMRegressor`; not the linear part.
    n_members : int, default=5
        How many networks are trained and averaged; intervals need two of them.
    autoregressive : bool, default=True
        Whether a ridge regression of the same windows is fitted first, its penalty
        chosen by leave-one-out, and the networks learn what it leaves (Zhang 2003).
        False leaves everything to the networks.
    optimizer, momentum, nesterov : object
        As in `LSTMRegressor`.
    learning_rate : float or None, default=None
        Step size at the beginning. None is 0.01 for "adam", "adamw" and "nadam", and
        for other optimizers what suits them, as in `DenseRegressor`.
    learning_rate_schedule, batch_size : object
        As in `LSTMRegressor`.
    epochs : int, default=50
        Passes over the windows, at most. Many more learn the noise of most series.
    early_stopping : bool or "auto", default=False
        Whether the training of a network ends when the windows that it leaves out are
        no longer predicted better; these then choose the epoch as well, and intervals
        are a little too narrow. True is refused where nothing is left out, "auto" not.
    patience, min_delta, monitor, restore_best_weights, loss, callbacks : object
        As in `LSTMRegressor`.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, order of windows, dropout and simulated paths. An int
        gives the same bits every time on the same machine and versions.
    dtype, verbose : object
        As in `LSTMRegressor`.

    Attributes
    ----------
    regressor_ : estimator
        The networks, from windows to what follows.
    residuals_ : ndarray, dict or list of ndarray, or None
        What was right minus what was predicted by the network that left out the window,
        of shape (n_windows, horizon) or (n_windows, horizon, n_columns), for each
        series; of logarithms if `log`. None if nothing was left out.
    n_features_in_ : int
        Number of columns of a series.
    history_ : dict of str to list of float
        One value for each epoch, the mean over the networks, each of them after its end
        as in the epoch that its weights are from: "loss", "learning_rate", and with
        early stopping "val_loss".
    n_epochs_ : int
        Epochs trained, of the network trained longest.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are from (rounded mean).
    member_histories_ : list of dict
        `history_` of each network.

    See Also
    --------
    LSTMRegressor : From sequences to numbers.
    skdl.display.ForecastDisplay : Forecasts with their intervals.
    skdl.preprocessing.to_sequences : Windows of a series and what follows them.

    References
    ----------
    Hochreiter, S., & Schmidhuber, J. (1997). Long short-term memory. Neural
    Computation, 9(8).

    Xu, C., & Xie, Y. (2021). Conformal prediction interval for dynamic time-series.
    ICML.

    Zhang, G. P. (2003). Time series forecasting using a hybrid ARIMA and neural network
    model. Neurocomputing, 50.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdl import LSTMForecaster
    >>> months = pd.date_range("2015-01-01", periods=84, freq="MS")
    >>> sales = pd.Series(100 + 10 * np.sin(np.arange(84) * np.pi / 6), months)
    >>> forecaster = LSTMForecaster(12, 3, units=8, epochs=5, random_state=0)
    >>> forecaster.fit(sales).predict().index.month.tolist()
    [1, 2, 3]
    >>> lower, upper = forecaster.predict_interval(coverage=0.8)
    >>> bool((lower < upper).all())
    True
    >>> list(forecaster.backtest(sales, 2, refit=False))
    ['split', 'origin', 'step', 'time', 'actual', 'forecast']
    """

    learning_rate_schedule: object = "auto"
    epochs: int = 50
    early_stopping: bool | str = False

    _parameter_constraints: ClassVar[dict] = {
        **{
            name: constraint
            for name, constraint in NeuralEstimator._parameter_constraints.items()
            if name not in NOT_OURS
        },
        **WindowParameters._window_constraints,
        **ForecastParameters._forecast_constraints,
    }

    def _make_regressor(self, seed):
        names = {f.name for f in fields(WindowRegressor)}
        shared = {n: v for n, v in self.get_params(False).items() if n in names}
        # differences are standardised already
        own = {"input_scaling": None, "target_scaling": False, "random_state": seed}
        return WindowRegressor(**{**shared, **own})
