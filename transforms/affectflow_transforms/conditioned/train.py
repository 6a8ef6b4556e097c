"""Conditioned, the trainer: replies by an encoder that is told the emotion.

    affectflow train conditioned --data FOLDER --out replies --set base=BASE

reads `train.csv`, `.jsonl` or `.parquet`, and writes a folder that `annotate --model`
reads with Conditioned, over any annotator of emotions.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from affectflow import vocabularies, weights
from affectflow.kinds.trainer import FolderTrainer, Tell, Trained, quiet
from affectflow.registry import Card
from affectflow_transforms.conditioned import network
from affectflow_transforms.conditioned.lesson import Lesson, Pairs, figures_of, pairs_of
from affectflow_transforms.conditioned.model import ANNOTATOR, FILE
from affectflow_transforms.conditioned.writing import Writer, tokens_of, written
from affectflow_transforms.finetune import loop
from affectflow_transforms.finetune.licences import (
    SAYS,
    check_passing_on,
    forbidding,
    passing_on,
    stricter,
)
from affectflow_transforms.finetune.splits import (
    Source,
    Splits,
    column,
    read,
    say_few,
    split,
)
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained import source as bases
from affectflow_transforms.models.pretrained.source import allows_commerce
from affectflow_transforms.models.ranges import TRAINING, above, at_least, check_ranges

_MODEL = "model"


@dataclass(kw_only=True)
class Conditioned(FolderTrainer):
    """Fits a sequence-to-sequence model to reply, told the emotion of each message.

    Each row of `train.*` has a message in `text`, a person's `reply`, and the
    `emotion` of the message. Figures are of `dev.*`, or else of a tenth of the rows; by
    another tenth the epoch is chosen. Both tenths go by a hash of the key.

    Args:
      base: a folder with config.json, tokenizer and model.safetensors of T5, BART or
        the like, or a hub id.
      revision: the commit of a hub id, 40 hex digits.
      text: column of the message.
      reply: column of the reply.
      emotion: column of the label; empty cells tell the encoder of no emotion.
      vocabulary: the label set, that of the annotator that `annotate --over` will
        name; empty for the labels in the data.
      split_by: column of the key that tells rows apart; empty for `conversation_id` or
        `speaker_id` where there is one, else the text.
      epochs: at most.
      patience: epochs without a better loss after which it stops.
      batch: rows of a step.
      rate: highest learning rate of the base.
      head_rate: of the table of emotions and the norm.
      max_tokens: longer messages and replies are cut.
      accept: `private` says that a model stays with you if the licence of its data or
        its base forbids passing it on.
      seed: of all that is random.

    Raises:
      UsageError: an option is out of its range.
    """

    base: str
    revision: str = ""
    text: str = "text"
    reply: str = "reply"
    emotion: str = "emotion"
    vocabulary: str = ""
    split_by: str = ""
    epochs: int = 5
    patience: int = 2
    batch: int = 16
    rate: float = 1e-4
    head_rate: float = 1e-3
    max_tokens: int = 128
    accept: Literal["", "private"] = ""
    seed: int = 0

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="fits replies to messages and their emotions, for Conditioned",
        extra="torch",
        example="affectflow train conditioned --data replied --out replies --set "
        "base=FOLDER",
    )

    def __post_init__(self) -> None:
        check_ranges(
            self, {**TRAINING, "head_rate": above(0), "max_tokens": at_least(3)}
        )

    def train_in(
        self, work: Path, data: Path, *, licence: str = "", tell: Tell = quiet
    ) -> Trained:
        """Returns the fitted network with figures on the messages held out."""
        source = read(data)
        licences = {
            "data": trained.licence_of(source.files[0], licence),
            "base": bases.licence_of(self.base, self.revision),
        }
        check_passing_on(licences, self.accept)
        pairs = pairs_of(source, self.text, self.reply, self.emotion, self._labels)
        splits = split(source, pairs.usable, self.split_by, pairs.texts)
        say_few(splits, tell)
        base = bases.local_folder(self.base, self.revision)
        lesson = self._lesson(base, pairs, tell)
        course = self._fit(lesson, splits, work, self._mark(source, base), tell)
        return self._finished(lesson, splits, course, work, source, licences, base)

    @property
    def _labels(self) -> tuple[str, ...]:
        return (
            tuple(vocabularies.get(self.vocabulary).labels) if self.vocabulary else ()
        )

    def _lesson(self, base: Path, pairs: Pairs, tell: Tell) -> Lesson:
        """Returns a network with a table of emotions, random by the seed."""
        import torch

        module, tokenizer = network.load_base(base)
        torch.manual_seed(self.seed)
        messages, cut = tokens_of(tokenizer, pairs.texts, self.max_tokens)
        answers, cut_too = tokens_of(tokenizer, pairs.replies, self.max_tokens)
        if n := int(cut.sum() + cut_too.sum()):
            tell(f"{n:,} texts are longer than {self.max_tokens} tokens, and were cut")
        return Lesson(
            module=network.conditioned(module, len(pairs.labels)),
            tokenizer=tokenizer,
            pairs=pairs,
            messages=messages,
            answers=answers,
        )

    def _mark(self, source: Source, base: Path) -> str:
        """Returns a digest of all that decides the weights."""
        import torch

        said = {
            "options": {**vars(self), "base": ""},
            "base": bases.folder_digest(base),
            "data": [trained.sha256(file) for file in source.files],
            "torch": torch.__version__,
        }
        written_down = json.dumps(said, sort_keys=True, default=str).encode()
        return hashlib.blake2b(written_down, digest_size=16).hexdigest()

    def _fit(
        self, lesson: Lesson, splits: Splits, work: Path, mark: str, tell: Tell
    ) -> loop.Course:
        own = [*lesson.module.emotions.parameters(), *lesson.module.norm.parameters()]
        groups = [
            {"params": list(lesson.module.base.parameters()), "peak": self.rate},
            {"params": own, "peak": self.head_rate, "weight_decay": 0.0},
        ]
        pace = loop.Pace(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch,
            warmup=0.1,
            seed=self.seed,
        )

        def judge() -> float:
            rows = splits.chosen
            sums = lesson.losses(rows, lesson.pairs.emotions[rows]).sum(axis=0)
            return -float(sums[0] / sums[1])

        return loop.fit(
            lesson.module,
            [{**group, "lr": group["peak"]} for group in groups],
            lesson.lengths,
            splits.learned,
            lesson.loss,
            judge,
            pace,
            work,
            mark,
            tell,
        )

    def _finished(
        self,
        lesson: Lesson,
        splits: Splits,
        course: loop.Course,
        work: Path,
        source: Source,
        licences: Mapping[str, str],
        base: Path,
    ) -> Trained:
        """Returns the folder of the network, with its card."""
        held, pairs = splits.held_out, lesson.pairs
        writer = Writer(
            module=lesson.module.eval(), tokenizer=lesson.tokenizer, labels=pairs.labels
        )
        messages = [lesson.messages[row] for row in held]
        replies = written(writer, messages, pairs.emotions[held], self.max_tokens)
        figures = figures_of(lesson, held, replies, _units(source, splits))
        kept_back = forbidding(licences)
        passed_on = stricter(licences["data"], licences["base"])
        stopped = (
            ", and stopped where the loss was no number" if course.diverged else ""
        )
        folder = work / _MODEL
        _save(lesson, folder, passed_on)
        held_out = f"{len(held):,} of {len(pairs.usable):,} rows, by `{splits.key}`"
        left_out = ", ".join(f"{n:,} {why}" for why, n in pairs.left_out.items())
        card = f"""---
license: {passed_on}
base_model: {base.name}
---
# {base.name}, fitted to reply to messages and their emotions

Read by `Conditioned`, made by `affectflow train conditioned`. Its encoder is told one of
{", ".join(pairs.labels)}, or none.

| | |
| --- | --- |
| data | {", ".join(f"{file.name} (SHA-256 {trained.sha256(file)})" for file in source.files)} |
| rows | {len(splits.learned):,} trained on, {len(splits.chosen):,} to choose the epoch by; left out: {left_out or "none"} |
| licence of the data | {licences["data"]} |
| licence of the base | {licences["base"]} |
| commercial use | {SAYS[allows_commerce(passed_on)]} |
| epochs | {len(course.figures)}, of which number {course.best + 1} was kept{stopped} |
| options | rate={self.rate}, head_rate={self.head_rate}, batch={self.batch}, max_tokens={self.max_tokens}, seed={self.seed} |
| weights | BLAKE2b {weights.digest(folder)} |

{passing_on(kept_back, "Who passes the weights on is bound by both licences.")}

## Figures

On {held_out}, that nothing was fitted to. 95 % intervals from bootstrap samples of `{splits.key}`.
The emotion is of use only if the nats per token are lower with it than with another message's.

{trained.as_markdown(figures)}

## What it must not be used for

Replies that nobody reads before they are sent, least of all to people in need. It writes what replies
in the data looked like: it knows nothing, promises nothing, and may be wrong or unkind.
"""  # noqa: E501
        return Trained(
            annotator=ANNOTATOR,
            weights=folder,
            card=card,
            held_out=held_out,
            figures=figures,
            options="--over ANNOTATOR",
        )


def _units(source: Source, splits: Splits) -> list[str]:
    """Returns the key of each row that was held out: what a bootstrap draws."""
    if splits.key == "text":
        return [str(row) for row in splits.held_out]
    keys = column(source, splits.key)
    return [str(keys[row] or f"row {row}") for row in splits.held_out]


def _save(lesson: Lesson, folder: Path, licence: str) -> None:
    """Writes configuration, tokenizer and weights."""
    folder.mkdir(exist_ok=True)
    lesson.module.base.config.save_pretrained(folder)
    lesson.tokenizer.save_pretrained(folder)
    metadata = {
        "annotator": ANNOTATOR,
        "licence": licence,
        "labels": json.dumps(list(lesson.pairs.labels)),
    }
    file = weights.written(network.own_arrays(lesson.module), metadata)
    (folder / FILE).write_bytes(file)
