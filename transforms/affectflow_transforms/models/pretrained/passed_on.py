"""What a model passes on that learned from another: it binds whoever uses it.

A training writes it into config.json, beside what it says of the outputs.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from affectflow_transforms.models.pretrained import source

SETTINGS = "affectflow"
"""The part of a config.json in which a training of ours says what its outputs are."""
_KEY = "passed_on"


class PassedOn(NamedTuple):
    """What binds whoever uses a model.

    Attributes:
      teacher: the annotator that it learned from; empty for none.
      touches: what that touches of people.
      notice: what readers of its answers are told; None for nothing.
      commercial_use: False if it may not be used commercially, whatever else is said.
    """

    teacher: str = ""
    touches: tuple[str, ...] = ()
    notice: str | None = None
    commercial_use: bool | None = None

    def settings(self) -> dict[str, Any]:
        """Returns it for `SETTINGS` of a config.json."""
        return {_KEY: self._asdict()}

    def stricter(self, allowed: bool | None) -> bool | None:
        """Returns whether commercial use is allowed where a licence says `allowed`."""
        return False if self.commercial_use is False else allowed


def passed_on(model: str, revision: str) -> PassedOn:
    """Returns what a model passes on; nothing if its config.json is not at hand.

    Raises:
      UsageError: it is damaged.
    """
    config: Mapping[str, Any] = source.config_at_hand(model, revision) or {}
    said = (config.get(SETTINGS) or {}).get(_KEY) or {}
    return PassedOn(
        teacher=str(said.get("teacher", "")),
        touches=tuple(map(str, said.get("touches", ()))),
        notice=said.get("notice"),
        commercial_use=said.get("commercial_use"),
    )
