"""ReadReccon: two-person dialogues, with the causes of each non-neutral emotion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.kinds.source import Split
from affectflow.registry import Card
from affectflow.sources.fields import attrs_of, prose, word
from affectflow.sources.json_source import JsonSource
from affectflow.sources.labels import SAID, Cause, LabelledSource, Said
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head
from affectflow_connectors.datasets.labels import one_label
from affectflow_connectors.datasets.tables import split_of

SITE = "reccon"
_EVIDENCE, _SPANS = "expanded emotion cause evidence", "expanded emotion cause span"
_SPELLINGS = {
    **dict.fromkeys(("happy", "joy", "excited"), "happiness"),
    **{"sad": "sadness", "angry": "anger", "surprised": "surprise"},
    **{"frustrated": "anger", "scared": "fear", "disgusted": "disgust"},
    **dict.fromkeys(("no emotion", "none"), "neutral"),
}

Record = Mapping[str, Any]


@dataclass(kw_only=True)
class ReadReccon(JsonSource, LabelledSource):
    """Reads RECCON's `dailydialog_train.json` and similar files.

    An emotion and its causes belong to the annotator `person:reccon`. A cause in the
    background is `latent`. `attrs` keeps the types that the set gives to
    all causes of a turn together.
    """

    card: ClassVar[Card] = Card(
        summary="RECCON: two-person dialogues with emotions and cause spans",
        example="affectflow ingest dailydialog_train.json --source reccon --to lake",
        terms="dialogues from DailyDialog, CC BY-NC-SA 4.0: credit the authors, no "
        "commercial use; no licence is stated for the causes",
    )
    site: ClassVar[str] = SITE
    vocabulary: ClassVar[str] = "dailydialog"
    licence: ClassVar[str] = "CC-BY-NC-SA-4.0"
    commercial_use: ClassVar[bool | None] = False

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from self.labelled(self._rows_of(split))

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        split = split_of(where.rpartition("#")[0])
        for name, held in record.items():
            turns = list(_turns(held))
            if not turns:
                yield RefusedError(f"{name!r} has no list of turns")
            dialogue = _Dialogue(name, turns, split)
            for place, turn in enumerate(turns):
                yield attempt(dialogue.row, turn, place)

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and any(map(any, map(_turns, record.values())))

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        marks = (b'"turn"', b'"utterance"', b'"emotion"')
        if not all(mark in head for mark in marks):
            return 0.0
        return 0.96 if _EVIDENCE.encode() in head else 0.5


def _turns(held: Any) -> Iterator[Record]:
    """Yields the turns of a dialogue, which is a list inside a list."""
    for each in held if isinstance(held, list) else ():
        if isinstance(each, list):
            yield from _turns(each)
        elif isinstance(each, Mapping):
            yield each


class _Dialogue:
    """One dialogue, whose turns point at one another."""

    def __init__(self, name: str, turns: Sequence[Record], split: str | None):
        self._id, self._name, self._split = f"{SITE}:{name}", name, split
        self._turns = {word(turn, "turn"): turn for turn in turns}

    def row(self, turn: Record, place: int) -> Row:
        text = prose(turn, "utterance")
        if text is None:
            raise RefusedError(f"turn {place + 1} has no `utterance`", "missing_field")
        types = turn.get("type")
        said = ", ".join(map(str, types)) if isinstance(types, list) else None
        return {
            "utterance_id": self._id_of(word(turn, "turn") or str(place + 1)),
            "conversation_id": self._id,
            "speaker_id": self._speaker(turn),
            "source": SITE,
            "kind": "turn",
            "text": text,
            "lang": "en",
            "visibility": "public",
            "split": self._split,
            "attrs": attrs_of(
                {"cause_types": said, "explanation": prose(turn, "explanation")}
            ),
            SAID: self._said(turn),
        }

    def _id_of(self, number: str) -> str:
        # Filled up: ids decide the order where there are no times.
        return f"{self._id}/{number:0>3}"

    def _speaker(self, turn: Record) -> str | None:
        name = word(turn, "speaker")
        return f"{self._name}/{name}" if name else None

    def _said(self, turn: Record) -> Said | None:
        said = one_label(SITE, word(turn, "emotion"), _SPELLINGS, "dailydialog")
        if not said or not said.chosen:
            return said
        evidence, spans = turn.get(_EVIDENCE), turn.get(_SPANS)
        if not isinstance(evidence, list) or not isinstance(spans, list):
            return said._replace(causes=[])
        (label,) = said.chosen
        causes = [self._cause(label, *p) for p in zip(evidence, spans, strict=False)]
        return said._replace(causes=list(dict.fromkeys(causes)))

    def _cause(self, label: str, number: Any, span: Any) -> Cause:
        name = word({"turn": number}, "turn") or ""
        turn = self._turns.get(name)
        if turn is None:
            return Cause(label)
        start = (prose(turn, "utterance") or "").find(str(span))
        place = start if start >= 0 and span else None
        return Cause(label, self._id_of(name), self._speaker(turn), str(span), place)
