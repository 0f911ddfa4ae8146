"""What may be given as ``model=``, and what a build function is told."""

from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    classifier,
    dense,
    keras_history,
    known,
    names,
    numbers,
    prebuilt,
    regressor,
)

# -- what may be given -----------------------------------------------------------------


class Builder:
    """Build functions that are not plain functions."""

    def __call__(self):
        return known()

    def method(self):
        return known()

    @classmethod
    def class_method(cls):
        return known()

    @staticmethod
    def static_method():
        return known()


BUILDERS = {
    "function": known,
    "function without a name": lambda: known(),
    "partial": partial(known, n_outputs=3),
    "callable object": Builder(),
    "bound method": Builder().method,
    "class method": Builder.class_method,
    "static method": Builder.static_method,
}


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_callable_is_trained_as_keras_does(kind):
    X, y = classes()
    estimator = KerasClassifier(BUILDERS[kind], loss=SPARSE, **IN_ORDER).fit(X, y)
    oracle = prebuilt(optimizer="rmsprop")
    assert_same_history(estimator, keras_history(oracle, X, y))
    assert_same_weights(estimator.model_, oracle)


class Subclassed(keras.Model):
    """A network without a graph of layers."""

    def __init__(self, units=8, n_outputs=3, activation="softmax"):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.last = keras.layers.Dense(n_outputs, activation=activation)

    def call(self, inputs):
        return self.last(self.hidden(inputs))


class WithKeywords(Subclassed):
    """A network that hands keywords on, such as its name, as those of Keras do."""

    def __init__(self, units=8, **kwargs):
        super().__init__(units)
        self.keywords = dict(kwargs)


class Layers(keras.Sequential):
    """A class which is a list of layers, and asks for `meta`."""

    def __init__(self, meta, units=8):
        last = keras.layers.Dense(meta["n_classes_"], activation="softmax")
        super().__init__(
            [
                keras.Input((meta["n_features_in_"],)),
                keras.layers.Dense(units, activation="relu"),
                last,
            ]
        )


@pytest.mark.parametrize("network", [Subclassed, Layers], ids=lambda c: c.__name__)
def test_class_is_called_with_the_routed_parameters(network):
    X, y = classes()
    estimator = KerasClassifier(network, loss=SPARSE, model__units=5, **QUICK)
    estimator.fit(X, y)
    assert isinstance(estimator.model_, network)
    assert [w.shape for w in estimator.model_.get_weights()] == [
        (4, 5),
        (5,),
        (5, 3),
        (3,),
    ]
    assert_allclose(estimator.predict_proba(X), estimator.model_(X), atol=1e-6)
    assert estimator.set_params(model__units=3).fit(X, y).model_.count_params() == 27


def test_class_that_takes_any_keyword_is_given_only_what_was_asked_for():
    X, y = classes()
    estimator = KerasClassifier(WithKeywords, loss=SPARSE, model__units=5, **QUICK)
    assert estimator.fit(X, y).model_.keywords == {}


def test_subclassed_network_is_trained_as_keras_does():
    X, y = classes()

    def build():
        model = Subclassed()
        model(X[:1])
        model.set_weights(known().get_weights())
        return model

    estimator = KerasClassifier(build, loss=SPARSE, **IN_ORDER).fit(X, y)
    oracle = prebuilt(optimizer="rmsprop")
    assert_same_history(estimator, keras_history(oracle, X, y))
    assert_same_weights(estimator.model_, oracle)


def functional():
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(hidden))


INSTANCES = {"sequential": dense, "functional": functional, "subclassed": Subclassed}


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "uncompiled"])
@pytest.mark.parametrize("kind", INSTANCES)
def test_prebuilt_network_is_trained_itself(kind, compiled):
    X, y = classes()
    model, oracle = INSTANCES[kind](), prebuilt(optimizer="sgd")
    model(X[:1])
    model.set_weights(oracle.get_weights())
    if compiled:
        model.compile("sgd", SPARSE)
        estimator = KerasClassifier(model, **IN_ORDER)
    else:
        estimator = KerasClassifier(model, optimizer="sgd", loss=SPARSE, **IN_ORDER)
    estimator.fit(X, y)
    assert estimator.model_ is estimator.model is model
    assert_same_history(estimator, keras_history(oracle, X, y))
    assert_same_weights(model, oracle)
    # A second fit goes on from the weights that the network has by now.
    assert_same_history(estimator.fit(X, y), keras_history(oracle, X, y))


def test_prebuilt_network_that_was_never_called_is_built_by_fit():
    X, y = classes()
    model = Subclassed()
    estimator = KerasClassifier(model, loss=SPARSE, **QUICK).fit(X, y)
    assert estimator.model_ is model
    assert model.count_params() == 4 * 8 + 8 + 8 * 3 + 3
    assert_array_equal(estimator.predict(X), model.predict(X, verbose=0).argmax(axis=1))


@pytest.mark.filterwarnings("error::UserWarning")
def test_clone_of_a_prebuilt_network_is_trained_apart():
    X, y = classes()
    model = prebuilt()
    before = [w.copy() for w in model.get_weights()]
    copy = clone(KerasClassifier(model, **QUICK))
    assert copy.model is not model
    assert_same_weights(copy.model, model)
    copy.fit(X, y)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert_array_equal(old, new)


# -- keyword arguments -----------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "model__"])
def test_arguments_of_the_build_function_are_parameters(prefix):
    X, y = classes()
    name = f"{prefix}hidden"
    estimator = KerasClassifier(classifier, loss=SPARSE, **{name: (5,)}, **QUICK)
    assert estimator.get_params()[name] == (5,)
    assert estimator.fit(X, y).model_.layers[0].units == 5
    assert estimator.set_params(**{name: (6, 3)}).fit(X, y).model_.layers[1].units == 3
    assert clone(estimator).get_params()[name] == (6, 3)


def test_routed_argument_overrides_the_plain_one():
    X, y = classes()
    estimator = KerasClassifier(
        classifier, loss=SPARSE, hidden=(5,), model__hidden=(6,), **QUICK
    )
    assert estimator.fit(X, y).model_.layers[0].units == 6


def test_defaults_of_the_build_function_hold_but_are_no_parameters():
    X, y = classes()
    estimator = KerasClassifier(classifier, loss=SPARSE, **QUICK)
    assert "hidden" not in estimator.get_params()
    assert estimator.fit(X, y).model_.layers[0].units == 8


def test_arguments_reach_the_build_function_as_they_are():
    X, y = classes()
    value, seen = object(), []

    def build(meta, thing):
        seen.append(thing)
        return classifier(meta)

    KerasClassifier(build, loss=SPARSE, thing=value, **QUICK).fit(X, y)
    KerasClassifier(build, loss=SPARSE, model__thing=value, **QUICK).fit(X, y)
    assert [thing is value for thing in seen] == [True, True]


def test_constructor_keeps_arguments_and_builds_nothing():
    def build():
        raise AssertionError("built too early")

    optimizer, callbacks = keras.optimizers.SGD(), [keras.callbacks.Callback()]
    given = {"optimizer": optimizer, "callbacks": callbacks, "hidden": [8]}
    estimator = KerasClassifier(build, loss=keras.losses.Hinge, **given)
    assert estimator.model is build
    assert estimator.loss is keras.losses.Hinge
    assert all(getattr(estimator, name) is value for name, value in given.items())
    assert not any(name.endswith("_") for name in vars(estimator))
    assert not estimator.initialized_


# -- what a build function is told -----------------------------------------------------


def told(estimator, X, y):
    """Keyword arguments with which the build function of `estimator` is called."""
    calls = []

    def build(**kwargs):
        calls.append(kwargs)
        build_it = classifier if "classes_" in kwargs["meta"] else regressor
        return build_it(kwargs["meta"])

    estimator.set_params(model=build).fit(X, y)
    (kwargs,) = calls
    return kwargs


def test_meta_of_a_classifier():
    X, y = names()
    meta = told(KerasClassifier(loss=SPARSE, **QUICK), X, y)["meta"]
    assert_array_equal(meta.pop("classes_"), ["apple", "pear", "plum"])
    assert meta.pop("target_encoder_").n_classes_ == 3
    assert_array_equal(meta.pop("feature_encoder_").transform(X), X)
    expected = {
        "n_classes_": 3,
        "target_type_": "multiclass",
        "n_features_in_": 4,
        "X_shape_": (60, 4),
        "X_dtype_": np.dtype("float32"),
        "y_dtype_": y.dtype,
        "y_ndim_": 1,
        "n_outputs_": 1,
        "n_outputs_expected_": 1,
    }
    assert {name: meta[name] for name in expected} == expected


@pytest.mark.parametrize("n_targets", [1, 2])
def test_meta_of_a_regressor(n_targets):
    X, y = numbers(n_targets)
    meta = told(KerasRegressor(loss="mse", **QUICK), X, y)["meta"]
    expected = {
        "target_type_": "continuous" + "-multioutput" * (n_targets - 1),
        "n_features_in_": 4,
        "X_shape_": (60, 4),
        "X_dtype_": np.dtype("float32"),
        "y_dtype_": np.dtype("float32"),
        "y_ndim_": n_targets,
        "n_outputs_": n_targets,
        "n_outputs_expected_": 1,
    }
    assert {name: meta[name] for name in expected} == expected
    assert {"target_encoder_", "feature_encoder_"} <= set(meta)
    assert not {"classes_", "n_classes_"} & set(meta)


def test_meta_of_a_second_fit_is_that_of_a_first_one():
    X, y = classes()
    estimator = KerasClassifier(loss=SPARSE, **QUICK)
    first = set(told(estimator, X, y)["meta"])
    assert set(told(estimator, X, y)["meta"]) == first
    assert not first & {"model_", "history_"}


def test_meta_names_the_columns_of_a_frame():
    X, y = classes()
    X = pd.DataFrame(X, columns=list("abcd"))
    meta = told(KerasClassifier(loss=SPARSE, **QUICK), X, y)["meta"]
    assert list(meta["feature_names_in_"]) == list("abcd")


def test_compile_kwargs_hold_objects():
    X, y = classes()
    estimator = KerasClassifier(
        loss=keras.losses.SparseCategoricalCrossentropy,
        optimizer="sgd",
        optimizer__learning_rate=0.5,
        metrics=["accuracy", keras.metrics.SparseCategoricalCrossentropy],
        **QUICK,
    )
    kwargs = told(estimator, X, y)["compile_kwargs"]
    assert set(kwargs) <= {
        "optimizer",
        "loss",
        "metrics",
        "loss_weights",
        "weighted_metrics",
        "run_eagerly",
    }
    assert isinstance(kwargs["optimizer"], keras.optimizers.SGD)
    assert_allclose(float(kwargs["optimizer"].learning_rate), 0.5)
    assert isinstance(kwargs["loss"], keras.losses.SparseCategoricalCrossentropy)
    assert kwargs["metrics"][0] == "accuracy"
    metric = keras.metrics.SparseCategoricalCrossentropy
    assert isinstance(kwargs["metrics"][1], metric)


def test_params_are_those_of_get_params():
    X, y = classes()
    estimator = KerasClassifier(
        loss=SPARSE, optimizer__learning_rate=0.1, hidden=(5,), **QUICK
    )
    params = told(estimator, X, y)["params"]
    assert params == estimator.get_params()
    assert params["optimizer"] == "rmsprop"  # as given, not an object


def test_what_is_not_asked_for_is_not_passed():
    X, y = classes()
    calls = []

    def any_keyword(**kwargs):
        calls.append(list(kwargs))
        return known()

    def only_meta(meta):
        calls.append(["meta"])
        return classifier(meta)

    for build in (any_keyword, only_meta, known):
        KerasClassifier(build, loss=SPARSE, **QUICK).fit(X, y)
    assert calls == [["meta", "compile_kwargs", "params"], ["meta"]]


def test_returning_a_network_uncompiled_or_compiled_is_the_same():
    X, y = classes()

    def compiled(compile_kwargs):
        model = known()
        model.compile(**compile_kwargs)
        return model

    parameters = {
        "loss": SPARSE,
        "optimizer": "adam",
        "optimizer__learning_rate": 0.01,
        "metrics": ["accuracy"],
        **QUICK,
    }
    one = KerasClassifier(known, **parameters).fit(X, y)
    other = KerasClassifier(compiled, **parameters).fit(X, y)
    assert_same_history(other, one.history_)
    assert_same_weights(one.model_, other.model_)
