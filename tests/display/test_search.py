"""The figure of a search: points, the line of the best, panels of parameters."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt
from sklearn.exceptions import NotFittedError

from skdl.display import SearchDisplay
from skdl.model_selection import BayesSearchCV, NelderMeadSearchCV
from tests.model_selection.surfaces import SPACES, Surface, surface_data


@pytest.fixture(scope="module")
def search():
    spaces = {**SPACES, "n": [1]}
    search = BayesSearchCV(
        Surface(), spaces, n_iter=10, prune=True, random_state=0, cv=3
    )
    return search.fit(*surface_data())


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_line_is_the_best_score_so_far(search):
    display = SearchDisplay.from_search(search)
    frame = search.convergence()
    x, y = display.line_.get_data()
    np.testing.assert_array_equal(x, np.arange(1, 21))
    np.testing.assert_array_equal(y, frame["best_score"])
    offsets = display.scatter_.get_offsets()
    np.testing.assert_array_equal(offsets[:, 1], frame["score"][~frame["pruned"]])


def test_a_panel_for_each_parameter_that_varies(search):
    display = SearchDisplay.from_search(search)
    assert set(display.param_axes_) == {"x", "rate", "kind"}
    assert display.param_axes_["rate"].get_xscale() == "log"
    assert display.param_axes_["x"].get_xscale() == "linear"
    ticks = [t.get_text() for t in display.param_axes_["kind"].get_xticklabels()]
    assert ticks == sorted({p["kind"] for p in search.cv_results_["params"]})
    display.figure_.canvas.draw()


def test_into_an_axes_of_the_user(search):
    _, ax = plt.subplots()
    display = SearchDisplay.from_search(
        search, ax=ax, score_name="log loss", line_kw={"color": "red"}
    )
    assert display.ax_ is ax
    assert display.param_axes_ == {}
    assert ax.get_ylabel() == "log loss"
    assert display.line_.get_color() == "red"


def test_chosen_parameters(search):
    display = SearchDisplay.from_search(search, params=["x"])
    assert list(display.param_axes_) == ["x"]
    with pytest.raises(ValueError, match=r"params holds 'y'; the search has"):
        SearchDisplay.from_search(search, params=["y"])


def test_disasters_do_not_squeeze_the_axis():
    search = NelderMeadSearchCV(
        Surface(), {"x": (-1e3, 1e3)}, n_iter=15, random_state=0, cv=2
    ).fit(*surface_data())
    display = SearchDisplay.from_search(search)
    scores = search.convergence()["score"]
    assert display.ax_.get_ylim()[0] > scores.min()
    assert display.ax_.get_ylim()[1] > scores.max()


def test_an_unfitted_search_is_told():
    with pytest.raises(NotFittedError):
        SearchDisplay.from_search(BayesSearchCV(Surface(), SPACES))
