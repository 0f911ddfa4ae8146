"""How a search went on: the best score so far, and scores by parameter."""

import numpy as np

from skdl.display._pyplot import pyplot_for

LOG_RATIO = 30  # numbers that span more than this are drawn on a log scale
MAX_LABEL = 16  # letters of a category


class SearchDisplay:
    """The trials of a search, and where the good ones lie.

    The first panel has a point for each trial and a line for the best score so far;
    trials given up early are hollow. Below there is a panel for each parameter, with
    the same scores over its values: dark points came late. Where the range of scores
    is much wider than that of the better half, the axis ends below the better half,
    and triangles at its edge stand for trials beyond.

    Make one by `from_search`.

    Parameters
    ----------
    convergence : pandas.DataFrame
        What ``search.convergence()`` returns.
    params : list of dict
        The parameters of each trial.
    score_name : str, default="score"
        What to write at the axis.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The panel of trials.
    param_axes_ : dict of str to matplotlib.axes.Axes
        The panel of each parameter.
    figure_ : matplotlib.figure.Figure
        The figure.
    line_ : matplotlib.lines.Line2D
        The best score so far.
    scatter_ : matplotlib.collections.PathCollection
        Complete trials in the first panel.

    See Also
    --------
    skdl.model_selection.BayesSearchCV : A search.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from skdl.display import SearchDisplay
    >>> from skdl.model_selection import BayesSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> space = {"C": (0.01, 100, "log-uniform"), "kernel": ["rbf", "linear"]}
    >>> search = BayesSearchCV(SVC(), space, init_points=5, n_iter=5, random_state=0)
    >>> display = SearchDisplay.from_search(search.fit(X, y))
    >>> sorted(display.param_axes_)
    ['C', 'kernel']
    """

    def __init__(self, convergence, params, *, score_name="score"):
        self.convergence = convergence
        self.params = params
        self.score_name = score_name

    @classmethod
    def from_search(cls, search, *, score_name="score", **kwargs):
        """Draw a fitted search.

        Parameters
        ----------
        search : BayesSearchCV or NelderMeadSearchCV
            A fitted one.
        score_name : str, default="score"
            What to write at the axis.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        SearchDisplay
            Drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search is not fitted.
        ImportError
            If matplotlib is missing.
        """
        convergence = search.convergence()
        display = cls(convergence, search.cv_results_["params"], score_name=score_name)
        return display.plot(**kwargs)

    def plot(self, ax=None, *, params=None, scatter_kw=None, line_kw=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw the trials, without panels for parameters. None makes a
            figure with all panels.
        params : list of str or None, default=None
            Which parameters get a panel; all if None.
        scatter_kw, line_kw : dict or None, default=None
            Passed to ``scatter`` and ``plot``.

        Returns
        -------
        SearchDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is no such parameter.
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("SearchDisplay.plot")
        names = list(self.params[0])
        unknown = [name for name in params or [] if name not in names]
        if unknown:
            raise ValueError(
                f"params holds {unknown[0]!r}; the search has {names}. Name those."
            )
        if params is None:
            params = [n for n in names if len({repr(p[n]) for p in self.params}) > 1]
        param_axes = []
        if ax is None:
            figure, ax, param_axes = _panels(plt, len(params))
        else:
            figure = ax.figure
        self.figure_, self.ax_ = figure, ax
        self.param_axes_ = dict(zip(params, param_axes, strict=False))

        scatter_kw = {"s": 18, "alpha": 0.8, "cmap": "viridis_r"} | (scatter_kw or {})
        frame = self.convergence
        trials = np.arange(1, len(frame) + 1)
        self.scatter_ = self._points(ax, trials, scatter_kw)
        line_kw = {"color": "C1", "label": "best so far"} | (line_kw or {})
        (self.line_,) = ax.plot(
            trials, frame["best_score"], drawstyle="steps-post", **line_kw
        )
        self._limit(ax)
        ax.set_xlabel("trial")
        ax.set_ylabel(self.score_name)
        ax.xaxis.get_major_locator().set_params(integer=True)
        best = frame["best_score"].iloc[-1]
        ax.set_title(f"best {best:.4g} of {len(frame)} trials", loc="left", fontsize=10)
        for name, panel in self.param_axes_.items():
            values = [p[name] for p in self.params]
            self._points(panel, _positions(panel, values), scatter_kw)
            panel.set_xlabel(name.rsplit("__", 1)[-1])
            self._limit(panel)
        return self

    def _points(self, ax, x, style):
        """Complete trials full, given-up ones hollow, both coloured by their order."""
        pruned = self.convergence["pruned"].to_numpy(dtype=bool)
        score = self.convergence["score"].to_numpy(dtype=float)
        order = np.arange(len(score))
        x = np.asarray(x, dtype=float)
        span = {"vmin": 0, "vmax": max(len(score) - 1, 1)}
        points = ax.scatter(
            x[~pruned], score[~pruned], c=order[~pruned], **span, **style
        )
        if pruned.any():
            plain = {k: v for k, v in style.items() if k != "cmap"}
            edges = {"facecolors": "none", "edgecolors": points.to_rgba(order[pruned])}
            ax.scatter(x[pruned], score[pruned], **edges, **plain)
        low = self._lowest()
        beyond = score < low
        if beyond.any():
            ax.scatter(
                x[beyond],
                np.full(beyond.sum(), low),
                c=order[beyond],
                marker="v",
                clip_on=False,
                **span,
                **style,
            )
        ax.spines[["top", "right"]].set_visible(False)
        return points

    def _lowest(self):
        """Where the axis of scores ends; minus infinity for the lowest score."""
        score = self.convergence["score"].dropna()
        best, median, worst = score.max(), score.median(), score.min()
        low = best - 4 * (best - median)
        return low if median < best and worst < low else -np.inf

    def _limit(self, ax):
        low = self._lowest()
        if np.isfinite(low):
            best = self.convergence["score"].max()
            ax.set_ylim(low, best + 0.08 * (best - low))


def _panels(plt, n):
    """The panel of trials above, those of parameters below, four in a row."""
    n_columns = min(max(n, 1), 4)
    n_rows = -(-n // n_columns)
    figure = plt.figure(
        figsize=(max(6.4, 2.4 * n_columns), 3.2 + 2.2 * n_rows), layout="constrained"
    )
    grid = figure.add_gridspec(
        1 + n_rows, n_columns, height_ratios=[3.2] + [2.2] * n_rows
    )
    ax = figure.add_subplot(grid[0, :])
    places = [divmod(i, n_columns) for i in range(n)]
    panels = [figure.add_subplot(grid[1 + row, c], sharey=ax) for row, c in places]
    for (_, column), panel in zip(places, panels, strict=True):
        panel.tick_params(labelleft=column == 0)
    return figure, ax, panels


def _positions(ax, values):
    """Numbers, on a log scale if they span much; categories side by side."""
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        if min(values) > 0 and max(values) / min(values) > LOG_RATIO:
            ax.set_xscale("log")
        return values
    shown = [str(value) for value in values]
    labels = sorted(set(shown))
    ax.set_xticks(range(len(labels)), [_short(label) for label in labels])
    ax.set_xlim(-0.5, len(labels) - 0.5)
    if len(labels) > 3 or max(map(len, labels)) > 8:
        ax.tick_params(axis="x", rotation=30)
    return [labels.index(value) for value in shown]


def _short(label):
    return label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1] + "…"
