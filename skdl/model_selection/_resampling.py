"""Estimators fitted and scored on many splits, side by side, until that is enough."""

from itertools import chain, islice

import numpy as np
from joblib import effective_n_jobs
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    check_cv,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import delayed

from skdl._parallel import workers
from skdl._remarks import warn_user
from skdl._splits import (
    last_step,
    refuse_disorder,
    row_numbers,
    takes_validation,
    trains_together,
    weight_params,
)
from skdl._targets import refuse_unsortable
from skdl.model_selection._one_fit import fit_some
from skdl.model_selection._statistics import narrow_enough, running_statistics

SIDE_BY_SIDE = 5  # networks that are handed over together; their models wait for it


def frames_of_splits(
    owner,
    estimators,
    X,
    y,
    *,
    n_splits,
    test_size,
    cv,
    groups,
    scoring,
    stop_on_test,
    params,
    tol,
    confidence,
    min_splits,
    n_jobs,
    random_state,
    error_score,
    verbose,
):
    """Fit every estimator on every split, one after the other, until all converge.

    Splits are drawn while they are needed, and nothing of a fit stays but numbers, so
    that memory does not grow with the number of splits.

    Parameters
    ----------
    owner : str
        The public function, for messages.
    estimators : dict of str to estimator
        What to fit; the name is for messages.
    X, y : array-like of shape (n_samples, ...)
        All rows, all targets; y may be None.
    n_splits, test_size, cv, groups, scoring, stop_on_test, params, tol, confidence, \
min_splits, n_jobs, random_state, error_score, verbose : object
        As in `bootstrap_validate`.

    Returns
    -------
    dict of str to DataFrame
        As `bootstrap_validate` returns it, for each estimator; all of one length.
    """
    X, y = indexable(X, y)
    if tol == {}:
        raise ValueError(
            "tol={} names no score. Name one, for example {'score': 0.01}, or give a "
            "number for all, or None."
        )
    if stop_on_test:
        _refuse_without_validation(estimators)
    classifier = any(is_classifier(estimator) for estimator in estimators.values())
    if classifier:
        refuse_unsortable(y)
    remedy = "{}"
    if cv is None:
        cv = _random_splits(classifier, y, _grouped(groups, params))(
            n_splits, test_size=test_size, random_state=random_state
        )
        remedy = (
            f"test_size={test_size!r} does not split these rows: {{}} Give more rows, "
            "another test_size, or a cv of your own."
        )
    cv = check_cv(cv, y, classifier=classifier)
    raises = isinstance(error_score, str)
    scorers = [
        check_scoring(estimator, scoring=scoring, raise_exc=raises)
        for estimator in estimators.values()
    ]
    split_params, fit_params, score_params = _route(
        owner, list(estimators.values()), scorers, cv, params, groups
    )
    splits = _splits(cv, X, y, split_params, remedy, estimators.values())

    jobs = list(
        zip(estimators.values(), scorers, fit_params, score_params, strict=True)
    )
    batch_size = None if tol is None else min_splits
    at_once = 1
    if effective_n_jobs(n_jobs) == 1 and any(map(trains_together, estimators.values())):
        at_once = SIDE_BY_SIDE
    records = [[] for _ in jobs]
    names = end = None
    # Open across batches, so that large data reach the workers once.
    with workers(n_jobs=n_jobs, verbose=verbose) as parallel:
        while batch := parallel(
            delayed(fit_some)(
                [clone(estimator) for _ in some],
                X,
                y,
                some,
                scorer,
                fit,
                score,
                stop_on_test,
                error_score,
            )
            for some in _in_lots(islice(splits, batch_size), at_once)
            for estimator, scorer, fit, score in jobs
        ):
            for i, of_one in enumerate(records):
                of_one += chain.from_iterable(batch[i :: len(jobs)])
            names = names or _names(chain.from_iterable(batch))
            if tol is not None and names is not None:
                end = _end(records, names, tol, confidence, min_splits, error_score)
            if end is not None:
                break
            batch_size = max(at_once, -(-effective_n_jobs(n_jobs) // len(jobs)))
    if not records[0]:
        raise ValueError(f"cv={cv!r} makes no split. Give one that makes two or more.")
    # What was computed beyond the end is left out, so that n_jobs changes nothing.
    records = [of_one[:end] for of_one in records]
    for name, of_one in zip(estimators, records, strict=True):
        _tell_failures(name, of_one, error_score)
    names = names or ["score"]
    attrs = {
        "confidence": confidence,
        "tol": tol,
        "min_splits": min_splits,
        "converged": None if tol is None else end is not None,
    }
    return {
        name: _frame(of_one, names, error_score, attrs)
        for name, of_one in zip(estimators, records, strict=True)
    }


def _in_lots(splits, size):
    """Lists of some splits, drawn while they are needed."""
    while lot := list(islice(splits, size)):
        yield lot


def _refuse_without_validation(estimators):
    for estimator in estimators.values():
        if not takes_validation(estimator):
            raise ValueError(
                "stop_on_test=True needs early stopping on rows that fit is given, but "
                f"{type(last_step(estimator)).__name__} takes no X_val and y_val, or "
                "has early_stopping=False. Leave stop_on_test out, or switch early "
                "stopping on."
            )


def _grouped(groups, params):
    """Whether groups are given: apart, or in `params` with metadata routing."""
    if get_config()["enable_metadata_routing"]:
        groups = (params or {}).get("groups")
    return groups is not None


def _random_splits(classifier, y, grouped):
    """The kind of random splits; as `check_cv` does, it stratifies by classes only."""
    if grouped:
        return GroupShuffleSplit
    if classifier and type_of_target(y) in ("binary", "multiclass"):
        return StratifiedShuffleSplit
    return ShuffleSplit


def _splits(cv, X, y, split_params, remedy, estimators):
    """Pairs of row numbers, drawn one by one; the first at once, as it may fail."""

    def draw():
        try:
            for rows in cv.split(X, y, **split_params):
                yield tuple(map(row_numbers, rows))
        except ValueError as error:
            text = " ".join(str(error).split()).rstrip(".") + "."
            raise ValueError(remedy.format(text)) from None

    def in_order():
        for split in draw():
            for estimator in estimators:
                refuse_disorder(estimator, cv, *split)
            yield split

    splits = in_order()
    return chain(list(islice(splits, 1)), splits)


def _route(owner, estimators, scorers, cv, params, groups):
    """Arguments of ``cv.split``, of each ``fit`` and each scorer."""
    params = params or {}
    if not get_config()["enable_metadata_routing"]:
        fits = [_params_without_routing(e, dict(params)) for e in estimators]
        return {"groups": groups}, fits, [{} for _ in scorers]
    if groups is not None:
        raise ValueError(
            "groups cannot be given apart while metadata routing is on. Give it as "
            "params={'groups': groups}."
        )
    router = MetadataRouter(owner=owner).add(
        splitter=cv, method_mapping=MethodMapping().add(caller="fit", callee="split")
    )
    for objects, callee in ((estimators, "fit"), (scorers, "score")):
        router.add(
            **{f"{callee}{i}": each for i, each in enumerate(objects)},
            method_mapping=MethodMapping().add(caller="fit", callee=callee),
        )
    routed = process_routing(router, "fit", **params)
    fits = [routed[f"fit{i}"].fit for i in range(len(estimators))]
    return (
        routed.splitter.split,
        fits,
        [routed[f"score{i}"].score for i in range(len(scorers))],
    )


def _params_without_routing(estimator, params):
    """A pipeline's fit takes no plain weights: its last step gets them."""
    if isinstance(estimator, Pipeline):
        weight = params.pop("sample_weight", None)
        params.update(weight_params(estimator, weight))
    return params


def _names(records):
    """The names of the metrics, or None if no split could be scored."""
    scores = (record["scores"] for record in records)
    return next((list(of_one) for of_one in scores if of_one is not None), None)


def _values(records, name, error_score):
    """The scores of one metric; splits without any have `error_score`."""
    return [
        float(error_score) if record["scores"] is None else record["scores"][name]
        for record in records
    ]


def _end(records, names, tol, confidence, min_splits, error_score):
    """After how many splits all means are known well enough, or None."""
    tols = tol if isinstance(tol, dict) else dict.fromkeys(names, tol)
    unknown = sorted(set(tols) - set(names))
    if unknown:
        raise ValueError(
            f"tol has a value for {unknown[0]!r}, but the scores are {names}. Name "
            "those, or give one number for all."
        )
    enough = []
    for of_one in records:
        # Fits that all failed have the same score, of which nothing is known.
        enough.append(
            np.logical_or.accumulate([each["scores"] is not None for each in of_one])
        )
        for name, width in tols.items():
            values = _values(of_one, name, error_score)
            margin = _running(of_one, values, confidence)["margin"]
            enough.append(narrow_enough(margin, width, min_splits))
    together = np.logical_and.reduce(enough)
    return int(np.argmax(together)) + 1 if together.any() else None


def _running(records, values, confidence):
    ratio = [record["n_test"] / record["n_train"] for record in records]
    return running_statistics(values, ratio, confidence)


def _tell_failures(name, records, error_score):
    """Warn of failed fits, or raise if all failed, as `cross_validate` does."""
    failures = [record["failure"] for record in records if record["failure"]]
    if not failures:
        return
    n_fits = sum(what == "fits" for what, _ in failures)
    _, error = failures[0]
    where = "" if name is None else f" of {name!r}"
    advice = "error_score='raise' stops at the first one and shows where it happens."
    if n_fits == len(records):
        raise ValueError(f"All {n_fits} fits{where} failed: {error} {advice}")
    what = "fits" if n_fits else "scorings"
    text = (
        f"{len(failures)} of {len(records)} {what}{where} failed, and their scores are "
        f"set to {error_score}: {error} {advice}"
    )
    warn_user(FitFailedWarning(text) if n_fits else UserWarning(text))


def _frame(records, names, error_score, attrs):
    import pandas as pd

    confidence = attrs["confidence"]
    columns = {}
    for name in names:
        values = _values(records, name, error_score)
        running = _running(records, values, confidence)
        add = {name: values} | {f"{key}_{name}": v for key, v in running.items()}
        _add_columns(columns, add)
    epochs = pd.array([record["epochs"] for record in records], dtype="Int64")
    running = _running(records, epochs.to_numpy(float, na_value=np.nan), confidence)
    add = {
        "epochs": epochs,
        "mean_epochs": running["mean"],
        "std_epochs": running["std"],
    }
    for name in ("fit_time", "score_time", "n_train", "n_test"):
        add[name] = [record[name] for record in records]
    _add_columns(columns, add)
    index = pd.RangeIndex(1, len(records) + 1, name="split")
    frame = pd.DataFrame(columns, index=index)
    frame.attrs.update(attrs)
    return frame


def _add_columns(columns, add):
    for name, values in add.items():
        if name in columns:
            raise ValueError(
                f"Two columns of the result would be called {name!r}. Give the metric "
                "another name in scoring."
            )
        columns[name] = values
