"""Corrected shares by period, container and role, and whether they changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from affectflow.batches.bootstrap import Interval
from affectflow.gold.figures.differences import difference, excludes_zero
from affectflow.gold.judging.parts import MIN_ANSWERS, decided_messages, shares_in
from affectflow.gold.targets.labels import Target
from affectflow.report.counts import Count
from affectflow.report.queries import Facts
from affectflow.report.words import is_unfinished, period_after, period_name

MIN_TO_COMPARE = 50
"""If periods have fewer answers by people, the halves of the time are compared."""

_PARTS = """
SELECT {part} AS part, utterance_id, conversation_id, flagged FROM flagged_messages
WHERE annotator_id = $flagger AND measure = $measure"""
_SIDES = """
SELECT CASE WHEN timestamp >= $from AND timestamp < $middle THEN 'before'
  WHEN timestamp >= $middle AND timestamp < $to THEN 'after' END AS part,
  utterance_id, conversation_id, flagged, speaker_id
FROM flagged_messages WHERE annotator_id = $flagger AND measure = $measure"""
_STAYED = f"""
FROM ({_SIDES}) WHERE speaker_id IN (
  SELECT speaker_id FROM ({_SIDES}) WHERE part IS NOT NULL AND speaker_id IS NOT NULL
  GROUP BY speaker_id HAVING count(DISTINCT part) = 2
)"""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A share compared with the one before it.

    `stayed` is the difference among the people who wrote in both periods; None if too
    few of their messages were labelled by people.
    """

    before_name: str
    after_name: str
    before: Interval
    after: Interval
    stayed: Interval | None

    @property
    def difference(self) -> Interval:
        """Later minus earlier."""
        return difference(self.after, self.before)

    @property
    def is_told(self) -> bool:
        """Whether the interval of the difference lies on one side of zero."""
        return excludes_zero(self.difference)

    @property
    def is_change(self) -> bool:
        """Whether it also holds among the people who wrote in both periods."""
        return (
            self.is_told
            and self.stayed is not None
            and excludes_zero(self.stayed)
            and (self.stayed.value > 0) == (self.difference.value > 0)
        )


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Corrected shares, 0..1; parts with too few answers by people are left out."""

    decided: pa.Table
    periods: dict[Any, Interval] = field(default_factory=dict)
    containers: dict[Any, Interval] = field(default_factory=dict)
    roles: dict[Any, Interval] = field(default_factory=dict)
    change: Change | None = None


def shares_of(
    connection: duckdb.DuckDBPyConnection, facts: Facts, parameters: dict[str, Any]
) -> Shares:
    """Returns the shares of what is flagged, in parts that are large enough to show."""
    task = facts.flagger.task if facts.flagger else ""
    target = Target(task, facts.measure, facts.measure)
    decided = decided_messages(connection, parameters["flagger"], target)

    def parts(
        part: str, sizes: dict[Any, Count], least: int = MIN_ANSWERS
    ) -> dict[Any, Interval]:
        sql = _PARTS.format(part=part)
        names = ["flagger", "measure", *(["period"] if "$period" in part else [])]
        given = {name: parameters[name] for name in names}
        found = shares_in(connection, decided, sql, given, least=least)
        return {
            k: v
            for k, v in found.items()
            if k in sizes and facts.asked.shows(*sizes[k].size)
        }

    counts = facts.counts
    by_period = "date_trunc($period, timestamp)"
    compared = parts(by_period, counts.periods, MIN_TO_COMPARE)
    return Shares(
        decided=decided,
        periods=parts(by_period, counts.periods),
        containers=parts("container", counts.containers),
        roles=parts("speaker_role", counts.roles),
        change=_change(connection, facts, decided, compared, parameters),
    )


def _change(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    decided: pa.Table,
    periods: dict[Any, Interval],
    parameters: dict[str, Any],
) -> Change | None:
    """Returns the last whole period against the one before, else the later half."""
    counts = facts.one("counts")
    first, last = counts["first_at"], counts["last_at"]
    if first is None:
        return None
    whole = [p for p in sorted(periods) if not is_unfinished(p, last, facts.period)]
    if len(whole) > 1 and period_after(whole[-2], facts.period) == whole[-1]:
        ends = whole[-2], whole[-1], period_after(whole[-1], facts.period)
        names = [period_name(p, facts.period) for p in whole[-2:]]
    else:
        ends = (
            first,
            first + (last - first) / 2,
            datetime.max.replace(tzinfo=last.tzinfo),
        )
        names = ["the earlier half", "the later half of the time"]
    return _between(connection, decided, ends, names, parameters)


def _between(
    connection: duckdb.DuckDBPyConnection,
    decided: pa.Table,
    ends: tuple[datetime, datetime, datetime],
    names: list[str],
    parameters: dict[str, Any],
) -> Change | None:
    given = dict(zip(("from", "middle", "to"), ends, strict=True))
    given |= {name: parameters[name] for name in ("flagger", "measure")}
    all_ = shares_in(connection, decided, _SIDES, given)
    if len(all_) < 2:
        return None
    stayed = shares_in(connection, decided, _STAYED, given)
    return Change(
        before_name=names[0],
        after_name=names[1],
        before=all_["before"],
        after=all_["after"],
        stayed=difference(stayed["after"], stayed["before"])
        if len(stayed) > 1
        else None,
    )
