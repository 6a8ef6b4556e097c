"""The card of a network over tracks: data, licence, figures, and what it is not for."""

from dataclasses import dataclass
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.licences import SAYS, passing_on, word_of
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.finetune.splits import Splits
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.source import allows_commerce
from affectflow_transforms.sequences.lesson import Lesson

_OPTIONS = ("hidden", "layers", "rate", "batch", "weight_decay", "warmup", "seed")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      trainer: with its options.
      lesson: what was learned, of which material.
      splits: rated rows that it was learned, chosen and measured on.
      course: what happened.
      licence: of the data.
      figures: on the rows held out.
      digest: of the weights file.
      kept_back: what of it has a licence that forbids passing the model on.
    """

    trainer: Any
    lesson: Lesson
    splits: Splits
    course: Course
    licence: str
    figures: tuple[Figure, ...]
    digest: str
    kept_back: tuple[str, ...] = ()

    @property
    def held_out(self) -> str:
        """Which rows the figures are of, in a line."""
        source, left_out = self.lesson.material.source, self.lesson.aim.left_out
        held = self.splits.held_out
        own = {self.lesson.material.subjects[row] for row in held}
        how = (
            f"fold {self.trainer.fold} of {self.trainer.folds}, by a hash of `subject`"
        )
        if len(source.files) > 1:
            how = f"those of {source.files[1].name}"
        said = (
            f"{len(held):,} of {len(self.lesson.aim.usable):,} ratings, of "
            f"{len(own):,} subjects, {how}"
        )
        if left_out:
            why = ", ".join(f"{n:,} {reason}" for reason, n in sorted(left_out.items()))
            said += f" (left out: {why})"
        return said


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    lesson, course, trainer = facts.lesson, facts.course, facts.trainer
    shape, aim, material = lesson.shape, lesson.aim, lesson.material
    stopped = ", and stopped where the loss was no number" if course.diverged else ""
    rate = f"{shape.rate:.4g} frames per second" if shape.rate else "frames, not times"
    options = ", ".join(f"{name}={getattr(trainer, name)}" for name in _OPTIONS)
    files = (*dict.fromkeys((*material.source.files, *material.files)),)
    shown = ", ".join(f"{f.name} (SHA-256 {trained.sha256(f)})" for f in files[:3])
    more = f" and {len(files) - 3:,} more" if len(files) > 3 else ""
    word = word_of(facts.licence)
    return f"""---
license: {word}
---
# A network over tracks, fitted to {", ".join(aim.labels)}

Read by `TrackRegressor`, made by `affectflow train tracks`. From {len(shape.channels):,} channels
({", ".join(shape.channels[:12])}{", ..." if len(shape.channels) > 12 else ""}) it gives numbers for {", ".join(aim.labels)}.

| | |
| --- | --- |
| data | {shown}{more} |
| ratings | {len(facts.splits.learned):,} trained on, {len(facts.splits.chosen):,} to choose the epoch by |
| windows | {shape.size} frames, every {shape.stride}, at {rate}; {len(lesson.learned):,} trained on |
| licence of the data | {facts.licence} |
| commercial use | {SAYS[allows_commerce(word)]} |
| objective | {aim.objective} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |

{passing_on(facts.kept_back, "Who passes the weights on is bound by the licence of the data.")}
Mean and spread of the channels are those of the frames that were trained on, and lie in
the weights. The same data, options and seed give the same weights on one machine.

## Figures

On {facts.held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap samples
of subjects. A rating is compared with the mean over its frames.

{trained.as_markdown(facts.figures)}

## What it must not be used for

Decisions about a person: whom to hire, promote, treat or report; diagnosis. It says what
raters said of such recordings, not what a person feels. With another instrument, camera
or group of people it is unmeasured: rate some of yours and run `affectflow eval` first.
"""  # noqa: E501
