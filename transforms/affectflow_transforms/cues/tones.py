"""RenderTones: what writers say about their tone, and the words they cross out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from affectflow.kinds.renderer import BLANK, Cue
from affectflow.registry import Card
from affectflow_transforms.cues.wording import ENGLISH, WordRenderer, wording

_LONGEST = 60
"""Characters of what is crossed out that are said again; more is a passage."""
# "/s" ends a sentence: what follows is not a word, path or number.
_SLASHED = r"(?:(?<=\s)|(?<=[.!?)\"'])|^)/(?P<slashed>[a-z]{1,4})(?![\w/.:=*-]|\.\w)"
_TAGGED = r"<(?P<ends>[/\\]?)\s?(?P<tagged>[a-z]{1,12})\s?/?>"
_SQUARED = r"\[(?P<closes>/)(?P<squared>[a-z]{1,12})\]"
_TONE = re.compile(rf"{_SLASHED}|{_TAGGED}|{_SQUARED}", re.I | re.M)
_STRUCK = re.compile(
    rf"(?<![~\w])~~(?!\s)(?P<struck>[^~\n{BLANK}]+?)(?<!\s)~~(?![~\w])"
)


@dataclass(kw_only=True)
class RenderTones(WordRenderer):
    """Puts tone tags (`/s`, `</rant>`) and crossed-out words into words.

    - `tone`: a tag by which a writer says how a text is meant: "said with sarcasm".
    - `struck_out`: `~~great~~`; `value` is the number of words.
    """

    renderer_id: ClassVar[str] = "tones@1"
    pattern: ClassVar[str] = (
        r"(?m)(?:^|[\s.!?)\"'])/[A-Za-z]{1,4}(?:[^\w/.:=*-]|\.(?:\W|$)|$)"
        r"|<[/\\]?\s?[A-Za-z]{1,12}\s?/?>|\[/[A-Za-z]{1,12}\]|~~[^~\s]"
    )
    card: ClassVar[Card] = Card(summary="tone tags and crossed-out words, in words")

    def render(self, text: str) -> list[Cue]:
        language = self.language or ENGLISH
        cues = [*_tones(text, language), *_struck(text, language)]
        return sorted(cues, key=lambda cue: cue.start)


def _tones(text: str, language: str) -> Iterator[Cue]:
    tags, slashed = wording("tones", language), wording("slashes", language)
    for found in _TONE.finditer(text):
        if found["slashed"]:
            phrase = slashed.get(found["slashed"].lower())
        else:
            name = (found["tagged"] or found["squared"]).lower()
            phrase = tags.get(f"/{name}" if found["ends"] or found["closes"] else name)
        if phrase:
            yield Cue("tone", phrase, 1.0, "count", *found.span())


def _struck(text: str, language: str) -> Iterator[Cue]:
    said = wording("struck", language)
    for found in _STRUCK.finditer(text):
        words = found["struck"]
        long = len(words) > _LONGEST
        phrase = said["passage"] if long else said["words"].format(words)
        yield Cue("struck_out", phrase, len(words.split()), "words", *found.span())
