"""Text that is the same for equal values, in this process and in others."""

import functools
import hashlib
import math
import types

import joblib

from skdl.training._description import Look, Unknown

FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial)


def fingerprint(value):
    """Text that is the same for equal values, in this process and in others.

    Functions and classes of users are taken by their code and by all that it reads,
    estimators by their parameters, Keras objects by their configuration and weights,
    containers item by item: pickles of these differ between processes, or do not exist,
    or hold no more than a name.

    Parameters
    ----------
    value : object
        Data, a parameter, a function.

    Returns
    -------
    str
        A hash.

    Raises
    ------
    ValueError
        If it holds something that can be compared in none of these ways.

    Examples
    --------
    >>> from skdl._fingerprint import fingerprint
    >>> fingerprint([1, 2.0]) == fingerprint([1, 2.0])
    True
    """
    text = repr(_Look().at(value))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprints(estimator):
    """An estimator's class and parameters, each with its fingerprint.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline.

    Returns
    -------
    dict
        By name.
    """
    found = {"estimator": fingerprint(type(estimator))}
    for name, value in estimator.get_params(deep=False).items():
        found[f"estimator's {name}"] = fingerprint(value)
    return found


class _Look(Look):
    """Estimators, data and Keras objects among others."""

    most = math.inf  # data may be in lists
    reach_anything = frozenset()  # a scorer may well keep a file of its own

    def describe(self, value):
        if not isinstance(value, type):
            if hasattr(value, "get_params"):
                params = value.get_params(deep=False)
                return "estimator", self.at(type(value)), self.at(params)
            if hasattr(value, "get_config"):  # of Keras, which has names for functions
                parts = getattr(value, "__dict__", {})
                own = {k: v for k, v in parts.items() if isinstance(v, FUNCTIONS)}
                config = {k: v for k, v in value.get_config().items() if k != "name"}
                shown = self.at(config), self.attributes(own)  # names are counted up
                weights = value.get_weights() if hasattr(value, "get_weights") else []
                return "configured", self.at(type(value)), *shown, self.at(weights)
        try:
            return super().describe(value)
        except (Unknown, TypeError) as error:
            raise ValueError(_refusal(value, error)) from None

    def of_known_class(self, value):
        if type(value).__module__.split(".")[0] == "pandas":
            return "data", joblib.hash(value)
        return super().of_known_class(value)

    def itself(self, value):
        raise Unknown("it is equal to nothing but itself")


def _refusal(value, error):
    why = str(error) or "nothing is known of what it holds"
    return (
        f"A journal cannot tell whether {value!r} is the same as in another run: "
        f"{why}. Use something that can be pickled, and let no function read what "
        "cannot; or leave journal out."
    )
