"""Networks and other estimators, combined: folds averaged, models blended."""

from skdl.ensemble._blending import BlendingClassifier, BlendingRegressor
from skdl.ensemble._fold_ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor

__all__ = [
    "BlendingClassifier",
    "BlendingRegressor",
    "FoldEnsembleClassifier",
    "FoldEnsembleRegressor",
]
