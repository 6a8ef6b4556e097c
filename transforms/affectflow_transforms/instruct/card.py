"""The card of an instructed model: data, prompt, licences, figures, and its limits."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from affectflow.kinds.prompt import Prompt
from affectflow.kinds.trainer import Figure
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
      prompt: that was learned.
      splits: rows that it was learned, chosen and measured on.
      course: what happened.
      data: name of the lake or folder.
      data_digest: of all questions and answers.
      refused: rows that were not learned, by reason.
      truncated: questions that lost their middle.
      licence: of the data and the labels.
      base: name of the base.
      base_licence: of it.
      base_digest: of it.
      figures: on the rows held out.
      digest: of the weights file.
      kept_back: what of it has a licence that forbids passing the model on.
      labels_by: who gave the labels.
      dev: the file that was held out; empty for a tenth of the rows.
    """

    trainer: Any
    prompt: Prompt
    splits: Splits
    course: Course
    data: str
    data_digest: str
    refused: Counter[str]
    truncated: int
    licence: str
    base: str
    base_licence: str
    base_digest: str
    figures: tuple[Figure, ...]
    digest: str
    kept_back: tuple[str, ...]
    labels_by: str
    dev: str = ""

    @property
    def held_out(self) -> str:
        """Which rows the figures are of, in a line."""
        parts = (self.splits.learned, self.splits.chosen, self.splits.held_out)
        held, rows = len(self.splits.held_out), sum(map(len, parts))
        how = f"those of {self.dev}" if self.dev else f"by `{self.splits.key}`"
        said = f"{held:,} of {rows:,} answers, {how}"
        left_out = sorted(self.refused.items())
        if left_out:
            why = ", ".join(f"{n:,} {reason}" for reason, n in left_out)
            said += f" (left out: {why})"
        if self.truncated:
            said += f"; {self.truncated:,} questions lost their middle"
        return said


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    course, trainer, prompt = facts.course, facts.trainer, facts.prompt
    licence = stricter(facts.licence, facts.base_licence)
    stopped = ", and stopped where the loss was not a number" if course.diverged else ""
    names: tuple[str, ...] = ("rate", "batch", "max_tokens", "dtype", "seed")
    if trainer.tune == "lora":
        names = ("rank", "alpha", "dropout", "layers", *names)
    options = ", ".join(f"{name}={getattr(trainer, name)}" for name in names)
    how = "an adapter" if trainer.tune == "lora" else "all weights"
    if trainer.tune == "lora" and trainer.keep == "merged":
        how += ", merged into the base"
    return f"""---
license: {licence}
base_model: {facts.base}
---
# {facts.base}, instructed with {prompt.name}

Read by `Generate` with the prompt `{prompt.name}`, made by `affectflow train instruct`.

| | |
| --- | --- |
| data | {facts.data} (BLAKE2b of questions and answers {facts.data_digest}) |
| answers by | {facts.labels_by} |
| rows | {len(facts.splits.learned):,} learned, {len(facts.splits.chosen):,} to choose the epoch by |
| prompt | {prompt.name}, version {prompt.version}, digest {prompt.digest}; licence {prompt.licence or "not stated"} |
| guard of the prompt | {prompt.guard or "none"} |
| licence of the data | {facts.licence} |
| licence of the base | {facts.base_licence} |
| commercial use | {SAYS[allows_commerce(licence)]} |
| base | {facts.base}, digest {facts.base_digest} |
| trained | {how} |
| objective | {trainer.objective} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |

{passing_on(facts.kept_back, "Who passes the weights on is bound by both licences.")} The same data, options and seed
give the same weights on one machine, without a GPU.

## Figures

On {facts.held_out}, that nothing was fitted to. 95 % intervals from 1,000 bootstrap samples
of `{facts.splits.key}`. `choice`: by the likelihood of each label (`decode=choice`);
`text`: in words, as the parser reads them; what it cannot read is wrong, and counted as
`unparsed`. `loss`: per token of the answers, or per pair.

{trained.as_markdown(facts.figures)}

## What it must not be used for

Decisions about a person: whom to hire, promote, treat or report. It says what a text
sounds like to those who labelled the data, not what its author feels. With another
prompt, and on texts of another kind, language or community than the data, it is
unmeasured: label some of yours and run `affectflow eval` first.{_guarded(prompt)}
"""  # noqa: E501


def _guarded(prompt: Prompt) -> str:
    if not prompt.guard:
        return ""
    return f"""

The prompt has the guard `{prompt.guard}`: what it matches was not learned, and with
this prompt no model is asked about it. Do not use the weights with a prompt that has
no such guard. It makes no diagnosis, and is refused where `affectflow` refuses what
touches health."""
