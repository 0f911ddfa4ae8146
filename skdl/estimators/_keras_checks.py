"""Checks of what the estimators around a user's Keras model are given."""

from numbers import Integral, Real

import numpy as np

from skdl._keras import keras
from skdl._validation import (
    Interval,
    Options,
    check_network_inputs,
    check_network_targets,
    check_same_length,
    plain_weights,
    validate_parameter_constraints,
)

_BATCH = [None, Options(Integral, {-1}), Interval(Integral, 1, None, closed="left")]
_CONSTRAINTS = {
    "batch_size": _BATCH,
    "validation_batch_size": _BATCH,
    "epochs": [Interval(Integral, 0, None, closed="left")],
    "initial_epoch": [Interval(Integral, 0, None, closed="left")],
    "validation_split": [Interval(Real, 0, 1, closed="left")],
    "random_state": ["random_state"],
    "warm_start": ["boolean"],
    "run_eagerly": ["boolean"],
}


class KerasChecks:
    """The part of `BaseWrapper` that looks at X, y and weights."""

    _needs_targets = False

    def _check_parameters(self, **given):
        """Complain about what is not a number of rows, epochs and so on."""
        params = {**self.get_params(deep=False), **given}
        constraints = {
            prefix + name: constraint
            for name, constraint in _CONSTRAINTS.items()
            for prefix in ("", "fit__", "predict__")
        }
        validate_parameter_constraints(constraints, params, type(self).__name__)

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        if reset:
            self._require_targets(y)
        if X is not None:
            X = self._checked_inputs(X, reset)
        if y is not None:
            y = self._checked_targets(y, reset, y_numeric)
        if X is not None and y is not None:
            check_same_length(X, y)
        return X, y

    def _require_targets(self, y):
        if y is None and self._needs_targets:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None. Give one target for each row of X."
            )

    def _checked_inputs(self, X, reset):
        n_axes = getattr(X, "ndim", 1)
        if not reset and n_axes > 1 and n_axes != len(self.X_shape_):
            raise ValueError(
                f"X has {n_axes} dimensions, but this {type(self).__name__} is "
                f"expecting {len(self.X_shape_)} dimensions in X, as in fit. Reshape X."
            )
        X = check_network_inputs(self, X, reset=reset)
        if reset:
            self.X_dtype_, self.X_shape_ = X.dtype, X.shape
            return X
        _check_kind("X", X.dtype, self.X_dtype_)
        if X.shape[1:] != self.X_shape_[1:]:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} is "
                f"expecting X of shape {self.X_shape_[1:]}, as in fit. Reshape X."
            )
        return X

    def _checked_targets(self, y, reset, numeric):
        y = check_network_targets(self, y, numeric=numeric)
        if reset:
            self.target_type_ = self._type_of_target(y)
            self.y_dtype_, self.y_ndim_, self.y_shape_ = y.dtype, y.ndim, y.shape
            return y
        _check_kind("y", y.dtype, self.y_dtype_)
        if y.ndim != self.y_ndim_:
            raise ValueError(
                f"y has {y.ndim} dimensions, but this {type(self).__name__} is "
                f"expecting {self.y_ndim_} dimensions in y, as in fit. Reshape y."
            )
        return y

    def _in_form(self, y):
        """A column as the vector that fit saw, and the other way round.

        To scores both are the same.
        """
        shape = np.shape(y)
        if len(shape) == 2 and shape[1] == 1 and self.y_ndim_ == 1:
            return np.ravel(y)
        if len(shape) == 1 and self.y_shape_[1:] == (1,):
            return np.reshape(y, (-1, 1))
        return y

    @staticmethod
    def _validate_sample_weight(X, y, sample_weight):
        weight = plain_weights(sample_weight, X, dtype=keras.config.floatx())
        kept = np.flatnonzero(weight)
        if not len(kept):
            raise ValueError(
                f"For all {len(weight)} rows, only zeros were passed in sample_weight: "
                "no training samples had any weight. Give at least one a positive one."
            )
        if len(kept) == len(weight):
            return X, y, weight
        return X[kept], None if y is None else y[kept], weight[kept]


def _check_kind(name, now, before):
    """Numbers of another width will do, but not other numbers or labels."""
    text = "OUST"  # of which an array may hold one in the place of another
    if now.kind in text and before.kind in text:
        return
    if not np.can_cast(now, before, casting="same_kind"):
        raise ValueError(
            f"Got {name} with dtype {now}, but fit saw dtype {before}, and casting "
            f"from {now} to {before} is not safe. Pass {name} of the same kind, or fit "
            f"with {now}."
        )
