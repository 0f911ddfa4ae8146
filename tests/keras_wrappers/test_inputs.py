"""X and y of every kind and shape."""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from tests.keras_wrappers._networks import (
    classes,
    compiled_classifier,
    numbers,
)
from tests.keras_wrappers._rows import NAMES, flattened, tenths
from tests.keras_wrappers._several import WAYS, targets, three_classes, two_classes


@pytest.fixture(scope="module", params=WAYS)
def way(request):
    return WAYS[request.param]


@pytest.fixture(scope="module")
def expected():
    X, y = tenths()
    return three_classes().fit(X, y).predict_proba(X)


# -- containers of X -------------------------------------------------------------------

SAME_BITS = {
    "list of lists": np.ndarray.tolist,
    "tuple of arrays": tuple,
    "Fortran order": np.asfortranarray,
    "every other element": lambda X: np.repeat(np.repeat(X, 2, 0), 2, 1)[::2, ::2],
    "backwards in memory": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "float32": lambda X: X.astype("float32"),
    "object": lambda X: X.astype(object),
    "text that holds numbers": lambda X: X.astype(str).astype(object),
    "read-only": lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
    "frame": lambda X: pd.DataFrame(X, columns=NAMES),
    "frame with numbers for names": pd.DataFrame,
    "sparse frame": lambda X: pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0)),
    "csr_array": sp.csr_array,
    "csc_array": sp.csc_array,
    "coo_array": sp.coo_array,
    "csr_matrix": sp.csr_matrix,
    "csc_matrix": sp.csc_matrix,
    "coo_matrix": sp.coo_matrix,
    "lil_array": sp.lil_array,
    "csr_array of float32": lambda X: sp.csr_array(X.astype("float32")),
}
SAME_NUMBERS = {
    "int64": lambda X: X.astype("int64"),
    "uint8": lambda X: X.astype("uint8"),
    "csr_array of int64": lambda X: sp.csr_array(X.astype("int64")),
    "frame of nullable ints": lambda X: pd.DataFrame(X).astype("Int64"),
    "frame of ints and floats": lambda X: pd.DataFrame(X).astype({0: int}),
    "float16": lambda X: X.astype("float16"),
}


@pytest.mark.parametrize("container", SAME_BITS)
def test_container_gives_the_bits_of_the_array(container, expected):
    X, y = tenths()
    X = SAME_BITS[container](X)
    assert_array_equal(three_classes().fit(X, y).predict_proba(X), expected)


@pytest.mark.parametrize("container", SAME_NUMBERS)
def test_other_numbers_give_nearly_the_same(container, expected):
    X, y = tenths()
    X = SAME_NUMBERS[container](X)
    proba = three_classes().fit(X, y).predict_proba(X)
    assert_allclose(proba, expected, rtol=1e-5, atol=1e-7)


def test_booleans_are_zeros_and_ones():
    X, y = tenths()
    truth = X > 10
    by_number = three_classes().fit(truth.astype(float), y)
    by_truth = three_classes().fit(truth, y)
    assert_allclose(
        by_truth.predict_proba(truth), by_number.predict_proba(truth), rtol=1e-5
    )


@pytest.mark.parametrize("container", ["csr_array", "coo_matrix"])
def test_sparse_equals_dense_in_every_part_of_a_fit(container, way):
    X, y = tenths()
    sparse = SAME_BITS[container](X)
    by_array = three_classes(validation_split=0.2, **way).fit(X, y)
    weight = np.linspace(0, 2, 60)
    by_array.partial_fit(X, y, sample_weight=weight)
    estimator = three_classes(validation_split=0.2, **way).fit(sparse, y)
    estimator.partial_fit(sparse, y, sample_weight=weight)
    assert_allclose(
        estimator.history_["val_loss"], by_array.history_["val_loss"], rtol=1e-6
    )
    assert_array_equal(estimator.predict_proba(sparse), by_array.predict_proba(X))
    assert_array_equal(estimator.predict_proba(X), by_array.predict_proba(sparse))
    assert estimator.score(sparse, y) == by_array.score(X, y)


def test_sparse_rows_that_do_not_fit_in_memory(monkeypatch, expected):
    from skdl.estimators import _keras_training

    monkeypatch.setattr(_keras_training, "DENSE_BYTES", 0)  # nothing is small enough
    X, y = tenths()
    estimator = three_classes().fit(sp.csr_array(X), y)
    proba = estimator.predict_proba(sp.csc_array(X))
    assert_allclose(proba, expected, rtol=1e-5, atol=1e-7)


def test_many_rows_are_predicted_in_parts(monkeypatch):
    from skdl.estimators import _keras_training

    X, y = tenths()
    estimator = three_classes().fit(X, y)
    whole = estimator.predict_proba(X)
    monkeypatch.setattr(_keras_training, "PREDICT_BYTES", 7 * 4 * 8)
    for rows in (X, sp.csr_array(X), X[:1], X[:7]):
        n_rows = rows.shape[0]
        assert_allclose(estimator.predict_proba(rows), whole[:n_rows], rtol=1e-6)


# -- names of columns ------------------------------------------------------------------


@pytest.fixture(scope="module")
def frame():
    return pd.DataFrame(tenths()[0], columns=NAMES)


@pytest.fixture(scope="module")
def named(frame):
    return three_classes().fit(frame, tenths()[1])


FRAMES = {
    "other order": (lambda frame: frame[NAMES[::-1]], "same order|in the order"),
    "missing column": (lambda frame: frame[NAMES[1:]], "(?s)missing.*width"),
    "unseen column": (lambda frame: frame.assign(age=1.0), "(?s)unseen.*age"),
    "other name": (
        lambda frame: frame.rename(columns={"width": "age"}),
        "(?s)unseen.*age.*missing.*width",
    ),
}


@pytest.mark.parametrize("form", FRAMES)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "partial_fit"])
def test_frames_with_other_names_are_refused(method, form, frame, named):
    change, message = FRAMES[form]
    y = [tenths()[1]] if method == "partial_fit" else []
    with pytest.raises(ValueError, match=message):
        getattr(named, method)(change(frame), *y)


def test_array_after_a_frame_is_taken_with_a_warning(frame, named):
    expected = named.predict(frame)
    with pytest.warns(UserWarning, match="valid feature names"):
        assert_array_equal(named.predict(frame.to_numpy()), expected)


@pytest.mark.parametrize("make", [three_classes, targets])
def test_repeated_names_are_refused(make, frame):
    twice = frame.set_axis(["a", "b", "a", "c"], axis=1)
    with pytest.raises(ValueError, match=r"Column 'a' of X occurs twice.*Rename"):
        make().fit(twice, tenths()[1])


# -- few rows --------------------------------------------------------------------------


def test_one_row_is_enough(way):
    X, y = classes(3)
    one = three_classes(**way).fit(X[:1], y[:1], validation_split=0.0)
    assert one.predict_proba(X[:1]).shape == (1, 1)
    assert one.predict(X[:1]).tolist() == [y[0]]
    number = targets(**way).fit(X[:1], [0.5])
    assert number.predict(X[:1]).shape == (1,)


@pytest.mark.parametrize("make", [two_classes, three_classes])
def test_probabilities_of_one_row_have_two_axes(make, way):
    n_classes = 2 if make is two_classes else 3
    X, y = classes(n_classes)
    estimator = make(**way).fit(X, y)
    proba = estimator.predict_proba(X)
    assert proba.shape == (60, n_classes)
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    for row in (0, 7):
        alone = estimator.predict_proba(X[row : row + 1])
        assert alone.shape == (1, n_classes)
        assert_allclose(alone[0], proba[row], rtol=1e-5)
    assert estimator.predict(X[:1]).shape == (1,)


def test_one_row_of_several_targets_and_labels():
    X, Y = numbers(2)
    assert targets().fit(X, Y).predict(X[:1]).shape == (1, 2)
    several = two_classes(loss="binary_crossentropy")
    Y = np.column_stack([X[:, :2] > 0, X[:, 2] < 0]).astype(int)
    several.fit(X, Y)
    assert several.predict_proba(X[:1]).shape == (1, 3)
    assert several.predict(X[:1]).shape == (1, 3)


def test_one_column(way):
    X, y = classes(3)
    estimator = three_classes(**way).fit(X[:, :1], y)
    assert estimator.n_features_in_ == 1
    assert estimator.predict_proba(X[:, :1]).shape == (60, 3)


# -- more axes -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4,), (2, 2), (2, 1, 2)], ids=str)
def test_rows_of_any_shape(shape):
    X, y = classes(3)
    estimator = three_classes(flattened).fit(X.reshape(60, *shape), y)
    assert estimator.X_shape_ == (60, *shape)
    assert estimator.n_features_in_ == shape[0]
    plain = three_classes().fit(X, y).predict_proba(X)
    proba = estimator.predict_proba(X.reshape(60, *shape))
    assert_allclose(proba, plain, rtol=1e-4)
    with pytest.raises(ValueError, match=r"expecting"):
        estimator.predict(X.reshape(60, *shape[:-1], -1, 1, 1))


def test_images_through_convolutions():
    def network(meta):
        return keras.Sequential(
            [
                keras.Input(meta["X_shape_"][1:]),
                keras.layers.Conv2D(2, 3, padding="same", activation="relu"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(meta["n_classes_"], activation="softmax"),
            ]
        )

    rng = np.random.default_rng(0)
    X = rng.integers(256, size=(40, 5, 5, 3), dtype="uint8")
    X[20:] //= 8
    learnt = {"epochs": 20, "optimizer": "adam", "optimizer__learning_rate": 0.02}
    estimator = three_classes(network, **learnt).fit(X, [0] * 20 + [1] * 20)
    assert estimator.score(X, [0] * 20 + [1] * 20) > 0.9


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32"])
def test_whole_numbers_for_an_embedding(dtype):
    def network(meta):
        return keras.Sequential(
            [
                keras.Input(meta["X_shape_"][1:], dtype="int32"),
                keras.layers.Embedding(10, 3),
                keras.layers.GlobalAveragePooling1D(),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )

    y = np.arange(60) % 3
    X = np.random.default_rng(0).integers(3, size=(60, 5)) + 3 * y[:, None]
    learnt = {"epochs": 20, "optimizer": "adam", "optimizer__learning_rate": 0.1}
    estimator = three_classes(network, **learnt).fit(X.astype(dtype), y)
    assert estimator.X_dtype_ == dtype
    assert estimator.score(X.astype(dtype), y) == 1
    if dtype == "int32":
        with pytest.raises(ValueError, match="float"):
            estimator.predict(X + 0.5)


# -- another fit -----------------------------------------------------------------------


def test_second_fit_may_have_other_features_and_classes():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    estimator.fit(np.hstack([X, X]), y)
    assert estimator.n_features_in_ == 8
    assert estimator.model_.input_shape == (None, 8)
    estimator.set_params(model=compiled_classifier, loss=None).fit(*classes(2))
    assert estimator.classes_.tolist() == [0, 1]
    assert estimator.predict_proba(X).shape == (60, 2)
    fresh = three_classes(compiled_classifier, loss=None).fit(*classes(2))
    assert_array_equal(estimator.predict_proba(X), fresh.predict_proba(X))


@pytest.mark.parametrize("warm_start", [False, True])
def test_second_fit_may_have_another_dtype(warm_start):
    X, y = tenths()
    estimator = three_classes(warm_start=warm_start).fit(X.astype("int64"), y)
    if warm_start:
        with pytest.raises(ValueError, match="Got X with dtype float64"):
            estimator.fit(X, y)
    else:
        assert estimator.fit(X, y).X_dtype_ == np.float64
