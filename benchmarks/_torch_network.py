"""The benchmarks' networks in PyTorch."""

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


def convolutional_network():
    """Two convolutions and two dense layers, from (n, 1, 28, 28) to 10 logits."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
