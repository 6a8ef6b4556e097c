"""Laughter, written out: "hahaha" and "lol" are heard, not read."""

import re
from typing import ClassVar

from affectflow import Card
from affectflow.kinds.renderer import Cue, TextRenderer

_LAUGHTER = re.compile(r"\b(?:a*(?:ha){2,}h?|(?:he){2,}|lo+l)\b", re.IGNORECASE)


class RenderLaughter(TextRenderer):
    """Finds laughter; `value` is how many letters it is long."""

    renderer_id: ClassVar[str] = "laughter@1"
    pattern: ClassVar[str] = r"(?i)haha|hehe|lo+l"
    card: ClassVar[Card] = Card(summary="laughter: haha, hehe, lol")

    def render(self, text: str) -> list[Cue]:
        return [
            Cue(
                "laughter",
                "laughs" if len(found[0]) < 7 else "laughs out loud",
                len(found[0]),
                "letters",
                found.start(),
                found.end(),
            )
            for found in _LAUGHTER.finditer(text)
        ]
