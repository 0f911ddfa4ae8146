"""Dense estimators after ``fit``: attributes, Keras model, going on, going again."""

from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, SGDRegressor
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skdl import DenseClassifier, DenseRegressor
from skdl.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skdl.training._optimizers import OPTIMIZERS
from tests.instances import DENSE, INSTANCES, small

everyone = pytest.mark.parametrize("name", DENSE)
both = pytest.mark.parametrize("name", ["DenseClassifier", "DenseRegressor"])


def outputs(estimator, X):
    method = "predict_proba" if is_classifier(estimator) else "predict"
    return getattr(estimator, method)(X)


def kernels(estimator):
    return estimator.model_.get_layer("dense_network").get_weights()[::2]


# -- attributes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "n"),
    [
        ({"hidden_units": ()}, (4 + 1) * 3),
        ({"hidden_units": 10}, (4 + 1) * 10 + (10 + 1) * 3),
        ({"hidden_units": [8, 5]}, (4 + 1) * 8 + (8 + 1) * 5 + (5 + 1) * 3),
        ({"hidden_units": np.int64(8), "batch_norm": True}, 40 + 2 * 8 + 27),
        ({"activation": "prelu"}, 40 + 8 + 27),
    ],
)
def test_n_parameters_is_the_number_counted_by_hand(parameters, n, iris):
    assert small(epochs=1, **parameters).fit(*iris).n_parameters_ == n


def test_binary_network_has_one_output(binary):
    assert small(epochs=1).fit(*binary).n_parameters_ == (4 + 1) * 8 + 8 + 1


@everyone
def test_attributes_agree_with_each_other(name, data_for):
    estimator = INSTANCES[name](epochs=7, random_state=0)
    X, y = data_for(estimator)
    estimator.fit(X, y)
    assert estimator.n_features_in_ == X.shape[1]
    assert estimator.n_epochs_ == len(estimator.history_["loss"]) <= 7
    assert 1 <= estimator.best_epoch_ <= estimator.n_epochs_
    assert estimator.loss_ == estimator.history_["loss"][estimator.best_epoch_ - 1]
    model = estimator.model_
    assert estimator.n_parameters_ == sum(
        np.prod(v.shape) for v in model.trainable_variables
    )


def test_summary_prints_every_layer_with_its_shape(iris, capsys):
    small(hidden_units=(8, 5), dropout=0.1).fit(*iris).summary()
    printed = capsys.readouterr().out
    for words in [("dense_1", "8"), ("dense_2", "5"), ("dropout_2", "5"), ("outputs",)]:
        line = next(line for line in printed.splitlines() if words[0] in line)
        assert all(word in line for word in words)
    assert str((4 + 1) * 8 + (8 + 1) * 5 + (5 + 1) * 3) in printed


# -- wide tables -----------------------------------------------------------------------


def few_directions(n_rows, n_columns):
    """Correlated columns, which tell the first of three directions very well."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(n_rows, 3))
    X = hidden @ rng.normal(size=(3, n_columns)) + rng.normal(size=(n_rows, n_columns))
    return X, hidden[:, 0]


def test_thousands_of_correlated_columns_are_learnt():
    X, y = few_directions(200, 3000)
    net = DenseRegressor(hidden_units=(30,), epochs=10, random_state=0)
    net.fit(X[:100], y[:100])
    assert net.history_["loss"][0] < 5  # the best constant has 1
    assert net.history_["loss"][-1] < 0.2
    assert net.score(X[100:], y[100:]) > 0.6


# -- the Keras model -------------------------------------------------------------------


@everyone
def test_model_predicts_what_the_estimator_predicts(name, data_for):
    estimator = INSTANCES[name](epochs=3, random_state=0)
    X, y = data_for(estimator)
    expected = outputs(estimator.fit(X, y), X)
    model = estimator.model_
    assert isinstance(model, keras.Model)
    predicted = np.asarray(model(X))
    assert_allclose(predicted.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)


@everyone
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's own
def test_model_is_saved_and_loaded_by_keras(name, data_for, tmp_path):
    estimator = INSTANCES[name](epochs=1, random_state=0)
    X, y = data_for(estimator)
    model = estimator.fit(X, y).model_
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    # Keras reads the constants of its layers as float32, also into a float64 model
    assert_allclose(np.asarray(loaded(X)), np.asarray(model(X)), rtol=1e-5, atol=1e-6)


@both
def test_model_predicts_it_whatever_the_units(name, data_for):
    estimator = small(name, dtype="float64")
    X, y = data_for(estimator)
    X, y = X[:, :4] * [1e-9, 1, 1e3, 1e6], y if is_classifier(estimator) else y * 1e-9
    expected = outputs(estimator.fit(X, y), X)
    predicted = np.asarray(estimator.model_(X)).reshape(expected.shape)
    assert_allclose(predicted, expected, atol=1e-6 * expected.std())


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_model_of_every_regression_loss_is_in_units_of_y(loss, diabetes):
    X, y = diabetes
    for targets in (y, np.column_stack([y, 10 * y])):
        estimator = small("DenseRegressor", loss=loss).fit(X, targets)
        predicted = np.asarray(estimator.model_(X)).reshape(targets.shape)
        assert_allclose(predicted, estimator.predict(X), rtol=1e-4)


@pytest.mark.parametrize("kind", ["binary", "multilabel", "one class"])
def test_model_gives_probabilities_of_every_kind_of_target(kind, binary, multilabel):
    X, y = multilabel if kind == "multilabel" else binary
    y = np.zeros_like(y) if kind == "one class" else y
    estimator = small(batch_norm=True).fit(X, y)
    predicted = np.asarray(estimator.model_(X))
    proba = estimator.predict_proba(X)
    if kind == "binary":
        proba = proba[:, 1:]
    if kind == "one class":  # the network is almost sure, the estimator is certain
        assert predicted.shape == proba.shape
        return
    assert_allclose(predicted, proba, atol=1e-5)


def test_model_is_a_copy(iris):
    X, y = iris
    estimator = small().fit(X, y)
    expected = estimator.predict_proba(X)
    model = estimator.model_
    assert model is not estimator.model_
    for variable in model.trainable_variables:
        variable.assign(keras.ops.zeros_like(variable))
    assert_array_equal(estimator.predict_proba(X), expected)


# -- fit again -------------------------------------------------------------------------


@everyone
def test_second_fit_starts_from_scratch(name, data_for):
    estimator = INSTANCES[name](epochs=3, random_state=0)
    X, y = data_for(estimator)
    expected, history = outputs(estimator.fit(X, y), X), estimator.history_
    estimator.fit(X[::2, 1:], y[::2])  # other rows and columns
    assert estimator.n_features_in_ == X.shape[1] - 1
    assert_array_equal(outputs(estimator.fit(X, y), X), expected)
    assert estimator.history_ == history


# -- partial_fit -----------------------------------------------------------------------

# How to train so that n calls with all rows are the n epochs of fit.
SAME_AS_FIT = {
    "default": {},
    "full batch": {"batch_size": "full"},
    "batches": {"batch_size": 16},
    "dropout": {"batch_size": 16, "dropout": 0.3},
    "batch_norm": {"batch_size": 16, "batch_norm": True},
    "momentum": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    "schedule": {"learning_rate_schedule": {2: 0.1}},
    "float64": {"dtype": "float64", "optimizer": "nadam", "hidden_units": (8, 4)},
}


@both
@pytest.mark.parametrize("how", SAME_AS_FIT)
def test_calls_of_partial_fit_are_the_epochs_of_fit(name, how, data_for):
    at_once = small(name, **SAME_AS_FIT[how])
    by_calls = clone(at_once)
    X, y = data_for(at_once)
    at_once.fit(X, y)
    more = {"classes": np.unique(y)} if is_classifier(by_calls) else {}
    for _ in range(5):
        by_calls.partial_fit(X, y, **more)
    assert_array_equal(outputs(by_calls, X), outputs(at_once, X))
    assert by_calls.history_ == at_once.history_
    assert by_calls.n_epochs_ == by_calls.best_epoch_ == 5


def test_partial_fit_learns_from_rows_that_come_in_parts(iris):
    X, y = iris
    order = np.random.default_rng(0).permutation(150)
    estimator = DenseClassifier(random_state=0, learning_rate=0.01)
    for _ in range(40):
        for part in np.split(order, 5):
            estimator.partial_fit(X[part], y[part], classes=[0, 1, 2])
    assert estimator.score(X, y) > 0.93
    assert estimator.n_epochs_ == 200


def test_part_may_lack_classes_and_be_a_single_row(iris):
    X, y = iris
    estimator = small().partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    estimator.partial_fit(X[60:61], y[60:61]).partial_fit(X[140:], y[140:])
    assert estimator.predict_proba(X).shape == (150, 3)


def test_multilabel_partial_fit_goes_on(multilabel):
    X, y = multilabel
    estimator = small()
    for _ in range(5):
        estimator.partial_fit(X, y, classes=[0, 1, 2])
    assert_array_equal(estimator.predict_proba(X), small().fit(X, y).predict_proba(X))


def test_fit_after_partial_fit_starts_from_scratch(iris):
    X, y = iris
    estimator = small().partial_fit(X, y, classes=[0, 1, 2, 3]).fit(X, y)
    assert estimator.classes_.tolist() == [0, 1, 2]
    assert_array_equal(estimator.predict_proba(X), small().fit(X, y).predict_proba(X))


def test_partial_fit_after_fit_goes_on(iris):
    X, y = iris
    estimator = small(batch_size=16).fit(X, y)
    before = log_loss(y, estimator.predict_proba(X))
    estimator.partial_fit(X, y)
    assert log_loss(y, estimator.predict_proba(X)) < before
    assert estimator.n_epochs_ == 6


# -- warm_start ------------------------------------------------------------------------


@both
def test_warm_start_goes_on_where_the_last_fit_stopped(name, data_for):
    estimator = small(name, warm_start=True, batch_size=16)
    X, y = data_for(estimator)
    first = estimator.fit(X, y).history_["loss"]
    second = estimator.fit(X, y).history_["loss"]
    assert first[0] > first[-1] > second[0] > second[-1]
    assert estimator.n_epochs_ == len(second) == 5


@both
def test_two_warm_fits_of_stateless_steps_are_one_of_the_sum(name, data_for):
    how = {"optimizer": "sgd", "batch_size": "full", "learning_rate": 0.1}
    twice = small(name, warm_start=True, **how)
    X, y = data_for(twice)
    twice.fit(X, y).fit(X, y)
    once = small(name, epochs=10, **how).fit(X, y)
    assert_array_equal(outputs(twice, X), outputs(once, X))


def test_without_warm_start_the_first_fit_is_forgotten(iris):
    X, y = iris
    cold = small().fit(X, y)
    losses = cold.history_["loss"]
    assert cold.fit(X, y).history_["loss"] == losses


def test_warm_start_may_change_how_it_is_trained(iris):
    X, y = iris
    estimator = small(warm_start=True).fit(X, y)
    last = log_loss(y, estimator.predict_proba(X))
    estimator.set_params(optimizer="sgd", learning_rate=0.05, batch_size=50)
    estimator.fit(X, y)
    assert log_loss(y, estimator.predict_proba(X)) < last


# -- parameters do what they say -------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_with_its_own_rate(optimizer, iris):
    losses = small(optimizer=optimizer, epochs=20, batch_size=16).fit(*iris).history_
    assert losses["loss"][-1] < 0.9 * losses["loss"][0]


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
def test_every_classification_loss_learns(loss, iris):
    X, y = iris
    estimator = small(loss=loss, epochs=60, learning_rate=0.03).fit(X, y)
    assert estimator.score(X, y) > 0.93


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_regression_loss_learns(loss, diabetes):
    X, y = diabetes
    estimator = small("DenseRegressor", loss=loss, epochs=60, learning_rate=0.03)
    assert estimator.fit(X, y).score(X, y) > 0.4


def squared(y_true, y_pred):
    return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


@pytest.mark.parametrize("loss", [squared, keras.losses.MeanSquaredError()])
def test_users_loss_equals_the_named_one(loss, diabetes):
    X, y = diabetes
    expected = small("DenseRegressor").fit(X, y / 100)
    estimator = small("DenseRegressor", loss=loss, target_scaling=False)
    by_hand = (y - y.mean()) / y.std()
    predicted = estimator.fit(X, by_hand).predict(X) * y.std() + y.mean()
    assert_allclose(predicted, 100 * expected.predict(X), rtol=1e-3)


def test_l1_makes_kernels_sparse_and_l2_makes_them_small(iris):
    fit = partial(small, epochs=100, learning_rate=0.01, batch_size="full")
    plain, l1, l2 = (
        np.concatenate([k.ravel() for k in kernels(fit(**p).fit(*iris))])
        for p in ({}, {"l1": 0.05}, {"l2": 0.05})
    )
    near_zero = [(np.abs(k) < 0.02).mean() for k in (plain, l1)]
    assert near_zero[1] > 0.3 > 3 * near_zero[0]
    assert np.linalg.norm(l2) < 0.7 * np.linalg.norm(plain)


def test_linear_classifier_equals_logistic_regression(iris):
    X, y = iris
    n, alpha = len(y), 0.02
    network = DenseClassifier(
        hidden_units=(), l2=alpha, epochs=800, batch_size="full", dtype="float64"
    )
    network.set_params(learning_rate=0.05, learning_rate_schedule="cosine")
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    # mean log loss + alpha |w|² is LogisticRegression's objective / (n C)
    oracle = LogisticRegression(C=1 / (2 * alpha * n), tol=1e-10, max_iter=1000)
    expected = oracle.fit(scaled, y).predict_proba(scaled)
    assert_allclose(network.fit(X, y).predict_proba(X), expected, atol=1e-4)


def test_online_learning_takes_one_row_a_step():
    """Squared error with plain gradient steps on rows that are all alike."""
    rate, n = 0.1, 20
    network = DenseRegressor(hidden_units=(), optimizer="sgd", learning_rate=rate)
    network.set_params(batch_size=1, epochs=1, dtype="float64", random_state=0)
    network.set_params(input_scaling=None, target_scaling=False)
    network.fit(np.zeros((n, 1)), np.full(n, 3.0))
    # only the bias moves: 3 - b shrinks by 1 - 2 rate in every step
    expected = 3 * (1 - (1 - 2 * rate) ** n)
    assert_allclose(network.predict([[0.0]]), expected, rtol=1e-6)
    oracle = SGDRegressor(
        learning_rate="constant", eta0=2 * rate, alpha=0, max_iter=1, tol=None
    ).fit(np.zeros((n, 1)), np.full(n, 3.0))
    assert_allclose(network.predict([[0.0]]), oracle.intercept_, rtol=1e-6)


# -- the defaults against scikit-learn's -----------------------------------------------

TABLES = {
    "breast cancer": (load_breast_cancer, DenseClassifier, MLPClassifier, 0.01),
    "digits": (load_digits, DenseClassifier, MLPClassifier, 0.01),
    "diabetes": (load_diabetes, DenseRegressor, MLPRegressor, 0.0),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("table", TABLES)
def test_defaults_are_level_with_those_of_scikit_learn(table):
    load, ours, theirs, tolerance = TABLES[table]
    X, y = load(return_X_y=True)
    score, level = (
        cross_val_score(kind(random_state=0), X, y, cv=5).mean()
        for kind in (ours, theirs)
    )
    assert score >= level - tolerance
