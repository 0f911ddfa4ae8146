"""What all regressors share: one or several numbers, target scaling."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from skdl._scales import remark_on_scale, some_rows
from skdl._targets import numeric_targets
from skdl.base._estimator import NeuralEstimator
from skdl.base._rescaled import with_targets
from skdl.base._unchanged import or_unchanged


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralRegressor(RegressorMixin, NeuralEstimator):
    """What all regressors share: one or several numbers, target scaling."""

    target_scaling: bool = True

    _parameter_constraints: ClassVar[dict] = {
        **NeuralEstimator._parameter_constraints,
        "target_scaling": ["boolean"],
    }

    @or_unchanged
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these rows, from the present weights.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Rows. Targets are scaled by the mean and the standard deviation of all rows
            so far, and by a dense network columns of X as well; weights are adapted, so
            that this alone changes no prediction, except for what was constant so far.
            Other networks scale X as in the first call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights.

        Returns
        -------
        self
            The estimator after one more epoch.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Rows, in any form that ``fit`` takes.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of y, float64.
        """
        raw = self._raw(X)
        return self._targets.decode(self._loss.predict(raw.astype(np.float64)))

    def _find_targets(self, y, classes=None):
        return numeric_targets(y)

    def _find_loss(self):
        from skdl.losses import regression_loss

        return regression_loss("squared_error" if self.loss == "auto" else self.loss)

    def _check_going_on(self, loss):
        super()._check_going_on(loss)
        scaled = loss.scales_targets and self.target_scaling
        began = self._loss.scales_targets and self._scaled_targets
        if scaled != began:
            raise ValueError(
                f"Training began with loss={self._loss!r} and "
                f"target_scaling={self._scaled_targets}, and cannot go on with "
                f"loss={loss!r} and target_scaling={self.target_scaling}. Set them "
                "back, set warm_start=False, or clone the estimator."
            )

    def _check_targets(self, loss, y):
        loss.check_targets(y)

    def _fit_targets(self, targets, rows, loss):
        self._scaled_targets = self.target_scaling
        if self.target_scaling and loss.scales_targets:
            targets.fit_scale(rows.y, rows.weight)

    def _remark_on_scales(self, rows, validation):
        super()._remark_on_scales(rows, validation)
        targets = [some_rows(part.y) for part in (validation, rows)]
        if targets[0].ndim > 2:  # steps, with their weights
            targets = [y[..., :-1][y[..., -1] > 0] for y in targets]
        remark_on_scale("y_val", *map(some_rows, targets))

    def _rescaled(self, rows, inputs, targets, weights):
        inputs, targets, weights = super()._rescaled(rows, inputs, targets, weights)
        if not (self._scaled_targets and self._loss.scales_targets):
            return inputs, targets, weights
        now = targets.with_more(rows.y, rows.weight, self._share_of(rows))
        if now is not targets:
            layout = self._trained.layout
            weights = [with_targets(layout, each, targets, now) for each in weights]
        return inputs, now, weights

    def _output_layers(self):
        from keras import layers

        from skdl.losses import Poisson

        name = "exponential" if isinstance(self._loss, Poisson) else "linear"
        return [
            layers.Activation(name, dtype=self._trained.spec.dtype, name="predictions"),
            layers.Rescaling(
                self._targets.scale.tolist(),
                self._targets.mean.tolist(),
                dtype=self._trained.spec.dtype,
                name="target_scaling",
            ),
        ]

    def _constant_answers(self, y):
        from skdl.training._learnt import numbers_near

        return numbers_near(y)

    def _raw_of(self, answers):
        from keras import ops

        from skdl.losses import Poisson

        raw = self._standardised(answers)
        if isinstance(self._loss, Poisson):
            return ops.log(ops.maximum(raw, np.finfo(self.dtype).tiny))
        return raw

    def _encoded_of(self, y):
        return self._standardised(y if len(y.shape) > 1 else y[:, None])

    def _standardised(self, y):
        """A tensor of numbers in the units of training."""
        mean, scale = self._targets.mean, self._targets.scale
        return (y - mean.astype(self.dtype)) / scale.astype(self.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
