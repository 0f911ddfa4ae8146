"""Classes that the training rows of a fold lack."""

import numpy as np

from skdl._remarks import warn_user
from skdl.exceptions import MissingClassWarning

FEW = 5  # folds and classes that are named
# axes of y -> the folds that have all classes
REMEDIES = {1: "StratifiedKFold(shuffle=True)", 2: "KFold(shuffle=True)"}


def warn_of_missing_classes(splits, y, answers, name):
    """Warn if models of some folds will not know all classes.

    Parameters
    ----------
    splits : list of tuple of ndarray of int
        Training and test rows.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Labels, or an indicator matrix.
    answers : Numbers, Classes or LabelSets
        How the models answer; only for the last two there are classes.
    name : str
        What is fitted.

    Warns
    -----
    skdl.exceptions.MissingClassWarning
        If a class, or a label of an indicator matrix, is in no training row of a fold.
    """
    if not hasattr(answers, "classes"):
        return
    has = y == answers.classes[:, np.newaxis] if y.ndim == 1 else y.T != 0
    n_rows = has.sum(axis=1)
    lacking = {}  # class -> folds
    for k, (train, _) in enumerate(splits):
        for i in np.flatnonzero((n_rows > 0) & ~has[:, train].any(axis=1)):
            lacking.setdefault(answers.classes[i], []).append(k)
    if not lacking:
        return
    folds = sorted(set().union(*lacking.values()))
    what = "class" if y.ndim == 1 else "label"
    text = (
        f"No training row of {_several('fold', folds)} (counted from 0) of {name} has "
        f"the {_several(what, list(lacking))}: models that have not seen a {what} "
        "never predict it, and averages and out-of-fold predictions suffer. Take "
        f"cv={REMEDIES[y.ndim]}, or give a rare {what} more rows."
    )
    warn_user(MissingClassWarning(text))


def _several(noun, values):
    """The noun with the first of the values, and how many more there are."""
    if len(values) > 1:
        noun += "es" if noun.endswith("s") else "s"
    more = f" and {len(values) - FEW} more" if len(values) > FEW else ""
    return f"{noun} {', '.join(str(value) for value in values[:FEW])}{more}"
