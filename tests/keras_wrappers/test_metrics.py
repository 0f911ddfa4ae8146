"""Metrics in every form have the values and names that Keras gives them."""

from functools import cache

import keras
import pytest
from keras import metrics
from numpy.testing import assert_allclose

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    classes,
    keras_history,
    known,
    known_regressor,
    numbers,
    prebuilt,
)

# -- metrics ---------------------------------------------------------------------------


def hits(y_true, y_pred):
    """A metric of a user: the share of rows whose best class is right."""
    best = keras.ops.argmax(y_pred, axis=-1)
    y_true = keras.ops.reshape(y_true, keras.ops.shape(best))
    return keras.ops.cast(best == keras.ops.cast(y_true, best.dtype), "float32")


class LargestProbability(metrics.Metric):
    """A metric of a user with a state: the largest probability of an epoch."""

    def __init__(self, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.largest = self.add_weight(name="largest", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        top = keras.ops.max(y_pred)
        self.largest.assign(keras.ops.maximum(self.largest, top))

    def result(self):
        return self.largest

    def reset_state(self):
        self.largest.assign(0.0)


class AsTensor(LargestProbability):
    """The same, whose result is not a variable itself but computed from it."""

    def result(self):
        return keras.ops.convert_to_tensor(self.largest) * 1.0


ACCURACY = "sparse_categorical_accuracy"
# What is given: the names in the history, and of the metric that has these values.
METRICS = {
    "list": (["accuracy"], {"accuracy": ACCURACY}),
    "single": ("accuracy", {"accuracy": ACCURACY}),
    "short": (["acc"], {"acc": ACCURACY}),
    "string": ([ACCURACY], {ACCURACY: ACCURACY}),
    "class": ([metrics.SparseCategoricalAccuracy], {ACCURACY: ACCURACY}),
    "single class": (metrics.SparseCategoricalAccuracy, {ACCURACY: ACCURACY}),
    "function": ([metrics.sparse_categorical_accuracy], {ACCURACY: ACCURACY}),
    "function of a user": ([hits], {"hits": ACCURACY}),
    "class of a user": ([LargestProbability], {"largest": "largest"}),
    "class with a tensor": ([AsTensor], {"largest": "largest"}),
    "several": (["accuracy", SPARSE], {"accuracy": ACCURACY, SPARSE: SPARSE}),
    "dict": ({"last": ["accuracy", hits]}, {"accuracy": ACCURACY, "hits": ACCURACY}),
    "nested list": ([["accuracy", hits]], {"accuracy": ACCURACY, "hits": ACCURACY}),
    "none": ([], {}),
}
METRIC_OBJECTS = {
    "instance": lambda: [metrics.SparseCategoricalAccuracy(name="mine")],
    "single instance": lambda: metrics.SparseCategoricalAccuracy(name="mine"),
    "instance of a user": lambda: [LargestProbability(name="mine")],
}


def with_a_named_output():
    model = known()
    last = keras.layers.Dense(3, activation="softmax", name="last")
    inputs, hidden = model.inputs[0], model.layers[0].output
    named = keras.Model(inputs, last(hidden))
    named.set_weights(model.get_weights())
    return named


@cache
def all_metrics():
    """Keras's history with every metric, and with their values on validation rows."""
    X, y = classes()
    # its `val_` would count as the value of training, were the variable the result
    model = prebuilt(metrics=[ACCURACY, SPARSE, AsTensor()])
    return keras_history(model, X[::-1], y[::-1], validation_split=0.2)


def with_metrics(given, expected):
    """Compare a fit with the metrics `given` with Keras's values of `expected`."""
    X, y = classes()
    estimator = KerasClassifier(
        with_a_named_output, loss=SPARSE, metrics=given, validation_split=0.2
    )
    estimator.set_params(**IN_ORDER).fit(X[::-1], y[::-1])
    names_of = {"loss": "loss", **expected}
    names_of.update({f"val_{k}": f"val_{v}" for k, v in names_of.items()})
    history = {name: all_metrics()[of] for name, of in names_of.items()}
    assert_same_history(estimator, history)


@pytest.mark.parametrize("form", METRICS)
def test_metrics(form):
    with_metrics(*METRICS[form])


@pytest.mark.parametrize("form", METRIC_OBJECTS)
def test_metric_objects(form):
    of = "largest" if "user" in form else ACCURACY
    with_metrics(METRIC_OBJECTS[form](), {"mine": of})


def test_name_of_a_metric_is_its_own_in_every_fit():
    X, y = classes()
    for name in ("one", "other"):
        metric = metrics.SparseCategoricalAccuracy(name=name)
        estimator = KerasClassifier(known, loss=SPARSE, metrics=[metric], **QUICK)
        assert set(estimator.fit(X, y).history_) == {"loss", name}


@pytest.mark.parametrize("compiled", [False, True])
def test_short_names_of_metrics_are_spelled_out_in_the_history(compiled):
    X, y = numbers()

    def build():
        model = known_regressor()
        if compiled:
            model.compile("rmsprop", "mse", metrics=["mae"])
        return model

    estimator = KerasRegressor(build, loss="mse", metrics=["mae"], **QUICK).fit(X, y)
    assert set(estimator.history_) == {"loss", "mean_absolute_error"}
    estimator.partial_fit(X, y)
    assert len(estimator.history_["mean_absolute_error"]) == 3


def test_metric_of_a_regressor_is_the_score_of_scikit_learn():
    X, y = numbers()
    y = y[:, None]  # Keras's metric wants it so
    estimator = KerasRegressor(
        known_regressor, loss="mse", metrics=[metrics.R2Score], **QUICK
    ).fit(X, y)
    evaluated = estimator.model_.evaluate(X, y, verbose=0)
    assert set(estimator.history_) == {"loss", "r2_score"}
    assert_allclose(evaluated[1], estimator.score(X, y), rtol=1e-4)
