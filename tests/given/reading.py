"""Writing small files, folders and archives; reading them with a source."""

import json
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from affectflow.kinds.source import Split
from affectflow.sources.files import FileSource
from affectflow.testing import check_source

Rows = list[dict[str, Any]]


def rows_of(source: type[FileSource], *paths: Path, **options: Any) -> Rows:
    """Returns the rows of files or folders, private and dead ones too, in order."""
    given = {"include_private": True, **options}
    reader = source(paths=[str(path) for path in paths], **given)
    return _read(reader, [s for path in reader.patterns for s in reader.splits(path)])


def rows_of_text(source: type[FileSource], folder: Path, said: Any, name: str) -> Rows:
    """Returns the rows of a file that holds a text, bytes, or a value as JSON."""
    return rows_of(source, written(folder, said, name))


def written(folder: Path, said: Any, name: str) -> Path:
    """Writes a text, bytes, or a value as JSON; `.ndjson`: one value a line."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_bytes(said, name))
    return path


def write_folder(folder: Path, files: Mapping[str, Any]) -> Path:
    """Writes files, each as `written` does, and returns the folder."""
    for name, said in files.items():
        written(folder, said, name)
    return folder


def write_zip(path: Path, files: Mapping[str, Any]) -> Path:
    """Writes the same files into an archive, and returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, said in files.items():
            archive.writestr(name, _bytes(said, name))
    return path


def _bytes(said: Any, name: str) -> bytes:
    if isinstance(said, bytes):
        return said
    if isinstance(said, str):
        return said.encode()
    if name.endswith(".ndjson"):
        return "".join(json.dumps(each) + "\n" for each in said).encode()
    return json.dumps(said).encode()


def rows_of_ranges(source: type[FileSource], path: Path, cuts: list[int]) -> Rows:
    """Returns the rows of a file that is read in byte ranges, cut anywhere."""
    size = path.stat().st_size
    bounds = sorted({0, size, *(cut for cut in cuts if cut < size)})
    reader = source(paths=str(path))
    return _read(reader, [Split(str(path), a, b, size) for a, b in pairwise(bounds)])


def _read(reader: FileSource, splits: list[Split]) -> Rows:
    found = []
    for batch in (batch for split in splits for batch in reader.read(split)):
        batch.validate(full=True)
        found += batch.to_pylist()
    return found


def ids(rows: Rows) -> list[str]:
    """Returns the ids of the living rows, sorted."""
    return sorted(row["utterance_id"] for row in rows if not row["errors"])


def living(rows: Rows) -> Rows:
    """Returns the rows that were not refused."""
    return [row for row in rows if not row["errors"]]


def why_dead(rows: Rows) -> list[str]:
    """Returns the error types of the dead rows."""
    return [row["errors"][0]["error_type"] for row in rows if row["errors"]]


def error_types(rows: Rows) -> list[str]:
    """Returns why each row is dead; an empty text for one that lives."""
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in rows]


def check_real(source: FileSource, living: int) -> Any:
    """Checks what every source owes on a real file of which so many rows live."""
    batch = check_source(source)
    alive = pc.sum(pc.is_null(batch["errors"])).as_py()
    assert alive == living, f"{alive} rows live, not {living}"
    return batch
