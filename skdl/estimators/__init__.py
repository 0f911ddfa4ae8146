"""Estimators: parameters, which network, which loss."""

from skdl.estimators._dense import DenseClassifier, DenseRegressor
from skdl.estimators._pyramid import Pyramid

__all__ = ["DenseClassifier", "DenseRegressor", "Pyramid"]
