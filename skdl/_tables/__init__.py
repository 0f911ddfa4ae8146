"""From a user's table to what a network for tables takes."""

from skdl._tables._check import check_table
from skdl._tables._columns import TableColumns
from skdl._tables._inputs import TableInputs

__all__ = ["TableColumns", "TableInputs", "check_table"]
