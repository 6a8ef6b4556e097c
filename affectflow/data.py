"""Files that distributions bring: prompts, vocabularies, views, by kind and name.

A distribution names a folder of one of its packages as an entry point of the group
`affectflow.data`. The sub-folders are the kinds, and the stem of a file is its name.
No code of the distribution runs, and a file is read when somebody asks for it.
"""

import functools
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from affectflow import registry
from affectflow.errors import LeftOutWarning, UnknownPluginError, UsageError

_KINDS = MappingProxyType(
    {
        "prompts": ("prompt", ".toml"),
        "stimuli": ("stimulus", ".toml"),
        "guards": ("guard", ".toml"),
        "vocabularies": ("vocabulary", ".toml"),
        "styles": ("style", ".toml"),
        "taxonomies": ("taxonomy", ".toml"),
        "packs": ("pack of patterns", ".toml"),
        "wheels": ("wheel", ".toml"),
        "hub": ("hub model", ".toml"),
        "suites": ("suite of tasks", ".toml"),
        "views": ("view", ".sql"),
    }
)
"""What one file of a kind is called, and how its name ends."""
KINDS = tuple(_KINDS)
_CORE = Path(__file__).parent
_OWN = MappingProxyType({"vocabularies": "vocabularies", "views": "lake/sql"})
"""Where the core's own files lie, by kind."""
_LINE = re.compile(r" ?\(at line (\d+), column \d+\)")


class DataFile(NamedTuple):
    """A file that a distribution brings.

    Args:
      kind: one of `KINDS`.
      name: the stem of the file.
      path: where it lies.
      distribution: name and version of what brought it; empty if it is the core.
    """

    kind: str
    name: str
    path: Path
    distribution: str

    def text(self) -> str:
        """Returns what the file holds.

        Raises:
          UsageError: it cannot be read, or is not UTF-8; names the line.
        """
        try:
            content = self.path.read_bytes()
            return content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise self.fault("not UTF-8", line) from error
        except OSError as error:
            raise self.fault(error.strerror or "cannot be read") from error

    def table(self) -> dict[str, Any]:
        """Returns what a file of TOML holds.

        Raises:
          UsageError: it is not TOML; names the line.
        """
        try:
            return tomllib.loads(self.text())
        except tomllib.TOMLDecodeError as error:
            said = str(error)
            line = _LINE.search(said)
            why = _LINE.sub("", said).removesuffix(" (at end of document)")
            last = self.text().count("\n") + 1
            raise self.fault(why, int(line[1]) if line else last) from error

    def fault(self, why: str, line: int = 0) -> UsageError:
        """Returns the error that says what is wrong with the file, in one line."""
        where = f"{self.path}, line {line}" if line else str(self.path)
        cure = f", or uninstall {self.distribution!r}" if self.distribution else ""
        return UsageError(f"{where}: {why}; fix the file{cure}")

    def line_of(self, word: str, below: str = "", nth: int = 1) -> int:
        """Returns the line of the n-th mention of a word, comments left out.

        Args:
          word: a key, or a text with its quotes.
          below: only what follows this key or head of a table counts; its own line, if
            the word does not follow.
          nth: 1 is the first.
        """
        text = re.sub(r"(?m)#[^\"'\n]*$", "", self.text())
        head = re.search(rf"(?m)^\s*\[?{re.escape(below)}\b", text)
        start = head.end() if head else 0
        spelt = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        places = [found.start() for found in spelt.finditer(text, start)]
        place = places[nth - 1] if len(places) >= nth else start
        return text.count("\n", 0, place) + 1


def names(kind: str) -> list[str]:
    """Returns the names of the files of a kind: the core's first, then the others."""
    files = _files(kind)
    return sorted(files, key=lambda name: (bool(files[name][0].distribution), name))


def own(kind: str) -> list[DataFile]:
    """Returns the core's files of a kind, whoever else claims their names."""
    return list(_files_in(_CORE / _OWN[kind], kind, ""))


def find(kind: str, name: str) -> DataFile:
    """Returns the file of a kind and name.

    Raises:
      UnknownPluginError: no file has the name (answers with the nearest), or two.
    """
    files = _files(kind)
    if name not in files:
        one, _ = _KINDS[kind]
        listing = f"affectflow plugins --kind {kind}"
        hint = registry.nearest(name, files, listed_by=listing)
        raise UnknownPluginError(f"no {one} {name!r}; {hint}")
    if len(files[name]) > 1:
        claims = " and ".join(str(file.path) for file in files[name])
        raise UnknownPluginError(
            f"{name!r} in {kind} is claimed by {claims}; rename one of them, or "
            "uninstall what brought it"
        )
    return files[name][0]


@functools.cache
def _files(kind: str) -> dict[str, list[DataFile]]:
    if kind not in KINDS:
        raise UnknownPluginError(f"unknown kind of data {kind!r}; one of {KINDS}")
    found: dict[str, list[DataFile]] = {}
    for folder, distribution in _folders(kind):
        for file in _files_in(folder, kind, distribution):
            found.setdefault(file.name, []).append(file)
    return found


def _files_in(folder: Path, kind: str, distribution: str) -> Iterator[DataFile]:
    for path in sorted(folder.glob(f"*{_KINDS[kind][1]}")):
        yield DataFile(kind, path.stem, path, distribution)


def _folders(kind: str) -> Iterator[tuple[Path, str]]:
    """Yields the folders of a kind, and what brought each; the core's first."""
    if kind in _OWN:
        yield _CORE / _OWN[kind], ""
    seen = set()
    for point in entry_points(group="affectflow.data"):
        folder = _folder(point)
        if folder is None:
            warnings.warn(
                f"{registry.distribution(point)!r} names {point.value!r} as its data, "
                "which is not a folder of an installed package; fix its entry point",
                LeftOutWarning,
                stacklevel=2,
            )
        elif folder not in seen:  # one distribution can be on the path twice
            seen.add(folder)
            yield folder / kind, registry.distribution(point)


def _folder(point: EntryPoint) -> Path | None:
    """Returns the folder that an entry point names, without importing its package."""
    package, *rest = point.value.split(".")
    spec = find_spec(package)
    places: Iterable[str] = (spec and spec.submodule_search_locations) or ()
    folders = (Path(place, *rest).resolve() for place in places)
    return next((folder for folder in folders if folder.is_dir()), None)
