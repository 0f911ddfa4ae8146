"""scikit-learn's own ensembles take networks, and fold ensembles, as they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB

from skdl.ensemble import FoldEnsembleClassifier
from tests.ensemble.instances import learner

pytestmark = pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")
REGRESSOR = learner("DenseRegressor")


def test_voting_averages_a_network_and_a_forest(iris):
    forest = RandomForestClassifier(n_estimators=10, random_state=0)
    models = [("net", learner()), ("forest", forest)]
    voting = VotingClassifier(models, voting="soft").fit(*iris)
    p = [clone(model).fit(*iris).predict_proba(iris[0]) for _, model in models]
    assert_allclose(voting.predict_proba(iris[0]), np.mean(p, axis=0), rtol=1e-12)


def test_stacking_trains_on_out_of_fold_predictions_of_a_network(iris):
    X, y = iris
    models = [("net", learner()), ("bayes", GaussianNB())]
    final = LogisticRegression(max_iter=1000)
    stack = StackingClassifier(models, final, cv=3).fit(X, y)
    Z, new = (
        np.hstack(parts)
        for parts in zip(
            *(
                (
                    cross_val_predict(m, X, y, cv=3, method="predict_proba"),
                    clone(m).fit(X, y).predict_proba(X),
                )
                for _, m in models
            ),
            strict=True,
        )
    )
    by_hand = clone(final).fit(Z, y).predict_proba(new)
    assert_allclose(stack.predict_proba(X), by_hand, rtol=1e-8)


def test_stacking_and_voting_of_regressors(diabetes):
    X, y = diabetes
    models = [("net", REGRESSOR), ("ridge", Ridge(0.1))]
    mean = np.mean([clone(m).fit(X, y).predict(X) for _, m in models], axis=0)
    assert_allclose(VotingRegressor(models).fit(X, y).predict(X), mean)
    assert StackingRegressor(models, cv=3).fit(X, y).score(X, y) > 0.4


def test_bagging_gives_every_network_its_own_seed(iris, diabetes):
    X, y = iris
    bagging = BaggingClassifier(learner(), n_estimators=3, random_state=0).fit(X, y)
    assert len({model.random_state for model in bagging.estimators_}) == 3
    p = [model.predict_proba(X) for model in bagging.estimators_]
    assert_allclose(bagging.predict_proba(X), np.mean(p, axis=0), rtol=1e-12)
    bagging = BaggingRegressor(REGRESSOR, n_estimators=2, random_state=0)
    assert bagging.fit(*diabetes).score(*diabetes) > 0.3


@pytest.mark.parametrize("kind", ["network", "folds"])
def test_calibration(iris, kind):
    X, y = iris
    base = learner()
    if kind == "folds":
        base = FoldEnsembleClassifier(base, cv=2, random_state=0)
    calibrated = CalibratedClassifierCV(base, cv=2, method="sigmoid").fit(X, y)
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.85


def test_fold_ensembles_stack_and_vote(iris):
    X, y = iris
    models = [
        ("net", FoldEnsembleClassifier(learner(), cv=2)),
        ("bayes", FoldEnsembleClassifier(GaussianNB(), cv=2)),
    ]
    p = [clone(model).fit(X, y).predict_proba(X) for _, model in models]
    voting = VotingClassifier(models, voting="soft").fit(X, y)
    assert_allclose(voting.predict_proba(X), np.mean(p, axis=0), rtol=1e-12)
    assert StackingClassifier(models, cv=2).fit(X, y).score(X, y) > 0.85
