"""A folder of images with one sub-folder for each class."""

import os

import numpy as np
from sklearn.utils import Bunch

from skdl._images import HEIC_REMEDY, why_no_image
from skdl._remarks import warn_user
from skdl._validation import validate_params
from skdl.exceptions import FilesLeftOutWarning, ImageReadError

# files and folders that systems make on their own, beside those that begin with a dot
HIDDEN = {"thumbs.db", "desktop.ini", "__macosx"}
MAX_NAMED = 10  # files that a message lists
LAYOUT = "Give a folder with one sub-folder of images for each class."


@validate_params(
    {
        "path": [str, os.PathLike],
        "categories": ["array-like", str, None],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_image_folder(path, *, categories=None, return_X_y=False):
    """List the images of a folder, with the names of its sub-folders as classes.

    The files are listed, not read: give the paths to a classifier for images, or to
    `ImageLoader`. Like :func:`sklearn.datasets.load_files`, but files that are no
    images are left out with a warning, folders within those of the classes belong to
    their class, and the order is that of the paths, the same on every machine.

    Parameters
    ----------
    path : str or os.PathLike
        The folder. Files that lie in it directly have no class and are left out.
    categories : list of str, default=None
        Names of the classes: the sub-folders to load, and what their codes in
        ``target`` are places of. A class without a sub-folder keeps its place, so that
        with ``categories=train.target_names`` a folder of test images has the codes of
        the training images, whichever classes it lacks. None takes all sub-folders
        that there are.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a `~sklearn.utils.Bunch`.

    Returns
    -------
    data : `~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_images,)
            Paths of the images as text: ``path``, then sub-folder, then file.
        labels : ndarray of shape (n_images,)
            The class of each image by its name, which is the same in every folder: what
            to give to ``fit`` and ``score``.
        target : ndarray of shape (n_images,)
            The class of each image by its code, a place in ``target_names``. Another
            folder has the same codes only with the same `categories`.
        target_names : ndarray of shape (n_classes,)
            Names of the classes, sorted.
        filenames : ndarray of shape (n_images,)
            The same as ``data``, the name that `load_files` uses.
        DESCR : str
            How many images each class has.

    (data, target) : tuple of ndarray
        If ``return_X_y=True``.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder.
    ValueError
        If it has no sub-folders, or these have no images, or `categories` names none of
        them.
    ImportError
        If Pillow is missing.

    Warns
    -----
    FilesLeftOutWarning
        Once, with the names of files that are no images and of classes without images
        or without a sub-folder. Hidden files are not mentioned.

    Notes
    -----
    An image is what Pillow recognises by its first bytes, whatever the extension.
    Images whose pixels are broken are therefore listed, and found when they are read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skdl.preprocessing import load_image_folder
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("cats/tom.png", "dogs/pluto.jpg", "dogs/rex.png"):
    ...         file = Path(folder, name)
    ...         file.parent.mkdir(exist_ok=True)
    ...         Image.new("RGB", (32, 32)).save(file)
    ...     images = load_image_folder(folder)
    >>> [Path(path).name for path in images.data]
    ['tom.png', 'pluto.jpg', 'rex.png']
    >>> images.target
    array([0, 1, 1])
    >>> images.labels
    array(['cats', 'dogs', 'dogs'], dtype='<U4')
    """
    path = os.fspath(path)
    found, loose = _contents(path)
    if isinstance(categories, str):
        raise ValueError(
            f"categories={categories!r} is a single name, but several are expected. "
            f"Give a list: {[categories]!r}."
        )
    classes = found
    if categories is not None:
        classes = _chosen(found, list(categories), path)
    data, target, errors = [], [], {}
    for place, name in enumerate(classes):
        if name not in found:
            continue
        for file in _files_of(os.path.join(path, name), {os.path.realpath(path)}):
            error = _why_no_image(file)
            if error is None:
                data.append(file)
            else:
                errors[file] = error
        target += [place] * (len(data) - len(target))
    others = list(errors)
    if not data:
        beside = f", only {_some(others, path)}" if others else ""
        raise ValueError(
            f"There are no images in the sub-folders of {path!r}{beside}. "
            f"{_heif(errors) or LAYOUT}"
        )
    data, target = np.array(data, dtype=object), np.array(target)
    counts = np.bincount(target, minlength=len(classes)).tolist()
    _warn(
        path,
        {
            "these files are no images that Pillow reads, and are left out": others,
            "these images lie in no sub-folder, and are left out": loose,
            "these sub-folders have no images (choose others by categories=, or remove "
            "them)": [
                os.path.join(path, name)
                for name, count in zip(classes, counts, strict=True)
                if not count and name in found
            ],
            "there are no sub-folders of these names": [
                os.path.join(path, name) for name in classes if name not in found
            ],
        },
        _heif(errors),
    )
    if return_X_y:
        return data, target
    names = np.array(classes)
    return Bunch(
        data=data,
        labels=names[target],
        target=target,
        target_names=names,
        filenames=data,
        DESCR=f"Images in {path!r}: {dict(zip(classes, counts, strict=True))}",
    )


def _contents(path):
    """Names of the sub-folders of a folder, and paths of images beside them."""
    if not os.path.isdir(path):
        if os.path.exists(path):
            raise NotADirectoryError(f"{path!r} is a file. {LAYOUT}")
        remedy = "Expand the ~ by os.path.expanduser." if path[:1] == "~" else LAYOUT
        raise FileNotFoundError(f"There is no folder {path!r}. {remedy}")
    inside = {name: os.path.join(path, name) for name in _names(path)}
    classes = [name for name, inner in inside.items() if os.path.isdir(inner)]
    images = [inner for inner in inside.values() if _why_no_image(inner) is None]
    if classes:
        return classes, images
    beside = f", but images: {_some(images, path)}" if images else ""
    raise ValueError(
        f"{path!r} has no sub-folders{beside}. {LAYOUT} Without classes, list the "
        "files by sorted(pathlib.Path(path).iterdir())."
    )


def _names(folder):
    """What a folder holds that is not hidden, in the order of code points."""
    return sorted(
        name
        for name in os.listdir(folder)
        if not name.startswith(".") and name.lower() not in HIDDEN
    )


def _chosen(found, categories, path):
    """The names in `categories`, sorted as sub-folders are."""
    if not set(categories) & set(found):
        raise ValueError(
            f"categories={categories} must name one or more sub-folders of {path!r}, "
            f"which has {found}."
        )
    if not all(isinstance(name, str) for name in categories):
        raise ValueError(
            f"categories={categories} must be names of sub-folders, as text; {path!r} "
            f"has {found}."
        )
    return sorted({str(name) for name in categories})  # of numpy.str_ too


def _files_of(folder, seen):
    """Paths of the files in a folder and in those below it, each visited once.

    Parameters
    ----------
    folder : str
        Where to begin.
    seen : set of str
        Real paths of folders not to visit; gets those visited.

    Yields
    ------
    str
        Sorted, folders among the files.
    """
    real = os.path.realpath(folder)
    if real in seen:  # a link back
        return
    seen.add(real)
    for name in _names(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            yield from _files_of(path, seen)
        else:
            yield path


def _why_no_image(path):
    """An error if a path is not that of an image."""
    if not os.path.isfile(path):  # to open a pipe waits for ever
        return ImageReadError(path, "it is no file")
    return why_no_image(path)


def _heif(errors):
    """What to do about the first HEIC image among files left out; or nothing."""
    for file, error in errors.items():
        if error.remedy == HEIC_REMEDY:
            name = os.path.basename(file)
            return f"{error.reason}, such as {name!r}. {HEIC_REMEDY}"
    return ""


def _warn(path, findings, remedy):
    """Warn once of all that a user may miss."""
    told = [
        f"{what}: {_some(paths, path)}" for what, paths in findings.items() if paths
    ]
    if told:
        text = f"In {path!r}, {'; '.join(told)}. {remedy}".rstrip()
        warn_user(FilesLeftOutWarning(text))


def _some(paths, folder):
    """The first paths, seen from a folder, and how many there are beside."""
    names = ", ".join(repr(os.path.relpath(p, folder)) for p in paths[:MAX_NAMED])
    more = len(paths) - MAX_NAMED
    return names if more <= 0 else f"{names} and {more} more"
