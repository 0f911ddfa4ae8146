"""The widths of hidden layers that a parameter stands for."""

import numbers

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
    units = hidden_units
    units = tuple(units) if isinstance(units, (tuple, list)) else (units,)
    for width in units:
        whole = isinstance(width, numbers.Integral) and not isinstance(width, bool)
        if not whole or width < 1:
            raise ValueError(
                f"hidden_units={hidden_units!r} must be whole numbers of at least 1, "
                "one for each hidden layer, or a Pyramid."
            )
    return tuple(int(width) for width in units)
