"""From questions to entries: steps asked in order, their answers parsed and checked."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from affectflow.batches.entries import Entry
from affectflow.batches.labelling import STORED_FROM
from affectflow.batches.readings import Readings
from affectflow.kinds.asking import Completion, Outcome, Request
from affectflow.kinds.prompt import Answer, Prompt, Step, is_closed, parser_of
from affectflow.kinds.questions import Question
from affectflow.kinds.wording import fenced, messages
from affectflow.schemas import Status

Ask = Callable[[Sequence[Request]], Sequence[Outcome]]


@dataclass(kw_only=True)
class Answered:
    """What was answered to a question so far."""

    question: Question
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    failed: Exception | None = None

    def waits_for(self, step: Step) -> bool:
        """Returns whether a step is to be asked."""
        if self.failed is not None or self.question.status is not Status.OK:
            return False
        return step.condition is None or step.condition.holds(self.labels)

    def all_entries(self, prompt: Prompt) -> list[Entry]:
        """Returns the answers, or why no model was asked."""
        if self.question.status is Status.OK:
            return self.entries
        return [_not_asked(prompt, self.question)]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of a prompt, as they are asked.

    Args:
      prompt: what is asked.
      decode: `auto`, `choice` or `text`.
    """

    prompt: Prompt
    decode: str = "auto"

    def ask(self, questions: Iterable[Question], ask: Ask) -> list[Answered]:
        """Returns the answers to questions; each step is asked of all of them at once.

        Args:
          questions: what is asked about.
          ask: gives an outcome for each of its requests.
        """
        answered = [Answered(question=question) for question in questions]
        for step in self.prompt.steps:
            asked = [each for each in answered if each.waits_for(step)]
            requests = [self.request(step, each) for each in asked]
            for each, outcome in zip(asked, ask(requests), strict=True):
                self._take(step, each, outcome)
        return answered

    def first(self, question: Question) -> Request:
        """Returns what the first step asks."""
        return self.request(self.prompt.steps[0], Answered(question=question))

    def request(self, step: Step, answered: Answered) -> Request:
        """Returns what a step asks, given the answers so far."""
        return Request(
            messages=messages(self.prompt, step, self._values(step, answered)),
            choices=step.labels if self.is_choice(step) else (),
            max_new_tokens=step.max_new_tokens,
        )

    def is_choice(self, step: Step) -> bool:
        """Returns whether a step is asked by the likelihood of its labels."""
        return self.decode != "text" and is_closed(step)

    def _values(self, step: Step, answered: Answered) -> dict[str, str]:
        question, fence = answered.question, partial(fenced, prompt=self.prompt)
        said = dict.fromkeys((each.name for each in self.prompt.steps), "")
        return {
            **said,
            **answered.shown,
            "text": fence(question.reading),
            "history": fence(question.history),
            "labels": ", ".join(step.labels),
            "evidence": ", ".join(question.evidence),
            "words": fence(", ".join(question.words)),
        }

    def _take(self, step: Step, answered: Answered, outcome: Outcome) -> None:
        """Adds the answer to a step, or why there is none."""
        if isinstance(outcome, Exception):
            answered.failed = outcome
            return
        reading = answered.question.reading
        try:
            if self.is_choice(step):
                answers = list(_chosen(step, outcome, reading))
            else:
                answers = _parsed(step, outcome.text, reading)
        except Exception as error:  # a parser of somebody's may fail in any way
            answered.failed = error
            return
        good = [each for each in answers if each.status is Status.OK]
        answered.labels[step.name] = _labels(step, good)
        answered.shown[step.name] = self._shown(good)
        answered.entries += self._entries(step, answers, outcome, answered.question.row)

    def _shown(self, answers: Sequence[Answer]) -> str:
        """Returns what later steps show of an answer; free text stands in a fence."""
        texts = [each.text for each in answers if each.text is not None]
        if texts:
            return fenced("\n".join(texts), self.prompt)
        said = [each.label if each.label else each.value for each in answers]
        return ", ".join(str(each) for each in said if each is not None)

    def _entries(
        self, step: Step, answers: Sequence[Answer], outcome: Completion, row: int
    ) -> Iterator[Entry]:
        by_choice = self.is_choice(step)
        for place, answer in enumerate(answers):
            raw = answer.text if answer.text is not None else outcome.text
            cut = outcome.truncated and answer.status is Status.OK
            yield Entry(
                row=row,
                task=self.prompt.task_of(step),
                vocabulary=self.prompt.vocabulary_of(step),
                label=answer.label or (step.name if answer.text is not None else None),
                score=answer.score,
                value=answer.value,
                rank=place + 1 if by_choice else 1,
                chosen=answer.status is Status.OK and not (by_choice and place),
                start=answer.start,
                end=answer.end,
                status=Status.TRUNCATED if cut else answer.status,
                raw=None if by_choice else raw,
            )


def _labels(step: Step, answers: Sequence[Answer]) -> tuple[str, ...]:
    """Returns the labels that decide whether later steps are asked."""
    labels = [each.label for each in answers if each.label and each.text is None]
    return tuple(labels)


# -- what an answer means ------------------------------------------------------------


def _chosen(step: Step, completion: Completion, reading: str) -> Iterator[Answer]:
    """Yields the likeliest label, then the others that are stored."""
    scored = zip(completion.scores or (), step.labels, strict=True)
    ordered = sorted(scored, key=lambda both: -both[0])
    for place, (score, label) in enumerate(ordered):
        if place == 0 or score >= STORED_FROM:
            yield _parsed(step, label, reading)[0]._replace(score=score)


def _parsed(step: Step, raw: str, reading: str) -> list[Answer]:
    """Returns what the parser makes of an answer, each checked."""
    answers = parser_of(step)(raw, step=step, reading=reading)
    unparsed = [Answer(status=Status.UNPARSED)]
    return [_checked(answer, step, reading) for answer in answers or unparsed]


def _checked(answer: Answer, step: Step, reading: str) -> Answer:
    """Returns an answer, or what is wrong with it: no parser can add a label."""
    is_label = answer.label is not None and answer.text is None
    if answer.status is not Status.OK:
        return Answer(text=answer.text, status=answer.status)
    if is_label and step.labels and answer.label not in step.labels:
        return Answer(status=Status.OUT_OF_VOCABULARY)
    if answer.value is not None and not math.isfinite(answer.value):
        return Answer(status=Status.UNPARSED)
    if answer.score is not None and not 0 <= answer.score <= 1:
        return Answer(status=Status.UNPARSED)
    if answer.start is not None or answer.end is not None:
        start, end = answer.start or 0, answer.end or 0
        if not 0 <= start < end <= len(reading):
            return Answer(text=answer.text, status=Status.UNALIGNED)
    return answer


def placed(entry: Entry, readings: Readings) -> Entry:
    """Returns an entry whose place is one of the utterance's text."""
    if entry.start is None or entry.end is None:
        return entry
    start, end = readings.to_text(entry.row, entry.start, entry.end)
    return entry._replace(start=start, end=end)


def _not_asked(prompt: Prompt, question: Question) -> Entry:
    first = prompt.steps[0]
    return Entry(
        row=question.row,
        task=prompt.task_of(first),
        vocabulary=prompt.vocabulary_of(first),
        status=question.status,
    )
