"""The shape of an image: what is told, what is found, and what is said of the rest."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skdl._images._shapes import shape_of_arrays, shape_of_files, shape_of_rows, told

# -- flat rows -------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, 2, 7, 8, 28, 1000])
def test_rows_of_a_square_number_are_grey_squares(side):
    assert shape_of_rows(side**2) == (side, side, 1)


def test_digits_are_squares_of_eight():
    digits = load_digits()
    assert shape_of_rows(digits.data.shape[1])[:2] == digits.images.shape[1:]


def test_every_shorter_row_is_a_strip():
    squares = {k**2 for k in range(8)}
    for n in set(range(1, 64)) - squares:
        assert shape_of_rows(n) == (1, n, 1)


@pytest.mark.parametrize("side", [5, 8, 32, 224])
def test_rows_like_colour_squares_are_asked_about(side):
    n = 3 * side**2
    message = rf"rows of {n} features, .*for example to \({side}, {side}, 3\), or give"
    with pytest.raises(ValueError, match=message):
        shape_of_rows(n)
    assert shape_of_rows(n, (side, side, 3)) == (side, side, 3)


@pytest.mark.parametrize("n_features", [65, 80, 99, 8 * 9, 3 * 64 + 1, 10**6 + 1])
def test_other_long_rows_are_asked_about(n_features):
    message = rf"image_shape=None.* {n_features} features.*to \(height, width, channels"
    with pytest.raises(ValueError, match=message):
        shape_of_rows(n_features)


@pytest.mark.parametrize("image_shape", [(4, 5), [4, 5, 1], (np.int64(4), np.int8(5))])
def test_told_shape_of_rows_holds(image_shape):
    shape = shape_of_rows(20, image_shape)
    assert shape == (4, 5, 1)
    assert all(type(k) is int for k in shape)


@pytest.mark.parametrize("image_shape", [(4, 4), (4, 5, 3), (20, 2), (1, 1, 1)])
def test_told_shape_with_another_number_of_values_is_refused(image_shape):
    n = int(np.prod(image_shape))
    message = rf"image_shape=\(.*\) needs {n} features; X has 20\. Reshape X or change"
    with pytest.raises(ValueError, match=message):
        shape_of_rows(20, image_shape)


NO_SHAPES = [
    (20,),
    (2, 2, 5, 1),
    (),
    (4, 0),
    (-4, -5),
    (4.0, 5.0),
    ("4", "5"),
    (4, None),
    True,
    0,
    "4x5",
    {4, 5},
    np.array([4, 5]),
]


@pytest.mark.parametrize("image_shape", NO_SHAPES, ids=str)
def test_what_is_no_shape_is_refused(image_shape):
    message = r"image_shape=.* must be whole numbers of at least 1: \(height, width\)"
    with pytest.raises(ValueError, match=message):
        shape_of_rows(20, image_shape)
    with pytest.raises(ValueError, match=message):
        shape_of_arrays((7, 4, 5), image_shape)


# -- arrays ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((7, 4, 5), (4, 5, 1)),
        ((7, 4, 5, 1), (4, 5, 1)),
        ((7, 4, 5, 3), (4, 5, 3)),
        ((7, 1, 1), (1, 1, 1)),
        ((0, 4, 5), (4, 5, 1)),  # how many images there are is another question
        ((7, 1, 8, 9), (1, 8, 9)),  # a strip of many channels
        ((7, 3, 9, 8), (3, 9, 8)),  # no squares: as it stands
        ((7, 2, 8, 8), (2, 8, 8)),  # no files have two channels
        ((7, 4, 4, 4), (4, 4, 4)),
    ],
)
def test_arrays_tell_their_shape(shape, expected):
    assert shape_of_arrays(shape) == expected
    assert shape_of_arrays(shape, expected) == expected
    if expected[2] == 1:
        assert shape_of_arrays(shape, expected[:2]) == expected


@pytest.mark.parametrize("n_channels", [1, 3, 4])
@pytest.mark.parametrize("side", [5, 28, 224])
def test_channels_first_are_refused_unless_told(n_channels, side):
    shape = (n_channels, side, side)
    message = rf"looks like channels first.*set image_shape=\({n_channels}, {side}, "
    with pytest.raises(ValueError, match=message):
        shape_of_arrays((10, *shape))
    assert shape_of_arrays((10, *shape), shape) == shape


@pytest.mark.parametrize("shape", [(7,), (7, 4), (7, 4, 5, 3, 1), ()])
def test_arrays_with_another_number_of_axes_are_refused(shape):
    with pytest.raises(ValueError, match=r"X has shape \(.*\)\. Give images of shape"):
        shape_of_arrays(shape)


@pytest.mark.parametrize("shape", [(7, 0, 5), (7, 4, 0), (7, 4, 5, 0), (0, 0, 5, 3)])
def test_images_without_values_are_refused(shape):
    with pytest.raises(ValueError, match=r"its images have no values\. Give images of"):
        shape_of_arrays(shape)


@pytest.mark.parametrize("image_shape", [(5, 4), (4, 5, 3), (4, 5, 2), (20, 1)])
def test_arrays_of_another_shape_than_told_are_refused(image_shape):
    message = r"image_shape=.*, but the images in X have shape \(4, 5\)\. Reshape X or"
    with pytest.raises(ValueError, match=message):
        shape_of_arrays((7, 4, 5), image_shape)


# -- files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image_size", "pair"), [(8, (8, 8)), ((6, 9), (6, 9)), ([np.int64(6), 9], (6, 9))]
)
@pytest.mark.parametrize(
    ("color_mode", "n_channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)]
)
def test_files_have_the_size_and_the_mode_that_is_told(
    image_size, pair, color_mode, n_channels
):
    shape = shape_of_files(image_size, color_mode)
    assert shape == (*pair, n_channels)
    assert all(type(k) is int for k in shape)


def test_files_need_a_size():
    with pytest.raises(ValueError, match=r"None, but X holds paths\. Set the"):
        shape_of_files(None, "rgb")


@pytest.mark.parametrize("image_size", [0, -1, (8,), (8, 8, 3), 8.0, "8", True, (8, 0)])
def test_sizes_of_files_that_are_none_are_refused(image_size):
    with pytest.raises(ValueError, match=r"image_size=.* must be a positive integer"):
        shape_of_files(image_size, "rgb")


def test_shapes_are_printed_without_types():
    assert told((np.int64(3), np.int32(4))) == "(3, 4)"
