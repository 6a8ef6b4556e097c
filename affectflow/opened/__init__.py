"""An open lake in Python: SQL, plots and the report, also in a notebook."""

from affectflow.opened.analysis import analyze
from affectflow.opened.lake import OpenLake, open_lake

__all__ = ["OpenLake", "analyze", "open_lake"]
