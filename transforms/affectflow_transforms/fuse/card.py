"""The card of a fused classifier: data, licence, figures, and what it is not for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.licences import SAYS, passing_on, stricter
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.finetune.splits import Splits
from affectflow_transforms.fuse.rows import Corpus
from affectflow_transforms.fuse.saved import Plan
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.source import allows_commerce


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      trainer: with its options.
      plan: what the network reads, and its outputs.
      corpus: what there was to learn from.
      splits: rows that it was learned, chosen and measured on.
      contrast: the first stage; None if no rows had two modalities.
      course: the second stage.
      licence: of the labels.
      held_out: which rows the figures are of, in a line.
      figures: on them.
      digest: of the weights file.
      kept_back: what of it has a licence that forbids passing the model on.
    """

    trainer: Any
    plan: Plan
    corpus: Corpus
    splits: Splits
    contrast: Course | None
    course: Course
    licence: str
    held_out: str
    figures: tuple[Figure, ...]
    digest: str
    kept_back: tuple[str, ...] = ()


_BOUND = (
    "Who passes the weights on is bound by all these licences; the strictest is at the "
    "head."
)


def strictest(licences: Sequence[str]) -> str:
    """Returns the licence of several that allows least, as one word.

    >>> strictest(["MIT", "CC BY-NC-SA 4.0", "Apache-2.0"])
    'cc-by-nc-sa-4.0'
    """
    return reduce(stricter, licences, licences[0])


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    corpus, splits, trainer = facts.corpus, facts.splits, facts.trainer
    examples = corpus.examples
    passed_on = strictest([facts.licence, *corpus.licences.values()])
    options = ", ".join(
        f"{name}={getattr(trainer, name)}"
        for name in ("width", "temperature", "drop", "batch", "rate", "seed")
    )
    return f"""---
license: {passed_on}
---
# Vectors of {" and ".join(examples.annotators)}, fused

Read by `FusedClassifier`, made by `affectflow train fuse`: an encoder for each annotator's vectors,
fitted first so that the modalities of a row are alike (arXiv 2207.11482), and a classifier over all.
It gives one label of {", ".join(examples.labels)}.

| | |
| --- | --- |
| vectors | {_vectors(facts)} |
| labels | of {corpus.whose}, {_counts(facts)} |
| rows | {len(splits.learned):,} to learn from, of which {len(examples.labelled(splits.learned)):,} have a label and {len(examples.paired(splits.learned)):,} two modalities or more; {len(splits.chosen):,} to choose the epochs by{_left_out(corpus)} |
| licences of the annotators | {", ".join(f"{name}: {said}" for name, said in corpus.licences.items())} |
| licence of the labels | {facts.licence} |
| commercial use | {SAYS[allows_commerce(passed_on)]} |
| contrastive stage | {_stage(facts.contrast) if facts.contrast else _why_left_out(facts)} |
| classifier | {_stage(facts.course)} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |

{passing_on(facts.kept_back, _BOUND)} The same lake,
options and seed give the same weights on one machine.

## Figures

On {facts.held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap samples of `{splits.key}`.
`retrieval at 1` is the share of rows whose nearest projection in another modality is that of the same
row. `learned from ... alone` is a classifier without the other vectors, `shown ... alone` is this one
where the others are missing, `without the contrastive stage` is the plain concatenation. Fusion is of
use only if `(macro)` is above all of these.

{trained.as_markdown(facts.figures)}

## What it must not be used for

Decisions about a person: whom to hire, promote, treat or report. It says which label rows with such
vectors had in this lake, not what anybody feels. On other people, languages, rooms and microphones it
is unmeasured: label some rows of yours and run `affectflow eval` first.
"""  # noqa: E501


def _vectors(facts: Facts) -> str:
    examples = facts.corpus.examples
    widths = zip(examples.annotators, examples.widths, examples.there, strict=True)
    rows = facts.corpus.usable
    return "; ".join(
        f"{name}, {width} numbers, {int(flags[rows].sum()):,} rows"
        for name, width, flags in widths
    )


def _counts(facts: Facts) -> str:
    examples = facts.corpus.examples
    target = examples.target[examples.labelled(facts.corpus.usable)]
    return ", ".join(
        f"{label}: {int((target == place).sum()):,}"
        for place, label in enumerate(examples.labels)
    )


def _left_out(corpus: Corpus) -> str:
    said = ", ".join(f"{n:,} {why}" for why, n in corpus.left_out.items())
    return f" (left out: {said})" if said else ""


def _why_left_out(facts: Facts) -> str:
    few = "fewer than two rows have two modalities"
    return f"left out: {few if facts.trainer.contrast_epochs else 'contrast_epochs=0'}"


def _stage(course: Course) -> str:
    stopped = ", and stopped where the loss was not a number" if course.diverged else ""
    done = len(course.figures)
    return f"{done} epochs, of which number {course.best + 1} was kept{stopped}"
