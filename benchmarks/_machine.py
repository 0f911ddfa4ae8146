"""Where figures come from, and what the reader sees meanwhile."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version


def installed_version(package):
    """Return a package's version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine(packages):
    """Describe where the figures come from.

    Parameters
    ----------
    packages : iterable of str
        Those whose versions matter; what is not installed is left out.

    Returns
    -------
    dict
    """
    versions = {name: installed_version(name) for name in packages}
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    } | {name: number for name, number in versions.items() if number}


def one_line(description):
    """Write a description of the machine."""
    return ", ".join(f"{key} {value}" for key, value in description.items())


def tell(message):
    """Report progress beside the tables."""
    print(message, file=sys.stderr, flush=True)
