"""A lake's answers, people's and annotators', as the tables that are joined."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.states import UNKNOWN
from affectflow.errors import LakeError, UsageError
from affectflow.gold.evaluation.probabilities import use_probabilities
from affectflow.gold.targets import tasks
from affectflow.gold.targets.labels import Target
from affectflow.gold.targets.tasks import Task
from affectflow.gold.truth.answers import decide, tell, tell_values
from affectflow.gold.truth.decisions import (
    say_unsampled,
    ties_of,
    truth_of,
    unsampled_of,
    values_of,
)
from affectflow.lake import Lake
from affectflow.lake.naming import annotator_meant
from affectflow.lake.views import quote, quote_name
from affectflow.nouns import count
from affectflow.schemas import PEOPLE

LENGTH = "length"
"""Groups by length of the text; not a column, but requested like one."""
ATTRIBUTE = "attrs."
"""Prefix of the name of an attribute to group by."""
MAX_PARTS = 100
"""A column with more values than this is not a group but an id, a text or a time."""
PERSONAL = ("speaker_id",)
"""Columns that cannot be grouped by."""


Counted = Callable[[duckdb.DuckDBPyConnection, str], dict[Target, int]]
"""From a task of people to the number of its answers left out, by label."""


class Contest(NamedTuple):
    """One vocabulary of annotators against one of people, and the common one."""

    told: str
    true: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many of the utterances answered by people an annotator answered.

    Args:
      scores: what its scores are, in words; empty if it gives values.
    """

    annotator_id: str
    people: int
    answered: int
    scores: str = ""


def contests(
    connection: duckdb.DuckDBPyConnection, task: Task, annotator: str
) -> list[Contest]:
    """Returns the pairs of vocabularies in which people and annotators can be compared.

    Raises:
      LakeError: no person or no annotator answered for this task.
    """
    asked = _vocabularies(connection, people=True)
    usable = [v for t, v in asked if _is_of(task, t, v)]
    if not usable:
        there = ", ".join(sorted({f"{t} ({v})" for t, v in asked}))
        said = (
            f"people labelled {there} in this lake, but not {task.name!r}"
            if there
            else "no messages of this lake have been labelled by people yet"
        )
        raise LakeError(
            f"{said}; `affectflow sample` writes a sheet to label, `affectflow gold` "
            "imports it"
        )
    # Answers in the task's own labels need no fold.
    own = [v for v in usable if v == task.vocabulary] or usable
    told = _vocabularies(connection, people=False, annotator=annotator)
    found = {
        Contest(said, true, target)
        for name, said in told
        for true in own
        for target in [_target(task, name, said, true)]
        if target
    }
    if not found:
        there = ", ".join(sorted({f"{t} ({v})" for t, v in told})) or "nothing"
        raise LakeError(
            f"annotators answered {there} in this lake, but not {task.name!r}; run "
            "`affectflow annotate` with a model that does"
        )
    return sorted(found)


def _is_of(task: Task, name: str, vocabulary: str) -> bool:
    """Returns whether answers to another task tell something about this one."""
    if not task.vocabulary:
        return name == task.name
    return any(
        not task.labels or coarse in task.labels
        for _, coarse in tasks.members(vocabulary, task.vocabulary)
    )


def _target(task: Task, name: str, told: str, true: str) -> str:
    if not task.vocabulary:
        return tasks.common(told, true) if name == task.name else ""
    return task.vocabulary if _is_of(task, name, told) else ""


def _vocabularies(
    connection: duckdb.DuckDBPyConnection, *, people: bool, annotator: str = ""
) -> list[tuple[str, str]]:
    """Returns tasks and vocabularies that were answered."""
    rows = connection.execute(_ANSWERED_TASKS, {"people": people, "who": annotator})
    return [(task, vocabulary) for task, vocabulary in rows.fetchall()]


def compared_one(connection: duckdb.DuckDBPyConnection, wanted: str) -> str:
    """Returns the id of the only annotator to compare; empty for all.

    Raises:
      UsageError: it is a person, unknown, or ambiguous; the message lists them.
    """
    if not wanted:
        return ""
    rows = connection.sql(_ANNOTATORS).fetchall()
    models = [name for name, is_person in rows if not is_person]
    if (wanted, True) in rows:
        raise UsageError(
            f"{wanted!r} is a person, and people's answers are what models are "
            f"compared with; name a model with --annotator: {', '.join(models)}"
        )
    return annotator_meant(connection, wanted, models)


def prepare_labels(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    contest: Contest,
    *,
    labels: Sequence[str] = (),
    by: str = "",
    annotator: str = "",
) -> list[Coverage]:
    """Makes `truths`, `told` and `answered` of one contest.

    Args:
      connection: to the lake.
      lake: that keeps the calibrations.
      contest: what is compared.
      labels: of the contest's target; all if empty.
      by: see `part_of`.
      annotator: only this one; all if empty.

    Raises:
      UsageError: there is no column `by`, or it cannot be grouped by.
    """
    names = _asked_as(connection, contest.true)
    people = pa.concat_tables([truth_of(connection, name) for name in names])
    mine = pc.equal(people["vocabulary"], contest.true)
    decide(connection, people.filter(mine), part_of(connection, by))
    _check_parts(connection, by)
    tell(connection, contest.told, annotator)
    folds = _compared(connection, contest, labels)
    return [
        Coverage(
            annotator_id=who,
            people=n,
            answered=answered,
            scores=use_probabilities(connection, lake, who, contest.told, folds),
        )
        for who, n, answered in connection.sql(_COVERAGE).fetchall()
    ]


def _compared(
    connection: duckdb.DuckDBPyConnection, contest: Contest, labels: Sequence[str]
) -> list[tuple[str, str]]:
    """Returns the annotator's labels that say what people answered, with their fold."""
    rows = connection.sql("SELECT DISTINCT label FROM truths").fetchall()
    answered = {label for (label,) in rows}
    asked = {
        coarse
        for fine, coarse in tasks.members(contest.true, contest.target)
        if fine in answered and (not labels or coarse in labels)
    }
    folds = tasks.members(contest.told, contest.target)
    return [(fine, coarse) for fine, coarse in folds if coarse in asked]


def _asked_as(connection: duckdb.DuckDBPyConnection, vocabulary: str) -> list[str]:
    """Returns the tasks for which people answered in a vocabulary."""
    asked = _vocabularies(connection, people=True)
    return sorted({task for task, name in asked if name == vocabulary})


def left_out(
    connection: duckdb.DuckDBPyConnection, task: Task, found: Iterable[Contest]
) -> list[str]:
    """Returns notes on answers that do not count: ties, and answers to no sample."""
    asked = {
        (contest.true, fine)
        for contest in found
        for fine, coarse in tasks.members(contest.true, contest.target)
        if not task.labels or coarse in task.labels
    }
    names = {n for true, _ in asked for n in _asked_as(connection, true)}

    def counted(count: Counted) -> dict[Target, int]:
        of_tasks = [count(connection, name) for name in sorted(names)]
        return {t: n for each in of_tasks for t, n in each.items() if t[1:] in asked}

    notes = say_unsampled(counted(unsampled_of))
    if tied := sum(counted(ties_of).values()):
        notes.append(
            f"{count(tied, 'answer')} left out: people were split evenly between yes "
            "and no"
        )
    return notes


def prepare_values(
    connection: duckdb.DuckDBPyConnection, scale: str, *, by: str, annotator: str
) -> list[Coverage]:
    """Makes `truths` and `told` of a scale: the mean of what people gave.

    Raises:
      LakeError: people gave no values on this scale.
    """
    decide(connection, values_of(connection, scale), part_of(connection, by))
    if not connection.sql("SELECT 1 FROM truths LIMIT 1").fetchall():
        raise LakeError(
            f"people gave no values for {scale!r} in this lake; `affectflow sample "
            f"--task {scale}` writes a sheet, `affectflow gold` imports it"
        )
    _check_parts(connection, by)
    tell_values(connection, scale, annotator)
    return [
        Coverage(annotator_id=who, people=people, answered=answered)
        for who, people, answered in connection.sql(_RATED).fetchall()
    ]


def part_of(connection: duckdb.DuckDBPyConnection, by: str) -> str:
    """Returns the expression that groups utterances `u` by a column.

    Raises:
      UsageError: there is no such column, or it identifies people.
    """
    if not by:
        return "NULL"
    if by == LENGTH:
        return "length_group(u.text)"
    if by in PERSONAL:
        raise UsageError(f"--by {by} would show individuals; name a column of groups")
    if by.startswith(ATTRIBUTE):
        return _attribute(connection, by.removeprefix(ATTRIBUTE))
    rows = connection.sql("DESCRIBE utterances").fetchall()
    names = [row[0] for row in rows]
    if by not in names:
        shown = [name for name in names if name not in PERSONAL]
        raise UsageError(
            f"no column {by!r} in utterances; --by is {LENGTH} or one of "
            f"{', '.join(shown)}, {ATTRIBUTE}NAME"
        )
    return f"coalesce(u.{quote_name(by)}::VARCHAR, {quote(UNKNOWN)})"


def _attribute(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Returns the expression that groups utterances `u` by an attribute."""
    there = [key for (key,) in connection.sql(_ATTRIBUTES).fetchall()]
    if name not in there:
        listed = ", ".join(ATTRIBUTE + key for key in there) or "none"
        raise UsageError(f"--by {ATTRIBUTE}{name}: no such attribute; known: {listed}")
    return f"coalesce(u.attrs[{quote(name)}], {quote(UNKNOWN)})"


def _check_parts(connection: duckdb.DuckDBPyConnection, by: str) -> None:
    found = connection.sql("SELECT count(DISTINCT part) FROM truths").fetchall()[0][0]
    if found > MAX_PARTS:
        raise UsageError(
            f"--by {by} gives {found} groups, but at most {MAX_PARTS} can be compared; "
            "name a coarser column"
        )


_ATTRIBUTES = """
SELECT DISTINCT unnest(map_keys(attrs)) AS name FROM utterances ORDER BY name
"""
_ANNOTATORS = f"""
SELECT DISTINCT annotator_id, annotator_id IN {PEOPLE} FROM annotators ORDER BY 1
"""
_ANSWERED_TASKS = f"""
SELECT DISTINCT task, vocabulary
FROM annotations
WHERE (annotator_id IN {PEOPLE}) = $people
  AND label IS NOT NULL
  AND ($who = '' OR annotator_id = $who)
ORDER BY ALL
"""
_COVERAGE = """
SELECT annotator_id, (SELECT count(DISTINCT utterance_id) FROM truths), count(*)
FROM answered
GROUP BY annotator_id
ORDER BY annotator_id
"""
_RATED = """
SELECT
  annotator_id,
  (SELECT count(DISTINCT utterance_id) FROM truths),
  count(DISTINCT utterance_id) FILTER (value IS NOT NULL)
FROM told
GROUP BY annotator_id
ORDER BY annotator_id
"""
