"""Losses of regressors, from raw outputs to one value per row."""

from dataclasses import dataclass
from math import inf, log
from typing import ClassVar

import numpy as np
from keras import ops

from skdl.losses._checks import check_number, check_same_shape
from skdl.losses._user import UserLoss


class RegressionLoss:
    """Base of the losses of regressors.

    A loss is called as ``loss(y_true, y_pred)`` with both of shape (batch, n_outputs),
    and returns the mean over the outputs, of shape (batch,) and of the dtype of
    `y_pred`.

    Attributes
    ----------
    scales_targets : bool
        Whether a network may learn standardised targets: the loss of these is that of
        the targets themselves in other units.

    Notes
    -----
    A subclass defines ``_elements(y_true, y_pred)``, of shape (batch, n_outputs). A
    network is traced once for each loss; two count as the same if their classes and
    attributes compute the same.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> from skdl.losses import RegressionLoss
    >>> @dataclass(frozen=True)
    ... class Quartic(RegressionLoss):
    ...     def _elements(self, y_true, y_pred):
    ...         return (y_true - y_pred) ** 4
    >>> np.asarray(Quartic()([[1.0, 2.0]], [[0.0, 4.0]]), "d")
    array([8.5])
    """

    scales_targets: ClassVar[bool] = True

    def __call__(self, y_true, y_pred):
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
        check_same_shape(self, y_true, y_pred)
        return ops.mean(self._elements(y_true, y_pred), axis=-1)

    def predict(self, raw):
        """Turn raw outputs into predictions of the targets.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs)
            Raw outputs of a network.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Predictions in the units of the targets; here `raw` itself.
        """
        return raw

    def check_targets(self, y):
        """Raise a ValueError if the loss does not exist for some target.

        Parameters
        ----------
        y : ndarray
            Targets in their own units, of any shape.
        """


@dataclass(frozen=True, kw_only=True)
class SquaredError(RegressionLoss):
    """Squared error, (y_true - y_pred)²; the prediction is a mean.

    See Also
    --------
    Huber : Less moved by a few targets that are far off.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import SquaredError
    >>> np.asarray(SquaredError()([[1.0, 2.0]], [[0.0, 4.0]]), "d")
    array([2.5])
    """

    def _elements(self, y_true, y_pred):
        return ops.square(y_true - y_pred)


@dataclass(frozen=True, kw_only=True)
class AbsoluteError(RegressionLoss):
    """Absolute error, abs(y_true - y_pred); the prediction is a median.

    See Also
    --------
    Pinball : Any other quantile.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import AbsoluteError
    >>> np.asarray(AbsoluteError()([[1.0, 2.0]], [[0.0, 4.0]]), "d")
    array([1.5])
    """

    def _elements(self, y_true, y_pred):
        return ops.abs(y_true - y_pred)


@dataclass(frozen=True, kw_only=True)
class Huber(RegressionLoss):
    """Huber loss: half the squared error near the target, linear far from it.

    Parameters
    ----------
    delta : float, default=1.0
        The error where the square turns into a line, above 0. In the units of the
        targets that the loss sees: in standard deviations if these are standardised.

    See Also
    --------
    LogCosh : As robust, and smooth everywhere.

    References
    ----------
    .. [1] P. J. Huber. Robust Estimation of a Location Parameter. Annals of
       Mathematical Statistics 35(1), 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import Huber
    >>> np.asarray(Huber(delta=1.0)([[1.0], [2.0]], [[0.0], [4.0]]), "d")
    array([0.5, 1.5])
    """

    delta: float = 1.0

    def __post_init__(self):
        check_number(
            self,
            "delta",
            lambda delta: 0 < delta < inf,
            "a finite number above 0",
            "1 is one standard deviation of standardised targets",
        )

    def _elements(self, y_true, y_pred):
        error = ops.abs(y_true - y_pred)
        # No square of a large error, which would overflow in the branch not taken.
        near = ops.minimum(error, self.delta)
        return near * (error - 0.5 * near)


@dataclass(frozen=True, kw_only=True)
class LogCosh(RegressionLoss):
    """Log of the hyperbolic cosine of the error: a Huber loss without a corner.

    About half the squared error near the target, the absolute error less log 2 far
    from it.

    See Also
    --------
    Huber : The same idea, with a choice of where the square ends.

    Notes
    -----
    Computed as e + softplus(-2 e) - log 2, which does not overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import LogCosh
    >>> np.asarray(LogCosh()([[0.0], [0.0]], [[0.0], [100.0]]), "d").round(3)
    array([ 0.   , 99.307])
    """

    def _elements(self, y_true, y_pred):
        error = y_pred - y_true
        return error + ops.softplus(-2.0 * error) - log(2.0)


@dataclass(frozen=True, kw_only=True)
class Pinball(RegressionLoss):
    """Pinball loss; the prediction is a quantile.

    A target above the prediction costs `quantile` per unit, one below it
    ``1 - quantile``.

    Parameters
    ----------
    quantile : float in (0, 1), default=0.5
        The quantile to predict. 0.05 and 0.95 together bound nine targets in ten.

    See Also
    --------
    AbsoluteError : The median, for which this is half of it.

    References
    ----------
    .. [1] R. Koenker and G. Bassett. Regression Quantiles. Econometrica 46(1), 1978.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import Pinball
    >>> np.asarray(Pinball(quantile=0.75)([[1.0], [2.0]], [[0.0], [4.0]]), "d")
    array([0.75, 0.5 ])
    """

    quantile: float = 0.5

    def __post_init__(self):
        check_number(
            self,
            "quantile",
            lambda quantile: 0 < quantile < 1,
            "a number between 0 and 1",
            "0.5 is the median",
        )

    def _elements(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.maximum(self.quantile * error, (self.quantile - 1.0) * error)


@dataclass(frozen=True, kw_only=True)
class Poisson(RegressionLoss):
    """Poisson loss for counts and other targets of at least 0; predicts a rate.

    The raw output is the log of the rate, so that predictions are above 0 and effects
    multiply. Half the Poisson deviance, less what depends on the targets alone.

    See Also
    --------
    SquaredError : For targets of either sign.

    Notes
    -----
    Targets keep their units (`scales_targets` is False): a standardised count is none.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder. Generalized Linear Models. Chapman and Hall,
       1989.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import Poisson
    >>> np.asarray(Poisson()([[0.0], [3.0]], [[0.0], [0.0]]), "d")
    array([1., 1.])
    >>> Poisson().predict(np.zeros((1, 1)))
    array([[1.]])
    """

    scales_targets: ClassVar[bool] = False

    def _elements(self, y_true, y_pred):
        return ops.exp(y_pred) - y_true * y_pred

    def predict(self, raw):
        """Turn logs of rates into rates.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs)
            Raw outputs of a network.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            Predicted rates, above 0.
        """
        return np.exp(raw)

    def check_targets(self, y):
        """Raise a ValueError if a target is negative.

        Parameters
        ----------
        y : ndarray
            Targets, of any shape.
        """
        lowest = float(np.min(y))
        if lowest < 0:
            raise ValueError(
                f"y holds {lowest!r}, but the Poisson loss needs targets of at least "
                "0; choose another loss, such as loss='squared_error'."
            )


class OnTargets(UserLoss, RegressionLoss):
    """A user's function or Keras loss, called with targets and raw outputs.

    Parameters
    ----------
    function : callable or keras.losses.Loss
        ``function(y_true, y_pred)`` of `keras.ops`, both of shape (batch, n_outputs),
        which returns one value per row, of shape (batch,). Of a Keras loss the method
        ``call`` is used, which does so.

    See Also
    --------
    OnProbabilities : The same for classifiers.

    Notes
    -----
    A function that returns one number for the whole batch is not noticed here but when
    a network is trained, which needs one value per row to weigh rows by.

    The function is given standardised targets if the estimator standardises them.

    Two are equal when their functions are; Keras losses and `functools.partial` are
    compared by their contents. Whether a traced network can be used again is another
    question: there a function counts by its code and by all that this reads.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from skdl.losses import OnTargets
    >>> loss = OnTargets(keras.losses.MeanSquaredError())
    >>> np.asarray(loss([[1.0], [2.0]], [[0.0], [4.0]]), "d")
    array([1., 4.])
    """

    def __call__(self, y_true, y_pred):
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
        check_same_shape(self, y_true, y_pred)
        return self._rows(y_true, y_pred)
