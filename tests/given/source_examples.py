"""A small file of every source, in tests/connectors/examples/NAME."""

import shutil
from pathlib import Path

import pyarrow.json
import pyarrow.parquet

from affectflow import registry
from affectflow.kinds.source import Source
from affectflow.sources.files import FileSource

FOLDER = Path(__file__).resolve().parents[1] / "connectors" / "examples"


def sources() -> dict[str, type[Source]]:
    """Returns every source of ours, by its name on the command line."""
    found = {
        registry.kebab(name): registry.load("connectors", name)
        for name in registry.names("connectors")
        if registry.distribution(registry.find("connectors", name)).startswith(
            "affectflow 0"
        )
    }
    return {name: each for name, each in found.items() if issubclass(each, Source)}


def file_sources() -> dict[str, type[FileSource]]:
    """Returns the sources that read messages from files."""
    return {
        name: each for name, each in sources().items() if issubclass(each, FileSource)
    }


def example(name: str, folder: Path) -> Path:
    """Copies the example of a source into a folder, and returns where it lies."""
    if name == "parquet":
        made = folder / "posts.parquet"
        table = pyarrow.json.read_json(FOLDER / "jsonl" / "posts.jsonl")
        pyarrow.parquet.write_table(table, made)
        return made
    return Path(shutil.copytree(FOLDER / name, folder / name))


def largest(path: Path) -> Path:
    """Returns the largest file of a folder, which holds messages; or the file."""
    files = [each for each in path.rglob("*") if each.is_file()] or [path]
    return max(files, key=lambda file: file.stat().st_size)
