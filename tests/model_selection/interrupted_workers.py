"""Searches whose workers get real SIGINTs; run as a script it prints what they led to.

It has to lead a group of processes: a Ctrl-C is for all of the group.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import keras
from sklearn.datasets import load_iris

from skdl import DenseClassifier
from skdl.model_selection import BayesSearchCV


class InWorker(keras.callbacks.Callback):
    """Interrupts one candidate's second epoch, once: the file `mark` says it is done.

    With ``group=True`` all processes hear of it, as after Ctrl-C, else the worker
    only.
    """

    def __init__(self, mark, group):
        super().__init__()
        self.mark, self.group = mark, group

    def on_epoch_begin(self, epoch, logs=None):
        if (epoch, self.params["epochs"]) != (1, 4):
            return
        try:
            Path(self.mark).touch(exist_ok=False)
        except FileExistsError:
            return
        if self.group:
            os.killpg(os.getpgrp(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def searched(folder, name, group, **options):
    """A search of four candidates, each on three folds."""
    callback = InWorker(str(Path(folder, name)), group)
    est = DenseClassifier(hidden_units=(4,), callbacks=callback, random_state=0)
    search = BayesSearchCV(
        est, {"epochs": [2, 3, 4, 5]}, init_points=4, n_iter=0, cv=3, **options
    )
    return search.set_params(random_state=0, refit=False).fit(
        *load_iris(return_X_y=True)
    )


def interrupted(folder, name, group):
    """What is left of a search with two workers, and what becomes of it."""
    journal = Path(folder, f"{name}.jsonl")
    out = {"raised": None}
    try:
        searched(folder, name, group, journal=journal, n_jobs=2)
    except BaseException as error:
        out["raised"] = type(error).__name__
        out["seconds"] = time.time() - Path(folder, name).stat().st_mtime
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    out["known"] = [line["params"]["epochs"] for line in lines[1:]]
    again = searched(folder, name, group, journal=journal)
    out["scores"] = again.cv_results_["mean_test_score"].tolist()
    return out


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = sys.argv[1]
    outcomes = [interrupted(folder, "worker", False), interrupted(folder, "all", True)]
    whole = searched(folder, "all", True).cv_results_["mean_test_score"]
    print(json.dumps({"outcomes": outcomes, "scores": whole.tolist()}))
