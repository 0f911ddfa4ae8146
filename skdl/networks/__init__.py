"""What a network is: functions from parameters to a ``keras.Model``."""

from skdl.networks._dense import dense_network

__all__ = ["dense_network"]
