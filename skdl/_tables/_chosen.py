"""The parameter ``categorical_features``: which columns the user chose."""

import reprlib

import numpy as np

EXPECTED = (
    "'from_dtype', None, or a list of column names, of column numbers, or of one bool "
    "for each column"
)


def chosen_columns(categorical_features, n_features, labels):
    """Which columns the user names as categorical.

    Parameters
    ----------
    categorical_features : None or array-like
        Names, numbers or a mask, as in ``HistGradientBoostingClassifier``; None is
        none of them.
    n_features : int
        Columns of X.
    labels : list or None
        Names of the columns, if X is a frame.

    Returns
    -------
    ndarray of bool of shape (n_features,)
        True for those that are categorical.

    Raises
    ------
    ValueError
        If it is none of these, or names columns that X does not have.
    """
    mask = np.zeros(n_features, dtype=bool)
    if categorical_features is None:
        return mask
    chosen = np.asarray(categorical_features)
    if chosen.ndim != 1:
        raise ValueError(
            f"categorical_features={categorical_features!r} must be {EXPECTED}."
        )
    if len(chosen) == 0:
        return mask
    if chosen.dtype.kind == "b":
        if len(chosen) != n_features:
            raise ValueError(
                f"categorical_features has {len(chosen)} bools, but X has {n_features} "
                "columns. Give one bool for each column, or names or numbers of the "
                "categorical ones."
            )
        return chosen
    if chosen.dtype.kind in "iu":
        for column in chosen.tolist():
            if not 0 <= column < n_features:
                raise ValueError(
                    f"categorical_features has the column number {column}, but must be "
                    f"in [0, n_features - 1], which is [0, {n_features - 1}]."
                )
        mask[chosen] = True
        return mask
    kinds = sorted({type(v).__name__ for v in chosen.tolist()})
    if kinds != ["str"]:
        raise ValueError(
            "categorical_features must be an array-like of bool, int or str, got: "
            f"{', '.join(kinds)}. Give {EXPECTED}."
        )
    if labels is None:
        raise ValueError(
            f"categorical_features names the column {chosen.tolist()[0]!r}, but X has "
            "no column names. Pass a frame, or give column numbers or a mask."
        )
    names = set(chosen.tolist())
    if unknown := names.difference(labels):
        raise ValueError(
            f"categorical_features has {min(unknown)!r}, which is not a column of X. "
            f"Its columns are {reprlib.repr(labels)}."
        )
    return np.array([label in names for label in labels])
