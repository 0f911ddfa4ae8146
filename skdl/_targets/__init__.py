"""Targets to arrays and back."""

from skdl._targets._kinds import classification_targets, refuse_unsortable
from skdl._targets._labels import ClassTargets, MultilabelTargets
from skdl._targets._none import NoTargets, no_targets
from skdl._targets._numbers import NumericTargets, numeric_targets
from skdl._targets._steps import StepTargets, steps_of

__all__ = [
    "ClassTargets",
    "MultilabelTargets",
    "NoTargets",
    "NumericTargets",
    "StepTargets",
    "classification_targets",
    "no_targets",
    "numeric_targets",
    "refuse_unsortable",
    "steps_of",
]
