"""Deep networks as scikit-learn estimators.

Importing this package imports no TensorFlow: that happens at the first ``fit``.
"""

import importlib

__version__ = "0.1.0"

# public name -> module that defines it
_MODULES = {
    "CNNClassifier": "skdl.estimators._cnn_classifier",
    "CNNRegressor": "skdl.estimators._cnn_regressor",
    "DenseClassifier": "skdl.estimators._dense",
    "DenseRegressor": "skdl.estimators._dense",
    "BaseWrapper": "skdl.estimators._keras_wrapper",
    "KerasClassifier": "skdl.estimators._keras_classifier",
    "KerasRegressor": "skdl.estimators._keras_regressor",
    "LSTMClassifier": "skdl.estimators._lstm_classifier",
    "LSTMForecaster": "skdl.estimators._lstm_forecaster",
    "LSTMRegressor": "skdl.estimators._lstm_regressor",
    "ResNetClassifier": "skdl.estimators._resnet_classifier",
    "ResNetRegressor": "skdl.estimators._resnet_regressor",
    "TabularClassifier": "skdl.estimators._tabular_classifier",
    "TabularRegressor": "skdl.estimators._tabular_regressor",
    "Pyramid": "skdl.estimators._pyramid",
}
_SUBPACKAGES = {
    "display",
    "ensemble",
    "exceptions",
    "losses",
    "model_selection",
    "preprocessing",
}

__all__ = [*sorted(_MODULES), *sorted(_SUBPACKAGES)]


def __getattr__(name):
    if name in _MODULES:
        value = getattr(importlib.import_module(_MODULES[name]), name)
        globals()[name] = value
        return value
    if name in _SUBPACKAGES:
        return importlib.import_module(f"skdl.{name}")
    raise AttributeError(f"module 'skdl' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
