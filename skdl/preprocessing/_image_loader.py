"""Image files to arrays, as a step of a pipeline."""

from typing import ClassVar

from sklearn.base import BaseEstimator, TransformerMixin

from skdl._images import COLOR_MODES, check_paths, check_size, read_images
from skdl._validation import StrOptions


class ImageLoader(TransformerMixin, BaseEstimator):
    """Read image files as arrays of one size.

    The step of a pipeline which turns paths into images, for any estimator or
    transformer that takes arrays. It learns nothing, so it transforms without ``fit``.

    Files may be of any format that Pillow reads, whatever their extension. Images are
    turned upright as their EXIF says. What is transparent is laid on white, animations
    give their first frame, colour profiles are not applied. Files with more than eight
    bits for a channel, as microscopes and depth cameras write them, give their numbers
    as they are, whatever the largest of them is.

    Parameters
    ----------
    size : int or tuple of int, default=(128, 128)
        Height and width of the arrays, in this order; one number for both.
    color_mode : {"rgb", "grayscale", "rgba"}, default="rgb"
        Three channels, one, or four with transparency as the last.
    crop_or_pad : {"crop", "pad"} or None, default=None
        What is done with images of another aspect ratio. None stretches them; "crop"
        cuts off what is too long, both ends alike; "pad" fills up with black
        (transparent for "rgba").

    See Also
    --------
    load_image_folder : List the images of a folder, with classes.

    Notes
    -----
    Images have four dimensions, for which there is no data frame. As with
    `sklearn.feature_extraction.image.PatchExtractor`, there is no ``set_output``, and
    arrays are returned whatever the global configuration.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skdl.preprocessing import ImageLoader
    >>> with TemporaryDirectory() as folder:
    ...     paths = [Path(folder, "red.png"), Path(folder, "blue.png")]
    ...     Image.new("RGB", (40, 30), "red").save(paths[0])
    ...     Image.new("RGB", (64, 64), "blue").save(paths[1])
    ...     images = ImageLoader(size=(24, 32)).transform(paths)
    >>> images.shape, images.dtype
    ((2, 24, 32, 3), dtype('uint8'))
    >>> images[:, 12, 16]
    array([[255,   0,   0],
           [  0,   0, 255]], dtype=uint8)
    """

    _parameter_constraints: ClassVar[dict] = {
        "size": "no_validation",
        "color_mode": [StrOptions(set(COLOR_MODES))],
        "crop_or_pad": [StrOptions({"crop", "pad"}), None],
    }

    def __init__(self, size=(128, 128), *, color_mode="rgb", crop_or_pad=None):
        self.size = size
        self.color_mode = color_mode
        self.crop_or_pad = crop_or_pad

    def fit(self, X, y=None):
        """Check parameters and paths; no file is read.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, 1)
            Paths, as text or `pathlib.Path`; also a series, or a frame of one column.
        y : None
            Ignored.

        Returns
        -------
        self
            The same loader.

        Raises
        ------
        ValueError, TypeError
            If a parameter is wrong, or X is no column of paths.
        """
        self._checked(X)
        return self

    def transform(self, X):
        """Read the images.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, 1)
            Paths, see `fit`. A relative one starts in the working directory; ``~`` is
            not expanded.

        Returns
        -------
        ndarray of shape (n_samples, height, width, n_channels)
            Of uint8, from 0 to 255; of float32 where files have 16 bits or floats, of
            float64 where they have integers of 32 bits.

        Raises
        ------
        ImageReadError
            Of the first file that is no image, or is broken, or missing, or has not
            as many bits as the first one of all.
        ValueError, TypeError
            If a parameter is wrong, or X is no column of paths.
        ImportError
            If Pillow is missing.
        """
        return read_images(*self._checked(X), self.color_mode, self.crop_or_pad)

    def _checked(self, X):
        """Paths, and the size of the images."""
        self._validate_params()
        return check_paths(X), check_size(self.size)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
