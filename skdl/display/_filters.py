"""The kernels of a network's first convolution as small pictures."""

import math

import numpy as np

from skdl._splits import last_step
from skdl.base._convolutions import first_convolution
from skdl.display._panels import check_count
from skdl.display._pyplot import pyplot_for

GAP = 0.15  # of a kernel's size, between two of them


class FiltersDisplay:
    """What the first convolution of a network looks for.

    Each square is the kernel of one filter, in the order of the layer's channels.
    Kernels on grey images are drawn in grey: black and white are the largest weight of
    either sign, and the grey between them is zero. Kernels on colour images are drawn
    in colour in the same way, so that a colour away from grey is a colour the filter
    reacts to.

    Make one by `from_estimator`.

    Parameters
    ----------
    kernels : ndarray of shape (height, width, channels, n_filters)
        Of the convolution.
    layer : str or None, default=None
        The convolution's name.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where all kernels are.
    image_ : matplotlib.image.AxesImage
        All kernels, as one image with gaps.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        The scale of grey kernels, if they have one in common.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    GradCAMDisplay : Where a network looks.

    Notes
    -----
    Kernels with three channels are drawn as red, green and blue; of four, as images
    with opacity have, the first three. For other numbers of channels, the mean over
    the channels is drawn in grey.

    The networks of skdl subtract each channel's mean and divide by its standard
    deviation before the first convolution; kernels act on such values.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a window
    >>> from sklearn.datasets import load_digits
    >>> from skdl import CNNClassifier
    >>> from skdl.display import FiltersDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> net = CNNClassifier(filters=(8,), hidden_units=(), epochs=2, random_state=0)
    >>> display = FiltersDisplay.from_estimator(net.fit(X[:200], y[:200]))
    >>> display.kernels.shape
    (3, 3, 1, 8)
    """

    def __init__(self, kernels, *, layer=None):
        self.kernels = kernels
        self.layer = layer

    @classmethod
    def from_estimator(cls, estimator, **kwargs):
        """Draw the kernels of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted network of skdl with convolutions, or a pipeline that ends in one.
        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        FiltersDisplay
            Drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If its network has no convolution of the kind of ``keras.layers.Conv2D``.
        ImportError
            If matplotlib is missing.
        """
        pyplot_for("FiltersDisplay.from_estimator")
        layer = first_convolution(last_step(estimator))
        return cls(np.asarray(layer.kernel), layer=layer.name).plot(**kwargs)

    def plot(self, ax=None, *, n_columns=None, common_scale=True, imshow_kw=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        n_columns : int or None, default=None
            Kernels side by side; None makes about a square.
        common_scale : bool, default=True
            Whether all kernels have one scale, so that weak ones look weak. False gives
            each its own, which shows the pattern of weak ones too.
        imshow_kw : dict or None, default=None
            Passed to ``imshow``.

        Returns
        -------
        FiltersDisplay
            Itself.

        Raises
        ------
        ValueError
            If `n_columns` is no whole number of at least 1.
        ImportError
            If matplotlib is missing.
        """
        plt = pyplot_for("FiltersDisplay.plot")
        check_count(n_columns, "n_columns", or_none=True)
        pictures = _pictures(np.asarray(self.kernels, dtype=np.float64))
        n = len(pictures)
        n_columns = math.ceil(math.sqrt(n)) if n_columns is None else n_columns
        n_rows = math.ceil(n / n_columns)
        if ax is None:
            cell = min(0.9, 7.0 / n_columns)
            size = max(cell * n_columns, 2.6), max(cell * n_rows, 1.2) + 0.5
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure

        largest = np.abs(pictures).max(axis=None if common_scale else (1, 2, 3))
        largest = np.where(largest > 0, largest, 1.0)
        scaled = pictures / np.reshape(largest, (-1, 1, 1, 1))
        is_grey = pictures.shape[3] == 1
        style = {"interpolation": "nearest"}
        if is_grey:
            limit = float(largest) if common_scale else 1.0
            style |= {"cmap": "gray", "vmin": -limit, "vmax": limit}
            mosaic = _mosaic(scaled * limit, n_columns, np.nan)[..., 0]
        else:
            opaque = np.ones((*scaled.shape[:3], 1))
            colours = np.concatenate([(scaled + 1) / 2, opaque], axis=3)
            mosaic = _mosaic(colours, n_columns, 0.0)
        self.image_ = ax.imshow(mosaic, **style | (imshow_kw or {}))
        ax.set_axis_off()
        self.colorbar_ = None
        if is_grey and common_scale:
            self.colorbar_ = self.figure_.colorbar(self.image_, ax=ax, shrink=0.7)
            self.colorbar_.outline.set_visible(False)
            self.colorbar_.ax.tick_params(labelsize=8)
        height, width, n_channels, _ = self.kernels.shape
        name = f"{self.layer}: " if self.layer else ""
        ax.set_title(f"{name}{n} × ({height}, {width}, {n_channels})", fontsize=10)
        return self


def _pictures(kernels):
    """(height, width, channels, n) -> (n, height, width, 3) or (n, height, width, 1)"""
    n_channels = kernels.shape[2]
    pictures = np.moveaxis(kernels, 3, 0)
    if n_channels in (3, 4):
        return pictures[..., :3]
    return pictures.mean(axis=3, keepdims=True)


def _mosaic(pictures, n_columns, empty):
    """Pictures side by side as one, with gaps of a few pixels.

    Every pixel becomes several, as a gap is narrower than one.
    """
    n, height, width, n_channels = pictures.shape
    zoom = math.ceil(2 / (GAP * min(height, width)))
    gap = max(1, round(GAP * min(height, width) * zoom))
    pictures = pictures.repeat(zoom, axis=1).repeat(zoom, axis=2)
    down, right = height * zoom + gap, width * zoom + gap
    n_rows = math.ceil(n / n_columns)
    shape = n_rows * down - gap, min(n, n_columns) * right - gap, n_channels
    mosaic = np.full(shape, empty)
    for k, picture in enumerate(pictures):
        row, column = divmod(k, n_columns)
        top, left = row * down, column * right
        mosaic[top : top + height * zoom, left : left + width * zoom] = picture
    return mosaic
