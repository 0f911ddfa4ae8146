"""The convolutional network that the parameters of an estimator make."""

import math
from dataclasses import dataclass
from typing import ClassVar

from skdl._validation import StrOptions, check_one_or_per_layer
from skdl.estimators._images import Images
from skdl.estimators._sizes import filters_of, sizes
from skdl.estimators._widths import hidden_widths

FILTERS = (32, 64, 128, 256, 256)  # of "auto"


@dataclass(kw_only=True, eq=False, repr=False)
class CNNParameters:
    """The parameters of a convolutional network; last among the bases, so first."""

    filters: object = "auto"
    kernel_size: object = 3
    strides: object = 1
    padding: str = "same"
    pool_size: object = 2
    pooling: str | None = "auto"
    hidden_units: object = (128,)
    activation: str = "relu"
    dropout: float | tuple = 0.0
    batch_norm: bool = True
    l1: float | tuple = 0.0
    l2: float | tuple = 0.0
    activity_l1: float | tuple = 0.0
    activity_l2: float | tuple = 0.0

    _network_constraints: ClassVar[dict] = {
        "filters": "no_validation",
        "kernel_size": "no_validation",
        "strides": "no_validation",
        "padding": [StrOptions({"same", "valid"})],
        "pool_size": "no_validation",
        "pooling": [StrOptions({"auto", "pyramid", "global", "max", "average"}), None],
        "hidden_units": "no_validation",
        "activation": [str],
        "dropout": "no_validation",
        "batch_norm": ["boolean"],
        "l1": "no_validation",
        "l2": "no_validation",
        "activity_l1": "no_validation",
        "activity_l2": "no_validation",
    }


class CNN(Images):
    """The network that those parameters make."""

    _adam_rate = 0.002

    def _network(self, input_shape, n_outputs):
        from skdl.networks import cnn_network
        from skdl.training._program import network_spec

        check_one_or_per_layer("dropout", self.dropout, below=1)
        for name in ("l1", "l2", "activity_l1", "activity_l2"):
            check_one_or_per_layer(name, getattr(self, name))
        filters = self._blocks(input_shape)
        return network_spec(
            cnn_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            filters=filters,
            kernel_size=sizes("kernel_size", self.kernel_size, len(filters)),
            strides=sizes("strides", self.strides, len(filters)),
            padding=self.padding,
            pool_size=sizes("pool_size", self.pool_size, len(filters)),
            pooling=self.pooling,
            hidden_units=hidden_widths(self.hidden_units),
            activation=self.activation,
            dropout=self.dropout,
            batch_norm=bool(self.batch_norm),
            l1=self.l1,
            l2=self.l2,
            activity_l1=self.activity_l1,
            activity_l2=self.activity_l2,
        )

    def _blocks(self, input_shape):
        """The filters of every block."""
        if isinstance(self.filters, str) and self.filters == "auto":
            longer = max(input_shape[:2])
            return FILTERS[
                : min(max(math.ceil(math.log2(longer)) - 2, 2), len(FILTERS))
            ]
        return filters_of(self.filters)
