"""Whose answers a model reads: resolves `--over`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from affectflow.batches.batch import missing_columns
from affectflow.errors import UsageError
from affectflow.kinds.identity import joined
from affectflow.kinds.model import BatchModelHandler
from affectflow.lake import Lake, naming, open_tables
from affectflow.lake.basis import candidates
from affectflow.schemas import (
    ANNOTATIONS_COLUMN,
    CUES_COLUMN,
    UTTERANCES,
    VECTORS_COLUMN,
)
from affectflow.stages.runs.answers import check_use
from affectflow.steps.annotate import reads_several, takes_over


def with_over(
    lake: Lake,
    model: str,
    options: Mapping[str, Any] | None,
    over: str = "",
    *,
    revision: str = "",
    is_read: bool = True,
) -> dict[str, Any]:
    """Returns a model's options with `over` as the id of an annotator of the lake.

    Args:
      lake: that the model is to answer in.
      model: as `annotate` takes it.
      options: of the model; `over` may be among them.
      over: as `annotate` takes it; short for the option. Several annotators have commas
        between them; in whatever order they are named, it is the same option.
      revision: of a hub id.
      is_read: the model itself reads the answers; otherwise they only decide whether
        it is asked.

    Raises:
      UsageError: the model does not read answers, `over` is given twice, or it
        matches no annotator of the lake, or several, or it names several and the model
        reads those of one.
    """
    given = dict(options or {})
    said = {each for each in (over, given.pop("over", "")) if each}
    if not said:
        return given
    if len(said) > 1:
        raise UsageError(f"`over` is given twice, as {' and '.join(sorted(said))}")
    if not takes_over(model, revision, given):
        if not is_read:
            return given
        raise UsageError(
            f"model {model!r} does not read another annotator's answers; leave out "
            "--over, or give --only-below, the score above which the model is not "
            f"asked{_and_unknown(lake, said.pop())}"
        )
    word, several = said.pop(), reads_several(model, revision, given)
    words = word.split(",") if several else [word]
    if not several:
        _check_one(lake, model, word)
    ids = [annotator_meant(lake, each.strip()) for each in words]
    _check_told_apart(ids)
    return {**given, "over": joined(ids)}


def _check_one(lake: Lake, model: str, word: str) -> None:
    """Raises UsageError if a word names several annotators, not one with a comma."""
    words = [each.strip() for each in word.split(",")]
    if len(words) > 1 and not any(each.startswith(word) for each in _there(lake)):
        raise UsageError(
            f"model {model!r} reads the answers of one annotator, but --over names "
            f"{len(words)}, {' and '.join(map(repr, words))}: name one of them"
        )


def _check_told_apart(ids: Sequence[str]) -> None:
    """Raises UsageError if one of several ids contains a comma."""
    for each in ids:
        if len(ids) > 1 and "," in each:
            raise UsageError(
                f"--over names {len(ids)} annotators, and the id {each!r} contains a "
                "comma, so it cannot be one of several: leave it out"
            )


def _and_unknown(lake: Lake, over: str) -> str:
    """Returns what else is wrong with `over`; empty if it means an annotator."""
    try:
        annotator_meant(lake, over)
    except UsageError as error:
        return f"; and {error}"
    return ""


def annotator_meant(lake: Lake, over: str) -> str:
    """Returns the annotator of a lake that a text means: its id, or the start of it.

    Raises:
      UsageError: it is empty, or matches none or several, or one whose answers may not
        be read with the purpose and context given.
    """
    if not over:
        raise UsageError(
            "--only-below asks the model only where another annotator is not sure: "
            "name that annotator with --over"
        )
    there = _there(lake)
    with open_tables(lake.uri) as connection:
        found = naming.annotator_meant(connection, over, there)
    check_use(lake, found)
    return found


def check_handler(lake: Lake, model: str, handler: BatchModelHandler[Any]) -> None:
    """Raises UsageError if a model reads columns that a part of a lake does not have.

    Also raises it if the model reads answers and no annotator was named.
    """
    held = pa.schema([*UTTERANCES, CUES_COLUMN, ANNOTATIONS_COLUMN, VECTORS_COLUMN])
    if handler.reads_answers and not handler.over:
        raise _whose_answers(lake, model, handler.answers_read)
    if lacking := missing_columns(held, handler.columns_required):
        raise UsageError(
            f"{model!r} reads {', '.join(field.name for field in lacking)}, which the "
            "utterances of a lake do not have: put it into a pipeline, after the step "
            "that provides it"
        )


def _whose_answers(lake: Lake, model: str, tables: Sequence[str]) -> UsageError:
    """Returns the error of a model that reads answers if no annotator was named."""
    return UsageError(
        f"{model!r} reads another annotator's {' and '.join(tables)}: name it with "
        f"--over; this lake has those of {', '.join(_there(lake, tables))}"
    )


def _there(lake: Lake, tables: Sequence[str] = ("annotations", "vectors")) -> list[str]:
    """Returns who has answered in a lake; people are not among them.

    People's answers check annotators; no model reads them.
    """
    found: list[str] = []
    with open_tables(lake.uri) as connection:
        if "annotations" in tables:
            there = candidates(connection)
            found += [each.annotator_id for each in there if not each.is_person]
        if "vectors" in tables:
            query = "SELECT DISTINCT annotator_id FROM vectors ORDER BY 1"
            found += [row[0] for row in connection.sql(query).fetchall()]
    found = list(dict.fromkeys(found))
    if not found:
        raise UsageError(
            f"nothing is annotated in {lake.uri!r} yet, so there are no answers to "
            f"read: first run `affectflow annotate {lake.uri}`"
        )
    return found
