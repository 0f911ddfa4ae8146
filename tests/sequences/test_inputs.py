"""Steps are standardised as by StandardScaler, and padding stays padding."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from skdl._sequences import SequenceInputs, TokenInputs, is_padded, pad_sequences

LENGTHS = [5, 2, 4]


@pytest.fixture
def sequences():
    rng = np.random.default_rng(0)
    return [rng.normal([5, -300], [2, 50], (n, 2)) for n in LENGTHS]


def fitted(X, weight=None, scaling="standard", dtype="float64"):
    weight = np.ones(len(X)) if weight is None else weight
    return SequenceInputs.fit(X, weight, scaling=scaling, dtype=dtype)


@pytest.mark.parametrize("weight", [None, [1.0, 3.0, 0.5]])
def test_steps_are_scaled_as_rows_of_a_table(weight, sequences):
    X = pad_sequences(sequences)
    inputs = fitted(X, None if weight is None else np.array(weight))
    steps = np.concatenate(sequences)
    of_steps = None if weight is None else np.repeat(weight, LENGTHS)
    scaler = StandardScaler().fit(steps, sample_weight=of_steps)
    scaled = inputs.transform(X)
    for found, sequence in zip(scaled, sequences, strict=True):
        n = len(sequence)
        assert_allclose(found[:n], scaler.transform(sequence), rtol=1e-12)
        assert np.isnan(found[n:]).all()


def test_without_padding_too(sequences):
    X = np.stack([sequences[0], sequences[0] + 1])
    scaler = StandardScaler().fit(X.reshape(-1, 2))
    expected = scaler.transform(X.reshape(-1, 2)).reshape(X.shape)
    assert_allclose(fitted(X).transform(X), expected, rtol=1e-12)


def test_without_scaling_values_stay(sequences):
    X = pad_sequences(sequences)
    assert_array_equal(fitted(X, scaling=None).transform(X), X)
    assert fitted(X, scaling=None, dtype="float32").transform(X).dtype == np.float32


def test_layers_do_the_same_and_leave_padding(sequences):
    X = pad_sequences(sequences)
    inputs = fitted(X)
    (layer,) = inputs.layers()
    assert_allclose(
        keras.ops.convert_to_numpy(layer(X)), inputs.transform(X), rtol=1e-10
    )


def test_number_of_steps_is_fixed_if_all_have_it(sequences):
    X = pad_sequences(sequences)
    alike = fitted(X[:1])
    assert alike.shape == (5, 2)
    assert alike.reaching(X[:1], X[:1]).shape == (5, 2)
    assert alike.reaching(X[:1], X).shape == (None, 2)
    assert alike.reaching(X[:1], X[:1, :4]).shape == (None, 2)
    assert alike.reaching(X[:1, :4]).shape == (None, 2)
    assert fitted(X).reaching(X).shape == (None, 2)
    # once there were sequences of different length, there may be more of them
    assert alike.reaching(X).reaching(X[:1]).shape == (None, 2)
    assert is_padded(X)
    assert not is_padded(X[:1])


def test_a_number_too_large_is_named_with_its_step(sequences):
    X = pad_sequences(sequences)
    inputs = fitted(X, dtype="float32")
    X[1, 1, 0] = 1e300
    with pytest.raises(ValueError, match=r"X\[1, 1, 0\]=1e\+300 is too large for fl"):
        inputs.transform(X)
    X[1, 1, 0] = 1e200
    with pytest.raises(ValueError, match="Feature 0 of X has values too large"):
        fitted(X)


def test_tokens_stay_as_they_are():
    inputs = TokenInputs("float32")
    X = np.array([[1, 2], [3, 0]], dtype=np.int32)
    assert inputs.transform(X) is X
    assert inputs.reaching(X, X[:, :1]).shape == (None,)
    assert inputs.layers() == []
    assert inputs.dtype_of(X) == "int32"
