"""The card of an encoder that read on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.licences import SAYS, passing_on, stricter
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.finetune.splits import Rows, Splits
from affectflow_transforms.masked.lexicon import Lexicon
from affectflow_transforms.masked.words import Words
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.source import allows_commerce


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      trainer: with its options.
      lexicon: whose words were masked more; perhaps an empty one.
      words: of all rows.
      learned: rows that were trained on.
      splits: texts that it was learned, chosen and measured on.
      course: what happened.
      files: of the data.
      licence: of the data.
      base: name of the encoder.
      base_licence: of it.
      new_head: the base had no head for masked words.
      figures: on the texts held out.
      digest: of the weights file.
      kept_back: what of it has a licence that forbids passing the model on.
    """

    trainer: Any
    lexicon: Lexicon
    words: Words
    learned: Rows
    splits: Splits
    course: Course
    files: tuple[Path, ...]
    licence: str
    base: str
    base_licence: str
    new_head: bool
    figures: tuple[Figure, ...]
    digest: str
    kept_back: tuple[str, ...] = ()

    @property
    def held_out(self) -> str:
        """Which texts the figures are of, in a line."""
        parts = self.splits
        held = len(parts.held_out)
        rows = held + len(parts.learned) + len(parts.chosen)
        how = (
            f"those of {self.files[1].name}"
            if len(self.files) > 1
            else f"by a hash of `{parts.key}`"
        )
        return f"{held:,} of {rows:,} texts, {how}"


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    course, trainer = facts.course, facts.trainer
    licence = stricter(facts.licence, facts.base_licence)
    stopped = ", and stopped where the loss was no number" if course.diverged else ""
    options = ", ".join(
        f"{name}={getattr(trainer, name)}"
        for name in ("rate", "head_rate", "weight_decay", "batch", "max_tokens", "seed")
    )
    return f"""---
license: {licence}
base_model: {facts.base}
---
# {facts.base}, which has read {facts.files[0].name}

An encoder, made by `affectflow train masked-language`: a `base` for `affectflow train
finetune`. By itself it labels nothing.

| | |
| --- | --- |
| data | {", ".join(f"{file.name} (SHA-256 {trained.sha256(file)})" for file in facts.files)} |
| texts | {len(facts.splits.learned):,} trained on, {len(facts.splits.chosen):,} to choose the epoch by |
| licence of the data | {facts.licence} |
| licence of the base | {facts.base_licence} |
| commercial use | {SAYS[allows_commerce(licence)]} |
| masked | {_masked(facts)} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |

{passing_on(facts.kept_back, "Who passes the weights on is bound by both licences.")}
Weights that have read texts may give parts of them away: pass none on that have read
what is private. The same data, options and seed give the same weights on one machine, without a GPU.{_head(facts)}

## Figures

Perplexity at masked words of {facts.held_out}, that nothing was fitted to: 15 % of all
words alike, the same ones before and after, whatever was masked in training. 95 %
intervals from 1,000 bootstrap samples of `{facts.splits.key}`. A ratio below 1 says that it
reads such texts better. Whether it labels them better, only labels can say: fit the
base and this one to some, and compare the figures.

{trained.as_markdown(facts.figures)}

## What it must not be used for

Decisions about a person. What it knows of words is from the texts that it has read, with
whatever they are wrong or unjust about.
"""  # noqa: E501


def _masked(facts: Facts) -> str:
    trainer, words = facts.trainer, facts.words
    if not len(facts.lexicon):
        share = trainer.budget if trainer.order else trainer.p_other
        return f"{share:.0%} of {'tokens' if trainer.order else 'words'}, all alike"
    there = words.of(facts.learned)
    own = words.in_lexicon[there].mean() if len(there) else 0.0
    name = Path(trainer.lexicon).name
    said = f"lexicon {name} ({len(facts.lexicon):,} terms, {own:.1%} of the words)"
    if trainer.order:
        share = f"up to {trainer.budget:.0%} of tokens"
        return f"{said} first (order={trainer.order}), {share}"
    return (
        f"{said} at {trainer.p_lexicon:.0%}, others at {trainer.p_other:.0%}; the "
        "rates are a choice, not published ones"
    )


def _head(facts: Facts) -> str:
    if not facts.new_head:
        return ""
    return """

The base had no head for masked words. One was added whose output weights are the
base's own word embeddings, so the perplexity before is that of a head that has learned
nothing."""
