"""How accurate an annotator is: mergeable counts, and the figures computed from them.

A state is an Arrow table of sufficient statistics: batches add up to it in any order,
here or in a pipeline. Knows no lake, so that plugins may use it.
"""

from affectflow.gold.figures.labels import LabelMetrics
from affectflow.gold.figures.values import ValueMetrics

__all__ = ["LabelMetrics", "ValueMetrics"]
