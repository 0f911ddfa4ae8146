"""One estimator fitted and scored on one split; what remains are numbers."""

import numbers
import time
import traceback

import numpy as np

from skdl._splits import best_epoch, fit_on_rows
from skdl._validation import fit_params_of_rows, rows_of


def fit_one(
    estimator, X, y, rows, scorer, fit_params, score_params, stop_on_test, error_score
):
    """Fit on the training rows of a split and score on its test rows.

    Parameters
    ----------
    estimator : estimator
        A clone; it is fitted in place.
    X, y : array-like of shape (n_samples, ...)
        All rows, all targets; y may be None.
    rows : tuple of ndarray of int
        Training rows, test rows.
    scorer : callable
        From ``check_scoring``.
    fit_params, score_params : dict
        Arguments of ``fit`` and of the scorer; those with a value for each row are cut.
    stop_on_test : bool
        Whether early stopping watches the test rows.
    error_score : float or "raise"
        What a metric that failed among others becomes.

    Returns
    -------
    dict
        "scores" (None if nothing could be scored), "epochs" (None if unknown), times,
        numbers of rows, and "failure": None, or what failed and its error in one line.
    """
    train, test = rows
    record = {
        "scores": None,
        "epochs": None,
        "fit_time": 0.0,
        "score_time": 0.0,
        "n_train": len(train),
        "n_test": len(test),
        "failure": None,
    }
    start = time.perf_counter()
    try:
        fit_on_rows(estimator, X, y, train, test if stop_on_test else None, fit_params)
    except Exception as error:
        if error_score == "raise":
            raise
        record["failure"] = ("fits", _one_line(error))
        return record
    finally:
        record["fit_time"] = time.perf_counter() - start
    record["epochs"] = best_epoch(estimator)
    start = time.perf_counter()
    X_test, y_test = rows_of(estimator, X, y, test, train)
    arguments = (X_test,) if y_test is None else (X_test, y_test)
    try:
        scores = scorer(
            estimator, *arguments, **fit_params_of_rows(X, score_params, test)
        )
    except Exception as error:
        if error_score == "raise":
            raise
        record["failure"] = ("scores", _one_line(error))
        return record
    finally:
        record["score_time"] = time.perf_counter() - start
    if not isinstance(scores, dict):
        record["scores"] = {"score": _number("score", scores)}
        return record
    for name, score in scores.items():
        if isinstance(score, str):  # the traceback of one metric among several
            record["failure"] = ("scores", score.strip().splitlines()[-1] + ".")
            scores[name] = error_score
    record["scores"] = {name: _number(name, score) for name, score in scores.items()}
    return record


def _one_line(error):
    text = " ".join(traceback.format_exception_only(error)[-1].split())
    return text.rstrip(".") + "."


def _number(name, score):
    if np.ndim(score) == 0 and hasattr(score, "item"):
        score = score.item()
    if not isinstance(score, numbers.Real):
        raise ValueError(
            f"The scorer {name!r} returned {score!r}, which is no number. Give a "
            "scoring that returns one number, or a dict of names and numbers."
        )
    return float(score)
