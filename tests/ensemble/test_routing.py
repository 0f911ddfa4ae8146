"""Metadata reaches who asked for it: scikit-learn's own tests of meta-estimators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tests import test_metaestimators_metadata_routing as checks

from skdl.ensemble import (
    BlendingClassifier,
    BlendingRegressor,
    FoldEnsembleClassifier,
    FoldEnsembleRegressor,
)
from tests.instances import small


def blender(cls):
    """A blender of a single base estimator, as scikit-learn's tests construct it."""
    return lambda estimator, cv: cls([("estimator", estimator)], cv=cv)


COMMON = {
    "estimator_name": "estimator",
    "X": checks.X,
    "y": checks.y,
    "estimator_routing_methods": ["fit"],
    "preserves_metadata": "subset",
    "cv_name": "cv",
    "cv_routing_methods": ["fit"],
}
SCORED = {**COMMON, "scorer_name": "scoring", "scorer_routing_methods": ["fit"]}
META_ESTIMATORS = {
    "FoldEnsembleClassifier": {
        **SCORED,
        "metaestimator": FoldEnsembleClassifier,
        "estimator": "classifier",
    },
    "FoldEnsembleRegressor": {
        **SCORED,
        "metaestimator": FoldEnsembleRegressor,
        "estimator": "regressor",
        "init_args": {"combine": "refit_mean"},
    },
    "BlendingClassifier": {
        **COMMON,
        "metaestimator": blender(BlendingClassifier),
        "estimator": "classifier",
    },
    "BlendingRegressor": {
        **COMMON,
        "metaestimator": blender(BlendingRegressor),
        "estimator": "regressor",
    },
}
CHECKS = [
    "test_error_on_missing_requests_for_sub_estimator",
    "test_setting_request_on_sub_estimator_removes_error",
    "test_non_consuming_estimator_works",
    "test_metadata_is_routed_correctly_to_scorer",
    "test_metadata_is_routed_correctly_to_splitter",
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", META_ESTIMATORS)
def test_scikit_learn_routing_checks(name, check):
    getattr(checks, check)(META_ESTIMATORS[name])


@pytest.mark.parametrize("name", ["FoldEnsembleClassifier", "FoldEnsembleRegressor"])
def test_by_default_nothing_is_requested(name):
    checks.test_default_request(META_ESTIMATORS[name])


@config_context(enable_metadata_routing=True)
def test_blender_requests_weights_for_its_own_final_estimator_only():
    blend = BlendingClassifier([("a", checks.ConsumingClassifier())])
    mappings = blend.get_metadata_routing()._route_mappings
    requests = {name: m.router.fit.requests for name, m in mappings.items()}
    assert requests["final_estimator"] == {"sample_weight": True}
    assert not any(requests["a"].values())

    blend.set_params(final_estimator=LogisticRegression())
    mappings = blend.get_metadata_routing()._route_mappings
    assert mappings["final_estimator"].router.fit.requests == {"sample_weight": None}


# -- weights, groups -------------------------------------------------------------------


@pytest.fixture(scope="module")
def weighted(iris):
    """X, y, and weights from 0 to 3."""
    X, y = iris
    return X - X.mean(axis=0), y, np.arange(150) % 4.0


def pipe(final):
    scaler = StandardScaler()
    if get_config()["enable_metadata_routing"]:
        scaler.set_fit_request(sample_weight=False)
    return Pipeline([("scale", scaler), ("net", final)])


@pytest.mark.parametrize("routing", [True, False], ids=["routing", "plain"])
@pytest.mark.parametrize("wrap", [pipe, lambda e: e], ids=["pipeline", "alone"])
def test_weights_reach_estimator_and_score(weighted, wrap, routing):
    X, y, weight = weighted
    with config_context(enable_metadata_routing=routing):
        base = LogisticRegression()
        if routing:
            base.set_fit_request(sample_weight=True)
        ensemble = FoldEnsembleClassifier(wrap(base), cv=3)
        ensemble.fit(X, y, sample_weight=weight)
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        scale = StandardScaler().fit(X[train])
        take = scale.transform if wrap is pipe else np.asarray
        by_hand = LogisticRegression().fit(take(X[train]), y[train], weight[train])
        p = by_hand.predict_proba(take(X[test]))
        assert_array_equal(ensemble.oof_prediction_[test], p)
        loss = log_loss(y[test], p, sample_weight=weight[test])
        assert_allclose(ensemble.fold_scores_[k], -loss)


@pytest.mark.parametrize("routing", [True, False], ids=["routing", "plain"])
def test_weights_reach_the_early_stopping_of_a_network_in_a_pipeline(weighted, routing):
    X, y, weight = weighted
    with config_context(enable_metadata_routing=routing):
        net = small(epochs=30, learning_rate=0.1)
        by_hand = clone(net)
        if routing:
            net.set_fit_request(sample_weight=True)
        ensemble = FoldEnsembleClassifier(pipe(net), cv=3)
        ensemble.fit(X, y, sample_weight=weight)
    train, test = next(StratifiedKFold(3).split(X, y))
    scale = StandardScaler().fit(X[train])
    by_hand.fit(
        scale.transform(X[train]),
        y[train],
        weight[train],
        X_val=scale.transform(X[test]),
        y_val=y[test],
        sample_weight_val=weight[test],
    )
    assert ensemble.estimators_[0][-1].history_ == by_hand.history_


def test_weights_reach_the_users_scorer_if_it_takes_them(weighted):
    X, y, weight = weighted
    train, test = next(StratifiedKFold(3).split(X, y))
    model = LogisticRegression().fit(X[train], y[train], weight[train])
    right = model.predict(X[test]) == y[test]
    expected = {
        "accuracy": np.average(right, weights=weight[test]),
        "without": right.mean(),
    }
    for name, value in expected.items():
        scoring = "accuracy" if name == "accuracy" else unweighted_accuracy
        ensemble = FoldEnsembleClassifier(LogisticRegression(), cv=3, scoring=scoring)
        ensemble.fit(X, y, sample_weight=weight)
        assert_allclose(ensemble.fold_scores_[0], value)


def unweighted_accuracy(estimator, X, y):
    return np.mean(estimator.predict(X) == y)


def test_weights_are_refused_where_the_estimator_takes_none(weighted):
    X, y, weight = weighted
    for ensemble in (
        FoldEnsembleClassifier(KNeighborsClassifier()),
        BlendingClassifier([("near", KNeighborsClassifier())]),
        BlendingClassifier([("a", LogisticRegression())], KNeighborsClassifier()),
    ):
        with pytest.raises(TypeError, match=r"KNeighborsClassifier\.fit does not take"):
            ensemble.fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("routing", [True, False], ids=["routing", "plain"])
def test_groups_reach_the_splitter(iris, routing):
    X, y = iris
    groups = np.arange(150) % 6
    with config_context(enable_metadata_routing=routing):
        for ensemble in (
            FoldEnsembleClassifier(LogisticRegression(), cv=GroupKFold(3)),
            BlendingClassifier([("a", LogisticRegression())], cv=GroupKFold(3)),
        ):
            ensemble.fit(X, y, groups=groups)
            folds = getattr(ensemble, "estimators_", [ensemble])[0]
            folds = folds if hasattr(folds, "fold_rows_") else ensemble
            for rows, (_, test) in zip(
                folds.fold_rows_, GroupKFold(3).split(X, y, groups), strict=True
            ):
                assert_array_equal(rows, test)


def test_blender_says_that_other_arguments_need_routing(iris):
    with pytest.raises(TypeError, match=r"metadata.*enable_metadata_routing=True"):
        BlendingClassifier([("a", LogisticRegression())]).fit(*iris, metadata=[1])


@config_context(enable_metadata_routing=True)
def test_weights_pass_through_cross_validate_to_the_base_models(weighted):
    X, y, weight = weighted
    base = LogisticRegression().set_fit_request(sample_weight=True)
    result = cross_validate(
        BlendingClassifier([("a", base)], cv=3).set_score_request(sample_weight=False),
        X,
        y,
        cv=2,
        params={"sample_weight": weight},
        return_estimator=True,
    )
    train, _ = next(StratifiedKFold(2).split(X, y))
    inner, _ = next(StratifiedKFold(3).split(X[train], y[train]))
    by_hand = LogisticRegression().fit(
        X[train][inner], y[train][inner], weight[train][inner]
    )
    model = result["estimator"][0].estimators_[0].estimators_[0]
    assert_array_equal(model.coef_, by_hand.coef_)
