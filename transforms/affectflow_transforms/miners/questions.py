"""What an utterance asks, sentence by sentence."""

import re
from typing import NamedTuple

from affectflow_transforms.miners.clauses import Reading, Span
from affectflow_transforms.miners.phrases.courtesies import APPEAL, ASKS

_ASKS, _APPEAL = re.compile(ASKS), re.compile(APPEAL)


class Question(NamedTuple):
    """A clause that asks, and how many words with content it needs to be a cause."""

    span: Span
    least: int


def asked(reading: Reading, number: int) -> Question | None:
    """Returns the question in a sentence; None if there is none, or for help only.

    It begins with a word that asks, or is the last clause.
    """
    sentence = reading.sentences[number]
    if "?" not in sentence.terminator:
        return None
    said = reading.masked[sentence.start : sentence.end].lstrip()
    begins = _ASKS.search(said)
    if begins:
        start = sentence.end - len(said) + begins.start("cause")
    else:
        start = reading.clauses[number][-1].start
    if _APPEAL.match(reading.masked[start : sentence.end]):
        return None
    span = reading.trim(start, sentence.end)
    # After a statement, `Is that normal?` asks in full; `Intentional?` does not.
    return Question(span, 1 if begins and number else 2) if span else None
