"""Parsers of numbers: a score, a step of a scale, the fields of a JSON object."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from affectflow.kinds.prompt import Answer, Step, written_by
from affectflow.schemas import Status
from affectflow_transforms.parsers.wording import (
    label_of_number,
    part,
    said,
    without,
)
from affectflow_transforms.parsers.writing import json_fields, number

_NUMBER = re.compile(r"(?<![\w.])[-+\u2212]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LEADING = re.compile(r"""[\s>"'(\[*]*([-+\u2212]?\d{1,9})(?![\d.,]*\d|[%/])""")
_LARGEST = 1e9
_OBJECTS = 32
"""Places where a JSON object may begin that are tried, so that `{{{{` costs nothing."""


@written_by(number)
def score(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the first number of an answer, from `low` to `high` (0 to 1)."""
    words = said(raw)
    found = _NUMBER.search(words)
    if not found:
        return [_nothing(words)]
    return [_ranged(label_of_number(step), _number(found[0]), step.options)]


@written_by(number)
def ordinal(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the whole number that an answer begins with, from `low` to `high`.

    The words after it do not count: a gloss may say another thing than the number.
    """
    words = said(raw)
    found = _LEADING.match(words)
    if not found:
        return [_nothing(words)]
    return [_ranged(label_of_number(step), _number(found[1]), step.options)]


def _number(digits: str) -> float:
    return float(digits.replace("\u2212", "-"))


def _nothing(words: str) -> Answer:
    return Answer(status=Status.UNPARSED if words else Status.EMPTY)


def _ranged(name: str | None, value: float, options: Mapping[str, Any]) -> Answer:
    low, high = options.get("low", 0), options.get("high", 1)
    if low <= value <= high:
        return Answer(name, value=value)
    return Answer(status=Status.OUT_OF_RANGE)


# -- JSON ------------------------------------------------------------------------------


@written_by(json_fields)
def fields(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the fields of a JSON object: whole numbers from `low` to `high`, or texts.

    `options.parts` names all; those of `options.texts` are texts, the others numbers.
    The part that `options.total` names is their sum, if all are there, and the one that
    `options.at_least` names says whether it reaches `options.cut`: what the model adds
    up itself is not read.
    """
    words, options = said(raw), step.options
    found = next(_objects(words), None)
    if found is None:
        return [_nothing(words)]
    texts = tuple(options.get("texts", ()))
    other = {*texts, options.get("total"), options.get("at_least")}
    names = [name for name in step.parts if name not in other]
    numbers = [_field(step, name, found) for name in names]
    told = [_text(step, name, found) for name in texts]
    answers = [*numbers, *_total(step, numbers), *told]
    return answers or [Answer(status=Status.UNPARSED)]


def _objects(words: str) -> Iterator[dict[str, Any]]:
    decoder, start = json.JSONDecoder(strict=False), -1
    for _ in range(_OBJECTS):
        start = words.find("{", start + 1)
        if start < 0:
            return
        try:
            found, _ = decoder.raw_decode(words, start)
        except (ValueError, RecursionError):  # no object begins here
            continue
        yield found


def _field(step: Step, name: str, found: Mapping[str, Any]) -> Answer:
    value = _whole(found.get(name))
    if value is None:
        return without(step, name, Status.UNPARSED)
    answer = _ranged(name, value, step.options)
    return without(step, name, answer.status) if answer.status else answer


def _whole(value: Any) -> float | None:
    if isinstance(value, str):
        digits = _LEADING.fullmatch(value.strip())
        return _number(digits[1]) if digits else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared first: an integer of 400 digits is not a float.
    return float(value) if abs(value) <= _LARGEST and value == int(value) else None


def _text(step: Step, name: str, found: Mapping[str, Any]) -> Answer:
    value = found.get(name)
    return part(step, name, value.strip() if isinstance(value, str) else "")


def _total(step: Step, numbers: list[Answer]) -> Iterator[Answer]:
    """Yields what follows from the numbers; nothing of it if one of them is missing."""
    options = step.options
    known = [number.value for number in numbers if number.value is not None]
    total = sum(known)
    reached = float(total >= options.get("cut", 0))
    for key, value in (("total", total), ("at_least", reached)):
        if not (name := options.get(key)):
            continue
        if len(known) == len(numbers):
            yield Answer(name, value=value)
        else:
            yield without(step, name, Status.UNPARSED)
