"""Figures that compare the clusters of an answer with those of gold."""

import functools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

NAN = math.nan
_BETWEEN = "\x1f"
Row = Mapping[str, Any]
Signs = list[tuple[int, int, int]]
"""The sign of gold, that of an answer, and how often they occur together."""


class Figure(NamedTuple):
    """One figure of an annotator.

    Attributes:
      label: its name.
      value: 0..1; NaN if nothing was scored.
      n: number of observations that it rests on.
      why: why it is NaN.
    """

    label: str
    value: float
    n: int
    why: str = ""


class Pair(NamedTuple):
    """Clusters of gold and of an answer, and how often they occur together."""

    gold: frozenset[str]
    answer: frozenset[str]
    n: int

    @classmethod
    def of(cls, row: Row) -> "Pair":
        """Returns the clusters of a row of the state."""
        return cls(_clusters(row["gold"]), _clusters(row["predicted"]), row["n"])

    @property
    def hits(self) -> int:
        """How many clusters both have."""
        return len(self.gold & self.answer)


@functools.lru_cache(maxsize=65_536)
def _clusters(said: str) -> frozenset[str]:
    return frozenset(said.split(_BETWEEN)) if said else frozenset()


# -- wheels ----------------------------------------------------------------------------


def of_wheels(
    suite: Literal["open", "discrete"], wheels: list[str], rows: list[Row]
) -> Iterator[Figure]:
    """Yields the figures of each wheel, and their means over the wheels.

    Args:
      suite: which figures.
      wheels: their names.
      rows: `wheel`, `gold`, `predicted` and `n`.
    """
    pairs = {w: [Pair.of(r) for r in rows if r["wheel"] == w] for w in wheels}
    found = {w: list(_of_wheel(suite, w, each)) for w, each in pairs.items()}
    for same in zip(*found.values(), strict=True):
        (label, *_), values = same[0], [each.value for each in same]
        n = min(each.n for each in same)
        why = next((each.why for each in same if each.why), "")
        yield Figure(label, sum(values) / len(values), n, why)
        yield from (
            each._replace(label=f"{label} {wheel}")
            for wheel, each in zip(found, same, strict=True)
        )


def _of_wheel(suite: str, wheel: str, pairs: list[Pair]) -> Iterator[Figure]:
    kept = [pair for pair in pairs if pair.gold]
    n = sum(pair.n for pair in kept)
    why = "" if n else f"no gold label is on the wheel {wheel!r}"
    shares = (_open if suite == "open" else _discrete)(kept)
    for label, value in shares.items():
        yield Figure(label, value, n, why)
    total = sum(pair.n for pair in pairs)
    yield Figure("gold_on_wheel", n / total, total)
    answered = ((float(bool(pair.answer)), pair.n) for pair in kept)
    yield Figure("answer_on_wheel", _mean(answered), n, why)


def _mean(shares: Iterable[tuple[float, int]]) -> float:
    """Returns the mean of shares, weighted by their counts; NaN for none."""
    weighed = [(share * n, n) for share, n in shares]
    total = sum(n for _, n in weighed)
    return sum(share for share, _ in weighed) / total if total else NAN


def _open(pairs: list[Pair]) -> dict[str, float]:
    """Returns precision and recall, means over observations, and F1 of the means."""
    shares = [(p.hits / len(p.answer) if p.answer else 0.0, p.n) for p in pairs]
    precision = _mean(shares)
    recall = _mean((p.hits / len(p.gold), p.n) for p in pairs)
    both = precision + recall
    f1 = 2 * precision * recall / both if both else both
    return {"f1": f1, "precision": precision, "recall": recall}


def _discrete(pairs: list[Pair]) -> dict[str, float]:
    """Returns how often the label is hit, and hits as a share of what was answered."""
    candidates = frozenset[str]().union(*(pair.gold for pair in pairs))
    shares = [
        (p.hits / len(p.answer & candidates) if p.hits else 0.0, p.n) for p in pairs
    ]
    return {
        "hit_rate": _mean((float(p.hits), p.n) for p in pairs),
        "m_score": _mean(shares),
    }


# -- signs -----------------------------------------------------------------------------


def of_signs(mode: Literal["direct", "compat"], rows: list[Row]) -> Iterator[Figure]:
    """Yields accuracy, and F1 of pleasant and of unpleasant, weighted by gold.

    Args:
      mode: in `compat`, a neutral answer counts as unpleasant.
      rows: `gold` and `predicted`, -1, 0 or 1, and `n`.
    """
    neutral = -1 if mode == "compat" else 0
    told = [(int(r["gold"]), int(r["predicted"]) or neutral, r["n"]) for r in rows]
    kept = [each for each in told if each[0]]
    n, total = (sum(each[2] for each in some) for some in (kept, told))
    why = "" if n else "gold is neither positive nor negative"
    right = ((float(gold == answer), times) for gold, answer, times in kept)
    yield Figure("accuracy", _mean(right), n, why)
    weighed = ((_f1(kept, sign), _times(kept, 0, sign)) for sign in (1, -1))
    yield Figure("weighted_f1", _mean(weighed), n, why)
    yield Figure("gold_has_sign", n / total, total)


def _times(kept: Signs, place: int, sign: int) -> int:
    return sum(each[2] for each in kept if each[place] == sign)


def _f1(kept: Signs, sign: int) -> float:
    hits = sum(n for gold, answer, n in kept if gold == answer == sign)
    both = _times(kept, 0, sign) + _times(kept, 1, sign)
    return 2 * hits / both if both else 0.0
