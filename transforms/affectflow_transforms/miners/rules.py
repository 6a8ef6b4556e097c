"""RuleMiner: causes of emotions by rules, without a model."""

import functools
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.errors import UsageError
from affectflow.kinds import miner
from affectflow.kinds.miner import Found, Miner, Scene
from affectflow.registry import Card
from affectflow_transforms.miners.candidates import Candidate, best_cause
from affectflow_transforms.miners.clauses import MASK, Reading
from affectflow_transforms.miners.history import Turn, earlier_cause
from affectflow_transforms.miners.phrases.emotions import LABELS, QUIET
from affectflow_transforms.miners.scene import feeling

GOOD_ENOUGH = 0.4
"""From this score on, the utterance's own cause is taken without a look back."""

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
class RuleMiner(Miner[None]):
    """Finds the span that names the cause of each chosen emotion, by rules.

    English. It splits the author's own words into clauses, looks for wordings that
    point at a cause ("frustrated that ...", "thanks for ...", "because ..."), weighs
    the candidates by hand-set weights, and looks at earlier utterances only if the
    utterance itself names nothing.

    Args:
      labels: which labels to mine, of any vocabulary; by default all that it has words
        for but approval and realization.
      history: how many earlier utterances of the conversation it looks at.
      min_score: below it, 0..1, a candidate is not a cause.

    Raises:
      UsageError: it has no words for a label, or a number is out of range.
    """

    labels: list[str] | None = None
    history: int = 8
    min_score: float = 0.25

    annotator_kind: ClassVar[str] = "rules"
    version: ClassVar[str] = "3"
    card: ClassVar[Card] = Card(
        summary="finds what caused an emotion, by wordings and clauses (English)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = sorted(set(self.labels or ()) - set(LABELS))
        if unknown:
            raise UsageError(
                f"RuleMiner has no words for {unknown}; it mines {sorted(LABELS)}"
            )
        if not 0 <= self.min_score <= 1:
            raise UsageError(
                f"RuleMiner needs `min_score` in 0..1, not {self.min_score}"
            )

    def mines(self, label: str) -> bool:
        """Returns whether it was asked for this label, or has words for it."""
        if self.labels:
            return label in self.labels
        return label in LABELS and label not in QUIET

    def find(self, scene: Scene, model: None = None) -> Iterator[Found]:
        """Yields the likeliest cause of each label, here or in an earlier turn."""
        now, earlier = _read(scene.now), [_read(turn) for turn in scene.earlier]
        turns = {each.utterance_id: each for each in (*scene.earlier, scene.now)}
        for label in scene.labels:
            found = self._find(now, earlier, label)
            if found is not None:
                where, candidate = found
                yield _found(label, turns[where.utterance_id], where.reading, candidate)

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


def _read(turn: miner.Turn) -> Turn:
    """Returns a turn with its reading, which is made once."""
    if "read" not in turn.notes:
        reading = Reading(turn.text, turn.segments, _marks(turn.cues))
        turn.notes["read"] = Turn(
            turn.utterance_id, turn.speaker_id, turn.reply_to, reading
        )
    return turn.notes["read"]


def _marks(cues: Sequence[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    """Returns where the written-out cues express which emotion."""
    marks: dict[str, tuple[int, ...]] = {}
    for cue in cues:
        phrase, start = cue["phrase"], cue["start"]
        if phrase and start is not None:
            for label in _expressed(phrase.lower()):
                marks[label] = (*marks.get(label, ()), start)
    return marks


@functools.lru_cache(maxsize=4096)
def _expressed(phrase: str) -> tuple[str, ...]:
    return tuple(label for label in LABELS if feeling(label).search(phrase))


def _found(
    label: str, turn: miner.Turn, reading: Reading, candidate: Candidate
) -> Found:
    start, end = candidate.span.start, candidate.span.end
    summary = _summary(reading, start, end)
    return Found(label, turn, start, end, round(candidate.score, 4), summary)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _summary(reading: Reading, start: int, end: int) -> str | None:
    """Returns the cause in lower case, without what carries no content at its start."""
    words = reading.masked[start:end]
    filler = _FILLER.match(words)
    rest = words[filler.end() :] if filler and filler.end() < len(words) else words
    return _NOISE.sub(" ", rest).strip() or None
