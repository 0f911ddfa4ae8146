"""Clones of an estimator fitted and scored on splits; what remains are numbers."""

import numbers
import time
import traceback

import numpy as np

from skdl._splits import best_epoch, fit_all_on_rows
from skdl._validation import fit_params_of_rows, rows_of


def fit_some(
    estimators,
    X,
    y,
    splits,
    scorer,
    fit_params,
    score_params,
    stop_on_test,
    error_score,
):
    """Fit on the training rows of some splits and score on their test rows.

    Parameters
    ----------
    estimators : list of estimator
        A clone for each split; they are fitted in place, side by side where that is
        faster.
    X, y : array-like of shape (n_samples, ...)
        All rows, all targets; y may be None.
    splits : list of tuple of ndarray of int
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
    list of dict
        For each split "scores" (None if nothing could be scored), "epochs" (None if
        unknown), times (an equal share of that of all fits), numbers of rows, and
        "failure": None, or what failed and its error in one line.
    """
    start = time.perf_counter()
    errors = fit_all_on_rows(
        [
            (estimator, X, y, train, test if stop_on_test else None, fit_params)
            for estimator, (train, test) in zip(estimators, splits, strict=True)
        ]
    )
    seconds = (time.perf_counter() - start) / len(splits)
    records = []
    for estimator, (train, test), error in zip(estimators, splits, errors, strict=True):
        if error is not None and error_score == "raise":
            raise error
        record = {
            "scores": None,
            "epochs": None,
            "fit_time": seconds,
            "score_time": 0.0,
            "n_train": len(train),
            "n_test": len(test),
            "failure": None if error is None else ("fits", _one_line(error)),
        }
        if error is None:
            rows = rows_of(estimator, X, y, test, train)
            params = fit_params_of_rows(X, score_params, test)
            _score(record, estimator, rows, scorer, params, error_score)
        records.append(record)
    return records


def _score(record, estimator, rows, scorer, params, error_score):
    record["epochs"] = best_epoch(estimator)
    start = time.perf_counter()
    X, y = rows
    arguments = (X,) if y is None else (X, y)
    try:
        scores = scorer(estimator, *arguments, **params)
    except Exception as error:
        if error_score == "raise":
            raise
        record["failure"] = ("scores", _one_line(error))
        return
    finally:
        record["score_time"] = time.perf_counter() - start
    if not isinstance(scores, dict):
        record["scores"] = {"score": _number("score", scores)}
        return
    for name, score in scores.items():
        if isinstance(score, str):  # the traceback of one metric among several
            record["failure"] = ("scores", score.strip().splitlines()[-1] + ".")
            scores[name] = error_score
    record["scores"] = {name: _number(name, score) for name, score in scores.items()}


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
