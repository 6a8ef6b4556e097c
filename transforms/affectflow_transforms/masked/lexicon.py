"""Lexica: which words are masked more often than others."""

import csv
import importlib.resources
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from affectflow.errors import UsageError
from affectflow.registry import nearest

NAMED = {"vader": ("affectflow_transforms.models.valence", "lexicon", "words.tsv")}
"""The lexica that come with the package: VADER's rated words (MIT)."""
_COLUMNS = ("word", "term", "token")
_TABLES = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """Words and phrases, in lower case.

    Args:
      terms: whole ones.
      beginnings: of words that are in it whatever follows: `abandon*`.
    """

    terms: frozenset[str]
    beginnings: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.terms) + len(self.beginnings)

    def __contains__(self, said: object) -> bool:
        """Returns whether it has a word or a phrase, in whatever case."""
        word = str(said).strip().casefold()
        if word in self.terms:
            return True
        if not self.beginnings or len(word.split()) != 1:
            return False
        return any(word[:end] in self.beginnings for end in range(1, len(word) + 1))

    @classmethod
    def of(cls, terms: Sequence[str]) -> Self:
        """Returns the lexicon of some terms; one that ends in `*` is a beginning."""
        said = {term.strip().casefold() for term in terms} - {"", "*"}
        begins = frozenset(term[:-1] for term in said if term.endswith("*"))
        return cls(
            terms=frozenset(term for term in said if not term.endswith("*")),
            beginnings=begins,
        )


def lexicon_of(name: str) -> Lexicon:
    """Returns the lexicon of a name or a file; an empty one if there is no name.

    A file has a term a line, and what follows a tab is left out; lines that begin with
    `# ` are comments. Of a `.csv` or a `.tsv` with a header, the terms are in the
    column `word`, `term` or `token`, or else in the first one.

    Raises:
      UsageError: there is no such file, it is not in UTF-8, or it has no term.
    """
    if not name:
        return Lexicon(terms=frozenset())
    file = file_of(name)
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the lexicon {name!r} ({error}): write it again, in UTF-8"
        ) from error
    is_table = file.suffix in _TABLES and name not in NAMED
    found = Lexicon.of(list(_columns(text, file) if is_table else _lines(text)))
    if not len(found):
        raise UsageError(f"the lexicon {name!r} has no word: write one a line")
    return found


def file_of(name: str) -> Path:
    """Returns the file of a lexicon.

    Raises:
      UsageError: it is neither a file nor a name; says which names there are.
    """
    if name in NAMED:
        package, *path = NAMED[name]
        return Path(str(importlib.resources.files(package).joinpath(*path)))
    if not Path(name).is_file():
        raise UsageError(
            f"no file {name!r}, and no lexicon of that name; {nearest(name, NAMED)} "
            "Give a file with a word a line"
        )
    return Path(name)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("# "):
            yield line.split("\t")[0]


def _columns(text: str, file: Path) -> Iterator[str]:
    rows = list(csv.reader(text.splitlines(), delimiter=_TABLES[file.suffix]))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    place = next((header.index(name) for name in _COLUMNS if name in header), 0)
    yield from (row[place] for row in rows[1:] if len(row) > place)
