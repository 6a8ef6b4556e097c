"""How close causes are to the marked ones, word by word."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from affectflow.batches.bootstrap import Floats, Interval, bootstrap

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table: how one way to find causes performs on one set.

    Args:
      data: which messages, and whose labels.
      by: the miner, or what it is compared with.
      figure: what `value` is: token-F1, EM, a share, ...
      n: how many messages or turns it is of.
      value: the figure; its interval where there is one.
      length: mean length of spans, in words, by that of the marked ones.
      without: share of messages for which no span is named.
    """

    data: str
    by: str
    figure: str
    n: int
    value: Interval
    length: float | None = None
    without: float | None = None


@dataclass
class Compared:
    """Spans beside those that are marked.

    Args:
      units: what intervals draw, of each message.
      f1: of each message.
      found: words of each span; 0 where none is named.
      marked: words of each marked span, on average of those of one message.
    """

    units: list[str] = field(default_factory=list)
    f1: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    marked: list[float] = field(default_factory=list)

    def add(self, unit: str, found: str, marked: Sequence[str]) -> None:
        """Counts a span, empty if none is named, against those that are marked."""
        self.units.append(unit)
        self.f1.append(float(np.mean([token_f1(found, each) for each in marked])))
        self.found.append(len(words(found)))
        self.marked.append(float(np.mean([len(words(each)) for each in marked])))

    def line(self, data: str, by: str) -> Line:
        """Returns the line of the table."""
        named = [n for n in self.found if n]
        return Line(
            data=data,
            by=by,
            figure="token-F1",
            n=len(self.f1),
            value=mean_of(self.f1, self.units),
            length=float(np.mean(named) / np.mean(self.marked)) if named else None,
            without=self.found.count(0) / max(len(self.found), 1),
        )

    def less(self, other: "Compared", data: str, by: str) -> Line:
        """Returns how much higher the F1 is than another's on the same messages."""
        gaps = (np.array(self.f1) - np.array(other.f1)).tolist()
        value = mean_of(gaps, self.units)
        return Line(data=data, by=by, figure="difference", n=len(gaps), value=value)


def words(text: str) -> list[str]:
    """Returns the words of a text: runs of letters and digits, in lower case."""
    return _WORD.findall(text.lower())


def token_f1(one: str, other: str) -> float:
    """Returns F1 of the words of two texts, each as often as both have it.

    >>> token_f1("the build fails", "The build fails again.")
    0.8571428571428571
    """
    left, right = Counter(words(one)), Counter(words(other))
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


def mean_of(values: Sequence[float], units: Sequence[str]) -> Interval:
    """Returns a mean with its 95 % interval, drawn by unit."""
    each = np.array(values, dtype=np.float64)

    def mean(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            found: Floats = weights @ each / weights.sum(axis=1)
        return found

    return bootstrap(units, mean)
