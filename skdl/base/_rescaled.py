"""Weights that compute the same in other units of X or of y."""

import numpy as np


def with_inputs(layout, weights, before, now):
    """Weights for rows that are scaled in another way.

    Parameters
    ----------
    layout : Layout
        Of a network that begins with a dense layer.
    weights : Weights
        For inputs scaled as before.
    before, now : Inputs
        Both ways, with means and scales.

    Returns
    -------
    Weights
        For inputs scaled as now.
    """
    scale = _scale_before(before, now)
    kernel, bias, *others = layout.split(weights.trainable)
    moved = ((now.mean - before.mean) / scale) @ kernel.astype(np.float64)
    kernel = kernel * (now.scale / scale)[:, np.newaxis]
    return weights._replace(trainable=layout.join([kernel, bias + moved, *others]))


def with_targets(layout, weights, before, now):
    """Weights for targets that are scaled in another way.

    Parameters
    ----------
    layout : Layout
        Of a network that ends with a dense layer named "outputs".
    weights : Weights
        For targets scaled as before.
    before, now : NumericTargets or StepTargets
        Both ways.

    Returns
    -------
    Weights
        For targets scaled as now.
    """
    scale = _scale_before(before, now)
    *others, kernel, bias = layout.split(weights.trainable)
    kernel = kernel * (scale / now.scale)
    bias = (bias * scale + (before.mean - now.mean)) / now.scale
    return weights._replace(trainable=layout.join([*others, kernel, bias]))


def _scale_before(before, now):
    """The scale of before; that of now for columns that were constant.

    They had 1 in place of a scale, and their weights have seen no difference: in other
    units these would be as much too large or too small.
    """
    constant = (before.scale == 1) & (before.variance < 0.5)
    return np.where(constant, now.scale, before.scale)
