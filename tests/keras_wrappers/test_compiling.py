"""Optimizers, losses and metrics in every form: trained and named as Keras does."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import losses, metrics, optimizers
from numpy.testing import assert_allclose
from sklearn.base import clone

from skdl import KerasClassifier
from tests.keras_wrappers._comparing import compare, compare_with
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
    numbers,
    prebuilt,
    split_columns,
    two_heads,
)
from tests.keras_wrappers._several import TwoTargets

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


def known_heads(meta):
    model = two_heads(meta)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


OUTPUTS = {
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
