"""Heat maps against the papers' formulas, finite differences and known objects."""

import pickle

import keras
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import CNNClassifier, CNNRegressor, ResNetClassifier
from skdl.base._grad_cam import grad_cam
from skdl.display import GradCAMDisplay
from tests.instances import small

N = 150


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:N].reshape(-1, 8, 8), y[:N]


def fitted(digits, labels=lambda y: y, make=CNNClassifier, **params):
    X, y = digits
    params = {"filters": (6, 5), "epochs": 3, "random_state": 0} | params
    if make is ResNetClassifier:
        del params["filters"]
    return make(dtype="float64", **params).fit(X, labels(y))


@pytest.fixture(scope="module")
def averaging(digits):
    """Convolutions, the mean over all places, one dense layer."""
    return fitted(digits, pooling="global", hidden_units=())


@pytest.fixture(scope="module")
def general(digits):
    """Two blocks with pooling, and hidden layers; smooth for finite differences."""
    return fitted(digits, hidden_units=(7,), activation="tanh", batch_norm=False)


@pytest.fixture(scope="module")
def residual(digits):
    """Blocks with shortcuts; smooth for finite differences."""
    return fitted(
        digits, make=ResNetClassifier, depth=8, width=0.25, epochs=1, activation="tanh"
    )


@pytest.fixture(scope="module")
def two_columns(digits):
    """Regression with two outputs."""
    return fitted(
        digits,
        lambda y: np.c_[y, -2.0 * y],
        make=CNNRegressor,
        filters=(5,),
        pooling="global",
        hidden_units=(),
    )


@pytest.fixture(scope="module")
def one_column(digits):
    """Regression with one output."""
    return fitted(
        digits,
        lambda y: y * 100.0,
        make=CNNRegressor,
        filters=(5,),
        pooling="global",
        hidden_units=(),
    )


@pytest.fixture(scope="module")
def three_labels(digits):
    """Any number of three labels."""
    return fitted(
        digits,
        lambda y: np.c_[y < 5, y % 2, y > 7].astype(int),
        filters=(5,),
        pooling="global",
        hidden_units=(),
    )


def network(estimator):
    (layer,) = [m for m in estimator.model_.layers if isinstance(m, keras.Model)]
    return layer


def outputs_of(estimator, layer, X):
    model = network(estimator)
    inner = keras.Model(model.inputs, model.get_layer(layer).output)
    return inner.predict(X[..., None], verbose=0)


def class_activation_maps(estimator, layer, X, columns, signs=1.0):
    """Zhou et al. 2016, without what is negative."""
    A = outputs_of(estimator, layer, X)
    W = network(estimator).get_layer("outputs").kernel.numpy()
    return np.maximum(np.einsum("nhwk,kn->nhw", A, W[:, columns] * signs), 0)


def assert_proportional(maps, expected):
    assert expected.max() > 0
    assert_allclose(maps / maps.max(), expected / expected.max(), atol=1e-10)


# -- the numbers -----------------------------------------------------------------------


def test_it_is_cam_where_a_mean_precedes_the_only_dense_layer(averaging, digits):
    X, _ = digits
    maps, layer = grad_cam(averaging, X)
    assert layer == "activation_2"
    columns = averaging.predict_proba(X).argmax(axis=1)
    assert_proportional(maps, class_activation_maps(averaging, layer, X, columns))


def test_it_is_cam_for_a_residual_network(residual, digits):
    X = digits[0][:20]
    second = fitted(
        digits, make=ResNetClassifier, depth=8, width=0.25, epochs=1, version=2
    )
    for net, last in [
        (residual, "stage_3_block_1_activation_2"),
        (second, "last_activation"),
    ]:
        maps, layer = grad_cam(net, X)
        assert layer == last
        columns = net.predict(X)
        assert_proportional(maps, class_activation_maps(net, layer, X, columns))


def test_the_target_may_be_another_class(averaging, digits):
    X, y = digits
    maps, layer = grad_cam(averaging, X, target=3)
    expected = class_activation_maps(averaging, layer, X, np.full(N, 3))
    assert_proportional(maps, expected)
    maps, _ = grad_cam(averaging, X, target=y)
    assert_proportional(maps, class_activation_maps(averaging, layer, X, y))


def test_two_classes_share_an_output(digits):
    X, _ = digits
    names = np.array(["even", "odd"])
    net = fitted(
        digits,
        lambda y: names[y % 2],
        activation="tanh",
        filters=(5,),
        pooling="global",
        hidden_units=(),
    )
    zeros = np.zeros(N, int)

    def cam(signs):
        return class_activation_maps(net, "activation_1", X, zeros, signs)

    assert_proportional(grad_cam(net, X, target="odd")[0], cam(1))
    assert_proportional(grad_cam(net, X, target="even")[0], cam(-1))
    predicted = net.predict(X)
    signs = np.where(predicted == "odd", 1, -1)
    assert_proportional(grad_cam(net, X)[0], cam(signs))
    assert_proportional(grad_cam(net, X, target=predicted)[0], cam(signs))


def test_the_target_may_be_a_label_of_several(three_labels, digits):
    X, _ = digits
    maps, layer = grad_cam(three_labels, X, target=1)
    expected = class_activation_maps(three_labels, layer, X, np.ones(N, int))
    assert_proportional(maps, expected)
    columns = three_labels.predict_proba(X).argmax(axis=1)
    expected = class_activation_maps(three_labels, layer, X, columns)
    assert_proportional(grad_cam(three_labels, X)[0], expected)


def test_the_target_may_be_a_column_of_numbers(one_column, two_columns, digits):
    X, _ = digits
    maps, layer = grad_cam(one_column, X)
    zeros = np.zeros(N, int)
    assert_proportional(maps, class_activation_maps(one_column, layer, X, zeros))
    maps, _ = grad_cam(two_columns, X, target=1)
    assert_proportional(maps, class_activation_maps(two_columns, layer, X, zeros + 1))
    for target in (None, 2, "a"):
        with pytest.raises(ValueError, match="is no column of y"):
            grad_cam(two_columns, X, target=target)


def weights_by_differences(model, variable, X, columns, step=1e-5):
    """The derivative of outputs for adding to all places of each channel; (n, k)."""
    start = variable.numpy()
    result = np.empty((len(X), len(start)))
    for k, direction in enumerate(step * np.eye(len(start))):
        outputs = []
        for value in (start + direction, start - direction):
            variable.assign(value)
            outputs.append(model.predict(X[..., None], verbose=0))
        difference = (outputs[0] - outputs[1]) / (2 * step)
        result[:, k] = difference[np.arange(len(X)), columns]
    variable.assign(start)
    return result


@pytest.mark.parametrize("layer", ["conv_1", "conv_2"])
def test_weights_of_channels_agree_with_finite_differences(general, digits, layer):
    X = digits[0][:12]
    model, columns = network(general), general.predict(X)
    A = outputs_of(general, layer, X)
    slopes = weights_by_differences(model, model.get_layer(layer).bias, X, columns)
    expected = np.einsum("nhwk,nk->nhw", A, slopes / A[0, :, :, 0].size)
    maps, _ = grad_cam(general, X, layer=layer)
    assert_allclose(maps, np.maximum(expected, 0), rtol=1e-6, atol=1e-8)
    assert (maps > 0).any()
    assert (maps == 0).any()


def test_shortcuts_around_the_layer_do_not_count(residual, digits):
    X = digits[0][:12]
    layer = "stage_2_block_1_batch_norm_2"
    model, columns = network(residual), residual.predict(X)
    A = outputs_of(residual, layer, X)
    slopes = weights_by_differences(model, model.get_layer(layer).beta, X, columns)
    expected = np.einsum("nhwk,nk->nhw", A, slopes / A[0, :, :, 0].size)
    maps, _ = grad_cam(residual, X, layer=layer)
    assert_allclose(maps, np.maximum(expected, 0), rtol=1e-6, atol=1e-8)


def test_an_image_has_the_same_map_whatever_is_beside_it(general, digits):
    X, _ = digits
    maps, _ = grad_cam(general, X)
    for i in (0, 31, 32, 149):
        assert_allclose(grad_cam(general, X[i : i + 1])[0][0], maps[i], atol=1e-12)


def test_the_estimator_stays_as_it_is(averaging, digits):
    X, _ = digits
    before, proba = pickle.dumps(averaging), averaging.predict_proba(X)
    grad_cam(averaging, X[:5])
    assert pickle.dumps(averaging) == before
    assert_array_equal(averaging.predict_proba(X), proba)


def squares(n, seed):
    """Noise, half of it with a bright square; and masks of the squares."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 0.4, (n, 24, 24, 1))
    y = np.arange(n) % 2
    masks = np.zeros((n, 24, 24), bool)
    for i in np.flatnonzero(y):
        top, left = rng.integers(2, 16, 2)
        masks[i, top : top + 6, left : left + 6] = True
    X[masks] = 1.0
    return X, y, masks


def test_the_heat_lies_on_the_object():
    X, y, _ = squares(200, 0)
    net = CNNClassifier(filters=(8, 8), hidden_units=(16,), epochs=10, random_state=0)
    net.fit(X, y)
    X, y, masks = squares(60, 1)
    assert net.score(X, y) == 1
    display = GradCAMDisplay.from_estimator(net, X, target=1, n_images=60)
    heat, masks = display.heat_maps[y == 1], masks[y == 1]
    share = (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))
    assert share.mean() > 0.5  # of 1/16 by chance
    assert share.min() > 0.25
    for one, mask in zip(heat, masks, strict=True):
        rows, columns = np.nonzero(mask)
        row, column = np.unravel_index(one.argmax(), one.shape)
        assert rows.min() - 2 <= row <= rows.max() + 2
        assert columns.min() - 2 <= column <= columns.max() + 2


# -- the figure ------------------------------------------------------------------------


def test_maps_are_resized_bilinearly_and_divided_by_their_maximum(general, digits):
    X, _ = digits
    display = GradCAMDisplay.from_estimator(general, X, n_images=5)
    maps, _ = grad_cam(general, X[:5])
    assert maps.shape == (5, 4, 4)
    resized = keras.ops.image.resize(maps[..., None], (8, 8), antialias=False)
    resized = np.asarray(resized)[..., 0]
    expected = resized / resized.max(axis=(1, 2), keepdims=True)
    assert_allclose(display.heat_maps, expected, atol=1e-6)
    assert display.heat_maps.min() >= 0
    for overlay, heat in zip(display.overlays_, display.heat_maps, strict=True):
        assert_array_equal(overlay.get_array(), heat)
        assert_allclose(overlay.get_alpha(), 0.7 * np.sqrt(heat))


def test_a_map_of_nothing_is_cold():
    display = GradCAMDisplay(np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4))).plot()
    assert (display.overlays_[0].get_alpha() == 0).all()


def test_headings_tell_truth_and_prediction(averaging, digits):
    X, y = digits
    proba = averaging.predict_proba(X)
    display = GradCAMDisplay.from_estimator(averaging, X, y, n_images=6)
    assert [ax.get_title() for ax in display.axes_] == [
        f"{y[i]} → {proba[i].argmax()} ({proba[i].max():.2f})" for i in range(6)
    ]
    assert display.figure_.get_suptitle().split("\n")[0] == (
        "Grad-CAM of activation_2 for the predicted class"
    )
    names = [f"digit {k}" for k in range(10)]
    display = GradCAMDisplay.from_estimator(
        averaging, X, target=7, n_images=2, target_names=names
    )
    assert display.axes_[0].get_title().startswith(names[proba[0].argmax()])
    assert display.figure_.get_suptitle().endswith("for digit 7")
    display = GradCAMDisplay.from_estimator(averaging, X, target=[7, 2], n_images=2)
    assert display.axes_[1].get_title().endswith("\nfor 2")


def test_headings_of_several_labels(three_labels, digits):
    X, y = digits
    assert y[:4].tolist() == [0, 1, 2, 3]
    display = GradCAMDisplay.from_estimator(
        three_labels,
        X,
        np.c_[y < 5, y % 2, y > 7].astype(int),
        target_names=["low", "odd", "high"],
        n_images=4,
    )
    true = [ax.get_title().split("→")[0].strip() for ax in display.axes_]
    assert true == ["low", "low, odd", "low", "low, odd"]
    assert "for the most probable label" in display.figure_.get_suptitle()


def test_headings_of_numbers(one_column, two_columns, digits):
    X, y = digits
    display = GradCAMDisplay.from_estimator(one_column, X, y * 100.0, n_images=3)
    predicted = one_column.predict(X[:3])
    assert [ax.get_title() for ax in display.axes_] == [
        f"{100 * k} → {predicted[k]:.3g}" for k in range(3)
    ]
    display = GradCAMDisplay.from_estimator(two_columns, X, target=1, n_images=3)
    assert display.figure_.get_suptitle().endswith("for column 1")
    predicted = two_columns.predict(X[:1])
    assert display.axes_[0].get_title() == f"{predicted[0, 1]:.3g}"


def test_images_are_drawn_in_grey_or_colour(digits):
    _, y = digits
    colours = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), np.uint8)
    net = fitted((colours, y), filters=(5,), hidden_units=())
    display = GradCAMDisplay.from_estimator(net, colours, n_images=2)
    grey = colours[0] @ [0.299, 0.587, 0.114] / 255
    assert_allclose(display.images_[0].get_array(), grey)
    display.plot(color=True, cmap="jet", heat_map_kw={"alpha": 0.5})
    assert_allclose(display.images_[0].get_array(), colours[0] / 255)
    assert display.overlays_[0].get_alpha() == 0.5


def test_a_pipeline_shows_what_its_last_step_is_given(averaging, digits):
    X, y = digits
    pipe = make_pipeline(FunctionTransformer(lambda X: X[:, ::-1]), averaging)
    one = GradCAMDisplay.from_estimator(pipe, X, y, n_images=3)
    two = GradCAMDisplay.from_estimator(averaging, X[:, ::-1], y, n_images=3)
    assert_array_equal(one.heat_maps, two.heat_maps)
    assert_array_equal(one.images, X[:3, ::-1, :, None])


def test_files_have_the_maps_of_their_images(digits, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    X, y = digits
    X = (X * 15).astype(np.uint8)
    paths = [tmp_path / f"{k}.png" for k in range(12)]
    for path, image in zip(paths, X, strict=False):
        Image.fromarray(image).save(path)
    net = CNNClassifier(
        filters=(4,),
        epochs=1,
        image_size=(8, 8),
        color_mode="grayscale",
        random_state=0,
    ).fit(paths, y[:12])
    one = GradCAMDisplay.from_estimator(net, paths, y[:12], n_images=5)
    two = GradCAMDisplay.from_estimator(net, X[:12], y[:12], n_images=5)
    assert_array_equal(one.heat_maps, two.heat_maps)
    assert_array_equal(one.images, two.images)


def test_it_draws_into_given_axes(averaging, digits):
    X, _ = digits
    figure, axes = plt.subplots(2, 2)
    display = GradCAMDisplay.from_estimator(averaging, X, n_images=3, ax=axes)
    assert list(display.axes_) == list(axes.ravel()[:3])
    assert not axes[1, 1].axison
    assert display.figure_ is figure
    assert figure.get_suptitle() == ""


def test_wrong_arguments_are_told(averaging, digits, binary):
    X, y = digits
    make = GradCAMDisplay.from_estimator
    with pytest.raises(NotFittedError):
        make(CNNClassifier(), X)
    with pytest.raises(TypeError, match="DenseClassifier has no convolution"):
        make(small(epochs=1).fit(*binary), binary[0])
    with pytest.raises(TypeError, match="LogisticRegression is no network of skdl"):
        make(LogisticRegression().fit(*binary), binary[0])
    search = GridSearchCV(small(), {"epochs": [1]}, cv=2).fit(*binary)
    with pytest.raises(TypeError, match="Pass its best_estimator_"):
        make(search, X)
    choice = "conv_1, batch_norm_1, activation_1, pool_1, conv_2, .* activation_2"
    with pytest.raises(ValueError, match=f"layer='conv_9' has no maps.* {choice}"):
        make(averaging, X, layer="conv_9")
    with pytest.raises(ValueError, match="layer='outputs' has no maps"):
        make(averaging, X, layer="outputs")
    with pytest.raises(ValueError, match="target='7' is not among the classes"):
        make(averaging, X, target="7")
    with pytest.raises(ValueError, match=r"target has shape \(3,\), but there are 16"):
        make(averaging, X, target=[1, 2, 3])
    with pytest.raises(ValueError, match="n_images=0 must be"):
        make(averaging, X, n_images=0)
    with pytest.raises(ValueError, match="images of shape"):
        make(averaging, X[:, :5])
    with pytest.raises(ValueError, match="X has 150 rows, but y has 9"):
        make(averaging, X, y[:9])


def test_one_image_is_told_from_several(averaging, digits):
    X, y = digits
    message = r"X is one image of shape \(8, 8\), but .*: X\[np\.newaxis\]\."
    for options in ({}, {"n_images": 4}, {"y": y[:1]}):  # fewer images than rows
        with pytest.raises(ValueError, match=message):
            GradCAMDisplay.from_estimator(averaging, X[0], **options)
    GradCAMDisplay.from_estimator(averaging, X[:1], y[:1])


def test_a_column_of_arrays_is_drawn(averaging, digits):
    X, _ = digits
    for column in (pd.Series(list(X[:2])), pd.DataFrame({"image": list(X[:2])})):
        display = GradCAMDisplay.from_estimator(averaging, column)
        assert_array_equal(display.images[..., 0], X[:2])
