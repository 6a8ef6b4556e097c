"""ReadTextgrid: annotations of recordings, as Praat and forced aligners write them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.chat_text import TextLog
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head
from affectflow_connectors.transcripts.captions import TERMS
from affectflow_connectors.transcripts.praat import Mark, Tier, tiers_of
from affectflow_connectors.transcripts.recordings import (
    Turn,
    held,
    recording_of,
    rows_of,
)

_END = r"(?:^|.*[ _.:-])"
_SOUNDS = re.compile(
    rf"{_END}(?:phon(?:e|em|eme|etic)?s?|phn|segments?|seg|mau|kan|"
    r"syll?(?:able)?s?|pitch|tones?|breaks?|f0|tobi)",
    re.I,
)
_WORDS = re.compile(rf"{_END}(?:words?|wrd|wd|ort|mot|wort|tokens?)", re.I)
_TURNS = re.compile(
    rf"{_END}(?:utterances?|utts?|sentences?|phrases?|ipus?|turns?|text|transcript(?:ion)?"
    r"s?|trn|orthography|speech)",
    re.I,
)
_KINDS = (_SOUNDS, _WORDS, _TURNS)
_SILENCE = re.compile(r"<?(?:sil|sp|spn|p:|usb|pause|#|_|xxx)>?", re.I)
_MARKS = re.compile(rb'"ooTextFile(?: short)?"\s+(?:Object class = )?"TextGrid"')


@dataclass(kw_only=True)
class ReadTextgrid(TextLog):
    """Reads TextGrids saved as text, long or short, in UTF-8, UTF-16 or Windows-1252.

    A file is a conversation; a labelled interval is a turn, and its tier the speaker,
    unless the tier is named after what it holds (`words`, `ann - words`). Tiers of
    words are joined to turns that end at a pause, and read only where their speaker has
    no tier of turns. Tiers of sounds, and points, are counted and left out, unless
    `tiers` names them. `media_uri` is the name of the file without its suffix.

    Args:
      tiers: names of the tiers that are read; all that hold turns if empty.
      pause_s: a silence of so many seconds ends a turn of words.
    """

    tiers: Sequence[str] = ()
    pause_s: float = 0.3

    card: ClassVar[Card] = Card(
        summary="TextGrid: annotations of recordings by Praat and forced aligners",
        example="affectflow ingest talk.TextGrid --source textgrid --to lake",
        terms=TERMS,
    )
    suffixes: ClassVar[tuple[str, ...]] = (".textgrid", ".zip")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tiers = [self.tiers] if isinstance(self.tiers, str) else list(self.tiers)
        if not self.pause_s >= 0:
            raise UsageError(f"pause_s must be at least 0, got {self.pause_s}")

    def rows_of_lines(
        self, lines: Iterable[str], uri: str
    ) -> Iterator[Row | RefusedError]:
        found = list(tiers_of("\n".join(held(lines))))
        grid = [each for each in found if isinstance(each, Tier)]
        yield from (each for each in found if isinstance(each, RefusedError))
        read = [tier for tier in grid if self._is_read(tier, grid)]
        for tier in grid:
            if tier not in read:
                why = f"a label of the tier {tier.name!r}, which is not read"
                said = [mark for mark in tier.marks if mark.text]
                yield from [RefusedError(why, NOT_AN_UTTERANCE)] * len(said)
        turns = [turn for tier in read for turn in self._turns(tier)]
        turns.sort(key=lambda turn: (turn.start_us, turn.end_us))
        places = (t._replace(line=place) for place, t in enumerate(turns, 1))
        yield from rows_of(list(places), recording_of(uri), self.source_name)

    def _is_read(self, tier: Tier, grid: Iterable[Tier]) -> bool:
        if self.tiers:
            return tier.name in self.tiers
        if tier.is_of_points or _SOUNDS.fullmatch(tier.name):
            return False
        if not _WORDS.fullmatch(tier.name):
            return True
        own = _speaker(tier)
        others = (t for t in grid if not t.is_of_points and _speaker(t) == own)
        return not any(_TURNS.fullmatch(other.name) for other in others)

    def _turns(self, tier: Tier) -> Iterator[Turn]:
        of_words = not tier.is_of_points and _WORDS.fullmatch(tier.name)
        marks = _joined(tier.marks, self.pause_s * 1e6) if of_words else tier.marks
        speaker, attrs = _speaker(tier), {"tier": tier.name}
        for mark in marks:
            if mark.text:
                yield Turn(mark.start_us, mark.end_us, speaker, mark.text, 0, attrs)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        return 0.97 if _MARKS.search(decompressed_head(head)[:300]) else 0.0


def _speaker(tier: Tier) -> str:
    """Returns the speaker of a tier: `ann` for `ann - words`; empty for `words`."""
    if not any(kind.fullmatch(tier.name) for kind in _KINDS):
        return tier.name.strip()
    return re.sub(r"(?:^|[ _.:-]+)[^ _.:-]+$", "", tier.name.strip())


def _joined(words: Iterable[Mark], pause_us: float) -> Iterator[Mark]:
    """Yields words as turns: those between two pauses."""
    turn: Mark | None = None
    for word in words:
        if not word.text or _SILENCE.fullmatch(word.text):
            continue
        if turn and word.start_us - turn.end_us < pause_us:
            turn = Mark(turn.start_us, word.end_us, f"{turn.text} {word.text}")
            continue
        if turn:
            yield turn
        turn = word
    if turn:
        yield turn
