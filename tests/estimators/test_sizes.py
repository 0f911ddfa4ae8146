"""Sizes for all blocks or for each: what is accepted, and as what."""

import numpy as np
import pytest

from skdl.estimators._sizes import sizes

OF_WINDOWS = ["kernel_size", "strides", "pool_size"]

# value -> the same with tuples and Python's numbers
WINDOWS = [
    (3, 3),
    (np.int64(3), 3),
    ((3, 5), (3, 5)),
    ([3, 5], (3, 5)),
    ((3,), (3,)),
    ([[1, 3], [1, 3]], ((1, 3), (1, 3))),
    (((1, 3), 5), ((1, 3), 5)),
    ([(np.int32(1), 3), np.uint8(5), 2], ((1, 3), 5, 2)),
]

FILTERS = [
    (16, (16,)),
    (np.int64(16), (16,)),
    ((16, 32), (16, 32)),
    ([16, 32], (16, 32)),
    ([[16, 16], [32, 32, 32]], ((16, 16), (32, 32, 32))),
    ((16, (32, np.int8(8))), (16, (32, 8))),
    (((16,), 32), ((16,), 32)),
]


def types(value):
    """All types within nested tuples."""
    if not isinstance(value, tuple):
        return {type(value)}
    return {tuple}.union(*map(types, value))


@pytest.mark.parametrize("name", OF_WINDOWS)
@pytest.mark.parametrize(("value", "expected"), WINDOWS, ids=str)
def test_sizes_of_windows_are_one_or_one_per_block(name, value, expected):
    found = sizes(name, value)
    assert found == expected
    assert types(found) <= {tuple, int}


@pytest.mark.parametrize(("value", "expected"), FILTERS, ids=str)
def test_filters_have_an_entry_for_each_block(value, expected):
    found = sizes("filters", value)
    assert found == expected
    assert types(found) <= {tuple, int}


NOWHERE = [
    0,
    -1,
    1.0,
    2.5,
    np.nan,
    True,
    "3",
    None,
    (),
    [],
    (3, 0),
    (3, True),
    (3, None),
    (3, 1.5),
    ((),),
    ((3, 3), (3, 0)),
    (((3, 3), (3, 3)),),  # too deep
    {3},
    np.array([3, 3]),
]


@pytest.mark.parametrize("value", NOWHERE, ids=str)
def test_what_is_no_size_is_refused(value):
    for name in OF_WINDOWS:
        message = (
            rf"{name}=.* must be a whole number of at least 1, .* for two blocks\."
        )
        with pytest.raises(ValueError, match=message):
            sizes(name, value)
    message = "filters=.* must be whole numbers of at least 1, .*for example"
    with pytest.raises(ValueError, match=message):
        sizes("filters", value)


@pytest.mark.parametrize("value", [((3,), 3), ((3, 3, 3),)], ids=str)
def test_windows_have_two_axes_and_groups_of_filters_any_number(value):
    assert sizes("filters", value) == value
    with pytest.raises(ValueError, match="a pair in place of a number is height and"):
        sizes("kernel_size", value)


def test_messages_show_the_value():
    with pytest.raises(ValueError, match=r"filters=\[32, 0\] must be"):
        sizes("filters", [32, 0])
    with pytest.raises(ValueError, match=r"strides=\(1, -1\) must be"):
        sizes("strides", (1, -1))
