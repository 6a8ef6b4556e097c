"""What a language model is shown of a batch, and the way back from what it quotes."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import NamedTuple

import pyarrow as pa

from affectflow.batches.readings import Readings
from affectflow.kinds.miner import Scene, Turn
from affectflow_transforms.parsers.spans import places_of

NOT_THERE, SEVERAL = "quotes_not_in_the_text", "quotes_in_several_places"
"""Counters of quotes that are refused."""


class Place(NamedTuple):
    """Where a quote stands: code points of `turn.text`."""

    turn: Turn
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The readings of a batch, and the rows that a model must not be shown.

    Args:
      readings: of its rows.
      texts: the same, as a list.
      rows: of each utterance id.
      hidden: rows that are not shown, and not asked about.
    """

    readings: Readings
    texts: list[str]
    rows: Mapping[str, int]
    hidden: Collection[int]

    @classmethod
    def of(
        cls, batch: pa.RecordBatch, readings: Readings, hidden: Collection[int]
    ) -> "Shown":
        """Returns what is shown of a batch: no row in which its author says nothing."""
        silent = readings.silent.nonzero()[0].tolist()
        ids = batch.column("utterance_id").to_pylist()
        return cls(
            readings=readings,
            texts=readings.texts.to_pylist(),
            rows={id_: row for row, id_ in enumerate(ids)},
            hidden={*hidden, *silent},
        )

    def row(self, turn: Turn) -> int:
        """Returns the row of a turn."""
        return self.rows[turn.utterance_id]

    def text(self, turn: Turn) -> str:
        """Returns what a model reads of a turn; empty if it is not shown."""
        row = self.row(turn)
        return "" if row in self.hidden else self.texts[row]

    def earlier(self, scene: Scene) -> list[Turn]:
        """Returns the turns before, in order, that are shown."""
        return [turn for turn in scene.earlier if self.text(turn)]

    def history(self, scene: Scene) -> str:
        """Returns the turns before, one a line; a speaker is a letter."""
        letters: dict[str | None, str] = {None: "?"}
        lines = []
        for turn in self.earlier(scene):
            letter = ascii_uppercase[(len(letters) - 1) % len(ascii_uppercase)]
            speaker = letters.setdefault(turn.speaker_id, letter)
            lines.append(f"{speaker}: {self.text(turn)}")
        return "\n".join(lines)

    def find(self, span: str, scene: Scene) -> Place | str:
        """Returns the only place of a quote, or the counter of why it is refused.

        The message itself goes before what was said earlier.
        """
        for turns in ([scene.now], self.earlier(scene)):
            found = [place for turn in turns for place in self._places(span, turn)]
            if len(found) == 1:
                return found[0]
            if found:
                return SEVERAL
        return NOT_THERE

    def _places(self, span: str, turn: Turn) -> Iterator[Place]:
        reading = self.text(turn)
        for start, end in places_of(span, reading):
            if _is_whole(reading, start, end):
                yield Place(turn, *self.readings.to_text(self.row(turn), start, end))


def _is_whole(text: str, start: int, end: int) -> bool:
    """Returns whether a span neither begins nor ends within a word."""
    around = (text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1])
    cut = [
        len(each) == 2 and each[0].isalnum() and each[1].isalnum() for each in around
    ]
    return not any(cut)
