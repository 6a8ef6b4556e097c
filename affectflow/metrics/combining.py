"""The accumulators as a Beam CombineFn; the only module here that knows Beam."""

from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa

from affectflow.batches import coders  # noqa: F401  registers the coder of pa.RecordBatch
from affectflow.metrics.labels import LabelMetrics
from affectflow.metrics.values import ValueMetrics


@beam.typehints.with_output_types(pa.RecordBatch)
class MetricsFn(beam.CombineFn):
    """Combines batches of answers to one batch of figures.

    >>> figures = answers | beam.CombineGlobally(MetricsFn(LabelMetrics()))

    Args:
      metrics: `LabelMetrics()` or `ValueMetrics()`; says the columns of the batches.
    """

    def __init__(self, metrics: LabelMetrics | ValueMetrics):
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
