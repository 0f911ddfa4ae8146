"""What a network is: functions from parameters to a ``keras.Model``."""

from skdl import _keras  # noqa: F401, first: it keeps the start-up quiet
from skdl.networks._dense import dense_network
from skdl.networks._tabular import PeriodicEmbedding, tabular_network

__all__ = ["PeriodicEmbedding", "dense_network", "tabular_network"]
