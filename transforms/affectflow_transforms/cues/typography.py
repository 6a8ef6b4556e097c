"""RenderTypography: shouting, stretched words, runs of punctuation."""

import itertools
import operator
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from affectflow.kinds.renderer import BLANK, Cue
from affectflow.registry import Card
from affectflow_transforms.cues.wording import WordRenderer, words

_THRICE = "|".join(f"{letter}{{3}}" for letter in "abcdefghijklmnopqrstuvwxyz")
# Parts of names, paths and constants are not words: FOO_BAR, file.TXT, a/B, $HOME.
_IN_NAME = rf"[\w/\\$@#%=&`~<>{{}}\[\]{BLANK}]"
_WORD = re.compile(
    rf"(?<!{_IN_NAME})(?<![\w<\[][.:-])[^\W\d_]+(?:['’][^\W\d_]+)?(?!{_IN_NAME}|[.:(-]\w)"
)
# Where a loud word begins in a text of ASCII.
_LOUD_BEGINS = re.compile(rf"[A-Z](?<!{_IN_NAME}[A-Z])[A-Z'][A-Z']")
# What no run of capitals has within it; shorter stretches have no loud word.
_APART = rf"a-z0-9_=/<>(){{}}\[\]{BLANK}"
_STRETCH_OF_CAPITALS = re.compile(rf"[^{_APART}]{{3,}}")
_CAPITAL = r"[^a-z\W\d_]"
_CAPITALS = re.compile(rf"{_CAPITAL}(?<!{_IN_NAME}{_CAPITAL})(?:{_CAPITAL}|['’]){{2}}")
_NEAR = re.compile(r"[\s,;:.!?'\"*-]{1,4}")
_STRETCH = re.compile("([a-zß-öø-ÿ])\\1{2,}", re.I)
_THREE_ALIKE = re.compile(r"([a-z])\1\1")
_CAMEL = re.compile("[a-z][A-Z]")
# Abbreviations that are not in the table rarely sound like words: DDLC, PPSSPP, RSRP.
_SOUNDS = re.compile("[AEIOUYÀ-ÖØ-Ý]")
_CLUSTER = re.compile("[BCDFGHJKLMNPQRSTVWXZ]{4}")
_RUN_OF_MARKS = re.compile("[!?]{2,}")
_MARKS = re.compile(
    r"(?<=[^\s!?=<>])\s?(?P<marks>[!?]{2,})(?![\w=!(\[.\"'])|(?P<alone>^[!?]{2,}$)",
    re.M,
)
_DOTS = re.compile(
    r"(?=[.…])(?!^\.{8,}$)(?<![./\w]\.)(?<![./'\"“(])(?:\.{4,}(?![./\\\w])|…{2,}|…\.{2,})",
    re.M,
)

# Statements of SQL are written so.
_STATEMENT = re.compile(
    r"SELECT\b.*\bFROM\b|INSERT INTO\b|DELETE FROM\b|UPDATE \S+ SET\b"
    r"|GROUP BY\b|ORDER BY\b|PRAGMA\b"
    r"|(?:BEGIN|COMMIT|ROLLBACK|START) TRANSACTION\b"
    r"|(?:ADD|DROP|ALTER|RENAME) COLUMN\b|(?:PRIMARY|FOREIGN) KEY\b"
    r"|(?:CREATE|ALTER|DROP|TRUNCATE) (?:TABLE|INDEX|VIEW|DATABASE|SCHEMA)\b"
    r"|(?:LEFT|RIGHT|INNER|OUTER|FULL|CROSS) (?:OUTER )?JOIN\b",
    re.S,
)

# What RFC 9110 and its kin say beside a status: `404 NOT FOUND`.
_REASON = re.compile(
    r"(?:METHOD )?NOT (?:FOUND|MODIFIED|ACCEPTABLE|ALLOWED|IMPLEMENTED)|FORBIDDEN"
    r"|UNAUTHORI[SZ]ED|BAD (?:REQUEST|GATEWAY)|INTERNAL SERVER ERROR|GATEWAY TIMEOUT"
    r"|SERVICE UNAVAILABLE|REQUEST TIMEOUT|TOO MANY REQUESTS|PAYMENT REQUIRED"
    r"|PAYLOAD TOO LARGE|UNPROCESSABLE ENTITY|MOVED PERMANENTLY|CONFLICT"
)

_ONE_WORD = 4
_MANY_WORDS = 3


@dataclass(kw_only=True)
class RenderTypography(WordRenderer):
    """Finds shouting, stretched words, runs of marks, and dots of hesitation.

    - `shouting`: at least two words in capitals of three letters or more, or one of
      four, that are not acronyms, names or constants; `value` is the share of capitals
      among the letters of the prose.
    - `stretched`: a letter three times or more ("soooo"); `value` is the longest run.
    - `punctuation`: "!!", "?!"; and `hesitation`: four dots or more; `value` counts.
    """

    renderer_id: ClassVar[str] = "typography@1"
    pattern: ClassVar[str] = (
        rf"(?m)(?:^|[^\pL\pN_/\\$@#%=&`~<>{{}}\[\]])"
        rf"\p{{Lu}}{{3}}(?:\p{{Lu}}|[^\pL]{{1,4}}\p{{Lu}})"
        rf"|[!?]{{2}}|\.{{4}}|……|…\.|(?i:{_THRICE})"
    )
    card: ClassVar[Card] = Card(summary="shouting, stretched words, runs of marks")

    def render(self, text: str) -> list[Cue]:
        cues: list[Cue] = []
        narrow = _narrow(text)
        if _LOUD_BEGINS.search(narrow) if narrow else _CAPITALS.search(text):
            cues += _shouting(text)
        alike = _THREE_ALIKE.search(narrow.lower()) if narrow else _STRETCH.search(text)
        if alike:
            cues += _stretched(text)
        if "!!" in text or "??" in text or "!?" in text or "?!" in text:
            cues += _marks(text)
        if "...." in text or "……" in text or "…." in text:
            cues += _hesitation(text)
        cues.sort(key=_PLACE)
        if not self.language:
            return cues
        return [cue._replace(phrase=self._in_words(cue)) for cue in cues]

    def _in_words(self, cue: Cue) -> str:
        name, colon, word = cue.phrase.partition(":")
        return f"{self.said(name)}{colon}{word}"


_PLACE = operator.attrgetter("start", "end")


def _narrow(text: str) -> str:
    """Returns the text if it is ASCII but for blanks, which become `~`; else ""."""
    if BLANK in text:
        text = text.replace(BLANK, "~")
    return text if text.isascii() else ""


def _shouting(text: str) -> Iterator[Cue]:
    runs = [run for run in _capital_runs(text) if _shouts(text, run)]
    if not runs:
        return
    share = round(capital_share(text), 4)
    for run in runs:
        yield Cue("shouting", "shouting", share, "share", run[0].start(), run[-1].end())


def _shouts(text: str, run: list[re.Match[str]]) -> bool:
    start, end = run[0].start(), run[-1].end()
    if _STATEMENT.match(text, start, end) or _REASON.fullmatch(text, start, end):
        return False
    loud = [word for word in run if _is_loud(word[0])]
    return len(loud) > 1 or any(_is_loud_alone(text, word) for word in loud)


def _is_loud(word: str) -> bool:
    # `isupper` is true of Chinese with Latin capitals in it; the ends tell.
    upper = word[0].isupper() and word[-1].isupper()
    return upper and len(word) >= _MANY_WORDS and word.upper() not in words("acronyms")


def _is_loud_alone(text: str, word: re.Match[str]) -> bool:
    """Distinguishes a word from an abbreviation that is not in the table."""
    bracketed = text[word.start() - 1 : word.start()] == "(" and (
        text[word.end() : word.end() + 1] == ")"
    )
    sounds = _SOUNDS.search(word[0]) and not _CLUSTER.search(word[0])
    return (
        len(word[0]) >= _ONE_WORD
        and bool(sounds)
        and not bracketed
        and not _names_thing(text, word)
    )


# `ISBN 978`, `TIMEOUT = 3`, `error EPROTO`, `the PENDING flag` name things.
_NUMBER_BEHIND = re.compile(r" ?[-:=#]? ?[0-9](?![^\n]{0,20}!!)| ?:?= ?")
_THING_BEHIND = re.compile(
    r" (?:flag|constant|macro|variable|env|enum|statement|clause|keyword|directive"
    r"|opcode|column)\b"
)
_THING_BEFORE = re.compile(
    r"\b(?:flag|constant|macro|variable|env|enum|statement|clause|keyword|directive"
    r"|opcode|column|code|status|state|errno|error)[ :]{1,2}$"
)


def _names_thing(text: str, word: re.Match[str]) -> bool:
    return bool(
        _NUMBER_BEHIND.match(text, word.end())
        or _THING_BEHIND.match(text, word.end())
        or _THING_BEFORE.search(text[max(0, word.start() - 20) : word.start()])
    )


def _capital_runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Yields words in capitals that follow one another, where one may be loud."""
    position = 0
    for stretch in _STRETCH_OF_CAPITALS.finditer(text):
        start, end = stretch.span()
        if not _CAPITALS.search(text, start, end):
            continue
        blank = max(text.rfind(" ", position, start), text.rfind("\n", position, start))
        words = _words_until(text, max(position, blank + 1), end)
        position = max(end, words[-1].end()) if words else end
        yield from _runs_of(text, words)


def _words_until(text: str, start: int, end: int) -> list[re.Match[str]]:
    """Returns the words that begin in a stretch; the last may end behind it."""
    words = itertools.takewhile(
        lambda word: word.start() < end, _WORD.finditer(text, start)
    )
    return list(words)


def _runs_of(text: str, words: list[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    run: list[re.Match[str]] = []
    for word in words:
        if run and not (word[0].isupper() and _adjoin(text, run[-1], word)):
            yield run
            run = []
        if word[0].isupper():
            run.append(word)
    if run:
        yield run


def _adjoin(text: str, before: re.Match[str], word: re.Match[str]) -> bool:
    return bool(_NEAR.fullmatch(text, before.end(), word.start()))


def capital_share(text: str) -> float:
    """Returns the share of capitals among the letters of the prose, 0..1."""
    narrow = text.encode("ascii", "ignore")
    wide = "" if text.isascii() else _ASCII.sub("", text.replace(BLANK, ""))
    upper = len(narrow) - len(narrow.translate(None, _UPPER))
    lower = len(narrow) - len(narrow.translate(None, _LOWER))
    upper += sum(map(str.isupper, wide))
    lower += sum(map(str.islower, wide))
    return upper / (upper + lower) if upper + lower else 0.0


_ASCII = re.compile("[\\x00-\\x7f]+")
_UPPER = string.ascii_uppercase.encode()
_LOWER = string.ascii_lowercase.encode()


def _stretched(text: str) -> Iterator[Cue]:
    for word in _words_with(_STRETCH, text):
        if not _is_stretched(word[0]):
            continue
        longest = max(len(run[0]) for run in _STRETCH.finditer(word[0]))
        phrase = f"stretched: {unstretched(word[0])}"
        yield Cue("stretched", phrase, float(longest), "letters", *word.span())


def _words_with(part: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yields the words that hold a part of their own."""
    position = 0
    for found in part.finditer(text):
        start = found.start()
        blank = max(text.rfind(" ", position, start), text.rfind("\n", position, start))
        for word in _WORD.finditer(text, max(position, blank + 1)):
            if word.start() > start:
                break
            position = word.end()
            if part.search(word[0]) and position > start:
                yield word


def _is_stretched(word: str) -> bool:
    if (
        word.upper() in words("acronyms")
        or _CAMEL.search(word)
        or set(word.lower()) <= set("ivx")
    ):
        return False
    # "www" and "xxx" are not words; "aaah", "hmmm" and "zzz" are.
    return len(set(word.lower())) > 1 or word[0].lower() in "aeiouhmzy"


def unstretched(word: str) -> str:
    """Returns the word without its repeated letters: "so" for "soooo".

    Two letters stay where the shortest word that doubles them is common ("good").
    """
    once = _STRETCH.sub(r"\1", word).lower()
    twice = _STRETCH.sub(r"\1\1", word).lower()
    return twice if twice in words("doubled") else once


def _marks(text: str) -> Iterator[Cue]:
    for run in _RUN_OF_MARKS.finditer(text):
        start = run.start()  # or one space earlier
        found = _MARKS.match(text, max(0, start - 1)) or _MARKS.match(text, start)
        if not found:
            continue
        group = found.lastgroup or ""
        marks = found[group]
        if marks == "??" and found[0] != marks and group == "marks":
            continue  # `a ?? b`
        yield Cue("punctuation", _named(marks), len(marks), "count", *found.span(group))


def _named(marks: str) -> str:
    if set(marks) == {"!"}:
        return "exclamation marks"
    if set(marks) == {"?"}:
        return "question marks"
    return "question and exclamation marks"


def _hesitation(text: str) -> Iterator[Cue]:
    for dots in _DOTS.finditer(text):
        count = dots[0].count(".") + 3 * dots[0].count("…")
        yield Cue("hesitation", "hesitation", float(count), "count", *dots.span())
