"""Epoch and predict steps: the one package that names TensorFlow."""

from skdl.training._tensorflow._graph import to_device
from skdl.training._tensorflow._predictor import Predictor
from skdl.training._tensorflow._trainer import (
    EVALUATION_ROWS,
    Trainer,
    shares_a_vector,
)

__all__ = ["EVALUATION_ROWS", "Predictor", "Trainer", "shares_a_vector", "to_device"]
