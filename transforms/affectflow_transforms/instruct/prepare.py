"""Lessons as a model takes them: as tokens, told apart, each answer short enough."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affectflow.errors import UsageError
from affectflow.kinds.prompt import Step, is_closed, parser_of
from affectflow_transforms.finetune.licences import stricter
from affectflow_transforms.finetune.splits import Rows, Splits, split
from affectflow_transforms.instruct.lessons import Lessons
from affectflow_transforms.instruct.likelihood import (
    Sequences,
    answer_tokens,
    sequences,
)
from affectflow_transforms.instruct.school import School
from affectflow_transforms.models import trained
from affectflow_transforms.models.generate.generator import Generator

TOO_LONG = "an answer that is longer than the prompt lets it be"


def schooled(
    generator: Generator,
    lessons: Lessons,
    *,
    objective: str,
    options: Mapping[str, Any],
    batch: int,
) -> tuple[Lessons, School]:
    """Returns what is learned, without answers that are too long, and as tokens.

    Args:
      generator: the model.
      lessons: questions and answers.
      objective: with `options` and `batch` as `School` takes them.
      options: of the objective.
      batch: rows of a forward pass.

    Raises:
      UsageError: an answer leaves no room for a question.
    """
    tokens = answer_tokens(generator, [each.target for each in lessons.exchanges])
    others = answer_tokens(generator, lessons.rejected)
    # Steps narrow their labels, so the room is that of the step and its labels.
    rooms = {
        (each.step.name, each.step.labels): each.step for each in lessons.exchanges
    }
    room_of = {key: _room(generator, step) for key, step in rooms.items()}
    longest = [room_of[each.step.name, each.step.labels] for each in lessons.exchanges]
    fits = [
        max(len(tokens[row]), len(others[row]) if others else 0) <= room
        for row, room in enumerate(longest)
    ]
    rows = np.flatnonzero(fits)
    if len(rows) < len(fits):
        lessons.refused[TOO_LONG] += len(fits) - len(rows)
    lessons, places = _some(lessons, rows), rows.tolist()
    messages = [each.request.messages for each in lessons.exchanges]

    def made(answers: Sequence[Any]) -> Sequences:
        kept = [answers[row] for row in places]
        return sequences(generator, messages, kept, [longest[row] for row in places])

    return lessons, School(
        generator=generator,
        taught=made(tokens),
        rejected=made(others) if others else None,
        objective=objective,
        options=options,
        batch=batch,
    )


def _room(generator: Generator, step: Step) -> int:
    """Returns the tokens that an answer to a step may have."""
    if not is_closed(step, parser_of(step)):
        return step.max_new_tokens
    labels = answer_tokens(generator, step.labels)
    return max(step.max_new_tokens, *(len(each) for each in labels))


def _some(lessons: Lessons, rows: Rows) -> Lessons:
    """Returns some rows of what is to be learned."""
    source = lessons.source
    kept = type(source)(
        files=source.files,
        table=source.table.take(rows),
        given=source.given[rows],
    )
    return Lessons(
        exchanges=[lessons.exchanges[row] for row in rows],
        rejected=[lessons.rejected[row] for row in rows] if lessons.rejected else [],
        source=kept,
        refused=lessons.refused,
        licence=lessons.licence,
    )


def split_of(lessons: Lessons, split_by: str) -> Splits:
    """Returns which rows are for what.

    Raises:
      UsageError: a part is empty, a key is on both sides, or all answers are one.
    """
    usable = np.arange(len(lessons.exchanges))
    readings = [each.reading for each in lessons.exchanges]
    splits = split(lessons.source, usable, split_by, readings)
    targets = {lessons.exchanges[row].target for row in splits.learned}
    if len(targets) == 1 and not lessons.rejected:
        raise UsageError(
            f"all {len(splits.learned):,} rows to learn from have the answer "
            f"{next(iter(targets))!r}: give rows with two answers at least"
        )
    return splits


def units_of(lessons: Lessons, splits: Splits) -> list[str]:
    """Returns the key of each row that was held out: what a bootstrap draws."""
    if splits.key == "text":
        return [f"row {lessons.exchanges[row].row}" for row in splits.held_out]
    keys = lessons.source.table.column(splits.key).to_pylist()
    return [str(keys[row] or f"row {row}") for row in splits.held_out]


def licence_of(lessons: Lessons, given: str) -> str:
    """Returns the licence of the texts; empty for that of a lake that is not given."""
    file = lessons.source.files[0]
    return given if file.is_dir() else trained.licence_of(file, given)


def passed_on(of_texts: str, of_labels: str) -> str:
    """Returns the licence of texts and labels, which `stricter` joins."""
    if of_texts and of_labels:
        return stricter(of_texts, of_labels)
    return of_texts or of_labels or "not stated"
