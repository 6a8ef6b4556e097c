"""RuleMiner: causes of emotions by rules, without a model."""

import functools
import hashlib
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow import __version__
from affectflow.batches.batch import with_column
from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, CAUSES_COLUMN, UTTERANCES, fields
from affectflow_transforms.miners.candidates import Candidate, best_cause
from affectflow_transforms.miners.clauses import MASK, Reading
from affectflow_transforms.miners.history import Turn, earlier_cause
from affectflow_transforms.miners.phrases.emotions import LABELS, QUIET
from affectflow_transforms.miners.scene import feeling

RULES_VERSION = "3"

GOOD_ENOUGH = 0.4
"""From this score on, the utterance's own cause is taken without a look back."""

_READ = ("utterance_id", "conversation_id", "speaker_id", "reply_to", "text")
# What a summary leaves out at its start: who speaks, and that they speak.
_FILLER = re.compile(
    r"(?:(?:(?:i|we|you|it|that|this|there|they|he|she|what)(?:'\w+)?|the|a|an|my|our"
    r"|your"
    r"|so|just|really|very|also|still|now|again|unfortunately|sadly|honestly|actually"
    r"|not sure|think|guess|feel like|have to|had to|am|is|are|was|were|be|have|has"
    r"|been"
    r"|to|me|us|sorry|oops|wow|oh|ok|thanks?|thank you|for|_+)\b[\s,.!:]*)+"
)
_NOISE = re.compile(rf"(?:[\s{MASK}]|\b__+\b)+")


@dataclass(kw_only=True)
class RuleMiner:
    """Finds the span that names the cause of each chosen emotion, by rules.

    English. It splits the author's own words into clauses, looks for wordings that
    point at a cause ("frustrated that ...", "thanks for ...", "because ..."), weighs
    the candidates by hand-set weights, and looks at earlier utterances only if the
    utterance itself names nothing.

    Args:
      labels: which labels to mine, of any vocabulary; by default all that it has words
        for but approval and realization.
      history: how many earlier utterances of the conversation it looks at.
      min_score: below it, 0..1, a candidate is no cause.

    Raises:
      UsageError: it has no words for a label, or a number is out of range.
    """

    labels: list[str] | None = None
    history: int = 8
    min_score: float = 0.25

    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, *_READ, "segments"), ANNOTATIONS_COLUMN]
    )
    provides: ClassVar[pa.Schema] = pa.schema([CAUSES_COLUMN])
    card: ClassVar[Card] = Card(
        summary="finds what caused an emotion, by wordings and clauses (English)"
    )

    def __post_init__(self) -> None:
        unknown = sorted(set(self.labels or ()) - set(LABELS))
        if unknown:
            raise UsageError(
                f"RuleMiner has no words for {unknown}; it mines {sorted(LABELS)}"
            )
        if self.history < 0 or not 0 <= self.min_score <= 1:
            raise UsageError(
                "RuleMiner wants `history` of at least 0 and `min_score` in 0..1, "
                f"not {self.history} and {self.min_score}"
            )

    def annotator(self) -> dict[str, Any]:
        """Returns this miner's row of the table `annotators`."""
        parameters = json.dumps(asdict(self), sort_keys=True)
        return {
            "annotator_id": f"RuleMiner-{RULES_VERSION}-{_digest(parameters)[:8]}",
            "kind": "rules",
            "model": "RuleMiner",
            "revision": RULES_VERSION,
            "licence": "Apache-2.0",
            "commercial_use": True,
            "prompt_hash": None,
            "renderer_ids": [],
            "parameters": parameters,
            "version": __version__,
        }

    def mine(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch` with `causes`: a row for each emotion that was chosen.

        `batch` holds whole conversations, each in time order; `cues` are used where it
        has them. A cause is `ok` with its span, or `none_found` without one.
        """
        mined: list[list[dict[str, Any]]] = [[] for _ in range(batch.num_rows)]
        annotations = batch.column("annotations").to_pylist()
        annotator_id = self.annotator()["annotator_id"]
        for conversation in _conversations(batch):
            # Only as many turns are held as are looked back at.
            earlier: deque[Turn] = deque(maxlen=self.history)
            for row, now in conversation:
                emotions = self._emotions(annotations[row] or [])
                if emotions:
                    mined[row] = self._mine_turn(
                        now, list(earlier), emotions, annotator_id
                    )
                earlier.append(now)
        return with_column(batch, CAUSES_COLUMN, pa.array(mined, CAUSES_COLUMN.type))

    def _emotions(self, annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns the chosen emotions, one for each annotator and label."""
        wanted = set(self.labels) if self.labels else set(LABELS) - set(QUIET)
        found = {
            (a["annotator_id"], a["vocabulary"], a["label"]): a
            for a in annotations
            if a["chosen"] and a["status"] == "ok" and a["label"] in wanted
        }
        return list(found.values())

    def _mine_turn(
        self,
        now: Turn,
        earlier: list[Turn],
        emotions: list[dict[str, Any]],
        annotator_id: str,
    ) -> list[dict[str, Any]]:
        found: dict[str, tuple[Turn, Candidate] | None] = {}
        for emotion in emotions:
            label = emotion["label"]
            if label not in found:
                found[label] = self._find(now, earlier, label)
        return [
            _cause(now, emotion, found[emotion["label"]], annotator_id)
            for emotion in emotions
        ]

    def _find(
        self, now: Turn, earlier: list[Turn], label: str
    ) -> tuple[Turn, Candidate] | None:
        here = best_cause(now.reading, label, in_talk=bool(earlier))
        own = here.score if here is not None else 0.0
        if here is not None and own >= max(GOOD_ENOUGH, self.min_score):
            return now, here
        before = earlier_cause(earlier, now, label)
        if before is not None and before[1].score >= max(own, self.min_score):
            return before
        return (now, here) if here is not None and own >= self.min_score else None


def _conversations(batch: pa.RecordBatch) -> Iterator[Iterator[tuple[int, Turn]]]:
    """Yields each conversation: its rows, by number and as turns."""
    ids, conversations, speakers, replies, texts = (
        batch.column(name).to_pylist() for name in _READ
    )
    segments = batch.column("segments").to_pylist()
    cues = _column(batch, "cues")

    def turn(row: int) -> Turn:
        reading = Reading(texts[row] or "", segments[row], _marks(cues[row]))
        return Turn(ids[row], speakers[row], replies[row], reading)

    grouped: dict[str, list[int]] = {}
    for row, conversation in enumerate(conversations):
        # A message without a thread is a conversation of its own.
        key = conversation if conversation is not None else f"\0{row}"
        grouped.setdefault(key, []).append(row)
    for rows in grouped.values():
        yield ((row, turn(row)) for row in rows)


def _column(batch: pa.RecordBatch, name: str) -> list[Any]:
    if name not in batch.schema.names:
        return [None] * batch.num_rows
    values: list[Any] = batch.column(name).to_pylist()
    return values


def _marks(cues: list[dict[str, Any]] | None) -> dict[str, tuple[int, ...]]:
    """Returns where the written-out cues express which emotion."""
    marks: dict[str, tuple[int, ...]] = {}
    for cue in cues or ():
        phrase, start = cue["phrase"], cue["start"]
        if phrase and start is not None:
            for label in _expressed(phrase.lower()):
                marks[label] = (*marks.get(label, ()), start)
    return marks


@functools.lru_cache(maxsize=4096)
def _expressed(phrase: str) -> tuple[str, ...]:
    return tuple(label for label in LABELS if feeling(label).search(phrase))


def _cause(
    now: Turn,
    emotion: dict[str, Any],
    found: tuple[Turn, Candidate] | None,
    annotator_id: str,
) -> dict[str, Any]:
    """Returns one row of `causes`, with an identity made of what it says."""
    row: dict[str, Any] = {
        "label": emotion["label"],
        "vocabulary": emotion["vocabulary"],
        "emotion_annotator_id": emotion["annotator_id"],
        "experiencer": emotion["experiencer"],
        "status": "none_found",
        "annotator_id": annotator_id,
    }
    if found is not None:
        turn, candidate = found
        start, end = candidate.span.start, candidate.span.end
        row |= {
            "cause_utterance_id": turn.utterance_id,
            "start": start,
            "end": end,
            "cause_text": turn.reading.text[start:end],
            "summary": _summary(turn.reading, start, end),
            "cause_type": _cause_type(now, turn),
            "score": round(candidate.score, 4),
            "status": "ok",
        }
    return row | {"cause_id": _identity(now.utterance_id, row)}


def _identity(utterance_id: str, row: dict[str, Any]) -> str:
    said = ("label", "vocabulary", "emotion_annotator_id", "cause_utterance_id")
    parts = [utterance_id, *(row.get(k) for k in (*said, "start", "end"))]
    return _digest(json.dumps([*parts, row["annotator_id"]]))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _cause_type(now: Turn, cause: Turn) -> str | None:
    """Returns RECCON's type; None where the speakers are unknown."""
    if cause is now:
        return "no_context"
    if now.speaker_id is None or cause.speaker_id is None:
        return None
    same = now.speaker_id == cause.speaker_id
    return "self_contagion" if same else "inter_personal"


def _summary(reading: Reading, start: int, end: int) -> str | None:
    """Returns the cause in lower case, without what carries no content at its start."""
    words = reading.masked[start:end]
    filler = _FILLER.match(words)
    rest = words[filler.end() :] if filler and filler.end() < len(words) else words
    return _NOISE.sub(" ", rest).strip() or None
