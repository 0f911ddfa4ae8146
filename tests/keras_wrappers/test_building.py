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
    compiled_classifier,
    dense,
    keras_history,
    known,
    known_regressor,
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
    assert_allclose(
        estimator.predict_proba(X), estimator.model_.predict(X, verbose=0), atol=1e-6
    )
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


# -- subclasses ------------------------------------------------------------------------


class MLP(KerasClassifier):
    """A self-contained estimator: parameters in its signature, network in a method."""

    def __init__(self, hidden=(8,), optimizer="adam", epochs=2, random_state=0, **rest):
        super().__init__(**rest)
        self.hidden = hidden
        self.optimizer = optimizer
        self.epochs = epochs
        self.random_state = random_state

    def _keras_build_fn(self, compile_kwargs):
        model = dense(self.n_features_in_, self.hidden, self.n_classes_)
        assert self.target_type_ == "multiclass"
        model.compile(compile_kwargs["optimizer"], SPARSE)
        return model


class Handing(KerasRegressor):
    """A subclass that hands a parameter of its own on to ``super().__init__``."""

    def __init__(self, hidden=(8,), loss="mse", epochs=2, **rest):
        super().__init__(hidden=hidden, loss=loss, epochs=epochs, **rest)

    def _keras_build_fn(self, hidden, meta):
        return regressor(meta, hidden)


def test_subclass_with_a_signature_and_a_build_method():
    X, y = names()
    estimator = MLP(hidden=(5,), optimizer__learning_rate=0.5).fit(X, y)
    assert estimator.model_.layers[0].units == 5
    assert isinstance(estimator.model_.optimizer, keras.optimizers.Adam)
    assert_allclose(float(estimator.model_.optimizer.learning_rate), 0.5)
    assert set(estimator.predict(X)) <= {"apple", "pear", "plum"}
    assert len(estimator.history_["loss"]) == 2


@pytest.mark.parametrize("cls", [MLP, Handing], ids=lambda c: c.__name__)
def test_parameters_of_a_subclass_are_real_ones(cls):
    X, y = classes() if cls is MLP else numbers()
    estimator = cls(hidden=(5,))
    assert estimator.get_params()["hidden"] == (5,)
    copy = clone(estimator).set_params(hidden=(3,), epochs=1)
    assert copy.fit(X, y).model_.layers[0].units == 3
    assert len(copy.history_["loss"]) == 1
    assert estimator.hidden == (5,)
    assert estimator.fit(X, y).model_.layers[0].units == 5


class AutoEncoder(KerasRegressor):
    """A build method that also keeps a part of its network, as autoencoders do."""

    def _keras_build_fn(self, meta):
        inputs = keras.Input((meta["n_features_in_"],))
        code = keras.layers.Dense(8, activation="relu")(inputs)
        self.encoder_model_ = keras.Model(inputs, code)
        outputs = keras.layers.Dense(meta["n_features_in_"])(code)
        return keras.Model(inputs, outputs)

    def transform(self, X):
        return self.encoder_model_.predict(X, verbose=0)


def test_network_that_shares_layers_with_the_trained_one_is_trained_with_it():
    X, _ = numbers()
    estimator = AutoEncoder(loss="mse", **{**QUICK, "epochs": 20}).fit(X, X)
    weights = estimator.model_.get_weights()
    code = np.maximum(X @ weights[0] + weights[1], 0)
    assert_allclose(estimator.transform(X), code, atol=1e-5)
    assert_allclose(estimator.predict(X), code @ weights[2] + weights[3], atol=1e-5)
    assert estimator.history_["loss"][-1] < estimator.history_["loss"][0]


# -- build_fn, initialize --------------------------------------------------------------


def test_build_fn_is_the_old_name_of_model():
    X, y = classes()
    estimator = KerasClassifier(build_fn=known, loss=SPARSE, **IN_ORDER)
    with pytest.warns(UserWarning, match="build_fn.* will be renamed to .*model"):
        estimator.fit(X, y)
    expected = KerasClassifier(known, loss=SPARSE, **IN_ORDER).fit(X, y)
    assert_same_weights(estimator.model_, expected.model_)


@pytest.mark.parametrize("how", ["build function", "network"])
def test_initialize_predicts_without_training(how):
    X, y = classes()
    model = known if how == "build function" else prebuilt()
    estimator = KerasClassifier(model, loss=SPARSE)
    assert estimator.initialize(X, y) is estimator
    assert estimator.initialized_
    assert not hasattr(estimator, "history_")
    assert estimator.current_epoch == 0
    assert_array_equal(estimator.classes_, [0, 1, 2])
    probabilities = known().predict(X, verbose=0)
    assert_allclose(estimator.predict_proba(X), probabilities, atol=1e-6)
    assert_array_equal(estimator.predict(X), probabilities.argmax(axis=1))


def test_initialize_a_regressor():
    X, y = numbers()
    estimator = KerasRegressor(known_regressor, loss="mse").initialize(X, y)
    expected = known_regressor().predict(X, verbose=0)[:, 0]
    assert_allclose(estimator.predict(X), expected, atol=1e-6)


def test_initialize_gives_the_weights_that_fit_starts_from():
    X, y = classes()
    estimator = KerasClassifier(compiled_classifier, **IN_ORDER)
    oracle = keras.models.clone_model(estimator.initialize(X, y).model_)
    oracle.set_weights(estimator.model_.get_weights())
    oracle.compile("rmsprop", SPARSE)
    assert_same_history(estimator.fit(X, y), keras_history(oracle, X, y))


def test_fit_after_initialize_goes_on_only_with_warm_start():
    X, y = classes()
    estimator = KerasClassifier(known, loss=SPARSE, **QUICK).initialize(X, y)
    model = estimator.model_
    assert estimator.set_params(warm_start=True).fit(X, y).model_ is model
    assert estimator.set_params(warm_start=False).fit(X, y).model_ is not model


def test_build_function_is_called_once_for_each_fit():
    X, y = classes()
    calls = []

    def build():
        calls.append(1)
        return known()

    estimator = KerasClassifier(build, loss=SPARSE, **QUICK).fit(X, y)
    estimator.predict(X)
    assert len(calls) == 1
    estimator.fit(X, y)
    assert len(calls) == 2
    estimator.partial_fit(X, y)
    assert len(calls) == 2


def test_weights_that_a_build_function_sets_are_where_every_fit_begins():
    X, y = classes()
    for seed in (0, 1, 0):  # the same architecture, so the same program
        build = partial(known, seed=seed)
        estimator = KerasClassifier(build, loss=SPARSE, **IN_ORDER).fit(X, y)
        oracle = known(seed=seed)
        oracle.compile("rmsprop", SPARSE)
        assert_same_history(estimator, keras_history(oracle, X, y))


def test_frozen_layers_stay_as_they_were():
    X, y = classes()

    def build():
        model = known()
        model.layers[0].trainable = False
        return model

    estimator = KerasClassifier(build, loss=SPARSE, **QUICK).fit(X, y)
    before, after = known().get_weights(), estimator.model_.get_weights()
    assert_array_equal(after[0], before[0])
    assert np.abs(after[2] - before[2]).max() > 1e-4


# -- networks that look alike ----------------------------------------------------------


class Times(keras.layers.Layer):
    """A layer without a configuration that tells its factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


class LossTimes(keras.losses.Loss):
    """A loss of the same kind."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * keras.losses.sparse_categorical_crossentropy(
            y_true, y_pred
        )


FACTOR = [1.0]


def times_global(x):
    return keras.ops.relu(x) * FACTOR[0]


def alike(middle=None, activation="relu", loss=SPARSE, factor=None, **hidden):
    """A compiled network, with the same first weights whatever is given."""
    FACTOR[0] = factor
    layers = [keras.layers.Dense(8, activation=activation, **hidden)]
    layers += [middle] if middle else []
    layers += [keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    for layer in (model.layers[0], model.layers[-1]):
        kernel, bias = layer.get_weights()
        layer.set_weights([np.cos(np.arange(kernel.size)).reshape(kernel.shape), bias])
    model.compile("sgd", loss)
    return model


# A factor reaches the network in ways that a plain comparison would miss.
ALIKE = {
    "layer": lambda f: alike(Times(f)),
    "lambda": lambda f: alike(keras.layers.Lambda(lambda x: x * f)),
    "activation": lambda f: alike(activation=lambda x: keras.ops.relu(x) * f),
    "global": lambda f: alike(activation=times_global, factor=f),
    "penalty": lambda f: alike(kernel_regularizer=keras.regularizers.L2(f)),
    "penalty of outputs": lambda f: alike(keras.layers.ActivityRegularization(f)),
    "frozen": lambda f: alike(trainable=f > 1),
    "constraint": lambda f: alike(kernel_constraint=keras.constraints.MaxNorm(f)),
    "loss": lambda f: alike(loss=LossTimes(f)),
    "function of loss": lambda f: alike(
        loss=lambda y, p: f * keras.losses.sparse_categorical_crossentropy(y, p)
    ),
}


@pytest.mark.parametrize("place", ALIKE)
def test_networks_that_look_alike_are_not_taken_for_each_other(place):
    X, y = classes()
    KerasClassifier(partial(ALIKE[place], 1.0), **IN_ORDER).fit(X, y)
    estimator = KerasClassifier(partial(ALIKE[place], 2.0), **IN_ORDER).fit(X, y)
    oracle = ALIKE[place](2.0)
    assert_same_history(estimator, keras_history(oracle, X, y))
    assert_same_weights(estimator.model_, oracle)
    expected = oracle.predict(X, verbose=0)
    assert_allclose(estimator.predict_proba(X), expected, atol=1e-5)
