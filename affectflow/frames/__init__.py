"""Tables in memory: pandas, Polars and Arrow, labelled without a lake."""

from affectflow.frames.labelling import annotate

__all__ = ["annotate"]
