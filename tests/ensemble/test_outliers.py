"""The test for outlying folds has the error rate it claims, and finds bad folds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.ensemble import FoldEnsembleClassifier
from skdl.ensemble._outliers import ALPHA, critical_deviate, outlying
from skdl.exceptions import FoldOutlierWarning


def rate(samples, **params):
    return np.mean([bool(outlying(sample, **params)) for sample in samples])


@pytest.mark.parametrize("n", [5, 10, 25])
@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_false_alarms_are_as_rare_as_alpha_says(n, alpha):
    samples = np.random.default_rng(n).normal(size=(4000, n))
    low, high = stats.binom.ppf([0.001, 0.999], 4000, alpha) / 4000
    assert low <= rate(samples, alpha=alpha) <= 1.3 * high  # Rosner's is approximate


def test_critical_values_are_the_published_ones():
    """Grubbs' table, two-sided at 0.05, and Rosner's example at n=54."""
    published = {3: 1.1543, 5: 1.7150, 10: 2.2900, 20: 2.7082, 54: 3.1588}
    for n, value in published.items():
        assert_allclose(critical_deviate(n, 0.05), value, atol=2e-3)


def test_rosners_example_has_three_outliers():
    data = """-0.25 0.68 0.94 1.15 1.20 1.26 1.26 1.34 1.38 1.43 1.49 1.49 1.55 1.56
        1.58 1.65 1.69 1.70 1.76 1.77 1.81 1.91 1.94 1.96 1.99 2.06 2.09 2.10 2.14 2.15
        2.23 2.24 2.26 2.35 2.37 2.40 2.47 2.54 2.62 2.64 2.90 2.92 2.92 2.93 3.21 3.26
        3.30 3.59 3.68 4.30 4.64 5.34 5.42 6.01"""
    scores = np.array(data.split(), dtype=float)
    assert outlying(scores, alpha=0.05) == [51, 52, 53]  # as published


@pytest.mark.parametrize("n", [5, 10])
@pytest.mark.parametrize(("p", "n_rows"), [(0.8, 100), (0.95, 30), (0.99, 30)])
def test_false_alarms_of_accuracies_are_rare_in_spite_of_ties(p, n_rows, n):
    shares = np.random.default_rng(0).binomial(n_rows, p, size=(2000, n)) / n_rows
    assert rate(shares, n_rows=n_rows) <= ALPHA + 0.005
    if p == 0.99:
        assert rate(shares) > 0.3  # without that rule


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], []),
        ([0.5], []),
        ([0.5, -100.0], []),
        ([0.5, 0.6, -100.0], []),  # three scores cannot tell
        ([0.7] * 5, []),
        ([0.1 + 0.2, 0.3, 0.3, 0.3, 0.3], []),  # differ by rounding
        ([1.0, 1.1, 0.9, 1.05, -np.inf], [4]),
        ([1.0, -np.inf], [1]),
        ([-np.inf] * 3, []),
        ([1.0, 1.1, np.nan, 0.95, 1.05], []),
        ([1.0, 1.1, np.nan, 0.95, 1.05, -9.0], [5]),
        ([1.0, 1.1, 0.9, 1.05, 9.0], [4]),
        ([1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0, 1.02, -8.0, -7.9], [8, 9]),
    ],
    ids=range(13),
)
def test_special_scores(scores, expected):
    assert outlying(scores) == expected


@pytest.mark.parametrize("n_folds", [5, 10])
def test_fold_with_wrong_labels_is_found_and_named(n_folds):
    X, y = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    base = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    ensemble = FoldEnsembleClassifier(base, cv=folds)
    assert ensemble.fit(X, y).outlier_folds_ == []

    bad = list(folds.split(X, y))[3][1]
    wrong = y.copy()
    wrong[bad[::2]] = 1 - wrong[bad[::2]]
    message = (
        r"^Fold 3 \(-\d.*\) of LogisticRegression: .* other \d folds .*"
        r"counted from 0.*fold_rows_\[3\]"
    )
    with pytest.warns(FoldOutlierWarning, match=message):
        ensemble.set_params(cv=list(folds.split(X, y))).fit(X, wrong)
    assert ensemble.outlier_folds_ == [3]
    assert ensemble.fold_rows_[3].tolist() == bad.tolist()
