"""The same search in the words of each library; ten random points come first."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import RandomizedSearchCV, cross_val_score

FIRST = 10


def skdl_search(network, space, trials, seed):
    """Search by skdl's `BayesSearchCV`, everything else at its default."""
    from skdl.model_selection import BayesSearchCV, Categorical, Integer, Real

    def dimension(d):
        if d.choices:
            return Categorical(list(d.choices))
        prior = "log-uniform" if d.log else "uniform"
        return (Integer if d.whole else Real)(d.low, d.high, prior=prior)

    search = BayesSearchCV(
        network.estimator,
        {d.name: dimension(d) for d in space},
        init_points=FIRST,
        n_iter=trials - FIRST,
        cv=network.cv,
        scoring=network.scoring,
        refit=False,
        random_state=seed,
        error_score="raise",
    )
    return search.fit(network.X, network.y).cv_results_["mean_test_score"]


def skopt_search(network, space, trials, seed):
    """Search by scikit-optimize's `BayesSearchCV`, ten random points as by default."""
    from skopt import BayesSearchCV
    from skopt.space import Categorical, Integer, Real

    def dimension(d):
        if d.choices:
            return Categorical(list(d.choices))
        prior = "log-uniform" if d.log else "uniform"
        return (Integer if d.whole else Real)(d.low, d.high, prior=prior)

    search = BayesSearchCV(
        network.estimator,
        {d.name: dimension(d) for d in space},
        optimizer_kwargs={"n_initial_points": FIRST},
        n_iter=trials,
        cv=network.cv,
        scoring=network.scoring,
        refit=False,
        random_state=seed,
        error_score="raise",
    )
    search.fit(network.X, network.y)
    return search.cv_results_["mean_test_score"]


def optuna_search(sampler, network, space, trials, seed):
    """Search by a study of Optuna around `cross_val_score`."""
    import optuna

    def suggest(trial, d):
        if d.choices:
            return trial.suggest_categorical(d.name, d.choices)
        draw = trial.suggest_int if d.whole else trial.suggest_float
        return draw(d.name, d.low, d.high, log=d.log)

    def objective(trial):
        params = {d.name: suggest(trial, d) for d in space}
        return cross_val_score(
            clone(network.estimator).set_params(**params),
            network.X,
            network.y,
            cv=network.cv,
            scoring=network.scoring,
            error_score="raise",
        ).mean()

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    maker = getattr(optuna.samplers, sampler)
    study = optuna.create_study(
        direction="maximize", sampler=maker(n_startup_trials=FIRST, seed=seed)
    )
    study.optimize(objective, n_trials=trials)
    return [trial.value for trial in study.trials]


def tpe_search(*arguments):
    """Search by Optuna's default, the tree-structured Parzen estimator."""
    return optuna_search("TPESampler", *arguments)


def gp_search(*arguments):
    """Search by Optuna's Gaussian process, which needs PyTorch."""
    return optuna_search("GPSampler", *arguments)


class WholeLogUniform:
    """Integers whose logarithms are uniform, which scipy lacks."""

    def __init__(self, low, high):
        self._exponent = stats.uniform(
            np.log(low - 0.5), np.log((high + 0.5) / (low - 0.5))
        )
        self._low, self._high = low, high

    def rvs(self, random_state=None):
        """Draw one."""
        drawn = np.exp(self._exponent.rvs(random_state=random_state))
        return int(np.clip(np.round(drawn), self._low, self._high))


def random_search(network, space, trials, seed):
    """Search by scikit-learn's `RandomizedSearchCV`, on the same scales."""

    def distribution(d):
        if d.choices:
            return list(d.choices)
        if d.whole:
            whole = WholeLogUniform if d.log else lambda a, b: stats.randint(a, b + 1)
            return whole(d.low, d.high)
        if d.log:
            return stats.loguniform(d.low, d.high)
        return stats.uniform(d.low, d.high - d.low)

    search = RandomizedSearchCV(
        network.estimator,
        {d.name: distribution(d) for d in space},
        n_iter=trials,
        cv=network.cv,
        scoring=network.scoring,
        refit=False,
        random_state=seed,
        error_score="raise",
    )
    return search.fit(network.X, network.y).cv_results_["mean_test_score"]


@dataclass(frozen=True)
class Searcher:
    """A search under test.

    Attributes
    ----------
    title : str
        Head of its row.
    search : callable
        ``search(network, space, trials, seed)`` returns the score of each trial.
    modules : tuple of str
        What has to be installed; imported before any clock starts.
    """

    title: str
    search: Callable
    modules: tuple

    def missing(self):
        """Name the top-level modules which are not installed."""
        names = {module.partition(".")[0] for module in self.modules}
        return sorted(name for name in names if find_spec(name) is None)

    def load(self):
        """Import everything, so that imports are on nobody's clock."""
        for module in self.modules:
            import_module(module)


SEARCHERS = {
    "skdl": Searcher(
        "skdl BayesSearchCV",
        skdl_search,
        (
            "skdl.model_selection",
            "bayes_opt",
            "sklearn.gaussian_process",
            "scipy.stats",
        ),
    ),
    "skopt": Searcher("scikit-optimize BayesSearchCV", skopt_search, ("skopt",)),
    "tpe": Searcher("Optuna, TPE", tpe_search, ("optuna",)),
    "gp": Searcher(
        "Optuna, Gaussian process",
        gp_search,
        ("optuna", "torch", "optuna._gp.acqf", "optuna._gp.gp"),
    ),
    "random": Searcher("RandomizedSearchCV", random_search, ("sklearn",)),
}
