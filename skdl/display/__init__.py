"""Figures of results; matplotlib is imported when one is drawn."""

from skdl.display._bootstrap import BootstrapDisplay
from skdl.display._search import SearchDisplay

__all__ = ["BootstrapDisplay", "SearchDisplay"]
