"""The basis: the annotator that a report rests on, and whose emotions are mined.

It is the one the user named last, or else the one that answered first: trying out a
  model beside it does not change reports. The view `basis` has the order.
"""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from affectflow.errors import UsageError
from affectflow.lake import open_tables
from affectflow.lake.naming import annotator_meant
from affectflow.lake.views import create_view, shipped_views

if TYPE_CHECKING:
    import duckdb

STAGE = "basis"
"""Stage of the row of `runs` that says which annotator the user named."""
_READ = ("annotations", "annotators", "runs")
"""The tables that the view `basis` reads."""
_TOLD = (
    f"SELECT annotator_id FROM runs WHERE stage = '{STAGE}' ORDER BY ended DESC LIMIT 1"
)


class Candidate(NamedTuple):
    """An annotator that answered a task in a lake.

    `told`: the user named it. `answered` counts utterances.
    """

    annotator_id: str
    task: str
    vocabulary: str
    answered: int
    is_person: bool
    told: bool


def candidates(connection: "duckdb.DuckDBPyConnection") -> list[Candidate]:
    """Returns what an open lake can rest on, the basis first.

    Args:
      connection: has the tables of a lake; it needs no views.
    """
    columns, views = ", ".join(Candidate._fields), shipped_views()
    for name in ("health_annotators", "basis"):
        create_view(connection, name, views[name])
    # `execute`, because `sql` plans a query twice.
    found = connection.execute(f"SELECT {columns} FROM basis ORDER BY position")
    return [Candidate(*row) for row in found.fetchall()]


def choose(
    connection: "duckdb.DuckDBPyConnection",
    there: Sequence[Candidate],
    wanted: str = "",
) -> Candidate | None:
    """Returns what a report rests on: the annotator wanted, else the basis.

    People are left out unless named, and a report is not only about frustration.

    Args:
      connection: to the lake.
      there: as `candidates` gives them.
      wanted: the id of an annotator, or an unambiguous start of it.

    Raises:
      UsageError: no annotator of that name answered; names those that did.
    """
    able = [each for each in there if each.task != "frustration"]
    if not wanted:
        return next((each for each in able if each.told or not each.is_person), None)
    ids = [each.annotator_id for each in able]
    named = annotator_meant(connection, wanted, ids)
    return next(each for each in able if each.annotator_id == named)


def named_in(uri: str, wanted: str) -> str:
    """Returns the id of the annotator of a lake that is wanted.

    Raises:
      UsageError: as `choose`.
    """
    with open_tables(uri) as connection:
        chosen = choose(connection, candidates(connection), wanted)
    if chosen is None:
        raise UsageError("nothing is labelled in this lake; run `affectflow annotate`")
    return chosen.annotator_id


def told_in(uri: str) -> str:
    """Returns the annotator that the user named as the basis; empty if none."""
    with open_tables(uri, only=("runs",)) as connection:
        return told_of(connection)


def told_of(connection: "duckdb.DuckDBPyConnection") -> str:
    """Returns the same of an open lake; it needs no views."""
    found = connection.execute(_TOLD).fetchall()
    return found[0][0] if found else ""


def line_about(uri: str) -> str:
    """Returns one line: what a report rests on, and how many others answered.

    It is empty if nothing is labelled.
    """
    with open_tables(uri, only=_READ) as connection:
        return line_of(uri, connection, candidates(connection))


def line_of(
    uri: str, connection: "duckdb.DuckDBPyConnection", there: Sequence[Candidate]
) -> str:
    """Returns the same of an open lake, `there` as `candidates` gives it."""
    chosen = choose(connection, there)
    if chosen is None:
        return ""
    others = beside(chosen, there)
    if not others:
        return f"basis: {_said(chosen)}"
    why = "chosen by you" if chosen.told else "the first in this lake"
    more = f"{others} other annotator{'s'[: others != 1]}"
    listed = f'`affectflow sql {shlex.quote(uri)} "FROM basis"` lists them'
    return f"basis: {_said(chosen)}, {why}; {more}: {listed}"


def beside(chosen: Candidate, there: Sequence[Candidate]) -> int:
    """Returns how many other annotators have answered; people do not count."""
    others = {each.annotator_id for each in there if not each.is_person}
    return len(others - {chosen.annotator_id})


def _said(one: Candidate) -> str:
    name = "people" if one.is_person else one.annotator_id
    return f"{name} ({one.answered:,} message{'s'[: one.answered != 1]})"
