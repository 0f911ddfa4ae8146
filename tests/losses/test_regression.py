"""Losses of regressors against scikit-learn, Keras and finite differences."""

import copy
import pickle
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from skdl.losses import (
    REGRESSION_LOSSES,
    AbsoluteError,
    Focal,
    Huber,
    LogCosh,
    OnTargets,
    Pinball,
    Poisson,
    RegressionLoss,
    SquaredError,
    regression_loss,
)

rng = np.random.RandomState(0)
Y, Z = rng.poisson(3.0, size=(40, 3)).astype(float), 2 * rng.standard_normal((40, 3))

LOSSES = [
    SquaredError(),
    AbsoluteError(),
    Huber(),
    Huber(delta=0.3),
    LogCosh(),
    Pinball(),
    Pinball(quantile=0.9),
    Poisson(),
    OnTargets(keras.losses.LogCosh()),
]

per_loss = pytest.mark.parametrize(
    "loss",
    LOSSES,
    ids=lambda loss: repr(loss).split(" at 0x")[0],  # an address differs in workers
)


def rows(metric, y, z):
    """Return a scikit-learn metric of each row, as if its outputs were samples."""
    return [metric(*pair) for pair in zip(y, z, strict=True)]


def gradient(loss, y, z):
    z = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = loss(y, z)
    return tape.gradient(value, z).numpy()


def finite_differences(function, z, step=1e-6):
    """Return the derivatives of the sum of the rows, one output at a time."""
    slopes = np.empty_like(z)
    for index in np.ndindex(z.shape):
        shift = np.zeros_like(z)
        shift[index] = step
        ends = [np.sum(function(z + sign * shift)) for sign in (1, -1)]
        slopes[index] = (ends[0] - ends[1]) / (2 * step)
    return slopes


def half_poisson_deviance(z):
    return np.multiply(rows(mean_poisson_deviance, Y[: len(z)], np.exp(z)), 0.5)


@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        (SquaredError(), mean_squared_error),
        (AbsoluteError(), mean_absolute_error),
        (Pinball(), mean_pinball_loss),
        (Pinball(quantile=0.9), partial(mean_pinball_loss, alpha=0.9)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_matches_scikit_learn_row_by_row(loss, oracle):
    assert_allclose(loss(Y, Z), rows(oracle, Y, Z))


@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        (Huber(), keras.losses.huber),
        (Huber(delta=0.3), partial(keras.losses.huber, delta=0.3)),
        (LogCosh(), keras.losses.log_cosh),
    ],
    ids=lambda value: type(value).__name__,
)
def test_matches_keras_row_by_row(loss, oracle):
    assert_allclose(loss(Y, Z), oracle(Y, Z))


def test_log_cosh_matches_numpy():
    oracle = np.log(np.cosh(Y - Z)).mean(axis=1)
    assert_allclose(LogCosh()(Y, Z), oracle, rtol=1e-6)


def test_poisson_is_half_the_deviance_up_to_the_targets():
    difference = half_poisson_deviance(Z) - np.asarray(Poisson()(Y, Z))
    of_targets = half_poisson_deviance(0 * Z) - np.asarray(Poisson()(Y, 0 * Z))
    assert_allclose(difference, of_targets, atol=1e-12)


def test_gradient_of_poisson_is_that_of_half_the_deviance():
    oracle = finite_differences(half_poisson_deviance, Z[:9])
    assert_allclose(gradient(Poisson(), Y[:9], Z[:9]), oracle, rtol=1e-5, atol=1e-8)


@per_loss
def test_gradient_matches_finite_differences(loss):
    oracle = finite_differences(partial(loss, Y), Z)
    assert_allclose(gradient(loss, Y, Z), oracle, rtol=1e-5, atol=1e-8)


@per_loss
def test_gradient_at_the_target_is_finite(loss):
    assert np.isfinite(gradient(loss, Y, Y)).all()


@pytest.mark.parametrize(
    ("loss", "size"),
    [
        (SquaredError(), 1e4),
        (AbsoluteError(), 1e30),
        (Huber(), 1e30),
        (LogCosh(), 1e30),
        (Pinball(), 1e30),
        (Poisson(), 80.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_large_outputs_have_finite_values_and_gradients_in_float32(loss, size):
    y, z = np.zeros((2, 1), "float32"), np.array([[size], [-size]], "float32")
    assert np.isfinite(loss(y, z)).all()
    assert np.isfinite(gradient(loss, y, z)).all()


@per_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_traces_once_for_every_batch_size_and_keeps_the_dtype(loss, dtype):
    traces = []

    @tf.function(input_signature=2 * [tf.TensorSpec([None, 3], dtype)])
    def traced(y, z):
        traces.append(None)
        return loss(y, z)

    y, z = Y.astype(dtype), Z.astype(dtype)
    for n in (40, 7, 1):
        values = traced(y[:n], z[:n])
        assert values.shape == (n,)
        assert values.dtype == dtype
        assert_allclose(values, loss(y[:n], z[:n]), rtol=1e-5)
    assert len(traces) == 1


@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Pinball()], ids=repr)
def test_standardised_targets_change_only_the_units(loss):
    assert loss.scales_targets
    power = 2 if loss == SquaredError() else 1
    shifted = np.asarray(loss((Y - 3) / 1.7, (Z - 3) / 1.7))
    assert_allclose(shifted * 1.7**power, loss(Y, Z))


@per_loss
def test_predict_inverts_the_link(loss):
    is_poisson = loss == Poisson()
    assert_allclose(loss.predict(Z), np.exp(Z) if is_poisson else Z)
    assert loss.scales_targets is not is_poisson
    assert loss.predict(Z.astype("float32")).dtype == "float32"


@per_loss
def test_only_poisson_minds_negative_targets(loss):
    loss.check_targets(Y)
    if loss != Poisson():
        loss.check_targets(-Y)
        return
    with pytest.raises(ValueError, match=r"y holds -1.0, but the Poisson loss needs"):
        loss.check_targets(np.array([0, 2, -1]))


def test_on_targets_of_a_keras_loss_has_one_value_per_row():
    loss = OnTargets(keras.losses.MeanSquaredError())
    assert_allclose(loss(Y, Z), SquaredError()(Y, Z))
    assert loss(Y, Z).dtype == "float64"


@per_loss
@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        partial(clone, safe=False),
        lambda x: pickle.loads(pickle.dumps(x)),
    ],
)
def test_copies_are_equal_and_compute_the_same(loss, copied):
    assert copied(loss) == loss
    assert hash(copied(loss)) == hash(loss)
    assert_array_equal(copied(loss)(Y, Z), loss(Y, Z))


def test_equality_is_by_value():
    assert Huber(delta=1) == Huber(delta=np.float64(1.0))
    assert Huber() != Huber(delta=2)
    assert len(set(LOSSES) | {Pinball(quantile=0.5)}) == len(LOSSES)
    assert OnTargets(keras.losses.mean_squared_error) == OnTargets(
        keras.losses.mean_squared_error
    )
    assert OnTargets(keras.losses.mean_squared_error) != OnTargets(
        keras.losses.mean_absolute_error
    )


def test_names_are_losses():
    for name, loss in REGRESSION_LOSSES.items():
        assert isinstance(loss, RegressionLoss)
        assert regression_loss(name) is loss


def test_a_loss_stands_for_itself_and_a_function_is_wrapped():
    huber, mse = Huber(delta=3), keras.losses.MeanSquaredError()
    assert regression_loss(huber) is huber
    assert regression_loss(mse) == OnTargets(mse)
    assert regression_loss(keras.losses.mean_absolute_error) == OnTargets(
        keras.losses.mean_absolute_error
    )


@pytest.mark.parametrize("loss", ["mse", None, 3, ["huber"], Focal(), Huber])
def test_what_is_no_loss_is_named_with_the_choices(loss):
    with pytest.raises(ValueError, match="'absolute_error', 'huber'") as error:
        regression_loss(loss)
    assert f"loss={loss!r}" in str(error.value)


@pytest.mark.parametrize(
    ("construct", "sentence"),
    [
        (lambda: Huber(delta=0), "delta=0 of Huber has to be a finite number above 0"),
        (lambda: Huber(delta=None), "delta=None of Huber has to be"),
        (lambda: Pinball(quantile=1), "quantile=1 of Pinball has to be a number betw"),
        (lambda: OnTargets(keras.losses.Huber), "construct the loss first"),
        (
            lambda: SquaredError()(Y[:, 0], Z[:, :1]),
            r"y_true of shape \(40,\) and y_pred of shape \(40, 1\) have to be",
        ),
    ],
)
def test_errors_say_what_is_wrong_in_one_sentence(construct, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        construct()
    assert "\n" not in str(error.value)
