"""Windows of a series are all there, in order, and views."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skdl._sequences import flat_windows, windows


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 4, 11])
@pytest.mark.parametrize("shape", [(11,), (11, 1), (11, 3)], ids=str)
def test_windows_equal_slices(shape, size, step):
    values = np.random.default_rng(0).normal(size=shape)
    by_hand = [values[i : i + size] for i in range(0, 11 - size + 1, step)]
    result = windows(values, size, step)
    assert_array_equal(result, by_hand)
    assert np.shares_memory(result, values)
    assert not result.flags.writeable
    flat = flat_windows(values, size, step)
    assert_array_equal(flat, np.reshape(by_hand, (len(by_hand), -1)))
    assert np.shares_memory(flat, values)
    assert not flat.flags.writeable


def test_columns_beside_each_other_in_memory_serve_as_well():
    values = np.asfortranarray(np.arange(12).reshape(6, 2))
    assert np.shares_memory(windows(values, 3), values)
    assert_array_equal(windows(values, 3)[1], values[1:4])
    assert_array_equal(flat_windows(values, 3)[1], values[1:4].ravel())
