"""A loss of every step of a sequence, as one value for the sequence."""

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops


@dataclass(frozen=True)
class PerStep:
    """The weighted mean over steps of a loss, or of another quantity of each step.

    Called as ``PerStep(function)(y_true, y_pred)``, where `y_true` has for each step
    the target as numbers and, last of all, the weight of the step, which is 0 for
    padding.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred) -> (batch,)``, such as a loss, equal by value.
    indices : bool, default=False
        Whether the target is a class index, of shape (batch,) for `function`.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import PerStep, SquaredError
    >>> y = np.array([[[1.0, 1.0], [2.0, 1.0], [0.0, 0.0]]])  # two steps and padding
    >>> np.asarray(PerStep(SquaredError())(y, np.zeros((1, 3, 1))), "d")
    array([2.5])
    """

    function: Callable
    indices: bool = False

    def __call__(self, y_true, y_pred):
        """One value for each sequence.

        Parameters
        ----------
        y_true : tensor of shape (batch, n_steps, n_targets + 1)
            Targets and weights of steps.
        y_pred : tensor of shape (batch, n_steps, n_outputs)
            Outputs of the network.

        Returns
        -------
        tensor of shape (batch,)
            Means over steps.
        """
        target, weight = y_true[..., :-1], y_true[..., -1]
        n_outputs, n_targets = y_pred.shape[-1], target.shape[-1]
        if self.indices:
            target = ops.cast(ops.reshape(target, (-1,)), "int32")
        else:
            target = ops.reshape(target, (-1, n_targets))
        values = self.function(target, ops.reshape(y_pred, (-1, n_outputs)))
        if len(values.shape) != 1:
            raise ValueError(
                f"{self.function!r} returned values of shape {tuple(values.shape)} for "
                "the steps of sequences; one value per step is needed, of shape "
                "(batch,). Take means over the last axis: keras.ops.mean(..., axis=-1)."
            )
        values = ops.reshape(values, ops.shape(weight)) * ops.cast(weight, values.dtype)
        total = ops.maximum(ops.sum(weight, axis=1), 1e-30)
        return ops.sum(values, axis=1) / ops.cast(total, values.dtype)
