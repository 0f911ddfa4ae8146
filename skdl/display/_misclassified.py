"""The images that a classifier gets wrong."""

import reprlib

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d

from skdl._targets._labels import plain
from skdl._validation import indexable_rows, rows_of, tags_of
from skdl.display._names import label_names
from skdl.display._panels import check_count, heading, picture_axes, write_title
from skdl.display._pictures import drawable, fitted_images, images_of_rows, refuse_one
from skdl.display._pyplot import pyplot_for


class MisclassifiedDisplay:
    """Images that were misclassified, the most confident mistakes first.

    Above each image stands its label, an arrow, what it was taken for, and the
    probability that the classifier gave to that. Mistakes are ordered by this
    probability, as the surest ones tell most: wrong labels in the data, classes that
    look alike, images unlike the training data. Without probabilities they stay in
    the order of the rows.

    Make one by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, channels)
        Those to draw; uint8, or numbers of any range, see Notes.
    true_names, predicted_names : list of str
        What they are, and what they were taken for.
    probabilities : ndarray of shape (n_images,) or None, default=None
        Of what they were taken for.
    rows : ndarray of shape (n_images,) or None, default=None
        Their row numbers in X.
    n_misclassified, n_samples : int or None, default=None
        How many were misclassified of how many.

    Attributes
    ----------
    axes_ : ndarray of shape (n_images,)
        The Axes of each image.
    images_ : list of matplotlib.image.AxesImage
        The drawn images.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    GradCAMDisplay : Where a network looks.
    sklearn.metrics.ConfusionMatrixDisplay : Which classes are taken for which.

    Notes
    -----
    Images of uint8 are drawn as they are. For all other numbers, black is the smallest
    and white the largest value of the images shown, one scale for all of them, so that
    they can be compared. One channel is drawn in grey, three as red, green and blue,
    four with opacity; for other numbers of channels their mean is drawn.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdl.display import MisclassifiedDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression().fit(X[:500] / 16, y[:500])
    >>> display = MisclassifiedDisplay.from_estimator(
    ...     model, X[500:1000] / 16, y[500:1000], n_images=4
    ... )
    >>> display.axes_[0].get_title()
    '3 → 9 (0.84)'
    """

    def __init__(
        self,
        images,
        true_names,
        predicted_names,
        *,
        probabilities=None,
        rows=None,
        n_misclassified=None,
        n_samples=None,
    ):
        self.images = images
        self.true_names = true_names
        self.predicted_names = predicted_names
        self.probabilities = probabilities
        self.rows = rows
        self.n_misclassified = n_misclassified
        self.n_samples = n_samples

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        n_images=16,
        target_names=None,
        image_shape=None,
        image_size=None,
        **kwargs,
    ):
        """Predict, and draw what is wrong.

        Parameters
        ----------
        estimator : estimator
            Any fitted classifier or pipeline, of skdl or not.
        X : array-like, DataFrame or sparse matrix of shape (n_samples, ...)
            Images of shape (n_samples, height, width) or (n_samples, height, width,
            channels), flat rows, or paths of image files. Of a pipeline, what goes
            into its first step is drawn.
        y : array-like of shape (n_samples,)
            Labels.
        n_images : int, default=16
            At most so many are drawn.
        target_names : sequence of str, dict or None, default=None
            Names of the classes in the order of ``estimator.classes_``; None writes
            the labels.
        image_shape : tuple of int, int or None, default=None
            Shape of the image in a flat row, ``(height, width)`` or ``(height, width,
            channels)``. None takes the estimator's ``image_shape_``, else grey squares.
        image_size : tuple of int, int or None, default=None
            Height and width at which files are read, only those that are drawn. None
            takes the estimator's, else 128 x 128.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        MisclassifiedDisplay
            Drawn.

        Raises
        ------
        ValueError
            If data and parameters do not fit together.
        TypeError
            If the estimator is no classifier.
        ImportError
            If matplotlib is missing; this is checked before anything is predicted.
        """
        pyplot_for("MisclassifiedDisplay.from_estimator")
        if tags_of(estimator).estimator_type == "regressor":
            raise TypeError(
                f"{type(estimator).__name__} is a regressor, and numbers are not "
                "misclassified. Pass a classifier."
            )
        refuse_one(estimator, X)
        X, y = indexable_rows(X, y, "MisclassifiedDisplay.from_estimator")
        y_true, y_pred = _labels(y, "y"), _labels(estimator.predict(X), "predict(X)")
        classes = getattr(estimator, "classes_", None)
        _refuse_other_type(y_true, y_pred if classes is None else classes, "y")
        wrong = np.flatnonzero(y_true != y_pred)
        probabilities = None
        if len(wrong) and classes is not None and hasattr(estimator, "predict_proba"):
            some, _ = rows_of(BaseEstimator(), X, None, wrong)
            proba = estimator.predict_proba(some)
            probabilities = _of_predicted(proba, y_pred[wrong], classes)
        return cls._of_rows(
            X,
            y_true,
            y_pred,
            wrong,
            probabilities,
            classes,
            n_images=n_images,
            target_names=target_names,
            image_shape=image_shape,
            image_size=image_size,
            **fitted_images(estimator),
        ).plot(**kwargs)

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_pred,
        *,
        y_proba=None,
        labels=None,
        n_images=16,
        target_names=None,
        image_shape=None,
        image_size=None,
        **kwargs,
    ):
        """Draw what is wrong in predictions that are there already.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, ...)
            Images, flat rows or paths, as in `from_estimator`.
        y_true, y_pred : array-like of shape (n_samples,)
            Labels, and predicted labels.
        y_proba : array-like of shape (n_samples, n_classes) or None, default=None
            What ``predict_proba`` returned.
        labels : array-like of shape (n_classes,) or None, default=None
            The class of each column of `y_proba` and of each name; None takes all that
            occur in `y_true` and `y_pred`, sorted.
        n_images : int, default=16
            At most so many are drawn.
        target_names : sequence of str, dict or None, default=None
            Names of the classes in the order of `labels`; None writes the labels.
        image_shape : tuple of int, int or None, default=None
            Shape of the image in a flat row; None takes grey squares.
        image_size : tuple of int, int or None, default=None
            Height and width at which files are read; None is 128 x 128.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        MisclassifiedDisplay
            Drawn.

        Raises
        ------
        ValueError
            If data and parameters do not fit together.
        ImportError
            If matplotlib is missing.
        """
        X, y_true = indexable_rows(X, y_true, "MisclassifiedDisplay.from_predictions")
        y_true, y_pred = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
        if len(y_true) != len(y_pred):
            raise ValueError(
                f"y_true has {len(y_true)} labels, but y_pred has {len(y_pred)}. Give "
                "one of each for each image."
            )
        _refuse_other_type(y_true, y_pred, "y_true")
        if labels is not None:
            _refuse_other_type(y_true, labels, "y_true")
        wrong = np.flatnonzero(y_true != y_pred)
        if labels is None:
            labels = np.unique(np.concatenate([y_true, y_pred]))
        probabilities = None
        if y_proba is not None:
            y_proba = np.asarray(y_proba)
            if y_proba.shape != (len(y_true), len(labels)):
                raise ValueError(
                    f"y_proba has shape {y_proba.shape}, but ({len(y_true)}, "
                    f"{len(labels)}) is needed, a column for each of the labels "
                    f"{list(labels)!r}. Pass what predict_proba returned, and "
                    "labels=estimator.classes_."
                )
            probabilities = _of_predicted(y_proba[wrong], y_pred[wrong], labels)
        return cls._of_rows(
            X,
            y_true,
            y_pred,
            wrong,
            probabilities,
            labels,
            n_images=n_images,
            target_names=target_names,
            image_shape=image_shape,
            image_size=image_size,
        ).plot(**kwargs)

    @classmethod
    def _of_rows(
        cls,
        X,
        y_true,
        y_pred,
        wrong,
        probabilities,
        classes,
        *,
        n_images,
        target_names,
        **images,
    ):
        """The first of the wrong rows by their probability."""
        check_count(n_images, "n_images")
        n_wrong = len(wrong)
        if probabilities is not None:
            order = np.argsort(-probabilities, kind="stable")[:n_images]
            wrong, probabilities = wrong[order], probabilities[order]
        wrong = wrong[:n_images]
        if classes is None:
            classes = np.unique(np.concatenate([y_true, y_pred]))
        shown = (
            images_of_rows(X, wrong, **images) if n_wrong else np.empty((0, 1, 1, 1))
        )
        return cls(
            shown,
            label_names(y_true[wrong], classes, target_names),
            label_names(y_pred[wrong], classes, target_names),
            probabilities=probabilities,
            rows=wrong,
            n_misclassified=n_wrong,
            n_samples=len(y_true),
        )

    def plot(self, ax=None, *, imshow_kw=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, array-like of them, or None, default=None
            A single one gives its place to a grid of images; several take one image
            each. None makes a figure.
        imshow_kw : dict or None, default=None
            Passed to ``imshow``.

        Returns
        -------
        MisclassifiedDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are fewer axes than images.
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("MisclassifiedDisplay.plot")
        n = len(self.images)
        probabilities = [None] * n if self.probabilities is None else self.probabilities
        headings = list(
            map(heading, self.true_names, self.predicted_names, probabilities)
        )
        height, width = self.images.shape[1:3]
        self.figure_, axes = picture_axes(
            plt,
            ax,
            max(n, 1),
            aspect=height / width if n else 0.5,
            n_lines=1 + any("\n" in words for words in headings),
        )
        self.axes_, self.images_ = axes[:n], []
        if ax is None:
            write_title(self.figure_, self._title())
        if not n:
            axes[0].set_axis_off()
            words = "No image is misclassified."
            axes[0].text(0.5, 0.5, words, ha="center", va="center", fontsize=10)
            return self
        style = {"cmap": "gray", "vmin": 0, "vmax": 1} | (imshow_kw or {})
        rows = zip(axes, drawable(self.images), headings, strict=True)
        for one, image, words in rows:
            self.images_.append(one.imshow(image, **style))
            one.set_title(words, fontsize=9, parse_math=False)
        return self

    def _title(self):
        known = "" if self.probabilities is None else " (probability)"
        meaning = f"true → predicted{known}" if len(self.images) else ""
        if self.n_misclassified is None:
            return meaning
        count = f"{self.n_misclassified} of {self.n_samples} misclassified"
        return f"{count}: {meaning}" if meaning else count


def _labels(y, name):
    y = np.asarray(y)
    if y.ndim > 1 and y.shape != (len(y), 1):
        raise ValueError(
            f"{name} has shape {y.shape}, but one label for each image is needed. Take "
            "one column of it."
        )
    return column_or_1d(y)


def _refuse_other_type(y, known, name):
    """Refuse text where labels are numbers, and the other way round."""
    labels, known = set(map(plain, y)), set(map(plain, known))
    types = [{isinstance(v, str) for v in values} for values in (labels, known)]
    if labels and known and labels.isdisjoint(known) and types[0].isdisjoint(types[1]):
        some = reprlib.repr(sorted(known, key=str))
        raise ValueError(
            f"{name} holds {plain(y[0])!r}, but the classifier knows {some}. Give "
            "labels as in fit; for names, use target_names."
        )


def _of_predicted(proba, y_pred, classes):
    """The probability of each predicted label."""
    columns = {label: k for k, label in enumerate(np.asarray(classes).tolist())}
    labels = y_pred.tolist()
    unknown = [label for label in labels if label not in columns]
    if unknown:
        raise ValueError(
            f"y_pred holds {unknown[0]!r}, which is not among the labels "
            f"{list(columns)!r}. Give labels, one for each column of y_proba."
        )
    return proba[np.arange(len(proba)), [columns[label] for label in labels]]
