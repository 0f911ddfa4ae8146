"""Losses by name."""

from skdl.losses._classification import (
    ClassificationLoss,
    Focal,
    LogLoss,
    OnProbabilities,
)
from skdl.losses._regression import (
    AbsoluteError,
    Huber,
    LogCosh,
    OnTargets,
    Pinball,
    Poisson,
    RegressionLoss,
    SquaredError,
)

CLASSIFICATION_LOSSES = {"log_loss": LogLoss(), "focal": Focal()}

REGRESSION_LOSSES = {
    "squared_error": SquaredError(),
    "absolute_error": AbsoluteError(),
    "huber": Huber(),
    "log_cosh": LogCosh(),
    "pinball": Pinball(),
    "poisson": Poisson(),
}


def classification_loss(loss):
    """Return the classification loss that a parameter `loss` stands for.

    Parameters
    ----------
    loss : str, ClassificationLoss, keras.losses.Loss or callable
        A key of `CLASSIFICATION_LOSSES`, a loss, or a function ``(y_true, y_pred)`` of
        one-hot targets or indicators and probabilities.

    Returns
    -------
    ClassificationLoss
        The loss itself, or an `OnProbabilities` around the function.

    Raises
    ------
    ValueError
        If `loss` is none of these.

    Examples
    --------
    >>> from skdl.losses import classification_loss
    >>> classification_loss("focal")
    Focal(gamma=2.0, alpha=None)
    """
    return _find(loss, CLASSIFICATION_LOSSES, ClassificationLoss, OnProbabilities)


def regression_loss(loss):
    """Return the regression loss that a parameter `loss` stands for.

    Parameters
    ----------
    loss : str, RegressionLoss, keras.losses.Loss or callable
        A key of `REGRESSION_LOSSES`, a loss, or a function ``(y_true, y_pred)`` of
        targets and raw outputs.

    Returns
    -------
    RegressionLoss
        The loss itself, or an `OnTargets` around the function.

    Raises
    ------
    ValueError
        If `loss` is none of these.

    Examples
    --------
    >>> from skdl.losses import regression_loss
    >>> regression_loss("huber")
    Huber(delta=1.0)
    """
    return _find(loss, REGRESSION_LOSSES, RegressionLoss, OnTargets)


def _find(loss, table, kind, wrap):
    if isinstance(loss, str) and loss in table:
        return table[loss]
    if isinstance(loss, kind):
        return loss
    ours = isinstance(loss, (ClassificationLoss, RegressionLoss))
    if callable(loss) and not ours and not isinstance(loss, type):
        return wrap(loss)
    raise ValueError(
        f"loss={loss!r} is no {kind.__name__}; choose one of {sorted(table)}, an "
        f"instance such as {next(iter(table.values()))}, or a function "
        "(y_true, y_pred)."
    )
