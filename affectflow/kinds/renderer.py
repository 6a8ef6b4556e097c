"""Renderers: put nonverbal cues of texts, or measured values, into words.

A `TextRenderer` is shown a text and gives cues with their positions in it. A
`TrackRenderer` reads what instruments measured over time, such as loudness or the
muscles of a face, and says which stretches are worth a phrase. Columns, positions and
the table `cues` are done for both; the check of both is
`affectflow.testing.check_renderer`.
"""

import abc
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US, overlap
from affectflow.kinds.identity import digest_of, options_of
from affectflow.kinds.style import PLAIN
from affectflow.registry import Plugin

BLANK = "\ufffc"
"""Stands for each character of a text that is not the author's prose."""
_WEB = re.compile(
    "(?:^|::)(?:https?|ftp|sftp|ssh|smb|webdav|webhdfs|github|gist|jlab|jupyter|dask)"
    "(?:://|::)",
    re.IGNORECASE,
)
"""Protocols of fsspec whose address names the machine that is asked."""


class Renderer(Plugin, abc.ABC):
    """What renderers have in common.

    Subclasses set `renderer_id`: name and version, stored with every cue, and what a
    model was trained on. A renderer with options has them in `id`.
    """

    renderer_id: ClassVar[str]
    modality: ClassVar[str] = "text"
    not_in_id: ClassVar[frozenset[str]] = frozenset()
    """Options that do not affect cues, such as where files are."""

    style: str = ""
    """The style whose words it uses, if any."""

    @property
    def id(self) -> str:
        """`renderer_id`, the style unless it is plain, and a digest of the options."""
        style = "" if self.style in ("", PLAIN) else f":{self.style}"
        return self.renderer_id + style + digest_of(options_of(self))


def style_of(renderer_id: str) -> tuple[str, str]:
    """Returns the parts of a renderer's id: its name and version, and the style.

    >>> style_of("face@1:paper-5+0a1b2c3d")
    ('face@1', 'paper-5')
    """
    name, _, style = renderer_id.partition("+")[0].partition(":")
    return name, style or PLAIN


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
    """Finds the cues of one family in text, and puts them into words.

    Subclasses set `pattern`, a regular expression in RE2's syntax that matches every
    text with a cue; it may match others.
    """

    pattern: ClassVar[str]

    def may_match(self, texts: pa.Array) -> pa.BooleanArray:
        """Returns, for each text, whether `render` has to look at it; null for null."""
        return pc.match_substring_regex(texts, self.pattern)

    @abc.abstractmethod
    def render(self, text: str) -> list[Cue]:
        """Returns the cues of `text` in order of position.

        Text that is not the author's prose (code, quotes, links) is replaced by
        `BLANK`, one for each character, so that offsets stay valid.
        """

    def reaction(self, name: str, count: int) -> str:
        """Returns a reaction of others in words; empty if this renderer has none.

        Args:
          name: an emoji, or the name that the source has for it.
          count: how often it was given.
        """
        return ""

    def speaking(self, language: str) -> "TextRenderer":
        """Returns a renderer of the same cues in another language, or this one.

        Args:
          language: two or three letters, in lower case.
        """
        return self


class Track(NamedTuple):
    """The values of one channel over time, within one turn.

    Attributes:
      channel: what was measured.
      times: shape (n,): when measurements begin, within the turn; seconds in the
        recording, rising.
      values: shape (n,); NaN where nothing was measured.
      confidence: shape (n,): 0..1, of the instrument; NaN where it does not say.
    """

    channel: str
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]


class Window(NamedTuple):
    """A stretch of a recording, and the value that represents it.

    Attributes:
      start_s: in the recording, seconds.
      end_s: likewise.
      value: what was measured there.
      cue: what the value measures; the renderer's cue if empty.
    """

    start_s: float
    end_s: float
    value: float
    cue: str = ""


@dataclass(kw_only=True)
class TrackRenderer(Renderer, abc.ABC):
    """Puts what values over time say about a turn into words.

    Subclasses are dataclasses. They set `cue`, what is measured (loudness, pitch ...),
    and its `unit`.

    Args:
      tracks: path, glob, folder or URL of an instrument's files; empty for one that
        measures the recordings themselves, which `media_uri` names.
    """

    tracks: str = ""

    cue: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    units: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Units of cues that differ from `unit`, by name."""
    needs_tracks: ClassVar[bool] = False
    """Whether it only reads files of an instrument, and measures no recording."""
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    """Extensions of the files that are read from a folder."""

    @property
    def named_columns(self) -> tuple[str, ...]:
        """Columns of the tables that its options name."""
        return ()

    @abc.abstractmethod
    def measure(self, uri: str) -> pa.Table:
        """Returns the content of a file, as rows of `affectflow.batches.tracks.TRACKS`.

        Args:
          uri: of a file of `tracks`, or of a recording.

        Raises:
          UnmeasuredError: the file has nothing to measure; the reason is counted.
        """

    @abc.abstractmethod
    def windows(self, track: Track) -> Iterable[Window]:
        """Returns the stretches of a turn's track that are examined, in order."""

    @abc.abstractmethod
    def phrase(self, window: Window) -> str:
        """Returns a stretch in words; empty if there is nothing to say."""

    def render(self, turns: pa.Table, tracks: pa.Table) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of the turns of one recording.

        Args:
          turns: rows of `TURNS`: all known turns of the recording.
          tracks: rows of `TRACKS`: everything measured of the recording.
        """
        for utterance_id, found in tracks_of(turns, tracks):
            for track in found:
                yield from self.rows(utterance_id, track)

    def worded(
        self, rows: list[dict[str, Any]], turns: pa.Table
    ) -> list[dict[str, Any]]:
        """Returns the rows of `cues` of a part with their phrases.

        For renderers whose words depend on other rows, such as a speaker's other turns;
        `render` leaves their phrases empty. Rows without a phrase in the end are not
        cues.

        Args:
          rows: what `render` yielded of all recordings.
          turns: of `TURNS`, of all recordings.
        """
        return rows

    def rows(self, utterance_id: str, track: Track) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of a track, without a position in the text."""
        for window in self.windows(track):
            row = self.row(utterance_id, window)
            if row["phrase"]:
                yield row

    def row(self, utterance_id: str, window: Window) -> dict[str, Any]:
        """Returns the row of `cues` of a stretch; its phrase may be empty."""
        cue = window.cue or self.cue
        return {
            "utterance_id": utterance_id,
            "modality": self.modality,
            "cue": cue,
            "phrase": self.phrase(window),
            "value": window.value,
            "unit": self.units.get(cue, self.unit),
            "start_s": window.start_s,
            "end_s": window.end_s,
            "renderer_id": self.id,
        }


class UnmeasuredError(Exception):
    """A recording, or a stretch of it, was not measured, or cannot be trusted.

    Args:
      reason: the error type, such as `no_face`.
      message: why, and what to do.
    """

    def __init__(self, reason: str, message: str = ""):
        super().__init__(message or reason)
        self.reason = reason


def is_on_the_web(uri: str) -> bool:
    """Returns whether an address, or one it is chained to, is on the web.

    >>> is_on_the_web("https://host/call.wav"), is_on_the_web("zip://a::http://b/c")
    (True, True)
    >>> is_on_the_web("s3://calls/call.wav"), is_on_the_web("http.wav")
    (False, False)
    """
    return _WEB.search(uri) is not None


def check_not_on_the_web(uri: str) -> None:
    """Raises UnmeasuredError if an address named in a message is on the web.

    Fetching it would tell the message's author who reads it.
    """
    if is_on_the_web(uri):
        raise UnmeasuredError(
            "on_the_web",
            f"{uri!r} is on the web and is not fetched: download it, and name the copy",
        )


def tracks_of(turns: pa.Table, tracks: pa.Table) -> Iterator[tuple[str, list[Track]]]:
    """Yields each turn's id and what was measured during it, by channel.

    Args:
      turns: of `TURNS`, of one recording.
      tracks: of `TRACKS`, of the same recording.
    """
    channels = [_Channel.of(name, rows) for name, rows in _by_channel(tracks)]
    for turn in turns.to_pylist():
        during = (channel.during(turn) for channel in channels)
        yield turn["utterance_id"], [track for track in during if track is not None]


def _by_channel(tracks: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    order = [(name, "ascending") for name in ("channel", "start_us", "end_us")]
    rows = tracks.sort_by(order)
    at = 0
    for run in pc.run_end_encode(rows["channel"].combine_chunks()).run_ends.to_pylist():
        yield rows["channel"][at].as_py(), rows.slice(at, run - at)
        at = run


class _Channel(NamedTuple):
    """What was measured of one channel, sorted for looking up turns.

    Attributes:
      whole: all of it, with its times.
      start_us: shape (n,), rising.
      end_us: shape (n,).
      ended_us: shape (n,): the latest end so far, rising.
      whose: shape (n,): an index into `speakers`, -1 for whoever speaks.
      speakers: their accounts.
    """

    whole: Track
    start_us: npt.NDArray[np.int64]
    end_us: npt.NDArray[np.int64]
    ended_us: npt.NDArray[np.int64]
    whose: npt.NDArray[np.int64]
    speakers: list[str]

    @classmethod
    def of(cls, name: str, rows: pa.Table) -> Self:
        start, end = (np.asarray(rows[f"{each}_us"]) for each in ("start", "end"))
        values, confidence = (
            np.asarray(pc.fill_null(rows[each], np.nan), np.float64)
            for each in ("value", "confidence")
        )
        whose = rows["speaker"].combine_chunks().dictionary_encode()
        track = Track(name, start / US, values, confidence)
        codes = np.asarray(pc.fill_null(whose.indices, -1), np.int64)
        ended = np.maximum.accumulate(end)
        return cls(track, start, end, ended, codes, whose.dictionary.to_pylist())

    def during(self, turn: dict[str, Any]) -> Track | None:
        """Returns what was measured during a turn of its speaker; None for nothing."""
        first = np.searchsorted(self.ended_us, turn["start_us"], side="right")
        last = np.searchsorted(self.start_us, turn["end_us"], side="left")
        near = slice(int(first), int(last))
        own = overlap(self.start_us[near], self.end_us[near], turn) > 0
        own &= (self.whose[near] == -1) | (self.whose[near] == self._code(turn))
        if not own.any():
            return None
        times, *rest = (column[near][own] for column in self.whole[1:])
        begins = np.maximum(times, turn["start_us"] / US)
        return Track(self.whole.channel, begins, *rest)

    def _code(self, turn: dict[str, Any]) -> int:
        speaker = turn["speaker_id"]
        return self.speakers.index(speaker) if speaker in self.speakers else -1
