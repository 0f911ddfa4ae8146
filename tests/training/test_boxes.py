"""Targets that move with their images: boxes, of which images have any number."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pytest
from keras import layers, ops
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from skdl._images._inputs import ImageInputs
from skdl.training import _data, _program
from skdl.training._data import array_or_stream
from skdl.training._objective import Judgement, Objective, Value
from skdl.training._player import Player
from skdl.training._program import ProgramKey
from tests.training.engine import fit, other, resolve_optimizer

N, SIDE, MOST = 24, 12, 3


def drawn(seed=0):
    """White boxes on black, none across the middle, and their corners.

    Returns images of shape (N, SIDE, SIDE, 1) and boxes of shape (N, MOST, 5), left,
    top, right, bottom and class, NaN where an image has no more.
    """
    rng = np.random.default_rng(seed)
    images = np.zeros((N, SIDE, SIDE, 1), np.uint8)
    boxes = np.full((N, MOST, 5), np.nan)
    for image, of_image in zip(images, boxes, strict=True):
        for box in of_image[: rng.integers(MOST + 1)]:
            left, right = np.sort(rng.choice(SIDE // 2 + 1, 2, replace=False))
            left, right = np.array([left, right]) + SIDE // 2 * rng.integers(2)
            top, bottom = np.sort(rng.choice(SIDE + 1, 2, replace=False))
            box[:] = left, top, right, bottom, rng.integers(4)
            image[top:bottom, left:right] = 255
    return images, boxes


def painted(boxes):
    """The images that such boxes are of, in ``keras.ops``."""
    pixels = ops.arange(SIDE, dtype="float32") + 0.5
    left, top, right, bottom = (boxes[:, :, k, None] for k in range(4))
    across = ops.logical_and(left < pixels, pixels < right)  # never of NaN
    down = ops.logical_and(top < pixels, pixels < bottom)
    inside = ops.logical_and(down[..., :, None], across[..., None, :])
    return ops.cast(ops.any(inside, axis=1), "float32")[..., None]


class Moved:
    """Mirrors images and boxes by chance, and puts halves of two images together."""

    variables = ()

    def __init__(self, *, halves, targets=True):
        self.halves, self.targets = halves, targets

    def check(self, input_shape, dtype):
        """Nothing: an assertion of pytest could reach anything, and so would this."""

    def __call__(self, X, y, weight, tools):
        mirrored = tools.uniform((tools.n_rows,)) < 0.5
        left, top, right, bottom, kind = ops.unstack(y, axis=2)
        other = ops.stack([SIDE - right, top, SIDE - left, bottom, kind], axis=2)
        X = ops.where(mirrored[:, None, None, None], ops.flip(X, axis=2), X)
        moved = ops.where(mirrored[:, None, None], other, y)
        if self.halves:
            X, moved = self.joined(X, moved)
        return X, [(moved if self.targets else y, weight)]

    @staticmethod
    def joined(X, boxes):
        """Left halves, and beside them those of the images before."""
        half = SIDE // 2
        X = X[:, :, :half]
        X = ops.concatenate([X, ops.roll(X, 1, axis=0)], axis=2)
        kept = ops.where((boxes[:, :, 2] <= half)[..., None], boxes, np.nan)
        shift = np.array([half, 0, half, 0, 0], "float32")
        beside = ops.roll(kept, 1, axis=0) + shift
        return X, ops.concatenate([kept, beside], axis=1)  # twice as many, some NaN


@dataclass(frozen=True)
class Augment:
    halves: bool
    targets: bool = True

    def build(self):
        return Moved(halves=self.halves, targets=self.targets)


@dataclass(frozen=True)
class Painted(Objective):
    """How much images and what their boxes say differ; no network is needed."""

    logged: ClassVar[dict] = {"network": ("boxes", "left")}
    judged: ClassVar[tuple] = ("loss", "boxes")

    def value(self, player, networks, batch, tools):
        ((boxes, weight),) = batch.targets
        by_network = 0.0 * ops.sum(networks[player](batch.X, training=True), axis=1)
        left = ops.mean(batch.X[:, :, : SIDE // 2], axis=(1, 2, 3)) / 255
        log = {"boxes": self.count(boxes), "left": left}
        return Value(weight * self.difference(batch.X, boxes) + by_network, log)

    def judge(self, networks, batch, tools):
        ((boxes, weight),) = batch.targets
        loss = weight * self.difference(batch.X, boxes)
        return Judgement({"loss": loss, "boxes": self.count(boxes)})

    @staticmethod
    def difference(X, boxes):
        return ops.mean(ops.abs(X / 255 - painted(boxes)), axis=(1, 2, 3))

    @staticmethod
    def count(boxes):
        there = ops.logical_not(ops.isnan(boxes[:, :, 4]))
        return ops.sum(ops.cast(there, "float32"), axis=1)


def mean_of(input_shape, n_outputs, *, dtype):
    inputs = keras.Input(input_shape, dtype=dtype)
    x = layers.GlobalAveragePooling2D(dtype=dtype)(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs, dtype=dtype)(x))


SPEC = other(mean_of, SIDE, SIDE, 1, n_outputs=1, dtype="float32")
IMAGES, BOXES = drawn()


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    files = [str(folder / f"{k}.png") for k in range(N)]
    for path, image in zip(files, IMAGES, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    return np.array(files, object)


def rows_of(X, boxes=BOXES):
    """Arrays, or a stream from files."""
    shape, weight = (SIDE, SIDE, 1), np.ones(N)
    options = {"scaling": None, "color_mode": "grayscale", "dtype": "float32"}
    inputs = ImageInputs.fit(X, weight, shape, **options)
    boxes = boxes.astype("float32")
    dtypes = {"dtype": "float32", "x_dtype": inputs.dtype_of(X)}
    return array_or_stream(X, inputs, boxes, weight, **dtypes)


def trained(data, augment=None, **options):
    player = Player(SPEC, resolve_optimizer("sgd")[0])
    key = ProgramKey(
        (player,), Painted(), (None, 5), "float32", x_dtype="uint8", augment=augment
    )
    return fit(key, data, epochs=4, batch_size=7, **options).history


def test_images_are_what_their_boxes_say():
    """And the measure sees a box that is off by one pixel."""
    assert_array_equal(trained(rows_of(IMAGES))["loss"], 0)
    off = BOXES + np.array([1, 0, 1, 0, 0])
    assert min(trained(rows_of(IMAGES, off))["loss"]) > 0.05


@pytest.mark.parametrize("halves", [False, True])
def test_boxes_move_with_their_images_in_arrays_and_in_a_stream_from_files(
    halves, paths, monkeypatch
):
    monkeypatch.setattr(_data, "BLOCK_BYTES", 10 * IMAGES[0].nbytes)  # several blocks
    augment = Augment(halves)
    of_arrays = trained(rows_of(IMAGES), augment, validation=rows_of(IMAGES))
    of_files = trained(rows_of(paths), augment, validation=rows_of(paths))
    assert of_files == of_arrays
    assert_array_equal(of_arrays["loss"], 0)
    n_boxes = (~np.isnan(BOXES[:, :, 4])).sum(axis=1).mean()
    assert_allclose(of_arrays["val_boxes"], n_boxes, rtol=1e-6)
    assert_array_equal(of_arrays["val_loss"], 0)
    assert len(set(of_arrays["left"])) == 4  # other images are mirrored in each epoch
    if not halves:
        assert_allclose(of_arrays["boxes"], n_boxes, rtol=1e-6)


def test_images_that_move_without_their_boxes_are_noticed():
    history = trained(rows_of(IMAGES), Augment(halves=False, targets=False))
    assert min(history["loss"]) > 0.05


def test_images_with_more_boxes_need_no_other_program(monkeypatch):
    augment = Augment(halves=True)
    trained(rows_of(IMAGES), augment)
    monkeypatch.setattr(_program, "Trainer", None)  # none is made
    more = np.concatenate([BOXES, BOXES[:, :1]], axis=1)
    assert_array_equal(trained(rows_of(IMAGES, more), augment)["loss"], 0)
