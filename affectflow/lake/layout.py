"""The lake: one folder, a Delta table in each of its folders, and `lake.json`."""

import json
import uuid
from dataclasses import asdict
from typing import Any, Self

import pyarrow as pa

from affectflow import vocabularies
from affectflow.errors import LakeError
from affectflow.lake import speakers, tables
from affectflow.lake.storage import Storage
from affectflow.schemas import TABLES

FORMAT = 1
BUCKETS = 16
SETTINGS = "lake.json"


class Lake:
    """A lake that exists. Picklable: a worker opens it again by its URI.

    Args:
      uri: folder or URL.
      settings: what `lake.json` holds: `format`, `id`, `buckets`,
        `speaker_key_check`.
    """

    def __init__(self, uri: str, settings: dict[str, Any]):
        self.storage = Storage(uri)
        self.uri = self.storage.uri
        self.settings = settings

    @classmethod
    def open(cls, uri: str) -> Self:
        """Returns the lake at `uri`.

        Raises:
          LakeError: there is no lake; says what is there instead, and the cure.
        """
        storage = Storage(uri)
        if not storage.exists(SETTINGS):
            raise LakeError(_what_is_there(storage, uri))
        try:
            settings = json.loads(storage.read(SETTINGS))
        except ValueError as error:
            raise LakeError(
                f"{uri!r}: {SETTINGS} is damaged ({error}); restore it from a backup"
            ) from error
        if settings.get("format") != FORMAT:
            raise LakeError(
                f"{uri!r} has lake format {settings.get('format')!r}, this affectflow "
                f"reads {FORMAT}; install the version that wrote it"
            )
        return cls(uri, settings)

    @classmethod
    def create(
        cls, uri: str, *, speaker_key_uri: str = "", buckets: int = BUCKETS
    ) -> Self:
        """Returns the lake at `uri`, made if it is not there yet.

        Raises:
          LakeError: the folder holds something else, or the key is another lake's.
          StorageError: the folder cannot be written.
        """
        storage = Storage(uri)
        if storage.exists(SETTINGS):
            lake = cls.open(uri)
        else:
            others = [n for n in storage.names() if n not in (*TABLES, "_work")]
            if others:
                raise LakeError(
                    f"{uri!r} is a folder with other things in it ({others[0]} ...); "
                    "name an empty or new one with --to"
                )
            lake = cls._create(storage, speaker_key_uri, buckets)
        speakers.read_key(lake.settings, speaker_key_uri)
        tables.create_missing(lake.storage)
        lake._write_folds()
        return lake

    @classmethod
    def _create(cls, storage: Storage, key_uri: str, buckets: int) -> Self:
        lake_id = uuid.uuid4().hex
        key = speakers.create_key(lake_id, key_uri)
        settings = {
            "format": FORMAT,
            "id": lake_id,
            "buckets": buckets,
            "speaker_key_check": speakers.check_value(key),
        }
        storage.write(json.dumps(settings, indent=1).encode(), SETTINGS)
        return cls(storage.uri, settings)

    def _write_folds(self) -> None:
        path = f"v{vocabularies.VERSION}.parquet"
        if path in self.committed("folds"):
            return
        rows = [asdict(fold) for fold in vocabularies.FOLDS]
        table = pa.Table.from_pylist(rows, schema=TABLES["folds"])
        size = self.storage.write_parquet(table, "folds", path)
        entry = tables.FileEntry("folds", path, size, table.num_rows)
        tables.commit(self.storage, "folds", [entry], self.committed("folds"))

    @property
    def buckets(self) -> int:
        """How many buckets conversations fall into: a power of two."""
        return int(self.settings["buckets"])

    def files(self, table: str) -> list[str]:
        """Returns the Parquet files of a table's newest version, as paths or URLs."""
        found = tables.committed(self.storage, table)
        return [self.storage.url(table, path) for path in sorted(found)]

    def parts(self) -> list[str]:
        """Returns the names of the parts of `utterances`, sorted."""
        return sorted(tables.stem(p) for p in self.committed("utterances"))

    def committed(self, table: str) -> dict[str, tables.FileEntry]:
        """Returns the files of a table's newest version by path in the table."""
        return tables.committed(self.storage, table)


def _what_is_there(storage: Storage, uri: str) -> str:
    if not storage.exists():
        return (
            f"no lake at {uri!r}: `affectflow ingest PATH --source NAME --to {uri}` "
            "makes one"
        )
    return (
        f"{uri!r} is not a lake: it has no {SETTINGS}; give the folder that "
        "`affectflow ingest ... --to` wrote"
    )
