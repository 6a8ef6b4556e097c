"""Embedders: models that give each text a vector, so that SQL can compare texts.

The check is `affectflow.testing.check_model`, as for every model.
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.labelling import appended
from affectflow.batches.texts import Collapsed, Mask, collapse
from affectflow.errors import RowError
from affectflow.kinds.model import BatchModelHandler, refuse_failed
from affectflow.kinds.style import check_reading, reading_of
from affectflow.schemas import VECTORS_COLUMN

ModelT = TypeVar("ModelT")
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """The vectors of texts.

    Args:
      vectors: shape (texts, width).
      failed: why, for each text that the model cannot read, by its place.
      silent: shape (texts,): the text has nothing to embed.
    """

    vectors: Vectors
    failed: Mapping[int, Exception] = field(default_factory=dict)
    silent: Mask | None = None


@dataclass(kw_only=True)
class Embedder(BatchModelHandler[ModelT], abc.ABC):
    """A model that gives texts vectors, stored in the table `vectors`.

    It is asked about each distinct text of a batch once. Rows without words of their
    author get no vector; a text that fails does not affect the others.

    Args:
      cues: the model reads cues in `words`, only those `in_text`, or texts
        `as_written`.
      style: whose frame is read around a text that has cues without a place in it.

    Raises:
      UsageError: `cues` is another word.
    """

    cues: str = "words"
    style: str = ""

    provides: ClassVar[pa.Schema] = pa.schema([VECTORS_COLUMN])

    def __post_init__(self) -> None:
        super().__init__()
        check_reading(self.cues, self.style)

    @abc.abstractmethod
    def embed(self, texts: list[str], model: ModelT) -> Embedded:
        """Returns one vector for each of the texts: distinct ones, perhaps none."""

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one vector for each row that says something.

        A row that the model cannot read gets an error and no vector.
        """
        reading = reading_of(batch, cues=self.cues, style=self.style)
        texts = collapse(reading.texts, ~reading.silent)
        found = self.embed(texts.unique, model)
        batch = with_vectors(batch, found, texts, self.annotator()["annotator_id"])
        return refuse_failed(batch, texts, found.failed, type(self).__name__)


def with_vectors(
    batch: pa.RecordBatch,
    found: Embedded,
    asked: Collapsed,
    annotator_id: str,
    modality: str = "text",
) -> pa.RecordBatch:
    """Returns a batch with one more vector for each row that got one.

    Args:
      batch: whose rows were asked about.
      found: the vectors of what is different in them.
      asked: which of those each row has.
      annotator_id: of whoever gave them.
      modality: what the model read.

    Raises:
      RowError: a vector contains a value that is not a number.
    """
    new = _lists(found, asked, annotator_id, modality)
    return appended(batch, VECTORS_COLUMN, new)


def _lists(
    found: Embedded, texts: Collapsed, annotator_id: str, modality: str
) -> pa.ListArray:
    """Returns a list of one vector for each row that has one, of none for others."""
    without = np.isin(texts.which, list(found.failed))
    if found.silent is not None:
        without |= found.silent[texts.which]
    rows, which = texts.rows[~without], texts.which[~without]
    vectors = found.vectors[which]
    if not np.isfinite(vectors).all():
        raise RowError(
            "the model gave a vector with a value that is not a finite number"
        )
    columns = {
        "annotator_id": pa.repeat(annotator_id, len(rows)),
        "modality": pa.repeat(modality, len(rows)),
        "vector": _array(vectors),
    }
    fields = list(VECTORS_COLUMN.type.value_type)
    structs = pa.StructArray.from_arrays(
        [columns.get(f.name, pa.nulls(len(rows), f.type)) for f in fields],
        fields=fields,
    )
    offsets = np.searchsorted(rows, np.arange(texts.n_rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(offsets), structs, type=VECTORS_COLUMN.type
    )


def _array(vectors: Vectors) -> pa.ListArray:
    count, width = vectors.shape
    offsets = np.arange(count + 1, dtype=np.int32) * width
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel(), pa.float32())
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), flat)
