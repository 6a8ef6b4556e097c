"""The lake: one folder, a Delta table in each of its folders, and `lake.json`."""

import hashlib
import json
import re
import uuid
from dataclasses import asdict
from typing import Any, Self

import pyarrow as pa

from affectflow import vocabularies
from affectflow.errors import LakeError
from affectflow.lake import speakers, tables
from affectflow.lake.commits import commit
from affectflow.lake.files import read_files, write_file
from affectflow.schemas import TABLES
from affectflow.storage import Storage, absolute

FORMAT = 2
"""Format 1 packed samples, strata and Delta versions into strings."""

BUCKETS = 16
SETTINGS = "lake.json"
_EXPECTED = ("id", "buckets", "speaker_key_check")


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
          LakeError: the folder is not a lake; says what it is, and how to fix it.
        """
        storage = Storage(uri)
        if not storage.exists(SETTINGS):
            raise LakeError(_what_is_there(storage, uri))
        settings = _settings(storage)
        _check_format(uri, settings.get("format"))
        lacking = [name for name in _EXPECTED if name not in settings]
        if lacking:
            raise LakeError(_damaged(uri, f"{lacking[0]!r} is missing"))
        return cls(uri, settings)

    @classmethod
    def create(
        cls, uri: str, *, speaker_key_uri: str = "", buckets: int = BUCKETS
    ) -> Self:
        """Returns the lake at `uri`, created if it does not exist.

        Raises:
          LakeError: the folder holds something else, or the key is another lake's
            or would be in the lake.
          StorageError: the folder cannot be written.
        """
        storage = Storage(uri)
        if storage.exists(SETTINGS):
            lake = cls.open(uri)
        else:
            check_free(uri)
            lake = cls._create(storage, speaker_key_uri, buckets)
        speakers.read_key(lake.settings, speaker_key_uri)
        tables.create_missing(lake.storage)
        lake._write_folds()
        return lake

    @classmethod
    def _create(cls, storage: Storage, key_uri: str, buckets: int) -> Self:
        if buckets < 1 or buckets.bit_count() != 1:
            raise LakeError(f"buckets must be a power of two, got {buckets}")
        if key_uri and absolute(key_uri).startswith(storage.uri.rstrip("/") + "/"):
            raise LakeError(
                f"the speaker key {key_uri!r} would be inside the lake, where "
                "everyone who can read the lake can read it; name another place with"
                " --speaker-key-uri"
            )
        lake_id = uuid.uuid4().hex
        key = speakers.create_key(lake_id, key_uri)
        settings = {
            "format": FORMAT,
            "id": lake_id,
            "buckets": buckets,
            "speaker_key_check": speakers.check_value(key),
        }
        storage.write_once(json.dumps(settings, indent=1).encode(), SETTINGS)
        # Another process may have made the lake a moment ago: its settings hold.
        return cls.open(storage.uri)

    def _write_folds(self) -> None:
        rows = [asdict(fold) for fold in vocabularies.folds()]
        rows += self._folds_of_others()
        rows.sort(key=lambda row: [str(value) for value in row.values()])
        digest = hashlib.blake2b(json.dumps(rows).encode(), digest_size=8)
        path = f"{digest.hexdigest()}.parquet"
        if path in self.committed("folds"):
            return
        table = pa.Table.from_pylist(rows, schema=TABLES["folds"])
        entry = write_file(self.storage, "folds", path, table)
        # Another process may have committed the same file a moment ago.
        older = self.committed("folds").keys() - {path}
        commit(self.storage, "folds", [entry], older)

    def _folds_of_others(self) -> list[dict[str, Any]]:
        """Returns the folds of vocabularies installed only on other machines."""
        paths = sorted(self.committed("folds"))
        rows = read_files(self.storage, "folds", paths).to_pylist()
        there = vocabularies.known()
        sides = ("from_vocabulary", "to_vocabulary")
        return [row for row in rows if any(row[side] not in there for side in sides)]

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


def _settings(storage: Storage) -> dict[str, Any]:
    try:
        settings = json.loads(storage.read(SETTINGS))
    except ValueError as error:
        raise LakeError(_damaged(storage.uri, str(error))) from error
    if not isinstance(settings, dict):
        raise LakeError(_damaged(storage.uri, "it is not a JSON object"))
    return settings


def _check_format(uri: str, found: Any) -> None:
    if not isinstance(found, int):
        raise LakeError(_damaged(uri, f"its format is {found!r}"))
    if found < FORMAT:
        raise LakeError(
            f"{uri!r} was written by an earlier version of affectflow (lake format "
            f"{found}): ingest its sources again into a new folder: `affectflow ingest "
            "PATH... --to NEW_FOLDER`"
        )
    if found > FORMAT:
        raise LakeError(
            f"{uri!r} has lake format {found} and needs a newer affectflow; this one "
            f"reads format {FORMAT}"
        )


def _damaged(uri: str, why: str) -> str:
    return f"{uri!r}: {SETTINGS} is damaged ({why}); restore it from a backup"


_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|\\")


def is_lake(uri: str) -> bool:
    """Returns whether a lake is at a path or URL."""
    try:
        Lake.open(uri)
    except LakeError:
        return False
    return True


def check_free(uri: str) -> None:
    """Checks that a lake can be made at `uri`: there is nothing, or an empty folder.

    Raises:
      LakeError: there is something else, or a table of a lake cannot have such a path.
    """
    storage = Storage(uri)
    _check_name(storage, uri)
    _check_empty(storage, uri)


def _check_name(storage: Storage, uri: str) -> None:
    if "://" not in uri and "::" in uri:
        raise LakeError(
            f"{uri!r} contains `::`, which separates chained URLs; name a folder "
            "without it"
        )
    # deltalake unescapes a local path like a URL, twice.
    if storage.is_local and (found := _ESCAPED.search(storage.uri)):
        raise LakeError(
            f"{uri!r} contains {found.group()!r}, which is not allowed in the "
            "path of a lake; name a folder without it"
        )


def _check_empty(storage: Storage, uri: str) -> None:
    if storage.is_local and storage.fs.isfile(storage.root):
        raise LakeError(f"{uri!r} is a file; a lake is a folder: name one with --to")
    found = [name for name in storage.names() if name != "_work"]
    if SETTINGS in found:
        return  # another process has made the lake since it was looked for
    if set(found) & set(TABLES) and storage.exists("utterances", "_delta_log"):
        raise LakeError(
            f"{uri!r} is a lake whose {SETTINGS} is missing; restore it from a backup, "
            "or name an empty folder with --to"
        )
    if found:
        raise LakeError(
            f"{uri!r} is a folder that already contains other files ({found[0]} ...); "
            "name an empty or new one with --to"
        )


def _what_is_there(storage: Storage, uri: str) -> str:
    if not storage.exists():
        return (
            f"no lake at {uri!r}; create one with `affectflow ingest PATH --source "
            f"NAME --to {uri}`"
        )
    if storage.is_local and storage.fs.isfile(storage.root):
        return f"{uri!r} is a file, not a lake: give the folder of a lake"
    return (
        f"{uri!r} is not a lake: it has no {SETTINGS}; give the folder that "
        "`affectflow ingest ... --to` wrote"
    )


BUCKET_BYTES = 32 << 20
"""A worker holds about four times as much, besides the 400 MB it always needs."""


LEAST, MOST = 16, 65_536


def buckets_for(bytes_of_input: int) -> int:
    """Returns the number of buckets for an input at 32 MB per bucket: a power of two.

    One bucket is merged and sorted by one worker, in memory; ingest holds a few copies
    of its text. More buckets than needed make small parts.

    Args:
      bytes_of_input: decompressed, about; of the first ingest, which should be the
        largest. 0 if unknown.

    Returns:
      16 to 65,536.

    Raises:
      ValueError: the size is negative.
    """
    if bytes_of_input < 0:
        raise ValueError(f"a size must be 0 or more, got {bytes_of_input}")
    wanted = -(-bytes_of_input // BUCKET_BYTES)
    return min(MOST, max(LEAST, 1 << max(0, wanted - 1).bit_length()))
