"""Data of another form than those of ``fit`` are refused in one clear sentence."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from tests.keras_wrappers._networks import classes, columns, numbers
from tests.keras_wrappers._several import targets, three_classes


@pytest.fixture(scope="module")
def fitted():
    return three_classes().fit(*classes(3))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_before_fit(method):
    X, y = classes(3)
    arguments = (X, y) if method == "score" else (X,)
    with pytest.raises(NotFittedError):
        getattr(three_classes(), method)(*arguments)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
@pytest.mark.parametrize("n_columns", [3, 5])
def test_other_number_of_columns_to_predict(method, n_columns, fitted):
    with pytest.raises(ValueError, match=r"expecting"):
        getattr(fitted, method)(np.ones((2, n_columns)))


def test_other_number_of_columns_to_learn(fitted):
    X, y = classes(3)
    with pytest.raises(ValueError, match="expecting"):
        fitted.partial_fit(X[:, :3], y)


def test_other_number_of_dimensions(fitted):
    X, y = classes(3)
    with pytest.raises(ValueError, match=r"dimensions in X|Expected 2D|[Ff]ound array"):
        fitted.predict(X.reshape(-1, 2, 2))
    with pytest.raises(ValueError, match=r"y has 2 dimensions, but this "):
        fitted.partial_fit(X, y[:, np.newaxis])


def test_other_number_of_targets():
    X, y = numbers(2)
    estimator = targets().fit(X, y)
    with pytest.raises(ValueError, match="Detected ``y`` to have "):
        estimator.partial_fit(X, np.column_stack([y, y]))


def test_other_shape_of_images():
    X, y = columns().reshape(-1, 2, 2), numbers()[1]

    def network(meta):
        layers = [keras.layers.Flatten(), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input(meta["X_shape_"][1:]), *layers])

    estimator = targets(network).fit(X, y)
    assert estimator.predict(X).shape == (60,)
    with pytest.raises(ValueError, match="expecting"):
        estimator.predict(np.ones((2, 2, 3)))
    with pytest.raises(ValueError, match="dimensions in X"):
        estimator.predict(X.reshape(60, 4))


def test_floats_after_integers():
    X, y = classes(3)
    X = (10 * X).astype(np.int64)
    estimator = three_classes().fit(X, y)
    assert estimator.X_dtype_ == np.int64
    estimator.partial_fit(X.astype(np.int16), y)
    for call in (estimator.predict, lambda X: estimator.partial_fit(X, y)):
        with pytest.raises(ValueError, match="Got X with dtype float64"):
            call(X.astype(float))


def test_floats_of_another_width(fitted):
    X, _ = classes(3)
    assert X.dtype == np.float32
    assert fitted.X_dtype_ == np.float32
    expected = fitted.predict_proba(X)
    assert_allclose(fitted.predict_proba(X.astype(np.float64)), expected, rtol=1e-5)
    assert_allclose(fitted.predict_proba(X.astype(np.float16)), expected, atol=0.01)


def test_integers_after_floats(fitted):
    X = np.ones((3, 4))
    expected = fitted.predict_proba(X)
    assert_allclose(fitted.predict_proba(X.astype(np.int8)), expected, rtol=1e-5)


def test_targets_of_another_kind():
    X, y = classes(3)
    estimator = three_classes().fit(X, y).partial_fit(X, y.astype(np.uint8))
    with pytest.raises(ValueError, match="Got y with dtype float64"):
        estimator.partial_fit(X, y.astype(float))


@pytest.mark.parametrize("make", [three_classes, targets])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite(make, bad):
    X, y = classes(3)
    X = X.copy()
    X[3, 1] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        make().fit(X, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        make().fit(*classes(3)).predict(X)


def test_lengths_that_differ():
    X, y = classes(3)
    with pytest.raises(ValueError, match="inconsistent"):
        three_classes().fit(X, y[:-1])


def test_refused_data_leave_the_estimator_as_it_was(fitted):
    X, y = classes(3)
    before = fitted.predict_proba(X)
    for bad_X, bad_y in ((X[:, :3], y), (X, y[:, np.newaxis]), (X, y + 7)):
        with pytest.raises(ValueError):
            fitted.partial_fit(bad_X, bad_y)
    assert_array_equal(fitted.predict_proba(X), before)
    assert fitted.current_epoch == 2
