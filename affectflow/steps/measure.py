"""Measure: any measure of the registry, over the rows of a pipeline.

The step is the verb; the kind of plugin that it hosts, the noun, is
`affectflow.kinds.measure.Measure`. Code that needs both says `kinds.measure` in full.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import registry
from affectflow.batches.batch import is_dead, with_column
from affectflow.batches.states import UNKNOWN, Accumulator
from affectflow.kinds.measure import FITTED
from affectflow.kinds.transform import Transform
from affectflow.registry import Card


@dataclass(kw_only=True)
class Measure(Transform):
    """Fits a measure to all rows: batches in, one batch of values out.

    Rows that an earlier step refused do not count.

    Args:
      name: of a plugin of the group `affectflow.measures`.
      options: its arguments, by name.
      columns: where the columns that it reads come from, as {"reference": "text"}.
      by: a column to group by, in addition to the whole.

    Raises:
      UnknownPluginError: no measure has this name; the message names the nearest.
      UsageError: the measure does not take these options.
    """

    name: str
    options: dict[str, Any] | None = None
    columns: dict[str, str] | None = None
    by: str = ""

    provides: ClassVar[pa.Schema] = FITTED
    card: ClassVar[Card] = Card(summary="fits a measure to all rows")

    def __post_init__(self) -> None:
        super().__init__()
        self._measure = registry.make("measures", self.name, self.options)

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Wires the rows to their sum."""
        named = {**{n: n for n in self._measure.reads.names}, **(self.columns or {})}
        return (
            pcoll
            | "Observe"
            >> beam.Map(observations, named, self.by).with_output_types(pa.RecordBatch)
            | "Fit" >> beam.CombineGlobally(MetricsFn(self._measure))
        )


def observations(
    batch: pa.RecordBatch, named: dict[str, str], by: str = ""
) -> pa.RecordBatch:
    """Returns the living rows of a batch as observations.

    Args:
      batch: any columns.
      named: of each column of an observation, its name in the batch.
      by: the column that becomes `group`; none if empty.
    """
    living = batch.filter(pc.invert(is_dead(batch)))
    there = {to: given for to, given in named.items() if given in batch.schema.names}
    found = living.select(list(there.values())).rename_columns(list(there))
    if not by:
        return found
    group = pc.fill_null(living.column(by).cast(pa.string()), UNKNOWN)
    return with_column(found, FITTED.field("group"), group)


@beam.typehints.with_output_types(pa.RecordBatch)
class MetricsFn(beam.CombineFn):
    """Combines batches of observations to one batch of figures.

    >>> figures = answers | beam.CombineGlobally(MetricsFn(LabelMetrics()))

    Args:
      metrics: `LabelMetrics()`, `ValueMetrics()` or a measure; says the columns of the
        batches.
    """

    def __init__(self, metrics: Accumulator):
        self._metrics = metrics

    def create_accumulator(self) -> pa.Table:
        return self._metrics.create()

    def add_input(
        self, mutable_accumulator: pa.Table, element: pa.RecordBatch
    ) -> pa.Table:
        return self._metrics.add(mutable_accumulator, element)

    def merge_accumulators(self, accumulators: Iterable[pa.Table]) -> pa.Table:
        return self._metrics.merge(accumulators)

    def compact(self, accumulator: pa.Table) -> pa.Table:
        return self._metrics.merge([accumulator])

    def extract_output(self, accumulator: pa.Table) -> pa.RecordBatch:
        return self._metrics.extract(accumulator)
