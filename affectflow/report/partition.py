"""The strict partition behind the cells: see `affectflow.report.cells` for why.

`cell_rows` has a row for each message: its number, a hash of its person, the number of
its value in each dimension (null if the value is rare), who answered it, whether it is
withheld, and its cell.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import duckdb

DIMENSIONS = ("container", "period", "role", "kind")
"""What the page filters by, in the order in which messages are split."""
# Withheld messages are separated as early as possible: later, a part has fewer.
_ORDER = (
    "container", "withheld", "period", "withheld", "role", "kind", "answered_by",
    "withheld",
)  # fmt: skip
MAX_CHOICES = 6
"""Annotators that are distinguished."""

Value = TypeVar("Value", int | None, str | None)


@dataclass(frozen=True, kw_only=True)
class Cell(Generic[Value]):
    """Messages that are only counted together.

    Args:
      values: one of each dimension, in their order; None is several.
      choices: numbers of the annotators that answered all of its messages.
      messages: their number.
      people: a lower bound for the number of their authors.
      flagged: messages by number of the annotator and label.
    """

    values: tuple[Value, ...]
    choices: tuple[int, ...]
    messages: int
    people: int
    flagged: dict[tuple[int, str], int] = field(default_factory=dict)


# `parts`: each cell by one more dimension. `alone`: the small parts of a cell are
# large enough together. Otherwise the smallest of the others is added to them.
_SPLIT = """
CREATE OR REPLACE TEMP TABLE cell_rows AS
WITH parts AS (
  SELECT cell, {name} AS value, count(*) AS n,
    {name} IS NOT NULL AND count(*) >= $min_messages
      AND count(DISTINCT person) >= $min_people AS large
  FROM cell_rows GROUP BY cell, {name}
), pools AS (
  SELECT r.cell, count(*) >= $min_messages
    AND count(DISTINCT r.person) >= $min_people AS alone
  FROM cell_rows AS r JOIN parts AS p
    ON p.cell = r.cell AND p.value IS NOT DISTINCT FROM r.{name}
  WHERE NOT p.large GROUP BY r.cell
), placed AS (
  SELECT p.*, large AND (
    coalesce(alone, true)
    OR row_number() OVER (PARTITION BY p.cell, large ORDER BY n, value) > 1
  ) AS apart
  FROM parts AS p LEFT JOIN pools AS o USING (cell)
), numbered AS (
  SELECT cell, value, apart,
    dense_rank() OVER (ORDER BY cell, CASE WHEN apart THEN value END) AS number
  FROM placed
)
SELECT r.* REPLACE (
  {label} AS {name}, n.number AS cell
)
FROM cell_rows AS r JOIN numbered AS n
  ON n.cell = r.cell AND n.value IS NOT DISTINCT FROM r.{name}"""


def partition(
    connection: duckdb.DuckDBPyConnection, *, min_people: int, min_messages: int
) -> None:
    """Numbers the cells of `cell_rows`, each with enough people and messages.

    If all rows together are too few, there is one cell, which is too small. If a cell
    has several values of a dimension, the dimension is null there.
    """
    least = {"min_people": min_people, "min_messages": min_messages}
    counts = ", ".join(
        f"count(DISTINCT {name}) > 1 OR count({name}) < count(*) AS {name}"
        for name in dict.fromkeys(_ORDER)
    )
    cursor = connection.execute(f"SELECT {counts} FROM cell_rows")
    names = [column[0] for column in cursor.description or []]
    differs = dict(zip(names, cursor.fetchall()[0], strict=True))
    for name in filter(differs.get, _ORDER):
        # The other dimensions are read from a cell's rows at the end.
        told = name in DIMENSIONS
        label = f"CASE WHEN n.apart THEN r.{name} END" if told else f"r.{name}"
        connection.execute(_SPLIT.format(name=name, label=label), least)


_CELLS = """
SELECT cell, container, period, role, kind, bit_and(answered_by) AS answered_by,
  count(*) AS messages, count(DISTINCT person) AS people
FROM cell_rows GROUP BY ALL
HAVING NOT bool_or(withheld) AND count(*) >= $min_messages
  AND count(DISTINCT person) >= $min_people
ORDER BY ALL"""
_FLAGGED = """
SELECT r.cell, l.choice, l.label, count(*) AS n
FROM cell_rows AS r JOIN cell_messages AS m USING (number)
JOIN cell_labels AS l USING (utterance_id)
WHERE l.label IS NOT NULL GROUP BY ALL"""


def published(
    connection: duckdb.DuckDBPyConnection, *, min_people: int, min_messages: int
) -> list[Cell[int | None]]:
    """Returns the cells that may be embedded, their values as numbers."""
    least = {"min_people": min_people, "min_messages": min_messages}
    flagged: dict[int, dict[tuple[int, str], int]] = {}
    for number, choice, label, n in connection.sql(_FLAGGED).fetchall():
        flagged.setdefault(number, {})[choice, label] = n
    cells = []
    for number, *values, answered_by, messages, writers in connection.execute(
        _CELLS, least
    ).fetchall():
        choices = tuple(n for n in range(MAX_CHOICES) if answered_by >> n & 1)
        said = flagged.get(number, {})
        cell = Cell(
            values=tuple(values),
            choices=choices,
            messages=messages,
            people=writers // min_people * min_people,
            flagged={key: said[key] for key in sorted(said) if key[0] in choices},
        )
        cells.append(cell)
    return cells
