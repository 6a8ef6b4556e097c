"""Reading small files with a source, without a pipeline."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from affectflow.kinds.source import Split
from affectflow.sources.files import FileSource
from affectflow.testing import check_source

Rows = list[dict[str, Any]]


def rows_of(source: type[FileSource], path: Path, **options: Any) -> Rows:
    """Returns the rows of a file or folder, private and dead ones too, in order."""
    reader = source(paths=str(path), **{"include_private": True, **options})
    return _read(reader, reader.splits(str(path)))


def rows_of_text(source: type[FileSource], folder: Path, said: Any, name: str) -> Rows:
    """Returns the rows of a file that holds a text, bytes, or a value as JSON."""
    return rows_of(source, written(folder, said, name))


def written(folder: Path, said: Any, name: str) -> Path:
    """Writes a text, bytes, or a value as JSON; `.ndjson`: one value a line."""
    path = folder / name
    if isinstance(said, bytes):
        path.write_bytes(said)
    elif isinstance(said, str):
        path.write_text(said, "utf-8")
    elif name.endswith(".ndjson"):
        path.write_text("".join(json.dumps(each) + "\n" for each in said))
    else:
        path.write_text(json.dumps(said))
    return path


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


def error_types(rows: Rows) -> list[str]:
    """Returns why each row is dead; an empty text for one that lives."""
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in rows]


def check_real(source: FileSource, living: int) -> Any:
    """Checks what every source owes on a real file of which so many rows live."""
    batch = check_source(source)
    alive = pc.sum(pc.is_null(batch["errors"])).as_py()
    assert alive == living, f"{alive} rows live, not {living}"
    return batch
