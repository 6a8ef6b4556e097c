"""What came in with the messages of a bucket, once all of them are together."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import with_column
from affectflow.schemas import ANNOTATORS_COLUMN, CAUSES_COLUMN

ANSWERS = ("annotations", "vectors", "causes", ANNOTATORS_COLUMN.name)
"""List columns of what somebody answered; cues follow from the text itself."""


def with_answers_of(kept: pa.RecordBatch, others: pa.RecordBatch) -> pa.RecordBatch:
    """Returns messages with the answers that other rows of the same messages have.

    A set that lists each rater's answer in a row of its own gives a message as often as
    it has raters.

    Args:
      kept: one row for each message.
      others: rows of the same columns, whose messages are among those kept.
    """
    answered = ANNOTATORS_COLUMN.name in kept.schema.names
    if not others.num_rows or not answered:
        return kept
    own = np.arange(kept.num_rows)
    ids = [batch.column("utterance_id") for batch in (others, kept)]
    places = np.concatenate([own, np.asarray(pc.index_in(ids[0], value_set=ids[1]))])
    for name in ANSWERS:
        if name in kept.schema.names:
            field = kept.schema.field(name)
            lists = pa.concat_arrays([kept.column(name), others.column(name)])
            kept = with_column(kept, field, _gathered(lists, places, kept.num_rows))
    return kept


def _gathered(
    lists: pa.ListArray, places: "np.ndarray[Any, Any]", count: int
) -> pa.ListArray:
    """Returns `count` lists: of each place the items of all its lists, in order."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    of_item = np.repeat(places, lengths)
    items = lists.flatten().take(pa.array(np.argsort(of_item, kind="stable")))
    counts = np.bincount(of_item, minlength=count)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=lists.type)


def causes_in_place(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns `batch` with the spans of its causes corrected, or `unaligned`.

    A source gives spans in the text that it read; cleaning may have moved or replaced
    words since. Causes in messages of earlier ingests stay as they are.
    """
    if CAUSES_COLUMN.name not in batch.schema.names:
        return batch
    column = batch.column(CAUSES_COLUMN.name)
    wanted = column.flatten().field("cause_utterance_id")
    held = batch.filter(pc.is_in(batch.column("utterance_id"), value_set=wanted))
    if not held.num_rows:
        return batch
    texts = dict(zip(*(held.column(n).to_pylist() for n in _ID_AND_TEXT), strict=True))
    causes = column.to_pylist()
    moved = [[_in_place(each, texts) for each in row or ()] for row in causes]
    if moved == [row or [] for row in causes]:
        return batch
    return with_column(batch, CAUSES_COLUMN, pa.array(moved, CAUSES_COLUMN.type))


_ID_AND_TEXT = ("utterance_id", "text")


def _in_place(cause: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    text = texts.get(cause["cause_utterance_id"])
    words, start, end = (cause[name] for name in ("cause_text", "start", "end"))
    if text is None or cause["status"] != "ok" or text[start:end] == words:
        return cause
    places = [found.start() for found in re.finditer(re.escape(words), text)]
    if not places:
        nowhere = dict.fromkeys(("start", "end", "cause_text"))
        return {**cause, **nowhere, "status": "unaligned"}
    nearest = min(places, key=lambda place: abs(place - start))
    return {**cause, "start": nearest, "end": nearest + len(words)}
