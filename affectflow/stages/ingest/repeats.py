"""Rows of one input with the same id: which one counts, and which are refused."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import refuse
from affectflow.stages.ingest.file_order import file_of
from affectflow.stages.ingest.findings import with_answers_of
from affectflow.stages.ingest.twins import Losers

REPEATED = "repeated_ids"
"""Counter of rows refused because another row of their file has the same id."""
REPEATED_OVER_FILES = "repeated_ids_over_files"
"""Counter of rows refused because a row of another file has the same id."""
REPEATED_OVER_CONVERSATIONS = "repeated_ids_over_conversations"
"""Counter of rows refused because a row of another conversation has the same id."""
_WHY = {
    REPEATED_OVER_CONVERSATIONS: "a row of another conversation of this input has the "
    "same id and another text",
    REPEATED: "another row of the same file has the same id and another text",
    REPEATED_OVER_FILES: "a row of another file of this input has the same id and "
    "another text",
}


def one_per_id(
    batch: pa.RecordBatch,
) -> tuple[pa.RecordBatch, int, pa.RecordBatch, dict[str, int]]:
    """Returns one row for each id in a conversation, and what became of the others.

    Among rows with one id the latest edit counts. Another is a duplicate if it has the
    same text, or an edit time that explains the difference; otherwise it is refused.

    Args:
      batch: rows in file order.

    Returns:
      The rows that count; how many duplicates were dropped; the refused rows; how many
      were refused, by counter.
    """
    ids = batch.column("utterance_id")
    if pc.count_distinct(ids).as_py() == batch.num_rows:
        # A slice of no rows would hold the memory of all.
        return batch, 0, pa.RecordBatch.from_pylist([], schema=batch.schema), {}
    order = _latest_first(batch)
    codes = np.asarray(pc.dictionary_encode(keys_of(batch).take(order)).indices)
    _, first = np.unique(codes, return_index=True)
    leads = np.asarray(first)[codes]  # codes count in order of appearance
    loses = leads != np.arange(len(leads))
    said = batch.select(["text", "edited_at"]).take(order)
    clashes = loses & ~_explained(said, leads)
    kept = batch.take(pa.array(np.sort(np.asarray(order)[first])))
    same = np.asarray(pc.equal(said.column("text"), said.take(leads).column("text")))
    kept = with_answers_of(kept, batch.take(order.filter(pa.array(loses & same))))
    clashing = batch.take(order.filter(pa.array(clashes)))
    winners = batch.take(order.take(pa.array(leads[clashes])))
    duplicates = int(loses.sum() - clashes.sum())
    return kept, duplicates, *_by_place(clashing, winners.column("origin"))


def keys_of(rows: pa.Table | pa.RecordBatch) -> pa.Array:
    """Returns the message and the conversation of each row as one text."""
    ids = [_whole(rows.column(n)) for n in ("utterance_id", "conversation_id")]
    return pc.binary_join_element_wise(*ids, "\0")


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def without(
    rows: pa.RecordBatch, losers: Losers
) -> tuple[pa.RecordBatch, int, int, pa.RecordBatch]:
    """Returns rows that stay, how many the lake has, how many are twice, clashes."""
    keys = keys_of(rows)
    of = [
        pc.is_in(keys, value_set=keys_of(table))
        for table in (losers.unchanged, losers.duplicate, losers.clashing)
    ]
    stays = pc.invert(pc.or_(pc.or_(of[0], of[1]), of[2]))
    clashes = rows.filter(of[2])
    refused = _refused(clashes, [REPEATED_OVER_CONVERSATIONS] * clashes.num_rows)
    return rows.filter(stays), of[0].true_count, of[1].true_count, refused


def _latest_first(batch: pa.RecordBatch) -> pa.Array:
    # Among equal edits the order of the file decides: sorting is not stable by itself.
    keyed = batch.append_column("__position", pa.array(np.arange(batch.num_rows)))
    keys = [
        ("edited_at", "descending", "at_end"),
        ("__position", "ascending", "at_end"),
    ]
    return pc.sort_indices(keyed, sort_keys=keys)


def _explained(batch: pa.RecordBatch, leads: np.ndarray) -> np.ndarray:
    """Returns whether a row says the same as its winner, or was edited later."""
    winners = batch.take(pa.array(leads))

    def same(name: str) -> np.ndarray:
        mine, theirs = batch.column(name), winners.column(name)
        equal = pc.fill_null(pc.equal(mine, theirs), False)
        both_null = pc.and_(pc.is_null(mine), pc.is_null(theirs))
        return np.asarray(pc.or_(equal, both_null))

    return same("text") | ~same("edited_at")


def _by_place(
    batch: pa.RecordBatch, winners: pa.Array
) -> tuple[pa.RecordBatch, dict[str, int]]:
    """Returns rows as refused, and how many, by where the row is that counts."""
    other = pc.not_equal(file_of(batch.column("origin")), file_of(winners))
    where = [
        REPEATED_OVER_FILES if is_other else REPEATED for is_other in other.to_pylist()
    ]
    return _refused(batch, where), {each: where.count(each) for each in {*where}}


def _refused(batch: pa.RecordBatch, counters: list[str]) -> pa.RecordBatch:
    errors: list[list[dict[str, Any]] | None] = [
        [{"step": "WriteLake", "error_type": "duplicate_id", "message": _WHY[each]}]
        for each in counters
    ]
    return refuse(batch, errors)
