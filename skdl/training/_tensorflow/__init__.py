"""Epoch and predict steps: the one package that names TensorFlow."""

from skdl.training._tensorflow._compiled_trainer import (
    AssignsWeights,
    CompiledTrainer,
)
from skdl.training._tensorflow._constant import best_of, least_loss
from skdl.training._tensorflow._global_seed import global_seed
from skdl.training._tensorflow._graph import to_device
from skdl.training._tensorflow._inner import InnerGradient
from skdl.training._tensorflow._predictor import Predictor
from skdl.training._tensorflow._trainer import (
    Trainer,
    evaluation_rows,
    shares_a_vector,
)

__all__ = [
    "AssignsWeights",
    "CompiledTrainer",
    "InnerGradient",
    "Predictor",
    "Trainer",
    "best_of",
    "evaluation_rows",
    "global_seed",
    "least_loss",
    "shares_a_vector",
    "to_device",
]
