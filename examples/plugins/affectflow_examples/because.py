"""A miner: what follows "because" is the cause."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from affectflow import Card
from affectflow.kinds.miner import Found, Miner, Scene

_CAUSE = re.compile(r"\bbecause (?:of )?(?P<cause>[^.,;:!?\n]+)", re.IGNORECASE)


@dataclass(kw_only=True)
class MineBecause(Miner[None]):
    """Takes what an utterance says after "because", to the end of the clause."""

    annotator_kind: ClassVar[str] = "rules"
    card: ClassVar[Card] = Card(summary="causes named after `because` (English)")

    def find(self, scene: Scene, model: None) -> Iterable[Found]:
        found = _CAUSE.search(scene.now.text)
        if found is None:
            return []
        start, end = found.span("cause")
        return [Found(label, scene.now, start, end, 0.8) for label in scene.labels]
