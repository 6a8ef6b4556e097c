"""What miners that know words for emotions share: options, turns, summaries."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from affectflow.errors import UsageError
from affectflow.kinds import miner
from affectflow.kinds.miner import Found, Miner, ModelT
from affectflow_transforms.miners.candidates import Candidate
from affectflow_transforms.miners.clauses import MASK, Reading
from affectflow_transforms.miners.history import Turn
from affectflow_transforms.miners.meant import is_meant
from affectflow_transforms.miners.phrases.emotions import LABELS, QUIET
from affectflow_transforms.miners.scene import feeling

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
class WordMiner(Miner[ModelT]):
    """A miner of the labels that it has words for.

    Args:
      labels: which labels to mine, of any vocabulary; by default all that it has words
        for but approval and realization.
      history: how many earlier utterances of the conversation it looks at.
      min_score: below it, 0..1, a candidate is not a cause. Of a label that is given,
        which is one without a score, the best candidate is taken whatever its score.

    Raises:
      UsageError: it has no words for a label, or a number is out of range.
    """

    labels: list[str] | None = None
    history: int = 8
    min_score: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        if unknown := sorted(set(self.labels or ()) - set(LABELS)):
            raise UsageError(
                f"{name} has no words for {unknown}; it mines {sorted(LABELS)}"
            )
        if not 0 <= self.min_score <= 1:
            raise UsageError(
                f"{name}: `min_score` must be from 0 to 1, got {self.min_score}"
            )

    def mines(self, label: str) -> bool:
        """Returns whether it was asked for this label, or has words for it."""
        if self.labels:
            return label in self.labels
        return label in LABELS and label not in QUIET

    def mines_given(self, label: str) -> bool:
        """Returns whether it was asked for a given label, or has words for it."""
        return label in (self.labels or LABELS)

    def wanted(self, scene: miner.Scene, now: Turn) -> list[str]:
        """Returns the labels that are given, or that the message may well mean."""
        return [
            label
            for label in scene.labels
            if is_given(scene, label) or is_meant(now.reading, label)
        ]

    def least(self, scene: miner.Scene, label: str) -> float:
        """Returns the least score of a cause of this label."""
        return 0.0 if is_given(scene, label) else self.min_score


def is_given(scene: miner.Scene, label: str) -> bool:
    """Returns whether a label has no score, as those of people."""
    return scene.scores.get(label) is None


def read_turn(turn: miner.Turn, *, marked: bool = True) -> Turn:
    """Returns a turn with its reading, which is made once.

    `marked` says that cues count as words of feeling.
    """
    if "read" not in turn.notes:
        reading = Reading(turn.text, turn.segments, _marks(turn.cues) if marked else {})
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


def found(
    label: str, turn: miner.Turn, reading: Reading, candidate: Candidate
) -> Found:
    """Returns a candidate as a cause, with its summary."""
    start, end = candidate.span.start, candidate.span.end
    summary = _summary(reading, start, end)
    return Found(label, turn, start, end, round(candidate.score, 4), summary)


def _summary(reading: Reading, start: int, end: int) -> str | None:
    """Returns the cause in lower case, without what carries no content at its start."""
    words = reading.masked[start:end]
    filler = _FILLER.match(words)
    rest = words[filler.end() :] if filler and filler.end() < len(words) else words
    return _NOISE.sub(" ", rest).strip() or None
