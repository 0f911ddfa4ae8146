"""Classes that a fold lacks are told, and their columns are where they belong."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from skdl.ensemble import BlendingClassifier, FoldEnsembleClassifier
from skdl.exceptions import MissingClassWarning

pytestmark = pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")

SORTED = KFold(3)  # of iris every training part lacks a class
BASES = {
    "probabilities": (GaussianNB(), "predict_proba"),
    "decision values": (RidgeClassifier(), "decision_function"),
}


def told(function):
    """The messages about missing classes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    found = [w for w in caught if w.category is MissingClassWarning]
    assert all(w.filename == __file__ for w in found)  # where the user's code is
    return [str(w.message) for w in found]


def blend(cv, *names):
    bases = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(max_depth=2)}
    return BlendingClassifier([(name, bases[name]) for name in names], cv=cv)


@pytest.mark.parametrize("combine", ["average", "best", "refit_mean"])
def test_folds_and_classes_are_told_once(combine, iris):
    ensemble = FoldEnsembleClassifier(GaussianNB(), cv=SORTED, combine=combine)
    (message,) = told(lambda: ensemble.fit(*iris))
    assert "folds 0, 1, 2 (counted from 0) of FoldEnsembleClassifier has" in message
    assert "the classes 0, 1, 2: models" in message
    assert "cv=StratifiedKFold(shuffle=True)" in message


def test_only_those_that_lack_one(iris):
    X, y = iris
    words = np.array(["a", "b", "c"])[y]
    everything = np.arange(150)
    splits = [(everything[:100], everything[100:]), (everything[30:], everything[:30])]
    ensemble = FoldEnsembleClassifier(GaussianNB(), cv=splits)
    (message,) = told(lambda: ensemble.fit(X, words))
    assert "fold 0 (counted" in message
    assert "the class c: models" in message


def test_a_blend_tells_it_once_for_all_its_models(iris):
    X, y = iris
    several = blend(SORTED, "bayes", "tree")
    (message,) = told(lambda: several.fit(X, y))
    assert "of BlendingClassifier" in message
    own = FoldEnsembleClassifier(GaussianNB(), cv=SORTED)
    mixed = BlendingClassifier(
        [("own", own), ("tree", DecisionTreeClassifier())],
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )
    (message,) = told(lambda: mixed.fit(X, y))
    assert "of 'own' has" in message


def test_nothing_is_told_where_no_fold_lacks_any(iris):
    for ensemble in (FoldEnsembleClassifier(GaussianNB()), blend(5, "bayes")):
        assert not told(lambda ensemble=ensemble: ensemble.fit(*iris))


def test_labels_of_an_indicator_matrix_are_told_too():
    X = np.arange(12.0)[:, np.newaxis]
    Y = np.column_stack([X[:, 0] < 4, X[:, 0] % 2]).astype(int)
    ensemble = FoldEnsembleClassifier(KNeighborsClassifier(2), cv=KFold(3))
    (message,) = told(lambda: ensemble.fit(X, Y))
    assert "fold 0 (counted" in message
    assert "the label 0: models" in message
    assert "cv=KFold(shuffle=True)" in message


@pytest.mark.filterwarnings("ignore::skdl.exceptions.MissingClassWarning")
@pytest.mark.filterwarnings("ignore:Number of classes in training fold")
@pytest.mark.parametrize("kind", BASES)
def test_columns_are_where_scikit_learn_puts_them(kind, iris):
    X, y = iris
    base, method = BASES[kind]
    train = [np.r_[:40, 60:110], np.r_[10:90], np.r_[50:150]]  # three, two, two classes
    splits = [
        (rows, np.setdiff1d(np.arange(150), rows)[k::3]) for k, rows in enumerate(train)
    ]
    ensemble = FoldEnsembleClassifier(base, cv=splits).fit(X, y)
    for (rows, test), model in zip(splits, ensemble.estimators_, strict=True):
        answer = ensemble._answers(model, X[test])
        seen = np.unique(y[rows])
        expected = getattr(model, method)(X[test])
        if expected.ndim == 2:
            assert_allclose(answer[:, seen], expected)
        assert_array_equal(answer.argmax(axis=1), model.predict(X[test]))
        unseen = np.setdiff1d([0, 1, 2], seen)
        if method == "predict_proba":
            assert not answer[:, unseen].any()


@pytest.mark.filterwarnings("ignore::skdl.exceptions.MissingClassWarning")
@pytest.mark.filterwarnings("ignore:Number of classes in training fold")
def test_out_of_fold_predictions_are_those_of_cross_val_predict(iris):
    X, y = iris
    expected = cross_val_predict(GaussianNB(), X, y, cv=SORTED, method="predict_proba")
    blender = blend(SORTED, "bayes", "tree").fit(X, y)
    found = blender.named_estimators_["bayes"].oof_prediction_
    assert_allclose(found, expected)


@pytest.mark.filterwarnings("ignore::skdl.exceptions.MissingClassWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_model_of_one_class_predicts_it(n_classes, iris):
    X, y = iris
    X, y = X[y < n_classes], y[y < n_classes]
    for label in range(n_classes):
        rows = np.flatnonzero(y == label)
        others = np.flatnonzero(y != label)
        ensemble = FoldEnsembleClassifier(RidgeClassifier(), cv=[(rows, others)])
        assert_array_equal(ensemble.fit(X, y).predict(X), label)


def test_a_final_estimator_that_lacks_a_class_answers_for_all(iris):
    X, y = iris
    test = np.r_[10:40, 60:90]  # of two classes
    blender = blend([(np.setdiff1d(np.arange(150), test), test)], "bayes").fit(X, y)
    final = blender.final_estimator_
    assert final.classes_.tolist() == [0, 1]
    Z = blender.transform(X)
    p, values = blender.predict_proba(X), blender.decision_function(X)
    assert_allclose(p[:, :2], final.predict_proba(Z))
    assert not p[:, 2].any()
    assert_allclose(values[:, 1], final.decision_function(Z))
    assert_array_equal(values.argmax(axis=1), blender.predict(X))


def put(missing, dtype=object):
    y = pd.Series(["a", "b", "c"] * 10, dtype=dtype)
    y[4] = missing
    return y


# name -> labels of which one is missing
MISSING = {
    "None": put(None),
    "NaN": put(np.nan).to_numpy(),
    "NA": put(pd.NA, "string"),
    "category": put(None).astype("category"),
    "list": put(None).tolist(),
    "numbers": [0, 1, None] * 10,
}


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("kind", ["folds", "blend"])
def test_missing_labels_are_told_in_a_sentence(kind, name):
    ensembles = {
        "folds": FoldEnsembleClassifier(LogisticRegression()),
        "blend": blend(3, "bayes"),
    }
    row = 2 if name == "numbers" else 4
    message = rf"y holds (None|nan|<NA>) in place of a label, first in row {row}\."
    with pytest.raises(ValueError, match=message):
        ensembles[kind].fit(np.ones((30, 2)), MISSING[name])


def test_a_fold_of_weight_zero_is_no_validation_set(iris):
    X, y = iris
    weight = np.ones(150)
    weight[::3] = 0
    test = np.arange(0, 150, 3)
    train = np.setdiff1d(np.arange(150), test)
    boosting = HistGradientBoostingClassifier(
        early_stopping=True, max_iter=5, random_state=0
    )
    ensemble = FoldEnsembleClassifier(boosting, cv=[(train, test)])
    ensemble.fit(X, y, sample_weight=weight)
    by_hand = boosting.fit(X[train], y[train], sample_weight=weight[train])
    assert_allclose(ensemble.predict_proba(X), by_hand.predict_proba(X))
