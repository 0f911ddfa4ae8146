"""Finding out what kind of labels a classifier was given."""

import numbers

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array

from skdl._targets._labels import ClassTargets, MultilabelTargets


def classification_targets(y, classes=None):
    """Find out what kind of labels these are.

    Parameters
    ----------
    y : array-like
        Labels.
    classes : array-like or None, default=None
        All labels that there can be, for ``partial_fit``.

    Returns
    -------
    ClassTargets or MultilabelTargets
        Which encodes and decodes them.

    Raises
    ------
    ValueError
        For continuous targets and for several columns of classes.
    """
    refuse_unsortable(y)
    if not hasattr(y, "tocsr"):
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return MultilabelTargets(np.arange(y.shape[1]))
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"y has {y.shape[1]} columns of classes. Use MultiOutputClassifier to fit "
            "one model for each column, or an indicator matrix of 0 and 1."
        )
    labels = column_or_1d(y, warn=False)
    if classes is None:
        return ClassTargets(np.unique(labels))
    return ClassTargets(np.unique(column_or_1d(classes)))


def refuse_unsortable(y):
    """Refuse labels that are missing, or cannot be compared with each other.

    Parameters
    ----------
    y : array-like
        Labels; also what is none, of which nothing is said.

    Raises
    ------
    ValueError
        For None, NaN and the like among labels, and for text among numbers.
    """
    kind = getattr(getattr(y, "dtype", None), "kind", "O")
    if y is None or hasattr(y, "tocsr") or kind in "biufSU":
        return
    try:
        labels = np.asarray(y, dtype=object)
    except ValueError:  # lists of different shapes
        return
    if labels.ndim == 0:
        return
    import pandas as pd

    missing = np.argwhere(pd.isna(labels))
    if len(missing):
        place = tuple(missing[0])
        raise ValueError(
            f"y holds {labels[place]} in place of a label, first in row {place[0]}. "
            "Leave such rows out, or give them a label of their own."
        )
    if len({_kind(label) for label in labels.ravel()}) > 1:
        found = sorted({type(label).__name__ for label in labels.ravel()})
        raise ValueError(
            f"y holds labels of mixed types: {', '.join(found)}. Make them all "
            "text or all numbers, for example with y.astype(str)."
        )


def _kind(label):
    """Labels of one kind can be sorted."""
    return "number" if isinstance(label, numbers.Number) else type(label)
