"""Models: `Scorer`, for models that give scores or values, and the handler beneath it.

A `Scorer` defines how texts are scored; the rest is done for it. Other models derive
from `BatchModelHandler`: a model over whole batches, through Beam's RunInference. The
check of both is `affectflow.testing.check_model`. Importing this module imports
`apache_beam.ml.inference`, so it is imported only where a model runs.
"""

import abc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import (
    Rows,
    apply_to_living,
    between_conversations,
    check_columns,
    error_row,
    halfway,
    refuse,
)
from affectflow.batches.labelling import (
    Answer,
    Statuses,
    annotate,
    annotations,
)
from affectflow.batches.readings import Readings
from affectflow.batches.texts import UNKNOWN, Collapsed, Mask, collapse, tagged
from affectflow.errors import UsageError
from affectflow.kinds.beam_ml import ModelHandler
from affectflow.kinds.identity import Annotator
from affectflow.kinds.scales import on_scale
from affectflow.kinds.style import check_reading, reading_of
from affectflow.schemas import (
    ANNOTATIONS_COLUMN,
    ANNOTATORS_COLUMN,
    UTTERANCES,
    VECTORS_COLUMN,
    Status,
    fields,
)

ModelT = TypeVar("ModelT")


class BatchModelHandler(
    Annotator, ModelHandler[pa.RecordBatch, pa.RecordBatch, ModelT], abc.ABC
):
    """A model whose element is a batch.

    Subclasses are dataclasses with plain-data arguments; `load_model` imports what is
    heavy. Used in a pipeline through `Annotate`, and in a stage over a lake's parts.
    """

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([ANNOTATIONS_COLUMN])
    architectures: ClassVar[tuple[str, ...]] = ()
    """Which folders and hub ids it reads, by names in their config.json: patterns like
    `*ForSequenceClassification`. Such a plugin takes `model` and `revision`.
    """
    reads_several: ClassVar[bool] = False
    """Whether `over` may name several annotators; only for a model of `vectors`. It
    tells their answers apart by `annotator_id`: the order of the ids says nothing."""
    unit: Literal["utterance", "conversation"] = "utterance"
    """What it reads at once. A batch for a model of conversations holds whole ones, one
    after the other, each in time order; they live or die as a whole."""

    @property
    def columns_required(self) -> pa.Schema:
        """What this instance reads; `requires`, unless its arguments say otherwise."""
        return self.requires

    @property
    def columns_provided(self) -> pa.Schema:
        """What this instance writes."""
        return self.provides

    @property
    def reads_answers(self) -> bool:
        """Whether it reads the answers of another annotator, which `over` names.

        They are in the batch, in the required columns: labels, vectors or both, and in
        a lake nobody else's. Its own answers are appended after them.
        """
        return bool(self.answers_read)

    @property
    def answers_read(self) -> tuple[str, ...]:
        """The columns of answers that it reads: `annotations`, `vectors`, or both."""
        columns = (ANNOTATIONS_COLUMN.name, VECTORS_COLUMN.name)
        return tuple(n for n in columns if n in self.columns_required.names)

    @property
    def annotators_read(self) -> tuple[str, ...]:
        """The ids that `over` names."""
        return tuple(self.over.split(",")) if self.reads_several else (self.over,)

    @property
    def cues_read(self) -> str:
        """Which cues change what it reads: `all`, those of the `text`, or `none`."""
        read: str = getattr(self, "cues", "words")
        return {"words": "all", "in_text": "text"}.get(read, "none")

    @property
    def style_read(self) -> str:
        """The style whose cues it reads, where there are several; empty for any."""
        return str(getattr(self, "style", ""))

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

    def apply(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns the result of `predict`, checked, typed and guarded by halving."""
        check_columns(type(self).__name__, batch.schema, self.columns_required)
        if self.reads_answers:
            _check_answered(batch, self.annotators_read)
        return apply_to_living(
            lambda living: self.predict(living, model),
            batch,
            provided=self.columns_provided,
            step=type(self).__name__,
            cut=between_conversations if self.unit == "conversation" else halfway,
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


def _check_answered(batch: pa.RecordBatch, over: Sequence[str]) -> None:
    """Raises UsageError if earlier steps answered but one of `over` is not among them.

    In a lake there is no earlier step, and the part is known to be answered.
    """
    if ANNOTATORS_COLUMN.name not in batch.schema.names:
        return
    names = batch.column(ANNOTATORS_COLUMN.name).flatten().field("annotator_id")
    there = pc.unique(names).to_pylist()
    missing = [each for each in over if each not in there]
    if there and missing:
        raise UsageError(
            f"`over` is {missing[0]!r}, but no earlier step gives it; earlier steps "
            f"give {', '.join(there)}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """What a scorer says about texts.

    Args:
      answers: one for each task, of all texts.
      truncated: shape (texts,): the end of the text was not read; None if all was.
      failed: why, for each text that the model cannot score, by its place.
    """

    answers: tuple[Answer, ...]
    truncated: Mask | None = None
    failed: Mapping[int, Exception] = field(default_factory=dict)


@dataclass(kw_only=True)
class Scorer(BatchModelHandler[ModelT], abc.ABC):
    """A model that gives texts scores, or values on a scale.

    It is asked about each distinct text of a batch once. Rows without words of their
    author, and rows in a language that it does not read, get a status and no label; a
    text that fails does not affect the others.

    Args:
      cues: the model reads cues in `words`, only those `in_text`, or texts
        `as_written`.
      style: whose frame is read around a text that has cues without a place in it.

    Raises:
      UsageError: `cues` is another word.
    """

    cues: str = "words"
    style: str = ""

    languages: ClassVar[tuple[str, ...]] = ()
    """What it reads, as `texts.tagged` takes it; empty for whatever is written.

    Rows whose `lang` says nothing are read too.
    """
    weighs_cues: ClassVar[bool] = False
    """Whether it learns where cues in words start and end; see `readings.read`."""

    def __post_init__(self) -> None:
        super().__init__()
        check_reading(self.cues, self.style)

    @property
    def languages_read(self) -> tuple[str, ...]:
        """What this instance reads; `languages`, unless its arguments say otherwise."""
        return self.languages

    @abc.abstractmethod
    def score(self, texts: list[str], model: ModelT) -> Scored:
        """Returns what the model says about texts: distinct ones, perhaps none.

        Without texts, the answers name their tasks and labels all the same.
        """

    def understands(self, texts: list[str], known: Mask, model: ModelT) -> Mask:
        """Returns which texts are in a language that the model reads.

        Args:
          texts: distinct ones.
          known: shape (texts,): `lang` says that it is one of `languages`.
          model: as `load_model` gave it.
        """
        return np.ones(len(texts), np.bool_)

    def asked(self, batch: pa.RecordBatch, readings: Readings) -> pa.StringArray:
        """Returns what the model is asked for each row, which is passed to `score`.

        Null where it is not asked; such a row gets the status `abstained`.

        Args:
          batch: utterances.
          readings: of its rows.
        """
        return readings.texts

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row.

        A row that the model cannot score gets an error and no annotation; one with a
        value that is not on the scale, the status `out_of_range`.
        """
        readings = reading_of(
            batch, cues=self.cues, style=self.style, apart=self.weighs_cues
        )
        texts_of_rows = self.asked(batch, readings)
        there = np.asarray(pc.is_valid(texts_of_rows))
        known, readable = self._languages(batch)
        wanted = ~readings.silent & readable & there
        asked = collapse(texts_of_rows, wanted, known)
        texts = asked.only(self.understands(asked.unique, asked.marked, model))
        scored = self.score(texts.unique, model)
        statuses = _statuses(texts, scored)
        statuses[readable & ~there] = Status.ABSTAINED
        statuses[readings.silent] = Status.NO_AUTHOR_TEXT
        annotator_id = self.annotator()["annotator_id"]
        for answer in scored.answers:
            of_rows, said = on_scale(answer.spread(texts), statuses)
            batch = annotate(batch, annotations(of_rows, said, annotator_id))
        return refuse_failed(batch, texts, scored.failed, type(self).__name__)

    def _languages(self, batch: pa.RecordBatch) -> tuple[Mask, Mask]:
        """Returns the rows known to be in its languages, and those that may be."""
        if not self.languages_read:
            everything = np.ones(batch.num_rows, np.bool_)
            return everything, everything
        known = tagged(batch, *self.languages_read)
        return known, known | tagged(batch, UNKNOWN)


def _statuses(texts: Collapsed, scored: Scored) -> Statuses:
    """Returns the status of each row, treating rows not asked about as foreign."""
    of_texts = np.full(len(texts.unique), Status.OK, np.int8)
    if scored.truncated is not None:
        of_texts[scored.truncated] = Status.TRUNCATED
    of_texts[list(scored.failed)] = Status.REFUSED
    statuses: Statuses = texts.spread(of_texts, Status.UNSUPPORTED_LANGUAGE)
    return statuses


def refuse_failed(
    batch: pa.RecordBatch,
    texts: Collapsed,
    failed: Mapping[int, Exception],
    step: str,
) -> pa.RecordBatch:
    """Returns `batch` with an error for each row whose text a model failed on."""
    if not failed:
        return batch
    errors: list[Rows | None] = [None] * batch.num_rows
    for row, text in zip(texts.rows.tolist(), texts.which.tolist(), strict=True):
        if text in failed:
            errors[row] = error_row(step, failed[text])
    return refuse(batch, errors)
