"""A folder for a replication: ids, labels and their provenance, but no text.

Whoever has the messages can join the labels to them by `utterance_id`, label them again
with the same annotators, and compare.
"""

import csv
import hashlib
import io
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from affectflow import __version__, vocabularies
from affectflow.errors import LakeError
from affectflow.export.columns import COLUMNS, SPEAKER, WHERE, WITH_SPEAKERS
from affectflow.gold.targets.labels import define
from affectflow.lake import Lake, open_tables
from affectflow.lake.digest import digest
from affectflow.report.methods import methods
from affectflow.schemas import PEOPLE, RULES
from affectflow.storage import Storage

if TYPE_CHECKING:
    import duckdb

MANIFEST = "manifest.json"
_RATERS = f"""
    CREATE TEMP TABLE raters AS
    SELECT annotator_id AS id,
      'person:' || row_number() OVER (ORDER BY md5(annotator_id)) AS number
    FROM {PEOPLE}
"""
_USED = """
    SELECT DISTINCT task, vocabulary, label FROM annotations
    WHERE label IS NOT NULL AND vocabulary IS NOT NULL ORDER BY ALL
"""


class Exported(NamedTuple):
    """A file of an export; `rows` is None unless it is a table."""

    file: str
    rows: int | None
    sha256: str


class _File(NamedTuple):
    name: str
    content: bytes
    rows: int | None = None

    @property
    def exported(self) -> Exported:
        return Exported(self.name, self.rows, hashlib.sha256(self.content).hexdigest())


def export_for_replication(
    lake_uri: str, to: str, *, with_speakers: bool = False
) -> list[Exported]:
    """Writes what a replication needs into a new folder; returns what it wrote.

    Each table is Parquet, with the columns that `COLUMNS` names, in the order of its
    key. None of them contains anything erased from the lake.

    Args:
      lake_uri: folder or URL of the lake.
      to: folder or URL; new, or empty.
      with_speakers: also write the pseudonyms of the messages' authors.

    Raises:
      LakeError: there is no lake, or `to` holds something already.
      StorageError: `to` cannot be written.
    """
    Lake.open(lake_uri)
    folder = Storage(to)
    if folder.exists() and folder.names():
        raise LakeError(
            f"{to!r} already holds files ({folder.names()[0]} ...); name a new or "
            "empty folder with --to"
        )
    made = _made(lake_uri, with_speakers)
    for each in made:
        folder.write(each.content, each.name)
    # Last, so that a folder with a manifest is complete.
    manifest = _File(MANIFEST, _manifest(lake_uri, made, with_speakers))
    folder.write(manifest.content, MANIFEST)
    return [each.exported for each in (*made, manifest)]


def _made(lake_uri: str, with_speakers: bool) -> list[_File]:
    with open_tables(lake_uri) as connection:
        connection.execute(_RATERS)
        tables = [_table(connection, name, with_speakers) for name in COLUMNS]
        used = connection.execute(_USED).fetchall()
    return [
        *tables,
        _codebook(used),
        _File("methods.md", methods(lake_uri).encode()),
        _File("README.md", _readme(with_speakers).encode()),
    ]


def _table(
    connection: "duckdb.DuckDBPyConnection", name: str, with_speakers: bool
) -> _File:
    columns = dict(COLUMNS[name])
    if with_speakers and name in WITH_SPEAKERS:
        columns[SPEAKER] = f'"{SPEAKER}"'
    chosen = ", ".join(f'{sql} AS "{column}"' for column, sql in columns.items())
    key = ", ".join(f't."{column}"' for column in RULES[name].key)
    rows = connection.sql(
        f"SELECT {chosen} FROM {name} AS t WHERE {WHERE.get(name, 'true')} "
        f"ORDER BY {key or 'ALL'}"
    ).to_arrow_table()
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return _File(f"{name}.parquet", sink.getvalue().to_pybytes(), rows.num_rows)


def _codebook(used: list[tuple[str, str, str]]) -> _File:
    """Returns the meaning of each label that was given, and the ends of its scale."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["task", "vocabulary", "label", "definition", "lowest", "highest"])
    for task, vocabulary, label in used:
        known = vocabularies.known().get(vocabulary)
        ends = (known.scale if known else None) or ("", "")
        writer.writerow([task, vocabulary, label, define(vocabulary, label), *ends])
    return _File("codebook.csv", buffer.getvalue().encode(), len(used))


def _manifest(lake_uri: str, made: list[_File], with_speakers: bool) -> bytes:
    said: dict[str, Any] = {
        "made_by": f"affectflow {__version__}",
        "with_speakers": with_speakers,
        # What `affectflow digest` prints of a lake that gives the same answers.
        "digests": digest(lake_uri),
        "files": {
            each.name: {"rows": each.rows, "sha256": each.exported.sha256}
            for each in made
        },
    }
    return json.dumps(said, indent=1).encode()


def _readme(with_speakers: bool) -> str:
    speakers = (
        "`speaker_id` is a pseudonym: its key stayed with the lake."
        if with_speakers
        else "Nobody who wrote a message is in it, not even as a pseudonym."
    )
    template = files("affectflow.export") / "README.template.md"
    return template.read_text(encoding="utf-8").format(speakers=speakers)
