"""Estimators for tables, each with the preparation which it needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CATEGORIES = make_column_selector(dtype_include="category")
ON_CPU = {"device": "cpu", "n_threads": 1}  # more threads than cores to spare wait long


def _columns(categories):
    """Do something with categories, and fill the gaps of numbers by their median."""
    return ColumnTransformer(
        [("categories", categories, CATEGORIES)],
        remainder=SimpleImputer(strategy="median", keep_empty_features=True),
        verbose_feature_names_out=False,
    )


def as_they_come():
    """Prepare nothing."""
    return []


def filled():
    """Fill the gaps of numbers."""
    return [_columns("passthrough").set_output(transform="pandas")]


def encoded():
    """Make everything numbers: categories one-hot, gaps filled."""
    return [_columns(OneHotEncoder(handle_unknown="ignore", sparse_output=False))]


def scaled():
    """Make everything numbers, and standardise them."""
    return [*encoded(), StandardScaler()]


@dataclass(frozen=True)
class Contender:
    """An estimator with its preparation.

    Attributes
    ----------
    module : str
        Where both classes are.
    names : dict of str to str
        Task -> class.
    preparation : callable
        Makes the steps before it, which are fitted on the training rows.
    note : str
        What a reader needs to know beside the name of the class.
    parameters : dict of str to dict
        Task -> what is not at its default.
    """

    module: str
    names: dict
    preparation: Callable
    note: str = ""
    parameters: dict = field(default_factory=dict)

    @property
    def library(self):
        """The package which it is from."""
        return self.module.partition(".")[0]

    @property
    def is_ours(self):
        """Whether it is skdl's."""
        return self.library == "skdl"

    def title(self, task):
        """What a row calls it."""
        return self.names[task] + (f", {self.note}" if self.note else "")

    def missing(self):
        """Tell what is not installed, or None."""
        if find_spec(self.library) is None:
            return f"{self.library} is not installed"
        return None

    def make(self, task, random_state, overrides=None):
        """Make a pipeline, or the estimator alone if it needs no preparation.

        Parameters
        ----------
        task : {"classification", "regression"}
        random_state : int
            Not used by estimators which have none.
        overrides : dict or None
            More parameters; those which the estimator does not have are left out.

        Returns
        -------
        estimator
        """
        estimator = self._defaults(task)
        wanted = {"random_state": random_state, **(overrides or {})}
        known = estimator.get_params()
        taken = {name: value for name, value in wanted.items() if name in known}
        estimator.set_params(**self.parameters.get(task, {}), **taken)
        steps = self.preparation()
        return make_pipeline(*steps, estimator) if steps else estimator

    def parameter_names(self):
        """Name the parameters of its estimators, of both tasks together."""
        return {n for task in self.names for n in self._defaults(task).get_params()}

    def _defaults(self, task):
        return getattr(import_module(self.module), self.names[task])()


def _both(stem):
    return {"classification": f"{stem}Classifier", "regression": f"{stem}Regressor"}


CONTENDERS = {
    "tabular": Contender("skdl", _both("Tabular"), as_they_come),
    "dense": Contender("skdl", _both("Dense"), encoded),
    "mlp": Contender("sklearn.neural_network", _both("MLP"), encoded, "raw"),
    "mlp_scaled": Contender("sklearn.neural_network", _both("MLP"), scaled, "scaled"),
    "boosting": Contender(
        "sklearn.ensemble", _both("HistGradientBoosting"), as_they_come
    ),
    "linear": Contender(
        "sklearn.linear_model",
        {"classification": "LogisticRegression", "regression": "Ridge"},
        scaled,
        "scaled",
        {"classification": {"max_iter": 1000}},
    ),
    "realmlp": Contender(
        "pytabkit",
        _both("RealMLP_TD_S_"),
        filled,
        parameters={"classification": ON_CPU, "regression": ON_CPU},
    ),
}


def those_installed(names):
    """Tell contenders which can run from those which cannot.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    contenders : dict of str to Contender
    missing : dict of str to str
        Name -> the reason.
    """
    reasons = {name: CONTENDERS[name].missing() for name in names}
    there = {name: CONTENDERS[name] for name, reason in reasons.items() if not reason}
    return there, {name: reason for name, reason in reasons.items() if reason}
