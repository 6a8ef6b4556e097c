"""Spans without a cause: mere thanks, apologies, wishes and judgements."""

import functools
import re
from bisect import bisect_left

from affectflow_transforms.miners.clauses import WORD, Reading, Span
from affectflow_transforms.miners.phrases.connectives import FEELING, VERDICT
from affectflow_transforms.miners.phrases.courtesies import (
    BARE_SORRY,
    BARE_THANKS,
    COURTESY_SORRY,
    DEGREES,
    DONE,
    FIRST_THANKS,
    LAST_THANKS,
    NOT_DONE,
    OWN_DOING,
    SIGN_OFF,
    WISH,
)
from affectflow_transforms.miners.phrases.emotions import FAMILIES, LABELS
from affectflow_transforms.miners.phrases.words import GOOD_NEWS, LIGHT, STOP
from affectflow_transforms.miners.scene import feeling

# More readings than those that are looked at together.
_KEPT = 64

_THANKS, _SIGN_OFF = re.compile(BARE_THANKS), re.compile(SIGN_OFF)
_FIRST_THANKS, _LAST_THANKS = re.compile(FIRST_THANKS), re.compile(LAST_THANKS)
_SORRY = re.compile(BARE_SORRY)
_COURTESY = re.compile(COURTESY_SORRY)
_WISH = re.compile(WISH)
_DONE = re.compile(rf"(?<![\w'])(?:{DONE}|{'|'.join(GOOD_NEWS)})(?![\w'])")
_OWN, _NOT_DONE = re.compile(OWN_DOING), re.compile(NOT_DONE)
_LIGHT = re.compile("|".join(LIGHT))
# A text without any of these is skipped.
_HINTS = (
    *("thank", "thx", "tnx", "cheers", "obliged", "appreciated"),
    *("regards", "greetings", "wishes", "all the best", "take care", "sincerely"),
    *("yours", "sorry", "apolog", "pardon", "oops", "my bad", " love", " like"),
)
_MARKS = re.compile("|".join(_HINTS))
_JUDGED = re.compile(
    "|".join((VERDICT, FEELING, DEGREES, *FAMILIES["liking"], *FAMILIES["displeasure"]))
)


@functools.lru_cache(_KEPT)
def _marks(reading: Reading) -> tuple[int, ...]:
    """Returns where an utterance may thank, apologize or wish."""
    masked = reading.masked
    if not any(hint in masked for hint in _HINTS):
        return ()
    return tuple(mark.start() for mark in _MARKS.finditer(masked))


def _may_be_courtesy(reading: Reading, span: Span) -> bool:
    marks = _marks(reading)
    first = bisect_left(marks, span.start)
    return first < len(marks) and marks[first] < span.end


def is_courtesy(reading: Reading, span: Span, label: str) -> bool:
    """Returns whether a span only thanks, apologizes or, for liking, wishes."""
    if not _may_be_courtesy(reading, span):
        return False
    said = reading.masked[span.start : span.end]
    if any(pattern.match(said) for pattern in (_THANKS, _SIGN_OFF, _SORRY)):
        return True
    first = LABELS[label][0]
    if first in ("sorrow", "displeasure") and _COURTESY.match(said):
        return True
    return first == "liking" and _WISH.search(said) is not None


def says_the_feeling(reading: Reading, span: Span, label: str) -> bool:
    """Returns whether a span judges or says the feeling, and says nothing else."""
    words = WORD.findall(reading.masked, span.start, span.end)
    telling = [word for word in words if len(word) > 1 and word not in STOP]
    heavy = [word for word in telling if not _LIGHT.fullmatch(word)]
    return bool(heavy) and all(_judges(word) or _feels(word, label) for word in heavy)


@functools.lru_cache(4096)
def _judges(word: str) -> bool:
    return _JUDGED.fullmatch(word) is not None


@functools.lru_cache(4096)
def _feels(word: str, label: str) -> bool:
    return feeling(label).fullmatch(word) is not None


@functools.lru_cache(_KEPT)
def thanks_barely(reading: Reading) -> bool:
    """Returns whether an utterance has thanks that do not say what for."""
    return any(
        _may_be_courtesy(reading, span) and _is_bare(reading, span)
        for clauses in reading.clauses
        for span in clauses
    )


def _is_bare(reading: Reading, span: Span) -> bool:
    said = reading.masked[span.start : span.end]
    thanks = (_THANKS.match, _FIRST_THANKS.match, _LAST_THANKS.search)
    return any(is_there(said) for is_there in thanks)


def without_thanks(reading: Reading, span: Span) -> Span | None:
    """Returns a span without the thanks that it begins or ends with; None if bare.

    Thanks that say what for stay.
    """
    if not _may_be_courtesy(reading, span):
        return span
    said = reading.masked[span.start : span.end]
    first = _FIRST_THANKS.match(said)
    start = span.start + (first.end() if first else 0)
    last = _LAST_THANKS.search(reading.masked, start, span.end)
    return reading.trim(start, last.start() if last else span.end)


def says_what_was_done(reading: Reading, span: Span) -> bool:
    """Returns whether a span says what somebody else did."""
    said = reading.masked[span.start : span.end]
    if _OWN.match(said) or _NOT_DONE.match(said):
        return False
    return _DONE.search(said) is not None
