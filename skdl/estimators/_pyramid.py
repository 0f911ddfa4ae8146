"""Hidden layers that become narrower by a constant factor."""

import numbers
from dataclasses import dataclass

from sklearn.base import BaseEstimator


@dataclass(eq=False, repr=False)
class Pyramid(BaseEstimator):
    """Widths of hidden layers by four numbers, made for searches.

    The first layer has ``neuron_pct * max_units`` units; each next one is
    `neuron_shrink` times as wide, until a layer would be narrower than `min_units` or
    there are `max_layers`. The fields are nested parameters of the estimator:
    ``hidden_units__neuron_shrink``.

    Parameters
    ----------
    neuron_pct : float, default=0.1
        Share of `max_units` in the first layer, above 0 and up to 1.
    neuron_shrink : float, default=0.5
        Width of a layer relative to the one before, above 0 and up to 1. With 1 all
        layers are equally wide, and `max_layers` decides how many there are.
    max_units : int, default=1000
        Width that ``neuron_pct=1`` stands for.
    min_units : int, default=20
        A layer with fewer units is not added; the first one is always there.
    max_layers : int, default=10
        Most layers.

    See Also
    --------
    skdl.DenseClassifier : Takes it as `hidden_units`.

    Examples
    --------
    >>> from skdl import Pyramid
    >>> Pyramid(neuron_pct=0.2, neuron_shrink=0.5, max_units=1000).layers()
    (200, 100, 50, 25)
    """

    neuron_pct: float = 0.1
    neuron_shrink: float = 0.5
    max_units: int = 1000
    min_units: int = 20
    max_layers: int = 10

    def layers(self):
        """The width of every hidden layer.

        Returns
        -------
        tuple of int
            From the first hidden layer to the last.

        Raises
        ------
        ValueError
            If a field is out of its range.
        """
        for name in ("neuron_pct", "neuron_shrink"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not 0 < value <= 1:
                raise ValueError(
                    f"{name}={value!r} of Pyramid must be a number above 0 and up to 1."
                )
        for name in ("max_units", "min_units", "max_layers"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(
                    f"{name}={value!r} of Pyramid must be a whole number of at least 1."
                )
        rounding = 1e-9  # 0.29 * 100 is 28.999999999999996
        width = self.neuron_pct * self.max_units
        widths = [max(1, int(width + rounding))]
        while len(widths) < self.max_layers:
            width *= self.neuron_shrink
            if width + rounding < self.min_units:
                break
            widths.append(int(width + rounding))
        return tuple(widths)
