"""From a user's series to numbers and labels, and back."""

from skdl._series._exog import aligned_exog, columns_of_exog
from skdl._series._index import continued
from skdl._series._numbers import counted
from skdl._series._panel import Panel, read_panel
from skdl._series._quantiles import conformal_quantiles, most_coverage
from skdl._series._read import TimeSeries
from skdl._series._transform import SeriesTransform

__all__ = [
    "Panel",
    "SeriesTransform",
    "TimeSeries",
    "aligned_exog",
    "columns_of_exog",
    "conformal_quantiles",
    "continued",
    "counted",
    "most_coverage",
    "read_panel",
]
