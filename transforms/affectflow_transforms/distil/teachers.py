"""Who teaches: an annotator of a lake, and what comes with its answers.

Whoever learns from an annotator is bound by what binds that: the licences of its
weights and of all whose answers it read, and what its answers tell of people.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from affectflow import people, registry
from affectflow.errors import UsageError
from affectflow.options import meant
from affectflow.schemas import PEOPLE

_THERE = f"""
    SELECT DISTINCT annotator_id, "over" FROM annotations
    LEFT JOIN annotators USING (annotator_id)
    WHERE annotator_id NOT IN {PEOPLE} ORDER BY annotator_id
"""
_CHAIN = """
    WITH RECURSIVE chain AS (
      SELECT annotator_id, "over" FROM annotators WHERE annotator_id = $annotator
      UNION
      SELECT a.annotator_id, a."over" FROM annotators AS a
      JOIN chain AS c ON a.annotator_id = c."over"
    )
    SELECT annotator_id, licence, commercial_use, touches, notice, renderer_ids
    FROM annotators SEMI JOIN chain USING (annotator_id)
    ORDER BY annotator_id <> $annotator, annotator_id
"""


class Teacher(NamedTuple):
    """An annotator whose answers are learned.

    Attributes:
      annotator_id: its own.
      licences: its own, then those of the annotators whose answers it read.
      commercial_use: all of them allow it; None if nobody knows, False if one does not.
      touches: what its answers touch of people.
      notice: what readers of its answers are told; None for nothing.
    """

    annotator_id: str
    licences: tuple[str, ...]
    commercial_use: bool | None
    touches: tuple[str, ...]
    notice: str | None


def teacher_of(lake: Any, word: str) -> Teacher:
    """Returns the annotator of an open lake that a word means.

    Args:
      lake: as `open_lake` gives it.
      word: its id, or a beginning that no other has.

    Raises:
      UsageError: no annotator has that name, or several, a person has it, or its
        answers may not be used with the purpose and context given.
    """
    there = lake.sql(_THERE).fetchall()
    if not there:
        raise UsageError(
            f"nothing is annotated in {lake.path!r}, so there are no answers to learn: "
            f"first run `affectflow annotate {lake.path}`"
        )
    # A beginning of both means the one that reads nobody's answers.
    alone = [name for name, over in there if not over and name.startswith(word)]
    names = alone or [name for name, _ in there]
    found = meant(word, names, "annotator", "has answered in this lake")
    rows = _rows(lake, _CHAIN, annotator=found)
    teacher = Teacher(
        annotator_id=found,
        licences=tuple(row["licence"] or "unknown" for row in rows) or ("unknown",),
        commercial_use=_least(row["commercial_use"] for row in rows),
        touches=tuple(t for t in people.TOUCHES if t in set(_touched(rows))),
        notice="; ".join(dict.fromkeys(r["notice"] for r in rows if r["notice"]))
        or None,
    )
    people.check_touches(teacher.touches, f"the annotator {found}")
    return teacher


def _rows(lake: Any, query: str, **given: Any) -> list[dict[str, Any]]:
    table = lake.sql(query, params=given).to_arrow_table()
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def _least(allowed: Iterable[bool | None]) -> bool | None:
    """Returns False if one is, else None if one is or there is none, else True."""
    said = list(allowed)
    return False if False in said else None if None in said or not said else True


def _touched(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    """Yields what annotators touch, and the renderers whose cues they have read."""
    for row in rows:
        yield from row["touches"] or ()
        for renderer_id in row["renderer_ids"] or ():
            yield from _of_renderer(renderer_id.partition("@")[0])


def touched_by_cues(lake: Any) -> tuple[str, ...]:
    """Returns what the cues of an open lake touch of people.

    Raises:
      UsageError: they may not be read with the purpose and context given.
    """
    ids = lake.sql("SELECT DISTINCT renderer_id FROM cues ORDER BY 1").fetchall()
    found = {t for (each,) in ids for t in _of_renderer(each.partition("@")[0])}
    touches = tuple(each for each in people.TOUCHES if each in found)
    people.check_touches(touches, "a model that reads the cues of this lake")
    return touches


def _of_renderer(name: str) -> tuple[str, ...]:
    for each in registry.names("renderers"):
        renderer = registry.load("renderers", each)
        if renderer.renderer_id.partition("@")[0] == name:
            touched: tuple[str, ...] = renderer.card.touches
            return touched
    # Nobody here knows it: what measures people is taken to read their bodies.
    return ("biometric",)
