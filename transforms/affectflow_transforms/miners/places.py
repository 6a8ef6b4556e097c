"""Where causes may be in an utterance, whatever the emotion.

An utterance is examined for several emotions, and again as an earlier one, so what does
not depend on the emotion is computed once.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from affectflow_transforms.miners.clauses import Reading, Sentence, Span
from affectflow_transforms.miners.formalities import without_thanks
from affectflow_transforms.miners.phrases.connectives import (
    CUT,
    TURN,
    WORDINGS,
    Wording,
)
from affectflow_transforms.miners.weights import LEADING

# More sentences than those of the utterances that are looked at together.
_KEPT = 1024
# A sentence this long is a table or a dump; wordings are only searched at its start.
MAX_SENTENCE = 600
WHOLE = 22

_CUT, _TURN = re.compile(CUT), re.compile(TURN)
_WORDINGS = [(w, re.compile(w.pattern)) for w in WORDINGS]


@dataclass(frozen=True, slots=True)
class Places:
    """Spans of one sentence, without connectives and punctuation around them.

    Args:
      worded: what its wordings point at.
      clauses: its clauses.
      whole: the sentence itself, or None.
      is_short: the whole sentence is short enough to be one cause.
    """

    worded: tuple[tuple[Wording, Span], ...]
    clauses: tuple[Span, ...]
    whole: Span | None
    is_short: bool


@functools.lru_cache(_KEPT)
def places(reading: Reading, number: int) -> Places:
    """Returns the spans of a sentence of `reading`."""
    sentence = reading.sentences[number]
    clauses = (_bared(reading, clause) for clause in reading.clauses[number])
    whole = _bared(reading, sentence)
    return Places(
        worded=tuple(worded(reading, sentence, _WORDINGS)),
        clauses=tuple(span for span in clauses if span),
        whole=whole,
        is_short=whole is not None and reading.count(whole)[0] <= WHOLE,
    )


def _bared(reading: Reading, span: Span) -> Span | None:
    trimmed = reading.trim(span.start, span.end)
    return trimmed and without_thanks(reading, trimmed)


def worded(
    reading: Reading,
    sentence: Sentence,
    wordings: Iterable[tuple[Wording, re.Pattern[str]]],
    leading: frozenset[str] = LEADING,
) -> Iterator[tuple[Wording, Span]]:
    """Yields the causes that wordings of a sentence point at.

    Args:
      reading: of the utterance.
      sentence: of the reading.
      wordings: each with its compiled pattern.
      leading: names of wordings that follow the cause.
    """
    end_here = min(sentence.end, sentence.start + MAX_SENTENCE)
    masked = reading.masked[sentence.start : end_here].lstrip()
    # Wordings are anchored at the first word.
    first = end_here - len(masked)
    masked = masked.rstrip()
    for wording, pattern in wordings:
        match = pattern.search(masked) if wording.may_be_in(masked) else None
        if match is None:
            continue
        start, end = match.span("cause")
        fronted = not masked[: match.start()].strip() and start > 0
        if wording.name in leading:
            start = _last_turn(masked, start, end)
        else:
            end = _cut(masked, start, end, fronted and not wording.feels)
        span = reading.trim(first + start, first + end)
        if span is not None:
            yield wording, span


def _last_turn(sentence: str, start: int, end: int) -> int:
    """Returns where the last clause starts of a cause that precedes its wording."""
    turns = [turn.end() for turn in _TURN.finditer(sentence, start, end)]
    return next((at for at in reversed(turns) if end - at >= 12), start)


def _cut(sentence: str, start: int, end: int, fronted: bool) -> int:
    """Returns where a cause ends: at the next turn of the sentence.

    A fronted clause ("when I update, everything breaks") ends at its comma.
    """
    for cut in _CUT.finditer(sentence, start + 1, end):
        # A bracket opened within the cause does not end it.
        if not (cut.group().startswith(")") and "(" in sentence[start : cut.start()]):
            end = cut.start()
            break
    comma = sentence.find(", ", start, end) if fronted else -1
    return comma if comma > 0 else end
