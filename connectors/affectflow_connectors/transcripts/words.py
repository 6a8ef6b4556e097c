"""The words of cues: without markup, without repetition, and by speaker."""

import html
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:[ \t]+([^<>]*))?>", re.I)
_READING = re.compile(r"<(rt|rp)\b[^<>]*>.*?(?:</\1>|(?=</ruby>))", re.I | re.S)
_TAG = re.compile(
    r"</?(?:b|c|font|i|lang|ruby|rt|rp|s|u|v)(?:[.\s][^<>]*)?/?>"
    r"|<(?:\d+:)?\d\d:\d\d\.\d{3}>"
    r"|\{\\[^{}]*\}|\{/?[bisu]\}|\{[ycf]:[^{}]*\}",
    re.I,
)
_NEW_LINE = re.compile(r"\\N|<br ?/?>", re.I)
_CHEVRONS = re.compile(r"(?:^|(?<=\s))>{2,3}\s*")
_CALLED = r"[^\W\d_][\w.'’&/-]*(?: [\w.'’&/-]+){0,4}(?: \([^()]{1,40}\))?"
_NAMED = re.compile(
    rf"(?:[-–—]\s*)?(?:[\[(](?P<boxed>{_CALLED})[\])]|(?P<bare>{_CALLED}))\s?"
    r"(?::(?:\s+|$)|：\s*)(?P<text>.*)"
)
_NUMBERED = re.compile(r"(?:speaker|spk|participant|voice)[ _-]?(?:\d+|[a-z])", re.I)
_NO_NAMES = {
    *("caution", "edit", "example", "fact", "fyi", "hint", "important", "nb", "note"),
    *("p.s", "ps", "question", "answer", "reminder", "step", "tip", "todo", "update"),
    *("warning", "http", "https", "re", "subject"),
}
_NEAR_US = 100_000


class Line(NamedTuple):
    """A line of a cue, and who says it; `begins` where another speaker may begin."""

    text: str
    speaker: str = ""
    begins: bool = False


class Shown(NamedTuple):
    """The text of a cue, and its times in microseconds."""

    start_us: int
    end_us: int | None
    lines: list[Line]


def lines_of(payload: Sequence[str]) -> list[Line]:
    """Returns the lines of a cue without markup; voice tags say who speaks."""
    text = _NEW_LINE.sub("\n", "\n".join(payload))
    before, *rest = _VOICE.split(_READING.sub("", text))
    found = list(_plain(before, ""))
    for name, said in zip(rest[::2], rest[1::2], strict=True):
        own, _, others = said.partition("</v>")
        found += [*_plain(own, _clean(name or "")), *_plain(others, "")]
    return found


def _plain(text: str, speaker: str) -> Iterator[Line]:
    for line in html.unescape(_TAG.sub("", text)).split("\n"):
        first, *others = _CHEVRONS.split(line)
        if words := _clean(first):
            yield Line(words, speaker)
        yield from (
            Line(words, speaker, begins=True) for o in others if (words := _clean(o))
        )


def _clean(text: str) -> str:
    return " ".join(text.split())


# -- captions that roll up ---------------------------------------------------------


def rolls(cues: Sequence[Shown]) -> bool:
    """Returns whether most cues begin with the text of the preceding one."""
    pairs = [
        (before, cue)
        for before, cue in itertools.pairwise(cues)
        if before.lines and cue.lines and _touch(before, cue)
    ]
    again = sum(_overlap(before.lines, cue.lines) > 0 for before, cue in pairs)
    return again >= 2 and 2 * again > len(pairs)


def unrolled(cues: Sequence[Shown]) -> list[Shown]:
    """Returns the cues, each without the text that the preceding one had already shown.

    A cue that adds nothing has no lines; the text before it lasts until its end.
    """
    found: list[Shown] = []
    last: list[Line] = []
    newest = -1
    for place, cue in enumerate(cues):
        touches = place > 0 and _touch(cues[place - 1], cue)
        known = _overlap(last, cue.lines) if touches else 0
        rest = _without(cue.lines, known)
        if known and not rest and newest >= 0:
            found[newest] = found[newest]._replace(end_us=cue.end_us)
        found.append(cue._replace(lines=rest))
        newest = place if rest else newest
        last = cue.lines or last
    return found


def _touch(before: Shown, cue: Shown) -> bool:
    end = before.start_us if before.end_us is None else before.end_us
    return cue.start_us - end <= _NEAR_US


def _overlap(before: Sequence[Line], after: Sequence[Line]) -> int:
    """Returns how many first words of a cue are the last words of the one before.

    Less than the last line of it is chance: `no` behind `oh no`.
    """
    if not before:
        return 0
    shown = [word for line in before for word in line.text.split()]
    new = [word for line in after for word in line.text.split()]
    least = len(before[-1].text.split())
    for count in range(min(len(shown), len(new)), least - 1, -1):
        if shown[-count:] == new[:count]:
            return count
    return 0


def _without(lines: Sequence[Line], words: int) -> list[Line]:
    found = []
    for line in lines:
        own = line.text.split()
        if rest := own[words:]:
            found.append(line._replace(text=" ".join(rest)))
        words = max(0, words - len(own))
    return found


# -- speakers that are named in the text -------------------------------------------


def names_in(cues: Sequence[Sequence[Line]]) -> frozenset[str]:
    """Returns the names of speakers that stand before a colon in a transcript.

    If most cues begin with a name, all of them are; otherwise those in capitals, as in
    subtitles for the deaf, and numbered ones, as in `Speaker 2`.
    """
    found = [{name for line in cue if (name := _named(line)[0])} for cue in cues if cue]
    names = frozenset().union(*found)
    if 2 * sum(map(bool, found)) > len(found):
        return names
    return frozenset(filter(_is_plainly_a_name, names))


def _is_plainly_a_name(text: str) -> bool:
    return bool(_NUMBERED.fullmatch(text)) or (text.isupper() and len(text) > 1)


def _named(line: Line) -> tuple[str, str]:
    """Returns what may be a speaker's name, and the text after it."""
    match = None if line.speaker else _NAMED.fullmatch(line.text)
    name = (match["boxed"] or match["bare"]) if match else ""
    if not match or name.lower() in _NO_NAMES:
        return "", line.text
    return name, match["text"]


def turns_of(lines: Iterable[Line], names: Set[str]) -> Iterator[tuple[str, str]]:
    """Yields speaker and text of what a cue says, in order."""
    pending: list[str] = []
    speaker = ""
    for line in lines:
        name, rest = _named(line)
        who, text = (name, rest) if name in names else (line.speaker, line.text)
        if line.begins or (who and who != speaker):
            if pending:
                yield speaker, "\n".join(pending)
            pending, speaker = [], who
        if text:
            pending.append(text)
    if pending:
        yield speaker, "\n".join(pending)
