"""Taxonomies: what moves people, by name and wordings; each is a TOML file."""

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.data import DataFile
from affectflow.data_tables import (
    FLAG,
    TABLE,
    TEXT,
    WORDS,
    Kind,
    checked,
    file_of,
    table_of,
)

_SHARE = 0.15
_IS_SHARE: Kind = (
    "a number from 0 to 1",
    lambda value: type(value) in (int, float) and 0 <= value <= 1,
)
_KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("summary", "source", "licence", "version"), TEXT),
        "talk": TABLE,
        "themes": ("a table of lists of texts", table_of(WORDS)),
    }
)
_TALK: Mapping[str, Kind] = MappingProxyType(
    {"words": WORDS, "share": _IS_SHARE, "unlike": FLAG}
)
NOT_BEFORE = re.compile(r"\(\?! (\w+)\)\Z")
"""End of a wording that does not count before a word: `merged(?! conflict)`."""


class Talk(NamedTuple):
    """The talk that a file's themes belong to, or that they do not belong to.

    Attributes:
      words: wordings of it.
      share: of a theme's causes, 0..1, from which on it is such talk.
      unlike: the themes do not belong to it.
    """

    words: tuple[str, ...]
    share: float
    unlike: bool = False

    def suits(self, share: float) -> bool:
        """Returns whether names of the file suit a theme with so much of this talk."""
        return (share >= self.share) != self.unlike


class Theme(NamedTuple):
    """What people may be moved by.

    Attributes:
      wordings: regular expressions over lower-case text, matched at word boundaries.
      talk: the place in `Taxonomy.talks` of that it belongs to; -1 for any talk.
    """

    wordings: tuple[str, ...]
    talk: int


@dataclass(frozen=True)
class Taxonomy:
    """What may move people, from one or more files.

    Args:
      themes: by name, short and readable.
      talks: that some of them belong to.
      digests: of the files.
    """

    themes: Mapping[str, Theme]
    talks: tuple[Talk, ...]
    digests: tuple[str, ...]


def load(names: Sequence[str]) -> Taxonomy:
    """Returns taxonomies together, each by its name, or a file that ends in `.toml`.

    Raises:
      UsageError: it does not exist, or is malformed; names the line.
    """
    themes: dict[str, Theme] = {}
    talks, digests = [], []
    for name in dict.fromkeys(names):
        file = file_of("taxonomies", name)
        text = file.text()
        said, talk = _read(file, text)
        talks += [talk] if talk else []
        for title, wordings in said.items():
            if title in themes:
                raise file.fault(f"another taxonomy already has a theme {title!r}")
            themes[title] = Theme(wordings, len(talks) - 1 if talk else -1)
        digests.append(hashlib.blake2b(text.encode(), digest_size=8).hexdigest())
    return Taxonomy(themes, tuple(talks), tuple(digests))


# By its text: a changed file gives another taxonomy.
@functools.lru_cache(maxsize=8)
def _read(
    file: DataFile, text: str
) -> tuple[Mapping[str, tuple[str, ...]], Talk | None]:
    said = checked(file, file.table(), _KEYS, ("themes",))
    themes = {name: tuple(words) for name, words in said["themes"].items()}
    talk = None
    if "talk" in said:
        about = checked(file, said["talk"], _TALK, ("words",))
        share, unlike = about.get("share", _SHARE), about.get("unlike", False)
        talk = Talk(tuple(about["words"]), float(share), unlike)
    for wording in (*_all(themes), *(talk.words if talk else ())):
        if why := _wrong(wording):
            raise file.fault(f"wording {wording!r}: {why}", _line_of(text, wording))
    return MappingProxyType(themes), talk


def _all(themes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for wordings in themes.values():
        yield from wordings


def _wrong(wording: str) -> str:
    """Returns why a wording cannot be looked for; nothing if it can."""
    try:
        if re.compile(wording).groups:
            return "groups must be written (?:...)"
        pc.match_substring_regex(pa.array([""]), NOT_BEFORE.sub("", wording))
    except (re.error, pa.ArrowInvalid) as error:
        return f"not a regular expression ({_first_line(error)})"
    return ""


def _first_line(error: Any) -> str:
    return str(error).splitlines()[0]


def _line_of(text: str, wording: str) -> int:
    spelt = wording.replace("\\", "\\\\")
    lines = enumerate(text.splitlines(), start=1)
    return next((n for n, line in lines if wording in line or spelt in line), 0)
