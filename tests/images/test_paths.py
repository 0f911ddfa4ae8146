"""What counts as a column of paths, and the words for what does not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdl._images import check_paths, looks_like_paths
from skdl._images._paths import column_of_paths

NAN = np.nan

# name -> two paths, "a.png" and "b.png"
COLUMNS = {
    "list": ["a.png", "b.png"],
    "tuple": ("a.png", "b.png"),
    "paths": [Path("a.png"), Path("b.png")],
    "list of rows": [["a.png"], ("b.png",)],
    "array of text": np.array(["a.png", "b.png"]),
    "array of objects": np.array(["a.png", Path("b.png")], dtype=object),
    "column": np.array([["a.png"], ["b.png"]]),
    "numpy's text": [np.str_("a.png"), np.str_("b.png")],
    "series": pd.Series(["a.png", "b.png"], index=[5, 3]),
    "series of objects": pd.Series(["a.png", Path("b.png")], dtype=object),
    "series of categories": pd.Series(["a.png", "b.png"], dtype="category"),
    "nullable series": pd.Series(["a.png", "b.png"], dtype="string"),
    "frame": pd.DataFrame({"path": ["a.png", "b.png"]}),
}
if hasattr(np.dtypes, "StringDType"):
    COLUMNS["StringDType"] = np.array(["a.png", "b.png"], np.dtypes.StringDType())


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_of_paths(name):
    X = COLUMNS[name]
    assert looks_like_paths(X)
    paths = check_paths(X)
    assert paths.shape == (2,)
    assert paths.tolist() == ["a.png", "b.png"]
    assert {type(path) for path in paths} == {str}


# name -> (X, whether it looks like paths, error, message)
WRONG = {
    "None": (["a", None], True, TypeError, r"Row 1 of X \(counted from 0\) is None, "),
    "NaN": (["a", "b", NAN], True, TypeError, r"Row 2 .* is nan, .* leave out rows w"),
    "NaN first": (pd.Series([NAN, "a"]), True, TypeError, "Row 0 .* is nan"),
    "NA": (pd.Series(["a", pd.NA], dtype="string"), True, TypeError, "Row 1 .* <NA>"),
    "no text": (["a", ""], True, TypeError, "Row 1 .* is ''"),
    "bytes": (["a", b"b"], True, TypeError, "Row 1 .* is b'b', .* by os.fsdecode"),
    "array of bytes": (np.array([b"a"]), False, ValueError, "decode them by os.fsde"),
    "number": (["a", 3], True, TypeError, "Row 1 .* is 3, but the path of an image"),
    "list": (["a", ["b"]], True, TypeError, r"Row 1 .* is \['b'\]"),
    "numbers": ([1, 2], False, TypeError, "Row 0 .* is 1,"),
    "images": ([np.ones((4, 4, 3))], False, TypeError, r"Row 0 .* is array\(\[\[\["),
    "pairs": ([["a", "b"]], False, TypeError, r"Row 0 .* is \['a', 'b'\]"),
    "one": ("a", True, ValueError, r"X='a' is a single path.* or \[X\] for one"),
    "one Path": (Path("a"), True, ValueError, r"a single path.*load_image_folder"),
    "scalar": (np.array("a"), False, ValueError, "X has type ndarray, but one column"),
    "empty": ([], False, ValueError, "X is empty. Give the path of at least one"),
    "empty array": (np.array([]), False, ValueError, "X is empty"),
    "nothing": (None, False, ValueError, "X has type NoneType, .* Give a list of"),
    "generator": ((p for p in "ab"), False, ValueError, "X has type generator"),
    "table": (
        np.ones((3, 4)),
        False,
        ValueError,
        r"type ndarray, shape \(3, 4\), dtype float64, .* arrays already need not be",
    ),
    "column of numbers": (np.ones((3, 1)), False, ValueError, r"shape \(3, 1\), dtype"),
    "stack of images": (
        np.ones((2, 4, 4, 3), np.uint8),
        False,
        ValueError,
        r"shape \(2, 4, 4, 3\), dtype uint8, but one column of paths is expected",
    ),
    "two columns": (
        pd.DataFrame({"path": ["a"], "class": ["b"]}),
        False,
        ValueError,
        r"type DataFrame, shape \(1, 2\), .* Choose the column that has the paths",
    ),
    "paths beside classes": (
        pd.DataFrame({"class": ["b"], "path": ["a.png"]}),
        False,
        ValueError,
        r"Choose the column that has the paths: X\[\['path'\]\]",
    ),
    "two columns of text": (
        np.array([["a", "b"]]),
        False,
        ValueError,
        "Choose the col",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_column_of_paths_is_refused(name):
    X, looks, error, message = WRONG[name]
    assert looks_like_paths(X) is looks
    with pytest.raises(error, match=message):
        check_paths(X)
    with pytest.raises(error, match=message.replace("X", "X_val")):
        check_paths(X, "X_val")


# values of a column beside another -> whether they seem to be paths
SEEMING = {
    "names": (["a.png", "b.JPG", "c.tif2"], True),
    "folders": (["cats/1", "dogs/2"], True),
    "Windows": (["cats\\1"], True),
    "Path": ([None, Path("a")], True),
    "with gaps": ([None, "a.png", NAN], True),
    "words": (["cat", "dog"], False),
    "numbers": (["1.5", "2."], False),
    "mixed": (["a.png", "dog"], False),
    "nothing": ([None, NAN], False),
}


@pytest.mark.parametrize("name", SEEMING)
def test_columns_that_seem_to_hold_paths(name):
    values, seem = SEEMING[name]
    frame = pd.DataFrame({"n": np.arange(len(values)), "c": values})
    assert column_of_paths(frame) == ("c" if seem else None)
    assert column_of_paths(frame.astype({"c": "category"})) == ("c" if seem else None)
    assert column_of_paths(frame.to_numpy()) is None


def test_wide_frames_are_not_copied(monkeypatch):
    monkeypatch.setattr(pd.DataFrame, "__array__", None, raising=False)  # not called
    assert not looks_like_paths(pd.DataFrame(np.ones((3, 2))))
