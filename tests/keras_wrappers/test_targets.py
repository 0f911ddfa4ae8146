"""Containers of targets, and rows for validation as Keras takes them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.keras_wrappers._networks import (
    classes,
    numbers,
)
from tests.keras_wrappers._rows import tenths
from tests.keras_wrappers._several import targets, three_classes

# -- targets ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected():
    X, y = tenths()
    return three_classes().fit(X, y).predict_proba(X)


CONTAINERS_OF_Y = {
    "list": list,
    "Series": pd.Series,
    "Series with an index": lambda y: pd.Series(y, index=range(100, 160)),
    "nullable Series": lambda y: pd.Series(y, dtype="Int64"),
    "category": lambda y: pd.Series(y, dtype="category"),
    "read-only": lambda y: np.frombuffer(y.tobytes(), dtype=y.dtype),
    "int8": lambda y: y.astype("int8"),
    "float": lambda y: y.astype(float),
}


@pytest.mark.parametrize("container", CONTAINERS_OF_Y)
def test_container_of_labels(container, expected):
    X, y = tenths()
    estimator = three_classes().fit(X, CONTAINERS_OF_Y[container](y))
    assert_array_equal(estimator.predict_proba(X), expected)
    assert estimator.score(X, CONTAINERS_OF_Y[container](y)) == np.mean(
        expected.argmax(axis=1) == y
    )


def test_frame_of_targets():
    X, Y = numbers(2)
    by_frame = targets().fit(X, pd.DataFrame(Y, columns=["left", "right"]))
    assert_array_equal(by_frame.predict(X), targets().fit(X, Y).predict(X))


# -- validation_data, which go to the model as they are --------------------------------

VALIDATION = {
    "as for fit": lambda X, y: (X, y),
    "a list": lambda X, y: [X, y],
    "float64": lambda X, y: (X.astype(float), y.astype(float)),
    "integers": lambda X, y: (X.astype(int), y.astype("int32")),
    "column of targets": lambda X, y: (X, y[:, None]),
    "frames": lambda X, y: (pd.DataFrame(X), pd.Series(y)),
    "lists": lambda X, y: (X.tolist(), y.tolist()),
    "weights": lambda X, y: (X, y, np.linspace(0, 2, 60)),
    "a list of weights": lambda X, y: (X, y, [1] * 30 + [2] * 30),
}


MADE = [
    *[(targets, form) for form in VALIDATION],
    *[(three_classes, form) for form in ("as for fit", "lists", "weights")],
]


@pytest.mark.parametrize(("make", "form"), MADE)
def test_validation_data(make, form):
    X, y = classes(3) if make is three_classes else numbers()
    data = VALIDATION[form](X, y)
    estimator = make().fit(X, y, validation_data=data)
    arrays = [np.asarray(part) for part in data]
    estimator.model_.run_eagerly = True  # tracing would take longer
    expected = estimator.model_.evaluate(*arrays[:2], 20, 0, *arrays[2:])
    assert_allclose(estimator.history_["val_loss"][-1], expected, rtol=1e-5)


BAD_VALIDATION = {
    "other columns": lambda X, y: (X[:, :3], y),
    "fewer targets": lambda X, y: (X, y[:9]),
    "fewer weights": lambda X, y: (X, y, np.ones(9)),
}


@pytest.mark.parametrize("form", BAD_VALIDATION)
def test_wrong_validation_data(form):
    X, y = numbers()
    with pytest.raises(ValueError, match=r"9|[Ii]ncompatible|expect|shape"):
        targets().fit(X, y, validation_data=BAD_VALIDATION[form](X, y))
