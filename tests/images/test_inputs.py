"""Images as the network takes them: mean and variance of channels, and dtypes."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import skdl._images._inputs as image_inputs
from skdl._images import ImageInputs
from skdl.exceptions import ImageReadError
from skdl.networks import cnn_network

SHAPE = (5, 4, 3)
N = 7


def numbers(*shape, seed=0):
    """Of other channels other means and deviations."""
    rng = np.random.default_rng(seed)
    return rng.normal([3.0, -50.0, 0.01], [2.0, 7.0, 0.1], shape)


def bytes_(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def fitted(X, weight=None, *, scaling="standard", dtype="float64", **options):
    shape = options.pop("shape", X.shape[1:])
    weight = np.ones(len(X)) if weight is None else weight
    options = {"scaling": scaling, "color_mode": "rgb", "dtype": dtype, **options}
    return ImageInputs.fit(X, weight, shape, **options)


def moments(X, weight):
    """Of all pixels of a channel, each with the weight of its image."""
    pixels = X.reshape(-1, X.shape[-1]).astype(np.float64)
    weights = np.repeat(weight, len(pixels) // len(weight))
    mean = np.average(pixels, axis=0, weights=weights)
    return mean, np.average((pixels - mean) ** 2, axis=0, weights=weights)


# -- mean and variance -----------------------------------------------------------------


@pytest.mark.parametrize("block_bytes", [1, 8 * 5 * 4 * 3 * 3, 2**23])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", [numbers, bytes_])
def test_moments_are_numpys_weighted_ones(kind, dtype, block_bytes, monkeypatch):
    monkeypatch.setattr(image_inputs, "BLOCK_BYTES", block_bytes)
    X = kind(N, *SHAPE)
    X = X if X.dtype == np.uint8 else X.astype(dtype)
    weight = np.random.default_rng(1).uniform(0.1, 5, N)
    for w in (np.ones(N), weight, 1e-9 * weight, np.eye(N)[2]):
        inputs = fitted(X, w, dtype=dtype)
        mean, variance = moments(X, w)
        assert_allclose(inputs.mean, mean, rtol=1e-12)
        assert_allclose(inputs.variance, variance, rtol=1e-12)


def test_an_image_of_weight_two_is_two_images():
    X = numbers(N, *SHAPE)
    weight = np.array([1, 2, 0, 1, 3, 1, 1])
    once = fitted(X, weight.astype(float))
    repeated = fitted(np.repeat(X, weight, axis=0))
    assert_allclose(once.mean, repeated.mean, rtol=1e-12)
    assert_allclose(once.variance, repeated.variance, rtol=1e-12)


def test_moments_of_float32_are_computed_in_float64():
    X = (1e4 + numbers(2000, 3, 3, 3)).astype(np.float32)
    inputs = fitted(X, dtype="float32")
    _, variance = moments(X, np.ones(2000))
    assert_allclose(inputs.variance, variance, rtol=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e-3, -1e6 - 0.1, 1e30])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_constant_channels_have_variance_one(value, dtype):
    """To the bit, however rounding goes: a small one would make noise large."""
    X = np.random.default_rng(0).normal(size=(500, 9, 8, 2)).astype(dtype)
    X[..., 1] = value
    inputs = fitted(X, np.random.default_rng(1).random(500), dtype=dtype)
    assert inputs.mean[1] == X[0, 0, 0, 1]
    assert inputs.variance[1] == 1.0
    assert_allclose(inputs.variance[0], 1.0, rtol=0.05)


@pytest.mark.parametrize("value", [0, 77, 255])
def test_constant_channels_of_bytes_have_variance_one(value):
    X = bytes_(500, 9, 8, 2)
    X[..., 1] = value
    inputs = fitted(X, np.random.default_rng(1).random(500))
    assert inputs.mean[1] == value
    assert inputs.variance[1] == 1.0


def test_channels_that_hardly_vary_keep_their_variance():
    X = 100 + 1e-9 * np.random.default_rng(0).normal(size=(50, 8, 8, 1))
    _, variance = moments(X, np.ones(50))
    assert_allclose(fitted(X).variance, variance, rtol=1e-5)


def test_one_pixel_has_variance_one():
    inputs = fitted(np.array([[[[7.5, -2.0]]]]))
    assert_array_equal(inputs.mean, [7.5, -2.0])
    assert_array_equal(inputs.variance, [1.0, 1.0])


@pytest.mark.parametrize(
    ("kind", "variance"), [(numbers, 1.0), (bytes_, 255.0**2)], ids=["floats", "bytes"]
)
def test_without_scaling_bytes_reach_one_and_floats_stay(kind, variance):
    inputs = fitted(kind(N, *SHAPE), scaling=None)
    assert_array_equal(inputs.mean, np.zeros(3))
    assert_array_equal(inputs.variance, np.full(3, variance))


# dtype, scale of normal numbers
NOT_WITHIN = [
    ("float32", 1e20),
    ("float32", 1e-20),
    ("float64", 1e155),
    ("float64", 1e200),
    ("float64", 1e307),
    ("float64", 1e-160),
]


@pytest.mark.parametrize("mean", [0.0, 1.0])
@pytest.mark.parametrize(("dtype", "scale"), NOT_WITHIN)
def test_variances_beyond_the_dtype_are_refused(dtype, scale, mean):
    X = np.random.default_rng(0).normal(size=(20, 4, 4, 2))
    X[..., 1] = scale * (X[..., 1] + mean)
    message = (
        "Channel 1 of X has (values too large to standardise|a standard deviation of "
        f".* is not within the range of {dtype}).*Rescale X, for example"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=message):
            fitted(X, dtype=dtype)
        fitted(X, dtype=dtype, scaling=None)  # which needs none


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e15), ("float64", 1e150)])
def test_large_and_small_values_within_the_dtype_are_scaled(dtype, scale):
    X = np.random.default_rng(0).normal(size=(20, 4, 4, 2)) * [scale, 1 / scale]
    inputs = fitted(X.astype(dtype), dtype=dtype)
    deviations = np.sqrt(inputs.variance.astype(dtype))
    assert_allclose(deviations, X.std((0, 1, 2)), rtol=1e-5)


# -- what the network is given ---------------------------------------------------------


@pytest.mark.parametrize("computed", ["float32", "float64"])
def test_images_that_fit_are_given_as_they_are(computed):
    for X in (bytes_(N, *SHAPE), numbers(N, *SHAPE).astype(computed)):
        inputs = fitted(X, dtype=computed)
        assert inputs.transform(X) is X
        assert inputs.dtype_of(X) == X.dtype
        assert inputs.shape == SHAPE
    assert not inputs.layers()


@pytest.mark.parametrize(
    ("given", "computed"), [("float64", "float32"), ("float32", "float64")]
)
def test_other_floats_are_cast(given, computed):
    X = numbers(N, *SHAPE).astype(given)
    inputs = fitted(X, dtype=computed)
    result = inputs.transform(X)
    assert result.dtype == inputs.dtype == computed
    assert_array_equal(result, X.astype(computed))


def test_bytes_after_floats_stay_bytes_and_floats_after_bytes_are_cast():
    X = bytes_(N, *SHAPE)
    assert fitted(numbers(N, *SHAPE)).transform(X) is X
    result = fitted(X, dtype="float32").transform(X.astype(np.float64) + 0.5)
    assert result.dtype == "float32"
    assert_array_equal(result, X.astype(np.float32) + 0.5)


def of_training(name):
    """Images of one range or another."""
    X = bytes_(N, *SHAPE)
    return {
        "bytes": X,
        "floats to 255": X.astype(np.float32),
        "floats to 1": X / 255,
        "both signs": X / 255 - 0.5,
        "nearly black": X // 255,
        "black": np.zeros((N, *SHAPE)),
        "none": np.zeros((0, *SHAPE)),
        "a little above 1": X / 250,
    }[name]


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        (
            "bytes",
            "floats to 1",
            r"Z has values up to 1, .* up to 255\. Multiply by 255",
        ),
        ("floats to 255", "floats to 1", r"up to 1, .*up to 255\. Multiply by 255"),
        ("floats to 1", "bytes", r"up to 255, .*up to 1\. Divide by 255"),
        ("floats to 1", "floats to 255", r"up to 255, .*up to 1\. Divide by 255"),
    ],
)
def test_another_range_than_in_training_is_told_of(before, now, message):
    inputs = fitted(of_training(before), dtype="float32")
    with pytest.warns(UserWarning, match=message) as caught:
        inputs.warn_about_range(of_training(now), "Z")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("bytes", "bytes"),
        ("bytes", "floats to 255"),
        ("bytes", "nearly black"),
        ("bytes", "both signs"),
        ("bytes", "black"),
        ("bytes", "none"),
        ("floats to 1", "a little above 1"),
        ("both signs", "bytes"),
        ("black", "bytes"),
    ],
)
def test_ordinary_ranges_are_not(before, now):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inputs = fitted(of_training(before), dtype="float32")
        inputs.warn_about_range(of_training(now), "X")


def test_values_too_large_for_the_dtype_are_refused():
    X = numbers(N, *SHAPE)
    inputs = fitted(X, dtype="float32")
    X[3, 2, 0, 1] = -1e39
    message = (
        r"X\[3, 2, 0, 1\]=-1e\+39 is too large for float32. Rescale X, or use dtype="
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=message):
            inputs.transform(X)
    assert_array_equal(fitted(numbers(N, *SHAPE)).transform(X), X)


@pytest.mark.parametrize("scaling", ["standard", None])
@pytest.mark.parametrize("kind", [numbers, bytes_])
def test_state_is_what_the_first_layer_scales_by(kind, scaling):
    X = kind(N, *SHAPE)
    inputs = fitted(X, scaling=scaling)
    network = cnn_network(SHAPE, 1, filters=(1,), hidden_units=(), dtype="float64")
    layer = network.get_layer("input_scaling")
    for variable in layer.weights:
        (name,) = [end for end in inputs.state() if variable.path.endswith(end)]
        variable.assign(inputs.state()[name])
    mean, variance = moments(X, np.ones(N))
    if scaling is None:
        mean, variance = 0, 255**2 if kind is bytes_ else 1
    expected = (X - mean) / np.sqrt(variance)
    for training in (False, True):
        scaled = np.asarray(layer(X.astype(np.float64), training=training))
        assert_allclose(scaled, expected, rtol=1e-10, atol=1e-12)


# -- far from 0 ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "offset"),
    [
        ("float64", 1e8),
        ("float64", -(2.0**40)),
        ("int64", 2**40),
        ("uint32", 2**31),
        ("float32", -(2.0**23) + 16),
    ],
)
def test_images_far_from_0_are_shifted_before_they_are_cast(given, offset):
    near = np.random.default_rng(0).integers(0, 16, (N, *SHAPE)).astype(np.float64)
    X = (near + offset).astype(given)
    assert_array_equal(X - offset, near)  # it loses nothing yet
    inputs = fitted(X, dtype="float32")
    mean, variance = moments(near, np.ones(N))
    assert_allclose(inputs.mean - offset, mean, atol=1e-3)
    assert_allclose(inputs.variance, variance, rtol=1e-12)
    result = inputs.transform(X)
    assert result.dtype == inputs.dtype_of(X) == "float32"
    state = inputs.state()
    centred = result - state["input_scaling/moving_mean"]
    assert_allclose(centred, near - mean, atol=1e-3)


def test_a_shift_is_of_channels_that_need_one():
    X = numbers(N, *SHAPE) + np.array([0, 1e8, 0])
    inputs = fitted(X, dtype="float32")
    assert_allclose(inputs.shift, [0, 1e8, 0], rtol=1e-6)
    result = inputs.transform(X)
    assert_array_equal(result[..., ::2], X[..., ::2].astype(np.float32))
    assert_array_equal(result[..., 1], (X[..., 1] - inputs.shift[1]).astype("f4"))
    # bytes cannot be shifted as such
    now = bytes_(N, *SHAPE)
    assert inputs.dtype_of(now) == "float32"
    assert_array_equal(inputs.transform(now), (now - inputs.shift).astype(np.float32))


@pytest.mark.parametrize("block_bytes", [1, 2**23])
def test_shifting_does_not_depend_on_blocks(block_bytes, monkeypatch):
    X = numbers(N, *SHAPE) + 1e9
    inputs = fitted(X, dtype="float32")
    monkeypatch.setattr(image_inputs, "BLOCK_BYTES", block_bytes)
    expected = (X - inputs.shift).astype(np.float32)
    assert_array_equal(inputs.transform(X), expected)


@pytest.mark.parametrize("scaling", ["standard", None])
def test_ordinary_images_are_not_shifted(scaling):
    for X in (bytes_(N, *SHAPE), numbers(N, *SHAPE), numbers(N, *SHAPE) + 60):
        inputs = fitted(X, scaling=scaling, dtype="float32")
        assert_array_equal(inputs.shift, np.zeros(3))
        assert not inputs.layers()
    far = numbers(N, *SHAPE) + 1e8
    assert not fitted(far, scaling=None, dtype="float32").shift.any()
    assert not fitted(far, dtype="float64").shift.any()  # which holds them


def test_a_model_has_the_shift_before_the_network():
    X = numbers(N, *SHAPE) + np.array([0, 2.0**20, 0])
    X = X.astype(np.float32)
    inputs = fitted(X, dtype="float32")
    (layer,) = inputs.layers()
    assert_array_equal(layer(X), inputs.transform(X))


def test_it_is_pickled():
    X = numbers(N, *SHAPE)
    inputs = fitted(X, dtype="float32")
    copy = pickle.loads(pickle.dumps(inputs))
    assert_array_equal(copy.transform(X), inputs.transform(X))
    assert_array_equal(copy.mean, inputs.mean)


# -- files -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Images of one colour each, and their paths."""
    Image = pytest.importorskip("PIL.Image")
    X = bytes_(N, 1, 1, 3).repeat(5, axis=1).repeat(4, axis=2)
    paths = np.empty(N, object)
    for i, image in enumerate(X):
        paths[i] = str(tmp_path / f"{i}.png")
        Image.fromarray(image).save(paths[i])
    return X, paths


def test_files_are_bytes_and_have_the_moments_of_their_images(folder):
    X, paths = folder
    weight = np.arange(1.0, N + 1)
    inputs = fitted(paths, weight, shape=SHAPE, dtype="float32")
    mean, variance = moments(X, weight)
    assert_allclose(inputs.mean, mean, rtol=1e-12)
    assert_allclose(inputs.variance, variance, rtol=1e-12)
    assert inputs.dtype_of(paths) == "uint8"
    assert_array_equal(inputs.transform(paths), X)
    assert_array_equal(inputs.transform(paths[[4, 1]]), X[[4, 1]])


# files at most, bytes at a time (480 for each file), the files that are read
@pytest.mark.parametrize(
    ("n_files", "n_bytes", "read"),
    [(3, 2**23, [0, 3, 6]), (3, 960, [0, 3, 6]), (2, 1, [0, 6]), (9, 960, range(N))],
)
def test_moments_are_of_files_evenly_spaced(
    folder, n_files, n_bytes, read, monkeypatch
):
    read = list(read)
    X, paths = folder
    monkeypatch.setattr(image_inputs, "SAMPLE", n_files)
    monkeypatch.setattr(image_inputs, "BLOCK_BYTES", n_bytes)
    for i in set(range(N)) - set(read):
        paths[i] = "not there"
    weight = np.arange(1.0, N + 1)
    inputs = fitted(paths, weight, shape=SHAPE)
    mean, variance = moments(X[read], weight[read])
    assert_allclose(inputs.mean, mean, rtol=1e-12)
    variance = np.where(variance > 1e-9, variance, 1)
    assert_allclose(inputs.variance, variance, rtol=1e-12)


@pytest.fixture
def deep(tmp_path):
    """Grey images of 16 bits, of which they use 10, and their paths."""
    Image = pytest.importorskip("PIL.Image")
    X = np.random.default_rng(0).integers(0, 1024, (N, 5, 4), dtype=np.uint16)
    paths = np.empty(N, object)
    for i, image in enumerate(X):
        paths[i] = str(tmp_path / f"deep_{i}.png")
        Image.fromarray(image).save(paths[i])
    return X[..., np.newaxis], paths


@pytest.mark.parametrize("scaling", ["standard", None])
def test_files_of_16_bits_are_as_arrays_of_their_numbers(deep, scaling):
    X, paths = deep
    options = {"scaling": scaling, "color_mode": "grayscale", "dtype": "float32"}
    of_files = fitted(paths, shape=(5, 4, 1), **options)
    of_arrays = fitted(X.astype(np.float32), **options)
    for inputs in (of_files, of_arrays):
        assert_array_equal(inputs.mean, of_arrays.mean)
        assert_array_equal(inputs.variance, of_arrays.variance)
        assert inputs.lowest_and_highest == (X.min(), X.max())
        assert inputs.value_range is None
        assert inputs.dtype_of(paths) == "float32"
        assert inputs.transform(paths).dtype == "float32"
        assert_array_equal(inputs.transform(paths), X)


def test_files_of_long_integers_are_shifted(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    X = 2**30 + np.random.default_rng(0).integers(0, 16, (N, 5, 4), dtype=np.int32)
    paths = np.array([str(tmp_path / f"{i}.tif") for i in range(N)], object)
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    options = {"color_mode": "grayscale", "dtype": "float32"}
    inputs = fitted(paths, shape=(5, 4, 1), **options)
    assert_allclose(inputs.variance, np.var(X), rtol=1e-10)
    centred = inputs.transform(paths) - inputs.state()["input_scaling/moving_mean"]
    assert_allclose(centred[..., 0], X - X.mean(), atol=1e-5)


def test_files_have_the_bits_of_training_images(folder, deep):
    _, bytes_of = folder
    _, paths = deep
    shape, options = (5, 4, 1), {"color_mode": "grayscale"}
    for before, now in [(bytes_of, paths), (paths, bytes_of)]:
        inputs = fitted(before, shape=shape, **options)
        with pytest.raises(ImageReadError, match="number of bits, or leave it out"):
            inputs.transform(now)
    after_bytes = fitted(bytes_(N, *shape))
    with pytest.raises(ImageReadError, match="8 bits for each channel, and nothing"):
        after_bytes.transform(paths)
    after_numbers = fitted(numbers(N, *SHAPE)[..., :1])
    assert after_numbers.transform(paths).max() > 255
    assert after_numbers.transform(bytes_of).dtype == np.uint8


def test_numbers_in_files_on_another_scale_are_told_of(tmp_path, deep):
    Image = pytest.importorskip("PIL.Image")
    X, paths = deep
    path = str(tmp_path / "floats.tif")
    Image.fromarray(X[0, ..., 0].astype(np.float32) / 1023).save(path)
    to_one, to_255 = (fitted(X / high) for high in (1023, 4))
    with pytest.warns(UserWarning, match=r"up to 1\.02e\+03, .* Give them as in train"):
        to_one.warn_about_range(paths, "X")
    with pytest.warns(UserWarning, match=r"up to 255\. Multiply by 255"):
        to_255.warn_about_range(np.array([path], object), "X")
    with warnings.catch_warnings(action="error"):
        to_255.warn_about_range(paths, "X")
        inputs = fitted(paths, shape=X.shape[1:], color_mode="grayscale")
        inputs.warn_about_range(paths, "X")
        inputs.warn_about_range(X, "X")


def test_of_files_without_scaling_the_first_header_is_read(folder):
    paths = folder[1]
    paths[1:] = "not there"
    Path(paths[0]).write_bytes(Path(paths[0]).read_bytes()[:60])  # no pixels
    inputs = fitted(paths, shape=SHAPE, scaling=None)
    assert_array_equal(inputs.variance, np.full(3, 255.0**2))
    assert inputs.dtype_of(paths) == "uint8"


def test_files_are_read_in_the_colours_of_training(folder):
    X, paths = folder
    inputs = fitted(paths, shape=(5, 4, 1), color_mode="grayscale")
    luma = X @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow says
    grey = inputs.transform(paths)
    assert grey.shape == (N, 5, 4, 1)
    assert_allclose(grey[..., 0], luma, atol=1)


def test_files_are_read_with_the_channels_of_training_images(folder):
    X, paths = folder
    grey = fitted(numbers(N, *SHAPE)[..., :1])  # though color_mode is "rgb"
    assert grey.transform(paths).shape == (N, *SHAPE[:2], 1)
    assert_array_equal(fitted(numbers(N, *SHAPE)).transform(paths), X)
    inputs = fitted(numbers(N, *SHAPE)[..., :2])
    message = "color_mode='rgb' reads files with 3 channels, .* had 2. Set color_mode"
    with pytest.raises(ValueError, match=message):
        inputs.transform(paths)
