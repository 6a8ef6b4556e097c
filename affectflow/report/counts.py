"""How many messages were flagged, out of how many, in each part of the lake."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from affectflow.report.small import Size

Part = str | datetime | None
Key = TypeVar("Key")

# Bits of SQL's grouping(period, container, role): 1 where it is not grouped by.
_ALL, _PERIOD, _CONTAINER, _ROLE, _BY_CONTAINER, _BY_ROLE = 7, 3, 5, 6, 1, 2


class Count(NamedTuple):
    """Answered messages of one part, and how many of them are flagged."""

    messages: int = 0
    people: int = 0
    conversations: int = 0
    flagged: int = 0
    low: float | None = None
    """The lower end of Wilson's interval, for ranks."""

    @property
    def size(self) -> Size:
        """How much is in it."""
        return Size(self.messages, self.people)


@dataclass(frozen=True)
class Counts:
    """The counts of all parts; without a period: messages whose time is known."""

    total: Count = field(default_factory=Count)
    periods: dict[Any, Count] = field(default_factory=dict)
    containers: dict[Any, Count] = field(default_factory=dict)
    roles: dict[Any, Count] = field(default_factory=dict)
    container_periods: dict[tuple[Any, Any], Count] = field(default_factory=dict)
    role_periods: dict[tuple[Any, Any], Count] = field(default_factory=dict)

    @property
    def ranked(self) -> list[str | None]:
        """The containers, those with the most flagged for their size first."""
        by_rank = sorted(
            self.containers.items(),
            key=lambda each: (-(each[1].low or 0), str(each[0])),
        )
        return [name for name, _ in by_rank]


def counts_of(rows: Iterable[Mapping[str, Any]]) -> Counts:
    """Returns the counts that the query `flagged` answers."""
    by: dict[int, dict[Any, Count]] = {}
    for row in rows:
        count = Count(*(row[name] for name in Count._fields))
        key = row["period"], row["container"], row["role"]
        by.setdefault(row["parts"], {})[key] = count
    return Counts(
        total=next(iter(by.get(_ALL, {}).values()), Count()),
        periods={p: n for (p, _, _), n in by.get(_PERIOD, {}).items() if p},
        containers={c: n for (_, c, _), n in by.get(_CONTAINER, {}).items()},
        roles={r: n for (_, _, r), n in by.get(_ROLE, {}).items() if r},
        container_periods={
            (c, p): n for (p, c, _), n in by.get(_BY_CONTAINER, {}).items() if p
        },
        role_periods={
            (r, p): n for (p, _, r), n in by.get(_BY_ROLE, {}).items() if p and r
        },
    )
