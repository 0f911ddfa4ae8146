"""Losses: callables (y_true, y_pred) -> one value per row, equal by value."""

from skdl import _keras  # noqa: F401, first: it keeps the start-up quiet
from skdl.losses._accuracy import accuracy
from skdl.losses._classification import (
    ClassificationLoss,
    Focal,
    LogLoss,
    OnProbabilities,
)
from skdl.losses._names import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    classification_loss,
    regression_loss,
)
from skdl.losses._per_step import PerStep
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

__all__ = [
    "CLASSIFICATION_LOSSES",
    "REGRESSION_LOSSES",
    "AbsoluteError",
    "ClassificationLoss",
    "Focal",
    "Huber",
    "LogCosh",
    "LogLoss",
    "OnProbabilities",
    "OnTargets",
    "PerStep",
    "Pinball",
    "Poisson",
    "RegressionLoss",
    "SquaredError",
    "accuracy",
    "classification_loss",
    "regression_loss",
]
