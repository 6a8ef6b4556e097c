"""What may be the cause of an emotion within one utterance, with scores."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from affectflow_transforms.causes.clauses import Reading, Sentence, Span
from affectflow_transforms.causes.phrases.connectives import CUT, WORDINGS
from affectflow_transforms.causes.phrases.emotions import FAMILIES, LABELS, NEGATIVE
from affectflow_transforms.causes.phrases.words import (
    GOOD_NEWS,
    INTENSE,
    POLITE,
    TROUBLE,
)
from affectflow_transforms.causes.weights import CONNECTIVES, FEATURE, WORDING, logistic

MIN_CONTENT_WORDS = 2
SHORT, WHOLE, LONG = 3, 22, 25
# Later sentences of a long comment are rarely about the emotion, and cost time.
MAX_SENTENCES = 40
# A sentence this long is a table or a dump; wordings are looked for at its start.
MAX_SENTENCE = 600


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may be the cause, and how much speaks for it, 0..1."""

    span: Span
    score: float


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{'|'.join(phrases)})(?![\w'])")


_CUT = re.compile(CUT)
_TROUBLE = _any_of(TROUBLE)
_GOOD_NEWS = _any_of(GOOD_NEWS)
_INTENSE = _any_of(INTENSE)
_POLITE = re.compile(rf"\W*(?:{'|'.join(POLITE)})(?![\w'])")
_ANAPHORIC = re.compile(
    r"\W*(?:(?:oh|wow|yeah|yes|no|well|and|but|hm+|ah),? )*"
    r"(?:that|this|it|those|these|they|what|how|so|sounds?|you|i)\b"
)
_WORDINGS = [(w, re.compile(w.pattern)) for w in WORDINGS]


@functools.cache
def feeling(label: str) -> re.Pattern[str]:
    """Returns the pattern of the words that express an emotion."""
    words = tuple(word for family in LABELS[label] for word in FAMILIES[family])
    return _any_of(words)


@functools.cache
def is_negative(label: str) -> bool:
    """Returns whether what goes wrong causes this emotion."""
    return LABELS[label][0] in NEGATIVE


def brings_news(reading: Reading, label: str) -> bool:
    """Returns whether an utterance says what such an emotion may answer to."""
    pattern = _TROUBLE if is_negative(label) else _GOOD_NEWS
    return pattern.search(reading.masked) is not None


@functools.cache
def _wordings(label: str) -> list[tuple[str, bool, re.Pattern[str]]]:
    families = set(LABELS[label])
    return [
        (w.name, w.feels, pattern)
        for w, pattern in _WORDINGS
        if not w.families or families & set(w.families)
    ]


def best_cause(
    reading: Reading, label: str, *, in_talk: bool = False
) -> Candidate | None:
    """Returns the likeliest cause of an emotion among the author's own words.

    The first of equals. `in_talk` says that something was said before, so that a
    mere reaction ("that's great") points there.
    """
    candidates = list(_candidates(reading, label, in_talk))
    return max(candidates, key=lambda c: (c.score, -c.span.start), default=None)


def _candidates(reading: Reading, label: str, in_talk: bool) -> Iterator[Candidate]:
    feels = _sentences_that_feel(reading, label)
    for number, sentence in enumerate(reading.sentences[:MAX_SENTENCES]):
        yield from _worded(reading, label, number, sentence, feels)
    for number, clause in _parts(reading):
        span = reading.trim(clause.start, clause.end)
        if span is None:
            continue
        total = _features(reading, label, number, span, feels, in_talk)
        if total is not None:
            whole = isinstance(clause, Sentence) and reading.count(span)[0] <= WHOLE
            yield Candidate(span, logistic(total + FEATURE["whole"] * whole))


def _parts(reading: Reading) -> Iterator[tuple[int, Span]]:
    """Yields clauses and short sentences, each with the number of its sentence."""
    for number, clause in reading.clauses:
        if number < MAX_SENTENCES:
            yield number, clause
    yield from enumerate(reading.sentences[:MAX_SENTENCES])


def _sentences_that_feel(reading: Reading, label: str) -> list[bool]:
    pattern, masked = feeling(label), reading.masked
    return [
        _is_marked(reading, label, sentence)
        or pattern.search(masked, sentence.start, sentence.end) is not None
        for sentence in reading.sentences[:MAX_SENTENCES]
    ]


def _is_marked(reading: Reading, label: str, sentence: Sentence) -> bool:
    """Returns whether a cue expresses the emotion in or right after a sentence."""
    end = sentence.end + len(sentence.terminator) + 2
    return any(sentence.start <= at <= end for at in reading.marks.get(label, ()))


def _worded(
    reading: Reading, label: str, number: int, sentence: Sentence, feels: list[bool]
) -> Iterator[Candidate]:
    """Yields the causes that a wording of this sentence points at."""
    end_here = min(sentence.end, sentence.start + MAX_SENTENCE)
    masked = reading.masked[sentence.start : end_here].rstrip()
    lead = len(masked) - len(masked.lstrip())
    for name, names_feeling, pattern in _wordings(label):
        match = pattern.search(masked, lead)
        if match is None:
            continue
        start, end = match.span("cause")
        fronted = not masked[lead : match.start()].strip() and start > lead
        end = _cut(masked, start, end, fronted and not names_feeling)
        span = reading.trim(sentence.start + start, sentence.start + end)
        if span is None:
            continue
        total = _features(reading, label, number, span, feels, False)
        if total is not None:
            total += WORDING[name]
            if name in CONNECTIVES:
                total += FEATURE["wording_near" if feels[number] else "wording_far"]
            yield Candidate(span, logistic(total))


def _cut(sentence: str, start: int, end: int, fronted: bool) -> int:
    """Returns where a cause ends: at the next turn of the sentence.

    A fronted clause ("when I update, everything breaks") ends at its comma.
    """
    cut = _CUT.search(sentence, start + 1, end)
    end = cut.start() if cut else end
    comma = sentence.find(", ", start, end) if fronted else -1
    return comma if comma > 0 else end


def _features(
    reading: Reading,
    label: str,
    number: int,
    span: Span,
    feels: list[bool],
    in_talk: bool,
) -> float | None:
    """Returns the sum of a span's features; None if it says too little."""
    words, content = reading.count(span)
    if content < MIN_CONTENT_WORDS:
        return None
    masked, sentence = reading.masked, reading.sentences[number]
    start, end = span.start, span.end
    total = FEATURE["bias"] + _nearness(reading, label, number, span, feels)
    if is_negative(label):
        total += FEATURE["trouble"] * bool(_TROUBLE.search(masked, start, end))
    else:
        total += FEATURE["good_news"] * bool(_GOOD_NEWS.search(masked, start, end))
    total += FEATURE["intense"] * bool(_INTENSE.search(masked, start, end))
    total += FEATURE["exclaims"] * ("!" in sentence.terminator)
    if "?" in sentence.terminator:
        wonders = "wonder" in LABELS[label]
        total += FEATURE["question_wonder" if wonders else "question_other"]
    total += FEATURE["polite"] * bool(_POLITE.match(masked, start, end))
    total += FEATURE["later_sentence"] * min(number, 8)
    total += FEATURE["first"] * (number == 0)
    total += FEATURE["short"] * (words < SHORT) + FEATURE["long"] * (words > LONG)
    if in_talk and content <= MIN_CONTENT_WORDS:
        total += FEATURE["anaphoric"] * bool(_ANAPHORIC.match(masked, start, end))
    return total


def _nearness(
    reading: Reading, label: str, number: int, span: Span, feels: list[bool]
) -> float:
    if feels[number]:
        words = feeling(label).search(reading.masked, span.start, span.end)
        here = words or _is_marked(reading, label, reading.sentences[number])
        return FEATURE["feels_here" if here else "feels_sentence"]
    near = feels[max(number - 1, 0) : number + 2]
    return FEATURE["feels_near"] if any(near) else 0.0
