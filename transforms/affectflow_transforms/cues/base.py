"""What a renderer of cues is."""

import abc
from typing import ClassVar, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.registry import Card

BLANK = "\ufffc"
"""Stands for each character of a text that is not the author's prose."""


class Cue(NamedTuple):
    """One cue of a text; offsets in code points, `end` exclusive.

    `cue` is what was observed, `phrase` the cue in words, `value` a measure in `unit`.
    """

    cue: str
    phrase: str
    value: float
    unit: str
    start: int
    end: int


class CueRenderer(abc.ABC):
    """Finds the cues of one family in text, and says them in words.

    Subclasses set `renderer_id` (name and version: stored with every cue, and what a
    model was trained on) and `pattern`, a regular expression in RE2's syntax that
    matches every text with a cue; it may match others.
    """

    renderer_id: ClassVar[str]
    pattern: ClassVar[str]
    modality: ClassVar[str] = "text"
    card: ClassVar[Card] = Card(summary="")

    def may_match(self, texts: pa.Array) -> pa.BooleanArray:
        """Returns, for each text, whether `render` has to look at it; null for null."""
        return pc.match_substring_regex(texts, self.pattern)

    @abc.abstractmethod
    def render(self, text: str) -> list[Cue]:
        """Returns the cues of `text` by their place.

        What is not the author's prose (code, quotes, links) reads as `BLANK`, one for
        each character, so that offsets hold.
        """
