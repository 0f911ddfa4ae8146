"""What a network is: functions from parameters to a ``keras.Model``."""

from skdl import _keras  # noqa: F401, first: it keeps the start-up quiet
from skdl.networks._augment import Augment, find_augment
from skdl.networks._cnn import cnn_network
from skdl.networks._dense import dense_network
from skdl.networks._lstm import lstm_network
from skdl.networks._resnet import resnet_network
from skdl.networks._tabular import PeriodicEmbedding, tabular_network

__all__ = [
    "Augment",
    "PeriodicEmbedding",
    "cnn_network",
    "dense_network",
    "find_augment",
    "lstm_network",
    "resnet_network",
    "tabular_network",
]
