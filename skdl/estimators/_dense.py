"""Dense networks for classification and regression."""

import numbers
from dataclasses import dataclass
from typing import ClassVar

from skdl._validation import check_one_or_per_layer
from skdl.base import NeuralClassifier, NeuralRegressor
from skdl.estimators._pyramid import Pyramid


@dataclass(kw_only=True, eq=False, repr=False)
class _DenseNetwork:
    """The parameters of a dense network, and the network that they make."""

    hidden_units: object = (100,)
    activation: str = "relu"
    dropout: float | tuple = 0.0
    batch_norm: bool = False
    l1: float | tuple = 0.0
    l2: float | tuple = 0.0
    activity_l1: float | tuple = 0.0
    activity_l2: float | tuple = 0.0

    _dense_constraints: ClassVar[dict] = {
        "hidden_units": "no_validation",
        "activation": [str],
        "dropout": "no_validation",
        "batch_norm": ["boolean"],
        "l1": "no_validation",
        "l2": "no_validation",
        "activity_l1": "no_validation",
        "activity_l2": "no_validation",
    }

    def _widths(self):
        if isinstance(self.hidden_units, Pyramid):
            return self.hidden_units.layers()
        units = self.hidden_units
        units = tuple(units) if isinstance(units, (tuple, list)) else (units,)
        for width in units:
            if not isinstance(width, numbers.Integral) or width < 1:
                raise ValueError(
                    f"hidden_units={self.hidden_units!r} must be whole numbers of at "
                    "least 1, one for each hidden layer, or a Pyramid."
                )
        return tuple(int(width) for width in units)

    def _network(self, input_shape, n_outputs):
        from skdl.networks import dense_network
        from skdl.training._program import network_spec

        check_one_or_per_layer("dropout", self.dropout, below=1)
        for name in ("l1", "l2", "activity_l1", "activity_l2"):
            check_one_or_per_layer(name, getattr(self, name))
        return network_spec(
            dense_network,
            input_shape,
            n_outputs,
            dtype=self.dtype,
            hidden_units=self._widths(),
            activation=self.activation,
            dropout=self.dropout,
            batch_norm=bool(self.batch_norm),
            l1=self.l1,
            l2=self.l2,
            activity_l1=self.activity_l1,
            activity_l2=self.activity_l2,
        )

    def _rows_are_independent(self):
        mixing = (self.dropout, self.batch_norm, self.activity_l1, self.activity_l2)
        return not any(any(v) if isinstance(v, (tuple, list)) else v for v in mixing)


@dataclass(kw_only=True, eq=False, repr=False)
class DenseClassifier(_DenseNetwork, NeuralClassifier):
    """A dense network that classifies."""

    _parameter_constraints: ClassVar[dict] = {
        **NeuralClassifier._parameter_constraints,
        **_DenseNetwork._dense_constraints,
    }


@dataclass(kw_only=True, eq=False, repr=False)
class DenseRegressor(_DenseNetwork, NeuralRegressor):
    """A dense network that predicts numbers."""

    _parameter_constraints: ClassVar[dict] = {
        **NeuralRegressor._parameter_constraints,
        **_DenseNetwork._dense_constraints,
    }
