"""The card of a network of EEGs: data, licence, figures, and what it is not for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.licences import SAYS, passing_on, word_of
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.source import allows_commerce


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      montage: what the network reads, and its outputs.
      files: of the data.
      licence: of them.
      objective: that was made small.
      learned: stretches that were trained on.
      chosen: stretches by which the epoch was chosen.
      course: what happened.
      figures: on the people held out.
      held_out: whose they are, in a line.
      digest: of the weights file.
      seed: of all that is random.
      kept_back: what of it has a licence that forbids passing the model on.
    """

    montage: Mapping[str, Any]
    files: tuple[Path, ...]
    licence: str
    objective: str
    learned: int
    chosen: int
    course: Course
    figures: tuple[Figure, ...]
    held_out: str
    digest: str
    seed: int
    kept_back: tuple[str, ...] = ()


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown."""
    own, course = facts.montage, facts.course
    word = word_of(facts.licence)
    stopped = ", and stopped where the loss was no number" if course.diverged else ""
    return f"""---
license: {word}
---
# GraphEEG: {", ".join(own["labels"])}

Read by `GraphEEG`, made by `affectflow train graph-eeg`: the network of HiSTN
(arXiv 2408.15255), one label for a stretch of an EEG recording.

| | |
| --- | --- |
| data | {", ".join(f"{file.name} (SHA-256 {trained.sha256(file)})" for file in facts.files)} |
| recordings | {facts.learned:,} trained on, {facts.chosen:,} to choose the epoch by |
| licence of the data | {facts.licence} |
| commercial use | {SAYS[allows_commerce(word)]} |
| electrodes | {", ".join(own["channels"])}; regions of {", ".join(map(str, own["regions"]))} |
| windows | {own["size"]} samples at {own["rate"]} Hz, each divided by its largest value |
| objective | {facts.objective} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| seed | {facts.seed} |
| weights | BLAKE2b {facts.digest} |

{passing_on(facts.kept_back, "Who passes the weights on is bound by the licence of the data.")}
The same data, options and seed give the same weights on one machine.

## Figures

On {facts.held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap
samples of people.

{trained.as_markdown(facts.figures)}

## What it must not be used for

Decisions about a person, and any diagnosis. It says which label recordings like this one
had in the data, of those people with that device; on other people, devices and
situations it is unmeasured. An EEG is data about health: collect and keep it only with
the person's consent.
"""  # noqa: E501
