"""A model whose one input, output, loss or metric stands in a list, tuple or dict."""

import warnings

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl import BaseWrapper, KerasClassifier, KerasRegressor
from skdl.estimators._scikeras import RegressorTargetEncoder
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    classes,
    columns,
    known,
    known_regressor,
    numbers,
)

FORMS = {
    "bare": lambda name, tensor: tensor,
    "list": lambda name, tensor: [tensor],
    "tuple": lambda name, tensor: (tensor,),
    "dict": lambda name, tensor: {name: tensor},
}


def network(input_form="bare", output_form="bare", pattern=known):
    """The network of `known` as a graph with its ends in some form."""
    model = pattern()
    inputs = keras.Input((4,), name="rows")
    outputs = keras.layers.Identity(name="answers")(model(inputs))
    return keras.Model(
        FORMS[input_form]("rows", inputs), FORMS[output_form]("answers", outputs)
    )


def by_keras(X, model=None):
    """What Keras predicts with a model's weights, as a bare array."""
    return np.asarray(keras.tree.flatten(model(X))[0])


@pytest.mark.parametrize(
    ("input_form", "output_form"),
    [("list", "list"), ("tuple", "tuple"), ("dict", "dict"), ("bare", "dict")],
)
def test_forms_of_input_and_output_change_nothing(input_form, output_form):
    X, y = classes(3)
    given = {"loss": SPARSE, "metrics": ["accuracy"], **QUICK}
    bare = KerasClassifier(network, **given).fit(X, y)
    other = KerasClassifier(
        network, input_form=input_form, output_form=output_form, **given
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of Keras, about the form of inputs
        other.fit(X, y)
        assert_array_equal(other.predict_proba(X), bare.predict_proba(X))
    assert other.history_ == bare.history_
    assert_array_equal(other.predict(X), bare.predict(X))
    assert other.score(X, y) == bare.score(X, y)


@pytest.mark.parametrize("output_form", ["list", "dict"])
def test_left_to_keras_it_is_the_same(output_form):
    X, y = classes(3)
    net = KerasClassifier(
        network, output_form=output_form, loss=SPARSE, run_eagerly=True, **QUICK
    )
    net.fit(X, y)
    assert_allclose(net.predict_proba(X), by_keras(X, net.model_), atol=1e-6)
    assert_array_equal(net.predict(X, steps=1, batch_size=60), net.predict(X))


@pytest.mark.parametrize(
    ("wrapper", "output_form"), [(KerasRegressor, "list"), (BaseWrapper, "dict")]
)
def test_numbers(wrapper, output_form):
    X, y = numbers()
    given = {"output_form": output_form, "pattern": known_regressor}
    net = wrapper(network, loss="mse", **given, **QUICK).fit(X, y)
    expected = by_keras(X, net.model_)
    assert_allclose(np.ravel(net.predict(X)), np.ravel(expected), atol=1e-6)
    assert len(net.predict(X[:1])) == 1


def test_initialized_without_a_fit():
    X, y = classes(3)
    net = KerasClassifier(network, output_form="dict", loss=SPARSE).initialize(X, y)
    assert_allclose(net.predict_proba(X), by_keras(X, net.model_), atol=1e-6)


class Calling(keras.Model):
    """A class of a user that gives its output in a form."""

    def __init__(self, form):
        super().__init__()
        self.form, self.last = form, keras.layers.Dense(3, activation="softmax")

    def call(self, inputs):
        return FORMS[self.form]("answers", self.last(inputs))


@pytest.mark.parametrize("form", ["list", "dict"])
def test_class_that_returns_a_list_or_dict(form):
    X, y = classes(3)
    net = KerasClassifier(Calling, form=form, loss=SPARSE, **QUICK).fit(X, y)
    assert_allclose(net.predict_proba(X), by_keras(X, net.model_), atol=1e-6)
    assert_array_equal(net.predict(X), by_keras(X, net.model_).argmax(axis=1))


class AsKerasGives(RegressorTargetEncoder):
    """An encoder of a user who knows that outputs are a dict."""

    def inverse_transform(self, y):
        return super().inverse_transform(y["answers"])


def test_encoder_of_ones_own_is_given_what_keras_gives():
    class Regressor(KerasRegressor):
        target_encoder = property(lambda self: AsKerasGives())

    X, y = numbers()
    given = {"output_form": "dict", "pattern": known_regressor}
    net = Regressor(network, loss="mse", **given, **QUICK).fit(X, y)
    assert_allclose(net.predict(X), by_keras(X, net.model_)[:, 0], atol=1e-6)


LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize("loss", [LOGITS, [LOGITS], {"answers": LOGITS}])
def test_logits_of_a_loss_in_a_list(loss):
    X, y = classes(3)
    form = "dict" if isinstance(loss, dict) else "list"
    given = {"output_form": form, "pattern": lambda: known(activation="linear")}
    net = KerasClassifier(network, loss=loss, **given, **QUICK).fit(X, y)
    logits = by_keras(X, net.model_).astype(float)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert_allclose(net.predict_proba(X), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "compiled"),
    [("categorical_crossentropy", False), ("categorical_crossentropy", True)],
)
def test_labels_are_encoded_for_a_loss_in_a_list(loss, compiled):
    def build(compile_kwargs):
        model = network(output_form="list")
        if compiled:
            model.compile("sgd", [loss])
        return model

    X, y = classes(3)
    given = {} if compiled else {"loss": [loss], "optimizer": "sgd"}
    net = KerasClassifier(build, **given, **QUICK).fit(X, y)
    bare = KerasClassifier(known, loss=SPARSE, optimizer="sgd", **QUICK).fit(X, y)
    assert_allclose(net.predict_proba(X), bare.predict_proba(X), atol=1e-6)


def test_going_on():
    X, y = classes(3)
    given = {"loss": SPARSE, "metrics": ["accuracy"], **QUICK}  # traced above
    net = KerasClassifier(network, input_form="list", output_form="list", **given)
    net.fit(X, y)
    bare = KerasClassifier(network, **given).fit(X, y)
    for each in (net, bare):
        each.partial_fit(X, y, sample_weight=np.arange(60))
    assert_array_equal(net.predict_proba(X), bare.predict_proba(X))
    assert_array_equal(net.predict(columns(7)), bare.predict(columns(7)))
