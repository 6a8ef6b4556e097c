"""How right an annotator is: mergeable counts, and the figures that they give.

A state is an Arrow table of sufficient statistics. Python, Beam (`combining`) and
DuckDB (`database`) make the same states and give the same figures.
"""

from affectflow.gold.figures.labels import LabelMetrics
from affectflow.gold.figures.values import ValueMetrics

__all__ = ["LabelMetrics", "ValueMetrics"]
