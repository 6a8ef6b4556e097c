"""The card of a trained encoder: data, licence, figures, and what it is not for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow.opened.labelled import GOLD
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.licences import SAYS, passing_on, stricter
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.finetune.splits import Source, Splits
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.passed_on import PassedOn
from affectflow_transforms.models.pretrained.source import allows_commerce

_OPTIONS = (
    *("rate", "head_rate", "layer_decay", "batch", "is_frozen", "balance", "sam_rho"),
    "frozen_layers",
    *("hidden", "dropout", "se_head", "lexicon_loss", "max_tokens", "seed"),
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      trainer: with its options.
      aim: what was learned.
      splits: rows that it was learned, chosen and measured on.
      course: what happened.
      source: the rows.
      bound: what binds the model beside licences.
      licence: of the data.
      reader: the model plugin that reads the folder.
      base: name of the encoder.
      base_licence: of it.
      figures: on the rows held out.
      digest: of the weights file.
      copied: files whose words and numbers the folder holds.
      kept_back: what of it has a licence that forbids passing the model on.
    """

    trainer: Any
    aim: Aim
    splits: Splits
    course: Course
    source: Source
    bound: PassedOn
    licence: str
    reader: str
    base: str
    base_licence: str
    figures: tuple[Figure, ...]
    digest: str
    copied: tuple[Path, ...] = ()
    kept_back: tuple[str, ...] = ()

    @property
    def held_out(self) -> str:
        """Which rows the figures are of, in a line."""
        held, rows = len(self.splits.held_out), len(self.aim.usable)
        how = (
            f"those of {self.source.files[1].name}"
            if len(self.source.files) > 1
            else f"by a hash of `{self.splits.key}`"
        )
        said = f"{held:,} of {rows:,} rows, {how}"
        left_out = sorted(self.aim.left_out.items())
        if left_out:
            why = ", ".join(f"{n:,} {reason}" for reason, n in left_out)
            said += f" (left out: {why})"
        return said


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    aim, course, trainer = facts.aim, facts.course, facts.trainer
    licence = stricter(facts.licence, facts.base_licence)
    stopped = ", and stopped where the loss was no number" if course.diverged else ""
    options = ", ".join(
        f"{name.removeprefix('is_')}={getattr(trainer, name)}" for name in _OPTIONS
    )
    return f"""---
license: {licence}
base_model: {facts.base}
---
# {facts.base}, fitted to {facts.source.files[0].resolve().name}

Read by `{facts.reader}`, made by `affectflow train finetune`. It gives
{_answer(aim)}.{_second(aim)}

| | |
| --- | --- |
| data | {_data(facts)} |
| rows | {len(facts.splits.learned):,} trained on, {len(facts.splits.chosen):,} to choose epoch and thresholds by |
| licence of the data | {facts.licence} |
| licence of the base | {facts.base_licence} |
| commercial use | {SAYS[facts.bound.stricter(allows_commerce(licence))]} |
| objective | {aim.objective}{_teacher(facts)} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |{_copied(facts)}{_fit(facts)}

{_passing(facts)} The same data, options and seed
give the same weights on one machine, without a GPU.

## Figures

On {facts.held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap samples
of `{facts.splits.key}`.

{trained.as_markdown(facts.figures)}

## What it must not be used for

Decisions about a person: whom to hire, promote, treat or report. It says what a text
sounds like to those who labelled the data, not what its author feels. On texts of
another kind, language or community than the data it is unmeasured: label some of yours
and run `affectflow eval` first. Labels with few rows in the figures are guesses.
"""  # noqa: E501


def _data(facts: Facts) -> str:
    """Returns where the rows come from, with digests."""
    source, trainer = facts.source, facts.trainer
    if not source.digest:
        return ", ".join(
            f"{f.name} (SHA-256 {trained.sha256(f)})" for f in source.files
        )
    who = "most people" if trainer.annotator == GOLD else trainer.annotator
    name = source.files[0].resolve().name
    return f"the lake {name}, labels of {who} (BLAKE2b of its rows {source.digest})"


def _teacher(facts: Facts) -> str:
    trainer = facts.trainer
    if not trainer.teacher:
        return ""
    share = trainer.teacher_weight
    return f", {share:g} of it by the scores of {trainer.teacher}"


def _copied(facts: Facts) -> str:
    """Returns a row of the table for words that the folder holds; empty for none."""
    if not facts.copied:
        return ""
    said = ", ".join(f"{f.name} (SHA-256 {trained.sha256(f)})" for f in facts.copied)
    return f"\n| words and numbers in the folder | of {said}: under its own licence |"


def _fit(facts: Facts) -> str:
    """Returns a row of the table for the fit that measures; empty for none."""
    if not facts.trainer.rasch:
        return ""
    file = Path(facts.trainer.rasch)
    return f"\n| fit of FacetedRasch | {file.name} (SHA-256 {trained.sha256(file)}) |"


def _passing(facts: Facts) -> str:
    more = ", and by that of the words" if facts.copied else ""
    both = f"Who passes the weights on is bound by both licences{more}."
    return passing_on(facts.kept_back, both)


def _answer(aim: Aim) -> str:
    labels = ", ".join(aim.labels)
    return {
        "one": f"one label of {labels}",
        "pair": f"one label of {labels} to two texts",
        "several": f"any number of the labels {labels}, each above its own threshold",
        "ordinal": f"a place on the scale {labels}",
        "items": f"a measure in logits with its error, by the items {labels}",
        "value": f"numbers for {labels}",
        "shares": f"the shares of readers that would say {labels}",
        "reward": "a number that is higher for the text that people prefer",
    }[aim.head]


def _second(aim: Aim) -> str:
    if not any(isinstance(text, tuple) for text in aim.texts):
        return ""
    return (
        " It was trained with a second text: say which one it is with `--set "
        "pair=parent` or `--set context=N`."
    )
