"""Parameters with a prefix reach what they name, in the constructor and in searches."""

from functools import cache

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    IN_ORDER,
    QUICK,
    SPARSE,
    assert_same_history,
    assert_same_weights,
    classes,
    classifier,
    keras_history,
    known,
    known_regressor,
    numbers,
    prebuilt,
    two_heads,
)
from tests.keras_wrappers._several import TwoTargets

SCHEDULE = {"initial_learning_rate": 0.05, "decay_steps": 2, "decay_rate": 0.5}


def compiled(**parameters):
    """The network that a classifier with `parameters` compiles, not trained."""
    X, y = classes()
    parameters = {"loss": SPARSE, **parameters}
    return KerasClassifier(known, **parameters, **QUICK).fit(X, y).model_


# -- optimizer__ -----------------------------------------------------------------------


@cache
def trained_by_sgd(scheduled=False):
    schedule = keras.optimizers.schedules.ExponentialDecay(**SCHEDULE)
    rate = schedule if scheduled else 0.15
    model = prebuilt(optimizer=keras.optimizers.SGD(rate, momentum=0.5))
    return model, keras_history(model, *classes())


@pytest.mark.parametrize(
    "optimizer", ["sgd", "SGD", keras.optimizers.SGD], ids=["sgd", "SGD", "class"]
)
def test_optimizer_parameters(optimizer):
    X, y = classes()
    estimator = KerasClassifier(
        known,
        loss=SPARSE,
        optimizer=optimizer,
        optimizer__learning_rate=0.15,
        optimizer__momentum=0.5,
        **IN_ORDER,
    ).fit(X, y)
    assert_same_history(estimator, trained_by_sgd()[1])
    used = estimator.model_.optimizer
    assert isinstance(used, keras.optimizers.SGD)
    assert used.momentum == 0.5
    assert_allclose(float(used.learning_rate), 0.15)


def schedules():
    """Ways to give a schedule."""
    cls = keras.optimizers.schedules.ExponentialDecay
    routed = {f"optimizer__learning_rate__{k}": v for k, v in SCHEDULE.items()}
    positional = {
        f"optimizer__learning_rate__{i}": v for i, v in enumerate(SCHEDULE.values())
    }
    return {
        "instance": {"optimizer__learning_rate": cls(**SCHEDULE)},
        "class": {"optimizer__learning_rate": cls, **routed},
        "class, by position": {"optimizer__learning_rate": cls, **positional},
    }


@pytest.mark.parametrize("way", schedules())
def test_schedule_of_the_learning_rate(way):
    X, y = classes()
    parameters = {"optimizer": "sgd", "optimizer__momentum": 0.5, **IN_ORDER}
    estimator = KerasClassifier(known, loss=SPARSE, **schedules()[way], **parameters)
    model, history = trained_by_sgd(scheduled=True)
    assert_same_history(estimator.fit(X, y), history)
    assert_same_weights(estimator.model_, model)


def test_parameters_of_nothing_that_is_built_are_left_out():
    model = compiled(optimizer__this_is_nothing__abc=1)
    assert isinstance(model.optimizer, keras.optimizers.RMSprop)


# -- loss__ ----------------------------------------------------------------------------


def test_loss_parameters():
    X, y = classes(2)
    loss = keras.losses.BinaryCrossentropy
    estimator = KerasClassifier(
        one_probability, loss=loss, loss__label_smoothing=0.2, **IN_ORDER
    ).fit(X, y)
    assert estimator.model_.loss.label_smoothing == 0.2
    oracle = one_probability()
    oracle.compile("rmsprop", loss(label_smoothing=0.2))
    assert_same_history(estimator, keras_history(oracle, X, y))


def one_probability():
    return known(1, "sigmoid")


class Weighted(keras.losses.Loss):
    """The squared error times a factor."""

    def __init__(self, factor=1.0, name="weighted"):
        super().__init__(name=name)
        self.factor = factor

    def call(self, y_true, y_pred):
        y_true = keras.ops.reshape(y_true, keras.ops.shape(y_pred))
        return self.factor * keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


def two_targets(**parameters):
    X, y = numbers(2)
    return TwoTargets(two_heads, **parameters, **QUICK).fit(X, y)


@pytest.mark.parametrize("form", ["list", "dict"])
def test_loss_of_each_output(form):
    loss = [Weighted, Weighted] if form == "list" else {"a": Weighted, "b": Weighted}
    second = "1" if form == "list" else "b"
    parameters = {"loss__factor": 2.0, f"loss__{second}__factor": 3.0}
    model = two_targets(loss=loss, **parameters).model_
    losses = model.loss if form == "list" else [model.loss["a"], model.loss["b"]]
    assert [loss.factor for loss in losses] == [2.0, 3.0]


class Holder:
    """Something that a loss or metric is made of."""

    def __init__(self, **kwargs):
        self.kwargs = kwargs


class HoldingLoss(keras.losses.MeanSquaredError):
    """A loss whose argument is a list of classes to be built."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts


def test_parameters_of_what_an_object_is_made_of():
    X, y = numbers()
    estimator = KerasRegressor(
        known_regressor,
        loss=HoldingLoss,
        loss__parts=[Holder, Holder],
        loss__parts__a=1,
        loss__parts__0__a=2,
        **QUICK,
    ).fit(X, y)
    assert [part.kwargs for part in estimator.model_.loss.parts] == [{"a": 2}, {"a": 1}]


# -- metrics__ -------------------------------------------------------------------------

ACCURACY = keras.metrics.SparseCategoricalAccuracy
TOP = keras.metrics.SparseTopKCategoricalAccuracy


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"metrics": ACCURACY, "metrics__name": "mine"}, ["mine"]),
        ({"metrics": [ACCURACY], "metrics__name": "mine"}, ["mine"]),
        ({"metrics": [ACCURACY], "metrics__0__name": "mine"}, ["mine"]),
        ({"metrics": [TOP], "metrics__0__k": 1, "metrics__0__name": "top"}, ["top"]),
        ({"metrics": [TOP], "metrics__0__0": 1, "metrics__0__1": "top"}, ["top"]),
        (
            {
                "metrics": [ACCURACY, TOP],
                "metrics__name": "both",
                "metrics__1__name": "own",
            },
            ["both", "own"],
        ),
    ],
    ids=["single", "all", "index", "two arguments", "by position", "override"],
)
def test_metric_parameters(parameters, expected):
    X, y = classes()
    estimator = KerasClassifier(known, loss=SPARSE, **parameters, **QUICK).fit(X, y)
    assert set(estimator.history_) == {"loss", *expected}
    if expected == ["top"]:  # the best one of three is the accuracy
        oracle = prebuilt(metrics=["accuracy"])
        oracle.set_weights(estimator.model_.get_weights())
        top = estimator.model_.evaluate(X, y, verbose=0)[1]
        assert_allclose(top, oracle.evaluate(X, y, verbose=0)[1], atol=1e-6)


@pytest.mark.parametrize("form", ["list", "dict"])
def test_metrics_of_each_output(form):
    metric = keras.metrics.MeanAbsoluteError
    metrics = [[metric], [metric]] if form == "list" else {"a": [metric], "b": [metric]}
    second = "1__0" if form == "list" else "b__0"
    estimator = two_targets(
        loss="mse", metrics=metrics, **{f"metrics__{second}__name": "mine"}
    )
    assert {"a_mean_absolute_error", "b_mine"} <= set(estimator.history_)


# -- get_params, set_params, clone, searches -------------------------------------------

ROUTED = {
    "model__hidden": (6,),
    "optimizer__learning_rate": 0.02,
    "loss__from_logits": False,
    "metrics__0__name": "mine",
    "callbacks__patience": 3,
    "fit__batch_size": 30,
    "predict__batch_size": 40,
    "compile__jit_compile": False,
}
OBJECTS = {
    "loss": keras.losses.SparseCategoricalCrossentropy,
    "optimizer": keras.optimizers.Adam,
    "metrics": [ACCURACY],
    "callbacks": keras.callbacks.EarlyStopping,
    "callbacks__monitor": "loss",
}


@pytest.mark.parametrize("how", ["constructor", "set_params", "clone"])
def test_routed_parameters_are_parameters(how):
    X, y = classes()
    if how == "set_params":
        estimator = KerasClassifier(classifier, **OBJECTS).set_params(**ROUTED)
    else:
        estimator = KerasClassifier(classifier, **OBJECTS, **ROUTED)
    if how == "clone":
        estimator = clone(estimator)
    params = estimator.get_params()
    assert {name: params[name] for name in ROUTED} == ROUTED
    model = estimator.fit(X, y).model_
    assert model.layers[0].units == 6
    assert_allclose(float(model.optimizer.learning_rate), 0.02)
    assert set(estimator.history_) == {"loss", "mine"}
    assert int(model.optimizer.iterations) == 2


def test_set_params_goes_into_the_next_fit():
    X, y = classes()
    estimator = KerasClassifier(classifier, loss=SPARSE, optimizer="sgd", **QUICK)
    estimator.fit(X, y)
    assert estimator.set_params(optimizer__learning_rate=0.5) is estimator
    assert_allclose(float(estimator.fit(X, y).model_.optimizer.learning_rate), 0.5)
    estimator.set_params(optimizer="adam", epochs=1).fit(X, y)
    assert isinstance(estimator.model_.optimizer, keras.optimizers.Adam)
    assert len(estimator.history_["loss"]) == 1


GRIDS = {
    "model__hidden": [(3,), (8,)],
    "optimizer__learning_rate": [1e-5, 0.05],
    "loss": [SPARSE, "categorical_crossentropy"],
    "fit__epochs": [1, 2],
    "batch_size": [20, -1],
    "callbacks__patience": [1, 2],
    "metrics__0__name": ["a", "b"],
}


@pytest.mark.parametrize("name", GRIDS)
def test_search_over_any_parameter(name):
    X, y = classes()
    parameters = {"loss": SPARSE, "optimizer": "adam", **QUICK}
    if name == "hidden":
        parameters["hidden"] = (8,)
    if name.startswith("callbacks"):
        parameters["callbacks"] = keras.callbacks.EarlyStopping
        parameters["callbacks__monitor"] = "loss"
    if name.startswith("metrics"):
        parameters["metrics"] = [ACCURACY]
    estimator = KerasClassifier(classifier, **parameters)
    search = GridSearchCV(estimator, {name: GRIDS[name]}, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_params_[name]
    assert search.best_estimator_.get_params()[name] == best
    for value, params in zip(GRIDS[name], search.cv_results_["params"], strict=True):
        assert params == {name: value}


def test_search_finds_the_learning_rate_that_learns():
    X, y = classes()
    parameters = {**QUICK, "epochs": 20}
    estimator = KerasClassifier(classifier, loss=SPARSE, optimizer="adam", **parameters)
    grid = {"clf__optimizer__learning_rate": [1e-6, 0.05]}
    pipeline = make_pipeline(StandardScaler(), estimator)
    pipeline.steps[-1] = ("clf", estimator)
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_params_ == {"clf__optimizer__learning_rate": 0.05}
    assert search.best_score_ > 0.7
    assert_array_equal(search.predict(X).shape, (60,))
