"""Which settings differ beyond noise: several estimators on the same splits."""

import numbers
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.base import is_classifier

from skdl._remarks import remarks_once
from skdl._validation import Interval, non_negative, validate_params
from skdl.model_selection._bootstrap import OPTIONS
from skdl.model_selection._resampling import frames_of_splits
from skdl.model_selection._statistics import corrected_t_test, holm


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapComparison:
    """Several estimators on the same splits, and which of them differ beyond noise.

    `compare_bootstrap` returns it; printed, it says in words what was found.

    Parameters
    ----------
    scores : pandas.DataFrame
        A row for each split, a column for each estimator.
    epochs : pandas.DataFrame
        Epochs that each fit needed, in the same shape; missing where they are unknown.
    ranking : pandas.DataFrame
        A row for each estimator, the best first: "mean", "std", "low" and "high" (the
        corrected confidence interval of the mean), "epochs" and "fit_time" (means),
        and "differs_from_best", beyond noise.
    differences : pandas.DataFrame
        A row for each pair, the better one in column "a": "difference" (mean of a minus
        b), "std_error" (corrected), "low" and "high" (its interval of confidence
        1 - `alpha`, for this pair alone), "t", "p", "p_holm" (for all pairs together)
        and "differs".
    results : dict of str to pandas.DataFrame
        For each estimator what `bootstrap_validate` returns.
    alpha : float
        Chance of calling any pair different if none is.

    See Also
    --------
    compare_bootstrap : Makes it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdl.model_selection import compare_bootstrap
    >>> X, y = load_iris(return_X_y=True)
    >>> both = {"bayes": GaussianNB(), "dummy": DummyClassifier()}
    >>> comparison = compare_bootstrap(both, X, y, n_splits=20, random_state=0)
    >>> list(comparison.ranking.index)
    ['bayes', 'dummy']
    >>> bool(comparison.differences["differs"].all())
    True
    """

    scores: object
    epochs: object
    ranking: object
    differences: object
    results: dict
    alpha: float

    def __str__(self):
        width = max(len(name) for name in self.ranking.index)
        confidence = next(iter(self.results.values())).attrs["confidence"]
        lines = [
            f"Mean score of {len(self.scores)} splits, with the corrected "
            f"{100 * confidence:g} % interval:"
        ]
        for name, row in self.ranking.iterrows():
            lines.append(
                f"  {name:{width}}  {row['mean']:.4g} ({row['low']:.4g} to "
                f"{row['high']:.4g})"
            )
        lines.append(f"Corrected resampled t-test, Holm, alpha={self.alpha:g}:")
        pairs = self.differences
        for title, some in (
            ("beyond noise", pairs[pairs["differs"]]),
            ("not beyond noise", pairs[~pairs["differs"]]),
        ):
            for _, row in some.iterrows():
                p = row["p_holm"]
                in_words = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
                lines.append(
                    f"  {title}: {row['a']} - {row['b']} = {row['difference']:.3g}, "
                    f"{in_words}"
                )
        return "\n".join(lines)

    __repr__ = __str__


@validate_params(
    {
        **OPTIONS,
        "estimators": [dict],
        "tol": [non_negative(), None],
        "alpha": [Interval(numbers.Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=False,  # the estimators check themselves
)
@remarks_once
def compare_bootstrap(
    estimators,
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
    alpha=0.05,
    min_splits=10,
    n_jobs=None,
    random_state=None,
    error_score=np.nan,
    verbose=0,
):
    """Score several estimators on the same random splits, and test their differences.

    All of them see the same rows in each split, so that the luck of a split cancels in
    the difference of their scores. Each pair is compared by the corrected resampled
    t-test; p values are then corrected for the number of pairs by Holm's method.

    Parameters
    ----------
    estimators : dict of str to estimator
        Two or more, with a name for each.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        All rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        All targets.
    n_splits : int, default=50
        How many splits; the most there will be with `tol`. Not used with `cv`.
    test_size : float or int, default=0.1
        Share or number of rows in each test. Not used with `cv`.
    cv : cross-validation splitter, int, iterable or None, default=None
        Where the splits come from, as in `bootstrap_validate`. The test is made for
        random splits; with others it is an approximation.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group stay together: all in the test, or none. With metadata
        routing, `params` takes them: ``{"groups": groups}``.
    scoring : str, callable or None, default=None
        One metric. None takes the estimators' own ``score``.
    stop_on_test : bool, default=False
        Whether early stopping watches the test rows, as in `bootstrap_validate`; then
        all estimators must do so.
    params : dict, default=None
        Arguments of every estimator's ``fit``, as in `bootstrap_validate`.
    tol : float or None, default=None
        Ends early when the confidence intervals of all mean scores are narrower than
        this. None makes all splits.
    confidence : float, default=0.95
        Confidence of the intervals of mean scores.
    alpha : float, default=0.05
        Chance of calling any pair different if none is; intervals of differences have
        the confidence ``1 - alpha``.
    min_splits : int, default=10
        `tol` ends nothing before so many splits.
    n_jobs : int, default=None
        Number of fits at a time, as in scikit-learn. It changes nothing in the result
        but the times.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits. Not used with `cv`.
    error_score : "raise" or float, default=np.nan
        The score of a fit that fails; "raise" lets the error through. With NaN the
        split is left out where that estimator is compared.
    verbose : int, default=0
        Passed to joblib, which prints progress.

    Returns
    -------
    BootstrapComparison
        Scores, epochs, ranking and differences as frames.

    Raises
    ------
    ValueError
        If there are fewer than two estimators, the rows cannot be split, all fits of an
        estimator fail, or a parameter is wrong.

    See Also
    --------
    bootstrap_validate : One estimator.

    Notes
    -----
    With the differences d of k splits, t is mean(d) divided by
    std(d) * sqrt(1/k + n_test/n_train), and is compared with Student's distribution
    with k - 1 degrees of freedom. The usual paired t-test has 1/k alone; it takes
    splits for independent: of two settings that are equally good it calls one the
    better in nearly half of all cases, at ``alpha=0.05`` and with 50 splits.

    References
    ----------
    Nadeau, C., & Bengio, Y. (2003). Inference for the generalization error. Machine
    Learning, 52, 239-281.

    Holm, S. (1979). A simple sequentially rejective multiple test procedure.
    Scandinavian Journal of Statistics, 6, 65-70.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdl.model_selection import compare_bootstrap
    >>> X, y = load_iris(return_X_y=True)
    >>> candidates = {
    ...     "bayes": GaussianNB(),
    ...     "tree": DecisionTreeClassifier(max_depth=2, random_state=0),
    ...     "dummy": DummyClassifier(),
    ... }
    >>> print(compare_bootstrap(candidates, X, y, n_splits=20, random_state=0))
    Mean score of 20 splits, with the corrected 95 % interval:
      bayes  0.95 (0.9024 to 0.9976)
      tree   0.94 (0.8959 to 0.9841)
      dummy  0.3333 (0.3333 to 0.3333)
    Corrected resampled t-test, Holm, alpha=0.05:
      beyond noise: bayes - dummy = 0.617, p < 0.001
      beyond noise: tree - dummy = 0.607, p < 0.001
      not beyond noise: bayes - tree = 0.01, p = 0.53
    """
    _check_estimators(estimators, scoring)
    results = frames_of_splits(
        "compare_bootstrap",
        estimators,
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
    return _compare(results, alpha)


def _check_estimators(estimators, scoring):
    if len(estimators) < 2:
        raise ValueError(
            f"estimators has {len(estimators)} entries, but a comparison needs two or "
            "more. Use bootstrap_validate for a single one."
        )
    for name, estimator in estimators.items():
        if not isinstance(name, str):
            raise ValueError(
                f"estimators has the key {name!r}, which is no string. Give each "
                "estimator a name."
            )
        if not hasattr(estimator, "fit") or isinstance(estimator, type):
            raise ValueError(
                f"estimators[{name!r}]={estimator!r} is no estimator. Give an instance "
                "with a fit method."
            )
    kinds = {is_classifier(estimator) for estimator in estimators.values()}
    if scoring is None and len(kinds) > 1:
        raise ValueError(
            "Some estimators are classifiers and some are not, so that their own "
            "scores cannot be compared. Give scoring."
        )
    several = isinstance(scoring, (list, tuple, set, dict))
    if several:
        raise ValueError(
            f"scoring={scoring!r} has several metrics, but estimators are compared by "
            "one. Call compare_bootstrap once for each."
        )


def _compare(results, alpha):
    """The tests, and all frames."""
    import pandas as pd

    names = list(results)
    if "score" not in results[names[0]]:
        raise ValueError(
            "scoring returned several scores, but estimators are compared by one. Give "
            "a scoring that returns one number."
        )
    scores = pd.DataFrame({name: results[name]["score"] for name in names})
    epochs = pd.DataFrame({name: results[name]["epochs"] for name in names})
    best_first = list(scores.mean().sort_values(ascending=False, kind="stable").index)
    split_sizes = results[names[0]]
    ratio = (split_sizes["n_test"] / split_sizes["n_train"]).to_numpy()
    pairs = []
    for a, b in combinations(best_first, 2):
        difference = (scores[a] - scores[b]).to_numpy()
        both = ~np.isnan(difference)
        if both.sum() < 2:
            raise ValueError(
                f"{a!r} and {b!r} have scores together on {both.sum()} splits, but a "
                "test needs 2. See why fits fail with error_score='raise'."
            )
        test = corrected_t_test(difference[both], ratio[both].mean(), alpha)
        pairs.append({"a": a, "b": b, **test})
    differences = pd.DataFrame(pairs)
    differences["p_holm"] = holm(differences["p"])
    differences["differs"] = differences["p_holm"] <= alpha
    ranking = _ranking(results, best_first, differences)
    return BootstrapComparison(scores, epochs, ranking, differences, results, alpha)


def _ranking(results, best_first, differences):
    import pandas as pd

    from_best = differences[differences["a"] == best_first[0]]
    differs = dict(zip(from_best["b"], from_best["differs"], strict=True))
    rows = []
    for name in best_first:
        mean, std, margin, epochs = (
            float(results[name][column].iloc[-1])
            for column in (
                "mean_score",
                "std_score",
                "corrected_margin_score",
                "mean_epochs",
            )
        )
        rows.append(
            {
                "mean": mean,
                "std": std,
                "low": mean - margin,
                "high": mean + margin,
                "epochs": epochs,
                "fit_time": results[name]["fit_time"].mean(),
                "differs_from_best": bool(differs.get(name, False)),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(best_first, name="estimator"))
