"""The same random state gives the same bits, and global generators are left alone."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal
from sklearn.base import clone
from tensorflow.python.framework import config  # the public module can only set it

from tests.keras_wrappers._networks import classes, classifier, numbers
from tests.keras_wrappers._several import (
    WAYS,
    noisy,
    targets,
    three_classes,
)


def noisy_fit(way="engine", **parameters):
    """Probabilities after a fit that draws weights, rows, noise and dropout."""
    parameters = {"validation_split": 0.2, **WAYS[way], **parameters}
    X, y = classes(3)
    estimator = three_classes(noisy, **parameters).fit(X, y)
    losses = np.column_stack([estimator.history_[k] for k in ("loss", "val_loss")])
    return np.vstack([estimator.predict_proba(X)[:, :2], losses])


@pytest.fixture(scope="module", params=WAYS)
def way_and_result(request):
    return request.param, noisy_fit(request.param)


# -- the same seed ---------------------------------------------------------------------


def test_same_seed_same_bits_after_other_fits(way_and_result):
    way, result = way_and_result
    noisy_fit(way, random_state=None, epochs=1)
    targets().fit(*numbers())
    assert_array_equal(noisy_fit(way), result)


def test_same_seed_same_bits_whatever_the_global_seeds_are(way_and_result):
    way, result = way_and_result
    keras.utils.set_random_seed(1)
    assert_array_equal(noisy_fit(way), result)


def test_one_estimator_gives_the_same_in_every_fit(way_and_result):
    way, result = way_and_result
    X, y = classes(3)
    estimator = three_classes(noisy, validation_split=0.2, **WAYS[way])
    estimator.fit(X, y).partial_fit(X, y)
    estimator.fit(X, y)
    for _ in range(2):  # a prediction draws nothing
        assert_array_equal(estimator.predict_proba(X)[:, :2], result[:-2])


def test_same_seed_same_bits_in_threads_at_once():
    with ThreadPoolExecutor(2) as pool:
        results = [*pool.map(lambda _: noisy_fit(), range(4))]
    for result in results:
        assert_array_equal(result, noisy_fit())


def test_same_seed_same_bits_in_partial_fit(way_and_result):
    way, _ = way_and_result
    X, y = classes(3)
    one, other = (three_classes(noisy, **WAYS[way]) for _ in range(2))
    for _ in range(2):
        one.partial_fit(X, y)
        other.partial_fit(X, y)
        assert_array_equal(one.predict_proba(X), other.predict_proba(X))


# -- other seeds -----------------------------------------------------------------------


def test_another_seed_gives_another_fit(way_and_result):
    way, result = way_and_result
    assert not np.allclose(noisy_fit(way, random_state=1), result)


def test_without_a_seed_every_fit_is_another(way_and_result):
    way, _ = way_and_result
    one, other = (noisy_fit(way, random_state=None) for _ in range(2))
    assert not np.allclose(one, other)


@pytest.mark.parametrize("seed", [0, 2**32 - 1, np.int64(7)])
def test_seeds_that_scikit_learn_takes(seed):
    assert_array_equal(noisy_fit(random_state=seed), noisy_fit(random_state=seed))


def test_random_state_instance_gives_the_same_in_every_fit(way_and_result):
    """It is read, and stays where it is."""
    way, _ = way_and_result
    X, y = classes(3)
    generator = np.random.RandomState(4)
    kept = generator.get_state()[1].copy()
    estimator = three_classes(noisy, random_state=generator, **WAYS[way])
    results = [estimator.fit(X, y).predict_proba(X) for _ in range(2)]
    results.append(clone(estimator).fit(X, y).predict_proba(X))
    same = three_classes(noisy, random_state=np.random.RandomState(4), **WAYS[way])
    results.append(same.fit(X, y).predict_proba(X))
    for result in results[1:]:
        assert_array_equal(result, results[0])
    assert_array_equal(generator.get_state()[1], kept)
    other = three_classes(noisy, random_state=np.random.RandomState(5), **WAYS[way])
    assert not np.allclose(other.fit(X, y).predict_proba(X), results[0])


def test_initializers_and_dropout_with_seeds_of_their_own():
    """What the user has seeded is the same for every random state of the estimator."""

    def seeded(meta):
        kernel = keras.initializers.GlorotUniform(seed=3)
        last = keras.layers.Dense(meta["n_classes_"], kernel_initializer=kernel)
        layers = [last, keras.layers.Softmax()]
        return keras.Sequential([keras.Input((meta["n_features_in_"],)), *layers])

    X, y = classes(3)
    one, other = (
        three_classes(seeded, random_state=seed).initialize(X, y) for seed in (0, 1)
    )
    expected = keras.initializers.GlorotUniform(seed=3)((4, 3))
    for estimator in (one, other):
        assert_array_equal(estimator.model_.get_weights()[0], expected)


# -- what is left alone ----------------------------------------------------------------


def draw():
    """Numbers from every global generator, each of which moves on."""
    tensors = [
        keras.random.normal((2,)),
        keras.initializers.GlorotUniform()((2, 2)),
        tf.random.uniform((2,)),
    ]
    return np.concatenate(
        [
            np.random.random(2),  # noqa: NPY002
            [random.random()],
            *(np.ravel(tensor) for tensor in tensors),
        ]
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("random_state", [0, np.random.RandomState(0)], ids=["0", "RS"])
def test_global_generators_are_not_touched(way, random_state):
    keras.utils.set_random_seed(0)
    expected = draw()
    keras.utils.set_random_seed(0)
    noisy_fit(way, random_state=random_state)
    assert_array_equal(draw(), expected)


@pytest.mark.parametrize("way", WAYS)
def test_initialize_and_partial_fit_touch_no_global_generator(way):
    X, y = classes(3)
    keras.utils.set_random_seed(0)
    expected = draw()
    keras.utils.set_random_seed(0)
    three_classes(noisy, **WAYS[way]).initialize(X, y).partial_fit(X, y)
    assert_array_equal(draw(), expected)


def drawn(meta):
    """A network whose weights are drawn from NumPy's global generator, slowly."""
    model = classifier(meta)
    for weight in model.weights:
        time.sleep(0.01)
        weight.assign(np.random.normal(size=weight.shape))  # noqa: NPY002
    return model


def test_functions_that_draw_in_threads_do_not_disturb_each_other():
    def kernel(seed):
        estimator = three_classes(drawn, random_state=seed)
        return estimator.initialize(*classes(3)).model_.get_weights()[0]

    seeds = range(4)
    keras.utils.set_random_seed(0)
    expected = draw()
    keras.utils.set_random_seed(0)
    with ThreadPoolExecutor(4) as pool:
        together = [*pool.map(kernel, seeds)]
    assert_array_equal(draw(), expected)
    for seed, weights in zip(seeds, together, strict=True):
        by_numpy = np.random.RandomState(seed).normal(size=(4, 8))
        assert_array_equal(weights, by_numpy.astype("float32"))


@pytest.mark.parametrize("way", WAYS)
def test_environment_and_determinism_are_not_touched(way):
    before = dict(os.environ), config.is_op_determinism_enabled()
    noisy_fit(way)
    assert dict(os.environ) == before[0]
    assert config.is_op_determinism_enabled() == before[1]
