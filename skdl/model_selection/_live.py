"""The live line of a search: best score so far and time left."""

import sys
from time import perf_counter


class LiveLine:
    """Prints one line: rewritten in place on a terminal, one for each step elsewhere.

    Parameters
    ----------
    verbose : int
        Nothing is printed for 0.
    n_trials : int
        How many are planned.
    timeout : float or None
        Seconds after which the search ends.
    """

    def __init__(self, verbose, n_trials, timeout):
        self.verbose = verbose
        self.n_trials = n_trials
        self.timeout = timeout
        self._start = perf_counter()
        self._fitted = 0
        self._width = 0

    def show(self, n_done, best, best_score, n_fitted, note=""):
        """Print the state of the search.

        Parameters
        ----------
        n_done : int
            Trials so far.
        best : int or None
            The best trial, counted from 0.
        best_score : float
            Its score.
        n_fitted : int
            How many trials were fitted since the last call, and not known before.
        note : str, default=""
            More to say.
        """
        if not self.verbose:
            return
        self._fitted += n_fitted
        seconds = perf_counter() - self._start
        left = (self.n_trials - n_done) * seconds / max(self._fitted, 1)
        if self.timeout is not None:
            left = min(left, max(self.timeout - seconds, 0))
        best = "none yet" if best is None else f"{best_score:.5g} (trial {best + 1})"
        line = (
            f"trial {n_done}/{self.n_trials}, best score {best}, "
            f"{_clock(seconds)} gone, about {_clock(left)} left{note}"
        )
        if not sys.stdout.isatty():
            print(line, flush=True)
            return
        print("\r" + line.ljust(self._width), end="", flush=True)
        self._width = len(line)

    def end(self):
        """Leave the line standing."""
        if self._width:
            print(flush=True)


def _clock(seconds):
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"
