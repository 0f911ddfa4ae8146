"""X of an estimator for images: what it may be, and what is said of the rest."""

import datetime
import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from skdl._images import check_images
from skdl._validation import check_inputs

N = 6


class Network(BaseEstimator):
    """Anything that remembers what was checked."""


def numbers(*shape, dtype="float64"):
    return np.random.default_rng(0).uniform(0, 255, shape).astype(dtype)


def checked(X, estimator=None, **options):
    """Images as `fit` gets them; with an estimator, as its other methods do."""
    reset = estimator is None
    return check_images(estimator or Network(), X, reset=reset, **options)


def fitted(*shape, **options):
    network = Network()
    check_images(network, numbers(N, *shape), reset=True, **options)
    return network


# -- shapes ----------------------------------------------------------------------------

GREY, COLOUR = numbers(N, 5, 4), numbers(N, 5, 4, 3)

# X, image_shape, what one image becomes
SHAPES = {
    "grey": (GREY, None, (5, 4, 1)),
    "grey, told": (GREY, (5, 4), (5, 4, 1)),
    "square, told by one number": (numbers(N, 4, 4), 4, (4, 4, 1)),
    "flat square, told by one number": (numbers(N, 16), 4, (4, 4, 1)),
    "grey with an axis": (GREY[..., None], None, (5, 4, 1)),
    "colour": (COLOUR, None, (5, 4, 3)),
    "colour, told": (COLOUR, [5, 4, 3], (5, 4, 3)),
    "many channels": (numbers(N, 5, 4, 9), None, (5, 4, 9)),
    "one pixel": (numbers(N, 1, 1), None, (1, 1, 1)),
    "one image": (GREY[:1], None, (5, 4, 1)),
    "flat square": (numbers(N, 49), None, (7, 7, 1)),
    "flat square of 64": (numbers(N, 64), None, (8, 8, 1)),
    "flat, told": (numbers(N, 20), (5, 4), (5, 4, 1)),
    "flat colour": (numbers(N, 60), (5, 4, 3), (5, 4, 3)),
    "flat square that is none": (numbers(N, 36), (9, 4), (9, 4, 1)),
    "flat by NumPy's numbers": (numbers(N, 20), tuple(np.array([5, 4])), (5, 4, 1)),
    "strip": (numbers(N, 10), None, (1, 10, 1)),
    "longest strip": (numbers(N, 63), None, (1, 63, 1)),
    "one column": (numbers(N, 1), None, (1, 1, 1)),
    "channels first, told": (numbers(N, 3, 8, 8), (3, 8, 8), (3, 8, 8)),
    "small and perhaps channels first": (numbers(N, 3, 4, 4), None, (3, 4, 4)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_images_have_three_axes_and_keep_their_values(name):
    X, image_shape, shape = SHAPES[name]
    network = Network()
    images = check_images(network, X, reset=True, image_shape=image_shape)
    assert images.shape == (len(X), *shape)
    assert_array_equal(images, np.reshape(X, (len(X), *shape)))
    assert network.image_shape_ == shape
    assert all(type(k) is int for k in network.image_shape_)
    assert network.n_features_in_ == np.prod(shape)
    assert not hasattr(network, "feature_names_in_")
    assert_array_equal(checked(X, network), images)  # as predict sees them


@pytest.mark.parametrize(
    ("shape", "forms"),
    [
        ((5, 4, 1), [(5, 4), (5, 4, 1), (20,)]),
        ((5, 4, 3), [(5, 4, 3), (60,)]),
    ],
)
def test_predict_takes_every_form_of_what_fit_saw(shape, forms):
    X = numbers(N, *shape)
    for first in forms:
        network = Network()
        check_images(network, X.reshape(N, *first), reset=True, image_shape=shape)
        for later in forms:
            assert_array_equal(checked(X.reshape(N, *later), network), X)


def test_a_list_of_images_is_an_array():
    assert_array_equal(checked(list(COLOUR)), COLOUR)
    assert_array_equal(checked(GREY.tolist()), GREY[..., None])
    assert_array_equal(checked([list(image) for image in GREY]), GREY[..., None])
    assert_array_equal(
        checked(GREY.reshape(N, 20).tolist(), fitted(5, 4))[..., 0], GREY
    )


def test_a_column_of_arrays_is_an_array_of_images():
    series = pd.Series(list(COLOUR), index=range(N, 0, -1))
    frame = series.to_frame("image")
    for column in (series, series.to_numpy(), frame, frame.to_numpy()):
        network = Network()
        assert_array_equal(check_images(network, column, reset=True), COLOUR)
        assert_array_equal(checked(column, network), COLOUR)
        assert not hasattr(network, "feature_names_in_")
    assert_array_equal(checked(pd.DataFrame({"image": list(GREY)}))[..., 0], GREY)


@pytest.mark.parametrize("order", ["F", "strided", "read-only"])
def test_any_memory_layout(order):
    X = numbers(2 * N, 5, 4)
    expected = X[::2, ..., None].copy()
    X = np.asfortranarray(X[::2]) if order == "F" else X[::2]
    X.flags.writeable = order != "read-only"
    assert_array_equal(checked(X), expected)


# -- dtypes ----------------------------------------------------------------------------

KEPT = {"uint8": "uint8", "float32": "float32", "float64": "float64"}
DTYPES = KEPT | dict.fromkeys(
    ["int32", "uint32", "int64", "longdouble", "object"], "float64"
)
DTYPES |= dict.fromkeys(["bool", "int8", "int16", "uint16", "float16"], "float32")


@pytest.mark.parametrize("form", ["images", "flat", "frame"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_uint8_and_floats_are_kept_and_others_become_floats_that_hold_them(dtype, form):
    X = (numbers(N, 4, 4) // 3).astype(dtype)  # below 128
    given = X if form == "images" else X.reshape(N, 16)
    if form == "frame":
        given = pd.DataFrame(given)
    images = checked(given)
    assert images.dtype == DTYPES[dtype]
    assert_array_equal(images, X[..., None].astype(float))


def test_columns_of_several_dtypes_get_one_that_holds_them():
    columns = {"a": np.uint8([0, 255]), "b": np.int8([-128, 127])}
    frame = pd.DataFrame(columns)
    assert checked(frame).dtype == np.float32
    assert_array_equal(checked(frame)[:, 0, :, 0], frame)
    assert checked(frame.assign(b=np.int32([0, 2**31 - 1]))).dtype == np.float64
    nullable = frame.astype("Int16")  # no dtype of NumPy's
    assert_array_equal(checked(nullable)[:, 0, :, 0], frame)


@pytest.mark.parametrize("dtype", KEPT)
@pytest.mark.parametrize("form", ["images", "flat"])
def test_arrays_are_not_copied(dtype, form):
    X = numbers(N, 4, 4, dtype=dtype)
    images = checked(X if form == "images" else X.reshape(N, 16))
    assert np.shares_memory(images, X)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_sparse_rows_become_dense_images(kind, dtype):
    X = (np.random.default_rng(0).random((N, 16)) < 0.3).astype(dtype)
    images = checked(kind(X))
    assert isinstance(images, np.ndarray)
    assert images.dtype == DTYPES[dtype]
    assert_array_equal(images, X.reshape(N, 4, 4, 1).astype(float))


def test_large_finite_values_are_no_infinity():
    X = np.full((N, 3, 3), np.finfo(float).max)  # whose sum overflows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(checked(X), X[..., None])


# -- frames ----------------------------------------------------------------------------


@pytest.fixture
def frame():
    return pd.DataFrame(numbers(N, 4), columns=list("abcd"))


def test_names_of_columns_are_remembered(frame):
    network = Network()
    images = check_images(network, frame, reset=True)
    assert_array_equal(images, frame.to_numpy().reshape(N, 2, 2, 1))
    assert network.feature_names_in_.tolist() == list("abcd")
    assert network.n_features_in_ == 4


def test_columns_with_other_names_are_refused(frame):
    network = Network()
    check_images(network, frame, reset=True)
    with pytest.raises(ValueError, match=r"(?s)names unseen at fit time.*- z"):
        checked(frame.rename(columns={"a": "z"}), network)
    with pytest.raises(ValueError, match="must be in the same order"):
        checked(frame[list("dcba")], network)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        checked(frame.to_numpy(), network)


@pytest.mark.parametrize("later", [numbers(N, 2, 2), ["a.png"]], ids=["array", "paths"])
def test_names_are_forgotten_with_images_that_have_none(frame, later):
    network = Network()
    check_images(network, frame, reset=True)
    check_images(network, later, reset=True, image_size=2)
    assert not hasattr(network, "feature_names_in_")


def test_other_calls_change_no_attribute(frame):
    network = Network()
    check_images(network, frame, reset=True)
    before = dict(vars(network))
    checked(frame, network)
    checked(numbers(N, 2, 2), network)
    checked(["a.png"], network)
    assert vars(network) == before


# -- paths -----------------------------------------------------------------------------

PATHS = {
    "list": ["a.png", "b.png"],
    "paths": [pathlib.Path("a.png"), pathlib.Path("b.png")],
    "array": np.array(["a.png", "b.png"]),
    "objects": np.array(["a.png", "b.png"], dtype=object),
    "column": np.array([["a.png"], ["b.png"]]),
    "series": pd.Series(["a.png", "b.png"]),
    "frame": pd.DataFrame({"path": ["a.png", "b.png"]}),
}


@pytest.mark.parametrize("name", PATHS)
def test_paths_stay_paths(name):
    network = Network()
    X = check_images(network, PATHS[name], reset=True, image_size=(6, 5))
    assert X.shape == (2,)
    assert X.tolist() == ["a.png", "b.png"]
    assert network.image_shape_ == (6, 5, 3)
    assert network.n_features_in_ == 6 * 5 * 3
    assert checked(PATHS[name], network).tolist() == X.tolist()


@pytest.mark.parametrize(
    ("color_mode", "n_channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)]
)
def test_files_have_the_channels_of_their_mode(color_mode, n_channels):
    network = Network()
    options = {"image_size": 7, "color_mode": color_mode}
    check_images(network, ["a.png"], reset=True, **options)
    assert network.image_shape_ == (7, 7, n_channels)


@pytest.mark.parametrize("image_shape", [(6, 5), [6, 5, 3], (6, 5, 3)])
def test_a_shape_of_files_may_be_told_twice(image_shape):
    network = Network()
    options = {"image_size": (6, 5), "image_shape": image_shape}
    check_images(network, ["a.png"], reset=True, **options)
    assert network.image_shape_ == (6, 5, 3)


def test_paths_after_arrays_are_of_files_of_that_shape():
    assert checked(["a.png"], fitted(5, 4, 3)).tolist() == ["a.png"]


# -- messages: value, expectation, remedy ----------------------------------------------


def place(value, *where):
    X = numbers(N, 5, 4, 3)
    X[where] = value
    return X


# X, options, message
WRONG = {
    "NaN": (
        place(np.nan, 2, 4, 1, 0),
        {},
        r"Input X contains NaN, first in image 2 at row 4, column 1\. Replace",
    ),
    "infinity": (
        place(-np.inf, 0, 3, 2),
        {},
        r"Input X contains infinity, first in image 0 at row 3, column 2\. Replace",
    ),
    "infinity in float32": (
        place(np.inf, 1, 0, 0).astype("float32"),
        {},
        r"contains infinity, first in image 1 at row 0, column 0\. Replace",
    ),
    "None among numbers": (
        place(np.nan, 1, 0, 0).astype(object),
        {},
        "contains NaN, first in image 1",
    ),
    "NaN in flat rows": (
        place(np.nan, 1, 0, 0).reshape(N, -1),
        {"image_shape": (5, 4, 3)},
        r"Input X contains NaN \(row 1, column 0\)\. Fill the gaps",
    ),
    "channels first": (
        numbers(N, 3, 8, 8),
        {},
        r"X has shape \(6, 3, 8, 8\), which looks like channels first; .*"
        r"np\.moveaxis\(X, 1, -1\), or set image_shape=\(3, 8, 8\)",
    ),
    "grey channels first": (numbers(N, 1, 8, 8), {}, "looks like channels first"),
    "one axis": (numbers(9), {}, "Expected 2D array, got 1D array.*Reshape your data"),
    "no axis": (5.0, {}, "X is 5.0, but images are expected. Give an array of shape"),
    "nothing": (None, {}, "X is None, but images are expected. Give an array of shape"),
    "a generator": (
        (image for image in GREY),
        {},
        r"X is of type generator, but images are expected\. Give an array .* of paths",
    ),
    "a dict": ({"a": GREY}, {}, "X is of type dict, but images are expected. Give an"),
    "no values": ([None] * 2, {}, "X holds None where an image is expected. Give an"),
    "dicts": ([{}] * 2, {}, "X holds {} where an image is expected. Give an array"),
    "empty array": (np.array([]), {}, r"X is empty, with shape \(0,\), .* Give an arr"),
    "empty series": (pd.Series([], dtype=object), {}, "X is empty.* Give an array"),
    "empty frame": (pd.DataFrame(), {}, r"X is empty, with shape \(0, 0\).* Give an"),
    "five axes": (
        numbers(N, 5, 4, 3, 1),
        {},
        r"X has shape \(6, 5, 4, 3, 1\)\. Give images of shape \(n, height, width\) or",
    ),
    "no images": (GREY[:0], {}, r"X is empty, with shape \(0, 5, 4\), .* Give an"),
    "no colour images": (COLOUR[:0], {}, r"X is empty, with shape .* Give an array"),
    "no rows": (numbers(0, 9), {}, r"0 sample\(s\).*Give at least one row"),
    "no columns": (numbers(N, 0), {}, r"0 feature\(s\).*Give at least one row"),
    "empty list": ([], {}, r"X is empty, with shape \(0,\), but at least .* Give an"),
    "no height": (
        numbers(N, 0, 4),
        {},
        r"\(6, 0, 4\): its images have no values. Give",
    ),
    "no channels": (numbers(N, 5, 4, 0), {}, "its images have no values. Give images"),
    "another shape than told": (
        GREY,
        {"image_shape": (4, 5)},
        r"image_shape=\(4, 5\), but the images in X have shape \(5, 4\)\. Reshape X or",
    ),
    "another number of columns than told": (
        numbers(N, 21),
        {"image_shape": (5, 4)},
        r"image_shape=\(5, 4\) needs 20 features; X has 21\. Reshape X or change",
    ),
    "no square": (
        numbers(N, 65),
        {},
        "image_shape=None, but X has rows of 65 features.*Set image_shape",
    ),
    "ragged": (
        [numbers(3, 3), numbers(4, 3)],
        {},
        "The images in X differ in shape.*Bring them to one shape first; ImageLoader",
    ),
    "ragged numbers": ([[1, 2], [1]], {}, "The images in X differ in shape.*Bring"),
    "ragged column": (
        pd.Series([numbers(3, 3), numbers(4, 3)]),
        {},
        "The images in X differ in shape.*Bring",
    ),
    "text": (
        np.full((N, 3, 3), "a"),
        {},
        r"X holds text, for example \['a'\]\. Give images as numbers, or one column",
    ),
    "numbers as text": (
        np.full((N, 4), "1.5"),
        {},
        r"X holds text, for example \['1.5'\]\. Give images as numbers",
    ),
    "bytes": (
        [b"a.png"],
        {},
        r"X holds text, for example \[b'a.png'\]\. .* str or .* by os\.fsdecode\.",
    ),
    "bytes among paths": (
        ["a.png", b"b.png"],
        {},
        r"Row 1 .* b'b.png', but the path .* by os\.fsdecode\.",
    ),
    "paths beside others": (
        pd.DataFrame({"n": [1, 2], "path": ["a/1.png", "b/2.png"], "y": ["a", "b"]}),
        {},
        r"columns beside 'path', which holds paths\. Choose .*: X\[\['path'\]\]\.",
    ),
    "pathlib's beside others": (
        pd.DataFrame({"n": [1, 2], 3: [None, pathlib.Path("a")]}),
        {},
        r"X has columns beside 3, .* Choose the column of paths: X\[\[3\]\]\.",
    ),
    "text in a frame": (
        pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}),
        {},
        "Column 'a' of X holds text, for example 'x'",
    ),
    "dates": (
        np.zeros((N, 3, 3), "datetime64[D]"),
        {},
        "X holds dates or times. Turn dates and times into numbers first",
    ),
    "times": (
        np.zeros((N, 3, 3), "timedelta64[s]"),
        {},
        "X holds dates or times. Turn",
    ),
    "flat dates": (
        np.zeros((N, 9), "datetime64[D]"),
        {},
        "X holds dates or times. Turn",
    ),
    "Python's dates": (
        [[[datetime.date(2020, 1, 1)] * 3] * 3] * N,
        {},
        "X holds dates. Turn",
    ),
    "complex": (
        GREY * 1j,
        {},
        r"^Complex data not supported: X has complex numbers\. Give real ones, .*\.$",
    ),
    "complex column": (
        pd.DataFrame({"a": [1, 2], "b": [1j, 2]}),
        {},
        "Complex data not supported: X has complex numbers",
    ),
    "arrays with a wrong size": (
        GREY,
        {"image_size": (0, 2)},
        r"image_size=\(0, 2\) m",
    ),
    "paths with a wrong shape": (
        ["a.png"],
        {"image_size": 8, "image_shape": (8,)},
        r"image_shape=\(8,\) must be whole numbers",
    ),
    "paths with another shape": (
        ["a.png"],
        {"image_size": 8, "image_shape": (8, 9)},
        r"image_shape=\(8, 9\), but image_size=8 and color_mode='rgb' make images of "
        r"shape \(8, 8, 3\) of files\. Leave image_shape at None",
    ),
    "paths without a size": (
        ["a.png"],
        {},
        "image_size=None, but X holds paths. Set the size.*image_size=",
    ),
    "paths with a wrong size": (["a.png"], {"image_size": 0}, "image_size=0 must be a"),
    "a single path": (
        "a.png",
        {"image_size": 8},
        r"X='a.png' is a single path, but several are expected. Give a list",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_image_is_refused(name):
    X, options, message = WRONG[name]
    error = TypeError if name == "bytes among paths" else ValueError
    with pytest.raises(error, match=f"(?s){message}"):
        checked(X, **options)


def test_a_dataset_of_tensorflow_is_refused_in_words():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices(COLOUR)
    with pytest.raises(ValueError, match=r"of type .*Dataset, but images are expected"):
        checked(dataset)


def test_a_series_of_numbers_is_refused_in_words():
    series = pd.Series(numbers(9))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        checked(series)
    with pytest.raises(ValueError, match="Expected a 2-dimensional container"):
        check_inputs(Network(), series, reset=True)


# shape of X, message; fit saw images of 5 x 4 pixels in 3 colours
OTHERS = {
    "size": (
        (N, 4, 5, 3),
        r"X has images of shape \(4, 5, 3\), but Network was fitted to images of shape "
        r"\(5, 4, 3\)\. Give images of that shape; ImageLoader and skimage",
    ),
    "channels": ((N, 5, 4, 4), r"X has images of shape \(5, 4, 4\), but Network was"),
    "no channels": ((N, 5, 4), r"X has images of shape \(5, 4\), but Network was"),
    "a single image": (
        (5, 4, 3),
        r"X is one image of shape \(5, 4, 3\), but .* Give an array .*X\[np.newaxis\]",
    ),
    "a single grey image": ((5, 4), r"X is one image of shape \(5, 4\), but several"),
    "more axes": ((N, 5, 4, 3, 1), r"X has images of shape \(5, 4, 3, 1\), but"),
    "columns": (
        (N, 59),
        "X has 59 features, but Network is expecting 60 features.*Pass",
    ),
    "empty": ((0, 5, 4, 3), r"X is empty, with shape \(0, 5, 4, 3\).* Give an array"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_images_of_another_shape_than_fit_saw_are_refused(name):
    shape, message = OTHERS[name]
    with pytest.raises(ValueError, match=message):
        checked(numbers(*shape), fitted(5, 4, 3))


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1)])
def test_one_grey_image_is_told_from_several(shape):
    network = fitted(5, 4)
    message = r"X is one image of shape .*: X\[np\.newaxis\]\."
    with pytest.raises(ValueError, match=message):
        checked(numbers(*shape), network)
    with pytest.raises(ValueError, match=message):
        checked(numbers(*shape).tolist(), network)
    assert checked(numbers(*shape)[np.newaxis], network).shape == (1, 5, 4, 1)


@pytest.mark.parametrize(
    ("fitted_to", "shape"),
    [((1, 1), (1, 1)), ((1, 1), (1, 1, 1)), ((1, 10), (1, 10)), ((4, 4), (4, 16))],
)
def test_what_could_be_one_image_or_several_is_several(fitted_to, shape):
    network = fitted(*fitted_to)
    assert checked(numbers(*shape), network).shape == (shape[0], *fitted_to, 1)


def test_after_a_strip_only_strips_have_two_axes_less():
    network = fitted(10)
    assert checked(numbers(N, 1, 10), network).shape == (N, 1, 10, 1)
    with pytest.raises(ValueError, match=r"shape \(10, 1\), .* shape \(1, 10, 1\)"):
        checked(numbers(N, 10, 1), network)


def test_messages_name_the_argument():
    network = fitted(5, 4, 3)
    bad = place(np.nan, 0, 0, 0)
    for X, message in [
        (bad, "Input X_val contains NaN"),
        (bad.reshape(N, -1), "Input X_val contains NaN"),
        (numbers(N, 5, 4), "X_val has images of shape"),
        (numbers(N, 59), "X_val has 59 features"),
        ([numbers(3, 3), numbers(4, 3)], "The images in X_val differ"),
        (np.full((N, 5, 4, 3), "a"), "X_val holds text"),
        (np.zeros((N, 5, 4, 3), "datetime64[D]"), "X_val holds dates"),
        ("a.png", "X_val='a.png' is a single path"),
    ]:
        with pytest.raises(ValueError, match=message):
            checked(X, network, name="X_val")
