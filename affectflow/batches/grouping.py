"""Claim-check grouping: batches wait in files; only their addresses are shuffled.

Each batch becomes one Arrow IPC file, sorted by bucket, with one record batch per
bucket and a name made from its content; `Claim`s go through GroupByKey. Equal speed, a
third of the memory of shuffling batches, no 2 GiB limit, and a retried bundle writes
the same file again.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import MAX_ROWS, concat_unlike, with_column
from affectflow.schemas import UTTERANCES
from affectflow.storage import Storage, storage_errors


class Claim(NamedTuple):
    """The address of one bucket's rows of one batch."""

    name: str
    number: int


def bucket_of(conversation_ids: pa.Array, buckets: int) -> pa.Array:
    """Returns the bucket of each conversation: the top bits of BLAKE2b of its id.

    Args:
      conversation_ids: strings, no nulls.
      buckets: how many; a power of two.
    """
    bits = buckets.bit_length() - 1
    encoded = pc.dictionary_encode(conversation_ids)
    digest = hashlib.blake2b
    ids = encoded.dictionary.cast(pa.binary()).to_pylist()
    digests = b"".join([digest(each, digest_size=4).digest() for each in ids])
    unique = np.frombuffer(digests, ">u4").astype(np.int64) >> (32 - bits)
    return pa.array(unique, pa.int32()).take(encoded.indices)


def spill(batch: pa.RecordBatch, folder: Storage) -> list[tuple[int, Claim]]:
    """Writes a batch with a column `bucket`, and returns a claim for each bucket."""
    if not batch.num_rows:
        return []
    order = np.argsort(np.asarray(batch.column("bucket")), kind="stable")
    batch = batch.take(pa.array(order))
    buckets = np.asarray(batch.column("bucket"))
    starts = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
    ends = np.append(starts[1:], len(buckets))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        for start, end in zip(starts, ends, strict=True):
            writer.write_batch(batch.slice(start, end - start))
    content = sink.getvalue()
    name = hashlib.blake2b(content, digest_size=16).hexdigest() + ".arrow"
    with folder.writer(name) as file:
        file.write(content)
    return [
        (int(buckets[start]), Claim(name, number))
        for number, start in enumerate(starts)
    ]


def gather(claims: Iterable[Claim], folder: Storage) -> Iterator[pa.RecordBatch]:
    """Yields the batches that `claims` stand for, in the order of their addresses."""
    for claim in sorted(claims):
        with (
            storage_errors(folder.uri),
            _opened(folder, claim.name) as file,
            pa.ipc.open_file(file) as reader,
        ):
            batch = reader.get_batch(claim.number)
        yield batch


def _opened(folder: Storage, name: str) -> Any:
    path = folder.path(name)
    # Not mapped: the pages around those of hundreds of claims came to a gigabyte.
    return pa.OSFile(path) if folder.is_local else folder.fs.open(path, "rb")


def in_time_order(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns `batch` by conversation, each in time order.

    Utterances without a time keep the order that they had, before the others.
    """
    position = pa.array(np.arange(batch.num_rows))
    keyed = batch.append_column("__position", position)
    order = pc.sort_indices(
        keyed,
        sort_keys=[
            ("conversation_id", "ascending", "at_end"),
            ("timestamp", "ascending", "at_start"),
            ("__position", "ascending", "at_end"),
        ],
    )
    return batch.take(order)


def whole_conversations(
    batch: pa.RecordBatch, max_rows: int = MAX_ROWS
) -> Iterator[pa.RecordBatch]:
    """Yields pieces of a batch sorted by conversation, cut between conversations.

    A piece holds at most `max_rows` rows, unless one conversation is longer: then the
    conversation alone.
    """
    if not batch.num_rows:
        return
    runs = pc.run_end_encode(batch.column("conversation_id"))
    ends = np.asarray(runs.run_ends)
    start, last = 0, 0
    for end in ends:
        if end - start > max_rows and last > start:
            yield batch.slice(start, last - start)
            start = last
        last = end
    yield batch.slice(start, last - start)


class GroupConversations(beam.PTransform):
    """Groups batches so that each batch that comes out holds whole conversations.

    Args:
      folder: where batches wait; every worker must see it. A new folder in the
        system's temporary one if empty: right for one machine.
    """

    def __init__(self, folder: str = ""):
        super().__init__()
        self.folder = folder

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Wires spill, GroupByKey and gather."""
        folder = self.folder or _folder_until_exit()
        return (
            pcoll
            | "Spill"
            >> beam.FlatMap(_spill_by_conversation, folder).with_output_types(
                tuple[int, tuple[str, int]]
            )
            | "Group" >> beam.GroupByKey()
            | "Gather"
            >> beam.FlatMap(_gather_sorted, folder).with_output_types(pa.RecordBatch)
        )


def _folder_until_exit() -> str:
    # What people wrote must not stay behind in the system's temporary folder.
    folder = tempfile.mkdtemp(prefix="affectflow-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_BUCKETS = 16


def _spill_by_conversation(
    batch: pa.RecordBatch, folder: str
) -> Iterator[tuple[int, tuple[str, int]]]:
    ids = pc.fill_null(batch.column("conversation_id"), "")
    field = UTTERANCES.field("bucket")
    keyed = with_column(batch, field, bucket_of(ids, _BUCKETS))
    for bucket, claim in spill(keyed, Storage(folder)):
        yield bucket, (claim.name, claim.number)


def _gather_sorted(
    grouped: tuple[int, Iterable[tuple[str, int]]], folder: str
) -> Iterator[pa.RecordBatch]:
    claims = [Claim(*claim) for claim in grouped[1]]
    together = concat_unlike(list(gather(claims, Storage(folder))))
    yield from whole_conversations(in_time_order(together))
