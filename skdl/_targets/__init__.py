"""Targets to arrays and back."""

from skdl._targets._kinds import classification_targets
from skdl._targets._labels import ClassTargets, MultilabelTargets
from skdl._targets._numbers import NumericTargets, numeric_targets

__all__ = [
    "ClassTargets",
    "MultilabelTargets",
    "NumericTargets",
    "classification_targets",
    "numeric_targets",
]
