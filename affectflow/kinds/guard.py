"""Guards: rules for texts that no model is asked about.

A guard is a file of TOML of the kind `guards`: phrases, what they do not mean, and a
notice to whoever reads the results. It never speaks to an author.
"""

import functools
import hashlib
import json
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Self

from affectflow.data import DataFile
from affectflow.data_tables import TEXT, WORDS, checked, file_of, frozen

_KEYS = MappingProxyType(
    {
        **dict.fromkeys(("summary", "version", "source", "licence", "notice"), TEXT),
        **dict.fromkeys(("phrases", "unless"), WORDS),
    }
)
_PHRASE = re.compile(r"(?:\.\.\.|[^\W_][\w'-]*\*?)(?: (?:\.\.\.|[^\W_][\w'-]*\*?))*")
# Nothing is both, so that no text, however long, is searched in more than one way.
_LETTER, _BETWEEN = r"[^\W_]", r"[\W_]+"
_GAP = rf"(?:{_BETWEEN}{_LETTER}+){{0,3}}?"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A rule: what it matches is asked of no model.

    Args:
      name: as prompts say it.
      phrases: words in order, in small letters; `*` ends a word in any way, `...` is a
        gap of up to three words.
      unless: phrases that contain one of `phrases` and do not mean it.
      notice: what whoever reads the results is told.
      version: raise it when the rule changes.
      source: where the rule comes from.
      licence: of its words.
      summary: one line.
    """

    name: str
    phrases: tuple[str, ...]
    notice: str
    unless: tuple[str, ...] = ()
    version: str = "1"
    source: str = ""
    licence: str = ""
    summary: str = ""

    @classmethod
    def load(cls, name_or_path: str) -> Self:
        """Returns the guard of a name, or of a file that ends in `.toml`.

        Raises:
          UsageError: there is none, or something is wrong with it; names the line.
        """
        file = file_of("guards", name_or_path)
        said = checked(file, file.table(), _KEYS, ("phrases", "notice"))
        for phrase in (*said["phrases"], *said.get("unless", ())):
            _check_phrase(file, phrase)
        return cls(name=file.name, **frozen(said))

    @property
    def digest(self) -> str:
        """BLAKE2b of the rule and its notice, 32 hexadecimal digits."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def matches(self, text: str) -> bool:
        """Returns whether the rule holds of a text.

        Case, punctuation between words and the form of apostrophes make no difference.
        """
        phrases, unless = _patterns(self.phrases, self.unless)
        folded = text.casefold()
        found = phrases.search(folded)
        if found is None:
            return False
        harmless = [each.span() for each in unless.finditer(folded)] if unless else []
        while found is not None and _is_inside(found.span(), harmless):
            found = phrases.search(folded, found.start() + 1)
        return found is not None


def _is_inside(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    """Returns whether a span lies in one of others, which are in order and apart."""
    place = bisect_right(others, (span[0], sys.maxsize)) - 1
    return place >= 0 and span[1] <= others[place][1]


@functools.lru_cache(maxsize=16)
def _patterns(
    phrases: tuple[str, ...], unless: tuple[str, ...]
) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    return _any_of(phrases), _any_of(unless) if unless else None


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    # The longest first: of two that begin at one place, it is the one that is meant.
    ordered = sorted(phrases, key=len, reverse=True)
    spelt = "|".join(map(_spelt, ordered))
    return re.compile(rf"(?<!{_LETTER})(?:{spelt})(?!{_LETTER})")


def _spelt(phrase: str) -> str:
    """Returns the pattern of a phrase.

    >>> bool(re.fullmatch(_spelt("give ... up*"), "give it all, upwards"))
    True
    """
    pattern = ""
    for word in phrase.casefold().split():
        if word == "...":
            pattern += _GAP
            continue
        spelt = re.escape(word.removesuffix("*")).replace("'", "['’]?")
        pattern += (_BETWEEN if pattern else "") + spelt
        pattern += f"{_LETTER}*" if word.endswith("*") else ""
    return pattern


def _check_phrase(file: DataFile, phrase: str) -> None:
    ends = {phrase.split()[0], phrase.split()[-1]} if phrase.split() else {"..."}
    if not _PHRASE.fullmatch(phrase) or "..." in ends:
        raise file.fault(
            f"{phrase!r} is not a phrase: words with one blank between, `*` at the end "
            "of a word, `...` between words",
            file.line_of(f'"{phrase}"') if phrase in file.text() else 0,
        )
