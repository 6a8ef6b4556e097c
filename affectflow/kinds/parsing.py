"""The meaning of an answer: read by a parser, and checked so that it adds no label."""

import math
from collections.abc import Iterator

from affectflow.batches.labelling import STORED_FROM
from affectflow.kinds.asking import Completion
from affectflow.kinds.prompt import Answer, Parser, Step
from affectflow.schemas import Status


def chosen(
    step: Step, parser: Parser, completion: Completion, reading: str
) -> Iterator[Answer]:
    """Yields the likeliest label of a closed question, then others that are stored."""
    scored = zip(completion.scores or (), step.labels, strict=True)
    for place, (score, label) in enumerate(sorted(scored, key=lambda both: -both[0])):
        if place == 0 or score >= STORED_FROM:
            yield parsed(step, parser, label, reading)[0]._replace(score=score)


def parsed(step: Step, parser: Parser, raw: str, reading: str) -> list[Answer]:
    """Returns what a parser reads from an answer, with each part checked."""
    answers = parser(raw, step=step, reading=reading)
    unparsed = [Answer(status=Status.UNPARSED)]
    return [_checked(answer, step, reading) for answer in answers or unparsed]


def _checked(answer: Answer, step: Step, reading: str) -> Answer:
    """Returns an answer, or what is wrong with it."""
    is_label = answer.label is not None and answer.text is None
    if answer.status is not Status.OK:
        # Errors about a field or part are reported under its name.
        named = not is_label or answer.label in step.parts
        field = answer.label if named else None
        return Answer(label=field, text=answer.text, status=answer.status)
    if is_label and step.labels and answer.label not in step.labels:
        return Answer(status=Status.OUT_OF_VOCABULARY)
    if not _is_sound(answer):
        return Answer(status=Status.UNPARSED)
    if not _is_placed(answer, reading):
        field = None if is_label else answer.label
        return Answer(label=field, text=answer.text, status=Status.UNALIGNED)
    return answer


def _is_sound(answer: Answer) -> bool:
    value, score = answer.value, answer.score
    return (value is None or math.isfinite(value)) and (
        score is None or 0 <= score <= 1
    )


def _is_placed(answer: Answer, reading: str) -> bool:
    if answer.start is None and answer.end is None:
        return True
    start, end = answer.start or 0, answer.end or 0
    return 0 <= start < end <= len(reading)
