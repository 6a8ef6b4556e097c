"""Checks that a prompt can be asked; says what is wrong in one line."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from affectflow.kinds.step import SLOTS, Step, fault
from affectflow.registry import nearest

if TYPE_CHECKING:
    from affectflow.kinds.prompt import Prompt

WRITER = "writer"
PERSPECTIVES = (WRITER, "reader", "self_report")
PROFILE = ("speaker_role", "lang")
"""Columns that a profile may show, besides the `attrs` of an utterance."""
_OVER = re.compile(r"(labels|words):([1-9][0-9]?)")


def parts_of(over: str) -> Iterator[tuple[str, int]]:
    """Yields what is read from another annotator, labels or words, and how many.

    Raises:
      PromptError: it is not like `labels:3,words:5`.
    """
    for part in over.split(",") if over else ():
        said = _OVER.fullmatch(part.strip())
        if said is None:
            why = f"`over` must be like 'labels:3' or 'labels:3,words:5', got {over!r}"
            raise fault(why, "over")
        yield said[1], int(said[2])


def check(prompt: "Prompt") -> None:
    """Raises PromptError if a prompt cannot be asked: says why, in one line."""
    if not prompt.steps:
        raise fault("the prompt has no step; add at least one [[steps]]", "steps")
    if prompt.unit not in ("utterance", "conversation"):
        why = f"`unit` must be utterance or conversation, got {prompt.unit!r}"
        raise fault(why, "unit")
    if prompt.perspective not in PERSPECTIVES:
        said = f"got {prompt.perspective!r}"
        why = f"`perspective` must be one of {', '.join(PERSPECTIVES)}, {said}"
        raise fault(why, "perspective")
    if prompt.history < 0:
        raise fault(f"`history` must be at least 0, got {prompt.history}", "history")
    if prompt.unit == "conversation" and prompt.history:
        why = "leave `history` out: {text} is already the whole conversation"
        raise fault(why, "history")
    dict(parts_of(prompt.over))
    _check_profile(prompt)
    earlier: dict[str, Step] = {}
    for step in prompt.steps:
        _check_name(prompt, step, earlier)
        _check_slots(prompt, step, earlier)
        _check_when(prompt, step, earlier)
        _check_among(prompt, step)
        earlier[step.name] = step


def _check_profile(prompt: "Prompt") -> None:
    if not prompt.profile:
        return
    for name in prompt.profile:
        if name not in PROFILE and not re.fullmatch(r"attrs\..+", name):
            known = ", ".join((*PROFILE, "attrs.NAME"))
            raise fault(f"`profile` must name {known}, got {name!r}", "profile")
    if prompt.unit == "conversation":
        raise fault(
            "leave `profile` out: a conversation has several speakers", "profile"
        )
    if not any("profile" in step.slots for step in prompt.steps):
        why = f"prompt {prompt.name!r} has a `profile`, but no slot {{profile}}"
        raise fault(why, "profile")


def _check_name(prompt: "Prompt", step: Step, earlier: Mapping[str, Step]) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", step.name) or step.name in SLOTS:
        why = f"{step.name!r} cannot name a step: use lower-case letters, and none of"
        raise fault(f"{why} {', '.join(SLOTS)}", f'name = "{step.name}"')
    if step.name in earlier:
        raise fault(f"step {step.name!r} appears twice", f'name = "{step.name}"', 2)
    if step.max_new_tokens < 1:
        why = f"`max_new_tokens` must be at least 1, got {step.max_new_tokens}"
        raise fault(why, "max_new_tokens")
    if len(set(step.labels)) < len(step.labels):
        raise fault(f"a label of step {step.name!r} appears twice", "labels")
    own = (prompt.task_of(step), prompt.vocabulary_of(step))
    for other in earlier.values():
        shared = own == (prompt.task_of(other), prompt.vocabulary_of(other))
        if shared and not (step.among and other.among):
            why = f"steps {other.name!r} and {step.name!r} both answer {own[0]!r} with"
            raise fault(f"{why} {own[1]!r}: give one of them its own `task`", step.name)


def _check_slots(prompt: "Prompt", step: Step, earlier: Mapping[str, Step]) -> None:
    known = (*SLOTS, *earlier)
    for slot in step.slots:
        if slot not in known:
            why = f"unknown slot {{{slot}}} in step {step.name!r}"
            later = [each.name for each in prompt.steps]
            hint = "that step comes later" if slot in later else nearest(slot, known)
            raise fault(f"{why}; {hint}", f"{{{slot}}}")
    lacking = {
        "history": not prompt.history and "`history` is 0",
        "labels": not step.labels and "the step has no labels",
        "evidence": not prompt.reads("labels") and "`over` reads no labels",
        "words": not prompt.reads("words") and "`over` reads no words",
    }
    for slot, why_not in lacking.items():
        if why_not and slot in step.slots:
            why = f"nothing fills {{{slot}}} of step {step.name!r}: {why_not}"
            raise fault(why, f"{{{slot}}}")


def _check_among(prompt: "Prompt", step: Step) -> None:
    if step.among not in ("", "over", "rest"):
        why = f"`among` must be over or rest, got {step.among!r}"
        raise fault(why, "among")
    if step.among and not (prompt.reads("labels") and step.labels):
        why = f'`among` of step {step.name!r} needs labels, and `over = "labels:3"`'
        raise fault(f"{why} or another number of them", "among")


def _check_when(prompt: "Prompt", step: Step, earlier: Mapping[str, Step]) -> None:
    if not step.when:
        return
    condition = step.condition
    if condition is None:
        why = f"`when` must be like 'assess=yes' or 'assess!=no', got {step.when!r}"
        raise fault(why, "when")
    if condition.step not in earlier:
        later = condition.step in [each.name for each in prompt.steps]
        why = f"`when` of step {step.name!r} waits for {condition.step!r}"
        hint = "which comes later" if later else "which is not a step"
        raise fault(f"{why}, {hint}; earlier ones are {_names(earlier)}", "when")
    labels = earlier[condition.step].labels
    for label in condition.labels:
        if labels and label not in labels:
            why = (
                f"`when` of step {step.name!r} waits for {label!r}, which is not a "
                f"label of {condition.step!r}"
            )
            raise fault(f"{why}; {nearest(label, labels)}", "when")


def _names(steps: Mapping[str, Step]) -> str:
    return ", ".join(map(repr, steps)) or "none"
