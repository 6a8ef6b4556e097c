"""What was flagged before and after an event, compared with unaffected containers."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np

from affectflow.batches.bootstrap import Interval, interval
from affectflow.gold.figures.differences import difference
from affectflow.gold.figures.prevalence import Tally, apparent_draws, apparent_of
from affectflow.gold.judging.parts import shares_in, tallies_in
from affectflow.report.asked import Event
from affectflow.report.counts import Count
from affectflow.report.queries import Facts

WINDOW = timedelta(days=56)
MIN_FLAGGED = 5
"""With fewer flagged messages on a side, nothing is compared."""

_SIDES = """
SELECT CASE WHEN $where = '' OR container = $where THEN 'here' ELSE 'elsewhere' END
  || CASE WHEN timestamp < $at THEN ' before' ELSE ' after' END AS part,
  utterance_id, conversation_id, flagged, speaker_id
FROM flagged_messages
WHERE annotator_id = $flagger AND measure = $measure
  AND timestamp >= $from AND timestamp < $to"""
_COUNTS = f"""
SELECT part, count(*), count(DISTINCT speaker_id), count(DISTINCT conversation_id),
  count(*) FILTER (flagged)
FROM ({_SIDES}) GROUP BY part"""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One event. It is an association: other things happened at the same time.

    `counts` are by side, such as `here before`; empty if a side is too small to be
    shown. `here` and `elsewhere` are differences of corrected shares. Without gold,
    `ratio` is how many times as often messages are flagged after as before, divided by
    the same ratio elsewhere.
    """

    event: Event
    counts: dict[str, Count]
    here: Interval | None = None
    elsewhere: Interval | None = None
    ratio: Interval | None = None


def effects_of(
    connection: duckdb.DuckDBPyConnection, facts: Facts, parameters: dict[str, Any]
) -> list[Effect]:
    """Returns counts and shares before and after each event, 56 days on each side."""
    return [_effect(connection, facts, e, parameters) for e in facts.asked.events]


def _effect(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    event: Event,
    parameters: dict[str, Any],
) -> Effect:
    given = {name: parameters[name] for name in ("flagger", "measure")}
    given |= {"at": event.at, "where": event.where}
    given |= {"from": event.at - WINDOW, "to": event.at + WINDOW}
    rows = connection.execute(_COUNTS, given).fetchall()
    counts = {part: Count(*sizes) for part, *sizes in rows}
    sides = ("here before", "here after")
    if any(s not in counts for s in sides) or not all(
        facts.asked.shows(*count.size) for count in counts.values()
    ):
        return Effect(event=event, counts={})
    if facts.shares:
        shares = shares_in(connection, facts.shares.decided, _SIDES, given)
        if all(side in shares for side in sides):
            return _of_shares(event, counts, shares)
    return Effect(
        event=event, counts=counts, ratio=_ratio(tallies_in(connection, _SIDES, given))
    )


def _of_shares(
    event: Event, counts: dict[str, Count], shares: dict[str, Interval]
) -> Effect:
    here = difference(shares["here after"], shares["here before"])
    others = [shares.get(f"elsewhere {side}") for side in ("after", "before")]
    after, before = others
    if after is None or before is None:
        return Effect(event=event, counts=counts, here=here)
    elsewhere = difference(after, before)
    return Effect(event=event, counts=counts, here=here, elsewhere=elsewhere)


def _ratio(tallies: dict[str, Tally]) -> Interval | None:
    """Returns flagged after / before, divided by the same elsewhere if there is one."""
    draws = []
    for number, part in enumerate(sorted(tallies)):
        tally = tallies[part]
        if tally.chosen @ tally.conversations < MIN_FLAGGED:
            return None
        own = [apparent_of(tally), apparent_draws(tally, seed=number)]
        # The divisors: elsewhere, and before the event.
        sign = 1 if part in ("here after", "elsewhere before") else -1
        draws.append(sign * np.log(np.maximum(np.concatenate(own), 1e-9)))
    if len(draws) not in (2, 4):
        return None
    found = np.exp(np.sum(draws, axis=0))
    return interval(float(found[0]), found[1:])
