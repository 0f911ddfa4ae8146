"""Image files, opened and identified by their content."""

import os
import struct
from contextlib import contextmanager

from skdl._images._pillow import pillow
from skdl.exceptions import ImageReadError

# what a plugin of Pillow raises for a file of another format
OTHER_FORMAT = (SyntaxError, IndexError, TypeError, struct.error)
HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}
HEIC_REMEDY = "Install pillow-heif and call pillow_heif.register_heif_opener() first."


@contextmanager
def open_image(path):
    """Open an image file, whatever its extension; pixels are not decoded yet.

    Parameters
    ----------
    path : str
        The file; ``~`` is not expanded.

    Yields
    ------
    PIL.ImageFile.ImageFile
        To be loaded within the block: its file is closed at the end.

    Raises
    ------
    ImageReadError
        If there is no file, or it may not be read, or is no image, or has more pixels
        than Pillow allows.
    """
    with _open_file(path) as file:
        image = _identify(file, path)
        limit = pillow().MAX_IMAGE_PIXELS
        if limit is not None and image.width * image.height > limit:
            raise ImageReadError(
                path,
                f"it has {image.width} x {image.height} pixels, more than the "
                f"{limit:.0f} that Pillow allows",
                "Shrink it, or raise PIL.Image.MAX_IMAGE_PIXELS if you trust the file.",
            )
        yield image


def load_pixels(image, path):
    """Decode the pixels of an opened image, in place.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        As `open_image` yields it.
    path : str
        Its file, for the message.

    Raises
    ------
    ImageReadError
        If the file is broken.
    """
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # plugins raise whatever a wrong byte leads to
        raise _broken(path, image.format, error) from error


def why_no_image(path):
    """Why the header of a file is not that of an image; pixels are not looked at.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    ImageReadError or None
        None for an image. An error also for a file that may not be read, and for
        formats which Pillow knows but leaves to other programs, such as HDF5 and MPEG.
    """
    try:
        with _open_file(path) as file:
            image = _identify(file, path)
    except ImageReadError as error:
        return ImageReadError(*error.args)  # without the frames that this one keeps
    from PIL.ImageFile import StubImageFile

    if image.format == "MPEG" or isinstance(image, StubImageFile):
        return ImageReadError(path, f"Pillow does not read {image.format} files")
    return None


def _open_file(path):
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise _unreadable(path, error) from error


def _identify(file, path):
    """The image that the first fitting plugin of Pillow makes of a file.

    ``PIL.Image.open`` does this too, but only warns of large images and of missing
    codecs; such warnings cannot be caught safely in threads, and errors should tell.
    """
    try:
        prefix = file.read(16)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not prefix:
        raise ImageReadError(path, "the file is empty")
    notes = []
    for name, (make, accept) in _plugins():
        accepted = False
        try:
            accepted = not accept or accept(prefix)
            if isinstance(accepted, str):  # says that a codec is missing
                notes.append(accepted)
            elif accepted:
                file.seek(0)
                return make(file, "")
        except OTHER_FORMAT as error:
            if accept and accepted:
                notes.append(f"{name}: {error}")
        except MemoryError:
            raise
        except Exception as error:
            raise _broken(path, name, error) from error
    raise _unknown(path, prefix, notes)


def _plugins():
    """Names and functions of Pillow's plugins, the usual ones first."""
    Image = pillow()
    Image.preinit()
    usual = tuple(Image.OPEN.items())
    yield from usual
    Image.init()  # imports the others
    yield from tuple(Image.OPEN.items())[len(usual) :]


def _unreadable(path, error):
    remedy = "Check the path; a relative one starts in the working directory."
    if isinstance(error, FileNotFoundError):
        reason = "there is no such file"
        if path.startswith("~"):
            remedy = "Expand the ~ by os.path.expanduser."
    elif os.path.isdir(path):  # each system has an error of its own for that
        reason = "it is a folder"
        remedy = "Give files; skdl.preprocessing.load_image_folder lists a folder's."
    else:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, PermissionError):
            remedy = "Make the file readable, or leave it out."
    return ImageReadError(path, reason, remedy)


def _broken(path, name, error):
    reason = f"Pillow cannot decode its {name} data: {error or type(error).__name__}"
    return ImageReadError(path, reason)


def _unknown(path, prefix, notes):
    if prefix[4:8] == b"ftyp" and prefix[8:12] in HEIC and not notes:
        return ImageReadError(path, "Pillow does not read HEIC images", HEIC_REMEDY)
    reason = "it is no image in a format that Pillow reads"
    if notes:
        reason += f" ({'; '.join(notes)})"
    return ImageReadError(path, reason)
