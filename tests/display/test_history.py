"""Learning curves show the numbers of ``history_``."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdl.display import HistoryDisplay
from tests.instances import small


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def net(binary):
    net = small(early_stopping=True, patience=2, epochs=20, learning_rate=0.05)
    return net.fit(*binary)


def assert_curves(display, history):
    for key, line in display.lines_.items():
        epochs = np.arange(1, len(history[key]) + 1)
        assert_array_equal(line.get_xydata(), np.c_[epochs, history[key]])


def test_lines_are_the_history(net):
    display = HistoryDisplay.from_estimator(net, learning_rate=True)
    assert set(display.lines_) == set(net.history_)
    assert_curves(display, net.history_)
    panels = [display.ax_, display.metric_ax_, display.rate_ax_]
    assert list(display.figure_.axes) == panels
    assert [ax.get_ylabel() for ax in panels] == ["loss", "accuracy", "learning rate"]
    assert [line.axes for line in display.lines_.values()] == [
        panels[["loss", "accuracy", "rate"].index(key.split("_")[-1])]
        for key in display.lines_
    ]
    assert display.member_lines_ == []


def test_the_epoch_of_the_weights_is_marked(net):
    assert net.best_epoch_ < net.n_epochs_
    display = HistoryDisplay.from_estimator(net)
    assert [line.axes for line in display.best_lines_] == [
        display.ax_,
        display.metric_ax_,
    ]
    for line in display.best_lines_:
        assert_array_equal(line.get_xdata(), [net.best_epoch_] * 2)
    labels = display.ax_.get_legend_handles_labels()[1]
    assert labels == ["training", "validation", f"weights of epoch {net.best_epoch_}"]
    assert HistoryDisplay(net.history_).plot().best_lines_ == []


def test_a_regressor_without_validation_rows_has_one_curve(diabetes):
    net = small("DenseRegressor", early_stopping=False).fit(*diabetes)
    display = HistoryDisplay.from_estimator(net)
    assert list(display.lines_) == ["loss"]
    assert display.metric_ax_ is None
    assert display.rate_ax_ is None
    assert display.figure_.axes == [display.ax_]


def test_each_of_several_networks_has_a_thin_line(binary):
    net = small(
        "TabularClassifier", n_members=3, early_stopping=True, patience=2, epochs=20
    ).fit(*binary)
    display = HistoryDisplay.from_estimator(net)
    assert_curves(display, net.history_)
    drawn = [line.get_ydata().tolist() for line in display.member_lines_]
    expected = [h[key] for key in ("loss", "val_loss") for h in net.member_histories_]
    assert sorted(drawn) == sorted(expected)
    assert "on average" in display.best_lines_[0].get_label()


def test_a_pipeline_shows_its_last_step(binary, net):
    pipe = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), clone(net)))
    display = HistoryDisplay.from_estimator(pipe.fit(*binary))
    assert_curves(display, pipe[-1][-1].history_)


def test_a_single_epoch_is_seen(binary):
    net = small(epochs=1).fit(*binary)
    line = HistoryDisplay.from_estimator(net).lines_["loss"]
    assert line.get_marker() == "o"


def test_other_metrics_and_which_of_them():
    history = {
        "loss": [3.0, 2.0],
        "accuracy": [0.1, 0.2],
        "val_accuracy": [0.3, 0.4],
        "val_f1": [0.5, 0.6],
    }
    display = HistoryDisplay(history).plot()
    assert_curves(display, history)
    assert display.metric_ax_.get_ylabel() == "metric"
    assert display.metric_ax_.get_legend_handles_labels()[1] == [
        "training accuracy",
        "validation accuracy",
        "validation f1",
    ]
    display = display.plot(metrics=["val_f1"], line_kw={"color": "red"})
    assert list(display.lines_) == ["loss", "val_f1"]
    assert display.lines_["val_f1"].get_color() == "red"
    assert display.plot(metrics=[]).metric_ax_ is None
    with pytest.raises(ValueError, match=r"metrics holds 'f1'; the history has \['acc"):
        display.plot(metrics=["f1"])


def test_it_draws_into_given_axes(net):
    figure, (left, right, spare) = plt.subplots(1, 3)
    display = HistoryDisplay.from_estimator(net, ax=left)
    assert (display.ax_, display.metric_ax_, display.figure_) == (left, None, figure)
    assert list(display.lines_) == ["loss", "val_loss"]
    display = display.plot(ax=[left, right, spare])
    assert display.metric_ax_ is right
    assert not spare.lines


def test_what_has_no_history_is_told(binary, net):
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(small())
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(make_pipeline(StandardScaler(), small()))
    with pytest.raises(TypeError, match="LogisticRegression has no history_"):
        HistoryDisplay.from_estimator(LogisticRegression().fit(*binary))
    search = GridSearchCV(small(epochs=1), {"batch_size": [32]}, cv=2).fit(*binary)
    with pytest.raises(TypeError, match="Pass its best_estimator_"):
        HistoryDisplay.from_estimator(search)
    with pytest.raises(ValueError, match="has no 'loss'"):
        HistoryDisplay({"learning_rate": [0.1]}).plot()
