"""Grad-CAM: where in images a network finds reasons for what it predicts."""

import numpy as np
from scipy.ndimage import zoom
from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import Pipeline

from skdl._validation import indexable_rows, rows_of
from skdl.base._convolutions import network_within
from skdl.base._grad_cam import grad_cam
from skdl.display._names import label_names
from skdl.display._panels import check_count, heading, picture_axes, write_title
from skdl.display._pictures import (
    drawable,
    fitted_images,
    images_of_rows,
    in_grey,
    refuse_one,
)
from skdl.display._pyplot import pyplot_for


class GradCAMDisplay:
    """Where in images a network finds reasons for a class or a number.

    Gradient-weighted class activation maps [1]_: the channels of a convolutional
    layer's output, weighted by how much the target's output grows with each, are
    summed up. What speaks against the target is left out, and the rest is laid over
    the image, the stronger the hotter. It has no more detail than the layer has
    positions: an earlier `layer` is finer, but knows less of what the image shows.

    Make one by `from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, channels)
        What the network is given; uint8, or numbers of any range.
    heat_maps : ndarray of shape (n_images, height, width)
        From 0 to 1.
    layer : str or None, default=None
        The layer's name.
    target : str or None, default=None
        What the maps are for, in words.
    headings : list of str or None, default=None
        What stands above each image.

    Attributes
    ----------
    axes_ : ndarray of shape (n_images,)
        The Axes of each image.
    images_, overlays_ : list of matplotlib.image.AxesImage
        The drawn images, and heat maps on top of them.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    MisclassifiedDisplay : The images that a classifier gets wrong.
    FiltersDisplay : What the first convolution looks for.

    Notes
    -----
    The gradient is that of the network's raw output, before softmax or sigmoid. Of two
    classes, which share one output, the first one is its negative. Maps are resized to
    the image bilinearly, and each is divided by its maximum; a map without anything
    that speaks for the target is zero everywhere.

    The default layer is the last one whose output has height and width, before pooling
    and dense layers: after activation, and in residual networks after the addition, as
    in the authors' experiments.

    Black and white are chosen as in `MisclassifiedDisplay`.

    References
    ----------
    .. [1] Selvaraju, R. R., Cogswell, M., Das, A., Vedantam, R., Parikh, D., & Batra,
       D. (2017). Grad-CAM: visual explanations from deep networks via gradient-based
       localization. ICCV.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> from sklearn.datasets import load_digits
    >>> from skdl import CNNClassifier
    >>> from skdl.display import GradCAMDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> net = CNNClassifier(filters=(8,), hidden_units=(), epochs=2, random_state=0)
    >>> net = net.fit(X[:200], y[:200])
    >>> display = GradCAMDisplay.from_estimator(net, X[200:], y[200:], n_images=4)
    >>> display.heat_maps.shape
    (4, 8, 8)
    >>> display.layer
    'activation_1'
    """

    def __init__(self, images, heat_maps, *, layer=None, target=None, headings=None):
        self.images = images
        self.heat_maps = heat_maps
        self.layer = layer
        self.target = target
        self.headings = headings

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        target=None,
        layer=None,
        n_images=16,
        target_names=None,
        **kwargs,
    ):
        """Compute heat maps, and draw them over the images.

        Parameters
        ----------
        estimator : estimator
            A fitted network of skdl with convolutions, or a pipeline that ends in one;
            then the images are what its last step is given.
        X : array-like or DataFrame of shape (n_samples, ...)
            Images, flat rows or paths, as for ``predict``; the first `n_images` of
            them are drawn.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The truth, to be written above each image.
        target : label, int, array-like or None, default=None
            The class, or for a regressor the column of y, that the maps are for; one
            for all images, or one for each image that is drawn. None takes the class
            that is predicted, for several labels the most probable one, and a
            regressor's only output.
        layer : str or None, default=None
            Name of the layer; None takes the last one, see Notes.
        n_images : int, default=16
            At most so many are drawn.
        target_names : sequence of str, dict or None, default=None
            Names of the classes in the order of ``estimator.classes_``, or of the
            columns of y; None writes labels or column numbers.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        GradCAMDisplay
            Drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no network with convolutions.
        ValueError
            If there is no such layer or target; the message names those there are.
        ImportError
            If matplotlib is missing; this is checked before anything is computed.
        """
        pyplot_for("GradCAMDisplay.from_estimator")
        check_count(n_images, "n_images")
        refuse_one(estimator, X)
        if y is not None:
            X, y = indexable_rows(X, y, "GradCAMDisplay.from_estimator")
        n = X.shape[0] if hasattr(X, "shape") else len(X)
        rows = np.arange(min(n, n_images))
        X, y = rows_of(BaseEstimator(), X, y, rows)
        while isinstance(estimator, Pipeline):
            if len(estimator) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator.steps[-1][1]
        network_within(estimator)  # complains about others
        maps, layer = grad_cam(estimator, X, target=target, layer=layer)
        images = images_of_rows(X, rows, **fitted_images(estimator))
        words = _class_words if is_classifier(estimator) else _number_words
        headings, target = words(estimator, X, y, target, target_names)
        return cls(
            images,
            _resized(maps, images.shape[1:3]),
            layer=layer,
            target=target,
            headings=headings,
        ).plot(**kwargs)

    def plot(
        self,
        ax=None,
        *,
        cmap="turbo",
        alpha=0.7,
        color=False,
        imshow_kw=None,
        heat_map_kw=None,
    ):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, array-like of them, or None, default=None
            A single one gives its place to a grid of images; several take one image
            each. None makes a figure.
        cmap : str or matplotlib Colormap, default="turbo"
            Colours of the heat maps.
        alpha : float, default=0.7
            Opacity where a map is 1; elsewhere the image is seen the better, the less
            heat there is.
        color : bool, default=False
            Whether images are drawn in colour; in grey, all colours are heat.
        imshow_kw, heat_map_kw : dict or None, default=None
            Passed to ``imshow`` of images and of heat maps.

        Returns
        -------
        GradCAMDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are fewer axes than images.
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("GradCAMDisplay.plot")
        n, height, width = self.heat_maps.shape
        headings = [""] * n if self.headings is None else self.headings
        self.figure_, self.axes_ = picture_axes(
            plt,
            ax,
            n,
            aspect=height / width,
            n_lines=1 + max(words.count("\n") for words in headings),
        )
        self.images_, self.overlays_ = [], []
        below = {"cmap": "gray", "vmin": 0, "vmax": 1} | (imshow_kw or {})
        above = {"cmap": cmap, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
        above |= heat_map_kw or {}
        images = drawable(self.images)
        images = images if color else in_grey(images)
        rows = zip(self.axes_, images, self.heat_maps, headings, strict=True)
        for one, image, heat, words in rows:
            self.images_.append(one.imshow(image, **below))
            style = {"alpha": alpha * np.sqrt(heat)} | above
            self.overlays_.append(one.imshow(heat, **style))
            one.set_title(words, fontsize=9, parse_math=False)
        if ax is None:
            target = f" for {self.target}" if self.target else ""
            layer = f" of {self.layer}" if self.layer else ""
            meaning = "\ntrue → predicted" if any("→" in h for h in headings) else ""
            write_title(self.figure_, f"Grad-CAM{layer}{target}{meaning}")
        return self


def _resized(maps, size):
    """Brought to the size of the images, each divided by its maximum."""
    factors = size[0] / maps.shape[1], size[1] / maps.shape[2]
    maps = np.stack(
        [zoom(m, factors, order=1, mode="nearest", grid_mode=True) for m in maps]
    )
    largest = maps.max(axis=(1, 2), keepdims=True)
    return maps / np.where(largest > 0, largest, 1.0)


def _class_words(estimator, X, y, target, target_names):
    """Headings of a classifier's images, and what the maps are for."""
    classes = estimator.classes_
    predicted = np.asarray(estimator.predict(X))
    names = label_names(predicted, classes, target_names)
    probabilities = [None] * len(names)
    if predicted.ndim == 1:
        probabilities = estimator.predict_proba(X).max(axis=1)
    true = [None] * len(names)
    if y is not None:
        true = label_names(np.asarray(y), classes, target_names)
    headings = list(map(heading, true, names, probabilities))
    if target is None:
        several = predicted.ndim > 1
        return headings, "the most probable label" if several else "the predicted class"
    wanted = label_names(np.atleast_1d(target), classes, target_names)
    if np.ndim(target) == 0:
        return headings, wanted[0]
    both = zip(headings, wanted, strict=True)
    return [f"{words}\nfor {name}" for words, name in both], None


def _number_words(estimator, X, y, target, target_names):
    """Headings of a regressor's images, and what the maps are for."""
    predicted = np.asarray(estimator.predict(X)).reshape(len(X), -1)
    n_outputs = predicted.shape[1]
    columns = np.broadcast_to(0 if target is None else target, len(predicted))
    every = np.arange(len(predicted))
    numbers = [f"{v:.3g}" for v in predicted[every, columns]]
    true = [None] * len(numbers)
    if y is not None:
        y = np.asarray(y, dtype=np.float64).reshape(len(predicted), -1)
        true = [f"{v:.3g}" for v in y[every, columns]]
    headings = list(map(heading, true, numbers))
    if n_outputs == 1 and target_names is None:
        return headings, None
    wanted = label_names(columns, range(n_outputs), target_names)
    if np.ndim(target) == 0:
        return headings, f"column {wanted[0]}" if target_names is None else wanted[0]
    both = zip(headings, wanted, strict=True)
    return [f"{words}\nfor {name}" for words, name in both], None
