"""Which earlier utterance caused an emotion that does not name its own cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from affectflow_transforms.miners.candidates import (
    Candidate,
    best_cause,
    is_reaction,
)
from affectflow_transforms.miners.clauses import Reading
from affectflow_transforms.miners.formalities import thanks_barely
from affectflow_transforms.miners.phrases.emotions import LABELS
from affectflow_transforms.miners.scene import (
    brings_news,
    feeling,
    is_displeasure,
    is_negative,
    room,
)
from affectflow_transforms.miners.weights import EARLIER, logistic

# A cause with a lower score is doubtful.
DOUBTFUL = 0.4
# A complaint of this length names the cause, or answers it.
AT_LENGTH = 0.5


@dataclass
class Turn:
    """One utterance of a conversation.

    Args:
      causes: what in it is likeliest to cause each emotion, where that was looked for.
      tokens: what a miner made of its words.
    """

    utterance_id: str
    speaker_id: str | None
    reply_to: str | None
    reading: Reading
    causes: dict[str, Candidate | None] = field(default_factory=dict)
    tokens: Any = None

    def brought(self, label: str) -> Candidate | None:
        """Returns the most likely cause in this turn of a later emotion."""
        if label not in self.causes:
            self.causes[label] = best_cause(self.reading, label)
        return self.causes[label]


def answered(
    turns: Sequence[Turn], now: Turn, label: str, *, given: bool
) -> Sequence[Turn]:
    """Returns the earlier turns that an emotion in `now` may be about, in order.

    One that people gave may be about any. One that a model chose is about an earlier
    turn only if the message does nothing but answer it: with thanks that do not say
    what for, or a mere reaction ("that's terrible"). Then it is about what it replies
    to or quotes, or else about what somebody else said right before.
    """
    if given or not turns:
        return turns
    if not _answers(now, label):
        return ()
    linked = _linked(now)
    named = [turn for turn in turns if turn.utterance_id in linked]
    return named or [turn for turn in turns[-1:] if turn.speaker_id != now.speaker_id]


def _answers(now: Turn, label: str) -> bool:
    if LABELS[label][0] == "thanks":
        return thanks_barely(now.reading)
    whole = now.reading.trim(0, len(now.reading.masked))
    return whole is not None and is_reaction(now.reading, whole)


def earlier_cause(
    turns: Sequence[Turn], now: Turn, label: str
) -> tuple[Turn, Candidate] | None:
    """Returns the likeliest cause among `turns`, which came before `now`, in order.

    Ties go to the latest.
    """
    quoted, linked = _quoted(now), _linked(now)
    at_length = is_displeasure(label) and room(now.reading) > AT_LENGTH
    best: tuple[Turn, Candidate] | None = None
    for distance, turn in enumerate(reversed(turns)):
        if at_length and turn.utterance_id not in linked:
            continue
        cause = turn.brought(label)
        if cause is None:
            continue
        score = _score(turn, now, cause, label, distance, quoted)
        if best is None or score > best[1].score:
            best = turn, Candidate(cause.span, score)
    return best


def _quoted(turn: Turn) -> set[str]:
    segments = turn.reading.segments or ()
    return {s["ref_utterance_id"] for s in segments if s.get("ref_utterance_id")}


def _linked(turn: Turn) -> set[str | None]:
    """Returns the turns that one quotes or replies to."""
    return {*_quoted(turn), turn.reply_to}


def _score(
    turn: Turn, now: Turn, cause: Candidate, label: str, distance: int, quoted: set[str]
) -> float:
    masked, span = turn.reading.masked, cause.span
    total = EARLIER["bias"] + EARLIER["distance"] * distance
    total += EARLIER["answered"] * (turn.utterance_id == now.reply_to)
    total += EARLIER["quoted"] * (turn.utterance_id in quoted)
    total += EARLIER["previous"] * (distance == 0)
    total += EARLIER["other_speaker"] * (turn.speaker_id != now.speaker_id)
    feels = feeling(label).search(masked, span.start, span.end)
    total += EARLIER["same_feeling"] * bool(feels)
    news = EARLIER["trouble" if is_negative(label) else "good_news"]
    total += news * brings_news(turn.reading, label)
    total += EARLIER["question"] * masked.rstrip().endswith("?")
    if is_displeasure(label):
        total += EARLIER["room"] * room(now.reading)
        total += EARLIER["doubtful"] * (cause.score < DOUBTFUL)
    return logistic(total)
