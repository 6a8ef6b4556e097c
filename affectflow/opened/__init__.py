"""A lake that is open in Python: SQL, plots and the report, in a notebook too."""

from affectflow.opened.analysis import analyze
from affectflow.opened.lake import OpenLake, open_lake

__all__ = ["OpenLake", "analyze", "open_lake"]
