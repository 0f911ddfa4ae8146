"""Epoch and predict steps: the one package that names TensorFlow."""

from skdl.training._tensorflow._check_loss import check_loss
from skdl.training._tensorflow._constant import best_of, least_loss
from skdl.training._tensorflow._counters import counted_by
from skdl.training._tensorflow._evaluation import evaluation_rows
from skdl.training._tensorflow._global_seed import global_seed
from skdl.training._tensorflow._graph import TRACING, as_input, forward, to_device
from skdl.training._tensorflow._inner import InnerGradient
from skdl.training._tensorflow._moving import shares_a_vector, with_inner
from skdl.training._tensorflow._networks import AssignsWeights
from skdl.training._tensorflow._predictor import Predictor
from skdl.training._tensorflow._trainer import Trainer
from skdl.training._tensorflow._variables import put, take

__all__ = [
    "TRACING",
    "AssignsWeights",
    "InnerGradient",
    "Predictor",
    "Trainer",
    "as_input",
    "best_of",
    "check_loss",
    "counted_by",
    "evaluation_rows",
    "forward",
    "global_seed",
    "least_loss",
    "put",
    "shares_a_vector",
    "take",
    "to_device",
    "with_inner",
]
