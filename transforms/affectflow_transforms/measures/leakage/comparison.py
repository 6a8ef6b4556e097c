"""Figures for the two sides of a corpus, alone and against each other."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from affectflow.batches.bootstrap import MIN_UNITS, Interval, bootstrap
from affectflow.kinds.measure import Value
from affectflow_transforms.measures.leakage.corpus import Corpus, Floats, Ints
from affectflow_transforms.measures.leakage.figures import Figure, figures_for
from affectflow_transforms.measures.leakage.learners import (
    Counts,
    Learner,
    out_of_fold,
    shuffled,
    terms_of,
)
from affectflow_transforms.measures.leakage.prompts import (
    NO_PLACES,
    Phrase,
    concentration,
    prompts_of,
    turns_with,
)

WITHOUT = "_without_prompts"
_PERCENTILES = (2.5, 97.5)


class Plan(NamedTuple):
    """How sides are compared.

    Attributes:
      learner: that is fitted to each.
      permutations: how often labels are shuffled.
      prompts: at most so many phrases are listed, and left out in each fold.
      draws: of conversations, for intervals.
    """

    learner: Learner
    permutations: int
    prompts: int
    draws: int


class Comparison:
    """Compares two sides: the other, and the subject.

    Args:
      corpus: items in which both speak.
      plan: how they are compared.
    """

    def __init__(self, corpus: Corpus, plan: Plan):
        self._corpus, self._plan = corpus, plan
        self._n = len(corpus.truth)
        self._figures = figures_for(len(corpus.labels))
        self._terms = [terms_of(side, self._n) for side in corpus.sides]
        self._other = corpus.sides[0]
        self._name = " - ".join(side.role for side in corpus.sides)
        units = len(np.unique(corpus.units))
        self._too_few = bool(plan.draws) and units < MIN_UNITS

    def values(self) -> Iterator[Value]:
        """Yields figures of the sides, their gap, and the other side's prompts."""
        other, subject = (self._scores(self._counts(n)) for n in (0, 1))
        yield from self._role(0, other)
        yield from self._role(1, subject)
        yield from self._gap(other, subject)
        # Without places, turns cannot be told apart, and none can be left out.
        if np.isnan(self._other.position).all():
            for name in self._figures:
                label = name + WITHOUT
                yield Value("gap", self._name, label, math.nan, why=NO_PLACES)
        else:
            masked = self._scores(self._counts_without_prompts)
            yield from self._gap(masked, subject, WITHOUT)
        everything = np.arange(self._n)
        for each in prompts_of(
            self._other, self._corpus, everything, self._plan.prompts
        ):
            yield from self._prompt(each)

    # -- scores ------------------------------------------------------------------------

    def _scores(self, counts: Counts) -> Floats:
        truths = [self._corpus.truth]
        return out_of_fold(counts, truths, self._corpus, self._plan.learner)[0]

    def _counts(self, side: int) -> Counts:
        """Returns the counts of a side: the same, whatever the fold."""
        counts = self._corpus.sides[side].counts(self._n)[:, self._terms[side]]
        return lambda fold: counts

    def _counts_without_prompts(self, fold: int) -> sparse.csr_matrix:
        """Returns the counts of the other side without turns that tell the label.

        They are found in the other folds: what a fold itself says of them is not
        looked at.
        """
        seen = np.flatnonzero(self._corpus.folds != fold)
        found = prompts_of(self._other, self._corpus, seen, self._plan.prompts)
        left_out = turns_with(self._other, found)
        return self._other.counts(self._n, left_out)[:, self._terms[0]]

    # -- values ------------------------------------------------------------------------

    def _role(self, side: int, scores: Floats) -> Iterator[Value]:
        role, truth = self._corpus.sides[side].role, self._corpus.truth
        by_chance = self._shuffled(side)
        for name, figure in self._figures.items():
            found = self._interval(_of(figure, truth, scores))
            yield self._value("role", role, name, found)
            low, high = np.percentile(by_chance[name], _PERCENTILES).tolist()
            mean = float(np.mean(by_chance[name]))
            yield Value("role", role, f"{name}_permuted", mean, low, high, n=self._n)
        place, why = concentration(self._corpus.sides[side], self._corpus)
        yield Value("role", role, "concentration", place, n=self._n, why=why)

    def _shuffled(self, side: int) -> dict[str, list[float]]:
        """Returns the figures of a side where labels were shuffled."""
        once, corpus = np.ones((1, self._n)), self._corpus
        truths = [shuffled(corpus.truth, n) for n in range(self._plan.permutations)]
        scores = out_of_fold(self._counts(side), truths, corpus, self._plan.learner)
        return {
            name: [
                float(figure(truth, own, once)[0])
                for truth, own in zip(truths, scores, strict=True)
            ]
            for name, figure in self._figures.items()
        }

    def _gap(self, other: Floats, subject: Floats, suffix: str = "") -> Iterator[Value]:
        truth = self._corpus.truth
        for name, figure in self._figures.items():
            first, second = (_of(figure, truth, each) for each in (other, subject))
            found = self._interval(_less(first, second))
            yield self._value("gap", self._name, name + suffix, found)

    def _interval(self, statistic: "_Statistic") -> Interval:
        if self._plan.draws and not self._too_few:
            return bootstrap(self._corpus.units, statistic, draws=self._plan.draws)
        value = float(statistic(np.ones((1, self._n)))[0])
        return Interval(value, math.nan, math.nan)

    def _value(self, kind: str, name: str, label: str, found: Interval) -> Value:
        why = f"no interval: fewer than {MIN_UNITS} units" if self._too_few else ""
        return Value(kind, name, label, *found, n=self._n, why=why)

    def _prompt(self, phrase: Phrase) -> Iterator[Value]:
        said, label = self._other.terms[phrase.term], self._corpus.labels[phrase.label]
        yield Value("prompt", said, label, phrase.log_odds, n=phrase.n)
        if not math.isnan(phrase.position):
            yield Value("position", said, label, phrase.position, n=phrase.n)


_Statistic = Callable[[Floats], Floats]


def _of(figure: Figure, truth: Ints, scores: Floats) -> _Statistic:
    return lambda weights: figure(truth, scores, weights)


def _less(first: _Statistic, second: _Statistic) -> _Statistic:
    return lambda weights: first(weights) - second(weights)
