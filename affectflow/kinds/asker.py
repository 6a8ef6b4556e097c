"""Askers: models that answer a prompt in words, or choose among its labels.

An `Asker` defines how requests are completed; the rest is done for it. The check is
`affectflow.testing.check_model`.
"""

import abc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import count
from typing import Any, ClassVar, Literal

import pyarrow as pa

from affectflow import people
from affectflow.batches.batch import Rows, error_row, refuse
from affectflow.batches.entries import Entry, annotations_of
from affectflow.batches.labelling import annotate
from affectflow.batches.readings import Readings
from affectflow.errors import UsageError
from affectflow.kinds.account import account, answered
from affectflow.kinds.answering import Answered, Steps, placed
from affectflow.kinds.asking import Completion, Message, Outcome, Request, isolated
from affectflow.kinds.guard import Guard
from affectflow.kinds.identity import as_json, options_of
from affectflow.kinds.model import BatchModelHandler, ModelT
from affectflow.kinds.prompt import Prompt, is_closed, parser_of
from affectflow.kinds.questions import (
    Question,
    columns_of,
    cut_to,
    look_over,
    questions_of,
    show,
)
from affectflow.kinds.stimulus import around
from affectflow.kinds.style import check_reading, reading_of
from affectflow.kinds.words import scorer_of
from affectflow.schemas import Status

__all__ = ["Asker", "Completion", "Message", "Outcome", "Request"]


@dataclass(kw_only=True)
class Asker(BatchModelHandler[ModelT], abc.ABC):
    """A model that is asked a prompt.

    Each step of the prompt is asked for all rows of a part together, equal requests
    only once. Rows without words of their author get a status and are not asked about;
    a failed request does not affect the others.

    Args:
      prompt: its name, or a file that ends in `.toml`.
      decode: `choice` asks for the likelihood of each label, `text` for words; `auto`
        chooses where a step has labels and its parser takes one of them.
      prior: `empty` divides the likelihood of each label by its likelihood after an
        empty text, so that labels the model favours anyway gain nothing.
      over: the annotator that the prompt reads: its id, or the beginning of it.
      stimulus: `PACK:ID` or `FILE.toml:ID`: sentences put around its questions.
      roles: only utterances of these `speaker_role`s are asked about and shown, in
        place of those that the prompt names; empty for all, `none` for the prompt's.
      profile: what a slot `{profile}` says about the author: some of `speaker_role`,
        `lang` and `attrs.NAME`, as the data declares them; empty for nothing. It is
        person-level, and part of the prompt's digest.
      cues: the model reads cues in `words`, only those `in_text`, or texts
        `as_written`.
      style: whose frame is read around a text that has cues without a place in it.
      preview: for `affectflow annotate`: prints this many filled prompts and asks
        nothing.

    Raises:
      UsageError: no prompt was given, or the model cannot ask it in this way.
    """

    prompt: str = ""
    decode: Literal["auto", "choice", "text"] = "auto"
    prior: Literal["none", "empty"] = "none"
    over: str = ""
    stimulus: str = ""
    roles: tuple[str, ...] | None = None
    profile: tuple[str, ...] = ()
    cues: str = "words"
    style: str = ""
    preview: int = 0

    annotator_kind: ClassVar[str] = "prompt"
    only_if_said: ClassVar[frozenset[str]] = BatchModelHandler.only_if_said | {
        "profile"
    }
    at_once: ClassVar[int] = 1_024
    """Requests passed to `complete` at once; their answers are stored together."""
    on_trial: ClassVar[bool] = True
    """Whether `plan` may ask it about a sample; not if it costs money or is remote."""

    def __post_init__(self) -> None:
        super().__init__()
        check_reading(self.cues, self.style)
        if self.preview:
            raise UsageError(
                "`preview` only shows what would be asked; use it as `affectflow "
                "annotate LAKE --prompt NAME --set preview=3`"
            )
        if not self.prompt:
            raise UsageError(
                f"{type(self).__name__} needs a prompt: give one with --prompt "
                "NAME|FILE; `affectflow plugins --kind prompts` lists names, and "
                "docs/prompts.md says how to write a file"
            )
        self._prompt = self._loaded()
        self.prompt_hash = self._prompt.digest
        if self._prompt.unit == "conversation" or self._prompt.history:
            self.unit = "conversation"
        self._guard = Guard.load(self._prompt.guard) if self._prompt.guard else None
        self.notice = self._guard.notice if self._guard else None
        # Workers know these options only from the model that is sent to them.
        self._keeps_guarded = people.declared().allow_person_level
        self._check_decode()

    def _loaded(self) -> Prompt:
        prompt = Prompt.load(self.prompt)
        if prompt.reads("words") and self.over:
            scorer_of(self.over)
        if self.roles is not None:
            prompt = replace(prompt, roles=self.roles)
        if self.profile:
            prompt = replace(prompt, profile=tuple(self.profile))
        self._bare = f"{prompt.name}@{prompt.digest}"
        return around(prompt, self.stimulus) if self.stimulus else prompt

    def _check_decode(self) -> None:
        """Raises UsageError if a parser is missing, or a step cannot be a choice."""
        for step in self._prompt.steps:
            closed = is_closed(step, parser_of(step))
            if self.decode != "choice" or closed:
                continue
            why = (
                f"its parser {step.parser!r} does not take exactly one label"
                if step.labels
                else "it has no labels"
            )
            raise UsageError(
                f"step {step.name!r} of prompt {self._prompt.name!r} cannot be asked "
                f"with decode=choice: {why}; use decode=auto"
            )

    @classmethod
    def unasked(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the options of one that is only previewed or planned.

        Override it if an option is required only for actual asking.
        """
        return dict(given)

    @property
    def asked(self) -> Prompt:
        """The prompt as it is asked: with the options of this model."""
        return self._prompt

    @property
    def columns_required(self) -> pa.Schema:
        """The columns used to fill in the prompt."""
        return columns_of(self._prompt)

    def parameters(self) -> dict[str, Any]:
        """Returns the options, with the prompt's digest instead of its path.

        With a stimulus, `unstimulated` is the digest without it, which identifies its
        twin.
        """
        prompt = f"{self._prompt.name}@{self._prompt.digest}"
        said = {**super().parameters(), "prompt": prompt}
        said["stimulus"] = self._prompt.stimulus
        if self._prompt.stimulus:
            said["unstimulated"] = self._bare
        del said["preview"]
        if self._guard is not None:
            said["guard"] = f"{self._guard.name}@{self._guard.digest}"
            said["keeps_guarded"] = self._keeps_guarded
        return said

    @property
    def touches(self) -> tuple[str, ...]:
        """The kinds of personal data that the model and its prompt touch.

        Health if the prompt has a guard, and persons if it shows their profile.
        """
        health, person = self._guard is not None, bool(self.profile)
        said = {"health": health, "person": person}
        return (*super().touches, *(name for name, does in said.items() if does))

    def touched_by(self, what: str) -> str:
        """Returns the prompt if it touches that, and not the model."""
        if what in self.card.touches:
            return super().touched_by(what)
        return f"the prompt {self._prompt.name!r}"

    @abc.abstractmethod
    def complete(self, requests: Sequence[Request], model: ModelT) -> list[Outcome]:
        """Returns the model's answers: one outcome for each request, in order.

        Args:
          requests: of one step, at least one and up to `at_once`, all different. Plan
            model calls over all of them.
          model: as `load_model` gave it.

        Returns:
          For each request a `Completion`, or the exception that it failed with. With
          `choices`, `scores` has a probability for each.
        """

    def stream(
        self, requests: Sequence[Request], model: ModelT
    ) -> Iterator[tuple[int, Outcome]]:
        """Yields the place of each request and its outcome, to be stored as it arrives.

        Override it if answers arrive one by one, and count calls in the account.

        Args:
          requests: of one step and a whole part, up to 50,000, all different.
          model: as `load_model` gave it.
        """
        size = self.together(model)
        for start in range(0, len(requests), size):
            stop = min(start + size, len(requests))
            piece = requests[start:stop]
            account().spend(len(piece))
            with account().within(start / len(requests), stop / len(requests)):
                outcomes = isolated(self.complete, piece, model)
            yield from enumerate(outcomes, start)

    def together(self, model: ModelT) -> int:
        """Returns how many requests `complete` gets: `at_once`, or fewer if it is slow.

        Their answers are stored once all of them are answered.
        """
        return self.at_once

    @property
    def sent_to(self) -> str:
        """The other machine that texts are sent to; empty if they stay on this one."""
        return ""

    @property
    def longest_text(self) -> int:
        """How many characters of a text, and of a history, it is shown; 0 for all."""
        return 0

    def longest_answer(self, request: Request) -> int:
        """Returns how many tokens an answer may have."""
        return 0 if request.choices else request.max_new_tokens

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Returns what this many tokens of questions and answers cost."""
        return 0.0

    def kept_under(self) -> str:
        """Returns the key of stored answers: what determines them besides requests."""
        origin, own = self.origin(), {each.name for each in fields(Asker)}
        rest = {n: value for n, value in options_of(self).items() if n not in own}
        return f"{origin.name}@{origin.revision} {as_json(rest) if rest else ''}"

    def held_back(self, batch: pa.RecordBatch) -> Mapping[int, Status]:
        """Returns the rows that the model must not be shown, and the status they get.

        Neither these rows nor conversations that contain one are asked about, and no
        history shows them. Override it with `super().held_back(batch) | {...}`.
        """
        return {}

    def shown(self, batch: pa.RecordBatch) -> Sequence[str | None] | None:
        """Returns what the model is shown of each row besides the words of the prompt.

        None if it is shown words only. Else each row is asked about on its own, in
        words of its own making, which come back as `Request.media`; of a row with None
        it is asked nothing. Say in `columns_required` what it takes.
        """
        return None

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row.

        A row whose request failed gets an error and no annotation.
        """
        readings = self._reading(batch)
        questions, ids = self._questions(batch, readings), _ids(batch)
        n_steps, steps = len(self._prompt.steps), count()

        def ask(
            requests: Sequence[Request], shows: Sequence[Sequence[int]]
        ) -> list[Outcome]:
            about = [[ids[row] for row in rows] for rows in shows]
            step = next(steps)
            with account().within(step / n_steps, (step + 1) / n_steps):
                return answered(partial(self.stream, model=model), requests, about)

        found = self._steps().ask(questions, ask)
        entries = list(self._entries(found, readings))
        annotator_id = self.annotator()["annotator_id"]
        new = annotations_of(entries, batch.num_rows, annotator_id)
        return _refuse_failed(annotate(batch, new), found, type(self).__name__)

    def _reading(self, batch: pa.RecordBatch) -> Readings:
        return reading_of(batch, cues=self.cues, style=self.style)

    def questions(self, batch: pa.RecordBatch) -> list[Question]:
        """Returns what is asked about a batch; those with a status are not asked."""
        return self._questions(batch, self._reading(batch))

    def first_requests(self, batch: pa.RecordBatch) -> dict[int, Request]:
        """Returns what the first step asks, by the row where the answer is.

        Nothing is asked, and no model is needed.
        """
        asked = [each for each in self.questions(batch) if each.status is Status.OK]
        return {each.row: self._steps().first(each) for each in asked}

    def foreseen(self, batch: pa.RecordBatch) -> list[tuple[Request, Sequence[int]]]:
        """Returns what may be asked about a batch, before anything is answered.

        No step is left out, and earlier answers are blank; beside each request stand
        the rows that it shows.
        """
        steps = self._steps()
        asked = [each for each in self.questions(batch) if each.status is Status.OK]
        return [
            (steps.blank(step, question), question.shows)
            for step in self._prompt.steps
            for question in asked
        ]

    def _steps(self) -> Steps:
        return Steps(self._prompt, self.decode, self.prior)

    def _questions(self, batch: pa.RecordBatch, readings: Readings) -> list[Question]:
        held_back = {**self.held_back(batch), **self._guarded(readings)}
        questions = questions_of(batch, self._prompt, readings, held_back)
        if self.longest_text:
            cut_to(questions, self.longest_text)
        if (shown := self.shown(batch)) is not None:
            show(questions, shown)
        look_over(questions, batch, self._prompt, self.over)
        return questions

    def _guarded(self, readings: Readings) -> dict[int, Status]:
        """Returns the rows that the guard matches."""
        guard = self._guard
        if guard is None:
            return {}
        texts = enumerate(readings.texts.to_pylist())
        return {row: Status.GUARDED for row, text in texts if guard.matches(text)}

    def _entries(
        self, found: Sequence[Answered], readings: Readings
    ) -> Iterator[Entry]:
        """Yields what is stored; which rows a guard matched if persons are allowed.

        Else they are counted, and no row says which they are.
        """
        for each in found:
            is_guarded = each.question.status is Status.GUARDED
            if is_guarded and not self._keeps_guarded:
                account().tally("guarded")
            elif each.failed is None:
                entries = each.all_entries(self._prompt)
                yield from (placed(entry, readings) for entry in entries)


def _ids(batch: pa.RecordBatch) -> list[str]:
    """Returns the ids of utterances; outside a lake there may be none."""
    if "utterance_id" not in batch.schema.names:
        return [""] * batch.num_rows
    return [each or "" for each in batch.column("utterance_id").to_pylist()]


def _refuse_failed(
    batch: pa.RecordBatch, found: Sequence[Answered], step: str
) -> pa.RecordBatch:
    errors: list[Rows | None] = [None] * batch.num_rows
    for each in found:
        if each.failed is not None:
            errors[each.question.row] = error_row(step, each.failed)
    return refuse(batch, errors) if any(errors) else batch
