"""Figures from fresh processes which take turns."""

import os
from collections import defaultdict
from statistics import median

from benchmarks._machine import tell
from benchmarks._processes import MeasurementError


class Session:
    """Figures of all cases; what fails once is noted and not tried again.

    Parameters
    ----------
    measure : callable
        ``measure(case, index)`` measures a case for the index-th time, in a process of
        its own, and returns a dict of figures. Raises MeasurementError if it fails.

    Attributes
    ----------
    samples : dict of list
        The figures of each case, round by round.
    failures : dict of str
        Why a case could not be measured.
    load : list of float
        Load average of the machine before and after each part.
    """

    def __init__(self, measure):
        self.samples = defaultdict(list)
        self.failures = {}
        self.load = [os.getloadavg()[0]]
        self._measure = measure

    def measure(self, cases, rounds, part):
        """Measure a part, the cases taking turns.

        Parameters
        ----------
        cases : list
            What is to be measured; hashable.
        rounds : int
            How often.
        part : str
            What the reader is told meanwhile.
        """
        for index in range(rounds):
            tell(f"{part}, round {index + 1} of {rounds}")
            for case in cases:
                if case in self.failures:
                    continue
                try:
                    figures = self._measure(case, index)
                except MeasurementError as error:
                    self.failures[case] = str(error)
                else:
                    self.samples[case].append(figures)
        self.load.append(os.getloadavg()[0])

    def figures(self):
        """Return medians over the rounds; of lists those of the first round.

        Returns
        -------
        dict of dict
            For each case.
        """
        return {
            case: {
                key: figure
                if isinstance(figure, list)
                else median(s[key] for s in several)
                for key, figure in several[0].items()
            }
            for case, several in self.samples.items()
        }

    def load_line(self):
        """Write the load averages."""
        return "load average: " + ", ".join(f"{figure:.1f}" for figure in self.load)

    def as_dict(self):
        """Gather everything that was measured; cases have to be named tuples."""
        return {
            "samples": [
                {**case._asdict(), **sample}
                for case, several in self.samples.items()
                for sample in several
            ],
            "failures": [[*case, why] for case, why in self.failures.items()],
        }
