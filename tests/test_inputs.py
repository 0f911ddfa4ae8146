"""X of every kind: frames, sparse, dtypes and memory layouts; input scaling."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdl.base._training as training
from skdl import DenseClassifier
from skdl._inputs import Inputs
from tests.instances import CLASSIFIERS, small

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


@pytest.fixture(scope="module")
def tenths(iris):
    """Iris in millimetres: whole numbers, exact in every dtype."""
    X, y = iris
    return np.rint(X * 10), y


@pytest.fixture(scope="module", params=CLASSIFIERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def expected(name, tenths):
    X, y = tenths
    return small(name).fit(X, y).predict_proba(X)


# -- containers ------------------------------------------------------------------------

CONTAINERS = {
    "csr_array": sp.csr_array,
    "csc_array": sp.csc_array,
    "coo_array": sp.coo_array,
    "csr_matrix": sp.csr_matrix,
    "csc_matrix": sp.csc_matrix,
    "coo_matrix": sp.coo_matrix,
    "lil_array": sp.lil_array,
    "list of lists": np.ndarray.tolist,
    "int64": lambda X: X.astype(np.int64),
    "uint8": lambda X: X.astype(np.uint8),
    "float16": lambda X: X.astype(np.float16),
    "object": lambda X: X.astype(object),
    "Fortran order": np.asfortranarray,
    "every other element": lambda X: np.repeat(np.repeat(X, 2, 0), 2, 1)[::2, ::2],
    "backwards in memory": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "frame": lambda X: pd.DataFrame(X, columns=NAMES),
    "frame of ints": lambda X: pd.DataFrame(X.astype(int), columns=NAMES),
    "frame of nullable ints": lambda X: pd.DataFrame(X).astype("Int64"),
    "sparse frame": lambda X: pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0)),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_gives_the_same_bits_as_the_array(container, name, tenths, expected):
    X, y = tenths
    X = CONTAINERS[container](X)
    assert_array_equal(small(name).fit(X, y).predict_proba(X), expected)


def test_float32_gives_nearly_the_same_as_float64(name, tenths, expected):
    X, y = tenths
    X = X.astype(np.float32)
    assert_allclose(small(name).fit(X, y).predict_proba(X), expected, atol=1e-5)


def test_bool_columns_are_zeros_and_ones(name, tenths):
    X, y = tenths
    X = X.mean(axis=0) < X
    by_number = small(name).fit(X.astype(float), y).predict_proba(X.astype(float))
    assert_array_equal(small(name).fit(X, y).predict_proba(X), by_number)


def test_memory_map_is_read(name, tenths, expected, tmp_path):
    X, y = tenths
    np.save(tmp_path / "X.npy", X)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_array_equal(small(name).fit(X, y).predict_proba(X), expected)


@pytest.mark.parametrize("input_scaling", ["standard", None])
def test_sparse_stream_equals_dense(input_scaling, tenths, monkeypatch):
    X, y = tenths
    X = np.where(X > 20, X, 0)
    network = small(dtype="float64", batch_size=32, input_scaling=input_scaling)
    dense = network.fit(X, y, X_val=X, y_val=y)
    expected = dense.history_, dense.predict_proba(X)
    monkeypatch.setattr(training, "DENSE_BYTES", 0)  # nothing is small enough
    sparse = network.fit(sp.csr_array(X), y, X_val=sp.csc_array(X), y_val=y)
    assert_allclose(sparse.history_["val_loss"], expected[0]["val_loss"], rtol=1e-12)
    assert_allclose(sparse.predict_proba(sp.csr_array(X)), expected[1], atol=1e-12)


def test_sparse_and_dense_may_be_mixed(name, tenths, expected):
    X, y = tenths
    assert_array_equal(small(name).fit(sp.csr_array(X), y).predict_proba(X), expected)
    assert_array_equal(small(name).fit(X, y).predict_proba(sp.csr_array(X)), expected)


# -- feature names ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def frame(tenths):
    return pd.DataFrame(tenths[0], columns=NAMES)


@pytest.fixture(scope="module")
def fitted(name, frame, tenths):
    return small(name).fit(frame, tenths[1])


def test_names_of_a_frame_are_kept(fitted):
    assert fitted.feature_names_in_.tolist() == NAMES
    assert fitted.n_features_in_ == 4


def test_an_array_has_no_names(name, tenths):
    assert not hasattr(small(name).fit(*tenths), "feature_names_in_")


WRONG_FRAMES = {
    "reordered": (lambda f: f[NAMES[::-1]], "must be in the same order"),
    "renamed": (lambda f: f.rename(columns={NAMES[0]: "length"}), "length"),
    "one less": (lambda f: f[NAMES[:3]], "petal width"),
    "one more": (lambda f: f.assign(colour=1.0), "colour"),
}


@pytest.mark.parametrize("wrong", WRONG_FRAMES)
def test_other_columns_than_in_fit_are_refused(name, wrong, fitted, frame, tenths):
    change, message = WRONG_FRAMES[wrong]
    with pytest.raises(ValueError, match=message):
        fitted.predict(change(frame))
    with pytest.raises(ValueError, match=message):
        small(name).fit(frame, tenths[1], X_val=change(frame), y_val=tenths[1])


def test_array_after_a_frame_warns_and_predicts(fitted, frame):
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        predicted = fitted.predict(frame.to_numpy())
    assert_array_equal(predicted, fitted.predict(frame))


# -- input scaling ---------------------------------------------------------------------


def test_input_scaling_equals_a_scaler_before_the_network(iris):
    X, y = iris
    inside = small(dtype="float64").fit(X, y)
    before = make_pipeline(StandardScaler(), small(dtype="float64", input_scaling=None))
    assert_allclose(
        inside.predict_proba(X), before.fit(X, y).predict_proba(X), rtol=1e-10
    )


def test_units_of_the_inputs_do_not_matter(iris):
    X, y = iris
    other = X * [1e-3, 1.0, 1e3, 1e6] + [1.0, -5.0, 0.0, 1e7]
    expected = small().fit(X, y).predict_proba(X)
    assert_allclose(small().fit(other, y).predict_proba(other), expected, atol=1e-4)


def test_without_scaling_the_network_gets_the_values_as_they_are(iris):
    X, y = iris
    bare = small(input_scaling=None).fit(X, y)
    assert not np.array_equal(
        bare.predict_proba(X), bare.fit(X * 2, y).predict_proba(X * 2)
    )
    assert [layer.name for layer in bare.model_.layers] == [
        "X",
        "dense_network",
        "probabilities",
    ]


@pytest.mark.parametrize("n_rows", [5, 4096, 5000])  # below, at and above one block
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_inputs_equal_standard_scaler(n_rows, weighted, sparse):
    rng = np.random.default_rng(0)
    X = rng.normal(5, 3, size=(n_rows, 3)) * (rng.random((n_rows, 3)) < 0.5)
    weight = rng.random(n_rows) + 0.1 if weighted else np.ones(n_rows)
    rows = sp.csr_array(X) if sparse else X
    inputs = Inputs.fit(rows, weight, scaling="standard", dtype="float64")
    by_hand = (X - np.average(X, axis=0, weights=weight)) / np.sqrt(
        np.cov(X.T, bias=True, aweights=weight).diagonal()
    )
    assert_allclose(inputs.transform(rows), by_hand, atol=1e-10)
    scaler = StandardScaler().fit(X, sample_weight=weight)
    assert_allclose(inputs.transform(X), scaler.transform(X), atol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 3.7, 1e8 + 0.1])
def test_constant_column_becomes_zero(constant, iris):
    X, y = iris
    X = np.column_stack([X, np.full(len(X), constant)])
    inputs = Inputs.fit(X, np.ones(len(X)), scaling="standard", dtype="float32")
    assert_allclose(inputs.transform(X)[:, 4], 0, atol=1e-6)
    assert_allclose(small().fit(X, y).predict_proba(X).sum(axis=1), 1)


def test_statistics_are_those_of_the_training_rows_alone(iris):
    X, y = iris
    order = np.random.default_rng(0).permutation(150)
    train, rest = order[:100], order[100:]
    alone = small().fit(X[train], y[train])
    judged = small(early_stopping=True, patience=99, restore_best_weights=False)
    judged.fit(X[train], y[train], X_val=X[rest] * 1000, y_val=y[rest])
    assert_array_equal(judged.predict_proba(X), alone.predict_proba(X))


def test_dtype_of_the_network_is_the_parameter(iris):
    for dtype in ("float32", "float64"):
        model = small(dtype=dtype).fit(*iris).model_
        assert {v.dtype for v in model.trainable_variables} == {dtype}
        assert model.output.dtype == dtype


@pytest.mark.parametrize("n_rows", [1, 2])
def test_very_few_rows_are_enough(n_rows, iris):
    X, y = iris[0][::60][:n_rows], iris[1][::60][:n_rows]
    assert_array_equal(small(epochs=50, learning_rate=0.1).fit(X, y).predict(X), y)


def test_place_of_nan_beside_explicit_zeros_in_sparse_rows():
    X = sp.csr_matrix(([0.0, 0.0, np.nan], [0, 1, 2], [0, 2, 3]))
    with pytest.raises(ValueError, match=r"NaN \(row 1, column 2\)"):
        DenseClassifier().fit(X, [0, 1])
