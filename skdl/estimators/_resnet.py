"""The residual network that the parameters of an estimator make."""

import numbers
from dataclasses import dataclass
from typing import ClassVar

from skdl._validation import Interval, StrOptions, non_negative
from skdl.estimators._images import Images


@dataclass(kw_only=True, eq=False, repr=False)
class ResNetParameters:
    """The parameters of a residual network; last among the bases, so first in order."""

    depth: int = 20
    version: int = 1
    width: float = 1
    shortcut: str | None = "identity"
    activation: str = "relu"
    dropout: float = 0.0
    stochastic_depth: float = 0.0
    l2: float = 0.0

    _network_constraints: ClassVar[dict] = {
        "depth": [Interval(numbers.Integral, 8, None, closed="left")],
        "version": [Interval(numbers.Integral, 1, 2, closed="both")],
        "width": [Interval(numbers.Real, 0, None, closed="neither")],
        "shortcut": [StrOptions({"identity", "projection"}), None],
        "activation": [str],
        "dropout": [Interval(numbers.Real, 0, 1, closed="left")],
        "stochastic_depth": [Interval(numbers.Real, 0, 1, closed="left")],
        "l2": [non_negative()],
    }


class ResNet(Images):
    """The network that those parameters make."""

    _adam_rate = 0.005

    def _network(self, input_shape, n_outputs):
        from skdl.networks import resnet_network
        from skdl.training._program import network_spec

        return network_spec(
            resnet_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            depth=self.depth,
            version=self.version,
            width=self.width,
            shortcut=self.shortcut,
            activation=self.activation,
            dropout=self.dropout,
            stochastic_depth=self.stochastic_depth,
            l2=self.l2,
        )
