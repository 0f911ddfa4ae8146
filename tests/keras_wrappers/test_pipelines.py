"""The wrappers at the end of a pipeline."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import (
    GridSearchCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.keras_wrappers._networks import (
    classes,
)
from tests.keras_wrappers._several import LEARNS, learner, two_classes

# -- pipelines -------------------------------------------------------------------------


def test_pipeline_transforms_the_validation_rows():
    X, y = classes(3)
    (X, y), (X_val, y_val) = (X[::2], y[::2]), (X[1::2], y[1::2])
    with config_context(enable_metadata_routing=True):
        network = learner().set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("net", network)]
        pipe = Pipeline(steps, transform_input=["X_val"])
        pipe.fit(X, y, X_val=X_val, y_val=y_val)
    scaler = StandardScaler().fit(X)
    by_hand = learner().fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val
    )
    assert len(by_hand.history_["val_loss"]) == 10
    assert pipe[-1].history_ == by_hand.history_
    assert_array_equal(pipe.predict(X), by_hand.predict(scaler.transform(X)))


def test_search_routes_weights():
    X, y = classes(2)
    weight = np.where(y == 1, 3.0, 1.0)
    with config_context(enable_metadata_routing=True):
        network = two_classes(**LEARNS).set_fit_request(sample_weight=True)
        network.set_score_request(sample_weight=True)
        search = GridSearchCV(network, {"epochs": [10]}, cv=2)
        search.fit(X, y, sample_weight=weight)
    direct = two_classes(**LEARNS).fit(X, y, sample_weight=weight)
    assert_array_equal(search.predict_proba(X), direct.predict_proba(X))


def test_parameters_of_a_step_are_searched():
    X, y = classes(3)
    pipe = make_pipeline(StandardScaler(), learner())
    grid = {"kerasclassifier__optimizer__learning_rate": [1e-5, 0.05]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    assert list(search.best_params_.values()) == [0.05]


def test_arguments_of_fit_reach_the_step():
    pipe = make_pipeline(StandardScaler(), learner())
    pipe.fit(*classes(3), kerasclassifier__epochs=3)
    assert pipe[-1].current_epoch == 3


def test_names_of_columns_come_from_the_step_before():
    X, y = classes(3)
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    frame["colour"] = np.where(X[:, 3] > 0, "red", "blue")
    pipe = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(sparse_output=False), ["colour"]),
            remainder=StandardScaler(),
            verbose_feature_names_out=False,
        ),
        learner(),
    ).set_output(transform="pandas")
    pipe.fit(frame, y)
    names = ["colour_blue", "colour_red", "a", "b", "c"]
    assert pipe[-1].feature_names_in_.tolist() == names
    assert pipe.score(frame, y) > 0.8


def test_sparse_columns_of_a_step():
    X, y = classes(3)
    frame = pd.DataFrame((3 * X).round().astype(int), columns=list("abcd"))
    encoder = OneHotEncoder(handle_unknown="ignore")
    pipe = make_pipeline(encoder, learner()).fit(frame, y)
    dense = clone(pipe).set_params(onehotencoder__sparse_output=False).fit(frame, y)
    assert_allclose(
        pipe.predict_proba(frame), dense.predict_proba(frame), rtol=1e-6, atol=1e-8
    )
