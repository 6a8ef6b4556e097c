"""Twins: one message that came in under several conversation ids.

The conversation determines the bucket, so two copies of one message may be in two
buckets that know nothing of each other. At the commit of an ingest, all ids that it
wrote are compared with one another and with those of the lake. One copy stays, whatever
order they came in: the one edited last; among equal texts, the one whose conversation
is not merely named after the message or its parent, then the one whose conversation has
the lowest id. The other copy's conversation is merged into it, as a row of
`conversation_merges`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.lake.tables import FileEntry, bucket_of_path
from affectflow.schemas import CONVERSATION_MERGES, UTTERANCES, fields
from affectflow.stages.ingest.file_order import in_file_order
from affectflow.stages.runs.receipts import Receipt
from affectflow.storage import Storage, in_threads

AT_ONCE = 1 << 24
"""Number of new messages whose ids are in memory at once, 8 bytes each."""

_FOLDER = "twins"
_KEY = ["utterance_id", "conversation_id"]
_READ = (*_KEY, "reply_to", "text", "edited_at", "content_hash", "origin")

_Numbers = np.ndarray[Any, np.dtype[np.uint64]]


class Losers(NamedTuple):
    """Copies that do not stay in a bucket, by what each is.

    The tables have `utterance_id` and `conversation_id`.

    Args:
      unchanged: new ones of messages that the lake has.
      duplicate: new ones that say what another new one says, or are older.
      clashing: new ones that say something else than another new one.
      held: of the lake.
    """

    unchanged: pa.Table
    duplicate: pa.Table
    clashing: pa.Table
    held: pa.Table


class Twins(NamedTuple):
    """What an ingest found.

    Args:
      losers: copies that do not stay, by bucket.
      merges: conversations that go into one another, as `CONVERSATION_MERGES`.
    """

    losers: Mapping[int, Losers]
    merges: pa.Table


def find_twins(
    lake: Lake, present: Mapping[str, FileEntry], receipts: Sequence[Receipt]
) -> Twins | None:
    """Returns the copies of messages that an ingest brings; None if there are none.

    Args:
      lake: that the ingest writes to.
      present: the parts that are visible now.
      receipts: of the buckets that were written.
    """
    added = {f.path for r in receipts for f in r.files if f.table == "utterances"}
    gone = {path for receipt in receipts for path in receipt.removes}
    stay = sorted(present.keys() - gone - added)
    rows = sum(f.rows for r in receipts for f in r.files if f.table == "utterances")
    passes = max(1, -(-rows // AT_ONCE))
    ids = set[str]()
    for number in range(passes if added else 0):
        ids.update(_shared(lake, sorted(added), stay, number, passes))
    if not ids:
        return None
    copies = _copies(lake, [*sorted(added), *stay], pa.array(sorted(ids)))
    older = _copies(lake, sorted(gone), pa.array(sorted(ids)))
    return _told_apart(copies, older, set(present) - gone)


def _shared(
    lake: Lake, added: Sequence[str], stay: Sequence[str], number: int, passes: int
) -> Iterator[str]:
    """Yields the ids that an added part shares with another row of the lake.

    Args:
      lake: that holds the parts.
      added: paths of new parts.
      stay: paths of the others.
      number: of this pass; only ids whose hash leaves it as a rest are looked at.
      passes: how many there are.
    """

    def hashes(path: str) -> _Numbers:
        found = _hashes(_ids(lake, path))
        return found if passes == 1 else found[found % passes == number]

    new = np.concatenate(in_threads(hashes, list(added)))
    if not len(new):
        return
    new.sort()
    double = np.unique(new[1:][new[1:] == new[:-1]])
    suspects = [double]
    for path in stay:
        found = hashes(path)
        place = np.minimum(np.searchsorted(new, found), len(new) - 1)
        suspects.append(found[new[place] == found])
    wanted = np.unique(np.concatenate(suspects))
    if len(wanted):
        yield from _named(lake, [*added, *stay], wanted)


def _named(lake: Lake, paths: Iterable[str], wanted: _Numbers) -> Iterator[str]:
    for path in paths:
        ids = _ids(lake, path)
        yield from ids.filter(pl.Series(np.isin(_hashes(ids), wanted))).to_list()


def _ids(lake: Lake, path: str) -> pl.Series:
    rows = read_file(lake.storage, "utterances", path, ["utterance_id"])
    return pl.Series(rows.column(0))


def _hashes(ids: pl.Series) -> _Numbers:
    # Compared only within this process, because they differ between machines.
    return ids.hash().to_numpy()


# -- which copy stays --------------------------------------------------------------


def _copies(lake: Lake, paths: Sequence[str], ids: pa.Array) -> pl.DataFrame:
    """Returns the rows with these ids, with the path of their part, in file order."""

    def read(path: str) -> pa.Table:
        rows = read_file(lake.storage, "utterances", path, _READ)
        found = rows.filter(pc.is_in(rows.column("utterance_id"), value_set=ids))
        return found.append_column("path", pa.repeat(path, len(found)))

    empty = fields(UTTERANCES, *_READ).append(pa.field("path", pa.string()))
    found = pa.concat_tables([empty.empty_table(), *in_threads(read, list(paths))])
    ordered = in_file_order(one_batch(found))
    return pl.DataFrame(pa.Table.from_batches([ordered])).with_row_index("place")


def _told_apart(
    copies: pl.DataFrame, older: pl.DataFrame, stay: set[str]
) -> Twins | None:
    several = copies.filter(pl.len().over("utterance_id") > 1)
    if several.is_empty():
        return None  # two ids had one hash
    was = older.select(*_KEY, "content_hash", was=pl.lit(True))
    rows = several.join(was, on=[*_KEY, "content_hash"], how="left").with_columns(
        held=pl.col("path").is_in(sorted(stay)) | pl.col("was").fill_null(False),
        bucket=pl.col("path").map_elements(bucket_of_path, pl.Int64),
    )
    ranked = _ranked(rows)
    first = ranked.group_by("utterance_id", maintain_order=True).first()
    losers = ranked.join(
        first.select("utterance_id", *(pl.col(c).name.prefix("first_") for c in _SEEN)),
        on="utterance_id",
    ).filter(pl.col("place") != pl.col("first_place"))
    return Twins(_by_bucket(losers), _merges(losers))


_SEEN = ("place", "held", "text", "edited_at", "conversation_id")


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """Returns copies by message, the one that stays first."""
    guessed = (pl.col("conversation_id") == pl.col("utterance_id")) | (
        pl.col("conversation_id") == pl.col("reply_to")
    )
    # If edit times do not decide, the lake's copy is older, as within one conversation.
    unlike = pl.col("text").n_unique().over("utterance_id", "edited_at") > 1
    keyed = rows.with_columns(
        late=pl.when(unlike).then(pl.col("held")),
        order=pl.when(unlike).then(pl.col("place")),
        guessed=guessed.fill_null(False),
    )
    by = ["utterance_id", "edited_at", "late", "order", "guessed", "conversation_id"]
    descending = [name == "edited_at" for name in by]
    return keyed.sort([*by, "place"], descending=[*descending, False], nulls_last=True)


def _by_bucket(losers: pl.DataFrame) -> dict[int, Losers]:
    clashes = (pl.col("text") != pl.col("first_text")) & pl.col("edited_at").eq_missing(
        pl.col("first_edited_at")
    )
    kind = (
        pl.when(pl.col("held"))
        .then(pl.lit("held"))
        .when(pl.col("first_held"))
        .then(pl.lit("unchanged"))
        .when(clashes)
        .then(pl.lit("clashing"))
        .otherwise(pl.lit("duplicate"))
    )
    told = losers.with_columns(kind=kind)
    found = {}
    for (bucket,), rows in told.group_by(["bucket"]):
        kinds = (rows.filter(pl.col("kind") == name) for name in Losers._fields)
        found[int(bucket)] = Losers(*(_arrow(each.select(_KEY)) for each in kinds))
    return found


def _merges(losers: pl.DataFrame) -> pa.Table:
    same = pl.col("text") == pl.col("first_text")
    newer = pl.col("edited_at").ne_missing(pl.col("first_edited_at"))
    pairs = losers.filter(
        same | newer, pl.col("conversation_id") != pl.col("first_conversation_id")
    ).select("conversation_id", into="first_conversation_id")
    return _arrow(pairs.unique().sort("conversation_id", "into")).cast(
        CONVERSATION_MERGES
    )


def _arrow(frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow()
    return table.cast(pa.schema([(name, pa.string()) for name in table.schema.names]))


# -- for after the commit ----------------------------------------------------------


def keep_merges(folder: Storage, merges: pa.Table) -> None:
    """Writes merges into staging: a commit that is tried again finds no twins."""
    if len(merges):
        said = repr(merges.to_pylist()).encode()
        name = hashlib.blake2b(said, digest_size=8).hexdigest()
        folder.write_parquet(merges, _FOLDER, f"{name}.parquet")


def kept_merges(folder: Storage) -> pa.Table:
    """Returns the merges in staging."""
    names = [name for name in folder.names(_FOLDER) if name.endswith(".parquet")]
    read = [folder.read_parquet(_FOLDER, name) for name in sorted(names)]
    return pa.concat_tables([CONVERSATION_MERGES.empty_table(), *read])
