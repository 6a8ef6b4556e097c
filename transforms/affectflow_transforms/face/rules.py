"""What a style says about faces: the section `[face]` of its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from affectflow import data
from affectflow.data_tables import FLAG, NUMBER, TEXT, Kind, checked
from affectflow.kinds.style import PLAIN, section

_RULES = ("median", "max")
_KEYS: Mapping[str, Kind] = {
    "rule": ("`median` or `max`", lambda value: value in _RULES),
    "frames": NUMBER,
    "hop": NUMBER,
    "emotions": NUMBER,
    "rank_all_emotions": FLAG,
    "phrase": TEXT,
    "nothing": TEXT,
    "names": (
        "a table of texts",
        lambda value: (
            isinstance(value, dict)
            and all(isinstance(said, str) for said in value.values())
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a window of frames is summed up, and how it is worded.

    Args:
      rule: what sums up a window: the median of its frames, or their maximum.
      frames: of a window, if the rule is `max`; 0 for all there are.
      hop: a window begins every `hop` frames; 0 for one window.
      emotions: how many are named per window, the strongest first.
      rank_all_emotions: they are said also below the level of their instrument.
      phrase: how a cue is said: `{name}`, and maybe `{value}` with two decimals.
      nothing: what is said about a turn that no other cue is said of, in a recording
        with a table; empty for nothing.
      names: of cues, where they are not those of FACS; nothing is said about an empty
        one.
    """

    rule: Literal["median", "max"] = "median"
    frames: int = 0
    hop: int = 0
    emotions: int = 1
    rank_all_emotions: bool = False
    phrase: str = "{name}"
    nothing: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, style: str) -> Self:
        """Returns the rule of a style; that of `plain` where it has none.

        Raises:
          UnknownPluginError: no distribution brings the style.
          UsageError: its section is malformed; the message names the line.
        """
        said: dict[str, Any] = section("face", style)
        named = style if said is not section("face", PLAIN) else PLAIN
        return cls(**checked(data.find("styles", named), said, _KEYS))

    def windows(self, n: int) -> tuple[int, int]:
        """Returns how many frames a window of n has, and after how many one begins."""
        return min(self.frames or n, n), max(1, self.hop or n)
