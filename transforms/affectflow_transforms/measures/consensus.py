"""Consensus: what is true where raters differ, and how reliable each rater is.

Dawid and Skene 1979 (Applied Statistics 28(1)): each rater has a probability of each
answer given the truth; truths and probabilities are found together by EM, which begins
with the shares of the answers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.measure import TASKS, Measure, Value
from affectflow.registry import Card

MIN_RATERS = 3
_LEAST = 1e-10
"""Lower bound of probabilities, so that a single answer never rules a truth out."""
_ENOUGH = 1e-12
"""EM ends when the log-likelihood rises by less than this."""

Floats = npt.NDArray[np.float64]


def _column(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


@dataclass(kw_only=True)
class Consensus(Measure):
    """Estimates what is true where raters differ, and how reliable each rater is.

    For each rater: `accuracy`, the probability of a right answer, and `finds X`, the
    probability of the answer X where X is true. For each answer: its `share` among
    truths. With `tell=items`, the likeliest answer to each item and its probability.

    In a lake, people's answers to each label are read; with `raters=annotators` the
    first label of each annotator, of one task and vocabulary.

    Args:
      tell: `raters`, or `items`.
      raters: in a lake, `people` or `annotators`.
      task: in a lake, of the answers.
      steps: of EM, at most.

    Raises:
      UsageError: `tell` or `raters` has no such value, or `steps` is not above 0.
    """

    tell: Literal["raters", "items"] = "raters"
    raters: Literal["people", "annotators"] = "people"
    task: str = "emotion"
    steps: int = 1000

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("item", "what is rated"),
            _column("rater", "who answers"),
            _column("answer", "one of the answers"),
            _column("question", "what is asked; each is fitted separately"),
            _column("unit", "what intervals resample: a conversation"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("item", "rater", "answer")
    refuses: ClassVar[Mapping[str, str]] = {"the answer is empty": "trim(answer) = ''"}
    keys: ClassVar[tuple[str, ...]] = ("unit", "question", "item", "rater", "answer")
    state: ClassVar[str] = """
SELECT unit, question, item, rater, trim(answer) AS answer, count(*) AS n
FROM observations
GROUP BY ALL
"""
    query: ClassVar[str] = """
WITH given AS (
  SELECT a.*, r.kind = 'person' AS by_person
  FROM annotations AS a
  JOIN annotators AS r USING (annotator_id)
  WHERE a.task = $task AND a.label IS NOT NULL
)
SELECT utterance_id AS item, annotator_id AS rater, label AS question,
  CASE WHEN chosen THEN 'yes' ELSE 'no' END AS answer,
  conversation_id AS unit, utterance_id
FROM given WHERE by_person AND $raters = 'people'
UNION ALL BY NAME
SELECT utterance_id AS item, annotator_id AS rater, vocabulary AS question,
  label AS answer, conversation_id AS unit, utterance_id
FROM given
WHERE NOT by_person AND chosen AND coalesce(rank, 1) = 1 AND $raters = 'annotators'
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "task": TASKS,
    }
    wants: ClassVar[str] = (
        "answers of at least three people to the same utterances, or of three "
        "annotators with `--set raters=annotators`"
    )
    card: ClassVar[Card] = Card(
        summary="finds what is true where raters differ, and how reliable each is",
        answers="whom to believe, and what is true, where people or models disagree?",
        example="affectflow measure Consensus answers.csv --set tell=items",
        misleads="raters who share a mistake are taken to be right; a rater "
        "with few items gets 1 as easily as 0; it says nothing about whether the "
        "question has one true answer",
    )

    def __post_init__(self) -> None:
        if self.tell not in ("raters", "items"):
            raise UsageError(f"`tell` must be raters or items, got {self.tell!r}")
        if self.raters not in ("people", "annotators"):
            raise UsageError(
                f"`raters` must be people or annotators, got {self.raters!r}"
            )
        if self.steps < 1:
            raise UsageError(f"`steps` must be at least 1, got {self.steps}")

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the values fitted to the answers to each question."""
        questions = pc.unique(state["question"])
        for question in sorted(questions.to_pylist(), key=lambda q: (q is None, q)):
            same = pc.equal(state["question"], question)
            rows = state.filter(pc.is_null(state["question"]) if not question else same)
            yield from self._values(question or "", _answers(rows))

    def _values(self, question: str, given: "Answers") -> Iterator[Value]:
        if why := _unfit(given):
            name = question or "(all)"
            yield Value("question", name, None, float("nan"), n=given.n, why=why)
            return
        fitted = dawid_skene(given, self.steps)
        if self.tell == "items":
            yield from _items(question, given, fitted)
        else:
            yield from _raters(question, given, fitted)
            yield from _shares(question, given, fitted)


class Answers(NamedTuple):
    """Answers to one question, a row for each; numbers lead to names.

    Attributes:
      items: their names; sorted, as all names are.
      raters: their names.
      answers: the different answers.
      item: of each row.
      rater: of each row.
      answer: of each row.
      weight: of each item: how often it is drawn. An answer that is said twice
        counts once.
    """

    items: list[str]
    raters: list[str]
    answers: list[str]
    item: npt.NDArray[np.int64]
    rater: npt.NDArray[np.int64]
    answer: npt.NDArray[np.int64]
    weight: Floats

    @property
    def n(self) -> int:
        """The number of answers."""
        return len(self.item)


class Fitted(NamedTuple):
    """What EM finds.

    Attributes:
      truth: probability of each answer to be the true one, (items, answers).
      errors: of an answer given the truth, (raters, truths, answers).
      shares: of each answer among truths, (answers,).
    """

    truth: Floats
    errors: Floats
    shares: Floats


def dawid_skene(given: Answers, steps: int = 1000) -> Fitted:
    """Returns truths and errors of raters by EM (Dawid and Skene 1979, eq. 2.3-2.5).

    Args:
      given: answers of raters to items.
      steps: of EM, at most; it ends before when nothing changes any more.
    """
    truth = _shares_of_answers(given)
    before = -np.inf
    for _ in range(steps):
        errors = _errors(given, truth)
        shares = np.average(truth, axis=0, weights=given.weight)
        truth, likelihood = _truth(given, errors, shares)
        if likelihood - before < _ENOUGH:
            break
        before = likelihood
    shares = np.average(truth, axis=0, weights=given.weight)
    return Fitted(truth, _errors(given, truth), shares)


def _shares_of_answers(given: Answers) -> Floats:
    size = (len(given.items), len(given.answers))
    counts = np.zeros(size)
    np.add.at(counts, (given.item, given.answer), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _errors(given: Answers, truth: Floats) -> Floats:
    """Returns the probability of each answer of each rater by truth."""
    counts = np.zeros((len(given.raters), len(given.answers), len(given.answers)))
    weighed = (truth * given.weight[:, None])[given.item]
    np.add.at(counts.transpose(0, 2, 1), (given.rater, given.answer), weighed)
    counts = np.maximum(counts, _LEAST)
    return np.asarray(counts / counts.sum(axis=2, keepdims=True))


def _truth(given: Answers, errors: Floats, shares: Floats) -> tuple[Floats, float]:
    """Returns the probability of each truth, and the log-likelihood of all answers."""
    said = np.log(errors)[given.rater, :, given.answer]
    logs = np.tile(np.log(np.maximum(shares, _LEAST)), (len(given.items), 1))
    np.add.at(logs, given.item, said)
    most = logs.max(axis=1, keepdims=True)
    likely = np.exp(logs - most)
    whole = likely.sum(axis=1, keepdims=True)
    every = (most + np.log(whole))[:, 0] * given.weight
    return likely / whole, float(every.sum())


# -- what is said ----------------------------------------------------------------------


def _answers(rows: pa.Table) -> Answers:
    items, item = _numbered(rows["item"])
    raters, rater = _numbered(rows["rater"])
    answers, answer = _numbered(rows["answer"])
    weight = np.full(len(items), np.inf)
    np.minimum.at(weight, item, np.asarray(rows["n"], dtype=np.float64))
    return Answers(items, raters, answers, item, rater, answer, weight)


def _numbered(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Returns the different names of a column, sorted, and the number of each row's."""
    names = np.asarray(column.to_pylist(), dtype=object)
    different, place = np.unique(names, return_inverse=True)
    return different.tolist(), place.reshape(-1)


def _unfit(given: Answers) -> str:
    """Returns why truths cannot be determined; empty if they can."""
    if len(given.answers) < 2:
        return "all answers are the same"
    if len(given.raters) < MIN_RATERS:
        return (
            f"fewer than {MIN_RATERS} raters: which of them errs cannot be determined"
        )
    together = np.unique(np.stack([given.item, given.rater]), axis=1)[0]
    if np.bincount(together).max() < MIN_RATERS:
        return f"no item has answers of {MIN_RATERS} raters"
    return ""


def _raters(question: str, given: Answers, fitted: Fitted) -> Iterator[Value]:
    weight = given.weight[given.item]
    weighed = fitted.truth[given.item] * weight[:, None]
    answered = np.bincount(given.rater, weight, len(given.raters))
    right = np.bincount(
        given.rater,
        weighed[np.arange(len(given.item)), given.answer],
        len(given.raters),
    )
    true = np.zeros((len(given.raters), len(given.answers)))
    np.add.at(true, given.rater, weighed)
    for number, rater in enumerate(given.raters):
        n = int(answered[number])
        accuracy = float(right[number] / answered[number])
        yield Value("rater", rater, _said(question, "accuracy"), accuracy, n=n)
        for truth, answer in enumerate(given.answers):
            # A rater who rated no item where it is true has no such probability.
            known = true[number, truth] >= 0.5
            value = fitted.errors[number, truth, truth] if known else float("nan")
            label = _said(question, f"finds {answer}")
            n_true, why = round(true[number, truth]), "rated no such item"
            yield Value("rater", rater, label, float(value), n=n_true, why=why)


def _shares(question: str, given: Answers, fitted: Fitted) -> Iterator[Value]:
    for share, answer in zip(fitted.shares.tolist(), given.answers, strict=True):
        yield Value(
            "answer", answer, _said(question, "share"), share, n=len(given.items)
        )


def _items(question: str, given: Answers, fitted: Fitted) -> Iterator[Value]:
    answered = np.bincount(given.item, minlength=len(given.items))
    likeliest = fitted.truth.argmax(axis=1)
    for number, item in enumerate(given.items):
        answer = given.answers[likeliest[number]]
        value = float(fitted.truth[number, likeliest[number]])
        yield Value(
            "item", item, _said(question, answer), value, n=int(answered[number])
        )


def _said(question: str, figure: str) -> str:
    return f"{question}: {figure}" if question else figure
