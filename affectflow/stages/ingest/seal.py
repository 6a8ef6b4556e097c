"""Sealing: what makes a row that a source read fit to be written down.

Accounts become pseudonyms, the content is hashed, the bucket is set. Before this no row
touches a disk of ours.
"""

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform, is_dead, refuse, with_column
from affectflow.batches.grouping import bucket_of
from affectflow.lake.speakers import pseudonym
from affectflow.schemas import ERRORS_COLUMN, UTTERANCES

STEP = "Seal"
# What a source may change about a message without the message being another one.
_OUTCOMES = ("outcome", "closed_at", "locked_reason")
_SAID = ("text", "title", "speaker_id", "reply_to", "kind", "timestamp", "deleted")


def seal(batch: pa.RecordBatch, key: bytes, buckets: int) -> pa.RecordBatch:
    """Returns `batch` with pseudonyms, `content_hash` and `bucket`.

    Rows without id, conversation or text are dead afterwards; dead rows have bucket
    null and no account names.

    Args:
      batch: columns of `UTTERANCES`, maybe findings and `errors`.
      key: of the lake's pseudonyms.
      buckets: of the lake.
    """
    batch = conform(batch, pa.schema([*UTTERANCES, ERRORS_COLUMN]))
    batch = _set(batch, "speaker_id", _pseudonyms(batch, key))
    batch = _refuse_incomplete(batch)
    living = pc.invert(is_dead(batch))
    hashes = pc.if_else(living, content_hashes(batch), pa.scalar(None, pa.string()))
    batch = _set(batch, "content_hash", hashes)
    ids = pc.fill_null(batch.column("conversation_id"), "")
    found = pc.if_else(living, bucket_of(ids, buckets), pa.scalar(None, pa.int32()))
    return _set(batch, "bucket", found)


def _set(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return with_column(batch, UTTERANCES.field(name), column)


def _pseudonyms(batch: pa.RecordBatch, key: bytes) -> pa.Array:
    joined = pc.binary_join_element_wise(
        pc.fill_null(batch.column("source"), ""), batch.column("speaker_id"), "\0"
    )
    encoded = pc.dictionary_encode(joined)
    pairs = [each.split("\0", 1) for each in encoded.dictionary.to_pylist()]
    names = [pseudonym(source, account, key) for source, account in pairs]
    return pa.array(names, pa.string()).take(encoded.indices)


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
    columns = [
        pc.fill_null(batch.column(name).cast(pa.string()), "\0") for name in _SAID
    ]
    outcomes = [
        pc.fill_null(pc.map_lookup(batch.column("attrs"), name, "first"), "\0")
        for name in _OUTCOMES
    ]
    joined = pc.binary_join_element_wise(*columns, *outcomes, "\1")
    return pa.array(map(_hash, joined.to_pylist()), pa.string())


def _hash(said: str) -> str:
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
