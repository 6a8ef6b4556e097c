"""A file of a source, and whatever else is put in its place."""

import dataclasses
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from affectflow.errors import AffectflowError
from affectflow.sources.decompress import compression
from affectflow.sources.files import FileSource
from affectflow.sources.streams import json_head
from affectflow.testing.inputs import Tried

_MOST_CPU_S = 20
_BINARY = (b"PAR1", b"PK", b"7z")
_READ = ["utterance_id", "text", "errors"]

Rows = list[dict[str, Any]]
Key = tuple[str, str]


class Read(NamedTuple):
    """The result of a file: living and dead rows, or the line that refused it."""

    what: str
    living: list[Key]
    says: Counter[str]
    """Why rows are dead, or the file was refused."""
    refused: bool


class Trial:
    """A file of a source, and any other bytes in its place."""

    def __init__(self, source: FileSource, example: Path, folder: Path):
        self.data = example.read_bytes()
        self.is_json = bool(json_head(self.data))
        # Ids may stand for a text's first lines, which are others in half of it.
        self._key = "utterance_id" if self.is_json else "text"
        self.is_binary = self.data.startswith(_BINARY) or bool(compression(self.data))
        self._source = source
        self._path = folder / example.parent.name / example.name
        self._path.parent.mkdir(parents=True)
        self.whole = self.read(Tried("the file itself", self.data))
        # Of plain text that is cut, the last line belongs to the message before it.
        self.loose = 0 if self.is_json else 2

    def read(self, tried: Tried, name: str = "") -> Read:
        """Returns the result of a file with these bytes.

        Raises:
          AssertionError: an error that is not affectflow's, or has several lines; or it
            is too slow.
        """
        path = self._path.with_name(name) if name else self._path
        path.write_bytes(tried.data)
        begun = time.process_time()
        rows, refused = self._rows([path], tried.what)
        took = time.process_time() - begun
        assert took < _MOST_CPU_S, f"{tried.what}: reading took {took:.0f} CPU seconds"
        return _read(tried.what, rows, refused, self._key)

    def read_all(self, paths: list[Path]) -> Read:
        """Returns the result of several files."""
        rows, refused = self._rows(paths, "several files")
        return _read("several files", rows, refused, "utterance_id")

    def beside(self, name: str) -> Path:
        """Returns the path of another file, in the same folder."""
        return self._path.with_name(name + self._path.name)

    @property
    def path(self) -> Path:
        return self._path

    def _rows(self, paths: list[Path], what: str) -> tuple[Rows, str]:
        made = dataclasses.replace(
            self._source,
            paths=[str(path) for path in paths],
            include_private=True,
            keep_deleted=True,
        )
        rows: Rows = []
        try:
            made.check()
            for split in (s for path in made.patterns for s in made.splits(path)):
                for batch in made.read(split):
                    batch.validate(full=True)
                    rows += batch.select(_READ).to_pylist()
        except AffectflowError as error:
            return rows, str(error)
        except Exception as error:
            raise AssertionError(f"{what}: {named(error)}") from error
        return rows, ""


def _read(what: str, rows: Rows, refused: str, key: str) -> Read:
    living = [(r[key], r["text"]) for r in rows if not r["errors"]]
    says = [error["message"] for row in rows for error in row["errors"] or ()]
    assert all(says), f"{what}: a dead row has no reason"
    assert "\n" not in refused, f"{what}: an error of several lines: {refused}"
    return Read(what, living, Counter([*says, *filter(None, [refused])]), bool(refused))


def named(error: Exception) -> str:
    """Returns an error with the name of its type."""
    return f"{type(error).__name__}: {error}"
