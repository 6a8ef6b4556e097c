"""ConnectiveMiner: the cause is what a connective points at, as in `because ...`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from affectflow.kinds.miner import Found, Scene, Turn
from affectflow.registry import Card
from affectflow_transforms.miners.clauses import Reading, Span
from affectflow_transforms.miners.labels import AnyLabelMiner
from affectflow_transforms.miners.phrases.connectives import WORDINGS, Wording
from affectflow_transforms.miners.places import worded
from affectflow_transforms.miners.weights import WORDING, logistic

_RESULT = "therefore"
_THEREFORE = (
    r"(?:therefore|thus|hence|consequently|as a result(?! of)|that's why|that is why"
    r"|this is why)"
)
_CONNECTIVES = (
    *(w for w in WORDINGS if w.name in ("because", "since", "thanks_to")),
    Wording(
        name=_RESULT,
        # `so that you can` names a purpose.
        pattern=r"^(?P<cause>.+?),?\s+(?:and )?(?:"
        + _THEREFORE
        + r"|which is why|so that(?! \w+ (?:can|could|may|might|will|would)\b)"
        r"|so(?= (?:i|i'm|i've|we|we're|we've|you|he|she|it|it's|they|the|this|my|our"
        r"|nobody|nothing|now)\b))(?!\w)",
    ),
)
_PATTERNS = [(wording, re.compile(wording.pattern)) for wording in _CONNECTIVES]
_OPENS = re.compile(rf"\W*(?:and )?{_THEREFORE}(?!\w)")
"""A sentence that begins like this is the result of the one before it."""


@dataclass(kw_only=True)
class ConnectiveMiner(AnyLabelMiner[None]):
    """Takes the clause named by the first connective of an utterance as the cause.

    English. After `because`, `due to`, `thanks to`, `since` ... the cause follows;
    before `so that`, `therefore`, `which is why` ... it precedes. It knows no words for
    emotions, so it finds nothing in most utterances: a baseline for other miners.
    """

    annotator_kind: ClassVar[str] = "rules"
    card: ClassVar[Card] = Card(
        summary="finds the cause that a connective points at (English)",
        misleads="a connective explains some clause, not always the emotion",
    )

    def find(self, scene: Scene, model: None = None) -> Iterator[Found]:
        """Yields the same cause for each label."""
        pointed = _pointed_at(scene.now)
        if pointed is not None:
            span, score = pointed
            for label in scene.labels:
                yield Found(label, scene.now, span.start, span.end, score)


def _pointed_at(turn: Turn) -> tuple[Span, float] | None:
    """Returns the cause that the first connective points at, and its score."""
    reading = Reading(turn.text, turn.segments)
    before: Span | None = None
    for sentence in reading.sentences:
        found = worded(reading, sentence, _PATTERNS, frozenset({_RESULT}))
        causes = [(span, wording.name) for wording, span in found]
        if before and _OPENS.match(reading.masked, sentence.start, sentence.end):
            causes.append((before, _RESULT))
        telling = [each for each in causes if reading.count(each[0])[1]]
        if telling:
            span, name = min(telling, key=lambda each: each[0].start)
            return span, round(logistic(WORDING[name]), 4)
        before = reading.trim(sentence.start, sentence.end)
    return None
