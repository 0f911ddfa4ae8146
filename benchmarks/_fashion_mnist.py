"""Fashion-MNIST: where its files are, and what is in them."""

import gzip
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of dataset-fashion-mnist
PARTS = {"train": "train", "test": "t10k"}  # how file names begin
N_CLASSES = 10
N_TRAIN = 50_000  # of the 60,000 training images, where the others are to judge by
QUICK = 2_000  # images that are trained on to see whether everything runs


def find_files(folder=None):
    """Return the folder of the four files, fetching them if need be.

    Parameters
    ----------
    folder : Path, default=None
        None looks at where Debian puts them, then lets Keras fetch them.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        If they are not there, and cannot be fetched.
    """
    if folder is not None:
        return _checked(folder)
    return DEBIAN if DEBIAN.is_dir() else _fetched()


def read_split(folder, *, validation=False, quick=False):
    """Read what is trained on and what is judged by.

    Parameters
    ----------
    folder : Path
    validation : bool, default=False
        Whether to keep the last 10,000 training images to judge by, and not to read the
        test images.
    quick : bool, default=False
        Whether 2000 images and 1000 are enough.

    Returns
    -------
    X, y, X_eval, y_eval : ndarray
        Images of shape (n_images, 28, 28, 1), uint8, and classes.
    """
    X, y = _read(folder, "train")
    if validation:
        X, X_eval = X[:N_TRAIN], X[N_TRAIN:]
        y, y_eval = y[:N_TRAIN], y[N_TRAIN:]
    else:
        X_eval, y_eval = _read(folder, "test")
    if quick:
        X, y, X_eval, y_eval = X[:QUICK], y[:QUICK], X_eval[:1000], y_eval[:1000]
    return X, y, X_eval, y_eval


def _names(part):
    return f"{PARTS[part]}-images-idx3-ubyte.gz", f"{PARTS[part]}-labels-idx1-ubyte.gz"


def _read(folder, part):
    images, labels = (_read_idx(Path(folder) / name) for name in _names(part))
    return images[..., None], labels


def _read_idx(path):
    """An array of bytes: two zeros, the type, the number of axes, sizes, values."""
    with gzip.open(path) as file:
        content = file.read()
    if content[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} is not an idx file of bytes")
    n_axes = content[3]
    shape = np.frombuffer(content, ">i4", n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def _checked(folder):
    names = [name for part in PARTS for name in _names(part)]
    if missing := [name for name in names if not (Path(folder) / name).is_file()]:
        raise FileNotFoundError(
            f"{folder} has no {missing[0]}. Give the folder of the four .gz files of "
            "Fashion-MNIST."
        )
    return Path(folder)


def _fetched():
    """Have Keras fetch the files into its own folder, unless they are there."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    try:
        with redirect_stdout(sys.stderr):  # its progress is no table
            keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises no other
        raise FileNotFoundError(
            f"Fashion-MNIST is not in {DEBIAN} and cannot be fetched ({error}). "
            "Install Debian's package dataset-fashion-mnist, or give the folder of its "
            "four .gz files by --folder."
        ) from error
    home = os.environ.get("KERAS_HOME", Path.home() / ".keras")
    return _checked(Path(home) / "datasets" / "fashion-mnist")
