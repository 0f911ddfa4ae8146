"""From a user's images to what a network for images takes."""

from skdl._images._check import check_images
from skdl._images._decode import COLOR_MODES, decode_image
from skdl._images._inputs import ImageInputs
from skdl._images._open import HEIC_REMEDY, why_no_image
from skdl._images._paths import check_paths, looks_like_paths
from skdl._images._read import read_images
from skdl._images._size import check_size

__all__ = [
    "COLOR_MODES",
    "HEIC_REMEDY",
    "ImageInputs",
    "check_images",
    "check_paths",
    "check_size",
    "decode_image",
    "looks_like_paths",
    "read_images",
    "why_no_image",
]
