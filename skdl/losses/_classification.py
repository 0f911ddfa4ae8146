"""Losses of classifiers, from logits to one value per row."""

from dataclasses import dataclass
from math import inf

import keras
from keras import ops

from skdl.losses._checks import check_number, check_same_shape, is_number
from skdl.losses._user import UserLoss


class ClassificationLoss:
    """Base of the losses of classifiers.

    A loss is called as ``loss(y_true, y_pred)``, where `y_pred` holds logits, and
    returns one value per row, of shape (batch,) and of the dtype of `y_pred`. The rank
    of `y_true` says what the outputs stand for:

    - (batch,), integer class indices, with logits (batch, n_classes): exactly one
      class is right; softmax.
    - (batch, n_outputs), indicators 0 or 1, with logits of the same shape: each column
      is a yes or no of its own; sigmoid, and the mean over the columns.

    Notes
    -----
    A subclass defines ``_softmax(y_true, y_pred)`` and ``_sigmoid(y_true, y_pred)``.
    A network is traced once for each loss; two count as the same if their classes and
    attributes compute the same.

    Examples
    --------
    >>> from skdl.losses import ClassificationLoss, Focal
    >>> isinstance(Focal(), ClassificationLoss)
    True
    """

    def __call__(self, y_true, y_pred):
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) == 1:
            return self._softmax(y_true, y_pred)
        check_same_shape(self, y_true, y_pred)
        return self._sigmoid(ops.cast(y_true, y_pred.dtype), y_pred)


def _margins(y_true, y_pred):
    """Return logits whose sign says whether they are right: z where 1, -z where 0.

    softplus(-margin) is the cross-entropy of a 0 or 1, exact for large logits, in a
    third of the operations of `keras.ops.binary_crossentropy` with its gradient.
    """
    return (2.0 * y_true - 1.0) * y_pred


@dataclass(frozen=True, kw_only=True)
class LogLoss(ClassificationLoss):
    """Log loss, also known as cross-entropy: minus the log of the probability of y.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Share of the target spread evenly over all classes (over yes and no in each
        column of an indicator), which keeps the logits of a network small. Use 0.05 to
        0.2 when labels may be wrong or when the network is too sure of itself.

    See Also
    --------
    Focal : Counts the rows that are easy already for less.

    Notes
    -----
    Indicators have to be 0 or 1. For soft ones wrap a loss that takes them:
    ``OnProbabilities(keras.losses.BinaryCrossentropy())``.

    References
    ----------
    .. [1] C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna. Rethinking the
       Inception Architecture for Computer Vision. CVPR 2016 (label smoothing).

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import LogLoss
    >>> np.asarray(LogLoss()([0, 1], [[2.0, 0.0], [2.0, 0.0]]), "d").round(3)
    array([0.127, 2.127])
    """

    label_smoothing: float = 0.0

    def __post_init__(self):
        check_number(
            self,
            "label_smoothing",
            lambda s: 0 <= s < 1,
            "a number of at least 0 and below 1",
            "0 is the plain log loss, 0.1 a usual choice",
        )

    def _softmax(self, y_true, y_pred):
        if not self.label_smoothing:
            return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        n_classes = y_pred.shape[-1]
        target = ops.one_hot(y_true, n_classes, dtype=y_pred.dtype)
        target = (1 - self.label_smoothing) * target + self.label_smoothing / n_classes
        return -ops.sum(target * ops.log_softmax(y_pred), axis=-1)

    def _sigmoid(self, y_true, y_pred):
        margins = _margins(y_true, y_pred)
        loss = ops.softplus(-margins)
        if self.label_smoothing:
            # softplus(z) = softplus(-z) + z, so the other label costs a margin more
            loss = loss + self.label_smoothing / 2 * margins
        return ops.mean(loss, axis=-1)


@dataclass(frozen=True, kw_only=True)
class Focal(ClassificationLoss):
    r"""Focal loss: a log loss that looks at the rows which are still wrong.

    With :math:`p` the probability given to the right class, a row costs
    :math:`-\alpha (1 - p)^\gamma \log p`. Use it when most rows are easy, as in
    strongly unbalanced data and in detection.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less the easy rows count, at least 0. With 0 it is the log loss.
    alpha : float in (0, 1), tuple of floats, or None, default=None
        Weights of the classes, in the order of the class indices. One number is the
        weight of the positive class of binary or multilabel targets and stands for
        ``(1 - alpha, alpha)``. None weighs all classes by 1.

    See Also
    --------
    LogLoss : All rows count the same.

    Notes
    -----
    The gradient at p = 1 is 0 for every `gamma`, also below 1, where the formula as
    it stands gives 0 times infinity. Indicators have to be 0 or 1.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár. Focal Loss for Dense
       Object Detection. ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skdl.losses import Focal
    >>> np.asarray(Focal(gamma=2)([0, 1], [[2.0, 0.0], [2.0, 0.0]]), "d").round(3)
    array([0.002, 1.65 ])
    """

    gamma: float = 2.0
    alpha: float | tuple[float, ...] | None = None

    def __post_init__(self):
        check_number(
            self,
            "gamma",
            lambda gamma: 0 <= gamma < inf,
            "a finite number of at least 0",
            "0 is the log loss, 2 the choice of the paper",
        )
        if isinstance(self.alpha, (tuple, list)):
            object.__setattr__(self, "alpha", tuple(self.alpha))
            if not all(is_number(weight) and 0 < weight < inf for weight in self.alpha):
                raise ValueError(
                    f"alpha={self.alpha!r} of Focal has to hold a positive number for "
                    "each class; leave it at None to weigh all classes by 1."
                )
        elif self.alpha is not None:
            check_number(
                self,
                "alpha",
                lambda alpha: 0 < alpha < 1,
                "None, a number between 0 and 1, or a tuple with a positive number for "
                "each class",
                "0.25 is the choice of the paper for the positive class",
            )

    def _class_weights(self, n_classes):
        """Return the weights of `n_classes` classes, or None where all are 1."""
        is_tuple = isinstance(self.alpha, tuple)
        weights = self.alpha if is_tuple else (1 - self.alpha, self.alpha)
        if len(weights) != n_classes:
            raise ValueError(
                f"alpha={self.alpha!r} of Focal weighs {len(weights)} classes, but y "
                f"has {n_classes}; give one number for each class, or use "
                "class_weight, which may name classes that a part of the rows lacks."
            )
        return weights

    def _softmax(self, y_true, y_pred):
        loss = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        # 1 - p, kept from 0, where the gradient of a power below 1 is infinite
        error = ops.maximum(-ops.expm1(-loss), 1e-30)
        loss = ops.power(error, self.gamma) * loss
        if self.alpha is None:
            return loss
        weights = self._class_weights(y_pred.shape[-1])
        return ops.take(ops.convert_to_tensor(weights, loss.dtype), y_true) * loss

    def _sigmoid(self, y_true, y_pred):
        margins = _margins(y_true, y_pred)
        # 1 - p = exp(-softplus(margin)), a power of which is safe everywhere
        focus = ops.exp(-self.gamma * ops.softplus(margins))
        loss = focus * ops.softplus(-margins)
        if self.alpha is not None:
            negative, positive = self._class_weights(2)
            loss = (negative + (positive - negative) * y_true) * loss
        return ops.mean(loss, axis=-1)


_SPARSE = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.sparse_categorical_crossentropy,
)


class OnProbabilities(UserLoss, ClassificationLoss):
    """A user's function or Keras loss, called with the conventions of Keras.

    The wrapped function is given floats: one-hot rows and softmax probabilities where
    exactly one class is right, indicators and sigmoid probabilities otherwise, both of
    shape (batch, n_classes) or (batch, n_outputs).

    Parameters
    ----------
    function : callable or keras.losses.Loss
        ``function(y_true, y_pred)`` of `keras.ops`, which returns one value per row,
        of shape (batch,). Of a Keras loss the method ``call`` is used, which does so.

    See Also
    --------
    OnTargets : The same for regressors.

    Notes
    -----
    A function that returns one number for the whole batch is not noticed here but when
    a network is trained, which needs one value per row to weigh rows by.

    Two are equal when their functions are; Keras losses and `functools.partial` are
    compared by their contents. Whether a traced network can be used again is another
    question: there a function counts by its code and by all that this reads.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from skdl.losses import OnProbabilities
    >>> brier = OnProbabilities(keras.losses.MeanSquaredError())
    >>> np.asarray(brier([0, 1], [[0.0, 0.0], [0.0, 99.0]]), "d")
    array([0.25, 0.  ])
    """

    def __post_init__(self):
        super().__post_init__()
        name = f"function={self.function!r} of OnProbabilities"
        if isinstance(self.function, _SPARSE[0]) or self.function is _SPARSE[1]:
            raise ValueError(
                f"{name} takes class indices, but is given one-hot rows; "
                "use loss='log_loss' instead."
            )
        if getattr(self.function, "from_logits", False):
            raise ValueError(
                f"{name} takes logits, but is given probabilities; construct it with "
                "from_logits=False."
            )

    def _softmax(self, y_true, y_pred):
        target = ops.one_hot(y_true, y_pred.shape[-1], dtype=y_pred.dtype)
        return self._rows(target, ops.softmax(y_pred))

    def _sigmoid(self, y_true, y_pred):
        return self._rows(y_true, ops.sigmoid(y_pred))
