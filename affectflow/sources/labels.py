"""LabelledSource: research sets, whose messages come with people's labels.

The answers travel with the messages, as those of a model do, and come to lie in
`annotations` and `causes` by an annotator whose kind is `person`.
"""

import abc
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import __version__
from affectflow.batches.batch import conform_like, with_column
from affectflow.kinds.miner import cause_type, identity_of
from affectflow.kinds.source import Split
from affectflow.schemas import (
    ANNOTATIONS_COLUMN,
    ANNOTATORS_COLUMN,
    CAUSES_COLUMN,
    SOURCE_BATCH,
    Status,
)
from affectflow.sources.files import FileSource
from affectflow.sources.rows import Row, batch_of_rows, grouped
from affectflow.vocabularies import get

SAID = "said"
"""The key of a row under which its `Said` stands."""
_TASK, _PERSPECTIVE, _NEUTRAL = "emotion", "reader", "neutral"
# What one answer takes in flight, about.
_ANSWER_BYTES = 100


class Cause(NamedTuple):
    """One cause of an emotion that a person marked.

    Args:
      label: the emotion.
      utterance_id: of the message that holds the cause; empty if none does.
      speaker_id: of that message.
      text: its words, as they stand in that message.
      start: where they begin in it, in code points; None if they are not there.
    """

    label: str
    utterance_id: str = ""
    speaker_id: str | None = None
    text: str = ""
    start: int | None = None


class Said(NamedTuple):
    """What one rater, or the agreement of several, says of a message.

    Args:
      rater: names them; the annotator is `person:<rater>`.
      chosen: the labels that hold; of all others of the vocabulary it is said that they
        do not.
      causes: of the labels chosen; None if no one looked for them.
      status: why the answer is missing, if it is.
      raw: the answer as it was spelt.
    """

    rater: str
    chosen: Collection[str] = ()
    causes: Sequence[Cause] | None = None
    status: Status = Status.OK
    raw: str | None = None

    @property
    def annotator_id(self) -> str:
        """The annotator whose answer it is."""
        return f"person:{self.rater}"


@dataclass(kw_only=True)
class LabelledSource(FileSource, abc.ABC):
    """Reads messages that come with people's labels.

    A subclass makes its batches with `labelled`, of rows that may have `SAID`. The
    people are readers, not the authors.
    """

    vocabulary: ClassVar[str]
    """The label set that people chose from."""
    licence: ClassVar[str] = ""
    """Of the labels; an SPDX name where there is one."""
    commercial_use: ClassVar[bool | None] = None
    """Whether that licence allows commercial use; None if unknown."""

    provides: ClassVar[pa.Schema] = pa.schema(
        [*SOURCE_BATCH, ANNOTATIONS_COLUMN, CAUSES_COLUMN, ANNOTATORS_COLUMN]
    )

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        for batch in super().read(split):
            yield conform_like(batch, self.provides)

    def labelled(self, rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
        """Yields rows as batches, with the answers that stand in `SAID`."""
        labels = get(self.vocabulary).labels
        each_size = _ANSWER_BYTES * len(labels)
        for group in grouped(rows, lambda r: each_size + 4 * len(r.get("text") or "")):
            batch = batch_of_rows(group)
            said = [row.get(SAID) for row in group]
            answers = _annotations(said, self.vocabulary, labels)
            causes = [list(_causes(row, self.vocabulary)) for row in group]
            batch = with_column(batch, ANNOTATIONS_COLUMN, answers)
            batch = with_column(
                batch, CAUSES_COLUMN, pa.array(causes, CAUSES_COLUMN.type)
            )
            yield with_column(batch, ANNOTATORS_COLUMN, self._signatures(said))

    def _signatures(self, said: Sequence[Said | None]) -> pa.ListArray:
        """Returns who has answered each row, and who has looked for causes in it."""
        raters = list(dict.fromkeys(each.annotator_id for each in said if each))
        row = {
            "kind": "person",
            "licence": self.licence or None,
            "commercial_use": self.commercial_use,
            "version": __version__,
        }
        known = [
            {**row, "stage": stage, "annotator_id": rater}
            for rater in raters
            for stage in ("annotate", "mine")
        ]
        stages = [0 if not s else 1 if s.causes is None else 2 for s in said]
        first = {rater: 2 * place for place, rater in enumerate(raters)}
        which = [
            first[each.annotator_id] + stage
            for each, count in zip(said, stages, strict=True)
            for stage in range(count)
            if each
        ]
        values = pa.array(known, ANNOTATORS_COLUMN.type.value_type)
        taken = values.take(pa.array(which, pa.int64()))
        return _lists(ANNOTATORS_COLUMN, stages, taken)


def _annotations(
    said: Sequence[Said | None], vocabulary: str, labels: Sequence[str]
) -> pa.ListArray:
    """Returns one list for each row: yes or no to each label, or why not."""
    answers = [each for each in said if each]
    answered = np.array([each.status.is_answer for each in answers], np.bool_)
    counts = np.where(answered, len(labels), 1)
    rows = np.repeat(np.arange(len(answers)), counts)
    which = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = {label: place for place, label in enumerate(labels)}
    chosen = np.zeros((len(answers), len(labels)), np.bool_)
    for row, each in enumerate(answers):
        chosen[row, [places[label] for label in each.chosen]] = True
    named = pa.array(labels, pa.string()).take(pa.array(which))
    columns = {
        "annotator_id": _of(rows, [each.annotator_id for each in answers]),
        "task": _of(rows, [_TASK] * len(answers)),
        "vocabulary": _of(rows, [vocabulary] * len(answers)),
        "label": pc.if_else(pa.array(answered[rows]), named, None),
        "chosen": pa.array(chosen[rows, which]),
        "perspective": _of(rows, [_PERSPECTIVE] * len(answers)),
        "status": _of(rows, [each.status.word for each in answers]),
        "raw": _of(rows, [each.raw for each in answers]),
    }
    fields = list(ANNOTATIONS_COLUMN.type.value_type)
    nothing = {f.name: pa.nulls(len(rows), f.type) for f in fields}
    arrays = list((nothing | columns).values())
    values = pa.StructArray.from_arrays(arrays, fields=fields)
    lengths = iter(counts.tolist())
    return _lists(ANNOTATIONS_COLUMN, [next(lengths) if s else 0 for s in said], values)


def _of(rows: "np.ndarray[Any, Any]", values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string()).take(pa.array(rows))


def _lists(field: pa.Field, lengths: Sequence[int], values: pa.Array) -> pa.ListArray:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=field.type)


def _causes(row: Row, vocabulary: str) -> Iterator[dict[str, Any]]:
    """Yields rows of `causes`: those that were marked, or that a label has none."""
    said: Said | None = row.get(SAID)
    if not said or said.causes is None:
        return
    marked = {cause.label for cause in said.causes}
    without = [Cause(c) for c in said.chosen if c not in marked and c != _NEUTRAL]
    for cause in (*said.causes, *without):
        found = {
            "label": cause.label,
            "vocabulary": vocabulary,
            "emotion_annotator_id": said.annotator_id,
            "annotator_id": said.annotator_id,
            **_placed(row, cause, latent=cause.label in marked),
        }
        yield found | {"cause_id": identity_of(row["utterance_id"], found)}


def _placed(row: Row, cause: Cause, *, latent: bool) -> dict[str, Any]:
    if not cause.utterance_id:
        return {"status": "latent" if latent else "none_found"}
    if cause.start is None:
        return {"cause_utterance_id": cause.utterance_id, "status": "unaligned"}
    is_own = cause.utterance_id == row["utterance_id"]
    return {
        "cause_utterance_id": cause.utterance_id,
        "start": cause.start,
        "end": cause.start + len(cause.text),
        "cause_text": cause.text,
        "cause_type": cause_type(is_own, row.get("speaker_id"), cause.speaker_id),
        "status": "ok",
    }
