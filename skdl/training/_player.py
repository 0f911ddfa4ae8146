"""Players: networks that move, each with an optimizer of its own."""

from dataclasses import dataclass

from skdl.training._average import Average
from skdl.training._optimizers import OptimizerSpec


@dataclass(frozen=True)
class Player:
    """A network that an optimizer of its own moves.

    Parameters
    ----------
    network : NetworkSpec
        What moves.
    optimizer : OptimizerSpec
        Without its learning rate, which is a value.
    name : str, default="network"
        By which an objective knows it.
    every : int, default=1
        It moves in each n-th step of training, beginning with the n-th. So a critic
        that moves in each step goes several steps, on other rows each, before a
        generator that has ``every=5`` goes one.
    average : Average or None, default=None
        Whether an average of its weights is kept, which then is what validation judges
        and what the fit leaves.
    weight_decay : bool, default=False
        Whether kernels are shrunk in every step; by how much is a value.
    """

    network: object
    optimizer: OptimizerSpec
    name: str = "network"
    every: int = 1
    average: Average | None = None
    weight_decay: bool = False
