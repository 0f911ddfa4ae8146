"""What a search may choose from: numbers on a linear or log scale, categories."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import qmc

PRIORS = ("uniform", "log-uniform")


@dataclass(frozen=True)
class _Range:
    """What real and integer ranges share; a code is the number itself."""

    low: float
    high: float
    prior: str = "uniform"

    _kind = numbers.Real
    _width = 1  # columns of the encoding

    def __post_init__(self):
        shown = f"({self.low!r}, {self.high!r}, {self.prior!r})"
        if self.prior not in PRIORS:
            raise ValueError(f"{shown}: the prior must be one of {PRIORS}.")
        for bound in (self.low, self.high):
            if not _is_number(bound) or not isinstance(bound, self._kind):
                word = "a number" if self._kind is numbers.Real else "an integer"
                raise ValueError(f"{shown}: the bound {bound!r} must be {word}.")
            if not math.isfinite(bound):
                raise ValueError(f"{shown}: the bound {bound!r} must be finite.")
        if not self.low < self.high:
            raise ValueError(
                f"{shown}: the first bound must be below the second. For a fixed "
                "value, set it on the estimator, or give a list with that value."
            )
        if self.prior == "log-uniform" and self.low <= 0:
            raise ValueError(
                f"{shown}: a log scale needs bounds above 0. Raise the first one, for "
                f"example to {self.high / 1e4:.0e}, or drop the prior."
            )

    def _value(self, code):
        return code

    def _code(self, value):
        return value

    def _encode(self, code):
        low, high = map(self._scaled, self._edges())
        return [(self._scaled(code) - low) / (high - low)]

    def _decode(self, unit):
        low, high = map(self._scaled, self._edges())
        number = low + unit * (high - low)
        if self.prior == "log-uniform":
            number = math.exp(number)
        return self._nearest(number)

    def _from_columns(self, columns):
        return self._decode(float(columns[0]))

    def _snapped(self, columns):
        """Columns of numbers that exist."""
        if self._n_values == math.inf:
            return columns
        return np.array([self._encode(self._from_columns(row)) for row in columns])

    def _scaled(self, number):
        return math.log(number) if self.prior == "log-uniform" else float(number)


class Real(_Range):
    """A real number between two bounds.

    Parameters
    ----------
    low, high : float
        Bounds, both included.
    prior : {"uniform", "log-uniform"}, default="uniform"
        The scale on which the search moves; "log-uniform" suits learning rates and
        penalties and needs ``low > 0``.

    Raises
    ------
    ValueError
        If the bounds are not finite, in the wrong order, or not positive where the
        logarithm is taken.

    Examples
    --------
    >>> from skdl.model_selection import Real
    >>> Real(1e-4, 1e-1, prior="log-uniform")
    Real(low=0.0001, high=0.1, prior='log-uniform')
    """

    _n_values = math.inf

    def _edges(self):
        return self.low, self.high

    def _nearest(self, number):
        return float(min(max(number, self.low), self.high))


class Integer(_Range):
    """An integer between two bounds.

    Parameters
    ----------
    low, high : int
        Bounds, both included.
    prior : {"uniform", "log-uniform"}, default="uniform"
        The scale on which the search moves; "log-uniform" suits numbers of units.

    Raises
    ------
    ValueError
        If the bounds are no integers, in the wrong order, or not positive where the
        logarithm is taken.

    Examples
    --------
    >>> from skdl.model_selection import Integer
    >>> Integer(16, 512, prior="log-uniform")
    Integer(low=16, high=512, prior='log-uniform')
    """

    _kind = numbers.Integral

    @property
    def _n_values(self):
        return int(self.high) - int(self.low) + 1

    def _edges(self):
        """Half a unit outside, so that the bounds come as often as their neighbours."""
        return self.low - 0.5, self.high + 0.5

    def _nearest(self, number):
        return min(max(round(number), int(self.low)), int(self.high))


@dataclass(frozen=True)
class Categorical:
    """One of several values without an order.

    Parameters
    ----------
    categories : sequence
        The values: of any kind, also tuples, functions or estimators.

    Raises
    ------
    ValueError
        If there are none, or one comes twice.

    Examples
    --------
    >>> from skdl.model_selection import Categorical
    >>> Categorical([(32,), (64, 32)])
    Categorical(categories=[(32,), (64, 32)])
    """

    categories: object = field(hash=False)

    def __post_init__(self):
        values = self.categories
        if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__len__"):
            raise ValueError(
                f"categories={values!r} must be a list of values. Write [{values!r}] "
                "for a single one."
            )
        if len(values) == 0:
            raise ValueError(
                f"categories={values!r} holds no value. Give at least one."
            )
        for i, value in enumerate(values):
            if any(_same(value, other) for other in values[:i]):
                raise ValueError(
                    f"categories={values!r} holds {value!r} twice. Give each value "
                    "once."
                )

    @property
    def _n_values(self):
        return len(self.categories)

    @property
    def _width(self):
        return self._n_values if self._n_values > 1 else 0

    def _value(self, code):
        value = self.categories[code]
        return value.item() if isinstance(value, np.generic) else value

    def _code(self, value):
        codes = range(self._n_values)
        return next(code for code in codes if _same(self._value(code), value))

    def _encode(self, code):
        return [float(i == code) for i in range(self._width)]

    def _decode(self, unit):
        return min(int(unit * self._n_values), self._n_values - 1)

    def _from_columns(self, columns):
        return int(np.argmax(columns))

    def _snapped(self, columns):
        """The largest becomes one, the others zero."""
        return np.eye(self._n_values)[np.argmax(columns, axis=1)]


class Space:
    """All dimensions of a search; a point is a tuple of one code for each.

    Parameters
    ----------
    search_spaces : dict
        From parameter names to ranges or lists, as users write them.

    Raises
    ------
    ValueError
        If it is empty or no dict, or a dimension cannot be read.
    """

    def __init__(self, search_spaces):
        if not isinstance(search_spaces, Mapping) or not search_spaces:
            raise ValueError(
                f"search_spaces={search_spaces!r} must be a dict from parameter names "
                'to ranges or lists, for example {"learning_rate": (1e-4, 0.1, '
                '"log-uniform"), "activation": ["relu", "selu"]}.'
            )
        self.names = list(search_spaces)
        self.dimensions = [as_dimension(n, s) for n, s in search_spaces.items()]
        self.n_points = math.prod(d._n_values for d in self.dimensions)
        self.n_columns = sum(d._width for d in self.dimensions)

    def params(self, point):
        """What `point` means to an estimator.

        Parameters
        ----------
        point : tuple
            Codes.

        Returns
        -------
        dict
            Values by parameter name.
        """
        values = (d._value(c) for d, c in zip(self.dimensions, point, strict=True))
        return dict(zip(self.names, values, strict=True))

    def point(self, params):
        """The point of some parameters.

        Parameters
        ----------
        params : dict
            Values by name; those with a single value may be missing.

        Returns
        -------
        tuple
            Codes.
        """
        named = zip(self.names, self.dimensions, strict=True)
        return tuple(d._code(params[n]) if n in params else 0 for n, d in named)

    def varied(self, point):
        """The parameters that have more than one value.

        Parameters
        ----------
        point : tuple
            Codes.

        Returns
        -------
        dict
            Values by parameter name.
        """
        named = zip(self.names, self.dimensions, point, strict=True)
        return {n: d._value(c) for n, d, c in named if d._width}

    def spread(self, n, rng):
        """Points that cover every dimension evenly (Latin hypercube).

        Parameters
        ----------
        n : int
            How many.
        rng : Generator
            Decides which.

        Returns
        -------
        list of tuple
            Codes; in a small space some may be equal.
        """
        design = qmc.LatinHypercube(len(self.dimensions), rng=rng)
        return self.decode(design.random(n))

    def random(self, n, rng):
        """Points drawn independently.

        Parameters
        ----------
        n : int
            How many.
        rng : Generator
            Decides which.

        Returns
        -------
        list of tuple
            Codes; some may be equal.
        """
        return self.decode(rng.random((n, len(self.dimensions))))

    def decode(self, units):
        """Points from numbers in [0, 1], one for each dimension.

        Parameters
        ----------
        units : array-like of shape (n_points, n_dimensions)
            Where in each dimension.

        Returns
        -------
        list of tuple
            Codes.
        """
        return [
            tuple(
                d._decode(float(u)) for d, u in zip(self.dimensions, row, strict=True)
            )
            for row in units
        ]


def as_dimension(name, spec):
    """The dimension that a user's short form stands for.

    Parameters
    ----------
    name : str
        The parameter, for messages.
    spec : tuple, list, range or dimension
        A tuple of two numbers is a range: of integers if both are, else real; a third
        item may be the prior. A list is categories, whatever it holds, as are tuples
        of anything else and arrays. A ``range`` is categories too, unless its step
        is one.

    Returns
    -------
    Real, Integer or Categorical
        The dimension.

    Raises
    ------
    ValueError
        If `spec` is none of these; it names the parameter.
    """
    try:
        if isinstance(spec, (Real, Integer, Categorical)):
            return spec
        if isinstance(spec, range) and spec.step == 1 and len(spec) > 1:
            return Integer(spec.start, spec.stop - 1)
        if isinstance(spec, tuple):
            *bounds, prior = spec if len(spec) == 3 else (*spec, "uniform")
            ranges = len(bounds) == 2 and isinstance(prior, str)
            if ranges and all(map(_is_number, bounds)):
                whole = all(isinstance(b, numbers.Integral) for b in bounds)
                return (Integer if whole else Real)(*bounds, prior=prior)
        if isinstance(spec, (list, tuple, range, np.ndarray)):
            return Categorical(list(spec))
        raise ValueError(
            f"{spec!r} is neither a range nor a list. Give (low, high), (low, high, "
            '"log-uniform"), a list of values, or Real, Integer, Categorical.'
        )
    except ValueError as error:
        raise ValueError(f"search_spaces[{name!r}]: {error}") from None


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def _same(a, b):
    """Equal and of one type: True is not 1, but NaN is NaN."""
    try:
        return a is b or (type(a) is type(b) and bool(a == b or (a != a and b != b)))
    except (TypeError, ValueError):  # arrays
        return False
