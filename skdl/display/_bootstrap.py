"""How a bootstrap converges: scores of splits, their running mean, epochs."""

import numpy as np

from skdl.display._pyplot import pyplot_for
from skdl.model_selection import bootstrap_validate
from skdl.model_selection._statistics import narrow_enough


class BootstrapDisplay:
    """The scores of random splits and how their mean settles.

    Points are splits. The line is the mean of the splits up to there, the dark band its
    confidence interval, the light one a standard deviation to either side. A vertical
    line marks the split from which on the interval was narrower than `tol`. Epochs,
    where they are known, are drawn below in the same way.

    Make one by `from_result` or `from_estimator`.

    Parameters
    ----------
    result : pandas.DataFrame
        What `skdl.model_selection.bootstrap_validate` returns.
    score_name : str, default="score"
        The column to draw.
    tol : float or None, default=None
        Width of the interval that counts as converged; None marks nothing.
    min_splits : int, default=10
        The mark comes not before so many splits.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the scores are.
    epochs_ax_ : matplotlib.axes.Axes or None
        Where the epochs are, if they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure.
    scatter_ : matplotlib.collections.PathCollection
        The splits.
    line_ : matplotlib.lines.Line2D
        The running mean.
    bands_ : list of matplotlib.collections.PolyCollection
        Standard deviation, confidence interval.
    converged_line_ : matplotlib.lines.Line2D or None
        The mark of convergence.

    See Also
    --------
    skdl.model_selection.bootstrap_validate : Makes the result.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdl.display import BootstrapDisplay
    >>> from skdl.model_selection import bootstrap_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> result = bootstrap_validate(GaussianNB(), X, y, tol=0.05, random_state=0)
    >>> display = BootstrapDisplay.from_result(result)
    >>> display.ax_.get_ylabel()
    'score'
    """

    def __init__(self, result, *, score_name="score", tol=None, min_splits=10):
        self.result = result
        self.score_name = score_name
        self.tol = tol
        self.min_splits = min_splits

    @classmethod
    def from_result(cls, result, *, score_name=None, tol=None, **kwargs):
        """Draw a result of `bootstrap_validate`.

        Parameters
        ----------
        result : pandas.DataFrame
            The result.
        score_name : str or None, default=None
            Which metric; None draws the first.
        tol : float or None, default=None
            Width of the confidence interval that counts as converged. None takes the
            one that the result was made with, if any.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        BootstrapDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the frame has no such score.
        ImportError
            If matplotlib is missing.
        """
        columns = list(getattr(result, "columns", []))
        scores = [name for name in columns if f"corrected_margin_{name}" in columns]
        score_name = scores[0] if score_name is None and scores else score_name
        if score_name not in scores:
            raise ValueError(
                f"score_name={score_name!r} must be one of {scores}, the scores of "
                "this result. Pass a frame that bootstrap_validate returned."
            )
        if tol is None:
            tol = result.attrs.get("tol")
            tol = tol.get(score_name) if isinstance(tol, dict) else tol
        display = cls(
            result,
            score_name=score_name,
            tol=tol,
            min_splits=result.attrs.get("min_splits", 10),
        )
        return display.plot(**kwargs)

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, ax=None, **kwargs):
        """Call `bootstrap_validate` and draw its result.

        Parameters
        ----------
        estimator : estimator
            Any scikit-learn estimator or pipeline.
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            All rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            All targets.
        ax : matplotlib Axes, two of them, or None, default=None
            As in `plot`.
        **kwargs : dict
            Passed to `bootstrap_validate`.

        Returns
        -------
        BootstrapDisplay
            Drawn; its ``result`` is the frame.

        Raises
        ------
        ImportError
            If matplotlib is missing; this is checked before anything is fitted.
        """
        pyplot_for("BootstrapDisplay.from_estimator")
        result = bootstrap_validate(estimator, X, y, **kwargs)
        return cls.from_result(result, ax=ax)

    def plot(self, ax=None, *, scatter_kw=None, line_kw=None, band_kw=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, two of them, or None, default=None
            Where to draw the scores, and with two the epochs as well. None makes
            a figure, with a panel for the epochs if they are known.
        scatter_kw, line_kw, band_kw : dict or None, default=None
            Passed to ``scatter``, ``plot`` and ``fill_between``.

        Returns
        -------
        BootstrapDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("BootstrapDisplay.plot")
        has_epochs = self.result["epochs"].notna().any()
        self.epochs_ax_ = None
        if ax is None and has_epochs:
            _, ax = plt.subplots(
                2,
                figsize=(6.4, 5.6),
                height_ratios=(5, 3),
                sharex=True,
                layout="constrained",
            )
        elif ax is None:
            _, ax = plt.subplots(layout="constrained")
        if np.ndim(ax) or isinstance(ax, (tuple, list)):
            ax, self.epochs_ax_ = ax
        self.ax_, self.figure_ = ax, ax.figure

        styles = scatter_kw or {}, line_kw or {}, band_kw or {}
        self.scatter_, self.line_, self.bands_ = self._curve(
            ax, self.score_name, "C0", styles
        )
        margin = self.result[f"margin_{self.score_name}"]
        self._mark(margin)
        ax.set_ylabel(self.score_name)
        # Above the axes, as there is no corner that points leave free.
        ax.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=9
        )
        lowest = ax
        if self.epochs_ax_ is not None:
            lowest = self.epochs_ax_
            if has_epochs:
                self._curve(lowest, "epochs", "C1", styles)
                lowest.set_ylim(bottom=0)
                lowest.legend(handles=lowest.lines, frameon=False, fontsize=9)
            lowest.set_ylabel("epochs")
        lowest.set_xlabel("splits")
        lowest.xaxis.get_major_locator().set_params(integer=True)
        return self

    def _curve(self, ax, name, color, styles):
        """Points, running mean, bands; the y axis spans the points."""
        scatter_kw, line_kw, band_kw = styles
        splits = self.result.index.to_numpy()
        values, mean, std = (
            self.result[column].to_numpy(dtype=float, na_value=np.nan)
            for column in (name, f"mean_{name}", f"std_{name}")
        )
        scatter = ax.scatter(
            splits,
            values,
            **{"s": 14, "color": color, "alpha": 0.5, "label": "split"} | scatter_kw,
        )
        (line,) = ax.plot(
            splits,
            mean,
            **{"color": color, "linewidth": 2, "label": self._mean_in_words(name)}
            | line_kw,
        )
        widths = [(std, 0.12, "± standard deviation")]
        if f"margin_{name}" in self.result:
            margin = self.result[f"margin_{name}"].to_numpy()
            confidence = self.result.attrs.get("confidence")
            percent = "" if confidence is None else f" ({100 * confidence:g} %)"
            widths.append((margin, 0.3, f"interval of this mean{percent}"))
        bands = [
            ax.fill_between(
                splits,
                mean - width,
                mean + width,
                **{"color": color, "alpha": alpha, "linewidth": 0, "label": label}
                | band_kw,
            )
            for width, alpha, label in widths
        ]
        # The first intervals are wider than anything of interest.
        if np.nanmin(values) < np.nanmax(values):
            low, high = np.nanmin(values), np.nanmax(values)
            ax.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
        ax.spines[["top", "right"]].set_visible(False)
        return scatter, line, bands

    def _mean_in_words(self, name):
        last = {column: self.result[column].iloc[-1] for column in self.result}
        margin = last.get(f"corrected_margin_{name}")
        exact = "" if margin is None else f" ± {margin:.2g} (corrected)"
        return f"mean, at last {last[f'mean_{name}']:.3g}{exact}"

    def _mark(self, margin):
        """A vertical line where the interval became narrower than ``tol``."""
        self.converged_line_ = None
        if self.tol is None:
            return
        narrow = narrow_enough(margin, self.tol, self.min_splits)
        if narrow.any():
            split = self.result.index[np.argmax(narrow)]
            label = f"interval < {self.tol:g} from split {split}"
            style = {"color": "0.3", "linestyle": "--", "linewidth": 1}
            self.converged_line_ = self.ax_.axvline(split, label=label, **style)
