"""Cues of captions and subtitles: their times, in microseconds, and their lines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,] ?(\d{1,9}))?"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-{{1,2}}>\s*{_CLOCK}(?:\s.*)?")
# SubViewer, as YouTube writes it: `0:00:00.378,0:00:11.378`.
_PAIR = re.compile(r"\s*" + r",".join([r"(\d+):(\d{1,2}):(\d{1,2})\.(\d{1,9})"] * 2))
_MEANT = re.compile(r"\s*\d[\d:.,; ]*-{1,2}>")


class Cue(NamedTuple):
    """One cue; its times are None if they could not be read.

    `line` is the place of `times`, from 1; `after` holds the lines behind a blank one.
    """

    start_us: int | None
    end_us: int | None
    lines: list[str]
    after: list[str]
    line: int
    times: str


def cues_of(lines: Sequence[str], *, have_names: bool) -> tuple[list[str], list[Cue]]:
    """Returns the lines before the first cue, and the cues of a file.

    A cue goes on to the next line with times: some files have blank lines in cues, or
    none between them.

    Args:
      lines: of the file.
      have_names: whether the line above the times may be a name, not only a number.
    """
    places = [number for number, line in enumerate(lines) if is_times(line)]
    heads = [_head(lines, place, have_names) for place in places]
    ends = [*heads, len(lines)][1:]
    found = [_cue(lines, *each) for each in zip(places, ends, strict=True)]
    return list(lines[: heads[0] if heads else len(lines)]), found


def is_times(line: str) -> bool:
    """Returns whether a line holds the times of a cue, even if they do not read."""
    return bool(_MEANT.match(line) or _PAIR.fullmatch(line))


def _head(lines: Sequence[str], place: int, have_names: bool) -> int:
    """Returns the first line of a cue: its number or name, if it has one."""
    above = lines[place - 1].strip() if place else ""
    alone = place < 2 or not lines[place - 2].strip()
    return place - 1 if above.isdigit() or (above and alone and have_names) else place


def _cue(lines: Sequence[str], place: int, end: int) -> Cue:
    body = list(lines[place + 1 : end])
    # A line of spaces is not blank: YouTube has them in cues.
    blank = body.index("") if "" in body else len(body)
    start_us, end_us = times_of(lines[place])
    times = lines[place].strip()
    return Cue(start_us, end_us, body[:blank], body[blank:], place + 1, times)


def times_of(line: str) -> tuple[int | None, int | None]:
    """Returns start and end that a line says, in microseconds.

    An end before its start is None; so are both if they cannot be read.

    >>> times_of("00:01,5 --> 1:00:02.000 align:start")
    (1500000, 3602000000)
    """
    found = _TIMES.fullmatch(line) or _PAIR.fullmatch(line)
    if not found:
        return None, None
    start, end = _microseconds(*found.groups()[:4]), _microseconds(*found.groups()[4:])
    return start, end if end >= start else None


def _microseconds(
    hours: str | None, minutes: str, seconds: str, fraction: str | None
) -> int:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 1_000_000 + int(f"{fraction or '':0<6}"[:6])


def blocks_of(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yields the blocks between blank lines."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []
