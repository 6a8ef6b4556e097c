"""Candidates for the cause of an emotion within one utterance, with scores."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from affectflow_transforms.miners.clauses import Reading, Span
from affectflow_transforms.miners.formalities import (
    is_courtesy,
    says_the_feeling,
    says_what_was_done,
    thanks_barely,
)
from affectflow_transforms.miners.grounds import is_grounded
from affectflow_transforms.miners.phrases.connectives import Wording
from affectflow_transforms.miners.phrases.emotions import ASKING, LABELS
from affectflow_transforms.miners.phrases.words import INTENSE, POLITE, STOP
from affectflow_transforms.miners.places import Places, places
from affectflow_transforms.miners.questions import asked
from affectflow_transforms.miners.scene import (
    MAX_SENTENCES,
    Scene,
    any_of,
    evidence,
    feeling,
    is_displeasure,
    is_negative,
    look,
)
from affectflow_transforms.miners.weights import CONNECTIVES, FEATURE, WORDING, logistic

MIN_CONTENT_WORDS = 2
SHORT, BRIEF, LONG = 3, 5, 25


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may be the cause, and the evidence for it, 0..1."""

    span: Span
    score: float


_INTENSE = any_of(INTENSE)
_POLITE = re.compile(rf"\W*(?:{'|'.join(POLITE)})(?![\w'])")
_WORDS = re.compile(r"[^\W\d_](?:[\w'-]*\w)?")
# `Not annoyed at all` does not express annoyance, nor `not happy with it` joy.
_DENIES = re.compile(r"\b(?:not|never|no|\w+n't|without)(?: [\w']+)?(?: [\w']+)? \Z")
_TURNED = re.compile(
    r"\b(?:not|never|\w+n't)(?: (?:very|really|too|so|a|at all|exactly))? (?:happy|glad"
    r"|good|great|nice|fan|helpful|pleased|like|love|enjoy|appreciate|work\w*)\b"
)
_SUPPOSES = re.compile(r"\W*(?:even )?(?:if|unless|in case|assuming|suppose)(?!\w)")
_TURNS = re.compile(r"\b(?:but|however|yet)\b\W*\Z")
_ANAPHORIC = re.compile(
    r"\W*(?:(?:oh|wow|yeah|yes|no|well|and|but|hm+|ah),? )*"
    r"(?:that|this|it|those|these|they|what|how|so|sounds?|you|i)\b"
)


@functools.cache
def _speaks_for(wording: Wording, label: str) -> bool:
    told = LABELS[label][:1] if wording.first else LABELS[label]
    return not wording.families or bool(set(told) & set(wording.families))


def best_cause(
    reading: Reading, label: str, *, in_talk: bool = False, is_scored: bool = False
) -> Candidate | None:
    """Returns the likeliest cause of an emotion among the author's own words.

    Ties go to the first. `in_talk` says that something was said before, so that a mere
    reaction ("that's great") points to it. `is_scored` says that a model chose the
    label: there is no cause if its likeliest clause speaks against the emotion.
    """
    scene = look(reading, label, in_talk=in_talk)
    ranked = sorted(_candidates(scene), key=lambda c: (-c.score, c.span.start))
    telling = (c for c in ranked if not _only_feels(reading, c.span, label))
    best = next(telling, None)
    if best is None or not is_scored or is_grounded(reading, best.span, label):
        return best
    return None


def is_reaction(reading: Reading, span: Span) -> bool:
    """Returns whether a span only refers to what was said before: "that's great"."""
    few = reading.count(span)[1] <= MIN_CONTENT_WORDS
    return few and _ANAPHORIC.match(reading.masked, span.start, span.end) is not None


def _only_feels(reading: Reading, span: Span, label: str) -> bool:
    """Returns whether a span with some content only expresses the feeling.

    One word alone ("Sorry for the mess") may be what it is about.
    """
    some = reading.count(span)[1] >= MIN_CONTENT_WORDS
    return some and says_the_feeling(reading, span, label)


def _candidates(scene: Scene) -> Iterator[Candidate]:
    features = functools.cache(functools.partial(_features, scene))
    numbers = range(len(scene.reading.sentences[:MAX_SENTENCES]))
    told = [(n, places(scene.reading, n)) for n in numbers if scene.tells(n)]
    if scene.label in ASKING and (of_questions := list(_questions(scene, told))):
        yield from of_questions
        return
    for number, of in told:
        for wording, span in of.worded:
            if _speaks_for(wording, scene.label):
                total = features(number, span, wording.least)
                yield from _candidate(span, total, _by_wording(scene, number, wording))
    for number, of in told:
        for span in of.clauses:
            if _may_be_thanked(scene, number, span):
                yield from _candidate(span, features(number, span), 0.0)
    whole = FEATURE["whole"] * (1 - _room(scene) / 2)
    for number, of in told:
        if of.whole is not None and _is_one(scene, number, of):
            total = features(number, of.whole)
            yield from _candidate(of.whole, total, whole * of.is_short)


def _questions(scene: Scene, told: list[tuple[int, Places]]) -> Iterator[Candidate]:
    """Yields what a message asks; nothing if it has no question mark."""
    questions = [(n, asked(scene.reading, n)) for n, _ in told]
    direct = [(n, of.span, 0.0, of.least) for n, of in questions if of is not None]
    indirect = [
        (n, span, WORDING[wording.name], MIN_CONTENT_WORDS)
        for n, of in told
        for wording, span in of.worded
        if wording.name == "puzzle"
    ]
    for number, span, more, least in [*direct, *indirect] if direct else []:
        total = _features(scene, number, span, least)
        yield from _candidate(span, total, more)


def _may_be_thanked(scene: Scene, number: int, span: Span) -> bool:
    """Returns whether a span says what was done, if the thanks do not say what for."""
    if LABELS[scene.label][0] != "thanks" or not thanks_barely(scene.reading):
        return True
    terminator = scene.reading.sentences[number].terminator
    return "?" not in terminator and says_what_was_done(scene.reading, span)


def _is_one(scene: Scene, number: int, of: Places) -> bool:
    """Returns whether a sentence may be one cause: it has no courtesy as a clause."""
    if of.whole is None or not _may_be_thanked(scene, number, of.whole):
        return False
    return len(of.clauses) < 2 or not any(
        is_courtesy(scene.reading, span, scene.label) for span in of.clauses
    )


def _candidate(span: Span, total: float | None, more: float) -> Iterator[Candidate]:
    if total is not None:
        yield Candidate(span, logistic(total + more))


def _by_wording(scene: Scene, number: int, wording: Wording) -> float:
    """Returns how much a wording supports the cause that it points at."""
    if wording.name not in CONNECTIVES:
        return WORDING[wording.name]
    near = scene.feels[number]
    return WORDING[wording.name] + FEATURE["wording_near" if near else "wording_far"]


def _room(scene: Scene) -> float:
    """Returns how uninformative the position of a span is, 0..1."""
    return scene.calm if is_displeasure(scene.label) else 0.0


def _features(
    scene: Scene, number: int, span: Span, least: int = MIN_CONTENT_WORDS
) -> float | None:
    """Returns the sum of a span's features; None if it says too little."""
    reading = scene.reading
    words, content = reading.count(span)
    if content < least or is_courtesy(reading, span, scene.label):
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
    total += _of_feeling(scene, number, span)
    total += _of_logic(scene, span)
    total += _of_length(words)
    total += FEATURE["anaphoric"] * (scene.in_talk and is_reaction(reading, span))
    return total


def _of_length(words: int) -> float:
    short = FEATURE["short"] * (words < SHORT) + FEATURE["brief"] * (words < BRIEF)
    return short + FEATURE["long"] * (words > LONG)


def _of_logic(scene: Scene, span: Span) -> float:
    """Returns what a span says by how it is joined to what precedes it."""
    masked = scene.reading.masked
    supposed = FEATURE["supposed"] * bool(_SUPPOSES.match(masked, span.start, span.end))
    if not is_negative(scene.label):
        return supposed
    before = masked[max(span.start - 12, 0) : span.start]
    return supposed + FEATURE["turns"] * bool(_TURNS.search(before))


def _of_feeling(scene: Scene, number: int, span: Span) -> float:
    """Returns the penalty if a span only expresses the feeling, or denies it."""
    said = scene.reading.masked[span.start : span.end]
    negative = is_negative(scene.label)
    if not negative and _TURNED.search(said):
        return FEATURE["opposed"]
    if not scene.feels[number]:
        return 0.0
    pattern = feeling(scene.label)
    if negative and any(
        _DENIES.search(said, 0, m.start()) for m in pattern.finditer(said)
    ):
        return FEATURE["opposed"]
    rest = _WORDS.findall(pattern.sub(" ", said))
    says_more = any(len(word) > 1 and word not in STOP for word in rest)
    return 0.0 if says_more else FEATURE["says_it"]


def _tone(label: str, terminator: str) -> float:
    total = FEATURE["exclaims"] * ("!" in terminator)
    if "?" in terminator:
        wonders = "wonder" in LABELS[label]
        total += FEATURE["question_wonder" if wonders else "question_other"]
    return total
