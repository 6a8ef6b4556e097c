"""Answers and samples that no longer speak of the lake as it is.

A sample keeps of each message what its text was, and how many messages could be drawn.
Answers to a text that has changed are not answers to it. Shares are of the
messages that could be drawn then: where more than `GROWTH` of those that could be drawn
now are new or changed, a share is not one of this lake. A sample and what tops it up
are one design: together they speak of the messages that could be drawn for each.
"""

import duckdb

from affectflow.gold.asking.samples import TEXT_DIGITS, Sample, ids_of
from affectflow.gold.asking.sampling import make_eligible, models_of
from affectflow.gold.figures.accuracy import wilson
from affectflow.lake import Lake
from affectflow.lake.ask import ask
from affectflow.schemas import PEOPLE

GROWTH = 0.05
"""So large a part of the messages may be new before shares are withheld."""

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
# Where people answered a newer sample, the older one would bend what that says.
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
# In the place of the lake's own: whatever is asked of the connection knows no others.
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

    Returns the messages that were changed since they were drawn. A second time changes
    nothing.
    """
    connection.execute(_OUTDATED)
    connection.execute(_STANDING)
    return int(connection.execute(_CHANGED).fetchall()[0][0])


def asked_tasks(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Returns the tasks that people answered, sorted."""
    return [task for (task,) in connection.execute(_TASKS).fetchall()]


def leave_out_outdated(
    lake: Lake, connection: duckdb.DuckDBPyConnection
) -> tuple[int, dict[str, float]]:
    """Hides from a connection the answers that are outdated.

    Those are answers to another text, and those to a sample that the lake outgrew where
    people answered a newer one.

    Returns the messages that were changed since they were drawn, and, of each sample
    that the lake outgrew, how large a part of today's messages it knows nothing of.
    """
    changed = leave_out_changed(connection)
    grown: dict[str, float] = {}
    for task in asked_tasks(connection):
        grown |= _outgrown(lake, connection, task)
    connection.execute(_REPLACED, {"grown": sorted(grown)})
    return changed, grown


def say_changed(changed: int) -> list[str]:
    """Returns what to say of messages that were changed: a line with the cure, or none.

    Args:
      changed: how many they are.
    """
    were = "message was" if changed == 1 else "messages were"
    line = (
        f"{changed:,} {were} changed since the sample was drawn; their answers are "
        "left out: draw another sample"
    )
    return [line] if changed else []


def _outgrown(
    lake: Lake, connection: duckdb.DuckDBPyConnection, task: str
) -> dict[str, float]:
    rows = connection.execute(_ANSWERED, {"task": task}).fetchall()
    # Answers may name a sample that was drawn elsewhere: how large it was is unknown.
    answered = sorted({i for (i,) in rows} & {*ids_of(lake)})
    models = models_of(connection, task)
    if not answered or not models:
        return {}
    make_eligible(connection, task, list(models))
    now = int(connection.execute("SELECT count(*) FROM eligible").fetchall()[0][0])
    grown = {}
    for row in ask(connection, _KEPT, {"samples": answered}).to_pylist():
        then = Sample.read(lake, row["sample_id"]).messages
        # Of what was drawn only a sample is known, so chance has the benefit of doubt.
        most = wilson(row["kept"], row["n"]).high
        if new_share(then, most, now) > GROWTH:
            grown[row["sample_id"]] = new_share(then, row["kept"], now)
    return grown


def new_share(then: int, kept: float, now: int) -> float:
    """Returns the part of the messages of now that a sample could not have drawn.

    Args:
      then: messages that could be drawn.
      kept: the share of them, 0..1, that can be drawn still and says the same.
      now: messages that can be drawn now.

    >>> round(new_share(90, 1.0, 100), 3), round(new_share(100, 0.9, 90), 3)
    (0.1, 0.0)
    """
    return max(0.0, 1.0 - then * kept / now) if now else 0.0
