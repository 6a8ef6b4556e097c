"""RenderEmoticons: western emoticons and kaomoji, by what they show."""

import re
import unicodedata
from collections.abc import Iterator
from typing import ClassVar

from affectflow.kinds.renderer import Cue, CueRenderer
from affectflow.registry import Card
from affectflow_transforms.cues.tables import KAOMOJI, NOT_A_HEART, WESTERN

# An emoticon stands at the start, behind a blank, punctuation or another symbol; the
# commonest also right behind a word ("nice:)").
_LEFT = r"(?<![\w:;=/\\<>|@#$%^&+`(\[{-])"
_RIGHT = r"(?![\w/\\@#$%^&+=`-])"
_EITHER = "|".join(f"(?P<w{n}>{pattern})" for n, (pattern, _) in enumerate(WESTERN))
_CLINGING = r"(?<=[^\W\d_])(?P<cling>[:;]-?[)D(](?![\w/\\)(:;]))"
_WESTERN = re.compile(
    rf"(?=[-:;=8BxXD>}}<^~oO0TQ.uU\\(m)])(?:{_LEFT}(?:{_EITHER}){_RIGHT}|{_CLINGING})"
)
_FACES = {unicodedata.normalize("NFC", face): said for face, said in KAOMOJI.items()}
_OPENERS = re.escape("".join(sorted({face[0] for face in _FACES})))
_KAOMOJI = re.compile(
    f"(?=[{_OPENERS}])(?:"
    + "|".join(re.escape(face) for face in sorted(_FACES, key=len, reverse=True))
    + ")"
)
# The first character of each face that is not ASCII; all faces here have one.
_FIRST = "".join(sorted({re.sub(r"[\x00-\x7f]", "", face)[0] for face in _FACES}))
_WORD_BEFORE = re.compile(r"([\w.)\]]+)\s*$")


class RenderEmoticons(CueRenderer):
    """Says emoticons and kaomoji by what they show: "smiling face", "shrug"."""

    renderer_id: ClassVar[str] = "emoticons@1"
    pattern: ClassVar[str] = (
        r"[:=;]['^o,]?-?[()\[\]DPp/\\|*$sScoOxX#@<30]|8-?D|[8B]-\)|[xX]-?[DP]|D-?'?:"
        r"|\(:|\):|</?3|\^[_.o-]?\^|-[_.]+-|[=~]_[=~]|[oO0][_.]+[oO0]|[TQ][_.][TQ]|;_;"
        r"|>[:;_.]|<_<|\._\.|\.-\.|\b[uUoO]w[uUoO]\b|\\[om]/|orz|OTZ|_ _|[:}]-\)|TT_TT"
        rf"|[{_FIRST}]"
    )
    card: ClassVar[Card] = Card(summary="emoticons and kaomoji as words")

    def render(self, text: str) -> list[Cue]:
        faces = [] if text.isascii() else list(_kaomoji(text))
        taken = [(face.start, face.end) for face in faces]
        western = [c for c in _western(text) if not _within(c, taken)]
        return sorted([*faces, *western], key=lambda cue: cue.start)


def _within(cue: Cue, taken: list[tuple[int, int]]) -> bool:
    return any(start < cue.end and cue.start < end for start, end in taken)


def _kaomoji(text: str) -> Iterator[Cue]:
    for face in _KAOMOJI.finditer(text):
        yield Cue("kaomoji", _FACES[face[0]], 1.0, "count", *face.span())


def _western(text: str) -> Iterator[Cue]:
    for found in _WESTERN.finditer(text):
        phrase = _phrase(found)
        if phrase and _is_face(text, found, phrase):
            yield Cue("emoticon", phrase, 1.0, "count", *found.span())


_CLINGING_PHRASES = {"D": "grinning face", "(": "sad face"}


def _phrase(found: re.Match[str]) -> str | None:
    group = found.lastgroup or ""
    if group == "cling":
        if found[0][0] == ";":
            return "winking face" if found[0][-1] == ")" else None
        return _CLINGING_PHRASES.get(found[0][-1], "smiling face")
    return WESTERN[int(group[1:])][1]


def _is_face(text: str, found: re.Match[str], phrase: str) -> bool:
    """Tells a face from a bracket that closes, and a heart from a comparison."""
    near = max(0, found.start() - 200)
    line = text[near : found.start()].rpartition("\n")[2]
    if phrase == "heart":
        before = _WORD_BEFORE.search(line)
        return not (before and NOT_A_HEART.fullmatch(before[1]))
    if found.lastgroup == "cling" and found[0].endswith(")"):
        return line.count("(") <= line.count(")")
    return True
