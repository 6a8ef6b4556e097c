"""Sealing: makes a row from a source ready to be written.

Accounts become pseudonyms, the content is hashed, the bucket is set. Before this, no
row is written to disk.
"""

import hashlib
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform, is_dead, refuse, with_column
from affectflow.batches.grouping import bucket_of
from affectflow.errors import UsageError
from affectflow.lake.speakers import pseudonyms
from affectflow.schemas import (
    ANNOTATORS_COLUMN,
    ATTRS,
    ERRORS_COLUMN,
    FINDINGS,
    UTTERANCES,
)
from affectflow.sources.auto_ids import are_auto, keyed

STEP = "Seal"
# What a source may change about a message without making it another message.
_OUTCOMES = ("outcome", "closed_at", "locked_reason")
_SAID = ("text", "title", "speaker_id", "reply_to", "kind", "timestamp", "deleted")


def seal(batch: pa.RecordBatch, key: bytes, buckets: int) -> pa.RecordBatch:
    """Returns `batch` with pseudonyms, `content_hash` and `bucket`.

    Rows without id, conversation or text are dead afterwards; dead rows have bucket
    null and no account names.

    Args:
      batch: columns of `UTTERANCES`, maybe findings, `errors` and columns of a step
        that no table has: they are kept in `attrs`.
      key: of the lake's pseudonyms.
      buckets: of the lake.

    Raises:
      UsageError: a column that no table has is of lists or structs; names it.
    """
    batch = conform(batch, pa.schema([*UTTERANCES, ERRORS_COLUMN]))
    batch = _own_columns_kept(batch)
    batch = _ids_keyed(batch, key)
    batch = _set(batch, "speaker_id", _pseudonyms(batch, key))
    batch = _refuse_incomplete(batch)
    living = pc.invert(is_dead(batch))
    hashes = pc.if_else(living, content_hashes(batch), pa.scalar(None, pa.string()))
    batch = _set(batch, "content_hash", hashes)
    ids = pc.fill_null(batch.column("conversation_id"), "")
    found = pc.if_else(living, bucket_of(ids, buckets), pa.scalar(None, pa.int32()))
    return _set(batch, "bucket", found)


_KNOWN = {*UTTERANCES.names, *FINDINGS, ANNOTATORS_COLUMN.name, ERRORS_COLUMN.name}


def _own_columns_kept(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns `batch` with columns that no table has in `attrs`, as text."""
    own = [field for field in batch.schema if field.name not in _KNOWN]
    if not own:
        return batch
    nested = [f"`{f.name}`" for f in own if pa.types.is_nested(f.type)]
    if nested:
        raise UsageError(
            f"a lake has no column for {', '.join(nested)}, and "
            "lists and structs do not fit `attrs`: drop it before WriteLake, or "
            "turn it into text or numbers"
        )
    columns = {f.name: batch.column(f.name).cast(pa.string()).to_pylist() for f in own}
    attrs = [
        list({**dict(known or ()), **_said(columns, row)}.items())
        for row, known in enumerate(batch.column("attrs").to_pylist())
    ]
    kept = _set(batch, "attrs", pa.array(attrs, ATTRS))
    return kept.select([name for name in kept.schema.names if name in _KNOWN])


def _said(columns: Mapping[str, list[str | None]], row: int) -> dict[str, str]:
    values = ((name, column[row]) for name, column in columns.items())
    return {name: value for name, value in values if value is not None}


def _set(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return with_column(batch, UTTERANCES.field(name), column)


def _pseudonyms(batch: pa.RecordBatch, key: bytes) -> pa.Array:
    joined = pc.binary_join_element_wise(
        pc.fill_null(batch.column("source"), ""), batch.column("speaker_id"), "\0"
    )
    encoded = pc.dictionary_encode(joined)
    messages = encoded.dictionary.cast(pa.binary()).to_pylist()
    return pa.array(pseudonyms(messages, key), pa.string()).take(encoded.indices)


def _ids_keyed(batch: pa.RecordBatch, key: bytes) -> pa.RecordBatch:
    """Returns `batch` with ids that do not reveal what they were made from."""
    if not are_auto(batch.column("utterance_id")).true_count:
        return batch
    for name in ("utterance_id", "conversation_id"):
        batch = _set(batch, name, keyed(batch.column(name), key))
    causes = FINDINGS["causes"]
    if causes.name not in batch.schema.names:
        return batch
    rows = batch.column(causes.name).to_pylist()
    for cause in (cause for row in rows for cause in row or ()):
        pointer = pa.array([cause["cause_utterance_id"]], pa.string())
        cause["cause_utterance_id"] = keyed(pointer, key)[0].as_py()
    return with_column(batch, causes, pa.array(rows, causes.type))


_NEEDED = {
    "utterance_id": (
        "no_id",
        "the row has no id; name its column: --map utterance_id=",
    ),
    "conversation_id": ("no_conversation", "the row names no conversation"),
    "text": ("no_text", "the row has no text; name its column: --map text=..."),
}


def _refuse_incomplete(batch: pa.RecordBatch) -> pa.RecordBatch:
    for name, (kind, message) in _NEEDED.items():
        lacking = pc.and_(pc.is_null(batch.column(name)), pc.invert(is_dead(batch)))
        if lacking.true_count:
            errors = batch.column(ERRORS_COLUMN.name).to_pylist()
            row = {"step": STEP, "error_type": kind, "message": message}
            batch = refuse(
                batch,
                [
                    [row] if lacks else known
                    for lacks, known in zip(lacking.to_pylist(), errors, strict=True)
                ],
            )
    return batch


def content_hashes(batch: pa.RecordBatch) -> pa.Array:
    """Returns BLAKE2b of what each message says, 32 hexadecimal digits.

    Votes, labels and edit times are left out: they change without the message.
    """
    columns = [pc.fill_null(_as_text(batch.column(name)), "\0") for name in _SAID]
    outcomes = [
        pc.fill_null(pc.map_lookup(batch.column("attrs"), name, "first"), "\0")
        for name in _OUTCOMES
    ]
    joined = pc.binary_join_element_wise(*columns, *outcomes, "\1")
    digest = hashlib.blake2b
    messages = joined.cast(pa.binary()).to_pylist()
    hashes = [digest(each, digest_size=16).hexdigest() for each in messages]
    return pa.array(hashes, pa.string())


def _as_text(column: pa.Array) -> pa.Array:
    """Returns a column cast to text, times as `2026-08-15 12:00:00.000000Z`."""
    if not pa.types.is_timestamp(column.type):
        return column.cast(pa.string())
    # Arrow spells times with a zone one by one, those without 20 times as fast.
    local = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    return pc.binary_join_element_wise(local, "Z", "")
