"""Estimators for images: every form of X, files, augmentation, scikit-learn's tools."""

import warnings
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl import CNNClassifier, CNNRegressor, ResNetClassifier, ResNetRegressor
from skdl.ensemble import FoldEnsembleClassifier
from skdl.exceptions import FilesLeftOutWarning, ImageReadError
from skdl.model_selection import BayesSearchCV
from skdl.preprocessing import ImageLoader, load_image_folder

CNN = partial(
    CNNClassifier,
    filters=(8, 8),
    hidden_units=(16,),
    dropout=0.0,
    epochs=3,
    random_state=0,
)
RESNET = partial(ResNetClassifier, depth=8, width=0.25, epochs=3, random_state=0)
KINDS = pytest.mark.parametrize("make", [CNN, RESNET], ids=["CNN", "ResNet"])


@pytest.fixture(scope="module")
def digits():
    """Images of uint8 from 0 to 240, of shape (300, 8, 8), and their labels."""
    data = load_digits()
    return (15 * data.images[:300]).astype(np.uint8), data.target[:300]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Red and blue images of 12 x 10 pixels with noise, 20 each, as PNG files."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("colours")
    for channel, name in [(0, "red"), (2, "blue")]:
        (path / name).mkdir()
        for k in range(20):
            pixels = rng.integers(0, 90, (12, 10, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(path / name / f"{k:02d}.png")
    return path


# -- forms of X ------------------------------------------------------------------------


@KINDS
def test_all_forms_of_the_same_images_give_the_same_bits(make, digits):
    images, y = digits
    images, y = images[:60], y[:60]
    make = partial(make, epochs=1)
    expected = make().fit(images, y).predict_proba(images[:50])
    for form in (
        lambda X: X[..., np.newaxis],
        lambda X: X.reshape(len(X), -1),
        lambda X: X.astype(np.float64),
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X.reshape(len(X), -1)),
    ):
        estimator = make().fit(form(images), y)
        assert estimator.image_shape_ == (8, 8, 1)
        assert estimator.n_features_in_ == 64
        assert_array_equal(estimator.predict_proba(form(images[:50])), expected)
        assert_array_equal(estimator.predict_proba(images[:50]), expected)


def test_rows_are_shaped_as_image_shape_says(digits):
    images, y = digits
    colour = np.stack([images, images[::-1], images], axis=-1)[:, :, :6]
    expected = CNN().fit(colour, y).predict_proba(colour)
    flat = colour.reshape(len(colour), -1)
    estimator = CNN(image_shape=(8, 6, 3)).fit(flat, y)
    assert_array_equal(estimator.predict_proba(flat), expected)
    with pytest.raises(ValueError, match=r"image_shape=\(8, 8, 3\) needs 192.*has 144"):
        CNN(image_shape=(8, 8, 3)).fit(flat, y)


def test_flat_rows_go_through_a_scaler_in_a_pipeline():
    X, y = load_digits(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), CNN(epochs=25))
    assert pipe.fit(X[:600], y[:600]).score(X[600:], y[600:]) > 0.8


@KINDS
def test_a_saved_model_takes_images_as_they_come(make, digits, tmp_path):
    images, y = digits
    estimator = make().fit(images, y)
    estimator.model_.save(tmp_path / "net.keras")
    model = keras.models.load_model(tmp_path / "net.keras")
    assert_allclose(
        model.predict(images[..., np.newaxis], verbose=0),
        estimator.predict_proba(images),
        atol=1e-6,
    )


def test_uint8_is_divided_by_255_where_nothing_else_scales_it(digits):
    images, y = digits
    bytes_, floats = (
        CNN(input_scaling=None).fit(X, y).predict_proba(X)
        for X in (images, images / 255)
    )
    assert_allclose(bytes_, floats, atol=1e-4)


def test_floats_up_to_one_after_uint8_are_warned_of(digits):
    images, y = digits
    estimator = CNN(epochs=1).fit(images, y)
    with pytest.warns(UserWarning, match=r"up to 0\.941.*up to 240\. Multiply by 255"):
        estimator.predict(images / 255)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.predict(images.astype(float))


def test_images_of_another_shape_are_refused(digits):
    images, y = digits
    estimator = CNN(epochs=1).fit(images, y)
    with pytest.raises(ValueError, match=r"shape \(6, 8\).*\(8, 8, 1\).*ImageLoader"):
        estimator.predict(images[:, :6])
    estimator.fit(images[:, :6], y)  # a second fit begins anew
    assert estimator.image_shape_ == (6, 8, 1)


@KINDS
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (40, 24, 3)])
def test_images_of_any_size_are_learned(make, shape):
    rng = np.random.default_rng(0)
    X = rng.random((40, *shape))
    y = X.reshape(40, -1).mean(axis=1) > 0.5
    estimator = make(**({"filters": "auto"} if make is CNN else {})).fit(X, y)
    assert estimator.predict_proba(X).shape == (40, 2)


@pytest.mark.parametrize(("make", "dtype"), [(CNN, "int64"), (RESNET, "float64")])
def test_images_far_from_0_are_learned_as_those_near_it(make, dtype, digits):
    images, y = digits
    near, scores = (images // 15).astype(dtype), []
    far = near + 10**9
    for X in (near, far):
        estimator = make(epochs=8).fit(X[:250], y[:250], X_val=X[250:], y_val=y[250:])
        scores.append(estimator.score(X, y))
    assert min(scores) > 0.6
    assert abs(scores[0] - scores[1]) < 0.03
    assert estimator.model_.layers[1].name == "input_shift"
    expected = estimator.predict_proba(far)
    assert_allclose(estimator.predict_proba(far[:5]), expected[:5], atol=1e-6)


def test_training_far_from_0_goes_on(digits):
    images, y = digits
    scores = []
    for X in (images / 15, images / 15 + 1e9):
        estimator = CNN(warm_start=True, epochs=4)
        estimator.fit(X, y).fit(X, y)
        for _ in range(4):
            estimator.partial_fit(X[::2], y[::2])
        scores.append(estimator.score(X, y))
    assert min(scores) > 0.7
    assert abs(scores[0] - scores[1]) < 0.03


def striped(n_images, side, top=None):
    """Noise with a patch anywhere, striped in one of four directions: the class."""
    rng = np.random.default_rng(0)
    y = np.arange(n_images) % 4
    X = rng.normal(0, 0.3, (n_images, side, side, 3))
    rows, columns = np.indices((side // 2, side // 2))
    ways = np.stack([rows, columns, rows + columns, rows - columns])
    corners = rng.integers(0, side // 2, (n_images, 2))
    if top is not None:
        corners[:, 0] = top
    waves = np.sin(ways * np.pi / 3)[y, ..., np.newaxis]
    for image, patch, (row, column) in zip(X, waves, corners, strict=True):
        image[row : row + side // 2, column : column + side // 2] += patch
    return X.astype(np.float32), y


@pytest.mark.parametrize("pooling", [{}, {"pooling": "max"}], ids=["default", "max"])
def test_large_images_do_not_switch_dense_layers_off(pooling):
    """Steps moved all units behind 4096 features at once: a first loss of 5 to 9."""
    X, y = striped(96, 64)
    for seed in range(2):
        options = {"filters": (4, 4, 8, 256), "epochs": 4, "random_state": seed}
        losses = CNNClassifier(**options, **pooling).fit(X, y).history_["loss"]
        assert losses[0] < 1.5 * np.log(4)
        assert losses[-1] < 0.9 * np.log(4)


def shapes(n_images, side, rng):
    """Discs, rings, squares and crosses of any place, size and colour on noise."""
    y = np.arange(n_images) % 4
    X = rng.integers(0, 110, (n_images, side, side, 3), dtype=np.uint8)
    radii = side * rng.uniform(0.16, 0.3, n_images)
    middles = rng.uniform(radii, side - radii, (2, n_images)).T
    pixels = np.indices((side, side))
    for image, kind, radius, middle in zip(X, y, radii, middles, strict=True):
        v, u = abs(pixels - middle[:, None, None]) / radius
        inside = [
            np.hypot(u, v) < 1,
            abs(np.hypot(u, v) - 0.8) < 0.2,
            np.maximum(u, v) < 0.8,
            (np.minimum(u, v) < 0.25) & (np.maximum(u, v) < 1),
        ]
        image[inside[kind]] = rng.integers(100, 256, 3)
    return X, y


@pytest.mark.slow
@pytest.mark.parametrize("augment", [None, ("flip", "rotate", "zoom", "color")])
def test_large_images_are_learned_with_any_seed(augment):
    """With flattened features one class won in one fit of three, and in all varied."""
    for seed in range(3):
        X, y = shapes(680, 64, np.random.default_rng(seed))
        network = CNNClassifier(epochs=15, augment=augment, random_state=seed)
        network.fit(X[:480], y[:480])
        assert network.history_["loss"][-1] < 0.5 * np.log(4)
        assert network.score(X[480:], y[480:]) > 0.85


def test_the_default_finds_objects_where_none_has_been():
    X, y = striped(96, 32, top=0)
    network = CNNClassifier(filters=(8, 16, 32), epochs=15, random_state=0).fit(X, y)
    below, y = striped(96, 32, top=16)
    assert network.score(below, y) > 0.9


# -- targets ---------------------------------------------------------------------------


def test_labels_may_be_text_or_several_per_image(digits):
    images, y = digits
    names = np.array([f"digit {k}" for k in range(10)])
    estimator = CNN(epochs=25).fit(images, names[y])
    assert_array_equal(estimator.classes_, names)
    assert estimator.score(images, names[y]) > 0.9
    several = np.stack([y > 4, y % 2 == 0], axis=1).astype(int)
    estimator = CNN().fit(images, several)
    assert estimator.predict(images).shape == (300, 2)
    assert set(np.unique(estimator.predict(images))) <= {0, 1}


@pytest.mark.parametrize(
    "make",
    [
        partial(CNNRegressor, filters=(8, 8), epochs=40),
        partial(ResNetRegressor, depth=8, width=0.25, epochs=30),
    ],
    ids=["CNN", "ResNet"],
)
def test_regressors_learn_where_the_light_is(make):
    rng = np.random.default_rng(0)
    places = rng.integers(0, 8, (400, 2))
    X = rng.random((400, 8, 8)) * 0.2
    X[np.arange(400), places[:, 0], places[:, 1]] = 1.0
    estimator = make(random_state=0).fit(X[:300], 100 + 10 * places[:300])
    assert estimator.score(X[300:], 100 + 10 * places[300:]) > 0.8


# -- networks --------------------------------------------------------------------------


def test_layers_have_the_textbooks_number_of_weights(digits, capsys):
    images, y = digits
    estimator = CNN(filters=(5, (7, 6)), kernel_size=(3, 2)).fit(images, y)
    (network,) = [
        layer for layer in estimator.model_.layers if isinstance(layer, keras.Model)
    ]
    textbook = {
        "conv_1": 3 * 3 * 1 * 5 + 5,
        "conv_2_1": 2 * 2 * 5 * 7 + 7,
        "conv_2_2": 2 * 2 * 7 * 6 + 6,
        "dense_1": (2 * 2 * 6) * 16 + 16,  # two poolings: 8, 4, 2 pixels
        "outputs": 16 * 10 + 10,
    }
    for name, n_weights in textbook.items():
        assert network.get_layer(name).count_params() == n_weights
    norms = 2 * (5 + 7 + 6)
    assert estimator.n_parameters_ == sum(textbook.values()) + norms
    estimator.summary()
    printed = capsys.readouterr().out
    assert all(name in printed for name in textbook)
    assert f"{textbook['dense_1']}" in printed


@pytest.mark.parametrize(
    ("side", "n_blocks"), [(1, 2), (8, 2), (28, 3), (32, 3), (64, 4), (128, 5)]
)
def test_auto_has_blocks_until_little_is_left_of_the_image(side, n_blocks):
    spec = CNNClassifier()._network((side, 1 + side // 2, 3), 10)
    assert dict(spec.params)["filters"] == (32, 64, 128, 256, 256)[:n_blocks]


def zero(y_true, y_pred):
    return 0.0 * keras.ops.sum(y_pred, axis=-1)


@KINDS
def test_weight_decay_is_for_kernels_only(make, digits):
    images, y = digits[0][:, ::2, ::2], digits[1]
    steps = {"loss": zero, "epochs": 4, "batch_size": 4}  # 300 of them
    decayed = make(weight_decay=2.0, **steps).fit(images, y).model_
    fresh = make(weight_decay=0.0, **steps).fit(images, y).model_
    kinds = set()
    for after, before in zip(
        decayed.trainable_variables, fresh.trainable_variables, strict=True
    ):
        kinds.add(before.name)
        # a cosine from 1 to 0 has the mean 1/2
        factor = np.exp(-2.0 / 2) if before.name == "kernel" else 1.0
        assert_allclose(after, factor * np.asarray(before), rtol=0.02, atol=1e-7)
    assert {"kernel", "bias", "gamma", "beta"} == kinds


def test_depth_44_trains_where_the_same_network_without_shortcuts_does_worse():
    """He et al. 2016, figure 6, in small: plain networks get worse with depth."""
    X, y = load_digits(return_X_y=True)
    scores, losses = {}, {}
    for shortcut in ("identity", None):
        estimator = ResNetClassifier(
            depth=44,
            width=0.5,
            shortcut=shortcut,
            epochs=8,
            batch_size=32,
            random_state=0,
        ).fit(X[:400], y[:400])
        scores[shortcut] = estimator.score(X[600:], y[600:])
        losses[shortcut] = estimator.loss_
    assert scores["identity"] > 0.8
    assert scores["identity"] > scores[None] + 0.3
    assert losses["identity"] < 0.1 * losses[None]


# -- augmentation and seeds ------------------------------------------------------------


@KINDS
def test_augmentation_is_seeded_and_leaves_predictions_alone(make, digits):
    images, y = digits
    augment = ("crop", "rotate", "zoom", "color", "mixup", "cutmix")
    first, again = (make(augment=augment).fit(images, y) for _ in range(2))
    expected = first.predict_proba(images)
    assert_array_equal(again.predict_proba(images), expected)
    assert_array_equal(first.predict_proba(images), expected)  # nothing random in it
    assert again.loss_ == first.loss_
    other = make(augment=augment, random_state=1).fit(images, y)
    assert not np.array_equal(other.predict_proba(images), expected)
    assert not np.array_equal(make().fit(images, y).predict_proba(images), expected)


def test_flips_teach_what_lies_on_the_other_side():
    """A bar on the left is one class; seen in training on that side only."""
    rng = np.random.default_rng(0)
    X = rng.random((200, 8, 8, 1)) * 0.5
    y = np.arange(200) % 2
    X[y == 1, 2:6, 1] = 1.0
    X[y == 0, 2:6, 1] = 0.0
    mirrored = X[:, :, ::-1]
    make = partial(CNN, epochs=20)
    plain, flipped = (make(augment=a).fit(X, y) for a in (None, "flip"))
    assert plain.score(X, y) > 0.9
    assert flipped.score(mirrored, y) > 0.95 > plain.score(mirrored, y) + 0.1


def test_layers_of_keras_augment_and_are_left_as_they_are(digits):
    images, y = digits
    layer = keras.layers.RandomTranslation(0.1, 0.1)
    estimator = CNN(augment=[layer, "color"]).fit(images, y)
    assert not layer.built
    assert clone(estimator).augment[0] is layer
    again = clone(estimator).fit(images, y)
    assert_array_equal(again.predict_proba(images), estimator.predict_proba(images))


def test_wrong_augmentation_is_told_before_training(digits):
    with pytest.raises(ValueError, match=r"augment='turn'.*flip.*cutmix"):
        CNN(augment="turn").fit(*digits)


def test_early_stopping_begins_with_2000_images():
    X = np.random.default_rng(0).random((2000, 4, 4))
    y = X[:, :2].mean(axis=(1, 2)) > 0.5
    few, many = (CNN(epochs=1).fit(X[:n], y[:n]) for n in (1999, 2000))
    assert "val_loss" not in few.history_
    assert "val_loss" in many.history_


# -- files -----------------------------------------------------------------------------


@KINDS
def test_paths_give_the_bits_of_the_images_in_the_files(make, folder):
    files = load_image_folder(folder)
    labels = files.labels
    arrays = ImageLoader(size=(9, 8)).fit_transform(files.data)
    make = partial(make, batch_size=16)  # in full batches equal images are merged
    estimator = make(image_size=(9, 8)).fit(files.data, labels)
    expected = make().fit(arrays, labels)
    assert estimator.image_shape_ == (9, 8, 3)
    probabilities = expected.predict_proba(arrays)
    assert_array_equal(estimator.predict_proba(files.data), probabilities)
    assert estimator.history_ == expected.history_
    # either takes the other's form
    assert_array_equal(estimator.predict_proba(arrays), probabilities)
    assert_array_equal(expected.predict_proba(files.data), probabilities)
    assert_array_equal(estimator.predict_proba(list(files.data[:1])), probabilities[:1])


def test_paths_stop_early_are_weighted_and_searched(folder):
    files = load_image_folder(folder)
    estimator = CNN(image_size=8, early_stopping=True)
    weight = np.linspace(0.5, 2.0, 40)
    estimator.fit(files.data, files.target, sample_weight=weight)
    assert len(estimator.history_["val_loss"]) == estimator.n_epochs_
    network = CNN(image_size=8, epochs=25)
    search = GridSearchCV(network, {"hidden_units": [(), (16,)]}, cv=2)
    assert search.fit(files.data, files.target).best_score_ > 0.9


def test_a_folder_that_lacks_a_class_is_scored_right(folder, tmp_path):
    files = load_image_folder(folder)
    (tmp_path / "red").symlink_to(folder / "red")
    estimator = CNN(image_size=8, epochs=25)
    test = load_image_folder(tmp_path)
    by_name = estimator.fit(files.data, files.labels)
    assert by_name.score(test.data, test.labels) > 0.9
    with pytest.warns(FilesLeftOutWarning, match="no sub-folders .* 'blue'"):
        test = load_image_folder(tmp_path, categories=files.target_names)
    by_code = estimator.fit(files.data, files.target)
    assert by_code.score(test.data, test.target) > 0.9


def test_grey_files_have_one_channel(folder):
    files = load_image_folder(folder)
    estimator = CNN(image_size=(6, 6), color_mode="grayscale", epochs=1)
    assert estimator.fit(files.data, files.target).image_shape_ == (6, 6, 1)


def test_paths_need_a_size(folder):
    files = load_image_folder(folder)
    with pytest.raises(ValueError, match=r"image_size=None.*paths.*\(128, 128\)"):
        CNN().fit(files.data, files.target)


def test_a_broken_file_is_named_and_leaves_the_estimator_as_it_was(folder, tmp_path):
    files = load_image_folder(folder)
    broken = tmp_path / "broken.png"
    broken.write_bytes(Path(files.data[0]).read_bytes()[:60])
    estimator = CNN(image_size=(8, 8)).fit(files.data, files.target)
    before = estimator.predict_proba(files.data)
    paths = [*files.data, str(broken)]
    with pytest.raises(ImageReadError, match=r"broken\.png"):
        estimator.fit(paths, [*files.target, 0])
    with pytest.raises(ImageReadError, match=r"broken\.png"):
        estimator.predict(paths)
    assert_array_equal(estimator.predict_proba(files.data), before)


def test_a_loader_and_a_network_make_a_pipeline(folder):
    files = load_image_folder(folder)
    pipe = make_pipeline(ImageLoader(size=8), CNN(epochs=25))
    assert cross_val_score(pipe, files.data, files.target, cv=2).mean() > 0.9


def test_partial_fit_goes_on_with_new_images(digits):
    images, y = digits
    estimator = CNN()
    for _ in range(15):
        estimator.partial_fit(images[:150], y[:150], classes=np.arange(10))
        estimator.partial_fit(images[150:], y[150:])
    assert estimator.n_epochs_ == 30
    assert estimator.score(images, y) > 0.9


@pytest.fixture(scope="module")
def sixteen_bits(tmp_path_factory):
    """Grey files of 16 bits that use 10 in 64 levels, their numbers, and labels."""
    data = load_digits()
    images = np.kron(data.images[:200], np.ones((1, 2, 2))).astype(np.uint16)
    images = 4 * images + 960  # of 0 to 1023, seen as 8 bits: 4
    folder = tmp_path_factory.mktemp("sixteen_bits")
    paths = [str(folder / f"{k}.{('png', 'tif')[k % 2]}") for k in range(200)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths, images, data.target[:200]


def test_files_of_16_bits_give_the_bits_of_their_numbers(sixteen_bits):
    paths, numbers, y = sixteen_bits
    make = partial(CNN, batch_size=16)
    of_files = make(image_size=16, color_mode="grayscale").fit(paths, y)
    of_numbers = make().fit(numbers, y)
    expected = of_numbers.predict_proba(numbers)
    for estimator in (of_files, of_numbers):
        assert_array_equal(estimator.predict_proba(paths), expected)
        assert_array_equal(estimator.predict_proba(numbers), expected)
    assert of_files.history_ == of_numbers.history_
    pipe = make_pipeline(ImageLoader(16, color_mode="grayscale"), make())
    assert_array_equal(pipe.fit(paths, y).predict_proba(paths), expected)


def test_files_of_16_bits_are_learned(sixteen_bits):
    paths, numbers, y = sixteen_bits
    estimator = CNN(image_size=16, pooling="max", epochs=15).fit(
        paths[:150], y[:150], X_val=numbers[150:, ..., None].repeat(3, 3), y_val=y[150:]
    )
    assert estimator.score(paths, y) > 0.9
    estimator.partial_fit(paths[150:], y[150:])
    assert estimator.score(paths, y) > 0.9


def test_files_of_8_and_of_16_bits_are_not_mixed(folder, sixteen_bits):
    eight, sixteen = load_image_folder(folder).data[:20], sixteen_bits[0][:20]
    estimator = CNN(image_size=8, epochs=1)
    with pytest.raises(ImageReadError, match=r"0\.png.*more than 8 bits.*same number"):
        estimator.fit([*eight, *sixteen], [0] * 20 + [1] * 20)
    estimator.fit(sixteen, np.arange(20) % 2)
    with pytest.raises(ImageReadError, match=r"blue.*8 bits.*same number of bits"):
        estimator.predict(eight)


# -- scikit-learn's tools --------------------------------------------------------------


@KINDS
def test_cross_validation_and_searches_run(make, digits):
    images, y = (part[:150] for part in digits)
    make = partial(make, epochs=1)
    flat = images.reshape(len(images), -1)
    assert cross_val_score(make(), images, y, cv=3).shape == (3,)
    grid = GridSearchCV(make(), {"weight_decay": [0.0, 3.0]}, cv=2).fit(images, y)
    assert grid.best_estimator_.predict(images).shape == y.shape
    spaces = {"learning_rate": (1e-3, 1e-2, "log-uniform"), "augment": [None, "crop"]}
    search = BayesSearchCV(make(), spaces, n_iter=3, cv=2, random_state=0)
    assert search.fit(flat, y).best_params_.keys() == spaces.keys()


@KINDS
def test_a_forest_and_a_network_are_stacked_on_flat_rows(make, digits):
    images, y = digits
    flat = images.reshape(len(images), -1)
    members = [("forest", RandomForestClassifier(20, random_state=0)), ("net", make())]
    stack = StackingClassifier(members, LogisticRegression(max_iter=1000), cv=2)
    assert stack.fit(flat, y).score(flat, y) > 0.9


@KINDS
def test_fold_ensembles_take_images(make, digits):
    images, y = digits
    flat = images.reshape(len(images), -1)
    ensemble = FoldEnsembleClassifier(make(epochs=6), cv=2, random_state=0)
    assert ensemble.fit(flat, y).predict_proba(flat).shape == (300, 10)


def test_two_processes_give_the_bits_of_one(digits):
    images, y = digits
    alone, spread = (
        cross_val_score(CNN(), images, y, cv=2, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    assert_array_equal(alone, spread)
