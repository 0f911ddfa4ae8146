"""A folder's images and classes are those that a walk over it by hand finds."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.datasets import load_files
from sklearn.utils import Bunch

from skdl.exceptions import FilesLeftOutWarning
from skdl.preprocessing import load_image_folder

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights")


@pytest.fixture
def make(tmp_path, monkeypatch):
    """``make(*names)``: images, or text where a name ends so, in the folder "top"."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            path = Path("top", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".txt":
                path.write_text("some text")
            else:
                Image.new("RGB", (4, 4)).save(path, format="PNG")

    return make


def names_of(bunch):
    return [Path(path).relative_to("top").as_posix() for path in bunch.data]


@pytest.fixture
def quiet():
    with warnings.catch_warnings(action="error"):
        yield


@pytest.mark.usefixtures("quiet")
def test_sub_folders_are_classes(make):
    make("dogs/rex.png", "cats/tom.jpg", "dogs/pluto.gif", "ants/z", "cats/Kitty.png")
    bunch = load_image_folder("top")
    assert isinstance(bunch, Bunch)
    assert_array_equal(bunch.target_names, ["ants", "cats", "dogs"])
    expected = ["ants/z", "cats/Kitty.png", "cats/tom.jpg", "dogs/pluto.gif"]
    assert names_of(bunch) == [*expected, "dogs/rex.png"]
    assert_array_equal(bunch.target, [0, 1, 1, 2, 2])
    assert_array_equal(bunch.labels, ["ants", "cats", "cats", "dogs", "dogs"])
    assert bunch.target.dtype.kind == "i"
    assert all(type(path) is str and os.path.isfile(path) for path in bunch.data)
    assert_array_equal(bunch.filenames, bunch.data)
    assert bunch.DESCR == "Images in 'top': {'ants': 1, 'cats': 2, 'dogs': 2}"


def test_same_files_as_scikit_learn_lists(make):
    make(*[f"{c}/{i}.png" for c in "cab" for i in range(12)])
    theirs = load_files("top", load_content=False, shuffle=False)
    ours = load_image_folder(Path("top"))
    assert_array_equal(ours.filenames, theirs.filenames)
    assert_array_equal(ours.target, theirs.target)
    assert_array_equal(ours.target_names, theirs.target_names)
    for categories in (["c", "a"], np.array(["c", "a"])):
        ours = load_image_folder("top", categories=categories)
        theirs = load_files("top", categories=["c", "a"], load_content=False)
        assert_array_equal(ours.target_names, theirs.target_names)
        assert_array_equal(np.sort(ours.data), np.sort(theirs.filenames))


def test_a_folder_that_lacks_a_class_has_the_codes_of_the_other(make):
    make("train/ants/1.png", "train/cats/1.png", "train/dogs/1.png")
    make("test/ants/2.png", "test/dogs/2.png", "test/dogs/3.png")
    train = load_image_folder("top/train")
    missing = "In 'top.test', there are no sub-folders of these names: 'cats'"
    with pytest.warns(FilesLeftOutWarning, match=missing) as caught:
        test = load_image_folder("top/test", categories=train.target_names)
    assert len(caught) == 1
    assert_array_equal(test.target_names, train.target_names)
    assert_array_equal(test.target, [0, 2, 2])
    assert_array_equal(test.labels, ["ants", "dogs", "dogs"])
    assert test.DESCR.endswith("{'ants': 1, 'cats': 0, 'dogs': 2}")
    # names need no such care, and codes are those of the names whatever their order
    assert_array_equal(load_image_folder("top/test").labels, test.labels)
    for names in (["dogs", "cats", "ants"], ["dogs", "dogs", "cats", "ants"]):
        with pytest.warns(FilesLeftOutWarning, match=missing):
            _, codes = load_image_folder("top/test", categories=names, return_X_y=True)
        assert_array_equal(codes, [0, 2, 2])
    some = load_image_folder("top/train", categories=["cats"])
    assert_array_equal(some.labels, ["cats"])


def test_pair_of_data_and_target(make):
    make("a/1.png", "b/2.png")
    bunch = load_image_folder("top")
    X, y = load_image_folder("top", return_X_y=True)
    assert_array_equal(X, bunch.data)
    assert_array_equal(y, bunch.target)


def test_absolute_folders_give_absolute_paths(make, tmp_path):
    make("a/1.png")
    assert load_image_folder(tmp_path / "top").data == [str(tmp_path / "top/a/1.png")]


def test_order_is_that_of_the_names_and_not_of_the_system(make, monkeypatch):
    make("b/10.png", "b/9.png", "b/é.png", "a/Z.png", "a/a.png", "a/a/b.png", "a/ä.png")
    listdir = os.listdir
    first = load_image_folder("top")
    monkeypatch.setattr(os, "listdir", lambda path: sorted(listdir(path))[::-1])
    second = load_image_folder("top")
    assert names_of(first) == names_of(second)
    names = ["a/Z.png", "a/a/b.png", "a/a.png", "a/ä.png", "b/10.png", "b/9.png"]
    assert names_of(first) == [*names, "b/é.png"]


@pytest.mark.usefixtures("quiet")
def test_folders_below_belong_to_the_class(make):
    make("a/2020/may/1.png", "a/2021/1.png", "b/1.png")
    bunch = load_image_folder("top")
    assert names_of(bunch) == ["a/2020/may/1.png", "a/2021/1.png", "b/1.png"]
    assert_array_equal(bunch.target, [0, 0, 1])


@pytest.mark.usefixtures("quiet")
def test_hidden_files_are_passed_over_in_silence(make):
    make("a/1.png", "a/.DS_Store", "a/._1.png", "a/Thumbs.db", "a/desktop.ini")
    make(".ipynb_checkpoints/1.png", "a/.ipynb_checkpoints/1.png", "__MACOSX/a/1.png")
    make(".hidden.png", "readme.txt", "labels.txt")
    bunch = load_image_folder("top")
    assert names_of(bunch) == ["a/1.png"]
    assert_array_equal(bunch.target_names, ["a"])


def test_one_warning_names_what_is_left_out(make):
    make("a/1.png", "a/notes.txt", "b/2.png", "b/more/x.txt", "loose.png", "c/d/y.txt")
    with pytest.warns(FilesLeftOutWarning) as caught:
        bunch = load_image_folder("top")
    (warning,) = caught
    assert warning.filename == __file__
    assert str(warning.message).replace("\\\\", "/") == (
        "In 'top', these files are no images that Pillow reads, and are left out: "
        "'a/notes.txt', 'b/more/x.txt', 'c/d/y.txt'; these images lie in no "
        "sub-folder, and are left out: 'loose.png'; these sub-folders have no images "
        "(choose others by categories=, or remove them): 'c'."
    )
    assert names_of(bunch) == ["a/1.png", "b/2.png"]
    assert_array_equal(bunch.target_names, ["a", "b", "c"])


def test_long_lists_are_cut(make):
    make("a/1.png", *[f"a/{i:02}.txt" for i in range(23)])
    with pytest.warns(FilesLeftOutWarning, match="'a.09.txt' and 13 more"):
        load_image_folder("top")


def test_content_counts_and_not_the_extension(make):
    make("a/1.png", "a/text.txt", "a/image.dat")
    Path("top/a/text.txt").rename("top/a/text.png")
    Path("top/a/empty.png").touch()
    with pytest.warns(FilesLeftOutWarning, match="'a.empty.png', 'a.text.png'"):
        bunch = load_image_folder("top")
    assert names_of(bunch) == ["a/1.png", "a/image.dat"]


@needs_links
def test_links_are_followed_but_not_in_circles(make):
    make("a/1.png", "b/2.png")
    elsewhere = Path("elsewhere")
    elsewhere.mkdir()
    Image.new("RGB", (4, 4)).save(elsewhere / "3.png")
    os.symlink(elsewhere.absolute(), "top/c")  # a class
    os.symlink(elsewhere.absolute(), "top/a/more")
    os.symlink("..", "top/a/up")
    os.symlink(".", "top/a/itself")
    os.symlink("../b", "top/a/beside")
    with warnings.catch_warnings(action="error"):
        bunch = load_image_folder("top")
    names = ["a/1.png", "a/beside/2.png", "a/more/3.png", "b/2.png", "c/3.png"]
    assert names_of(bunch) == names


@needs_links
def test_links_to_nowhere_and_pipes_are_no_images(make):
    make("a/1.png")
    os.symlink("nowhere.png", "top/a/nowhere.png")
    os.symlink("circle.png", "top/a/circle.png")
    os.mkfifo("top/a/pipe.png")
    with pytest.warns(FilesLeftOutWarning, match="'a/circle.png', 'a/nowh.*'a/pipe.p"):
        assert names_of(load_image_folder("top")) == ["a/1.png"]


# name -> (files, arguments, error, message)
WRONG = {
    "no folder": (
        [],
        {"path": "other"},
        FileNotFoundError,
        "no folder 'other'. Give",
    ),
    "home": ([], {"path": "~/other"}, FileNotFoundError, "Expand the ~"),
    "file": (["a.txt"], {"path": "top/a.txt"}, NotADirectoryError, "a.txt' is a file"),
    "no sub-folders": (
        ["a.txt"],
        {},
        ValueError,
        "'top' has no sub-folders. Give",
    ),
    "images alone": (["1.png"], {}, ValueError, "sub-folders, but images: '1.png'. Gi"),
    "hidden alone": ([".a/1.png"], {}, ValueError, "'top' has no sub-folders"),
    "no images": (["a/b.txt"], {}, ValueError, "sub-folders of 'top', only 'a.b.txt'"),
    "only hidden": (
        ["a/.1.png"],
        {},
        ValueError,
        "sub-folders of 'top'. Give",
    ),
    "unknown classes": (
        ["a/1.png", "b/1.png"],
        {"categories": ["d", "c"]},
        ValueError,
        r"categories=\['d', 'c'\] must name .* 'top', which has \['a', 'b'\]",
    ),
    "classes that are no text": (
        ["a/1.png", "b/1.png"],
        {"categories": ["a", 1]},
        ValueError,
        r"categories=\['a', 1\] must be names .* as text; 'top' has \['a', 'b'\]",
    ),
    "no class": (["a/1.png"], {"categories": []}, ValueError, "must name one or more"),
    "text": (["a/1.png"], {"categories": "a"}, ValueError, r"Give a list: \['a'\]\."),
    "a number": (["a/1.png"], {"categories": 1}, ValueError, "'categories' parameter"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_folders_are_refused(name, make):
    files, arguments, error, message = WRONG[name]
    make(*files)
    with pytest.raises(error, match=message):
        load_image_folder(**{"path": "top", **arguments})


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)


def test_what_heic_images_need_is_told(make):
    make("a/0.txt", "a/1.png", "b/2.txt")
    Path("top/a/photo.heic").write_bytes(HEIC)
    remedy = "'photo.heic'. Install pillow-heif and call pillow_heif.register_heif_open"
    with pytest.warns(FilesLeftOutWarning, match=f"does not read HEIC.*{remedy}"):
        bunch = load_image_folder("top")
    assert names_of(bunch) == ["a/1.png"]
    Path("top/a/1.png").unlink()
    message = rf"no images in the sub-folders of 'top', only .*HEIC images, .*{remedy}"
    with pytest.raises(ValueError, match=message):
        load_image_folder("top")


def test_without_heic_images_they_are_not_mentioned(make):
    make("a/0.txt", "a/1.png")
    with pytest.warns(FilesLeftOutWarning) as caught:
        load_image_folder("top")
    assert "HEIC" not in str(caught[0].message)


def test_messages_advise_what_works(make):
    make("1.png", "2.png")
    with pytest.raises(ValueError, match=r"sorted\(pathlib.Path\(path\).iterdir\(\)\)"):
        load_image_folder("top")
    assert [path.name for path in sorted(Path("top").iterdir())] == ["1.png", "2.png"]
