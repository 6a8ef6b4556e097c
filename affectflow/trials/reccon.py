"""RECCON's figures for causal spans (Ghosal et al. 2021), as published and repaired.

The scorer published with the paper (`eval_qa.py` of declare-lab/RECCON) sorts answers
by
text: equal to what is marked, one inside the other, or neither. Spans that only overlap
count as nothing there, and one full stop more or less is not an exact match. To decide
whether a span of the third kind is empty it looks at the last span of the second, so
F1 of turns without a cause may take them all for empty. Mode `paper`
does the same. `fixed` compares words as SQuAD does, counts overlaps, and takes only
empty spans for empty.
"""

import string
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

import numpy as np

Mode = Literal["paper", "fixed"]
MODES: tuple[Mode, ...] = ("fixed", "paper")
_ARTICLES = frozenset({"a", "an", "the"})
_UNPUNCTUATED = str.maketrans("", "", string.punctuation)


class Answer(NamedTuple):
    """What is marked in a turn and what was found there; empty if nothing is."""

    marked: str
    found: str

    @property
    def is_contained(self) -> bool:
        """Whether one text is in the other; an empty one is in every text."""
        return self.found in self.marked or self.marked in self.found


def figures(answers: Sequence[Answer], mode: Mode) -> Iterator[tuple[str, int, float]]:
    """Yields name, number of answers and value of each figure.

    `EM pos`, `F1 pos` (SQuAD's) and `F1 pos, common run` are of turns with a cause, a
    mean over marked spans; `F1 neg` tells turns with a cause from those without; `F1`
    is the mean over all, where an empty answer is right if nothing is marked. Without
    turns of a kind its figure is NaN.

    Args:
      answers: one for each marked span, and one for each turn without a cause.
      mode: `paper` or `fixed`.
    """
    answers = [Answer(a.marked.strip(), a.found.strip()) for a in answers]
    positive = [each for each in answers if each.marked]
    negative = [float(not each.found) for each in answers if not each.marked]
    # A marked span that is only an article leaves nothing to compare.
    counted = [
        bool(each.found) and (mode == "fixed" or each.is_contained) for each in positive
    ]
    f1 = _kept(map(squad_f1, *_texts(positive)), counted)
    runs = _kept(map(run_f1, *_texts(positive)), counted)
    yield "EM pos", len(positive), _mean([_is_exact(a, mode) for a in positive])
    yield "F1 pos", len(positive), _mean(f1)
    yield "F1 pos, common run", len(positive), _mean(runs)
    yield "F1 neg", len(answers), _f1_neg(positive, sum(negative), len(negative), mode)
    yield "F1", len(answers), _mean([*f1, *negative])


def squad_f1(marked: str, found: str) -> float:
    """Returns SQuAD's F1 of two texts: of words without case, articles, punctuation.

    >>> squad_f1("The build fails again!", "build fails")
    0.8
    """
    left, right = Counter(_squad_words(marked)), Counter(_squad_words(found))
    if not left or not right:
        return float(left == right)
    return 2 * (left & right).total() / (left.total() + right.total())


def run_f1(marked: str, found: str) -> float:
    """Returns F1 of the words in the longest run of characters that both texts have.

    Of equally long runs it is the first.
    """
    same = SequenceMatcher(None, marked, found, autojunk=False).find_longest_match()
    run = len(marked[same.a : same.a + same.size].split())
    total = len(marked.split()) + len(found.split())
    return 2 * run / total if total else 0.0


def _is_exact(answer: Answer, mode: Mode) -> bool:
    if mode == "paper":
        return answer.marked == answer.found
    return bool(answer.found) and (
        _squad_words(answer.marked) == _squad_words(answer.found)
    )


def _squad_words(text: str) -> list[str]:
    words = text.lower().translate(_UNPUNCTUATED).split()
    return [word for word in words if word not in _ARTICLES]


def _texts(answers: Sequence[Answer]) -> tuple[list[str], list[str]]:
    return [each.marked for each in answers], [each.found for each in answers]


def _kept(values: Iterator[float], counted: Sequence[bool]) -> list[float]:
    return [value if kept else 0.0 for value, kept in zip(values, counted, strict=True)]


def _f1_neg(
    positive: Sequence[Answer], right: float, negative: int, mode: Mode
) -> float:
    empty = sum(not each.found for each in positive)
    if mode == "paper":
        empty += _taken_for_empty(positive)
    total = right + negative + empty
    return 2 * right / total if total else float("nan")


def _taken_for_empty(positive: Sequence[Answer]) -> int:
    """Returns how many non-empty answers the published scorer counts as empty."""
    contained = [a for a in positive if a.is_contained and a.marked != a.found]
    apart = sum(not each.is_contained for each in positive)
    return apart if contained and not contained[-1].found else 0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
