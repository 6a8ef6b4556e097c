"""Answers and samples that no longer describe the lake as it is.

A sample records the text of each message, as a digest, and how many messages could be
drawn. Answers to a text that has since changed no longer apply to it. Shares hold for
the messages that could be drawn then: if more than `GROWTH` of those that can be drawn
now are new or changed, no share of this lake is given. A sample and its top-ups are one
design:
together they represent the messages that could be drawn for each of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

import duckdb

from affectflow.gold.asking.samples import TEXT_DIGITS, Sample, ids_of
from affectflow.gold.asking.sampling import make_eligible, models_of
from affectflow.gold.figures.accuracy import wilson
from affectflow.lake import Lake
from affectflow.lake.ask import ask
from affectflow.schemas import PEOPLE

GROWTH = 0.05
"""The share of messages that may be new before shares are withheld."""

_OUTDATED = f"""
CREATE TEMP TABLE IF NOT EXISTS outdated AS
SELECT a.annotator_id, a.utterance_id, a.task, a.vocabulary, a.label
FROM annotations AS a
JOIN measures AS m ON m.kind = 'inclusion' AND m.unit_id = a.utterance_id
  AND m.label = a.sample_id
JOIN utterances AS u ON u.utterance_id = a.utterance_id
WHERE a.annotator_id IN {PEOPLE}
  AND m.fitted_on <> left(md5(coalesce(u.text, '')), {TEXT_DIGITS})"""
_CHANGED = "SELECT count(DISTINCT utterance_id) FROM outdated"
# If people answered a newer sample, the older one would distort its result.
_REPLACED = f"""
INSERT INTO outdated
WITH given AS (
  SELECT a.annotator_id, a.utterance_id, a.task, a.vocabulary, a.label,
    list_contains($grown, a.sample_id) AS grown
  FROM annotations AS a
  WHERE a.annotator_id IN {PEOPLE} AND a.sample_id IS NOT NULL
)
SELECT * EXCLUDE (grown) FROM given AS g WHERE grown AND EXISTS (
  FROM given AS o WHERE NOT o.grown
    AND (o.task, o.vocabulary, o.label) = (g.task, g.vocabulary, g.label)
)"""
# Replaces the lake's own view, so queries on the connection see no other answers.
_STANDING = """
CREATE TEMP VIEW IF NOT EXISTS annotations AS
SELECT a.* FROM memory.main.annotations AS a
WHERE NOT EXISTS (
  FROM outdated AS o
  WHERE (o.annotator_id, o.utterance_id, o.task, o.vocabulary, o.label)
    = (a.annotator_id, a.utterance_id, a.task, a.vocabulary, a.label)
)"""

_TASKS = f"""
SELECT DISTINCT task FROM annotations
WHERE annotator_id IN {PEOPLE} AND task IS NOT NULL ORDER BY task"""
_ANSWERED = f"""
SELECT DISTINCT sample_id FROM annotations
WHERE task = $task AND annotator_id IN {PEOPLE} AND sample_id IS NOT NULL
ORDER BY sample_id"""
_KEPT = f"""
SELECT m.label AS sample_id, sum(1 / m.value) ** 2 / sum((1 / m.value) ** 2) AS n,
  coalesce(sum(1 / m.value) FILTER (e.utterance_id IS NOT NULL
    AND m.fitted_on = left(md5(u.text), {TEXT_DIGITS})), 0)
    / sum(1 / m.value) AS kept
FROM measures AS m
LEFT JOIN utterances AS u ON u.utterance_id = m.unit_id
LEFT JOIN eligible AS e ON e.utterance_id = m.unit_id
WHERE m.kind = 'inclusion' AND list_contains($samples, m.label)
GROUP BY m.label ORDER BY m.label"""


def leave_out_changed(connection: duckdb.DuckDBPyConnection) -> int:
    """Hides from a connection the answers to texts that have changed.

    Returns how many messages have changed since they were drawn. Calling it again
    changes nothing.
    """
    connection.execute(_OUTDATED)
    connection.execute(_STANDING)
    return int(connection.execute(_CHANGED).fetchall()[0][0])


def asked_tasks(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Returns the tasks that people answered, sorted."""
    return [task for (task,) in connection.execute(_TASKS).fetchall()]


class Covered(NamedTuple):
    """What an answered sample says about the messages that can be drawn now.

    Args:
      design: the sample that it tops up, or itself.
      then: messages that it could have drawn.
      kept: the share of them, 0..1, that can still be drawn and has the same text.
      most: upper end of the interval of `kept`.
      now: messages that can be drawn now.
    """

    design: str
    then: int
    kept: float
    most: float
    now: int


Coverage = dict[str, Covered]
"""By sample."""


def leave_out_outdated(
    lake: Lake, connection: duckdb.DuckDBPyConnection
) -> tuple[int, Coverage]:
    """Hides from a connection the answers that are outdated.

    These are answers to another text, and answers to a sample that the lake outgrew if
    people answered a newer one.

    Returns the messages that were changed since they were drawn, and what the samples
    that people answered say about the messages that there are.
    """
    changed = leave_out_changed(connection)
    covered: Coverage = {}
    for task in asked_tasks(connection):
        covered |= _covered(lake, connection, task)
    connection.execute(_REPLACED, {"grown": sorted(outgrown(covered))})
    return changed, covered


def outgrown(
    covered: Coverage, samples: Iterable[str] | None = None
) -> dict[str, float]:
    """Returns the share of new messages, for samples that miss too many.

    Args:
      covered: by sample.
      samples: those that answer a question; all if None. Of one design, they are
        taken together.
    """
    designs: dict[str, dict[str, Covered]] = {}
    for sample_id in sorted(covered if samples is None else covered.keys() & samples):
        design = covered[sample_id].design
        designs.setdefault(design, {})[sample_id] = covered[sample_id]
    found: dict[str, float] = {}
    for members in designs.values():
        own = members.values()
        now = max(each.now for each in own)
        # Only a sample of what was drawn is known, so chance gets the benefit of the
        # doubt.
        if new_share(sum(each.then * each.most for each in own), now) > GROWTH:
            share = new_share(sum(each.then * each.kept for each in own), now)
            found |= dict.fromkeys(members, share)
    return found


def say_changed(changed: int) -> list[str]:
    """Returns a line about messages that were changed, with what to do, or none.

    Args:
      changed: how many they are.
    """
    were = "message was" if changed == 1 else "messages were"
    line = (
        f"{changed:,} {were} changed since the sample was drawn; their answers are "
        "left out: draw another sample"
    )
    return [line] if changed else []


def _covered(lake: Lake, connection: duckdb.DuckDBPyConnection, task: str) -> Coverage:
    rows = connection.execute(_ANSWERED, {"task": task}).fetchall()
    # Answers may name a sample that was drawn elsewhere, whose size is unknown.
    answered = sorted({i for (i,) in rows} & {*ids_of(lake)})
    models = models_of(connection, task)
    if not answered or not models:
        return {}
    make_eligible(connection, task, list(models))
    now = int(connection.execute("SELECT count(*) FROM eligible").fetchall()[0][0])
    found: Coverage = {}
    for row in ask(connection, _KEPT, {"samples": answered}).to_pylist():
        sample = Sample.read(lake, row["sample_id"])
        most = wilson(row["kept"], row["n"]).high
        found[sample.sample_id] = Covered(
            sample.design, sample.messages, row["kept"], most, now
        )
    return found


def new_share(kept: float, now: int) -> float:
    """Returns the share of current messages that no sample could have drawn.

    Args:
      kept: messages that could be drawn, can be drawn still, and say the same.
      now: messages that can be drawn now.

    >>> round(new_share(90, 100), 3), round(new_share(90, 90), 3)
    (0.1, 0.0)
    """
    return max(0.0, 1.0 - kept / now) if now else 0.0
