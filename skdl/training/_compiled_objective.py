"""The objective of a user's compiled model: its own loss, penalties and metrics."""

from dataclasses import dataclass
from typing import ClassVar

import keras
from keras import ops

from skdl.training._objective import Judgement, Objective, Value
from skdl.training._tensorflow import TRACING, as_input, forward


@dataclass(frozen=True)
class Compiled(Objective):
    """What ``Model.fit`` lowers for a compiled model, which is the player's network.

    The model itself is asked for its loss and its metrics, so that masks, reductions
    and metrics with a state are Keras's.

    Parameters
    ----------
    weighted : bool
        Whether the loss is given the weights of rows, as Keras has losses that make a
        difference of that.
    """

    weighted: bool
    as_keras: ClassVar[bool] = True

    def value(self, player, networks, batch, tools):
        """The loss of a batch with all penalties; metrics take note of it."""
        return Value(self._loss(networks[player], batch, training=True))

    def judge(self, networks, batch, tools):
        """The same without learning."""
        (network,) = networks.values()
        loss = self._loss(network, batch, training=False)
        return Judgement({"loss": ops.mean(ops.cast(loss, "float64"))})

    def _loss(self, network, batch, *, training):
        ((y, weight),) = batch.targets
        weight = weight if self.weighted else None

        def compute(model):
            outputs = forward(model, batch.X, training=training)
            loss = model.compute_loss(
                x=batch.X, y=y, y_pred=outputs, sample_weight=weight, training=training
            )
            model.compute_metrics(batch.X, y, outputs, sample_weight=weight)
            return loss

        return network.within(compute, training=training)

    def check(self, models, key):
        """Let Keras complain about shapes that do not suit the loss."""
        (model,) = models.values()
        with TRACING:
            model._symbolic_build(data_batch=symbols(model, key))

    def weight_dtype(self, dtype):
        """Keras's own, whatever the model computes in."""
        return keras.config.floatx()

    def keras_metrics(self, models):
        """Those of the model."""
        (model,) = models.values()
        return metrics_of(model)


def symbols(model, key):
    """What stands for a batch where a model is built.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    key : ProgramKey
        Shapes and dtypes, and whether the loss is given weights.

    Returns
    -------
    X, y, weight : tuple of KerasTensor
        In the form in which the model takes X; the weight may be None.
    """
    X = keras.KerasTensor((None, *key.row_shape), key.dtype)
    y = keras.KerasTensor((None, *key.y_shape), key.y_dtype)
    weight = None
    if key.objective.weighted:
        weight = keras.KerasTensor((None,), keras.config.floatx())
    return as_input(model, X), y, weight


def metrics_of(model):
    """The metrics of a compiled model, but for the mean of its loss.

    Parameters
    ----------
    model : keras.Model
        Compiled.

    Returns
    -------
    list of keras.metrics.Metric
    """
    return [metric for metric in model.metrics if metric is not model._loss_tracker]
