"""The card of a student: its teacher, what binds it, and how far it agrees."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow_transforms.distil.teachers import Teacher
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.licences import SAYS, passing_on, stricter
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.finetune.splits import Splits
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.source import allows_commerce


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      trainer: with its options.
      student: the annotator that reads the folder.
      teacher: whose answers were learned.
      aim: what was learned.
      splits: rows that it was learned, chosen and measured on.
      course: what happened.
      lake: name of its folder.
      rows: digest of the utterances and answers.
      licence: of the texts or recordings.
      base: name of the encoder; empty for none.
      base_licence: of it.
      figures: on the rows held out.
      digest: of the weights file.
      kept_back: what of it has a licence that forbids passing the model on.
    """

    trainer: Any
    student: str
    teacher: Teacher
    aim: Aim
    splits: Splits
    course: Course
    lake: str
    rows: str
    licence: str
    base: str
    base_licence: str
    figures: tuple[Figure, ...]
    digest: str
    kept_back: tuple[str, ...] = ()

    @property
    def held_out(self) -> str:
        """Which rows the figures are of, in a line."""
        held, rows = len(self.splits.held_out), len(self.aim.usable)
        said = f"{held:,} of {rows:,} utterances, by a hash of `{self.splits.key}`"
        left_out = sorted(self.aim.left_out.items())
        if left_out:
            why = ", ".join(f"{n:,} {reason}" for reason, n in left_out)
            said += f" (left out: {why})"
        return said

    @property
    def word(self) -> str:
        """The licence that allows least, as one word of a card's head."""
        said = [*self.teacher.licences, self.licence]
        said += [self.base_licence] if self.base else []
        return reduce(stricter, said[1:], stricter(said[0], said[0]))


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    course, trainer, teacher = facts.course, facts.trainer, facts.teacher
    licence = facts.word
    allowed = False if teacher.commercial_use is False else allows_commerce(licence)
    stopped = ", and stopped where the loss was no number" if course.diverged else ""
    options = ", ".join(
        f"{name}={getattr(trainer, name)}"
        for name in ("temperature", "layers", "rate", "batch", "longest_s", "seed")
    )
    base = f"\nbase_model: {facts.base}" if facts.base else ""
    origin = facts.base or "a network of random weights"
    return f"""---
license: {licence}{base}
---
# A student of {teacher.annotator_id}

Read by `{facts.student}`, made by `affectflow train distil` from {origin}. It answers
as its teacher would, with {_answer(facts.aim)}.

| | |
| --- | --- |
| teacher | {teacher.annotator_id} |
| data | its answers in the lake {facts.lake} (BLAKE2b {facts.rows}) |
| rows | {len(facts.splits.learned):,} trained on, {len(facts.splits.chosen):,} to choose the epoch by |
| licence of the teacher | {", of what it reads ".join(teacher.licences)} |
| licence of the texts or recordings | {facts.licence} |
| licence of the base | {facts.base_licence if facts.base else "there is none"} |
| commercial use | {SAYS[allowed]} |
| touches of people | {", ".join(teacher.touches) or "no"} |
| objective | {facts.aim.objective} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |

What binds the teacher binds the student: its licence, whether it may be used
commercially, and in which contexts. All of this is in config.json and in the table
`annotators`, beside every label that the student gives.{_notice(teacher)}{_kept(facts)}

## Figures

Agreement with the teacher on {facts.held_out}, that nothing was fitted to. 95 % intervals from
1,000 bootstrap samples of `{facts.splits.key}`. They do not say how often either is
right: `affectflow eval` does, with labels of people.

{trained.as_markdown(facts.figures)}

## What it must not be used for

What the teacher must not be used for, and decisions about a person. Texts or recordings
of another kind than those that the teacher was asked about are unmeasured.
"""  # noqa: E501


def _answer(aim: Aim) -> str:
    labels = ", ".join(aim.labels)
    return {
        "one": f"one label of {labels}",
        "several": f"any number of the labels {labels}",
        "value": f"numbers for {labels}",
    }[aim.head]


def _kept(facts: Facts) -> str:
    said = passing_on(facts.kept_back, "")
    return f"\n\n{said}" if said else ""


def _notice(teacher: Teacher) -> str:
    return f" Readers are told: {teacher.notice}" if teacher.notice else ""
