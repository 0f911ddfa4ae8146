"""Learning curves: loss, metrics and learning rate of every epoch."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skdl._splits import last_step
from skdl.display._pyplot import pyplot_for

LOSSES = ("loss", "val_loss")
RATE = "learning_rate"
VALIDATION = "val_"
MARKED = 3  # epochs up to which curves have markers, as one point makes no line


class HistoryDisplay:
    """How a network learnt: loss and metrics of every epoch.

    The first panel has the loss of the training rows and, where there are any, of the
    validation rows. A second one has whatever else was recorded, such as the accuracy.
    A vertical line marks the epoch whose weights the estimator has kept. Of several
    networks in one estimator, as in `TabularClassifier`, the curves are the mean over
    all of them, one that has stopped counting as in the epoch that its weights are
    from; the loss of each is a thin line.

    Make one by `from_estimator`.

    Parameters
    ----------
    history : dict of str to list of float
        One value for each epoch.
    best_epoch : int or None, default=None
        The epoch to mark, counted from 1.
    member_histories : sequence of dict, default=()
        The same for each network, if there are several.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the losses are.
    metric_ax_ : matplotlib.axes.Axes or None
        Where the other metrics are, if they are drawn.
    rate_ax_ : matplotlib.axes.Axes or None
        Where the learning rate is, if it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : dict of str to matplotlib.lines.Line2D
        The curve of each key of the history.
    member_lines_ : list of matplotlib.lines.Line2D
        Losses of the networks of which there are several.
    best_lines_ : list of matplotlib.lines.Line2D
        The mark in each panel.

    See Also
    --------
    BootstrapDisplay : How many epochs early stopping took in many fits.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> from sklearn.datasets import load_iris
    >>> from skdl import DenseClassifier
    >>> from skdl.display import HistoryDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> net = DenseClassifier(hidden_units=(8,), epochs=5, early_stopping=True)
    >>> display = HistoryDisplay.from_estimator(net.fit(X, y))
    >>> list(display.lines_)
    ['loss', 'val_loss', 'val_accuracy']
    """

    def __init__(self, history, *, best_epoch=None, member_histories=()):
        self.history = history
        self.best_epoch = best_epoch
        self.member_histories = member_histories

    @classmethod
    def from_estimator(cls, estimator, **kwargs):
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted network of skdl, or a pipeline that ends in one.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        HistoryDisplay
            Drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no ``history_``.
        ImportError
            If matplotlib is missing.
        """
        last = last_step(estimator)
        check_is_fitted(last)
        if not hasattr(last, "history_"):
            hint = "Pass a fitted network of skdl."
            for name in ("best_estimator_", "estimators_"):
                if hasattr(last, name):
                    each = "" if name == "best_estimator_" else "one of "
                    hint = f"Pass {each}its {name}."
            raise TypeError(f"{type(last).__name__} has no history_. {hint}")
        members = getattr(last, "member_histories_", ())
        display = cls(
            last.history_,
            best_epoch=getattr(last, "best_epoch_", None),
            member_histories=members if len(members) > 1 else (),
        )
        return display.plot(**kwargs)

    def plot(self, ax=None, *, metrics=None, learning_rate=False, line_kw=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, a sequence of them, or None, default=None
            Where to draw the losses, and with several the metrics and the learning
            rate as well, in this order. None makes a figure with all panels.
        metrics : list of str or None, default=None
            Which metrics are drawn, as keys of the history; all of them if None.
        learning_rate : bool, default=False
            Whether there is a panel with the learning rate.
        line_kw : dict or None, default=None
            Passed to ``plot`` of every curve.

        Returns
        -------
        HistoryDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is no such metric, or nothing that could be drawn.
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("HistoryDisplay.plot")
        panels = self._panels(metrics, learning_rate)
        if ax is None:
            heights = [4, 3, 2][: len(panels)]
            _, axes = plt.subplots(
                len(panels),
                figsize=(6.4, 1.4 + 0.8 * sum(heights)),
                height_ratios=heights,
                sharex=True,
                squeeze=False,
                layout="constrained",
            )
            axes = axes[:, 0]
        else:
            axes = np.ravel(np.asarray(ax, dtype=object))
        drawn = dict(zip(panels, axes, strict=False))
        self.ax_, self.figure_ = axes[0], axes[0].figure
        self.metric_ax_ = drawn.get("metric")
        self.rate_ax_ = drawn.get("learning rate")
        self.lines_, self.member_lines_, self.best_lines_ = {}, [], []
        for title, panel in drawn.items():
            self._curves(panel, panels[title], title, line_kw or {})
        lowest = axes[len(drawn) - 1]
        for panel in [lowest] if ax is None else drawn.values():
            panel.set_xlabel("epoch")
        return self

    def _panels(self, metrics, learning_rate):
        """Keys of the history by panel, those without any left out."""
        others = [key for key in self.history if key not in (*LOSSES, RATE)]
        unknown = [key for key in metrics or [] if key not in others]
        if unknown:
            raise ValueError(
                f"metrics holds {unknown[0]!r}; the history has {others}. Name those."
            )
        panels = {
            "loss": [key for key in LOSSES if key in self.history],
            "metric": others if metrics is None else list(metrics),
            "learning rate": [RATE] if learning_rate and RATE in self.history else [],
        }
        if not panels["loss"]:
            raise ValueError(
                f"The history has no 'loss', but {list(self.history)}. Fit the "
                "estimator for at least one epoch."
            )
        return {title: keys for title, keys in panels.items() if keys}

    def _curves(self, ax, keys, title, line_kw):
        for key in keys if title == "loss" else ():
            for member in self.member_histories:
                style = {"color": _color(key, 0), "linewidth": 0.7, "alpha": 0.45}
                self.member_lines_ += _line(ax, member.get(key, []), style)
        names = list(dict.fromkeys(key.removeprefix(VALIDATION) for key in keys))
        for key in keys:
            name = key.removeprefix(VALIDATION)
            part = "validation" if key.startswith(VALIDATION) else "training"
            style = {
                "color": _color(key, names.index(name)),
                "label": part if len(names) == 1 else f"{part} {name}",
                "linewidth": 1.8,
            }
            if len(names) > 1 and part == "training":
                style["linestyle"] = "--"
            if title == "learning rate":
                style |= {"color": "0.35", "label": None}
            (self.lines_[key],) = _line(ax, self.history[key], style | line_kw)
        if self.best_epoch:
            mean = " on average" if self.member_histories else ""
            style = {"color": "0.3", "linestyle": "--", "linewidth": 1}
            if title == "loss":
                style["label"] = f"weights of epoch {self.best_epoch}{mean}"
            self.best_lines_.append(ax.axvline(self.best_epoch, zorder=1, **style))
        ax.set_ylabel(title if title != "metric" or len(names) > 1 else names[0])
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        if title != "learning rate":
            ax.legend(frameon=False, fontsize=9)


def _color(key, number):
    """Blue for training and orange for validation; further metrics have their own."""
    if number:
        return f"C{number + 1}"
    return "C1" if key.startswith(VALIDATION) else "C0"


def _line(ax, values, style):
    if len(values) <= MARKED:
        style = {"marker": "o", "markersize": 4} | style
    return ax.plot(np.arange(1, len(values) + 1), values, **style)
