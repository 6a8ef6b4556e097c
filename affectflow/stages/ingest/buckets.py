"""One bucket of an ingest: merges new rows with those in the lake, and writes parts."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import concat, conform_like, with_column
from affectflow.batches.grouping import in_time_order, whole_conversations
from affectflow.batches.nesting import rows_of
from affectflow.lake import Lake
from affectflow.lake.files import write_file
from affectflow.lake.tables import FileEntry, stem
from affectflow.schemas import (
    ANNOTATORS_COLUMN,
    ERRORS_COLUMN,
    FINDINGS,
    UTTERANCES,
)
from affectflow.sources.auto_ids import are_auto, numbered
from affectflow.stages.ingest.answers import Keeper, signatures
from affectflow.stages.ingest.conversations import write_conversations
from affectflow.stages.ingest.file_order import by_origin, file_of, in_file_order
from affectflow.stages.ingest.findings import (
    ANSWERS,
    causes_in_place,
)
from affectflow.stages.ingest.held import (
    Held,
    Known,
    compare,
    places,
    said_as_before,
    unchanged_parts,
)
from affectflow.stages.ingest.parents import sought
from affectflow.stages.ingest.repeats import (
    REPEATED_OVER_CONVERSATIONS,
    keys_of,
    one_per_id,
    without,
)
from affectflow.stages.ingest.rivals import rivals
from affectflow.stages.ingest.twins import Losers
from affectflow.stages.runs.deadletters import write_dead_letters
from affectflow.stages.runs.reading import INLINE, read_part
from affectflow.stages.runs.receipts import Receipt, peak_rss_bytes
from affectflow.stages.runs.rollups import rollups

PART_ROWS = 50_000
PART_BYTES = 64 << 20
KEPT_BYTES = 48 << 20
"""Freed memory that Arrow keeps, since requesting it again takes time."""
ANOTHER_FILE = "superseded_by_another_file"
ERASED = "erased_before"
"""Counter of messages that were erased from the lake and stay out."""


def write_bucket(
    lake: Lake,
    bucket: int,
    batches: Iterable[pa.RecordBatch],
    run_id: str,
    seek: Callable[[pa.Table], None] = lambda replies: None,
    known: Known | None = None,
    losers: Losers | None = None,
) -> Receipt:
    """Writes what is new in one bucket as parts, and returns what to commit.

    A row whose message is already in the lake is unchanged; a changed message replaces
    its older version, and the part that held it is rewritten. Of two rows
    of the input with one id, the later edit counts; two texts without an edit time to
    tell them apart make the second a dead letter.

    `seek` receives the new replies whose parents may be in other buckets. `known` is
    the lake's content, if a worker has already asked. `losers` are copies of
    messages that stay in another conversation.

    The rows are in memory twice at most, if nobody else holds the batches.
    """
    give_back()
    known = known or Known.read(lake)
    old = Held.read(lake, known.paths.get(bucket, []))
    new = _tell_apart(lake, batches, old, known, losers)
    give_back()
    seek(sought([new.fresh, new.changed], old.rows.column("utterance_id")))
    held = losers.held if losers else new.fresh.slice(0, 0)
    receipt = _write_rows(lake, bucket, old, new, run_id, held)
    receipt.files += write_dead_letters(lake, new.clashing, "ingest", run_id)
    receipt.peak_rss_bytes = peak_rss_bytes()
    return receipt


def _write_rows(
    lake: Lake,
    bucket: int,
    old: Held,
    new: "_New",
    run_id: str,
    gone: pa.Table | pa.RecordBatch,
) -> Receipt:
    """Writes what is new as parts, and the bucket's conversations.

    `gone` names rows of the lake that go without a newer version in the bucket.
    """
    replaced, kept, older = _rewritten(lake, old, new.changed, gone)
    receipt = Receipt(unit=f"bucket {bucket}", base=sorted(old.paths))
    receipt.removes = replaced
    kept = _with_answers(kept, new.same)
    again = in_time_order(_joined([kept, new.changed])) if replaced else kept
    rewritten = _pieces(again) if replaced else ()
    pieces = {name_of(bucket, p): p for p in (*rewritten, *_pieces(new.fresh))}
    found = partial(places, pieces, old, replaced)
    keeper = Keeper(lake, run_id, receipt, found, {stem(path) for path in replaced})
    for name, piece in pieces.items():
        receipt.files += write_part(lake, name, piece, keeper)
    for name, batch, n_rows in unchanged_parts(new.same, old, replaced):
        keeper.keep(name, batch, n_rows)
    _keep_rewritten_in_place(receipt)
    # Rows read were counted before the shuffle, so that a loss would show.
    receipt.rows = {
        "rows_out": new.changed.num_rows + new.fresh.num_rows,
        "rows_dead": new.clashing.num_rows,
        "rows_duplicate": new.duplicates,
        "rows_unchanged": new.unchanged + new.erased,
    }
    if new.rivals:
        receipt.rows["rows_in"] = new.rivals
    elsewhere = _from_another_file(new.changed, older)
    receipt.counters = {"superseded": new.changed.num_rows, ANOTHER_FILE: elsewhere}
    receipt.counters |= new.repeats
    if new.erased:
        receipt.counters[ERASED] = new.erased
    if receipt.files or receipt.removes:
        receipt.files += write_conversations(lake, bucket, receipt, pieces)
    return receipt


def _keep_rewritten_in_place(receipt: Receipt) -> None:
    """A part that came out unchanged is neither added nor removed."""
    same = {f.path for f in receipt.files if f.table == "utterances"}
    receipt.removes = [path for path in receipt.removes if path not in same]


def together(batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """Returns batches as one, with every finding that any of them has."""
    batches = list(batches) or [pa.RecordBatch.from_pylist([], schema=UTTERANCES)]
    findings = [
        field
        for name, field in FINDINGS.items()
        if any(name in batch.schema.names for batch in batches)
    ]
    if any(ANNOTATORS_COLUMN.name in batch.schema.names for batch in batches):
        findings.append(ANNOTATORS_COLUMN)
    schema = pa.schema([*UTTERANCES, *findings, ERRORS_COLUMN])
    return concat([conform_like(batch, schema) for batch in batches])


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return together([batch for batch in batches if batch.num_rows] or batches[:1])


def give_back() -> None:
    """Returns freed memory to the system if there is much; otherwise Arrow keeps it.

    The next rows may need blocks of other sizes.
    """
    pool = pa.default_memory_pool()
    if pool.max_memory() - pool.bytes_allocated() > KEPT_BYTES:
        pool.release_unused()


class _New(NamedTuple):
    """The rows of an input, by what becomes of them."""

    fresh: pa.RecordBatch
    """By conversation, in time order."""
    changed: pa.RecordBatch
    clashing: pa.RecordBatch
    repeats: dict[str, int]
    """How many clash, by location of the other row."""
    duplicates: int
    unchanged: int
    same: pa.RecordBatch
    """Rows in the lake that a step has answered again."""
    erased: int
    """Rows erased from the lake, which stay out."""
    rivals: int
    """Rows of the lake that count as read, since their file was read before."""


def _tell_apart(
    lake: Lake,
    batches: Iterable[pa.RecordBatch],
    old: Held,
    known: Known,
    losers: Losers | None,
) -> _New:
    given = together(by_origin(batches))
    give_back()
    given = _numbered(in_file_order(given))
    others = rivals(lake, given, old, known.skipped)
    if others.num_rows:
        given = in_file_order(_joined([given, others]))
    stones = known.stones
    erased = stones.cover(given) if len(stones) else None
    if erased is not None and erased.true_count:
        given = given.filter(pc.invert(erased))
    rows, duplicates, clashing, repeats = one_per_id(given)
    rows = causes_in_place(rows)
    left_out = 0
    if losers:
        rows, left_out, twice, other = without(rows, losers)
        duplicates, clashing = duplicates + twice, _joined([clashing, other])
        if other.num_rows:
            repeats[REPEATED_OVER_CONVERSATIONS] = other.num_rows
    kinds = compare(rows, old)
    fresh, changed = (_of_kind(rows, kinds, kind) for kind in ("fresh", "changed"))
    unchanged = rows.num_rows - fresh.num_rows - changed.num_rows + left_out
    same = pa.RecordBatch.from_pylist([], schema=rows.schema)  # a slice holds all
    if unchanged > left_out and ANNOTATORS_COLUMN.name in rows.schema.names:
        same = said_as_before(_of_kind(rows, kinds, "unchanged"), old)
    gone = erased.true_count if erased is not None else 0
    # Here, because the rows in the other order are freed at the end of this function.
    fresh = in_time_order(fresh)
    return _New(
        *(fresh, changed, clashing, repeats, duplicates, unchanged, same, gone),
        rivals=others.num_rows,
    )


def _of_kind(batch: pa.RecordBatch, kinds: pa.Array, kind: str) -> pa.RecordBatch:
    wanted = pc.equal(kinds, kind)
    # A filter copies, and most often all rows are fresh.
    return batch if pc.all(wanted).as_py() else batch.filter(wanted)


# -- against the lake --------------------------------------------------------------


def _rewritten(
    lake: Lake,
    old: Held,
    changed: pa.RecordBatch,
    gone: pa.Table | pa.RecordBatch,
) -> tuple[list[str], pa.RecordBatch, pa.RecordBatch]:
    """Returns the paths that hold older versions, their rows that stay, and those."""
    keys = pa.concat_arrays([keys_of(changed), keys_of(gone)])
    if not len(keys):
        return [], changed, changed
    hit = pc.is_in(keys_of(old.rows), value_set=keys)
    paths = sorted(set(old.rows.filter(hit).column("path").to_pylist()))
    batches = [read_part(lake, stem(path), inline=True) for path in paths]
    if not batches:
        return paths, changed.slice(0, 0), changed.slice(0, 0)
    goes = [pc.is_in(keys_of(batch), value_set=keys) for batch in batches]
    pairs = list(zip(batches, goes, strict=True))
    kept = together([batch.filter(pc.invert(going)) for batch, going in pairs])
    return paths, kept, together([batch.filter(going) for batch, going in pairs])


def _from_another_file(changed: pa.RecordBatch, older: pa.RecordBatch) -> int:
    """Returns how many rows replaced a row of another file.

    Only rows without an edit time that makes them newer count: they may be different
    messages with the same ids.
    """
    where = pc.index_in(older.column("utterance_id"), changed.column("utterance_id"))
    newer = changed.take(where)
    never = pc.and_(
        pc.is_null(newer.column("edited_at")), pc.is_null(older.column("edited_at"))
    )
    files = [file_of(batch.column("origin")) for batch in (newer, older)]
    other = pc.fill_null(pc.not_equal(*files), False)
    return int(pc.and_(never, other).true_count)


def _numbered(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns rows in file order with ids that tell equal messages of a file apart."""
    ids = batch.column("utterance_id")
    if not are_auto(ids).true_count:
        return batch
    ids = numbered(ids, file_of(batch.column("origin")))
    return with_column(batch, UTTERANCES.field("utterance_id"), ids)


# -- answers of a pipeline's steps about messages that the lake has ---------------


def _with_answers(kept: pa.RecordBatch, same: pa.RecordBatch) -> pa.RecordBatch:
    """Returns kept rows with the answers that came in, if any."""
    place = pc.index_in(kept.column("utterance_id"), same.column("utterance_id"))
    if not pc.is_valid(place).true_count:
        return kept
    both = together([kept, same])
    own = pa.array(range(kept.num_rows), pa.int32())
    where = pc.coalesce(pc.add(place, kept.num_rows), own)
    for name in ANSWERS:
        if name in both.schema.names:
            found = both.column(name).take(where)
            kept = with_column(kept, both.schema.field(name), found)
    return kept


# -- parts -------------------------------------------------------------------------


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yields parts of sorted rows: whole conversations where they fit."""
    if not batch.num_rows:
        return
    mean = max(1, batch.nbytes // batch.num_rows)
    rows = max(1, min(PART_ROWS, PART_BYTES // mean))
    for piece in whole_conversations(batch, rows):
        for start in range(0, piece.num_rows, rows):
            yield piece.slice(start, rows)


def name_of(bucket: int, piece: pa.RecordBatch) -> str:
    """Returns the name of the part that holds a piece of a bucket."""
    return f"b{bucket:05d}-{identity(piece)}"


def write_part(
    lake: Lake, name: str, piece: pa.RecordBatch, keeper: Keeper | None = None
) -> list[FileEntry]:
    """Writes one part with what came in with it, and returns the files.

    Answers signed by a step go to `keeper`; without one they are left out.
    """
    entries = []
    path = f"{INLINE}/{name}.parquet"
    unsigned = dict(_unsigned(piece))
    for finding, rows in unsigned.items():
        found = pa.Table.from_batches([rows])
        entries.append(write_file(lake.storage, finding, path, found))
        if finding == "annotations":
            counts = rollups(rows)
            entries.append(write_file(lake.storage, "rollups", path, counts))
    if keeper:
        keeper.keep(name, piece, piece.num_rows)
        keeper.keep_rest(name, piece.column("utterance_id"), unsigned)
    table = pa.Table.from_batches([conform_like(piece, UTTERANCES)])
    # Last, because its name implies that the rest is there.
    path = f"{name}.parquet"
    entries.append(write_file(lake.storage, "utterances", path, table))
    return entries


def _unsigned(piece: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yields, by table, what came in with a part but was not a step's answer."""
    signed = pa.array(signatures(piece).ids, pa.string())
    for finding in [name for name in FINDINGS if name in piece.schema.names]:
        rows = rows_of(piece, finding)
        if "annotator_id" in rows.schema.names:
            answers = pc.is_in(rows.column("annotator_id"), value_set=signed)
            rows = rows.filter(pc.invert(answers))
        if rows.num_rows:
            yield finding, rows


def identity(piece: pa.RecordBatch) -> str:
    """Returns 16 hexadecimal digits that tell one part's messages from another's."""
    digest = hashlib.blake2b(digest_size=8)
    for name in ("utterance_id", "content_hash", "origin", "edited_at"):
        digest.update(_lines(piece.column(name)))
    return digest.hexdigest()


def _lines(column: pa.Array) -> bytes:
    """Returns values one a line, each as Python writes it."""
    if column.null_count == len(column):
        return b"None\n" * len(column)
    if not pa.types.is_string(column.type):
        column = pa.array(map(str, column.to_pylist()), pa.string())
    filled = pc.fill_null(column, "None").cast(pa.binary()).to_pylist()
    return b"\n".join([*filled, b""])
