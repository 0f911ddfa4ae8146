"""Encoders of a user's own stand between the data and the network."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler

from skdl import KerasClassifier, KerasRegressor
from tests.keras_wrappers._networks import (
    QUICK,
    SPARSE,
    classes,
    classifier,
    dense,
    names,
    numbers,
    regressor,
)
from tests.keras_wrappers._several import targets, three_classes


class Reversed(TransformerMixin, BaseEstimator):
    """Classes in reverse order; tells the network how many there are."""

    def fit(self, y):
        self.encoder_ = LabelEncoder().fit(y)
        return self

    def transform(self, y):
        return len(self.encoder_.classes_) - 1 - self.encoder_.transform(y)

    def inverse_transform(self, y, return_proba=False):
        if return_proba:
            return y[:, ::-1]
        return self.encoder_.inverse_transform(y[:, ::-1].argmax(axis=1))

    def get_metadata(self):
        return {"classes_": self.encoder_.classes_, "units_": 3}


class ReversedClassifier(KerasClassifier):
    @property
    def target_encoder(self):
        return Reversed()


def test_target_encoder_of_a_users_own():
    X, y = names()
    estimator = ReversedClassifier(
        lambda meta: dense(meta["n_features_in_"], n_outputs=meta["units_"]),
        loss=SPARSE,
        **QUICK,
    ).fit(X, y)
    assert estimator.units_ == 3
    assert isinstance(estimator.target_encoder_, Reversed)
    outputs = np.asarray(estimator.model_(X))
    assert_allclose(estimator.predict_proba(X), outputs[:, ::-1], rtol=1e-5)
    expected = np.unique(y)[2 - outputs.argmax(axis=1)]
    assert_array_equal(estimator.predict(X), expected)


class LogRegressor(KerasRegressor):
    @property
    def target_encoder(self):
        return FunctionTransformer(np.log, np.exp, check_inverse=False)


def test_numbers_may_be_transformed():
    X, y = numbers()
    by_hand = targets().fit(X, y)
    by_encoder = LogRegressor(regressor_of_one, loss="mse", **QUICK).fit(X, np.exp(y))
    expected = np.exp(by_hand.predict(X))
    assert_allclose(np.ravel(by_encoder.predict(X)), expected, rtol=1e-4)


def regressor_of_one(meta):
    return regressor({**meta, "n_outputs_": 1})


class ScaledClassifier(KerasClassifier):
    @property
    def feature_encoder(self):
        return StandardScaler()


def test_feature_encoder_is_fitted_and_used_in_fit_and_predict():
    X, y = classes(3)
    X = 5 + 3 * X
    encoded = ScaledClassifier(classifier, loss=SPARSE, **QUICK)
    encoded.fit(X, y)
    assert_allclose(encoded.feature_encoder_.mean_, X.mean(axis=0), rtol=1e-5)
    scaler = StandardScaler().fit(X)
    by_hand = three_classes().fit(scaler.transform(X), y)
    expected = by_hand.predict_proba(scaler.transform(X))
    assert_allclose(encoded.predict_proba(X), expected, rtol=1e-4)


class Counted(TransformerMixin, BaseEstimator):
    """Leaves X alone, and tells the network how large it is."""

    def fit(self, X, y=None):
        self.largest_ = int(np.ceil(X.max()))
        return self

    def transform(self, X):
        return X

    def get_metadata(self):
        return {"largest_": self.largest_}


class CountedClassifier(KerasClassifier):
    @property
    def feature_encoder(self):
        return Counted()


def test_what_the_feature_encoder_learns_reaches_the_network():
    X, y = classes(3)
    seen = []

    def network(meta):
        seen.append(meta["largest_"])
        return classifier(meta)

    estimator = CountedClassifier(network, loss=SPARSE, **QUICK)
    estimator.fit(X, y)
    assert set(seen) == {estimator.largest_} == {int(np.ceil(X.max()))}


def test_encoders_are_new_in_every_fit():
    X, y = classes(3)
    estimator = three_classes().fit(X, y)
    before = estimator.target_encoder_, estimator.feature_encoder_
    estimator.fit(X, y)
    assert estimator.target_encoder_ is not before[0]
    assert estimator.feature_encoder_ is not before[1]
