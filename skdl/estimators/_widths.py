"""The widths of layers that a parameter stands for."""

import numbers

import numpy as np

from skdl.estimators._pyramid import Pyramid


def hidden_widths(hidden_units):
    """Units of each hidden layer.

    Parameters
    ----------
    hidden_units : sequence of int, int or Pyramid
        The parameter of an estimator.

    Returns
    -------
    tuple of int
        One for each layer.

    Raises
    ------
    ValueError
        If one is no whole number of at least 1.
    """
    if isinstance(hidden_units, Pyramid):
        return hidden_units.layers()
    return widths("hidden_units", hidden_units, "hidden layer, or a Pyramid")


def widths(name, value, layer):
    """One whole number for each layer.

    Parameters
    ----------
    name : str
        The parameter.
    value : sequence of int, or int for one layer
        What the user gave.
    layer : str
        What a layer is called, for the message.

    Returns
    -------
    tuple of int
        One for each layer, as many as were given.

    Raises
    ------
    ValueError
        If one is no whole number of at least 1.
    """
    value = value.tolist() if isinstance(value, np.ndarray) else value
    result = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    for width in result:
        whole = isinstance(width, numbers.Integral) and not isinstance(width, bool)
        if not whole or width < 1:
            raise ValueError(
                f"{name}={value!r} must be whole numbers of at least 1, one for each "
                f"{layer}."
            )
    return tuple(int(width) for width in result)
