"""A stranger's distribution that brings files of data, installed in this process."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from affectflow import data
from affectflow.gold.targets import labels
from affectflow.vocabularies import reader

_CACHES = (
    *(data._files, reader.known, reader.folds, reader._table, reader._read),
    *(reader._folds_of, labels._family_labels),
)


def install_data(
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, str | bytes],
    name: str = "stranger",
) -> Path:
    """Writes what pip would, puts it on the path, and returns the folder of data."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    (info / "METADATA").write_text(head)
    point = f"[affectflow.data]\n{name} = {name}_package.files\n"
    (info / "entry_points.txt").write_text(point)
    package = site / f"{name}_package"
    package.mkdir()
    for path, content in files.items():
        place = package / "files" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        encoded = content.encode() if isinstance(content, str) else content
        place.write_bytes(encoded)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(site)
    forget_data()
    return package / "files"


def forget_data() -> None:
    """Lets the files be looked for again."""
    for cached in _CACHES:
        cached.cache_clear()
