"""What a user says of a head: the options of `Finetune` that decide what it learns."""

from collections.abc import Mapping
from dataclasses import dataclass

HEADS = ("one", "several", "ordinal", "value", "shares", "reward", "pair")
OBJECTIVES: Mapping[str, tuple[str, ...]] = {
    "one": ("cross_entropy", "focal"),
    "pair": ("cross_entropy", "focal"),
    "several": ("bce", "focal"),
    "ordinal": ("ordinal_soft", "coral", "cross_entropy"),
    "value": ("mse", "ccc", "huber"),
    "shares": ("shares_mse",),
    "reward": ("scaled_bt", "bradley_terry", "margin_bt"),
}
"""The objectives that fit a head; the first is its own."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a user says of a head; the options of `Finetune`."""

    head: str
    objective: str = ""
    text: str = "text"
    second: str = "second"
    label: str = ""
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = ""
    scale: tuple[float, float] | None = None
