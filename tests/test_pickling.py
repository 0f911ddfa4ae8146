"""Fitted estimators survive pickle, copy and joblib with every bit, and stay small."""

import copy
import pickle
import pickletools

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import DenseClassifier
from skdl.training._program import PROGRAMS
from tests.instances import CLASSIFIERS, INSTANCES, quick, small


def outputs(estimator, X):
    method = "predict_proba" if is_classifier(estimator) else "predict"
    return getattr(estimator, method)(X)


@pytest.fixture(scope="module", params=INSTANCES)
def fitted(request, data_for):
    """A fitted estimator, which has predicted, and its X and y."""
    estimator = quick(request.param, epochs=2, random_state=0)
    X, y = data_for(estimator)
    estimator.fit(X, y).predict(X)
    return estimator, X, y


def by_joblib(estimator, path, **options):
    joblib.dump(estimator, path / "estimator.joblib")
    return joblib.load(path / "estimator.joblib", **options)


WAYS = {
    "pickle": lambda e, path: pickle.loads(pickle.dumps(e)),
    "oldest protocol": lambda e, path: pickle.loads(pickle.dumps(e, protocol=2)),
    "deepcopy": lambda e, path: copy.deepcopy(e),
    "joblib": by_joblib,
    "joblib, memory-mapped": lambda e, path: by_joblib(e, path, mmap_mode="r"),
}


@pytest.mark.parametrize("way", WAYS)
def test_copy_predicts_the_same_bits_and_can_be_fitted(way, fitted, tmp_path):
    estimator, X, y = fitted
    twin = WAYS[way](estimator, tmp_path)
    assert_array_equal(outputs(twin, X), outputs(estimator, X))
    assert twin.history_ == estimator.history_
    assert repr(clone(twin)) == repr(estimator)
    assert_array_equal(outputs(twin.fit(X, y), X), outputs(estimator, X))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_copy_goes_on_learning_as_the_original_does(name, way, tmp_path, iris):
    original = small(name, dropout=0.5, batch_size=32)
    original.partial_fit(*iris, classes=[0, 1, 2])
    twin = WAYS[way](original, tmp_path)
    for estimator in (original, twin):
        estimator.partial_fit(*iris).partial_fit(*iris)
    assert_array_equal(outputs(twin, iris[0]), outputs(original, iris[0]))


def test_unpickled_without_its_program_predicts_the_same_bits(fitted):
    estimator, X, _ = fitted
    expected = outputs(estimator, X)
    PROGRAMS.clear()
    assert_array_equal(outputs(pickle.loads(pickle.dumps(estimator)), X), expected)


KERAS_PARAMETERS = {
    "optimizer": keras.optimizers.SGD(0.1, momentum=0.9),
    "learning_rate_schedule": keras.optimizers.schedules.CosineDecay(0.1, 50),
    "loss": keras.losses.CategoricalFocalCrossentropy(),
    "callbacks": [keras.callbacks.EarlyStopping("loss")],
}


@pytest.mark.parametrize("parameter", KERAS_PARAMETERS)
def test_keras_objects_as_parameters_are_cloned_and_pickled(parameter, iris):
    X, y = iris
    original = small(**{parameter: KERAS_PARAMETERS[parameter]}).fit(X, y)
    expected = outputs(original, X)
    assert_array_equal(outputs(pickle.loads(pickle.dumps(original)), X), expected)
    for twin in (clone(original), clone(pickle.loads(pickle.dumps(original)))):
        assert_array_equal(outputs(twin.fit(X, y), X), expected)


def test_copy_is_independent(iris):
    X, y = iris
    original = small().fit(X, y)
    expected = outputs(original, X)
    copy.deepcopy(original).fit(X, y[::-1])
    shallow = copy.copy(original).fit(X, y[::-1])
    assert_array_equal(outputs(original, X), expected)
    assert not np.array_equal(outputs(shallow, X), expected)


def test_fitted_pipeline_pickles(iris):
    X, y = iris
    pipe = make_pipeline(StandardScaler(), small()).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(pipe)).predict(X), pipe.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden_units", [(100,), (300, 300)])
def test_pickle_is_hardly_larger_than_the_weights(dtype, hidden_units):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 64)), rng.integers(10, size=300)
    estimator = DenseClassifier(hidden_units=hidden_units, dtype=dtype, epochs=2)
    estimator.fit(X, y, X_val=X, y_val=y).predict(X)
    n_weights = estimator.model_.get_layer("dense_network").count_params()
    weights = n_weights * np.dtype(dtype).itemsize
    assert weights < len(pickle.dumps(estimator)) < 1.2 * weights + 10_000


def test_pickle_after_partial_fit_holds_the_optimizer_too(iris):
    size = [
        len(pickle.dumps(estimator))
        for estimator in (
            small(hidden_units=(100, 100)).fit(*iris),
            small(hidden_units=(100, 100)).partial_fit(*iris, classes=[0, 1, 2]),
        )
    ]
    assert 2 * size[0] < size[1] < 3.5 * size[0]  # two moments of Adam


def test_pickle_names_no_keras_and_no_tensorflow(fitted):
    data = pickle.dumps(fitted[0])
    names = {str(arg) for _, arg, _ in pickletools.genops(data) if arg is not None}
    assert not any(name.startswith(("keras", "tensorflow")) for name in names)


def test_memory_maps_are_not_written_to(iris, tmp_path):
    X, y = iris
    small().fit(X, y)
    twin = by_joblib(small(warm_start=True).fit(X, y), tmp_path, mmap_mode="r")
    before = (tmp_path / "estimator.joblib").read_bytes()
    twin.fit(X, y).partial_fit(X, y)
    assert (tmp_path / "estimator.joblib").read_bytes() == before
