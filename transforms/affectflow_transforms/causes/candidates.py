"""What may be the cause of an emotion within one utterance, with scores."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from affectflow_transforms.causes.clauses import Reading, Sentence, Span
from affectflow_transforms.causes.phrases.connectives import CUT, TURN, WORDINGS
from affectflow_transforms.causes.phrases.emotions import LABELS
from affectflow_transforms.causes.phrases.words import INTENSE, POLITE
from affectflow_transforms.causes.scene import (
    MAX_SENTENCES,
    Scene,
    any_of,
    evidence,
    is_displeasure,
    look,
)
from affectflow_transforms.causes.weights import (
    CONNECTIVES,
    FEATURE,
    LEADING,
    WORDING,
    logistic,
)

MIN_CONTENT_WORDS = 2
SHORT, WHOLE, LONG = 3, 22, 25
# A sentence this long is a table or a dump; wordings are looked for at its start.
MAX_SENTENCE = 600


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may be the cause, and how much speaks for it, 0..1."""

    span: Span
    score: float


_CUT, _TURN = re.compile(CUT), re.compile(TURN)
_INTENSE = any_of(INTENSE)
_POLITE = re.compile(rf"\W*(?:{'|'.join(POLITE)})(?![\w'])")
_ANAPHORIC = re.compile(
    r"\W*(?:(?:oh|wow|yeah|yes|no|well|and|but|hm+|ah),? )*"
    r"(?:that|this|it|those|these|they|what|how|so|sounds?|you|i)\b"
)
_WORDINGS = [(w, re.compile(w.pattern)) for w in WORDINGS]


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
    scene = look(reading, label, in_talk=in_talk)
    candidates = _candidates(scene)
    return max(candidates, key=lambda c: (c.score, -c.span.start), default=None)


def _candidates(scene: Scene) -> Iterator[Candidate]:
    reading = scene.reading
    for number, sentence in enumerate(reading.sentences[:MAX_SENTENCES]):
        if scene.tells(number):
            yield from _worded(scene, number, sentence)
    for number, clause in _parts(reading):
        if not scene.tells(number):
            continue
        span = reading.trim(clause.start, clause.end)
        if span is None:
            continue
        total = _features(scene, number, span)
        if total is not None:
            whole = isinstance(clause, Sentence) and reading.count(span)[0] <= WHOLE
            total += FEATURE["whole"] * whole * (1 - _room(scene) / 2)
            yield Candidate(span, logistic(total))


def _room(scene: Scene) -> float:
    """Returns how little the place of a span tells, 0..1."""
    return scene.calm if is_displeasure(scene.label) else 0.0


def _parts(reading: Reading) -> Iterator[tuple[int, Span]]:
    """Yields clauses and short sentences, each with the number of its sentence."""
    for number, clause in reading.clauses:
        if number < MAX_SENTENCES:
            yield number, clause
    yield from enumerate(reading.sentences[:MAX_SENTENCES])


def _worded(scene: Scene, number: int, sentence: Sentence) -> Iterator[Candidate]:
    """Yields the causes that a wording of this sentence points at."""
    reading = scene.reading
    end_here = min(sentence.end, sentence.start + MAX_SENTENCE)
    masked = reading.masked[sentence.start : end_here].lstrip()
    # Wordings are anchored at the first word.
    first = end_here - len(masked)
    masked = masked.rstrip()
    for name, names_feeling, pattern in _wordings(scene.label):
        match = pattern.search(masked)
        if match is None:
            continue
        start, end = match.span("cause")
        fronted = not masked[: match.start()].strip() and start > 0
        if name in LEADING:
            start = _last_turn(masked, start, end)
        else:
            end = _cut(masked, start, end, fronted and not names_feeling)
        span = reading.trim(first + start, first + end)
        total = _features(scene, number, span) if span else None
        if span is not None and total is not None:
            total += WORDING[name]
            if name in CONNECTIVES:
                near = scene.feels[number]
                total += FEATURE["wording_near" if near else "wording_far"]
            yield Candidate(span, logistic(total))


def _last_turn(sentence: str, start: int, end: int) -> int:
    """Returns where the last clause starts of a cause that precedes its wording."""
    turns = [turn.end() for turn in _TURN.finditer(sentence, start, end)]
    return next((at for at in reversed(turns) if end - at >= 12), start)


def _cut(sentence: str, start: int, end: int, fronted: bool) -> int:
    """Returns where a cause ends: at the next turn of the sentence.

    A fronted clause ("when I update, everything breaks") ends at its comma.
    """
    for cut in _CUT.finditer(sentence, start + 1, end):
        # A bracket that the cause itself opens does not end it.
        if not (cut.group().startswith(")") and "(" in sentence[start : cut.start()]):
            end = cut.start()
            break
    comma = sentence.find(", ", start, end) if fronted else -1
    return comma if comma > 0 else end


def _features(scene: Scene, number: int, span: Span) -> float | None:
    """Returns the sum of a span's features; None if it says too little."""
    reading = scene.reading
    words, content = reading.count(span)
    if content < MIN_CONTENT_WORDS:
        return None
    masked, sentence = reading.masked, reading.sentences[number]
    start, end = span.start, span.end
    total = FEATURE["bias"] + evidence(scene, number, span)
    total += FEATURE["intense"] * bool(_INTENSE.search(masked, start, end))
    total += _tone(scene.label, sentence.terminator)
    total += FEATURE["polite"] * bool(_POLITE.match(masked, start, end))
    total += FEATURE["later_sentence"] * min(number, 8) * (1 - _room(scene) / 2)
    total += FEATURE["first"] * (number == 0) * (1 - _room(scene))
    total += FEATURE["room"] * _room(scene)
    total += FEATURE["short"] * (words < SHORT) + FEATURE["long"] * (words > LONG)
    if scene.in_talk and content <= MIN_CONTENT_WORDS:
        total += FEATURE["anaphoric"] * bool(_ANAPHORIC.match(masked, start, end))
    return total


def _tone(label: str, terminator: str) -> float:
    total = FEATURE["exclaims"] * ("!" in terminator)
    if "?" in terminator:
        wonders = "wonder" in LABELS[label]
        total += FEATURE["question_wonder" if wonders else "question_other"]
    return total
