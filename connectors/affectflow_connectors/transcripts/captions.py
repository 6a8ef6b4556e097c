"""ReadWebvtt and ReadSrt: captions of videos, subtitles, transcripts of meetings."""

import abc
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from affectflow.nouns import count
from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE, raw_name
from affectflow.sources.chat_text import TextLog, lines_of_text
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head
from affectflow_connectors.transcripts.cues import Cue, blocks_of, cues_of, is_times
from affectflow_connectors.transcripts.recordings import (
    Recording,
    Turn,
    held,
    recording_of,
    rows_of,
)
from affectflow_connectors.transcripts.words import (
    Shown,
    lines_of,
    names_in,
    rolls,
    turns_of,
    unrolled,
)

_HEAD_BYTES = 16_000
_SIGNATURE = re.compile(r"\ufeff?WEBVTT(?:[ \t].*)?")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t:].*)?")
_LANGUAGE = re.compile(r"Language:\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*")
TERMS = (
    "a recording belongs to its maker, and the words to the speakers: read it with "
    "their consent or under the site's terms; quote only with both"
)


@dataclass(kw_only=True)
class CaptionSource(TextLog, abc.ABC):
    """Reads files of cues: a time, and what is said or shown then."""

    have_names: ClassVar[bool]
    """Whether a line above the times of a cue may name it."""

    @abc.abstractmethod
    def payload(self, cue: Cue) -> list[str]:
        """Returns the lines that a cue shows."""

    @abc.abstractmethod
    def strays(self, before: Sequence[str], cues: Iterable[Cue]) -> int:
        """Returns how many lines of a file belong to no cue."""

    def recording(self, uri: str, before: Sequence[str]) -> Recording:
        """Returns what the name and head of a file say about its recording."""
        return recording_of(uri)

    def rows_of_lines(
        self, lines: Iterable[str], uri: str
    ) -> Iterator[Row | RefusedError]:
        before, cues = cues_of(held(lines), have_names=self.have_names)
        if strays := self.strays(before, cues):
            yield RefusedError(f"{count(strays, 'line')} outside cues")
        for cue in cues:
            if cue.start_us is None:
                why = f"line {cue.line}: cannot read the times in {cue.times!r}"
                yield RefusedError(why, "invalid_time")
        yield from self._said(cues, self.recording(uri, before))

    def _said(
        self, cues: Iterable[Cue], recording: Recording
    ) -> Iterator[Row | RefusedError]:
        timed = [cue for cue in cues if cue.start_us is not None]
        shown = [
            Shown(cue.start_us or 0, cue.end_us, lines_of(self.payload(cue)))
            for cue in timed
        ]
        rolling = rolls(shown)
        new = unrolled(shown) if rolling else shown
        for cue, before, after in zip(timed, shown, new, strict=True):
            if not after.lines:
                why = "repeats the cue before it" if before.lines else "has no text"
                yield RefusedError(f"line {cue.line}: a cue {why}", NOT_AN_UTTERANCE)
        yield from rows_of(list(_turns(timed, new)), recording, self.source_name)


def _turns(cues: Iterable[Cue], shown: Sequence[Shown]) -> Iterator[Turn]:
    names = names_in([each.lines for each in shown])
    for cue, each in zip(cues, shown, strict=True):
        unread = {raw_name("end_s"): cue.times} if cue.end_us is None else {}
        for speaker, text in turns_of(each.lines, names):
            place = (each.start_us, each.end_us)
            yield Turn(*place, speaker, text, cue.line, unread)


@dataclass(kw_only=True)
class ReadWebvtt(CaptionSource):
    """Reads WebVTT: captions of videos, and what Zoom, Teams and others transcribe.

    A file is a conversation, a cue is a turn; one in which several speak is several.
    `media_uri` is the name of the file without language and suffix. Speakers are those
    of voice tags, or names before a colon where a file has them. Captions that roll up,
    as YouTube's automatic ones do, are read once. Where Zoom's name of a file says when
    the recording began, turns have a `timestamp`.
    """

    card: ClassVar[Card] = Card(
        summary="WebVTT: captions of videos, transcripts of Zoom, Teams and YouTube",
        example="affectflow ingest meeting.vtt --source webvtt --to lake",
        terms=TERMS,
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".vtt", ".webvtt", ".zip")
    have_names: ClassVar[bool] = True

    def payload(self, cue: Cue) -> list[str]:
        return cue.lines

    def strays(self, before: Sequence[str], cues: Iterable[Cue]) -> int:
        head, *others = [*blocks_of(before)] or [[]]
        unsigned = [] if head and _SIGNATURE.fullmatch(head[0]) else [head]
        behind = (block for cue in cues for block in blocks_of(cue.after))
        blocks = [*unsigned, *others, *behind]
        return sum(len(block) for block in blocks if block and not _is_aside(block))

    def recording(self, uri: str, before: Sequence[str]) -> Recording:
        named = super().recording(uri, before)
        found = next((m for line in before if (m := _LANGUAGE.fullmatch(line))), None)
        return named._replace(lang=found[1] if found else named.lang)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        first = lines_of_text(decompressed_head(head)[:_HEAD_BYTES])[0]
        return 0.97 if _SIGNATURE.fullmatch(first.partition("\r")[0]) else 0.0


def _is_aside(block: Sequence[str]) -> bool:
    return _ASIDE.fullmatch(block[0]) is not None


@dataclass(kw_only=True)
class ReadSrt(CaptionSource):
    """Reads SubRip subtitles (`.srt`), and SubViewer ones as YouTube has them (`.sbv`).

    Cues become turns as `ReadWebvtt` says. Numbers of cues may be missing, and blank
    lines may stand in a cue. A cue that ends before it begins has no end; `attrs` keeps
    what stood there.
    """

    card: ClassVar[Card] = Card(
        summary="SubRip and SubViewer: subtitles (.srt, .sbv)",
        example="affectflow ingest film.en.srt --source srt --to lake",
        terms=TERMS,
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".srt", ".sbv", ".zip")
    have_names: ClassVar[bool] = False

    def payload(self, cue: Cue) -> list[str]:
        return [*cue.lines, *filter(str.strip, cue.after)]

    def strays(self, before: Sequence[str], cues: Iterable[Cue]) -> int:
        return sum(bool(line.strip("\ufeff \t")) for line in before)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        lines = lines_of_text(decompressed_head(head)[:_HEAD_BYTES])
        whole = [part.strip() for line in lines for part in line.split("\r")]
        said = [line for line in whole if line][:2]
        if not said or _SIGNATURE.fullmatch(said[0]):
            return 0.0
        if said[0].isdigit() and len(said) > 1 and is_times(said[1]):
            return 0.95
        return 0.8 if is_times(said[0]) else 0.0
