"""The SQL of factors: their sums by level, and which factors a lake has."""

from collections.abc import Sequence

from affectflow.batches.states import UNKNOWN
from affectflow.errors import UsageError
from affectflow.registry import nearest
from affectflow_transforms.measures.groups import MIN_SPEAKERS

CIRCUMSTANCES = (
    *("turns_before", "opens", "hours_open", "pause_hours", "wait_hours"),
    *("role", "newcomer", "kind", "is_review", "is_reply", "hour", "weekend"),
    *("length", "has_code", "has_quote", "has_log", "has_link"),
)
"""Columns of the view `circumstances` that may be factors."""
OF_TIMES = ("hours_open", "pause_hours", "wait_hours", "hour", "weekend")
"""Those of `CIRCUMSTANCES` that messages without a time do not have."""
COLUMNS = ("source", "container", "lang", "split", "visibility")
"""Columns of `utterances` that may also be factors."""
ATTRIBUTE = "attrs."
HIDDEN = "chr(31)"
"""In SQL: prefix of a level that is fitted but not shown."""
MIN_UTTERANCES = 20
"""A level of fewer messages, or of fewer people, is not shown."""
_OFTEN_UNKNOWN = ("role", "kind", *COLUMNS)

_TOLD = """
WITH named AS (
  SELECT DISTINCT annotator_id, task FROM annotations
  WHERE label = $outcome AND ($annotator = '' OR annotator_id = $annotator)
),
who AS (
  SELECT CASE WHEN $annotator <> '' THEN $annotator ELSE (
    SELECT basis.annotator_id FROM basis JOIN named USING (annotator_id, task)
    WHERE NOT is_person ORDER BY position LIMIT 1
  ) END AS annotator_id
),
told AS (
  SELECT utterance_id, CASE $told
      WHEN 'score' THEN max(score) FILTER (label = $outcome)
      WHEN 'value' THEN avg(value) FILTER (label = $outcome)
      ELSE bool_or(coalesce(chosen, false) AND label = $outcome)::INTEGER
    END::DOUBLE AS outcome
  FROM annotations
  JOIN who USING (annotator_id)
  SEMI JOIN named USING (annotator_id, task)
  ANTI JOIN health_annotators USING (annotator_id)
  WHERE label IS NOT NULL OR status = 'ok'
  GROUP BY utterance_id
)
"""


def quoted(name: str) -> str:
    """Returns a name as an SQL identifier; it has no quotation marks."""
    return f'"{name}"'


def query_of(outcome: str, factors: Sequence[str], categories: Sequence[str]) -> str:
    """Returns the query of a lake for an outcome and its factors.

    A level of too few people or messages begins with `HIDDEN`.

    Raises:
      UsageError: a lake does not have one of the factors.
    """
    columns = [f"{_in_lake(name)} AS {quoted(name)}" for name in factors]
    is_column = outcome in CIRCUMSTANCES or outcome.startswith(ATTRIBUTE)
    told = _in_lake(outcome) if is_column else "told.outcome"
    shown = [_shown(name, categories) for name in factors]
    return f"""{"WITH" if is_column else f"{_TOLD},"}
known AS (
  SELECT {told} AS {quoted(outcome)}, {", ".join(columns)},
    c.conversation_id AS unit, utterance_id,
    coalesce(u.speaker_id, c.conversation_id) AS _who
  FROM circumstances AS c
  JOIN utterances AS u USING (utterance_id)
  {"" if is_column else "JOIN told USING (utterance_id)"}
)
SELECT {quoted(outcome)}, {", ".join(shown)}, unit, utterance_id FROM known
"""


def _shown(name: str, categories: Sequence[str]) -> str:
    """Returns a factor of `known` with small levels marked; numbers have no levels."""
    if name in CIRCUMSTANCES and name not in (*_OFTEN_UNKNOWN, *categories):
        return quoted(name)
    column = f"{quoted(name)}::VARCHAR"
    small = (
        f"SELECT {column} FROM known GROUP BY ALL HAVING count(*) < {MIN_UTTERANCES} "
        f"OR count(DISTINCT _who) < {MIN_SPEAKERS}"
    )
    is_name = f"({number_of(name, categories)}) IS NULL"
    return (
        f"CASE WHEN {is_name} AND {column} IN ({small}) "
        f"THEN {HIDDEN} || {column} ELSE {column} END AS {quoted(name)}"
    )


def _in_lake(name: str) -> str:
    if name.startswith(ATTRIBUTE):
        key = name.removeprefix(ATTRIBUTE).replace("'", "''")
        return f"u.attrs['{key}']"
    if name not in (*CIRCUMSTANCES, *COLUMNS):
        known = (*CIRCUMSTANCES, *COLUMNS, f"{ATTRIBUTE}NAME")
        raise UsageError(f"a lake has no factor {name!r}; {nearest(name, known)}")
    column = f"{'c' if name in CIRCUMSTANCES else 'u'}.{name}"
    return f"coalesce({column}, '{UNKNOWN}')" if name in _OFTEN_UNKNOWN else column


def state_of(outcome: str, factors: Sequence[str], categories: Sequence[str]) -> str:
    """Returns the query of observations to sums of products, by levels.

    `sum_0` is of the outcome, `sum_1` of the first factor, `sum_0_1` of their product.
    """
    numbers = {
        0: quoted(outcome),
        **{
            place: f"coalesce({number_of(name, categories)}, 0.0)"
            for place, name in enumerate(factors, 1)
        },
    }
    levels = [
        f"CASE WHEN {number_of(name, categories)} IS NULL THEN {quoted(name)} END "
        f"AS level_{place}"
        for place, name in enumerate(factors, 1)
    ]
    named = [f"{sql} AS x_{place}" for place, sql in numbers.items()]
    keys = [f"level_{place}" for place in range(1, len(factors) + 1)]
    sums = [f"sum(x_{i}) AS sum_{i}" for i in numbers]
    sums += [f"sum(x_{i} * x_{j}) AS sum_{i}_{j}" for i in numbers for j in numbers
             if i <= j]  # fmt: skip
    return f"""
SELECT unit, {", ".join(keys)}, count(*) AS n, {", ".join(sums)}
FROM (SELECT unit, {", ".join([*levels, *named])} FROM observations)
GROUP BY ALL
"""


def number_of(name: str, categories: Sequence[str] = ()) -> str:
    """Returns SQL for a factor as a number; null where it is a name."""
    if name in categories:
        return "NULL::DOUBLE"
    column = quoted(name)
    return (
        f"CASE lower({column}) WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 "
        f"ELSE try_cast({column} AS DOUBLE) END"
    )
