"""Whether a fold ensemble was fitted on the same data."""

import joblib
import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from skdl._fingerprint import fingerprint
from skdl._remarks import warn_user
from skdl.exceptions import RefittedWarning


def data_key(X, y):
    """A hash of rows and targets.

    Parameters
    ----------
    X, y : array-like of shape (n_samples, ...)
        Rows and targets.

    Returns
    -------
    str or None
        None if they cannot be hashed.
    """
    # a list and a series are the same targets as an array
    y = y.toarray() if sp.issparse(y) else np.asarray(y)
    try:
        return joblib.hash((X, y))
    except Exception:  # whatever cannot be pickled
        return None


def fit_key(data, ensemble, params):
    """A hash of all that a fitted fold ensemble depends on.

    Functions count by what they compute now, with all that they read.

    Parameters
    ----------
    data : str or None
        A `data_key`.
    ensemble : FoldEnsemble
        Its estimator, folds, seed, score and way of combining count.
    params : dict
        Arguments of ``fit``.

    Returns
    -------
    str or None
        None if something cannot be hashed, and so cannot be compared.
    """
    given = {name: value for name, value in params.items() if value is not None}
    estimator = clone(ensemble.estimator)
    names = ("cv", "random_state", "scoring", "combine")
    settings = [getattr(ensemble, name) for name in names]
    try:
        return data and fingerprint((data, estimator, *settings, given))
    except Exception:  # whatever an object of a user raises
        return None


def was_fitted_on(ensemble, name, data, params):
    """Whether a fold ensemble can be used as it is; warn if it is fitted otherwise.

    Parameters
    ----------
    ensemble : FoldEnsemble
        Fitted or not.
    name : str
        What the user calls it.
    data : str or None
        A `data_key`.
    params : dict
        Arguments that its ``fit`` would get.

    Returns
    -------
    bool
        Whether another fit would have the same data and settings.
    """
    if not hasattr(ensemble, "oof_prediction_"):
        return False
    key = fit_key(data, ensemble, params)
    if key and key == ensemble._fit_key:
        return True
    text = (
        f"The fold ensemble {name!r} is fitted, but not on these rows, targets and "
        "weights with these settings: it is fitted again. Fit it on the same X and y "
        "to have it reused, or pass a clone."
    )
    warn_user(RefittedWarning(text))
    return False
