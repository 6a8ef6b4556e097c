"""Checks that what a measure's options name exists: a label, a role, a task."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure

MOST_LISTED = 20
_OBSERVATIONS = "observations"


def check_choices(
    connection: duckdb.DuckDBPyConnection,
    made: Measure,
    source_of: Callable[[Measure], str],
    *,
    in_lake: bool,
) -> None:
    """Checks that what the options name exists, according to `chooses`.

    If there is nothing at all, more than the name is missing; that error comes later.

    Args:
      connection: has the tables that the queries name.
      made: the measure, with its options.
      source_of: from a measure to the query, in brackets, of its observations.
      in_lake: whether it reads a lake; a file has observations only.

    Raises:
      UsageError: an option names something that does not exist; says what exists.
    """
    for option, query in made.chooses.items():
        names = list(_given(made, option))
        of_observations = _OBSERVATIONS in query
        if not names or not (in_lake or of_observations):
            continue
        there = _there(connection, made, query, source_of)
        if _unknown(names, there) and of_observations:
            # What the option leaves out must also be included.
            every = dataclasses.replace(made, **{option: _default(made, option)})
            there = _there(connection, every, query, source_of)
        if there and (unknown := _unknown(names, there)):
            more = f" and {len(there) - MOST_LISTED} more" * (len(there) > MOST_LISTED)
            listed = ", ".join(map(repr, there[:MOST_LISTED])) + more
            raise UsageError(
                f"{made.kind}: {option}={','.join(names)} finds no {unknown[0]!r} in "
                f"this {'lake' if in_lake else 'file'}; there is {listed}"
            )


def _given(made: Measure, option: str) -> Iterator[str]:
    """Yields the names that a user gave; defaults are not checked."""
    value = getattr(made, option)
    if value != _default(made, option):
        yield from [value] if isinstance(value, str) else value


def _default(made: Measure, option: str) -> Any:
    (field,) = [each for each in dataclasses.fields(made) if each.name == option]
    return field.default


def _there(
    connection: duckdb.DuckDBPyConnection,
    made: Measure,
    query: str,
    source_of: Callable[[Measure], str],
) -> list[str]:
    if _OBSERVATIONS in query:
        query = f"WITH {_OBSERVATIONS} AS {source_of(made)} {query}"
    sql = f"SELECT DISTINCT x::VARCHAR FROM ({query}) AS found(x) ORDER BY 1"
    rows = connection.execute(sql, made.bound(sql)).fetchall()
    return [name for (name,) in rows if name is not None]


def _unknown(names: list[str], there: list[str]) -> list[str]:
    known = {name.strip().casefold() for name in there}
    return [name for name in names if name.strip().casefold() not in known]
