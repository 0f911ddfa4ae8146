"""How good an estimator is: its score on many random splits."""

import numbers

import numpy as np

from skdl._remarks import remarks_once
from skdl._validation import (
    HasMethods,
    Interval,
    StrOptions,
    non_negative,
    validate_params,
)
from skdl.model_selection._resampling import frames_of_splits

# What both functions take, beside the estimators.
OPTIONS = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like", None],
    "n_splits": [Interval(numbers.Integral, 2, None, closed="left")],
    "test_size": [
        Interval(numbers.Real, 0, 1, closed="neither"),
        Interval(numbers.Integral, 1, None, closed="left"),
    ],
    "cv": ["cv_object"],
    "groups": ["array-like", None],
    "stop_on_test": ["boolean"],
    "params": [dict, None],
    "confidence": [Interval(numbers.Real, 0, 1, closed="neither")],
    "min_splits": [Interval(numbers.Integral, 2, None, closed="left")],
    "n_jobs": [numbers.Integral, None],
    "random_state": ["random_state"],
    "error_score": [StrOptions({"raise"}), numbers.Real],
    "verbose": ["verbose"],
}


@validate_params(
    {
        **OPTIONS,
        "estimator": [HasMethods("fit")],
        "tol": [non_negative(), dict, None],
    },
    prefer_skip_nested_validation=False,  # the estimator checks itself
)
@remarks_once
def bootstrap_validate(
    estimator,
    X,
    y=None,
    *,
    n_splits=50,
    test_size=0.1,
    cv=None,
    groups=None,
    scoring=None,
    stop_on_test=False,
    params=None,
    tol=None,
    confidence=0.95,
    min_splits=10,
    n_jobs=None,
    random_state=None,
    error_score=np.nan,
    verbose=0,
):
    """Score an estimator on many random splits, until the mean settles.

    Every split sets some rows apart for the test, fits a clone on the others and scores
    it. The result has a line for each split, with the mean and the standard deviation
    of the splits up to it: if they no longer move, there were enough. Networks tell
    also how many epochs each fit needed.

    The rows are drawn without replacement in each split (repeated random subsampling);
    the name "bootstrap" for it is usual with neural networks.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator or pipeline; clones of it are fitted. Its own
        ``random_state`` says whether its fits can be repeated.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        All rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        All targets.
    n_splits : int, default=50
        How many splits; the most there will be with `tol`. Not used with `cv`.
    test_size : float or int, default=0.1
        Share or number of rows in each test. Not used with `cv`.
    cv : cross-validation splitter, int, iterable or None, default=None
        Where the splits come from. None draws them at random: `StratifiedShuffleSplit`
        for classifiers, `ShuffleSplit` for everything else (multilabel targets too),
        and `GroupShuffleSplit` if groups are given.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group stay together: all in the test, or none. With metadata
        routing, `params` takes them: ``{"groups": groups}``.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in `sklearn.model_selection.cross_validate`. None takes the estimator's own
        ``score``; several metrics have columns with their names.
    stop_on_test : bool, default=False
        Whether early stopping watches the test rows of the split. False leaves it to
        the estimator: skdl's networks set a `validation_fraction` of the training rows
        apart, and the test rows stay untouched. True trains on all training rows
        and answers how many epochs they need. As the test rows choose the epoch then,
        the scores are too good by some amount; do not report them.
    params : dict, default=None
        Arguments of the estimator's ``fit``, cut to the rows of each split, for example
        ``{"sample_weight": weight}``; for a pipeline these weights go to the last step.
        With metadata routing they go where they are requested.
    tol : float, dict or None, default=None
        Ends early when the confidence interval of the mean score is narrower than
        this, from one end to the other (``2 * margin_score``). For several metrics a
        dict with a width for each that counts, or one number for all. None makes all
        splits.
    confidence : float, default=0.95
        Confidence of all intervals.
    min_splits : int, default=10
        `tol` ends nothing before so many splits.
    n_jobs : int, default=None
        Number of fits at a time, as in scikit-learn; ``joblib.parallel_config`` may
        send them to other machines. It changes nothing in the result but the times.
        Without it small networks of skdl are trained side by side in one program, and
        each fit's time is an equal share of that.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits. An int gives the same splits every time. Not used with `cv`.
    error_score : "raise" or float, default=np.nan
        The score of a fit that fails; "raise" lets the error through. NaN is left out
        of means.
    verbose : int, default=0
        Passed to joblib, which prints progress.

    Returns
    -------
    pandas.DataFrame
        A row for each split, counted from 1, with the columns

        - ``score``, or one with the name of each metric;
        - ``mean_score`` and ``std_score`` (``ddof=1``) of the splits up to this one;
        - ``margin_score``: half the width of the confidence interval of that mean over
          splits of *these* rows. It shrinks to zero with the number of splits, and is
          what `tol` is compared with;
        - ``corrected_margin_score``: the same for new rows. It counts in that the
          splits share rows, is wider and does not shrink to zero; this is the one to
          report: ``mean_score`` plus or minus ``corrected_margin_score``;
        - ``epochs`` that the fit needed (``best_epoch_``), with ``mean_epochs`` and
          ``std_epochs``; missing if the estimator knows none;
        - ``fit_time``, ``score_time`` (seconds), ``n_train``, ``n_test``.

        ``attrs`` has "confidence", "tol", "min_splits" and "converged" (None without
        `tol`).

    Raises
    ------
    ValueError
        If the rows cannot be split, all fits fail, or a parameter is wrong.

    Warns
    -----
    FitFailedWarning
        If some fits fail.

    See Also
    --------
    compare_bootstrap : Several estimators on the same splits.
    skdl.display.BootstrapDisplay : The result as a figure.
    sklearn.model_selection.cross_validate : Each row is tested once.

    Notes
    -----
    Training sets of different splits share most of their rows, so scores of splits are
    not independent, and ``std / sqrt(k)`` is far too small an error for what new rows
    would give. The corrected margin multiplies the variance by 1/k + n_test/n_train
    instead of 1/k (Nadeau and Bengio 2003).

    References
    ----------
    Nadeau, C., & Bengio, Y. (2003). Inference for the generalization error. Machine
    Learning, 52, 239-281.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdl.model_selection import bootstrap_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> result = bootstrap_validate(GaussianNB(), X, y, n_splits=20, random_state=0)
    >>> result[["score", "mean_score", "std_score"]].tail(2).round(3)
           score  mean_score  std_score
    split
    19     1.000       0.951      0.058
    20     0.933       0.950      0.057
    """
    frames = frames_of_splits(
        "bootstrap_validate",
        {None: estimator},
        X,
        y,
        n_splits=n_splits,
        test_size=test_size,
        cv=cv,
        groups=groups,
        scoring=scoring,
        stop_on_test=stop_on_test,
        params=params,
        tol=tol,
        confidence=confidence,
        min_splits=min_splits,
        n_jobs=n_jobs,
        random_state=random_state,
        error_score=error_score,
        verbose=verbose,
    )
    return frames[None]
