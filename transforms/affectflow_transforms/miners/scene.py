"""Evidence for an emotion in an utterance, sentence by sentence.

A short utterance is about the emotion as a whole. In a long comment most sentences are
about something else: there a cause must stand near the emotion, or state a problem.
"""

import functools
import re
from dataclasses import dataclass

from affectflow_transforms.miners.clauses import Reading, Sentence, Span
from affectflow_transforms.miners.phrases.complaints import (
    BLAME,
    CONCEDED,
    DENIED,
    JUDGED,
    META,
    PROBLEM,
    STRONG,
)
from affectflow_transforms.miners.phrases.emotions import (
    FAMILIES,
    LABELS,
    NAMES,
    NEGATIVE,
)
from affectflow_transforms.miners.phrases.words import GOOD_NEWS, TROUBLE
from affectflow_transforms.miners.weights import FEATURE

# Later sentences of a long comment are rarely about the emotion, and take time.
MAX_SENTENCES = 40
# From so many words on a comment may be about something else; from so many, it is.
_SHORT, _LONG = 30, 80
# More readings than those that are looked at together.
_KEPT = 64
# A concession stands so near to what it concedes; the bound keeps the cost linear.
_CONCESSION = 60
# Even a short comment may be calm.
_LEAST_CALM = 0.25


def any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Returns the pattern of any of these phrases as whole words."""
    return re.compile(rf"(?<![\w'])(?:{'|'.join(phrases)})(?![\w'])")


_TROUBLE, _GOOD_NEWS = any_of(TROUBLE), any_of(GOOD_NEWS)
_PROBLEM, _BLAME, _STRONG = any_of(PROBLEM), any_of(BLAME), any_of(STRONG)
_DENIED, _CONCEDED = any_of(DENIED), re.compile(CONCEDED)
_META = re.compile(rf"\W*(?:{'|'.join(META)})(?![\w'])")
_JUDGED = re.compile(JUDGED)
_THANKS = any_of((NAMES["thanks"],))


@functools.cache
def feeling(label: str) -> re.Pattern[str]:
    """Returns the pattern of the words that express an emotion."""
    return any_of(tuple(word for family in LABELS[label] for word in FAMILIES[family]))


@functools.cache
def _naming(label: str) -> re.Pattern[str] | None:
    """Returns the pattern of the words that name an emotion, if there is one."""
    words = NAMES.get(LABELS[label][0])
    return any_of((words,)) if words else None


@functools.cache
def is_negative(label: str) -> bool:
    """Returns whether what goes wrong causes this emotion."""
    return LABELS[label][0] in NEGATIVE


@functools.cache
def is_displeasure(label: str) -> bool:
    """Returns whether this emotion makes people complain."""
    return LABELS[label][0] == "displeasure"


def brings_news(reading: Reading, label: str) -> bool:
    """Returns whether an utterance says what such an emotion may answer to."""
    pattern = _TROUBLE if is_negative(label) else _GOOD_NEWS
    return pattern.search(reading.masked) is not None


@dataclass(frozen=True, slots=True)
class Scene:
    """An utterance, as one looks for the cause of one emotion in it.

    Args:
      reading: the utterance.
      label: the emotion.
      in_talk: something was said before.
      feels: for each sentence, whether it expresses the emotion.
      names: sentences that name the emotion in so many words.
      states: for each sentence, whether it may state a problem or blame somebody;
        asked for displeasure alone.
      strong: sentences that say displeasure outright.
      judged: sentences that the next one judges ("That is really annoying").
      calm: 0..1, how much room there is for what is not about the emotion.
    """

    reading: Reading
    label: str
    in_talk: bool
    feels: list[bool]
    names: frozenset[int]
    states: tuple[bool, ...]
    strong: frozenset[int]
    judged: frozenset[int]
    calm: float

    def tells(self, number: int) -> bool:
        """Returns whether a sentence may hold the cause at all.

        In a long comment a calm sentence among calm sentences does not.
        """
        if self.calm < 1 or not is_displeasure(self.label):
            return True
        near = slice(max(number - 1, 0), number + 2)
        return self.states[number] or any(self.feels[near])


def look(reading: Reading, label: str, *, in_talk: bool) -> Scene:
    """Returns the scene of an utterance."""
    sentences = reading.sentences[:MAX_SENTENCES]
    pattern, masked = feeling(label), reading.masked
    feels = [
        is_marked(reading, label, sentence)
        or pattern.search(masked, sentence.start, sentence.end) is not None
        for sentence in sentences
    ]
    complaints = _CALM
    if is_displeasure(label):
        complaints = _complaints(reading)
    names = _named(reading, label)
    return Scene(reading, label, in_talk, feels, names, *complaints, room(reading))


def _named(reading: Reading, label: str) -> frozenset[int]:
    pattern = _naming(label)
    if pattern is None or not pattern.search(reading.masked):
        return frozenset()
    sentences = enumerate(reading.sentences[:MAX_SENTENCES])
    return frozenset(
        n for n, s in sentences if pattern.search(reading.masked, s.start, s.end)
    )


_Complaints = tuple[tuple[bool, ...], frozenset[int], frozenset[int]]
_CALM: _Complaints = (False,) * MAX_SENTENCES, frozenset(), frozenset()


@functools.lru_cache(_KEPT)
def _complaints(reading: Reading) -> _Complaints:
    """Returns `states`, `strong` and `judged` of a scene of displeasure."""
    sentences, masked = reading.sentences[:MAX_SENTENCES], reading.masked
    states = tuple(_states(masked, s.start, s.end) for s in sentences)
    strong = [n for n, s in enumerate(sentences) if _is_strong(masked, s)]
    judged = [n - 1 for n in strong if n and _judges(masked, sentences[n])]
    return states, frozenset(strong), frozenset(judged)


@functools.lru_cache(_KEPT)
def room(reading: Reading) -> float:
    """Returns how much room a reading has for what is not about the emotion, 0..1."""
    words = reading.count(Span(0, len(reading.masked)))[0]
    return min(max((words - _SHORT) / (_LONG - _SHORT), 0.0), 1.0)


def is_marked(reading: Reading, label: str, sentence: Sentence) -> bool:
    """Returns whether a cue expresses the emotion in or right after a sentence."""
    end = sentence.end + len(sentence.terminator) + 2
    return any(sentence.start <= at <= end for at in reading.marks.get(label, ()))


def _is_strong(masked: str, sentence: Sentence) -> bool:
    word = _STRONG.search(masked, sentence.start, sentence.end)
    return word is not None and not _is_conceded(masked, sentence.start, word.start())


def _is_conceded(masked: str, start: int, end: int) -> bool:
    return _CONCEDED.search(masked, start, end) is not None


def _states(masked: str, start: int, end: int) -> bool:
    """Returns whether words state a problem, or blame somebody."""
    problem = _PROBLEM.search(masked, start, end)
    return (problem or _BLAME.search(masked, start, end)) is not None


def _judges(masked: str, sentence: Sentence) -> bool:
    return _JUDGED.match(masked, sentence.start, sentence.end) is not None


def evidence(scene: Scene, number: int, span: Span) -> float:
    """Returns what nearness and content of a span say for its being the cause."""
    total = _nearness(scene, number, span)
    if scene.names and number not in scene.names:
        total += _named_elsewhere(scene, number)
    masked, start, end = scene.reading.masked, span.start, span.end
    if not is_negative(scene.label):
        return total + FEATURE["good_news"] * bool(
            _GOOD_NEWS.search(masked, start, end)
        )
    trouble = FEATURE["trouble"] * bool(_TROUBLE.search(masked, start, end))
    if not is_displeasure(scene.label):
        return total + trouble
    return total + _complaint(scene, number, span, trouble)


def _named_elsewhere(scene: Scene, number: int) -> float:
    """Returns the penalty of a sentence if only others name the emotion."""
    sentence, masked = scene.reading.sentences[number], scene.reading.masked
    thanks = LABELS[scene.label][0] != "thanks" and _THANKS.search(
        masked, sentence.start, sentence.end
    )
    return FEATURE["named_elsewhere"] + FEATURE["thanked"] * bool(thanks)


def _complaint(scene: Scene, number: int, span: Span, trouble: float) -> float:
    """Returns how much a span sounds like a complaint, for a displeasure."""
    masked, start, end = scene.reading.masked, span.start, span.end
    sentence = scene.reading.sentences[number]
    problem = scene.states[number] and _states(masked, start, end)
    blame = problem and _BLAME.search(masked, start, end) is not None
    denied = _DENIED.search(masked, start, end) is not None
    states = problem and not denied
    total = FEATURE["trouble"] if states else trouble * (1 - 0.7 * scene.calm)
    total += FEATURE["blame"] * blame + FEATURE["denied"] * denied
    if _META.match(masked, start, end):
        total += FEATURE["meta"] * (0.4 + 0.6 * scene.calm)
    before = max(sentence.start, start - _CONCESSION)
    if _is_conceded(masked, before, end) and _STRONG.search(masked, start, end):
        total += FEATURE["conceded"]
    near = number in scene.strong or number in scene.judged
    if not states and not near:
        total += FEATURE["calm"] * max(scene.calm, _LEAST_CALM)
    return total


def _nearness(scene: Scene, number: int, span: Span) -> float:
    total = FEATURE["judged"] * (number in scene.judged)
    total += FEATURE["judges"] * (number - 1 in scene.judged)
    if scene.strong and number not in scene.judged:
        total += _from_strong(scene, number) * scene.calm
    if scene.feels[number]:
        reading = scene.reading
        words = feeling(scene.label).search(reading.masked, span.start, span.end)
        here = words or is_marked(reading, scene.label, reading.sentences[number])
        return total + FEATURE["feels_here" if here else "feels_sentence"]
    near = scene.feels[max(number - 1, 0) : number + 2]
    return total + FEATURE["feels_near"] * any(near)


def _from_strong(scene: Scene, number: int) -> float:
    if number in scene.strong:
        return FEATURE["outright"]
    beside = number + 1 in scene.strong or number - 1 in scene.strong
    return FEATURE["beside" if beside else "elsewhere"]
