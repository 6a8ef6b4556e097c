"""RenderEmoticons: Western emoticons and kaomoji, by what they show."""

import functools
import itertools
import operator
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.renderer import Cue
from affectflow.registry import Card
from affectflow_transforms.cues.wording import MOST, WordRenderer, wording, words

# An emoticon stands at the start, after a space, punctuation or another symbol; the
# commonest also right behind a word ("nice:)").
_LEFT = r"(?<![\w:;=/\\<>|@#$%^&+`(\[{-])"
_RIGHT = r"(?![\w/\\@#$%^&+=`-])"
_CLINGING = r"(?<=[^\W\d_])(?P<cling>[:;]-?[)D(](?![\w/\\)(:;}\]]))"
# The characters that an emoticon begins with: one look tells most places apart, and
# the next character tells most words and full stops.
_FIRST = (
    r"(?=[-:;=8BxXD>}<^~oO0TQ.uU\\(m)])"
    r"(?=[:;=]\S|[>}<^~\\]|\.[-_]|\([:^T>]|\):|-[_.]|8[-D]|B-|[xX][-DP]|D[-':]"
    r"|[oO0][_.wr]|OT|[TQ][_.T]|[uU]w|m\()"
)
_WORD_BEFORE = re.compile(r"([\w.)\]]+)\s*$")
# So much of a line tells what comes before a face; all of it is looked at only to see
# whether a bracket is open.
_BESIDE = 40


@functools.cache
def _emoticons() -> re.Pattern[str]:
    either = "|".join(
        f"(?P<w{n}>{each})" for n, each in enumerate(wording("emoticons"))
    )
    return re.compile(rf"{_FIRST}(?:{_LEFT}(?:{either}){_RIGHT}|{_CLINGING})")


@functools.cache
def _phrases() -> tuple[str, ...]:
    return tuple(wording("emoticons").values())


@functools.cache
def _faces() -> dict[str, str]:
    return {
        unicodedata.normalize("NFC", face): said
        for face, said in wording("kaomoji").items()
    }


@functools.cache
def _kaomoji() -> re.Pattern[str]:
    faces = sorted(_faces(), key=len, reverse=True)
    openers = re.escape("".join(sorted({face[0] for face in faces})))
    return re.compile(f"(?=[{openers}])(?:{'|'.join(map(re.escape, faces))})")


@functools.cache
def _may_match() -> str:
    # The first character of each face that is not ASCII; all faces here have one.
    firsts = sorted({re.sub(r"[\x00-\x7f]", "", face)[0] for face in _faces()})
    return f"{RenderEmoticons.pattern}|[{''.join(firsts)}]"


@dataclass(kw_only=True)
class RenderEmoticons(WordRenderer):
    """Puts emoticons and kaomoji into words by what they show: "smiles", "shrug"."""

    renderer_id: ClassVar[str] = "emoticons@2"
    pattern: ClassVar[str] = (
        r"[:=;]['^o,]?-?[()\[\]DPp/\\|*$sScoOxX#@<30]|8-?D|[8B]-\)|[xX]-?[DP]|D-?'?:"
        r"|\(:|\):|</?3|\^[_.o-]?\^|-[_.]+-|[=~]_[=~]|[oO0][_.]+[oO0]|[TQ][_.][TQ]|;_;"
        r"|>[:;_.]|<_<|\._\.|\.-\.|\b[uUoO]w[uUoO]\b|\\[om]/|orz|OTZ|_ _|[:}]-\)|TT_TT"
    )
    card: ClassVar[Card] = Card(summary="emoticons and kaomoji as words")

    def may_match(self, texts: pa.Array) -> pa.BooleanArray:
        return pc.match_substring_regex(texts, _may_match())

    def render(self, text: str) -> list[Cue]:
        faces = [] if text.isascii() else list(_in_kaomoji(text))
        taken = [(face.start, face.end) for face in faces]
        western = [c for c in _in_western(text) if not _within(c, taken)]
        found = sorted([*faces, *western], key=_PLACE)
        return [cue._replace(phrase=self.said(cue.phrase)) for cue in found]


_PLACE = operator.attrgetter("start")


def _within(cue: Cue, taken: list[tuple[int, int]]) -> bool:
    return any(start < cue.end and cue.start < end for start, end in taken)


def _in_kaomoji(text: str) -> Iterator[Cue]:
    for face in itertools.islice(_kaomoji().finditer(text), MOST):
        yield Cue("kaomoji", _faces()[face[0]], 1.0, "count", *face.span())


def _in_western(text: str) -> Iterator[Cue]:
    for found in itertools.islice(_emoticons().finditer(text), MOST):
        phrase = _phrase(found)
        if phrase and _is_face(text, found, phrase):
            yield Cue("emoticon", phrase, 1.0, "count", *found.span())


_CLINGING_PHRASES = {"D": "grinning", "(": "frowning"}


def _phrase(found: re.Match[str]) -> str | None:
    group = found.lastgroup or ""
    if group == "cling":
        if found[0][0] == ";":
            return "wink" if found[0][-1] == ")" else None
        return _CLINGING_PHRASES.get(found[0][-1], "smiles")
    return _phrases()[int(group[1:])]


_PRODUCT = re.compile(r"(?:^|\s)(?:Adobe|Spring|Dell|Windows|Canon|WD|Extreme) $")
_NAMED = re.compile(r"(?:^|\W)[A-Z][a-z]+ $")
_CAPITALS = re.compile(r"[xX][DP]|8D")
# Windows XP, extreme programming, points of experience.
_XP = re.compile(
    r"(?i)(?:[0-9]|\b(?:win|windows|ms|on|in|of|for|under|with|to|from|and|or|the|use|using"
    r"|an?|more|less|gain(?:ed)?|my|your|old|run(?:s|ning)?)) $"
)
# "less than 3 of these".
_COUNTED = re.compile(
    r" ?(?:[kmgtKMGT]i?[bB]|[mnuµ]?s|secs?|mins?|hrs?|px|days|weeks|months|years|hours"
    r"|minutes|seconds|items|files|lines|rows|times|words|chars|characters|bytes"
    r"|points|cores|threads|votes|stars|percent|people|users|commits|versions)\b"
)
# "I <3 this"; `i <3` compares.
_LOVES = re.compile(r"(?:^|[^\w'])(?:I|We|we|you|You) $")
_FRAMED = re.compile(r"[-_.=~^oO0]")
_KEY = re.compile(r"[\w)\]][\"']$")
_OPEN_BRACKETS = {")": ("(", ")"), "]": ("[", "]")}
# `:x`, `:o`, `:P`: a face, a symbol of Ruby, a command of vi.
_COLON = re.compile(r":(?!-?[)(DPp|/\\\][])")
_LETTERED = re.compile(r"[:;=]-?[a-zA-Z]$")
_SYMBOL_BEFORE = re.compile(r"(?::\w+|=>|\w_\w+|[\[({,])[,\s]+$")
_SYMBOL_AFTER = re.compile(r"\s*(?:=>|,\s*[:\"'{\[]|\|>)|:")


def _is_face(text: str, found: re.Match[str], phrase: str) -> bool:
    """Distinguishes a face from punctuation, a name, a number or a symbol of code."""
    near = max(0, found.start() - 200)
    line = text[near : found.start()].rpartition("\n")[2]
    beside = line[-_BESIDE:]
    after = text[found.end() : found.end() + 40].partition("\n")[0]
    if phrase == "heart" and found[0] == "<3" and _COUNTED.match(after):
        return False
    if phrase == "heart":
        if _LOVES.search(beside) and re.match(r" [^\W\d]", after):
            return True
        before = _WORD_BEFORE.search(beside)
        return not (before and re.fullmatch(wording("words")["not_a_heart"], before[1]))
    return not (
        _closes_bracket(found, line)
        or _is_drawn(found[0], beside, after)
        or _is_named(found[0], beside, after)
        or _is_code(found[0], beside, after)
    )


def _closes_bracket(found: re.Match[str], line: str) -> bool:
    """Returns whether the face is a bracket that closes: "(see 3:)", "( a ): b"."""
    face = found[0]
    bracket = ")" if face == "):" else face[-1]
    if bracket not in _OPEN_BRACKETS or (
        # "(kidding :)" closes with its face.
        bracket == ")" and face != "):" and found.lastgroup != "cling"
    ):
        return False
    opened, closed = _OPEN_BRACKETS[bracket]
    return line.count(opened) > line.count(closed)


def _is_drawn(face: str, line: str, after: str) -> bool:
    """Returns whether the face is part of a line drawn with it: `-.-.-.-`."""
    if not _FRAMED.match(face):
        return False
    around = (line.split(" ")[-1], after.split(" ")[0])
    return any(
        set(face) & set(beside) and not any(map(str.isalnum, beside))
        for beside in around
    )


def _is_named(face: str, line: str, after: str) -> bool:
    """Returns whether the face is a name or a letter: "Dell XD 12", "drive D:"."""
    if _CAPITALS.fullmatch(face):
        goes_on = re.match(r" ?[0-9a-z]", after)
        numbered = re.match(r" [0-9]", after)
        if face == "XP" and (_XP.search(line) or re.match(r"[ /-]?[A-Za-z]", after)):
            return True
        return bool(
            numbered
            or _PRODUCT.search(line)
            or (goes_on and (_NAMED.search(line) or face == "8D"))
        )
    word = _WORD_BEFORE.search(line)
    last = word[1].lower() if word else ""
    if face in ("D:", "D-:"):
        return last in words("lettered")
    return face == "):" and len(last) == 1 and last.isalnum()


def _is_code(face: str, line: str, after: str) -> bool:
    """Returns whether the face stands in code: `:o, :x`, `"a":0`, `1 :3`, `f();)`."""
    if _KEY.search(line) or (line[-1:] in (")", "]") and face[-1] in "([|0cosx"):
        return True
    if (line[-1:] == ")" and face[0] == ";") or (
        face[0] == ":" and _COLON.match(after)
    ):
        return True
    if face[0] in ":=" and face[-1].isdigit() and re.search(r"[0-9]\s*$", line):
        return True
    if not _LETTERED.fullmatch(face):
        return False
    if _SYMBOL_BEFORE.search(line) or _SYMBOL_AFTER.match(after):
        return True
    word = _WORD_BEFORE.search(line)
    return bool(word and word[1].lower() in words("of_commands"))
