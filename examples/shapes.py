"""Images in folders: train from paths, look at the mistakes, see where it looked.

Draws circles, squares and triangles in any colour on a noisy ground, writes them as
PNG files in a temporary folder, one sub-folder for each shape, and learns to tell them
apart from the paths alone. Run ``python examples/shapes.py``; with ``--plots DIR``
pictures are written there (needs matplotlib).
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl import CNNClassifier
from skdl.display import GradCAMDisplay, HistoryDisplay, MisclassifiedDisplay
from skdl.preprocessing import ImageLoader, load_image_folder

SHAPES = {"circle": None, "square": 4, "triangle": 3}  # corners
SIDE = 32


def draw(corners, rng):
    """One shape of any size, place, turn and colour."""
    image = Image.fromarray(rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8))
    radius = rng.uniform(5, 9)
    x, y = rng.uniform(radius, SIDE - radius, size=2)
    colour = tuple(rng.integers(100, 256, size=3).tolist())
    pen = ImageDraw.Draw(image)
    if corners is None:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        pen.regular_polygon((x, y, radius), corners, rng.uniform(0, 360), fill=colour)
    return image


def write_folder(path, n_images, seed=0):
    """Write `n_images` of each shape into a sub-folder of its name."""
    rng = np.random.default_rng(seed)
    for name, corners in SHAPES.items():
        (path / name).mkdir()
        for k in range(n_images):
            draw(corners, rng).save(path / name / f"{k:04d}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400, help="of each shape")
    parser.add_argument("--plots", type=Path, help="folder for pictures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(Path(folder), options.images, options.plots)


def tell(folder, n_images, plots):
    write_folder(folder, n_images)
    files = load_image_folder(folder)
    print(f"{len(files.data)} files of {', '.join(files.target_names)}")
    train, test, y_train, y_test = train_test_split(
        files.data,
        files.labels,
        test_size=0.25,
        stratify=files.labels,
        random_state=0,
    )

    forest = make_pipeline(
        ImageLoader(size=SIDE),
        FunctionTransformer(lambda X: X.reshape(len(X), -1)),
        RandomForestClassifier(random_state=0),
    )
    for title, model in {
        "random forest on pixels": forest,
        "CNNClassifier": CNNClassifier(image_size=SIDE, random_state=0),
        'CNNClassifier, augment=("flip", "rotate", "crop")': CNNClassifier(
            image_size=SIDE, augment=("flip", "rotate", "crop"), random_state=0
        ),
    }.items():
        began = time.perf_counter()
        accuracy = model.fit(train, y_train).score(test, y_test)
        print(f"{title:50s} {accuracy:.3f} {time.perf_counter() - began:5.1f} s")

    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        for name, display in {
            "history": HistoryDisplay.from_estimator(model),
            "mistakes": MisclassifiedDisplay.from_estimator(model, test, y_test),
            "grad_cam": GradCAMDisplay.from_estimator(model, test[:8], y_test[:8]),
        }.items():
            display.figure_.savefig(plots / f"{name}.png", dpi=120)
        print(f"pictures are in {plots}")


if __name__ == "__main__":
    main()
