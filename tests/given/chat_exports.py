"""Reading the exports of chats that tests write: rows, and folders as archives."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from affectflow.sources.files import FileSource


def rows_of(source: type[FileSource], *paths: Path, **options: Any) -> list[dict]:
    """Returns all rows of the files, in order, the dead ones with them."""
    made = source(paths=[str(path) for path in paths], **options)
    found = [
        batch
        for pattern in made.patterns
        for split in made.splits(pattern)
        for batch in made.read(split)
    ]
    for batch in found:
        batch.validate(full=True)
    return [row for batch in found for row in batch.to_pylist()]


def living(rows: Iterable[dict]) -> list[dict]:
    """Returns the rows that were not refused."""
    return [row for row in rows if not row["errors"]]


def error_types(rows: Iterable[dict]) -> list[str]:
    """Returns why each dead row is dead, by its error type."""
    return [row["errors"][0]["error_type"] for row in rows if row["errors"]]


def write_folder(folder: Path, files: Mapping[str, Any]) -> Path:
    """Writes files, as JSON unless they are bytes or text, and returns the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))
    return folder


def write_zip(path: Path, files: Mapping[str, Any]) -> Path:
    """Writes the same files into an archive, and returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, _bytes(content))
    return path


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    text = content if isinstance(content, str) else json.dumps(content)
    return text.encode()
