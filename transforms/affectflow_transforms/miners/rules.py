"""RuleMiner: causes of emotions by rules, without a model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from affectflow.kinds.miner import Found, Scene
from affectflow.registry import Card
from affectflow_transforms.miners.candidates import Candidate, best_cause
from affectflow_transforms.miners.history import Turn, answered, earlier_cause
from affectflow_transforms.miners.word_miner import (
    WordMiner,
    found,
    is_given,
    read_turn,
)

GOOD_ENOUGH = 0.4
"""From this score on, the utterance's own cause is used without looking back."""


@dataclass(kw_only=True)
class RuleMiner(WordMiner[None]):
    """Finds the span that names the cause of each chosen emotion, by rules.

    English. It splits the author's own words into clauses, looks for wordings that
    point at a cause ("frustrated that ...", "thanks for ...", "because ..."), scores
    the candidates with hand-set weights, and considers earlier utterances only if the
    utterance itself names no cause.
    """

    annotator_kind: ClassVar[str] = "rules"
    version: ClassVar[str] = "8"
    card: ClassVar[Card] = Card(
        summary="finds what caused an emotion, by wordings and clauses (English)"
    )

    def find(self, scene: Scene, model: None = None) -> Iterator[Found]:
        """Yields the likeliest cause of each label, here or in an earlier turn."""
        now, earlier = read_turn(scene.now), [read_turn(turn) for turn in scene.earlier]
        turns = {each.utterance_id: each for each in (*scene.earlier, scene.now)}
        for label in self.wanted(scene, now):
            given = is_given(scene, label)
            here = best_cause(
                now.reading, label, in_talk=bool(earlier), is_scored=not given
            )
            before = answered(earlier, now, label, given=given)
            best = _best(now, here, before, label, self.least(scene, label))
            if best is not None:
                where, candidate = best
                turn = turns[where.utterance_id]
                yield found(label, turn, where.reading, candidate)


def _best(
    now: Turn,
    here: Candidate | None,
    earlier: Sequence[Turn],
    label: str,
    least: float,
) -> tuple[Turn, Candidate] | None:
    own = here.score if here is not None else 0.0
    if here is not None and own >= max(GOOD_ENOUGH, least):
        return now, here
    before = earlier_cause(earlier, now, label)
    if before is not None and before[1].score >= max(own, least):
        return before
    return (now, here) if here is not None and own >= least else None
