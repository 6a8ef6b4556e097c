"""Transform, BatchTransform, ConversationTransform and Chain.

A transform is a `beam.PTransform` over batches that says which columns it reads and
which it writes. The work is in plain functions; `expand` only wires. Its check is
`affectflow.testing.check_transform`.
"""

import abc
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa

from affectflow.batches import coders  # noqa: F401  registers the coder of pa.RecordBatch
from affectflow.batches.batch import (
    apply_to_living,
    between_conversations,
    check_columns,
)
from affectflow.registry import Plugin


class Transform(Plugin, beam.PTransform):
    """A step that says which columns it reads and which it writes.

    A source requires nothing and a sink provides nothing. Subclasses are dataclasses
    (`@dataclass(kw_only=True)`, not frozen: Beam sets attributes on them) whose
    arguments are plain data.
    """

    requires: ClassVar[pa.Schema] = pa.schema([])
    provides: ClassVar[pa.Schema] = pa.schema([])

    def __init__(self) -> None:
        super().__init__()

    @property
    def columns_required(self) -> pa.Schema:
        """What this instance reads; `requires`, unless its arguments say otherwise."""
        return self.requires

    @property
    def columns_provided(self) -> pa.Schema:
        """What this instance writes."""
        return self.provides

    def default_label(self) -> str:
        return type(self).__name__


class BatchTransform(Transform, abc.ABC):
    """A transform that maps a batch to a batch, row for row."""

    @abc.abstractmethod
    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch` with the columns that this step provides.

        Rows keep their number and order. Pure: it may run twice on one batch. Rows
        that an earlier step refused are not in `batch`.
        """

    def setup(self) -> None:
        """Prepares a worker, before its first batch."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the result of `process_batch`, checked, typed and guarded.

        Raises:
          MissingColumnError: a column of `requires` is missing from the batch.
        """
        check_columns(self.default_label(), batch.schema, self.columns_required)
        return apply_to_living(
            self.process_batch,
            batch,
            provided=self.columns_provided,
            step=self.default_label(),
        )

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return pcoll | "Batches" >> beam.ParDo(_BatchFn(self)).with_output_types(
            pa.RecordBatch
        )


class _BatchFn(beam.DoFn):
    def __init__(self, step: BatchTransform):
        self._step = step

    def setup(self) -> None:
        self._step.setup()

    def process(self, element: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        yield self._step.apply(element)


class ConversationTransform(Transform, abc.ABC):
    """A transform over whole conversations, in time order.

    In a custom pipeline it first groups batches by conversation; in a stage over a
    lake, where parts hold whole conversations, nothing is shuffled.

    Batches need `conversation_id` and `timestamp`.
    """

    @abc.abstractmethod
    def process_conversations(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch` with the columns that this step provides, row for row.

        `batch` holds whole conversations, one after the other, each in time order.
        """

    def setup(self) -> None:
        """Prepares a worker, before its first conversation."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the result of `process_conversations`, checked, typed and guarded.

        A conversation that fails is refused as a whole; the others continue.

        Raises:
          MissingColumnError: a column of `requires` is missing from the batch.
        """
        check_columns(self.default_label(), batch.schema, self.columns_required)
        return apply_to_living(
            self.process_conversations,
            batch,
            provided=self.columns_provided,
            step=self.default_label(),
            cut=between_conversations,
        )

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        from affectflow.batches.grouping import GroupConversations

        return (
            pcoll
            | "Group" >> GroupConversations()
            | "Conversations"
            >> beam.ParDo(_ConversationFn(self)).with_output_types(pa.RecordBatch)
        )


class _ConversationFn(beam.DoFn):
    def __init__(self, step: ConversationTransform):
        self._step = step

    def setup(self) -> None:
        self._step.setup()

    def process(self, element: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        yield self._step.apply(element)


class Chain(Transform):
    """Steps in order, checked against one another before anything runs.

    >>> Chain(ReadJsonl(path="posts.jsonl"), NormalizeText(), Textualize())

    Raises:
      MissingColumnError: a step requires a column that no earlier step provides,
        unless the chain starts in the middle: then columns may come from its input.
    """

    def __init__(self, *steps: Transform):
        super().__init__()
        self.steps = steps
        self._check()

    @property
    def columns_required(self) -> pa.Schema:
        """What the steps require that no earlier step of the chain provides."""
        required, here = pa.schema([]), pa.schema([])
        for step in self.steps:
            lacking = [f for f in step.columns_required if f.name not in here.names]
            required = _added(required, lacking)
            here = _added(_added(here, lacking), step.columns_provided)
        return required

    @property
    def columns_provided(self) -> pa.Schema:
        """What the steps write, together."""
        provided = pa.schema([])
        for step in self.steps:
            provided = _added(provided, step.columns_provided)
        return provided

    def _check(self) -> None:
        from_source = bool(self.steps) and not len(self.steps[0].columns_required)
        here = pa.schema([]) if from_source else self.columns_required
        for step in self.steps:
            check_columns(step.default_label(), here, step.columns_required)
            here = _added(here, step.columns_provided)

    def expand(self, pcoll: Any) -> Any:
        for number, step in enumerate(self.steps):
            pcoll = pcoll | f"{number} {step.default_label()}" >> step
        return pcoll


def _added(here: pa.Schema, provided: Iterable[pa.Field]) -> pa.Schema:
    columns = {field.name: field for field in here}
    columns.update({field.name: field for field in provided})
    return pa.schema(columns.values())
