"""A parser that reads a number of per cent."""

import re

from affectflow.kinds.prompt import Answer, Step
from affectflow.schemas import Status

_PERCENT = re.compile(r"\s*([0-9]{1,3})\s*(?:%|per ?cent\b)", re.ASCII)


def read_percent(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the number of per cent that an answer begins with, as 0 to 1."""
    found = _PERCENT.match(raw)
    if found is None:
        return [Answer(status=Status.UNPARSED)]
    if int(found[1]) > 100:
        return [Answer(status=Status.OUT_OF_VOCABULARY)]
    return [Answer(label=step.name, value=int(found[1]) / 100)]
