"""The contract with scikit-learn."""

from skdl.base._classifier import NeuralClassifier
from skdl.base._estimator import NeuralEstimator
from skdl.base._regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralEstimator", "NeuralRegressor"]
