"""Frames: what a model reads around a text, from cues that have no place in it.

A voice, a face or a heart rate says something while an utterance is spoken, not at a
letter of it. A frame is a template with `{text}` and slots: each slot takes the phrases
of some cues. A frame writes before the text and after it, never within.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, Self

from affectflow.errors import UsageError

TEXT = "text"
BY_OTHERS = "reaction"
"""Modality of cues that others gave. They say nothing of what the speaker felt."""
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Placeless(NamedTuple):
    """A cue without a place in the text."""

    modality: str
    cue: str
    phrase: str


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where the phrases of some cues stand, in their order, each once.

    Args:
      modality: of the cues; empty for any but `reaction`, which others gave.
      cues: patterns of their names, as `AU*`.
      join: what stands between two phrases.
      before: what stands before the first phrase, if there is one.
      after: what stands after the last one, likewise.
      none: what stands if there is no phrase.
      most: at most so many phrases; 0 for all.
    """

    modality: str = ""
    cues: tuple[str, ...] = ("*",)
    join: str = ", "
    before: str = ""
    after: str = ""
    none: str = ""
    most: int = 0

    def takes(self, cue: Placeless) -> bool:
        """Returns whether a cue stands here."""
        named = self.modality or cue.modality == BY_OTHERS
        if named and self.modality != cue.modality:
            return False
        return any(fnmatchcase(cue.cue, pattern) for pattern in self.cues)

    def filled(self, cues: Sequence[Placeless]) -> str:
        """Returns what stands here."""
        phrases = list(dict.fromkeys(c.phrase for c in cues if self.takes(c)))
        if not phrases:
            return self.none
        chosen = phrases[: self.most or None]
        return f"{self.before}{self.join.join(chosen)}{self.after}"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A template with `{text}`, once, and slots.

    Args:
      template: literal but for `{text}` and the names of slots in braces.
      slots: by name.

    Raises:
      UsageError: `{text}` is not there once, or a slot is unknown.
    """

    template: str = "{cues}{text}"
    slots: Mapping[str, Slot] = field(
        default_factory=lambda: {"cues": Slot(before="[", join="; ", after="] ")}
    )

    def __post_init__(self) -> None:
        names = _SLOT.findall(self.template)
        if names.count(TEXT) != 1:
            raise UsageError(
                f"a frame must have {{{TEXT}}} once, got {self.template!r}; fix the "
                "style"
            )
        if unknown := set(names) - {TEXT, *self.slots}:
            raise UsageError(
                f"a frame has no slot {sorted(unknown)[0]!r}; known slots: "
                f"{', '.join(sorted(self.slots))}"
            )

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """Returns the frame that a style says: `template`, and tables of `slots`.

        Raises:
          UsageError: it is malformed.
        """
        try:
            slots = {
                name: Slot(**{**slot, "cues": tuple(slot.get("cues", ("*",)))})
                for name, slot in table.get("slots", {}).items()
            }
            return cls(template=table["template"], slots=slots)
        except (TypeError, KeyError, AttributeError) as error:
            raise UsageError(
                "a frame must have a `template` and `slots`, each slot with some of "
                f"modality, cues, join, before, after, none and most: {error}"
            ) from error

    def reads(self, cue: Placeless) -> bool:
        """Returns whether a cue counts as heard: others' cues only if a slot asks."""
        if cue.modality != BY_OTHERS:
            return True
        return any(slot.takes(cue) for slot in self.slots.values())

    def around(self, cues: Sequence[Placeless]) -> tuple[str, str]:
        """Returns what stands before a text, and after it.

        >>> Frame().around([Placeless("voice", "loudness", "loud")])
        ('[loud] ', '')
        """
        before, _, after = self.template.partition(f"{{{TEXT}}}")
        return self._filled(before, cues), self._filled(after, cues)

    def _filled(self, part: str, cues: Sequence[Placeless]) -> str:
        return _SLOT.sub(lambda slot: self.slots[slot[1]].filled(cues), part)


HEAD = Frame()
"""Cues stand at the head of a reading, in brackets."""
