"""A user's function or Keras loss, comparable by what it computes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MethodType

import keras


def _state(function):
    """Return what makes two functions the same.

    `sklearn.base.clone` deep-copies the parameters of an estimator, and copies of a
    Keras loss or of a partial are not equal; their contents are. Taken when the loss
    is wrapped, so that a Keras loss changed afterwards counts as another one.
    """
    if isinstance(function, partial):
        return _state(function.func), function.args, function.keywords
    if isinstance(function, MethodType):
        return function.__func__, _state(function.__self__)
    if isinstance(function, keras.losses.Loss):
        # Keras counts its names up: huber, huber_1, ...
        fields = {k: v for k, v in vars(function).items() if k != "name"}
        return type(function), fields
    return function


@dataclass(frozen=True, eq=False)
class UserLoss:
    """A function `(y_true, y_pred)` or a Keras loss, with value equality."""

    function: Callable

    def __post_init__(self):
        if isinstance(self.function, type) or not callable(self.function):
            raise ValueError(
                f"function={self.function!r} of {type(self).__name__} has to be a "
                "function (y_true, y_pred) or an instance of keras.losses.Loss; "
                "construct the loss first if this is a class."
            )
        object.__setattr__(self, "_state", _state(self.function))

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        try:
            return self._state == other._state
        except (TypeError, ValueError):  # fields that are arrays
            return False

    def __hash__(self):
        return hash((type(self), type(self.function)))  # a function may have no hash

    def _rows(self, y_true, y_pred):
        # A keras.losses.Loss averages over the batch when called, not in its `call`.
        is_keras = isinstance(self.function, keras.losses.Loss)
        function = self.function.call if is_keras else self.function
        try:
            return function(y_true, y_pred)
        except Exception as error:
            raise ValueError(
                f"The loss {self.function!r} failed: {type(error).__name__}: {error} "
                "Write it with keras.ops, for tensors y_true and y_pred of shape "
                "(batch, ...)."
            ) from error
