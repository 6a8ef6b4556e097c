"""Prompts and parsers: what an `Asker` asks about a text, and how answers are read.

A prompt is data, usually a file (`docs/prompts.md`): its steps are asked in order, and
a parser, a function of the group `affectflow.parsers`, reads the answers.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, Self, TypeVar

from affectflow import registry
from affectflow.kinds.prompt_checks import WRITER, check, parts_of
from affectflow.kinds.step import SLOTS, Condition, PromptError, Step
from affectflow.schemas import Status

__all__ = [
    "SLOTS",
    "Answer",
    "Condition",
    "Parser",
    "Prompt",
    "PromptError",
    "Step",
    "Unit",
    "Writer",
    "closed",
    "is_closed",
    "parser_of",
    "writer_of",
    "written_by",
]

Unit = Literal["utterance", "conversation"]
_NOT_IN_DIGEST = frozenset({"summary", "source", "licence"})


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What to ask about an utterance or a conversation: steps, in order.

    Args:
      name: as in `--prompt`.
      task: what it is about, as in the column `task`.
      steps: the questions; names differ.
      version: raise it when the wording changes.
      source: where it comes from.
      licence: of its wording.
      summary: one line.
      system: what the model is told before any question.
      unit: what is asked about: each utterance, or each whole conversation.
      history: how many earlier utterances `{history}` shows.
      roles: only utterances of these `speaker_role`s are asked about and shown; empty
        for all.
      over: what is read of another annotator: `labels:3` are its three best labels,
        for `{evidence}`, `words:5` the words that it goes by, for `{words}`; both with
        a comma.
      fence: texts by others are put between marks. Off only if a published form must
        be reproduced byte for byte.
      guard: a rule; no model is asked about texts that match it.
      perspective: whose emotion the answers are: `writer`, `reader` or `self_report`.
      stimulus: what was put around its steps; empty for none.
      profile: what `{profile}` tells of who wrote: `speaker_role`, `lang` and
        `attrs.NAME`; empty for nothing.

    Raises:
      PromptError: it cannot be asked: says why, in one line.
    """

    name: str
    task: str
    steps: tuple[Step, ...]
    version: str = "1"
    source: str = ""
    licence: str = ""
    summary: str = ""
    system: str = ""
    unit: Unit = "utterance"
    history: int = 0
    roles: tuple[str, ...] = ()
    over: str = ""
    fence: bool = True
    guard: str = ""
    perspective: str = WRITER
    stimulus: str = ""
    profile: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def load(cls, name_or_path: str) -> Self:
        """Returns a prompt by name, or from a file that ends in `.toml`.

        Raises:
          UsageError: it does not exist, or it cannot be asked; names the line.
        """
        from affectflow.kinds import prompt_file

        return prompt_file.read(cls, name_or_path)

    @functools.cached_property
    def digest(self) -> str:
        """BLAKE2b of all that a model is shown, and of what reads its answers."""
        said = dataclasses.asdict(self)
        left_out = _NOT_IN_DIGEST | ({"perspective"} if self.of_writer else set())
        left_out |= set() if self.profile else {"profile"}
        kept = {k: v for k, v in said.items() if k not in left_out}
        content = json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    @functools.cached_property
    def fence_digest(self) -> str:
        """The digest without a profile: an empty profile changes no fence mark."""
        return dataclasses.replace(self, profile=()).digest

    @property
    def of_writer(self) -> bool:
        """Whether the answers are about the author or speaker."""
        return self.perspective == WRITER

    def vocabulary_of(self, step: Step) -> str:
        """Returns the name of a step's label set, as in the column `vocabulary`."""
        return step.vocabulary or f"{self.name}.{step.name}"

    def task_of(self, step: Step) -> str:
        """Returns what a step is about, as in the column `task`."""
        return step.task or self.task

    def reads(self, what: Literal["labels", "words"]) -> int:
        """Returns how many labels or words it reads from another annotator."""
        found = dict(parts_of(self.over))
        return found.get(what, 0)


# -- parsers -------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a parser reads from an answer or a part of it: a row of `annotations`.

    Attributes:
      label: one of the step's labels; of a `text`, the name of the field.
      score: how sure it is, 0..1.
      value: a number on the scale of the vocabulary.
      start: where words that it quotes begin in the reading that the parser was given.
      end: where they end.
      text: free text: an explanation, a reply.
      status: what is wrong with it; `label` is empty then, or names one of the step's
        `parts`.
    """

    label: str | None = None
    score: float | None = None
    value: float | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None
    status: Status = Status.OK


class Parser(Protocol):
    """Reads a model's answer. It is total: it never raises."""

    def __call__(self, raw: str, *, step: Step, reading: str) -> list[Answer]:
        """Returns the content of an answer; always at least one `Answer`.

        Args:
          raw: what the model said.
          step: what was asked.
          reading: the text that it was asked about, as the model saw it.
        """
        ...


ParserT = TypeVar("ParserT", bound=Callable[..., list[Answer]])


def closed(parser: ParserT) -> ParserT:
    """Marks a parser whose answer is exactly one of the step's labels.

    A step with such a parser, and with labels, can be asked by likelihood: instead of
    an answer, the model gives a probability for each label. Each label as it stands
    must parse to itself.
    """
    parser.closed = True  # type: ignore[attr-defined]
    return parser


Writer = Callable[[Sequence[Answer], Step], str]
"""Gives the words that a parser reads these answers from."""


def written_by(write: Writer) -> Callable[[ParserT], ParserT]:
    """Marks a parser with what writes an answer as it reads it.

    So labels become answers that a model can learn: `parser(write(answers))` must give
    the same answers again.
    """

    def marked(parser: ParserT) -> ParserT:
        parser.write = write  # type: ignore[attr-defined]
        return parser

    return marked


def writer_of(parser: Parser) -> Writer | None:
    """Returns what writes answers as a parser reads them; None if nothing does."""
    found: Writer | None = getattr(parser, "write", None)
    return found


def is_closed(step: Step, parser: Parser) -> bool:
    """Returns whether a step can be asked by the likelihood of its labels."""
    return bool(step.labels) and getattr(parser, "closed", False)


def parser_of(step: Step) -> Parser:
    """Returns the parser of a step.

    Raises:
      UnknownPluginError: no prompt has this name; the message names the nearest.
    """
    parser: Parser = registry.load("parsers", step.parser)
    return parser
