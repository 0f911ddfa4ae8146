"""Processes with one library each, which take turns."""

import logging
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

# What a library would import while it fits; it writes to standard error meanwhile.
IMPORTED_LATE = {"skdl": ("tensorflow",), "pytabkit": ("pytabkit",)}


class Team:
    """A process for each library.

    Parameters
    ----------
    libraries : iterable of str
    """

    def __init__(self, libraries):
        self._processes = {
            library: ProcessPoolExecutor(
                1, get_context("spawn"), initializer=_prepare, initargs=(library,)
            )
            for library in libraries
        }

    def do(self, library, action, *arguments):
        """Have a function called in a library's process, and wait for its answer."""
        return self._processes[library].submit(action, *arguments).result()

    def go_home(self):
        """End the processes."""
        for process in self._processes.values():
            process.shutdown()


def _prepare(library):
    """Import quietly, before any clock starts."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        for module in IMPORTED_LATE.get(library, ()):
            import_module(module)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    for name in ("pytorch_lightning", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
