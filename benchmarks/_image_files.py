"""Folders of small JPEGs, made on the spot."""

from pathlib import Path

import numpy as np

SIZE = 64  # pixels, height and width
CLASSES = 10
QUALITY = 85


def make_folder(folder, n_images):
    """Fill a folder with ten sub-folders of JPEGs.

    Each image is a slope from one colour to another, with noise and a disc or a
    rectangle in it, whose kind and size depend on the class.

    Parameters
    ----------
    folder : Path
    n_images : int

    Returns
    -------
    float
        Mean size of a file in bytes.
    """
    from PIL import Image

    rng = np.random.default_rng(n_images)
    for label in range(CLASSES):
        (folder / f"class_{label}").mkdir(parents=True)
    n_bytes = 0
    for number in range(n_images):
        label = number % CLASSES
        path = folder / f"class_{label}" / f"{number:05d}.jpg"
        Image.fromarray(_picture(label, rng)).save(path, quality=QUALITY)
        n_bytes += path.stat().st_size
    return n_bytes / n_images


def read_folder(folder):
    """Read such a folder by Pillow.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    X : ndarray of shape (n_images, 64, 64, 3)
        uint8.
    y : ndarray of shape (n_images,)
    """
    from PIL import Image

    paths = sorted(Path(folder).glob("*/*.jpg"))
    X = np.empty((len(paths), SIZE, SIZE, 3), np.uint8)
    for image, path in zip(X, paths, strict=True):
        with Image.open(path) as file:
            image[:] = np.asarray(file)
    return X, np.array([int(path.parent.name.removeprefix("class_")) for path in paths])


def _picture(label, rng):
    """Pixels of shape (64, 64, 3)."""
    y, x = np.mgrid[:SIZE, :SIZE]
    near, far, colour = rng.uniform(30, 225, (3, 3))
    share = (x + y)[..., None] / (2 * SIZE)
    picture = (1 - share) * near + share * far
    radius = 6 + 4 * (label // 2)
    centre = rng.uniform(radius, SIZE - radius, 2)
    dy, dx = np.abs(y - centre[0]), np.abs(x - centre[1])
    inside = dy**2 + dx**2 < radius**2 if label % 2 else np.maximum(dy, dx) < radius
    picture[inside] = colour
    return np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
