"""What a measure has no value for, and why, in lines for its user."""

from collections import Counter
from collections.abc import Mapping

from affectflow.kinds.measure import NO_INTERVAL, UNDRAWN, Measure
from affectflow.nouns import count
from affectflow.stages.runs.run import Row

_MAX_REASONS = 2
_MAX_NAMED = 3
"""Names of what has no value for one reason; the others are counted."""


def no_value(
    made: Measure, counted: int, left_out: Mapping[str, int], said: list[Row]
) -> str:
    """Returns why there is no value at all: the reasons that most rows have."""
    reasons = [f"{n:,} left out: {why}" for why, n in Counter(left_out).most_common()]
    reasons += [why for why, _ in Counter(row["why"] for row in said).most_common()]
    more = len(reasons) - _MAX_REASONS
    last = f"; and {count(more, 'other reason')}" if more > 0 else ""
    return (
        f"{made.kind}: {counted:,} counted, and no value: "
        f"{'; '.join(reasons[:_MAX_REASONS]) or 'nothing to compute one from'}{last}; "
        f"`affectflow plugins {made.kind}` says what it needs"
    )


def unsaid(rows: list[Row]) -> list[str]:
    """Returns what has no value, and why; and once that there are no intervals."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row["value"] is None:
            by_reason.setdefault(row["why"], []).append(_name_of(row))
    lines = [f"{_some(names)}: no value: {w}" for w, names in by_reason.items()]
    why = Counter(row["why"] for row in rows if row["value"] is not None)
    if why[NO_INTERVAL]:
        lines.append(f"{NO_INTERVAL} (map unit=COLUMN, or give more of them)")
    if why[UNDRAWN]:
        lines.append(f"{count(why[UNDRAWN], 'value')} with {UNDRAWN}; give more units")
    return lines


def _name_of(row: Row) -> str:
    names = (row["group"], row["unit_type"], row["unit_id"], row["label"])
    return " ".join(name for name in names if name)


def _some(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return "; ".join(names[:_MAX_NAMED]) + (f"; and {more:,} more" if more > 0 else "")
