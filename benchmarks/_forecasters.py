"""Forecasters which stand beside skdl's, each one step ahead without fitting again."""

import math

import numpy as np

ALPHA = 1.0  # of the ridge regression
TUTORIAL_STEPS = 10_000  # of the plain recurrent network, one row each


def seasonal_naive(problem, lag):
    """What was there `lag` months before; persistence is a lag of 1."""
    start = problem.n_train - lag
    return problem.values[start : start + problem.n_test]


def ridge(problem, *, window, log=False, differencing=0):
    """Ridge regression on the last months, all transformed as for the networks.

    Parameters
    ----------
    problem : Problem
    window : int
        How many months it sees.
    log : bool, default=False
        Whether of logarithms.
    differencing : {0, 1}, default=0
        Whether of differences.

    Returns
    -------
    ndarray of shape (n_test,)
    """
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    from skdl.preprocessing import to_sequences

    levels = np.log(problem.values) if log else problem.values
    changes = np.diff(levels, differencing)[:, np.newaxis]
    n_learnt = len(changes) - problem.n_test
    scaler = StandardScaler().fit(changes[:n_learnt])
    X, y = to_sequences(scaler.transform(changes), window)
    X, y = X.reshape(len(X), -1), y.reshape(len(y))
    model = Ridge(ALPHA).fit(X[: -problem.n_test], y[: -problem.n_test])
    forecasts = model.predict(X[-problem.n_test :])[:, np.newaxis]
    forecasts = scaler.inverse_transform(forecasts)[:, 0]
    if differencing:
        forecasts = forecasts + levels[-problem.n_test - 1 : -1]
    return np.exp(forecasts) if log else forecasts


def plain_lstm(problem, seed):
    """The network of many tutorials: four units that see one month, scaled to 0..1.

    Parameters
    ----------
    problem : Problem
    seed : int

    Returns
    -------
    ndarray of shape (n_test,)
    """
    from sklearn.preprocessing import MinMaxScaler

    from skdl import _keras  # noqa: F401, first: it keeps the start-up quiet
    import keras  # isort: skip
    from keras import layers  # isort: skip

    keras.utils.set_random_seed(seed)
    column = problem.values[:, np.newaxis]
    scaler = MinMaxScaler().fit(column[: problem.n_train])
    scaled = scaler.transform(column)
    before, after = scaled[:-1, :, np.newaxis], scaled[1:]
    network = keras.Sequential([layers.LSTM(4), layers.Dense(1)])
    network.compile("adam", "mean_squared_error", steps_per_execution=100)
    n_rows = problem.n_train - 1
    epochs = math.ceil(TUTORIAL_STEPS / n_rows)
    network.fit(before[:n_rows], after[:n_rows], batch_size=1, epochs=epochs, verbose=0)
    forecasts = network.predict(before[n_rows:], verbose=0)
    return scaler.inverse_transform(forecasts)[:, 0]


def skdl_forecaster(problem, seed, settings):
    """Walk over the test months by ``LSTMForecaster.backtest``.

    Parameters
    ----------
    problem : Problem
    seed : int
    settings : dict
        Parameters of the forecaster.

    Returns
    -------
    ndarray of shape (n_test,)
    """
    from skdl import LSTMForecaster

    walk = LSTMForecaster(random_state=seed, **settings).backtest(
        problem.values, n_splits=1, test_size=problem.n_test, refit=False
    )
    return walk["forecast"].to_numpy()
