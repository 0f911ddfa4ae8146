"""Optimizers, losses and metrics in every form: trained and named as Keras does."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import losses, metrics, optimizers
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    compiled_classifier,
    keras_history,
    known,
    known_regressor,
    labels,
    names,
    numbers,
    prebuilt,
    split_columns,
    two_heads,
)


def compare(estimator, oracle, X, y, keras_y=None, **kwargs):
    """Train both in the same order and compare them; the fitted estimator."""
    estimator.set_params(**IN_ORDER).fit(X, y, **kwargs)
    keras_y = y if keras_y is None else keras_y
    assert_same_history(estimator, keras_history(oracle, X, keras_y, **kwargs))
    assert_same_weights(estimator.model_, oracle)
    return estimator


def compare_with(trained, estimator, X, y):
    """The same with a network that Keras has trained already, and its history."""
    model, history = trained
    estimator.set_params(**IN_ORDER).fit(X, y)
    assert_same_history(estimator, history)
    assert_same_weights(estimator.model_, model)
    return estimator


# -- optimizers ------------------------------------------------------------------------

OPTIMIZERS = {
    "adam": lambda: optimizers.Adam(),
    "rmsprop": lambda: optimizers.RMSprop(),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "weight decay": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "clipped": lambda: optimizers.Adam(0.01, global_clipnorm=0.1),
    "average": lambda: optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5),
}


@cache
def trained_by(optimizer):
    model = prebuilt(optimizer=OPTIMIZERS[optimizer]())
    return model, keras_history(model, *classes())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer):
    given = OPTIMIZERS[optimizer]()
    estimator = KerasClassifier(known, loss=SPARSE, optimizer=given)
    compare_with(trained_by(optimizer), estimator, *classes())
    assert type(estimator.model_.optimizer) is type(given)


@pytest.mark.parametrize(
    "given", ["adam", "Adam", optimizers.Adam], ids=["string", "name", "class"]
)
def test_forms_of_an_optimizer(given):
    estimator = KerasClassifier(known, loss=SPARSE, optimizer=given)
    compare_with(trained_by("adam"), estimator, *classes())
    assert type(estimator.model_.optimizer) is optimizers.Adam


def test_default_optimizer_is_rmsprop():
    estimator = KerasClassifier(known, loss=SPARSE)
    compare_with(trained_by("rmsprop"), estimator, *classes())


def test_instances_given_as_parameters_are_never_used_themselves():
    X, y = classes()
    optimizer = optimizers.Adam(0.01)
    metric = metrics.SparseCategoricalAccuracy()
    estimator = KerasClassifier(
        known, loss=SPARSE, optimizer=optimizer, metrics=[metric], **IN_ORDER
    )
    first = estimator.fit(X, y).history_
    assert not optimizer.built
    assert int(optimizer.iterations) == 0
    assert float(metric.result()) == 0
    assert estimator.model_.optimizer is not optimizer
    assert estimator.optimizer is optimizer
    assert estimator.metrics[0] is metric
    assert_same_history(estimator.fit(X, y), first)
    assert_same_history(clone(estimator).fit(X, y), first)


# -- losses ----------------------------------------------------------------------------


def squared(y_true, y_pred):
    """A loss of a user: the mean of squares, with the shape of y put right."""
    y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


class Powered(losses.Loss):
    """A loss of a user with a parameter."""

    def __init__(self, power=4.0, name="powered"):
        super().__init__(name=name)
        self.power = power

    def call(self, y_true, y_pred):
        y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
        return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** self.power, axis=-1)


@keras.saving.register_keras_serializable(package="skdl_tests")
class Registered(Powered):
    """The same, known to Keras by name."""


@keras.saving.register_keras_serializable(package="skdl_tests")
def registered_squared(y_true, y_pred):
    return squared(y_true, y_pred)


KERAS_LOSSES = {"mse": "mse", "huber": losses.Huber(0.5), "powered": Registered()}
# What is given, and what Keras is given for it.
REGRESSION_LOSSES = {
    "string": ("mean_squared_error", "mse"),
    "short string": ("mse", "mse"),
    "name of a class": ("MeanSquaredError", "mse"),
    "class": (losses.MeanSquaredError, "mse"),
    "instance": (losses.Huber(0.5), "huber"),
    "function": (losses.mean_squared_error, "mse"),
    "function of a user": (squared, "mse"),
    "class of a user": (Powered, "powered"),
    "instance of a user": (Powered(4.0), "powered"),
    "registered class": (Registered, "powered"),
    "registered function": (registered_squared, "mse"),
}


@cache
def trained_on(loss):
    model = known_regressor()
    model.compile("rmsprop", KERAS_LOSSES[loss])
    return model, keras_history(model, *numbers())


@pytest.mark.parametrize("form", REGRESSION_LOSSES)
def test_losses(form):
    loss, expected = REGRESSION_LOSSES[form]
    estimator = KerasRegressor(known_regressor, loss=loss)
    compare_with(trained_on(expected), estimator, *numbers())


def test_parameter_of_a_loss_of_a_user():
    X, y = numbers()
    oracle = known_regressor()
    oracle.compile("rmsprop", Powered(2.5))
    estimator = KerasRegressor(known_regressor, loss=Powered, loss__power=2.5)
    assert compare(estimator, oracle, X, y).model_.loss.power == 2.5


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        "CategoricalCrossentropy",
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy,
        losses.CategoricalCrossentropy(),
    ],
    ids=["string", "name of a class", "function", "class", "instance"],
)
def test_targets_are_one_hot_for_the_categorical_loss(loss):
    X, y = names()
    model, history = trained_one_hot()
    estimator = KerasClassifier(known, loss=loss)
    compare_with((model, history), estimator, X, y)
    expected = np.unique(y)[model.predict(X, verbose=0).argmax(axis=1)]
    assert_array_equal(estimator.predict(X), expected)


@cache
def trained_one_hot():
    X, y = classes()
    model = prebuilt("categorical_crossentropy")
    return model, keras_history(model, X, np.eye(3)[y])


def test_one_hot_targets_for_a_compiled_network_need_the_loss_to_be_named():
    X, y = classes()
    loss = "categorical_crossentropy"
    compare_with(trained_one_hot(), KerasClassifier(prebuilt(loss), loss=loss), X, y)


# -- logits ----------------------------------------------------------------------------


def logits(n_outputs=3):
    return known(n_outputs, "linear", seed=1)


FROM_LOGITS = {
    "routed": {
        "loss": losses.SparseCategoricalCrossentropy,
        "loss__from_logits": True,
    },
    "instance": {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)},
    "one-hot": {"loss": losses.CategoricalCrossentropy(from_logits=True)},
}


@cache
def trained_on_logits():
    model = logits()
    model.compile("rmsprop", losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, keras_history(model, *classes())


@pytest.mark.parametrize("form", FROM_LOGITS)
def test_logits_of_several_classes(form):
    X, y = names()
    estimator = KerasClassifier(logits, **FROM_LOGITS[form])
    compare_with(trained_on_logits(), estimator, X, y)
    raw = trained_on_logits()[0].predict(X, verbose=0)
    softmax = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    assert_allclose(estimator.predict_proba(X), softmax, atol=1e-5)
    assert_array_equal(estimator.predict(X), np.unique(y)[raw.argmax(axis=1)])


def test_logits_of_two_classes():
    X, y = classes(2)
    oracle = logits(1)
    oracle.compile("rmsprop", losses.BinaryCrossentropy(from_logits=True))
    estimator = KerasClassifier(
        logits, n_outputs=1, loss=losses.BinaryCrossentropy, loss__from_logits=True
    )
    compare(estimator, oracle, X, y)
    raw = oracle.predict(X, verbose=0)[:, 0]
    sigmoid = 1 / (1 + np.exp(-raw))
    expected = np.column_stack([1 - sigmoid, sigmoid])
    assert_allclose(estimator.predict_proba(X), expected, atol=1e-5)
    assert_array_equal(estimator.predict(X), (raw > 0).astype(int))
    assert 0 < estimator.predict(X).sum() < len(y)


def test_logits_of_labels():
    X, y = labels()
    estimator = KerasClassifier(
        logits, loss=losses.BinaryCrossentropy(from_logits=True), **QUICK
    ).fit(X, y)
    raw = estimator.model_.predict(X, verbose=0)
    assert_allclose(estimator.predict_proba(X), 1 / (1 + np.exp(-raw)), atol=1e-5)
    assert_array_equal(estimator.predict(X), (raw > 0).astype(int))


def test_logits_of_a_network_that_its_build_function_compiled():
    X, y = classes()

    def build():
        model = logits()
        model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    estimator = KerasClassifier(build, **QUICK).fit(X, y)
    assert_allclose(estimator.predict_proba(X).sum(axis=1), 1, atol=1e-5)


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


# -- compiled networks keep what they were compiled with -------------------------------


def test_compiled_network_ignores_the_parameters_of_compile():
    X, y = classes()

    def build():
        return prebuilt(optimizer=optimizers.SGD(0.3), metrics=["accuracy"])

    estimator = KerasClassifier(build, optimizer="adam", metrics=["crossentropy"])
    compare(estimator, build(), X, y)
    assert isinstance(estimator.model_.optimizer, optimizers.SGD)
    assert set(estimator.history_) == {"loss", "accuracy"}


def test_loss_chosen_by_the_build_function():
    for n_classes, expected in ((2, "binary_crossentropy"), (3, SPARSE)):
        X, y = classes(n_classes)
        estimator = KerasClassifier(compiled_classifier, **QUICK).fit(X, y)
        assert estimator.model_.loss == expected
        assert estimator.score(X, y) >= 0


def test_other_spelling_of_the_compiled_loss_is_no_mismatch():
    X, y = classes()
    loss = losses.SparseCategoricalCrossentropy
    for compiled, given in ((loss(), SPARSE), (SPARSE, loss()), (SPARSE, loss)):
        KerasClassifier(prebuilt(compiled), loss=given, **QUICK).fit(X, y)


# -- weights, several outputs, eager ---------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_weighted_metrics(weighted):
    X, y = classes()
    weights = np.linspace(0.1, 2, len(y)).astype("float32")
    kind = "weighted_metrics" if weighted else "metrics"
    oracle = prebuilt(**{kind: ["accuracy"]})
    given = "compile__weighted_metrics" if weighted else "metrics"
    estimator = KerasClassifier(known, loss=SPARSE, **{given: ["accuracy"]})
    compare(estimator, oracle, X, y, sample_weight=weights)


class TwoTargets(KerasRegressor):
    """A regressor for `two_heads`: each column of y is an output."""

    @property
    def target_encoder(self):
        return FunctionTransformer(split_columns)


def known_heads(meta):
    model = two_heads(meta)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


OUTPUTS = {
    "one loss": {"loss": "mse"},
    "list": {
        "loss": ["mse", "mae"],
        "metrics": [["mae"], ["mse"]],
        "loss_weights": [0.2, 3.0],
    },
    "dict": {
        "loss": {"a": "mse", "b": "mae"},
        "metrics": {"b": ["mse"]},
        "loss_weights": {"a": 0.2, "b": 3.0},
    },
}


@pytest.mark.parametrize("form", OUTPUTS)
def test_two_outputs(form):
    X, y = numbers(2)
    given = dict(OUTPUTS[form])
    oracle = known_heads({"n_features_in_": 4})
    oracle.compile("rmsprop", **given)
    if "loss_weights" in given:
        given["compile__loss_weights"] = given.pop("loss_weights")
    expected = keras_history(oracle, X, split_columns(y))
    estimator = TwoTargets(known_heads, **given, **IN_ORDER).fit(X, y)
    assert_same_weights(estimator.model_, oracle)
    assert_allclose(estimator.history_["loss"], expected["loss"], rtol=1e-4)
    assert len(estimator.history_) == len(expected)


@pytest.mark.parametrize("prefix", ["", "compile__"])
def test_eager_training_gives_the_same(prefix):
    X, y = classes()
    eager = []

    def look(y_true, y_pred):
        import tensorflow as tf

        eager.append(tf.executing_eagerly())
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    estimator = KerasClassifier(known, loss=look, **{f"{prefix}run_eagerly": True})
    compare(estimator, prebuilt(), X, y)
    assert estimator.model_.run_eagerly
    assert eager
    assert all(eager)


def test_network_stays_compiled_and_useful():
    X, y = classes()
    estimator = KerasClassifier(
        known, loss=SPARSE, optimizer="adam", metrics=["accuracy"], **QUICK
    ).fit(X, y)
    model = estimator.model_
    assert model.compiled
    loss, accuracy = model.evaluate(X, y, verbose=0)
    assert_allclose(accuracy, estimator.score(X, y), atol=1e-6)
    right = estimator.predict_proba(X)[np.arange(len(y)), y]
    assert_allclose(loss, -np.log(right).mean(), rtol=1e-4)
    # Training by hand goes on from here.
    model.fit(X, y, epochs=3, verbose=0)
    assert model.evaluate(X, y, verbose=0)[0] < loss
