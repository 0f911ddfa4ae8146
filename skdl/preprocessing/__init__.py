"""From files, series and text to arrays: scikit-learn transformers, plain functions."""

from skdl.preprocessing._image_folder import load_image_folder
from skdl.preprocessing._image_loader import ImageLoader
from skdl.preprocessing._per_feature import PerFeature
from skdl.preprocessing._text_sequences import TextSequences
from skdl.preprocessing._to_sequences import to_sequences

__all__ = [
    "ImageLoader",
    "PerFeature",
    "TextSequences",
    "load_image_folder",
    "to_sequences",
]
