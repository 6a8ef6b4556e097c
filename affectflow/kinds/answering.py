"""From questions to entries: asks steps in order, each for all questions at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from affectflow.batches.entries import Entry
from affectflow.batches.readings import Readings
from affectflow.kinds.asking import Completion, Outcome, Request
from affectflow.kinds.parsing import chosen, parsed
from affectflow.kinds.priors import without_prior
from affectflow.kinds.prompt import Answer, Prompt, Step, is_closed, parser_of
from affectflow.kinds.questions import Question
from affectflow.kinds.wording import fenced, messages
from affectflow.schemas import Status

Ask = Callable[[Sequence[Request], Sequence[Sequence[int]]], Sequence[Outcome]]


@dataclass(kw_only=True)
class Answered:
    """The answers to a question so far."""

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

    def add(self, entries: Sequence[Entry]) -> None:
        """Adds the answers of a step.

        If this step labels what an earlier one abstained from, it replaces that answer.
        """
        about = {(each.task, each.vocabulary) for each in entries}
        self.entries = [
            each
            for each in self.entries
            if each.status is not Status.ABSTAINED
            or (each.task, each.vocabulary) not in about
        ]
        self.entries += entries

    def all_entries(self, prompt: Prompt) -> list[Entry]:
        """Returns the answers, or why no model was asked."""
        if self.question.status is Status.OK:
            return self.entries
        return [_not_asked(prompt, self.question)]


def _not_asked(prompt: Prompt, question: Question) -> Entry:
    first = prompt.steps[0]
    return Entry(
        row=question.row,
        task=prompt.task_of(first),
        vocabulary=prompt.vocabulary_of(first),
        status=question.status,
        perspective=prompt.perspective,
    )


def placed(entry: Entry, readings: Readings) -> Entry:
    """Returns an entry with its position in the utterance's text."""
    if entry.start is None or entry.end is None:
        return entry
    start, end = readings.to_text(entry.row, entry.start, entry.end)
    return entry._replace(start=start, end=end)


# A blank, not an empty string: an empty reading is not fenced, and the fence counts.
_EMPTY = Question(row=-1, rows=(), reading=" ")


class Steps:
    """The steps of a prompt, as they are asked.

    Args:
      prompt: what is asked.
      decode: `auto`, `choice` or `text`.
      prior: `empty` asks closed questions about an empty text too, and takes away what
        the model says about it; `none` does not.
    """

    def __init__(self, prompt: Prompt, decode: str = "auto", prior: str = "none"):
        self.prompt = prompt
        self._prior = prior
        self._parsers = {step.name: parser_of(step) for step in prompt.steps}
        self._by_choice = {
            step.name
            for step in prompt.steps
            if decode != "text" and is_closed(step, self._parsers[step.name])
        }

    def ask(self, questions: Iterable[Question], ask: Ask) -> list[Answered]:
        """Returns the answers to questions; each step is asked of all of them at once.

        Args:
          questions: what is asked about.
          ask: gives an outcome for each of its requests, beside which stand the rows
            that they show.
        """
        answered = [Answered(question=question) for question in questions]
        for step in self.prompt.steps:
            self._ask_step(step, [e for e in answered if e.waits_for(step)], ask)
        return answered

    def _ask_step(self, step: Step, waiting: Iterable[Answered], ask: Ask) -> None:
        asked: list[tuple[Step, Answered]] = []
        for each in waiting:
            own = step.narrowed(each.question.evidence)
            if own is not None and step.among and own.labels == (own.otherwise,):
                sure = Completion(text=own.otherwise, scores=(1.0,))
                self._take(own, each, sure)  # there is nothing to choose from
            elif own is not None:
                asked.append((own, each))
        outcomes = self._outcomes(asked, ask)
        for (own, each), outcome in zip(asked, outcomes, strict=True):
            self._take(own, each, outcome)

    def _outcomes(
        self, asked: Sequence[tuple[Step, Answered]], ask: Ask
    ) -> Sequence[Outcome]:
        requests = [self.request(own, each) for own, each in asked]
        shows = [each.question.shows for _, each in asked]
        if self._prior == "none" or not requests or not requests[0].choices:
            return ask(requests, shows)
        blanks = [self.request(own, Answered(question=_EMPTY)) for own, _ in asked]
        distinct = list(dict.fromkeys(blanks))
        found = ask([*requests, *distinct], [*shows, *([()] * len(distinct))])
        priors = dict(zip(distinct, found[len(requests) :], strict=True))
        return [
            without_prior(outcome, priors[blank], request.choices)
            for outcome, blank, request in zip(found, blanks, requests, strict=False)
        ]

    def first(self, question: Question) -> Request:
        """Returns what the first step asks."""
        return self.blank(self.prompt.steps[0], question)

    def blank(self, step: Step, question: Question) -> Request:
        """Returns what a step asks before anything is answered."""
        own = step.narrowed(question.evidence) or step
        return self.request(own, Answered(question=question))

    def request(self, step: Step, answered: Answered) -> Request:
        """Returns what a step asks, given the answers so far."""
        return Request(
            messages=messages(self.prompt, step, self._values(step, answered)),
            choices=step.labels if step.name in self._by_choice else (),
            max_new_tokens=step.max_new_tokens,
            media=answered.question.media,
        )

    def _values(self, step: Step, answered: Answered) -> dict[str, str]:
        question, fence = answered.question, partial(fenced, prompt=self.prompt)
        return {
            **dict.fromkeys((each.name for each in self.prompt.steps), ""),
            **answered.shown,
            "text": fence(question.reading),
            "history": fence(question.history),
            "labels": ", ".join(step.labels),
            "evidence": ", ".join(question.evidence),
            "words": fence(", ".join(question.words)),
            "profile": fence(question.profile),
        }

    def _take(self, step: Step, answered: Answered, outcome: Outcome) -> None:
        """Adds the answer to a step, or why there is none."""
        if isinstance(outcome, Exception):
            answered.failed = outcome
            return
        try:
            answers = self._read(step, outcome, answered.question.reading)
        except Exception as error:  # a parser of a plugin may fail in any way
            answered.failed = error
            return
        good = [each for each in answers if each.status is Status.OK]
        if self._has_scores(step, outcome):
            del good[1:]  # the others have a score but are not the answer
        # A text or a number is an answer too, under the name of its field or step.
        labels = tuple(each.label or step.name for each in good)
        answered.labels[step.name] = labels
        answered.shown[step.name] = self._shown(step, good)
        answered.add(list(self._entries(step, answers, outcome, answered.question)))

    def _has_scores(self, step: Step, completion: Completion) -> bool:
        """Returns whether a closed question was answered by likelihood, as asked."""
        return step.name in self._by_choice and completion.scores is not None

    def _read(self, step: Step, completion: Completion, reading: str) -> list[Answer]:
        parser = self._parsers[step.name]
        if self._has_scores(step, completion):
            return list(chosen(step, parser, completion, reading))
        return parsed(step, parser, completion.text, reading)

    def _shown(self, step: Step, answers: Sequence[Answer]) -> str:
        """Returns what later steps show of an answer; the model's words in a fence."""
        texts = [each.text for each in answers if each.text is not None]
        said = [each.label if each.label else each.value for each in answers]
        words = [str(each) for each in said if each is not None]
        if texts or not step.labels:
            return fenced("\n".join(texts or words), self.prompt)
        return ", ".join(words)

    def _entries(
        self,
        step: Step,
        answers: Sequence[Answer],
        completion: Completion,
        question: Question,
    ) -> Iterator[Entry]:
        by_choice = self._has_scores(step, completion)
        is_cut = completion.truncated or question.is_cut
        for place, answer in enumerate(answers):
            none_fits = bool(step.otherwise) and answer.label == step.otherwise
            if none_fits and by_choice and place:
                continue  # it is neither the answer nor a label with a score
            status = _status(answer, is_cut=is_cut, none_fits=none_fits)
            yield Entry(
                row=question.row,
                task=self.prompt.task_of(step),
                vocabulary=self.prompt.vocabulary_of(step),
                label=None if none_fits else _label(step, answer),
                score=None if none_fits else answer.score,
                value=answer.value,
                rank=None if none_fits else place + 1 if by_choice else 1,
                chosen=status.is_answer and not (by_choice and place),
                start=answer.start,
                end=answer.end,
                status=status,
                raw=None if by_choice else _raw(answer, completion),
                perspective=self.prompt.perspective,
            )


def _status(answer: Answer, *, is_cut: bool, none_fits: bool) -> Status:
    if none_fits:
        return Status.ABSTAINED
    cut = is_cut and answer.status is Status.OK
    return Status.TRUNCATED if cut else answer.status


def _label(step: Step, answer: Answer) -> str | None:
    """Returns the label of a row; a text without a field is named after its step."""
    if answer.label or answer.text is None or answer.status is not Status.OK:
        return answer.label
    return step.name


def _raw(answer: Answer, completion: Completion) -> str:
    return completion.text if answer.text is None else answer.text
