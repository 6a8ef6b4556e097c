"""Ranges of options: an error says the value and what it must be."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from affectflow.errors import UsageError


class Range(NamedTuple):
    """Which values an option may have: a check, and the same in words."""

    holds: Callable[[Any], bool]
    words: str


def at_least(low: float) -> Range:
    """Returns the range from `low` on."""
    return Range(lambda value: value >= low, f"at least {low:g}")


def above(low: float) -> Range:
    """Returns the range of numbers greater than `low`."""
    return Range(lambda value: value > low, f"above {low:g}")


def one_of(*words: str) -> Range:
    """Returns the range of some words; an empty one is what is not given."""
    told = " or ".join(repr(word) for word in words if word)
    absent = " or left out" if "" in words else ""
    return Range(lambda value: value in words, f"{told}{absent}")


SHARE = Range(lambda value: 0 <= value <= 1, "from 0 to 1")
BELOW_1 = Range(lambda value: 0 <= value < 1, "at least 0 and below 1")
SOME = Range(lambda values: len(values) >= 1, "at least one, separated by commas")
RISING = Range(
    lambda ends: ends is None or ends[0] < ends[1], "two numbers, the lower one first"
)
TRAINING: Mapping[str, Range] = {
    "epochs": at_least(1),
    "patience": at_least(1),
    "batch": at_least(1),
    "rate": above(0),
    "seed": at_least(0),
}
"""Ranges of options that trainers share; a trainer may replace some."""
STEPS: Mapping[str, Range] = {"weight_decay": at_least(0), "warmup": BELOW_1}
"""The same of trainers with AdamW and a rate that rises first."""


def check_ranges(plugin: Any, ranges: Mapping[str, Range]) -> None:
    """Raises UsageError if an option of a plugin is out of its range."""
    for name, wanted in ranges.items():
        value = getattr(plugin, name)
        if not wanted.holds(value):
            raise UsageError(f"`{name}` must be {wanted.words}, got {spelt(value)}")


def check_among(name: str, given: Any, words: tuple[str, ...]) -> None:
    """Raises UsageError if an option has a word that is not one of `words`."""
    if not set(given) <= set(words):
        raise UsageError(
            f"`{name}` must be among {', '.join(words)}, got {spelt(given)}"
        )


def spelt(value: Any) -> str:
    """Returns a value as it is typed on the command line.

    >>> spelt((5, 50)), spelt(()), spelt("x"), spelt(1.5)
    ('5,50', 'none', "'x'", '1.5')
    """
    if isinstance(value, tuple | list):
        return ",".join(map(str, value)) or "none"
    return repr(value)
