"""X, y and weights that cannot be used are refused, with a remedy."""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tests.keras_wrappers._networks import (
    classes,
    classifier,
)
from tests.keras_wrappers._rows import NAMES, flattened, tenths
from tests.keras_wrappers._several import targets, three_classes

X0, Y0 = tenths()


def put(value, place=(3, 1), X=X0, dtype=float):
    X = X.astype(dtype)
    X[place] = value
    return X


def framed(**columns):
    return pd.DataFrame(X0, columns=NAMES).assign(**columns)


REFUSED = {
    "NaN": (put(np.nan), r"Input X contains NaN \(row 3, column 1\). Fill the gaps"),
    "infinity": (put(-np.inf), r"X contains infinity \(row 3, column 1\). Replace"),
    "NaN in a frame": (
        framed(depth=np.where(np.arange(60) == 3, np.nan, 1.0)),
        r"NaN \(row 3, column 'depth'\)",
    ),
    "NaN in sparse": (sp.csr_array(put(np.nan)), r"NaN \(row 3, column 1\)"),
    "NaN in four axes": (
        put(np.nan, (3, 1, 0, 0), X0.reshape(60, 2, 2, 1)),
        r"NaN \(at \[3, 1, 0, 0\]\)",
    ),
    "missing in a nullable frame": (
        framed(depth=pd.array([None] + [1] * 59, dtype="Int64")),
        r"NaN \(row 0, column 'depth'\)",
    ),
    "huge": (put(1e300), r"X\[3, 1\]=1e\+300 is too large for float32.*Rescale X"),
    "huge in sparse": (sp.csr_array(put(1e300)), r"1e\+300 is too large for float32"),
    "complex": (X0 + 1j, "Complex data not supported"),
    "a column of text": (
        framed(colour="red"),
        "Column 'colour' of X holds text, for example 'red'.*OneHotEncoder",
    ),
    "a column of categories": (
        framed(colour=pd.Categorical(["red", "blue"] * 30)),
        "Column 'colour' of X holds text",
    ),
    "an array of text": (put("red", dtype=object), "could not convert.*OneHotEncoder"),
    "a column of dates": (
        framed(day=pd.Timestamp("2020-01-01")),
        "Column 'day' of X holds dates or times. Turn dates",
    ),
    "an array of dates": (X0.astype("datetime64[s]"), "X holds dates or times. Turn"),
    "no rows": (X0[:0], "0 sample.*Give at least one row"),
    "no columns": (X0[:, :0], "0 feature.*Give at least one row and one column"),
    "one axis": (X0[:, 0], "Expected 2D array.*Reshape"),
    "no axis": (np.float64(3.5), "Expected 2D array.*Reshape|scalar|0 dim"),
    "nothing": (None, "X.*None|None.*X|Expected 2D array"),
    "None in a list": (
        put(None, dtype=object).tolist(),
        r"X contains NaN \(row 3, column 1\)",
    ),
    "lists of different lengths": ([[1.0], *X0[1:].tolist()], "inhomogeneous|differ"),
    "fewer rows": (X0[1:], "X has 59 rows, but y has 60. Give one target"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_fit(case):
    X, message = REFUSED[case]
    y = Y0[:0] if case == "no rows" else Y0
    model = flattened if getattr(X, "ndim", 2) == 4 else classifier
    estimator = three_classes(model)
    before = dict(vars(estimator))
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        estimator.fit(X, y)
    assert vars(estimator) == before


ANOTHER = {"NaN in four axes", "no rows", "fewer rows"}
FOUR_COLUMNS = [
    case
    for case in REFUSED.keys() - ANOTHER
    if getattr(REFUSED[case][0], "shape", ())[1:] == (4,)
]


@pytest.mark.parametrize("case", sorted(FOUR_COLUMNS))
def test_refused_by_predict(case):
    X, message = REFUSED[case]
    container = pd.DataFrame(X0, columns=NAMES) if hasattr(X, "iloc") else X0
    estimator = three_classes().fit(container, Y0)
    for method in (estimator.predict, estimator.predict_proba):
        with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
            method(X)


def test_no_rows_to_predict():
    estimator = three_classes().fit(X0, Y0)
    with pytest.raises(ValueError, match=r"0 sample.*Give at least one row"):
        estimator.predict(X0[:0])


def test_huge_values_in_a_network_of_float64():
    def network(meta):
        layer = keras.layers.Dense(1, dtype="float64")
        return keras.Sequential([keras.Input((4,), dtype="float64"), layer])

    X = np.ones((8, 4))
    estimator = targets(network, optimizer="sgd").fit(X, np.ones(8))
    with pytest.raises(ValueError, match="too large for float32"):
        estimator.predict(1e300 * X)


REFUSED_Y = {
    "NaN": (put(np.nan, 3, Y0), "Input y contains NaN"),
    "infinity": (put(np.inf, 3, Y0), "Input y contains infinity"),
    "numbers": (X0[:, 0] + 0.5, "continuous"),
    "nothing": (None, "requires y to be passed, but the target y is None. Give one"),
    "a single one": (3, "y|scalar"),
    "fewer": (Y0[:59], "X has 60 rows, but y has 59. Give one target"),
}


@pytest.mark.parametrize("case", REFUSED_Y)
def test_refused_targets(case):
    y, message = REFUSED_Y[case]
    with pytest.raises((ValueError, TypeError), match=message):
        three_classes().fit(X0, y)


NO_NUMBERS = {
    "text": (["red"] * 60, "numeric values"),
    "None": ([1.0] * 59 + [None], "y contains NaN"),
    "dates": (pd.date_range("2020", periods=60), "y.*(dates|datetime)"),
    "complex": (1j * Y0, "Complex data not supported"),
    "huge": (1e300 + Y0, r"y.*1e\+300 is too large for float32.*Rescale"),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("case", NO_NUMBERS)
def test_refused_numbers(case):
    y, message = NO_NUMBERS[case]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        targets().fit(X0, y)


def test_text_of_any_kind_is_the_same_label():
    X, y = classes(3)
    text = np.array(["a", "bb", "ccc"])[y]
    others = [text.astype("U9"), text.astype(object), pd.Series(text), text.tolist()]
    scores = set()
    for first in (text, others[1]):
        estimator = three_classes().fit(X, first)
        scores |= {estimator.score(X, other) for other in [text, *others]}
    assert len(scores) == 1


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score", "partial_fit"])
def test_nothing_in_the_place_of_data(method):
    estimator = three_classes().fit(X0, Y0)
    given = [None, Y0] if method in ("score", "partial_fit") else [None]
    with pytest.raises((ValueError, TypeError), match=r"X.*None|None.*X|array"):
        getattr(estimator, method)(*given)
    if method == "partial_fit":
        with pytest.raises(ValueError, match="requires y to be passed"):
            estimator.partial_fit(X0, None)


def test_validation_rows_of_another_width():
    X, y = classes(3)
    with pytest.raises(ValueError, match=r"3 features.*expecting 4"):
        three_classes().fit(X, y, X_val=X[:, :3], y_val=y)
    with pytest.raises(ValueError, match=r"y_val=None.*Pass both"):
        three_classes().fit(X, y, X_val=X)
