"""RenderSounds: sounds and gestures between brackets or asterisks."""

import functools
import re
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.renderer import Cue
from affectflow.registry import Card
from affectflow_transforms.cues.wording import WordRenderer, wording

_WORDS = r"[^\W\d_]+(?:['’-][^\W\d_]+)?"
_INNER = rf"(?:{_WORDS} ){{0,3}}{_WORDS}"
_BRACKETED = re.compile(
    rf"(?<!\w)(?:\[ ?(?P<square>{_INNER}) ?\](?!\()|\( ?(?P<round>{_INNER}) ?\)"
    rf"|(?<!\*)(?P<stars>\*{{1,2}})(?P<starred>{_INNER})(?P=stars)(?!\*))(?!\w)"
)


@functools.cache
def _sounds() -> re.Pattern[str]:
    stems = wording("sounds")["stems"].split()
    return re.compile(rf"(?:{'|'.join(stems)})(?!\w)", re.I)


@functools.cache
def _may_match() -> str:
    heads = {re.split(r"[(?+]", stem)[0] for stem in wording("sounds")["stems"].split()}
    return rf"(?i)[\[(*][^\[\]()*\n]*\b(?:{'|'.join(sorted(heads))})"


@functools.cache
def _no_sounds() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(wording('sounds')['not'].split())})\b", re.I)


@dataclass(kw_only=True)
class RenderSounds(WordRenderer):
    """Finds the sounds and gestures that transcripts and chats write: `[laughs]`.

    `(applause)` and `*sighs*` are others. The phrase is what is there, in lower
    case, English or German; `[inaudible]` and `[music]` tell no feeling and are no cue.
    """

    renderer_id: ClassVar[str] = "sounds@1"
    pattern: ClassVar[str] = r"[\[(*][^\[\]()*\n]*[\])*]"
    card: ClassVar[Card] = Card(summary="sounds and gestures: [laughs], *sighs*")

    def may_match(self, texts: pa.Array) -> pa.BooleanArray:
        return pc.match_substring_regex(texts, _may_match())

    def render(self, text: str) -> list[Cue]:
        cues = []
        for found in _BRACKETED.finditer(text):
            inner = found["square"] or found["round"] or found["starred"]
            if _is_sound(inner):
                phrase = inner.lower()
                cues.append(Cue("sound", phrase, 1.0, "count", *found.span()))
        return cues


def _is_sound(inner: str) -> bool:
    """Returns whether one of the words is a sound, first or last, and none speaks."""
    words = inner.split()
    heard = _sounds().match(words[-1]) or _sounds().match(words[0])
    return bool(heard) and not _no_sounds().search(inner)
