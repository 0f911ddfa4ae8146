"""Fitting any estimator or pipeline on some rows, with others as validation rows."""

from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from skdl._validation import fit_params_of_rows, rows_of, tags_of


def last_step(estimator):
    """The estimator itself, or the last step of a pipeline, however deep.

    Parameters
    ----------
    estimator : estimator
        Any estimator.

    Returns
    -------
    estimator
        What turns transformed rows into predictions.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def takes_validation(estimator):
    """Whether `estimator` stops early on validation rows that ``fit`` is given.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline.

    Returns
    -------
    bool
        True if the last step's ``fit`` knows ``X_val`` and ``y_val``, as those of
        `HistGradientBoostingClassifier` and of skdl's networks do, and its
        ``early_stopping`` is not switched off.
    """
    last = last_step(estimator)
    known = all(has_fit_parameter(last, name) for name in ("X_val", "y_val"))
    return known and getattr(last, "early_stopping", True) is not False


def forecasts(estimator):
    """Whether X is a series for an estimator, and not rows that may be shuffled.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline.

    Returns
    -------
    bool
        True for skdl's forecasters, alone or at the end of a pipeline.
    """
    return getattr(last_step(estimator), "_takes_series", False)


def refuse_forecaster(estimator, name):
    """Refuse a forecaster where answers for single rows are needed.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline.
    name : str
        What needs them.

    Raises
    ------
    ValueError
        If it is a forecaster.
    """
    if forecasts(estimator):
        forecaster = type(last_step(estimator)).__name__
        raise ValueError(
            f"{name} fits models on folds of rows, but {forecaster} forecasts a "
            f"series, whose order counts. Raise n_members of {forecaster} to average "
            "more networks, and compare settings with its backtest, or in a search "
            "with cv=TimeSeriesSplit()."
        )


def refuse_disorder(estimator, cv, train, test):
    """Refuse a split of a series, after whose training part the test does not follow.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline; of those that do not forecast all splits are taken.
    cv : object
        Where the split is from, for the message.
    train, test : ndarray of int
        Its rows.

    Raises
    ------
    ValueError
        If a forecaster would get rows that do not follow each other.
    """
    rows = np.concatenate([train, test])
    if forecasts(estimator) and (np.diff(rows) != 1).any():
        forecaster = type(last_step(estimator)).__name__
        raise ValueError(
            f"cv={cv!r} takes rows out of their order, but {forecaster} forecasts a "
            "series: its training rows must follow each other, and its test rows must "
            "come right after them. Take cv=TimeSeriesSplit(), or compare settings "
            f"with {forecaster}.backtest."
        )


def row_numbers(rows):
    """Row numbers of one part of a split, which may be a mask.

    Parameters
    ----------
    rows : array-like of int or bool
        As ``cv.split`` gives them.

    Returns
    -------
    ndarray of int
        Row numbers.
    """
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)


def best_epoch(estimator):
    """The epoch whose weights a fitted estimator kept, counted from 1.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator or pipeline.

    Returns
    -------
    int or None
        None if it knows no epochs.
    """
    return getattr(last_step(estimator), "best_epoch_", None)


def with_epochs(estimator, epochs):
    """An unfitted copy that trains for a fixed number of epochs.

    Parameters
    ----------
    estimator : estimator
        An estimator or pipeline whose last step has the parameter ``epochs``.
    epochs : int
        How many.

    Returns
    -------
    estimator
        A clone, without early stopping.
    """
    copy = clone(estimator)
    last = last_step(copy)
    last.set_params(epochs=epochs)
    if hasattr(last, "early_stopping"):
        last.set_params(early_stopping=False)
    return copy


def weight_params(estimator, sample_weight):
    """Arguments of ``fit`` that bring row weights to the last step, without routing.

    Parameters
    ----------
    estimator : estimator
        An estimator or pipeline.
    sample_weight : array-like of shape (n_samples,) or None
        Row weights.

    Returns
    -------
    dict
        For a pipeline ``{"laststep__sample_weight": ...}``.

    Raises
    ------
    TypeError
        If the last step's ``fit`` takes no weights.
    """
    if sample_weight is None:
        return {}
    last = last_step(estimator)
    if not has_fit_parameter(last, "sample_weight"):
        raise TypeError(
            f"sample_weight was given, but {type(last).__name__}.fit does not take "
            "it. Leave it out, or use an estimator that weighs rows."
        )
    return {_path_to_last(estimator) + "sample_weight": sample_weight}


def weight_in(estimator, params):
    """The row weights among arguments of ``fit``.

    Parameters
    ----------
    estimator : estimator
        An estimator or pipeline.
    params : dict or None
        Arguments of its ``fit``, with metadata routing or without.

    Returns
    -------
    array-like of shape (n_samples,) or None
        None if there are none.
    """
    params = params or {}
    named = params.get(_path_to_last(estimator) + "sample_weight")
    return params.get("sample_weight") if named is None else named


def fit_on_rows(estimator, X, y, train, test=None, params=None):
    """Fit on the rows `train`; rows `test` are for early stopping, if it does that.

    Parameters
    ----------
    estimator : estimator
        A clone of the user's estimator or pipeline; it is fitted in place.
    X, y : array-like of shape (n_samples, ...)
        All rows, all targets.
    train : ndarray of int
        Rows to train on.
    test : ndarray of int, default=None
        Rows to validate on. The earlier steps of a pipeline are fitted on the
        training rows only, and transform these. Those with a class that no training
        row has are left out; if none is left, or all of them have weight zero, the
        estimator is fitted without them.
    params : dict, default=None
        Arguments of the estimator's ``fit``; those with a value for each row are cut.

    Returns
    -------
    estimator
        The fitted estimator.
    """
    X_train, y_train = rows_of(estimator, X, y, train)
    fit_params = fit_params_of_rows(X, params, train)
    if test is not None and takes_validation(estimator):
        test = _of_known_classes(estimator, y, train, test)
    else:
        test = ()
    if not len(test):
        return estimator.fit(X_train, y_train, **fit_params)
    X_val, y_val = rows_of(estimator, X, y, test, train)
    validation = {"y_val": y_val}
    weight = weight_in(estimator, params)
    if weight is not None and has_fit_parameter(
        last_step(estimator), "sample_weight_val"
    ):
        weight = fit_params_of_rows(X, {"sample_weight_val": weight}, test)
        if not np.any(weight["sample_weight_val"]):  # there is nothing to judge by
            return estimator.fit(X_train, y_train, **fit_params)
        validation.update(weight)
    return _fit_with_validation(
        estimator, X_train, y_train, X_val, validation, fit_params
    )


def fit_all_on_rows(jobs):
    """Fit several clones of one estimator, each as `fit_on_rows` does.

    skdl's networks, alone or at the end of pipelines, are trained side by side where
    that is faster. Nothing else changes by it.

    Parameters
    ----------
    jobs : list of tuple
        For each clone the arguments of `fit_on_rows`; it is fitted in place.

    Returns
    -------
    list of Exception or None
        What each fit raised.
    """
    if not trains_together(jobs[0][0]):
        return [_error_of(fit_on_rows, *job) for job in jobs]
    networks = [last_step(job[0]) for job in jobs]
    return type(networks[0])._fit_together(
        [
            (network, partial(_arguments_of_last_step, *job))
            for network, job in zip(networks, jobs, strict=True)
        ]
    )


def trains_together(estimator):
    """Whether several clones may be trained side by side.

    Parameters
    ----------
    estimator : estimator
        Any estimator or pipeline.

    Returns
    -------
    bool
        True for skdl's networks, alone or at the end of a pipeline, to which no
        callbacks of scikit-learn are attached.
    """
    last = last_step(estimator)
    if getattr(last, "_skl_callbacks", None) or (
        estimator is not last and (getattr(estimator, "_skl_callbacks", None))
    ):
        return False
    # a subclass that has changed `fit` is to be fitted by that
    owners = [c for c in type(last).__mro__ if "_fit_together" in vars(c)]
    return bool(owners) and type(last).fit is owners[0].fit


def _error_of(function, *args):
    try:
        function(*args)
    except Exception as error:
        return error
    return None


def _arguments_of_last_step(estimator, X, y, train, test=None, params=None):
    """Fit all but the last step; the arguments that `fit` of this one would get."""
    inner, parent = estimator, None
    while isinstance(inner, Pipeline):
        inner, parent = inner.steps[-1][1], inner
    noted = _Noting(inner)
    if parent is None:
        fit_on_rows(noted, X, y, train, test, params)
        return noted.arguments
    name, last = parent.steps[-1]
    parent.steps = [*parent.steps[:-1], (name, noted)]
    try:
        fit_on_rows(estimator, X, y, train, test, params)
    finally:
        parent.steps = [*parent.steps[:-1], (name, last)]
    return noted.arguments


def _of_known_classes(estimator, y, train, test):
    """The rows `test` whose class is that of a training row."""
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    kind = tags_of(last_step(estimator)).estimator_type
    if kind != "classifier" or labels.ndim != 1:
        return test
    known = set(labels[train].tolist())
    return test[[label in known for label in labels[test].tolist()]]


def _path_to_last(estimator):
    """``"net__"`` for a pipeline that ends in a step "net"; "" for anything else."""
    path = ""
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        path += f"{name}__"
    return path


def _fit_with_validation(estimator, X, y, X_val, validation, params):
    if not isinstance(estimator, Pipeline):
        return estimator.fit(X, y, X_val=X_val, **validation, **params)
    # The pipeline fits its steps as always. Its last one is wrapped meanwhile, because
    # the validation rows can be transformed only when all before it are fitted.
    steps = list(estimator.steps)
    name, last = steps[-1]
    wrapped = _LastStep(last, estimator, X_val, validation)
    estimator.steps = [*steps[:-1], (name, wrapped)]
    try:
        estimator.fit(X, y, **params)
    finally:
        estimator.steps = [*estimator.steps[:-1], (name, last)]
    return estimator


class _Noting(BaseEstimator):
    """In the place of a network: notes what `fit` is given."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        names = {
            "X_val": X_val,
            "y_val": y_val,
            "sample_weight_val": sample_weight_val,
        }
        self.arguments = (X, y, sample_weight), names
        return self

    @property
    def early_stopping(self):
        return self.estimator.early_stopping

    def get_metadata_routing(self):
        return self.estimator.get_metadata_routing()

    def __sklearn_tags__(self):
        return self.estimator.__sklearn_tags__()


class _LastStep(BaseEstimator):
    """The last step of `pipeline`, which hands it validation rows when it is fitted."""

    def __init__(self, estimator, pipeline, X_val, validation):
        self.estimator = estimator
        self.pipeline = pipeline
        self.X_val = X_val
        self.validation = validation

    def fit(self, X, y, **params):
        X_val = self.X_val
        for _, step in self.pipeline.steps[:-1]:
            # a sampler of imbalanced-learn changes training rows only
            if hasattr(step, "transform"):
                X_val = step.transform(X_val)
        _fit_with_validation(self.estimator, X, y, X_val, self.validation, params)
        return self

    def set_callbacks(self, *callbacks):
        self.estimator.set_callbacks(*callbacks)
        return self

    def get_metadata_routing(self):
        return self.estimator.get_metadata_routing()
