"""How right an annotator is: mergeable counts, and the figures that they give.

A state is an Arrow table of sufficient statistics. Python, Beam (`combining`) and
DuckDB (`database`) make the same states and give the same figures.
"""

from affectflow.metrics.labels import LabelMetrics
from affectflow.metrics.values import ValueMetrics

__all__ = ["LabelMetrics", "ValueMetrics"]
