"""Dead letters: rows that a step refused, as rows of `dead_letters`."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from affectflow import __version__
from affectflow.batches.batch import conform, is_dead
from affectflow.lake import Lake
from affectflow.lake.commits import Change, commit_serially
from affectflow.lake.files import entry_of, read_file, write_file
from affectflow.lake.tables import FileEntry
from affectflow.schemas import (
    DEAD_LETTERS,
    ERRORS_COLUMN,
    NOT_AN_UTTERANCE,
    PRIVATE_LEFT_OUT,
    UTTERANCES,
    fields,
)
from affectflow.storage import in_threads

PAYLOAD_CHARACTERS = 300
OPEN, REPLAYED = "open", "replayed"
OF_INGEST = "ingest"
_TABLE = "dead_letters"
_PASSED_OVER = (NOT_AN_UTTERANCE, PRIVATE_LEFT_OUT)
SAME = ["origin", "utterance_id", "step", "error_type", "message"]
"""Columns that are equal in two letters of one row refused for one reason."""
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_LOGIN = re.compile(r'("(?:login|user|author|name|email)"\s*:\s*)"[^"]{0,200}"?')
_MENTION = re.compile(r"(?<!\w)@[A-Za-z0-9][\w-]{0,38}")


def refused(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the dead rows of a batch that count: skipped ones do not."""
    dead = batch.filter(is_dead(batch))
    return dead.filter(
        pa.array([k not in _PASSED_OVER for k in _kinds(dead)], pa.bool_())
    )


def passed_over(batch: pa.RecordBatch) -> dict[str, int]:
    """Returns, by error type, how many rows are not messages or were not asked for."""
    kinds = Counter(_kinds(batch.filter(is_dead(batch))))
    return {kind: kinds[kind] for kind in _PASSED_OVER if kinds[kind]}


def _kinds(dead: pa.RecordBatch) -> list[str]:
    if not dead.num_rows:
        return []
    return [errors[0]["error_type"] for errors in dead["errors"].to_pylist()]


def write_dead_letters(
    lake: Lake, dead: pa.RecordBatch, stage: str, run_id: str
) -> list[FileEntry]:
    """Writes dead rows to a file named after run and content, if there are any."""
    return write_letters(lake, dead_letters(dead, run_id), stage)


def write_letters(lake: Lake, rows: pa.Table, folder: str) -> list[FileEntry]:
    """Writes rows of `dead_letters` to a file named after what they say, if any.

    They name their run, so those of a killed run are not taken for another's, and a
    retry writes the same rows to the same file.
    """
    if not rows.num_rows:
        return []
    said = str(rows.select([*SAME, "status", "run_id"]).to_pydict())
    name = hashlib.blake2b(said.encode(), digest_size=8).hexdigest() + ".parquet"
    path = f"{folder}/{name}"
    # An existing file has the same content and may be committed, so it stays.
    if lake.storage.exists(_TABLE, *path.split("/")):
        return [entry_of(lake.storage, _TABLE, path)]
    return [write_file(lake.storage, _TABLE, path, rows)]


def is_open(letters: pa.Table) -> pa.ChunkedArray:
    """Returns which letters have not been replayed."""
    return pc.not_equal(pc.fill_null(letters.column("status"), OPEN), REPLAYED)


def replayed(letters: pa.Table, which: pa.ChunkedArray) -> pa.Table:
    """Returns letters with the status `replayed` where `which` is true."""
    place = letters.schema.get_field_index("status")
    status = pc.if_else(which, REPLAYED, letters.column("status"))
    return letters.set_column(place, DEAD_LETTERS.field("status"), status)


def dead_letters(dead: pa.RecordBatch, run_id: str) -> pa.Table:
    """Returns one row of `dead_letters` for each dead row: its first error."""
    wanted = pa.schema([*fields(UTTERANCES, "origin", "utterance_id"), ERRORS_COLUMN])
    dead = conform(dead, wanted)
    now = datetime.now(UTC)
    rows = [
        {
            "origin": origin,
            "utterance_id": utterance_id,
            "step": errors[0]["step"],
            "plugin_version": __version__,
            "error_type": errors[0]["error_type"],
            "message": errors[0]["message"],
            "payload": mask(errors[0]["payload"]),
            "run_id": run_id,
            "at": now,
            "status": OPEN,
        }
        for origin, utterance_id, errors in zip(
            *(dead.column(c).to_pylist() for c in wanted.names), strict=True
        )
    ]
    return pa.Table.from_pylist(rows, schema=DEAD_LETTERS)


def mask(payload: str | None) -> str | None:
    """Returns a shortened payload, without e-mail addresses and account names."""
    if payload is None:
        return None
    masked = _EMAIL.sub("[EMAIL]", payload[:PAYLOAD_CHARACTERS])
    return _MENTION.sub("[USER]", _LOGIN.sub(r'\1"[USER]"', masked))


def read_letters(lake: Lake, paths: Iterable[str]) -> dict[str, pa.Table]:
    """Returns the letters in those files of `dead_letters` that ingests wrote."""
    wanted = sorted(path for path in paths if path.startswith(f"{OF_INGEST}/"))
    read = in_threads(lambda path: read_file(lake.storage, _TABLE, path), wanted)
    return dict(zip(wanted, read, strict=True))


def commit_letters(lake: Lake, files: Sequence[FileEntry]) -> None:
    """Makes the letters of an ingest visible, replacing older ones of its rows.

    The letter of the last ingest is kept, because its settings are used to read the row
    again, while an older ingest may have been killed before it wrote its row of `runs`.
    """
    if not files:
        return
    own = {file.path for file in files}
    said = _keys(pa.concat_tables(read_letters(lake, own).values()))

    def change(present: Mapping[str, FileEntry], _: set[str]) -> Change:
        adds, removes = list(files), []
        for path, letters in read_letters(lake, present.keys() - own).items():
            again = pc.is_in(_keys(letters), value_set=said, skip_nulls=True)
            stay = letters.filter(pc.invert(pc.and_(again, is_open(letters))))
            if stay.num_rows < letters.num_rows:
                adds += write_letters(lake, stay, OF_INGEST)
                removes.append(path)
        return adds, removes

    commit_serially(lake, _TABLE, change)


def _keys(letters: pa.Table) -> pa.ChunkedArray:
    """Returns the key shared by letters of one row; null if its origin is unknown."""
    origin, *rest = letters.select(SAME).columns
    known = [pc.fill_null(column, "") for column in rest]
    return pc.binary_join_element_wise(origin, *known, "\n")
