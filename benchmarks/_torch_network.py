"""The benchmark's network for skorch."""

from torch import nn


class DenseNetwork(nn.Module):
    """One hidden layer of 100 rectified units on 64 inputs, 10 logits."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))

    def forward(self, X):
        """Map a batch (n_rows, 64) to logits (n_rows, 10)."""
        # The scaler before the network gives float64, torch's weights are float32.
        return self.layers(X.float())
