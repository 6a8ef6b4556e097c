"""Exchanges that a model can learn: what a prompt asks, and what is to be answered.

Questions are rendered, and answers read, by the code that asks a model: what is learned
is what `annotate` asks, byte for byte.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from affectflow.errors import RowError, UsageError
from affectflow.kinds.answering import Steps
from affectflow.kinds.asker import Asker
from affectflow.kinds.asking import Completion, Outcome, Request
from affectflow.kinds.parsing import parsed
from affectflow.kinds.prompt import Answer, Step, parser_of, writer_of
from affectflow.kinds.questions import Question
from affectflow.schemas import Status

Known = Callable[[int, Step], Sequence[Answer] | str | None]
"""What is known of a row as the answer to a step: answers, the words of one, or None.

Words are read by the parser of the step.
"""
_HALF_A_DIGIT = 0.0005 + 1e-9
"""Numbers are written with three decimals."""
_TOLD = (Status.OK, Status.ABSTAINED)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A question as a model is asked it, and the answer that it is to give.

    Args:
      row: of the batch, where the answer is.
      step: of the prompt, with the labels that it has of this row.
      request: what is asked.
      reading: the text that it is asked about.
      target: the answer in words.
      answers: what the parser reads in them.
    """

    row: int
    step: Step
    request: Request
    reading: str
    target: str
    answers: tuple[Answer, ...]


def check_writers(steps: Sequence[Step]) -> None:
    """Raises UsageError if labels of a step cannot be turned into words."""
    for step in steps:
        if writer_of(parser_of(step)) is None:
            raise UsageError(
                f"step {step.name!r} is read by the parser {step.parser!r}, which does "
                "not say how answers are written: give the answers as words, in a "
                "file, or mark the parser with `affectflow.kinds.prompt.written_by`"
            )


def exchanges(
    asker: Asker[Any], batch: pa.RecordBatch, known: Known, refused: Counter[str]
) -> list[Exchange]:
    """Returns what a model can learn of the rows of a batch, step by step.

    Steps whose answer is not known are not learned, nor those that show them. An answer
    is kept if its step's parser reads it back.

    Args:
      asker: whose prompt is asked; no model is loaded.
      batch: utterances, as `asker` reads them.
      known: the answers.
      refused: counts what is known and cannot be learned, by reason.
    """
    found: list[Exchange] = []
    for question in asker.questions(batch):
        has_any = any(known(question.row, step) for step in asker.asked.steps)
        if question.status is Status.OK:
            oracle = _Oracle(asker, question, known, refused)
            Steps(asker.asked, asker.decode).ask([question], oracle.ask)
            found += oracle.found
        elif has_any:
            refused[question.status.word] += 1
    return found


class _Oracle:
    """Answers each step of one question with what is known."""

    def __init__(
        self,
        asker: Asker[Any],
        question: Question,
        known: Known,
        refused: Counter[str],
    ):
        self.found: list[Exchange] = []
        self._question, self._known, self._refused = question, known, refused
        self._steps = iter(asker.asked.steps)
        self._blank: set[str] = set()

    def ask(
        self, requests: Sequence[Request], shows: Sequence[Sequence[int]]
    ) -> list[Outcome]:
        # `Steps` asks once for each step: of one question, at most one request.
        step = next(self._steps)
        if not requests:
            self._blank.add(step.name)
        return [self._answer(step, request) for request in requests]

    def _answer(self, step: Step, request: Request) -> Outcome:
        own = step.narrowed(self._question.evidence) or step
        known = self._known(self._question.row, step)
        if known is None or self._blank & set(own.slots):
            self._blank.add(step.name)
            return Completion(text="")
        try:
            target, answers = written(own, known, self._question.reading)
        except RowError as error:
            self._refused[str(error)] += 1
            self._blank.add(step.name)
            return Completion(text="")
        self.found.append(
            Exchange(
                row=self._question.row,
                step=own,
                request=request,
                reading=self._question.reading,
                target=target,
                answers=tuple(answers),
            )
        )
        return Completion(text=target)


def written(
    step: Step, known: Sequence[Answer] | str, reading: str
) -> tuple[str, list[Answer]]:
    """Returns an answer in words, and what the parser of the step reads in them.

    Raises:
      RowError: the parser reads something else than what is known.
    """
    parser = parser_of(step)
    if isinstance(known, str):
        words, known = known, parsed(step, parser, known, reading)
        if wrong := [each.status for each in known if each.status not in _TOLD]:
            raise RowError(f"an answer that is {wrong[0].word}")
    else:
        words = ""
    write = writer_of(parser)
    target = write(known, step) if write else words.strip()
    answers = parsed(step, parser, target, reading)
    if not said_alike(answers, known):
        raise RowError(f"an answer that {step.parser!r} does not read back")
    return target, answers


def said_alike(some: Sequence[Answer], others: Sequence[Answer]) -> bool:
    """Returns whether answers say the same, in any order.

    Scores and places do not count, and numbers count with three decimals.
    """
    if len(some) != len(others):
        return False
    pairs = zip(sorted(some, key=_key), sorted(others, key=_key), strict=True)
    return all(_alike(*pair) for pair in pairs)


def _key(answer: Answer) -> tuple[str, str, int]:
    return answer.label or "", answer.text or "", int(answer.status)


def _alike(one: Answer, other: Answer) -> bool:
    if _key(one) != _key(other) or (one.value is None) != (other.value is None):
        return False
    if one.value is None or other.value is None:
        return True
    return abs(one.value - other.value) <= _HALF_A_DIGIT
