"""Figures of results; matplotlib is imported when one is drawn."""

from skdl.display._bootstrap import BootstrapDisplay
from skdl.display._filters import FiltersDisplay
from skdl.display._forecast import ForecastDisplay
from skdl.display._grad_cam import GradCAMDisplay
from skdl.display._history import HistoryDisplay
from skdl.display._misclassified import MisclassifiedDisplay
from skdl.display._search import SearchDisplay

__all__ = [
    "BootstrapDisplay",
    "FiltersDisplay",
    "ForecastDisplay",
    "GradCAMDisplay",
    "HistoryDisplay",
    "MisclassifiedDisplay",
    "SearchDisplay",
]
