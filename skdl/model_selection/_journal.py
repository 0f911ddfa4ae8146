"""A search's trials on disk, one line each, from which a killed search goes on."""

import json
import os
from pathlib import Path

import numpy as np

from skdl.model_selection._trials import Trial

try:
    import fcntl
except ImportError:  # not on Windows: there two searches are not kept apart
    fcntl = None

VERSION = 2  # 1 knew functions by their own code alone
# of the first line, and of the others
KEYS = [{"journal", "seed", "search"}, {"trial", "point", "folds", "elapsed"}]
START = b'{"journal": %d, ' % VERSION


class Journal:
    """Reads and appends trials; the first line says which search they belong to.

    Parameters
    ----------
    path : str or os.PathLike
        The file; made if it does not exist.
    search : dict
        What the search is, by name: text that a different search does not share.
    seed : int
        The search's seed, if the file is new.
    space : Space
        Turns codes into parameters.

    Raises
    ------
    ValueError
        If the file is of another search, or no journal; it says what differs.
    """

    def __init__(self, path, search, seed, space):
        self.path = Path(path)
        self.seed = seed
        self._known = {}
        if not self.path.parent.is_dir():
            raise ValueError(
                f"journal={self._shown}: there is no folder "
                f"{str(self.path.parent)!r}. Make it, or write elsewhere."
            )
        self._file = self.path.open("ab")
        try:
            self._lock()
            header, *lines = self._read() or [None]
            if header is None:
                self._append({"journal": VERSION, "seed": seed, "search": search})
                return
            self._check(header["search"], search)
        except BaseException:
            self.close()
            raise
        self.seed = header["seed"]
        for line in lines:
            point = tuple(line["point"])
            self._known[point] = Trial(
                line["trial"],
                point,
                space.params(point),
                line["folds"],
                line["elapsed"],
            )

    @property
    def elapsed(self):
        """Seconds that the search had taken when it was cut off.

        Returns
        -------
        float
            Zero for a new one.
        """
        return max((trial.elapsed for trial in self._known.values()), default=0.0)

    def find(self, point):
        """The trial of `point`, if it is here.

        Parameters
        ----------
        point : tuple
            Codes.

        Returns
        -------
        Trial or None
            As it was written.
        """
        return self._known.get(point)

    def points(self, start, n):
        """The points of some trials, by their numbers.

        Parameters
        ----------
        start : int
            The first one's number.
        n : int
            How many.

        Returns
        -------
        list of tuple or None
            None unless all of them are here.
        """
        numbers = {trial.number: point for point, trial in self._known.items()}
        wanted = range(start, start + n)
        return [numbers[i] for i in wanted] if set(wanted) <= set(numbers) else None

    def add(self, trial):
        """Append a trial, and have it on disk before going on.

        Parameters
        ----------
        trial : Trial
            A finished one.
        """
        shown = {name: repr(value) for name, value in trial.params.items()}
        self._append(
            {
                "trial": trial.number,
                "point": trial.point,
                "params": shown,
                "folds": trial.folds,
                "elapsed": trial.elapsed,
            }
        )

    def close(self):
        """Let others have the file."""
        self._file.close()

    def _lock(self):
        """Refuse a file that another search writes; its end frees it, also a kill."""
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"journal={self._shown} is being written by a search that is running. "
                "Wait for its end, or give another file name."
            ) from None
        except OSError:  # a file system without locks
            return

    def _append(self, line):
        text = json.dumps(line, default=_plain) + "\n"
        self._file.write(text.encode("utf-8"))
        self._file.flush()
        os.fsync(self._file.fileno())

    @property
    def _shown(self):
        return repr(str(self.path))

    def _read(self):
        """All whole lines; one that was torn at the end is cut off."""
        data = self.path.read_bytes() if self.path.exists() else b""
        if not data.startswith(START[: len(data)]):
            raise ValueError(
                f"journal={self._shown} is no journal of a search that this version "
                "can read. Give another file name."
            )
        lines, end = [], 0
        texts = data.splitlines(keepends=True)
        for number, text in enumerate(texts, start=1):
            try:
                line = json.loads(text)
                if not text.endswith(b"\n") or not KEYS[number > 1] <= set(line):
                    raise ValueError("torn, or another line")
                lines.append(line)
            except (TypeError, ValueError):
                if number < len(texts):
                    raise ValueError(
                        f"journal={self._shown}: line {number} is damaged. Delete that "
                        "line, or the whole file to start anew."
                    ) from None
                os.truncate(self.path, end)
            end += len(text)
        return lines

    def _check(self, before, now):
        names = {**before, **now}
        changed = [name for name in names if before.get(name) != now.get(name)]
        if changed:
            raise ValueError(
                f"journal={self._shown} belongs to a different search. What differs: "
                f"{', '.join(changed)}. Set it back to go on with that search, or "
                "give another file name to begin a new one."
            )


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be written to a journal.")
