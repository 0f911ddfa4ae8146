"""Learning-rate schedules against closed forms and Keras's schedules."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skdl.training._schedules import SCHEDULES, learning_rates

KERAS = keras.optimizers.schedules


def all_rates(schedule, *, learning_rate, epochs, steps):
    """Return the rates of a whole training, shape (epochs * steps,)."""
    rates = learning_rates(schedule, learning_rate=learning_rate, epochs=epochs)
    return np.concatenate([rates(epoch, steps) for epoch in range(epochs)])


def keras_rates(schedule, n_steps):
    """Return the rates Keras's optimizers would use, shape (n_steps,)."""
    return np.array([float(schedule(step)) for step in range(n_steps)])


@pytest.mark.parametrize(
    "schedule", [None, {3: 0.1}, *SCHEDULES, lambda epoch: 1, KERAS.CosineDecay(0.1, 9)]
)
@pytest.mark.parametrize("steps", [1, 7])
def test_one_float64_rate_per_step(schedule, steps):
    rates = learning_rates(schedule, learning_rate=0.1, epochs=2)
    for epoch in range(4):  # training may go on after the planned epochs
        assert rates(epoch, steps).dtype == np.float64
        assert rates(epoch, steps).shape == (steps,)
        assert np.isfinite(rates(epoch, steps)).all()


def test_none_is_constant():
    assert_array_equal(all_rates(None, learning_rate=0.3, epochs=3, steps=2), 0.3)


def test_cosine_matches_keras():
    ours = all_rates("cosine", learning_rate=0.3, epochs=4, steps=5)
    theirs = keras_rates(KERAS.CosineDecay(0.3, decay_steps=20), 20)
    assert_allclose(ours, theirs, rtol=1e-5)


def test_cosine_stays_at_its_end():
    rates = learning_rates("cosine", learning_rate=0.3, epochs=2)
    assert_array_equal(rates(2, 5), 0)


def test_drops_match_keras():
    ours = all_rates({4: 0.01, 2: 0.1}, learning_rate=0.5, epochs=6, steps=3)
    # Keras drops after the given step: the last one of epochs 1 and 3.
    decay = KERAS.PiecewiseConstantDecay([2 * 3 - 1, 4 * 3 - 1], [0.5, 0.05, 0.005])
    assert_allclose(ours, keras_rates(decay, 18), rtol=1e-6)


def test_drop_at_epoch_0_and_no_drop():
    assert_array_equal(all_rates({0: 0.5}, learning_rate=1, epochs=2, steps=1), 0.5)
    assert_array_equal(all_rates({}, learning_rate=1, epochs=2, steps=1), 1)


def test_cifar_drops_after_80_120_160_180_epochs():
    rates = all_rates("cifar", learning_rate=1e-3, epochs=200, steps=1)
    by_hand = np.repeat([1e-3, 1e-4, 1e-5, 1e-6, 5e-7], [80, 40, 40, 20, 20])
    assert_allclose(rates, by_hand, rtol=1e-12)


def test_one_cycle_matches_its_closed_form():
    """Smith & Topin 2018 with cosines, as computed by PyTorch's OneCycleLR."""
    peak, n_steps = 0.5, 100
    top = 0.3 * n_steps - 1
    by_hand = []
    for step in range(n_steps):
        if step <= top:
            start, end, part = peak / 25, peak, step / top
        else:
            start, end, part = peak, peak / 25 / 1e4, (step - top) / (n_steps - 1 - top)
        by_hand.append(end + (start - end) / 2 * (1 + np.cos(np.pi * part)))
    rates = all_rates("one_cycle", learning_rate=peak, epochs=10, steps=10)
    assert_allclose(rates, by_hand, rtol=1e-10)


def test_one_cycle_starts_peaks_and_ends_where_it_should():
    rates = all_rates("one_cycle", learning_rate=1, epochs=5, steps=20)
    assert_allclose(rates[[0, 29, 99]], [1 / 25, 1, 1 / 25 / 1e4], rtol=1e-12)
    assert (np.diff(rates[:30]) > 0).all()
    assert (np.diff(rates[29:]) < 0).all()


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize("steps", [1, 2])
def test_one_cycle_trains_however_few_steps_there_are(epochs, steps):
    rates = all_rates("one_cycle", learning_rate=1, epochs=epochs, steps=steps)
    assert (rates > 0).all()
    assert rates.max() > 0.5


def test_function_multiplies_the_rate():
    rates = all_rates(lambda epoch: 0.5**epoch, learning_rate=0.4, epochs=3, steps=2)
    assert_allclose(rates, [0.4, 0.4, 0.2, 0.2, 0.1, 0.1])


@pytest.mark.parametrize(
    "schedule",
    [
        KERAS.ExponentialDecay(0.1, 5, 0.5, staircase=True),
        KERAS.PiecewiseConstantDecay([3, 8], [0.1, 0.05, 0.01]),
        KERAS.CosineDecay(0.0, 12, warmup_target=0.1, warmup_steps=4),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_keras_schedule_is_absolute_and_counts_all_steps(schedule):
    rates = all_rates(schedule, learning_rate=99.0, epochs=3, steps=4)
    assert_array_equal(rates, keras_rates(schedule, 12))


class Warmup(KERAS.LearningRateSchedule):
    """As users write them: no get_config, and ops on the step."""

    def __call__(self, step):
        step = keras.ops.cast(step, "float32") + 1
        return keras.ops.minimum(keras.ops.rsqrt(step), step * 4**-1.5)


def test_schedule_of_a_user():
    step = np.arange(1, 9)
    by_hand = np.minimum(step**-0.5, step * 4**-1.5)
    rates = all_rates(Warmup(), learning_rate=1, epochs=2, steps=4)
    assert_allclose(rates, by_hand, rtol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "value", "remedy"),
    [
        ("linear", "'linear'", "cosine, one_cycle, cifar"),
        (0.5, "0.5", "cosine, one_cycle, cifar"),
        ([0.1, 0.2], r"\[0.1, 0.2\]", "dict"),
        ({1.5: 0.1}, "key 1.5", "integers of at least 0"),
        ({-1: 0.1}, "key -1", "integers of at least 0"),
        ({True: 0.1}, "key True", "integers of at least 0"),
        ({"10": 0.1}, "key '10'", "integers of at least 0"),
        ({10: -0.1}, r"\[10\] gives -0.1", "at least 0"),
        ({10: np.nan}, r"\[10\] gives nan", "finite"),
        ({10: None}, r"\[10\] gives None", "finite"),
    ],
)
def test_bad_schedule_is_refused_at_once(schedule, value, remedy):
    with pytest.raises(ValueError, match=f"learning_rate_schedule.*{value}.*{remedy}"):
        learning_rates(schedule, learning_rate=0.1, epochs=5)


@pytest.mark.parametrize("factor", [-0.1, np.nan, np.inf, None, "fast"])
def test_bad_factor_is_named_with_its_epoch(factor):
    rates = learning_rates(
        lambda epoch: factor if epoch == 2 else 1, learning_rate=0.1, epochs=5
    )
    rates(1, 3)
    with pytest.raises(ValueError, match=rf"schedule\(2\) gives {factor!r}; .*finite"):
        rates(2, 3)


def test_bad_keras_schedule_is_named_with_its_epoch():
    rising = KERAS.PolynomialDecay(0.1, 4, end_learning_rate=-0.1)
    rates = learning_rates(rising, learning_rate=0.1, epochs=5)
    with pytest.raises(ValueError, match=r"PolynomialDecay.* in epoch 1; .*at least 0"):
        rates(1, 3)


def test_dict_may_change_later():
    """The rates of a running fit do not depend on what the caller does to the dict."""
    drops = {1: 0.1}
    rates = learning_rates(drops, learning_rate=1, epochs=3)
    drops[0] = 7.0
    assert_array_equal(rates(0, 1), 1)
