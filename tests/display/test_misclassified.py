"""The misclassified images: which ones, how they are drawn, what stands above."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skdl import CNNClassifier
from skdl.display import MisclassifiedDisplay


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    """Training and test rows."""
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300], X[300:900], y[300:900]


@pytest.fixture(scope="module")
def model(digits):
    X, y, *_ = digits
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(X, y)


def titles(display):
    return [ax.get_title() for ax in display.axes_]


def pixels(display):
    return [np.asarray(image.get_array()) for image in display.images_]


def drawn(X, **options):
    """What a display draws of X, if all of it is misclassified."""
    n = len(X)
    return pixels(MisclassifiedDisplay.from_predictions(X, [0] * n, [1] * n, **options))


def test_the_surest_mistakes_come_first(digits, model):
    _, _, X, y = digits
    display = MisclassifiedDisplay.from_estimator(model, X, y, n_images=7)
    proba = model.predict_proba(X)
    mistakes = [
        (-proba[i].max(), i, f"{y[i]} → {proba[i].argmax()} ({proba[i].max():.2f})")
        for i in range(len(X))
        if proba[i].argmax() != y[i]
    ]
    expected = sorted(mistakes)[:7]
    assert display.n_misclassified == len(mistakes) > 7
    assert_array_equal(display.rows, [i for _, i, _ in expected])
    assert titles(display) == [title for _, _, title in expected]
    largest = X[display.rows].max()
    for image, row in zip(pixels(display), display.rows, strict=True):
        assert_allclose(image, X[row].reshape(8, 8) / largest)
    title = f"{len(mistakes)} of 600 misclassified"
    assert title in display.figure_.get_suptitle()


def test_predictions_give_the_same_figure(digits, model):
    _, _, X, y = digits
    one = MisclassifiedDisplay.from_estimator(model, X, y)
    two = MisclassifiedDisplay.from_predictions(
        X, y, model.predict(X), y_proba=model.predict_proba(X)
    )
    assert titles(one) == titles(two)
    assert_array_equal(one.rows, two.rows)


def test_without_probabilities_rows_stay_in_order(digits):
    X, y, X_test, y_test = digits
    model = Perceptron().fit(X, y)
    display = MisclassifiedDisplay.from_estimator(model, X_test, y_test, n_images=5)
    predicted = model.predict(X_test)
    wrong = np.flatnonzero(predicted != y_test)[:5]
    assert_array_equal(display.rows, wrong)
    assert titles(display) == [f"{y_test[i]} → {predicted[i]}" for i in wrong]
    assert "probability" not in display.figure_.get_suptitle()


def test_equal_probabilities_stay_in_order():
    X = np.arange(16.0).reshape(4, 2, 2)
    proba = np.array([[0.5, 0.5], [0.2, 0.8], [0.5, 0.5], [0.2, 0.8]])
    display = MisclassifiedDisplay.from_predictions(
        X, [0] * 4, [1] * 4, y_proba=proba, labels=[0, 1]
    )
    assert_array_equal(display.rows, [1, 3, 0, 2])


def test_every_form_of_X_gives_the_same_images(digits, model):
    _, _, X, y = digits
    y_pred = model.predict(X)
    expected = pixels(MisclassifiedDisplay.from_predictions(X, y, y_pred))
    forms = [
        X.reshape(-1, 8, 8),
        X.reshape(-1, 8, 8, 1),
        X.astype(np.float32),
        X.tolist(),
        pd.DataFrame(X).add_prefix("pixel"),
        csr_matrix(X),
    ]
    for form in forms:
        display = MisclassifiedDisplay.from_predictions(form, y, y_pred)
        assert_array_equal(pixels(display), expected)


def test_rows_that_are_no_squares_need_a_shape(digits, model):
    _, _, X, y = digits
    y_pred = model.predict(X)
    tall = MisclassifiedDisplay.from_predictions(X, y, y_pred, image_shape=(16, 4))
    assert pixels(tall)[0].shape == (16, 4)
    with pytest.raises(ValueError, match=r"image_shape=\(3, 3\) needs 9 features"):
        MisclassifiedDisplay.from_predictions(X, y, y_pred, image_shape=(3, 3))


def test_the_shape_is_the_one_that_a_network_was_fitted_to(digits):
    X, y, X_test, y_test = digits
    net = CNNClassifier(
        filters=(4,), hidden_units=(), epochs=1, random_state=0, image_shape=(4, 16)
    )
    net.fit(X, y)
    search = GridSearchCV(net, {"dropout": [0.0]}, cv=2).fit(X, y)
    for model in (net, make_pipeline(FunctionTransformer(), net), search):
        display = MisclassifiedDisplay.from_estimator(model, X_test, y_test, n_images=2)
        assert pixels(display)[0].shape == (4, 16)


def test_uint8_is_drawn_as_it_is():
    X = np.random.default_rng(0).integers(10, 90, (3, 5, 6), np.uint8)
    assert_allclose(drawn(X), X / 255)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 5), (0, 4000), (0.2, 0.3)])
def test_other_numbers_span_from_black_to_white(low, high):
    X = np.random.default_rng(0).uniform(low, high, (3, 5, 6))
    expected = (X - X.min()) / (X.max() - X.min())
    assert_allclose(drawn(X), expected, atol=1e-12)


def test_numbers_of_channels():
    X = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 4), np.uint8)
    assert_allclose(drawn(X), X / 255)
    assert_allclose(drawn(X[..., :3]), X[..., :3] / 255)
    assert_allclose(drawn(X[..., :2]), X[..., :2].mean(axis=3) / 255)
    many = np.concatenate([X, X[..., :1]], axis=3)
    assert_allclose(drawn(many), many.mean(axis=3) / 255)
    flat = X[..., :3].reshape(2, -1)
    assert_allclose(drawn(flat, image_shape=(6, 5, 3)), X[..., :3] / 255)


def test_gaps_and_constants_are_drawn():
    X = np.ones((2, 3, 3))
    assert_array_equal(drawn(X), np.zeros_like(X))
    X[0, 0, 0], X[1, 1, 1], X[1, 1, 2] = np.nan, np.inf, 3
    first, second = drawn(X)
    assert first[0, 0] == 0
    assert second[1, 1] == second[1, 2] == 1


def test_of_files_only_the_mistakes_are_read(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "wrong.png")
    paths = [tmp_path / "there is none", tmp_path / "wrong.png"]
    display = MisclassifiedDisplay.from_predictions(
        paths, ["a", "b"], ["a", "c"], image_size=(9, 7)
    )
    assert_allclose(pixels(display), picture[None] / 255)
    display = MisclassifiedDisplay.from_predictions(
        pd.Series(paths).astype(str), ["a", "b"], ["a", "c"]
    )
    assert pixels(display)[0].shape == (128, 128, 3)


def test_files_are_read_as_the_network_reads_them(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    paths = []
    for k in range(6):
        picture = np.full((9, 7, 3), 40 * k, np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{k}.png")
        paths.append(tmp_path / f"{k}.png")
    y = np.array([0, 1] * 3)
    net = CNNClassifier(
        filters=(2,),
        hidden_units=(),
        epochs=1,
        image_size=(6, 8),
        color_mode="grayscale",
        random_state=0,
    ).fit(paths, y)
    display = MisclassifiedDisplay.from_estimator(net, paths, 1 - net.predict(paths))
    assert len(display.axes_) == 6
    for image, row in zip(pixels(display), display.rows, strict=True):
        assert_allclose(image, np.full((6, 8), 40 * row / 255), atol=1 / 255)


def test_no_mistake_is_told_in_the_figure(digits):
    _, _, X, y = digits
    display = MisclassifiedDisplay.from_predictions(X, y, y)
    assert display.images_ == []
    assert len(display.axes_) == len(display.rows) == 0
    assert display.figure_.get_suptitle() == "0 of 600 misclassified"
    (ax,) = display.figure_.axes
    assert ax.texts[0].get_text() == "No image is misclassified."


def test_names_of_classes(digits, model):
    _, _, X, y = digits
    names = ["zero", "$1$", "two", "three", "4_" * 20, *map(str, range(5, 10))]
    display = MisclassifiedDisplay.from_estimator(model, X, y, target_names=names)
    known = [name[:10] for name in names]
    for title, row in zip(titles(display), display.rows, strict=True):
        assert title.split()[0][:10] == known[y[row]]
        assert max(map(len, title.splitlines())) < 40
    display.figure_.canvas.draw()  # dollars and underscores are no formula
    with pytest.raises(ValueError, match="target_names has 2 names for 10 classes"):
        MisclassifiedDisplay.from_estimator(model, X, y, target_names=["a", "b"])


def test_labels_that_the_classifier_never_saw_are_mistakes(digits, model):
    _, _, X, y = digits
    display = MisclassifiedDisplay.from_estimator(model, X[:5], y[:5] + 90)
    assert sorted(t.split()[0] for t in titles(display)) == sorted(map(str, y[:5] + 90))


def test_labels_of_another_type_are_refused(digits, model):
    _, _, X, y = digits
    X, y = X[:50], y[:50]
    message = r"y holds '\d', but the classifier knows \[0, 1, 2.*use target_names\."
    with pytest.raises(ValueError, match=message):
        MisclassifiedDisplay.from_estimator(model, X, y.astype(str))
    make, y_pred = MisclassifiedDisplay.from_predictions, model.predict(X)
    words = y.astype(str).astype(object)
    with pytest.raises(ValueError, match=r"y_true holds '\d', but the classifier know"):
        make(X, words, y_pred)
    with pytest.raises(ValueError, match=r"y_true holds \d, but .* knows \['0', '1'"):
        make(X, y, y_pred.astype(str))
    with pytest.raises(ValueError, match=r"y_true holds \d, but .* knows \['0', '1'"):
        make(X, y, y_pred, labels=list("0123456789"))


def test_one_image_is_told_from_several(digits):
    X, y, *_ = digits
    X = np.repeat(X.reshape(-1, 8, 8), 3, axis=1)  # more rows than are drawn
    net = CNNClassifier(filters=(2,), hidden_units=(), epochs=1, random_state=0)
    net.fit(X[:50], y[:50])
    message = r"X is one image of shape \(24, 8\), but .*: X\[np\.newaxis\]\."
    for X_0, y_0 in [(X[0], y[:1]), (X[0], y[:24])]:
        with pytest.raises(ValueError, match=message):
            MisclassifiedDisplay.from_estimator(net, X_0, y_0)
    with pytest.raises(ValueError, match=message):
        MisclassifiedDisplay.from_estimator(make_pipeline(net), X[0], y[:1])
    MisclassifiedDisplay.from_estimator(net, X[:1], y[:1])


def test_a_column_of_arrays_is_drawn(digits):
    X = digits[0][:3].reshape(-1, 8, 8)
    for column in (pd.Series(list(X)), pd.DataFrame({"image": list(X)})):
        assert_array_equal(drawn(column), drawn(X))


def test_it_draws_into_given_axes(digits, model):
    _, _, X, y = digits
    figure, (left, right) = plt.subplots(1, 2)
    display = MisclassifiedDisplay.from_estimator(model, X, y, n_images=3, ax=left)
    assert display.figure_ is figure
    assert len(figure.axes) == 2 + 3
    assert figure.get_suptitle() == ""
    display.images, display.true_names = display.images[:1], display.true_names[:1]
    display.predicted_names = display.predicted_names[:1]
    display.probabilities = None
    display.plot(ax=[left, right], imshow_kw={"cmap": "viridis"})
    assert list(display.axes_) == [left]
    assert display.images_[0].get_cmap().name == "viridis"
    assert not right.axison
    with pytest.raises(ValueError, match="ax has 2 axes for 3 images"):
        MisclassifiedDisplay.from_estimator(
            model, X, y, n_images=3, ax=np.array([left, right])
        )
    with pytest.raises(ValueError, match="ax has no place in a grid"):
        MisclassifiedDisplay.from_estimator(
            model, X, y, ax=figure.add_axes([0, 0, 1, 1])
        )


def test_names_by_label_serve_a_part_of_the_classes(digits):
    X, y, *_ = digits
    part = y < 3
    model = LogisticRegression(max_iter=50).fit(X[part], y[part])
    names = {label: f"the {label}" for label in range(10)}
    display = MisclassifiedDisplay.from_estimator(model, X, y, target_names=names)
    wrong = np.asarray(display.rows)
    assert display.true_names == [f"the {label}" for label in y[wrong]]
    predicted = model.predict(X[wrong])
    assert display.predicted_names == [f"the {label}" for label in predicted]
    make = MisclassifiedDisplay.from_estimator
    with pytest.raises(ValueError, match=r"4 names for 3 classes.*a dict \{label: na"):
        make(model, X, y, target_names=list("abcd"))
    with pytest.raises(ValueError, match=r"names for \['0'\], none of which"):
        make(model, X, y, target_names={"0": "zero"})


def test_wrong_arguments_are_told(digits, model):
    X, y, *_ = digits
    y_pred = model.predict(X)
    make = MisclassifiedDisplay.from_predictions
    with pytest.raises(TypeError, match="LinearRegression is a regressor"):
        MisclassifiedDisplay.from_estimator(LinearRegression().fit(X, y), X, y)
    with pytest.raises(ValueError, match="y_true has 300 labels, but y_pred has 200"):
        make(X, y, y_pred[:200])
    with pytest.raises(ValueError, match="X has 200 rows, but y has 300"):
        make(X[:200], y, y_pred)
    with pytest.raises(ValueError, match=r"y_true has shape \(300, 2\)"):
        make(X, np.c_[y, y], y_pred)
    proba = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"y_proba has shape \(300,\), but \(300, 10"):
        make(X, y, y_pred, y_proba=proba[:, 1])
    with pytest.raises(ValueError, match="y_pred holds 3, which is not among the la"):
        make(X, y, np.full(300, 3), y_proba=proba, labels=np.arange(10) + 10)
    for n_images in (0, 2.5, None):
        with pytest.raises(ValueError, match="a whole number of at least 1"):
            make(X, y, y_pred, n_images=n_images)
