"""Pillow, imported when an image file is read."""


def pillow():
    """``PIL.Image``, or how to get it.

    Returns
    -------
    module
        ``PIL.Image``.

    Raises
    ------
    ImportError
        If Pillow is missing.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Reading image files needs Pillow, which is not installed. Run pip install "
            '"skdl[images]".'
        ) from error
    return Image
