"""What skdl promises about speed and size, held against measured figures."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

from benchmarks._text import aligned

COLUMNS = ("item", "target", "limit", "measured", "verdict")
SENSES = {"<=": operator.le, "<": operator.lt, ">=": operator.ge}
WEIGHT_BYTES = 4 * (64 * 100 + 100 + 100 * 10 + 10)  # float32
MS, MB = 1e3, 1e-6


@dataclass(frozen=True)
class Target:
    """One promise.

    Attributes
    ----------
    item : int
        Its number in the list of promises.
    claim : str
        What is measured, with its unit.
    sense : {"<=", "<", ">="}
        How the figure compares with the limit when the promise is kept.
    limit : float
    figure : callable
        Computes the figure from ``{library: {measure: median}}``.
    """

    item: int
    claim: str
    sense: str
    limit: float
    figure: Callable

    def row(self, medians):
        """Describe the target as strings: item, claim, limit, figure, verdict."""
        limit = f"{self.sense} {self.limit:g}"
        try:
            figure = self.figure(medians)
        except KeyError:
            figure = float("nan")
        if isnan(figure):
            return str(self.item), self.claim, limit, "-", "not measured"
        verdict = "pass" if SENSES[self.sense](figure, self.limit) else "FAIL"
        return str(self.item), self.claim, limit, f"{figure:.4g}", verdict


def target_table(targets, medians, *, first=COLUMNS[0]):
    """Lay out promises beside what was measured.

    Parameters
    ----------
    targets : iterable of Target
    medians : object
        What the targets compute their figures from.
    first : str
        What the first column is called.

    Returns
    -------
    str
    """
    rows = (target.row(medians) for target in targets)
    return aligned([(first, *COLUMNS[1:]), *rows], left=2)


def target_dicts(targets, medians, *, first=COLUMNS[0]):
    """Gather the same as a list of dict."""
    keys = first, *COLUMNS[1:]
    return [dict(zip(keys, target.row(medians), strict=True)) for target in targets]


def ratio(library, other, measure):
    """Make a function of the medians: one library's figure over another's."""
    return lambda medians: medians[library][measure] / medians[other][measure]


def difference(library, other, measure):
    """Make a function of the medians: one library's figure minus another's."""
    return lambda medians: medians[library][measure] - medians[other][measure]


def own(measure, scale=1.0):
    """Make a function of the medians: skdl's figure in the unit of the claim."""
    return lambda medians: medians["skdl"][measure] * scale


TARGETS = (
    Target(
        3,
        "first cross-validation, times MLPClassifier",
        "<=",
        1.0,
        ratio("skdl", "sklearn", "first_run"),
    ),
    Target(
        3,
        "second cross-validation, times MLPClassifier",
        "<=",
        0.6,
        ratio("skdl", "sklearn", "second_run"),
    ),
    Target(
        3,
        "accuracy lost to MLPClassifier",
        "<=",
        0.01,
        difference("sklearn", "skdl", "accuracy"),
    ),
    Target(
        3,
        "first cross-validation, SciKeras over skdl",
        ">=",
        12,
        ratio("scikeras", "skdl", "first_run"),
    ),
    Target(
        3,
        "second cross-validation, SciKeras over skdl",
        ">=",
        12,
        ratio("scikeras", "skdl", "second_run"),
    ),
    Target(4, "predict of one row, ms", "<=", 1.5, own("predict_1", MS)),
    Target(4, "pickle.dumps, ms", "<", 5, own("dumps", MS)),
    Target(4, "pickle.loads, ms", "<", 5, own("loads", MS)),
    Target(
        4,
        "bytes of the pickle",
        "<",
        round(1.2 * WEIGHT_BYTES + 10_000),
        own("pickle_bytes"),
    ),
    Target(5, "memory growth over the fits, MB", "<", 20, own("growth", MB)),
    Target(
        6,
        "import, seconds beyond scikit-learn's",
        "<=",
        0.3,
        difference("skdl", "sklearn", "import"),
    ),
    Target(6, "import of TensorFlow (0 no, 1 yes)", "<=", 0, own("imports_tensorflow")),
)
