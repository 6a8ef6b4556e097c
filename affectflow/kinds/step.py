"""A step of a prompt: one question, its slots, and when it is asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow.registry import nearest

SLOTS = ("text", "history", "labels", "evidence", "words", "profile")
"""Slots that any step may use; the names of earlier steps are slots too."""
SLOT = re.compile(r"\{(\{?)([a-z_][a-z0-9_]*)\}(\}?)")
"""A slot, `{name}`; `{{name}}` is the text `{name}`. Other braces are text."""
_WHEN = re.compile(r"([a-z_][a-z0-9_]*)(?:(!?=)(.+))?")


def as_text(words: str) -> str:
    """Returns text escaped for a template, so that nothing in it is taken for a slot.

    >>> as_text("{text} and {this one}")
    '{{text}} and {this one}'
    """
    return SLOT.sub(lambda slot: f"{{{slot[0]}}}", words)


class PromptError(UsageError):
    """A prompt cannot be asked: what to look for in its file is `word`, the n-th."""

    word = ""
    nth = 1


def fault(why: str, word: str, nth: int = 1) -> PromptError:
    """Returns the error that says why a prompt cannot be asked, and where to look."""
    error = PromptError(why)
    error.word, error.nth = word, nth
    return error


class Condition(NamedTuple):
    """When a step is asked: `NAME`, `NAME=LABEL` or `NAME!=LABEL`.

    Attributes:
      step: an earlier step, which must have been answered; an unreadable answer does
        not count.
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
        `{words}`, `{profile}` and the names of earlier steps.
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
                raise fault(f"{why}; {nearest(label, there)}", f'"{label}"')
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
        """Returns the step with the labels that apply to a text; None if none do.

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
