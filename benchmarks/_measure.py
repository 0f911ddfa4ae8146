"""Clocks and memory gauges."""

import gc
import resource
import sys
from pathlib import Path
from statistics import median
from time import perf_counter


def timed(action):
    """Run an action once.

    Parameters
    ----------
    action : callable without arguments

    Returns
    -------
    seconds : float
    result : object
        What the action returned.
    """
    start = perf_counter()
    result = action()
    return perf_counter() - start, result


def median_seconds(action, *, repeats=100, limit=2.0):
    """Time an action repeatedly, after one call which is not counted.

    Parameters
    ----------
    action : callable without arguments
    repeats : int
        Calls to time.
    limit : float
        Seconds after which no further call is begun.

    Returns
    -------
    float
        Median seconds of a call.
    """
    action()
    seconds = []
    while len(seconds) < repeats and sum(seconds) < limit:
        seconds.append(timed(action)[0])
    return median(seconds)


def resident_bytes():
    """Memory which this process holds at the moment, garbage collected first."""
    gc.collect()
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if "VmRSS" in x)
        return 1024 * int(line.split()[1])
    import psutil

    return psutil.Process().memory_info().rss


def peak_bytes():
    """Return the most memory which this process has held since it started."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
