"""Guards: rules for texts that no model is asked about.

A guard is a TOML file of the kind `guards`: phrases, exceptions, and a notice to
  readers of the results. It never addresses an author.
"""

import functools
import hashlib
import json
import re
import unicodedata
from bisect import bisect_left
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
_WORD = r"[^\W_][\w'-]*\*?"
_PART = rf"(?:\.\.\.|{_WORD}(?:\|{_WORD})*)"
_PHRASE = re.compile(rf"{_PART}(?: {_PART})*")
# Accents, and invisible characters.
_UNSEEN = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff]")
# No character is both, so that even a long text is matched in only one way.
_LETTER, _BETWEEN = r"[^\W_]", r"[\W_]+"
_GAP = rf"(?:{_BETWEEN}{_LETTER}+){{0,3}}?"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A rule: texts that match it are sent to no model.

    Args:
      name: as used in prompts.
      phrases: words in order, in lower case; `*` ends a word in any way, `a|b` is
        one word or the other, `...` is a gap of up to three words.
      unless: phrases that share words with one of `phrases` and do not mean it.
      notice: what readers of the results are told.
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
        """Returns a guard by name, or from a file that ends in `.toml`.

        Raises:
          UsageError: it does not exist, or something is wrong with it; names the line.
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
        """Returns whether the rule applies to a text.

        Case, accents, punctuation between words and the form of apostrophes make no
        difference.
        """
        phrases, unless = _patterns(self.phrases, self.unless)
        folded = _plain(text)
        found = phrases.search(folded)
        if found is None:
            return False
        harmless = [each.span() for each in unless.finditer(folded)] if unless else []
        while found is not None and _shares(found.span(), harmless):
            found = phrases.search(folded, found.start() + 1)
        return found is not None


def _plain(text: str) -> str:
    """Returns a text in lower case, without accents and invisible characters."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKD", text.casefold()))


def _shares(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    """Returns whether a span overlaps one of others, which are sorted and disjoint."""
    place = bisect_left(others, (span[1], 0)) - 1
    return place >= 0 and span[0] < others[place][1]


@functools.lru_cache(maxsize=16)
def _patterns(
    phrases: tuple[str, ...], unless: tuple[str, ...]
) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    return _any_of(phrases), _any_of(unless) if unless else None


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    # The longest first: of two that start at the same place, the longer one is meant.
    ordered = sorted(phrases, key=len, reverse=True)
    spelt = "|".join(map(_spelt, ordered))
    return re.compile(rf"(?<!{_LETTER})(?:{spelt})(?!{_LETTER})")


def _spelt(phrase: str) -> str:
    """Returns the pattern of a phrase.

    >>> bool(re.fullmatch(_spelt("give|gave ... up*"), "gave it all, upwards"))
    True
    """
    pattern = ""
    for word in _plain(phrase).split():
        if word == "...":
            pattern += _GAP
            continue
        ways = "|".join(map(_way, word.split("|")))
        pattern += (_BETWEEN if pattern else "") + f"(?:{ways})"
    return pattern


def _way(word: str) -> str:
    spelt = re.escape(word.removesuffix("*")).replace("'", "['’]?")
    return spelt + (f"{_LETTER}*" if word.endswith("*") else "")


def _check_phrase(file: DataFile, phrase: str) -> None:
    ends = {phrase.split()[0], phrase.split()[-1]} if phrase.split() else {"..."}
    if not _PHRASE.fullmatch(phrase) or "..." in ends:
        raise file.fault(
            f"{phrase!r} is not a phrase: write words with one space between them, `*` "
            "at the end of a word, `|` between alternatives, `...` between words",
            file.line_of(f'"{phrase}"') if phrase in file.text() else 0,
        )
