"""Meta-estimators of scikit-learn and skdl take the wrappers as they are."""

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skdl.ensemble import (
    BlendingClassifier,
    BlendingRegressor,
    FoldEnsembleClassifier,
    FoldEnsembleRegressor,
)
from skdl.model_selection import (
    BayesSearchCV,
    NelderMeadSearchCV,
    bootstrap_validate,
)
from tests.keras_wrappers._networks import (
    classes,
    classifier,
    compiled_classifier,
    numbers,
    prebuilt,
)
from tests.keras_wrappers._several import (
    LEARNS,
    learner,
    number_learner,
    targets,
    three_classes,
    two_classes,
)

pytestmark = pytest.mark.filterwarnings("ignore::skdl.exceptions.FoldOutlierWarning")

GRID = {"optimizer__learning_rate": [0.05, 1e-5], "epochs": [10]}


CLASSIFIERS = {
    "AdaBoostClassifier": lambda: AdaBoostClassifier(
        learner(), n_estimators=3, random_state=0
    ),
    "BaggingClassifier": lambda: BaggingClassifier(learner(), 3, random_state=0),
    "BayesSearchCV": lambda: BayesSearchCV(
        learner(),
        {"optimizer__learning_rate": (0.03, 0.1, "log-uniform")},
        init_points=2,
        n_iter=1,
        cv=2,
        random_state=0,
    ),
    "BlendingClassifier": lambda: BlendingClassifier(
        [("net", learner()), ("tree", DecisionTreeClassifier(random_state=0))],
        cv=2,
        random_state=0,
    ),
    "BaggingClassifier of a network": lambda: BaggingClassifier(
        learner(model=prebuilt(optimizer=keras.optimizers.Adam(0.05))),
        n_estimators=3,
        random_state=0,
    ),
    "CalibratedClassifierCV": lambda: CalibratedClassifierCV(learner(), cv=2),
    "FoldEnsembleClassifier": lambda: FoldEnsembleClassifier(learner(), cv=2),
    "GridSearchCV": lambda: GridSearchCV(learner(), GRID, cv=2),
    "NelderMeadSearchCV": lambda: NelderMeadSearchCV(
        learner(),
        {"optimizer__learning_rate": (0.03, 0.1, "log-uniform")},
        init_points=2,
        n_iter=1,
        cv=2,
        random_state=0,
    ),
    "OneVsRestClassifier": lambda: OneVsRestClassifier(two_classes(**LEARNS)),
    "Pipeline": lambda: make_pipeline(StandardScaler(), learner()),
    "RandomizedSearchCV": lambda: RandomizedSearchCV(
        learner(), GRID, n_iter=2, cv=2, random_state=0
    ),
    "SequentialFeatureSelector": lambda: make_pipeline(
        SequentialFeatureSelector(learner(), n_features_to_select=2, cv=2), learner()
    ),
    "StackingClassifier": lambda: StackingClassifier(
        [("net", learner()), ("tree", DecisionTreeClassifier(random_state=0))],
        LogisticRegression(),
        cv=2,
    ),
    "VotingClassifier": lambda: VotingClassifier(
        [("a", learner()), ("b", learner(random_state=1))], voting="soft"
    ),
}
REGRESSORS = {
    "AdaBoostRegressor": lambda: AdaBoostRegressor(
        number_learner(), n_estimators=3, random_state=0
    ),
    "BaggingRegressor": lambda: BaggingRegressor(number_learner(), 3, random_state=0),
    "BlendingRegressor": lambda: BlendingRegressor(
        [("net", number_learner()), ("ridge", Ridge())], cv=2, random_state=0
    ),
    "FoldEnsembleRegressor": lambda: FoldEnsembleRegressor(number_learner(), cv=2),
    "GridSearchCV": lambda: GridSearchCV(number_learner(), GRID, cv=2),
    "StackingRegressor": lambda: StackingRegressor(
        [("net", number_learner()), ("ridge", Ridge())], Ridge(), cv=2
    ),
    "TransformedTargetRegressor": lambda: TransformedTargetRegressor(
        number_learner(), transformer=StandardScaler()
    ),
    "VotingRegressor": lambda: VotingRegressor(
        [("a", number_learner()), ("b", number_learner(random_state=1))]
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_learns_and_gives_the_same_bits_twice(name):
    X, y = classes(3)
    y = np.array(["apple", "pear", "plum"])[y]
    first, second = (CLASSIFIERS[name]().fit(X, y) for _ in range(2))
    assert first.score(X, y) > 0.8
    assert first.classes_.tolist() == ["apple", "pear", "plum"]
    assert first.predict_proba(X).shape == (60, 3)
    assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressor_learns_and_gives_the_same_bits_twice(name):
    X, y = numbers()
    first, second = (REGRESSORS[name]().fit(X, y) for _ in range(2))
    assert first.score(X, y) > 0.7
    assert_array_equal(first.predict(X), second.predict(X))


# -- what an ensemble does, by hand ----------------------------------------------------


def test_voting_is_the_mean_of_fits():
    X, y = classes(3)
    both = [("a", learner()), ("b", learner(random_state=1))]
    voting = VotingClassifier(both, voting="soft").fit(X, y)
    alone = [clone(net).fit(X, y).predict_proba(X) for _, net in both]
    assert_allclose(voting.predict_proba(X), np.mean(alone, axis=0), rtol=1e-6)


def test_members_of_a_bag_have_seeds_of_their_own():
    bag = BaggingClassifier(learner(), 3, bootstrap=False, random_state=0)
    X, y = classes(3)
    seeds = {net.random_state for net in bag.fit(X, y).estimators_}
    assert len(seeds) == 3
    mean = np.mean([net.predict_proba(X) for net in bag.estimators_], axis=0)
    assert_allclose(bag.predict_proba(X), mean, rtol=1e-6)


def test_folds_of_an_ensemble_are_fits_of_the_wrapper():
    X, y = classes(3)
    ensemble = FoldEnsembleClassifier(learner(), cv=3).fit(X, y)
    alone = [
        learner().fit(X[train], y[train]).predict_proba(X)
        for train, _ in StratifiedKFold(3).split(X, y)
    ]
    assert_allclose(ensemble.predict_proba(X), np.mean(alone, axis=0), rtol=1e-5)


def test_boosting_weighs_rows():
    X, y = classes(3)
    boosted = AdaBoostClassifier(learner(epochs=3), n_estimators=2, random_state=0)
    first, second = boosted.fit(X, y).estimators_
    seed = first.random_state
    weight = np.full(60, 1 / 60)
    by_hand = learner(epochs=3, random_state=seed).fit(X, y, sample_weight=weight)
    assert_array_equal(first.predict_proba(X), by_hand.predict_proba(X))
    assert not np.array_equal(second.predict_proba(X), first.predict_proba(X))


def test_stack_is_trained_on_out_of_fold_probabilities():
    X, y = classes(3)
    stack = StackingClassifier([("net", learner())], LogisticRegression(), cv=3)
    stack.fit(X, y)
    Z = cross_val_predict(learner(), X, y, cv=3, method="predict_proba")
    final = LogisticRegression().fit(Z, y)
    by_hand = final.predict_proba(learner().fit(X, y).predict_proba(X))
    assert_allclose(stack.predict_proba(X), by_hand, rtol=1e-5)


def test_transformed_target_is_transforming_by_hand():
    X, y = numbers()
    wrapped = TransformedTargetRegressor(
        number_learner(), func=np.exp, inverse_func=np.log, check_inverse=False
    )
    by_hand = number_learner().fit(X, np.exp(y))
    with np.errstate(invalid="ignore"):
        expected = np.log(by_hand.predict(X))
        assert_allclose(wrapped.fit(X, y).predict(X), expected, rtol=1e-6)


def test_each_column_of_labels_has_a_fit():
    X, y = classes(3)
    columns = np.column_stack([y, y == 1, y % 2])
    network = learner(model=compiled_classifier, loss=None)  # chooses its loss
    together = MultiOutputClassifier(network).fit(X, columns)
    alone = [clone(network).fit(X, column).predict(X) for column in columns.T]
    assert_array_equal(together.predict(X), np.column_stack(alone))


def test_chain_of_labels():
    X, _ = classes(3)
    Y = (X[:, :2] > 0).astype(int)
    chain = ClassifierChain(two_classes(**LEARNS)).fit(X, Y)
    assert [net.n_features_in_ for net in chain.estimators_] == [4, 5]
    assert np.mean(chain.predict(X) == Y) > 0.85


def test_each_column_of_numbers_has_a_fit():
    X, Y = numbers(2)
    together = MultiOutputRegressor(number_learner()).fit(X, Y)
    alone = [number_learner().fit(X, column).predict(X) for column in Y.T]
    assert_array_equal(together.predict(X), np.column_stack(alone))


@pytest.mark.parametrize("Meta", [FixedThresholdClassifier, TunedThresholdClassifierCV])
def test_threshold(Meta):
    X, y = classes(2)
    meta = Meta(two_classes(**LEARNS)).fit(X, y)
    assert meta.score(X, y) > 0.85


# -- cross-validation and searches -----------------------------------------------------


def test_out_of_fold_probabilities_are_those_of_fits_by_hand():
    X, y = classes(3)
    folds = StratifiedKFold(3)
    together = cross_val_predict(learner(), X, y, cv=folds, method="predict_proba")
    for train, test in folds.split(X, y):
        by_hand = learner().fit(X[train], y[train]).predict_proba(X[test])
        assert_array_equal(together[test], by_hand)


def counting():
    """A build function, and the list of the numbers of rows that it is called for."""
    calls = []

    def network(meta):
        calls.append(meta["X_shape_"][0])
        return classifier(meta)

    return network, calls


def test_number_of_fits():
    X, y = classes(3)
    network, calls = counting()
    cross_val_score(three_classes(network), X, y, cv=3)
    assert calls == [40, 40, 40]
    grid = {"epochs": [1, 2], "model__hidden": [(8,), (4,)]}
    calls.clear()
    hiddens = []

    def noting(meta, hidden=(8,)):
        hiddens.append(hidden)
        return classifier(meta, hidden)

    search = GridSearchCV(three_classes(noting), grid, cv=2).fit(X, y)
    assert len(hiddens) == 2 * 4 + 1
    assert hiddens.count((8,)) - 4 == (search.best_params_["model__hidden"] == (8,))
    width = search.best_estimator_.model_.layers[0].units
    assert (width,) == search.best_params_["model__hidden"]


@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_diverged_candidate_is_a_failed_fit():
    X, y = numbers()
    grid = {"optimizer__learning_rate": [1e-3, 1e30]}
    search = GridSearchCV(targets(optimizer="sgd"), grid, cv=2)
    with pytest.warns(FitFailedWarning, match="(?s)fits failed.*[Dd]iverged"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"optimizer__learning_rate": 1e-3}


SEARCHED = {
    "optimizer": ["sgd", "adam"],
    "model__hidden": [(4,), (8,)],
    "fit__batch_size": [20, 60],
}


def test_two_processes_give_the_bits_of_one():
    X, y = classes(3)
    results = []
    for n_jobs in (1, 2):
        with joblib.parallel_config("loky"):
            search = GridSearchCV(learner(), SEARCHED, cv=2, n_jobs=n_jobs).fit(X, y)
            scores = cross_validate(
                learner(), X, y, cv=3, scoring="neg_log_loss", n_jobs=n_jobs
            )["test_score"]
            bag = BaggingRegressor(number_learner(), 2, n_jobs=n_jobs, random_state=0)
            means = bag.fit(X, X[:, 0]).predict(X)
        by_score = search.cv_results_["mean_test_score"]
        results.append((by_score, search.predict_proba(X), scores, means))
    for one, two in zip(*results, strict=True):
        assert_array_equal(one, two)


@pytest.mark.parametrize("Search", [BayesSearchCV, NelderMeadSearchCV])
def test_search_of_layers(Search):
    X, y = classes(3)
    spaces = {"model__hidden": [(4,), (8,)], "optimizer__learning_rate": (1e-3, 0.1)}
    search = Search(
        learner(), spaces, init_points=2, n_iter=2, cv=2, random_state=0
    ).fit(X, y)
    assert 2 <= len(search.cv_results_["params"]) <= 4
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    best = search.best_params_["model__hidden"]
    assert search.best_estimator_.model_.layers[0].units == best[0]
    scores = cross_val_score(learner(**search.best_params_), X, y, cv=2)
    assert_allclose(search.best_score_, scores.mean())


def test_bootstrap():
    X, y = classes(3)
    splits = ShuffleSplit(3, test_size=20, random_state=0)
    table = bootstrap_validate(learner(), X, y, cv=splits)
    scores = cross_val_score(learner(), X, y, cv=splits)
    assert_allclose(table["score"], scores)


def test_curves():
    X, y = classes(3)
    sizes, train, test = learning_curve(
        learner(), X, y, train_sizes=[20, 40], cv=3, shuffle=True, random_state=0
    )
    assert sizes.tolist() == [20, 40]
    assert train.shape == test.shape == (2, 3)
    _, longer = validation_curve(
        learner(), X, y, param_name="epochs", param_range=[1, 10], cv=3
    )
    assert longer[1].mean() > longer[0].mean()


def test_permutation_importance_of_a_column_without_meaning_is_lowest():
    X, y = classes(3)  # of the first two columns
    result = permutation_importance(learner().fit(X, y), X, y, random_state=0)
    assert set(np.argsort(result.importances_mean)[2:]) == {0, 1}


def test_partial_dependence_rises_with_the_column():
    X, y = numbers()
    estimator = number_learner().fit(X, y)
    curve = partial_dependence(estimator, X, [0], kind="average")["average"][0]
    assert curve[-1] > curve[0] + 1
