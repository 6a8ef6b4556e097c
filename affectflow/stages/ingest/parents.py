"""What new replies answer: a missing message, or one in another thread.

A source that knows only parents names a thread after the parent, so a reply to a reply
starts its own thread. If the parent came in or is in the lake, that thread is merged
into the parent's, as a row of `conversation_merges`. No message is moved, so the order
in which messages arrive does not matter.
"""

import hashlib
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import read_file, read_files, write_file
from affectflow.schemas import CONVERSATION_MERGES
from affectflow.stages.ingest.twins import kept_merges
from affectflow.stages.runs.receipts import Receipt
from affectflow.storage import Storage

NOT_FOUND = "reply_to_not_found"
_REPLIES = "replies"
_MERGES = "conversation_merges"


def sought(new: list[pa.RecordBatch], held: pa.ChunkedArray) -> pa.Table:
    """Returns the new replies of a bucket that leave it, or whose thread may.

    `guessed` are those whose thread has the name of the parent; `home` those whose
    parent is in the bucket, and in the thread of its name if it is guessed.

    Args:
      new: rows of the bucket.
      held: ids that the lake has in the bucket.
    """
    columns = ["utterance_id", "conversation_id", "reply_to"]
    rows = pa.Table.from_batches([batch.select(columns) for batch in new])
    if rows.column("reply_to").null_count == len(rows):
        rows = rows.slice(0, 0)  # usually nobody replies to anybody
    own, thread, reply = (rows.column(name).combine_chunks() for name in columns)
    roots = own.filter(pc.equal(own, thread))
    guessed = pc.fill_null(pc.equal(thread, reply), False)
    there = pc.is_in(reply, value_set=pa.concat_arrays([*held.chunks, own]))
    home = pc.if_else(guessed, pc.is_in(reply, value_set=roots), there)
    rows = rows.drop_columns("conversation_id")
    rows = rows.append_column("guessed", guessed).append_column("home", home)
    stays = pc.or_(guessed, pc.invert(home))
    return rows.filter(pc.and_(pc.is_valid(reply), stays))


def keep_sought(folder: Storage, bucket: int, replies: pa.Table) -> None:
    """Writes replies of a bucket into staging, if there are any."""
    if len(replies):
        folder.write_parquet(replies, _REPLIES, f"{bucket}.parquet")


def settle_parents(lake: Lake, folder: Storage) -> Receipt:
    """Merges threads of replies and twins in staging; returns what answers nothing.

    The lake's ids are read only if there are such replies.
    """
    # In files, not in receipts, which are one element at the commit.
    names = [name for name in folder.names(_REPLIES) if name.endswith(".parquet")]
    twins = kept_merges(folder)
    if not names:
        _merge(lake, [twins])
        return Receipt()
    replies = pa.concat_tables(folder.read_parquet(_REPLIES, name) for name in names)
    away = replies.filter(pc.invert(replies.column("home"))).column("reply_to")
    parents = _placed(lake, pc.unique(away))
    guessed = replies.filter(replies.column("guessed"))
    _merge(lake, [_threads_of(parents, guessed), _late(lake, guessed), twins])
    lost = pc.invert(pc.is_in(away, value_set=parents.column("utterance_id")))
    missing = away.filter(lost)
    if not len(missing):
        return Receipt()
    return Receipt(
        counters={NOT_FOUND: len(missing)},
        examples={NOT_FOUND: pc.min(missing).as_py()},
    )


def _placed(lake: Lake, ids: pa.Array) -> pa.Table:
    """Returns those of `ids` that are in the lake, with their conversations."""
    schema = pa.schema(
        [("utterance_id", pa.string()), ("conversation_id", pa.string())]
    )
    return pa.concat_tables([schema.empty_table(), *_parts_of(lake, ids, schema)])


def _parts_of(lake: Lake, ids: pa.Array, schema: pa.Schema) -> Iterator[pa.Table]:
    left = len(ids)
    for path in sorted(lake.committed("utterances")) if left else ():
        rows = read_file(lake.storage, "utterances", path, schema.names)
        found = rows.filter(pc.is_in(rows.column("utterance_id"), value_set=ids))
        yield found.cast(schema)
        left -= len(found)
        if left <= 0:
            return


def _threads_of(parents: pa.Table, guessed: pa.Table) -> pa.Table:
    """Returns the merges of threads that are named after `parents`."""
    own, thread = parents.column("utterance_id"), parents.column("conversation_id")
    named = pc.is_in(own, value_set=guessed.column("reply_to"))
    rows = parents.filter(pc.and_(named, pc.not_equal(own, thread)))
    return rows.rename_columns(CONVERSATION_MERGES.names)


def _late(lake: Lake, guessed: pa.Table) -> pa.Table:
    """Returns the merges of threads that have the names of new replies."""
    paths = sorted(lake.committed("conversations"))
    threads = read_files(lake.storage, "conversations", paths, ["conversation_id"])
    begun = threads.column("conversation_id")
    known = pc.is_in(guessed.column("utterance_id"), value_set=begun)
    rows = guessed.filter(known).select(["utterance_id", "reply_to"])
    return rows.rename_columns(CONVERSATION_MERGES.names)


def _merge(lake: Lake, found: list[pa.Table]) -> None:
    """Adds merges, and maps every thread of the lake directly to its first thread."""
    edges = pa.concat_tables([table.cast(CONVERSATION_MERGES) for table in found])
    if not len(edges):
        return
    present = sorted(lake.committed(_MERGES))
    known = read_files(lake.storage, _MERGES, present)
    pairs = [_pairs(known), _pairs(edges)]
    new = sorted(first_threads([*pairs[0], *pairs[1]]).items())
    if new == sorted(pairs[0]):
        return
    names = CONVERSATION_MERGES.names
    table = pa.table(dict(zip(names, zip(*new, strict=True), strict=True)))
    name = hashlib.blake2b(repr(new).encode(), digest_size=8).hexdigest()
    added = write_file(lake.storage, _MERGES, f"{name}.parquet", table)
    commit(lake.storage, _MERGES, [added], present)


def _pairs(merges: pa.Table) -> list[tuple[str, str]]:
    return list(zip(*(column.to_pylist() for column in merges.columns), strict=True))


def first_threads(merges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns the thread that each merged thread finally goes into.

    >>> first_threads([("c", "b"), ("b", "a")])
    {'c': 'a', 'b': 'a'}

    Args:
      merges: a thread, and what it goes into, in any order.
    """
    into: dict[str, str] = {}

    def first(thread: str) -> str:
        passed = []
        while thread in into:
            passed.append(thread)
            thread = into[thread]
        into.update(dict.fromkeys(passed, thread))
        return thread

    for thread, parent in merges:
        own, other = first(thread), first(parent)
        if (
            own != other
        ):  # otherwise known, or a cycle of messages that answer one another
            into[own] = other
    return {thread: first(thread) for thread in list(into)}
