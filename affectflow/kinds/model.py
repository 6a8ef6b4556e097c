"""BatchModelHandler: a model over whole batches, through Beam's RunInference.

Importing this module imports `apache_beam.ml.inference`; so it is imported only where
a model runs.
"""

import abc
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

import pyarrow as pa

from affectflow.batches.batch import apply_to_living, check_columns
from affectflow.kinds.beam_ml import ModelHandler
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields

ModelT = TypeVar("ModelT")


class BatchModelHandler(ModelHandler[pa.RecordBatch, pa.RecordBatch, ModelT], abc.ABC):
    """A model whose element is a batch.

    Subclasses are dataclasses with plain-data arguments; `load_model` imports what is
    heavy. Used in a pipeline through `Annotate`, and in a stage over a lake's parts.
    """

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([ANNOTATIONS_COLUMN])
    card: ClassVar[Card] = Card(summary="")

    @abc.abstractmethod
    def load_model(self) -> ModelT:
        """Returns the model on this worker's device; runs once per worker.

        The model must be weak-referenceable, and safe to call from two threads.
        """

    @abc.abstractmethod
    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with what the handler provides, row for row.

        In a stage, `batch` is a whole part: up to 50,000 rows. Plan model calls over
        all its rows.
        """

    @abc.abstractmethod
    def annotator(self) -> dict[str, Any]:
        """Returns this annotator's row of the table `annotators`.

        Cheap: it runs on the submitting machine, before any model is loaded.
        """

    def apply(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns the result of `predict`, checked, typed and guarded by halving."""
        check_columns(type(self).__name__, batch.schema, self.requires)
        return apply_to_living(
            lambda living: self.predict(living, model),
            batch,
            provided=self.provides,
            step=type(self).__name__,
        )

    def run_inference(
        self,
        batch: Sequence[pa.RecordBatch] | pa.RecordBatch,
        model: ModelT,
        inference_args: dict[str, Any] | None = None,
    ) -> Iterable[pa.RecordBatch]:
        """Yields the result for each batch; Beam calls it."""
        # With `with_no_batching` Beam hands over the bare element, not a list.
        elements = [batch] if isinstance(batch, pa.RecordBatch) else batch
        return [self.apply(element, model) for element in elements]

    def get_num_bytes(self, batch: Any) -> int:
        # Beam's default pickles every batch in order to weigh it.
        elements = [batch] if isinstance(batch, pa.RecordBatch) else batch
        return sum(int(element.nbytes) for element in elements)

    def get_metrics_namespace(self) -> str:
        return type(self).__name__
