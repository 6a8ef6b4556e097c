"""Which chosen labels are doubtful, so that no cause is sought.

Annotators choose a label at the score that maximises F1, which may be far below the
score of `neutral`, or of a label that is certainly present.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

NEUTRAL = "neutral"
"""The label for messages without emotion."""
BELOW_NEUTRAL = "labels_far_below_neutral"
OF_NEUTRAL_MESSAGES = "labels_of_neutral_messages"
BELOW_THE_SUREST = "labels_far_below_the_surest"
UNSURE = "labels_of_low_scores"
"""Counters of doubtful labels."""

Key = tuple[Any, Any]
"""An annotator and a vocabulary."""


class Others(NamedTuple):
    """What an annotator says about one message in one vocabulary.

    Attributes:
      neutral: the score of `neutral`; 0 if it has none.
      surest: the highest score of an emotion that is chosen; 0 if none has a score.
    """

    neutral: float = 0.0
    surest: float = 0.0


class Bars(NamedTuple):
    """What a label needs for its cause to be sought; see `Miner`."""

    over_neutral: float
    max_neutral: float
    of_surest: float
    min_label: float

    def doubt(self, score: float, others: Others) -> str:
        """Returns the counter for why a label is doubtful; empty if it is not."""
        if score < self.over_neutral * others.neutral:
            return BELOW_NEUTRAL
        if others.neutral > max(self.max_neutral, others.surest):
            return OF_NEUTRAL_MESSAGES
        if score < self.of_surest * others.surest:
            return BELOW_THE_SUREST
        return UNSURE if score < self.min_label else ""


def key_of(emotion: Mapping[str, Any]) -> Key:
    """Returns who gives a label, and in which vocabulary."""
    return emotion["annotator_id"], emotion["vocabulary"]


def others_of(annotations: Iterable[Mapping[str, Any]]) -> dict[Key, Others]:
    """Returns what each annotator says about a message, in each vocabulary."""
    found: dict[Key, Others] = {}
    for each in annotations:
        key, score = key_of(each), each["score"] or 0.0
        neutral, surest = found.get(key, Others())
        if each["label"] == NEUTRAL:
            found[key] = Others(score, surest)
        elif each["chosen"]:
            found[key] = Others(neutral, max(surest, score))
    return found
