"""The wrappers are estimators of scikit-learn: its checks, tags, parameters, names."""

from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import TransformerMixin, clone, is_classifier, is_regressor
from sklearn.model_selection import StratifiedKFold, check_cv, cross_val_score
from sklearn.utils import estimator_html_repr, get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

import skdl
from skdl import BaseWrapper, KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    LOSSES,
    QUICK,
    SPARSE,
    classes,
    classifier,
    compiled_classifier,
    dense,
    numbers,
    regressor,
)
from tests.keras_wrappers._several import targets, three_classes

# -- scikit-learn's own checks ---------------------------------------------------------


def exact(meta, loss, last, n_outputs):
    """A network in float64 whose loss is a weighted mean.

    For so the checks want it: a row of weight two is two rows to 7 digits.
    """
    layer = partial(keras.layers.Dense, dtype="float64")
    model = keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:], dtype="float64"),
            layer(16, activation="relu"),
            layer(n_outputs, activation=last),
        ]
    )
    loss = keras.losses.get(loss)
    loss.reduction = "mean_with_sample_weight"
    model.compile(keras.optimizers.Adam(0.03), loss)
    return model


def exact_classifier(meta):
    several = meta["target_type_"] == "multilabel-indicator"
    loss = "BinaryCrossentropy" if several else "SparseCategoricalCrossentropy"
    return exact(meta, loss, "sigmoid" if several else "softmax", meta["n_classes_"])


def exact_regressor(meta):
    return exact(meta, "MeanSquaredError", "linear", meta["n_outputs_"])


class LearningClassifier(KerasClassifier):
    """Of a network that has to score well, which is not known of others."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = False
        return tags


class LearningRegressor(KerasRegressor):
    """The same for numbers."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = False
        return tags


CHECKED = {
    "KerasClassifier": partial(LearningClassifier, exact_classifier, epochs=60),
    "KerasRegressor": partial(LearningRegressor, exact_regressor, epochs=100),
}


def checks():
    """(estimator, check) with ids that say which, without addresses of functions."""
    for name, make in CHECKED.items():
        for estimator, check in estimator_checks_generator(make(batch_size=-1)):
            given = check.keywords.items()
            what = [check.func.__name__, *(f"{k}={v}" for k, v in given)]
            yield pytest.param(estimator, check, id=f"{name}-{'-'.join(what)}")


@pytest.mark.filterwarnings("ignore:You are using a softmax:UserWarning")  # one class
@pytest.mark.parametrize(("estimator", "check"), [*checks()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# -- kinds and tags --------------------------------------------------------------------


def test_kind_is_known_to_scikit_learn():
    assert is_classifier(KerasClassifier(classifier))
    assert not is_regressor(KerasClassifier(classifier))
    assert is_regressor(KerasRegressor(regressor))
    assert not is_classifier(KerasRegressor(regressor))
    assert not is_classifier(BaseWrapper(regressor))
    assert not is_regressor(BaseWrapper(regressor))


@pytest.mark.parametrize("name", ["BaseWrapper", "KerasClassifier", "KerasRegressor"])
def test_subclasses_of_those_of_scikeras(name):
    from scikeras import wrappers  # here, as it changes Keras if it is the first

    ours, theirs = getattr(skdl, name), getattr(wrappers, name)
    assert issubclass(ours, theirs)
    assert issubclass(ours, BaseWrapper)
    assert ours.__name__ == name
    assert ours.__module__.startswith("skdl.")
    assert set(ours(regressor).get_params()) == set(theirs(regressor).get_params())


def test_tags():
    tags = get_tags(KerasClassifier(classifier))
    assert tags.estimator_type == "classifier"
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.classifier_tags.multi_class
    assert tags.classifier_tags.multi_label
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    tags = get_tags(KerasRegressor(regressor))
    assert tags.estimator_type == "regressor"
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.classifier_tags is None
    tags = get_tags(BaseWrapper(regressor))
    assert tags.estimator_type is None
    assert not tags.target_tags.required


class Ranked(KerasClassifier):
    """A subclass with a parameter more."""

    def __init__(self, model=None, *, rank=1, **kwargs):
        super().__init__(model, **kwargs)
        self.rank = rank


def test_subclass_keeps_the_kind():
    estimator = Ranked(classifier, loss=SPARSE, rank=3, **QUICK)
    assert is_classifier(estimator)
    assert get_tags(estimator).classifier_tags.multi_label
    assert clone(estimator).get_params()["rank"] == 3
    assert estimator.fit(*classes(3)).predict_proba(classes(3)[0]).shape == (60, 3)


def test_folds_are_stratified(iris):
    X, y = iris  # sorted by class: plain folds would leave a class out
    built = []

    def network(meta):
        built.append(meta["n_classes_"])
        return classifier(meta)

    estimator = three_classes(network)
    assert isinstance(
        check_cv(3, y, classifier=is_classifier(estimator)), StratifiedKFold
    )
    scores = cross_val_score(estimator, X, y, cv=3)
    assert built == [3, 3, 3]
    by_hand = cross_val_score(estimator, X, y, cv=StratifiedKFold(3))
    assert_array_equal(scores, by_hand)


# -- BaseWrapper -----------------------------------------------------------------------


class AutoEncoder(TransformerMixin, BaseWrapper):
    """Rows to two numbers and back, without y; a wrapper of a user's own."""

    def _keras_build_fn(self, n_units=2):
        n_inputs = self.n_features_in_
        return dense(n_inputs, (n_units,), n_inputs, "linear")

    def fit(self, X, y=None, **kwargs):
        return super().fit(X, X, **kwargs)

    def transform(self, X):
        inner = keras.Model(self.model_.inputs, self.model_.layers[0].output)
        return inner.predict(X, verbose=0)


def test_transformer_of_a_users_own():
    X, _ = classes(3)
    estimator = AutoEncoder(loss="mse", n_units=2, **QUICK)
    hidden = estimator.fit_transform(X)
    kernel, bias = estimator.model_.layers[0].get_weights()
    assert_allclose(hidden, np.maximum(X @ kernel + bias, 0), rtol=1e-5, atol=1e-6)
    assert estimator.predict(X).shape == X.shape
    assert repr(clone(estimator).fit(X).history_) == repr(estimator.history_)


class Shrinking(keras.Model):
    """A model whose training step looks at no targets."""

    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Dense(2)

    def call(self, inputs):
        return self.layer(inputs)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return keras.ops.mean(y_pred**2)


def test_model_with_a_loss_of_its_own_needs_no_targets():
    X, _ = classes(3)
    estimator = BaseWrapper(Shrinking, **{**QUICK, "epochs": 3}).fit(X)
    losses = estimator.history_["loss"]
    assert losses[0] > losses[1] > losses[2]
    assert estimator.predict(X).shape == (60, 2)


# -- parameters ------------------------------------------------------------------------

ROUTED = {
    "hidden": (8,),
    "model__hidden": (4,),
    "optimizer__learning_rate": 0.1,
    "loss__from_logits": False,
    "metrics__0__name": "share",
    "callbacks__patience": 3,
    "fit__batch_size": 10,
    "predict__batch_size": 5,
    "compile__weighted_metrics": ["accuracy"],
}
MANY = partial(
    KerasClassifier,
    classifier,
    loss=keras.losses.SparseCategoricalCrossentropy,
    metrics=[keras.metrics.SparseCategoricalAccuracy],
    callbacks=keras.callbacks.EarlyStopping,
    callbacks__monitor="loss",
    **QUICK,
)


def test_routed_parameters_are_set_in_any_order():
    estimator = MANY(**ROUTED)
    for name, value in reversed(ROUTED.items()):
        assert estimator.set_params(**{name: value}) is estimator
    assert estimator.get_params() == MANY(**ROUTED).get_params()


def test_fit_changes_no_parameter_and_clone_is_not_fitted():
    estimator = MANY(**ROUTED)
    before = {k: repr(v) for k, v in estimator.get_params().items()}
    estimator.fit(*classes(3))
    assert {k: repr(v) for k, v in estimator.get_params().items()} == before
    assert list(estimator.history_) == ["loss", "share", "accuracy"]
    assert estimator.model_.layers[0].units == 4
    copy = clone(estimator)
    assert not any(name.endswith("_") for name in vars(copy))
    assert not copy.initialized_
    assert copy.fit(*classes(3)).history_ == estimator.history_


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(KerasClassifier()) == "KerasClassifier()"
    assert (
        repr(KerasRegressor(epochs=3, units=4)) == "KerasRegressor(epochs=3, units=4)"
    )
    routed = KerasClassifier(optimizer__learning_rate=0.1, verbose=1)
    assert repr(routed) == "KerasClassifier(optimizer__learning_rate=0.1, verbose=1)"
    assert repr(routed.set_params(epochs=2)) == (
        "KerasClassifier(epochs=2, optimizer__learning_rate=0.1, verbose=1)"
    )


def test_html_names_estimator_and_parameters():
    estimator = KerasClassifier(classifier, loss=SPARSE, model__hidden=(3,), **QUICK)
    for html in (estimator_html_repr(estimator), estimator._repr_html_()):
        assert "KerasClassifier" in html
        assert "model__hidden" in html
    assert "fitted" in estimator_html_repr(estimator.fit(*classes(3)))


# -- what is known after fit -----------------------------------------------------------


def test_names_and_number_of_features():
    X, y = classes(3)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    estimator = three_classes()
    assert not hasattr(estimator, "n_features_in_")
    estimator.fit(frame, y)
    assert estimator.n_features_in_ == 4
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert not hasattr(estimator.fit(X, y), "feature_names_in_")
    assert targets().fit(frame, y).feature_names_in_.tolist() == list(frame)


def test_attributes_of_a_classifier():
    X, y = classes(3)
    estimator = three_classes().fit(X, np.array(["x", "y", "z"])[y])
    assert estimator.classes_.tolist() == ["x", "y", "z"]
    assert estimator.n_classes_ == 3
    assert estimator.target_type_ == "multiclass"
    assert (estimator.n_outputs_, estimator.n_outputs_expected_) == (1, 1)
    assert estimator.X_shape_ == (60, 4)
    assert estimator.y_shape_ == (60,)
    assert estimator.X_dtype_ == np.float32
    assert estimator.y_dtype_.kind == "U"
    assert estimator.initialized_
    assert not three_classes().initialized_


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_that_fits_the_target(kind):
    X, y = classes(2 if kind == "binary" else 3)
    if kind == "multilabel-indicator":
        y = np.eye(3, dtype=int)[y]
    estimator = KerasClassifier(compiled_classifier, **QUICK).fit(X, y)
    assert estimator.target_type_ == kind
    assert estimator.predict(X).shape == y.shape


def test_scores_are_those_of_scikit_learn():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    assert estimator.score(X, y) == np.mean(estimator.predict(X) == y)
    X, y = numbers()
    estimator = targets().fit(X, y)
    rest = np.sum((y - estimator.predict(X)) ** 2) / np.sum((y - y.mean()) ** 2)
    assert_allclose(estimator.score(X, y), 1 - rest, rtol=1e-5)


# -- metadata routing ------------------------------------------------------------------


@pytest.mark.parametrize("make", [three_classes, targets])
def test_requests(make):
    with config_context(enable_metadata_routing=True):
        estimator = make().set_fit_request(sample_weight=True, X_val=True, y_val=True)
        estimator.set_score_request(sample_weight=False)
        requests = clone(estimator).get_metadata_routing()
    assert (
        requests.fit.requests.items() >= {"sample_weight": True, "X_val": True}.items()
    )
    assert requests.score.requests["sample_weight"] is False
