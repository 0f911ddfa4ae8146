"""Pictures which are made: one shape on noise, of any place, size, turn and colour."""

import numpy as np

RADII = 0.16, 0.3  # of the side
MIDDLE = 0.42  # of the side: where the middle of an upright shape is at least
TILT = 0.2  # radians by which an upright shape is turned at most
DARK, BRIGHT = 115, 100  # the noise is below the one, shapes are from the other on


def shape_images(n_images, side, n_classes, *, seed, channels=3, upright=False):
    """Make pictures of one shape each.

    The first classes are circles, squares, triangles, crosses and stars; then come the
    same five hollow, striped and dotted.

    Parameters
    ----------
    n_images, side, n_classes, seed : int
        Height and width are the side; up to twenty classes, each as often as the
        others.
    channels : int, default=3
        Each has a level of its own.
    upright : bool, default=False
        Whether shapes stand upright and near the middle.

    Returns
    -------
    X : ndarray of shape (n_images, side, side, channels)
        uint8.
    y : ndarray of shape (n_images,)
    places : ndarray of shape (n_images, 2)
        Row and column of the middle, as shares of the side.
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_images) % n_classes)
    radii = side * rng.uniform(*RADII, n_images)
    least = np.where(upright, MIDDLE * side, radii)
    places = rng.uniform(least, side - least, (2, n_images)).T
    turns = rng.uniform(-1, 1, n_images) * (TILT if upright else np.pi)
    X = rng.integers(DARK, size=(n_images, side, side, channels), dtype=np.uint8)
    colours = rng.integers(BRIGHT, 256, size=(n_images, channels), dtype=np.uint8)
    pixels = np.indices((side, side)) + 0.5
    for i, image in enumerate(X):
        v, u = (pixels - places[i][:, None, None]) / radii[i]
        cosine, sine = np.cos(turns[i]), np.sin(turns[i])
        inside = _inside(y[i], cosine * u - sine * v, sine * u + cosine * v)
        image[inside] = colours[i]
    return X, y, places / side


def _inside(kind, u, v):
    """Which points belong to a shape of radius 1."""
    fill, outline = divmod(kind, len(OUTLINES))
    reach = OUTLINES[outline](u, v)
    return (reach <= 1) & FILLS[fill](reach, u, v)


def _square(u, v):
    return 1.3 * np.maximum(abs(u), abs(v))


def _triangle(u, v):
    sides = np.pi * np.array([1, 3, 5]) / 3
    return 2 * np.max([np.cos(a) * u + np.sin(a) * v for a in sides], axis=0)


def _cross(u, v):
    u, v = abs(u), abs(v)
    return np.minimum(np.maximum(u, 3 * v), np.maximum(3 * u, v))


def _star(u, v):
    return np.hypot(u, v) / (0.4 + 0.6 * abs(np.cos(2.5 * np.arctan2(v, u))))


# how far out a point is; 1 is the edge
OUTLINES = (np.hypot, _square, _triangle, _cross, _star)
FILLS = (
    lambda reach, u, v: True,
    lambda reach, u, v: reach > 0.6,
    lambda reach, u, v: np.sin(7 * u) > 0,
    lambda reach, u, v: np.sin(7 * u) * np.sin(7 * v) > 0,
)
