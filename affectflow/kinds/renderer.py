"""Renderers: what says nonverbal cues in words, of a text or of measured values.

A `TextRenderer` is shown a text and gives cues with their place in it. A
`TrackRenderer` is shown values over time, such as loudness or a heart rate, and says
which stretches are worth a phrase. Columns, places and the table `cues` are done for
both; the check of both is `affectflow.testing.check_renderer`.
"""

import abc
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.registry import Plugin

BLANK = "\ufffc"
"""Stands for each character of a text that is not the author's prose."""


class Renderer(Plugin, abc.ABC):
    """What renderers have in common.

    Subclasses set `renderer_id`: name and version, stored with every cue, and what a
    model was trained on.
    """

    renderer_id: ClassVar[str]
    modality: ClassVar[str] = "text"


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


class TextRenderer(Renderer):
    """Finds the cues of one family in text, and says them in words.

    Subclasses set `pattern`, a regular expression in RE2's syntax that matches every
    text with a cue; it may match others.
    """

    pattern: ClassVar[str]

    def may_match(self, texts: pa.Array) -> pa.BooleanArray:
        """Returns, for each text, whether `render` has to look at it; null for null."""
        return pc.match_substring_regex(texts, self.pattern)

    @abc.abstractmethod
    def render(self, text: str) -> list[Cue]:
        """Returns the cues of `text` by their place.

        What is not the author's prose (code, quotes, links) reads as `BLANK`, one for
        each character, so that offsets hold.
        """


class Track(NamedTuple):
    """The values of one measure over time, of one utterance.

    Attributes:
      utterance_id: whose they are.
      times: shape (n,): seconds in its recording, rising.
      values: shape (n,); NaN where nothing was measured.
    """

    utterance_id: str
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


class Window(NamedTuple):
    """A stretch of a track and the one value that stands for it."""

    start_s: float
    end_s: float
    value: float


class TrackRenderer(Renderer):
    """Says in words what values over time have to tell.

    Subclasses set `cue`, what is measured (loudness, pitch ...), and its `unit`.
    """

    cue: ClassVar[str]
    unit: ClassVar[str]

    @abc.abstractmethod
    def windows(self, track: Track) -> Iterable[Window]:
        """Returns the stretches of a track that are looked at, in order."""

    @abc.abstractmethod
    def phrase(self, window: Window) -> str:
        """Returns a stretch in words; empty if there is nothing to say."""

    def rows(self, track: Track) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of a track: without a place in the text."""
        for window in self.windows(track):
            phrase = self.phrase(window)
            if phrase:
                yield {
                    "utterance_id": track.utterance_id,
                    "modality": self.modality,
                    "cue": self.cue,
                    "phrase": phrase,
                    "unit": self.unit,
                    "renderer_id": self.renderer_id,
                    **window._asdict(),
                }
