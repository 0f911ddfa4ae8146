"""The loader is a scikit-learn transformer from paths to the pixels of the files."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.image import PatchExtractor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from skdl.exceptions import ImageReadError
from skdl.preprocessing import ImageLoader

BILINEAR = Image.Resampling.BILINEAR


@pytest.mark.filterwarnings("ignore:Can't test estimator ImageLoader which requires")
def test_scikit_learn_checks():
    check_estimator(ImageLoader())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of 24 files with dark or bright noise, pixels of 6 x 8, and which it is."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    bright = np.arange(24) % 2
    images = rng.integers(0, 128, (24, 6, 8, 3), dtype=np.uint8)
    images += (127 * bright[:, None, None, None]).astype(np.uint8)
    paths = [str(folder / f"{i}.png") for i in range(24)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths, images, bright


def flat(images):
    return images.reshape(len(images), -1) / 255


def test_paths_become_pixels(files):
    paths, images, _ = files
    loader = ImageLoader(size=(6, 8))
    for X in (paths, np.array(paths), pd.Series(paths), pd.DataFrame({"path": paths})):
        result = loader.fit_transform(X)
        assert result.dtype == np.uint8
        assert_array_equal(result, images)


def test_defaults(files):
    assert ImageLoader().transform(files[0][:1]).shape == (1, 128, 128, 3)


def test_one_number_is_height_and_width(files):
    for size in (6, np.int64(6), [6, 6], np.array([6, 6])):
        assert ImageLoader(size).transform(files[0]).shape == (24, 6, 6, 3)


def test_parameters_reach_the_files(files):
    paths, images, _ = files
    padded = ImageLoader((10, 8), color_mode="rgba", crop_or_pad="pad").transform(paths)
    assert_array_equal(padded[:, 2:8, :, :3], images)
    assert not padded[:, :2].any()
    cropped = ImageLoader(6, crop_or_pad="crop").transform(paths)
    assert_array_equal(cropped, images[:, :, 1:7])
    grey = ImageLoader((6, 8), color_mode="grayscale").transform(paths)
    assert_array_equal(grey[0, ..., 0], Image.fromarray(images[0]).convert("L"))


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_files_of_16_bits_give_their_numbers(extension, tmp_path):
    numbers = np.random.default_rng(0).integers(0, 1024, (3, 6, 8), dtype=np.uint16)
    paths = [tmp_path / f"{k}.{extension}" for k in range(3)]
    for path, image in zip(paths, numbers, strict=True):
        Image.fromarray(image).save(path)
    result = ImageLoader((6, 8), color_mode="grayscale").transform(paths)
    assert result.dtype == np.float32
    assert_array_equal(result[..., 0], numbers)
    small = ImageLoader(2, color_mode="grayscale", crop_or_pad="crop").transform(paths)
    for image, got in zip(numbers, small, strict=True):
        image = Image.fromarray(image.astype(np.float32))
        expected = image.resize((2, 2), BILINEAR, box=(1, 0, 7, 6))
        assert_array_equal(got[..., 0], expected)


def test_files_of_8_and_of_16_bits_have_no_common_scale(files, tmp_path):
    Image.fromarray(np.ones((6, 8), np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(
        ImageReadError, match=r"a\.png.*more than 8 bits.*, but '.*0\.png"
    ):
        ImageLoader(6).transform([*files[0][:1], tmp_path / "a.png"])


def test_nothing_is_learnt(files):
    paths, images, _ = files
    loader = ImageLoader((6, 8))
    assert_array_equal(loader.transform(paths), images)  # without fit
    check_is_fitted(loader)
    before = dict(vars(loader))
    assert loader.fit(paths) is loader
    assert vars(loader) == before == loader.get_params()


def test_fit_reads_no_file():
    ImageLoader().fit(["missing.png"])
    with pytest.raises(ImageReadError, match=r"'missing\.png': there is no such file"):
        ImageLoader().transform(["missing.png"])


def test_clone_and_pickle(files):
    loader = ImageLoader((6, 8), color_mode="grayscale", crop_or_pad="crop")
    for copy in (clone(loader), pickle.loads(pickle.dumps(loader))):
        assert copy.get_params() == loader.get_params()
    assert repr(ImageLoader(64)) == "ImageLoader(size=64)"


def test_tags():
    tags = get_tags(ImageLoader())
    assert not tags.requires_fit
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert not tags.target_tags.required
    assert tags.transformer_tags.preserves_dtype == []


def test_pipeline_and_search(files):
    paths, _, bright = files
    pipeline = make_pipeline(
        ImageLoader(), FunctionTransformer(flat), LogisticRegression()
    )
    grid = {
        "imageloader__size": [4, (6, 8)],
        "imageloader__crop_or_pad": [None, "crop"],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(paths, bright)
    assert search.best_score_ == 1
    assert_array_equal(search.predict(paths), bright)


def test_no_data_frames_as_with_scikit_learns_patches(files):
    for transformer in (ImageLoader(6), PatchExtractor()):
        assert not hasattr(transformer, "set_output")
        assert not hasattr(transformer, "get_feature_names_out")
    with pytest.raises(ValueError, match="Unable to configure output for ImageLoader"):
        make_pipeline(ImageLoader(6)).set_output(transform="pandas")
    with config_context(transform_output="pandas"):
        assert type(ImageLoader(6).fit_transform(files[0])) is np.ndarray


@pytest.mark.parametrize(
    "size",
    [0, -3, 2.5, True, "64", None, (6,), (6, 8, 3), (6, 0), (6, 8.0), "ab", [[6]]],
)
def test_wrong_sizes_are_refused(size):
    for method in ("fit", "transform"):
        with pytest.raises(
            ValueError, match=r"^size=.* must be a positive integer, or"
        ):
            getattr(ImageLoader(size), method)(["a.png"])


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"color_mode": "bgr"}, "'color_mode' parameter of ImageLoader .* Got 'bgr'"),
        ({"crop_or_pad": True}, "'crop_or_pad' parameter of ImageLoader .* Got True"),
    ],
)
def test_wrong_parameters_are_refused(parameter, message):
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(ImageLoader(**parameter), method)(["a.png"])


def test_what_is_no_path_is_refused():
    for method in ("fit", "transform"):
        with pytest.raises(TypeError, match=r"Row 1 of X \(counted from 0\) is None"):
            getattr(ImageLoader(), method)(["a.png", None])
        with pytest.raises(ValueError, match="arrays already need not be read"):
            getattr(ImageLoader(), method)(np.ones((2, 8, 8, 3)))


def test_no_backend_is_loaded(files):
    code = (
        "import sys; from skdl.preprocessing import ImageLoader;"
        "import_alone = 'PIL' in sys.modules;"
        f"ImageLoader(6).transform([{files[0][0]!r}]);"
        "print({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules), import_alone)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "set() False", run.stderr
