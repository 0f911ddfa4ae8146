"""The process of one search.

Started as ``python -m benchmarks._search_worker PROBLEM SEARCHER TRIALS SEED``; its
last line on standard output is a JSON dict of what was measured.
"""

import json
import sys
import warnings
from time import process_time

import numpy as np

from benchmarks._measure import timed
from benchmarks._search_libraries import SEARCHERS
from benchmarks._search_problems import CLOCK, PROBLEMS


def main():
    """Search once."""
    warnings.simplefilter("ignore")
    problem, searcher = PROBLEMS[sys.argv[1]], SEARCHERS[sys.argv[2]]
    trials, seed = map(int, sys.argv[3:])
    problem.load()
    searcher.load()
    network = problem.make()
    before = process_time()
    seconds, scores = timed(
        lambda: searcher.search(network, problem.space, trials, seed)
    )
    # From the end of a trial to the beginning of the next: choosing it, and what the
    # search does beside. Only the synthetic function keeps the time.
    gaps = np.diff(CLOCK, axis=0)[1::2] if CLOCK else np.empty((0, 2))
    figures = {
        "best": float(np.max(scores)),
        "seconds": seconds,
        "processor_seconds": process_time() - before,
        "scores": [float(score) for score in scores],
        "gaps": gaps[:, 0].tolist(),
        "processor_gaps": gaps[:, 1].tolist(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
