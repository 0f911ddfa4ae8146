"""Large networks take Adam's steps in one operation; small ones in Keras's many."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from skdl import DenseRegressor
from skdl.training._optimizers import resolve_optimizer

RATE = 2**-7  # exact in float32, as Keras keeps it


@pytest.mark.parametrize("hidden_units", [(8,), (160, 160)])  # 169 and 27,201 weights
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_adam_equals_keras_below_and_above_the_size_of_the_kernel(hidden_units, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 8)).astype("float32").astype(dtype)  # Keras's fit rounds
    y = np.sin(X[:, 0]).astype("float32").astype(dtype)
    optimizer = keras.optimizers.Adam(RATE, beta_1=0.75, beta_2=0.875, epsilon=1e-4)
    plain = {"input_scaling": None, "target_scaling": False, "batch_size": "full"}
    reg = DenseRegressor(
        hidden_units=hidden_units,
        activation="tanh",
        optimizer=optimizer,
        epochs=5,
        random_state=0,
        dtype=dtype,
        **plain,
    )
    # the first weights, seen by stopping after one step that is (nearly) none
    start = reg.set_params(epochs=1, learning_rate=1e-30).fit(X, y).model_
    reg.set_params(epochs=5, learning_rate=None).fit(X, y)
    start.compile(optimizer, loss=keras.losses.MeanSquaredError(dtype=dtype))
    start.fit(X, y[:, None], batch_size=40, epochs=5, shuffle=False, verbose=0)
    tolerance = 1e-9 if dtype == "float64" else 2e-4
    for ours, theirs in zip(reg.model_.get_weights(), start.get_weights(), strict=True):
        assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "option", [{"amsgrad": True}, {"weight_decay": 0.1}, {"clipvalue": 1.0}]
)
def test_options_of_adam_are_left_to_keras(option):
    spec, _, _ = resolve_optimizer(keras.optimizers.Adam(**option))
    assert not spec.plain_adam
    assert resolve_optimizer("adam")[0].plain_adam
    assert not resolve_optimizer("adamw")[0].plain_adam
