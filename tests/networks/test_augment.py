"""Augmentation against NumPy, SciPy and Pillow, its chance, and what it refuses."""

import copy
import pickle
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageEnhance, ImageOps
from scipy import ndimage, spatial, stats

from skdl.networks import Augment, find_augment
from skdl.networks import _rand_augment as randaugment
from skdl.networks._image_operations import moved, turned

ALL = ["flip", "crop", "rotate", "zoom", "color", "randaugment", "mixup", "cutmix"]


def images(*shape, seed=0, dtype="float32"):
    """Pixels as they are in photographs, none like another."""
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(dtype)


def copies(image, n):
    return np.repeat(image[None], n, axis=0)


def prepared(augment, X):
    augmentation = find_augment(augment).build()
    augmentation.check(X.shape[1:], str(X.dtype))
    return augmentation


def called(augmentation, X, seed):
    """As the training loop does it: the seeds are values, no variable is changed."""
    states = [
        (v, tf.stack([tf.cast(seed, "uint32"), tf.constant(1000 * k, "uint32")]))
        for k, v in enumerate(augmentation.variables)
    ]
    y, weight = tf.range(tf.shape(X)[0]), tf.ones(tf.shape(X)[0], X.dtype)
    with keras.StatelessScope(state_mapping=states):
        X, targets = augmentation(X, y, weight)
    if len(targets) == 1:
        return X, None
    (_, share), (_, rest) = targets
    tf.debugging.assert_equal(targets[0][0], y)
    tf.debugging.assert_equal(targets[1][0], tf.roll(y, 1, 0))
    tf.debugging.assert_near(rest, tf.roll(weight, 1, 0) * (1 - share))
    return X, share


def augmented(augment, X, seed=0):
    """Images and shares."""
    X, share = called(prepared(augment, X), tf.constant(X), seed)
    return X.numpy(), share if share is None else share.numpy()


def is_uniform(values, low, high):
    """That numbers look as if drawn between two, every one as likely."""
    assert low <= values.min()
    assert values.max() <= high
    return stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-3


# -- one operation -----------------------------------------------------------------


def test_flip_mirrors_about_half_of_the_rows():
    X = images(400, 5, 6, 3)
    result, share = augmented("flip", X)
    mirrored = np.array(
        [np.array_equal(a, b[:, ::-1]) for a, b in zip(result, X, strict=True)]
    )
    assert_array_equal(result[~mirrored], X[~mirrored])
    assert 160 < mirrored.sum() < 240
    assert share is None


@pytest.mark.parametrize(
    ("height", "width", "most_y", "most_x"),
    [(32, 9, 4, 1), (8, 28, 1, 4), (3, 4, 0, 1), (12, 20, 2, 3)],
)
def test_crop_is_a_shift_by_whole_pixels_every_one_as_often(
    height, width, most_y, most_x
):
    X = images(2000, height, width, 2)
    result, _ = augmented("crop", X)
    margins = [(0, 0), (most_y, most_y), (most_x, most_x), (0, 0)]
    padded = np.pad(X, margins)
    counts = []
    for y in range(2 * most_y + 1):
        for x in range(2 * most_x + 1):
            shifted = padded[:, y : y + height, x : x + width]
            counts.append(np.all(result == shifted, axis=(1, 2, 3)).sum())
    assert sum(counts) == len(X)
    assert stats.chisquare(counts).pvalue > 1e-3


MAPS = {
    "nothing": {},
    "turned": {"xx": 0.9, "xy": -0.4, "yx": 0.4, "yy": 0.9},
    "magnified": {"xx": 0.7, "yy": 0.8},
    "everything": {"xx": 1.2, "xy": 0.3, "yx": -0.1, "yy": 0.9, "dx": 1.5, "dy": -2.2},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(9, 9), (12, 7), (1, 6), (1, 1)])
@pytest.mark.parametrize("how", MAPS.values(), ids=MAPS)
def test_affine_maps_are_those_of_scipy(how, size, dtype):
    X = images(2, *size, 3, dtype=dtype)
    matrix = np.array(
        [[how.get("yy", 1), how.get("yx", 0)], [how.get("xy", 0), how.get("xx", 1)]]
    )
    centre = (np.array(size) - 1) / 2
    offset = centre - matrix @ centre + [how.get("dy", 0), how.get("dx", 0)]
    result = moved(tf.constant(X), **how, fill=30.0).numpy()
    assert result.dtype == dtype
    for i in range(2):
        for c in range(3):
            expected = ndimage.affine_transform(
                X[i, ..., c], matrix, offset, order=1, mode="grid-constant", cval=30
            )
            assert_allclose(result[i, ..., c], expected, atol=0.01)


def test_turns_are_counterclockwise():
    X = images(3, 7, 7, 1)
    angles = np.pi / 2 * np.array([1, 2, -1], "float32")
    result = turned(tf.constant(X), tf.constant(angles)).numpy()
    expected = [np.rot90(X[0]), np.rot90(X[1], 2), np.rot90(X[2], -1)]
    assert_allclose(result, expected, atol=0.01)


def blob(size, wide, high):
    """A normal density in the middle of an image, and coordinates."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.exp(-((x / wide) ** 2 + (y / high) ** 2) / 2)[..., None], x, y


def test_rotate_draws_an_angle_for_each_row():
    image, x, y = blob(41, 6, 2)
    result = augmented("rotate", copies(image, 500))[0][..., 0]
    xx, yy, xy = (np.sum(result * m, axis=(1, 2)) for m in (x * x, y * y, x * y))
    angles = np.degrees(np.arctan2(2 * xy, xx - yy) / 2)  # of the longer axis
    assert is_uniform(angles, -15.1, 15.1)


def test_rotate_leaves_round_things_as_they_are():
    image, *_ = blob(31, 4, 4)
    result, _ = augmented("rotate", copies(image, 20))
    assert_allclose(result, copies(image, 20), atol=0.01)


def test_zoom_draws_a_factor_for_each_row():
    image, x, y = blob(61, 5, 5)
    result = augmented("zoom", copies(image, 500))[0][..., 0]
    total = result.sum(axis=(1, 2))
    wide = np.sqrt(np.sum(result * x * x, axis=(1, 2)) / total)
    high = np.sqrt(np.sum(result * y * y, axis=(1, 2)) / total)
    assert_allclose(wide, high, rtol=1e-3)
    assert is_uniform(5 / wide, 0.845, 1.155)  # a bit wider, from interpolation


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_color_draws_brightness_contrast_and_saturation(n_channels):
    X = images(500, 6, 7, n_channels, dtype="float64") + 50
    result, _ = augmented("color", X)
    low = X.min()
    found = []
    for before, after in zip(X, result, strict=True):
        grey = before @ [0.299, 0.587, 0.114] if n_channels == 3 else before[..., 0]
        before, after = before[..., 0].ravel(), after[..., 0].ravel()
        one, grey, mean = np.ones_like(before), grey.ravel(), grey.mean()
        if n_channels == 3:
            columns = np.column_stack([before, grey, one])
        else:
            columns = np.column_stack([before, one])
        (own, *of_grey, constant), error, *_ = np.linalg.lstsq(columns, after)
        assert error < 1e-9
        product = own + sum(of_grey)  # of the factors of brightness and contrast
        brightness = (constant - low + product * mean) / (mean - low)
        found.append([brightness, product / brightness, own / product])
    brightness, contrast, saturation = np.transpose(found)
    assert is_uniform(brightness, 0.8, 1.2)
    assert is_uniform(contrast, 0.8, 1.2)
    if n_channels == 3:
        assert is_uniform(saturation, 0.8, 1.2)
    assert abs(np.corrcoef(brightness, contrast)[0, 1]) < 0.15


@pytest.mark.parametrize("name", ["color", "randaugment"])
def test_range_of_values_does_not_matter(name):
    X = images(200, 8, 8, 3, dtype="float64")
    X -= X.min()  # zero, which shifts let in, is black
    expected, _ = augmented(name, X)
    result, _ = augmented(name, X / 1000)
    assert_allclose(result * 1000, expected, atol=1e-4)


# -- RandAugment -------------------------------------------------------------------

# the function of Pillow, for pixels of 8 bits, and the direction
PILLOW = {
    "auto_contrast": (ImageOps.autocontrast, 1),
    "equalize": (ImageOps.equalize, 1),
    "posterize": (lambda image: ImageOps.posterize(image, 7), 1),
    "solarize": (lambda image: ImageOps.solarize(image, 178.5), 1),
    "brightness": (lambda image: ImageEnhance.Brightness(image).enhance(1.27), 1),
    "contrast": (lambda image: ImageEnhance.Contrast(image).enhance(0.73), -1),
    "saturation": (lambda image: ImageEnhance.Color(image).enhance(1.27), 1),
    "sharpness": (lambda image: ImageEnhance.Sharpness(image).enhance(0.73), -1),
}


@pytest.mark.parametrize("name", PILLOW)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_tones_of_randaugment_are_those_of_pillow(name, n_channels):
    function, sign = PILLOW[name]
    rng = np.random.default_rng(0)
    pixels = rng.normal(120, 40, (128, 120, n_channels)).clip(7, 250).astype("uint8")
    expected = np.asarray(function(Image.fromarray(np.squeeze(pixels))))
    X = tf.constant(copies(pixels, 2) / 255)
    result = getattr(randaugment, name)(X, tf.constant([sign, sign], "float32")).numpy()
    expected = expected.reshape(pixels.shape)
    # Pillow cuts off decimals: of the result, of the mean, of grey
    assert_allclose(255 * result, copies(expected, 2), atol=2.01)
    assert_array_equal(result[0], result[1])


@pytest.mark.parametrize("name", ["auto_contrast", "equalize"])
def test_channels_of_one_value_remain(name):
    X = np.full((2, 4, 4, 2), 0.3)
    X[1, :2, :, 1] = 0.5
    result = getattr(randaugment, name)(tf.constant(X), tf.ones(2)).numpy()
    assert_array_equal(result[..., 0], X[..., 0])
    assert_array_equal(np.unique(result[1, ..., 1]), [0, 1])


def test_randaugment_is_two_of_fourteen_operations_for_each_row():
    image = images(8, 8, 3, dtype="float64")
    image = (image - image.min()) / (image.max() - image.min())
    one_by_one = [
        (function, sign, options)
        for functions, options in [
            (randaugment.TONES, {}),
            (randaugment.MOVES, {"fill": 0.0}),
        ]
        for function in functions
        for sign in (-1, 1)
    ]

    def each(X):
        """(n, ...) -> (n_operations, n, ...)"""
        signs = tf.ones(len(X))
        return np.array(
            [f(tf.constant(X), sign * signs, **how) for f, sign, how in one_by_one]
        )

    two = each(each(image[None])[:, 0])  # (second, first, ...)
    result, _ = augmented("randaugment", copies(image, 1000))
    tree = spatial.cKDTree(two.reshape(28 * 28, -1))
    counts = np.zeros((28, 28))
    for which in tree.query_ball_point(result.reshape(1000, -1), 1e-4):
        assert which
        counts.flat[which] += 1 / len(which)  # some give the same
    for count in (counts.sum(axis=0), counts.sum(axis=1)):
        assert count.min() > 15  # of about 1000 / 28 = 36
        assert count.max() < 70


# -- mixtures ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mixup_adds_shares_of_each_row_and_the_one_before(dtype):
    X = images(3000, 2, 3, 2, dtype=dtype)
    result, share = augmented("mixup", X)
    assert share.dtype == dtype
    kept = share[:, None, None, None]
    assert_array_equal(result, kept * X + (1 - kept) * np.roll(X, 1, axis=0))
    assert stats.kstest(share, stats.beta(0.2, 0.2).cdf).pvalue > 1e-3


def boxes(height, width, n):
    """Shares that are kept in CutMix, drawn with NumPy."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(n):
        image = np.zeros((height, width))
        cut = np.sqrt(1 - rng.beta(1, 1))
        y, x = rng.integers(height), rng.integers(width)
        h, w = int(height * cut), int(width * cut)
        top, left = y - h // 2, x - w // 2
        image[max(top, 0) : top + h, max(left, 0) : left + w] = 1
        shares.append(1 - image.mean())
    return shares


@pytest.mark.parametrize("size", [(32, 32), (8, 20)])
def test_cutmix_puts_in_a_box_of_the_row_before(size):
    X = images(2000, *size, 3)
    before = np.roll(X, 1, axis=0)
    result, share = augmented("cutmix", X)
    assert np.all((result == X) | (result == before))
    box = np.any(result != X, axis=3)
    assert_allclose(share, 1 - box.mean(axis=(1, 2)), rtol=1e-6)
    rows, columns = box.any(axis=2), box.any(axis=1)
    assert_array_equal(box, rows[:, :, None] & columns[:, None, :])
    for line in (rows, columns):  # without gaps
        assert np.abs(np.diff(line.astype(int), axis=1)).sum(axis=1).max() <= 2
    assert stats.ks_2samp(share, boxes(*size, 5000)).pvalue > 1e-3


def test_both_mixtures_are_for_half_of_the_rows_each():
    X = images(1000, 16, 16, 1)
    before = np.roll(X, 1, axis=0)
    result, share = augmented(("cutmix", "mixup"), X)
    boxed = np.all((result == X) | (result == before), axis=(1, 2, 3))
    boxed |= share > 1 - 1e-6
    kept = share[:, None, None, None]
    blended = np.isclose(result, kept * X + (1 - kept) * before, rtol=1e-4)
    assert np.all(boxed | blended.all(axis=(1, 2, 3)))
    assert 420 < boxed.sum() < 620  # Beta(0.2, 0.2) is 1 in some rows, rounded


def test_mixing_comes_last():
    X = images(6, 8, 8, 1)
    flipped, _ = augmented("flip", X)
    result, share = augmented(("mixup", "flip"), X)
    kept = share[:, None, None, None]
    expected = kept * flipped + (1 - kept) * np.roll(flipped, 1, axis=0)
    assert_allclose(result, expected, rtol=1e-5)
    assert find_augment(("mixup", "flip")) == find_augment(["flip", "mixup"])
    assert find_augment(("mixup", "cutmix")) == find_augment(("cutmix", "mixup"))


# -- all of them -------------------------------------------------------------------


class Brighter(layers.Layer):
    """The layer of a user: adds a random number to each image."""

    def __init__(self, most=10.0, **options):
        super().__init__(**options)
        self.most = most
        self.seeds = keras.random.SeedGenerator()

    def call(self, inputs):
        shape = (keras.ops.shape(inputs)[0], 1, 1, 1)
        return inputs + keras.random.uniform(shape, 0, self.most, seed=self.seeds)

    def get_config(self):
        return {**super().get_config(), "most": self.most}


def in_a_row():
    return keras.Sequential(
        [layers.RandomFlip("vertical"), Brighter(20.0), layers.RandomRotation(0.1)]
    )


LAYERS = {
    "keras": lambda: layers.RandomTranslation(0.2, 0.2),
    "sequential": in_a_row,
    "custom": lambda: Brighter(5.0),
}
EVERY = {
    **{name: lambda name=name: name for name in ALL},
    "both": lambda: ("mixup", "cutmix"),
    "many": lambda: ["flip", "crop", "rotate", "zoom", "color", "cutmix"],
    "names and layers": lambda: ("flip", Brighter(3.0), "mixup"),
    **LAYERS,
}
every = pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)


@every
def test_same_seeds_same_bits(make):
    X = images(10, 12, 12, 3)
    first, share = augmented(make(), X)
    again, share_again = augmented(make(), X)
    other, _ = augmented(make(), X, seed=1)
    assert_array_equal(again, first)
    assert_array_equal(share_again, share)
    assert not np.array_equal(other, first)


@every
def test_each_row_has_its_own_chance(make):
    augment = make()
    X = copies(images(12, 12, 3), 64)
    if augment in ("mixup", "cutmix", ("mixup", "cutmix")):
        result = augmented(augment, X)[1]
    else:
        result = augmented(augment, X)[0]
    n_different = len(np.unique(result, axis=0))
    assert n_different > (1 if augment == "flip" else 15)


@every
def test_graph_of_unknown_batch_size(make):
    X = images(7, 12, 12, 3)
    augmentation = prepared(make(), X)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 12, 12, 3), "float32"),
            tf.TensorSpec((), "uint32"),
        ],
        autograph=False,
    )
    def in_graph(X, seed):
        result, share = called(augmentation, X, seed)
        assert tuple(result.shape[1:]) == (12, 12, 3)
        return result, tf.ones(tf.shape(X)[0]) if share is None else share

    for n_rows in (7, 1, 2):
        result, share = in_graph(X[:n_rows], 3)
        expected, expected_share = augmented(make(), X[:n_rows], 3)
        assert_allclose(result, expected, rtol=1e-4, atol=0.01)
        assert share.shape == (n_rows,)
        if expected_share is not None:
            assert_allclose(share, expected_share, rtol=1e-5)
    before = [np.asarray(v) for v in augmentation.variables]
    assert not np.array_equal(in_graph(X, 4)[0], in_graph(X, 3)[0])
    assert_array_equal([np.asarray(v) for v in augmentation.variables], before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 5, 3), (5, 1, 2), (2, 2, 4), (8, 8, 1), (28, 28, 1)]
)
@every
def test_shape_and_dtype_remain(make, shape, dtype):
    augment = make()
    for n_rows in (3, 1):
        X = images(n_rows, *shape, dtype=dtype) - 100
        result, share = augmented(augment, X)
        assert result.shape == X.shape
        assert result.dtype == dtype
        assert np.isfinite(result).all()
        if share is not None:
            assert share.shape == (n_rows,)
            assert share.dtype == dtype


@pytest.mark.parametrize("augment", [*ALL, tuple(ALL)])
def test_no_rows(augment):
    X = images(0, 8, 8, 3)
    result, share = augmented(augment, X)
    assert result.shape == (0, 8, 8, 3)
    assert share is None or share.shape == (0,)


@pytest.mark.parametrize("augment", ["mixup", "cutmix"])
def test_one_row_is_mixed_with_itself(augment):
    X = images(1, 8, 8, 3)
    assert_allclose(augmented(augment, X)[0], X, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_images_of_one_value(value):
    X = np.full((30, 8, 8, 3), value, "float32")
    for augment in ("color", "randaugment"):
        result, _ = augmented(augment, X)
        assert np.isfinite(result).all()


@every
def test_global_random_state_is_not_touched(make):
    augment = make()
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    augmented(augment, images(2, 12, 12, 3))
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert before == after


# -- the description ---------------------------------------------------------------


@every
def test_equal_parameters_are_one_key_that_travels(make):
    first, second = find_augment(make()), find_augment(make())
    assert isinstance(first, Augment)
    assert first == second
    assert hash(first) == hash(second)
    other = pickle.loads(pickle.dumps(first))
    assert other == first
    X = images(4, 12, 12, 3)
    results = []
    for augment in (first, other):
        augmentation = augment.build()
        augmentation.check((12, 12, 3))
        results.append(called(augmentation, tf.constant(X), 0)[0])
    assert_array_equal(*results)


def test_other_parameters_are_other_keys():
    several = [
        "flip",
        "crop",
        ("flip", "crop"),
        ("crop", "flip"),
        Brighter(),
        Brighter(2.0),
        layers.RandomRotation(0.1),
        layers.RandomRotation(0.2),
        in_a_row(),
    ]
    assert len({find_augment(augment) for augment in several}) == len(several)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layers_of_the_user_are_only_read(make):
    layer = make()
    config, built = layer.get_config(), layer.built
    states = [np.asarray(v) for v in layer.variables]
    expected = find_augment(layer)
    augmented(layer, images(2, 12, 12, 3))
    assert layer.get_config() == config
    assert layer.built == built
    assert_array_equal([np.asarray(v) for v in layer.variables], states)
    layer(images(2, 12, 12, 3))  # what the user did with it does not matter
    assert find_augment(layer) == expected


def test_copies_of_layers_are_equal():
    layer = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1)])
    expected = find_augment(layer)
    assert find_augment(copy.deepcopy(layer)) == expected
    layer(images(2, 12, 12, 3))
    assert find_augment(copy.deepcopy(layer)) == expected
    assert find_augment(pickle.loads(pickle.dumps(layer))) == expected


def test_one_seed_for_names_and_those_of_layers():
    X = images(2, 12, 12, 3)
    for augment, n in [
        ("flip", 1),
        (ALL, 1),
        (in_a_row(), 3),
        (("flip", Brighter(), layers.RandomFlip()), 3),
    ]:
        variables = prepared(augment, X).variables
        assert len({id(v) for v in variables}) == len(variables) == n
        assert {tuple(v.shape) for v in variables} == {(2,)}


def test_layer_of_another_precision_gives_back_that_of_the_images():
    X = images(3, 6, 6, 1, dtype="float64")
    result, _ = augmented(layers.RandomFlip("vertical", dtype="float16"), X)
    assert result.dtype == np.float64
    assert np.all(np.isclose(result, X, 1e-3) | np.isclose(result, X[:, ::-1], 1e-3))


def test_functional_models_are_layers_too():
    inputs = keras.Input((6, 6, 1))
    model = keras.Model(inputs, layers.RandomFlip("horizontal")(inputs))
    X = images(3, 6, 6, 1)
    result, _ = augmented(model, X)
    assert np.all((result == X) | (result == X[:, :, ::-1]))


@pytest.mark.parametrize("augment", [None, (), []])
def test_nothing_to_do(augment):
    assert find_augment(augment) is None


def test_images_are_mixed_last():
    assert find_augment(("mixup", "flip", "cutmix", "zoom")).operations == (
        *("flip", "zoom"),
        *("cutmix", "mixup"),
    )


# -- what is refused ---------------------------------------------------------------


@pytest.mark.parametrize("augment", ["flips", ("crop", "flips")])
def test_unknown_name_is_refused_with_the_list(augment):
    names = "flip, crop, rotate, zoom, color, randaugment, mixup, cutmix"
    with pytest.raises(ValueError, match=rf"augment='flips' is unknown.*{names}"):
        find_augment(augment)


def test_name_twice_is_refused():
    with pytest.raises(ValueError, match=r"has 'flip' more than once. Give each"):
        find_augment(("flip", "crop", "flip"))


@pytest.mark.parametrize("augment", [3, layers.RandomFlip, (np.flip,), {"flip": 1}])
def test_what_is_no_layer_is_refused(augment):
    message = r"augment=.* is neither a name nor a Keras layer. Give 'flip'.*instance"
    with pytest.raises(TypeError, match=message):
        find_augment(augment)


@pytest.mark.parametrize(
    "layer", [layers.MixUp(), keras.Sequential([layers.RandomFlip(), layers.CutMix()])]
)
def test_layers_that_mix_are_refused(layer):
    with pytest.raises(ValueError, match=r"leave their targets as they are. Use"):
        find_augment(layer)


class Forgetful(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


class Misled(Forgetful):
    def get_config(self):
        return {}


@pytest.mark.parametrize("cls", [Forgetful, Misled])
def test_layer_without_configuration_is_refused(cls):
    with pytest.raises(ValueError, match=r"cannot be made again.*get_config return"):
        find_augment(cls(np.negative))


@pytest.mark.parametrize("layer", [layers.Conv2D(1, 1), layers.BatchNormalization()])
def test_layer_with_weights_is_refused(layer):
    augmentation = find_augment(("flip", layer)).build()
    with pytest.raises(ValueError, match=r"has weights \(.*Give a layer without"):
        augmentation.check((6, 6, 1))
    assert not layer.built


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(layers.RandomCrop(4, 3), r"\(4, 3, 1\)"), (layers.Flatten(), r"\(36,\)")],
)
def test_layer_that_changes_the_shape_is_refused(layer, shape):
    augmentation = find_augment(layer).build()
    message = rf"turns images of shape \(6, 6, 1\) into {shape}; .* Use a layer that"
    with pytest.raises(ValueError, match=message):
        augmentation.check((6, 6, 1))
