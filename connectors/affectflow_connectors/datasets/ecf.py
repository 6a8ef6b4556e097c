"""ReadEcf: scenes from a television series, with pairs of emotions and causes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.kinds.source import Split
from affectflow.nouns import count
from affectflow.registry import Card
from affectflow.sources.chat_text import TextLines, lines_of_text
from affectflow.sources.coerce import seconds_of
from affectflow.sources.fields import attrs_of, objects, prose, word
from affectflow.sources.json_source import JsonSource
from affectflow.sources.labels import SAID, Cause, LabelledSource, Said
from affectflow.sources.listing import bare_name
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head, json_head
from affectflow_connectors.datasets.ecf_text import Scene, are_scenes, scenes_of
from affectflow_connectors.datasets.labels import one_label
from affectflow_connectors.datasets.tables import split_of

SITE = "ecf"
_HEAD_BYTES = 4_000
_PAIRS = "emotion-cause_pairs"
_EFFECT = re.compile(r"(\d+)_(\w+)")
_CAUSE = re.compile(r"(\d+)(?:_(.*))?", re.S)

Record = Mapping[str, Any]


@dataclass(kw_only=True)
class ReadEcf(JsonSource, LabelledSource):
    """Reads Emotion-Cause-in-Friends: SemEval-2024 task 3, and the text of ECF 1.0.

    The text has times of the episode, which is `media_uri`, and no spans.

    An emotion and its causes belong to the annotator `person:ecf`. Where the set
    names only the turn of a cause, all of that turn is the cause. Files without pairs,
    such as the test files, give turns alone. Conversation numbers are the same in all
    files; `split` is taken from the file name.
    """

    card: ClassVar[Card] = Card(
        summary="ECF: scenes from a television series, with emotions and their causes",
        example="affectflow ingest Subtask_1_train.json --source ecf --to lake",
        terms="GPL-3.0 for the set; the lines are from a television series, whose "
        "owners hold the rights: use them for research only, do not pass them on",
    )
    suffixes: ClassVar[tuple[str, ...]] = (".json", ".txt", ".zip")
    site: ClassVar[str] = SITE
    vocabulary: ClassVar[str] = "meld"
    licence: ClassVar[str] = "GPL-3.0"

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from self.labelled(self._rows_of(split))

    def _rows_of(self, split: Split) -> Iterator[Row]:
        if not bare_name(split.uri).endswith(".txt"):
            yield from super()._rows_of(split)
            return
        lines = TextLines(split.uri)
        for found in scenes_of(lines):
            if isinstance(found, Scene):
                place = f"{split.uri}#{found.line}"
                yield from self._of_record(found.record, place, str(found.record))
            else:
                why = f"outside any scene: {count(found, 'line')}"
                yield self._refused(RefusedError(why), split.uri, "")
        if lines.damage:
            raise lines.damage

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        if not self.looks_whole(record):
            raise RefusedError("it has no `conversation_ID` and `conversation`")
        scene = _Scene(record, split_of(where.rpartition("#")[0]))
        yield from scene.strange
        for turn in objects(record, "conversation"):
            yield attempt(scene.row, turn)

    def looks_whole(self, record: Any) -> bool:
        named = word(record, "conversation_ID", "conversation_id")
        return bool(named) and isinstance(record.get("conversation"), list)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        if are_scenes(lines_of_text(decompressed_head(head)[:_HEAD_BYTES])):
            return 0.96
        head = json_head(head)
        marks = (b'"conversation_ID"', b'"utterance_ID"', b'"speaker"')
        return 0.96 if all(mark in head for mark in marks) else 0.0


class _Scene:
    """One conversation, and the causes of each of its turns."""

    def __init__(self, record: Record, split: str | None):
        number = word(record, "conversation_ID", "conversation_id") or ""
        self._id, self._split = f"{SITE}:{number}", split
        self._turns = {_number(t): t for t in objects(record, "conversation")}
        self._is_marked = isinstance(record.get(_PAIRS), list)
        self._causes: dict[str, list[Cause]] = {}
        self.strange: list[RefusedError] = []
        for pair in record[_PAIRS] if self._is_marked else ():
            self._add(pair)

    def _add(self, pair: Any) -> None:
        """Adds a pair such as `["3_surprise", "1_I realize I am naked ."]`."""
        both = [str(each) for each in pair] if isinstance(pair, list) else []
        effect = _EFFECT.fullmatch(both[0]) if len(both) == 2 else None
        cause = _CAUSE.fullmatch(both[1]) if effect else None
        if not effect or not cause or cause[1] not in self._turns:
            why = f"{str(pair)[:80]} is not a pair of an emotion and a cause in a turn"
            self.strange.append(RefusedError(why, "unknown_pair"))
            return
        turn = self._turns[cause[1]]
        text = prose(turn, "text") or ""
        words = text if cause[2] is None else cause[2]
        start = text.find(words) if words else -1
        place = start if start >= 0 else None
        found = Cause(effect[2], self._id_of(cause[1]), _speaker(turn), words, place)
        self._causes.setdefault(effect[1], []).append(found)

    def row(self, turn: Record) -> Row:
        number, text = _number(turn), prose(turn, "text")
        if not number or text is None:
            raise RefusedError(
                "a turn has no `utterance_ID` or `text`", "missing_field"
            )
        return {
            "utterance_id": self._id_of(number),
            "conversation_id": self._id,
            "speaker_id": _speaker(turn),
            "source": SITE,
            "kind": "turn",
            "text": text,
            "lang": "en",
            "start_s": seconds_of(word(turn, "start") or ""),
            "end_s": seconds_of(word(turn, "end") or ""),
            "media_uri": word(turn, "episode"),
            "visibility": "public",
            "split": self._split,
            "attrs": attrs_of({"clip": word(turn, "video_name")}),
            SAID: self._said(turn, number),
        }

    def _said(self, turn: Record, number: str) -> Said | None:
        found = list(dict.fromkeys(self._causes.get(number, ())))
        return one_label(
            SITE, word(turn, "emotion"), {}, "meld", found if self._is_marked else None
        )

    def _id_of(self, number: str) -> str:
        # Filled up: ids decide the order where there are no times.
        return f"{self._id}/{number:0>3}"


def _number(turn: Record) -> str:
    return word(turn, "utterance_ID", "utterance_id") or ""


def _speaker(turn: Record) -> str | None:
    return word(turn, "speaker")
