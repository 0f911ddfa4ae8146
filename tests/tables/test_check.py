"""X of an estimator for tables: scikit-learn's contract, its messages, and ours."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

import skdl._tables._check as check
from skdl._tables import check_table
from skdl._validation import check_inputs

NAN = np.nan


class TableTree(ClassifierMixin, BaseEstimator):
    """A tree on the codes of a table."""

    def __init__(self, categorical_features="from_dtype"):
        self.categorical_features = categorical_features

    def fit(self, X, y, sample_weight=None):
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None.")
        codes = check_table(
            self, X, reset=True, categorical_features=self.categorical_features
        )
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        self._tree = DecisionTreeClassifier(random_state=0).fit(codes, y, sample_weight)
        self.classes_ = self._tree.classes_
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self._tree.predict(check_table(self, X, reset=False))

    def predict_proba(self, X):
        check_is_fitted(self)
        return self._tree.predict_proba(check_table(self, X, reset=False))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags


@parametrize_with_checks([TableTree(), TableTree(None)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"n": [1.5, NAN, 0.5], "c": ["x", None, "w"], "b": [True, False, True]}
    )


@pytest.fixture
def fitted(frame):
    return TableTree().fit(frame, [0, 1, 2])


def test_fit_sees_names_and_keeps_columns(fitted, frame):
    assert fitted.n_features_in_ == 3
    assert fitted.feature_names_in_.tolist() == ["n", "c", "b"]
    assert fitted._columns.is_categorical.tolist() == [False, True, True]
    assert_array_equal(fitted.predict(frame), [0, 1, 2])


def test_other_calls_change_no_attribute(fitted, frame):
    before = dict(vars(fitted))
    fitted.predict(frame.assign(c="z"))
    assert vars(fitted) == before


def test_parameter_reaches_the_columns(frame):
    tree = TableTree(["c", "n"]).fit(frame, [0, 1, 2])
    assert tree._columns.is_categorical.tolist() == [True, True, False]


def test_frame_without_names_of_text_has_no_feature_names(frame):
    X = frame.set_axis([0, 1, 2], axis=1)
    tree = TableTree().fit(X, [0, 1, 2])
    assert not hasattr(tree, "feature_names_in_")
    assert tree._columns.names is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(tree.predict(X.to_numpy(object)), [0, 1, 2])


def test_array_after_a_frame_warns_and_is_coded_alike(fitted, frame):
    expected = check_table(fitted, frame, reset=False)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert_array_equal(
            check_table(fitted, frame.to_numpy(object), reset=False), expected
        )


def test_list_keeps_numbers_beside_text():
    rows = [["red", 1.5, None], ["blue", NAN, "x"]]
    codes = check_table(TableTree(), rows, reset=True)
    assert_array_equal(codes, [[1, 1.5, NAN], [0, NAN, 0]])
    rows = [("1", 2), ("two", 3), (NAN, 4)]  # NumPy makes text of all of it
    codes = check_table(TableTree(), rows, reset=True)
    assert_array_equal(codes, [[0, 2], [1, 3], [NAN, 4]])


# -- messages --------------------------------------------------------------------------

# name -> (change of X, message: value, expectation, remedy)
WRONG = {
    "fewer columns": (
        lambda X: X.to_numpy(object)[:, :2],
        "X has 2 features, but TableTree is expecting 3 features as input. Pass the",
    ),
    "reordered": (lambda X: X[["c", "n", "b"]], "must be in the same order"),
    "renamed": (lambda X: X.rename(columns={"c": "d"}), "unseen at fit time:\n- d"),
    "dropped": (lambda X: X[["n", "c"]], "now missing:\n- b"),
    "no rows": (lambda X: X[:0], r"0 sample\(s\).* minimum of 1 .*TableTree. Give at"),
    "no rows in an array": (lambda X: X.to_numpy()[:0], r"0 sample\(s\).*Give at"),
    "one dimension": (lambda X: np.ones(3), "Expected 2D array, got 1D.*Reshape"),
    "a series": (lambda X: X["n"], "Expected a 2-dimensional container"),
    "three dimensions": (lambda X: np.ones((2, 2, 2)), "dim 3.*dim <= 2"),
    "a number": (lambda X: 5.0, "Expected 2D array, got scalar"),
    "complex": (lambda X: X[["n"]].to_numpy() * 1j, "Complex data not supported"),
    "infinity": (
        lambda X: X.assign(n=np.inf),
        r"X contains infinity \(row 0, column 'n'\). Replace",
    ),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_wrong_tables_are_refused(name, fitted, frame):
    change, message = WRONG[name]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fitted.predict(change(frame))


def test_no_columns_are_refused(frame):
    message = r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is.*Give at"
    for X in (frame[[]], frame.to_numpy()[:, :0]):
        with pytest.raises(ValueError, match=message):
            TableTree().fit(X, [0, 1, 2])


REPEATED = {
    "twice": (["n", "b", "n"], "Column 'n' of X occurs twice, but names must differ"),
    "three times": (["n", "n", "n"], "'n' of X occurs 3 times.* Rename one of them"),
    "numbers": ([0, 1, 1], "Column 1 of X occurs twice.* Rename one of them"),
}


@pytest.mark.parametrize(("names", "message"), REPEATED.values(), ids=REPEATED)
@pytest.mark.parametrize("check", [check_table, check_inputs])
def test_names_that_occur_again_are_refused(check, names, message, frame):
    X = frame.assign(c=2.0, b=3.0).set_axis(names, axis=1)
    with pytest.raises(ValueError, match=message):
        check(TableTree(), X, reset=True)
    with pytest.raises(ValueError, match=message.replace(" X ", " X_val ")):
        check(TableTree(), X, reset=True, name="X_val")


def test_column_names_of_arrow_that_occur_again_are_refused():
    class Table:  # of Arrow, whose `columns` are arrays
        column_names = ("n", "c", "n")
        columns = ([0], [1], [2])
        shape = (1, 3)

    with pytest.raises(ValueError, match=r"Column 'n' of X occurs twice.*Rename"):
        check_table(TableTree(), Table(), reset=True)


def test_later_tables_with_a_name_twice_are_refused(fitted, frame):
    with pytest.raises(ValueError, match="Column 'n' of X occurs twice"):
        fitted.predict(frame.set_axis(["n", "c", "n"], axis=1))


def test_names_of_text_and_of_numbers_are_refused(frame):
    with pytest.raises(TypeError, match="only supported if all input features"):
        TableTree().fit(frame.rename(columns={"c": 1}), [0, 1, 2])


def test_messages_name_the_argument(fitted, frame):
    for X, message in [
        (frame.to_numpy()[:, :2], "X_val has 2 features"),
        (frame.assign(n=np.inf), "Input X_val contains infinity"),
        (frame.assign(n="red"), "Column 'n' of X_val held numbers"),
        (sp.csr_array(np.ones((2, 2))), "X_val has 2 features"),
    ]:
        with (
            warnings.catch_warnings(action="ignore"),
            pytest.raises(ValueError, match=message),
        ):
            check_table(fitted, X, reset=False, name="X_val")


# -- sparse ----------------------------------------------------------------------------

SPARSE = {
    "csr_array": sp.csr_array,
    "csc_matrix": sp.csc_matrix,
    "coo_array": sp.coo_array,
    "ints": lambda X: sp.csr_array(X.astype(int)),
    "bools": lambda X: sp.csr_array(X.astype(bool)),
    "frame": lambda X: pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0)),
}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_rows_are_made_dense(name):
    X = np.eye(4, 3)
    codes = check_table(TableTree(), SPARSE[name](X), reset=True)
    assert isinstance(codes, np.ndarray)
    assert codes.dtype == np.float64
    assert_array_equal(codes, X)


def test_sparse_columns_may_be_categories():
    X = sp.csr_array([[0.0, 3.0], [NAN, 0.0], [7.0, 3.0]])
    codes = check_table(TableTree(), X, reset=True, categorical_features=[0])
    assert_array_equal(codes, [[0, 3], [NAN, 0], [1, 3]])


@pytest.mark.parametrize("name", ["csr_array", "frame"])
def test_too_large_sparse_rows_are_refused(name, monkeypatch):
    X = SPARSE[name](np.eye(4, 3))
    tree = TableTree()
    monkeypatch.setattr(check, "DENSE_BYTES", 8 * 4 * 3)
    check_table(tree, X, reset=True)
    monkeypatch.setattr(check, "DENSE_BYTES", 8 * 4 * 3 - 1)
    with pytest.raises(ValueError, match=r"X is sparse.*DenseClassifier.*stream"):
        check_table(tree, X, reset=True)
    with pytest.raises(ValueError, match=r"X_val is sparse.*GiB.*Give fewer rows"):
        check_table(tree, X, reset=False, name="X_val")


def test_size_of_sparse_rows_is_told():
    X = sp.csr_array((2**20, 2**12))
    with pytest.raises(ValueError, match=r"take 32 GiB when dense; .* 0.25 GiB\. Use"):
        check_table(TableTree(), X, reset=True)


def test_infinity_in_sparse_rows_is_refused():
    X = sp.csr_array([[0.0, 1.0], [np.inf, 0.0]])
    with pytest.raises(ValueError, match=r"infinity \(row 1, column 0\)"):
        check_table(TableTree(), X, reset=True)
