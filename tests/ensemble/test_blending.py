"""Blends equal out-of-fold predictions of scikit-learn and a final fit by hand."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import (
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdl.ensemble import (
    BlendingClassifier,
    BlendingRegressor,
    FoldEnsembleClassifier,
    FoldEnsembleRegressor,
)
from skdl.exceptions import RefittedWarning
from tests.ensemble.instances import Foreign, learner

pytestmark = pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")

TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
FINAL = LogisticRegression(max_iter=1000)
WORDS = np.array(["one", "two", "three"])


def fold_means(base, X, y, method, cv):
    """Mean of the fold models' answers, by hand."""
    models = [
        clone(base).fit(X[train], y[train])
        for train, _ in StratifiedKFold(cv).split(X, y)
    ]
    return np.mean([getattr(model, method)(X) for model in models], axis=0)


@pytest.mark.parametrize("task", ["binary", "iris"])
def test_blend_is_out_of_fold_predictions_then_a_logistic_regression(task, request):
    X, y = request.getfixturevalue(task)
    y = WORDS[y]
    bases = [
        ("bayes", GaussianNB(), "predict_proba"),
        ("tree", TREE, "predict_proba"),
        ("svm", make_pipeline(StandardScaler(), LinearSVC()), "decision_function"),
    ]
    blend = BlendingClassifier([base[:2] for base in bases], cv=3).fit(X, y)

    def columns(answers):
        two = task == "binary"
        answers = [a[:, 1:] if two and a.ndim == 2 else a for a in answers]
        return np.hstack([a.reshape(len(a), -1) for a in answers])

    Z = columns([cross_val_predict(b, X, y, cv=3, method=m) for _, b, m in bases])
    final = clone(FINAL).fit(Z, y)
    Z_new = columns([fold_means(b, X, y, m, 3) for _, b, m in bases])
    assert_allclose(blend.transform(X), Z_new, rtol=1e-12)
    assert_allclose(blend.predict_proba(X), final.predict_proba(Z_new), rtol=1e-8)
    assert_allclose(blend.decision_function(X), final.decision_function(Z_new))
    assert_array_equal(blend.predict(X), final.predict(Z_new))
    assert blend.get_feature_names_out().shape == (Z_new.shape[1],)


def test_regression_is_blended_by_ridge_in_any_units(diabetes):
    X, y = diabetes
    bases = [("ridge", Ridge(0.1)), ("tree", DecisionTreeRegressor(max_depth=3))]
    cv = KFold(3, shuffle=True, random_state=0)
    blend = BlendingRegressor(bases, cv=cv, random_state=0).fit(X, y)
    Z = np.column_stack([m.oof_prediction_ for m in blend.estimators_])
    by_hand = RidgeCV(y.var() * np.array([0.1, 1, 10])).fit(Z, y)
    assert_allclose(blend.predict(X), by_hand.predict(blend.transform(X)))
    for unit in (1e-6, 1e6):
        other = clone(blend).fit(X, y * unit)
        assert_allclose(other.predict(X), blend.predict(X) * unit, rtol=1e-6)


def test_several_outputs(diabetes):
    X, y = diabetes
    y = np.column_stack([y, y[::-1], X[:, 0] * 100])
    bases = [("ridge", Ridge(0.1)), ("net", learner("DenseRegressor"))]
    blend = BlendingRegressor(bases, LinearRegression(), cv=3).fit(X, y)
    assert blend.transform(X).shape == (150, 6)
    assert blend.predict(X).shape == (150, 3)
    assert_array_equal(
        blend.named_estimators_["ridge"].oof_prediction_,
        cross_val_predict(Ridge(0.1), X, y, cv=3),
    )


def test_labels_of_a_network_and_a_forest(multilabel):
    X, y = multilabel
    forest = RandomForestClassifier(n_estimators=10, random_state=0)
    cv = KFold(3, shuffle=True, random_state=0)
    blend = BlendingClassifier([("net", learner()), ("forest", forest)], cv=cv)
    blend.fit(X, y)
    Z = np.hstack([m.oof_prediction_ for m in blend.estimators_])
    new = blend.transform(X)
    assert Z.shape == new.shape == (150, 6)
    p = [clone(FINAL).fit(Z, column).predict_proba(new)[:, 1] for column in y.T]
    assert_allclose(blend.predict_proba(X), np.column_stack(p), rtol=1e-6)
    assert blend.score(X, y) > 0.8


def test_all_kinds_of_estimators_mix(iris):
    X, y = iris
    blend = BlendingClassifier(
        [
            ("net", learner()),
            ("pipe", make_pipeline(StandardScaler(), learner(input_scaling=None))),
            ("forest", RandomForestClassifier(n_estimators=10, random_state=0)),
            ("foreign", Foreign()),
            ("folds", FoldEnsembleClassifier(GaussianNB(), cv=2, combine="best")),
            ("unused", "drop"),
        ],
        cv=3,
    )
    assert cross_val_score(blend, X, WORDS[y], cv=2).mean() > 0.9
    blend.fit(X, WORDS[y])
    assert len(blend.estimators_) == 5
    assert blend.named_estimators_["unused"] == "drop"
    assert len(blend.named_estimators_["folds"].estimators_) == 2  # its own setting
    assert blend.named_estimators_["folds"].combine == "best"
    same = [m.fold_rows_ for m in blend.estimators_[:4]]
    for k in range(3):
        assert all(np.array_equal(rows[k], same[0][k]) for rows in same)
    assert blend.set_params(net="drop").fit(X, y).transform(X).shape == (150, 12)


def test_shuffled_folds_without_a_seed_are_the_same_for_all(iris):
    shuffled = StratifiedKFold(3, shuffle=True)
    blend = BlendingClassifier([("a", TREE), ("b", GaussianNB())], cv=shuffled)
    first, second = blend.fit(*iris).estimators_
    assert all(map(np.array_equal, first.fold_rows_, second.fold_rows_))
    assert first.cv is shuffled


def test_refit_predicts_with_models_of_all_rows(iris):
    X, y = iris
    base = learner(epochs=60, patience=3, learning_rate=0.1)
    blend = BlendingClassifier([("net", base), ("tree", TREE)], cv=3, refit=True)
    blend.fit(X, y)
    epochs = np.mean(blend.named_estimators_["net"].fold_epochs_)
    net = clone(base).set_params(epochs=round(float(epochs)), early_stopping=False)
    models = net.fit(X, y), clone(TREE).fit(X, y)
    Z = np.hstack([model.predict_proba(X) for model in models])
    assert_array_equal(blend.transform(X), Z)


@pytest.mark.parametrize("kind", ["array", "sparse"])
def test_passthrough_adds_the_columns_of_x(iris, kind):
    X, y = iris
    rows = X if kind == "array" else sparse.csr_array(X)
    blend = BlendingClassifier([("tree", TREE)], cv=3, passthrough=True).fit(rows, y)
    Z = cross_val_predict(TREE, X, y, cv=3, method="predict_proba")
    final = clone(FINAL).fit(np.hstack([Z, X]), y)
    new = blend.transform(rows)
    assert sparse.issparse(new) == (kind == "sparse")
    new = new.toarray() if kind == "sparse" else new
    assert_array_equal(new[:, 3:], X)
    assert_allclose(blend.predict_proba(rows), final.predict_proba(new), atol=1e-3)
    names = blend.get_feature_names_out()
    assert names[0] == "blendingclassifier_tree0"
    assert names[3:].tolist() == ["x0", "x1", "x2", "x3"]


def test_rows_without_out_of_fold_prediction_are_left_out(iris):
    X, y = iris
    X, y = X[::7], y[::7]
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    blend = BlendingClassifier([("a", GaussianNB())], cv=TimeSeriesSplit(3)).fit(X, y)
    known = np.isfinite(blend.estimators_[0].oof_prediction_[:, 0])
    assert 0 < known.sum() < len(X)
    final = clone(FINAL).fit(blend.estimators_[0].oof_prediction_[known], y[known])
    assert_allclose(blend.final_estimator_.coef_, final.coef_, rtol=1e-6)


# -- fitted fold ensembles -------------------------------------------------------------


FITS = []  # an attribute of the class would be part of what it is


class Counting(GaussianNB):
    def fit(self, X, y, sample_weight=None):
        FITS.append(None)
        return super().fit(X, y, sample_weight)


def test_fitted_fold_ensemble_is_used_as_it_is(iris):
    X, y = iris
    folds = FoldEnsembleClassifier(Counting(), cv=3).fit(X, y)
    blend = BlendingClassifier([("a", folds), ("tree", TREE)], cv=3)
    FITS.clear()
    blend.fit(X, y)
    assert len(FITS) == 0
    assert blend.estimators_[0].oof_prediction_ is folds.oof_prediction_
    expected = blend.predict_proba(X)
    fresh = BlendingClassifier([("a", Counting()), ("tree", TREE)], cv=3).fit(X, y)
    assert_array_equal(expected, fresh.predict_proba(X))
    folds.fit(X[::2], y[::2])  # does not change the blend
    assert_array_equal(expected, blend.predict_proba(X))


CHANGES = {
    "rows": lambda folds, X, y: (folds, X + 1, y, {}),
    "targets": lambda folds, X, y: (folds, X, y[::-1], {}),
    "weights": lambda folds, X, y: (folds, X, y, {"sample_weight": np.ones(150)}),
    "estimator": lambda folds, X, y: (
        folds.set_params(estimator__var_smoothing=0.1),
        X,
        y,
        {},
    ),
    "folds": lambda folds, X, y: (folds.set_params(cv=4), X, y, {}),
    "combine": lambda folds, X, y: (folds.set_params(combine="best"), X, y, {}),
    "scoring": lambda folds, X, y: (folds.set_params(scoring="accuracy"), X, y, {}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_fold_ensemble_fitted_otherwise_is_fitted_again_with_a_warning(iris, change):
    folds = FoldEnsembleClassifier(Counting(), cv=3).fit(*iris)
    before = folds.oof_prediction_
    folds, X, y, params = CHANGES[change](folds, *iris)
    blend = BlendingClassifier([("a", folds)], cv=3)
    with pytest.warns(RefittedWarning, match="'a' is fitted, but not on these rows"):
        blend.fit(X, y, **params)
    alone = clone(folds).fit(X, y, **params)
    assert_array_equal(blend.estimators_[0].oof_prediction_, alone.oof_prediction_)
    assert_array_equal(blend.estimators_[0].fold_scores_, alone.fold_scores_)
    assert_array_equal(blend.estimators_[0].predict_proba(X), alone.predict_proba(X))
    assert folds.oof_prediction_ is before  # the user's own stays as it is


SIGN = 1


def signs():
    return SIGN


def signed(X):
    return signs() * X


def test_fold_ensemble_whose_functions_read_something_else_is_fitted_again(
    iris, monkeypatch
):
    base = make_pipeline(FunctionTransformer(signed), TREE)
    folds = FoldEnsembleClassifier(base, cv=3).fit(*iris)
    blend = BlendingClassifier([("a", folds)], final_estimator=FINAL, cv=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RefittedWarning)
        blend.fit(*iris)
    monkeypatch.setitem(globals(), "SIGN", -1)
    with pytest.warns(RefittedWarning, match="'a' is fitted, but not on these"):
        blend.fit(*iris)
    alone = clone(folds).fit(*iris)
    assert_array_equal(blend.estimators_[0].oof_prediction_, alone.oof_prediction_)


@pytest.mark.filterwarnings("error::skdl.exceptions.RefittedWarning")
def test_cross_validation_uses_no_fold_ensemble_fitted_on_its_test_rows(iris):
    X, _ = iris
    noise = np.random.default_rng(0).integers(0, 2, size=150)  # nothing to be learnt
    deep = DecisionTreeClassifier(random_state=0)
    folds = FoldEnsembleClassifier(deep, cv=3).fit(X, noise)
    assert (folds.predict(X) == noise).mean() > 0.75
    scores = cross_val_score(BlendingClassifier([("a", folds)], cv=3), X, noise, cv=5)
    assert scores.mean() < 0.65


def test_weighted_fold_ensemble_is_reused_for_the_same_weights(iris):
    X, y = iris
    weight = np.arange(150.0)
    folds = FoldEnsembleClassifier(Counting(), cv=3).fit(X, y, sample_weight=weight)
    FITS.clear()
    BlendingClassifier([("a", folds)]).fit(X, y, sample_weight=weight.copy())
    assert len(FITS) == 0


@pytest.mark.parametrize("kind", [list, pd.Series])
def test_list_or_series_of_targets_is_the_same_as_an_array(kind, iris):
    X, y = iris
    folds = FoldEnsembleClassifier(Counting(), cv=3).fit(X, kind(y))
    FITS.clear()
    for targets in (y, kind(y)):
        BlendingClassifier([("a", folds)]).fit(X, targets)
    assert len(FITS) == 0


# -- errors ----------------------------------------------------------------------------

ERRORS = {
    "empty": ({"estimators": []}, "non-empty list"),
    "not-pairs": ({"estimators": [TREE]}, "non-empty list of .string, estimator."),
    "all-dropped": ({"estimators": [("a", "drop")]}, "All estimators are dropped"),
    "same-name": ({"estimators": [("a", TREE), ("a", TREE)]}, "not unique"),
    "name-of-parameter": ({"estimators": [("cv", TREE)]}, "conflict.*constructor"),
    "regressor": ({"estimators": [("a", Ridge())]}, r"a=Ridge\(\) is a regressor"),
    "final": ({"final_estimator": Ridge()}, r"final_estimator=Ridge\(\) is a regr"),
    "regressor-folds": (
        {"estimators": [("a", FoldEnsembleRegressor(Ridge()))]},
        "is a regressor, but a classifier is needed",
    ),
    "apart": (
        {
            "estimators": [
                ("a", FoldEnsembleClassifier(TREE, cv=[(np.r_[0:120], np.r_[120:150])]))
            ],
            "cv": [(np.r_[30:150], np.r_[0:30])],
        },
        None,
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_says_what_is_wrong(iris, case):
    params, message = ERRORS[case]
    blend = BlendingClassifier(**{"estimators": [("tree", TREE)], **params})
    if message is None:
        blend.estimators = [*blend.estimators, ("b", TREE)]
        message = "no row with a prediction of every base estimator"
    with pytest.raises(ValueError) as caught:
        blend.fit(*iris)
    assert re.search(f"(?s){message}", str(caught.value)), str(caught.value)


def test_weights_of_another_shape_are_refused_before_all_fits(iris):
    FITS.clear()
    with pytest.raises(ValueError, match=r"shape \(10,\), but X has 150 rows"):
        BlendingClassifier([("a", Counting())]).fit(*iris, sample_weight=np.ones(10))
    assert len(FITS) == 0


def test_text_is_not_passed_to_the_default_final_estimator(iris):
    X, y = iris
    text = pd.DataFrame({"size": X[:, 0], "colour": WORDS[y]})
    pipe = make_pipeline(OrdinalEncoder(), Counting())
    FITS.clear()
    blend = BlendingClassifier([("a", pipe)], passthrough=True, cv=3)
    with pytest.raises(ValueError, match=r"passthrough=True.*'one'.*Encode"):
        blend.fit(text, y)
    assert len(FITS) == 0
    blend.set_params(final_estimator=make_pipeline(OrdinalEncoder(), TREE))
    assert blend.fit(text[["colour"]], y).score(text[["colour"]], y) == 1


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_class_with_a_single_row_does_not_stop_a_blend(iris):
    X, y = iris
    y = WORDS[y].astype(object)
    y[0] = "rare"
    net = learner(early_stopping=True, patience=3)
    boosting = HistGradientBoostingClassifier(early_stopping=True, max_iter=10)
    blend = BlendingClassifier([("net", net), ("boosting", boosting)], cv=3)
    assert blend.fit(X, y).score(X, y) > 0.9
    assert blend.classes_.tolist() == ["one", "rare", "three", "two"]
