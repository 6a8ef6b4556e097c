"""What every family of segments shares: the segment, and the text being scanned."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

BLANK_LINES = re.compile(r"(?:[ \t]*\n){1,2}")
"""One blank line, or two, that a log or a paste may go on behind."""


class Segment(NamedTuple):
    """One typed span of a text; offsets in code points, `end` exclusive."""

    type: str
    start: int
    end: int
    lang: str | None = None


class Scan:
    """One text, scanned from left to right.

    Answers "where is the next closer?" in time linear in the text over all questions:
    a text of a million openers without a closer must not cost a million searches.
    """

    def __init__(self, text: str, *, chat: bool = False):
        self.text = text
        self.chat = chat
        self.size = len(text)
        self.rejected_until = 0
        self.position = 0
        """Where the last block ended; no block begins before it."""
        self.bars_end = 0
        """Where the run of lines with bars ends that was looked at last."""
        self.judged: dict[int, tuple[int, int]] = {}
        """Where the last words and the last code of such a run end, by its end."""
        self._found: dict[str, tuple[int, int]] = {}
        self._ticks: dict[int, list[int]] | None = None
        self._pairs: dict[str, dict[int, int]] = {}

    def find(self, closer: str, start: int) -> int:
        """Returns the first place of `closer` at or after `start`, or -1."""
        asked, found = self._found.get(closer, (self.size + 1, -1))
        if asked <= start and (found < 0 or found >= start):
            return found
        found = self.text.find(closer, start)
        self._found[closer] = (start, found)
        return found

    def line_end(self, start: int) -> int:
        """Returns the place of the newline that ends the line of `start`."""
        found = self.text.find("\n", start)
        return self.size if found < 0 else found

    def line_before(self, start: int) -> str:
        """Returns the end of the line before the one that begins at `start`."""
        begin = self.text.rfind("\n", max(0, start - 200), max(0, start - 1)) + 1
        return self.text[max(begin, start - 200) : max(0, start - 1)]

    def ticks(self) -> dict[int, list[int]]:
        """Returns where runs of backticks begin, by their length."""
        if self._ticks is None:
            self._ticks = {}
            for run in _TICKS.finditer(self.text):
                self._ticks.setdefault(run.end() - run.start(), []).append(run.start())
        return self._ticks

    def pairs(self, marks: str) -> dict[int, int]:
        """Returns the end of each pair of marks, by its start; inner pairs, too.

        `marks` has the groups `open` and `close`, or `either` for a mark that closes
        what is open and opens otherwise. Marks without a partner are left out.
        """
        if marks not in self._pairs:
            self._pairs[marks] = dict(_paired(marks, self.text))
        return self._pairs[marks]


def _paired(marks: str, text: str) -> Iterator[tuple[int, int]]:
    unclosed: list[int] = []
    for mark in re.finditer(marks, text, re.I):
        if mark.lastgroup == "open" or (mark.lastgroup == "either" and not unclosed):
            unclosed.append(mark.start())
        elif unclosed:
            yield unclosed.pop(), mark.end()


_TICKS = re.compile("`+")


class Family(NamedTuple):
    """How segments of one family begin, and where they end.

    `opener` is a regular expression without capturing groups; it begins with `^` if it
    opens a line, and then has no alternative outside a group. `take`
    returns the segment that begins at the match, or None. `hint` is the cheap test
    that Arrow runs over whole columns (RE2 syntax): a text that it does not match has
    no segment of this family.
    """

    name: str
    opener: str
    take: Callable[[Scan, re.Match[str]], Segment | None]
    hint: str


def trimmed(scan: Scan, type_: str, start: int, end: int) -> Segment:
    """Returns the segment without the newlines and blanks at its end."""
    kept = len(scan.text[start:end].rstrip())
    return Segment(type_, start, start + kept)


def line_of(scan: Scan, type_: str, opened: re.Match[str]) -> Segment:
    """Returns the segment from the match to the end of its line."""
    return trimmed(scan, type_, opened.start(), scan.line_end(opened.end()))
