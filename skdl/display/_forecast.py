"""Forecasts: what was known, what is forecast with its interval, and what came."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.pipeline import Pipeline

from skdl.display._pyplot import pyplot_for
from skdl.estimators._forecast_inputs import check_whole

HISTORY = 4  # times the steps that are forecast, at least
LEAST_HISTORY = 24
COVERAGE = 0.8
PANEL = 2.6  # inches
MARKED = 3  # points up to which lines have markers, as one point makes no line


@dataclass
class _Curves:
    """What one panel shows; Series of pandas, labelled by time."""

    title: str | None
    forecasts: dict
    observed: object = None
    lower: object = None
    upper: object = None
    actual: object = None
    starts: list = field(default_factory=list)


class ForecastDisplay:
    """Forecasts of series.

    One panel for each series and column: the last observations, the forecasts with
    their interval, and what came, if that is known. Of a backtest: what came, and what
    had been forecast for it; vertical lines are where splits begin.

    Make one by `from_estimator` or `from_backtest`.

    Parameters
    ----------
    panels : list
        What each panel shows, as the class methods find it.
    coverage : float or None, default=None
        The probability of the intervals, for the legend.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The first panel.
    axes_ : ndarray of matplotlib.axes.Axes
        All of them.
    figure_ : matplotlib.figure.Figure
        The figure.
    forecast_lines_ : list of matplotlib.lines.Line2D
        The forecasts of each panel; of a backtest, one line for each step shown.
    observed_lines_ : list of matplotlib.lines.Line2D
        The observations that were known.
    actual_lines_ : list of matplotlib.lines.Line2D
        What came.
    bands_ : list of matplotlib collections
        The interval of each panel.

    See Also
    --------
    skdl.LSTMForecaster : What makes them.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> import numpy as np
    >>> from skdl import LSTMForecaster
    >>> from skdl.display import ForecastDisplay
    >>> series = np.sin(np.arange(80) * np.pi / 6)
    >>> forecaster = LSTMForecaster(12, 6, units=8, epochs=5, random_state=0)
    >>> display = ForecastDisplay.from_estimator(forecaster.fit(series))
    >>> display.forecast_lines_[0].get_xdata().tolist()
    [80, 81, 82, 83, 84, 85]
    """

    def __init__(self, panels, *, coverage=None):
        self.panels = panels
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls,
        forecaster,
        steps=None,
        *,
        coverage="auto",
        actual=None,
        n_history=None,
        exog=None,
        ax=None,
    ):
        """Draw what a fitted forecaster forecasts.

        Parameters
        ----------
        forecaster : LSTMForecaster or Pipeline
            Fitted. A pipeline may hold nothing that transforms.
        steps : int or None, default=None
            How many steps, as in ``predict``.
        coverage : float, "auto" or None, default="auto"
            Probability of the intervals; None for no intervals. "auto" is 0.8, or None
            if the forecaster has too few residuals for that.
        actual : array-like, Series or DataFrame, or dict or list of these, default=None
            What came after the series of ``fit``, given as the series are.
        n_history : int or None, default=None
            How many of the last observations are shown. None shows four times the
            steps, and at least 24.
        exog : array-like, Series or DataFrame, or dict or list of these, default=None
            Covariates, as in ``predict``.
        ax : matplotlib Axes, a sequence of them, or None, default=None
            As in `plot`.

        Returns
        -------
        ForecastDisplay
            Drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the forecaster is not fitted.
        ValueError
            If a pipeline transforms, or if there are no intervals of that coverage.
        ImportError
            If matplotlib is missing.
        """
        pyplot_for("ForecastDisplay.from_estimator")
        forecaster = _forecaster_of(forecaster)
        if n_history is not None:
            check_whole("n_history", n_history)
        answers = [forecaster.predict(steps, exog)]
        if isinstance(coverage, str) and coverage == "auto":
            residuals = forecaster._residuals
            enough = residuals is not None and residuals.suffice(COVERAGE)
            coverage = COVERAGE if enough else None
        if coverage is not None:
            answers += forecaster.predict_interval(steps, coverage, exog)
        series = forecaster._panel
        answers = [series.parts(answer, "forecasts") for answer in answers]
        came = [None] * len(series)
        if actual is not None:
            came = list(series.reread(actual, "actual"))
        panels = []
        for i, one in enumerate(series):
            parts = [np.asarray(answer[i], dtype=float) for answer in answers]
            parts = [part.reshape(len(part), -1) for part in parts]
            n_steps = len(parts[0])
            shown = n_history or max(HISTORY * n_steps, LEAST_HISTORY)
            known = one.values[-shown:], one.index[-shown:]
            after = None
            if came[i] is not None:
                both = one.followed_by(came[i])
                after = both.values[len(one) :], both.index[len(one) :]
            for j in range(one.values.shape[1]):
                lines = [_column((part, one.future(n_steps)), j) for part in parts]
                lower, upper = lines[1:] or (None, None)
                panels.append(
                    _Curves(
                        _title(series, i, one, j),
                        {"forecast": lines[0]},
                        observed=_column(known, j),
                        lower=lower,
                        upper=upper,
                        actual=None if after is None else _column(after, j),
                    )
                )
        return cls(panels, coverage=coverage).plot(ax)

    @classmethod
    def from_backtest(cls, frame, *, steps=None, ax=None):
        """Draw a backtest.

        Parameters
        ----------
        frame : DataFrame
            What ``backtest`` returned.
        steps : list of int or None, default=None
            Forecasts of how many steps ahead are shown. None shows the first and the
            last.
        ax : matplotlib Axes, a sequence of them, or None, default=None
            As in `plot`.

        Returns
        -------
        ForecastDisplay
            Drawn; the legend has the root mean squared error of each step shown.

        Raises
        ------
        ValueError
            If there are no forecasts of a step.
        TypeError
            If `steps` is no list.
        ImportError
            If matplotlib is missing.
        """
        if steps is not None and not np.iterable(steps):
            raise TypeError(f"steps must be a list, such as [1], and not {steps!r}.")
        known = sorted(frame["step"].unique().tolist())
        if steps is None:
            steps = sorted({known[0], known[-1]})
        unknown = [step for step in steps if step not in known]
        if unknown:
            raise ValueError(
                f"steps holds {unknown[0]!r}, but the backtest has the steps "
                f"{known[0]} to {known[-1]}. Name those."
            )
        keys = [name for name in ("series", "column") if name in frame]
        parts = [((), frame)]
        if keys:
            parts = frame.groupby(keys, sort=False)
        panels = []
        for names, part in parts:
            forecasts = {}
            for step in steps:
                of_step = part[part["step"] == step].set_index("time")
                error = of_step["forecast"] - of_step["actual"]
                rmse = float(np.sqrt(np.mean(error**2)))
                label = f"{step} step{'s' * (step > 1)} ahead (RMSE {rmse:.3g})"
                forecasts[label] = of_step["forecast"]
            actual = part.drop_duplicates("time").set_index("time")["actual"]
            panels.append(
                _Curves(
                    ", ".join(map(str, names)) or None,
                    forecasts,
                    actual=actual.sort_index(),
                    starts=list(part.groupby("split")["origin"].min()),
                )
            )
        return cls(panels).plot(ax)

    def plot(self, ax=None, *, line_kw=None, band_kw=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, a sequence of them, or None, default=None
            Where to draw, one for each series and column. None makes a figure.
        line_kw : dict or None, default=None
            Passed to ``plot`` of the forecasts.
        band_kw : dict or None, default=None
            Passed to ``fill_between`` of the intervals.

        Returns
        -------
        ForecastDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are fewer axes than series and columns.
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("ForecastDisplay.plot")
        n = len(self.panels)
        if ax is None:
            _, axes = plt.subplots(
                n,
                figsize=(6.4, 1 + PANEL * n),
                squeeze=False,
                layout="constrained",
            )
            axes = axes[:, 0]
        else:
            axes = np.ravel(np.asarray(ax, dtype=object))
            if len(axes) < n:
                raise ValueError(
                    f"ax has {len(axes)} axes, but {n} are needed, one for each series "
                    "and column."
                )
        self.axes_, self.ax_, self.figure_ = axes[:n], axes[0], axes[0].figure
        self.forecast_lines_, self.observed_lines_ = [], []
        self.actual_lines_, self.bands_ = [], []
        for curves, panel in zip(self.panels, self.axes_, strict=True):
            self._draw(panel, curves, line_kw or {}, band_kw or {})
        return self

    def _draw(self, ax, curves, line_kw, band_kw):
        known = {"color": "0.35", "linewidth": 1.2}
        if curves.observed is not None:
            self.observed_lines_.append(
                _line(ax, curves.observed, known | {"label": "observed"})
            )
        if curves.actual is not None:
            style = known | {"label": "actual"}
            if curves.observed is not None:
                style |= {"linestyle": "--"}
            self.actual_lines_.append(_line(ax, curves.actual, style))
        for number, (label, forecast) in enumerate(curves.forecasts.items()):
            style = {"color": f"C{number}", "linewidth": 1.8, "label": label}
            self.forecast_lines_.append(_line(ax, forecast, style | line_kw))
        if curves.lower is not None:
            percent = "" if self.coverage is None else f"{100 * self.coverage:g} % "
            style = {"color": "C0", "alpha": 0.2, "linewidth": 0}
            style |= {"label": f"{percent}interval"}
            self.bands_.append(
                ax.fill_between(
                    _places(curves.lower.index),
                    curves.lower.to_numpy(),
                    curves.upper.to_numpy(),
                    **style | band_kw,
                )
            )
        for number, origin in enumerate(curves.starts):
            place = _places(curves.actual.index[:0].insert(0, origin))[0]
            style = {"color": "0.7", "linestyle": ":", "linewidth": 1, "zorder": 0}
            ax.axvline(place, label=None if number else "split", **style)
        if curves.title is not None:
            ax.set_title(curves.title, fontsize=10, parse_math=False)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=9)


def _forecaster_of(estimator):
    """The estimator itself, or the last step of a pipeline that does not transform."""
    while isinstance(estimator, Pipeline):
        for name, step in estimator.steps[:-1]:
            if step is not None and step != "passthrough":
                raise ValueError(
                    f"The step {name!r} of the pipeline transforms the series, and its "
                    "forecasts are not transformed back. Pass pipe[-1] for a figure in "
                    "transformed units."
                )
        estimator = estimator.steps[-1][1]
    return estimator


def _column(rows, j):
    """A column of values and labels."""
    import pandas as pd

    values, index = rows
    return pd.Series(values[:, j], index)


def _title(panel, i, one, j):
    """The names of a series and its column, None if there are none."""
    names = [] if panel.names is None else [str(panel.names[i])]
    if not one.one_column:
        names.append(str(j if one.names is None else one.names[j]))
    elif one.title is not None and not names:
        names.append(str(one.title))
    return ", ".join(names) or None


def _places(index):
    """Labels as matplotlib takes them: periods by their start, durations in days."""
    if hasattr(index, "to_timestamp"):
        index = index.to_timestamp()
    if index.dtype.kind == "m":
        return (index / np.timedelta64(1, "D")).to_numpy()
    return index.to_numpy() if index.dtype.kind in "iu" else index


def _line(ax, series, style):
    if len(series) <= MARKED:
        style = {"marker": "o", "markersize": 4} | style
    (line,) = ax.plot(_places(series.index), series.to_numpy(), **style)
    return line
