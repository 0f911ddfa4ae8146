"""One model for each fold: the splits, and the fits, side by side."""

import numbers
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state
from sklearn.utils.parallel import delayed

from skdl._parallel import workers
from skdl._splits import best_epoch, fit_all_on_rows, fit_on_rows, row_numbers
from skdl._validation import fit_params_of_rows, rows_of


@dataclass
class Fold:
    """What is kept of one fold."""

    model: object
    test: np.ndarray
    answer: np.ndarray  # of the model, for the rows `test`
    epoch: int | None
    score: float


@dataclass
class Task:
    """All that is needed to fit a model for each fold, except the rows."""

    estimator: object
    splits: list  # of (train, test), both ndarray of int
    fit_params: dict
    answers: object  # how models of this kind answer
    weight: object  # of the rows, for the score that is not the user's
    scorer: object  # the user's, or None
    score_params: dict
    y: np.ndarray
    seeds: list  # of int, or None


def check_row_weights(sample_weight, X):
    """Refuse row weights that are not one for each row, before anything is fitted.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        What the user gave.
    X : array-like of shape (n_samples, ...)
        Rows.

    Raises
    ------
    ValueError
        If their shape is another one.
    """
    if sample_weight is None:
        return
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    shape = np.asarray(sample_weight).shape
    if shape != (n_rows,):
        raise ValueError(
            f"sample_weight has the shape {shape}, but X has {n_rows} rows. Give one "
            f"weight for each row, in the shape ({n_rows},), or leave it out."
        )


def seeds_of(random_state, n):
    """Seeds for some fits.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As in scikit-learn.
    n : int
        How many.

    Returns
    -------
    list of int or None
        None for ``random_state=None``.
    """
    if random_state is None:
        return [None] * n
    return check_random_state(random_state).randint(2**31 - 1, size=n).tolist()


def seeded(estimator, seed):
    """Set all random states of an estimator and of its parts.

    Parameters
    ----------
    estimator : estimator
        A clone.
    seed : int or None
        None leaves them as they are.

    Returns
    -------
    estimator
        The same.
    """
    if seed is None:
        return estimator
    names = [
        name
        for name in sorted(estimator.get_params())
        if name == "random_state" or name.endswith("__random_state")
    ]
    seeds = seeds_of(seed, len(names))
    return estimator.set_params(**dict(zip(names, seeds, strict=True)))


def splits_of(cv, X, y, *, classifier, params):
    """The rows of every fold.

    Parameters
    ----------
    cv : int, splitter, iterable or None
        As in scikit-learn.
    X : array-like of shape (n_samples, ...)
        Rows.
    y : ndarray of shape (n_samples, ...)
        Targets.
    classifier : bool
        Whether folds are stratified where `cv` is a number.
    params : dict
        Arguments of the splitter's ``split``.

    Returns
    -------
    list of tuple of ndarray of int
        Training and test rows.

    Raises
    ------
    ValueError
        If there are not enough folds, or not enough rows for them.
    """
    n_folds = 5 if cv is None else cv
    if isinstance(n_folds, numbers.Integral):
        _check_number_of_folds(n_folds, y, classifier)
    splitter = check_cv(cv, y, classifier=classifier)
    splits = [tuple(map(row_numbers, fold)) for fold in splitter.split(X, y, **params)]
    if not splits:
        raise ValueError(f"cv={cv!r} gives no folds. At least one is needed.")
    for k, (train, test) in enumerate(splits):
        for rows, kind in ((train, "training"), (test, "test")):
            if not len(rows):
                raise ValueError(
                    f"Fold {k} (counted from 0) of cv={cv!r} has no {kind} rows. "
                    "Every fold needs some."
                )
    return splits


def _check_number_of_folds(n_folds, y, classifier):
    if n_folds > len(y):
        raise ValueError(
            f"cv={n_folds} needs at least {n_folds} rows, but got n_samples={len(y)}. "
            "Give more rows, or take fewer folds."
        )
    if classifier and y.ndim == 1:
        labels, counts = np.unique(y, return_counts=True)
        label, count = labels[counts.argmax()], counts.max()
        if count < n_folds:
            raise ValueError(
                f"cv={n_folds} needs a class with at least {n_folds} rows, but the "
                f"largest, {label}, has {count}. Take fewer folds."
            )


def fit_folds(tasks, X, caller, context, *, n_jobs, verbose):
    """Fit all folds of all tasks in one queue.

    Parameters
    ----------
    tasks : list of Task
        What to fit.
    X : array-like of shape (n_samples, ...)
        All rows.
    caller : estimator
        Shown to callbacks.
    context : sklearn.callback.CallbackContext
        Its subtasks will be the folds.
    n_jobs : int or None
        How many at a time.
    verbose : int
        How much joblib says.

    Returns
    -------
    list of list of Fold
        For each task its folds.
    """
    if not getattr(caller, "_skl_callbacks", None):
        caller = None  # else it would travel to every process
        if effective_n_jobs(n_jobs) == 1:
            return [_fit_in_one_go(task, X) for task in tasks]
    n_fits = sum(len(task.splits) for task in tasks)
    folds = context.subcontext(
        task_name="folds", max_subtasks=n_fits, sequential_subtasks=False
    )
    folds.call_on_fit_task_begin(estimator=caller, X=X)
    jobs = [
        (task, *split, seed)
        for task in tasks
        for split, seed in zip(task.splits, task.seeds, strict=False)
    ]
    contexts = [folds.subcontext(task_name="fold", task_id=i) for i in range(n_fits)]
    fitted = workers(n_jobs=n_jobs, verbose=verbose)(
        delayed(_fit_fold)(task, X, train, test, seed, caller, fold_context)
        for (task, train, test, seed), fold_context in zip(jobs, contexts, strict=True)
    )
    folds.call_on_fit_task_end(estimator=caller, X=X)
    fitted = iter(fitted)
    return [[next(fitted) for _ in task.splits] for task in tasks]


def _fit_in_one_go(task, X):
    """Fit the folds in this process, networks side by side."""
    models = [
        seeded(clone(task.estimator), seed)
        for _, seed in zip(task.splits, task.seeds, strict=False)
    ]
    errors = fit_all_on_rows(
        [
            (model, X, task.y, train, test, task.fit_params)
            for model, (train, test) in zip(models, task.splits, strict=True)
        ]
    )
    for error in errors:
        if error is not None:
            raise error
    return [
        _judged(task, X, model, train, test)
        for model, (train, test) in zip(models, task.splits, strict=True)
    ]


@contextmanager
def subtask(context, model, caller, X, y):
    """The fit of `model` as a task, for scikit-learn's callbacks.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The task.
    model : estimator
        Gets the caller's callbacks meanwhile.
    caller : estimator
        Shown to callbacks.
    X, y : array-like of shape (n_samples, ...)
        Shown to callbacks.
    """
    with context.propagate_callback_context(model):
        context.call_on_fit_task_begin(estimator=caller, X=X, y=y)
        yield
    context.call_on_fit_task_end(estimator=caller, X=X, y=y)


def _fit_fold(task, X, train, test, seed, caller, context):
    model, y = seeded(clone(task.estimator), seed), task.y
    with subtask(context, model, caller, X, y):
        fit_on_rows(model, X, y, train, test, task.fit_params)
    return _judged(task, X, model, train, test)


def _judged(task, X, model, train, test):
    """A fitted model with its answers for the test rows, and their score."""
    X_test, y_test = rows_of(model, X, task.y, test, train)
    answer = task.answers(model, X_test)
    if task.scorer is None:
        weight = fit_params_of_rows(X, {"w": task.weight}, test)["w"]
        score = task.answers.score(y_test, answer, weight)
    else:
        params = fit_params_of_rows(X, task.score_params, test)
        score = task.scorer(model, X_test, y_test, **params)
    return Fold(model, test, answer, best_epoch(model), float(score))


def out_of_fold(folds, n_rows):
    """Mean answer for each row over the models that have not seen it.

    Parameters
    ----------
    folds : list of Fold
        Fitted.
    n_rows : int
        Number of all rows.

    Returns
    -------
    ndarray of shape (n_rows, ...)
        NaN for rows that are in no test fold.
    """
    shape = (n_rows, *folds[0].answer.shape[1:])
    total, count = np.zeros(shape), np.zeros(n_rows)
    for fold in folds:
        total[fold.test] += fold.answer
        count[fold.test] += 1
    count[count == 0] = np.nan
    return total / count.reshape(-1, *[1] * (len(shape) - 1))
