"""Grad-CAM: where in an image a network finds reasons for an output."""

from numbers import Integral

import numpy as np
from sklearn.base import is_classifier

from skdl._inputs import row_blocks
from skdl._targets._labels import plain
from skdl.base._convolutions import maps_of_layers
from skdl.base._estimator import PREDICT_BYTES


def grad_cam(estimator, X, *, target=None, layer=None):
    """Heat maps of gradient-weighted class activation.

    The map of an image is ``relu(sum_k a_k A_k)``, where ``A_k`` is the k-th channel of
    a layer's output and ``a_k`` the mean over all positions of the gradient of the
    target's raw output (before softmax or sigmoid) with respect to ``A_k``.

    Parameters
    ----------
    estimator : NeuralEstimator
        A fitted network with convolutions.
    X : array-like of shape (n_images, ...)
        As for ``predict``.
    target : label, int, array-like of shape (n_images,) or None, default=None
        The class, or the column of y; one for all images or one for each. None takes
        the predicted class, or the only column.
    layer : str or None, default=None
        A layer's name; None takes the last one before pooling and dense layers.

    Returns
    -------
    maps : ndarray of shape (n_images, height, width)
        Of the layer's height and width, at least 0.
    layer : str
        The layer's name.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the network has no convolution.
    ValueError
        If there is no such layer or target.

    References
    ----------
    Selvaraju, R. R., Cogswell, M., Das, A., Vedantam, R., Parikh, D., & Batra, D.
    (2017). Grad-CAM: visual explanations from deep networks via gradient-based
    localization. ICCV.
    """
    network, names, last = maps_of_layers(estimator)
    layer = last if layer is None else layer
    if layer not in names:
        raise ValueError(
            f"layer={layer!r} has no maps of features. Choose one of: "
            f"{', '.join(names)}."
        )
    from skdl.training._tensorflow import InnerGradient

    X = estimator._check_inputs(X, reset=False)
    columns, signs = _chosen(estimator, target, len(X))
    inner = InnerGradient(network, layer)
    maps = []
    for rows in row_blocks(X, PREDICT_BYTES, estimator._inputs.shape):
        part = estimator._inputs.transform(X[rows])
        raw = estimator._trained(part)
        coefficients = np.zeros_like(raw)
        every = np.arange(len(raw))
        if columns is not None:
            coefficients[every, columns[rows]] = signs[rows]
        elif raw.shape[1] == 1 and len(estimator.classes_) == 2:
            coefficients[:, 0] = np.where(raw[:, 0] > 0, 1, -1)
        else:
            coefficients[every, raw.argmax(axis=1)] = 1
        maps += [_weighted(*results) for results in inner(part, coefficients)]
    return np.concatenate(maps), layer


def _weighted(activations, gradient):
    """The activations' channels, weighted by the mean gradient of each; (n, h, w)."""
    weights = gradient.mean(axis=(1, 2), dtype=np.float64)
    return np.maximum(np.einsum("nhwk,nk->nhw", activations, weights), 0)


def _chosen(estimator, target, n):
    """For each image the output's column and its sign; None for what is predicted."""
    n_outputs = estimator._targets.n_outputs
    if is_classifier(estimator):
        if target is None:
            return None, None
        labels = _for_each(target, n)
        classes = estimator.classes_.tolist()
        unknown = [label for label in labels if label not in classes]
        if unknown:
            raise ValueError(
                f"target={unknown[0]!r} is not among the classes {classes!r}. Choose "
                "one of them, or None for the predicted class."
            )
        index = np.array([classes.index(label) for label in labels])
        if n_outputs == 1 and len(classes) == 2:
            return np.zeros(n, int), np.where(index == 1, 1, -1)
        return index, np.ones(n)
    if target is None and n_outputs == 1:
        target = 0
    columns = _for_each(target, n)
    for column in columns:
        if not isinstance(column, Integral) or not 0 <= column < n_outputs:
            raise ValueError(
                f"target={column!r} is no column of y. Choose one, from 0 to "
                f"{n_outputs - 1}."
            )
    return np.array(columns), np.ones(n)


def _for_each(target, n):
    """One target for each image, as Python writes it."""
    if np.ndim(target) == 0:
        return [plain(target)] * n
    if np.shape(target) != (n,):
        raise ValueError(
            f"target has shape {np.shape(target)}, but there are {n} images. Give one "
            "target for all of them, or one for each."
        )
    return [plain(value) for value in np.asarray(target)]
