"""Askers: models that answer a prompt in words, or choose among its labels.

An `Asker` says how requests are completed, and the rest is done for it. The check is
`affectflow.testing.check_model`.
"""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import pyarrow as pa

from affectflow.batches.batch import Rows, error_row, refuse
from affectflow.batches.entries import annotations_of
from affectflow.batches.labelling import annotate
from affectflow.errors import UsageError
from affectflow.kinds.answering import Answered, Steps, placed
from affectflow.kinds.asking import Completion, Message, Outcome, Request, answered
from affectflow.kinds.model import BatchModelHandler, ModelT, check_cues
from affectflow.kinds.prompt import Prompt, is_closed
from affectflow.kinds.questions import columns_of, questions_of
from affectflow.schemas import Status

__all__ = ["Asker", "Completion", "Message", "Outcome", "Request"]


@dataclass(kw_only=True)
class Asker(BatchModelHandler[ModelT], abc.ABC):
    """A model that is asked a prompt.

    Each step of the prompt is asked of all rows of a part together, equal requests
    once. Rows without a word of their author get a status and are not asked; a request
    that fails is alone in failing.

    Args:
      prompt: its name, or a file that ends in `.toml`.
      decode: `choice` asks for the likelihood of each label, `text` for words; `auto`
        chooses where a step has labels and its parser takes one of them.
      roles: only utterances of these `speaker_role`s are asked about and shown, in
        place of those that the prompt names; empty for all, `none` for the prompt's.
      cues: the model reads cues in `words`, or texts `as_written`.

    Raises:
      UsageError: the prompt cannot be asked, or not by choice.
    """

    prompt: str
    decode: Literal["auto", "choice", "text"] = "auto"
    roles: tuple[str, ...] | None = None
    cues: str = "words"

    annotator_kind: ClassVar[str] = "prompt"

    def __post_init__(self) -> None:
        super().__init__()
        check_cues(self.cues)
        self._prompt = self._loaded()
        self.prompt_hash = self._prompt.digest
        self._check_decode()

    def _loaded(self) -> Prompt:
        prompt = Prompt.load(self.prompt)
        if prompt.guard or prompt.over:
            raise UsageError(
                f"prompt {prompt.name!r} has a guard, or reads another annotator, that "
                "no model here does; ask a prompt without `guard` and `over`"
            )
        return prompt if self.roles is None else replace(prompt, roles=self.roles)

    def _check_decode(self) -> None:
        """Raises UsageError if a parser is missing, or a step cannot be a choice."""
        for step in self._prompt.steps:
            closed = is_closed(step)
            if self.decode != "choice" or closed:
                continue
            why = (
                f"its parser {step.parser!r} does not take exactly one"
                if step.labels
                else "it has no labels"
            )
            raise UsageError(
                f"step {step.name!r} of prompt {self._prompt.name!r} cannot be asked "
                f"with decode=choice: {why}; use decode=auto"
            )

    @property
    def asked(self) -> Prompt:
        """The prompt as it is asked: with the options of this model."""
        return self._prompt

    @property
    def columns_required(self) -> pa.Schema:
        """The columns that the prompt is filled from."""
        return columns_of(self._prompt)

    def parameters(self) -> dict[str, Any]:
        """Returns the options; the prompt stands there by its digest, not its path."""
        prompt = f"{self._prompt.name}@{self._prompt.digest}"
        return {**super().parameters(), "prompt": prompt}

    @abc.abstractmethod
    def complete(self, requests: Sequence[Request], model: ModelT) -> list[Outcome]:
        """Returns what the model answers: one outcome for each request, in order.

        Args:
          requests: of one step and a whole part, up to 50,000, all different; perhaps
            none. Plan model calls over all of them.
          model: as `load_model` gave it.

        Returns:
          For each request a `Completion`, or the exception that it failed with. With
          `choices`, `scores` has a probability for each.
        """

    def held_back(self, batch: pa.RecordBatch) -> Mapping[int, Status]:
        """Returns the rows that the model must not be shown, and the status they get.

        Neither they nor a conversation with one of them are asked about, and no history
        shows them. Override it with `super().held_back(batch) | {...}`.
        """
        return {}

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row.

        A row whose request failed gets an error and no annotation.
        """
        questions, readings = questions_of(
            batch, self._prompt, self.held_back(batch), self.cues
        )
        ask = partial(answered, self.complete, model=model)
        found = Steps(prompt=self._prompt, decode=self.decode).ask(questions, ask)
        entries = [
            placed(entry, readings)
            for each in found
            if each.failed is None
            for entry in each.all_entries(self._prompt)
        ]
        annotator_id = self.annotator()["annotator_id"]
        new = annotations_of(entries, batch.num_rows, annotator_id)
        return _refuse_failed(annotate(batch, new), found, type(self).__name__)


def _refuse_failed(
    batch: pa.RecordBatch, found: Sequence[Answered], step: str
) -> pa.RecordBatch:
    errors: list[Rows | None] = [None] * batch.num_rows
    for each in found:
        if each.failed is not None:
            errors[each.question.row] = error_row(step, each.failed)
    return refuse(batch, errors) if any(errors) else batch
