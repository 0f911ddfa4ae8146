"""Splits of rows go to estimators that can be fitted on them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

from skdl.ensemble import BlendingRegressor, FoldEnsembleRegressor
from skdl.model_selection import (
    BayesSearchCV,
    NelderMeadSearchCV,
    bootstrap_validate,
    compare_bootstrap,
)
from tests.estimators.forecasters import LinearForecaster, autoregression

SERIES = pd.Series(autoregression(60), pd.date_range("2024-01-01", periods=60))
NET = LinearForecaster(4, 2)
SENTENCE = r"cv=.* takes rows out of .*LinearForecaster.*TimeSeriesSplit\(\).*backtest"
SHUFFLED = KFold(3, shuffle=True, random_state=0)
SEARCH = {"search_spaces": {"window": (2, 4)}, "random_state": 0}

# name -> what fits forecasters on splits, in a way that takes rows out of their order
OURS = {
    "bayes": lambda series: BayesSearchCV(NET, **SEARCH).fit(series),
    "bayes, shuffled": lambda series: BayesSearchCV(NET, cv=SHUFFLED, **SEARCH).fit(
        series
    ),
    "pipeline": lambda series: BayesSearchCV(
        make_pipeline("passthrough", NET),
        {"linearforecaster__window": (2, 4)},
        cv=TimeSeriesSplit(3, gap=1),
    ).fit(series),
    "nelder-mead": lambda series: NelderMeadSearchCV(NET, **SEARCH).fit(series),
    "bootstrap": lambda series: bootstrap_validate(NET, series, n_splits=3),
    "bootstrap, folds": lambda series: bootstrap_validate(NET, series, cv=KFold(3)),
    "comparison": lambda series: compare_bootstrap(
        {"a": NET, "b": LinearForecaster(5, 2)}, series, cv=ShuffleSplit(3)
    ),
}


@pytest.mark.parametrize("labelled", [True, False], ids=["labels", "array"])
@pytest.mark.parametrize("name", OURS)
def test_a_series_out_of_order_is_refused_before_all_fits(name, labelled):
    series = SERIES if labelled else SERIES.to_numpy()
    with pytest.raises(ValueError, match=SENTENCE):
        OURS[name](series)


@pytest.mark.parametrize("wrap", [lambda net: net, make_pipeline])
def test_ensembles_of_folds_refuse_forecasters(wrap):
    X = SERIES.to_numpy()
    message = "FoldEnsembleRegressor fits models on folds .*n_members.*TimeSeriesSplit"
    for ensemble in (
        FoldEnsembleRegressor(wrap(NET), cv=TimeSeriesSplit(3)),
        BlendingRegressor([("net", wrap(NET))]),
    ):
        with pytest.raises(ValueError, match=message):
            ensemble.fit(X, X)


def test_walking_forward_is_taken():
    cv = TimeSeriesSplit(3)
    expected = cross_val_score(NET, SERIES, cv=cv)
    frame = bootstrap_validate(NET, SERIES, cv=cv)
    assert frame["score"].tolist() == expected.tolist()
    moving = TimeSeriesSplit(3, max_train_size=20)
    frame = bootstrap_validate(make_pipeline(NET), SERIES.to_numpy(), cv=moving)
    assert np.isfinite(frame["score"]).all()


def sentences(function):
    """All that is said by warnings."""
    with pytest.warns((UserWarning, FitFailedWarning)) as caught:
        function()
    return [str(w.message) for w in caught]


# name -> a loop of scikit-learn over splits that no series has
THEIRS = {
    "folds": lambda: cross_val_score(NET, SERIES, cv=KFold(5)),
    "search": lambda: GridSearchCV(NET, {"window": [3]}).fit(SERIES),
}


@pytest.mark.parametrize("name", THEIRS)
def test_scikit_learn_tells_what_to_take_instead(name):
    said = sentences(THEIRS[name])
    of_fits = [text for text in said if "fits failed" in text]
    of_scores = [text for text in said if "Scoring failed" in text]
    for text in (*of_fits[:1], *of_scores[:1]):
        assert "TimeSeriesSplit" in text
        assert "backtest" in text
    assert of_fits
    assert of_scores


@pytest.mark.parametrize("cv", [SHUFFLED, ShuffleSplit(3, random_state=0)])
def test_shuffled_rows_of_a_series_are_an_error_in_scikit_learn(cv):
    with pytest.raises(ValueError, match=r"(?s)All the 3 fits.*TimeSeriesSplit.*backt"):
        cross_val_score(NET, SERIES, cv=cv)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_labels_are_told_by_searches_and_bootstraps(missing):
    X, y = np.ones((30, 2)), np.array(["a", "b", missing] * 10, dtype=object)
    for loop in (
        lambda: bootstrap_validate(LogisticRegression(), X, y, n_splits=3),
        lambda: compare_bootstrap(
            {"a": LogisticRegression(), "b": LogisticRegression(C=2.0)}, X, y
        ),
        lambda: BayesSearchCV(LogisticRegression(), {"C": (0.1, 1.0)}).fit(X, y),
    ):
        with pytest.raises(ValueError, match="in place of a label, first in row 2"):
            loop()
