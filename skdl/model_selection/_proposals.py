"""Which points to try next: a Gaussian process on the points tried so far."""

import copy
import warnings

import numpy as np
from bayes_opt import BayesianOptimization, acquisition
from bayes_opt.parameter import BayesParameter
from scipy.optimize import minimize
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from skdl.model_selection._spaces import Categorical

# Scores are standardised before: 0.01 is a hundredth of their standard deviation.
ACQUISITIONS = {
    "ei": lambda: acquisition.ExpectedImprovement(xi=0.01),
    "poi": lambda: acquisition.ProbabilityOfImprovement(xi=0.01),
    "ucb": lambda: acquisition.UpperConfidenceBound(kappa=1.96),
}
N_RANDOM = 2000  # random points at which the acquisition function is computed,
N_LOCAL = 250  # and points around the best ones, in each of some rounds
ROUNDS = 4
N_CENTRES = 10
LENGTH = 0.4  # a length scale, for a single dimension; grows with their root
LENGTH_SD = 1.0  # of its logarithm
STEP = 0.2  # of the first round, in units of a range; halved each time


class Proposals:
    """Proposes points; what it proposes follows from the seed and the scores seen.

    Parameters
    ----------
    space : Space
        What may be chosen.
    acquisition : str or bayes_opt.acquisition.AcquisitionFunction
        What makes a point promising.
    init_points : int
        How many points come before the model is asked.
    seed : int
        Decides everything random.
    """

    def __init__(self, space, acquisition, *, init_points, seed):
        self._space = space
        self._acquisition = acquisition
        self._seed = seed
        self._first = space.spread(init_points, np.random.default_rng(seed))

    def next(self, points, scores, n):
        """The next points.

        Parameters
        ----------
        points : list of tuple
            All points that were tried.
        scores : list of float
            Their scores, higher is better; NaN where the fit failed.
        n : int
            How many points are wanted; they will be tried side by side.

        Returns
        -------
        list of tuple
            None of them seen before, none twice.
        """
        rng = np.random.default_rng([self._seed, len(points)])
        scores = tamed(scores)
        new = []
        for i in range(len(points), len(points) + n):
            taken = {*points, *new}
            if i < len(self._first):
                point = self._first[i]
            else:
                # a liar's scores for points whose own are not known yet
                lies = [float(np.median(scores))] * len(new)
                with threadpool_limits(1, user_api="blas"):  # small matrices
                    point = self._promising([*points, *new], [*scores, *lies], rng)
            new.append(point if point not in taken else self._unseen(taken, rng))
        return new

    def _unseen(self, taken, rng):
        while True:
            for point in self._space.random(100, rng):
                if point not in taken:
                    return point

    def _promising(self, points, scores, rng):
        """The point with the highest value of the acquisition function, not yet tried.

        It is looked for among random points, then around the best ones of those and
        of the points tried, in ever smaller steps. The library's own optimizers work
        on the columns instead, where most places are no categories, and its
        evolution takes over a second for each point.
        """
        sd = np.std(scores) or 1.0
        scores = (np.asarray(scores) - np.mean(scores)) / sd
        prior = _Prior(self._space)
        optimizer = library_optimizer(
            self._space, self._acquisition, zip(points, scores, strict=True), rng, prior
        )
        if not isinstance(self._acquisition, str):
            return self._space.point(optimizer.suggest())
        mean = optimizer.predict([self._space.varied(p) for p in points])
        function = optimizer.acquisition_function
        function.y_max = mean.max()

        def value(candidates):
            params = [self._space.varied(point) for point in candidates]
            mean, sd = optimizer.predict(params, return_std=True, fit_gp=False)
            # without the noise: what counts is the true score
            sd = np.sqrt(np.maximum(sd**2 - prior.noise, 1e-12))
            return function.base_acq(mean, sd)

        taken = set(points)
        random = dict.fromkeys(self._space.random(N_RANDOM, rng))
        found = [p for p in random if p not in taken]
        values = value(found) if found else np.empty(0)
        centres = [points[i] for i in np.argsort(scores)[-N_CENTRES // 2 :]]
        centres += [found[i] for i in np.argsort(values)[-N_CENTRES:]]
        for step in STEP * 0.5 ** np.arange(ROUNDS):
            near = dict.fromkeys(self._around(centres, step, rng))
            new = [p for p in near if p not in taken]
            if new:
                found += new
                values = np.concatenate([values, value(new)])
            centres = [found[i] for i in np.argsort(values)[-N_CENTRES:]] or centres
        return found[int(np.argmax(values))] if found else points[0]

    def _around(self, centres, step, rng):
        """Points that differ from one of `centres` in some dimensions."""
        n = len(self._space.dimensions)
        for _ in range(N_LOCAL):
            point = list(centres[rng.integers(len(centres))])
            moved = rng.random(n) < max(1 / n, 0.3)
            moved[rng.integers(n)] = True
            for i in np.flatnonzero(moved):
                dimension = self._space.dimensions[i]
                if isinstance(dimension, Categorical):
                    unit = rng.random()
                else:
                    unit = dimension._encode(point[i])[0] + step * rng.normal()
                point[i] = dimension._decode(min(max(unit, 0.0), 1.0))
            yield tuple(point)


def tamed(scores):
    """Scores for the model: failed ones the worst, those below the median drawn near.

    A few disastrous candidates (a learning rate much too high) would otherwise
    decide the scale of the model, and hide the differences among good ones. Below
    the median the distance to it is taken on a log scale, in units of the distance
    from the median to the best.

    Parameters
    ----------
    scores : list of float
        Higher is better; NaN where the fit failed.

    Returns
    -------
    list of float
        In the same order, ties remaining ties.

    References
    ----------
    Song, X. et al. (2024). The Vizier Gaussian process bandit algorithm.
    arXiv:2408.11527. It warps scores for the same reason, in a similar way.
    """
    scores = np.array(scores, dtype=float)
    good = np.isfinite(scores)
    if not good.any():
        return [0.0] * len(scores)
    scores[~good] = scores[good].min()
    median = np.median(scores)
    unit = scores.max() - median
    if unit > 0:
        below = np.minimum(scores - median, 0)
        scores = np.maximum(scores, median) - unit * np.log1p(-below / unit)
    return scores.tolist()


def library_optimizer(space, acquisition, trials, rng, prior=None):
    """A `BayesianOptimization` that knows some points and their scores.

    Parameters
    ----------
    space : Space
        What may be chosen; dimensions with a single value are left out.
    acquisition : str or bayes_opt.acquisition.AcquisitionFunction
        What makes a point promising.
    trials : iterable of tuple
        Points and scores.
    rng : Generator
        Decides its random state.
    prior : _Prior, default=None
        Of the model's parameters.

    Returns
    -------
    BayesianOptimization
        It has no function to maximise; ask it to ``suggest`` or ``predict``.
    """
    if isinstance(acquisition, str):
        function = ACQUISITIONS[acquisition]()
    else:
        function = copy.deepcopy(acquisition)
    named = zip(space.names, space.dimensions, strict=True)
    with warnings.catch_warnings():
        # parameters that are no floats are said to be experimental
        warnings.simplefilter("ignore", UserWarning)
        optimizer = BayesianOptimization(
            None,
            {n: _Parameter(n, d) for n, d in named if d._width},
            acquisition_function=function,
            random_state=int(rng.integers(2**31)),
            allow_duplicate_points=True,
            verbose=0,
        )
    prior = prior or _Prior(space)
    optimizer.set_gp_params(
        kernel=prior.kernel,
        alpha=1e-8,
        normalize_y=False,
        n_restarts_optimizer=0,
        optimizer=prior.fit,
    )
    for point, score in trials:
        # by the space itself: the optimizer would write a log of all trials each time
        optimizer.space.register(space.varied(point), score)
    return optimizer


class _Prior:
    """The model's kernel, and its parameters' most probable values a posteriori.

    With as few points as a search has, maximum likelihood takes chance for structure:
    it finds dimensions that do not matter, and never looks there again. Log-normal
    priors keep length scales, signal and noise in a sensible range.
    """

    def __init__(self, space):
        n = space.n_columns
        d = sum(d._width > 0 for d in space.dimensions)
        length = LENGTH * np.sqrt(d)
        self.kernel = ConstantKernel(1.0, (0.05, 20)) * Matern(
            np.full(n, length), (0.05, 20), nu=2.5
        ) + WhiteKernel(0.01, (1e-6, 1))
        self._mean = self.kernel.theta.copy()
        self._sd = np.array([1.0, *[LENGTH_SD] * n, 2.0])
        self.noise = 0.01

    def fit(self, loss, theta, bounds):
        """What scikit-learn's Gaussian process calls for its kernel's parameters.

        Parameters
        ----------
        loss : callable
            Negative log marginal likelihood and its gradient.
        theta : ndarray of shape (n_parameters,)
            Not used: every fit begins at the prior's mean.
        bounds : ndarray of shape (n_parameters, 2)
            Of the logarithms.

        Returns
        -------
        tuple
            The best parameters and their loss.
        """

        def posterior(theta):
            value, gradient = loss(theta)
            z = (theta - self._mean) / self._sd
            return value + z @ z / 2, gradient + z / self._sd

        best = minimize(
            posterior, self._mean, jac=True, bounds=bounds, method="L-BFGS-B"
        )
        self.noise = float(np.exp(best.x[-1]))
        return best.x, best.fun


class _Parameter(BayesParameter):
    """A dimension of ours as the library sees it: values outside, columns inside."""

    def __init__(self, name, dimension):
        self._dimension = dimension
        bounds = np.tile([0.0, 1.0], (dimension._width, 1))
        super().__init__(name, bounds)

    @property
    def is_continuous(self):
        return self._dimension._n_values == np.inf

    @property
    def dim(self):
        return self._dimension._width

    def random_sample(self, n_samples, random_state):
        units = random_state.uniform(size=n_samples)
        dimension = self._dimension
        columns = [dimension._encode(dimension._decode(float(u))) for u in units]
        return np.array(columns)

    def to_float(self, value):
        return np.array(self._dimension._encode(self._dimension._code(value)))

    def to_param(self, value):
        return self._dimension._value(self._dimension._from_columns(value))

    def kernel_transform(self, value):
        return self._dimension._snapped(value)
