"""Fits the weights of the ranker: all spans of a message compete with one another."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse, special

from affectflow.sources.marked import Marked
from affectflow_transforms.miners.clauses import WORD, Reading
from affectflow_transforms.miners.phrases.emotions import LABELS
from affectflow_transforms.miners.rank.layout import (
    NOTHING,
    Case,
    Columns,
    Layout,
    lay_out,
)
from affectflow_transforms.miners.rank.model import (
    Ranker,
    Values,
    scores,
    shares,
    sizes_of,
)
from affectflow_transforms.miners.rank.tokens import Tokens, Words, tokens_of
from affectflow_transforms.miners.rank.words import group_of

MIN_TEXTS = 4
"""A word gets its own weights if it is in at least this many texts."""
PENALTY = 40.0
ROUNDS = 40
AUTHORED, REAL = 1.0, 1.5
"""How much a message counts: of one that was written for this, and of a real one."""
NEAR, SHARP = 0.6, 0.1
"""Spans with so large a part of the best F1 count as right, the better the more."""
_CALM_LABELS = (
    *("disapproval", "annoyance", "frustration", "curiosity"),
    *("admiration", "joy", "disappointment", "confusion"),
)
"""What calm messages are asked about in turn: models give these where nothing is."""
_ROLES = ("starts", "ends", "inside", "sentences")


@dataclass(frozen=True, eq=False)
class Lesson:
    """A case, what is right, and how much it counts.

    Args:
      spans: causes as code points; none if there is none.
    """

    case: Case
    spans: tuple[tuple[int, int], ...]
    weight: float


def vocabulary_of(messages: Sequence[Marked]) -> dict[str, int]:
    """Returns the numbers of the words that `MIN_TEXTS` texts or more have."""
    counts: Counter[str] = Counter()
    for each in messages:
        counts.update({m.group() for m in WORD.finditer(Reading(each.text).masked)})
    words = sorted(word for word, n in counts.items() if n >= MIN_TEXTS)
    return {word: number for number, word in enumerate(words, 1)}


def lessons(messages: Sequence[Marked], words: Words, *, every: bool) -> list[Lesson]:
    """Returns what is learned from messages, or, without `every`, one lesson of each.

    Emotions of one group have the same cause: the message is asked about each group.
    """
    found = []
    for number, each in enumerate(messages):
        tokens = tokens_of(Reading(each.text), words)
        labels = [label for label in each.emotions if label in LABELS]
        if not tokens.rows or (each.spans and not labels):
            continue
        weight = REAL if each.real else AUTHORED
        groups = {group_of(label): label for label in reversed(labels)}
        asked = list(groups.values()) if every else labels[:1]
        for label in asked:
            case = Case(tokens, label)
            found.append(Lesson(case, each.spans, weight / len(asked)))
        absent = _absent(number, groups) if every or not labels else []
        for label in absent:
            found.append(Lesson(Case(tokens, label), (), weight / len(absent)))
    return found


def _absent(number: int, groups: Collection[int]) -> list[str]:
    """Returns emotions to ask a message about that it does not express."""
    n = len(_CALM_LABELS)
    asked = [_CALM_LABELS[(number + by) % n] for by in (0, 3)]
    return [label for label in asked if group_of(label) not in groups]


def rightness(laid: Layout, learned: Sequence[Lesson]) -> Values:
    """Returns the mean F1 of words of each span with those that are marked."""
    found = np.zeros(len(laid.first))
    for number, lesson in enumerate(learned):
        part = slice(laid.bounds[number], laid.bounds[number + 1])
        first = laid.first[part] - laid.base[number]
        last = laid.last[part] - laid.base[number]
        starts, ends = np.array(lesson.case.tokens.spans).T
        for start, end in lesson.spans:
            marked = (starts < end) & (ends > start)
            upto = np.concatenate([[0], np.cumsum(marked)])
            total = last - first + 1 + marked.sum()
            hits = upto[last + 1] - upto[first]
            found[part] += 2 * hits / total / len(lesson.spans)
    return found


def places(tokens: Tokens, span: tuple[int, int]) -> set[int]:
    """Returns which words a span of the text has."""
    start, end = span
    return {n for n, (a, b) in enumerate(tokens.spans) if a < end and b > start}


def fit(messages: Sequence[Marked]) -> Ranker:
    """Returns the ranker of messages; of the same ones the same."""
    vocabulary = vocabulary_of(messages)
    words = Words(vocabulary)
    learned = lessons(messages, words, every=True)

    def laid_out(chosen: Sequence[Lesson]) -> Layout:
        cases = [lesson.case for lesson in chosen]
        return lay_out(cases, words.told(), len(vocabulary) + 1)

    marked = [lesson for lesson in learned if lesson.spans]
    weights = _Task(laid_out(marked), marked).solve()
    return Ranker(vocabulary, with_absence(laid_out(learned), learned, weights))


def with_absence(laid: Layout, learned: Sequence[Lesson], weights: Values) -> Values:
    """Returns weights with those that say whether there is a cause, fitted last.

    They do not change which span is best.
    """
    spans, _ = scores(laid, weights)
    some = np.logaddexp.reduceat(spans, laid.bounds[:-1])
    features = _of_absence(laid)
    none = np.array([not lesson.spans for lesson in learned])
    weight = np.array([lesson.weight for lesson in learned])

    def loss(moved: Values) -> tuple[float, Values]:
        odds = features @ moved - some
        value = (weight * np.logaddexp(0.0, np.where(none, -odds, odds))).sum()
        slope = features.T @ (weight * (special.expit(odds) - none))
        return value + PENALTY / 2 * (moved @ moved), slope + PENALTY * moved

    start = np.zeros(laid.n_features)
    return np.asarray(weights + _least(loss, start))


def _of_absence(laid: Layout) -> Any:
    """Returns the features of having no cause; shape (cases, features)."""
    sizes = sizes_of(laid)
    case = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(case))
    share = (1 / np.sqrt(sizes))[case]
    summed = sparse.csr_matrix((share, (case, place)), (len(sizes), len(case)))
    return _sparse(laid.cases, laid) + summed @ _sparse(laid.calm, laid)


Loss = Callable[[Values], tuple[float, Values]]


def _least(loss: Loss, start: Values) -> Values:
    """Returns where a loss is least; the weight of nothing stays 0."""
    options = {"maxiter": ROUNDS}
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x)


class _Task:
    """The loss of weights of spans, and its gradient."""

    def __init__(self, laid: Layout, learned: Sequence[Lesson]) -> None:
        self.laid = laid
        self.sizes = np.diff(laid.bounds)
        self.features = {role: _sparse(getattr(laid, role), laid) for role in _ROLES}
        self.target = self._target(rightness(laid, learned))
        # What is marked may be in words that are not read, such as quoted ones.
        told = np.add.reduceat(self.target, laid.bounds[:-1]) > 0
        self.weight = np.array([lesson.weight for lesson in learned]) * told

    def _target(self, right: Values) -> Values:
        first = self.laid.bounds[:-1]
        best = np.repeat(np.maximum.reduceat(right, first), self.sizes)
        near = (right >= NEAR * best) & (right > 0)
        target = np.where(near, np.exp(right / SHARP), 0.0)
        total = np.add.reduceat(target, first)
        return target / np.repeat(np.where(total > 0, total, 1.0), self.sizes)

    def solve(self) -> Values:
        """Returns the weights with the least loss."""
        return _least(self._loss, np.zeros(self.laid.n_features))

    def _loss(self, weights: Values) -> tuple[float, Values]:
        laid, first = self.laid, self.laid.bounds[:-1]
        by_role = {role: self.features[role] @ weights for role in _ROLES}
        inside = np.concatenate([[0.0], np.cumsum(by_role["inside"])])
        spans = by_role["starts"][laid.first] + by_role["ends"][laid.last]
        spans += inside[laid.last + 1] - inside[laid.first]
        spans += by_role["sentences"][laid.sentence]
        spans += sum(weights[codes] for codes in laid.spans)
        chances, _ = shares(laid, spans, np.full(len(first), -np.inf))
        told = np.add.reduceat(self.target * np.log(chances + 1e-12), first)
        value = PENALTY / 2 * (weights @ weights) - (self.weight * told).sum()
        by_span = (chances - self.target) * np.repeat(self.weight, self.sizes)
        slope = self._slope(by_span) + PENALTY * weights
        slope[NOTHING] = 0.0
        return value, slope

    def _slope(self, by_span: Values) -> Values:
        laid, n = self.laid, len(self.laid.says) - 1
        opened = np.bincount(laid.first, by_span, n + 1)
        closed = np.bincount(laid.last + 1, by_span, n + 1)
        by_role = {
            "starts": opened[:n],
            "ends": closed[1:],
            "inside": np.cumsum(opened - closed)[:-1],
            "sentences": np.bincount(laid.sentence, by_span, len(laid.sentences[0])),
        }
        slope = sum(self.features[role].T @ by_role[role] for role in _ROLES)
        for column in laid.spans:
            slope = slope + np.bincount(column, by_span, laid.n_features)
        return np.asarray(slope)


def _sparse(columns: Columns, laid: Layout) -> Any:
    codes = np.stack(columns, axis=1)
    shape = (len(codes), laid.n_features)
    ends = np.arange(0, codes.size + 1, codes.shape[1])
    return sparse.csr_matrix((np.ones(codes.size), codes.ravel(), ends), shape=shape)
