"""An estimator whose score is a known function of its parameters."""

import os
import signal
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Surface(ClassifierMixin, BaseEstimator):
    """Scores ``-(x - 0.3)^2 - (log10 rate + 2)^2 / 4`` and a bonus for its kind.

    To it comes the mean of the test rows' first column, which is what makes folds
    differ. Each fit appends a line to the file `log`; the one with number `die_at`
    kills its process, with nothing cleaned up.
    """

    BONUS = {"a": 0.0, "b": 0.1, "c": -0.2}  # noqa: RUF012

    def __init__(self, x=0.0, rate=1.0, kind="a", n=1, fails=False, log=None, die_at=0):
        self.x = x
        self.rate = rate
        self.kind = kind
        self.n = n
        self.fails = fails
        self.log = log
        self.die_at = die_at

    def fit(self, X, y, sample_weight=None):
        if self.fails:
            raise ValueError(f"no fit with x={self.x}")
        self.classes_ = np.unique(y)
        self.weight_ = sample_weight
        if self.log is not None:
            with Path(self.log).open("a", encoding="utf-8") as file:
                file.write(f"{self.x!r} {self.rate!r} {self.kind}\n")
            if self.die_at == n_fits(self.log):
                os.kill(os.getpid(), signal.SIGKILL)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y, sample_weight=None):
        return true_score(self) + float(np.mean(np.asarray(X)[:, 0]))


def true_score(surface):
    """The score without what the fold adds."""
    distance = (surface.x - 0.3) ** 2 + (np.log10(surface.rate) + 2) ** 2 / 4
    return Surface.BONUS[surface.kind] - float(distance)


def n_fits(log):
    """How many fits have been written down."""
    return len(Path(log).read_text(encoding="utf-8").splitlines())


SPACES = {
    "x": (-1.0, 1.0),
    "rate": (1e-4, 1.0, "log-uniform"),
    "kind": ["a", "b", "c"],
}


def surface_data(n=60, seed=0):
    """Rows and labels; the rows are noise that makes folds differ a little."""
    rng = np.random.default_rng(seed)
    return rng.normal(scale=0.05, size=(n, 2)), np.arange(n) % 2
