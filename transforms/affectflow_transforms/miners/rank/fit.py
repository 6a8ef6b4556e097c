"""Fits the weights of the ranker: all spans of a message compete with one another."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

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
from affectflow_transforms.miners.rank.model import Ranker, Values, shares
from affectflow_transforms.miners.rank.tokens import Tokens, Words, tokens_of
from affectflow_transforms.miners.rank.words import group_of

MIN_TEXTS = 4
"""A word gets its own weights if it is in at least this many texts."""
PENALTY = 20.0
ROUNDS = 60
CALM_WEIGHT = 0.25
"""Of a message without a cause, while spans are learned: that is another task."""
NEAR, SHARP = 0.6, 0.1
"""Spans with so large a part of the best F1 count as right, the better the more."""
_CALM_LABELS = (
    *("disapproval", "annoyance", "frustration", "curiosity"),
    *("admiration", "joy", "disappointment", "confusion"),
)
"""What calm messages are asked about in turn: models give these where nothing is."""
_ROLES = ("starts", "ends", "inside", "sentences", "cases")


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
        if not tokens.rows or bool(labels) != bool(each.spans):
            continue
        if not labels:
            n = len(_CALM_LABELS)
            labels = [_CALM_LABELS[(number + by) % n] for by in (0, 3)]
        groups = {group_of(label): label for label in reversed(labels)}
        asked = list(groups.values()) if every else labels[:1]
        for label in asked:
            found.append(Lesson(Case(tokens, label), each.spans, 1 / len(asked)))
    return found


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
    cases = [lesson.case for lesson in learned]
    task = _Task(lay_out(cases, words.told(), len(vocabulary) + 1), learned)
    weights = task.solve(np.zeros(task.laid.n_features), CALM_WEIGHT)
    # Whether there is a cause is fitted last, and leaves the spans as they are.
    free = np.zeros(len(weights), np.bool_)
    free[np.unique(task.laid.cases)] = True
    return Ranker(vocabulary, task.solve(weights, 1.0, free))


class _Task:
    """The loss of weights, and its gradient."""

    def __init__(self, laid: Layout, learned: Sequence[Lesson]) -> None:
        self.laid = laid
        self.sizes = np.diff(laid.bounds)
        self.features = {role: _sparse(getattr(laid, role), laid) for role in _ROLES}
        self.weight = np.array([lesson.weight for lesson in learned])
        self.calm = np.array([not lesson.spans for lesson in learned])
        self.target = self._target(rightness(laid, learned))

    def _target(self, right: Values) -> Values:
        first = self.laid.bounds[:-1]
        best = np.repeat(np.maximum.reduceat(right, first), self.sizes)
        near = (right >= NEAR * best) & (right > 0)
        target = np.where(near, np.exp(right / SHARP), 0.0)
        total = np.add.reduceat(target, first)
        return target / np.repeat(np.where(total > 0, total, 1.0), self.sizes)

    def solve(
        self, start: Values, calm: float, free: npt.NDArray[np.bool_] | None = None
    ) -> Values:
        """Returns the weights with the least loss; only those that are free move."""
        free = np.ones(len(start), np.bool_) if free is None else free
        free[NOTHING] = False
        weight = np.where(self.calm, calm, 1.0) * self.weight

        def loss(moved: Values) -> tuple[float, Values]:
            weights = np.where(free, moved, start)
            value, slope = self._loss(weights, weight)
            return value, np.where(free, slope, 0.0)

        found = optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}
        )
        return np.where(free, found.x, start)

    def _loss(self, weights: Values, weight: Values) -> tuple[float, Values]:
        laid, first = self.laid, self.laid.bounds[:-1]
        by_role = {role: self.features[role] @ weights for role in _ROLES}
        inside = np.concatenate([[0.0], np.cumsum(by_role["inside"])])
        spans = by_role["starts"][laid.first] + by_role["ends"][laid.last]
        spans += inside[laid.last + 1] - inside[laid.first]
        spans += by_role["sentences"][laid.sentence] + sum(
            weights[codes] for codes in laid.spans
        )
        chances, none = shares(laid, spans, by_role["cases"])
        told = np.add.reduceat(self.target * np.log(chances + 1e-12), first)
        value = -(weight * (told + self.calm * np.log(none + 1e-12))).sum()
        by_span = (chances - self.target) * np.repeat(weight, self.sizes)
        slope = self._slope(by_span, (none - self.calm) * weight) + PENALTY * weights
        return value + PENALTY / 2 * (weights @ weights), slope

    def _slope(self, by_span: Values, by_case: Values) -> Values:
        laid, n = self.laid, len(self.laid.says) - 1
        opened = np.bincount(laid.first, by_span, n + 1)
        closed = np.bincount(laid.last + 1, by_span, n + 1)
        by_role = {
            "starts": opened[:n],
            "ends": closed[1:],
            "inside": np.cumsum(opened - closed)[:-1],
            "sentences": np.bincount(laid.sentence, by_span, len(laid.sentences[0])),
            "cases": by_case,
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
