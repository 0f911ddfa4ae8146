"""Base estimators that several tests of this folder use."""

from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge

from skdl.ensemble import (
    BlendingClassifier,
    BlendingRegressor,
    FoldEnsembleClassifier,
    FoldEnsembleRegressor,
)
from tests.instances import small


class Foreign:
    """A classifier with scikit-learn's methods, but neither its bases nor its tags."""

    def __init__(self, C=1.0):
        self.C = C

    def get_params(self, deep=True):
        return {"C": self.C}

    def set_params(self, **params):
        vars(self).update(params)
        return self

    def fit(self, X, y):
        self._model = LogisticRegression(C=self.C).fit(X, y)
        self.classes_ = self._model.classes_
        return self

    def predict(self, X):
        return self._model.predict(X)

    def predict_proba(self, X):
        return self._model.predict_proba(X)


def learner(name="DenseClassifier", **params):
    """A small network that learns something in few epochs."""
    return small(name, **{"epochs": 20, "learning_rate": 0.05, **params})


META_ESTIMATORS = {
    "folds of logistic": FoldEnsembleClassifier(LogisticRegression(), cv=3),
    "folds of dense": FoldEnsembleClassifier(learner(), cv=3, random_state=0),
    "best of logistic": FoldEnsembleClassifier(
        LogisticRegression(), cv=3, combine="best"
    ),
    "refit of dense": FoldEnsembleClassifier(learner(), cv=3, combine="refit_max"),
    "folds of ridge": FoldEnsembleRegressor(Ridge(), cv=3),
    "refit of dense regressor": FoldEnsembleRegressor(
        learner("DenseRegressor"), cv=3, combine="refit_mean"
    ),
    "blend": BlendingClassifier(
        [("net", learner()), ("logistic", LogisticRegression())], cv=3
    ),
    "blend of two logistics": BlendingClassifier(
        [("a", LogisticRegression()), ("b", LogisticRegression(C=0.1))],
        cv=3,
        passthrough=True,
    ),
    "blend of regressors": BlendingRegressor(
        [("net", learner("DenseRegressor")), ("ridge", Ridge())], cv=3
    ),
    "refitted blend of ridges": BlendingRegressor(
        [("a", Ridge()), ("b", Ridge(10.0))], cv=3, refit=True
    ),
}


def meta(name, **params):
    """A fresh copy of one of them."""
    return clone(META_ESTIMATORS[name]).set_params(**params)
