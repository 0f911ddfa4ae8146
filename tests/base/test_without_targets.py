"""Estimators that learn from X alone, where they say that they need no y."""

import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import OutlierMixin, clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import DenseRegressor
from skdl._targets import NoTargets
from skdl.base._estimator import NeuralEstimator, with_callbacks
from skdl.base._unchanged import or_unchanged
from skdl.networks import dense_network
from skdl.training._objective import Judgement, Objective, Value
from skdl.training._program import network_spec

N_COLUMNS = 6


@dataclass(frozen=True)
class Reconstruction(Objective):
    """The squared difference of each row and what the network makes of it."""

    def value(self, player, networks, batch, tools):
        return Value(self.loss(networks[player](batch.X, training=True), batch))

    def judge(self, networks, batch, tools):
        (network,) = networks.values()
        return Judgement({"loss": self.loss(network(batch.X), batch)})

    @staticmethod
    def loss(outputs, batch):
        return batch.weight * ops.mean((outputs - batch.X) ** 2, axis=1)


@dataclass(kw_only=True, eq=False, repr=False)
class Autoencoder(OutlierMixin, NeuralEstimator):
    """A linear network through fewer numbers, whose optimum is known: PCA."""

    n_components: int = 2
    _parameter_constraints: ClassVar[dict] = {
        **NeuralEstimator._parameter_constraints,
        "n_components": "no_validation",
    }
    _n_members = 1

    @or_unchanged
    @with_callbacks
    def fit(self, X, y=None, sample_weight=None, *, X_val=None, sample_weight_val=None):
        return self._fit(
            X,
            None,
            sample_weight,
            X_val=X_val,
            y_val=None,
            sample_weight_val=sample_weight_val,
        )

    def score_samples(self, X):
        """Minus the squared difference, in units of standardised columns."""
        scaled = self._inputs.transform(self._check_inputs(X, reset=False))
        return -np.mean((self._raw(X) - scaled) ** 2, axis=1)

    def predict(self, X):
        """-1 of the tenth of the rows that are furthest from training rows."""
        return np.where(self.score_samples(X) < self.offset_, -1, 1)

    def _settle(self, divided):
        self.offset_ = np.quantile(self.score_samples(divided.rows.X), 0.1)

    def _network(self, input_shape, n_outputs):
        return network_spec(
            dense_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            hidden_units=(self.n_components,),
            activation="linear",
        )

    def _find_targets(self, y, classes=None):
        return NoTargets(self.n_features_in_)

    def _find_loss(self):
        return None

    def _objective(self, loss, targets):
        return Reconstruction()

    def _output_layers(self):
        return []

    def _raw_of(self, answers):
        return answers

    def _encoded_of(self, y):
        return y

    def _constant_answers(self, y):
        return y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags


def learner(**parameters):
    options = {"learning_rate": 0.02, "epochs": 200, "random_state": 0, **parameters}
    return Autoencoder(**options)


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, 2)) @ rng.normal(size=(2, 6)) + rng.normal(
        0, 0.3, (200, 6)
    )


def test_linear_network_through_two_numbers_is_a_principal_component_analysis(X):
    network = learner(batch_size="full", epochs=600).fit(X)
    Z = StandardScaler().fit_transform(X)
    pca = PCA(2).fit(Z)
    differences = Z - pca.inverse_transform(pca.transform(Z))
    least = np.mean(differences**2)
    assert least < 0.2
    assert_allclose(network.loss_, least, rtol=0.01)
    assert_allclose(-network.score_samples(X).mean(), least, rtol=0.01)
    assert np.mean(network.predict(X) == -1) == pytest.approx(0.1)


def test_validation_rows_need_no_targets_either(X):
    network = learner(epochs=30, early_stopping=True, patience=2)
    fitted = clone(network).fit(X[:150], X_val=X[150:])
    best = fitted.history_["val_loss"][fitted.best_epoch_ - 1]
    assert best == min(fitted.history_["val_loss"])
    assert_allclose(-fitted.score_samples(X[150:]).mean(), best, rtol=1e-4)
    divided = clone(network).fit(X)
    assert len(divided.history_["val_loss"]) == divided.n_epochs_


def test_weights_count_and_rows_of_weight_zero_do_not(X):
    weight = np.where(np.arange(200) < 100, 2.0, 0.0)
    weighted = learner(epochs=5, batch_size="full").fit(X, None, weight)
    alone = learner(epochs=5, batch_size="full").fit(X[:100])
    assert_array_equal(weighted.score_samples(X), alone.score_samples(X))


def test_it_goes_into_pipelines_and_pickles(X):
    pipe = make_pipeline(StandardScaler(), learner(epochs=5)).fit(X)
    again = pickle.loads(pickle.dumps(pipe))
    assert_array_equal(again.score_samples(X), pipe.score_samples(X))
    assert set(pipe.fit_predict(X)) == {-1, 1}


def test_others_still_ask_for_targets(X):
    with pytest.raises(ValueError, match="DenseRegressor requires y to be passed"):
        DenseRegressor().fit(X, None)
    with pytest.raises(ValueError, match="y_val is missing"):
        DenseRegressor().fit(X, X[:, 0], X_val=X)
