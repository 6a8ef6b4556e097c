"""A parser that reads how many stars a model gives."""

import re

from affectflow.kinds.prompt import Answer, Step
from affectflow.schemas import Status

_STARS = re.compile(r"\s*([0-9]{1,3})(?:\s*(?:of|/)\s*5)?\s*stars?\b", re.ASCII)


def stars(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Returns the number of stars, 1 to 5, that an answer begins with."""
    found = _STARS.match(raw)
    if found is None:
        return [Answer(status=Status.UNPARSED)]
    number = int(found[1])
    if not 1 <= number <= 5:
        return [Answer(status=Status.OUT_OF_VOCABULARY)]
    return [Answer(label="stars", value=float(number))]
