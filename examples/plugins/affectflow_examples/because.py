"""A miner: what follows "because" is the cause."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow import Card
from affectflow.kinds.miner import Found, Miner, Scene

_CAUSE = re.compile(r"\bbecause (?:of )?(?P<cause>[^.,;:!?\n]+)", re.IGNORECASE)


@dataclass(kw_only=True)
class MineBecause(Miner[None]):
    """Takes what an utterance says after "because", to the end of the clause."""

    card: ClassVar[Card] = Card(summary="causes named after `because` (English)")

    def find(self, scene: Scene, model: None) -> Iterable[Found]:
        found = _CAUSE.search(scene.now.text)
        if found is None:
            return []
        start, end = found.span("cause")
        return [Found(label, scene.now, start, end, 0.8) for label in scene.labels]

    def annotator(self) -> dict[str, Any]:
        return {
            "annotator_id": "MineBecause@1",
            "kind": "rules",
            "model": "MineBecause",
            "revision": "1",
            "licence": "Apache-2.0",
            "commercial_use": True,
        }
