"""scikit-learn accepts skdl's estimators: checks, parameters, meta-estimators."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from skdl import DenseClassifier, Pyramid
from tests.instances import (
    CHECKS_OF_LEARNING,
    DEFAULTS,
    INSTANCES,
    NOISY,
    RESNETS,
    narrow,
    quick,
    small,
)

VARIED = [name for name in INSTANCES if name not in {*DEFAULTS, *RESNETS, *NOISY}]
everyone = pytest.mark.parametrize("name", INSTANCES)
learner = partial(small, epochs=20, learning_rate=0.05)


# -- scikit-learn's own checks ---------------------------------------------------------


def run(check, estimator):
    """One of scikit-learn's checks, of a small network where that will do.

    Those that do not ask for good predictions would compare just as much after many
    epochs of large networks, and no more.
    """
    if check.func.__name__ not in CHECKS_OF_LEARNING:
        small_ones = narrow(type(estimator).__name__)
        estimator = clone(estimator).set_params(**small_ones, epochs=2)
    check(estimator)


@parametrize_with_checks([INSTANCES[name]() for name in [*DEFAULTS, *RESNETS]])
def test_scikit_learn_checks(estimator, check):
    run(check, estimator)


def test_checks_of_learning_are_among_those_of_scikit_learn():
    kinds = (small("DenseClassifier"), small("DenseRegressor"))
    checks = {
        check.func.__name__
        for estimator in kinds
        for _, check in estimator_checks_generator(estimator)
    }
    assert checks >= CHECKS_OF_LEARNING


@pytest.mark.slow
@parametrize_with_checks([INSTANCES[name]() for name in VARIED])
def test_scikit_learn_checks_beyond_the_defaults(estimator, check):
    check(estimator)


@everyone
def test_kind_of_estimator_is_known_to_scikit_learn(name):
    estimator = INSTANCES[name]()
    assert is_classifier(estimator) == ("Classifier" in name)
    assert is_regressor(estimator) == ("Regressor" in name)


# -- parameters ------------------------------------------------------------------------


@everyone
def test_clone_has_equal_parameters_and_no_fitted_state(name, data_for):
    estimator = quick(name, epochs=1)
    estimator.fit(*data_for(estimator))
    copy = clone(estimator)
    assert repr(copy) == repr(estimator)
    assert set(vars(copy)) == set(estimator.get_params(deep=False))
    assert not any(key.endswith("_") for key in vars(copy))


@everyone
def test_fit_changes_no_parameter(name, data_for):
    estimator = quick(name, epochs=1)
    before = {k: repr(v) for k, v in estimator.get_params().items()}
    estimator.fit(*data_for(estimator))
    assert {k: repr(v) for k, v in estimator.get_params().items()} == before


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(DenseClassifier()) == "DenseClassifier()"
    estimator = DenseClassifier(l2=0.1, hidden_units=Pyramid(max_layers=2))
    assert repr(estimator) == (
        "DenseClassifier(hidden_units=Pyramid(max_layers=2), l2=0.1)"
    )


def test_parameters_are_keywords_only_and_unknown_ones_are_refused():
    with pytest.raises(TypeError):
        DenseClassifier((10,))
    with pytest.raises(TypeError, match="hidden_layer_sizes"):
        DenseClassifier(hidden_layer_sizes=(10,))
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        DenseClassifier().set_params(hidden_layer_sizes=(10,))


def test_grid_search_sets_fields_of_a_pyramid_in_a_pipeline(iris):
    pyramid = Pyramid(max_units=40, neuron_pct=0.5, min_units=2, max_layers=3)
    pipe = make_pipeline(StandardScaler(), small(hidden_units=pyramid))
    field = "denseclassifier__hidden_units__neuron_shrink"
    search = GridSearchCV(pipe, {field: [0.25, 0.5]}, cv=2).fit(*iris)
    shrink = search.best_params_[field]
    kernels = search.best_estimator_[-1].model_.get_layer("dense_network").weights[::2]
    widths = [20, int(20 * shrink), int(20 * shrink**2), 3]
    assert [kernel.shape[1] for kernel in kernels] == widths
    assert pyramid.neuron_shrink == 0.5  # the search works on clones


# -- cross-validation ------------------------------------------------------------------


class Recorder(DenseClassifier):
    """Remembers how often each class was in the y of every fit."""

    seen = ()

    def fit(self, X, y, **others):
        Recorder.seen = (*Recorder.seen, np.bincount(y).tolist())
        return super().fit(X, y, **others)


def test_folds_of_a_classifier_are_stratified(iris):
    X, y = iris  # sorted by class: plain folds would leave a class out
    assert isinstance(
        check_cv(5, y, classifier=is_classifier(small())), StratifiedKFold
    )
    recorder = Recorder(epochs=1, hidden_units=(8,), random_state=0)
    scores = cross_val_score(recorder, X, y, cv=5)
    assert Recorder.seen == ([40, 40, 40],) * 5
    by_hand = cross_val_score(small(epochs=1), X, y, cv=StratifiedKFold(5))
    assert_array_equal(scores, by_hand)


@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_search_counts_a_diverged_candidate_as_failed(diabetes):
    regressor = small("DenseRegressor", optimizer="sgd", target_scaling=False)
    search = GridSearchCV(regressor, {"learning_rate": [1e-6, 1e30]}, cv=2)
    with pytest.warns(FitFailedWarning, match="(?s)fits failed.*Training diverged"):
        search.fit(*diabetes)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"learning_rate": 1e-6}


# -- metadata routing ------------------------------------------------------------------


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_pipeline_transforms_the_validation_rows(iris):
    (X, y), (X_val, y_val) = (part[::2] for part in iris), (part[1::2] for part in iris)
    unscaled = small(input_scaling=None)
    network = clone(unscaled).set_fit_request(X_val=True, y_val=True)
    pipe = Pipeline(
        [("scale", StandardScaler()), ("net", network)], transform_input=["X_val"]
    ).fit(X, y, X_val=X_val, y_val=y_val)

    scaler = StandardScaler().fit(X)
    by_hand = unscaled.fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val
    )
    assert len(by_hand.history_["val_loss"]) == 5
    assert pipe[-1].history_ == by_hand.history_
    assert_array_equal(
        pipe.predict_proba(X), by_hand.predict_proba(scaler.transform(X))
    )


@pytest.mark.usefixtures("routing")
def test_search_routes_sample_weight_to_fit(binary):
    X, y = binary
    weight = np.where(y == 1, 3.0, 1.0)
    classifier = small().set_fit_request(sample_weight=True)
    classifier.set_score_request(sample_weight=True)
    search = GridSearchCV(classifier, {"l2": [0.1]}, cv=2)
    search.fit(X, y, sample_weight=weight)
    direct = small(l2=0.1).fit(X, y, weight)
    assert_array_equal(search.predict_proba(X), direct.predict_proba(X))


# -- meta-estimators -------------------------------------------------------------------

META_ESTIMATORS = {
    "GridSearchCV": lambda: GridSearchCV(
        learner(), {"hidden_units": [(4,), (8,)], "dropout": [0.0, 0.1]}, cv=2
    ),
    "RandomizedSearchCV": lambda: RandomizedSearchCV(
        learner(), {"l2": [0.0, 1e-3]}, n_iter=2, cv=2, random_state=0
    ),
    "StackingClassifier": lambda: StackingClassifier(
        [("a", learner()), ("b", DecisionTreeClassifier(random_state=0))],
        LogisticRegression(),
        cv=2,
    ),
    "VotingClassifier": lambda: VotingClassifier(
        [("a", learner()), ("b", learner(random_state=1))], voting="soft"
    ),
    "BaggingClassifier": lambda: BaggingClassifier(learner(), 3, random_state=0),
    "AdaBoostClassifier": lambda: AdaBoostClassifier(
        learner(), n_estimators=3, random_state=0
    ),
    "CalibratedClassifierCV": lambda: CalibratedClassifierCV(learner(), cv=2),
    "SequentialFeatureSelector": lambda: make_pipeline(
        SequentialFeatureSelector(learner(), n_features_to_select=2, cv=2), learner()
    ),
}


@pytest.mark.parametrize("name", META_ESTIMATORS)
def test_meta_estimator_learns_and_gives_the_same_answer_twice(name, iris):
    X, y = iris
    first, second = (META_ESTIMATORS[name]().fit(X, y) for _ in range(2))
    assert first.score(X, y) > 0.85
    assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_multi_output_classifier_equals_one_fit_for_each_column(iris):
    X, y = iris
    columns = np.column_stack([y, y == 1, y % 2])
    together = MultiOutputClassifier(learner()).fit(X, columns)
    alone = [clone(learner()).fit(X, column).predict(X) for column in columns.T]
    assert_array_equal(together.predict(X), np.column_stack(alone))


def test_classifier_chain_takes_the_multilabel_data(multilabel):
    X, y = multilabel
    assert ClassifierChain(learner(), cv=2).fit(X, y).score(X, y) > 0.7


def test_out_of_fold_probabilities_equal_fits_by_hand(iris):
    X, y = iris
    folds = StratifiedKFold(3)
    together = cross_val_predict(learner(), X, y, cv=folds, method="predict_proba")
    for train, test in folds.split(X, y):
        by_hand = learner().fit(X[train], y[train]).predict_proba(X[test])
        assert_array_equal(together[test], by_hand)


def test_permutation_importance_of_a_noise_column_is_lowest(iris):
    X, y = iris
    X = np.column_stack([X, np.random.default_rng(0).normal(size=len(X))])
    result = permutation_importance(learner(l2=1e-3).fit(X, y), X, y, random_state=0)
    assert result.importances_mean.argmax() in {2, 3}  # petal length and width
    assert abs(result.importances_mean[4]) < 0.05 < result.importances_mean.max()


def test_transformed_target_equals_transforming_by_hand(diabetes):
    X, y = diabetes
    wrapped = TransformedTargetRegressor(
        small("DenseRegressor"), func=np.log, inverse_func=np.exp
    ).fit(X, y)
    by_hand = small("DenseRegressor").fit(X, np.log(y))
    assert_allclose(wrapped.predict(X), np.exp(by_hand.predict(X)), rtol=1e-12)


def test_pandas_output_of_a_pipeline_gives_feature_names(iris):
    frame = pd.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    frame["colour"] = np.where(frame["a"] > 5.5, "red", "blue")
    pipe = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(sparse_output=False), ["colour"]),
            remainder=StandardScaler(),
            verbose_feature_names_out=False,
        ),
        learner(),
    ).set_output(transform="pandas")
    pipe.fit(frame, iris[1])
    names = ["colour_blue", "colour_red", "a", "b", "c", "d"]
    assert pipe[-1].feature_names_in_.tolist() == names
    assert pipe.score(frame, iris[1]) > 0.85
