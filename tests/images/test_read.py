"""Many files are read as one by one, whatever the number of threads."""

import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import skdl._images._read as reading
from skdl._images import read_images
from skdl.exceptions import ImageReadError

N_FILES = 3 * reading.BLOCK + 5


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of files of several formats and sizes, and their pixels at 12 x 16."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    paths, expected = [], []
    for i in range(N_FILES):
        shape = (*rng.integers(8, 40, 2), 3)
        image = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
        path = folder / f"{i}.{('png', 'bmp', 'gif', 'jpg')[i % 4]}"
        image.save(path)
        with Image.open(path) as saved:
            resized = saved.convert("RGB").resize((16, 12), Image.Resampling.BILINEAR)
            expected.append(np.asarray(resized))
        paths.append(path)
    return paths, np.stack(expected)


@pytest.mark.parametrize("n_cpus", [1, 2, 5])
def test_images_stand_in_the_order_of_paths(n_cpus, files, monkeypatch):
    monkeypatch.setattr(reading, "cpu_count", lambda: n_cpus)
    paths, expected = files
    images = read_images(paths, (12, 16))
    assert images.dtype == np.uint8
    assert_array_equal(images, expected)
    order = np.random.default_rng(0).permutation(N_FILES)
    assert_array_equal(read_images(np.array(paths)[order], (12, 16)), expected[order])


def test_arguments_reach_every_file(files):
    paths, _ = files
    assert read_images(paths[:3], (5, 7), "grayscale").shape == (3, 5, 7, 1)
    padded = read_images(paths[:3], (50, 7), "rgba", "pad")
    assert padded.shape == (3, 50, 7, 4)
    assert not padded[:, 0].any()


def test_no_files_give_no_images():
    assert read_images([], (5, 7)).shape == (0, 5, 7, 3)


@pytest.mark.parametrize(("n_cpus", "block"), [(1, 16), (3, 16), (4, 14), (8, 7)])
def test_first_error_in_the_order_of_paths_is_raised(n_cpus, block, files, monkeypatch):
    paths, _ = files
    first, later = block - 1, block  # of two threads
    paths = [*paths[:first], "first.png", "later.png", *paths[later + 1 :]]
    decode = reading.decode_image

    def slow_at_first(path, *args):
        if path == "first.png":
            time.sleep(0.05)  # the later one fails meanwhile
        return decode(path, *args)

    monkeypatch.setattr(reading, "decode_image", slow_at_first)
    monkeypatch.setattr(reading, "cpu_count", lambda: n_cpus)
    with pytest.raises(ImageReadError, match=r"'first\.png'"):
        read_images(paths, (12, 16))


def test_after_an_error_the_rest_is_left(monkeypatch):
    read = []

    def fails(path, *args):
        read.append(path)
        time.sleep(0.002)
        raise ImageReadError(path, "broken")

    monkeypatch.setattr(reading, "decode_image", fails)
    monkeypatch.setattr(reading, "cpu_count", lambda: 2)
    paths = [str(i) for i in range(1000 * reading.BLOCK)]
    with pytest.raises(ImageReadError):
        read_images(paths, (1, 1), dtype="uint8")
    assert len(read) < 500  # one of each of the 1000 blocks, if none were left


def test_number_of_threads(files, monkeypatch):
    class Pool(reading.ThreadPoolExecutor):
        def __init__(self, n_threads):
            started.append(n_threads)
            super().__init__(n_threads)

    started = []
    monkeypatch.setattr(reading, "ThreadPoolExecutor", Pool)
    for n_cpus, n_files, expected in [
        (64, N_FILES, [8]),
        (3, N_FILES, [3]),
        (1, N_FILES, []),
        (64, reading.BLOCK, [8]),
        (64, 10, [5]),  # of two files each
        (64, 3, [3]),
        (2, 3, [2]),
        (64, 1, []),
        (64, 0, []),
        (64, 20 * reading.BLOCK, [8]),
    ]:
        started.clear()
        monkeypatch.setattr(reading, "cpu_count", lambda n=n_cpus: n)
        read_images((files[0] * 7)[:n_files], (2, 2))
        assert started == expected


def test_warnings_stay_as_they_are(files, monkeypatch):
    monkeypatch.setattr(reading, "cpu_count", lambda: 4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        read_images(files[0], (12, 16))
        assert warnings.filters == before
    assert caught == []


# -- bits ------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path):
    """Paths of three grey files: 8 bits, 16 bits, 8 bits."""
    dtypes = np.uint8, np.uint16, np.uint8
    paths = [str(tmp_path / f"{k}.png") for k in range(len(dtypes))]
    for path, dtype in zip(paths, dtypes, strict=True):
        Image.fromarray(np.arange(12, dtype=dtype).reshape(3, 4)).save(path)
    return paths


def test_all_images_have_the_dtype_of_the_first(mixed):
    assert read_images(mixed[::2], (3, 4)).dtype == np.uint8
    assert read_images(mixed[1:2], (3, 4)).dtype == np.float32
    for paths, wrong, right in [
        (mixed, "1.png", "0.png"),
        (mixed[1:], "2.png", "1.png"),
    ]:
        message = rf"{wrong}': it holds .*8 bits .*, but '.*{right}' .*8 bits"
        with pytest.raises(ImageReadError, match=message):
            read_images(paths, (3, 4))


def test_a_dtype_may_be_asked_for(mixed):
    for dtype, wrong in [("uint8", 1), ("float32", 0), ("float64", 0)]:
        message = "but earlier ones .*Save all images"
        with pytest.raises(ImageReadError, match=message) as caught:
            read_images(mixed, (3, 4), dtype=dtype)
        assert caught.value.path == mixed[wrong]
