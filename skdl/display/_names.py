"""Names of labels, as figures write them."""

from collections.abc import Mapping

import numpy as np

from skdl._targets._labels import plain

MAX_LETTERS = 24  # of a name


def label_names(labels, classes, target_names=None):
    """A name for each label.

    Parameters
    ----------
    labels : ndarray of shape (n,) or (n, n_labels)
        Labels, or an indicator matrix.
    classes : ndarray of shape (n_classes,)
        All labels, in the order of `target_names`.
    target_names : sequence of str, dict or None, default=None
        Names in the order of `classes`, or by label; labels that a dict lacks, and
        with None all of them, are written themselves.

    Returns
    -------
    list of str
        At most 24 letters each; of an indicator matrix all labels that hold.

    Raises
    ------
    ValueError
        If there are not as many names as classes, or a dict has no label of them.
    """
    classes = [plain(label) for label in classes]
    names = dict(zip(classes, map(str, classes), strict=True))
    if isinstance(target_names, Mapping):
        by_label = {plain(label): str(name) for label, name in target_names.items()}
        if by_label.keys().isdisjoint(names):
            raise ValueError(
                f"target_names has names for {list(by_label)!r}, none of which is "
                f"among the classes {classes!r}. Use labels as keys."
            )
        names |= by_label
    elif target_names is not None:
        if len(target_names) != len(classes):
            raise ValueError(
                f"target_names has {len(target_names)} names for {len(classes)} "
                f"classes, {classes!r}. Give one name for each, in this order, or a "
                "dict {label: name}, which may have more."
            )
        names = dict(zip(classes, map(str, target_names), strict=True))
    if np.ndim(labels) == 2:
        return [
            _short(", ".join(names[classes[k]] for k in np.flatnonzero(row)) or "none")
            for row in labels
        ]
    labels = map(plain, labels)
    return [_short(names.get(label, str(label))) for label in labels]


def _short(name):
    return name if len(name) <= MAX_LETTERS else name[: MAX_LETTERS - 1] + "…"
