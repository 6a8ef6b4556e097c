"""Prompts and parsers: what an `Asker` asks of a text, and what it makes of the answer.

A prompt is data, usually a file (`docs/prompts.md`): its steps are asked in order, and
what an answer means is said by a parser, a function of the group `affectflow.parsers`.
"""

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol, Self, TypeVar

from affectflow import registry, vocabularies
from affectflow.errors import UsageError
from affectflow.registry import nearest
from affectflow.schemas import Status

Unit = Literal["utterance", "conversation"]

SLOTS = ("text", "history", "labels", "evidence", "words")
"""What any step may show; the names of earlier steps are slots too."""
SLOT = re.compile(r"\{(\{?)([a-z_][a-z0-9_]*)\}(\}?)")
"""A slot, `{name}`; `{{name}}` is the text `{name}`. Other braces are text."""
_WHEN = re.compile(r"([a-z_][a-z0-9_]*)(?:(!?=)(.+))?")
_OVER = re.compile(r"(labels|words):([1-9][0-9]?)")
_NOT_IN_DIGEST = frozenset({"summary", "source", "licence"})


def as_text(words: str) -> str:
    """Returns words as a template shows them: what looks like a slot is text.

    >>> as_text("{text} and {this one}")
    '{{text}} and {this one}'
    """
    return SLOT.sub(lambda slot: f"{{{slot[0]}}}", words)


class PromptError(UsageError):
    """A prompt cannot be asked: what to look for in its file is `word`, the n-th."""

    word = ""
    nth = 1


def _fault(why: str, word: str, nth: int = 1) -> PromptError:
    error = PromptError(why)
    error.word, error.nth = word, nth
    return error


class Condition(NamedTuple):
    """When a step is asked: `NAME`, `NAME=LABEL` or `NAME!=LABEL`.

    Attributes:
      step: an earlier step, which must have been answered: what could not be read is no
        answer.
      labels: one of these must be its answer; empty for any.
      negated: none of them must be.
    """

    step: str
    labels: tuple[str, ...] = ()
    negated: bool = False

    def holds(self, answers: Mapping[str, tuple[str, ...]]) -> bool:
        """Returns whether a step is asked, given the labels of those before it."""
        found = answers.get(self.step, ())
        if not found or not self.labels:
            return bool(found)
        return self.negated != any(label in self.labels for label in found)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One question of a prompt.

    Args:
      name: a word of small letters; later steps show the answer as `{name}`.
      text: the question, with slots: `{text}`, `{history}`, `{labels}`, `{evidence}`,
        `{words}` and the names of earlier steps.
      parser: a plugin of `affectflow.parsers`, which reads the answer.
      labels: the answers that there are; empty for free text.
      vocabulary: a label set, in place of `labels` or of which they are a part.
      options: of the parser.
      among: `over`: only the labels that the other annotator gives, which `over` of the
        prompt counts; `rest`: only the others; empty for all.
      otherwise: one more label, which says that no other fits.
      when: `assess=yes`, `assess!=no` or `assess`: asked only if an earlier step was
        answered so; several labels are separated by `|`.
      max_new_tokens: the longest answer.
      task: what it is about, if that is not the task of the prompt.
    """

    name: str
    text: str
    parser: str
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    among: Literal["", "over", "rest"] = ""
    otherwise: str = ""
    when: str = ""
    max_new_tokens: int = 64
    task: str = ""

    def __post_init__(self) -> None:
        labels = self._of_vocabulary() if self.vocabulary else self.labels
        if self.otherwise and self.otherwise not in labels:
            labels = (*labels, self.otherwise)
        object.__setattr__(self, "labels", labels)

    def _of_vocabulary(self) -> tuple[str, ...]:
        there = vocabularies.get(self.vocabulary).labels
        for label in self.labels:
            if label not in (*there, self.otherwise):
                why = f"{label!r} is not a label of {self.vocabulary!r}"
                raise _fault(f"{why}; {nearest(label, there)}", f'"{label}"')
        return self.labels or there

    @property
    def condition(self) -> Condition | None:
        """When it is asked; None for always."""
        said = _WHEN.fullmatch(self.when)
        if said is None:
            return None
        labels = tuple(each.strip() for each in (said[3] or "").split("|") if each)
        return Condition(said[1], labels, said[2] == "!=")

    def narrowed(self, evidence: Sequence[str]) -> "Step | None":
        """Returns the step with the labels that it has of a text; None if it has none.

        Args:
          evidence: the labels that the other annotator gives.
        """
        if not self.among:
            return self
        among = self.among == "over"
        kept = [each for each in self.labels if (each in evidence) == among]
        kept = [each for each in kept if each != self.otherwise]
        labels = (*kept, self.otherwise) if self.otherwise else tuple(kept)
        return replace(self, labels=labels, among="") if labels else None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its answer, where its parser reads several: `options.parts`."""
        said = self.options.get("parts", ())
        return tuple(p["name"] if isinstance(p, Mapping) else p for p in said)

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots in its text."""
        found = SLOT.finditer(self.text)
        return tuple(slot[2] for slot in found if not (slot[1] and slot[3]))


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
      fence: texts of others stand between marks. Off only where a published form must
        be met byte for byte.
      guard: a rule; what it matches is asked of no model.
      stimulus: what was put around its steps; empty for nothing.

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
    stimulus: str = ""

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def load(cls, name_or_path: str) -> Self:
        """Returns the prompt of a name, or of a file that ends in `.toml`.

        Raises:
          UsageError: there is none, or it cannot be asked; names the line.
        """
        from affectflow.kinds import prompt_file

        return prompt_file.read(cls, name_or_path)

    @functools.cached_property
    def digest(self) -> str:
        """BLAKE2b of all that a model is shown or that reads its answers."""
        said = dataclasses.asdict(self)
        kept = {k: v for k, v in said.items() if k not in _NOT_IN_DIGEST}
        content = json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def vocabulary_of(self, step: Step) -> str:
        """Returns the name of a step's label set, as in the column `vocabulary`."""
        return step.vocabulary or f"{self.name}.{step.name}"

    def task_of(self, step: Step) -> str:
        """Returns what a step is about, as in the column `task`."""
        return step.task or self.task

    def reads(self, what: Literal["labels", "words"]) -> int:
        """Returns how many labels or words it reads of another annotator."""
        found = dict(_parts_of(self.over))
        return found.get(what, 0)


def _parts_of(over: str) -> Iterator[tuple[str, int]]:
    for part in over.split(",") if over else ():
        said = _OVER.fullmatch(part.strip())
        if said is None:
            why = f"`over` must be like 'labels:3' or 'labels:3,words:5', got {over!r}"
            raise _fault(why, "over")
        yield said[1], int(said[2])


# -- what cannot be asked ------------------------------------------------------------


def _check(prompt: Prompt) -> None:
    if not prompt.steps:
        raise _fault("no step: a prompt has at least one [[steps]]", "steps")
    if prompt.unit not in ("utterance", "conversation"):
        why = f"`unit` must be utterance or conversation, got {prompt.unit!r}"
        raise _fault(why, "unit")
    if prompt.history < 0:
        raise _fault(f"`history` must be at least 0, got {prompt.history}", "history")
    if prompt.unit == "conversation" and prompt.history:
        why = "a conversation has no `history`: {text} is all of it"
        raise _fault(why, "history")
    dict(_parts_of(prompt.over))
    earlier: dict[str, Step] = {}
    for step in prompt.steps:
        _check_name(prompt, step, earlier)
        _check_slots(prompt, step, earlier)
        _check_when(prompt, step, earlier)
        _check_among(prompt, step)
        earlier[step.name] = step


def _check_name(prompt: Prompt, step: Step, earlier: Mapping[str, Step]) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", step.name) or step.name in SLOTS:
        why = f"{step.name!r} cannot name a step: use small letters, and none of"
        raise _fault(f"{why} {', '.join(SLOTS)}", f'name = "{step.name}"')
    if step.name in earlier:
        raise _fault(f"step {step.name!r} is there twice", f'name = "{step.name}"', 2)
    if step.max_new_tokens < 1:
        why = f"`max_new_tokens` must be at least 1, got {step.max_new_tokens}"
        raise _fault(why, "max_new_tokens")
    if len(set(step.labels)) < len(step.labels):
        raise _fault(f"a label of step {step.name!r} is there twice", "labels")
    own = (prompt.task_of(step), prompt.vocabulary_of(step))
    for other in earlier.values():
        shared = own == (prompt.task_of(other), prompt.vocabulary_of(other))
        if shared and not (step.among and other.among):
            why = f"steps {other.name!r} and {step.name!r} both answer {own[0]!r} with"
            raise _fault(f"{why} {own[1]!r}: give one a `task` of its own", step.name)


def _check_slots(prompt: Prompt, step: Step, earlier: Mapping[str, Step]) -> None:
    known = (*SLOTS, *earlier)
    for slot in step.slots:
        if slot not in known:
            why = f"unknown slot {{{slot}}} in step {step.name!r}"
            later = [each.name for each in prompt.steps]
            hint = "it is asked later" if slot in later else nearest(slot, known)
            raise _fault(f"{why}; {hint}", f"{{{slot}}}")
    lacking = {
        "history": not prompt.history and "`history` is 0",
        "labels": not step.labels and "the step has no labels",
        "evidence": not prompt.reads("labels") and "`over` reads no labels",
        "words": not prompt.reads("words") and "`over` reads no words",
    }
    for slot, why_not in lacking.items():
        if why_not and slot in step.slots:
            why = f"nothing fills {{{slot}}} of step {step.name!r}: {why_not}"
            raise _fault(why, f"{{{slot}}}")


def _check_among(prompt: Prompt, step: Step) -> None:
    if step.among not in ("", "over", "rest"):
        why = f"`among` must be over or rest, got {step.among!r}"
        raise _fault(why, "among")
    if step.among and not (prompt.reads("labels") and step.labels):
        why = f'`among` of step {step.name!r} needs labels, and `over = "labels:3"`'
        raise _fault(f"{why} or another number of them", "among")


def _check_when(prompt: Prompt, step: Step, earlier: Mapping[str, Step]) -> None:
    if not step.when:
        return
    condition = step.condition
    if condition is None:
        why = f"`when` must be like 'assess=yes' or 'assess!=no', got {step.when!r}"
        raise _fault(why, "when")
    if condition.step not in earlier:
        later = condition.step in [each.name for each in prompt.steps]
        why = f"`when` of step {step.name!r} waits for {condition.step!r}"
        hint = "which is asked later" if later else "which is no step"
        raise _fault(f"{why}, {hint}; earlier ones are {_names(earlier)}", "when")
    labels = earlier[condition.step].labels
    for label in condition.labels:
        if labels and label not in labels:
            why = f"`when` of step {step.name!r} waits for {label!r}, which is no label"
            why = f"{why} of {condition.step!r}"
            raise _fault(f"{why}; {nearest(label, labels)}", "when")


def _names(steps: Mapping[str, Step]) -> str:
    return ", ".join(map(repr, steps)) or "none"


# -- parsers -------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a parser makes of an answer, or of a part of it: a row of `annotations`.

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
    """Reads what a model answered. It is total: it never raises."""

    def __call__(self, raw: str, *, step: Step, reading: str) -> list[Answer]:
        """Returns what an answer says; at least one `Answer`, whatever it is.

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


def is_closed(step: Step, parser: Parser) -> bool:
    """Returns whether a step can be asked by the likelihood of its labels."""
    return bool(step.labels) and getattr(parser, "closed", False)


def parser_of(step: Step) -> Parser:
    """Returns the parser of a step.

    Raises:
      UnknownPluginError: there is none of its name; answers with the nearest.
    """
    parser: Parser = registry.load("parsers", step.parser)
    return parser
