"""The text files of Praat: tiers of intervals and of points, long and short."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from affectflow.sources.rows import RefusedError

# Praat itself reads only what stands free: strings, numbers and flags. The rest, such
# as `xmin =` and `intervals [1]:`, is for people (its manual, "TextGrid file formats").
_FREE = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?<!\S)(?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)'
    r"(?!\S)|(?P<flag><\w+>)"
)
_INTERVALS, _POINTS = "IntervalTier", "TextTier"

Value = str | float


class Mark(NamedTuple):
    """A label from when to when, in microseconds; the same twice, for a point."""

    start_us: int
    end_us: int
    text: str


class Tier(NamedTuple):
    """A tier, and its labels in order, the empty ones with them."""

    name: str
    is_of_points: bool
    marks: list[Mark]


def tiers_of(text: str) -> Iterator[Tier | RefusedError]:
    """Yields the tiers of a grid; at the end, what is wrong, if something is.

    What could be read of the tier at fault is yielded before it.
    """
    values = _values(text)
    try:
        count = _begin(values)
    except (StopIteration, TypeError, ValueError, OverflowError):
        yield RefusedError("not a Praat TextGrid, saved as a long or short text file")
        return
    for _ in range(count):
        marks: list[Mark] = []
        kind = name = ""
        try:
            kind, name = _word(values), _word(values)
            if kind not in (_INTERVALS, _POINTS):
                raise ValueError(f"a tier of class {kind!r}")
            _fill(values, kind, marks)
        except StopIteration:
            yield Tier(name, kind == _POINTS, marks)
            message = f"the file ends in the middle of tier {name!r}; fetch it again"
            yield RefusedError(message, "truncated_file")
            return
        except (TypeError, ValueError, OverflowError) as error:
            yield Tier(name, kind == _POINTS, marks)
            yield RefusedError(f"tier {name!r} is damaged: {error}", "damaged_file")
            return
        yield Tier(name, kind == _POINTS, marks)


def _values(text: str) -> Iterator[Value]:
    for found in _FREE.finditer(text):
        if found["number"]:
            yield float(found["number"])
        else:
            yield found["flag"] or found["text"].replace('""', '"')


def _begin(values: Iterator[Value]) -> int:
    """Reads the head of a grid, and returns how many tiers follow."""
    kind, of = _word(values), _word(values)
    if not kind.startswith("ooTextFile") or of != "TextGrid":
        raise ValueError(kind)
    _number(values), _number(values)
    return int(_number(values)) if _word(values) == "<exists>" else 0


def _fill(values: Iterator[Value], kind: str, marks: list[Mark]) -> None:
    _number(values), _number(values)
    for _ in range(int(_number(values))):
        start = _microseconds(values)
        end = _microseconds(values) if kind == _INTERVALS else start
        marks.append(Mark(start, end, _word(values).strip()))


def _word(values: Iterator[Value]) -> str:
    value = next(values)
    if not isinstance(value, str):
        raise TypeError(f"the number {value:g} where a text was expected")
    return value


def _number(values: Iterator[Value]) -> float:
    value = next(values)
    if isinstance(value, str):
        raise TypeError(f"the text {value[:40]!r} where a number was expected")
    return value


def _microseconds(values: Iterator[Value]) -> int:
    return round(_number(values) * 1_000_000)
