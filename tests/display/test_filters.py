"""The pictures of kernels show the weights of the first convolution."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import CNNClassifier, ResNetClassifier
from skdl.display import FiltersDisplay
from tests.instances import small


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def fitted(make=CNNClassifier, channels=1, **params):
    X, y = load_digits(return_X_y=True)
    X = np.repeat(X[:60].reshape(-1, 8, 8, 1), channels, axis=3)
    return make(epochs=1, random_state=0, **params).fit(X, y[:60])


@pytest.fixture(scope="module")
def net():
    return fitted(filters=(6, 3), hidden_units=())


def tiles(display, n, n_columns):
    """The middle of each pixel of each kernel, as it was drawn."""
    height, width = display.kernels.shape[:2]
    mosaic = np.asarray(display.image_.get_array())
    empty = np.isnan(mosaic) if mosaic.ndim == 2 else mosaic[..., 3] == 0
    zoom = np.argmax(empty.all(axis=1)) // height  # the first gap ends a kernel
    n_rows = -(-n // n_columns)
    gap = (len(mosaic) - n_rows * height * zoom) // (n_rows - 1)
    for k in range(n):
        row, column = divmod(k, n_columns)
        top, left = row * (height * zoom + gap), column * (width * zoom + gap)
        part = mosaic[top : top + height * zoom, left : left + width * zoom]
        yield part[zoom // 2 :: zoom, zoom // 2 :: zoom]


def test_grey_kernels_are_the_weights_of_the_first_convolution(net):
    display = FiltersDisplay.from_estimator(net)
    kernel = net.model_.get_layer("cnn_network").get_layer("conv_1").kernel.numpy()
    assert_array_equal(display.kernels, kernel)
    assert display.layer == "conv_1"
    for k, tile in enumerate(tiles(display, 6, 3)):
        assert_allclose(tile, kernel[:, :, 0, k], rtol=1e-6)
    limit = np.abs(kernel).max()
    assert_allclose(display.image_.get_clim(), (-limit, limit))
    assert display.colorbar_ is not None
    assert display.ax_.get_title() == "conv_1: 6 × (3, 3, 1)"


def test_each_kernel_may_have_its_own_scale(net):
    display = FiltersDisplay.from_estimator(net, common_scale=False, n_columns=2)
    for k, tile in enumerate(tiles(display, 6, 2)):
        kernel = display.kernels[:, :, 0, k]
        assert_allclose(tile, kernel / np.abs(kernel).max())
    assert display.image_.get_clim() == (-1, 1)
    assert display.colorbar_ is None


@pytest.mark.parametrize("channels", [3, 4])
def test_kernels_of_colours_are_colours(channels):
    display = FiltersDisplay.from_estimator(fitted(channels=channels, filters=(4,)))
    kernel = display.kernels
    assert kernel.shape == (3, 3, channels, 4)
    kernel = kernel[:, :, :3]
    for k, tile in enumerate(tiles(display, 4, 2)):
        assert_allclose(
            tile[..., :3], 0.5 + kernel[..., k] / np.abs(kernel).max() / 2, atol=1e-6
        )
        assert_array_equal(tile[..., 3], 1)


def test_other_numbers_of_channels_are_averaged():
    kernels = np.random.default_rng(0).normal(size=(5, 2, 7, 4))
    display = FiltersDisplay(kernels).plot(n_columns=2)
    for k, tile in enumerate(tiles(display, 4, 2)):
        assert_allclose(tile, kernels[..., k].mean(axis=2))


def test_kernels_of_zeros_and_of_one_pixel_are_drawn():
    display = FiltersDisplay(np.zeros((1, 1, 1, 1))).plot()
    assert (np.asarray(display.image_.get_array()) == 0).all()
    FiltersDisplay(np.zeros((3, 3, 3, 2))).plot(common_scale=False)


def test_residual_networks_and_pipelines():
    net = fitted(ResNetClassifier, depth=8, width=0.25)
    display = FiltersDisplay.from_estimator(make_pipeline(FunctionTransformer(), net))
    assert (display.layer, display.kernels.shape) == ("stem_conv", (3, 3, 1, 4))


@pytest.mark.parametrize("n_columns", [-1, 0, 2.0, "3"])
def test_numbers_of_columns_that_are_none_are_refused(n_columns, net):
    message = f"n_columns={n_columns!r} must be a whole number of at least 1, or None"
    with pytest.raises(ValueError, match=message):
        FiltersDisplay.from_estimator(net, n_columns=n_columns)
    FiltersDisplay.from_estimator(net, n_columns=np.int64(2))


def test_it_draws_into_given_axes(net):
    figure, ax = plt.subplots()
    display = FiltersDisplay.from_estimator(net, ax=ax, imshow_kw={"cmap": "PuOr"})
    assert (display.ax_, display.figure_) == (ax, figure)
    assert display.image_.get_cmap().name == "PuOr"


def test_what_has_no_filters_is_told(binary):
    with pytest.raises(NotFittedError):
        FiltersDisplay.from_estimator(CNNClassifier())
    with pytest.raises(TypeError, match="DenseClassifier has no convolution"):
        FiltersDisplay.from_estimator(small(epochs=1).fit(*binary))
    with pytest.raises(TypeError, match="LogisticRegression is no network of skdl"):
        FiltersDisplay.from_estimator(LogisticRegression().fit(*binary))
