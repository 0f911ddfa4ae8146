"""Fold ensembles equal folds, averages and fits made by hand."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, make_multilabel_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import (
    KFold,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skdl.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from tests.ensemble.instances import Foreign, learner

pytestmark = pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")

FOLDS = KFold(3, shuffle=True, random_state=0)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


def words(y):
    return np.array(["one", "two", "three"])[y]


# -- out-of-fold predictions -----------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "method"),
    [
        (GaussianNB(), "predict_proba"),
        (TREE, "predict_proba"),
        (RidgeClassifier(), "decision_function"),
        (make_pipeline(StandardScaler(), LinearSVC()), "decision_function"),
    ],
    ids=["bayes", "tree", "ridge", "pipeline"],
)
@pytest.mark.parametrize("task", ["binary", "iris"])
def test_out_of_fold_predictions_are_those_of_cross_val_predict(
    estimator, method, task, request
):
    X, y = request.getfixturevalue(task)
    ensemble = FoldEnsembleClassifier(estimator, cv=4).fit(X, words(y))
    by_sklearn = cross_val_predict(estimator, X, words(y), cv=4, method=method)
    assert_array_equal(ensemble.oof_prediction_, by_sklearn)
    assert ensemble.classes_.tolist() == np.unique(words(y)).tolist()


def test_regressors_too_with_one_and_with_several_outputs(diabetes):
    X, y = diabetes
    for target in (y, np.column_stack([y, X[:, 0]]), y.reshape(-1, 1)):
        ensemble = FoldEnsembleRegressor(Ridge(), cv=4).fit(X, target)
        by_sklearn = cross_val_predict(Ridge(), X, target, cv=4)
        assert_array_equal(ensemble.oof_prediction_, by_sklearn)
        mean = np.mean([m.predict(X) for m in ensemble.estimators_], axis=0)
        assert_allclose(ensemble.predict(X), mean, rtol=1e-14)
        for k, (_, test) in enumerate(KFold(4).split(X)):
            error = mean_squared_error(target[test], by_sklearn[test])
            assert_allclose(ensemble.fold_scores_[k], -error)


def test_votes_where_there_is_nothing_better(iris):
    X, y = iris
    voter = make_pipeline(StandardScaler(), OnlyPredicts(random_state=0))
    ensemble = FoldEnsembleClassifier(voter, cv=5).fit(X, words(y))
    votes = cross_val_predict(voter, X, words(y), cv=5)[:, None] == ensemble.classes_
    assert_array_equal(ensemble.oof_prediction_, votes)
    accuracy = cross_val_score(voter, X, words(y), cv=5)
    assert_allclose(ensemble.fold_scores_, accuracy)
    said = np.array([m.predict(X) for m in ensemble.estimators_])
    counts = (said[:, :, None] == ensemble.classes_).sum(axis=0)
    assert_array_equal(ensemble.predict(X), ensemble.classes_[counts.argmax(axis=1)])
    assert not hasattr(ensemble, "predict_proba")


class OnlyPredicts(DecisionTreeClassifier):
    predict_proba = property()  # raises AttributeError
    predict_log_proba = property()


def test_rows_in_several_folds_get_the_mean_and_rows_in_none_nan(iris):
    X, y = iris
    repeated = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    ensemble = FoldEnsembleClassifier(GaussianNB(), cv=repeated).fit(X, y)
    splits = list(repeated.split(X))
    total = sum(
        cross_val_predict(GaussianNB(), X, y, cv=part, method="predict_proba")
        for part in (splits[:3], splits[3:])
    )
    assert_allclose(ensemble.oof_prediction_, total / 2, rtol=1e-14)

    order = np.random.default_rng(0).permutation(150)
    X, y = X[order], y[order]
    ensemble = FoldEnsembleClassifier(GaussianNB(), cv=TimeSeriesSplit(3)).fit(X, y)
    seen = np.concatenate([test for _, test in TimeSeriesSplit(3).split(X)])
    known = np.isfinite(ensemble.oof_prediction_).all(axis=1)
    assert_array_equal(np.flatnonzero(known), seen)


def test_class_that_a_model_has_not_seen_has_probability_zero(iris):
    X, y = iris  # sorted by class: every model misses one
    for base, missing in ((GaussianNB(), 0), (RidgeClassifier(), None)):
        ensemble = FoldEnsembleClassifier(base, cv=KFold(3)).fit(X, words(y))
        column = ensemble.classes_.tolist().index("one")
        values = ensemble.oof_prediction_[:50]
        if missing == 0:
            assert not values[:, column].any()
            assert_allclose(values.sum(axis=1), 1)
            eps = np.finfo(float).eps
            assert_allclose(ensemble.fold_scores_, np.log(eps))  # as in log_loss
            assert (ensemble.predict(X) == words(y)).mean() > 0.6
        else:
            lowest = ensemble.oof_prediction_.min(axis=1)
            assert_array_equal(values[:, column], lowest[:50])
            assert_array_equal(ensemble.fold_scores_, 0)


def test_scores_are_the_negative_log_loss(iris):
    X, y = iris
    ensemble = FoldEnsembleClassifier(TREE, cv=3).fit(X, words(y))
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        p = clone(TREE).fit(X[train], words(y[train])).predict_proba(X[test])
        assert_allclose(ensemble.fold_scores_[k], -log_loss(words(y[test]), p))


@pytest.mark.parametrize("scoring", ["f1_macro", "neg_brier_score"])
def test_scoring_by_name_is_that_of_cross_val_score(iris, scoring):
    ensemble = FoldEnsembleClassifier(TREE, cv=3, scoring=scoring).fit(*iris)
    expected = cross_val_score(TREE, *iris, cv=3, scoring=scoring)
    assert_array_equal(ensemble.fold_scores_, expected)


def test_multilabel_of_networks_and_of_forests(multilabel):
    X, y = multilabel
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    for base in (learner(), forest):
        ensemble = FoldEnsembleClassifier(base, cv=FOLDS).fit(X, y)
        for k, (train, test) in enumerate(FOLDS.split(X)):
            p = clone(base)
            if base is not forest:
                p.fit(X[train], y[train], X_val=X[test], y_val=y[test])
                p = p.predict_proba(X[test])
            else:
                p = p.fit(X[train], y[train]).predict_proba(X[test])
                p = np.column_stack([column[:, 1] for column in p])
            assert_array_equal(ensemble.oof_prediction_[test], p)
            losses = [log_loss(y[test, j], p[:, j], labels=[0, 1]) for j in range(3)]
            assert_allclose(ensemble.fold_scores_[k], -np.mean(losses))
        mean = ensemble.predict_proba(X)
        assert_array_equal(ensemble.predict(X), mean > 0.5)
        assert ensemble.score(X, y) > 0.7


def test_label_that_a_forest_has_not_seen_has_probability_zero():
    X, y = make_multilabel_classification(60, n_classes=3, random_state=0)
    y[:, 2] = np.arange(60) < 20
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    ensemble = FoldEnsembleClassifier(forest, cv=KFold(3)).fit(X, y)
    assert not ensemble.oof_prediction_[:20, 2].any()
    assert ensemble.predict_proba(X).shape == (60, 3)


def test_classifier_without_scikit_learns_bases(binary):
    X, y = binary
    ensemble = FoldEnsembleClassifier(Foreign(C=2.0), cv=3).fit(X, words(y))
    ours = FoldEnsembleClassifier(LogisticRegression(C=2.0), cv=3).fit(X, words(y))
    assert_array_equal(ensemble.predict_proba(X), ours.predict_proba(X))
    assert clone(ensemble).get_params()["estimator__C"] == 2.0


# -- networks and their validation rows ------------------------------------------------


def test_fold_serves_for_early_stopping_transformed_by_the_pipeline(iris):
    X, y = iris
    network = learner(input_scaling=None, epochs=60, patience=3)
    pipe = make_pipeline(StandardScaler(), network)
    ensemble = FoldEnsembleClassifier(pipe, cv=3).fit(X, y)
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        scaler = StandardScaler().fit(X[train])
        by_hand = clone(network).fit(
            scaler.transform(X[train]),
            y[train],
            X_val=scaler.transform(X[test]),
            y_val=y[test],
        )
        model = ensemble.estimators_[k]
        assert model[-1].history_ == by_hand.history_
        assert ensemble.fold_epochs_[k] == by_hand.best_epoch_
        p = by_hand.predict_proba(scaler.transform(X[test]))
        assert_array_equal(ensemble.oof_prediction_[test], p)


STOPPING = {
    "network": learner(early_stopping=True, patience=3),
    "pipeline": make_pipeline(
        StandardScaler(), learner(early_stopping=True, patience=3)
    ),
    "boosting": HistGradientBoostingClassifier(
        early_stopping=True, max_iter=10, random_state=0
    ),
}


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", STOPPING)
def test_class_that_no_training_row_has_is_left_out_of_the_validation_rows(
    kind, weighted, iris
):
    X, y = iris
    y = words(y).astype(object)
    y[[0, 149]] = ["rare", "r"]  # one row each
    weight = np.arange(1.0, 151) if weighted else None
    base = STOPPING[kind]
    ensemble = FoldEnsembleClassifier(base, cv=3).fit(X, y, sample_weight=weight)
    assert ensemble.classes_.tolist() == ["one", "r", "rare", "three", "two"]
    for model, test in zip(ensemble.estimators_, ensemble.fold_rows_, strict=True):
        train = np.setdiff1d(np.arange(150), test)
        assert set(model.classes_) == set(y[train])
        if kind != "network":
            continue
        kept = test[np.isin(y[test].astype(str), y[train].astype(str))]
        weights = {}
        if weighted:
            weights = {
                "sample_weight": weight[train],
                "sample_weight_val": weight[kept],
            }
        by_hand = clone(base).fit(
            X[train], y[train], X_val=X[kept], y_val=y[kept], **weights
        )
        assert model.history_ == by_hand.history_
    # the fold that holds the row knows nothing of its class
    assert ensemble.oof_prediction_[0, 2] == ensemble.oof_prediction_[149, 1] == 0


@pytest.mark.parametrize("kind", STOPPING)
def test_fold_without_a_known_class_is_no_validation_set(kind, iris):
    X, y = iris
    two = y == 1
    ensemble = FoldEnsembleClassifier(STOPPING[kind], cv=[(~two, two)])
    ensemble.fit(X, words(y))
    by_hand = clone(STOPPING[kind]).fit(X[~two], words(y[~two]))
    p = by_hand.predict_proba(X[two])
    assert_array_equal(ensemble.oof_prediction_[two][:, [0, 1]], p)


class Resampling(Pipeline):
    """Like the pipeline of imbalanced-learn, as far as the folds need it."""

    def fit(self, X, y, **params):
        X, y = self.steps[0][1].fit_resample(X, y)
        self.steps[-1][1].fit(X, y, **params)
        return self

    def predict_proba(self, X):
        return self.steps[-1][1].predict_proba(X)

    @property
    def classes_(self):
        return self.steps[-1][1].classes_


class EveryOther:
    """A sampler: it has no `transform`."""

    def get_params(self, deep=True):
        return {}

    def fit_resample(self, X, y):
        return X[::2], y[::2]


def test_sampler_leaves_validation_rows_as_they_are(iris):
    X, y = iris
    base = learner(patience=3)
    pipe = Resampling([("sampler", EveryOther()), ("net", base)])
    ensemble = FoldEnsembleClassifier(pipe, cv=FOLDS).fit(X, y)
    for model, (train, test) in zip(
        ensemble.estimators_, FOLDS.split(X, y), strict=True
    ):
        rows = train[::2]
        by_hand = clone(base).fit(X[rows], y[rows], X_val=X[test], y_val=y[test])
        assert model.steps[-1][1].history_ == by_hand.history_


def test_random_state_gives_every_fold_its_own_seed(iris):
    X, y = iris
    same = FoldEnsembleClassifier(learner(), cv=3).fit(X, y)
    assert {m.random_state for m in same.estimators_} == {0}
    ensemble = FoldEnsembleClassifier(learner(), cv=3, random_state=0).fit(X, y)
    assert len({m.random_state for m in ensemble.estimators_}) == 3
    again = clone(ensemble).fit(X, y)
    assert_array_equal(again.predict_proba(X), ensemble.predict_proba(X))


# -- combining -------------------------------------------------------------------------


def test_average_is_the_mean_of_probabilities(iris):
    X, y = iris
    ensemble = FoldEnsembleClassifier(learner(), cv=3, random_state=0)
    ensemble.fit(X[::2], words(y[::2]))
    p = np.mean([m.predict_proba(X) for m in ensemble.estimators_], axis=0)
    assert_allclose(ensemble.predict_proba(X), p, rtol=1e-14)
    assert_array_equal(ensemble.predict(X), ensemble.classes_[p.argmax(axis=1)])
    assert not hasattr(ensemble, "estimator_")


def test_best_is_the_model_with_the_lowest_validation_loss(iris):
    X, y = iris
    ensemble = FoldEnsembleClassifier(learner(), cv=4, combine="best").fit(X, y)
    losses = [
        log_loss(y[test], model.predict_proba(X[test]))
        for model, (_, test) in zip(
            ensemble.estimators_, StratifiedKFold(4).split(X, y), strict=True
        )
    ]
    best = ensemble.estimators_[int(np.argmin(losses))]
    assert ensemble.estimator_ is best
    assert_array_equal(ensemble.predict_proba(X), best.predict_proba(X))


@pytest.mark.parametrize("rule", ["mean", "max"])
def test_refit_is_a_fit_on_all_rows_for_the_folds_epochs(iris, rule):
    X, y = iris
    base = learner(epochs=80, patience=4, learning_rate=0.1)
    pipe = make_pipeline(StandardScaler(), base)
    ensemble = FoldEnsembleClassifier(pipe, cv=3, combine=f"refit_{rule}").fit(X, y)
    best = [model[-1].best_epoch_ for model in ensemble.estimators_]
    assert ensemble.fold_epochs_ == best
    assert len(set(best)) > 1
    epochs = round(float(np.mean(best))) if rule == "mean" else max(best)
    network = clone(base).set_params(epochs=epochs, early_stopping=False)
    by_hand = make_pipeline(StandardScaler(), network).fit(X, y)
    assert_array_equal(ensemble.predict_proba(X), by_hand.predict_proba(X))


def test_refit_without_epochs_is_a_plain_fit(diabetes):
    X, y = diabetes
    ensemble = FoldEnsembleRegressor(Ridge(), combine="refit_mean").fit(X, y)
    assert ensemble.fold_epochs_ == [None] * 5
    assert_array_equal(ensemble.predict(X), Ridge().fit(X, y).predict(X))


def test_epochs_that_cannot_be_set_are_warned_of(diabetes):
    X, y = diabetes
    net = learner("DenseRegressor", epochs=3)
    inner = make_pipeline(StandardScaler(), net)
    hidden = TransformedTargetRegressor(inner, transformer=StandardScaler())
    ensemble = FoldEnsembleRegressor(hidden, cv=2, combine="refit_mean")
    message = (
        "'refit_mean' found no best epochs: TransformedTargetRegressor hides them.*"
        "regressor__denseregressor__epochs=3"
    )
    with pytest.warns(UserWarning, match=message):
        ensemble.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        ensemble.set_params(combine="average").fit(X, y)
        ensemble.set_params(estimator=inner, combine="refit_mean").fit(X, y)


def test_average_is_not_worse_than_a_single_fold_model():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    gains = []
    outer = StratifiedShuffleSplit(5, test_size=0.5, random_state=0)
    for seed, (train, test) in enumerate(outer.split(X, y)):
        ensemble = FoldEnsembleClassifier(learner(), cv=5, random_state=seed)
        ensemble.fit(X[train], y[train])
        single = [model.score(X[test], y[test]) for model in ensemble.estimators_]
        gains.append(ensemble.score(X[test], y[test]) - np.mean(single))
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert np.mean(gains) >= -2 * error, gains


def test_next_fit_forgets_how_the_last_one_combined(iris):
    ensemble = FoldEnsembleClassifier(GaussianNB(), combine="best").fit(*iris)
    ensemble.set_params(combine="average").fit(*iris)
    fresh = FoldEnsembleClassifier(GaussianNB()).fit(*iris)
    assert vars(ensemble).keys() == vars(fresh).keys()


def test_single_split_and_masks_are_taken(iris):
    X, y = iris
    one = FoldEnsembleClassifier(GaussianNB(), cv=ShuffleSplit(1, random_state=0))
    assert len(one.fit(X, y).estimators_) == 1
    train = np.arange(150) % 3 > 0
    masks = FoldEnsembleClassifier(GaussianNB(), cv=[(train, ~train)]).fit(X, y)
    assert_array_equal(masks.fold_rows_[0], np.flatnonzero(~train))


# -- errors ----------------------------------------------------------------------------

FEW = np.array([0] * 4 + [1] * 4)
ERRORS = {
    "combine": ({"combine": "bogus"}, {}, "'combine' parameter.*'bogus'"),
    "one-fold": ({"cv": 1}, {}, r"must be an int in the range \[2, inf\).*Got 1"),
    "no-fold": ({"cv": []}, {}, r"cv=\[\] gives no folds"),
    "no-test-rows": (
        {"cv": [(np.arange(8), [])]},
        {},
        r"Fold 0 .* has no test rows",
    ),
    "more-folds-than-rows": ({"cv": 9}, {}, "cv=9 needs at least 9 rows.*n_samples=8"),
    "small-classes": ({"cv": 5}, {}, "cv=5 needs a class.*largest, 0, has 4.*fewer"),
    "lengths": ({}, {"y": FEW[:7]}, "X has 8 rows, but y has 7"),
    "no-target": ({}, {"y": None}, "requires y to be passed"),
    "numbers": ({}, {"y": np.linspace(0, 1, 8)}, "Unknown label type: continuous"),
    "two-targets": (
        {},
        {"y": np.arange(16).reshape(8, 2) % 3},
        "y has 2 columns.*MultiOutputClassifier",
    ),
    "regressor": ({"estimator": Ridge()}, {}, r"estimator=Ridge\(\) is a regressor"),
    "kernel": (
        {"estimator": SVC(kernel="precomputed")},
        {},
        "matrix of kernels.*combine='refit_mean'",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_says_what_is_wrong_and_what_to_do(case):
    params, data, message = ERRORS[case]
    ensemble = FoldEnsembleClassifier(**{"estimator": GaussianNB(), "cv": 2, **params})
    X = np.arange(16.0).reshape(8, 2)
    with pytest.raises(ValueError) as caught:
        ensemble.fit(X, data.get("y", FEW))
    assert re.search(f"(?s){message}", str(caught.value)), str(caught.value)


@pytest.mark.parametrize("shape", [(10,), (150, 1), ()])
def test_weights_of_another_shape_are_refused_before_all_fits(iris, shape):
    message = rf"shape {re.escape(str(shape))}, but X has 150 rows.*\(150,\)"
    with pytest.raises(ValueError, match=message):
        FoldEnsembleClassifier(Fails()).fit(*iris, sample_weight=np.ones(shape))


class Fails(GaussianNB):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("fitted")


def test_best_of_folds_without_any_score_is_an_error(iris):
    ensemble = FoldEnsembleClassifier(GaussianNB(), combine="best", scoring=no_score)
    message = r"no_score.*NaN for all 5 folds.*combine='average'"
    with pytest.raises(ValueError, match=message):
        ensemble.fit(*iris)
    assert np.isnan(ensemble.set_params(combine="average").fit(*iris).fold_scores_[0])


def no_score(estimator, X, y):
    return np.nan


def test_class_with_fewer_rows_than_folds_gets_scikit_learns_warning(iris):
    X, y = iris
    rows = np.r_[:52, 100:150]  # two rows of one class
    with pytest.warns(UserWarning, match="least populated class in y has only 2"):
        FoldEnsembleClassifier(GaussianNB(), cv=5).fit(X[rows], y[rows])


def test_matrix_of_kernels_can_be_refitted(binary):
    X, y = binary
    kernel = X @ X.T
    ensemble = FoldEnsembleClassifier(
        SVC(kernel="precomputed"), cv=3, combine="refit_mean"
    ).fit(kernel, y)
    by_sklearn = cross_val_predict(
        SVC(kernel="precomputed"), kernel, y, cv=3, method="decision_function"
    )
    assert_array_equal(ensemble.oof_prediction_, by_sklearn)
    alone = SVC(kernel="precomputed").fit(kernel, y)
    assert_array_equal(ensemble.predict(kernel), alone.predict(kernel))


def test_predefined_split_leaves_training_rows_without_prediction(iris):
    X, y = iris
    fold = np.where(np.arange(150) % 2, -1, 0)
    ensemble = FoldEnsembleClassifier(GaussianNB(), cv=PredefinedSplit(fold))
    ensemble.fit(X, y)
    assert_array_equal(np.isnan(ensemble.oof_prediction_[:, 0]), fold == -1)
