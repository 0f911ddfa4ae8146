"""The figure of a bootstrap shows the numbers of its frame."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB

from skdl.display import BootstrapDisplay
from skdl.model_selection import bootstrap_validate
from tests.instances import small


@pytest.fixture(autouse=True)
def _without_window():
    with mpl.rc_context():
        mpl.use("Agg")
        yield
        plt.close("all")


@pytest.fixture(scope="module")
def result(diabetes):
    return bootstrap_validate(Ridge(), *diabetes, n_splits=12, random_state=0)


@pytest.fixture(scope="module")
def with_epochs(binary):
    net = small(early_stopping=True, patience=2, epochs=20, learning_rate=0.05)
    return bootstrap_validate(net, *binary, n_splits=5, random_state=0)


def half_widths(band):
    """Of a band from ``fill_between`` around the mean: for each x half its height."""
    points = band.get_paths()[0].vertices
    return {x: np.ptp(points[points[:, 0] == x, 1]) / 2 for x in points[:, 0]}


def test_it_draws_splits_mean_and_bands(result):
    display = BootstrapDisplay.from_result(result)
    k = np.arange(1, 13)
    assert_array_equal(display.scatter_.get_offsets(), np.c_[k, result["score"]])
    mean = [result["score"][:i].mean() for i in k]
    assert_allclose(display.line_.get_xydata(), np.c_[k, mean])
    for band, column in zip(display.bands_, ["std_score", "margin_score"], strict=True):
        assert_allclose(half_widths(band)[12], result[column].iloc[-1])
    low, high = display.ax_.get_ylim()
    assert low < result["score"].min()
    assert high > result["score"].max()
    assert display.converged_line_ is None
    assert display.epochs_ax_ is None
    assert display.figure_ is display.ax_.figure


def test_it_marks_where_the_mean_converged(diabetes):
    short = bootstrap_validate(Ridge(), *diabetes, n_splits=60, tol=0.1, random_state=0)
    display = BootstrapDisplay.from_result(short)
    assert short.attrs["converged"]
    assert_array_equal(display.converged_line_.get_xdata(), [len(short)] * 2)


def test_a_tol_of_its_own_shows_how_many_would_have_been_enough(result):
    tol = 2 * result["margin_score"].loc[10:].max() * 1.0001
    display = BootstrapDisplay.from_result(result, tol=tol)
    width = 2 * result["margin_score"]
    first = width.index[(width < tol) & (width.index >= 10)][0]
    assert_array_equal(display.converged_line_.get_xdata(), [first] * 2)


def test_epochs_have_a_panel_of_their_own(with_epochs):
    display = BootstrapDisplay.from_result(with_epochs)
    points = display.epochs_ax_.collections[0].get_offsets()
    assert_array_equal(points[:, 1], with_epochs["epochs"].astype(float))
    mean = display.epochs_ax_.lines[0].get_ydata()
    assert_allclose(mean[-1], with_epochs["epochs"].mean())
    assert display.epochs_ax_.get_ylabel() == "epochs"


def test_it_draws_into_given_axes(with_epochs, result):
    figure, (left, right) = plt.subplots(2)
    display = BootstrapDisplay.from_result(with_epochs, ax=left)
    assert (display.ax_, display.figure_, display.epochs_ax_) == (left, figure, None)
    display = display.plot(ax=(left, right))
    assert display.epochs_ax_ is right
    display = BootstrapDisplay.from_result(result, ax=right, line_kw={"color": "red"})
    assert display.line_.get_color() == "red"


def test_from_estimator_makes_the_same_result(diabetes, result):
    display = BootstrapDisplay.from_estimator(
        Ridge(), *diabetes, n_splits=12, random_state=0
    )
    assert_array_equal(display.result["score"], result["score"])


def test_one_of_several_metrics_is_drawn(iris):
    frame = bootstrap_validate(
        GaussianNB(),
        *iris,
        n_splits=3,
        scoring=["accuracy", "neg_log_loss"],
        tol={"accuracy": 10},
        min_splits=2,
        random_state=0,
    )
    display = BootstrapDisplay.from_result(frame, score_name="neg_log_loss")
    assert_array_equal(display.scatter_.get_offsets()[:, 1], frame["neg_log_loss"])
    assert display.converged_line_ is None
    display = BootstrapDisplay.from_result(frame)
    assert display.ax_.get_ylabel() == "accuracy"
    assert_array_equal(display.converged_line_.get_xdata(), [2, 2])


def test_a_frame_read_back_from_a_file_is_drawn(result, tmp_path):
    import pandas as pd

    result.to_csv(tmp_path / "result.csv")
    frame = pd.read_csv(tmp_path / "result.csv", index_col="split")
    display = BootstrapDisplay.from_result(frame)
    assert_allclose(display.line_.get_ydata()[-1], result["score"].mean())


@pytest.mark.parametrize("score_name", [None, "accuracy"])
def test_another_frame_is_refused(score_name, result):
    frame = result if score_name else result[["epochs"]]
    with pytest.raises(ValueError, match="Pass a frame that bootstrap_validate"):
        BootstrapDisplay.from_result(frame, score_name=score_name)


def test_import_loads_neither_backend_nor_matplotlib():
    code = (
        "import sys, skdl.display, skdl.model_selection;"
        "print({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr


def test_a_missing_matplotlib_is_told(monkeypatch, result):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = r'needs matplotlib.* pip install "skdl\[plots\]"'
    with pytest.raises(ImportError, match=message):
        BootstrapDisplay.from_result(result)
    with pytest.raises(ImportError, match=message):
        BootstrapDisplay.from_estimator(None, None)
