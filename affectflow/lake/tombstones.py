"""Tombstones: what was erased from a lake, so that no later ingest brings it back.

They hold digests, because the id of a message may reveal where it is and who wrote it.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake.commits import commit
from affectflow.lake.files import read_files, write_file
from affectflow.lake.layout import Lake
from affectflow.schemas import TOMBSTONES

UTTERANCE, SPEAKER = "utterance", "speaker"


class Tombstones(NamedTuple):
    """Digests of what was erased, by kind."""

    utterances: pa.Array
    speakers: pa.Array

    def __len__(self) -> int:
        return len(self.utterances) + len(self.speakers)

    def cover(self, rows: pa.Table | pa.RecordBatch) -> pa.Array:
        """Returns which rows belong to an erased utterance or speaker.

        Args:
          rows: with the columns `utterance_id` and `speaker_id`.
        """
        own = self.of(UTTERANCE, rows.column("utterance_id"))
        return pc.or_(own, self.of(SPEAKER, rows.column("speaker_id")))

    def of(self, kind: str, ids: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Returns which ids of one kind were erased; null was not."""
        erased = self.utterances if kind == UTTERANCE else self.speakers
        if not len(erased):
            return pa.repeat(pa.scalar(False), len(ids))
        known = pc.unique(ids.drop_null())
        hit = known.filter(pc.is_in(digests(known.to_pylist()), value_set=erased))
        found = pc.is_in(ids, value_set=hit)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def digests(ids: Iterable[str]) -> pa.Array:
    """Returns BLAKE2b of ids, 32 hexadecimal digits each."""
    made = (hashlib.blake2b(each.encode(), digest_size=16).hexdigest() for each in ids)
    return pa.array(made, pa.string())


def tombstones(lake: Lake) -> Tombstones:
    """Returns what was erased from a lake."""
    paths = sorted(lake.committed("tombstones"))
    rows = read_files(lake.storage, "tombstones", paths, ["kind", "id"])

    def of(kind: str) -> pa.Array:
        wanted = pc.equal(rows.column("kind"), kind)
        return rows.column("id").filter(wanted).combine_chunks()

    return Tombstones(of(UTTERANCE), of(SPEAKER))


def bury(
    lake: Lake, utterances: pa.Array, speakers: pa.Array, run_id: str
) -> Tombstones:
    """Adds tombstones before anything is removed; returns all tombstones.

    Args:
      lake: that they are of.
      utterances: ids.
      speakers: ids.
      run_id: of the command.
    """
    now, known = datetime.now(UTC), tombstones(lake)
    rows = [
        {"kind": kind, "id": digest, "run_id": run_id, "at": now}
        for kind, ids in ((UTTERANCE, utterances), (SPEAKER, speakers))
        for digest in digests(
            ids.filter(pc.invert(known.of(kind, ids))).to_pylist()
        ).to_pylist()
    ]
    if rows:
        table = pa.Table.from_pylist(rows, schema=TOMBSTONES)
        entry = write_file(lake.storage, "tombstones", f"{run_id}.parquet", table)
        commit(lake.storage, "tombstones", [entry])
    return tombstones(lake)
