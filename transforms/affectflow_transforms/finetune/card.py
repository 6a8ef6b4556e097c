"""The card of a trained encoder: data, licence, figures, and what it is not for."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.loop import Course
from affectflow_transforms.finetune.splits import Splits
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained.source import allows_commerce

SAYS = {True: "allowed", False: "not allowed", None: "unknown"}
"""What a card says of commercial use."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of a training.

    Args:
      trainer: with its options.
      aim: what was learned.
      splits: rows that it was learned, chosen and measured on.
      course: what happened.
      files: of the data.
      licence: of the data.
      base: name of the encoder.
      base_licence: of it.
      figures: on the rows held out.
      digest: of the weights file.
    """

    trainer: Any
    aim: Aim
    splits: Splits
    course: Course
    files: tuple[Path, ...]
    licence: str
    base: str
    base_licence: str
    figures: tuple[Figure, ...]
    digest: str

    @property
    def held_out(self) -> str:
        """Which rows the figures are of, in a line."""
        held, rows = len(self.splits.held_out), len(self.aim.usable)
        how = (
            f"those of {self.files[1].name}"
            if len(self.files) > 1
            else f"by a hash of `{self.splits.key}`"
        )
        said = f"{held:,} of {rows:,} rows, {how}"
        left_out = sorted(self.aim.left_out.items())
        if left_out:
            why = ", ".join(f"{n:,} {reason}" for reason, n in left_out)
            said += f" (left out: {why})"
        return said


def stricter(licence: str, other: str) -> str:
    """Returns the licence of two that allows less, as one word of a card's head.

    >>> stricter("CC BY-NC 4.0 (somebody)", "apache-2.0")
    'cc-by-nc-4.0'
    """
    words = [_word(licence), _word(other)]
    ranks: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    return min(words, key=lambda word: ranks[allows_commerce(word)])


def _word(licence: str) -> str:
    bare = re.sub(r"\(.*?\)", "", licence).strip().lower()
    return "unknown" if bare in ("", "not stated") else re.sub(r"\s+", "-", bare)


def card_of(facts: Facts) -> str:
    """Returns the card, in Markdown, with a head as hubs read it."""
    aim, course, trainer = facts.aim, facts.course, facts.trainer
    licence = stricter(facts.licence, facts.base_licence)
    stopped = ", and stopped where the loss was no number" if course.diverged else ""
    options = ", ".join(
        f"{name}={getattr(trainer, name)}"
        for name in ("rate", "head_rate", "layer_decay", "batch", "freeze", "balance",
                     "sam_rho", "max_tokens", "seed")
    )  # fmt: skip
    return f"""---
license: {licence}
base_model: {facts.base}
---
# {facts.base}, fitted to {facts.files[0].name}

Read by `SequenceClassifier`, made by `affectflow train finetune`. It gives
{_answer(aim)}.{_second(aim)}

| | |
| --- | --- |
| data | {", ".join(f"{file.name} (SHA-256 {trained.sha256(file)})" for file in facts.files)} |
| rows | {len(facts.splits.learned):,} trained on, {len(facts.splits.chosen):,} to choose epoch and thresholds by |
| licence of the data | {facts.licence} |
| licence of the base | {facts.base_licence} |
| commercial use | {SAYS[allows_commerce(licence)]} |
| objective | {aim.objective} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | {options} |
| weights | BLAKE2b {facts.digest} |

Who passes the weights on is bound by both licences. The same data, options and seed
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


def _answer(aim: Aim) -> str:
    labels = ", ".join(aim.labels)
    return {
        "one": f"one label of {labels}",
        "pair": f"one label of {labels} to two texts",
        "several": f"any number of the labels {labels}, each above its own threshold",
        "ordinal": f"a place on the scale {labels}",
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
