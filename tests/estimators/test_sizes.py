"""Sizes for all blocks or for each: what is accepted, and as what."""

import ast

import numpy as np
import pytest

from skdl.estimators._sizes import filters_of, sizes

OF_WINDOWS = ["kernel_size", "strides", "pool_size"]

# value -> the same for two blocks, with tuples and Python's numbers
WINDOWS = [
    (3, ((3, 3), (3, 3))),
    (np.int64(3), ((3, 3), (3, 3))),
    ((3, 5), ((3, 3), (5, 5))),
    ([3, 5], ((3, 3), (5, 5))),
    ([[1, 3], [1, 3]], ((1, 3), (1, 3))),
    (((1, 3), 5), ((1, 3), (5, 5))),
    ([(np.int32(1), 3), np.uint8(5)], ((1, 3), (5, 5))),
    (np.array(3), ((3, 3), (3, 3))),
    (np.array([3, 5]), ((3, 3), (5, 5))),
    (np.array([[1, 3], [5, 5]]), ((1, 3), (5, 5))),
    ([np.array([1, 3]), 5], ((1, 3), (5, 5))),
]

FILTERS = [
    (16, (16,)),
    (np.int64(16), (16,)),
    ((16, 32), (16, 32)),
    ([16, 32], (16, 32)),
    ([[16, 16], [32, 32, 32]], ((16, 16), (32, 32, 32))),
    ((16, (32, np.int8(8))), (16, (32, 8))),
    (((16,), 32), ((16,), 32)),
    (np.array([4, 4]), (4, 4)),
    (np.array([[4, 4], [8, 8]], np.uint16), ((4, 4), (8, 8))),
]


def types(value):
    """All types within nested tuples."""
    if not isinstance(value, tuple):
        return {type(value)}
    return {tuple}.union(*map(types, value))


@pytest.mark.parametrize("name", OF_WINDOWS)
@pytest.mark.parametrize(("value", "expected"), WINDOWS, ids=str)
def test_sizes_of_windows_are_one_or_one_per_block(name, value, expected):
    found = sizes(name, value, 2)
    assert found == expected
    assert types(found) <= {tuple, int}


@pytest.mark.parametrize(("value", "expected"), FILTERS, ids=str)
def test_filters_have_an_entry_for_each_block(value, expected):
    found = filters_of(value)
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
    np.array([3.0, 3.0]),
    np.array([0, 3]),
    np.array([True, True]),
    np.array([]),
]


@pytest.mark.parametrize("value", NOWHERE, ids=str)
def test_what_is_no_size_is_refused(value):
    for name in OF_WINDOWS:
        message = rf"{name}=.* must be a whole number .* each of the 2 blocks\."
        with pytest.raises(ValueError, match=message):
            sizes(name, value, 2)
    message = "filters=.* must be whole numbers of at least 1, .*for example"
    with pytest.raises(ValueError, match=message):
        filters_of(value)


def test_groups_of_filters_have_any_number():
    value = ((3,), 3, (3, 3, 3))
    assert filters_of(value) == value


@pytest.mark.parametrize(
    ("value", "n_blocks"), [((3, 3), 1), ((3, 3), 3), (((3,), 3), 2), ((3, 3, 3), 2)]
)
def test_another_number_of_blocks_is_told_how_to_give_height_and_width(value, n_blocks):
    message = rf"for each of the {n_blocks} blocks.*height and width: kernel_size=\(\("
    with pytest.raises(ValueError, match=message):
        sizes("kernel_size", value, n_blocks)


@pytest.mark.parametrize(
    ("name", "example"),
    [("kernel_size", "(3, 5)"), ("strides", "(2, 1)"), ("pool_size", "(2, 2)")],
)
def test_examples_are_of_the_parameter_and_accepted(name, example):
    with pytest.raises(ValueError, match="height and width") as caught:
        sizes(name, 0, 2)
    text = f"{name}=({example}, {example})"
    assert str(caught.value).endswith(f"{text}.")
    pair = ast.literal_eval(example)
    assert sizes(name, (pair, pair), 2) == (pair, pair)


def test_messages_show_the_value():
    with pytest.raises(ValueError, match=r"filters=\[32, 0\] must be"):
        filters_of([32, 0])
    with pytest.raises(ValueError, match=r"strides=\(1, -1\) must be"):
        sizes("strides", (1, -1), 2)
