"""From files to arrays, as scikit-learn transformers and plain functions."""

from skdl.preprocessing._image_folder import load_image_folder
from skdl.preprocessing._image_loader import ImageLoader

__all__ = ["ImageLoader", "load_image_folder"]
